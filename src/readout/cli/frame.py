"""Define the root command, the groups of commands, exit codes and how problems are printed.

Exit codes: 0 clean, 1 problems, 2 wrong usage or a folder that is no corpus.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from readout._version import __version__
from readout.cli.options import wants_all_problems
from readout.problem import Problem, RefusedError, format_count, is_failure
from readout.report.printing import (
    print_block,
    print_commands,
    print_json,
    print_line,
    safe_block,
)
from readout.report.problems import (
    Style,
    format_fenced,
    format_github,
    format_json,
    format_sarif,
    format_text,
    iter_abridged,
    plain,
)

if TYPE_CHECKING:
    from readout.model import Corpus

GROUPS: Mapping[str, tuple[str, ...]] = {
    "look": ("check", "show", "search", "stats", "preview", "diff", "agree"),
    "annotate": (
        "annotate",
        "format",
        "add",
        "accept",
        "decide",
        "differences",
        "remove",
        "rename",
        "reanchor",
        "merge",
    ),
    "publish": ("build", "release", "push", "new"),
    "exchange": ("import", "export"),
    "benchmark": (
        "bench items",
        "bench score",
        "bench compare",
        "bench power",
        "bench baseline",
        "bench board",
        "bench import",
    ),
}
"""The commands in the order of ``readout --help``, which shows only these."""

COLOURS: dict[str, dict[str, Any]] = {
    "place": {"bold": True},
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "caret": {"fg": "red"},
    "hint": {"fg": "cyan"},
    "chosen": {"fg": "green", "bold": True},
    "linked": {"underline": True},
}


# ---------------------------------------------------------------- the groups


class OrderedGroup(click.Group):
    """A group that lists its commands in the order of the code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which the commands were added."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an option of a command that precedes its name is explained."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if not _has_option(self, ctx, error.option_name):
                raise
            message = (
                f"The option {error.option_name} belongs to a command. Put it after the name of "
                f"the command: {ctx.command_path} COMMAND {error.option_name} …"
            )
            raise click.UsageError(message, ctx) from error


def _has_option(group: click.Group, ctx: click.Context, option: str) -> bool:
    """Return whether a command of a group, or of a group in it, has an option."""
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if isinstance(command, click.Group):
            if _has_option(command, ctx, option):
                return True
        elif command and any(option in param.opts for param in command.params):
            return True
    return False


class _Commands(OrderedGroup):
    """The root command: it lists commands by group, and turns refusals into wrong usage."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each group with the names of its commands and one line of help for each."""
        width = max(len(name) for names in GROUPS.values() for name in names)
        for title, names in GROUPS.items():
            summaries = [find_command(name).get_short_help_str(100) for name in names]
            padded = [name.ljust(width) for name in names]
            with formatter.section(title.capitalize()):
                formatter.write_dl(list(zip(padded, summaries, strict=True)))

    def main(self, *arguments: Any, **named: Any) -> Any:
        """Run the command line with standard streams that take any text."""
        _take_any_text()
        return super().main(*arguments, **named)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a refusal or a file error exits with 2 and without a traceback."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            error.message = safe_block(error.message)  # type: ignore[misc]
            raise
        except BrokenPipeError:
            raise  # click exits quietly if the reader of a pipe is gone
        except (RefusedError, OSError) as error:
            raise click.UsageError(safe_block(str(error))) from error
        except ModuleNotFoundError as error:
            if hint := _extra_hint(error.name or ""):
                raise click.UsageError(hint) from error
            raise


def _take_any_text() -> None:
    """Let the standard streams write any text.

    On Windows a pipe has the encoding of the code page, which lacks most scripts.
    """
    encoding = "utf-8" if sys.platform == "win32" else None
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _extra_hint(module: str) -> str:
    """Return how to install the extra that has a missing module, or an empty string."""
    from importlib.metadata import requires

    name = re.escape(module.replace("_", "-"))
    for requirement in requires("readout-corpus") or ():
        found = re.fullmatch(rf"(?:\w+-)?{name}\b.*extra == ['\"](\w+)['\"].*", requirement)
        if found and found[1] not in ("dev", "test"):  # these contain all the others
            return f'This command needs {module}: pip install "readout-corpus[{found[1]}]"'
    return ""


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Every command takes --corpus DIR and --help. "
        "Exit codes: 0 clean, 1 problems, 2 wrong usage."
    ),
)
@click.version_option(__version__, prog_name="readout")
def main() -> None:
    """Check, annotate, publish and benchmark a corpus of quotations and stances."""


