"""The columns of a layer over its text, which the shortcuts of rules look at."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from readout.model import (
    ANNOTATION_TYPES,
    FIELD_ROLES,
    SPAN_FIELDS,
    Boilerplate,
    Layer,
    Quote,
    Registries,
    Span,
    Stance,
)
from readout.text.find import find_quotation_marks

Place: TypeAlias = tuple[int, int, str]
"""Start and end of an annotation's first span, and its type."""


class Columns:
    """The columns of a layer over its text, made once for all rules.

    To those of the layer alone (:class:`readout.model.FieldColumns`) it adds: ``noise``, the spans
    of boilerplate; ``places``, the place of each record, in order; ``pairs``, the stances without a
    note that are taken in a quote of the layer, each with that quote; ``marks``, the offsets of the
    quotation marks of the text; and ``touched``, the marks in or beside the content of each quote.
    """

    def __init__(self, layer: Layer, text: str, registries: Registries) -> None:
        self.layer = layer
        self.text = text
        self.registries = registries
        columns = layer.columns
        self.values, self.names = columns.values, columns.names
        self.starts, self.ends, self.exacts = columns.starts, columns.ends, columns.exacts
        self.span_lists = columns.span_lists
        self.quotes: list[Quote] = layer.by_class[Quote]
        self.quote_by_id = dict(zip(self.values[Quote]["id"], self.quotes, strict=True))
        self.noise: Sequence[Span] = self.values[Boilerplate]["span"]
        self.places = _find_places(layer)
        self.pairs = self._find_pairs()
        self.marks = find_quotation_marks(text)
        contents = self.values[Quote]["content"]
        self.touched = [find_touched(self.marks, content) for content in contents]

    def _find_pairs(self) -> list[tuple[Stance, Quote]]:
        found = []
        for stance in self.layer.by_class[Stance]:
            quote = self.quote_by_id.get(stance.quote)
            if quote is not None and not stance.note:
                found.append((stance, quote))
        return found


def _find_places(layer: Layer) -> list[Place]:
    places = {}
    for record_class, columns in layer.columns.values.items():
        field = SPAN_FIELDS[record_class][0]
        spans = columns[field]
        if FIELD_ROLES[record_class][field].many:
            spans = [several[0] for several in spans]
        name = ANNOTATION_TYPES[record_class]
        places[record_class] = iter([(span.start, span.end, name) for span in spans])
    return [next(places[type(record)]) for record in layer.records]


def find_touched(marks: Sequence[int], spans: Iterable[Span]) -> list[int]:
    """Return the quotation marks in or beside some spans."""
    found: list[int] = []
    for span in spans:
        found += marks[bisect_left(marks, span.start - 1) : bisect_right(marks, span.end)]
    return found
