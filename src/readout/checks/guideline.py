"""What the guidelines ask for and a machine can see: warnings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from readout.checks.references import is_whole
from readout.checks.spans import find_quotes
from readout.corpus import read
from readout.model import (
    AnnotatedDocument,
    Boilerplate,
    Layer,
    Quote,
    Registries,
    Stance,
    iter_spans,
    main_spans,
)
from readout.problem import (
    Finding,
    Rule,
    rule,
)
from readout.text.find import iter_quotation_marks


@rule("unannotated-quotation", "guideline", "warning")
def unannotated_quotation(layer: Layer, document: AnnotatedDocument, registries: Registries) -> Iterator[Finding]:
    """Every quotation mark belongs to a quote's content, to boilerplate, or to an annotation whose note explains it."""
    if not is_whole(layer):
        return
    text = document.text
    covered = bytearray(len(text) + 2)
    for record in layer.records:
        spans = record.content if isinstance(record, Quote) else ()
        if isinstance(record, Boilerplate) or record.note:
            spans = main_spans(record)
        for span in spans:
            covered[span.start : span.end + 2] = b"\1" * (span.end + 2 - span.start)  # a mark may stand just outside
    for offset in iter_quotation_marks(text):
        if not covered[offset + 1]:
            start = text.rfind("\n", 0, offset) + 1
            yield Finding(
                f"The quotation mark at offset {offset} belongs to no quote of {layer.path}.",
                path=f"{read.TEXTS}/{document.meta.doc_id}.txt",
                line=text.count("\n", 0, offset) + 1,
                column=offset - start + 1,
                context=(
                    f"…{text[max(start, offset - 40) : offset]}⟦{text[offset]}⟧{text[offset + 1 : offset + 40]}…",
                ),
                hint="annotate the quote, or explain the mark in the note of an annotation that covers it.",
            )


@rule("form-marks", "guideline", "warning")
def form_marks(layer: Layer, document: AnnotatedDocument, registries: Registries) -> Iterator[Finding]:
    """Direct and mixed quotes hold or touch a quotation mark, indirect ones hold none."""
    for index, record in enumerate(layer.records):
        if not isinstance(record, Quote) or record.note:
            continue
        margin = 0 if record.form == "indirect" else 1
        marked = any(
            any(True for _ in iter_quotation_marks(document.text, max(0, s.start - margin), s.end + margin))
            for s in record.content
        )
        if marked == (record.form == "indirect"):
            marks = "holds" if marked else "holds no"
            message = f"The form is {record.form!r}, but the content {marks} quotation marks."
            yield Finding(message, ("form",), index, hint="correct the form or the content, or explain it in a note.")


@rule("evidence-outside-quote", "guideline", "warning")
def evidence_outside_quote(layer: Layer, document: AnnotatedDocument, registries: Registries) -> Iterator[Finding]:
    """The evidence of a stance taken in a quote lies between the first and the last word of that quote and its cue."""
    quotes = find_quotes(layer)
    for index, record in enumerate(layer.records):
        if isinstance(record, Stance) and not record.note and (quote := quotes.get(record.quote or "")):
            spans = (*quote.content, *quote.cue)
            start, end = min(s.start for s in spans), max(s.end for s in spans)
            if any(span.start < start or end < span.end for span in record.evidence):
                message = f"The evidence reaches outside the quote {quote.id!r}, which covers {start}–{end}."
                yield Finding(message, ("evidence",), index, hint="correct the evidence, or remove 'quote'.")


@rule("annotated-boilerplate", "guideline", "warning")
def annotated_boilerplate(layer: Layer, document: AnnotatedDocument, registries: Registries) -> Iterator[Finding]:
    """Nothing but boilerplate is annotated inside boilerplate."""
    noise = [record.span for record in layer.records if isinstance(record, Boilerplate)]
    for index, record in enumerate(layer.records):
        if not isinstance(record, Boilerplate):
            for pointer, span in iter_spans(record):
                if any(span.start < other.end and other.start < span.end for other in noise):
                    message = f"The span {span.start}–{span.end} overlaps text that is marked as boilerplate."
                    yield Finding(message, pointer, index, hint="shorten one of the two spans.")


@rule("duplicate-annotation", "guideline", "warning")
def duplicate_annotation(layer: Layer, document: AnnotatedDocument, registries: Registries) -> Iterator[Finding]:
    """No two annotations of a file say the same about the same spans."""
    seen: dict[Any, str] = {}
    for index, record in enumerate(layer.records):
        key = (type(record), tuple(getattr(record, f) for f in record.__struct_fields__ if f not in ("id", "note")))
        if key in seen:
            yield Finding(f"The record says the same as {seen[key]!r}.", ("id",), index, hint="remove one of the two.")
        seen.setdefault(key, record.id)


RULES: tuple[Rule, ...] = (
    unannotated_quotation,
    form_marks,
    evidence_outside_quote,
    annotated_boilerplate,
    duplicate_annotation,
)
