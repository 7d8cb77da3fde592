"""W3C Web Annotation: an annotation page of JSON-LD a document.

Every span is a target of its own with a ``TextPositionSelector``, in code points as the model demands, and a
``TextQuoteSelector`` with the words around it. What the model has no word for stands under the prefix ``readout``.
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
    (
        "The model has no discontinuous target: each span is a target, and a reader that does not know this corpus "
        "takes the annotation to be about each of them."
    ),
    "Addresses are of the form urn:readout:DOCUMENT, as a corpus has none on the Web.",
)
_JSON_LD_CONTEXT = ["http://www.w3.org/ns/anno.jsonld", {"readout": "https://readout-corpus.example/ns#"}]
_AROUND = 32
"""The number of characters of prefix and suffix."""


def export_webannotation(outbox: Outbox) -> None:
    """Write one annotation page a document."""
    for sheet in outbox.sheets:
        page = {
            "@context": _JSON_LD_CONTEXT,
            "id": f"urn:readout:{sheet.name}:{sheet.layer}",
            "type": "AnnotationPage",
            "items": list(_iter_items(sheet)),
        }
        outbox.add(f"{sheet.stem}.jsonld", msgspec.json.format(msgspec.json.encode(page), indent=1) + b"\n")


def _iter_items(sheet: Sheet) -> Iterator[dict[str, Any]]:
    graph = to_graph(sheet.records)
    for node in graph.nodes:
        bodies = [{"type": "TextualBody", "purpose": "classifying", "value": node.label}]
        if note := node.values.get("note"):
            bodies.append({"type": "TextualBody", "purpose": "commenting", "value": note})
        values = {f"readout:{name}": value for name, value in node.values.items() if name != "note"}
        links = {f"readout:{link.label}": _iri(sheet, link.head) for link in graph.links if link.tail == node.key}
        yield {
            "id": _iri(sheet, node.key),
            "type": "Annotation",
            "body": bodies,
            **values,
            "readout:links": links,
            "target": [_to_target(sheet, span) for span in node.spans],
        }


def _iri(sheet: Sheet, key: str) -> str:
    return f"urn:readout:{sheet.name}:{sheet.layer}#{key}"


def _to_target(sheet: Sheet, span: Span) -> dict[str, Any]:
    position = {"type": "TextPositionSelector", "start": span.start, "end": span.end}
    quote = {
        "type": "TextQuoteSelector",
        "exact": span.exact,
        "prefix": sheet.text[max(0, span.start - _AROUND) : span.start],
        "suffix": sheet.text[span.end : span.end + _AROUND],
    }
    return {"source": f"urn:readout:{sheet.name}", "selector": [position, quote]}


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
    """An annotation as it is exported here; values and links stand under the prefix ``readout``."""

    id: str
    target: list[WebTarget]
    body: list[Body] = []
    links: dict[str, str] = msgspec.field(name="readout:links", default_factory=dict)


class Page(msgspec.Struct):
    """An annotation page."""

    items: list[msgspec.Raw]


def import_webannotation(inbox: Inbox, path: Path) -> None:
    """Read annotation pages, each named by its document."""
    for file in find_files(path, ".jsonld"):
        text = inbox.find_text(str(file), file.stem)
        content = read_foreign_text(inbox, file)
        page = parse_json(inbox, str(file), content, Page) if content is not None else None
        if text is not None and page is not None:
            inbox.add_layer(str(file), file.stem, _items_to_graph(inbox, str(file), file.stem, text, page))


def _items_to_graph(inbox: Inbox, path: str, name: str, text: str, page: Page) -> Graph:
    graph = Graph([], [])
    for raw in page.items:
        content = bytes(raw).decode()
        item = parse_json(inbox, path, content, WebItem)
        plain = parse_json(inbox, path, content, dict[str, Any])
        if item is None or plain is None:
            continue
        spans = [_target_span(inbox, path, name, text, target) for target in item.target]
        if all(spans):
            found = tuple(span for span in spans if span)
            graph.nodes.append(Node(item.id, _body(item, "classifying"), found, _values(item, plain)))
        graph.links.extend(Link(key.removeprefix("readout:"), item.id, head) for key, head in item.links.items())
    return graph


def _body(item: WebItem, purpose: str) -> str:
    return "\n".join(body.value for body in item.body if body.purpose == purpose)


def _values(item: WebItem, plain: dict[str, Any]) -> dict[str, str]:
    prefixed = {key.removeprefix("readout:"): value for key, value in plain.items() if key.startswith("readout:")}
    values = {key: value for key, value in prefixed.items() if isinstance(value, str)}
    note = _body(item, "commenting")
    return {**values, "note": note} if note else values


def _target_span(inbox: Inbox, path: str, name: str, text: str, target: WebTarget) -> Span | None:
    if target.source != f"urn:readout:{name}":
        message = f"The target is {target.source!r}. Expected 'urn:readout:{name}'."
        inbox.report("foreign-document", path, message, "put the annotation into the page of its document.")
        return None
    quote = next((each for each in target.selector if each.exact is not None), Selector(""))
    for each in target.selector:
        if each.start is not None and each.end is not None:
            return inbox.anchor(text, each.start, each.end, quote.exact, path)
    starts = find_exact(text, quote.exact, quote.prefix, quote.suffix) if quote.exact else []
    if len(starts) == 1:
        return Span(starts[0], starts[0] + len(quote.exact or ""), quote.exact or "")
    message = f"The words {quote.exact!r} stand in {len(starts)} places."
    inbox.report("foreign-span", path, message, "add a TextPositionSelector, or a prefix and a suffix.")
    return None
