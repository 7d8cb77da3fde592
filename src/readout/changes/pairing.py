"""Which annotation of one layer is which of another: by id, or by meaning and place. No I/O."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from msgspec.structs import replace

from readout.anchor import iter_tokens
from readout.matching import dice, match
from readout.model import (
    ANNOTATION_CLASSES,
    LABEL_FIELDS,
    SPAN_FIELDS,
    AnyAnnotation,
    Span,
    annotation_type,
    main_spans,
)

Pair = tuple[AnyAnnotation, AnyAnnotation]
NOWHERE = -1


def _tokens(text: str) -> tuple[list[str], list[int]]:
    """Return words, signs and the white space between them, which join to the text, and where each starts."""
    edges = sorted({0, len(text), *(edge for span in iter_tokens(text) for edge in span)})
    starts = edges[:-1] or [0]
    return [text[start:end] for start, end in pairwise(edges)], starts


class Carrier:
    """Carries annotations from an old text to the same words of a new one.

    ``removed`` and ``inserted`` are the places of the old and of the new text that the other lacks.
    """

    def __init__(self, old: str, new: str) -> None:
        self.text_changed = old != new
        self.removed: list[tuple[int, int]] = []
        self.inserted: list[tuple[int, int]] = []
        self._blocks: list[tuple[int, int, int]] = []
        if self.text_changed:
            (before, before_at), (after, after_at) = _tokens(old), _tokens(new)
            at, to = [*before_at, len(old)], [*after_at, len(new)]
            for a, b, size in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
                self._note_gap(at[a], to[b])
                self._blocks.append((at[a], at[a + size], to[b]))

    def _note_gap(self, old: int, new: int) -> None:
        """Note the words between the last block and the next, which starts at ``old`` and ``new``."""
        first, last, to = self._blocks[-1] if self._blocks else (0, 0, 0)
        self.removed += [(last, old)] if last < old else []
        self.inserted += [(to + last - first, new)] if to + last - first < new else []

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """Return where the words from ``start`` to ``end`` stand now; :data:`NOWHERE` twice if they were changed."""
        if not self.text_changed:
            return start, end
        index = bisect_right(self._blocks, (start, float("inf"), 0)) - 1
        first, last, to = self._blocks[index] if index >= 0 else (0, 0, 0)
        if not first <= start < end <= last:
            return NOWHERE, NOWHERE
        return start - first + to, end - first + to

    def carry(self, annotation: AnyAnnotation) -> AnyAnnotation:
        """Return the annotation with the offsets of the new text."""
        if not self.text_changed:
            return annotation
        moved = {}
        for name in SPAN_FIELDS[type(annotation)]:
            value = getattr(annotation, name)
            moved[name] = self._move(value) if isinstance(value, Span) else tuple(map(self._move, value))
        return replace(annotation, **moved)

    def _move(self, span: Span) -> Span:
        return Span(*self.locate(span.start, span.end), span.exact)


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
            sorted((each for each in side if annotation_type(each) == kind), key=_order) for side in (old, new)
        )
        indices = match(ours, theirs, lambda a, b: likeness(place(a), b))
        pairs += [(ours[i], theirs[j]) for i, j in indices]
    return pairs


def _order(annotation: AnyAnnotation) -> tuple[int, int, str]:
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
    same_words = [span.exact for span in main_spans(old)] == [span.exact for span in main_spans(new)]
    return 0.01 if equal == 1 and same_words else 0.0
