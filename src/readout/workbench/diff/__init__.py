"""What changed between two states of a corpus, as data.

Annotations are paired by id, then by meaning and place. Where the raw text itself changed, the old offsets are carried
over to the new text first, so that a letter added on top does not count as a change of everything below it.
"""

from __future__ import annotations

from collections.abc import Iterator

from readout.model import AnnotatedDocument, Corpus, Layer
from readout.text.alignment import Alignment
from readout.workbench.diff.breaking import find_breaking
from readout.workbench.diff.entries import compare_files, compare_records
from readout.workbench.diff.layers import compare_layers
from readout.workbench.diff.report import Changes, DocumentChanges
from readout.workbench.diff.states import State

__all__ = ["compare_document", "compare_states"]


def compare_states(old: State, new: State) -> Changes:
    """Return everything that changed between two states of a corpus."""
    documents = tuple(_compare_documents(old.corpus, new.corpus))
    entries = tuple(compare_files(old.corpus, new.corpus))
    breaking = tuple(find_breaking(old, new, documents, entries))
    return Changes(
        old=old.name,
        new=new.name,
        documents=documents,
        entries=entries,
        breaking=breaking,
        unread=(old.unread, new.unread),
    )


def _compare_documents(old: Corpus, new: Corpus) -> Iterator[DocumentChanges]:
    before, after = ({each.meta.doc_id: each for each in corpus.documents} for corpus in (old, new))
    for doc_id in sorted({*before, *after}):
        changes = compare_document(doc_id, before.get(doc_id), after.get(doc_id))
        if changes:
            yield changes


def compare_document(
    doc_id: str, old: AnnotatedDocument | None, new: AnnotatedDocument | None
) -> DocumentChanges | None:
    """Return what changed in a document, or None; the old or the new side may be missing."""
    text_changed = old is not None and new is not None and old.text != new.text
    alignment = Alignment(old.text, new.text) if old and new and text_changed else None
    before, after = _layers(old), _layers(new)
    names = sorted({*before, *after}, key=lambda name: (name is not None, name or ""))
    layers = [
        compare_layers(before.get(name), after.get(name), alignment, name)
        for name in names
        if text_changed or _raw(before.get(name)) != _raw(after.get(name))
    ]
    layers = [layer for layer in layers if layer.changes or layer.carried or layer.misplaced]
    metadata = compare_records(old.meta, new.meta) if old and new else ()
    if old and new and not (layers or metadata or text_changed):
        return None
    return DocumentChanges(
        doc_id=doc_id,
        kind="changed" if old and new else "added" if new else "removed",
        text_changed=text_changed,
        metadata=metadata,
        layers=tuple(layers),
    )


def _layers(document: AnnotatedDocument | None) -> dict[str | None, Layer]:
    return (
        {layer.annotator: layer for layer in (document.gold, *document.layers)} if document else {}
    )


def _raw(layer: Layer | None) -> bytes:
    return layer.raw if layer else b""
