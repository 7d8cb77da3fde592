"""Read and write Prodigy: JSONL tasks with tokens for ``spans.manual`` and ``rel.manual``.

Offsets are code points. Each span has its id and values under additional keys, which Prodigy keeps;
``meta`` names the document. The import compares the words of tasks that state them (``text`` of a
span), and leaves out tasks that were not accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from readout.interchange.graph import Graph, Link, Node
from readout.interchange.inbox import Inbox, find_files, read_json_lines
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.pieces import Word, split_words, to_pieces
from readout.interchange.units import Place

LOSSES = (
    "Tokens are split wherever a span starts or ends, so they depend on the layer.",
    "If spans have the same label and offsets, a relation added in Prodigy joins the first.",
)


def export_prodigy(outbox: Outbox) -> None:
    """Write one task per layer of a document."""
    tasks = [msgspec.json.encode(_sheet_to_task(sheet)) + b"\n" for sheet in outbox.sheets]
    outbox.add("prodigy.jsonl", b"".join(tasks))


def _sheet_to_task(sheet: Sheet) -> dict[str, Any]:
    pieces, links = to_pieces(sheet)
    words = split_words(sheet.text, [span for _, span in pieces])
    first_tokens = {word.start: number for number, word in enumerate(words)}
    last_tokens = {word.end: number for number, word in enumerate(words)}

    spans = {}
    for node, span in pieces:
        spans[node.key] = {
            "start": span.start,
            "end": span.end,
            "token_start": first_tokens[span.start],
            "token_end": last_tokens[span.end],
            "label": node.label,
            "id": node.key,
            "values": dict(node.values),
        }

    return {
        "text": sheet.text,
        "meta": {"document": sheet.doc_id, "layer": sheet.layer},
        "tokens": list(_iter_tokens(sheet.text, words)),
        "spans": list(spans.values()),
        "relations": [_to_relation(spans, link) for link in links],
    }


def _iter_tokens(text: str, words: Iterable[Word]) -> Iterator[dict[str, Any]]:
    for number, word in enumerate(words):
        content = text[word.start : word.end]
        place = {"start": word.start, "end": word.end}
        yield {"text": content, **place, "id": number, "ws": word.space}


def _to_relation(spans: dict[str, dict[str, Any]], link: Link) -> dict[str, Any]:
    tail, head = dict(spans[link.tail]), dict(spans[link.head])
    del tail["values"], head["values"]
    return {
        "head": tail["token_end"],
        "child": head["token_end"],
        "head_span": tail,
        "child_span": head,
        "label": link.label,
    }


class Piece(msgspec.Struct):
    """A labelled span as Prodigy saves it; only exported spans have ``id`` and ``values``."""

    start: int
    end: int
    label: str
    id: str = ""
    text: str | None = None
    values: dict[str, str] = {}

    @property
    def place(self) -> str:
        """Return the label and offsets, by which Prodigy tells spans apart."""
        return f"{self.label} {self.start}–{self.end}"


class ProdigyRelation(msgspec.Struct):
    """A relation between two spans as Prodigy saves it."""

    head_span: Piece
    child_span: Piece
    label: str


class Meta(msgspec.Struct, frozen=True):
    """The metadata of a task; only exported tasks name their document and layer."""

    document: str | None = None
    layer: str = ""


class ProdigyTask(msgspec.Struct):
    """An annotated task as Prodigy saves it; other keys are ignored."""

    text: str
    meta: Meta = Meta()
    spans: list[Piece] = []
    relations: list[ProdigyRelation] = []
    answer: str = "accept"
    annotator: str = msgspec.field(name="_annotator_id", default="")


def import_prodigy(inbox: Inbox, path: Path) -> None:
    """Read accepted tasks.

    ``meta`` names the document; without it, the text says which document it is. Several tasks with
    the same text, as Prodigy makes them to ask about one span each, are one layer.
    """
    graphs: dict[tuple[str, str, str], tuple[str, Graph]] = {}
    for file in find_files(path, ".jsonl"):
        for number, task in _read_accepted(inbox, file):
            found = inbox.find_document(str(file), task.meta.document, task.text, number)
            if found is not None:
                graph = _task_to_graph(inbox, str(file), number, found.text, task)
                owner = found.doc_id, task.annotator, task.meta.layer
                _, earlier = graphs.setdefault(owner, (str(file), Graph([], [])))
                for _ in range(_add_task(earlier, graph, number)):
                    kind = "A span that several tasks on one text have is kept once."
                    inbox.tell(kind, str(file), number)

    for (doc_id, annotator, layer), (first_file, graph) in graphs.items():
        inbox.add_layer(first_file, doc_id, graph, annotator or inbox.to_author(layer))


def _read_accepted(inbox: Inbox, file: Path) -> list[tuple[int, ProdigyTask]]:
    """Return the accepted tasks of a file, and set the unit of their offsets."""
    accepted = []
    for number, task in read_json_lines(inbox, file, ProdigyTask):
        if task.answer == "accept":
            accepted.append((number, task))
        else:
            kind = f"A task with the answer {task.answer!r} is left out."
            inbox.tell(kind, str(file), number)

    places = [
        Place(task.text, piece.start, piece.end, piece.text)
        for _, task in accepted
        for piece in task.spans
        if piece.text is not None
    ]
    inbox.settle_unit(str(file), places, "code-points")
    return accepted


def _add_task(earlier: Graph, graph: Graph, number: int) -> int:
    """Add the graph of a task to that of earlier tasks with the same text.

    Return the number of spans that earlier tasks have too, which are not added again.
    """
    if not earlier.nodes:
        earlier.nodes.extend(graph.nodes)
        earlier.links.extend(graph.links)
        return 0

    known = {(node.label, node.spans): node.key for node in earlier.nodes}
    keys = {}
    for node in graph.nodes:
        place = node.label, node.spans
        keys[node.key] = known.get(place, f"{number}/{node.key}")
        if place not in known:
            earlier.nodes.append(node._replace(key=keys[node.key]))
    count = sum(keys[node.key] in known.values() for node in graph.nodes)
    for link in graph.links:
        tail, head = keys.get(link.tail, link.tail), keys.get(link.head, link.head)
        earlier.links.append(link._replace(tail=tail, head=head))
    return count


def _task_to_graph(inbox: Inbox, path: str, number: int, text: str, task: ProdigyTask) -> Graph:
    nodes = []
    keys: dict[str, str] = {}
    for index, piece in enumerate(task.spans):
        key = piece.id or f"span {index}"
        keys.setdefault(piece.place, key)
        span = inbox.anchor_span(text, piece.start, piece.end, piece.text, path, number)
        if span is not None:
            nodes.append(Node(key, piece.label, (span,), piece.values, number))

    links = []
    for relation in task.relations:
        tail, head = _find_key(keys, relation.head_span), _find_key(keys, relation.child_span)
        links.append(Link(relation.label, tail, head, number))
    return Graph(nodes, links)


def _find_key(keys: dict[str, str], piece: Piece) -> str:
    return piece.id or keys.get(piece.place, piece.place)
