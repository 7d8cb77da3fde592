"""The rows of every config, made as Arrow columns from batches of documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from readout.dataset.arrow import (
    Row,
    from_numpy,
    take,
    to_arrow_table,
    to_column,
    to_list,
    to_numbers,
    to_strings,
)
from readout.dataset.batch import Batch, SpanLists, Vocabularies
from readout.dataset.columns import UNANNOTATED, VOTES, Config
from readout.dataset.features import FEATURES, REGISTRY_CONFIGS, arrow_schema
from readout.dataset.stance_items import StanceItem, iter_stance_items
from readout.dataset.tokens import build_token_columns
from readout.model import (
    AnnotatedDocument,
    Boilerplate,
    Corpus,
    Mention,
    Quote,
    Record,
    Registries,
    Stance,
    Topic,
)
from readout.scale.shards import iter_batches

Columns: TypeAlias = "dict[str, pa.Array]"


def build_table(config: Config, batch: Batch) -> pa.Table:
    """Return the Arrow table of a config's rows for a batch, in the order of its documents."""
    columns = _COLUMNS[config](batch)
    arrays = [columns[name] for name in FEATURES[config]]
    return pa.Table.from_arrays(arrays, schema=arrow_schema(config))


# ---------------------------------------------------------------- annotations


def _stances(batch: Batch) -> Columns:
    group = batch.group(Stance)
    speakers, targets = batch.vocabularies.speakers, batch.vocabularies.targets
    holder = speakers.find(group.values("holder"))
    target = targets.find(group.values("target"))
    return {
        **group.id_columns,
        "holder": take(speakers.ids, holder),
        "holder_name": take(speakers.column("name"), holder),
        "holder_role": batch.vocabularies.roles(group.values("holder"), group.days),
        "target": take(targets.ids, target),
        "target_label": take(targets.column("label"), target),
        "proposition": take(targets.column("proposition"), target),
        "polarity": group.numbers("polarity", FEATURES["stances"]["polarity"]),
        "expression": group.numbers("expression", FEATURES["stances"]["expression"]),
        **group.spans.joined,
        "evidence": group.spans.lists,
        "quote": to_strings(group.qualified(group.values("quote"))),
        **group.spans.context,
        "note": to_strings(group.values("note")),
    }


def _quotes(batch: Batch) -> Columns:
    group = batch.group(Quote)
    speakers = batch.vocabularies.speakers
    speaker = speakers.find(group.values("speaker"))
    return {
        **group.id_columns,
        "form": group.numbers("form", FEATURES["quotes"]["form"]),
        "speaker": take(speakers.ids, speaker),
        "speaker_name": take(speakers.column("name"), speaker),
        "speaker_role": batch.vocabularies.roles(group.values("speaker"), group.days),
        **_source_columns(batch),
        **group.spans.joined,
        "content": group.spans.lists,
        "cue": group.span_lists("cue").lists,
        "addressees": to_column(["string"], group.values("addressees")),
        "within": to_strings(group.qualified(group.values("within"))),
        "statement": to_strings(group.values("statement")),
        **group.spans.context,
        "note": to_strings(group.values("note")),
    }


def _source_columns(batch: Batch) -> Columns:
    """Return the id and the span of each quote's source, null if it has none."""
    quotes, mentions = batch.group(Quote), batch.group(Mention)
    sources = quotes.qualified(quotes.values("source"))
    rows = {id_: row for row, id_ in enumerate(mentions.ids)}
    positions = to_numbers(pa.int64(), list(map(rows.get, sources)))
    text, start, end = mentions.spans.fields
    return {
        "source": to_strings(sources),
        "source_text": take(text, positions),
        "source_start": take(start, positions),
        "source_end": take(end, positions),
    }


