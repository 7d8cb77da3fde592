"""What the guidelines ask for and a machine can see: warnings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import msgspec

from readout.checks.shortcuts import Columns, find_touched
from readout.checks.spans import find_quotes
from readout.corpus import read
from readout.model import (
    AnnotatedDocument,
    AnyAnnotation,
    Boilerplate,
    Layer,
    Quote,
    Registries,
    Span,
    Stance,
    iter_spans,
    main_spans,
    quote_extent,
)
from readout.problem import (
    Finding,
    Rule,
    rule,
)
from readout.text.find import is_inside_word, iter_quotation_marks, widen_to_words
from readout.text.forms import infer_form
from readout.text.intervals import Intervals
from readout.text.tokens import Paragraphs
from readout.text.words import splits_at_end, splits_at_start, splits_word


def _marks_are_accounted_for(columns: Columns) -> bool:
    accounted = set(chain.from_iterable(columns.touched))
    if len(accounted) < len(columns.marks):
        accounted.update(find_touched(columns.marks, columns.noise))
        for record in columns.layer.records:
            if record.note:
                accounted.update(find_touched(columns.marks, main_spans(record)))
    return len(accounted) == len(columns.marks)


@rule("unannotated-quotation", "guideline", "warning", shortcut=_marks_are_accounted_for)
def unannotated_quotation(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """Every quotation mark is in a quote, in boilerplate, or in an annotation with a note."""
    is_gold = layer.annotator is None
    is_expected = document.meta.completeness == "complete" if is_gold else bool(layer.records)
    if not (is_expected and layer.is_whole):
        return
    text = document.text
    for offset in _find_unaccounted_marks(layer, text):
        start = text.rfind("\n", 0, offset) + 1
        left, right = text[max(start, offset - 40) : offset], text[offset + 1 : offset + 40]
        yield Finding(
            f"The quotation mark at offset {offset} belongs to no quote of {layer.path}.",
            path=f"{read.TEXTS}/{document.meta.doc_id}.txt",
            line=text.count("\n", 0, offset) + 1,
            column=offset - start + 1,
            context=(f"…{left}⟦{text[offset]}⟧{right}…",),
            hint=(
                "annotate the quote, or explain the mark in the note of an annotation that "
                "covers it; in a text that is not finished, set 'annotated' to 'partial'."
            ),
        )


def _find_unaccounted_marks(layer: Layer, text: str) -> list[int]:
    """Return the offsets of marks outside quotes, boilerplate and explained annotations."""
    covered = bytearray(len(text) + 2)
    for record in layer.records:
        spans = record.content if isinstance(record, Quote) else ()
        if isinstance(record, Boilerplate) or record.note:
            spans = main_spans(record)
        for span in spans:
            # A mark may be just outside the span, and a wrong span may end far outside the text.
            end = min(span.end + 2, len(covered))
            covered[span.start : end] = b"\1" * (end - span.start)
    return [offset for offset in iter_quotation_marks(text) if not covered[offset + 1]]


@rule("annotated-status", "guideline")
def annotated_status(document: AnnotatedDocument) -> Iterator[Finding]:
    """A document is annotated as its metadata say: completely, in part, or not yet.

    A complete document has annotations, and has quotes if its text has unexplained quotation marks.
    """
    gold, status = document.gold, document.meta.completeness
    if not gold.is_whole:
        return
    has_quotes = bool(gold.by_class[Quote])
    message = hint = ""
    if status == "none" and gold.records:
        message = f"The document is not annotated, but {gold.path} has annotations."
        hint = "set 'annotated' to 'partial', or to 'complete' if no annotation is missing."
    elif document.meta.annotated is None and not gold.records:
        # Without a statement, only marks show that a text without annotations lacks some.
        if _find_unaccounted_marks(gold, document.text):
            message = f"The text has quotation marks, but {gold.path} has no annotation."
            hint = "annotate the text, or set 'annotated' to 'none'."
    elif status != "none" and not gold.records:
        message = f"The annotation is {status!r}, but {gold.path} has none."
        hint = "restore the annotations, or set 'annotated' to 'none'."
    elif status == "complete" and not has_quotes and _find_unaccounted_marks(gold, document.text):
        message = "The annotation is 'complete'; the text has quotation marks, but gold no quote."
        hint = "annotate the quotes, or set 'annotated' to 'partial'."
    if message:
        yield Finding(message, ("annotated",), hint=hint)


def _is_inside(offset: int, spans: Iterable[Span]) -> bool:
    return any(span.start <= offset < span.end for span in spans)


def _forms_fit_marks(columns: Columns) -> bool:
    for quote, touched in zip(columns.quotes, columns.touched, strict=True):
        if quote.note:
            continue
        if quote.form != "indirect":
            fits = bool(touched)
        else:
            fits = not any(_is_inside(mark, quote.content) for mark in touched)
        if not fits:
            return False
    return True


@rule("form-marks", "guideline", "warning", shortcut=_forms_fit_marks)
def form_marks(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """Direct and mixed quotes hold or touch a quotation mark, indirect ones hold none."""
    for index, record in enumerate(layer.records):
        if not isinstance(record, Quote) or record.note:
            continue
        margin = 0 if record.form == "indirect" else 1
        marked = any(
            any(
                True
                for _ in iter_quotation_marks(
                    document.text, max(0, s.start - margin), s.end + margin
                )
            )
            for s in record.content
        )
        if not marked and record.form != "indirect":
            # Texts of other people have other marks, such as those of the Penn Treebank.
            marked = infer_form(record.content, document.text) != "indirect"
        if marked == (record.form == "indirect"):
            marks = "holds" if marked else "holds no"
            message = f"The form is {record.form!r}, but the content {marks} quotation marks."
            yield Finding(
                message,
                ("form",),
                index,
                hint=(
                    "decide which is right: correct 'form' or 'content', or explain in a note why "
                    "they differ."
                ),
            )


def _evidence_lies_in_quotes(columns: Columns) -> bool:
    for stance, quote in columns.pairs:
        start, end = quote.content[0].start, quote.content[-1].end
        if quote.cue:
            start, end = min(start, quote.cue[0].start), max(end, quote.cue[-1].end)
        for span in stance.evidence:
            if span.start < start or end < span.end:
                return False
    return True


@rule("evidence-outside-quote", "guideline", "warning", shortcut=_evidence_lies_in_quotes)
def evidence_outside_quote(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """The evidence of a stance taken in a quote lies within that quote and its cue."""
    quotes = find_quotes(layer)
    for index, record in enumerate(layer.records):
        if (
            isinstance(record, Stance)
            and not record.note
            and (quote := quotes.get(record.quote or ""))
        ):
            start, end = quote_extent(quote)
            if any(span.start < start or end < span.end for span in record.evidence):
                place = f"the quote {quote.id!r}, which covers {start}–{end}"
                message = f"The evidence reaches outside {place}."
                yield Finding(
                    message,
                    ("evidence",),
                    index,
                    hint=(
                        "decide: shorten the evidence to words of the quote or its cue, or remove "
                        "'quote' if the stance is not taken in it."
                    ),
                )


def _boilerplate_is_bare(columns: Columns) -> bool:
    count = len(columns.starts) - len(columns.noise)  # spans of boilerplate are the last ones
    starts, ends = columns.starts[:count], columns.ends[:count]
    first, last = min(starts, default=0), max(ends, default=0)
    # Most boilerplate is before or after all annotations.
    inner = [span for span in columns.noise if span.start < last and first < span.end]
    noise = Intervals([(span.start, span.end) for span in inner])
    return not inner or not any(map(noise.overlap, starts, ends))


@rule("annotated-boilerplate", "guideline", "warning", shortcut=_boilerplate_is_bare)
def annotated_boilerplate(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """Nothing but boilerplate is annotated inside boilerplate."""
    spans = [record.span for record in layer.records if isinstance(record, Boilerplate)]
    noise = Intervals([(span.start, span.end) for span in spans])
    for index, record in enumerate(layer.records):
        if not isinstance(record, Boilerplate):
            for pointer, span in iter_spans(record):
                if noise.overlap(span.start, span.end):
                    place = f"{span.start}–{span.end}"
                    message = f"The span {place} overlaps text that is marked as boilerplate."
                    yield Finding(
                        message,
                        pointer,
                        index,
                        hint=(
                            "decide whether these words belong to the article: if so, shorten the "
                            "boilerplate; if not, shorten this span or delete the annotation."
                        ),
                    )


def _spans_end_between_words(columns: Columns) -> bool:
    count = len(columns.starts) - len(columns.noise)  # spans of boilerplate are the last ones
    text = columns.text
    starts = _find_inside_words(text, columns.starts[:count])
    ends = _find_inside_words(text, columns.ends[:count])
    if any(splits_at_start(text, at) for at in starts):
        return False
    return not any(splits_at_end(text, at) for at in ends)


def _find_inside_words(text: str, edges: Iterable[int]) -> list[int]:
    """Return the edges between two letters; in scripts with spaces, these are few."""
    return [at for at in edges if text[at - 1 : at].isalnum() and text[at : at + 1].isalnum()]


@rule("split-word", "guideline", "warning", shortcut=_spans_end_between_words)
def split_word(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """A span starts and ends between words, or a note says why not.

    This does not hold for boilerplate, which may be glued to the text, for scripts without spaces
    between words, or after a Hebrew or Arabic prefix.
    """
    for index, record in enumerate(layer.records):
        if isinstance(record, Boilerplate) or record.note:
            continue
        for pointer, span in iter_spans(record):
            if splits_word(document.text, span.start, span.end):
                message = f"The span {span.exact!r} starts or ends inside a word."
                hint = _suggest_words(document.text, span)
                yield Finding(message, pointer, index, hint=hint)


_LONGEST_WORD = 100
"""How far a hint reaches beyond a span: many spans may be in one run of letters."""


def _suggest_words(text: str, span: Span) -> str:
    left = max(0, span.start - _LONGEST_WORD)
    around = text[left : span.end + _LONGEST_WORD]
    start, end = widen_to_words(around, span.start - left, span.end - left)
    start, end = start + left, end + left
    if is_inside_word(text, start) or is_inside_word(text, end):
        return "take the whole words if they are meant; if not, say why in a note."
    whole = msgspec.json.encode(Span(start, end, text[start:end])).decode()
    return f"write {whole} if the whole words are meant; if not, say why in a note."


def _says(record: AnyAnnotation) -> tuple[Any, ...]:
    """Return what an annotation says: everything but its id and its note."""
    fields = [name for name in record.__struct_fields__ if name not in ("id", "note")]
    return type(record), *[getattr(record, name) for name in fields]


def _sayings_differ(columns: Columns) -> bool:
    contents = columns.values[Quote]["content"]
    if len(set(contents)) < len(contents):
        return False
    count = Counter(columns.places)
    if len(count) == len(columns.places):
        return True
    pairs = zip(columns.layer.records, columns.places, strict=True)
    sayings = [_says(record) for record, place in pairs if count[place] > 1]
    return len(set(sayings)) == len(sayings)


@rule("duplicate-annotation", "guideline", "warning", shortcut=_sayings_differ)
def duplicate_annotation(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """No two annotations of a file say the same, and no two quotes have the same content.

    Two quotes may share their content if one is within the other, or if a note says why.
    """
    seen: dict[Any, str] = {}
    quotes: dict[tuple[Span, ...], Quote] = {}
    for index, record in enumerate(layer.records):
        saying = _says(record)
        if saying in seen:
            other = seen[saying]
            message = f"The record says the same as {other!r}."
            hint = f"delete this line, and name {other!r} in place of {record.id!r} in other lines."
            yield Finding(message, ("id",), index, hint=hint)
        elif isinstance(record, Quote) and not record.note:
            first = quotes.get(record.content)
            if first is not None and not _are_nested(first, record):
                message = f"The quote has the same content as {first.id!r}."
                hint = (
                    "decide who says these words: delete the wrong line, and let references to it "
                    "name the one that is left, which may have several spans as 'cue'; or say in a "
                    "note why the text reports them twice."
                )
                yield Finding(message, ("content",), index, hint=hint)
        seen.setdefault(saying, record.id)
        if isinstance(record, Quote):
            quotes.setdefault(record.content, record)


def _are_nested(quote: Quote, other: Quote) -> bool:
    return quote.within == other.id or other.within == quote.id


def _stances_agree(columns: Columns) -> bool:
    stances = columns.values[Stance]
    subjects = list(zip(stances["holder"], stances["target"], strict=True))
    if len(set(subjects)) == len(subjects):
        return True
    pairs = zip(subjects, stances["polarity"], strict=True)
    sides = {(subject, side) for subject, side in pairs if side != "neutral"}
    return len({subject for subject, _ in sides}) == len(sides)


@rule("opposite-stances", "guideline", "warning", shortcut=_stances_agree)
def opposite_stances(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """No holder is for and against a target by evidence that overlaps, or a note says why."""
    by_subject: dict[tuple[str, str], list[tuple[int, Stance]]] = {}
    for index, record in enumerate(layer.records):
        if isinstance(record, Stance) and record.polarity != "neutral" and not record.note:
            by_subject.setdefault((record.holder, record.target), []).append((index, record))

    opposed: dict[int, int] = {}
    for stances in by_subject.values():
        for earlier, index in _find_opposed(stances):
            opposed.setdefault(index, earlier)
    for index, earlier in sorted(opposed.items()):
        other = layer.records[earlier].id
        message = (
            f"The stance contradicts {other!r} on line {layer.lines[earlier]}: one is in favor and "
            "one against, by some of the same words."
        )
        hint = (
            "decide which stance is right and delete the other, or give each its own evidence; if "
            "the words show both, say so in a note."
        )
        yield Finding(message, ("polarity",), index, hint=hint)


def _find_opposed(stances: Iterable[tuple[int, Stance]]) -> Iterator[tuple[int, int]]:
    """Yield pairs of stances, by their numbers, for and against by evidence that overlaps.

    Each span is compared with one: of those on the other side that start before it, the one that
    ends last. So not every pair is found, but one of every stance that starts inside another.
    """
    spans = [
        (span.start, span.end, index, stance.polarity)
        for index, stance in stances
        for span in stance.evidence
    ]
    last: dict[str, tuple[int, int]] = {"favor": (0, 0), "against": (0, 0)}
    for start, end, index, polarity in sorted(spans):
        other_end, other = last["against" if polarity == "favor" else "favor"]
        if start < other_end:
            yield min(other, index), max(other, index)
        last[polarity] = max(last[polarity], (end, index))


def _cues_are_near(columns: Columns) -> bool:
    for quote in columns.quotes:
        if quote.cue:
            spans = (*quote.content, *quote.cue)
            start = min([span.start for span in spans])
            end = max([max(span.start, span.end) for span in spans])
            if columns.text.find("\n", start, end) >= 0:
                return False
    return True


@rule("distant-cue", "guideline", "warning", shortcut=_cues_are_near)
def distant_cue(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Finding]:
    """A cue is in a paragraph that has content of its quote, or a note says why not."""
    paragraphs = Paragraphs(document.text)
    for index, record in enumerate(layer.records):
        if not isinstance(record, Quote) or record.note:
            continue
        content = Intervals([_find_paragraphs(paragraphs, span) for span in record.content])
        for number, cue in enumerate(record.cue):
            if not content.overlap(*_find_paragraphs(paragraphs, cue)):
                message = f"The cue {cue.exact!r} is in another paragraph than the content."
                hint = (
                    "decide: take the cue that is beside the content, or remove it if there is "
                    "none; if this one is meant, say so in a note."
                )
                yield Finding(message, ("cue", number), index, hint=hint)


def _find_paragraphs(paragraphs: Paragraphs, span: Span) -> tuple[int, int]:
    """Return the numbers of the paragraphs that a span is in: the first, and one after the last."""
    last = max(span.start, span.end - 1)
    return paragraphs.index_at(span.start), paragraphs.index_at(last) + 1


RULES: tuple[Rule, ...] = (
    unannotated_quotation,
    form_marks,
    evidence_outside_quote,
    annotated_boilerplate,
    split_word,
    duplicate_annotation,
    opposite_stances,
    distant_cue,
)
