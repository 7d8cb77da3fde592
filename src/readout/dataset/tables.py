"""The columns of every config, made from batches of documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from readout.dataset.batch import Batch, Places, Vocabularies
from readout.dataset.features import (
    FEATURES,
    REGISTRY_CONFIGS,
    UNANNOTATED,
    VOTES,
    Config,
    arrow_schema,
)
from readout.dataset.stance_items import StanceItem, iter_stance_items
from readout.dataset.tokens import make_token_columns
from readout.model import (
    AnnotatedDocument,
    Boilerplate,
    Corpus,
    Mention,
    Quote,
    Registries,
    Stance,
    Topic,
)
from readout.scale.shards import iter_runs

Columns: TypeAlias = "dict[str, pa.Array]"


def make_table(config: Config, batch: Batch) -> pa.Table:
    """Return the Arrow table of a config's rows for a batch of documents, in their order."""
    columns = _COLUMNS[config](batch)
    return pa.Table.from_arrays(
        [columns[name] for name in FEATURES[config]], schema=arrow_schema(config)
    )


def _stances(batch: Batch) -> Columns:
    group = batch.group(Stance)
    speakers, targets = batch.vocabularies.speakers, batch.vocabularies.targets
    holder, target = speakers.find(group.values("holder")), targets.find(group.values("target"))
    return {
        **group.head,
        "fold": group.head["event"],
        "holder": take(speakers.ids, holder),
        "holder_name": take(speakers.column("name"), holder),
        "target": take(targets.ids, target),
        "target_label": take(targets.column("label"), target),
        "proposition": take(targets.column("proposition"), target),
        "polarity": group.numbers("polarity", FEATURES["stances"]["polarity"]),
        "expression": group.numbers("expression", FEATURES["stances"]["expression"]),
        **group.main.where,
        "evidence": group.main.parts,
        "quote": to_strings(group.qualified(group.values("quote"))),
        **group.main.context,
        "note": to_strings(group.values("note")),
    }


def _quotes(batch: Batch) -> Columns:
    group, mentions = batch.group(Quote), batch.group(Mention)
    speakers = batch.vocabularies.speakers
    speaker = speakers.find(group.values("speaker"))
    sources = group.qualified(group.values("source"))
    numbers = {id_: number for number, id_ in enumerate(mentions.ids)}
    source = to_numbers(pa.int64(), list(map(numbers.get, sources)))
    text, start, end = (take(field, source) for field in mentions.main.fields)
    return {
        **group.head,
        "form": group.numbers("form", FEATURES["quotes"]["form"]),
        "speaker": take(speakers.ids, speaker),
        "speaker_name": take(speakers.column("name"), speaker),
        "source": to_strings(sources),
        "source_text": text,
        "source_start": start,
        "source_end": end,
        **group.main.where,
        "content": group.main.parts,
        "cue": group.places("cue").parts,
        "addressees": to_column(["string"], group.values("addressees")),
        "within": to_strings(group.qualified(group.values("within"))),
        "statement": to_strings(group.values("statement")),
        **group.main.context,
        "note": to_strings(group.values("note")),
    }


def _mentions(batch: Batch) -> Columns:
    group = batch.group(Mention)
    speakers = batch.vocabularies.speakers
    speaker = speakers.find(group.values("speaker"))
    return {
        **group.head,
        "speaker": take(speakers.ids, speaker),
        "speaker_name": take(speakers.column("name"), speaker),
        **group.main.where,
        **group.main.context,
        "note": to_strings(group.values("note")),
    }


def _topics(batch: Batch) -> Columns:
    group = batch.group(Topic)
    topics = batch.vocabularies.topics
    topic = topics.find(group.values("topic"))
    codes = [entry.iptc for entry in batch.vocabularies.registries.topics.values()]
    return {
        **group.head,
        "topic": take(topics.ids, topic),
        "topic_label": take(topics.column("label"), topic),
        "topic_definition": take(topics.column("definition"), topic),
        "parent": take(topics.column("parent"), topic),
        "iptc": take(to_column(["string"], codes), topic),
        **group.main.where,
        "spans": group.main.parts,
        **group.main.context,
        "note": to_strings(group.values("note")),
    }


_META = (
    *(
        "event",
        "title",
        "published",
        "published_basis",
        "outlet",
        "outlet_basis",
        "language",
        "origin",
        "rights",
    ),
    *("sha256", "note"),
)


def _documents(batch: Batch) -> Columns:
    metas = [document.meta for document in batch.documents]
    features = FEATURES["documents"]
    starts, ends, firsts = batch.texts.paragraphs
    shift: Any = np.repeat(batch.texts.bases, np.diff(firsts))
    sides = [from_numpy((side[:-1] - shift).astype(np.int32)) for side in (starts, ends)]
    return {
        **{
            name: to_column(features[name], [getattr(meta, name) for meta in metas])
            for name in _META
        },
        "doc_id": to_strings(batch.texts.doc_ids),
        "text": batch.texts.strings(batch.texts.bases, batch.texts.limits),
        "paragraphs": to_list(firsts, pa.StructArray.from_arrays(sides, ["start", "end"])),
        "boilerplate": to_column(
            features["boilerplate"], [_boilerplate(document) for document in batch.documents]
        ),
    }


