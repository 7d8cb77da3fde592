"""SQLite and DuckDB: one database file with foreign keys, for those who query.

Every layer is in it. An annotation is a row of ``annotations`` and of the table of its type; its spans are rows of
``spans``, by field and number. Offsets are code points.
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

from readout.interchange.graph import CUE, LISTS, VALUES, Graph, Link, Node, to_graph
from readout.interchange.inbox import Inbox, find_files
from readout.interchange.outbox import Outbox, Sheet
from readout.model import ANNOTATION_CLASSES, SPAN_FIELDS

LOSSES = (
    "Registries and metadata are written in part (aliases, roles and members of speakers are not) and not imported.",
)
_PLACE = "document TEXT NOT NULL, layer TEXT NOT NULL, id TEXT NOT NULL"
_KEY = "PRIMARY KEY (document, layer, id)"
_OF = "FOREIGN KEY (document, layer, id) REFERENCES annotations (document, layer, id)"
_SPEAKER = "TEXT NOT NULL REFERENCES speakers (speaker_id)"
SQL_TABLES: dict[str, tuple[str, ...]] = {
    "speakers": ("speaker_id TEXT PRIMARY KEY", "name TEXT", "kind TEXT", "country TEXT", "wikidata TEXT"),
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
    "layers": ("document TEXT REFERENCES documents (doc_id)", "layer TEXT", "PRIMARY KEY (document, layer)"),
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
    "addressees": (_PLACE, "number INTEGER", f"speaker {_SPEAKER}", "PRIMARY KEY (document, layer, id, number)", _OF),
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
"""The tables in an order in which every foreign key refers to an earlier one, each with its columns."""
_TABLE_OF = {"mention": "mentions", "quote": "quotes", "stance": "stances", "topic": "passages"} | {
    "boilerplate": "boilerplate"
}
Rows = dict[str, list[Sequence[Any]]]


# ---------------------------------------------------------------- out


def export_sqlite(outbox: Outbox) -> None:
    """Write one SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.sqlite"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            for name, rows in _make_rows(outbox).items():
                connection.execute(_format_table(name))
                if rows:
                    places = ", ".join("?" * len(rows[0]))
                    connection.executemany(f"INSERT INTO {name} VALUES ({places})", rows)
            connection.commit()
        outbox.add("corpus.sqlite", path.read_bytes())


def export_duckdb(outbox: Outbox) -> None:
    """Write one DuckDB file; rows pass as Arrow tables, which is many times as fast as one by one."""
    import duckdb
    import pyarrow as pa

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.duckdb"
        with closing(duckdb.connect(str(path))) as connection:
            for name, rows in _make_rows(outbox).items():
                connection.execute(_format_table(name))
                if rows:
                    columns = [pa.array(column) for column in zip(*rows, strict=True)]
                    connection.register("rows", pa.table(columns, [f"c{n}" for n in range(len(columns))]))
                    connection.execute(f"INSERT INTO {name} SELECT * FROM rows")
        outbox.add("corpus.duckdb", path.read_bytes())


def _format_table(name: str) -> str:
    return f"CREATE TABLE {name} ({', '.join(SQL_TABLES[name])})"


def _make_rows(outbox: Outbox) -> Rows:
    registries, texts = outbox.registries, outbox.texts
    rows: Rows = {name: [] for name in SQL_TABLES}
    rows["speakers"] = [(s.speaker_id, s.name, s.kind, s.country, s.wikidata) for s in registries.speakers.values()]
    rows["topics"] = [(t.topic_id, t.label, t.definition, t.parent) for t in registries.topics.values()]
    rows["targets"] = [(t.target_id, t.label, t.proposition) for t in registries.targets.values()]
    rows["documents"] = [
        (m.doc_id, m.title, m.published, m.outlet, m.event, m.language, m.split, texts[m.doc_id]) for m in outbox.metas
    ]
    for sheet in outbox.sheets:
        for name, row in _iter_table_rows(sheet):
            rows[name].append(row)
    return rows


def _iter_table_rows(sheet: Sheet) -> Iterator[tuple[str, Sequence[Any]]]:
    graph = to_graph(sheet.records)
    yield "layers", (sheet.name, sheet.layer)
    for node in graph.nodes:
        key = (sheet.name, sheet.layer, node.key.removesuffix(f"/{CUE}"))
        field = CUE
        if node.label != CUE:
            field = SPAN_FIELDS[ANNOTATION_CLASSES[node.label]][0]  # type: ignore[index]
            yield "annotations", (*key, node.label, node.values.get("note"))
            yield _TABLE_OF[node.label], (*key, *(node.values.get(name) for name in own_columns(node.label)))
        for number, speaker in enumerate(node.values.get("addressees", "").split()):
            yield "addressees", (*key, number, speaker)
        for number, span in enumerate(node.spans):
            yield "spans", (*key, field, number, span.start, span.end, span.exact)
    for link in graph.links:
        if link.label != CUE:
            yield "links", (sheet.name, sheet.layer, link.tail, link.label, link.head)


