"""Which annotation of one layer is which of another: by id, or by meaning and place. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from readout.model import (
    ANNOTATION_CLASSES,
    LABEL_FIELDS,
    SPAN_FIELDS,
    AnyAnnotation,
    Span,
    annotation_type,
    main_spans,
)
from readout.text.alignment import Alignment
from readout.text.matching import dice, match

Pair = tuple[AnyAnnotation, AnyAnnotation]
NOWHERE = -1
"""The offsets of words that the new text does not have."""


def carry(annotation: AnyAnnotation, alignment: Alignment | None) -> AnyAnnotation:
    """Return an annotation of the old text with the offsets of the new one; unchanged without an alignment."""
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

    Two are alike that share text and a label, or most of their text, or that say the same of the same words elsewhere.
    ``place`` gives an old annotation with the offsets of the new text.
    """
    pairs: list[Pair] = []
    for kind in ANNOTATION_CLASSES:
        ours, theirs = (
            sorted((each for each in side if annotation_type(each) == kind), key=_text_order)
            for side in (old, new)
        )
        indices = match(ours, theirs, lambda a, b: likeness(place(a), b))
        pairs += [(ours[i], theirs[j]) for i, j in indices]
    return pairs


def _text_order(annotation: AnyAnnotation) -> tuple[int, int, str]:
    first = main_spans(annotation)[0]
    return first.start, first.end, annotation.id


def likeness(old: AnyAnnotation, new: AnyAnnotation) -> float:
    """Return how alike two annotations of one type are, from 0 to 2: shared characters (Dice) plus equal labels."""
    names = LABEL_FIELDS[annotation_type(new)]
    equal: float = sum(getattr(old, name) == getattr(new, name) for name in names) / len(names)
    shared = dice(main_spans(old), main_spans(new))
    if shared and (equal or shared >= 0.5):
        return shared + equal
    # The same words said to mean the same elsewhere: less than any overlap.
    same_words = [span.exact for span in main_spans(old)] == [
        span.exact for span in main_spans(new)
    ]
    return 0.01 if equal == 1 and same_words else 0.0
