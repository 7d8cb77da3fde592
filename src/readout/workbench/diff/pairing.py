"""Pair the annotations of two layers by id, or by label and place. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from readout.model import (
    ANNOTATION_CLASSES,
    LABEL_FIELDS,
    SPAN_FIELDS,
    AnnotationType,
    AnyAnnotation,
    Span,
    annotation_type,
    main_spans,
)
from readout.text.alignment import Alignment
from readout.text.matching import dice, match

Pair = tuple[AnyAnnotation, AnyAnnotation]
NOWHERE = -1
"""The start and end of a span whose words are not in the new text."""


def move_spans(annotation: AnyAnnotation, alignment: Alignment | None) -> AnyAnnotation:
    """Return an annotation of the old text with the offsets of the new one.

    Without an alignment the texts are equal, and so are the offsets.
    """
    if alignment is None:
        return annotation
    moved: dict[str, Any] = {}
    for name in SPAN_FIELDS[type(annotation)]:
        value = getattr(annotation, name)
        if isinstance(value, Span):
            moved[name] = _move(value, alignment)
        else:
            moved[name] = tuple(_move(span, alignment) for span in value)
    return replace(annotation, **moved)


def _move(span: Span, alignment: Alignment) -> Span:
    start, end = alignment.locate(span.start, span.end) or (NOWHERE, NOWHERE)
    return Span(start, end, span.exact)


def pair_by_id(old: Iterable[AnyAnnotation], new: Iterable[AnyAnnotation]) -> list[Pair]:
    """Return the pairs of annotations that have the same id and type."""
    after = {(each.id, annotation_type(each)): each for each in new}
    before = {(each.id, annotation_type(each)): each for each in old}
    return [(each, after[key]) for key, each in before.items() if key in after]


def pair_by_meaning(
    old: Sequence[AnyAnnotation],
    new: Sequence[AnyAnnotation],
    place: Callable[[AnyAnnotation], AnyAnnotation] = lambda annotation: annotation,
) -> list[Pair]:
    """Return the one-to-one pairs of annotations of one type that are most alike.

    Two annotations are alike if they share text and a label, or half of their text, or if they give
    all the same labels to the same words elsewhere. ``place`` returns an old annotation with the
    offsets of the new text.
    """
    pairs: list[Pair] = []
    for kind in ANNOTATION_CLASSES:
        ours, theirs = _select_type(old, kind), _select_type(new, kind)
        indices = match(ours, theirs, lambda a, b: score_likeness(place(a), b))
        pairs += [(ours[i], theirs[j]) for i, j in indices]
    return pairs


def _select_type(annotations: Iterable[AnyAnnotation], kind: AnnotationType) -> list[AnyAnnotation]:
    """Return the annotations of one type, in text order."""
    chosen = [each for each in annotations if annotation_type(each) == kind]
    return sorted(chosen, key=_text_order)


def _text_order(annotation: AnyAnnotation) -> tuple[int, int, str]:
    first = main_spans(annotation)[0]
    return first.start, first.end, annotation.id


def score_likeness(old: AnyAnnotation, new: AnyAnnotation) -> float:
    """Return the likeness of two annotations of one type, from 0 to 2.

    It is the Dice coefficient of their characters plus the share of their equal labels.
    """
    names = LABEL_FIELDS[annotation_type(new)]
    equal: float = sum(getattr(old, name) == getattr(new, name) for name in names) / len(names)
    shared = dice(main_spans(old), main_spans(new))
    if shared and (equal or shared >= 0.5):
        return shared + equal

    # The same words with the same labels elsewhere count less than any overlap.
    words = [[span.exact for span in main_spans(each)] for each in (old, new)]
    return 0.01 if equal == 1 and words[0] == words[1] else 0.0
