"""Every rule of the corpus, and the frame that runs them.

Rules get a file that has been read and the scope around it, and yield findings by record number and
JSON pointer. The frame adds path, line and column, and lets a record that fails on one rung rest on
the higher ones. It runs every rule, except those whose own shortcut is certain that they find
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from msgspec.structs import replace

from readout.checks import adjudication, guideline, references, reviews, spans
from readout.checks.drafts import DRAFT_RULES
from readout.checks.shortcuts import Columns
from readout.corpus import read
from readout.corpus.drafts import to_annotation
from readout.model import (
    ANNOTATION_CLASSES,
    FIELD_ROLES,
    AnnotatedDocument,
    Corpus,
    Decision,
    Document,
    Layer,
    Quote,
    RecordFile,
    Registries,
    ReviewFile,
    fields_of,
    find_names,
)
from readout.problem import (
    RUNGS,
    Finding,
    Problem,
    Rule,
    Rung,
    is_failure,
    locate,
    locate_record,
)

LAYER_RULES: tuple[Rule, ...] = (*spans.RULES, *guideline.RULES)
DOCUMENT_RULES: tuple[Rule, ...] = (
    spans.checksum,
    guideline.annotated_status,
    adjudication.missing_layer,
    adjudication.unnamed_layer,
)
"""The rules about the metadata of a document; ``find`` gets the whole document."""
_OTHERS = (
    *DOCUMENT_RULES,
    *references.INDEX_RULES,
    references.unknown_annotator,
    references.duplicate_entry,
    references.unused_entry,
    references.lone_statement,
    adjudication.undecided,
    adjudication.needless_decision,
)
CHECKS: Mapping[str, Rule] = {
    each.code: each
    for each in (
        *read.RULES,
        *references.RULES,
        *DRAFT_RULES,
        *LAYER_RULES,
        *adjudication.RULES,
        *reviews.RULES,
        *_OTHERS,
    )
}
"""Every rule by its code."""


def _run(rules: Iterable[Rule], file: RecordFile[Any], *scope: Any) -> Iterator[Problem]:
    for each in rules:
        for finding in each.find(file, *scope):
            yield locate_record(each, finding, file)


def _climb(
    file: RecordFile[Any],
    rules: Iterable[tuple[Rule, tuple[Any, ...]]],
    columns: Columns | None = None,
) -> Iterator[Problem]:
    """Run rules, each with its scope, rung by rung; leave out records that failed on a lower rung.

    A rule is skipped if its shortcut is certain, from the columns of the file, that it finds
    nothing. The columns are those of all records, so all rules are run once a record is left out.
    """
    by_rung: dict[Rung, list[tuple[Rule, tuple[Any, ...]]]] = {rung: [] for rung in RUNGS}
    for each, scope in rules:
        by_rung[each.rung].append((each, scope))
    for rung in RUNGS:
        failed: set[int] = set()
        for each, scope in by_rung[rung]:
            if columns is not None and each.is_silent(columns):
                continue
            for finding in each.find(file, *scope):
                yield locate_record(each, finding, file)
                if each.severity == "error" and finding.index is not None:
                    failed.add(finding.index)
        if failed:
            kept = [index for index in range(len(file.records)) if index not in failed]
            records, lines = (
                [values[index] for index in kept] for values in (file.records, file.lines)
            )
            file = replace(file, records=tuple(records), lines=tuple(lines))
            columns = None


def check_registries(registries: Registries) -> Iterator[Problem]:
    """Yield the problems of the registries, apart from unused entries."""
    for file in registries.files.values():
        yield from _climb(file, [(each, (registries,)) for each in references.REGISTRY_RULES])


def check_index(index: RecordFile[Document], registries: Registries) -> Iterator[Problem]:
    """Yield the problems of the documents' metadata."""
    yield from _climb(index, [(each, (registries,)) for each in references.RULES])
    yield from _run(references.INDEX_RULES, index)


