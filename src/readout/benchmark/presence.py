"""Which holders and targets a paragraph brings together, and where no stance is taken: the rule for negatives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from readout.model import AnnotatedDocument, Mention, Polarity, Quote, Registries, Stance, iter_spans

STANCES = ("favor", "against", "none")
ANSWERED = frozenset({"favor", "against"})


def label_pairs(
    document: AnnotatedDocument, registries: Registries, start: int, end: int
) -> dict[tuple[str, str], str]:
    """Return favor, against or none for each pair of a holder and a target that are both present in a paragraph.

    A holder is present who is mentioned there, speaks there or takes a stance there; a target is present that
    somebody's words there bear on, also without a position. A pair is *favor* or *against* when a stance of that
    polarity has evidence in the paragraph, and *none* otherwise: nobody annotated a position there, or only that the
    holder leaves it open (``neutral``). Two kinds of pairs are left out, as the text settles no single answer: those
    that are both favor and against, and those without a stance where a group that the holder belongs to, or a member
    of the group that the holder is, does take one.
    """
    holders = {record.speaker for record in _iter_inside(document, (Mention, Quote), start, end)}
    polarities: dict[tuple[str, str], set[Polarity]] = {}
    for record in _iter_inside(document, (Stance,), start, end):
        polarities.setdefault((record.holder, record.target), set()).add(record.polarity)
    holders |= {holder for holder, _ in polarities}
    taken = {pair: found & ANSWERED for pair, found in polarities.items() if found & ANSWERED}
    return {
        (holder, target): min(taken.get((holder, target), {"none"}))
        for holder in sorted(holders)
        for target in sorted({target for _, target in polarities})
        if len(taken.get((holder, target), ())) < 2
        and ((holder, target) in taken or not any((kin, target) in taken for kin in _kin(holder, registries)))
    }


def _kin(holder: str, registries: Registries) -> set[str]:
    """Return the members of a group, and the groups of a member."""
    groups = {name for name, entry in registries.speakers.items() if holder in entry.members}
    return groups | set(registries.speakers[holder].members)


def _iter_inside(document: AnnotatedDocument, classes: tuple[type[Any], ...], start: int, end: int) -> Iterator[Any]:
    for record in document.gold.records:
        if isinstance(record, classes):
            if any(span.start < end and start < span.end for _, span in iter_spans(record)):
                yield record
