"""Read and write doccano: one JSONL file for a sequence labelling project with relations.

Each line has ``text``, ``entities`` and ``relations``, with offsets in code points. The export adds
the document, the layer and the values that an entity cannot have under other keys: doccano imports
unknown keys as metadata and exports them again.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from readout.interchange.graph import Graph, Link, Node
from readout.interchange.inbox import Inbox, find_files, read_json_lines
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.pieces import to_pieces

LOSSES = (
    "doccano has no attributes, so values are metadata that belongs to a label and offsets.",
    "An entity moved or relabelled in doccano loses its values; the import reports required ones.",
    "Two annotations with the same label and offsets swap their values if doccano reorders them.",
)


def export_doccano(outbox: Outbox) -> None:
    """Write one line per layer of a document."""
    lines = [msgspec.json.encode(_sheet_to_line(sheet)) + b"\n" for sheet in outbox.sheets]
    outbox.add("doccano.jsonl", b"".join(lines))


def _sheet_to_line(sheet: Sheet) -> dict[str, Any]:
    pieces, links = to_pieces(sheet)
    numbers: dict[str, int] = {}
    entities = []
    values: dict[str, list[dict[str, str]]] = {}

    for number, (node, span) in enumerate(pieces, 1):
        numbers[node.key] = number
        place = {"label": node.label, "start_offset": span.start, "end_offset": span.end}
        entities.append({"id": number, **place})
        values.setdefault(_format_place(node.label, span.start, span.end), []).append(
            dict(node.values)
        )

    relations = []
    for number, link in enumerate(links, 1):
        ends = {"from_id": numbers[link.tail], "to_id": numbers[link.head]}
        relations.append({"id": number, **ends, "type": link.label})

    return {
        "text": sheet.text,
        "entities": entities,
        "relations": relations,
        "document": sheet.doc_id,
        "layer": sheet.layer,
        "values": {place: group for place, group in values.items() if any(group)},
    }


def _format_place(label: str, start: int, end: int) -> str:
    """Return the key of the values of all entities with this label and these offsets."""
    return f"{label} {start} {end}"


class Entity(msgspec.Struct):
    """A labelled span as doccano exports it."""

    id: int | str
    label: str
    start_offset: int
    end_offset: int


class DoccanoRelation(msgspec.Struct):
    """A relation between two entities as doccano exports it."""

    from_id: int | str
    to_id: int | str
    type: str


class DoccanoLine(msgspec.Struct):
    """A line of doccano's export; other keys are ignored."""

    text: str
    document: str
    entities: list[Entity] = []
    relations: list[DoccanoRelation] = []
    values: dict[str, list[dict[str, str]]] = {}


def import_doccano(inbox: Inbox, path: Path) -> None:
    """Read the lines of doccano's JSONL export; ``document`` is the id of the document."""
    for file in find_files(path, ".jsonl"):
        for number, task in read_json_lines(inbox, file, DoccanoLine):
            text = inbox.find_text(str(file), task.document, number)
            if text is not None and inbox.check_text(str(file), text, task.text, number):
                graph = _line_to_graph(inbox, str(file), number, text, task)
                inbox.add_layer(str(file), task.document, graph)


def _line_to_graph(inbox: Inbox, path: str, number: int, text: str, task: DoccanoLine) -> Graph:
    seen: Counter[str] = Counter()
    nodes = []
    for entity in task.entities:
        start, end = entity.start_offset, entity.end_offset
        place = _format_place(entity.label, start, end)
        group = task.values.get(place, [])
        values = group[seen[place]] if seen[place] < len(group) else {}
        seen[place] += 1

        span = inbox.anchor_span(text, start, end, None, path, number)
        if span is not None:
            nodes.append(Node(str(entity.id), entity.label, (span,), values, number))

    links = [
        Link(relation.type, str(relation.from_id), str(relation.to_id), number)
        for relation in task.relations
    ]
    return Graph(nodes, links)