def _mentions(batch: Batch) -> Columns:
    group = batch.group(Mention)
    speakers = batch.vocabularies.speakers
    speaker = speakers.find(group.values("speaker"))
    return {
        **group.id_columns,
        "speaker": take(speakers.ids, speaker),
        "speaker_name": take(speakers.column("name"), speaker),
        "speaker_role": batch.vocabularies.roles(group.values("speaker"), group.days),
        **group.spans.joined,
        **group.spans.context,
        "note": to_strings(group.values("note")),
    }


def _topics(batch: Batch) -> Columns:
    group = batch.group(Topic)
    topics = batch.vocabularies.topics
    topic = topics.find(group.values("topic"))
    return {
        **group.id_columns,
        "topic": take(topics.ids, topic),
        "topic_label": take(topics.column("label"), topic),
        "topic_definition": take(topics.column("definition"), topic),
        **group.spans.joined,
        "spans": group.spans.lists,
        **group.spans.context,
        "note": to_strings(group.values("note")),
    }


# ---------------------------------------------------------------- documents


_META = (
    "event",
    "split",
    "title",
    "published",
    "published_basis",
    "outlet",
    "outlet_basis",
    "language",
    "origin",
    "rights",
    "sha256",
    "adjudicated",
    "references",
    "note",
)
"""The columns of ``documents`` that are fields of the metadata."""


def _documents(batch: Batch) -> Columns:
    texts = batch.texts
    metas = [document.meta for document in batch.documents]
    boilerplate = [_boilerplate(document) for document in batch.documents]
    features = FEATURES["documents"]
    columns = {
        "doc_id": to_strings(texts.doc_ids),
        "text": texts.strings(texts.starts, texts.ends),
        "paragraphs": _paragraphs(batch),
        "boilerplate": to_column(features["boilerplate"], boilerplate),
    }
    for name in _META:
        columns[name] = to_column(features[name], [getattr(meta, name) for meta in metas])
    annotated = [meta.completeness for meta in metas]
    columns["annotated"] = to_column(features["annotated"], annotated)
    return columns


def _paragraphs(batch: Batch) -> pa.Array:
    """Return the id and the local offsets of the paragraphs of each document."""
    starts, ends, firsts = batch.texts.paragraphs
    shift: Any = np.repeat(batch.texts.starts, np.diff(firsts))
    fields = [
        batch.texts.paragraph_ids,
        from_numpy((starts[:-1] - shift).astype(np.int32)),
        from_numpy((ends[:-1] - shift).astype(np.int32)),
    ]
    return to_list(firsts, pa.StructArray.from_arrays(fields, ["id", "start", "end"]))


def _boilerplate(document: AnnotatedDocument) -> list[Row]:
    rows: list[Row] = []
    for record in document.gold.records:
        if isinstance(record, Boilerplate):
            id_, span = f"{document.meta.doc_id}#{record.id}", record.span
            rows.append((id_, record.kind, span.exact, span.start, span.end))
    return rows


# ---------------------------------------------------------------- labels of all annotators


def _stance_labels(batch: Batch) -> Columns:
    """Return one row per stance item: a stance that gold or an annotator has."""
    if any(document.layers for document in batch.documents):
        return _label_items(batch)

    # Without layers, the items are gold's stances, and their columns have been made already.
    group = batch.group(Stance)
    golds = group.values("polarity")
    votes: list[list[Row]] = [[] for _ in golds]
    return {
        **group.id_columns,
        **_label_columns(batch.vocabularies, group.records, group.spans, golds, votes),
    }


def _label_items(batch: Batch) -> Columns:
    lists = [list(iter_stance_items(document)) for document in batch.documents]
    items = list(chain.from_iterable(lists))
    documents: Any = np.repeat(np.arange(len(lists)), list(map(len, lists)))
    spans = SpanLists(batch.texts, documents, [item.evidence for item in items])

    ids = []
    golds = []
    votes = []
    for item, document in zip(items, documents.tolist(), strict=True):
        doc_id = batch.texts.doc_ids[document]
        ids.append(f"{doc_id}#{item.name}")
        gold = item.gold.polarity if item.gold else UNANNOTATED
        golds.append(gold)
        votes.append(_votes(item, doc_id, batch.vocabularies.registries))

    return {
        "id": to_strings(ids),
        **batch.texts.document_columns(documents),
        **_label_columns(batch.vocabularies, items, spans, golds, votes),
    }


