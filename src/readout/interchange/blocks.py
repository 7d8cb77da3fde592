"""Place the tokens of foreign files in texts, and read what brackets around tokens mark.

A block is a sentence or a paragraph of tokens. The text between blocks may be missing in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from readout.interchange.inbox import Inbox
from readout.model import Span
from readout.text.tokens import place_tokens


class Block(NamedTuple):
    """The tokens of a sentence or a paragraph, and the line of the file for each."""

    words: Sequence[str]
    lines: Sequence[int]


class Placed(NamedTuple):
    """Blocks in the text of a document: ``(start, end)`` of each token, for all blocks in a row."""

    doc_id: str
    text: str
    places: list[tuple[int, int]]

    def to_span(self, first: int, last: int) -> Span:
        """Return the span of the tokens from ``first`` to before ``last``."""
        start, end = self.places[first][0], self.places[last - 1][1]
        return Span(start, end, self.text[start:end])


def place_blocks(
    inbox: Inbox, path: str, name: str, blocks: Sequence[Block], text: str | None = None
) -> Placed | None:
    """Return the blocks in the text of the document with a name, or else of the one with the words.

    If the corpus has neither, and the import adds documents, the text is that of the file, or made
    of the tokens. Report a problem and return None if a token is not where it should be.
    """
    if name not in inbox.texts:
        name = _find_by_words(inbox, blocks) or name
    if name in inbox.texts:
        return _place_in(inbox, path, name, inbox.texts[name], blocks)

    if text is None:
        text = "".join(" ".join(block.words) + "\n" for block in blocks)
    found = inbox.find_document(path, name, text, blocks[0].lines[0])
    return found and _place_in(inbox, path, found.doc_id, found.text, blocks)


def _find_by_words(inbox: Inbox, blocks: Sequence[Block]) -> str | None:
    """Return the document whose text has the words of all blocks; None unless there is just one."""
    found = []
    for doc_id, text in inbox.texts.items():
        places, _ = place_tokens(text, blocks[0].words)
        if len(places) == len(blocks[0].words) and _place_all(text, blocks)[1] is None:
            found.append(doc_id)
    return found[0] if len(found) == 1 else None


def _place_in(
    inbox: Inbox, path: str, doc_id: str, text: str, blocks: Sequence[Block]
) -> Placed | None:
    places, failed = _place_all(text, blocks)
    if failed is None:
        return Placed(doc_id, text, places)

    block, number, at = failed
    message = (
        f"Got the token {block.words[number]!r}. "
        f"The text of {doc_id!r} continues with {text[at:].lstrip()[:20]!r}."
    )
    hint = "make the tokens of the text in the corpus; only white space may be between two of them."
    inbox.report("foreign-text", path, message, hint, block.lines[number])
    return None


def _place_all(
    text: str, blocks: Iterable[Block]
) -> tuple[list[tuple[int, int]], tuple[Block, int, int] | None]:
    """Return the places of all tokens, and the block, token and offset that could not be placed."""
    places: list[tuple[int, int]] = []
    end = 0
    for block in blocks:
        here, after = _place_block(text, block.words, end)
        if len(here) < len(block.words):
            return places, (block, len(here), after)
        places += here
        end = after
    return places, None


def _place_block(text: str, words: Sequence[str], start: int) -> tuple[list[tuple[int, int]], int]:
    """Return the places of the words of a block: at ``start``, or else at the next passage.

    If there is no such passage, return the places of the words that are at ``start``.
    """
    first_try = places, end = place_tokens(text, words, start)
    at = start
    while len(places) < len(words):
        at = text.find(words[0], at + 1)
        if at < 0:
            return first_try
        places, end = place_tokens(text, words, at)
    return places, end


# ---------------------------------------------------------------- brackets


class Bracketed(NamedTuple):
    """What brackets around tokens mark: the content of the opening bracket, and its pieces.

    A piece is the number of its first token and that of the token after its last.
    """

    content: str
    pieces: list[tuple[int, int]]


_BRACKET = re.compile(r"(\()?([^()|]+)(\))?")
_PIECE = re.compile(r"(.*)\[([0-9]+)/([0-9]+)\]", re.DOTALL)


def find_brackets(
    cells: Iterable[str], report: Callable[[int, str], None], key: int = 0
) -> list[Bracketed]:
    """Return what brackets mark in a cell per token, as in CoNLL-2012 and CorefUD.

    ``(12`` opens a mark, ``12)`` closes it, and ``(12)`` is both. The content of an opening bracket
    may have several parts, joined by hyphens; the part with the number ``key`` is its name.
    ``12[1/2]`` is the first of two pieces. ``report`` is called with the number of a token and a
    sentence for each bracket that has no partner.
    """
    reader = _BracketReader(report, key)
    for number, cell in enumerate(cells):
        for opening, content, closing in _BRACKET.findall(cell):
            if opening:
                reader.open_mark(number, content)
            if closing:
                reader.close_mark(number, reader.find_name(content) if opening else content)
    return reader.finish()


class _BracketReader:
    def __init__(self, report: Callable[[int, str], None], key: int) -> None:
        self.report, self.key = report, key
        self.found: list[Bracketed] = []
        self.opened: dict[str, list[tuple[int, Bracketed]]] = {}
        self.unfinished: dict[str, list[Bracketed]] = {}

    def find_name(self, content: str) -> str:
        """Return the part of an opening bracket that its closing bracket repeats."""
        parts = content.split("-")
        return parts[self.key] if self.key < len(parts) else content

    def open_mark(self, number: int, content: str) -> None:
        name = self.find_name(content)
        piece = _PIECE.fullmatch(name)
        others = self.unfinished.setdefault(piece[1], []) if piece else []
        if piece and piece[2] != "1" and others:
            mark = others[-1]
        else:
            mark = Bracketed(content, [])
            self.found.append(mark)
            others.append(mark)
        self.opened.setdefault(name, []).append((number, mark))

    def close_mark(self, number: int, name: str) -> None:
        if not self.opened.get(name):
            self.report(number, f"The bracket {name!r} is closed but was never opened.")
            return

        first, mark = self.opened[name].pop()
        mark.pieces.append((first, number + 1))
        piece = _PIECE.fullmatch(name)
        if piece and piece[2] == piece[3]:
            self.unfinished[piece[1]].remove(mark)

    def finish(self) -> list[Bracketed]:
        """Return the marks with at least one piece, and report the brackets that are still open."""
        for name, opened in self.opened.items():
            for first, _ in opened:
                self.report(first, f"The bracket {name!r} is opened but never closed.")
        return [mark for mark in self.found if mark.pieces]


_TAG = re.compile(r"[BIOMLESU](?:[-_].+)?")


_MOSTLY = 0.9
"""The share of tags in a column from which on its other cells are mistakes."""


def is_tag_column(cells: Iterable[str]) -> bool:
    """Return whether all cells are BIO tags or the like, and one of them starts a label."""
    found = set(cells)
    return all(_TAG.fullmatch(cell) for cell in found) and any(cell[0] in "BIUS" for cell in found)


def find_odd_cells(cells: Sequence[str]) -> list[int]:
    """Return the numbers of the cells that are no tags in a column of tags; else nothing.

    In such a column, nearly all cells are tags, and one of them has a label.
    """
    odd = [number for number, cell in enumerate(cells) if not _TAG.fullmatch(cell)]
    tags = {cell for cell in cells if _TAG.fullmatch(cell)}
    has_label = any(cell[1:] and cell[0] in "BIUS" for cell in tags)
    is_mostly_tags = len(cells) - len(odd) >= _MOSTLY * len(cells)
    return odd if has_label and is_mostly_tags else []


def report_odd_tag(inbox: Inbox, path: str, tag: str, line: int) -> None:
    """Report a cell that is no tag in a column of tags."""
    hint = "write a tag such as B-PER, I-PER or O."
    inbox.report("foreign-value", path, f"Got the tag {tag!r}. Expected a BIO tag.", hint, line)
