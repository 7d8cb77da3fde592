"""Read and write SQLite and DuckDB: one database file with foreign keys, for queries.

The file contains every exported layer. An annotation is a row of ``annotations`` and a row of the
table of its type; its spans are rows of ``spans``, by field and number. Offsets are code points.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from readout.interchange.graph import CUE, LIST_VALUES, VALUES, Graph, Link, Node, to_graph
from readout.interchange.inbox import Inbox, find_files
from readout.interchange.outbox import Outbox, Sheet
from readout.model import ANNOTATION_CLASSES, SPAN_FIELDS

LOSSES = (
    "Registries and metadata are written in part, and are not imported.",
    "Of speakers, aliases, roles and members are not written.",
)
_PLACE = "document TEXT NOT NULL, layer TEXT NOT NULL, id TEXT NOT NULL"
_KEY = "PRIMARY KEY (document, layer, id)"
_OF = "FOREIGN KEY (document, layer, id) REFERENCES annotations (document, layer, id)"
_SPEAKER = "TEXT NOT NULL REFERENCES speakers (speaker_id)"
SQL_TABLES: dict[str, tuple[str, ...]] = {
    "speakers": (
        "speaker_id TEXT PRIMARY KEY",
        "name TEXT",
        "kind TEXT",
        "country TEXT",
        "wikidata TEXT",
    ),
    "topics": ("topic_id TEXT PRIMARY KEY", "label TEXT", "definition TEXT", "parent TEXT"),
    "targets": ("target_id TEXT PRIMARY KEY", "label TEXT", "proposition TEXT"),
    "documents": (
        "doc_id TEXT PRIMARY KEY",
        "title TEXT",
        "published TEXT",
        "outlet TEXT REFERENCES speakers (speaker_id)",
        "event TEXT",
        "language TEXT",
        "split TEXT",
        "text TEXT NOT NULL",
    ),
    "layers": (
        "document TEXT REFERENCES documents (doc_id)",
        "layer TEXT",
        "PRIMARY KEY (document, layer)",
    ),
    "annotations": (
        _PLACE,
        "type TEXT NOT NULL",
        "note TEXT",
        _KEY,
        "FOREIGN KEY (document, layer) REFERENCES layers (document, layer)",
    ),
    "mentions": (_PLACE, f"speaker {_SPEAKER}", _KEY, _OF),
    "quotes": (_PLACE, "form TEXT NOT NULL", f"speaker {_SPEAKER}", "statement TEXT", _KEY, _OF),
    "stances": (
        _PLACE,
        f"holder {_SPEAKER}",
        "target TEXT NOT NULL REFERENCES targets (target_id)",
        "polarity TEXT NOT NULL",
        "expression TEXT NOT NULL",
        _KEY,
        _OF,
    ),
    "passages": (_PLACE, "topic TEXT NOT NULL REFERENCES topics (topic_id)", _KEY, _OF),
    "boilerplate": (_PLACE, "kind TEXT NOT NULL", _KEY, _OF),
    "addressees": (
        _PLACE,
        "number INTEGER",
        f"speaker {_SPEAKER}",
        "PRIMARY KEY (document, layer, id, number)",
        _OF,
    ),
    "spans": (
        _PLACE,
        "field TEXT",
        "number INTEGER",
        '"start" INTEGER NOT NULL',
        '"end" INTEGER NOT NULL',
        "exact TEXT NOT NULL",
        "PRIMARY KEY (document, layer, id, field, number)",
        _OF,
    ),
    "links": (
        _PLACE,
        "role TEXT",
        "head TEXT NOT NULL",
        "PRIMARY KEY (document, layer, id, role)",
        _OF,
        _OF.replace("layer, id)", "layer, head)", 1),
    ),
}
"""The columns of each table; foreign keys refer to earlier tables only."""
_TABLE_OF = {
    "mention": "mentions",
    "quote": "quotes",
    "stance": "stances",
    "topic": "passages",
    "boilerplate": "boilerplate",
}
"""The table of each annotation type."""
Rows = dict[str, list[Sequence[Any]]]


# ---------------------------------------------------------------- out


def export_sqlite(outbox: Outbox) -> None:
    """Write one SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.sqlite"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            for name, rows in _build_rows(outbox).items():
                connection.execute(_format_table(name))
                if rows:
                    placeholders = ", ".join("?" * len(rows[0]))
                    connection.executemany(f"INSERT INTO {name} VALUES ({placeholders})", rows)
            connection.commit()
        outbox.add("corpus.sqlite", path.read_bytes())


def export_duckdb(outbox: Outbox) -> None:
    """Write one DuckDB file.

    Each table is inserted from Arrow, which is many times faster than inserting row by row.
    """
    import duckdb
    import pyarrow as pa

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.duckdb"
        with closing(duckdb.connect(str(path))) as connection:
            for name, rows in _build_rows(outbox).items():
                connection.execute(_format_table(name))
                if rows:
                    columns = [pa.array(column) for column in zip(*rows, strict=True)]
                    titles = [f"c{number}" for number in range(len(columns))]
                    connection.register("rows", pa.table(columns, titles))
                    connection.execute(f"INSERT INTO {name} SELECT * FROM rows")
        outbox.add("corpus.duckdb", path.read_bytes())


