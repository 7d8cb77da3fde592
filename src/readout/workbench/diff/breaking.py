"""What breaks for users of the data: ids that are gone, labels renamed, rows that changed split. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from readout.corpus.read import REGISTRY_FILES
from readout.workbench.diff.report import DocumentChanges, EntryChange
from readout.workbench.diff.states import State


def find_breaking(
    old: State, new: State, documents: Sequence[DocumentChanges], entries: Iterable[EntryChange]
) -> Iterator[str]:
    """Yield one sentence for each change that users of the data must follow."""
    sizes = {document.meta.doc_id: len(document.gold.records) for document in old.corpus.documents}
    for document in documents:
        yield from _break_document(document, sizes.get(document.doc_id, 0))
    for entry in entries:
        yield from _break_entry(entry)
    for place, values in old.vocabularies.items():
        gone = [value for value in values if value not in new.vocabularies.get(place, values)]
        come = [value for value in new.vocabularies.get(place, values) if value not in values]
        if gone:
            yield f"{place} no longer knows {_list(gone)}" + (
                f", but {_list(come)}." if come else "."
            )


def _break_document(changes: DocumentChanges, rows: int) -> Iterator[str]:
    """Yield what breaks in a document that had ``rows`` gold annotations."""
    if changes.kind == "removed":
        yield f"The document {changes.doc_id!r} is gone, with the ids of its {rows} gold annotations."
        return
    for field in changes.metadata:
        if field.name == "split":
            yield (
                f"The document {changes.doc_id!r}, with {rows} gold annotations, "
                f"moved from split {field.old!r} to {field.new!r}."
            )
    gone = [
        change.gone_id
        for layer in changes.layers
        if layer.annotator is None
        for change in layer.changes
    ]
    if names := [f"{changes.doc_id}#{name}" for name in gone if name]:
        yield f"{len(names)} gold id{'s are' if len(names) > 1 else ' is'} gone: {_list(names)}."


def _break_entry(entry: EntryChange) -> Iterator[str]:
    registry = entry.path.removeprefix("annotations/").removesuffix(".jsonl")
    if registry not in REGISTRY_FILES:
        return
    noun, _ = REGISTRY_FILES[registry]
    if entry.kind == "renamed":
        yield f"The {noun} id {entry.id!r} is now {entry.new_id!r}."
    elif entry.kind == "removed":
        yield f"The {noun} id {entry.id!r} is gone."


def _list(names: Sequence[str], most: int = 20) -> str:
    shown = ", ".join(map(repr, names[:most]))
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