def own_columns(label: str) -> list[str]:
    """Return the columns of the table of an annotation type, after the key."""
    return [name for name in VALUES[label] if name not in ("id", "note") and name not in LISTS]


# ---------------------------------------------------------------- in

RowKey = tuple[str, str, str]
Select = Callable[[str, type], list[Any]]


def import_sqlite(inbox: Inbox, path: Path) -> None:
    """Read SQLite files of this form."""
    for file in find_files(path, ".sqlite"):
        try:
            with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                _read_tables(inbox, str(file), partial(_select, connection))
        except (sqlite3.Error, UnicodeDecodeError, msgspec.ValidationError) as error:
            _refuse(inbox, file, error)


def import_duckdb(inbox: Inbox, path: Path) -> None:
    """Read DuckDB files of this form."""
    import duckdb

    for file in find_files(path, ".duckdb"):
        try:
            with closing(duckdb.connect(str(file), read_only=True)) as connection:
                _read_tables(inbox, str(file), partial(_select, connection))
        except (duckdb.Error, UnicodeDecodeError, msgspec.ValidationError) as error:
            _refuse(inbox, file, error)


def _refuse(inbox: Inbox, file: Path, error: Exception) -> None:
    inbox.report("foreign-syntax", str(file), f"The file is no database of this form: {error}.", "export it again.")


def _select(connection: Any, query: str, row_type: type) -> list[Any]:
    """Return the rows of a query, of the types that are expected: SQLite lets any column hold anything."""
    rows = connection.execute(query).fetchall()
    found: list[Any] = msgspec.convert(rows, list[row_type])  # type: ignore[valid-type]
    return found


def _read_tables(inbox: Inbox, path: str, select: Select) -> None:
    texts = dict(select("SELECT doc_id, text FROM documents", tuple[str, str]))
    values = _read_values(select)
    nodes = _read_nodes(inbox, path, select, values)
    links = select("SELECT document, layer, id, role, head FROM links", tuple[str, str, str, str, str])
    for document, layer in select("SELECT document, layer FROM layers ORDER BY document, layer", tuple[str, str]):
        text = inbox.find_text(path, document)
        if text is not None and inbox.check_text(path, text, texts.get(document, "")):
            graph = Graph(nodes.get((document, layer), []), [])
            graph.links.extend(Link(row[3], row[2], row[4]) for row in links if row[:2] == (document, layer))
            cues = [node.key for node in graph.nodes if node.label == CUE]
            graph.links.extend(Link(CUE, key.removesuffix(f"/{CUE}"), key) for key in cues)
            inbox.add_layer(path, document, graph, layer)


def _read_values(select: Select) -> dict[RowKey, dict[str, str]]:
    values: dict[RowKey, dict[str, str]] = {}
    for *key, label, note in select(
        "SELECT document, layer, id, type, note FROM annotations", tuple[str, str, str, str, str | None]
    ):
        values[key[0], key[1], key[2]] = {"id": key[2], "type": label} | ({"note": note} if note else {})
    for table in _TABLE_OF.items():
        names = own_columns(table[0])
        for row in select(f"SELECT document, layer, id, {', '.join(names)} FROM {table[1]}", tuple[str | None, ...]):
            given = {name: value for name, value in zip(names, row[3:], strict=True) if value}
            values.setdefault((row[0], row[1], row[2]), {}).update(given)
    for *key, speaker in select(
        "SELECT document, layer, id, speaker FROM addressees ORDER BY number", tuple[str, str, str, str]
    ):
        found = values.setdefault((key[0], key[1], key[2]), {})
        found["addressees"] = f"{found.get('addressees', '')} {speaker}".strip()
    return values


def _read_nodes(
    inbox: Inbox, path: str, select: Select, values: dict[RowKey, dict[str, str]]
) -> dict[tuple[str, str], list[Node]]:
    nodes: dict[tuple[str, str], dict[str, Node]] = {}
    query = 'SELECT document, layer, id, field, "start", "end", exact FROM spans ORDER BY number'
    for document, layer, name, field, start, end, exact in select(query, tuple[str, str, str, str, int, int, str]):
        text = inbox.texts.get(document)
        span = inbox.anchor(text, start, end, exact, path) if text is not None else None
        given = dict(values.get((document, layer, name), {}))
        label = CUE if field == CUE else given.pop("type", "")
        key = f"{name}/{CUE}" if field == CUE else name
        made = nodes.setdefault((document, layer), {})
        if span:
            old = made.get(key, Node(key, label, (), {} if field == CUE else given))
            made[key] = old._replace(spans=(*old.spans, span))
    return {place: list(made.values()) for place, made in nodes.items()}
