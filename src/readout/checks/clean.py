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

from readout.anchor import find_quotation_marks
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
)

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
    if not (len(types) == len(ids) and _is_clean(_Groups(records), text, registries)):
        return None
    lines = tuple(range(1, len(records) + 1))
    return Layer(path=path, annotator=annotator, raw=raw, records=tuple(records), lines=lines, types=types)


class _Groups:
    """The annotations of a layer by type, and what all have in common."""

    def __init__(self, records: Sequence[AnyAnnotation]) -> None:
        self.records = records
        of: dict[type, list[Any]] = {cls: [] for cls in _TYPES}
        for record in records:
            of[type(record)].append(record)
        self.mentions: list[Mention] = of[Mention]
        self.quotes: list[Quote] = of[Quote]
        self.topics: list[Topic] = of[Topic]
        self.stances: list[Stance] = of[Stance]
        self.boilerplate: list[Boilerplate] = of[Boilerplate]
        self.quote_by_id = {quote.id: quote for quote in self.quotes}
        singles: list[list[Mention] | list[Boilerplate]] = [self.mentions, self.boilerplate]
        self.singles: list[Span] = [record.span for group in singles for record in group]
        self.lists: list[tuple[Span, ...]] = [
            *[quote.content for quote in self.quotes],
            *[topic.spans for topic in self.topics],
            *[stance.evidence for stance in self.stances],
        ]
        self.cues: list[tuple[Span, ...]] = [quote.cue for quote in self.quotes if quote.cue]


def _is_clean(groups: _Groups, text: str, registries: Registries) -> bool:
    return (
        all(groups.lists)
        and _names_are_valid(groups)
        and _references_exist(groups, registries)
        and _spans_fit(groups, text)
        and _is_sorted(groups)
        and _quotes_fit(groups, registries)
        and _stances_fit(groups, registries)
        and _marks_fit(groups, text)
        and _boilerplate_is_alone(groups)
        and _nothing_is_said_twice(groups)
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
    """Tell whether every span lies in the text and repeats it, and those of one field are in order and apart."""
    spans = [*groups.singles, *chain.from_iterable(groups.lists), *chain.from_iterable(groups.cues)]
    starts, ends = [span.start for span in spans], [span.end for span in spans]
    if min(starts) < 0 or max(ends) > len(text) or not all(map(lt, starts, ends)):
        return False
    if list(map(text.__getitem__, map(slice, starts, ends))) != [span.exact for span in spans]:
        return False
    several = [spans for spans in (*groups.lists, *groups.cues) if len(spans) > 1]
    return all(left.end <= right.start for spans in several for left, right in pairwise(spans))


def _is_sorted(groups: _Groups) -> bool:
    keys = []
    for record in groups.records:
        kind = type(record)
        if kind is Mention or kind is Boilerplate:
            first = record.span  # type: ignore[union-attr]
        elif kind is Stance:
            first = record.evidence[0]  # type: ignore[union-attr]
        else:
            first = (record.content if kind is Quote else record.spans)[0]  # type: ignore[union-attr]
        keys.append((first.start, first.end, _TYPES[kind], record.id))
    return all(map(le, keys, keys[1:]))


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
        inside = touched = 0
        for span in quote.content:
            left, right = bisect_left(marks, span.start - 1), bisect_right(marks, span.end)
            accounted.update(marks[left:right])
            touched += right - left
            inside += bisect_left(marks, span.end) - bisect_left(marks, span.start)
        if not quote.note and (inside > 0 if quote.form == "indirect" else touched == 0):
            return False
    if len(accounted) < len(marks):
        for span in _explained(groups):
            accounted.update(marks[bisect_left(marks, span.start - 1) : bisect_right(marks, span.end)])
    return len(accounted) == len(marks)


def _explained(groups: _Groups) -> list[Span]:
    spans = [record.span for record in groups.boilerplate]
    for record in groups.records:
        if record.note and not isinstance(record, Boilerplate):
            spans += [record.span] if isinstance(record, Mention) else getattr(record, record.SPAN_FIELDS[0])
    return spans


def _boilerplate_is_alone(groups: _Groups) -> bool:
    """Tell whether no other annotation overlaps boilerplate."""
    noise = [record.span for record in groups.boilerplate]
    if not noise:
        return True
    others = [mention.span for mention in groups.mentions]
    for spans in (*groups.lists, *groups.cues):
        others += spans
    return not any(span.start < other.end and other.start < span.end for other in noise for span in others)


def _nothing_is_said_twice(groups: _Groups) -> bool:
    """Tell whether no two annotations agree in all but id and note."""
    said: set[tuple[Any, ...]] = set()
    said.update([(0, r.speaker, r.span.start, r.span.end) for r in groups.mentions])
    said.update([(1, r.kind, r.span.start, r.span.end) for r in groups.boilerplate])
    said.update([(2, r.topic, *_places(r.spans)) for r in groups.topics])
    said.update([(3, r.holder, r.target, r.polarity, *_places(r.evidence)) for r in groups.stances])
    said.update([(4, r.form, r.speaker, *_places(r.content)) for r in groups.quotes])
    return len(said) == len(groups.records)


def _places(spans: Sequence[Span]) -> list[int]:
    return [span.start for span in spans]
