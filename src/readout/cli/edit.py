"""Commands that take annotations into gold, and remove or rename what a corpus contains."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from readout.cli.frame import OrderedGroup, main, print_problems, summarise
from readout.cli.names import DOCUMENT
from readout.cli.options import all_problems_option, takes_corpus
from readout.report.printing import print_lines

if TYPE_CHECKING:
    from readout.workbench.uses import Edit

ENTRY_KINDS = ("speaker", "topic", "target", "annotator")


def _run(root: Path, make: Callable[[], Edit]) -> None:
    """Write what an edit changes, say what it did, check what it touched, and exit."""
    from readout.checks.folder import check_documents
    from readout.corpus.files import locked_corpus, remove_empty_folders
    from readout.problem import is_failure

    with locked_corpus(root) as write:
        edit = make()
        write(edit.changes)
        remove_empty_folders(root, edit.changes)
        problems = check_documents(root, edit.documents)
    print_lines(edit.said)
    print_problems(problems)
    summarise(problems, "No problems in what changed.")
    sys.exit(int(is_failure(problems)))


# ---------------------------------------------------------------- remove


@main.group(cls=OrderedGroup)
def remove() -> None:
    """Remove annotations, registry entries or documents."""


def _add_entry_removal(kind: Any) -> None:
    @remove.command(kind)
    @takes_corpus()
    @click.argument("names", metavar="ID...", nargs=-1, required=True)
    @all_problems_option
    def command(root: Path, names: tuple[str, ...]) -> None:
        from readout.workbench.remove import remove_entries

        _run(root, lambda: remove_entries(root, kind, names))

    command.help = (
        f"Remove entries from annotations/{kind}s.jsonl.\n\n"
        "An entry that the corpus uses is not removed; the command lists where it is used."
    )


for _kind in ENTRY_KINDS:
    _add_entry_removal(_kind)


@remove.command("document")
@takes_corpus()
@click.argument("names", metavar="ID...", nargs=-1, required=True, type=DOCUMENT)
@all_problems_option
def remove_document(root: Path, names: tuple[str, ...]) -> None:
    """Remove documents with their texts, layers and decisions.

    The suggestions, the reviews and the annotations that wait for a place go too.
    """
    from readout.workbench.remove import remove_documents

    _run(root, lambda: remove_documents(root, names))


# ---------------------------------------------------------------- rename


@main.group(cls=OrderedGroup)
def rename() -> None:
    """Rename annotations, registry entries or documents."""


def _add_entry_renaming(kind: Any) -> None:
    @rename.command(kind)
    @takes_corpus()
    @click.argument("old")
    @click.argument("new")
    @all_problems_option
    def command(root: Path, old: str, new: str) -> None:
        from readout.workbench.rename import rename_entry

        _run(root, lambda: rename_entry(root, kind, old, new))

    command.help = (
        f"Give an entry of annotations/{kind}s.jsonl another id.\n\n"
        "Everything that names the entry names it by its new id afterwards."
    )


for _kind in ENTRY_KINDS:
    _add_entry_renaming(_kind)


@rename.command("document")
@takes_corpus()
@click.argument("old", type=DOCUMENT)
@click.argument("new")
@all_problems_option
def rename_document_(root: Path, old: str, new: str) -> None:
    """Give a document another id, and its files another name."""
    from readout.workbench.rename import rename_document

    _run(root, lambda: rename_document(root, old, new))
