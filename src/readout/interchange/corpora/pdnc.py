"""PDNC: a folder a novel, with its text, a CSV of quotations and one of characters (Vishnubhotla et al. 2022).

Both published layouts are read: ``text.txt`` and ``quotations.csv``, or ``novel_text.txt`` and ``quotation_info.csv``.
Lists stand in cells as Python writes them. The spans, called "character-byte spans", are taken as code points, or as
UTF-8 bytes where only these fit the words.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from readout.interchange.corpora.newcomers import UNSTATED, CorpusInbox
from readout.interchange.graph import Graph, Node
from readout.interchange.inbox import find_files, read_foreign_text
from readout.interchange.tools.spreadsheet import read_rows
from readout.model import Span
from readout.text.find import map_offsets

TITLE = "PDNC"
LOSSES = (
    "Every quotation is direct; its type and referring expression go into the note, as words.",
    "A mention of several characters is one of a group; gender and category of characters are not kept.",
    "The year of a novel is not in its folder, so document ids start with 0000-00.",
)
_TEXTS = ("text.txt", "novel_text.txt")
_TABLES = ("quotations.csv", "quotation_info.csv")
PdncRow = Mapping[str, str]


def import_pdnc(inbox: CorpusInbox, path: Path) -> None:
    """Read every folder that holds a table of quotations."""
    for table in find_files(path, *_TABLES):
        beside = next((table.parent / name for name in _TEXTS if (table.parent / name).is_file()), None)
        if beside is None:
            message = f"There is neither {_TEXTS[0]} nor {_TEXTS[1]} beside the table."
            inbox.report("foreign-document", str(table), message, "put the text of the novel there.")
            continue
        text, content = read_foreign_text(inbox, beside, "utf-8"), read_foreign_text(inbox, table)
        if text is None or content is None:
            continue
        _add_characters(inbox, table.parent / "character_info.csv")
        doc_id = inbox.add_document(str(beside), table.parent.name, text, "0000-00")
        rows = list(read_rows(inbox, str(table), content, ".csv", ("quoteByteSpans", "speaker")))
        inbox.add_layer(str(table), doc_id, NovelReader(inbox, str(table), text, rows).read())


def _add_characters(inbox: CorpusInbox, file: Path) -> None:
    content = read_foreign_text(inbox, file) if file.is_file() else None
    if content is not None:
        for line, row in read_rows(inbox, str(file), content, ".csv", ("Main Name",)):
            aliases = parse_list(inbox, str(file), row.get("Aliases", ""), line)
            named = [alias for alias in aliases if isinstance(alias, str)]
            inbox.add_speaker(row["Main Name"], "person", named, scope=file.parent.name)


def parse_list(inbox: CorpusInbox, path: str, cell: str, line: int) -> list[Any]:
    """Return the list or set that stands in a cell as Python writes it; an empty list, with a problem, if none."""
    try:
        value = ast.literal_eval(cell) if cell.strip() else []
        return sorted(value) if isinstance(value, set) else list(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        inbox.report("foreign-syntax", path, f"Got {cell[:60]!r}. Expected a list.", "correct the cell.", line)
        return []


class NovelReader:
    """Reads the rows of one novel."""

    def __init__(self, inbox: CorpusInbox, path: str, text: str, rows: list[tuple[int, dict[str, str]]]) -> None:
        self.inbox, self.path, self.text, self.rows = inbox, path, text, rows
        self.novel = Path(path).parent.name
        self.bytes = map_offsets(text, "utf-8")
        self.pieces = {line: self._read_pieces(line, row) for line, row in rows}
        self.in_bytes = not text.isascii() and not self._fits(in_bytes=False) and self._fits(in_bytes=True)
        self.graph = Graph([], [])
        self.mentions: dict[Span, str] = {}

    def read(self) -> Graph:
        """Return the graph of the novel."""
        for line, row in self.rows:
            spans = [self._anchor(line, pair, words) for pair, words in self.pieces[line]]
            found = tuple(sorted((span for span in spans if span), key=lambda span: span.start))
            if len(found) == len(spans) and found:
                key = row.get("quoteId") or row.get("quoteID") or f"line {line}"
                self.graph.nodes.append(Node(key, "quote", found, self._read_values(line, row), line))
            elif not spans:
                message = "The quotation has no spans."
                self.inbox.report("foreign-value", self.path, message, "give it spans, or remove the row.", line)
            self._read_mentions(line, row)
        return self.graph

    def _list(self, line: int, row: PdncRow, *names: str) -> list[Any]:
        cell = next((row[name] for name in names if row.get(name)), "")
        return parse_list(self.inbox, self.path, cell, line)

    def _read_pieces(self, line: int, row: PdncRow) -> list[tuple[Any, str | None]]:
        pairs = self._list(line, row, "quoteByteSpans")
        words = self._list(line, row, "subQuotationList")
        pairs = [pairs] if pairs and isinstance(pairs[0], int) else pairs
        return [(pair, word if isinstance(word, str) else None) for pair, word in zip_longest(pairs, words) if pair]

    def _fits(self, in_bytes: bool) -> bool:
        pieces = [piece for found in self.pieces.values() for piece in found]
        spans = [(self._to_offsets(pair, in_bytes), words) for pair, words in pieces if words]
        return all(place and self.text[place[0] : place[1]] == words for place, words in spans)

    def _to_offsets(self, pair: Any, in_bytes: bool) -> tuple[int, int] | None:
        try:
            start, end = int(pair[0]), int(pair[1])
            return (self.bytes.from_foreign(start), self.bytes.from_foreign(end)) if in_bytes else (start, end)
        except (ValueError, TypeError, LookupError):
            return None

    def _anchor(self, line: int, pair: Any, words: str | None) -> Span | None:
        place = self._to_offsets(pair, self.in_bytes)
        if place is None:
            message = f"Got the span {pair!r}. Expected [START, END]."
            self.inbox.report("foreign-span", self.path, message, "correct the cell.", line)
            return None
        return self.inbox.anchor(self.text, *place, words, self.path, line)

    def _read_values(self, line: int, row: PdncRow) -> dict[str, str]:
        addressees = self._list(line, row, "addressees", "addressee")
        noted = [f"{name}: {row[name]}" for name in ("quoteType", "referringExpression") if row.get(name)]
        return {
            "form": "direct",
            "speaker": self._add_person(row["speaker"]) if row["speaker"] else self.inbox.add_speaker(UNSTATED),
            "addressees": " ".join(dict.fromkeys(self._add_person(str(each)) for each in addressees)),
            "note": "; ".join(noted),
        }

    def _add_person(self, name: str) -> str:
        return self.inbox.add_speaker(name, "person", scope=self.novel)

    def _read_mentions(self, line: int, row: PdncRow) -> None:
        spans = self._list(line, row, "mentionSpansList")
        words = self._list(line, row, "mentionTextList", "mentionTextsList")
        entities = self._list(line, row, "mentionEntitiesList")
        if not len(spans) == len(words) == len(entities):
            message = "The lists of mentions have different lengths."
            self.inbox.report("foreign-value", self.path, message, "correct the row.", line)
            return
        if not all(isinstance(each, list | tuple) for each in (*spans, *words, *entities)):
            message = "The lists of mentions contain values that are no lists."
            self.inbox.report("foreign-value", self.path, message, "correct the row.", line)
            return
        for group in zip(spans, words, entities, strict=True):
            for pair, word, names in zip(*group, strict=False):
                self._add_mention(line, pair, str(word), names)

    def _add_mention(self, line: int, pair: Any, words: str, names: Any) -> None:
        named = [str(name) for name in (names if isinstance(names, list | tuple) else [names])]
        span = self._anchor(line, pair, words)
        if span is None or not named or span in self.mentions:
            return
        speaker, *others = members = [self._add_person(name) for name in named]
        if others:
            speaker = self.inbox.add_speaker(" and ".join(named), "group", members=members, scope=self.novel)
        self.mentions[span] = f"mention {span.start}–{span.end}"
        self.graph.nodes.append(Node(self.mentions[span], "mention", (span,), {"speaker": speaker}, line))
