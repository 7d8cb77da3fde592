"""Between spans and text: quotations to offsets, and code points to the units of other formats. No I/O."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from operator import add
from typing import Literal, NamedTuple

from readout.model import Span

Unit = Literal["utf-8", "utf-16"]

_PARAGRAPH = re.compile(r"[^\n]+")
# A word keeps its inner apostrophes, hyphens and dots (O'Brien, U.S, vis-à-vis); any other visible sign stands alone.
INNER_MARKS = r"'’.\-‐‑"
"""Marks that join two words into one, as the inside of a character class."""
_TOKEN = re.compile(rf"\w+(?:[{INNER_MARKS}]\w+)*|[^\w\s]")


def find_exact(text: str, exact: str, prefix: str = "", suffix: str = "") -> list[int]:
    """Return the start of every place where ``exact`` stands between ``prefix`` and ``suffix``.

    The triple is the TextQuoteSelector of the W3C Web Annotation Data Model. Occurrences may overlap.
    """
    needle = prefix + exact + suffix
    starts = []
    found = text.find(needle)
    while found >= 0:
        starts.append(found + len(prefix))
        found = text.find(needle, found + 1)
    return starts


def find_closest(text: str, exact: str, near: int) -> int | None:
    """Return the start of the place where ``exact`` stands that is closest to an offset; None if nowhere."""
    return min(find_exact(text, exact), key=lambda start: abs(start - near), default=None)


_FOLDS = str.maketrans("“”„‟«»‘’‚‐‑–—\u00a0\u2009\u202f", '""""""\'\'\'----   ')


def _fold(text: str) -> str:
    """Return text with plain marks, dashes and spaces, and in lower case where that keeps every offset."""
    plain = text.translate(_FOLDS)
    lower = plain.lower()
    return lower if len(lower) == len(plain) else plain


def find_respelled(text: str, exact: str) -> int | None:
    """Return the start of the one place where ``exact`` stands with other marks, dashes, spaces or capitals."""
    starts = find_exact(_fold(text), _fold(exact))
    return starts[0] if len(starts) == 1 else None


def find_nearest(text: str, exact: str) -> tuple[int, int] | None:
    """Return the passage of ``text``, in whole words, around its longest run of characters shared with ``exact``.

    None where they share fewer than four characters in a row, or are too long to be compared.
    """
    if len(text) * len(exact) > 10_000_000:
        return None
    match = SequenceMatcher(None, text, exact, autojunk=False).find_longest_match()
    if match.size < 4:
        return None
    start = max(0, match.a - match.b)
    end = min(start + len(exact), len(text))
    return trim_space(text, *widen_to_words(text, start, end))


def widen_to_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the smallest run of whole words that holds ``start`` to ``end``."""
    while is_inside_word(text, start):
        start -= 1
    while is_inside_word(text, end):
        end += 1
    return start, end


def trim_space(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a passage without the white space at its ends."""
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())


def is_inside_word(text: str, at: int) -> bool:
    """Tell whether an offset is between two characters of one word."""
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


class OffsetMap(NamedTuple):
    """Code point offsets of one text against the offsets of a foreign unit (bytes or UTF-16 code units)."""

    foreign: Sequence[int]

    def from_foreign(self, offset: int) -> int:
        """Return the code point offset of a foreign offset.

        Raises:
            ValueError: the offset is outside the text or inside a character.

        """
        index = bisect_left(self.foreign, offset)
        if index == len(self.foreign) or self.foreign[index] != offset:
            raise ValueError(f"offset {offset} does not fall between two characters")
        return index


def map_offsets(text: str, unit: Unit) -> OffsetMap:
    """Return the map between the code points of ``text`` and a foreign unit."""
    if text.isascii():
        return OffsetMap(range(len(text) + 1))
    width = _utf8_width if unit == "utf-8" else _utf16_width
    return OffsetMap(list(accumulate(map(width, text), initial=0)))


def _utf8_width(char: str) -> int:
    return len(char.encode("utf-8", "surrogatepass"))


def _utf16_width(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1


def iter_paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yield ``(start, end)`` of each line that holds more than white space: in news texts a paragraph is a line."""
    for match in _PARAGRAPH.finditer(text):
        if not match.group().isspace():
            yield match.span()


class Paragraphs:
    """The paragraphs of one text, searchable by offset."""

    def __init__(self, text: str) -> None:
        self.spans = list(iter_paragraphs(text))
        self._starts = [start for start, _ in self.spans]
        self._length = len(text)

    def index_at(self, offset: int) -> int:
        """Return the number of the last paragraph that starts at or before ``offset`` (0 before the first)."""
        return max(bisect_right(self._starts, offset) - 1, 0)

    def cover(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets of the smallest run of whole paragraphs that holds ``start`` to ``end``."""
        if not self.spans:
            return 0, self._length
        first = self.spans[self.index_at(start)]
        last = self.spans[self.index_at(max(end - 1, start))]
        return min(first[0], start), max(last[1], end)


def iter_tokens(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield ``(start, end)`` of each token between two offsets: words with inner marks, and single signs."""
    for match in _TOKEN.finditer(text, start, len(text) if end is None else end):
        yield match.span()


class Tokens(NamedTuple):
    """The tokens of a passage, and where each starts and ends in the text."""

    texts: list[str]
    starts: list[int]
    ends: list[int]


def tag_tokens(tokens: Tokens, paragraphs: Sequence[tuple[int, int]], spans: Iterable[Span]) -> str:
    """Return the BIO tag of each token: ``B`` at the first token of a span, ``I`` at its others, ``O`` elsewhere.

    A token that touches a span belongs to it; where spans overlap, the token keeps the one that starts first. A span
    that goes on in another paragraph begins anew there.
    """
    tags = bytearray(b"O" * len(tokens.texts))
    firsts = {bisect_left(tokens.starts, start) for start, _ in paragraphs}
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        left, right = bisect_right(tokens.ends, span.start), bisect_left(tokens.starts, span.end)
        for index in range(left, right):
            if tags[index] == _OUTSIDE:
                tags[index] = _BEGIN if index == left or index in firsts else _INSIDE
    return tags.decode()


_OUTSIDE, _BEGIN, _INSIDE = b"OBI"


QUOTATION_MARKS = frozenset('"“”„«»‟')
"""Marks that open or close a quotation. Single marks are left out: they are apostrophes far more often."""

_MARK = re.compile("[" + "".join(sorted(QUOTATION_MARKS)) + "]")


def iter_quotation_marks(text: str, start: int = 0, end: int | None = None) -> Iterator[int]:
    """Yield the offset of every double quotation mark between two offsets."""
    for match in _MARK.finditer(text, start, len(text) if end is None else end):
        yield match.start()


def find_quotation_marks(text: str) -> list[int]:
    """Return the offset of every double quotation mark of a text."""
    pieces = _MARK.split(text)
    # Before each mark stand the pieces and the marks before it.
    return list(map(add, accumulate(map(len, pieces)), range(len(pieces) - 1)))
