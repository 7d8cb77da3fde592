"""Merge three versions of a list whose items occur once each. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple


class Ordered(NamedTuple):
    """Items in their merged order; not ``certain`` if both sides moved the same items."""

    items: list[Any]
    certain: bool


def merge_items(
    base: Sequence[Any], ours: Sequence[Any], theirs: Sequence[Any], are_edited: bool = False
) -> list[Any] | None:
    """Return the list with the changes of both sides; None if nobody can tell what is meant.

    That is so if an item occurs twice, if both sides reorder the list, or if both take the same
    item away and add different ones: each may be what the item became. With ``are_edited``, items
    are records, so an item that one side takes away and the other replaces was deleted and edited.
    Items must be sortable.
    """
    if any(len(set(version)) < len(version) for version in (base, ours, theirs)):
        return None

    gone_here, gone_there = set(base) - set(ours), set(base) - set(theirs)
    new_here, new_there = set(ours) - set(base), set(theirs) - set(base)
    if gone_here & gone_there:
        differs = new_here != new_there
        both_differ = bool(new_here - new_there and new_there - new_here)
        if both_differ or (are_edited and differs):
            return None

    kept = (set(base) - gone_here - gone_there) | new_here | new_there
    ordered = order_items(base, ours, theirs, kept)
    return ordered.items if ordered.certain else None


def order_items(
    base: Sequence[Any], ours: Sequence[Any], theirs: Sequence[Any], kept: Collection[Any]
) -> Ordered:
    """Return the ``kept`` items of two sides in one order, which is the same if these are swapped.

    Items that both sides have form a frame; each other item stays after the item of the frame that
    it follows in its own list.
    """
    frame, certain = _find_frame(base, ours, theirs, set(kept))
    in_frame = set(frame)
    runs: dict[Any, list[list[Any]]] = {}
    for version in (ours, theirs):
        for anchor, run in _iter_runs(version, in_frame, kept):
            runs.setdefault(anchor, []).append(run)

    items = []
    for anchor in (None, *frame):
        if anchor is not None:
            items.append(anchor)
        for run in sorted(runs.get(anchor, ())):
            items += run
    return Ordered(items, certain)


def _find_frame(
    base: Sequence[Any], ours: Sequence[Any], theirs: Sequence[Any], kept: set[Any]
) -> tuple[list[Any], bool]:
    """Return the items of both sides in the order of the side that moved them, and certainty."""
    shared = kept & set(ours) & set(theirs)
    here = [item for item in ours if item in shared]
    there = [item for item in theirs if item in shared]
    if here == there:
        return here, True

    before = [item for item in base if item in shared]
    known = set(before)
    unmoved_here = [item for item in here if item in known] == before
    unmoved_there = [item for item in there if item in known] == before
    if unmoved_here and not unmoved_there:
        return there, True
    if unmoved_there and not unmoved_here:
        return here, True
    return min(here, there), unmoved_here


def _iter_runs(
    version: Sequence[Any], frame: set[Any], kept: Collection[Any]
) -> list[tuple[Any, list[Any]]]:
    """Return the kept items of a version that are not in the frame, by the item before them."""
    runs: list[tuple[Any, list[Any]]] = []
    anchor = None
    for item in version:
        if item in frame:
            anchor = item
        elif item in kept:
            if not runs or runs[-1][0] != anchor:
                runs.append((anchor, []))
            runs[-1][1].append(item)
    return runs
