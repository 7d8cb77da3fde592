"""Stance items: the labels of gold and of all annotators for one holder, target and passage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from readout.model import AnnotatedDocument, Layer, Stance
from readout.text.matching import overlap


class StanceItem:
    """A stance of one holder on one target that gold or an annotator has.

    ``by_annotator`` maps every annotator of the document to their stance; None if they have none.
    """

    def __init__(self, stance: Stance, name: str, annotators: Iterable[str]) -> None:
        self.holder = stance.holder
        self.target = stance.target
        self.evidence = stance.evidence
        self.name = name
        self.gold: Stance | None = None
        self.by_annotator: dict[str, Stance | None] = dict.fromkeys(annotators)


def iter_stance_items(document: AnnotatedDocument) -> Iterator[StanceItem]:
    """Yield gold's stances, each with the label of every annotator, then the annotators' others.

    Two stances are the same item if holder and target are equal and their evidence overlaps. A
    stance of an annotator goes to the item with which it shares the most characters and which has
    no stance of this annotator yet; ties go to the earliest item.
    """
    annotators = [layer.annotator or "" for layer in document.layers]
    items = []
    for stance in _iter_stances(document.gold):
        item = StanceItem(stance, stance.id, annotators)
        item.gold = stance
        items.append(item)

    for layer, annotator in zip(document.layers, annotators, strict=True):
        for stance in _iter_stances(layer):
            match = _find_item(stance, annotator, items)
            if match is None:
                match = StanceItem(stance, f"{annotator}.{stance.id}", annotators)
                items.append(match)
            match.by_annotator[annotator] = stance
    yield from items


def _iter_stances(layer: Layer) -> Iterator[Stance]:
    for record in layer.records:
        if isinstance(record, Stance):
            yield record


def _find_item(stance: Stance, annotator: str, items: Sequence[StanceItem]) -> StanceItem | None:
    """Return the item that a stance of an annotator belongs to; None if it makes a new one."""
    best = None
    most = 0
    for item in items:
        is_same = (item.holder, item.target) == (stance.holder, stance.target)
        if is_same and item.by_annotator[annotator] is None:
            shared = overlap(stance.evidence, item.evidence)
            if shared > most:
                best, most = item, shared
    return best
