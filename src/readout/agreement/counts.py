"""Count the agreement of two layers of one document; the counts can be added."""

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
"""The fields that distinguish annotations of one passage.

Matching prefers equal values, so the agreement on these fields is an upper bound. Polarity,
expression and form play no part in it."""

UNMATCHED = "—"
"""The label of an item that only the other annotator has."""
Pairs: TypeAlias = Counter[tuple[str, str]]
"""The number of items by the first and the second annotator's label."""


@dataclass
class AgreementCounts:
    """The agreement of two annotators on one annotation type in one document, as counts.

    ``first`` and ``second`` count their annotations, ``matched`` the pairs, and ``exact`` the pairs
    with equal spans. The ``…_characters`` count code points. ``labels`` are the label pairs of
    matched annotations by field, ``characters`` the label pairs of all code points of the text.
    """

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
        labels = dict(self.labels)
        for name, pairs in other.labels.items():
            labels[name] = labels.get(name, Counter()) + pairs
        characters = self.characters + other.characters
        return AgreementCounts(**numbers, labels=labels, characters=characters)


def add_counts(counts: Iterable[AgreementCounts]) -> AgreementCounts:
    """Return the sum of counts."""
    return sum(counts, AgreementCounts())


def match_annotations(
    first: Sequence[Any], second: Sequence[Any], kind: AnnotationType
) -> list[tuple[Any, Any]]:
    """Return the one-to-one pairs of two annotators' annotations of one type.

    The main spans of a pair share at least one character. The pairs maximise the sum of the Dice
    coefficients of their spans plus one for each equal field of :data:`KEYS`. The order of the
    annotations plays no part.
    """
    first, second = sorted(first, key=_match_order), sorted(second, key=_match_order)

    def weight(a: Any, b: Any) -> float:
        shared = dice(main_spans(a), main_spans(b))
        if not shared:
            return 0.0
        equal = sum(getattr(a, name) == getattr(b, name) for name in KEYS[kind])
        return float(shared + equal)

    return [(first[i], second[j]) for i, j in match(first, second, weight)]


def _match_order(annotation: AnyAnnotation) -> tuple[Any, ...]:
    spans = [(span.start, span.end) for span in main_spans(annotation)]
    labels = [getattr(annotation, name) for name in LABEL_FIELDS[annotation_type(annotation)]]
    return spans, labels


def count_agreement(
    first: Iterable[AnyAnnotation], second: Iterable[AnyAnnotation], kind: AnnotationType, size: int
) -> AgreementCounts:
    """Return the counts of two layers of a document of ``size`` code points, for one type."""
    ours = [annotation for annotation in first if annotation_type(annotation) == kind]
    theirs = [annotation for annotation in second if annotation_type(annotation) == kind]
    our_cover, their_cover = _cover(ours), _cover(theirs)
    pairs = match_annotations(ours, theirs, kind)
    labels = {}
    for name in LABEL_FIELDS[kind]:
        labels[name] = Counter((getattr(a, name), getattr(b, name)) for a, b in pairs)

    unit = unit_label(kind)
    our_labels = _label_characters(ours, unit, size)
    their_labels = _label_characters(theirs, unit, size)
    return AgreementCounts(
        first=len(ours),
        second=len(theirs),
        matched=len(pairs),
        exact=sum(_offsets(a) == _offsets(b) for a, b in pairs),
        first_characters=length(our_cover),
        second_characters=length(their_cover),
        shared_characters=overlap(our_cover, their_cover),
        labels=labels,
        characters=Counter(zip(our_labels, their_labels, strict=True)),
    )


def unit_label(kind: AnnotationType) -> str:
    """Return the field that labels the spans of a type, for measures that allow one label.

    It is the last of the type's label fields; for stances it is the polarity.
    """
    return "polarity" if kind == "stance" else LABEL_FIELDS[kind][-1]


def _offsets(annotation: AnyAnnotation) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in main_spans(annotation)]


def _cover(annotations: Iterable[AnyAnnotation]) -> list[Span]:
    """Return disjoint spans, in text order, that cover the main spans of annotations."""
    spans: list[Span] = []
    for annotation in annotations:
        spans += main_spans(annotation)
    spans.sort(key=lambda span: (span.start, span.end))

    merged: list[Span] = []
    for span in spans:
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end), "")
        else:
            merged.append(span)
    return merged


def _label_characters(annotations: Sequence[Any], label: str, size: int) -> list[str]:
    """Return the labels of each of the ``size`` code points of a text, joined to one string."""
    names: list[set[str]] = [set() for _ in range(size)]
    for annotation in annotations:
        for span in main_spans(annotation):
            for offset in range(span.start, span.end):
                names[offset].add(getattr(annotation, label))
    return [" + ".join(sorted(each)) or UNMATCHED for each in names]
