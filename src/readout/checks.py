"""One generator function per rule, and the registry of them all.

Rules get a file that has been read and the scope around it, and yield findings by record number and JSON pointer. The
frame at the end of the module adds path, line and column, and lets a record that fails on one rung rest on the higher
ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import msgspec
from msgspec.structs import replace

from readout import read
from readout.anchor import find_quotation, iter_quotation_marks
from readout.canonical import (
    DRAFT_RULES,
    check_drafts,
    encode_layer,
    encode_records,
    nearest_passage,
)
from readout.model import (
    AnnotatedDocument,
    Annotator,
    Boilerplate,
    Corpus,
    Document,
    Layer,
    Mention,
    Pointer,
    Quote,
    RecordFile,
    Registries,
    Span,
    Speaker,
    Stance,
    Target,
    Topic,
    TopicDefinition,
    iter_spans,
    main_spans,
)
from readout.problem import (
    RUNGS,
    Finding,
    Problem,
    Rule,
    Rung,
    locate,
    locate_record,
    nearest,
    rule,
)

REFERENCES: Mapping[type, tuple[tuple[str, str], ...]] = {
    Mention: (("speaker", "speakers"),),
    Quote: (("speaker", "speakers"), ("addressees", "speakers"), ("source", "mention"), ("within", "quote")),
    Topic: (("topic", "topics"),),
    Stance: (("holder", "speakers"), ("target", "targets"), ("quote", "quote")),
    Boilerplate: (),
    Document: (("outlet", "speakers"),),
    Speaker: (("members", "speakers"),),
    TopicDefinition: (("parent", "topics"), ("iptc", "iptc")),
    Target: (("topics", "topics"),),
    Annotator: (),
}
"""The fields of each record that name another record, and the vocabulary they name it from."""


def iter_references(record: Any) -> Iterator[tuple[Pointer, str, str]]:
    """Yield ``(pointer, vocabulary, id)`` of every reference that a record makes."""
    for name, vocabulary in REFERENCES[type(record)]:
        value = getattr(record, name)
        if isinstance(value, str):
            yield (name,), vocabulary, value
        elif value is not None:
            for index, item in enumerate(value):
                yield (name, index), vocabulary, item


def record_id(record: Any) -> str:
    """Return the id of any record: its first field."""
    value: str = getattr(record, record.__struct_fields__[0])
    return value


# ---------------------------------------------------------------- rules about any file of records


@rule("duplicate-id", "reference")
def duplicate_id(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """Every id is given once in its file."""
    first: dict[str, int] = {}
    for index, record in enumerate(file.records):
        name = record_id(record)
        if name in first:
            yield Finding(
                f"The id {name!r} is already given on line {file.lines[first[name]]}.",
                (record.__struct_fields__[0],),
                index,
                hint="remove the id and run `readout format`, which gives a new one."
                if isinstance(file, Layer)
                else "give the entry another id.",
            )
        first.setdefault(name, index)


@rule("unknown-reference", "reference")
def unknown_reference(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """Every id that a record names exists."""
    for index, record in enumerate(file.records):
        for pointer, vocabulary, name in iter_references(record):
            known = _vocabulary(vocabulary, file, registries)
            if name not in known and not _is_broken(name, vocabulary, file, registries):
                yield Finding(
                    f"The {pointer[0]} {name!r} does not exist in {_place(vocabulary, file)}.",
                    pointer,
                    index,
                    hint=nearest(name, _candidates(vocabulary, known)) or _remedy(vocabulary),
                )


def _vocabulary(vocabulary: str, file: RecordFile[Any], registries: Registries) -> Mapping[str, Any]:
    if vocabulary in ("mention", "quote"):
        return file.types if isinstance(file, Layer) else {}
    known: Mapping[str, Any] = getattr(registries, vocabulary)
    return known


def _is_broken(name: str, vocabulary: str, file: RecordFile[Any], registries: Registries) -> bool:
    """Tell whether a record of this name may exist, but in a line that cannot be read or in a file that is missing."""
    home = file if vocabulary in ("mention", "quote") else registries.files.get(vocabulary)
    if home is None or is_whole(home):
        return False
    return not home.raw or b'"%s"' % name.encode() in home.raw


def is_whole(file: RecordFile[Any]) -> bool:
    """Tell whether every line of a file is among its records."""
    return bool(file.raw) and len(file.records) == len(file.raw.splitlines())


def _candidates(vocabulary: str, known: Mapping[str, Any]) -> list[str]:
    return [name for name in known if vocabulary not in ("mention", "quote") or known[name] == vocabulary]


def _place(vocabulary: str, file: RecordFile[Any]) -> str:
    if vocabulary in ("mention", "quote"):
        return "this file"
    return read.IPTC if vocabulary == "iptc" else f"annotations/{vocabulary}.jsonl"


def _remedy(vocabulary: str) -> str:
    if vocabulary in ("mention", "quote"):
        return f"add the {vocabulary} to this file, or name an id that is in it."
    return f"correct the id, or add it with `readout add {vocabulary.removesuffix('s')}`."


@rule("wrong-reference", "reference")
def wrong_reference(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """A source is a mention, `within` and `quote` name a quote, an outlet is a speaker of kind outlet."""
    for index, record in enumerate(file.records):
        if isinstance(file, Layer):
            for pointer, vocabulary, name in iter_references(record):
                got = file.types.get(name, vocabulary)
                if vocabulary in ("mention", "quote") and got != vocabulary:
                    message = f"The {pointer[0]} {name!r} is a {got}. Expected a {vocabulary}."
                    yield Finding(message, pointer, index, hint=nearest(name, _candidates(vocabulary, file.types)))
        elif isinstance(record, Document) and record.outlet and record.outlet in registries.speakers:
            kind = registries.speakers[record.outlet].kind
            if kind != "outlet":
                message = f"The outlet {record.outlet!r} is a speaker of kind {kind!r}. Expected kind 'outlet'."
                outlets = [name for name, speaker in registries.speakers.items() if speaker.kind == "outlet"]
                yield Finding(message, ("outlet",), index, hint=nearest(record.outlet, outlets))


@rule("reference-cycle", "reference")
def reference_cycle(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """No quote lies within itself, no topic is its own ancestor, no group is its own member."""
    for name, fields in (("within", Quote), ("parent", TopicDefinition), ("members", Speaker)):
        records = {record_id(record): record for record in file.records if isinstance(record, fields)}
        for index, record in enumerate(file.records):
            if isinstance(record, fields) and _reaches_itself(record, name, records):
                message = f"Following {name!r} from {record_id(record)!r} leads back to it."
                yield Finding(message, (name,), index, hint=f"correct {name!r} in one of the records of the circle.")


def _reaches_itself(start: Any, field: str, records: Mapping[str, Any]) -> bool:
    pending, seen = [start], set()
    while pending:
        value = getattr(pending.pop(), field)
        for name in (value,) if isinstance(value, str) else value or ():
            if name == record_id(start):
                return True
            if name in records and name not in seen:
                seen.add(name)
                pending.append(records[name])
    return False


@rule("impossible-date", "reference")
def impossible_date(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """Dates are days of the calendar."""
    for index, record in enumerate(file.records):
        for pointer, value in _iter_dates(record):
            try:
                date.fromisoformat((value + "-01-01")[:10] if len(value) < 10 else value)
            except ValueError:
                yield Finding(f"There is no day {value!r} in the calendar.", pointer, index, hint="correct the date.")


def _iter_dates(record: Any) -> Iterator[tuple[Pointer, str]]:
    for name in ("published", "date"):
        if value := getattr(record, name, None):
            yield (name,), value
    for index, role in enumerate(getattr(record, "roles", ())):
        for name, value in (("from", role.start), ("to", role.end)):
            if value:
                yield ("roles", index, name), value


@rule("not-canonical", "guideline", "warning")
def not_canonical(file: RecordFile[Any], registries: Registries) -> Iterator[Finding]:
    """Files are in canonical form, so that a diff shows one changed record as one changed line."""
    canonical = encode_layer(file.records) if isinstance(file, Layer) else encode_records(file.records)
    if canonical != file.raw and is_whole(file):
        pairs = zip(canonical.splitlines(), file.raw.splitlines(), strict=False)
        first = next((number for number, (ours, theirs) in enumerate(pairs, 1) if ours != theirs), len(file.lines))
        yield Finding("The file is not in canonical form from this line on.", line=first, hint="run `readout format`.")


# ---------------------------------------------------------------- rules about documents and splits


@rule("checksum", "bytes")
def checksum(document: AnnotatedDocument) -> Iterator[Finding]:
    """A raw text has the SHA-256 that its metadata state: raw text is never edited."""
    if document.sha256 != document.meta.sha256:
        yield Finding(
            f"Got {document.meta.sha256!r}. The text has {document.sha256!r}.",
            ("sha256",),
            hint=f"restore {read.TEXTS}/{document.meta.doc_id}.txt; for a corrected text run `readout reanchor`.",
        )


@rule("split-leak", "reference")
def split_leak(index: RecordFile[Document]) -> Iterator[Finding]:
    """All texts about one event are in one split."""
    first: dict[str, int] = {}
    for number, document in enumerate(index.records):
        earlier = index.records[first.setdefault(document.event, number)]
        if earlier.split != document.split:
            yield Finding(
                f"The event {document.event!r} is in split {document.split!r} here, and in {earlier.split!r} on line "
                f"{index.lines[first[document.event]]}.",
                ("split",),
                number,
                hint="put all texts about one event in one split.",
            )


# ---------------------------------------------------------------- rules about spans


@rule("span-bounds", "span")
def span_bounds(layer: Layer, document: AnnotatedDocument, registries: Registries) -> Iterator[Finding]:
    """A span starts before it ends and ends within the text."""
    length = len(document.text)
    for index, annotation in enumerate(layer.records):
        for pointer, span in iter_spans(annotation):
            if not span.start < span.end <= length:
                message = f"Got {span.start}–{span.end}. Expected start < end ≤ {length}, the length of the text."
                yield Finding(message, pointer, index, hint=_place_hint(span, document.text))


@rule("span-text", "span")
def span_text(layer: Layer, document: AnnotatedDocument, registries: Registries) -> Iterator[Finding]:
    """`exact` is the text between start and end."""
    text = document.text
    for index, annotation in enumerate(layer.records):
        for pointer, span in iter_spans(annotation):
            if 0 <= span.start < span.end <= len(text) and text[span.start : span.end] != span.exact:
                there = text[span.start : span.end]
                around = (
                    f"the text there: …{text[max(0, span.start - 20) : span.start]}⟦{there}⟧{text[span.end :][:20]}…"
                )
                message = f"Got {span.exact!r}. The text at {span.start}–{span.end} is {there!r}."
                yield Finding(message, (*pointer, "exact"), index, hint=_place_hint(span, text), context=(around,))


def _place_hint(span: Span, text: str) -> str:
    starts = find_quotation(text, span.exact)
    if not starts:
        return nearest_passage(span.exact, text)
    nearby = min(starts, key=lambda start: abs(start - span.start))
    return f"{span.exact!r} is found at {nearby}–{nearby + len(span.exact)}, did you mean it?"


@rule("span-order", "span")
def span_order(layer: Layer, document: AnnotatedDocument, registries: Registries) -> Iterator[Finding]:
    """The spans of one field are in text order and do not overlap."""
    for index, annotation in enumerate(layer.records):
        for name in annotation.SPAN_FIELDS:
            spans = getattr(annotation, name)
            if isinstance(spans, Span) or len(spans) < 2:
                continue
            for number, (left, right) in enumerate(pairwise(spans), 1):
                if right.start < left.end:
                    message = (
                        f"The span {right.start}–{right.end} starts before the one in front of it ends, at {left.end}."
                    )
                    hint = "put the spans in text order, and join those that overlap."
                    yield Finding(message, (name, number), index, hint=hint)


def _quotes(layer: Layer) -> dict[str, Quote]:
    return {record.id: record for record in layer.records if isinstance(record, Quote)}


@rule("source-speaker", "span")
def source_speaker(layer: Layer, document: AnnotatedDocument, registries: Registries) -> Iterator[Finding]:
    """The source of a quote is a mention of its speaker."""
    mentions = {record.id: record for record in layer.records if isinstance(record, Mention)}
    for index, record in enumerate(layer.records):
        if isinstance(record, Quote) and (mention := mentions.get(record.source or "")):
            if mention.speaker != record.speaker:
                message = f"The quote's speaker is {record.speaker!r}, its source mentions {mention.speaker!r}."
                yield Finding(message, ("source",), index, hint="correct the speaker of the quote or of the mention.")


def _lies_in(inner: Iterable[Span], outer: Iterable[Span]) -> bool:
    hull = list(outer)
    return all(any(o.start <= i.start and i.end <= o.end for o in hull) for i in inner)


@rule("nested-outside", "span")
def nested_outside(layer: Layer, document: AnnotatedDocument, registries: Registries) -> Iterator[Finding]:
    """The content of a nested quote lies inside the content of the quote it is within."""
    quotes = _quotes(layer)
    for index, record in enumerate(layer.records):
        if isinstance(record, Quote) and (outer := quotes.get(record.within or "")):
            if not _lies_in(record.content, outer.content):
                message = (
                    f"The content is not inside the content of {outer.id!r}, which the quote is said to be within."
                )
                yield Finding(
                    message, ("within",), index, hint="remove 'within', or correct the spans of either quote."
                )


@rule("stance-holder", "span")
def stance_holder(layer: Layer, document: AnnotatedDocument, registries: Registries) -> Iterator[Finding]:
    """The holder of a stance taken in a quote is its speaker, or belongs to it, or a note says why not."""
    quotes = _quotes(layer)
    for index, record in enumerate(layer.records):
        if not isinstance(record, Stance) or record.note or not (quote := quotes.get(record.quote or "")):
            continue
        parties = {record.holder, *_members(record.holder, registries)}
        if parties.isdisjoint({quote.speaker, *_members(quote.speaker, registries)}):
            message = f"The holder is {record.holder!r}, but {quote.speaker!r} speaks in {quote.id!r}."
            yield Finding(message, ("holder",), index, hint="correct the holder or the quote, or explain it in a note.")


def _members(speaker_id: str, registries: Registries) -> tuple[str, ...]:
    speaker = registries.speakers.get(speaker_id)
    return speaker.members if speaker else ()


# ---------------------------------------------------------------- guideline warnings


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
            any(True for _ in iter_quotation_marks(document.text[max(0, s.start - margin) : s.end + margin]))
            for s in record.content
        )
        if marked == (record.form == "indirect"):
            marks = "holds" if marked else "holds no"
            message = f"The form is {record.form!r}, but the content {marks} quotation marks."
            yield Finding(message, ("form",), index, hint="correct the form or the content, or explain it in a note.")


@rule("evidence-outside-quote", "guideline", "warning")
def evidence_outside_quote(layer: Layer, document: AnnotatedDocument, registries: Registries) -> Iterator[Finding]:
    """The evidence of a stance taken in a quote lies between the first and the last word of that quote and its cue."""
    quotes = _quotes(layer)
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


@rule("unused-entry", "guideline", "warning")
def unused_entry(file: RecordFile[Any], used: Iterable[str]) -> Iterator[Finding]:
    """Every entry of a registry is used."""
    names = set(used)
    for index, record in enumerate(file.records):
        if record_id(record) not in names:
            message = f"The entry {record_id(record)!r} is used nowhere in the corpus."
            yield Finding(message, (record.__struct_fields__[0],), index, hint="use it or remove it.")


@rule("lone-statement", "guideline", "warning")
def lone_statement(statements: Mapping[str, Sequence[tuple[str, int]]]) -> Iterator[Finding]:
    """A statement id joins at least two quotes."""
    for name, places in statements.items():
        if len(places) == 1:
            path, line = places[0]
            message = f"The statement {name!r} is named by one quote only."
            hint = "name it in the other quote that reports the statement, or remove it."
            yield Finding(message, path=path, line=line, hint=hint)


FILE_RULES: tuple[Rule, ...] = (
    duplicate_id,
    unknown_reference,
    wrong_reference,
    reference_cycle,
    impossible_date,
    not_canonical,
)
LAYER_RULES: tuple[Rule, ...] = (
    span_bounds,
    span_text,
    span_order,
    source_speaker,
    nested_outside,
    stance_holder,
    unannotated_quotation,
    form_marks,
    evidence_outside_quote,
    annotated_boilerplate,
    duplicate_annotation,
)
CORPUS_RULES: tuple[Rule, ...] = (checksum, split_leak, unused_entry, lone_statement)
CHECKS: Mapping[str, Rule] = {
    each.code: each for each in (*read.RULES, *FILE_RULES, *DRAFT_RULES, *LAYER_RULES, *CORPUS_RULES)
}
"""Every rule by its code."""


# ---------------------------------------------------------------- the frame


def _run(rules: Iterable[Rule], file: RecordFile[Any], *scope: Any) -> Iterator[Problem]:
    for each in rules:
        for finding in each.find(file, *scope):
            yield locate_record(each, finding, file)


def _climb(file: RecordFile[Any], rules: Iterable[tuple[Rule, tuple[Any, ...]]]) -> Iterator[Problem]:
    """Run rules, each with its scope, rung by rung; records with an error on one rung are left out of the next."""
    by_rung: dict[Rung, list[tuple[Rule, tuple[Any, ...]]]] = {rung: [] for rung in RUNGS}
    for each, scope in rules:
        by_rung[each.rung].append((each, scope))
    for rung in RUNGS:
        failed: set[int] = set()
        for each, scope in by_rung[rung]:
            for finding in each.find(file, *scope):
                yield locate_record(each, finding, file)
                if each.severity == "error" and finding.index is not None:
                    failed.add(finding.index)
        if failed:
            kept = [index for index in range(len(file.records)) if index not in failed]
            records, lines = ([values[index] for index in kept] for values in (file.records, file.lines))
            file = replace(file, records=tuple(records), lines=tuple(lines))


def check_registries(registries: Registries) -> Iterator[Problem]:
    """Yield the problems of the registries, apart from unused entries."""
    for file in registries.files.values():
        yield from _climb(file, [(each, (registries,)) for each in FILE_RULES])


def check_index(index: RecordFile[Document], registries: Registries) -> Iterator[Problem]:
    """Yield the problems of the documents' metadata."""
    yield from _climb(index, [(each, (registries,)) for each in FILE_RULES])
    yield from _run((split_leak,), index)