def check_layer(
    layer: Layer, document: AnnotatedDocument, registries: Registries
) -> Iterator[Problem]:
    """Yield the problems of one annotation file above the schema rung."""
    rules: list[tuple[Rule, tuple[Any, ...]]] = [(each, (document.text,)) for each in DRAFT_RULES]
    rules += [(each, (registries,)) for each in references.RULES]
    rules += [(each, (document, registries)) for each in LAYER_RULES]
    yield from _climb(layer, rules, Columns(layer, document.text, registries))


def check_document(
    document: AnnotatedDocument, registries: Registries, index: RecordFile[Document]
) -> Iterator[Problem]:
    """Yield the problems of one document: its metadata, its layers and the decisions on them.

    Nothing else is judged if the text is not the one that was annotated.
    """
    for each, finding in find_metadata_faults(document):
        number = next(n for n, meta in enumerate(index.records) if meta is document.meta)
        yield locate_record(each, replace(finding, index=number), index)
        if each is spans.checksum:
            return

    sound = set()
    for layer in (document.gold, *document.layers):
        problems = list(check_layer(layer, document, registries))
        yield from problems
        if layer.is_whole and not is_failure(problems):
            sound.add(layer.path)
    for layer in document.layers:
        yield from _run((references.unknown_annotator,), layer, registries)
    if document.adjudication.raw or document.meta.adjudicated:
        yield from check_adjudication(document, registries, sound)
    yield from check_suggestions(document, registries)
    for file in document.reviews:
        yield from check_reviews(file, document, registries)


def find_metadata_faults(document: AnnotatedDocument) -> Iterator[tuple[Rule, Finding]]:
    """Yield what is wrong with the metadata of a document, and the rules that say so."""
    for each in DOCUMENT_RULES:
        for finding in each.find(document):
            yield each, finding


def check_suggestions(document: AnnotatedDocument, registries: Registries) -> Iterator[Problem]:
    """Yield the problems of the spans of suggestions: one that is accepted goes into gold."""
    file = document.suggestions
    if not file.records:
        return
    proposed = Layer(path=file.path, records=tuple(map(to_annotation, file.records)))
    for each in spans.SPAN_RULES:
        for finding in each.find(proposed, document, registries):
            inner = replace(finding, pointer=("annotation", *finding.pointer))
            yield locate_record(each, inner, file)


def check_reviews(
    file: ReviewFile, document: AnnotatedDocument, registries: Registries
) -> Iterator[Problem]:
    """Yield the problems of the reviews that one annotator gave of a document."""
    rules: list[tuple[Rule, tuple[Any, ...]]] = [(each, (registries,)) for each in references.RULES]
    rules += [(each, (document,)) for each in reviews.RULES]
    yield from _climb(file, rules)
    yield from _run((references.unknown_annotator,), file, registries)


def check_adjudication(
    document: AnnotatedDocument, registries: Registries, sound: Collection[str]
) -> Iterator[Problem]:
    """Yield the problems of a document's decisions: what they name, and what they should name.

    ``sound`` are the paths of the layers without errors. A layer with an error is not compared with
    others: its error would be reported again as a difference.
    """
    file = document.adjudication
    rules: list[tuple[Rule, tuple[Any, ...]]] = [(each, (registries,)) for each in references.RULES]
    rules += [(each, (document, registries)) for each in adjudication.RULES]
    problems = list(_climb(file, rules))
    yield from problems
    if is_failure(problems) or document.gold.path not in sound or (file.raw and not file.is_whole):
        return
    said = adjudication.find_signatures(document)
    yield from _check_decided(document, said, sound)
    if all(layer.path in sound for layer in document.layers):
        differences = adjudication.find_differences(document, document.layers, said)
        needless = (adjudication.needless_decision,)
        yield from _run(needless, file, document, differences, said)


def _check_decided(
    document: AnnotatedDocument, said: adjudication.Signatures, sound: Collection[str]
) -> Iterator[Problem]:
    """Yield a problem for every difference of the adjudicated layers that is not decided."""
    layers = adjudication.find_adjudicated(document)
    differences = adjudication.find_differences(document, layers, said)
    compared = [layer for layer in layers if layer.path in sound]
    if len(compared) == len(layers):
        compared = [document.gold, *layers]
    places = adjudication.find_open_places(document, compared, differences, said)
    for layer in compared:
        yield from _run((adjudication.undecided,), layer, document, places, said)


