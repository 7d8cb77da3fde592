"""CSV and TSV for users of spreadsheets: one row an annotation, and the registries to look its entries up in.

Offsets are code points: ``12-43`` or, of a discontinuous span, ``12-43 50-61``. A cell that a spreadsheet would take
for a formula starts with an apostrophe. CSV files start with a byte order mark, without which Excel guesses.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from readout.interchange.graph import CUE, LINK_FIELDS, VALUE_ROLES, Graph, Link, Node, to_graph
from readout.interchange.inbox import Inbox, find_files, read_foreign_text
from readout.interchange.outbox import Outbox, Sheet
from readout.model import Span

LOSSES = (
    "The texts are not written, only the words of the spans; registries are written for looking up, not imported.",
    "A document without annotations leaves no row, and so no layer.",
    "A character U+0000 in a text or note is refused on export, as no spreadsheet can hold it.",
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
_BETWEEN = " … "


# ---------------------------------------------------------------- out


def export_csv(outbox: Outbox) -> None:
    """Write the annotations and the registries as CSV."""
    _export_tables(outbox, ".csv")


def export_tsv(outbox: Outbox) -> None:
    """Write the annotations and the registries as TSV."""
    _export_tables(outbox, ".tsv")


def _export_tables(outbox: Outbox, suffix: str) -> None:
    rows = [row for sheet in outbox.sheets for row in _iter_sheet_rows(outbox, sheet)]
    outbox.add(f"annotations{suffix}", format_rows(suffix, SHEET_COLUMNS, rows))
    metas = [[meta.doc_id, meta.title, meta.published, meta.outlet, meta.event, meta.split] for meta in outbox.metas]
    columns: tuple[str, ...] = ("doc_id", "title", "published", "outlet", "event", "split")
    outbox.add(f"documents{suffix}", format_rows(suffix, columns, metas))
    for vocabulary in ("speakers", "topics", "targets"):
        entries = getattr(outbox.registries, vocabulary)
        columns = _REGISTRY_COLUMNS[vocabulary]
        listed = [[getattr(entry, column) for column in columns] for entry in entries.values()]
        outbox.add(f"{vocabulary}{suffix}", format_rows(suffix, columns, listed))


_REGISTRY_COLUMNS = {
    "speakers": ("speaker_id", "name", "kind", "country"),
    "topics": ("topic_id", "label", "definition", "parent"),
    "targets": ("target_id", "label", "proposition", "favor_means", "against_means"),
}


def _iter_sheet_rows(outbox: Outbox, sheet: Sheet) -> Iterator[list[str]]:
    graph = to_graph(sheet.records)
    nodes = {node.key: node for node in graph.nodes}
    links = {(link.tail, link.label): link.head for link in graph.links}
    for node in graph.nodes:
        if node.label == CUE:
            continue
        cue = nodes.get(links.get((node.key, CUE), ""))
        cells = {"document": sheet.name, "layer": sheet.layer, "type": node.label, **node.values}
        cells |= {"spans": _format_places(node.spans), "words": _format_words(node.spans)}
        cells |= {"cue": _format_places(cue.spans), "cue_words": _format_words(cue.spans)} if cue else {}
        cells |= {name: links.get((node.key, name), "") for name in LINK_FIELDS}
        if any("\0" in cell for cell in cells.values()):
            message = f"The {node.label} {node.key!r} holds the character U+0000."
            outbox.refuse(sheet, message, "export it in another format.")
            continue
        yield [cells.get(name, "") for name in SHEET_COLUMNS]


def _format_places(spans: Iterable[Span]) -> str:
    return " ".join(f"{span.start}-{span.end}" for span in spans)


def _format_words(spans: Iterable[Span]) -> str:
    return _BETWEEN.join(span.exact for span in spans)


def format_rows(suffix: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows as CSV or TSV, by the suffix of the file."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, dialect=_DIALECTS[suffix], quoting=csv.QUOTE_MINIMAL)
    writer.writerow(columns)
    writer.writerows([_guard(str(value or "")) for value in row] for row in rows)
    return file.getvalue().encode("utf-8-sig" if suffix == ".csv" else "utf-8")


_DIALECTS = {".csv": "excel", ".tsv": "excel-tab"}


def _guard(cell: str) -> str:
    """Put an apostrophe before a cell that a spreadsheet would compute, or that starts with one."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "'", "\t", "\r") else cell