def find_command(name: str) -> click.Command:
    """Return a command by its full name, such as ``bench score``.

    Raises:
        LookupError: there is no such command.

    """
    found: click.Command = main
    for part in name.split():
        context = click.Context(found)
        command = found.get_command(context, part) if isinstance(found, click.Group) else None
        if command is None:
            raise LookupError(name)
        found = command
    return found


# ---------------------------------------------------------------- problems


def style(text: str, role: str) -> str:
    """Return text in the colour of its role."""
    return click.style(text, **COLOURS.get(role, {}))


def print_problems(problems: Iterable[Problem], output: str = "text") -> None:
    """Print problems in one of the formats of ``check``.

    In text for people, what is alike is one line, unless the command has ``--all-problems``.
    """
    problems = sorted(problems, key=lambda problem: problem.order)
    if output == "json":
        print_json(format_json(problems))
    elif output == "markdown":
        print_block(format_fenced(_iter_text(problems, plain)))
    elif output == "sarif":
        from readout.checks import CHECKS

        print_json(format_sarif(problems, CHECKS.values(), __version__))
    elif output == "github":
        print_commands(map(format_github, problems))
    else:
        for block in _iter_text(problems, style):
            print_block(block, coloured=True)


def _iter_text(problems: Iterable[Problem], style: Style) -> Iterable[str]:
    """Return the text of all problems, or an abridged one if there are many."""
    if wants_all_problems():
        return (format_text(problem, style) for problem in problems)
    return iter_abridged(problems, style)


def summarise(problems: Iterable[Problem], done: str) -> None:
    """Print the number of problems or, if there are none, the sentence ``done``."""
    severities = [problem.severity for problem in problems]
    if not severities:
        print_line(done, error=True, fg="green")
        return

    counts = {name: severities.count(name) for name in ("error", "warning") if name in severities}
    parts = [format_count(count, name) for name, count in counts.items()]
    colour = "red" if "error" in severities else "yellow"
    print_line(", ".join(parts) + ".", error=True, fg=colour)


DONE = "No problems in what changed."


def report_decision(problems: Iterable[Problem], doc_ids: Collection[str], done: str) -> bool:
    """Print the problems of some documents after a decision; return whether one is an error.

    Places that are still to decide are only counted, since the decision has settled its own.
    ``done`` is the sentence for documents without problems in which nothing is to decide.
    """
    from readout.checks.adjudication import undecided

    wrong: list[Problem] = []
    places = 0
    for problem in problems:
        if problem.code == undecided.code:
            places += 1
        else:
            wrong.append(problem)

    print_problems(wrong)
    if places:
        summarise(wrong, DONE)
        command = "readout differences"
        if len(doc_ids) == 1:
            command = " ".join([command, "--document", *doc_ids])
        said = f"still to decide: {format_count(places, 'place')}; list them with `{command}`."
        print_line(said, error=True)
    else:
        summarise(wrong, done)
    return is_failure(wrong)


def read_valid_corpus(root: Path) -> Corpus:
    """Return the corpus in a folder; if it has errors, print them and exit with 1."""
    from readout.checks import CHECKS, check_corpus
    from readout.corpus.read import read_corpus

    corpus, found = read_corpus(root)
    problems = [*found, *check_corpus(corpus)]
    # A breach of the guidelines is a matter of the corpus: its records can still be exchanged.
    errors = [
        problem
        for problem in problems
        if problem.severity == "error" and CHECKS[problem.code].rung != "guideline"
    ]
    if errors:
        print_problems(errors)
        summarise(errors, "")
        sys.exit(1)
    return corpus
