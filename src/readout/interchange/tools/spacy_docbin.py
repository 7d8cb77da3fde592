"""spaCy: a ``DocBin`` of one ``Doc`` a document, one span group a label, read back by spaCy itself.

Tokens are cut wherever a span starts or ends, so that no span is moved; ``Doc.text`` is the text of the document. Ids
of spans are their ``span_id``; values and links stand in ``Doc.user_data["readout"]``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from readout.interchange.graph import NODE_LABELS, Graph, Link, Node
from readout.interchange.inbox import Inbox, find_files
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.pieces import cut_words, to_pieces

LOSSES = (
    "Tokens are cut wherever a span starts or ends, so they depend on the layer and are not those of a spaCy pipeline.",
    "Values and links are plain data beside the span groups; spaCy's components do not look at them.",
)
USER_DATA = "readout"


def export_spacy(outbox: Outbox) -> None:
    """Write one ``DocBin`` with every document."""
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    vocab = Vocab()
    docs = DocBin(store_user_data=True, docs=[to_doc(vocab, sheet) for sheet in outbox.sheets])
    outbox.add("corpus.spacy", docs.to_bytes())


def to_doc(vocab: Any, sheet: Sheet) -> Any:
    """Return a layer of a document as a spaCy ``Doc``."""
    from spacy.tokens import Doc, Span

    pieces, links = to_pieces(sheet)
    words = cut_words(sheet.text, (span for _, span in pieces))
    doc = Doc(vocab, [sheet.text[word.start : word.end] for word in words], [word.space for word in words])
    first = {word.start: number for number, word in enumerate(words)}
    last = {word.end: number for number, word in enumerate(words)}
    for label in NODE_LABELS:
        doc.spans[label] = [
            Span(doc, first[span.start], last[span.end] + 1, label=label, span_id=node.key)
            for node, span in pieces
            if node.label == label
        ]
    doc.user_data[USER_DATA] = {
        "document": sheet.name,
        "layer": sheet.layer,
        "values": {node.key: dict(node.values) for node, _ in pieces if node.values},
        "links": [[link.label, link.tail, link.head] for link in links],
    }
    return doc


class UserData(msgspec.Struct):
    """What stands in ``Doc.user_data`` beside the spans."""

    document: str
    values: dict[str, dict[str, str]] = {}
    links: list[tuple[str, str, str]] = []


def import_spacy(inbox: Inbox, path: Path) -> None:
    """Read the span groups of ``DocBin`` files."""
    for file in find_files(path, ".spacy"):
        try:
            docs = read_docs(file)
            data = [msgspec.convert(doc.user_data.get(USER_DATA, {}), UserData) for doc in docs]
        except Exception as error:  # spaCy raises what its decoders raise: zlib, msgpack, KeyError and others
            message = f"The file is not a DocBin with the documents' ids: {error}."
            inbox.report("foreign-syntax", str(file), message, "save it with user data: DocBin(store_user_data=True).")
            continue
        for doc, said in zip(docs, data, strict=True):
            text = inbox.find_text(str(file), said.document)
            if text is not None and inbox.check_text(str(file), text, doc.text):
                inbox.add_layer(str(file), said.document, _from_doc(inbox, str(file), text, doc, said))


def read_docs(file: Path) -> list[Any]:
    """Return the documents of a ``DocBin``."""
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    return list(DocBin().from_disk(file).get_docs(Vocab()))


def _from_doc(inbox: Inbox, path: str, text: str, doc: Any, said: UserData) -> Graph:
    nodes = []
    for group in doc.spans.values():
        for number, item in enumerate(group):
            key = item.id_ or f"{item.label_} {number}"
            if span := inbox.anchor(text, item.start_char, item.end_char, item.text, path):
                nodes.append(Node(key, item.label_, (span,), said.values.get(key, {})))
    return Graph(nodes, [Link(*link) for link in said.links])
