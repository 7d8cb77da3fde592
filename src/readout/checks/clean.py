"""A fast answer for layers without any problem: one pass that tells only whether a layer is clean.

What it does not accept is read and judged again, rule by rule; so it may refuse a clean layer, and must never accept
one in which a rule finds anything. A differential test holds it to that.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from operator import le, lt
from typing import Any

import msgspec

from readout.model import (
    ANNOTATION_CLASSES,
    AnnotationType,
    AnyAnnotation,
    Boilerplate,
    Layer,
    Mention,
    Quote,
    Registries,
    Span,
    Stance,
    Topic,
    main_spans,
)
from readout.text.find import find_quotation_marks

_decode = msgspec.json.Decoder(AnyAnnotation).decode_lines
_encode = msgspec.json.Encoder().encode_lines
_IDS = re.compile(r"(?:[a-z0-9][a-z0-9-]{0,63}\n)+")  # the pattern and the length of `id` in the schema
_TYPES: Mapping[type, AnnotationType] = {cls: name for name, cls in ANNOTATION_CLASSES.items()}


def find_clean_layer(path: str, raw: bytes, annotator: str | None, text: str, registries: Registries) -> Layer | None:
    """Return the layer that ``raw`` holds if no rule finds anything in it, and None where that is not certain.

    Bytes that are what their records are written as have no byte order mark, carriage return, blank line, duplicate
    key, unknown field, missing id or offset, and no number that is not an integer.
    """
    try:
        records: list[AnyAnnotation] = _decode(raw)
        if not records or _encode(records) != raw:
            return None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    ids = [record.id for record in records]
    types = dict(zip(ids, [_TYPES[type(record)] for record in records], strict=True))
    if len(types) < len(ids):
        return None
    lines = tuple(range(1, len(records) + 1))
    layer = Layer(path=path, annotator=annotator, raw=raw, records=tuple(records), lines=lines, types=types)
    return layer if _is_clean(_Groups(layer), text, registries) else None


class _Groups:
    """The annotations of a layer by type, and what all have in common."""

    def __init__(self, layer: Layer) -> None:
        self.records = layer.records
        self.mentions: list[Mention] = layer.by_class[Mention]
        self.quotes: list[Quote] = layer.by_class[Quote]
        self.topics: list[Topic] = layer.by_class[Topic]
        self.stances: list[Stance] = layer.by_class[Stance]
        self.noise: list[Span] = [record.span for record in layer.by_class[Boilerplate]]
        self.quote_by_id = {quote.id: quote for quote in self.quotes}
        self.lists: list[tuple[Span, ...]] = [
            *[quote.content for quote in self.quotes],
            *[topic.spans for topic in self.topics],
            *[stance.evidence for stance in self.stances],
        ]
        self.cues: list[tuple[Span, ...]] = [quote.cue for quote in self.quotes if quote.cue]
        self.spans: list[Span] = [mention.span for mention in self.mentions]
        self.spans += chain.from_iterable(self.lists)
        self.spans += chain.from_iterable(self.cues)


def _is_clean(groups: _Groups, text: str, registries: Registries) -> bool:
    return (
        all(groups.lists)
        and _names_are_valid(groups)
        and _references_exist(groups, registries)
        and _spans_fit(groups, text)
        and _order_fits(groups)
        and _quotes_fit(groups, registries)
        and _stances_fit(groups, registries)
        and _marks_fit(groups, text)
    )


def _names_are_valid(groups: _Groups) -> bool:
    """Tell whether new ids and notes fulfil the schema; names of other records are those of valid ones."""
    names = [record.id for record in groups.records]
    names += [quote.statement for quote in groups.quotes if quote.statement is not None]
    notes = [record.note for record in groups.records if record.note is not None]
    return (
        _IDS.fullmatch("\n".join(names) + "\n") is not None
        and all(notes)
        and all(note.isascii() or unicodedata.is_normalized("NFC", note) for note in notes)
        and all(len(set(q.addressees)) == len(q.addressees) for q in groups.quotes if len(q.addressees) > 1)
    )


def _references_exist(groups: _Groups, registries: Registries) -> bool:
    speakers = {mention.speaker for mention in groups.mentions}
    speakers.update([quote.speaker for quote in groups.quotes], [stance.holder for stance in groups.stances])
    speakers.update(*[quote.addressees for quote in groups.quotes])
    sources = {quote.source for quote in groups.quotes} - {None}
    quotes = {quote.within for quote in groups.quotes} | {stance.quote for stance in groups.stances}
    return (
        registries.speakers.keys() >= speakers
        and registries.topics.keys() >= {topic.topic for topic in groups.topics}
        and registries.targets.keys() >= {stance.target for stance in groups.stances}
        and sources <= {mention.id for mention in groups.mentions}
        and quotes - {None} <= groups.quote_by_id.keys()
    )


def _spans_fit(groups: _Groups, text: str) -> bool:
    """Tell whether every span lies in the text and repeats it, those of one field in order, none on boilerplate."""
    spans, noise = groups.spans, groups.noise
    starts, ends = [span.start for span in spans], [span.end for span in spans]
    for span in noise:
        # Boilerplate mostly stands before or after all else.
        if span.end > min(starts, default=span.end) and span.start < max(ends, default=0):
            if any(start < span.end and span.start < end for start, end in zip(starts, ends, strict=True)):
                return False
    starts += [span.start for span in noise]
    ends += [span.end for span in noise]
    if min(starts) < 0 or max(ends) > len(text) or not all(map(lt, starts, ends)):
        return False
    if list(map(text.__getitem__, map(slice, starts, ends))) != [span.exact for span in chain(spans, noise)]:
        return False
    several = [spans for spans in (*groups.lists, *groups.cues) if len(spans) > 1]
    return all(left.end <= right.start for spans in several for left, right in pairwise(spans))


def _order_fits(groups: _Groups) -> bool:
    """Tell whether the annotations are in canonical order, and no two agree in all but id and note."""
    places = []
    for record in groups.records:
        kind = type(record)
        if kind is Mention or kind is Boilerplate:
            first = record.span  # type: ignore[union-attr]
        elif kind is Stance:
            first = record.evidence[0]  # type: ignore[union-attr]
        else:
            first = (record.content if kind is Quote else record.spans)[0]  # type: ignore[union-attr]
        places.append((first.start, first.end, _TYPES[kind]))
    if all(map(lt, places, places[1:])):
        return True
    keys = [(place, record.id) for place, record in zip(places, groups.records, strict=True)]
    return all(map(le, keys, keys[1:])) and len(set(map(_saying, groups.records))) == len(keys)


def _saying(record: AnyAnnotation) -> tuple[Any, ...]:
    return type(record), *(getattr(record, name) for name in record.__struct_fields__ if name not in ("id", "note"))


def _quotes_fit(groups: _Groups, registries: Registries) -> bool:
    """Tell whether sources are mentions of their speakers, and no quote lies within itself or outside its outer one."""
    speakers = {mention.id: mention.speaker for mention in groups.mentions}
    for quote in groups.quotes:
        if quote.source is not None and speakers[quote.source] != quote.speaker:
            return False
        if quote.within is not None:
            if _is_deep(quote, groups) or not _lies_in(quote.content, groups.quote_by_id[quote.within].content):
                return False
    return True


def _is_deep(quote: Quote, groups: _Groups) -> bool:
    """Tell whether more than five quotes lie around this one, as they do in a circle."""
    outer: Quote | None = quote
    for _ in range(6):
        if outer is None or outer.within is None:
            return False
        outer = groups.quote_by_id[outer.within]
    return True


def _lies_in(inner: Sequence[Span], outer: Sequence[Span]) -> bool:
    return all(any(o.start <= i.start and i.end <= o.end for o in outer) for i in inner)


def _stances_fit(groups: _Groups, registries: Registries) -> bool:
    """Tell whether holders speak in the quotes of their stances, and evidence lies there, or a note says why not."""
    for stance in groups.stances:
        if stance.quote is None or stance.note:
            continue
        quote = groups.quote_by_id[stance.quote]
        if stance.holder != quote.speaker:
            left, right = ({name, *registries.speakers[name].members} for name in (stance.holder, quote.speaker))
            if left.isdisjoint(right):
                return False
        start, end = quote.content[0].start, quote.content[-1].end
        if quote.cue:
            start, end = min(start, quote.cue[0].start), max(end, quote.cue[-1].end)
        if stance.evidence[0].start < start or end < stance.evidence[-1].end:
            return False
    return True


def _marks_fit(groups: _Groups, text: str) -> bool:
    """Tell whether every quotation mark is accounted for, and marked quotes alone are direct or mixed."""
    marks = find_quotation_marks(text)
    accounted: set[int] = set()
    for quote in groups.quotes:
        touched: list[int] = []
        for span in quote.content:
            touched += marks[bisect_left(marks, span.start - 1) : bisect_right(marks, span.end)]
        accounted.update(touched)
        if not quote.note:
            if quote.form == "indirect":
                if any(span.start <= mark < span.end for span in quote.content for mark in touched):
                    return False
            elif not touched:
                return False
    if len(accounted) < len(marks):
        for span in _explained(groups):
            accounted.update(marks[bisect_left(marks, span.start - 1) : bisect_right(marks, span.end)])
    return len(accounted) == len(marks)


def _explained(groups: _Groups) -> list[Span]:
    spans = list(groups.noise)
    for record in groups.records:
        if record.note and not isinstance(record, Boilerplate):
            spans += main_spans(record)
    return spans
