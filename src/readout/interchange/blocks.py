"""Place the tokens of foreign files in the texts of documents, and read tags and brackets of tokens.

A block is a sentence or a paragraph of tokens. The text between blocks may be missing in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
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


def place_blocks(inbox: Inbox, path: str, name: str, blocks: Sequence[Block]) -> Placed | None:
    """Return the blocks in the text of the document with a name, or else of the one with the words.

    If the corpus has neither, and the import adds documents, the text is made of the tokens. Report
    a problem and return None if a token is not where it should be.
    """
    if name not in inbox.texts:
        name = _find_by_words(inbox, blocks) or name
    if name in inbox.texts:
        return _place_in(inbox, path, name, inbox.texts[name], blocks)

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


def _place_block(
    text: str, words: Sequence[str], start: int
) -> tuple[list[tuple[int, int]], int]:
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
    cells: Iterable[str], report: Callable[[int, str], None], separator: str = "-", key: int = 0
) -> list[Bracketed]:
    """Return what brackets mark in a cell per token, as in CoNLL-2012 and CorefUD.

    ``(12`` opens a mark, ``12)`` closes it, and ``(12)`` is both. The content may have more parts
    after a separator; the part with the number ``key`` identifies it. ``12[1/2]`` is the first of
    two pieces. ``report`` is called with the number of the token and a sentence for each bracket
    that has no partner.
    """
    found: list[Bracketed] = []
    open_marks: dict[str, list[tuple[int, Bracketed]]] = {}
    unfinished: dict[str, list[Bracketed]] = {}

    for number, cell in enumerate(cells):
        for opening, content, closing in _BRACKET.findall(cell):
            parts = content.split(separator)
            name = parts[key] if opening and key < len(parts) else content
            piece = _PIECE.fullmatch(name)
            plain = piece[1] if piece else name

            if opening:
                if piece and piece[2] != "1" and unfinished.get(plain):
                    mark = unfinished[plain][-1]
                else:
                    mark = Bracketed(content, [])
                    found.append(mark)
                    if piece:
                        unfinished.setdefault(plain, []).append(mark)
                open_marks.setdefault(name, []).append((number, mark))

            if closing:
                stack = open_marks.get(name)
                if not stack:
                    report(number, f"The bracket {content!r} is closed but was never opened.")
                    continue
                first, mark = stack.pop()
                mark.pieces.append((first, number + 1))
                if piece and piece[2] == piece[3] and unfinished.get(plain):
                    unfinished[plain].remove(mark)

    for name, stack in open_marks.items():
        for first, _ in stack:
            report(first, f"The bracket {name!r} is opened but never closed.")
    return [mark for mark in found if mark.pieces]


def iter_cells(rows: Iterable[Sequence[str]], column: int) -> Iterator[str]:
    """Yield the cell of each row in a column."""
    for row in rows:
        yield row[column]
