"""Annotations as a graph of labelled spans, the shape that tools for span annotation share. No I/O.

A node has a label, spans and values, all text; a link joins two nodes. A quote is two nodes, its content and its cue,
so that an annotator sees both in the text. Where a tool knows no discontinuous spans, a node is cut into pieces of one
span each, which links labelled ``part`` hold together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from unicodedata import normalize

from readout.corpus.drafts import content_id
from readout.model import (
    ANNOTATION_CLASSES,
    FIELD_ROLES,
    SPAN_FIELDS,
    AnyAnnotation,
    FieldKind,
    FieldRole,
    Quote,
    Span,
    annotation_type,
    fields_of,
    main_spans,
)
from readout.problem import nearest


class Node(NamedTuple):
    """Labelled spans with their values by field name; ``key`` names the node in its file, ``line`` its place there."""

    key: str
    label: str
    spans: tuple[Span, ...]
    values: Mapping[str, str]
    line: int | None = None


class Link(NamedTuple):
    """A labelled link from one node to another, by their keys."""

    label: str
    tail: str
    head: str
    line: int | None = None


class Graph(NamedTuple):
    """The nodes and links of one layer of one document."""

    nodes: list[Node]
    links: list[Link]


class Fault(NamedTuple):
    """What is wrong with a graph: at which line of its file, what, and how to mend it; ``about`` shows the node."""

    line: int | None
    message: str
    hint: str
    about: str = ""


CUE = "cue"
PART = "part"
LINKS: Mapping[str, tuple[str, str]] = {
    CUE: ("quote", CUE),
    **{
        field: (name, FIELD_ROLES[record_class][field].of)
        for name, record_class in ANNOTATION_CLASSES.items()
        for field in fields_of(record_class, "annotation")
    },
}
"""The links by label: from which label to which."""
LINK_FIELDS: tuple[str, ...] = tuple(name for name in LINKS if name != CUE)
"""The links that are fields of a record."""
NODE_LABELS: tuple[str, ...] = ("mention", "quote", CUE, "topic", "stance", "boilerplate")
_VALUE_KINDS: tuple[FieldKind, ...] = ("id", "entry", "label", "key", "text")
VALUES: Mapping[str, tuple[str, ...]] = {
    name: fields_of(record_class, *_VALUE_KINDS) for name, record_class in ANNOTATION_CLASSES.items()
} | {CUE: ()}
"""The values of a node by label: the fields of its record that are neither spans nor links."""
VALUE_ROLES: Mapping[str, FieldRole] = {
    name: FIELD_ROLES[ANNOTATION_CLASSES[label]][name]  # type: ignore[index]
    for label, names in VALUES.items()
    for name in names
}
"""What each value of a node names; fields of one name have one role in all types."""
LISTS = frozenset(name for name, role in VALUE_ROLES.items() if role.many)
"""The values that are lists of ids, which stand side by side with a space between them."""


# ---------------------------------------------------------------- out


def to_graph(records: Iterable[AnyAnnotation]) -> Graph:
    """Return records as nodes and links; each node's key is the id of its record, or the id and ``/cue``."""
    nodes: list[Node] = []
    links: list[Link] = []
    for record in records:
        label = annotation_type(record)
        nodes.append(Node(record.id, label, main_spans(record), _values_of(record, VALUES[label])))
        if isinstance(record, Quote) and record.cue:
            nodes.append(Node(f"{record.id}/{CUE}", CUE, record.cue, {}))
            links.append(Link(CUE, record.id, f"{record.id}/{CUE}"))
        heads = {name: getattr(record, name) for name in fields_of(type(record), "annotation")}
        links += [Link(name, record.id, head) for name, head in heads.items() if head]
    return Graph(nodes, links)


def _values_of(record: AnyAnnotation, names: Iterable[str]) -> dict[str, str]:
    values = {name: getattr(record, name) for name in names}
    return {name: value if isinstance(value, str) else " ".join(value) for name, value in values.items() if value}


def cut_nodes(graph: Graph) -> Graph:
    """Return a graph whose nodes have one span each; the first piece of a node keeps its key and its values."""
    nodes: list[Node] = []
    links = list(graph.links)
    for node in graph.nodes:
        for number, span in enumerate(node.spans):
            key = f"{node.key}/{number + 1}" if number else node.key
            nodes.append(Node(key, node.label, (span,), {} if number else node.values, node.line))
            links += [Link(PART, node.key, key)] if number else []
    return Graph(nodes, links)


# ---------------------------------------------------------------- in


def join_nodes(graph: Graph) -> tuple[Graph, list[Fault]]:
    """Return a graph with the pieces of its nodes put together: the inverse of :func:`cut_nodes`."""
    nodes = {node.key: node for node in graph.nodes}
    faults = []
    links = []
    for link in graph.links:
        tail, head = nodes.get(link.tail), nodes.get(link.head)
        if link.label != PART:
            links.append(link)
        elif tail is None or head is None or tail.label != head.label or tail is head:
            message = f"The link 'part' from {link.tail!r} to {link.head!r} does not join two pieces of one annotation."
            faults.append(Fault(link.line, message, "join two spans of one label, from the first to the second."))
        else:
            nodes[tail.key] = tail._replace(spans=(*tail.spans, *head.spans), values={**head.values, **tail.values})
            del nodes[head.key]
    return Graph(list(nodes.values()), links), faults