class Usage(msgspec.Struct):
    """Which registry entries a corpus uses, and which quotes report each statement.

    ``statements`` has the path and line of each of these quotes. ``whole`` counts the documents of
    which every line was read: as long as others may name an entry, it is not reported as unused.
    ``texts`` are the hashes of the texts by document, as :func:`references.hash_folded` returns
    them.
    """

    whole: int = 0
    names: dict[str, set[str]] = msgspec.field(default_factory=dict)
    statements: dict[str, list[tuple[str, int]]] = msgspec.field(default_factory=dict)
    texts: dict[str, str] = msgspec.field(default_factory=dict)

    def add(self, other: Usage) -> None:
        """Add what another part of the corpus uses."""
        self.whole += other.whole
        for vocabulary, names in other.names.items():
            self.names.setdefault(vocabulary, set()).update(names)
        for name, places in other.statements.items():
            self.statements.setdefault(name, []).extend(places)
        self.texts |= other.texts

    def add_records(self, record_class: type, records: Iterable[Any]) -> None:
        """Count the references that records of one class make to registries."""
        records = list(records)
        for field in fields_of(record_class, "entry"):
            names = self.names.setdefault(FIELD_ROLES[record_class][field].of, set())
            names |= find_names(record_class, field, records)

    def add_documents(self, documents: Sequence[AnnotatedDocument]) -> None:
        """Count what the layers of some documents use."""
        layers = [layer for document in documents for layer in (document.gold, *document.layers)]
        self.whole += sum(map(_is_whole, documents))
        for document in documents:
            self.texts[document.meta.doc_id] = references.hash_folded(document.text)
        for layer in layers:
            for vocabulary, names in layer.columns.names.items():
                if vocabulary not in ANNOTATION_CLASSES:
                    self.names.setdefault(vocabulary, set()).update(names)
        self.names.setdefault("annotators", set()).update(
            layer.annotator for layer in layers if layer.annotator
        )
        for document in documents:
            self.names["annotators"].update(file.reviewer for file in document.reviews)
        for document in documents:
            self.add_records(Decision, document.adjudication.records)
        for gold in [document.gold for document in documents]:
            if any(map(attrgetter("statement"), gold.by_class[Quote])):
                self._add_statements(gold)

    def _add_statements(self, gold: Layer) -> None:
        for record, line in zip(gold.records, gold.lines, strict=True):
            if isinstance(record, Quote) and record.statement:
                self.statements.setdefault(record.statement, []).append((gold.path, line))


def _is_whole(document: AnnotatedDocument) -> bool:
    return all(layer.is_whole for layer in (document.gold, *document.layers))


def check_usage(
    registries: Registries, index: RecordFile[Document], usage: Usage
) -> Iterator[Problem]:
    """Yield problems that only a look at all documents shows.

    They are texts that are in the corpus twice, entries that nothing uses and statements that join
    nothing. There are none of the last two while any line of the corpus cannot be read: it may be
    the one that is missed.
    """
    yield from _run((references.duplicate_text,), index, usage.texts)
    files = (index, *registries.files.values())
    if usage.whole < len(index.records) or not all(file.is_whole for file in files):
        return
    for file in files:
        for record_class in set(map(type, file.records)):
            usage.add_records(record_class, file.records)
    for name, file in registries.files.items():
        yield from _run((references.unused_entry,), file, usage.names.get(name, ()))
    for finding in references.lone_statement.find(usage.statements):
        yield locate(references.lone_statement, finding, read.GOLD)


def check_corpus(corpus: Corpus) -> list[Problem]:
    """Return all problems of a corpus above the schema rung."""
    usage = Usage()
    problems = [*check_registries(corpus.registries), *check_index(corpus.index, corpus.registries)]
    for document in corpus.documents:
        problems += check_document(document, corpus.registries, corpus.index)
    usage.add_documents(corpus.documents)
    return [*problems, *check_usage(corpus.registries, corpus.index, usage)]
