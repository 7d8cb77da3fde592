"""A text cut where an annotation begins or ends, so that overlapping annotations can be shown. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from readout.model import AnyAnnotation, Quote, Span, Stance, iter_spans


class Cover(NamedTuple):
    """The code points ``start`` to ``end`` as one part (a span field) of the annotation with a number."""

    start: int
    end: int
    number: int
    part: str


class Segment(NamedTuple):
    """A run of text without an edge inside, and what covers it, the outer before the inner."""

    start: int
    end: int
    text: str
    covers: tuple[Cover, ...]


def list_covers(annotations: Sequence[AnyAnnotation], size: int) -> list[Cover]:
    """Return every span of some annotations, clipped to a text of ``size`` characters; empty ones are left out."""
    covers = []
    for index, annotation in enumerate(annotations):
        for pointer, span in iter_spans(annotation):
            start, end = (min(max(edge, 0), size) for edge in (span.start, span.end))
            if start < end:
                covers.append(Cover(start, end, index, str(pointer[0])))
    return covers


CHANGED_TEXT = -1
"""The number that stands for no annotation, but for words of the raw text that the other state lacks."""


def cut_segments(text: str, covers: Iterable[Cover]) -> list[Segment]:
    """Return the segments of a text in order. Their texts join to the text."""
    covers = sorted(covers)
    edges = sorted({0, len(text), *(edge for cover in covers for edge in cover[:2])})
    segments = []
    active: list[Cover] = []
    waiting = 0
    for start, end in pairwise(edges):
        active = [cover for cover in active if cover.end > start]
        while waiting < len(covers) and covers[waiting].start <= start:
            active.append(covers[waiting])
            waiting += 1
        segments.append(Segment(start, end, text[start:end], tuple(active)))
    return segments


def assign_lanes(
    annotations: Sequence[AnyAnnotation], kind: type[Quote] | type[Stance], most: int
) -> dict[int, int]:
    """Return a lane for the line of each annotation of a type, so that lines of one lane do not overlap.

    Outer annotations come first and take the lanes next to the text. Where more than ``most`` overlap, the last lane is
    shared.
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
    spans: tuple[Span, ...] = (
        annotation.content if isinstance(annotation, Quote) else annotation.evidence
    )
    return spans[0].start, -spans[-1].end