def check_layer(layer: Layer, document: AnnotatedDocument, registries: Registries) -> Iterator[Problem]:
    """Yield the problems of one annotation file above the schema rung."""
    yield from check_drafts(layer, document.text)
    rules: list[tuple[Rule, tuple[Any, ...]]] = [(each, (registries,)) for each in FILE_RULES]
    rules += [(each, (document, registries)) for each in LAYER_RULES]
    yield from _climb(layer, rules)


def check_document(
    document: AnnotatedDocument, registries: Registries, index: RecordFile[Document]
) -> Iterator[Problem]:
    """Yield the problems of one document: its checksum and its layers."""
    for finding in checksum.find(document):
        number = next(n for n, meta in enumerate(index.records) if meta is document.meta)
        yield locate_record(checksum, replace(finding, index=number), index)
    for layer in (document.gold, *document.layers):
        yield from check_layer(layer, document, registries)


class Usage(msgspec.Struct):
    """Which registry entries a corpus uses, and the path and line of each quote that reports a statement."""

    names: dict[str, set[str]] = msgspec.field(default_factory=dict)
    statements: dict[str, list[tuple[str, int]]] = msgspec.field(default_factory=dict)

    def add_records(self, records: Iterable[Any]) -> None:
        """Count the references that records make."""
        for record in records:
            for _, vocabulary, name in iter_references(record):
                self.names.setdefault(vocabulary, set()).add(name)

    def add_document(self, document: AnnotatedDocument) -> None:
        """Count what a document's layers use."""
        for layer in (document.gold, *document.layers):
            self.add_records(layer.records)
            if layer.annotator:
                self.names.setdefault("annotators", set()).add(layer.annotator)
        for record, line in zip(document.gold.records, document.gold.lines, strict=True):
            if isinstance(record, Quote) and record.statement:
                self.statements.setdefault(record.statement, []).append((document.gold.path, line))


def check_usage(registries: Registries, index: RecordFile[Document], usage: Usage) -> Iterator[Problem]:
    """Yield warnings about entries that nothing uses and statements that join nothing."""
    usage.add_records(index.records)
    for file in registries.files.values():
        usage.add_records(file.records)
    for name, file in registries.files.items():
        yield from _run((unused_entry,), file, usage.names.get(name, ()))
    for finding in lone_statement.find(usage.statements):
        yield locate(lone_statement, finding, read.GOLD)


def check_corpus(corpus: Corpus) -> list[Problem]:
    """Return all problems of a corpus above the schema rung."""
    usage = Usage()
    problems = [*check_registries(corpus.registries), *check_index(corpus.index, corpus.registries)]
    for document in corpus.documents:
        problems += check_document(document, corpus.registries, corpus.index)
        usage.add_document(document)
    return [*problems, *check_usage(corpus.registries, corpus.index, usage)]