class Draft(NamedTuple):
    """A record made of a node, as plain data, still to be held against its schema."""

    record: dict[str, Any]
    node: Node


def from_graph(graph: Graph) -> tuple[list[Draft], list[Fault]]:
    """Return the records that a graph holds and everything that keeps it from being one."""
    faults = [*_find_node_faults(graph.nodes), *_find_link_faults(graph)]
    drafts = {node.key: Draft(_to_record(node), node) for node in graph.nodes if node.label in ANNOTATION_CLASSES}
    cues = {node.key: node for node in graph.nodes if node.label == CUE}
    for link in graph.links:
        if link.label == CUE and link.tail in drafts and link.head in cues:
            record = drafts[link.tail].record
            record["cue"] = to_span_records((*record.get("cue", ()), *cues[link.head].spans))
    taken = {draft.record["id"] for draft in drafts.values() if "id" in draft.record}
    for draft in drafts.values():
        if "id" not in draft.record:
            draft.record["id"] = content_id(draft.record, taken)
            taken.add(draft.record["id"])
    for link in graph.links:
        if link.label != CUE and link.tail in drafts and link.head in drafts:
            drafts[link.tail].record[link.label] = drafts[link.head].record["id"]
    return list(drafts.values()), faults


def to_span_records(spans: Iterable[Any]) -> list[dict[str, Any]]:
    """Return spans, or spans as plain data, as plain data in text order."""
    plain = [
        span if isinstance(span, dict) else {"start": span.start, "end": span.end, "exact": span.exact}
        for span in spans
    ]
    return sorted(plain, key=lambda span: (span["start"], span["end"]))


def _to_record(node: Node) -> dict[str, Any]:
    record: dict[str, Any] = {"type": node.label}
    for name, value in node.values.items():
        if name in VALUES[node.label] and value:
            record[name] = value.split() if name in LISTS else normalize("NFC", value)
    name = SPAN_FIELDS[ANNOTATION_CLASSES[node.label]][0]  # type: ignore[index]
    spans = to_span_records(node.spans)
    record[name] = spans[0] if name == "span" and spans else spans
    return record


def show(node: Node) -> str:
    """Return a node as a problem shows it: its label, key and words."""
    words = " … ".join(span.exact for span in node.spans)
    return f"{node.label} {node.key!r}: {words if len(words) <= 70 else words[:69] + '…'}"


def _find_node_faults(nodes: Sequence[Node]) -> Iterator[Fault]:
    seen: dict[str, Node] = {}
    for node in nodes:
        if node.label not in NODE_LABELS:
            hint = nearest(node.label, NODE_LABELS) or "use one of " + ", ".join(NODE_LABELS) + "."
            yield Fault(node.line, f"There is no label {node.label!r}.", hint, show(node))
            continue
        for name in node.values:
            if name not in VALUES[node.label]:
                hint = nearest(name, VALUES[node.label]) or "remove the value."
                yield Fault(node.line, f"A {node.label} has no value {name!r}.", hint, show(node))
        if (given := node.values.get("id")) and seen.setdefault(given, node) is not node:
            hint = "remove the id of the copy; the import gives it a new one."
            yield Fault(node.line, f"The id {given!r} is given twice.", hint, show(node))
        if node.label in ("mention", "boilerplate") and len(node.spans) > 1:
            message = f"A {node.label} has one span. Got {len(node.spans)}."
            yield Fault(node.line, message, "make one annotation of each span.", show(node))
        yield from _find_overlaps(node)


def _find_overlaps(node: Node) -> Iterator[Fault]:
    for left, right in pairwise(sorted(node.spans, key=lambda span: (span.start, span.end))):
        if right.start < left.end:
            message = f"The spans {left.start}–{left.end} and {right.start}–{right.end} of one annotation overlap."
            yield Fault(node.line, message, "join the two spans.", show(node))


def _find_link_faults(graph: Graph) -> Iterator[Fault]:
    labels = {node.key: node.label for node in graph.nodes}
    given: set[tuple[str, str]] = set()
    for link in graph.links:
        ends = labels.get(link.tail), labels.get(link.head)
        if link.label not in LINKS:
            hint = nearest(link.label, LINKS) or "remove the link."
            yield Fault(link.line, f"There is no link {link.label!r}.", hint)
        elif None in ends:
            missing = link.tail if ends[0] is None else link.head
            message = f"The link {link.label!r} names {missing!r}, which is not there."
            yield Fault(link.line, message, "add the annotation, or remove the link.")
        elif ends != LINKS[link.label]:
            message = f"The link {link.label!r} joins a {ends[0]} to a {ends[1]}."
            hint = f"let it lead from a {LINKS[link.label][0]} to a {LINKS[link.label][1]}."
            yield Fault(link.line, message, hint)
        elif link.label != CUE and (link.label, link.tail) in given:
            message = f"Two links {link.label!r} lead away from {link.tail!r}."
            yield Fault(link.line, message, "keep one of them.")
        given.add((link.label, link.tail))
    led_to = {link.head for link in graph.links if link.label == CUE}
    for node in graph.nodes:
        if node.label == CUE and node.key not in led_to:
            hint = "join it by a link 'cue' from its quote."
            yield Fault(node.line, "The cue belongs to no quote.", hint, show(node))
