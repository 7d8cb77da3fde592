"""Resolve references to annotations, as people type them and decisions store them.

``<id>`` is an annotation of gold, and ``<annotator_id>#<id>`` one in the layer of an annotator.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from readout.corpus.read import (
    BY,
    GOLD,
    demand_document,
    iter_annotators,
    read_bytes,
    read_document,
    read_index,
)
from readout.model import AnnotatedDocument, AnyAnnotation, Document, Layer, RecordFile
from readout.problem import RefusedError, find_close

_MARK = "#"


class Ref(NamedTuple):
    """A reference: an annotator, or None for gold, and the id of an annotation."""

    annotator: str | None
    id: str

    def __str__(self) -> str:
        return self.id if self.annotator is None else f"{self.annotator}{_MARK}{self.id}"


class Resolved(NamedTuple):
    """The annotation that a reference names, with its layer and its document."""

    document: AnnotatedDocument
    layer: Layer
    annotation: AnyAnnotation

    @property
    def ref(self) -> Ref:
        """The reference that names the annotation."""
        return Ref(self.layer.annotator, self.annotation.id)


def parse_ref(text: str) -> Ref:
    """Return the parts of a reference; any text without a mark is the id of a gold annotation."""
    annotator, mark, name = text.partition(_MARK)
    return Ref(annotator, name) if mark else Ref(None, text)


def resolve_refs(documents: Sequence[AnnotatedDocument], refs: Iterable[str]) -> list[Resolved]:
    """Return the annotations that references name in some documents, in their order.

    Raises:
        RefusedError: there is no such annotation, or several documents have one.

    """
    return [_resolve(documents, text) for text in refs]


def _resolve(documents: Sequence[AnnotatedDocument], text: str) -> Resolved:
    """Return the one annotation that a reference names in some documents."""
    ref = parse_ref(text)
    layers = _find_layers(documents, ref)
    found = []
    for document, layer in layers:
        annotation = layer.by_id.get(ref.id)
        if annotation is not None:
            found.append(Resolved(document, layer, annotation))
    if not found:
        raise RefusedError(_explain_unknown(ref, layers))
    if len(found) > 1:
        names = ", ".join(repr(each.document.meta.doc_id) for each in found[:_SHOWN])
        more = " and others" if len(found) > _SHOWN else ""
        raise RefusedError(
            f"The reference {text!r} fits annotations of {names}{more}. "
            "Name the document with --document."
        )
    return found[0]


_SHOWN = 3


def _find_layers(
    documents: Sequence[AnnotatedDocument], ref: Ref
) -> list[tuple[AnnotatedDocument, Layer]]:
    """Return the layers in which a reference may be, with their documents."""
    found = []
    for document in documents:
        layer = document.find_layer(ref.annotator)
        if layer is not None:
            found.append((document, layer))
    if not found:
        _refuse_document(documents, ref)
        where = "the document has" if len(documents) == 1 else "the corpus has"
        annotators = {layer.annotator or "" for each in documents for layer in each.layers}
        near = _ask(str(ref.annotator), annotators)
        raise RefusedError(
            f"The reference {str(ref)!r} names a layer, but {where} no layer of "
            f"{ref.annotator!r}.{near}"
        )
    return found


def _refuse_document(documents: Sequence[AnnotatedDocument], ref: Ref) -> None:
    """Refuse a reference that begins with a document, as annotations are named in the dataset."""
    if any(document.meta.doc_id == ref.annotator for document in documents):
        raise RefusedError(
            f"{ref.annotator!r} is a document, not an annotator. "
            f"Write {ref.id!r}, and name the document with --document."
        )


def _explain_unknown(ref: Ref, layers: Sequence[tuple[AnnotatedDocument, Layer]]) -> str:
    where = "Gold has" if ref.annotator is None else f"The layer of {ref.annotator!r} has"
    known = {name for _, layer in layers for name in layer.types}
    if ref.id in known:
        return (
            f"{where} an annotation {ref.id!r}, but its line cannot be used yet. "
            "Run `readout format` and `readout check` first."
        )
    return f"{where} no annotation {ref.id!r}.{_ask(ref.id, known)}"


def _ask(name: str, known: Iterable[str]) -> str:
    close = find_close(name, set(known))
    return f" Did you mean {close!r}?" if close else ""


def read_referred(
    root: Path, refs: Sequence[str], doc_id: str | None = None
) -> list[AnnotatedDocument]:
    """Return the documents of a corpus in which references may lead somewhere.

    They are those whose layers contain the ids, or all if an id is in none of them. With ``doc_id``
    it is this document alone.

    Raises:
        RefusedError: there is no such document, or its text cannot be read.

    """
    chosen = _choose_documents(root, doc_id)
    wanted: dict[str | None, set[bytes]] = {}
    for ref in map(parse_ref, refs):
        wanted.setdefault(ref.annotator, set()).add(ref.id.encode())

    likely = []
    found: dict[str | None, set[bytes]] = {annotator: set() for annotator in wanted}
    for meta in chosen:
        hits = {name: ids & _list_quoted(root, meta, name) for name, ids in wanted.items()}
        if any(hits.values()):
            likely.append(meta)
        for annotator, ids in hits.items():
            found[annotator] |= ids
    annotators = list(iter_annotators(root))
    named = likely if found == wanted else chosen
    return [_read_chosen(root, meta, annotators) for meta in named]


def iter_documents(root: Path, doc_id: str | None = None) -> Iterator[AnnotatedDocument]:
    """Yield the documents of a corpus, or the one that is named.

    Raises:
        RefusedError: there is no such document, or a text cannot be read.

    """
    annotators = list(iter_annotators(root))
    for meta in _choose_documents(root, doc_id):
        yield _read_chosen(root, meta, annotators)


def _choose_documents(root: Path, doc_id: str | None) -> list[Document]:
    index, _ = read_index(root)
    metas = {meta.doc_id: meta for meta in index.records}
    if doc_id is None:
        return list(metas.values())
    if doc_id not in metas:
        raise RefusedError(f"There is no document {doc_id!r}.{_ask(doc_id, metas)}")
    return [metas[doc_id]]


def _read_chosen(root: Path, meta: Document, annotators: Iterable[str]) -> AnnotatedDocument:
    return demand_document(*read_document(root, meta, annotators))


def _list_quoted(root: Path, meta: Document, annotator: str | None) -> frozenset[bytes]:
    """Return what is between quotation marks in a layer, its ids among it, for one document."""
    folder = GOLD if annotator is None else f"{BY}/{annotator}"
    path = f"{folder}/{meta.doc_id}.jsonl"
    if not os.path.lexists(root / path):
        return frozenset()
    raw, _ = read_bytes(root, path)
    return RecordFile(path=path, raw=raw or b"").quoted
