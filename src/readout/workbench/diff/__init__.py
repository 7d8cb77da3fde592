"""Compare two states of a corpus, and return the changes as data.

Annotations are paired by id, then by label and place. If a raw text changed, the old offsets are
moved to the new text first: a letter added at the top must not count as a change of everything
below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from readout.model import AnnotatedDocument, Corpus, Layer
from readout.text.alignment import Alignment
from readout.workbench.diff.breaking import iter_breaking
from readout.workbench.diff.entries import compare_files, compare_records
from readout.workbench.diff.layers import compare_layers
from readout.workbench.diff.report import Changes, DocumentChanges, LayerChanges
from readout.workbench.diff.states import State

__all__ = ["compare_document", "compare_states"]


def compare_states(old: State, new: State) -> Changes:
    """Return all changes between two states of a corpus."""
    documents = tuple(_compare_documents(old.corpus, new.corpus))
    entries = tuple(compare_files(old.corpus, new.corpus))
    breaking = tuple(iter_breaking(old, new, documents, entries))
    return Changes(
        old=old.name,
        new=new.name,
        documents=documents,
        entries=entries,
        breaking=breaking,
        unread=(old.unread, new.unread),
    )


def _compare_documents(old: Corpus, new: Corpus) -> Iterator[DocumentChanges]:
    before = {each.meta.doc_id: each for each in old.documents}
    after = {each.meta.doc_id: each for each in new.documents}
    for doc_id in sorted({*before, *after}):
        changes = compare_document(doc_id, before.get(doc_id), after.get(doc_id))
        if changes:
            yield changes


def compare_document(
    doc_id: str, old: AnnotatedDocument | None, new: AnnotatedDocument | None
) -> DocumentChanges | None:
    """Return the changes of a document, or None; the old or the new side may be missing."""
    layers = tuple(_compare_all_layers(old, new))
    if old is None or new is None:
        kind: Literal["added", "removed"] = "removed" if new is None else "added"
        return DocumentChanges(doc_id=doc_id, kind=kind, layers=layers)

    text_changed = old.text != new.text
    metadata = compare_records(old.meta, new.meta)
    if not (layers or metadata or text_changed):
        return None
    return DocumentChanges(
        doc_id=doc_id,
        kind="changed",
        text_changed=text_changed,
        metadata=metadata,
        layers=layers,
    )


def _compare_all_layers(
    old: AnnotatedDocument | None, new: AnnotatedDocument | None
) -> Iterator[LayerChanges]:
    """Yield the changes of each layer that has any, gold first."""
    text_changed = old is not None and new is not None and old.text != new.text
    alignment = Alignment(old.text, new.text) if old and new and text_changed else None
    before, after = _layers(old), _layers(new)
    for name in sorted({*before, *after}, key=lambda name: (name is not None, name or "")):
        ours, theirs = before.get(name), after.get(name)
        if not text_changed and _raw(ours) == _raw(theirs):
            continue
        changes = compare_layers(ours, theirs, alignment, name)
        if changes.changes or changes.carried or changes.misplaced:
            yield changes


def _layers(document: AnnotatedDocument | None) -> dict[str | None, Layer]:
    """Return the layers of a document by annotator; None is the annotator of gold."""
    if document is None:
        return {}
    return {layer.annotator: layer for layer in (document.gold, *document.layers)}


def _raw(layer: Layer | None) -> bytes:
    return layer.raw if layer else b""
