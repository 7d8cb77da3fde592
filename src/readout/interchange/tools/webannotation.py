"""Read and write W3C Web Annotation: one annotation page in JSON-LD per document.

Each span is a target with a ``TextPositionSelector``, in code points as the model requires, and a
``TextQuoteSelector`` with the words around it. Values and links, for which the model has no terms,
have the prefix ``readout``.

A file of somebody else is read with a mapping: a page, a collection with its first page, a list of
annotations or a single one, named after its document. The label is the body with the purpose
``classifying``; else each body with the purpose ``tagging`` is a label; else it is the motivation.
Other bodies are values by their purpose, and ``note`` if they comment. A body without a purpose has
the motivation of its annotation. A target may have a ``TextPositionSelector``, a
``TextQuoteSelector``, a ``RangeSelector`` between such, a fragment such as ``char=12,43``
(RFC 5147), and refinements of these. The creator is the annotator whom ``--annotator`` may name. A
``.txt`` file beside the page may contain the text of a document that the corpus lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import unquote, urldefrag, urlsplit

import msgspec

from readout.interchange.graph import Graph, Link, Node, to_graph
from readout.interchange.inbox import (
    Found,
    Inbox,
    find_document_beside,
    find_files,
    find_text_beside,
    parse_json,
    read_foreign_text,
)
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.tools.webselectors import (
    FRAGMENT,
    POSITION,
    QUOTE,
    Selector,
    find_selected,
    iter_stated_places,
    list_selectors,
)
from readout.interchange.units import Place
from readout.model import Span

LOSSES = (
    "The model has no discontinuous targets, so other software reads each span as a whole target.",
    "Of files of somebody else, each target of an annotation becomes an annotation.",
    "Selectors of other media or by XPath, CSS and bytes are problems: their texts are not here.",
    "Annotations of a whole document, and all bodies of a choice but the first, are left out.",
    "Addresses have the form urn:readout:DOCUMENT, as a corpus has no address on the Web.",
)
_JSON_LD_CONTEXT = [
    "http://www.w3.org/ns/anno.jsonld",
    {"readout": "https://readout-corpus.example/ns#"},
]
_PREFIX = "readout:"
_URN = "urn:readout:"
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
    return f"{_URN}{doc_id}"


def _to_iri(sheet: Sheet, key: str) -> str:
    return f"{_to_source(sheet.doc_id)}:{sheet.layer}#{key}"


def _to_target(sheet: Sheet, span: Span) -> dict[str, Any]:
    position = {"type": POSITION, "start": span.start, "end": span.end}
    quote = {
        "type": QUOTE,
        "exact": span.exact,
        "prefix": sheet.text[max(0, span.start - _AROUND) : span.start],
        "suffix": sheet.text[span.end : span.end + _AROUND],
    }
    return {"source": _to_source(sheet.doc_id), "selector": [position, quote]}


# ---------------------------------------------------------------- in


class Body(msgspec.Struct):
    """A text, a resource, or a choice of such."""

    type: str | list[str] = ""
    purpose: str | list[str] = ""
    value: str = ""
    source: str | dict[str, Any] = ""
    id: str = ""
    items: list[str | Body] = []


class WebTarget(msgspec.Struct):
    """A place in a document, the document, or a set of such."""

    source: str | dict[str, Any] = ""
    id: str = ""
    selector: Any = None
    items: list[str | WebTarget] = []


Bodies: TypeAlias = str | Body | list[str | Body] | None


class WebItem(msgspec.Struct):
    """An annotation, without the values of the export, which are read from the plain JSON."""

    target: str | WebTarget | list[str | WebTarget]
    id: str = ""
    body: Bodies = None
    body_value: str = msgspec.field(name="bodyValue", default="")
    motivation: str | list[str] = ""
    creator: Any = None
    links: dict[str, str] = msgspec.field(name="readout:links", default_factory=dict)

    @property
    def targets(self) -> list[str | WebTarget]:
        """Return the targets, those of sets one by one."""
        found: list[str | WebTarget] = []
        for target in self.target if isinstance(self.target, list) else [self.target]:
            if isinstance(target, WebTarget) and target.items:
                found += target.items
            else:
                found.append(target)
        return found

    @property
    def is_exported(self) -> bool:
        """Return whether the annotation was exported from here, so that its targets are spans."""
        return self.id.startswith(_URN)


class Content(NamedTuple):
    """What a body says, and for which purpose, which may be unknown."""

    purpose: str
    value: str
    is_text: bool


def import_webannotation(inbox: Inbox, path: Path) -> None:
    """Read annotation pages, each named after its document."""
    for file in find_files(path, ".jsonld") or find_files(path, ".json"):
        content = read_foreign_text(inbox, file)
        value = None if content is None else parse_json(inbox, str(file), content, Any)
        plain = [] if value is None else _list_items(inbox, str(file), value)
        items = list(_iter_items_read(inbox, str(file), plain))
        doc_id = _find_name(inbox, file, [item for item, _ in items])
        found = _find_text(inbox, file, doc_id)
        if found is not None and value is not None:
            _read_items(inbox, path, file, _Page(found.doc_id, found.text, items))


def _find_text(inbox: Inbox, file: Path, doc_id: str) -> Found | None:
    """Return the document of a page: that of the corpus, or else the text file beside the page."""
    if doc_id not in inbox.texts and find_text_beside(file) is not None:
        return find_document_beside(inbox, file, doc_id, encoding="utf-8-sig")
    text = inbox.find_text(str(file), doc_id)
    return None if text is None else Found(doc_id, text)


class _Page(NamedTuple):
    """The annotations of one document, each with the plain JSON."""

    doc_id: str
    text: str
    items: list[tuple[WebItem, dict[str, Any]]]


def _list_items(inbox: Inbox, path: str, value: Any) -> list[Any]:
    """Return the annotations of a page, of a collection with its first page, or of a list."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        if isinstance(value.get("items"), list):
            items: list[Any] = value["items"]
            return items
        if isinstance(value.get("first"), dict):
            return _list_items(inbox, path, value["first"])
        if "target" in value:
            return [value]

    message = "The file has no annotations: neither 'items', nor a 'first' page, nor a 'target'."
    hint = "give the page of the annotations of a document, not the collection that lists pages."
    inbox.report("foreign-syntax", path, message, hint)
    return []


