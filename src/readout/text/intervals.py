"""Find out whether an interval overlaps any of many others."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate


class Intervals:
    """Intervals ``(start, end)``, end excluded, sorted once, so that a search takes log n steps."""

    def __init__(self, bounds: Iterable[tuple[int, int]]) -> None:
        pairs = sorted(bounds)
        self._starts = [start for start, _ in pairs]
        self._ends = list(accumulate([end for _, end in pairs], max))

    def overlap(self, start: int, end: int) -> bool:
        """Return whether one of the intervals shares a place with another interval."""
        earlier = bisect_left(self._starts, end)
        return earlier > 0 and self._ends[earlier - 1] > start
