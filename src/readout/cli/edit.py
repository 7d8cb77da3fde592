"""Commands that take annotations into gold, and remove or rename what a corpus contains."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from readout.cli.frame import DONE, OrderedGroup, main, print_problems, report_decision, summarise
from readout.cli.names import ANNOTATOR, DOCUMENT
from readout.cli.options import all_problems_option, takes_corpus
from readout.model import ANNOTATION_CLASSES
from readout.report.printing import print_lines

if TYPE_CHECKING:
    from readout.corpus.schema import Kind
    from readout.workbench.decide import Grounds
    from readout.workbench.uses import Edit

TYPES = tuple(ANNOTATION_CLASSES)
ENTRY_KINDS: tuple[Kind, ...] = ("speaker", "topic", "target", "annotator")


def _run(root: Path, make: Callable[[], Edit], grounds: Grounds | None = None) -> None:
    """Write what an edit changes, say what it did, check what it touched, and exit.

    With ``grounds``, the edit has decided all differences that it made.
    """
    from readout.checks.folder import check_documents
    from readout.corpus.files import locked_corpus, remove_empty_folders
    from readout.problem import is_failure
    from readout.scale.workers import collector_paused

    with collector_paused(), locked_corpus(root) as write:
        edit = make()
        write(edit.changes)
        remove_empty_folders(root, edit.changes)
        problems = check_documents(root, edit.documents)
    print_lines(edit.said)
    if grounds:
        failed = report_decision(problems, edit.documents or (), DONE)
    else:
        print_problems(problems)
        summarise(problems, DONE)
        failed = is_failure(problems)
    sys.exit(int(failed))


def grounds_options(command: Any) -> Any:
    """Add the options that say why gold differs from adjudicated layers: all three, or none."""
    helps = {
        "by": "The annotator who decides.",
        "reason": "Why gold differs from the adjudicated layers, in one sentence.",
        "section": "The section of the guidelines that the decision follows.",
    }
    for name, text in helps.items():
        command = click.option(f"--{name}", help=text)(command)
    return command


def _to_grounds(section: str | None, reason: str | None, by: str | None) -> Grounds | None:
    """Return the grounds of a decision; None if there are none, and an error if one is missing."""
    from readout.workbench.decide import Grounds

    if section is None and reason is None and by is None:
        return None
    if section is None or reason is None or by is None:
        raise click.UsageError("Give all of --section, --reason and --by, or none of them.")
    return Grounds(section, reason, by)


# ---------------------------------------------------------------- accept


@main.command()
@takes_corpus()
@click.argument("refs", metavar="REF...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Accept everything that can be accepted.")
@click.option("--layer", type=ANNOTATOR, help="With --all: accept the layer of this annotator.")
@click.option("--suggestions", is_flag=True, help="With --all: accept the suggestions.")
@click.option(
    "--type",
    "types",
    multiple=True,
    type=click.Choice(TYPES),
    help="With --all: accept annotations of this type only. Repeatable.",
)
@click.option("--document", "doc_id", type=DOCUMENT, help="Only look at this document.")
@click.option("--replace", metavar="GOLD_ID", help="Put it in the place of this gold annotation.")
@click.option("--beside", is_flag=True, help="Accept it although gold has much the same there.")
@click.option("--speaker", metavar="ID", help="Give this speaker to suggestions that lack one.")
@grounds_options
@all_problems_option
def accept(
    root: Path,
    refs: tuple[str, ...],
    everything: bool,
    layer: str | None,
    suggestions: bool,
    types: tuple[Any, ...],
    doc_id: str | None,
    replace: str | None,
    beside: bool,
    speaker: str | None,
    **grounds: str | None,
) -> None:
    """Take suggestions, or annotations of a layer, into gold.

    A REF is the id of a suggestion, or ANNOTATOR#ID. What it refers to comes along: references lead
    to the same annotations in gold, or these are accepted too. With --all, what contradicts gold is
    left out and listed; if it was named, nothing is accepted.
    """
    from readout.workbench.accept import Selection
    from readout.workbench.accept import accept as make
    from readout.workbench.intake import Manner

    if everything == bool(refs):
        raise click.UsageError("Name what to accept, or give --all.")
    if everything and (layer is None) == (not suggestions):
        raise click.UsageError("With --all, give either --layer ANNOTATOR or --suggestions.")
    if refs and (layer or suggestions or types):
        raise click.UsageError("--layer, --suggestions and --type belong to --all.")
    selection = Selection(refs, "suggestions" if suggestions else layer, types, doc_id)
    manner = Manner(replace, speaker, beside)
    chosen = _to_grounds(**grounds)
    _run(root, lambda: make(root, selection, manner, chosen), chosen)


# ---------------------------------------------------------------- remove


@main.group(cls=OrderedGroup)
def remove() -> None:
    """Remove annotations, decisions, registry entries or documents."""


def _add_entry_removal(kind: Kind) -> None:
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


@remove.command("annotation")
@takes_corpus()
@click.argument("refs", metavar="REF...", nargs=-1, required=True)
@click.option("--document", "doc_id", type=DOCUMENT, help="Only look at this document.")
@grounds_options
@all_problems_option
def remove_annotation(
    root: Path, refs: tuple[str, ...], doc_id: str | None, **grounds: str | None
) -> None:
    """Remove annotations of gold or of a layer, or reject suggestions.

    A REF is the id of a gold annotation, ANNOTATOR#ID, or suggestions#ID. Other annotations and
    decisions name it no longer; a decision about nothing else goes too. A rejected suggestion stays
    in its file, so that it is not made again.
    """
    from readout.workbench.remove import remove_annotations

    chosen = _to_grounds(**grounds)
    _run(root, lambda: remove_annotations(root, refs, doc_id, chosen), chosen)


@remove.command("decision")
@takes_corpus()
@click.argument("names", metavar="ID...", nargs=-1, required=True)
@click.option("--document", "doc_id", type=DOCUMENT, help="Only look at this document.")
@click.option(
    "--about", metavar="REF", multiple=True, help="Remove only this reference from it; repeatable."
)
@all_problems_option
def remove_decision(
    root: Path, names: tuple[str, ...], doc_id: str | None, about: tuple[str, ...]
) -> None:
    """Remove decisions, or some of what they are about.

    A decision that is about nothing else goes with its last reference. If gold and the adjudicated
    layers still differ there, `readout check` asks for a new decision.
    """
    from readout.workbench.remove import remove_decisions

    _run(root, lambda: remove_decisions(root, names, doc_id, about))


# ---------------------------------------------------------------- rename


@main.group(cls=OrderedGroup)
def rename() -> None:
    """Rename annotations, registry entries or documents."""


def _add_entry_renaming(kind: Kind) -> None:
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


@rename.command("annotation")
@takes_corpus()
@click.argument("ref")
@click.argument("new")
@click.option("--document", "doc_id", type=DOCUMENT, help="Only look at this document.")
@all_problems_option
def rename_annotation_(root: Path, ref: str, new: str, doc_id: str | None) -> None:
    """Give an annotation of gold or of a layer another id.

    REF is the id of a gold annotation, or ANNOTATOR#ID.
    """
    from readout.workbench.rename import rename_annotation

    _run(root, lambda: rename_annotation(root, ref, new, doc_id))