def _iter_items_read(
    inbox: Inbox, path: str, plain: Iterable[Any]
) -> Iterator[tuple[WebItem, dict[str, Any]]]:
    for number, value in enumerate(plain, 1):
        if isinstance(value, str):
            inbox.tell("An annotation of which there is only the address is left out.", path)
            continue
        item = parse_json(inbox, path, msgspec.json.encode(value), WebItem)
        if item is not None:
            item.id = item.id or f"annotation {number}"
            yield item, value


def _find_name(inbox: Inbox, file: Path, items: Iterable[WebItem]) -> str:
    """Return the document that a file is named after, or else the first that a target names."""
    if file.stem in inbox.texts:
        return file.stem
    for item in items:
        for target in item.targets:
            name = _find_document(inbox, _read_source(target))
            if name is not None:
                return name
    return file.stem


def _find_document(inbox: Inbox, source: str) -> str | None:
    """Return the document whose id is the end of an address, with or without a suffix."""
    if source.startswith(_URN):
        return source.removeprefix(_URN)
    last = PurePosixPath(unquote(urlsplit(source).path)).name
    return next((name for name in (last, Path(last).stem) if name in inbox.texts), None)


def _read_source(target: str | WebTarget) -> str:
    """Return the address of the document of a target, without a fragment; it may be empty."""
    return urldefrag(_read_address(target)).url


def _read_address(target: str | WebTarget) -> str:
    if isinstance(target, str):
        return target
    source = target.source
    return str(source.get("id", "")) if isinstance(source, dict) else source or target.id


def _read_selectors(target: str | WebTarget) -> list[Selector]:
    """Return the selectors of a target; the fragment of its address is one too."""
    selectors = [] if isinstance(target, str) else list_selectors(target.selector)
    fragment = urldefrag(_read_address(target)).fragment
    if fragment and not selectors:
        selectors = [{"type": FRAGMENT, "value": fragment}]
    return selectors


def _read_items(inbox: Inbox, path: Path, file: Path, page: _Page) -> None:
    """Add a layer for each annotator of a page."""
    targets = [target for item, _ in page.items for target in item.targets]
    places: list[Place] = []
    for target in targets:
        places += iter_stated_places(page.text, _read_selectors(target))
    inbox.settle_unit(str(file), places, "code-points")

    sources = [_read_source(target) for target in targets]
    accepted = _find_accepted_source(inbox, str(file), page.doc_id, sources)
    owner = inbox.find_owner(path, file).author
    graphs: dict[str, Graph] = {} if page.items else {owner: Graph([], [])}
    for item, plain in page.items:
        creator = _read_creator(item.creator)
        author = inbox.to_author(creator) if creator else owner
        graph = graphs.setdefault(author, Graph([], []))
        _add_item(inbox, str(file), page, accepted, item, plain, graph)
    for author, graph in graphs.items():
        inbox.add_layer(str(file), page.doc_id, graph, author)


def _find_accepted_source(inbox: Inbox, path: str, doc_id: str, sources: Iterable[str]) -> str:
    """Return the address that means the document, or empty: the first that names none by its id.

    Without a mapping, the file is one of the export, which knows the ids of documents.
    """
    if inbox.is_mapped:
        for source in sources:
            if source and _find_document(inbox, source) is None:
                inbox.tell(f"The address {source!r} is taken for that of {doc_id!r}.", path)
                return source
    return ""


