"""Import PDNC: one folder per novel, with its text, quotations and characters.

Quotations and characters are CSV tables (Vishnubhotla et al. 2022). Both published layouts are
read: ``text.txt`` with ``quotations.csv``, and ``novel_text.txt`` with ``quotation_info.csv``.
Cells contain lists in Python syntax. Spans, called "character-byte spans", count code points; they
are read as UTF-8 bytes if only then all of them match their words.
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
from readout.text.find import map_offsets, trim_space

TITLE = "PDNC"
LOSSES = (
    "Every quotation becomes a direct quote; its type and referring expression become its note.",
    "A mention of several characters becomes a mention of a group.",
    "An alias of one character means that character; other unknown names are new speakers.",
    "Gender and category of characters are dropped.",
    "The folder does not give the year of the novel, so document ids start with 0000-00.",
)
_TEXTS = ("text.txt", "novel_text.txt")
_TABLES = ("quotations.csv", "quotation_info.csv")
_INDEX = "PDNC-Novel-Index.csv"
_MISSING = ("", "nan")
"""What the tables contain if there is no value; ``nan`` comes from pandas."""
_NARRATOR = "_narr"
_GROUP = "_group"
_UNKNOWABLE = "_unknowable"
PdncRow = Mapping[str, str]


def import_pdnc(inbox: CorpusInbox, path: Path) -> None:
    """Read every folder that contains a table of quotations."""
    titles = _read_titles(inbox, path)
    for table in find_files(path, *_TABLES):
        text_file = _find_text_file(table)
        if text_file is None:
            message = f"There is neither {_TEXTS[0]} nor {_TEXTS[1]} beside the table."
            hint = f"put the text of the novel there as {_TEXTS[0]}."
            inbox.report("foreign-document", str(table), message, hint)
            continue

        text = read_foreign_text(inbox, text_file, "utf-8")
        content = read_foreign_text(inbox, table)
        if text is None or content is None:
            continue

        names = _read_characters(inbox, table.parent / "character_info.csv")
        title = titles.get(table.parent.name)
        doc_id = inbox.add_document(str(text_file), table.parent.name, text, "0000-00", title=title)
        rows = list(read_rows(inbox, str(table), content, ".csv", ("quoteByteSpans", "speaker")))
        graph = NovelReader(inbox, str(table), text, rows, names).read()
        inbox.add_layer(str(table), doc_id, graph)


def _find_text_file(table: Path) -> Path | None:
    for name in _TEXTS:
        text_file = table.parent / name
        if text_file.is_file():
            return text_file
    return None


def _read_titles(inbox: CorpusInbox, path: Path) -> dict[str, str]:
    """Return the titles of the novels by folder, from the index of the corpus."""
    places = [path, *path.parents[:2]]
    index = next((place / _INDEX for place in places if (place / _INDEX).is_file()), None)
    content = read_foreign_text(inbox, index) if index else None
    if index is None or content is None:
        return {}
    rows = read_rows(inbox, str(index), content, ".csv", ("Folder Name", "Novel Title"))
    return {row["Folder Name"]: row["Novel Title"] for _, row in rows}


def _read_characters(inbox: CorpusInbox, file: Path) -> dict[str, str]:
    """Add the characters of a novel, and return their main names by name and unshared alias."""
    content = read_foreign_text(inbox, file) if file.is_file() else None
    if content is None:
        return {}

    owners: dict[str, set[str]] = {}
    main_names = []
    for line, row in read_rows(inbox, str(file), content, ".csv", ("Main Name",)):
        values = parse_list(inbox, str(file), row.get("Aliases", ""), line)
        name = to_plain_name(row["Main Name"])
        aliases = [to_plain_name(value) for value in values if isinstance(value, str)]
        inbox.add_speaker(name, "person", aliases, scope=file.parent.name)
        main_names.append(name)
        for alias in aliases:
            owners.setdefault(alias, set()).add(name)

    shared = {alias for alias, names in owners.items() if len(names) > 1}
    known = {alias: name for alias, (name, *_) in owners.items() if alias not in shared}
    return known | {name: name for name in main_names}


def to_plain_name(name: str) -> str:
    """Return a name without white space at its ends and with single spaces."""
    return " ".join(name.split())


def parse_list(inbox: CorpusInbox, path: str, cell: str, line: int) -> list[Any]:
    """Return the list or set that a cell contains in Python syntax.

    An empty cell is an empty list. Report any other content and return an empty list.
    """
    if not cell.strip():
        return []
    try:
        value = ast.literal_eval(cell)
        repr(value)  # fails for integers of more than 4,300 digits, which hexadecimal can contain
        return sorted(value) if isinstance(value, set) else list(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        message = f"Got {cell[:60]!r}. Expected a list in Python syntax."
        inbox.report("foreign-syntax", path, message, "correct the cell.", line)
        return []


class NovelReader:
    """Reads the rows of one novel."""

    def __init__(
        self,
        inbox: CorpusInbox,
        path: str,
        text: str,
        rows: list[tuple[int, dict[str, str]]],
        names: Mapping[str, str],
    ) -> None:
        self.inbox, self.path, self.text, self.rows = inbox, path, text, rows
        self.names = names
        self.novel = Path(path).parent.name
        self.byte_offsets = map_offsets(text, "utf-8")
        self.pieces = {line: self._read_pieces(line, row) for line, row in rows}
        self.in_bytes = self._counts_bytes()
        self.graph = Graph([], [])
        self.mentions: dict[tuple[int, int], str] = {}

    def read(self) -> Graph:
        """Return the graph of the novel."""
        for line, row in self.rows:
            self._read_quotation(line, row)
            self._read_mentions(line, row)
        return self.graph

    def _report(self, code: str, message: str, hint: str, line: int) -> None:
        self.inbox.report(code, self.path, message, hint, line)

    def _read_list(self, line: int, row: PdncRow, *names: str) -> list[Any]:
        """Return the list in the first of these columns that is not empty."""
        cell = next((row[name] for name in names if row.get(name)), "")
        return parse_list(self.inbox, self.path, cell, line)

    def _counts_bytes(self) -> bool:
        """Return whether the spans match their words as UTF-8 bytes, but not as code points."""
        if self.text.isascii() or self._spans_match(in_bytes=False):
            return False
        return self._spans_match(in_bytes=True)

    def _spans_match(self, in_bytes: bool) -> bool:
        for pieces in self.pieces.values():
            for pair, words in pieces:
                if not words:
                    continue
                offsets = self._to_offsets(pair, in_bytes)
                if offsets is None or self.text[slice(*offsets)].strip() != words.strip():
                    return False
        return True

    def _to_offsets(self, pair: Any, in_bytes: bool) -> tuple[int, int] | None:
        """Return a pair as offsets in code points, or None if it is not a pair of offsets."""
        try:
            start, end = int(pair[0]), int(pair[1])
            if in_bytes:
                start = self.byte_offsets.from_foreign(start)
                end = self.byte_offsets.from_foreign(end)
        except (ValueError, TypeError, LookupError, OverflowError):
            return None
        return start, end

    def _anchor_pair(self, line: int, pair: Any, words: str | None) -> Span | None:
        offsets = self._to_offsets(pair, self.in_bytes)
        if offsets is None:
            message = f"Got the span {pair!r}. Expected [START, END]."
            self._report("foreign-span", message, "correct the cell.", line)
            return None

        # Many spans end with white space that their words lack; it is not part of the quotation.
        covered = self.text[slice(*offsets)]
        if words is not None and covered.strip() == words.strip():
            words = covered
        return self.inbox.anchor_span(self.text, *offsets, words, self.path, line)

    def _read_pieces(self, line: int, row: PdncRow) -> list[tuple[Any, str | None]]:
        """Return the pieces of a quotation as (pair of offsets, words)."""
        pairs = self._read_list(line, row, "quoteByteSpans")
        words = self._read_list(line, row, "subQuotationList")
        if pairs and isinstance(pairs[0], int):
            pairs = [pairs]

        pieces = []
        for pair, word in zip_longest(pairs, words):
            if pair:
                pieces.append((pair, word if isinstance(word, str) else None))
        return pieces

    def _read_quotation(self, line: int, row: PdncRow) -> None:
        pieces = self.pieces[line]
        if not pieces:
            hint = "give it spans, or remove the row."
            self._report("foreign-value", "The quotation has no spans.", hint, line)
            return

        spans = [self._anchor_pair(line, pair, words) for pair, words in pieces]
        found = [span for span in spans if span is not None]
        if len(found) == len(spans):
            found.sort(key=lambda span: span.start)
            key = row.get("quoteId") or row.get("quoteID") or f"line {line}"
            values = self._read_values(line, row)
            self.graph.nodes.append(Node(key, "quote", tuple(found), values, line))

    def _read_values(self, line: int, row: PdncRow) -> dict[str, str]:
        speaker = self._add_person(row["speaker"])
        names = self._read_list(line, row, "addressees", "addressee")
        addressees = dict.fromkeys(self._add_person(str(name)) for name in names)
        noted_columns = ("quoteType", "referringExpression")
        notes = [
            f"{column}: {row[column]}"
            for column in noted_columns
            if row.get(column, "") not in _MISSING
        ]
        return {
            "form": "direct",
            "speaker": speaker,
            "addressees": " ".join(addressees),
            "note": "; ".join(notes),
        }

    def _add_person(self, name: str) -> str:
        """Return the id of the speaker with a name, or with one of the names for nobody."""
        name = self._find_character(name)
        if name in (*_MISSING, _UNKNOWABLE):
            return self.inbox.add_speaker(UNSTATED)
        if name == _GROUP:
            return self.inbox.add_speaker("unstated group", "group", scope=self.novel)
        if name == _NARRATOR:
            return self.inbox.add_speaker("narrator", "person", scope=self.novel)
        return self.inbox.add_speaker(name, "person", scope=self.novel)

    def _find_character(self, name: str) -> str:
        """Return the main name of the character with a name or alias, or else the name itself."""
        name = to_plain_name(name)
        return self.names.get(name, name)

    def _read_mentions(self, line: int, row: PdncRow) -> None:
        """Read the mentions within a quotation; each column has one list per piece of it."""
        spans = self._read_list(line, row, "mentionSpansList")
        words = self._read_list(line, row, "mentionTextList", "mentionTextsList")
        entities = self._read_list(line, row, "mentionEntitiesList")

        if not len(spans) == len(words) == len(entities):
            message = "The lists of mentions have different lengths."
            self._report("foreign-value", message, "correct the row.", line)
            return
        if not all(isinstance(each, list | tuple) for each in (*spans, *words, *entities)):
            message = "The lists of mentions contain values that are not lists."
            self._report("foreign-value", message, "correct the row.", line)
            return

        for lists in zip(spans, words, entities, strict=True):
            counts = {len(each) for each in lists}
            if len(counts) > 1:
                message = "A piece has lists of mentions of different lengths."
                hint = "correct the row; it is unknown which entity belongs to which mention."
                self._report("foreign-value", message, hint, line)
                continue
            for pair, word, names in zip(*lists, strict=True):
                self._add_mention(line, pair, str(word), names)

    def _add_mention(self, line: int, pair: Any, words: str, names: Any) -> None:
        if not isinstance(names, list | tuple):
            names = [names]
        span = self._anchor_pair(line, pair, words)
        if span is None or not names:
            return

        place = trim_space(self.text, span.start, span.end)
        speaker = self._add_entity([str(name) for name in names])
        if place not in self.mentions:
            self.mentions[place] = speaker
            key = f"mention {span.start}–{span.end}"
            self.graph.nodes.append(Node(key, "mention", (span,), {"speaker": speaker}, line))
        elif self.mentions[place] == speaker:
            self.inbox.tell("A mention that is listed twice is kept once.", self.path, line)
        else:
            message = f"The mention {words!r} is listed twice, with different entities."
            self._report("foreign-value", message, "keep one of the two.", line)

    def _add_entity(self, names: list[str]) -> str:
        """Return the id of a character, or of the group of several, in whatever order."""
        characters = sorted({self._find_character(name) for name in names})
        members = [self._add_person(name) for name in characters]
        if len(members) == 1:
            return members[0]

        title = " and ".join(characters)
        return self.inbox.add_speaker(title, "group", members=members, scope=self.novel)
