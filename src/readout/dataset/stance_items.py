"""Stance items: what each annotator says of one holder and one target in one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from readout.model import (
    AnnotatedDocument,
    Span,
    Stance,
)
from readout.text.matching import overlap


class StanceItem:
    """A place in a text where gold or an annotator sees a stance of one holder towards one target."""

    def __init__(
        self,
        holder: str,
        target: str,
        evidence: Sequence[Span],
        name: str,
        annotators: Iterable[str],
    ) -> None:
        self.holder = holder
        self.target = target
        self.evidence = evidence
        self.name = name
        self.gold: Stance | None = None
        self.by_annotator: dict[str, Stance | None] = dict.fromkeys(annotators)


def iter_stance_items(document: AnnotatedDocument) -> Iterator[StanceItem]:
    """Yield gold's stances, each with the label of every annotator, then the stances that only annotators have.

    Two stances are the same item when holder and target are equal and their evidence overlaps. Each gold stance takes
    of each annotator the free stance that shares most characters with it; ties go to the one that comes first.
    """
    annotators = [layer.annotator or "" for layer in document.layers]
    items = []
    for record in document.gold.records:
        if isinstance(record, Stance):
            item = StanceItem(record.holder, record.target, record.evidence, record.id, annotators)
            item.gold = record
            items.append(item)
    for layer in document.layers:
        annotator = layer.annotator or ""
        for record in layer.records:
            if isinstance(record, Stance):
                _place_stance(record, annotator, annotators, items)
    yield from items


def _place_stance(
    stance: Stance, annotator: str, annotators: list[str], items: list[StanceItem]
) -> None:
    shared = [
        (overlap(stance.evidence, item.evidence), -number)
        for number, item in enumerate(items)
        if (item.holder, item.target) == (stance.holder, stance.target)
        and item.by_annotator[annotator] is None
    ]
    best, position = max(shared, default=(0, 0))
    if best == 0:
        name = f"{annotator}.{stance.id}"
        items.append(StanceItem(stance.holder, stance.target, stance.evidence, name, annotators))
        position = 1 - len(items)
    items[-position].by_annotator[annotator] = stance