def _read_creator(creator: Any) -> str:
    """Return the name of the first creator, or the address."""
    if isinstance(creator, list):
        creator = next(iter(creator), None)
    if isinstance(creator, dict):
        creator = creator.get("name") or creator.get("nickname") or creator.get("id")
    if isinstance(creator, list):
        creator = next(iter(creator), None)
    return creator if isinstance(creator, str) else ""


def _add_item(
    inbox: Inbox,
    path: str,
    page: _Page,
    accepted: str,
    item: WebItem,
    plain: dict[str, Any],
    graph: Graph,
) -> None:
    """Add the annotations of an item to a graph: one per label and, if foreign, per target."""
    spans = []
    for target in item.targets:
        span = _anchor_target(inbox, path, page, accepted, target)
        if span is not None:
            spans.append(span)

    places: list[tuple[Span, ...]] = [(span,) for span in spans]
    if item.is_exported:
        places = [tuple(spans)] if len(spans) == len(item.targets) else []
    labels, values = _read_bodies(inbox, path, item)
    values |= _read_values(plain)
    for place in places:
        for label in labels:
            number = len(graph.nodes)
            is_first = place is places[0] and label is labels[0]
            key = item.id if is_first else f"{item.id}/{number}"
            graph.nodes.append(Node(key, label, place, values))

    for name, head in item.links.items():
        graph.links.append(Link(name.removeprefix(_PREFIX), item.id, head))


def _anchor_target(
    inbox: Inbox, path: str, page: _Page, accepted: str, target: str | WebTarget
) -> Span | None:
    """Return the span of a target; report or tell why there is none."""
    source = _read_source(target)
    named = page.doc_id if source in ("", accepted) else _find_document(inbox, source)
    if named != page.doc_id:
        expected = accepted or _to_source(page.doc_id)
        message = f"Got the source {source!r}. Expected {expected!r}."
        hint = "move the annotation to the page of its document."
        inbox.report("foreign-document", path, message, hint)
        return None

    selectors = _read_selectors(target)
    if not selectors:
        inbox.tell("An annotation of a whole document is left out.", path)
        return None
    return find_selected(inbox, path, page.text, selectors)


def _read_values(plain: dict[str, Any]) -> dict[str, str]:
    values = {}
    for name, value in plain.items():
        if name.startswith(_PREFIX) and isinstance(value, str):
            values[name.removeprefix(_PREFIX)] = value
    return values


# ---------------------------------------------------------------- bodies

_CLASSIFYING, _TAGGING, _COMMENTING = "classifying", "tagging", "commenting"


def _read_bodies(inbox: Inbox, path: str, item: WebItem) -> tuple[list[str], dict[str, str]]:
    """Return the labels of an annotation, and its other bodies as values by their purpose."""
    motivation = _first(item.motivation)
    contents = [Content("", item.body_value, is_text=True)] if item.body_value else []
    bodies = item.body if isinstance(item.body, list) else [item.body]
    for body in bodies:
        contents += _iter_contents(inbox, path, body)

    by_purpose: dict[str, list[str]] = {}
    for content in contents:
        unstated = _COMMENTING if content.is_text else "body"
        purpose = content.purpose or motivation or unstated
        by_purpose.setdefault(purpose, []).append(content.value)

    classes = by_purpose.pop(_CLASSIFYING, [])
    tags = [] if classes else by_purpose.pop(_TAGGING, [])
    labels = ["\n".join(classes)] if classes else tags
    note = by_purpose.pop(_COMMENTING, [])
    values = {purpose: "\n".join(group) for purpose, group in by_purpose.items()}
    if note:
        values["note"] = "\n".join(note)
    return labels or [motivation or "annotation"], values


def _iter_contents(inbox: Inbox, path: str, body: str | Body | None) -> Iterator[Content]:
    if body is None:
        return
    if isinstance(body, str):
        yield Content("", body, is_text=False)
        return
    if body.items:
        is_choice = "Choice" in body.type
        if is_choice and len(body.items) > 1:
            inbox.tell("A body is left out, as it is another choice of the one before it.", path)
        for part in body.items[:1] if is_choice else body.items:
            yield from _iter_contents(inbox, path, part)
        return

    source = body.source.get("id", "") if isinstance(body.source, dict) else body.source
    value = body.value or str(source) or body.id
    if value:
        yield Content(_first(body.purpose), value, is_text=bool(body.value))


def _first(value: str | list[str]) -> str:
    """Return a term, or the first of several, without the prefix of its vocabulary."""
    term = next(iter(value), "") if isinstance(value, list) else value
    return term.removeprefix("oa:")
