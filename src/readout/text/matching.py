"""Match annotations one to one by their spans, and measure shared spans. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from readout.model import Span

T = TypeVar("T")


def length(spans: Iterable[Span]) -> int:
    """Return the number of characters of disjoint spans."""
    return sum(span.end - span.start for span in spans)


def overlap(left: Iterable[Span], right: Sequence[Span]) -> int:
    """Return the number of characters that two sets of disjoint spans share."""
    return sum(max(0, min(a.end, b.end) - max(a.start, b.start)) for a in left for b in right)


def dice(left: Sequence[Span], right: Sequence[Span]) -> float:
    """Return the F1 of the characters of two sets of spans, between 0 and 1 (Dice 1945)."""
    total = length(left) + length(right)
    return 2 * overlap(left, right) / total if total else 0.0


def match(
    left: Sequence[T], right: Sequence[T], weight: Callable[[T, T], float]
) -> list[tuple[int, int]]:
    """Return the one-to-one pairs with the largest total weight, without pairs of weight 0.

    The assignment problem is solved exactly (Crouse 2016, as in scipy). Among assignments of equal
    weight the result depends on the order of the items: sort them first.
    """
    if not left or not right:
        return []
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    weights = np.array([[weight(a, b) for b in right] for a in left])
    rows, columns = linear_sum_assignment(weights, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if weights[i, j] > 0]
