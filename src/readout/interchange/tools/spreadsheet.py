"""Read and write CSV and TSV for spreadsheets: one row per annotation.

The export also writes tables of the documents and the registries. Offsets are code points, written
as ``12-43``, or as ``12-43 50-61`` for a discontinuous span. An apostrophe precedes a cell that a
spreadsheet would read as a formula. CSV files start with a byte order mark, because without one
Excel guesses the encoding.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from readout.interchange.graph import CUE, LINK_FIELDS, VALUE_ROLES, Graph, Link, Node, to_graph
from readout.interchange.inbox import Inbox, find_files, parse_offset, read_foreign_text
from readout.interchange.outbox import Outbox, Sheet
from readout.model import Span

LOSSES = (
    "Of the texts, only the words of the spans are written.",
    "Registries and metadata are written in part, as tables for reference, and are not imported.",
    "A document without annotations has no row, so the import makes no layer of it.",
    "The export refuses words and notes with U+0000, which spreadsheets cannot represent.",
)
SHEET_COLUMNS = (
    "document",
    "layer",
    "type",
    "id",
    "spans",
    "words",
    "cue",
    "cue_words",
    *(name for name in VALUE_ROLES if name not in ("id", "note")),
    *LINK_FIELDS,
    "note",
)
_DOCUMENT_COLUMNS = ("doc_id", "title", "published", "outlet", "event", "split")
_REGISTRY_COLUMNS = {
    "speakers": ("speaker_id", "name", "kind", "country"),
    "topics": ("topic_id", "label", "definition", "parent"),
    "targets": ("target_id", "label", "proposition", "counter", "favor_means", "against_means"),
}
_DIALECTS = {".csv": "excel", ".tsv": "excel-tab"}
_SEPARATOR = " … "


# ---------------------------------------------------------------- out


def export_csv(outbox: Outbox) -> None:
    """Write the annotations, the documents and the registries as CSV."""
    _export_tables(outbox, ".csv")


def export_tsv(outbox: Outbox) -> None:
    """Write the annotations, the documents and the registries as TSV."""
    _export_tables(outbox, ".tsv")


def _export_tables(outbox: Outbox, suffix: str) -> None:
    rows = [row for sheet in outbox.sheets for row in _iter_rows(outbox, sheet)]
    outbox.add(f"annotations{suffix}", format_rows(suffix, SHEET_COLUMNS, rows))

    tables: dict[str, tuple[tuple[str, ...], Iterable[Any]]] = {
        "documents": (_DOCUMENT_COLUMNS, outbox.metas)
    }
    for registry, columns in _REGISTRY_COLUMNS.items():
        tables[registry] = columns, getattr(outbox.registries, registry).values()
    for name, (columns, entries) in tables.items():
        cells = [[getattr(entry, column) for column in columns] for entry in entries]
        outbox.add(f"{name}{suffix}", format_rows(suffix, columns, cells))


def _iter_rows(outbox: Outbox, sheet: Sheet) -> Iterator[list[str]]:
    """Yield the rows of a sheet; a row with a character U+0000 is reported."""
    graph = to_graph(sheet.records)
    nodes = {node.key: node for node in graph.nodes}
    heads = {(link.tail, link.label): link.head for link in graph.links}

    for node in graph.nodes:
        if node.label == CUE:
            continue

        cells = {"document": sheet.doc_id, "layer": sheet.layer, "type": node.label, **node.values}
        cells["spans"] = _format_places(node.spans)
        cells["words"] = _format_words(node.spans)
        cue_key = heads.get((node.key, CUE))
        if cue_key is not None:
            cells["cue"] = _format_places(nodes[cue_key].spans)
            cells["cue_words"] = _format_words(nodes[cue_key].spans)
        for name in LINK_FIELDS:
            cells[name] = heads.get((node.key, name), "")

        if any("\0" in cell for cell in cells.values()):
            message = f"The {node.label} {node.key!r} contains the character U+0000."
            outbox.refuse(sheet, message, "export it in another format.")
            continue
        yield [cells.get(name, "") for name in SHEET_COLUMNS]


def _format_places(spans: Iterable[Span]) -> str:
    return " ".join(f"{span.start}-{span.end}" for span in spans)


def _format_words(spans: Iterable[Span]) -> str:
    return _SEPARATOR.join(span.exact for span in spans)


def format_rows(suffix: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows as CSV or TSV, depending on the suffix of the file."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, dialect=_DIALECTS[suffix], quoting=csv.QUOTE_MINIMAL)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_escape_formula(str(value or "")) for value in row])

    encoding = "utf-8-sig" if suffix == ".csv" else "utf-8"
    return file.getvalue().encode(encoding)


def _escape_formula(cell: str) -> str:
    """Return a cell with an apostrophe before it if it looks like a formula or starts with one."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "'", "\t", "\r") else cell


