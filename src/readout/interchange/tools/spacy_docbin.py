"""Read and write spaCy: a ``DocBin`` with one ``Doc`` per document, and one span group per label.

Tokens are split wherever a span starts or ends, so that spans keep their offsets, and ``Doc.text``
is the text of the document. The id of an annotation is the ``span_id``; values and links are in
``Doc.user_data["readout"]``.

A ``DocBin`` of somebody else is read with a mapping: its entities and its span groups, with the
labels of their spans, or the name of the group if a span has none. The text says which document it
is. An entity has its ``kb_id`` and ``id`` as values.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from readout.interchange.graph import NODE_LABELS, Graph, Link, Node
from readout.interchange.inbox import Inbox, find_files
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.pieces import split_words, to_pieces

LOSSES = (
    "Tokens are split wherever a span starts or ends, so they differ from those of a pipeline.",
    "Of a `DocBin` of somebody else, only entities and span groups are imported.",
    "Values and links are plain data beside the span groups; the components of spaCy ignore them.",
)
USER_DATA = "readout"


def export_spacy(outbox: Outbox) -> None:
    """Write one ``DocBin`` with every document."""
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    vocab = Vocab()
    docs = [to_doc(vocab, sheet) for sheet in outbox.sheets]
    outbox.add("corpus.spacy", DocBin(store_user_data=True, docs=docs).to_bytes())


def to_doc(vocab: Any, sheet: Sheet) -> Any:
    """Return a layer of a document as a spaCy ``Doc``."""
    from spacy.tokens import Doc, Span

    pieces, links = to_pieces(sheet)
    words = split_words(sheet.text, [span for _, span in pieces])
    texts = [sheet.text[word.start : word.end] for word in words]
    doc = Doc(vocab, texts, [word.space for word in words])

    first_tokens = {word.start: number for number, word in enumerate(words)}
    last_tokens = {word.end: number for number, word in enumerate(words)}
    groups: dict[str, list[Any]] = {label: [] for label in NODE_LABELS}
    for node, span in pieces:
        first, last = first_tokens[span.start], last_tokens[span.end]
        groups[node.label].append(Span(doc, first, last + 1, label=node.label, span_id=node.key))
    for label, group in groups.items():
        doc.spans[label] = group

    doc.user_data[USER_DATA] = {
        "document": sheet.doc_id,
        "layer": sheet.layer,
        "values": {node.key: dict(node.values) for node, _ in pieces if node.values},
        "links": [[link.label, link.tail, link.head] for link in links],
    }
    return doc


class UserData(msgspec.Struct):
    """The content of ``Doc.user_data["readout"]``."""

    document: str
    layer: str = ""
    values: dict[str, dict[str, str]] = {}
    links: list[tuple[str, str, str]] = []


def import_spacy(inbox: Inbox, path: Path) -> None:
    """Read the entities and span groups of ``DocBin`` files."""
    for file in find_files(path, ".spacy"):
        # spaCy raises whatever its decoders raise: errors of zlib and msgpack, KeyError and others.
        try:
            docs = read_docs(file)
            user_data = [_read_user_data(doc) for doc in docs]
        except Exception as error:
            message = f"The file is not a DocBin: {error}."
            hint = "save it with DocBin(store_user_data=True).to_disk(...)."
            inbox.report("foreign-syntax", str(file), message, hint)
            continue

        for number, (doc, data) in enumerate(zip(docs, user_data, strict=True), 1):
            title = file.stem if len(docs) == 1 else f"{file.stem}-{number}"
            name = data.document if data else title
            found = inbox.find_document(str(file), name, doc.text)
            if found is not None:
                graph = _doc_to_graph(inbox, str(file), found.text, doc, data)
                author = inbox.to_author(data.layer) if data else ""
                inbox.add_layer(str(file), found.doc_id, graph, author)


def _read_user_data(doc: Any) -> UserData | None:
    """Return what the export wrote beside the spans; None if somebody else made the document."""
    data = doc.user_data.get(USER_DATA)
    return None if data is None else msgspec.convert(data, UserData)


def read_docs(file: Path) -> list[Any]:
    """Return the documents of a ``DocBin``."""
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    return list(DocBin().from_disk(file).get_docs(Vocab()))


def _doc_to_graph(inbox: Inbox, path: str, text: str, doc: Any, data: UserData | None) -> Graph:
    graph = Graph([], [Link(*link) for link in data.links] if data else [])
    groups = dict(doc.spans)
    if data is None:
        groups["entities"] = doc.ents

    for name, group in groups.items():
        for number, item in enumerate(group):
            key = f"{name} {number}"
            values = {"kb_id": item.kb_id_, "id": item.id_}
            if data is not None:
                key = item.id_ or key
                values = data.values.get(key, {})
            span = inbox.anchor_span(text, item.start_char, item.end_char, item.text, path)
            if span is not None:
                kept = {field: value for field, value in values.items() if value}
                graph.nodes.append(Node(key, item.label_ or name, (span,), kept))
    return graph
