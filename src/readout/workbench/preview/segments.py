"""Cut a text wherever an annotation begins or ends, to show overlapping annotations. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from readout.model import AnyAnnotation, Quote, Stance, iter_spans, main_spans


class Cover(NamedTuple):
    """A span of the annotation with index ``number``; ``part`` is the field that it is in."""

    start: int
    end: int
    number: int
    part: str


class Segment(NamedTuple):
    """A run of text in which no span begins or ends, and its covers, the outer before the inner."""

    start: int
    end: int
    text: str
    covers: tuple[Cover, ...]


def list_covers(annotations: Sequence[AnyAnnotation], size: int) -> list[Cover]:
    """Return every span of some annotations that is not empty, clipped to a text of ``size``."""
    covers = []
    for index, annotation in enumerate(annotations):
        for pointer, span in iter_spans(annotation):
            start = min(max(span.start, 0), size)
            end = min(max(span.end, 0), size)
            if start < end:
                covers.append(Cover(start, end, index, str(pointer[0])))
    return covers


CHANGED_TEXT = -1
"""The number of a cover that is no annotation, but text that the other state does not have."""


SHOWN = -2
"""The number of a cover that is no annotation, but a paragraph to show where others are not."""


def cut_segments(text: str, covers: Iterable[Cover]) -> list[Segment]:
    """Return the segments of a text in order; their texts join to the text."""
    covers = sorted(covers)
    edges = {0, len(text)}
    for cover in covers:
        edges |= {cover.start, cover.end}

    segments = []
    active: list[Cover] = []
    waiting = 0
    for start, end in pairwise(sorted(edges)):
        active = [cover for cover in active if cover.end > start]
        while waiting < len(covers) and covers[waiting].start <= start:
            active.append(covers[waiting])
            waiting += 1
        segments.append(Segment(start, end, text[start:end], tuple(active)))
    return segments


def assign_lanes(
    annotations: Sequence[AnyAnnotation], kind: type[Quote] | type[Stance], most: int
) -> dict[int, int]:
    """Return the lane of each annotation of a type, by index.

    A page draws one line per annotation, and the lines in one lane do not overlap. Outer
    annotations take the lanes next to the text. If more than ``most`` annotations overlap, several
    share the last lane.
    """
    chosen = [
        (index, annotation)
        for index, annotation in enumerate(annotations)
        if isinstance(annotation, kind)
    ]
    chosen.sort(key=lambda item: (_hull(item[1]), item[0]))
    ends: list[int] = []
    lanes = {}
    for index, annotation in chosen:
        start, minus_end = _hull(annotation)
        lane = next((number for number, end in enumerate(ends) if end <= start), len(ends))
        ends[lane : lane + 1] = [-minus_end]
        lanes[index] = min(lane, most - 1)
    return lanes


def _hull(annotation: Quote | Stance) -> tuple[int, int]:
    """Return the start and the negative end of an annotation: a sort key, outer before inner."""
    spans = main_spans(annotation)
    return spans[0].start, -spans[-1].end
