"""Define the options that several commands share, first of all the corpus folder."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeAlias

import click

# ---------------------------------------------------------------- the corpus folder

FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
NEW_FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
NEW_FILE = click.Path(path_type=Path, dir_okay=False)

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


def takes_folder(argument: bool = False, kind: click.Path = FOLDER) -> Decorator:
    """Return a decorator that adds ``--corpus`` and, with ``argument``, the folder as an argument.

    The command receives the folder as ``corpus``: None if it is not named.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def chosen(*, corpus: Path | None, folder: Path | None = None, **values: Any) -> Any:
            return command(corpus=_choose_folder(corpus, folder), **values)

        option = click.option(
            "--corpus",
            type=kind,
            metavar="DIR",
            help="The corpus folder; by default the one around the current folder.",
        )
        if argument:
            takes_argument = click.argument("folder", type=kind, metavar="[CORPUS]", required=False)
            chosen = takes_argument(chosen)
        return option(chosen)

    return decorate


def _choose_folder(option: Path | None, argument: Path | None) -> Path | None:
    if option and argument and option.resolve() != argument.resolve():
        both = f"{str(argument)!r} and --corpus {str(option)!r}"
        raise click.UsageError(f"The corpus is named twice: {both}. Name it once.")
    return option or argument


def takes_corpus(argument: bool = False, only_reads: bool = False) -> Decorator:
    """Return a decorator like ``takes_folder``, which passes the root of the corpus as ``root``.

    A command that ``only_reads`` takes the corpus that is installed with the package if the current
    folder is in none and no folder is named.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def rooted(*, corpus: Path | None, **values: Any) -> Any:
            from readout.corpus.files import recover_corpus
            from readout.corpus.read import UnreadableCorpusError, find_root

            try:
                root = find_root(corpus)
            except UnreadableCorpusError:
                if corpus or not only_reads:
                    raise
                return command(root=_take_installed(), **values)
            recover_corpus(root)
            return command(root=root, **values)

        return takes_folder(argument)(rooted)

    return decorate


_INSTALLED = "readout.installed"


def _take_installed() -> Path:
    """Return the folder of the installed corpus, and say that it is used."""
    from readout.corpus.installed import find_installed
    from readout.report.printing import print_line

    root = find_installed()
    click.get_current_context().meta[_INSTALLED] = True
    print_line("The current folder is in no corpus: this is the installed one.", error=True)
    return root


def writing_place(root: Path) -> Path:
    """Return the folder below which a command writes its pages: that of the corpus.

    For the installed corpus it is the current folder: nobody expects new files inside a package.
    """
    is_installed = click.get_current_context().meta.get(_INSTALLED, False)
    return Path() if is_installed else root


# ---------------------------------------------------------------- options

jobs_option = click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Worker processes; by default one per core."
)
verify_option = click.option("--verify", is_flag=True, help="Ignore timestamps; hash every file.")


def format_option(help_line: str, *more: str) -> Decorator:
    """Return the option of a command that prints text, JSON, Markdown or ``more`` formats."""
    choice = click.Choice(["text", "json", "markdown", *more])
    return click.option("--format", "output", type=choice, default="text", help=help_line)


report_option = format_option("How to print the tables; by default as text.", "latex")

_ALL_PROBLEMS = "readout.all-problems"


def _want_all_problems(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.meta[_ALL_PROBLEMS] = value


def wants_all_problems() -> bool:
    """Tell whether the command that is run was given ``--all-problems``."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_ALL_PROBLEMS))


all_problems_option = click.option(
    "--all-problems",
    is_flag=True,
    expose_value=False,
    callback=_want_all_problems,
    help="Print every problem, also those that are like others.",
)
