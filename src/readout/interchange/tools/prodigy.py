"""Prodigy: a JSONL file of tasks for ``spans.manual`` and ``rel.manual``, with their tokens; offsets in code points.

Each span carries its id and values under keys of its own, which Prodigy keeps; ``meta`` names the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from readout.interchange.graph import Graph, Link, Node
from readout.interchange.inbox import Inbox, find_files, read_json_lines
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.pieces import Word, cut_words, to_pieces

LOSSES = (
    "Prodigy marks whole tokens: tokens are cut wherever a span starts or ends, so they depend on the layer.",
    "Of several spans with one label and the same offsets, a relation drawn in Prodigy is given to the first.",
)


def export_prodigy(outbox: Outbox) -> None:
    """Write one task a document."""
    outbox.add("prodigy.jsonl", b"".join(msgspec.json.encode(_sheet_to_task(sheet)) + b"\n" for sheet in outbox.sheets))


def _sheet_to_task(sheet: Sheet) -> dict[str, Any]:
    pieces, links = to_pieces(sheet)
    words = cut_words(sheet.text, (span for _, span in pieces))
    first = {word.start: number for number, word in enumerate(words)}
    last = {word.end: number for number, word in enumerate(words)}
    spans = {
        node.key: {
            "start": span.start,
            "end": span.end,
            "token_start": first[span.start],
            "token_end": last[span.end],
            "label": node.label,
            "id": node.key,
            "values": dict(node.values),
        }
        for node, span in pieces
    }
    return {
        "text": sheet.text,
        "meta": {"document": sheet.name, "layer": sheet.layer},
        "tokens": list(_to_tokens(sheet.text, words)),
        "spans": list(spans.values()),
        "relations": [_to_relation(spans, link) for link in links],
    }


def _to_tokens(text: str, words: Iterable[Word]) -> Iterator[dict[str, Any]]:
    for number, word in enumerate(words):
        content = text[word.start : word.end]
        yield {"text": content, "start": word.start, "end": word.end, "id": number, "ws": word.space}


def _to_relation(spans: dict[str, dict[str, Any]], link: Link) -> dict[str, Any]:
    tail, head = spans[link.tail], spans[link.head]
    ends = [{name: value for name, value in span.items() if name != "values"} for span in (tail, head)]
    return {
        "head": tail["token_end"],
        "child": head["token_end"],
        "head_span": ends[0],
        "child_span": ends[1],
        "label": link.label,
    }


class Piece(msgspec.Struct):
    """A labelled span as Prodigy saves it; ``id`` and ``values`` are there if it came from here."""

    start: int
    end: int
    label: str
    id: str = ""
    values: dict[str, str] = {}

    @property
    def place(self) -> str:
        """Label and offsets, by which Prodigy tells spans apart."""
        return f"{self.label} {self.start}–{self.end}"


class ProdigyRelation(msgspec.Struct):
    """A relation between two spans as Prodigy saves it."""

    head_span: Piece
    child_span: Piece
    label: str


class Meta(msgspec.Struct):
    """What is said about a task."""

    document: str


class ProdigyTask(msgspec.Struct):
    """An annotated task as Prodigy saves it; keys that are of no use here are left alone."""

    text: str
    meta: Meta
    spans: list[Piece] = []
    relations: list[ProdigyRelation] = []
    answer: str = "accept"
    annotator: str = msgspec.field(name="_annotator_id", default="")


def import_prodigy(inbox: Inbox, path: Path) -> None:
    """Read tasks that were accepted; ``meta`` names the document."""
    for file in find_files(path, ".jsonl"):
        for number, task in read_json_lines(inbox, file, ProdigyTask):
            name = task.meta.document
            text = inbox.find_text(str(file), name, number)
            if task.answer != "accept":
                message = f"The task of {name!r} was answered {task.answer!r}."
                inbox.report("foreign-value", str(file), message, "accept the task in Prodigy, or remove it.", number)
            elif text is not None and inbox.check_text(str(file), text, task.text, number):
                graph = _task_to_graph(inbox, str(file), number, text, task)
                inbox.add_layer(str(file), name, graph, task.annotator)


def _task_to_graph(inbox: Inbox, path: str, number: int, text: str, task: ProdigyTask) -> Graph:
    nodes = []
    keys: dict[str, str] = {}
    for index, piece in enumerate(task.spans):
        key = piece.id or f"span {index}"
        keys.setdefault(piece.place, key)
        if span := inbox.anchor(text, piece.start, piece.end, None, path, number):
            nodes.append(Node(key, piece.label, (span,), piece.values, number))
    links = [
        Link(link.label, _find_key(keys, link.head_span), _find_key(keys, link.child_span), number)
        for link in task.relations
    ]
    return Graph(nodes, links)


def _find_key(keys: dict[str, str], piece: Piece) -> str:
    return piece.id or keys.get(piece.place, piece.place)
