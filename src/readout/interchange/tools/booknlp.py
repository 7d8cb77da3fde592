"""Import what BookNLP finds in a book: quotes with their speakers, and entities with coreference.

BookNLP writes tables with tabs: ``.tokens``, ``.entities`` and ``.quotes``. A quote becomes an
annotation ``quote``, with a link ``source`` to the entity that is its mention. An entity has its
category as its label, such as ``PER``, and its kind (``prop``) as a value. Both have the number of
their character (``char``) and its ``name``: the proper name that is most frequent, or else the most
frequent words. The mapping ``booknlp`` takes quotes and persons. The tokens are found in the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from readout.interchange.blocks import Block, Placed, place_blocks
from readout.interchange.graph import Graph, Link, Node
from readout.interchange.inbox import Inbox, find_files, parse_offset, read_foreign_text

LOSSES = (
    "Supersenses, events, trees and what a `.book` file says of characters are not imported.",
    "A character is a name; which registered speaker it is, the mapping says.",
)
_COLUMNS = {
    ".tokens": ("sentence_ID", "word"),
    ".entities": ("COREF", "start_token", "end_token", "prop", "cat", "text"),
    ".quotes": ("quote_start", "quote_end", "mention_start", "mention_end", "char_id"),
}


class _Row(dict[str, str]):
    """The cells of a row by column, with its line in the file."""

    line = 0


def import_booknlp(inbox: Inbox, path: Path) -> None:
    """Read tables of BookNLP, each named after its document."""
    for file in find_files(path, ".tokens"):
        base = file.with_suffix("")
        tables = {}
        for suffix in _COLUMNS:
            table = base.with_name(f"{base.name}{suffix}")
            tables[suffix] = _read_table(inbox, table, suffix) if table.is_file() else []
        if tables[".tokens"]:
            _read_book(inbox, base, tables)

    for file in find_files(path, ".quotes", ".entities"):
        tokens = file.with_suffix(".tokens")
        if not tokens.is_file():
            message = f"The table of the tokens, {tokens.name!r}, is missing."
            hint = "copy it to the other tables: their numbers are those of its rows."
            inbox.report("foreign-syntax", str(file), message, hint)


def _read_table(inbox: Inbox, file: Path, suffix: str) -> list[_Row]:
    """Return the rows of a table; report it and return none if it lacks a column."""
    lines = (read_foreign_text(inbox, file) or "").split("\n")
    header = lines[0].rstrip("\r").split("\t")
    missing = [name for name in _COLUMNS[suffix] if name not in header]
    if missing:
        message = f"The first row has no column {missing[0]!r}."
        hint = "give the files as BookNLP writes them."
        inbox.report("foreign-syntax", str(file), message, hint, 1)
        return []

    rows = []
    for number, line in enumerate(lines[1:], 2):
        cells = line.rstrip("\r").split("\t")
        if len(cells) >= len(_COLUMNS[suffix]):
            row = _Row(zip(header, cells, strict=False))
            row.line = number
            rows.append(row)
        elif line.strip():
            message = f"Got {len(cells)} cells. Expected {len(header)}."
            inbox.report("foreign-syntax", str(file), message, "remove or mend the row.", number)
    return rows


def _read_book(inbox: Inbox, base: Path, tables: Mapping[str, list[_Row]]) -> None:
    tokens_file = f"{base}.tokens"
    text_file = base.with_name(f"{base.name}.txt")
    text = read_foreign_text(inbox, text_file, "utf-8") if text_file.is_file() else None
    blocks = list(_iter_sentences(tables[".tokens"]))
    placed = place_blocks(inbox, tokens_file, base.name, blocks, text)
    if placed is None:
        return

    names = _name_characters(tables[".entities"])
    graph = Graph([], [])
    keys: dict[tuple[int, int], str] = {}
    for row in tables[".entities"]:
        place = parse_token(row["start_token"]), parse_token(row["end_token"]) + 1
        char = row["COREF"]
        values = {"char": char, "name": names.get(char, ""), "prop": row["prop"]}
        key = f"entities {row.line}"
        if _add_node(inbox, f"{base}.entities", placed, graph, row, row["cat"], key, place, values):
            keys[place] = key

    for row in tables[".quotes"]:
        place = parse_token(row["quote_start"]), parse_token(row["quote_end"]) + 1
        values = {"char": row["char_id"], "name": names.get(row["char_id"], "")}
        key = f"quotes {row.line}"
        source = parse_token(row["mention_start"]), parse_token(row["mention_end"]) + 1
        added = _add_node(inbox, f"{base}.quotes", placed, graph, row, "quote", key, place, values)
        if added and source in keys:
            graph.links.append(Link("source", key, keys[source]))
    inbox.add_layer(str(base), placed.doc_id, graph)


def _iter_sentences(rows: Sequence[_Row]) -> Iterator[Block]:
    words: list[str] = []
    lines: list[int] = []
    for number, row in enumerate(rows):
        if words and row["sentence_ID"] != rows[number - 1]["sentence_ID"]:
            yield Block(words, lines)
            words, lines = [], []
        words.append(row["word"])
        lines.append(row.line)
    yield Block(words, lines)


def parse_token(cell: str) -> int:
    """Return the number of a token, or -1 for a cell such as ``None``."""
    return parse_offset(cell) if cell.isascii() and cell.isdecimal() else -1


def _name_characters(entities: Sequence[_Row]) -> dict[str, str]:
    """Return the name of each character: its most frequent proper name, or else mention."""
    counts: dict[str, Counter[tuple[bool, str]]] = {}
    for row in entities:
        is_proper = row["prop"] == "PROP"
        counts.setdefault(row["COREF"], Counter())[is_proper, row["text"]] += 1

    names = {}
    for char, tally in counts.items():
        (_, name), _ = max(tally.items(), key=lambda item: (item[0][0], item[1]))
        names[char] = name
    return names


def _add_node(
    inbox: Inbox,
    path: str,
    placed: Placed,
    graph: Graph,
    row: _Row,
    label: str,
    key: str,
    place: tuple[int, int],
    values: Mapping[str, str],
) -> bool:
    """Add a node for the tokens from the first to before the last of ``place``, if they exist.

    The key names the table and the line, because the tables of a document are one layer.
    """
    first, last = place
    if not 0 <= first < last <= len(placed.places):
        message = f"Got the tokens {first}–{last - 1}. Expected numbers below {len(placed.places)}."
        hint = "give the tables of one run of BookNLP."
        inbox.report("foreign-span", path, message, hint, row.line)
        return False

    given = {name: value for name, value in values.items() if value}
    graph.nodes.append(Node(key, label, (placed.to_span(first, last),), given))
    return True
