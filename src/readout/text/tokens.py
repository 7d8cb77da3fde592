"""Paragraphs and tokens of a text, and BIO tags. No I/O."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from readout.model import Span

_PARAGRAPH = re.compile(r"[^\n]+")


# A word keeps its inner apostrophes, hyphens and dots (O'Brien, U.S, vis-à-vis); any other visible
# sign is a token of its own.
INNER_MARKS = r"'’.\-‐‑"
"""Marks that join two words into one, as the inside of a character class."""


_TOKEN = re.compile(rf"\w+(?:[{INNER_MARKS}]\w+)*|[^\w\s]")


def iter_paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yield ``(start, end)`` of each line that is not blank: a paragraph of a news text."""
    for match in _PARAGRAPH.finditer(text):
        if not match.group().isspace():
            yield match.span()


_SENTENCE = re.compile(r"\S.*?(?:[.!?][”\"’']?(?=\s)|$)", re.DOTALL)


def iter_sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield ``(start, end)`` of each sentence.

    A sentence ends at the end of its paragraph, or at ``.``, ``!`` or ``?`` before white space; a
    closing quotation mark belongs to it.
    """
    for start, end in iter_paragraphs(text):
        for match in _SENTENCE.finditer(text[start:end]):
            yield start + match.start(), start + match.end()


# An abbreviation that a name follows: an initial, as in "U.S.", or a title.
_ABBREVIATED = re.compile(
    r"(?:^|[^\w])"
    r"(?:(?:\w\.)*[A-Z]|Adm|Brig|Capt|Col|Dr|Gen|Gov|Lt|Maj|Mr|Mrs|Ms|Prof|Rep|Sen|Sgt|St)\.$"
)


def join_abbreviations(
    text: str, sentences: Iterable[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield sentences of one paragraph, without the ends that only an abbreviation makes."""
    first: int | None = None
    last = 0
    for start, end in sentences:
        if first is None:
            first = start
        last = end
        if not _ABBREVIATED.search(text[start:end]):
            yield first, end
            first = None
    if first is not None:
        yield first, last


class Paragraphs:
    """The paragraphs of one text, searchable by offset."""

    def __init__(self, text: str) -> None:
        self.spans = list(iter_paragraphs(text))
        self._starts = [start for start, _ in self.spans]
        self._length = len(text)

    def index_at(self, offset: int) -> int:
        """Return the number of the last paragraph that starts at or before ``offset``, or 0."""
        return max(bisect_right(self._starts, offset) - 1, 0)

    def cover(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets of the smallest run of paragraphs around ``start`` to ``end``."""
        if not self.spans:
            return 0, self._length
        first = self.spans[self.index_at(start)]
        last = self.spans[self.index_at(max(end - 1, start))]
        return min(first[0], start), max(last[1], end)


def iter_tokens(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield ``(start, end)`` of each token: words with inner marks, and single signs."""
    for match in _TOKEN.finditer(text, start, len(text) if end is None else end):
        yield match.span()


class Tokens(NamedTuple):
    """The tokens of a passage, and where each starts and ends in the text."""

    texts: list[str]
    starts: list[int]
    ends: list[int]


def tag_tokens(tokens: Tokens, paragraphs: Sequence[tuple[int, int]], spans: Iterable[Span]) -> str:
    """Return a BIO tag per token: ``B`` starts a span, ``I`` continues it, ``O`` is outside.

    A token that touches a span belongs to it; where spans overlap, the token keeps the one that
    starts first. A span that goes on in another paragraph begins anew there.
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


# ---------------------------------------------------------------- tokens of others

# The tokens that the Penn Treebank writes for marks and brackets: Bies et al. 1995, "Bracketing
# Guidelines for Treebank II Style". Within a token, a backslash precedes a slash or an asterisk.
_TREEBANK: Mapping[str, tuple[str, ...]] = {
    "``": ("“", '"', "„", "«"),
    "''": ("”", '"', "“", "»"),
    "-LRB-": ("(",),
    "-RRB-": (")",),
    "-LSB-": ("[",),
    "-RSB-": ("]",),
    "-LCB-": ("{",),
    "-RCB-": ("}",),
}
_ESCAPED = re.compile(r"\\([/*])")
_PLAIN: Mapping[str, tuple[str, ...]] = {
    "`": ("'", "‘"),
    "'": ("’",),
    '"': ("“", "”", "„", "«", "»"),
    "--": ("–", "—"),
    "...": ("…",),
}
"""Marks that many tokenizers write with the signs of a typewriter."""


def unescape_token(token: str) -> str:
    """Return the characters that a token of the Penn Treebank means."""
    return _TREEBANK[token][0] if token in _TREEBANK else _ESCAPED.sub(r"\1", token)


def place_tokens(
    text: str, words: Iterable[str], start: int = 0
) -> tuple[list[tuple[int, int]], int]:
    """Return ``(start, end)`` of each token that another tokenizer made of a text, and their end.

    The tokens follow each other in the text, with nothing but white space between them. The list
    ends before the first token that the text does not have next.
    """
    places = []
    for word in words:
        start = skip_space(text, start)
        spelling = next((each for each in _spell(word) if text.startswith(each, start)), None)
        if spelling is None:
            break
        places.append((start, start + len(spelling)))
        start += len(spelling)
    return places, start


def skip_space(text: str, start: int) -> int:
    """Return the offset of the next character that is not white space, or the end of the text."""
    while start < len(text) and text[start].isspace():
        start += 1
    return start


def _spell(word: str) -> Iterator[str]:
    """Yield the spellings that a token may have in its text."""
    yield word
    yield from _TREEBANK.get(word, ())
    yield from _PLAIN.get(word, ())
    plain = unescape_token(word)
    if plain != word:
        yield plain


class Chunk(NamedTuple):
    """Neighbouring tokens with one label, from the token ``first`` to before the token ``last``."""

    label: str
    first: int
    last: int


def find_chunks(tags: Sequence[str]) -> list[Chunk]:
    """Return the chunks that BIO tags mark; IOB1, BILOU and BIOES tags are read too.

    A tag is a letter and a label, such as ``B-PER``, or a letter alone: then the label is empty. A
    chunk continues with ``I``, ``M``, ``L`` or ``E`` and the same label. A tag that no letter
    starts is a chunk of one token.
    """
    chunks: list[Chunk] = []
    is_open = False
    for number, tag in enumerate(tags):
        found = _TAG.fullmatch(tag)
        letter, label = (found[1], found[2] or "") if found else ("U", tag)
        if letter == "O" or not tag or tag in ("_", "*"):
            is_open = False
            continue

        continues = letter in "IMLE" and is_open and chunks[-1].label == label
        if continues:
            chunks[-1] = Chunk(label, chunks[-1].first, number + 1)
        else:
            chunks.append(Chunk(label, number, number + 1))
        is_open = letter in "BIM"
    return chunks


_TAG = re.compile(r"([BIOMLESU])(?:[-_](.+))?")
