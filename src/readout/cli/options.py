"""Options that several commands take, and the one way to name a corpus."""

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
    """Give a command the option ``--corpus`` and, with ``argument``, the folder as an argument too.

    The command receives the folder as ``corpus``; by default it is the current folder.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def chosen(*, corpus: Path | None, folder: Path | None = None, **values: Any) -> Any:
            return command(corpus=_choose_folder(corpus, folder), **values)

        option = click.option(
            "--corpus",
            type=kind,
            metavar="DIR",
            help="The corpus folder; by default the current one.",
        )
        if not argument:
            return option(chosen)
        return option(
            click.argument("folder", type=kind, metavar="[CORPUS]", required=False)(chosen)
        )

    return decorate


def _choose_folder(option: Path | None, argument: Path | None) -> Path:
    if option and argument and option.resolve() != argument.resolve():
        both = f"{str(argument)!r} and --corpus {str(option)!r}"
        raise click.UsageError(f"The corpus is named twice: {both}. Name it once.")
    return option or argument or Path()


def takes_corpus(argument: bool = False) -> Decorator:
    """Do what ``takes_folder`` does, but pass the root of the corpus, as ``root``."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def rooted(*, corpus: Path, **values: Any) -> Any:
            from readout.corpus.read import find_root

            return command(root=find_root(corpus), **values)

        return takes_folder(argument)(rooted)

    return decorate


# ---------------------------------------------------------------- options

jobs_option = click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Worker processes; by default one per core."
)
verify_option = click.option("--verify", is_flag=True, help="Ignore timestamps; hash every file.")
report_option = click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "markdown", "latex"]),
    default="text",
    help="How to print the tables; by default as text.",
)
