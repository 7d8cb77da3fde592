"""Rules about the spans of a layer, and about annotations that must fit each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from operator import lt
from typing import Any

import msgspec

from readout.checks.shortcuts import Columns
from readout.corpus import read
from readout.corpus.drafts import find_passage, nearest_passage
from readout.model import (
    SPAN_FIELDS,
    AnnotatedDocument,
    AnyAnnotation,
    Boilerplate,
    Layer,
    Mention,
    Quote,
    Registries,
    Span,
    Stance,
    iter_spans,
)
from readout.problem import (
    Finding,
    Rule,
    rule,
)
from readout.text.find import find_exact
from readout.text.lookalikes import describe_lookalikes


@rule("checksum", "bytes")
def checksum(document: AnnotatedDocument) -> Iterator[Finding]:
    """A raw text has the SHA-256 that its metadata state: raw text is never edited."""
    if document.sha256 != document.meta.sha256:
        text_path = f"{read.TEXTS}/{document.meta.doc_id}.txt"
        yield Finding(
            f"Got {document.meta.sha256!r}. The text has {document.sha256!r}.",
            ("sha256",),
            hint=(
                f"restore {text_path} as it was annotated; if the text was corrected, move the "
                "annotations to it with `readout reanchor`."
            ),
        )


def _spans_lie_in_text(columns: Columns) -> bool:
    starts, ends = columns.starts, columns.ends
    return all(map(lt, starts, ends)) and max(ends, default=0) <= len(columns.text)


@rule("span-bounds", "span", shortcut=_spans_lie_in_text)
def span_bounds(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """A span starts before it ends and ends within the text."""
    length = len(document.text)
    for index, annotation in enumerate(layer.records):
        for pointer, span in iter_spans(annotation):
            if not span.start < span.end <= length:
                got = f"Got {span.start}–{span.end}."
                message = f"{got} Expected start < end ≤ {length}, the length of the text."
                yield Finding(message, pointer, index, hint=_place_hint(span, document.text))


def _spans_repeat_text(columns: Columns) -> bool:
    places = map(slice, columns.starts, columns.ends)
    return list(map(columns.text.__getitem__, places)) == columns.exacts


@rule("span-text", "span", shortcut=_spans_repeat_text)
def span_text(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """`exact` is the text between start and end."""
    text = document.text
    for index, annotation in enumerate(layer.records):
        for pointer, span in iter_spans(annotation):
            if (
                0 <= span.start < span.end <= len(text)
                and text[span.start : span.end] != span.exact
            ):
                there = text[span.start : span.end]
                left, right = text[max(0, span.start - 20) : span.start], text[span.end :][:20]
                around = f"the text there: …{left}⟦{there}⟧{right}…"
                message = f"Got {span.exact!r}. The text at {span.start}–{span.end} is {there!r}."
                yield Finding(
                    message,
                    (*pointer, "exact"),
                    index,
                    hint=_place_hint(span, text),
                    context=(around, *describe_lookalikes(span.exact, there)),
                )


def _place_hint(span: Span, text: str) -> str:
    """Return a hint with the span that the words of a span have in the text."""
    starts = find_exact(text, span.exact)
    if not starts:
        place = find_passage(span.exact, text)
        if place is None:
            return nearest_passage(span.exact, text)
        return f"if these words are meant, write {_encode_span(text, *place)}."
    start = min(starts, key=lambda each: abs(each - span.start))
    written = _encode_span(text, start, start + len(span.exact))
    if len(starts) == 1:
        return f"write {written}, where the text has these words."
    return f"decide which of the {len(starts)} places is meant; for the nearest write {written}."


def _encode_span(text: str, start: int, end: int) -> str:
    return msgspec.json.encode(Span(start, end, text[start:end])).decode()


def _spans_have_no_outer_space(columns: Columns) -> bool:
    return list(map(str.strip, columns.exacts)) == columns.exacts


@rule("span-space", "span", shortcut=_spans_have_no_outer_space)
def span_space(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """A span neither starts nor ends with white space."""
    for index, annotation in enumerate(layer.records):
        for pointer, span in iter_spans(annotation):
            words = span.exact.strip()
            if not words:
                message = f"The span {span.start}–{span.end} is only white space."
                hint = "remove the span, or the annotation if it is the only one."
                yield Finding(message, pointer, index, hint=hint)
            elif words != span.exact:
                start = span.start + span.exact.index(words)
                message = f"The span {span.exact!r} starts or ends with white space."
                trimmed = _encode_span(document.text, start, start + len(words))
                hint = f"write {trimmed}."
                yield Finding(message, pointer, index, hint=hint)


def _spans_are_in_order(columns: Columns) -> bool:
    for spans in [spans for spans in columns.span_lists if len(spans) > 1]:
        if any(right.start < left.end for left, right in pairwise(spans)):
            return False
    return True


@rule("span-order", "span", shortcut=_spans_are_in_order)
def span_order(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """The spans of one field are in text order and do not overlap."""
    for index, annotation in enumerate(layer.records):
        for name in SPAN_FIELDS[type(annotation)]:
            spans = getattr(annotation, name)
            if isinstance(spans, Span) or len(spans) < 2:
                continue
            for number, (left, right) in enumerate(pairwise(spans), 1):
                if right.start < left.end:
                    place = f"{right.start}–{right.end}"
                    message = (
                        f"The span {place} starts before the previous one ends, at {left.end}."
                    )
                    hint = (
                        "put the spans in text order; if two overlap, put one in their place "
                        "that covers both."
                    )
                    yield Finding(message, (name, number), index, hint=hint)


def find_quotes(layer: Layer) -> dict[str, Quote]:
    """Return the quotes of a layer by id."""
    return {record.id: record for record in layer.records if isinstance(record, Quote)}


def _sources_mention_speakers(columns: Columns) -> bool:
    mentions, quotes = columns.values[Mention], columns.values[Quote]
    speakers = dict(zip(mentions["id"], mentions["speaker"], strict=True))
    pairs = zip(quotes["source"], quotes["speaker"], strict=True)
    return all(speakers.get(source, speaker) == speaker for source, speaker in pairs)


@rule("source-speaker", "span", shortcut=_sources_mention_speakers)
def source_speaker(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """The source of a quote is a mention of its speaker."""
    mentions = {record.id: record for record in layer.records if isinstance(record, Mention)}
    for index, record in enumerate(layer.records):
        if isinstance(record, Quote) and (mention := mentions.get(record.source or "")):
            if mention.speaker != record.speaker:
                speakers = f"{record.speaker!r}, its source mentions {mention.speaker!r}"
                message = f"The quote's speaker is {speakers}."
                yield Finding(
                    message,
                    ("source",),
                    index,
                    hint=(
                        "decide who speaks: correct the speaker of the quote or of the mention, or "
                        "name a mention of the speaker as the source."
                    ),
                )


def _lies_in(inner: Iterable[Span], outer: Iterable[Span]) -> bool:
    hull = list(outer)
    return all(any(o.start <= i.start and i.end <= o.end for o in hull) for i in inner)


def _nested_quotes_lie_inside(columns: Columns) -> bool:
    if not any(columns.values[Quote]["within"]):
        return True
    for quote in columns.quotes:
        outer = columns.quote_by_id.get(quote.within or "")
        if outer is not None and not _lies_in(quote.content, outer.content):
            return False
    return True


@rule("nested-outside", "span", shortcut=_nested_quotes_lie_inside)
def nested_outside(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """The content of a nested quote lies inside the content of the quote it is within."""
    quotes = find_quotes(layer)
    for index, record in enumerate(layer.records):
        if isinstance(record, Quote) and (outer := quotes.get(record.within or "")):
            if not _lies_in(record.content, outer.content):
                message = (
                    f"The content is not inside the content of {outer.id!r}, named in 'within'."
                )
                yield Finding(
                    message,
                    ("within",),
                    index,
                    hint=(
                        "decide: remove 'within' if the quote is not inside the other, or correct "
                        "the spans."
                    ),
                )


def _belongs_to_speaker(stance: Stance, quote: Quote, registries: Registries) -> bool:
    """Tell whether the holder of a stance is the speaker of a quote, or shares a member with it."""
    if stance.holder == quote.speaker:
        return True
    parties = {stance.holder, *_members(stance.holder, registries)}
    return not parties.isdisjoint({quote.speaker, *_members(quote.speaker, registries)})


def _members(speaker_id: str, registries: Registries) -> tuple[str, ...]:
    speaker = registries.speakers.get(speaker_id)
    return speaker.members if speaker else ()


def _holders_belong_to_speakers(columns: Columns) -> bool:
    pairs = columns.pairs
    return all(_belongs_to_speaker(stance, quote, columns.registries) for stance, quote in pairs)


@rule("stance-holder", "span", shortcut=_holders_belong_to_speakers)
def stance_holder(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """A stance in a quote is held by its speaker or a member, or a note says why not."""
    quotes = find_quotes(layer)
    for index, record in enumerate(layer.records):
        if (
            not isinstance(record, Stance)
            or record.note
            or not (quote := quotes.get(record.quote or ""))
        ):
            continue
        if not _belongs_to_speaker(record, quote, registries):
            message = (
                f"The holder is {record.holder!r}, but {quote.speaker!r} speaks in {quote.id!r}."
            )
            yield Finding(
                message,
                ("holder",),
                index,
                hint=(
                    "decide whose stance it is: correct 'holder' or 'quote', or explain in a note "
                    "why they differ."
                ),
            )


_SAME: Mapping[type, tuple[str, ...]] = {
    Mention: ("span",),
    Quote: ("content", "cue"),
    Stance: ("holder", "target", "evidence"),
    Boilerplate: ("span",),
}
"""The fields that say what an annotation is about. A passage may be about several topics."""

_CLAIMS: Mapping[type, tuple[str, ...]] = {
    Mention: ("speaker",),
    Quote: ("form", "speaker", "source"),
    Stance: ("polarity", "expression"),
    Boilerplate: ("kind",),
}
"""The fields in which two annotations about the same contradict each other."""


def find_subject(record: AnyAnnotation) -> tuple[Any, ...] | None:
    """Return what an annotation is about, which includes its first span.

    It is None for a passage, which may be about several topics.
    """
    if type(record) not in _SAME:
        return None
    return type(record), *[getattr(record, name) for name in _SAME[type(record)]]


def _subjects_differ(columns: Columns) -> bool:
    count = Counter(columns.places)
    if len(count) == len(columns.places):
        return True
    pairs = zip(columns.layer.records, columns.places, strict=True)
    shared = [record for record, place in pairs if count[place] > 1 and type(record) in _SAME]
    return len(set(map(find_subject, shared))) == len(shared)


@rule("contradictory-annotation", "span", shortcut=_subjects_differ)
def contradictory_annotation(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """Two annotations of the same words do not contradict each other.

    A mention names one speaker, a quote has one form and one speaker, a holder has one stance on a
    target by the same evidence, and boilerplate is of one kind.
    """
    first: dict[tuple[Any, ...], tuple[int, AnyAnnotation]] = {}
    for index, record in enumerate(layer.records):
        subject = find_subject(record)
        if subject is None:
            continue
        number, other = first.setdefault(subject, (index, record))
        for name in _CLAIMS[type(record)]:
            theirs, ours = getattr(other, name), getattr(record, name)
            if theirs != ours:
                message = (
                    f"The {name} is {ours!r}, but {other.id!r} on line {layer.lines[number]} "
                    f"says {theirs!r} about the same words."
                )
                hint = (
                    "decide which of the two lines is right, delete the other, and let "
                    "references to it name the one that is left."
                )
                yield Finding(message, (name,), index, hint=hint)
                break


SPAN_RULES: tuple[Rule, ...] = (span_bounds, span_text, span_space, span_order)
"""The rules about each span by itself."""

RULES: tuple[Rule, ...] = (
    *SPAN_RULES,
    source_speaker,
    nested_outside,
    stance_holder,
    contradictory_annotation,
)
