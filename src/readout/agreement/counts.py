"""What two layers have in common, as counts that can be added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from readout.model import (
    LABEL_FIELDS,
    AnnotationType,
    AnyAnnotation,
    Span,
    annotation_type,
    main_spans,
)
from readout.text.matching import dice, length, match, overlap

KEYS: Mapping[AnnotationType, tuple[str, ...]] = {
    "mention": ("speaker",),
    "quote": (),
    "topic": ("topic",),
    "stance": ("holder", "target"),
    "boilerplate": (),
}
"""Fields that tell apart annotations of one passage. They guide the matching, so their own agreement on matched items
is an upper bound; polarity, expression and form never do."""

UNMATCHED = "—"
Pairs: TypeAlias = Counter[tuple[str, str]]
"""How often the first annotator gave one label and the second another."""


@dataclass
class AgreementCounts:
    """What two annotators have in common in one document, for one annotation type. Counts can be added."""

    first: int = 0
    second: int = 0
    matched: int = 0
    exact: int = 0
    first_characters: int = 0
    second_characters: int = 0
    shared_characters: int = 0
    labels: dict[str, Pairs] = field(default_factory=dict)
    characters: Pairs = field(default_factory=Counter)

    def __add__(self, other: AgreementCounts) -> AgreementCounts:
        """Return the counts of both."""
        numbers = {
            name: getattr(self, name) + getattr(other, name)
            for name in self.__dataclass_fields__
            if name not in ("labels", "characters")
        }
        names = dict.fromkeys((*self.labels, *other.labels))
        labels = {
            name: self.labels.get(name, Counter()) + other.labels.get(name, Counter())
            for name in names
        }
        return AgreementCounts(
            **numbers, labels=labels, characters=self.characters + other.characters
        )


def add_counts(counts: Iterable[AgreementCounts]) -> AgreementCounts:
    """Return the sum of counts."""
    return sum(counts, AgreementCounts())


def match_annotations(
    first: Sequence[Any], second: Sequence[Any], kind: AnnotationType
) -> list[tuple[Any, Any]]:
    """Return the pairs of annotations of one type that two annotators mean alike.

    Only annotations whose main spans share a character can be a pair. The pairs maximise the sum of the spans' Dice
    coefficients plus one for each equal field of :data:`KEYS`; the order of the annotations plays no part.
    """
    first, second = sorted(first, key=_match_order), sorted(second, key=_match_order)

    def weight(a: Any, b: Any) -> float:
        shared = dice(main_spans(a), main_spans(b))
        return (
            shared + sum(getattr(a, name) == getattr(b, name) for name in KEYS[kind])
            if shared
            else 0.0
        )

    return [(first[i], second[j]) for i, j in match(first, second, weight)]


def _match_order(annotation: AnyAnnotation) -> tuple[Any, ...]:
    spans = [(span.start, span.end) for span in main_spans(annotation)]
    labels = [getattr(annotation, name) for name in LABEL_FIELDS[annotation_type(annotation)]]
    return spans, labels


def count_agreement(
    first: Iterable[AnyAnnotation], second: Iterable[AnyAnnotation], kind: AnnotationType, size: int
) -> AgreementCounts:
    """Return the counts of two layers of one document of ``size`` characters, for one annotation type."""
    ours, theirs = ([a for a in layer if annotation_type(a) == kind] for layer in (first, second))
    pairs = match_annotations(ours, theirs, kind)
    our_cover, their_cover = (
        _merge(span for a in layer for span in main_spans(a)) for layer in (ours, theirs)
    )
    labels = {
        name: Counter((getattr(a, name), getattr(b, name)) for a, b in pairs)
        for name in LABEL_FIELDS[kind]
    }
    return AgreementCounts(
        first=len(ours),
        second=len(theirs),
        matched=len(pairs),
        exact=sum(_offsets(a) == _offsets(b) for a, b in pairs),
        first_characters=length(our_cover),
        second_characters=length(their_cover),
        shared_characters=overlap(our_cover, their_cover),
        labels=labels,
        characters=_count_characters(
            ours, theirs, LABEL_FIELDS[kind][-1] if kind != "stance" else "polarity", size
        ),
    )


def _offsets(annotation: AnyAnnotation) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in main_spans(annotation)]


def _merge(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end), "")
        else:
            merged.append(span)
    return merged


def _count_characters(ours: Sequence[Any], theirs: Sequence[Any], label: str, size: int) -> Pairs:
    """Return the pairs of label sets that the two annotators give the characters of a text."""
    return Counter(zip(_paint(ours, label, size), _paint(theirs, label, size), strict=True))


def _paint(annotations: Sequence[Any], label: str, size: int) -> list[str]:
    names: list[set[str]] = [set() for _ in range(size)]
    for annotation in annotations:
        for span in main_spans(annotation):
            for offset in range(span.start, span.end):
                names[offset].add(getattr(annotation, label))
    return [" + ".join(sorted(each)) or UNMATCHED for each in names]
