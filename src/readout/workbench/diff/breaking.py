"""List the changes that break code of users: removed ids, renamed labels, moved splits. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from readout.corpus.read import REGISTRY_FILES
from readout.problem import list_first
from readout.workbench.diff.report import DocumentChanges, EntryChange
from readout.workbench.diff.states import State


def iter_breaking(
    old: State, new: State, documents: Sequence[DocumentChanges], entries: Iterable[EntryChange]
) -> Iterator[str]:
    """Yield one sentence for each change that users of the data must follow."""
    sizes = {document.meta.doc_id: len(document.gold.records) for document in old.corpus.documents}
    for document in documents:
        yield from _break_document(document, sizes.get(document.doc_id, 0))
    for entry in entries:
        yield from _break_entry(entry)
    for place, values in old.vocabularies.items():
        yield from _break_vocabulary(place, values, new.vocabularies.get(place, values))


def _break_document(changes: DocumentChanges, rows: int) -> Iterator[str]:
    """Yield the breaking changes of a document that had ``rows`` gold annotations."""
    doc_id = changes.doc_id
    if changes.kind == "removed":
        yield f"The document {doc_id!r} is gone, with the ids of its {rows} gold annotations."
        return

    for field in changes.metadata:
        if field.name == "split":
            yield (
                f"The document {doc_id!r}, with {rows} gold annotations, "
                f"moved from split {field.old!r} to {field.new!r}."
            )

    gone = []
    for layer in changes.layers:
        if layer.annotator is None:
            gone += [f"{doc_id}#{change.gone_id}" for change in layer.changes if change.gone_id]
    if gone:
        verb = "id is" if len(gone) == 1 else "ids are"
        yield f"{len(gone)} gold {verb} gone: {_list(gone)}."


def _break_entry(entry: EntryChange) -> Iterator[str]:
    registry = entry.path.removeprefix("annotations/").removesuffix(".jsonl")
    if registry not in REGISTRY_FILES:
        return
    noun, _ = REGISTRY_FILES[registry]
    if entry.kind == "renamed":
        yield f"The {noun} id {entry.id!r} is now {entry.new_id!r}."
    elif entry.kind == "removed":
        yield f"The {noun} id {entry.id!r} is gone."


def _break_vocabulary(place: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Yield whether a closed list, named ``<kind>.<field>``, lost values."""
    gone = [value for value in old if value not in new]
    added = [value for value in new if value not in old]
    if gone and added:
        yield f"{place} no longer allows {_list(gone)}; it now allows {_list(added)}."
    elif gone:
        yield f"{place} no longer allows {_list(gone)}."


def _list(names: Iterable[str]) -> str:
    return list_first([repr(name) for name in names], 20)