def _label_columns(
    vocabularies: Vocabularies,
    items: Sequence[Stance | StanceItem],
    spans: SpanLists,
    golds: Sequence[str],
    votes: Sequence[Sequence[Row]],
) -> Columns:
    """Return all columns but those of ids."""
    speakers, targets = vocabularies.speakers, vocabularies.targets
    holder = speakers.find([item.holder for item in items])
    target = targets.find([item.target for item in items])
    soft = []
    for gold, rows in zip(golds, votes, strict=True):
        labels = tuple([label for _, _, label, _ in rows])
        soft.append(soft_label(labels or (gold,)))

    features = FEATURES["stance_labels"]
    return {
        "holder": take(speakers.ids, holder),
        "holder_name": take(speakers.column("name"), holder),
        "target": take(targets.ids, target),
        "target_label": take(targets.column("label"), target),
        "proposition": take(targets.column("proposition"), target),
        **spans.joined,
        "gold": to_column(features["gold"], golds),
        "labels": to_column(features["labels"], votes),
        "soft": to_column(features["soft"], soft),
        **spans.context,
    }


def _votes(item: StanceItem, doc_id: str, registries: Registries) -> list[Row]:
    """Return the row of each annotator in the column ``labels``."""
    votes: list[Row] = []
    for annotator, stance in item.by_annotator.items():
        kind = registries.annotators[annotator].kind
        if stance is None:
            votes.append((annotator, kind, UNANNOTATED, None))
        else:
            id_ = f"{doc_id}#{annotator}.{stance.id}"
            votes.append((annotator, kind, stance.polarity, id_))
    return votes


@cache
def soft_label(labels: tuple[str, ...]) -> tuple[float, ...]:
    """Return the share of each vote in labels, in the order of ``VOTES``."""
    return tuple([labels.count(vote) / len(labels) for vote in VOTES])


_COLUMNS: Mapping[Config, Callable[[Batch], Columns]] = {
    "stances": _stances,
    "quotes": _quotes,
    "mentions": _mentions,
    "topics": _topics,
    "documents": _documents,
    "tokens": build_token_columns,
    "stance_labels": _stance_labels,
}


# ---------------------------------------------------------------- registries and whole splits


def build_registry_table(config: Config, registries: Registries) -> pa.Table:
    """Return the Arrow table of a config that has one row per registry entry."""
    if config == "speakers":
        return to_arrow_table(config, _speaker_rows(registries))
    entries: Iterable[Record] = registries.targets.values()
    if config == "topic_definitions":
        entries = registries.topics.values()
    return to_arrow_table(config, _entry_rows(config, entries))


def _speaker_rows(registries: Registries) -> Iterator[Row]:
    for speaker in registries.speakers.values():
        values = {name: getattr(speaker, name) for name in FEATURES["speakers"]}
        values["roles"] = [
            (role.title, role.organisation, role.start, role.end) for role in speaker.roles
        ]
        yield tuple(values.values())


def _entry_rows(config: Config, entries: Iterable[Record]) -> Iterator[Row]:
    for entry in entries:
        yield tuple([getattr(entry, name) for name in FEATURES[config]])


def build_split_table(corpus: Corpus, config: Config, split: str) -> pa.Table:
    """Return the Arrow table of one split of a config, in the order of ``documents.jsonl``."""
    if config in REGISTRY_CONFIGS:
        return build_registry_table(config, corpus.registries)

    documents = [document for document in corpus.documents if document.meta.split == split]
    vocabularies = Vocabularies(corpus.registries)
    tables = [build_table(config, Batch(part, vocabularies)) for part in iter_batches(documents)]
    return pa.concat_tables(tables) if tables else to_arrow_table(config, ())
