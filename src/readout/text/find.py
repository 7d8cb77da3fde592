"""Find words in a text, and convert offsets to the units of other formats. No I/O."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from typing import Literal, NamedTuple

Unit = Literal["code-points", "utf-8", "utf-16", "graphemes"]
"""What offsets count: characters as Python does, bytes, units of JavaScript and Java, or letters
as readers see them (the extended grapheme clusters of Unicode)."""


def find_exact(text: str, exact: str, prefix: str = "", suffix: str = "") -> list[int]:
    """Return the start of every occurrence of ``exact`` between ``prefix`` and ``suffix``.

    The triple is the TextQuoteSelector of the W3C Web Annotation Data Model. Occurrences may
    overlap.
    """
    needle = prefix + exact + suffix
    starts = []
    found = text.find(needle)
    while found >= 0:
        starts.append(found + len(prefix))
        found = text.find(needle, found + 1)
    return starts


def find_closest(text: str, exact: str, near: int) -> int | None:
    """Return the start of the occurrence of ``exact`` closest to an offset; None if absent."""
    return min(find_exact(text, exact), key=lambda start: abs(start - near), default=None)


_FOLDS = str.maketrans("“”„‟«»‘’‚‐‑–—\u00a0\u2009\u202f", '""""""\'\'\'----   ')


def fold_text(text: str) -> str:
    """Return text with plain marks, dashes and spaces, in lower case if offsets are kept."""
    plain = text.translate(_FOLDS)
    lower = plain.lower()
    return lower if len(lower) == len(plain) else plain


def find_respelled(text: str, exact: str) -> tuple[int, int] | None:
    """Return the one passage that is ``exact`` with other marks, dashes, spaces or capitals.

    Any white space is as good as any other, so words may be in two paragraphs. None if there is no
    such passage, or more than one.
    """
    words = [re.escape(word) for word in fold_text(exact).split()]
    if not words:
        return None

    found = [match.span() for match in re.finditer(r"\s+".join(words), fold_text(text))]
    return found[0] if len(found) == 1 else None


def find_nearest(text: str, exact: str) -> tuple[int, int] | None:
    """Return the passage of whole words around the longest run shared with ``exact``.

    None where they share fewer than four characters in a row, or are too long to be compared.
    """
    if len(text) * len(exact) > 10_000_000:
        return None
    match = SequenceMatcher(None, text, exact, autojunk=False).find_longest_match()
    if match.size < 4:
        return None
    start = max(0, match.a - match.b)
    end = min(start + len(exact), len(text))
    start, end = trim_space(text, *widen_to_words(text, start, end))
    if not exact[-1].isalnum() and fold_text(text[end : end + 1]) == fold_text(exact[-1]):
        end += 1  # the closing mark
    return start, end


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
    """A map between code points and a foreign unit: the foreign offset of each code point.

    A code point inside a grapheme cluster has no foreign offset; its entry ends in one half.
    """

    foreign: Sequence[float]

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
    if unit == "code-points" or (text.isascii() and unit != "graphemes"):
        return OffsetMap(range(len(text) + 1))
    if unit == "graphemes":
        return OffsetMap(_number_graphemes(text))
    width = _utf8_width if unit == "utf-8" else _utf16_width
    return OffsetMap(list(accumulate(map(width, text), initial=0)))


def _number_graphemes(text: str) -> list[float]:
    """Return the number of the grapheme cluster that starts at each code point.

    A code point inside a cluster has the number of its cluster and one half, which is no offset.
    """
    import regex  # an extra: only imports need it

    numbers: list[float] = []
    count = 0
    for found in regex.finditer(r"\X", text):
        numbers.append(count)
        numbers += [count + 0.5] * (found.end() - found.start() - 1)
        count += 1
    return [*numbers, count]


def _utf8_width(char: str) -> int:
    return len(char.encode("utf-8", "surrogatepass"))


def _utf16_width(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1


QUOTATION_MARKS = frozenset('"“”„«»‟')
"""Double marks that open or close a quotation. Single marks are mostly apostrophes."""

_MARK = re.compile("[" + "".join(sorted(QUOTATION_MARKS)) + "]")


def iter_quotation_marks(text: str, start: int = 0, end: int | None = None) -> Iterator[int]:
    """Yield the offset of every double quotation mark between two offsets."""
    for match in _MARK.finditer(text, start, len(text) if end is None else end):
        yield match.start()


def find_quotation_marks(text: str) -> list[int]:
    """Return the offset of every double quotation mark of a text."""
    found = []
    for mark in QUOTATION_MARKS:  # one search per mark takes half the time of one for all
        offset = text.find(mark)
        while offset >= 0:
            found.append(offset)
            offset = text.find(mark, offset + 1)
    return sorted(found)