# ---------------------------------------------------------------- in


def import_csv(inbox: Inbox, path: Path) -> None:
    """Read ``annotations.csv``, or another file of its columns."""
    _import(inbox, path, ".csv")


def import_tsv(inbox: Inbox, path: Path) -> None:
    """Read ``annotations.tsv``, or another file of its columns."""
    _import(inbox, path, ".tsv")


def _import(inbox: Inbox, path: Path, suffix: str) -> None:
    for file in find_files(path, f"annotations{suffix}"):
        content = read_foreign_text(inbox, file)
        if content is None:
            continue
        reader = SheetReader(inbox, str(file))
        for line, row in read_rows(inbox, str(file), content, suffix, ("document", "type", "spans")):
            reader.read(line, row)
        for (name, layer), graph in reader.graphs.items():
            inbox.add_layer(str(file), name, graph, layer)


def read_rows(
    inbox: Inbox, path: str, content: str, suffix: str, required: Iterable[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a table by column, with the line that each ends on."""
    reader = csv.DictReader(io.StringIO(content, newline=""), dialect=_DIALECTS[suffix], strict=True)
    try:
        missing = [name for name in required if name not in (reader.fieldnames or ())]
        if missing:
            message = f"The table lacks the column {missing[0]!r}. Got {list(reader.fieldnames or ())}."
            inbox.report("foreign-syntax", path, message, "keep the first row with the names of the columns.", 1)
            return
        for row in reader:
            yield reader.line_num, {name: value or "" for name, value in row.items() if name is not None}
    except csv.Error as error:
        message = f"The table cannot be read: {error}."
        # The line of the dictionary reader is that of the last whole row.
        line = reader.reader.line_num
        inbox.report("foreign-syntax", path, message, "save it again as CSV with quotation marks.", line)


class SheetReader:
    """Collects the graphs of a table by document and layer."""

    def __init__(self, inbox: Inbox, path: str) -> None:
        self.inbox, self.path = inbox, path
        self.graphs: dict[tuple[str, str], Graph] = {}

    def read(self, line: int, row: dict[str, str]) -> None:
        """Add the nodes and links of one row."""
        row = {name: value.removeprefix("'") for name, value in row.items()}
        text = self.inbox.find_text(self.path, row["document"], line)
        if text is None:
            return
        graph = self.graphs.setdefault((row["document"], row.get("layer", "")), Graph([], []))
        key = row.get("id") or f"line {line}"
        spans = self._read_places(text, row["spans"], row.get("words", ""), line)
        cue = self._read_places(text, row["cue"], row.get("cue_words", ""), line) if row.get("cue") else ()
        values = {name: value for name, value in row.items() if name in VALUE_ROLES and value}
        if spans is None or cue is None:
            return
        graph.nodes.append(Node(key, row["type"], spans, values, line))
        graph.links.extend(Link(name, key, row[name], line) for name in LINK_FIELDS if row.get(name))
        if cue:
            graph.nodes.append(Node(f"{key}/{CUE}", CUE, cue, {}, line))
            graph.links.append(Link(CUE, key, f"{key}/{CUE}", line))

    def _read_places(self, text: str, places: str, words: str, line: int) -> tuple[Span, ...] | None:
        if not re.fullmatch(r"[0-9]+-[0-9]+( [0-9]+-[0-9]+)*", places):
            message = f"Got the spans {places!r}. Expected START-END, with a space between several."
            self.inbox.report("foreign-syntax", self.path, message, "correct the cell.", line)
            return None
        pairs = [tuple(map(int, place.split("-"))) for place in places.split()]
        single = words or None if len(pairs) == 1 else None
        spans = [self.inbox.anchor(text, start, end, single, self.path, line) for start, end in pairs]
        found = tuple(span for span in spans if span)
        if len(found) < len(pairs):
            return None
        if words and words != _format_words(found):
            message = f"Got {words!r}. The text at {places} is {_format_words(found)!r}."
            self.inbox.report("foreign-span", self.path, message, "correct the spans or the words.", line)
        return found
