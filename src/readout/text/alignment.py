"""Which characters of a corrected text are those of the text before. No I/O."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import cached_property
from typing import NamedTuple

from readout.text.find import is_inside_word


class Block(NamedTuple):
    """Shared characters: ``old[start:start + length]`` equals ``new[place:place + length]``."""

    start: int
    place: int
    length: int


class Alignment:
    """Which characters of a new text are those of an old one."""

    def __init__(self, old: str, new: str) -> None:
        self.old = old
        self.new = new
        self.blocks = _slide_gaps(list(_join_blocks(_iter_shared(old, new))), old, new)
        self._starts = [block.start for block in self.blocks]

    def survivors(self, start: int, end: int) -> Iterator[Block]:
        """Yield the parts of ``old[start:end]`` that the new text still has."""
        for block in self.blocks[max(bisect_right(self._starts, start) - 1, 0) :]:
            if block.start >= end:
                return
            first, last = max(start, block.start), min(end, block.start + block.length)
            if first < last:
                yield Block(first, block.place + first - block.start, last - first)

    def room(self, start: int, end: int) -> tuple[int, int]:
        """Return the part of the new text that corresponds to ``old[start:end]``."""
        index = bisect_left(self._starts, start) - 1
        before = self.blocks[index] if index >= 0 else Block(0, 0, 0)
        left = before.place + min(before.length, start - before.start)
        following = self.blocks[max(index, 0) :]
        after = next((block for block in following if block.start + block.length > end), None)
        right = after.place + max(end - after.start, 0) if after else len(self.new)
        return left, right

    def gaps(self) -> Iterator[tuple[int, int]]:
        """Yield the stretches of the new text that the old one does not have."""
        shared = ((block.place, block.place + block.length) for block in self.blocks)
        return _iter_gaps(shared, len(self.new))

    @cached_property
    def words(self) -> list[Block]:
        """The blocks cut to whole words."""
        trimmed = (_trim_to_words(block, self.old, self.new) for block in self.blocks)
        return [block for block in trimmed if block.length]

    def locate(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the place of the words ``old[start:end]`` in the new text; None if changed."""
        index = bisect_right(self.words, start, key=lambda block: block.start) - 1
        block = self.words[index] if index >= 0 else Block(0, 0, 0)
        if not block.start <= start < end <= block.start + block.length:
            return None
        shift = block.place - block.start
        return start + shift, end + shift

    def removed_words(self) -> list[tuple[int, int]]:
        """Return the stretches of the old text, in whole words, that the new one does not have."""
        shared = ((block.start, block.start + block.length) for block in self.words)
        return list(_iter_gaps(shared, len(self.old)))

    def inserted_words(self) -> list[tuple[int, int]]:
        """Return the stretches of the new text, in whole words, that the old one does not have."""
        shared = ((block.place, block.place + block.length) for block in self.words)
        return list(_iter_gaps(shared, len(self.new)))


def _iter_gaps(shared: Iterable[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches of a text between those that it shares."""
    at = 0
    for start, end in shared:
        if at < start:
            yield at, start
        at = end
    if at < length:
        yield at, length


def _trim_to_words(block: Block, old: str, new: str) -> Block:
    """Return the part of a block that starts and ends between words in both texts."""

    def cuts_word(offset: int) -> bool:
        return is_inside_word(old, block.start + offset) or is_inside_word(
            new, block.place + offset
        )

    first, last = 0, block.length
    while first < last and cuts_word(first):
        first += 1
    while last > first and cuts_word(last):
        last -= 1
    return Block(block.start + first, block.place + first, last - first)


def _iter_shared(old: str, new: str) -> Iterator[Block]:
    """Yield shared blocks in order: common ends, common lines, characters of changed lines."""
    head = _common_length(old, new)
    tail = _common_length(old[head:][::-1], new[head:][::-1])
    yield Block(0, 0, head)
    yield from _iter_line_blocks(old[head : len(old) - tail], new[head : len(new) - tail], head)
    yield Block(len(old) - tail, len(new) - tail, tail)


def _common_length(left: str, right: str) -> int:
    return next(
        (n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )


def _iter_line_blocks(old: str, new: str, offset: int) -> Iterator[Block]:
    ours, theirs = old.splitlines(keepends=True), new.splitlines(keepends=True)
    starts, places = ([0], [0])
    for lines, sums in ((ours, starts), (theirs, places)):
        for line in lines:
            sums.append(sums[-1] + len(line))
    for tag, i, j, k, m in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        start, place = starts[i], places[k]
        if tag == "equal":
            yield Block(offset + start, offset + place, starts[j] - start)
        elif tag == "replace":
            yield from _iter_character_blocks(
                old[start : starts[j]], new[place : places[m]], start, place, offset
            )


def _iter_character_blocks(
    old: str, new: str, start: int, place: int, offset: int
) -> Iterator[Block]:
    from rapidfuzz.distance import Levenshtein

    for code in Levenshtein.opcodes(old, new):
        if code.tag == "equal":
            length = code.src_end - code.src_start
            yield Block(offset + start + code.src_start, offset + place + code.dest_start, length)


def _join_blocks(blocks: Iterable[Block]) -> Iterator[Block]:
    last: Block | None = None
    for block in blocks:
        if not block.length:
            continue
        if last and (last.start + last.length, last.place + last.length) == (
            block.start,
            block.place,
        ):
            last = last._replace(length=last.length + block.length)
            continue
        if last:
            yield last
        last = block
    if last:
        yield last


def _slide_gaps(blocks: list[Block], old: str, new: str) -> list[Block]:
    """Move every gap that can move to the start of a line, a sentence or a word.

    A passage is put in or taken out as a whole, but a diff may cut it anywhere: of "he sat. he
    ran." without its first sentence it keeps the first "he ".
    """
    ends = [Block(0, 0, 0), *blocks, Block(len(old), len(new), 0)]
    for index in range(len(ends) - 1):
        left, right = ends[index : index + 2]
        inserted, deleted = (
            right.place - left.place - left.length,
            right.start - left.start - left.length,
        )
        if bool(inserted) != bool(deleted):
            text, at = (
                (new, left.place + left.length) if inserted else (old, left.start + left.length)
            )
            slide = _best_slide(text, at, max(inserted, deleted), left.length, right.length)
            ends[index] = left._replace(length=left.length + slide)
            ends[index + 1] = Block(right.start + slide, right.place + slide, right.length - slide)
    return [block for block in ends if block.length]


def _best_slide(text: str, at: int, length: int, leftmost: int, rightmost: int) -> int:
    """Return the best distance to move the gap ``text[at:at + length]``, within two bounds."""
    low, high = 0, 0
    while high < rightmost and text[at + high] == text[at + length + high]:
        high += 1
    while -low < leftmost and text[at + low - 1] == text[at + length + low - 1]:
        low -= 1
    return max(range(low, high + 1), key=lambda slide: (_boundary(text, at + slide), slide))


def _boundary(text: str, at: int) -> int:
    """Rank a start of a passage: line, after a space, after a mark, between words, in a word."""
    before, after = text[at - 1 : at] if at else "\n", text[at : at + 1]
    if before == "\n":
        return 4
    if before.isspace():
        return 3
    if before in ".,;:!?)]}”»":
        return 2
    return 0 if before.isalnum() and after.isalnum() else 1
