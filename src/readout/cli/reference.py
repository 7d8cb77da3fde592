"""Format ``docs/commands.md`` from the help of the commands."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from readout.cli.exchange import FormatCommand
from readout.cli.frame import GROUPS, find_command

HEAD = """# Commands

Generated from the help of the commands by `make docs`; do not edit.

Every command takes `--corpus DIR` after its name; by default the corpus is the one that the current
folder is in. If it is in none, `show`, `search`, `stats`, `preview` and `export` take the corpus
that is installed with the package. A command with `[CORPUS]` in its usage takes the folder as an
argument too. A folder that is named must be the corpus folder itself. `--help` prints the same text
as this page. Exit codes: 0 clean, 1 problems, 2 wrong usage or a folder that is no corpus.

## Shell completion

The shell can complete commands and options, and the names of formats, tasks, baselines, tables,
documents, annotators, speakers, targets and layers. Add one line to the start-up file of your
shell:

| shell | file | line |
| --- | --- | --- |
| bash (4.4 or newer) | `~/.bashrc` | `eval "$(_READOUT_COMPLETE=bash_source readout)"` |
| zsh | `~/.zshrc` | `eval "$(_READOUT_COMPLETE=zsh_source readout)"` |
{fish}
"""
_FISH = (
    "| fish | `~/.config/fish/completions/readout.fish` "
    "| `_READOUT_COMPLETE=fish_source readout \\| source` |"
)


def format_commands() -> str:
    """Return the page, with one section per group and one subsection per command."""
    blocks = [HEAD.format(fish=_FISH)]
    for title, names in GROUPS.items():
        blocks.append(f"## {title.capitalize()}\n")
        for name in names:
            blocks += _iter_sections(name, find_command(name))
    return "\n".join(blocks)


def _iter_sections(name: str, command: click.Command) -> Iterator[str]:
    """Yield the section of a command, or those of the commands of a group."""
    if not isinstance(command, click.Group):
        yield _format_section(name, command)
        return
    for part in command.list_commands(click.Context(command)):
        full = f"{name} {part}"
        yield from _iter_sections(full, find_command(full))


def _format_section(name: str, command: click.Command) -> str:
    arguments = [
        _name_argument(each) for each in command.params if isinstance(each, click.Argument)
    ]
    usage = " ".join(["readout", name, "[OPTIONS]", *arguments])
    blocks = [
        f"### `readout {name}`",
        f"```text\n{usage}\n```",
        inspect.cleandoc(command.help or ""),
    ]
    if isinstance(command, FormatCommand):
        formats = ", ".join(f"`{each}`" for each in command.list_formats())
        blocks.append(f"Formats: {formats}.")

    rows = list(_iter_rows(command))
    if rows:
        blocks.append("\n".join(["| option | meaning |", "| --- | --- |", *rows]))
    return "\n\n".join(blocks) + "\n"


def _iter_rows(command: click.Command) -> Iterator[str]:
    """Yield the row of each option except ``--corpus``, which every command has."""
    for option in command.params:
        if isinstance(option, click.Option) and "--corpus" not in option.opts:
            name, meaning = _escape(_name_option(option)), _escape(_describe_option(option))
            yield f"| `{name}` | {meaning} |"


def _name_argument(argument: click.Argument) -> str:
    """Return an argument for the usage, with the same result in every version of click."""
    shown = argument.metavar or (argument.name or "").upper()
    return shown if argument.nargs == 1 or shown.endswith("...") else f"{shown}..."


def _name_option(option: click.Option) -> str:
    """Return an option with its choices, or with the name of its value."""
    name = ", ".join(option.opts)
    if option.is_flag:
        return name
    choices = option.type.choices if isinstance(option.type, click.Choice) else ()
    return f"{name} {'|'.join(choices) or option.metavar or option.type.name.upper()}"


def _describe_option(option: click.Option) -> str:
    """Return the help of an option, its default, and whether it is required."""
    parts = [option.help or ""]
    if option.show_default:
        parts.append(f"Default: `{option.default}`.")
    if option.required:
        parts.append("Required.")
    return " ".join(parts)


def _escape(text: str) -> str:
    return text.replace("|", "\\|")
