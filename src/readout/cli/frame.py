"""What all commands share: the group, exit codes, arguments and the printing of problems.

Exit codes: 0 clean, 1 problems, 2 wrong usage or a folder that is no corpus.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from readout import __version__
from readout.problem import (
    Problem,
    RefusedError,
    format_github,
    format_json,
    format_sarif,
    format_text,
)

COLOURS: dict[str, dict[str, Any]] = {
    "place": {"bold": True},
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "caret": {"fg": "red"},
    "hint": {"fg": "cyan"},
}


class _Commands(click.Group):
    """Commands in the order they are written, and what cannot be done as a message with exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click ends quietly when the reader of a pipe has gone
        except (RefusedError, OSError) as error:
            raise click.UsageError(str(error)) from error
        except ModuleNotFoundError as error:
            if hint := _extra_hint(error.name or ""):
                raise click.UsageError(hint) from error
            raise


def _extra_hint(module: str) -> str:
    """Return how to install a library that one of the package's extras brings; nothing for any other."""
    from importlib.metadata import requires

    for requirement in requires("readout-corpus") or ():
        found = re.fullmatch(rf"(?:\w+-)?{re.escape(module)}\b.*extra == ['\"](\w+)['\"].*", requirement)
        if found and found[1] not in ("dev", "test"):  # which hold all the others
            return f'This command needs {module}: pip install "readout-corpus[{found[1]}]"'
    return ""


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="readout")
def main() -> None:
    """Check, format, build and load an annotated corpus."""


corpus_argument = click.argument(
    "corpus", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path()
)

existing_file = click.Path(path_type=Path, exists=True, dir_okay=False)


jobs_option = click.option("--jobs", type=click.IntRange(1), help="Worker processes; by default one a core.")
verify_option = click.option("--verify", is_flag=True, help="Trust no time of a file: hash everything.")


def style(text: str, role: str) -> str:
    """Return text in the colour of its role."""
    return click.style(text, **COLOURS.get(role, {}))


def print_problems(problems: Iterable[Problem], output: str = "text") -> None:
    """Print problems in one of the formats of ``check``."""
    from readout.checks import CHECKS

    problems = sorted(problems, key=lambda problem: problem.order)
    if output == "json":
        click.echo(format_json(problems))
    elif output == "sarif":
        click.echo(format_sarif(problems, CHECKS.values(), __version__))
    else:
        for problem in problems:
            click.echo(format_github(problem) if output == "github" else format_text(problem, style))


def summarise(problems: Iterable[Problem], done: str) -> None:
    """Print how many problems there are, or what was done where there are none."""
    severities = [problem.severity for problem in problems]
    if not severities:
        click.secho(done, fg="green", err=True)
        return
    parts = [
        f"{severities.count(name)} {name}{'' if severities.count(name) == 1 else 's'}"
        for name in ("error", "warning")
        if name in severities
    ]
    click.secho(", ".join(parts) + ".", fg="red" if "error" in severities else "yellow", err=True)


corpus_option = click.option(
    "--corpus", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path(), help="The corpus folder."
)
