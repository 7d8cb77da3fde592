"""Read and write W3C Web Annotation: one annotation page in JSON-LD per document.

Each span is a target with a ``TextPositionSelector``, in code points as the model requires, and a
``TextQuoteSelector`` with the words around it. Values and links, for which the model has no terms,
have the prefix ``readout``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from readout.interchange.graph import Graph, Link, Node, to_graph
from readout.interchange.inbox import Inbox, find_files, parse_json, read_foreign_text
from readout.interchange.outbox import Outbox, Sheet
from readout.model import Span
from readout.text.find import find_exact

LOSSES = (
    "The model has no discontinuous targets, so other software reads each span as a whole target.",
    "Addresses have the form urn:readout:DOCUMENT, as a corpus has no address on the Web.",
)
_JSON_LD_CONTEXT = [
    "http://www.w3.org/ns/anno.jsonld",
    {"readout": "https://readout-corpus.example/ns#"},
]
_PREFIX = "readout:"
_AROUND = 32
"""The length of the prefix and the suffix of a quotation, in code points."""


# ---------------------------------------------------------------- out


def export_webannotation(outbox: Outbox) -> None:
    """Write one annotation page per document."""
    for sheet in outbox.sheets:
        page = {
            "@context": _JSON_LD_CONTEXT,
            "id": f"{_to_source(sheet.doc_id)}:{sheet.layer}",
            "type": "AnnotationPage",
            "items": list(_iter_items(sheet)),
        }
        content = msgspec.json.format(msgspec.json.encode(page), indent=1)
        outbox.add(f"{sheet.stem}.jsonld", content + b"\n")


def _iter_items(sheet: Sheet) -> Iterator[dict[str, Any]]:
    graph = to_graph(sheet.records)
    links: dict[str, dict[str, str]] = {}
    for link in graph.links:
        links.setdefault(link.tail, {})[_PREFIX + link.label] = _to_iri(sheet, link.head)

    for node in graph.nodes:
        values = {_PREFIX + name: value for name, value in node.values.items() if name != "note"}
        yield {
            "id": _to_iri(sheet, node.key),
            "type": "Annotation",
            "body": list(_iter_bodies(node)),
            **values,
            "readout:links": links.get(node.key, {}),
            "target": [_to_target(sheet, span) for span in node.spans],
        }


def _iter_bodies(node: Node) -> Iterator[dict[str, str]]:
    yield {"type": "TextualBody", "purpose": "classifying", "value": node.label}
    note = node.values.get("note")
    if note:
        yield {"type": "TextualBody", "purpose": "commenting", "value": note}


def _to_source(doc_id: str) -> str:
    return f"urn:readout:{doc_id}"


def _to_iri(sheet: Sheet, key: str) -> str:
    return f"{_to_source(sheet.doc_id)}:{sheet.layer}#{key}"


def _to_target(sheet: Sheet, span: Span) -> dict[str, Any]:
    position = {"type": "TextPositionSelector", "start": span.start, "end": span.end}
    quote = {
        "type": "TextQuoteSelector",
        "exact": span.exact,
        "prefix": sheet.text[max(0, span.start - _AROUND) : span.start],
        "suffix": sheet.text[span.end : span.end + _AROUND],
    }
    return {"source": _to_source(sheet.doc_id), "selector": [position, quote]}


# ---------------------------------------------------------------- in


class Selector(msgspec.Struct):
    """A selector by position or by quotation."""

    type: str
    start: int | None = None
    end: int | None = None
    exact: str | None = None
    prefix: str = ""
    suffix: str = ""


class WebTarget(msgspec.Struct):
    """A place in a document."""

    source: str
    selector: list[Selector]


class Body(msgspec.Struct):
    """A textual body."""

    purpose: str = ""
    value: str = ""


class WebItem(msgspec.Struct):
    """An annotation of the export, without its values, which are read from the plain JSON."""

    id: str
    target: list[WebTarget]
    body: list[Body] = []
    links: dict[str, str] = msgspec.field(name="readout:links", default_factory=dict)


class Page(msgspec.Struct):
    """An annotation page."""

    items: list[msgspec.Raw]


def import_webannotation(inbox: Inbox, path: Path) -> None:
    """Read annotation pages, each named after its document."""
    for file in find_files(path, ".jsonld"):
        doc_id = file.stem
        text = inbox.find_text(str(file), doc_id)
        content = read_foreign_text(inbox, file)
        page = parse_json(inbox, str(file), content, Page) if content is not None else None
        if text is not None and page is not None:
            graph = _items_to_graph(inbox, str(file), doc_id, text, page)
            author = inbox.find_owner(path, file).author
            inbox.add_layer(str(file), doc_id, graph, author)


def _items_to_graph(inbox: Inbox, path: str, doc_id: str, text: str, page: Page) -> Graph:
    graph = Graph([], [])
    for raw in page.items:
        content = bytes(raw).decode()
        item = parse_json(inbox, path, content, WebItem)
        plain = parse_json(inbox, path, content, dict[str, Any])
        if item is None or plain is None:
            continue

        spans = [_anchor_target(inbox, path, doc_id, text, target) for target in item.target]
        found = tuple(span for span in spans if span is not None)
        if len(found) == len(spans):
            label = _join_bodies(item, "classifying")
            graph.nodes.append(Node(item.id, label, found, _read_values(item, plain)))
        for name, head in item.links.items():
            graph.links.append(Link(name.removeprefix(_PREFIX), item.id, head))
    return graph


def _join_bodies(item: WebItem, purpose: str) -> str:
    return "\n".join(body.value for body in item.body if body.purpose == purpose)


def _read_values(item: WebItem, plain: dict[str, Any]) -> dict[str, str]:
    values = {}
    for name, value in plain.items():
        if name.startswith(_PREFIX) and isinstance(value, str):
            values[name.removeprefix(_PREFIX)] = value

    note = _join_bodies(item, "commenting")
    if note:
        values["note"] = note
    return values


def _anchor_target(
    inbox: Inbox, path: str, doc_id: str, text: str, target: WebTarget
) -> Span | None:
    """Return the span of a target: by its position if it has one, or else by its quotation."""
    source = _to_source(doc_id)
    if target.source != source:
        message = f"Got the source {target.source!r}. Expected {source!r}."
        hint = "move the annotation to the page of its document."
        inbox.report("foreign-document", path, message, hint)
        return None

    quotes = [selector for selector in target.selector if selector.exact is not None]
    quote = quotes[0] if quotes else Selector("")
    for selector in target.selector:
        if selector.start is not None and selector.end is not None:
            return inbox.anchor_span(text, selector.start, selector.end, quote.exact, path)

    exact = quote.exact or ""
    starts = find_exact(text, exact, quote.prefix, quote.suffix) if exact else []
    if len(starts) == 1:
        return Span(starts[0], starts[0] + len(exact), exact)

    message = f"The text has the words {quote.exact!r} in {len(starts)} places. Expected one."
    hint = "add a TextPositionSelector, or a prefix and a suffix."
    inbox.report("foreign-span", path, message, hint)
    return None