# ---------------------------------------------------------------- in


def import_csv(inbox: Inbox, path: Path) -> None:
    """Read ``annotations.csv``, or another file with its columns."""
    _import_table(inbox, path, ".csv")


def import_tsv(inbox: Inbox, path: Path) -> None:
    """Read ``annotations.tsv``, or another file with its columns."""
    _import_table(inbox, path, ".tsv")


def _import_table(inbox: Inbox, path: Path, suffix: str) -> None:
    for file in find_files(path, f"annotations{suffix}"):
        content = read_foreign_text(inbox, file)
        if content is None:
            continue

        reader = SheetReader(inbox, str(file))
        required = ("document", "type", "spans")
        for line, row in read_rows(inbox, str(file), content, suffix, required):
            reader.read(line, row)
        for (doc_id, layer), graph in reader.graphs.items():
            inbox.add_layer(str(file), doc_id, graph, inbox.to_author(layer))


def read_rows(
    inbox: Inbox, path: str, content: str, suffix: str, required: Iterable[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a table by column, each with the number of its last line.

    Report a table without one of the required columns, or with a syntax error.
    """
    file = io.StringIO(content, newline="")
    reader = csv.DictReader(file, dialect=_DIALECTS[suffix], strict=True)
    try:
        columns = list(reader.fieldnames or ())
        missing = [name for name in required if name not in columns]
        if missing:
            message = f"The table has no column {missing[0]!r}. Got {columns}."
            hint = f"name the columns in the first row, {missing[0]!r} among them."
            if any(";" in name for name in columns):
                hint = "save the table with commas between the columns, not semicolons."
            inbox.report("foreign-syntax", path, message, hint, 1)
            return

        for row in reader:
            cells = {name: value or "" for name, value in row.items() if name is not None}
            yield reader.line_num, cells
    except csv.Error as error:
        message = f"The table cannot be read: {error}."
        hint = "save it again as CSV with quotation marks."
        # ``DictReader.line_num`` is the line of the last complete row, so ask the inner reader.
        line = reader.reader.line_num
        inbox.report("foreign-syntax", path, message, hint, line)


class SheetReader:
    """Collects the graphs of a table by document and layer."""

    def __init__(self, inbox: Inbox, path: str) -> None:
        self.inbox, self.path = inbox, path
        self.graphs: dict[tuple[str, str], Graph] = {}

    def read(self, line: int, row: dict[str, str]) -> None:
        """Add the nodes and links of one row."""
        row = {name: value.removeprefix("'") for name, value in row.items()}
        doc_id = row["document"]
        text = self.inbox.find_text(self.path, doc_id, line)
        if text is None:
            return

        graph = self.graphs.setdefault((doc_id, row.get("layer", "")), Graph([], []))
        spans = self._read_places(text, row["spans"], row.get("words", ""), line)
        cue: tuple[Span, ...] | None = ()
        if row.get("cue"):
            cue = self._read_places(text, row["cue"], row.get("cue_words", ""), line)
        if spans is None or cue is None:
            return

        key = row.get("id") or f"line {line}"
        values = {name: value for name, value in row.items() if name in VALUE_ROLES and value}
        graph.nodes.append(Node(key, row["type"], spans, values, line))
        for name in LINK_FIELDS:
            if row.get(name):
                graph.links.append(Link(name, key, row[name], line))
        if cue:
            cue_key = f"{key}/{CUE}"
            graph.nodes.append(Node(cue_key, CUE, cue, {}, line))
            graph.links.append(Link(CUE, key, cue_key, line))

    def _read_places(
        self, text: str, places: str, words: str, line: int
    ) -> tuple[Span, ...] | None:
        """Return the spans of a cell such as ``12-43 50-61``.

        Report a problem and return None if one of them is invalid.
        """
        if not re.fullmatch(r"[0-9]+-[0-9]+( [0-9]+-[0-9]+)*", places):
            message = f"Got the spans {places!r}. Expected START-END, separated by spaces."
            self.inbox.report("foreign-syntax", self.path, message, "correct the cell.", line)
            return None

        pairs = [place.split("-") for place in places.split()]
        single_words = words if words and len(pairs) == 1 else None
        found = []
        for start, end in pairs:
            span = self.inbox.anchor_span(
                text, parse_offset(start), parse_offset(end), single_words, self.path, line
            )
            if span is not None:
                found.append(span)
        if len(found) < len(pairs):
            return None

        covered = _format_words(found)
        if words and words != covered:
            message = f"Got {words!r}. The text at {places} is {covered!r}."
            hint = "correct the spans or the words."
            self.inbox.report("foreign-span", self.path, message, hint, line)
        return tuple(found)
