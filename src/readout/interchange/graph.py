"""Represent annotations as labelled spans and links, as most annotation tools do. No I/O.

A node has a label, spans and values, all of them strings; a link joins two nodes. A quote becomes
two nodes, its content and its cue, so that an annotator sees both in the text. If a tool has no
discontinuous spans, each node is split into pieces of one span, and links labelled ``part`` join
the pieces.
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
    """Labelled spans with values by field name.

    ``key`` identifies the node within its file; ``line`` is the line of the file (1-based).
    """

    key: str
    label: str
    spans: tuple[Span, ...]
    values: Mapping[str, str]
    line: int | None = None


class Link(NamedTuple):
    """A labelled link from the node with the key ``tail`` to the node with the key ``head``."""

    label: str
    tail: str
    head: str
    line: int | None = None


class Graph(NamedTuple):
    """The nodes and links of one layer of one document."""

    nodes: list[Node]
    links: list[Link]


class Fault(NamedTuple):
    """A fault of a graph: the line of the file, a sentence, a remedy, and what it concerns.

    ``about`` is printed. ``key`` names the node, or ``link`` is the link, without which the graph
    would not have the fault.
    """

    line: int | None
    message: str
    hint: str
    about: str = ""
    key: str = ""
    link: Link | None = None


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
"""The labels of links, each with the labels of its tail and its head."""
LINK_FIELDS: tuple[str, ...] = tuple(name for name in LINKS if name != CUE)
"""The links that are fields of a record."""
NODE_LABELS: tuple[str, ...] = ("mention", "quote", CUE, "topic", "stance", "boilerplate")
_VALUE_KINDS: tuple[FieldKind, ...] = ("id", "entry", "label", "key", "text")
VALUES: Mapping[str, tuple[str, ...]] = {
    name: fields_of(record_class, *_VALUE_KINDS)
    for name, record_class in ANNOTATION_CLASSES.items()
} | {CUE: ()}
"""The values of a node by label: the fields of its record that are neither spans nor links."""
VALUE_ROLES: Mapping[str, FieldRole] = {
    name: FIELD_ROLES[ANNOTATION_CLASSES[label]][name]  # type: ignore[index]
    for label, names in VALUES.items()
    for name in names
}
"""The role of each value; fields with the same name have the same role in all types."""
LIST_VALUES = frozenset(name for name, role in VALUE_ROLES.items() if role.many)
"""The values that are lists of ids, which a node stores as one string with spaces between them."""


# ---------------------------------------------------------------- out


def to_graph(records: Iterable[AnyAnnotation]) -> Graph:
    """Return records as nodes and links.

    The key of a node is the id of its record; the key of a cue is the id followed by ``/cue``.
    """
    nodes: list[Node] = []
    links: list[Link] = []

    for record in records:
        label = annotation_type(record)
        values = _format_values(record, VALUES[label])
        nodes.append(Node(record.id, label, main_spans(record), values))

        if isinstance(record, Quote) and record.cue:
            cue_key = f"{record.id}/{CUE}"
            nodes.append(Node(cue_key, CUE, record.cue, {}))
            links.append(Link(CUE, record.id, cue_key))

        for name in fields_of(type(record), "annotation"):
            head = getattr(record, name)
            if head:
                links.append(Link(name, record.id, head))

    return Graph(nodes, links)


def _format_values(record: AnyAnnotation, names: Iterable[str]) -> dict[str, str]:
    """Return the values of these fields as strings, without those that are null or empty."""
    values: dict[str, str] = {}
    for name in names:
        value = getattr(record, name)
        if value:
            values[name] = value if isinstance(value, str) else " ".join(value)
    return values


def split_nodes(graph: Graph) -> Graph:
    """Return a graph whose nodes have one span each.

    The first piece of a node keeps the key and the values. Links labelled ``part`` lead from it to
    the other pieces.
    """
    nodes: list[Node] = []
    links = list(graph.links)

    for node in graph.nodes:
        for number, span in enumerate(node.spans):
            if number == 0:
                nodes.append(node._replace(spans=(span,)))
            else:
                key = f"{node.key}/{number + 1}"
                nodes.append(Node(key, node.label, (span,), {}, node.line))
                links.append(Link(PART, node.key, key))

    return Graph(nodes, links)


# ---------------------------------------------------------------- in


def join_nodes(graph: Graph) -> tuple[Graph, list[Fault]]:
    """Return a graph with the pieces of each node joined: the inverse of :func:`split_nodes`."""
    nodes = {node.key: node for node in graph.nodes}
    faults = []
    links = []

    for link in graph.links:
        tail, head = nodes.get(link.tail), nodes.get(link.head)
        if link.label != PART:
            links.append(link)
        elif tail is None or head is None or tail.label != head.label or tail is head:
            ends = f"from {link.tail!r} to {link.head!r}"
            message = f"The link 'part' {ends} does not join two pieces of one annotation."
            hint = "join two spans with the same label, from the first to the second."
            faults.append(Fault(link.line, message, hint, link=link))
        else:
            spans = (*tail.spans, *head.spans)
            values = {**head.values, **tail.values}
            nodes[tail.key] = tail._replace(spans=spans, values=values)
            del nodes[head.key]

    return Graph(list(nodes.values()), links), faults


class Draft(NamedTuple):
    """A record made of a node, as plain data that has not been validated yet."""

    record: dict[str, Any]
    node: Node


def from_graph(graph: Graph) -> tuple[list[Draft], list[Fault]]:
    """Return the records of a graph, and the faults because of which they are not a valid layer."""
    faults = [*_find_node_faults(graph.nodes), *_find_link_faults(graph), *_find_lone_cues(graph)]
    drafts = {
        node.key: Draft(_to_record(node), node)
        for node in graph.nodes
        if node.label in ANNOTATION_CLASSES
    }

    # An id that is made here depends on the content of its record, so cues come first, and links,
    # which need the ids of both ends, last.
    _add_cues(graph, drafts)
    _add_ids(drafts.values())
    for link in graph.links:
        if link.label != CUE and link.tail in drafts and link.head in drafts:
            drafts[link.tail].record[link.label] = drafts[link.head].record["id"]

    return list(drafts.values()), faults


def _add_cues(graph: Graph, drafts: Mapping[str, Draft]) -> None:
    cues = {node.key: node for node in graph.nodes if node.label == CUE}
    for link in graph.links:
        if link.label == CUE and link.tail in drafts and link.head in cues:
            record = drafts[link.tail].record
            record["cue"] = to_span_records((*record.get("cue", ()), *cues[link.head].spans))


def _add_ids(drafts: Iterable[Draft]) -> None:
    """Give an id that depends on its content to every record that has none."""
    records = [draft.record for draft in drafts]
    taken = {record["id"] for record in records if "id" in record}
    for record in records:
        if "id" not in record:
            record["id"] = content_id(record, taken)
            taken.add(record["id"])


def to_span_records(spans: Iterable[Any]) -> list[dict[str, Any]]:
    """Return spans, or spans as plain data, as plain data in text order."""
    records = []
    for span in spans:
        if isinstance(span, Span):
            span = {"start": span.start, "end": span.end, "exact": span.exact}
        records.append(span)
    return sorted(records, key=lambda record: (record["start"], record["end"]))


def _to_record(node: Node) -> dict[str, Any]:
    record: dict[str, Any] = {"type": node.label}
    for name, value in node.values.items():
        if name in VALUES[node.label] and value:
            record[name] = value.split() if name in LIST_VALUES else normalize("NFC", value)

    field = SPAN_FIELDS[ANNOTATION_CLASSES[node.label]][0]  # type: ignore[index]
    spans = to_span_records(node.spans)
    record[field] = spans[0] if field == "span" and spans else spans
    return record


def format_node(node: Node) -> str:
    """Return the line that a problem shows for a node: its label, key and words."""
    words = " … ".join(span.exact for span in node.spans)
    if len(words) > 70:
        words = f"{words[:69]}…"
    return f"{node.label} {node.key!r}: {words}"


def _find_node_faults(nodes: Sequence[Node]) -> Iterator[Fault]:
    first_with_id: dict[str, Node] = {}

    for node in nodes:
        about = format_node(node)
        if node.label not in NODE_LABELS:
            hint = nearest(node.label, NODE_LABELS) or f"use one of {', '.join(NODE_LABELS)}."
            yield Fault(node.line, f"There is no label {node.label!r}.", hint, about, node.key)
            continue

        for name in node.values:
            if name not in VALUES[node.label]:
                hint = nearest(name, VALUES[node.label]) or "remove the value."
                yield Fault(
                    node.line, f"A {node.label} has no value {name!r}.", hint, about, node.key
                )

        given_id = node.values.get("id")
        if given_id and first_with_id.setdefault(given_id, node) is not node:
            hint = "remove the id of the copy; the import gives it a new one."
            yield Fault(
                node.line, f"Two annotations have the id {given_id!r}.", hint, about, node.key
            )

        if node.label in ("mention", "boilerplate") and len(node.spans) > 1:
            message = f"Got {len(node.spans)} spans for a {node.label}. Expected one."
            yield Fault(
                node.line, message, "make each span an annotation of its own.", about, node.key
            )

        yield from _find_overlaps(node)


def _find_overlaps(node: Node) -> Iterator[Fault]:
    in_order = sorted(node.spans, key=lambda span: (span.start, span.end))
    for left, right in pairwise(in_order):
        if right.start < left.end:
            pair = f"{left.start}–{left.end} and {right.start}–{right.end}"
            message = f"The spans {pair} of one annotation overlap."
            hint = "merge the two spans into one."
            yield Fault(node.line, message, hint, format_node(node), node.key)


def _find_link_faults(graph: Graph) -> Iterator[Fault]:
    labels = {node.key: node.label for node in graph.nodes}
    seen: set[tuple[str, str]] = set()

    for link in graph.links:
        fault = _find_end_fault(link, labels)
        if fault is not None:
            yield fault
        elif link.label != CUE and (link.label, link.tail) in seen:
            message = f"Two links {link.label!r} start at {link.tail!r}."
            yield Fault(link.line, message, "keep one of them.", link=link)
        seen.add((link.label, link.tail))


def _find_end_fault(link: Link, labels: Mapping[str, str]) -> Fault | None:
    """Return the fault of a link with a wrong label or end; ``labels`` are node labels by key."""
    if link.label not in LINKS:
        hint = nearest(link.label, LINKS) or "remove the link."
        return Fault(link.line, f"There is no link {link.label!r}.", hint, link=link)

    for key in (link.tail, link.head):
        if key not in labels:
            message = f"The link {link.label!r} names the annotation {key!r}, which does not exist."
            hint = "add the annotation, or remove the link."
            return Fault(link.line, message, hint, link=link)

    got = labels[link.tail], labels[link.head]
    expected = LINKS[link.label]
    if got != expected:
        message = f"The link {link.label!r} leads from a {got[0]} to a {got[1]}."
        hint = f"draw it from a {expected[0]} to a {expected[1]}, or remove it."
        return Fault(link.line, message, hint, link=link)

    return None


def _find_lone_cues(graph: Graph) -> Iterator[Fault]:
    linked = {link.head for link in graph.links if link.label == CUE}
    for node in graph.nodes:
        if node.label == CUE and node.key not in linked:
            hint = "draw a link 'cue' from the quote to it, or remove it."
            about = format_node(node)
            yield Fault(node.line, "The cue belongs to no quote.", hint, about, node.key)
