"""Read and write doccano: one JSONL file for a sequence labelling project with relations.

Each line has ``text``, ``entities`` and ``relations``. The export adds the document, the layer and
the values that an entity cannot have under other keys: doccano imports unknown keys as metadata and
exports them again. Projects without relations have ``label`` lists, and those for intents have
``entities`` that are lists; both are imported too. Categories of whole texts are left out.

The editor of doccano is written in JavaScript: its offsets count UTF-16 code units or, if a project
says so, grapheme clusters. The export counts UTF-16 code units. The import chooses the unit in
which spans are whole words; if that does not decide it, it asks for ``--offsets``.
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
from readout.interchange.units import Place
from readout.text.find import Unit, map_offsets

LOSSES = (
    "The export counts UTF-16 code units, so import it into a project without grapheme clusters.",
    "doccano has no attributes, so values are metadata that belongs to a label and offsets.",
    "An entity moved or relabelled in doccano loses its values; the import reports required ones.",
    "Two annotations with the same label and offsets swap their values if doccano reorders them.",
)


_UNIT: Unit = "utf-16"


def export_doccano(outbox: Outbox) -> None:
    """Write one line per layer of a document."""
    lines = [msgspec.json.encode(_sheet_to_line(sheet)) + b"\n" for sheet in outbox.sheets]
    outbox.add("doccano.jsonl", b"".join(lines))


def _sheet_to_line(sheet: Sheet) -> dict[str, Any]:
    pieces, links = to_pieces(sheet)
    units = map_offsets(sheet.text, _UNIT).foreign
    numbers: dict[str, int] = {}
    entities = []
    values: dict[str, list[dict[str, str]]] = {}

    for number, (node, span) in enumerate(pieces, 1):
        numbers[node.key] = number
        start, end = int(units[span.start]), int(units[span.end])
        place = {"label": node.label, "start_offset": start, "end_offset": end}
        entities.append({"id": number, **place})
        values.setdefault(_format_place(node.label, start, end), []).append(dict(node.values))

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
        "offsets": _UNIT,
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
    """A line of doccano's export; other keys are ignored.

    ``data`` is what versions before 1.5 call the text. ``offsets`` is the unit, if the line was
    exported from here.
    """

    text: str = ""
    data: str = ""
    document: str | None = None
    layer: str = ""
    entities: list[Entity | tuple[int, int, str]] = []
    relations: list[DoccanoRelation] = []
    label: list[tuple[int, int, str]] = []
    labels: list[tuple[int, int, str]] = []
    cats: list[str] = []
    values: dict[str, list[dict[str, str]]] = {}
    offsets: str = ""

    @property
    def content(self) -> str:
        """Return the text."""
        return self.text or self.data

    @property
    def all_entities(self) -> list[Entity]:
        """Return the entities; one that is a list has the number of its place as its id."""
        found = []
        for number, entity in enumerate(self.entities or self.label or self.labels, 1):
            if isinstance(entity, Entity):
                found.append(entity)
            else:
                start, end, label = entity
                found.append(Entity(number, label, start, end))
        return found


def import_doccano(inbox: Inbox, path: Path) -> None:
    """Read the lines of doccano's JSONL export.

    ``document`` is the id of the document; without it, the text says which document it is.
    """
    lines = []
    files = find_files(path, ".jsonl")
    for file in files:
        for number, task in read_json_lines(inbox, file, DoccanoLine):
            if task.content:
                lines.append((file, number, task))
            else:
                hint = "add the key 'text', as doccano exports it, or remove the line."
                inbox.report("foreign-syntax", str(file), "The line has no text.", hint, number)

    _settle_unit(inbox, path, [task for _, _, task in lines])
    for file, number, task in lines:
        found = inbox.find_document(str(file), task.document, task.content, number)
        if found is not None:
            for _ in task.cats:
                inbox.tell("A category of a whole text is left out.", str(file), number)
            graph = _line_to_graph(inbox, str(file), number, found.text, task)
            # A project with several annotators is exported as one file for each, with his name.
            author = file.stem if len(files) > 1 else inbox.to_author(task.layer)
            inbox.add_layer(str(file), found.doc_id, graph, author)


def _settle_unit(inbox: Inbox, path: Path, tasks: list[DoccanoLine]) -> None:
    """Set the unit of offsets: that of the export, or the one in which spans are whole words."""
    if all(task.offsets == _UNIT for task in tasks) and not inbox.is_unit_given:
        inbox.unit = _UNIT
        return

    places = [
        Place(task.content, entity.start_offset, entity.end_offset)
        for task in tasks
        for entity in task.all_entities
    ]
    inbox.settle_unit(str(path), places, _UNIT)


def _line_to_graph(inbox: Inbox, path: str, number: int, text: str, task: DoccanoLine) -> Graph:
    seen: Counter[str] = Counter()
    nodes = []
    for entity in task.all_entities:
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