def _boilerplate(document: AnnotatedDocument) -> list[Row]:
    return [
        (record.id, record.kind, record.span.exact, record.span.start, record.span.end)
        for record in document.gold.records
        if isinstance(record, Boilerplate)
    ]


def _stance_labels(batch: Batch) -> Columns:
    """Return one row a stance item: a stance of gold, or one that only annotators see."""
    group = batch.group(Stance)
    if any(document.layers for document in batch.documents):
        return _label_items(batch)
    # The items are gold's stances, whose columns are there already.
    golds = [stance.polarity for stance in group.records]
    return _label_columns(
        group.head, batch.vocabularies, group.records, group.main, golds, [()] * len(golds)
    )


def _label_items(batch: Batch) -> Columns:
    lists = [list(iter_stance_items(document)) for document in batch.documents]
    items = list(chain.from_iterable(lists))
    documents: Any = np.repeat(np.arange(len(lists)), list(map(len, lists)))
    names = [name for name, of in zip(batch.texts.doc_ids, lists, strict=True) for _ in of]
    ids = [f"{name}#{item.name}" for name, item in zip(names, items, strict=True)]
    places = Places(batch.texts, documents, [item.evidence for item in items])
    golds = [item.gold.polarity if item.gold else UNANNOTATED for item in items]
    votes = [
        _votes(item, name, batch.vocabularies.registries)
        for item, name in zip(items, names, strict=True)
    ]
    head = {"id": to_strings(ids), **batch.texts.heads(documents)}
    return _label_columns(head, batch.vocabularies, items, places, golds, votes)


def _label_columns(
    head: Columns,
    vocabularies: Vocabularies,
    items: Sequence[Stance | StanceItem],
    places: Places,
    golds: Sequence[str],
    votes: Sequence[Sequence[Row]],
) -> Columns:
    speakers, targets = vocabularies.speakers, vocabularies.targets
    target = targets.find([item.target for item in items])
    given = [
        tuple([vote[2] for vote in each]) or (gold,)
        for each, gold in zip(votes, golds, strict=True)
    ]
    labels = {"gold": golds, "labels": votes, "soft": list(map(soft_label, given))}
    return {
        **head,
        "holder": take(speakers.ids, speakers.find([item.holder for item in items])),
        "target": take(targets.ids, target),
        "proposition": take(targets.column("proposition"), target),
        **places.where,
        **{
            name: to_column(FEATURES["stance_labels"][name], values)
            for name, values in labels.items()
        },
        **places.context,
    }


def _votes(item: StanceItem, doc_id: str, registries: Registries) -> list[Row]:
    return [
        (
            annotator,
            registries.annotators[annotator].kind,
            stance.polarity if stance else UNANNOTATED,
            f"{doc_id}#{stance.id}" if stance else None,
        )
        for annotator, stance in item.by_annotator.items()
    ]


@cache
def soft_label(given: tuple[str, ...]) -> tuple[float, ...]:
    """Return the share of each vote among the votes given."""
    return tuple(given.count(label) / len(given) for label in VOTES)


_COLUMNS: Mapping[Config, Callable[[Batch], Columns]] = {
    "stances": _stances,
    "quotes": _quotes,
    "mentions": _mentions,
    "topics": _topics,
    "documents": _documents,
    "tokens": make_token_columns,
    "stance_labels": _stance_labels,
}


# ---------------------------------------------------------------- registries, and whole splits


def make_registry_table(config: Config, registries: Registries) -> pa.Table:
    """Return the Arrow table of a config that has one row per registry entry."""
    return to_arrow_table(config, _iter_registry_rows(config, registries))


def _iter_registry_rows(config: Config, registries: Registries) -> Iterator[Row]:
    if config == "speakers":
        for speaker in registries.speakers.values():
            roles = [
                (role.title, role.organisation, role.start, role.end) for role in speaker.roles
            ]
            yield tuple(
                roles if name == "roles" else getattr(speaker, name)
                for name in FEATURES["speakers"]
            )
    else:
        for target in registries.targets.values():
            yield tuple(getattr(target, name) for name in FEATURES["targets"])


def make_split_table(corpus: Corpus, config: Config, split: str) -> pa.Table:
    """Return the Arrow table of one split of a config, in the order of ``documents.jsonl``."""
    if config in REGISTRY_CONFIGS:
        return make_registry_table(config, corpus.registries)
    documents = [document for document in corpus.documents if document.meta.split == split]
    vocabularies = Vocabularies(corpus.registries)
    tables = [make_table(config, Batch(run, vocabularies)) for run in iter_runs(documents)]
    return pa.concat_tables(tables) if tables else to_arrow_table(config, ())
