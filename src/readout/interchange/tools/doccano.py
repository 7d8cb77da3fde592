"""doccano: a JSONL file for a sequence labelling project with relations.

A line holds ``text``, ``entities`` and ``relations``. doccano keeps keys that it does not know as metadata and gives
them back on export: there stand the document, the layer and what an entity cannot carry. Offsets are code points.
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
    (
        "doccano has no attributes: values travel as metadata by label and offsets. An entity that is moved or "
        "relabelled in doccano loses its values, and the import asks for those that are required."
    ),
    "Two annotations with the same label and offsets swap their values if doccano changes their order.",
)


def export_doccano(outbox: Outbox) -> None:
    """Write one line a document, and the labels of spans and relations to import into the project."""
    outbox.add("doccano.jsonl", b"".join(msgspec.json.encode(_sheet_to_line(sheet)) + b"\n" for sheet in outbox.sheets))


def _sheet_to_line(sheet: Sheet) -> dict[str, Any]:
    pieces, links = to_pieces(sheet)
    numbers = {node.key: number for number, (node, _) in enumerate(pieces, 1)}
    values: dict[str, list[dict[str, str]]] = {}
    for node, span in pieces:
        values.setdefault(f"{node.label} {span.start} {span.end}", []).append(dict(node.values))
    return {
        "text": sheet.text,
        "entities": [
            {"id": numbers[node.key], "label": node.label, "start_offset": span.start, "end_offset": span.end}
            for node, span in pieces
        ],
        "relations": [
            {"id": number, "from_id": numbers[link.tail], "to_id": numbers[link.head], "type": link.label}
            for number, link in enumerate(links, 1)
        ],
        "document": sheet.name,
        "layer": sheet.layer,
        "values": {key: group for key, group in values.items() if any(group)},
    }


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
    """A line of doccano's export; keys that are of no use here are left alone."""

    text: str
    document: str
    entities: list[Entity] = []
    relations: list[DoccanoRelation] = []
    values: dict[str, list[dict[str, str]]] = {}


def import_doccano(inbox: Inbox, path: Path) -> None:
    """Read the lines of doccano's JSONL export; ``document`` names the text."""
    for file in find_files(path, ".jsonl"):
        for number, task in read_json_lines(inbox, file, DoccanoLine):
            text = inbox.find_text(str(file), task.document, number)
            if text is not None and inbox.check_text(str(file), text, task.text, number):
                inbox.add_layer(str(file), task.document, _line_to_graph(inbox, str(file), number, text, task))


def _line_to_graph(inbox: Inbox, path: str, number: int, text: str, task: DoccanoLine) -> Graph:
    seen: Counter[str] = Counter()
    nodes = []
    for entity in task.entities:
        place = f"{entity.label} {entity.start_offset} {entity.end_offset}"
        group = task.values.get(place, [])
        values = group[seen[place]] if seen[place] < len(group) else {}
        seen[place] += 1
        if span := inbox.anchor(text, entity.start_offset, entity.end_offset, None, path, number):
            nodes.append(Node(str(entity.id), entity.label, (span,), values, number))
    links = [Link(link.type, str(link.from_id), str(link.to_id), number) for link in task.relations]
    return Graph(nodes, links)