def _format_table(name: str) -> str:
    return f"CREATE TABLE {name} ({', '.join(SQL_TABLES[name])})"


def _build_rows(outbox: Outbox) -> Rows:
    """Return the rows of every table by its name, in the order of ``SQL_TABLES``."""
    registries, texts = outbox.registries, outbox.texts
    rows: Rows = {name: [] for name in SQL_TABLES}
    rows["speakers"] = [
        (each.speaker_id, each.name, each.kind, each.country, each.wikidata)
        for each in registries.speakers.values()
    ]
    rows["topics"] = [
        (each.topic_id, each.label, each.definition, each.parent)
        for each in registries.topics.values()
    ]
    rows["targets"] = [
        (each.target_id, each.label, each.proposition) for each in registries.targets.values()
    ]
    for meta in outbox.metas:
        described = (meta.doc_id, meta.title, meta.published, meta.outlet, meta.event)
        rows["documents"].append((*described, meta.language, meta.split, texts[meta.doc_id]))

    for sheet in outbox.sheets:
        for name, row in _iter_table_rows(sheet):
            rows[name].append(row)
    return rows


def _iter_table_rows(sheet: Sheet) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield the rows of one layer, each with the name of its table."""
    graph = to_graph(sheet.records)
    place = (sheet.doc_id, sheet.layer)
    yield "layers", place

    for node in graph.nodes:
        key = (*place, node.key.removesuffix(f"/{CUE}"))
        field = CUE
        if node.label != CUE:
            field = SPAN_FIELDS[ANNOTATION_CLASSES[node.label]][0]  # type: ignore[index]
            values = [node.values.get(name) for name in list_columns(node.label)]
            yield "annotations", (*key, node.label, node.values.get("note"))
            yield _TABLE_OF[node.label], (*key, *values)

        for number, speaker in enumerate(node.values.get("addressees", "").split()):
            yield "addressees", (*key, number, speaker)
        for number, span in enumerate(node.spans):
            yield "spans", (*key, field, number, span.start, span.end, span.exact)

    for link in graph.links:
        if link.label != CUE:
            yield "links", (*place, link.tail, link.label, link.head)


def list_columns(label: str) -> list[str]:
    """Return the columns of the table of an annotation type, after the key."""
    return [
        name for name in VALUES[label] if name not in ("id", "note") and name not in LIST_VALUES
    ]


# ---------------------------------------------------------------- in

RowKey = tuple[str, str, str]
"""Document, layer and id of an annotation."""
Select = Callable[[str, Any], list[Any]]
"""Takes a query and the type of a row, and returns the rows."""


class _UnsafeTableError(Exception):
    """A table of the export is no plain table; the message names it and says what it is."""


def import_sqlite(inbox: Inbox, path: Path) -> None:
    """Read SQLite files with the tables of the export."""
    for file in find_files(path, ".sqlite"):
        address = f"{file.absolute().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True)) as connection:
                _limit_steps(connection, file.stat().st_size)
                _check_sqlite_tables(connection)
                _read_tables(inbox, str(file), partial(_select, connection))
        except (*_UNREADABLE, sqlite3.Error) as error:
            _report_unreadable(inbox, file, error)


def _limit_steps(connection: sqlite3.Connection, size: int) -> None:
    """Interrupt a query that takes more steps than any table of a file of that size needs.

    A step is an instruction of SQLite's virtual machine. A row takes at least ten bytes, and a
    query takes fewer than a hundred steps per row.
    """
    interval = 1_000_000
    left = 20 + 10 * size // interval

    def is_over() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    connection.set_progress_handler(is_over, interval)


def _check_sqlite_tables(connection: sqlite3.Connection) -> None:
    """Refuse views, virtual tables and computed columns: they run code that the file brings.

    Raises:
        _UnsafeTableError: a table of the export is one of these.

    """
    query = "SELECT name, type, coalesce(sql, '') FROM sqlite_master"
    for name, kind, sql in connection.execute(query):
        if name not in SQL_TABLES:
            continue
        if kind != "table" or not sql.upper().startswith("CREATE TABLE"):
            raise _UnsafeTableError(f"{name!r} is a view or a virtual table")
        if any(column[-1] for column in connection.execute(f"PRAGMA table_xinfo({name})")):
            raise _UnsafeTableError(f"{name!r} has a computed column")


def import_duckdb(inbox: Inbox, path: Path) -> None:
    """Read DuckDB files with the tables of the export."""
    import duckdb

    # A view in the file could read other files of this computer.
    safe = {"enable_external_access": "false", "lock_configuration": "true"}
    for file in find_files(path, ".duckdb"):
        try:
            with closing(duckdb.connect(str(file), read_only=True, config=safe)) as connection:
                _check_duckdb_tables(connection)
                _read_tables(inbox, str(file), partial(_select, connection))
        except (*_UNREADABLE, duckdb.Error) as error:
            _report_unreadable(inbox, file, error)


def _check_duckdb_tables(connection: Any) -> None:
    """Refuse views: they run code that the file brings.

    Raises:
        _UnsafeTableError: a table of the export is a view.

    """
    query = "SELECT table_name, table_type FROM information_schema.tables"
    for name, kind in connection.execute(query).fetchall():
        if name in SQL_TABLES and kind != "BASE TABLE":
            raise _UnsafeTableError(f"{name!r} is a view")


_UNREADABLE = (_UnsafeTableError, UnicodeDecodeError, msgspec.ValidationError, OverflowError)


def _report_unreadable(inbox: Inbox, file: Path, error: Exception) -> None:
    message = f"The file is not a database with the tables of the export: {error}."
    inbox.report("foreign-syntax", str(file), message, "export it again.")


def _select(connection: Any, query: str, row_type: Any) -> list[Any]:
    """Return the rows of a query, converted to a type.

    SQLite lets any column contain values of any type, so the conversion is a check.
    """
    rows = connection.execute(query).fetchall()
    found: list[Any] = msgspec.convert(rows, list[row_type])
    return found


def _read_tables(inbox: Inbox, path: str, select: Select) -> None:
    texts = dict(select("SELECT doc_id, text FROM documents", tuple[str, str]))
    values = _read_values(select)
    nodes = _read_nodes(inbox, path, select, values)
    links = _read_links(select)

    query = "SELECT document, layer FROM layers ORDER BY document, layer"
    for document, layer in select(query, tuple[str, str]):
        text = inbox.find_text(path, document)
        if text is None or not inbox.check_text(path, text, texts.get(document, "")):
            continue

        graph = Graph(nodes.get((document, layer), []), links.get((document, layer), []))
        for node in graph.nodes:
            if node.label == CUE:
                graph.links.append(Link(CUE, node.key.removesuffix(f"/{CUE}"), node.key))
        inbox.add_layer(path, document, graph, inbox.to_author(layer))


def _read_links(select: Select) -> dict[tuple[str, str], list[Link]]:
    """Return the links by document and layer."""
    query = "SELECT document, layer, id, role, head FROM links"
    links: dict[tuple[str, str], list[Link]] = {}
    for document, layer, tail, role, head in select(query, tuple[str, str, str, str, str]):
        links.setdefault((document, layer), []).append(Link(role, tail, head))
    return links


def _read_values(select: Select) -> dict[RowKey, dict[str, str]]:
    """Return the values of annotations by key, with the annotation type as ``type``."""
    values: dict[RowKey, dict[str, str]] = {}

    query = "SELECT document, layer, id, type, note FROM annotations"
    for document, layer, name, label, note in select(query, tuple[str, str, str, str, str | None]):
        found = values[document, layer, name] = {"id": name, "type": label}
        if note:
            found["note"] = note

    for label, table in _TABLE_OF.items():
        columns = list_columns(label)
        query = f"SELECT document, layer, id, {', '.join(columns)} FROM {table}"
        for document, layer, name, *cells in select(query, tuple[str | None, ...]):
            found = values.setdefault((document, layer, name), {})
            for column, cell in zip(columns, cells, strict=True):
                if cell:
                    found[column] = cell

    query = "SELECT document, layer, id, speaker FROM addressees ORDER BY number"
    for document, layer, name, speaker in select(query, tuple[str, str, str, str]):
        found = values.setdefault((document, layer, name), {})
        found["addressees"] = f"{found.get('addressees', '')} {speaker}".strip()
    return values


def _read_nodes(
    inbox: Inbox, path: str, select: Select, values: dict[RowKey, dict[str, str]]
) -> dict[tuple[str, str], list[Node]]:
    """Return the nodes by document and layer; spans of unknown documents are skipped."""
    nodes: dict[tuple[str, str], dict[str, Node]] = {}
    query = 'SELECT document, layer, id, field, "start", "end", exact FROM spans ORDER BY number'
    row_type = tuple[str, str, str, str, int, int, str]

    without_spans = dict.fromkeys(values)
    for document, layer, name, field, start, end, exact in select(query, row_type):
        if field != CUE:
            without_spans.pop((document, layer, name), None)
        text = inbox.texts.get(document)
        span = inbox.anchor_span(text, start, end, exact, path) if text is not None else None
        if span is None:
            continue

        if field == CUE:
            new = Node(f"{name}/{CUE}", CUE, (), {})
        else:
            given = dict(values.get((document, layer, name), {}))
            label = given.pop("type", "")
            new = Node(name, label, (), given)
        found = nodes.setdefault((document, layer), {})
        node = found.get(new.key, new)
        found[new.key] = node._replace(spans=(*node.spans, span))

    for document, layer, name in without_spans:
        message = f"The annotation {name!r} of {document!r} in the layer {layer!r} has no spans."
        hint = "add its rows to the table 'spans', or remove its other rows."
        inbox.report("foreign-value", path, message, hint)
    return {place: list(found.values()) for place, found in nodes.items()}
