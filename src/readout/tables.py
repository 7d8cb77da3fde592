"""A corpus as Arrow tables: the features of every config, declared once, and the rows made from the records.

Rows are tuples in the order of their config's features. They are collected column by column and become Arrow arrays
without passing through dictionaries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

import pyarrow as pa

from readout import model
from readout.anchor import Paragraphs, iter_tokens
from readout.matching import overlap
from readout.model import (
    AnnotatedDocument,
    Corpus,
    Mention,
    Quote,
    Registries,
    Span,
    Stance,
    Topic,
)

# ---------------------------------------------------------------- features


class Labels(tuple[str, ...]):
    """The names of a class label, in the order of their integers."""


Feature: TypeAlias = "str | Labels | list[Feature] | dict[str, Feature]"
"""A column: the name of a primitive type, class labels, a list of a feature, or a struct of features."""

Config: TypeAlias = Literal[
    "stances", "quotes", "mentions", "topics", "documents", "tokens", "stance_labels", "speakers", "targets"
]

PART: Feature = [{"text": "string", "start": "int32", "end": "int32"}]
POLARITIES = Labels(get_args(model.Polarity))
EXPRESSIONS = Labels(get_args(model.Expression))
FORMS = Labels(get_args(model.Form))
TAGS = Labels(("O", "B", "I"))
UNANNOTATED = "not annotated"
"""The label of an annotator who did not annotate an item that another one did."""
VOTES = Labels((*POLARITIES, UNANNOTATED))

_WHERE: dict[str, Feature] = {"text": "string", "start": "int32", "end": "int32"}
_CONTEXT: dict[str, Feature] = {"context": "string", "context_start": "int32"}
_HEAD: dict[str, Feature] = {"id": "string", "doc_id": "string", "event": "string"}

FEATURES: Mapping[Config, Mapping[str, Feature]] = {
    "stances": {
        **_HEAD,
        "fold": "string",
        "holder": "string",
        "holder_name": "string",
        "target": "string",
        "target_label": "string",
        "proposition": "string",
        "polarity": POLARITIES,
        "expression": EXPRESSIONS,
        **_WHERE,
        "evidence": PART,
        "quote": "string",
        **_CONTEXT,
        "note": "string",
    },
    "quotes": {
        **_HEAD,
        "form": FORMS,
        "speaker": "string",
        "speaker_name": "string",
        "source": "string",
        "source_text": "string",
        "source_start": "int32",
        "source_end": "int32",
        **_WHERE,
        "content": PART,
        "cue": PART,
        "addressees": ["string"],
        "within": "string",
        "statement": "string",
        **_CONTEXT,
        "note": "string",
    },
    "mentions": {**_HEAD, "speaker": "string", "speaker_name": "string", **_WHERE, **_CONTEXT, "note": "string"},
    "topics": {
        **_HEAD,
        "topic": "string",
        "topic_label": "string",
        "topic_definition": "string",
        "parent": "string",
        "iptc": ["string"],
        **_WHERE,
        "spans": PART,
        **_CONTEXT,
        "note": "string",
    },
    "documents": {
        "doc_id": "string",
        "event": "string",
        "title": "string",
        "published": "string",
        "published_basis": Labels(get_args(model.Basis)),
        "outlet": "string",
        "outlet_basis": Labels(get_args(model.Basis)),
        "language": "string",
        "origin": "string",
        "rights": "string",
        "sha256": "string",
        "text": "string",
        "paragraphs": [{"start": "int32", "end": "int32"}],
        "boilerplate": [
            {"id": "string", "kind": Labels(get_args(model.BoilerplateKind)), **_WHERE},
        ],
        "note": "string",
    },
    "tokens": {
        **_HEAD,
        "text": "string",
        "start": "int32",
        "tokens": ["string"],
        "starts": ["int32"],
        "ends": ["int32"],
        "content_tags": [TAGS],
        "cue_tags": [TAGS],
        "source_tags": [TAGS],
    },
    "stance_labels": {
        **_HEAD,
        "holder": "string",
        "target": "string",
        "proposition": "string",
        **_WHERE,
        "gold": VOTES,
        "labels": [{"annotator": "string", "annotator_kind": "string", "label": VOTES, "id": "string"}],
        "soft": {name.replace(" ", "_"): "float64" for name in VOTES},
        **_CONTEXT,
    },
    "speakers": {
        "speaker_id": "string",
        "name": "string",
        "kind": Labels(get_args(model.SpeakerKind)),
        "aliases": ["string"],
        "roles": [{"title": "string", "organisation": "string", "from": "string", "to": "string"}],
        "country": "string",
        "members": ["string"],
        "wikidata": "string",
        "note": "string",
    },
    "targets": {
        "target_id": "string",
        "label": "string",
        "proposition": "string",
        "favor_means": "string",
        "against_means": "string",
        "topics": ["string"],
        "note": "string",
    },
}
"""The columns of every config. Offsets are code points of the document's text, end excluded; absent values are null."""

CONFIGS: tuple[Config, ...] = tuple(FEATURES)
DEFAULT_CONFIG: Config = "stances"
REGISTRY_CONFIGS: tuple[Config, ...] = ("speakers", "targets")
"""Configs with one row per registry entry; their only split is ``train``."""
SPLITS: tuple[model.Split, ...] = get_args(model.Split)


def config_splits(config: Config) -> tuple[model.Split, ...]:
    """Return the splits that a config has."""
    return ("train",) if config in REGISTRY_CONFIGS else SPLITS


def to_arrow_type(feature: Feature) -> pa.DataType:
    """Return the Arrow type of a feature."""
    if isinstance(feature, Labels):
        return pa.int64()
    if isinstance(feature, str):
        return pa.type_for_alias(feature)
    if isinstance(feature, list):
        return pa.list_(to_arrow_type(feature[0]))
    return pa.struct({name: to_arrow_type(child) for name, child in feature.items()})


def to_hub_feature(feature: Feature) -> Any:
    """Return a feature as ``datasets`` stores it in Parquet metadata.

    Lists are written as a JSON list with one item, which every version of ``datasets`` reads; ``List`` objects are
    unknown before 4.0, and ``Sequence`` turns lists of structs into structs of lists.
    """
    if isinstance(feature, Labels):
        return {"names": list(feature), "_type": "ClassLabel"}
    if isinstance(feature, str):
        return {"dtype": feature, "_type": "Value"}
    if isinstance(feature, list):
        return [to_hub_feature(feature[0])]
    return {name: to_hub_feature(child) for name, child in feature.items()}


def arrow_schema(config: Config) -> pa.Schema:
    """Return the Arrow schema of a config, with the features under the metadata key ``huggingface``.

    Without that key ``datasets`` reads class labels from Parquet as integers.
    """
    features = {name: to_hub_feature(feature) for name, feature in FEATURES[config].items()}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema(
        [pa.field(name, to_arrow_type(feature)) for name, feature in FEATURES[config].items()], metadata=metadata
    )


# ---------------------------------------------------------------- columns


class _Values:
    """Values of a primitive type."""

    def __init__(self, feature: str) -> None:
        self.type = to_arrow_type(feature)
        self.values: list[Any] = []
        self.append: Callable[[Any], None] = self.values.append

    def to_array(self) -> pa.Array:
        return pa.array(self.values, self.type)


class _LabelValues(_Values):
    """Class labels, appended by name and stored as integers."""

    def __init__(self, names: Labels) -> None:
        super().__init__("int64")
        index = {name: number for number, name in enumerate(names)}
        push = self.values.append
        self.append = lambda name: push(index[name])


class _ListValues:
    """Lists, appended as sequences, stored as offsets into one child column."""

    def __init__(self, feature: list[Feature]) -> None:
        self.child = make_column(feature[0])
        self.offsets = [0]

    def append(self, values: Sequence[Any]) -> None:
        for value in values:
            self.child.append(value)
        self.offsets.append(self.offsets[-1] + len(values))

    def to_array(self) -> pa.Array:
        return pa.ListArray.from_arrays(pa.array(self.offsets, pa.int32()), self.child.to_array())


class _StructValues:
    """Structs, appended as tuples, stored as one column a field."""

    def __init__(self, feature: dict[str, Feature]) -> None:
        self.names = list(feature)
        self.children = [make_column(child) for child in feature.values()]

    def append(self, values: Sequence[Any]) -> None:
        for child, value in zip(self.children, values, strict=True):
            child.append(value)

    def to_array(self) -> pa.Array:
        return pa.StructArray.from_arrays([child.to_array() for child in self.children], self.names)


Column: TypeAlias = "_Values | _ListValues | _StructValues"


def make_column(feature: Feature) -> Column:
    """Return an empty column for a feature."""
    if isinstance(feature, Labels):
        return _LabelValues(feature)
    if isinstance(feature, str):
        return _Values(feature)
    if isinstance(feature, list):
        return _ListValues(feature)
    return _StructValues(feature)


Row: TypeAlias = tuple[Any, ...]


def to_arrow_table(config: Config, rows: Iterable[Row]) -> pa.Table:
    """Return the Arrow table of a config's rows."""
    columns = [make_column(feature) for feature in FEATURES[config].values()]
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return pa.Table.from_arrays([column.to_array() for column in columns], schema=arrow_schema(config))


# ---------------------------------------------------------------- rows


class DocumentRows:
    """The rows that one document gives to every config."""

    def __init__(self, document: AnnotatedDocument, registries: Registries) -> None:
        self.meta = document.meta
        self.text = document.text
        self.document = document
        self.registries = registries
        self.paragraphs = Paragraphs(document.text)
        self.gold = document.gold.records
        self.by_id = {record.id: record for record in self.gold}

    def iter_rows(self, config: Config) -> Iterator[Row]:
        """Yield the document's rows of a config."""
        return _ROWS[config](self)

    def qualified(self, id_: str | None) -> str | None:
        """Return an annotation id as it is unique in the corpus."""
        return f"{self.meta.doc_id}#{id_}" if id_ else None

    def head(self, id_: str) -> Row:
        """Return the columns that identify a row."""
        return self.qualified(id_), self.meta.doc_id, self.meta.event

    def context(self, start: int, end: int) -> Row:
        """Return the text of the paragraphs around a span, and its offset."""
        first, last = self.paragraphs.cover(start, end)
        return self.text[first:last], first

    def speaker_name(self, speaker_id: str) -> str:
        """Return the name of a speaker."""
        return self.registries.speakers[speaker_id].name

    @cached_property
    def of_type(self) -> dict[type, list[Any]]:
        """The gold annotations by class."""
        groups: dict[type, list[Any]] = {}
        for record in self.gold:
            groups.setdefault(type(record), []).append(record)
        return groups


def parts(spans: Iterable[Span]) -> list[Row]:
    """Return spans as rows of text and offsets."""
    return [(span.exact, span.start, span.end) for span in spans]


def where(spans: Sequence[Span]) -> Row:
    """Return the words of spans, joined by a space, with the first and the last offset."""
    return " ".join([span.exact for span in spans]), spans[0].start, spans[-1].end


def _iter_stances(rows: DocumentRows) -> Iterator[Row]:
    targets = rows.registries.targets
    for record in rows.of_type.get(Stance, ()):
        text, start, end = where(record.evidence)
        target = targets[record.target]
        yield (
            *rows.head(record.id),
            rows.meta.event,
            record.holder,
            rows.speaker_name(record.holder),
            record.target,
            target.label,
            target.proposition,
            record.polarity,
            record.expression,
            text,
            start,
            end,
            parts(record.evidence),
            rows.qualified(record.quote),
            *rows.context(start, end),
            record.note,
        )


def _iter_quotes(rows: DocumentRows) -> Iterator[Row]:
    for record in rows.of_type.get(Quote, ()):
        text, start, end = where(record.content)
        source = rows.by_id.get(record.source or "")
        span = source.span if isinstance(source, Mention) else None
        yield (
            *rows.head(record.id),
            record.form,
            record.speaker,
            rows.speaker_name(record.speaker),
            rows.qualified(record.source),
            *((span.exact, span.start, span.end) if span else (None, None, None)),
            text,
            start,
            end,
            parts(record.content),
            parts(record.cue),
            record.addressees,
            rows.qualified(record.within),
            record.statement,
            *rows.context(start, end),
            record.note,
        )


def _iter_mentions(rows: DocumentRows) -> Iterator[Row]:
    for record in rows.of_type.get(Mention, ()):
        span = record.span
        yield (
            *rows.head(record.id),
            record.speaker,
            rows.speaker_name(record.speaker),
            span.exact,
            span.start,
            span.end,
            *rows.context(span.start, span.end),
            record.note,
        )


def _iter_topics(rows: DocumentRows) -> Iterator[Row]:
    for record in rows.of_type.get(Topic, ()):
        topic = rows.registries.topics[record.topic]
        text, start, end = where(record.spans)
        yield (
            *rows.head(record.id),
            record.topic,
            topic.label,
            topic.definition,
            topic.parent,
            topic.iptc,
            text,
            start,
            end,
            parts(record.spans),
            *rows.context(start, end),
            record.note,
        )


def _iter_documents(rows: DocumentRows) -> Iterator[Row]:
    meta = rows.meta
    yield (
        meta.doc_id,
        meta.event,
        meta.title,
        meta.published,
        meta.published_basis,
        meta.outlet,
        meta.outlet_basis,
        meta.language,
        meta.origin,
        meta.rights,
        meta.sha256,
        rows.text,
        rows.paragraphs.spans,
        [
            (record.id, record.kind, record.span.exact, record.span.start, record.span.end)
            for record in rows.of_type.get(model.Boilerplate, ())
        ],
        meta.note,
    )


def _iter_token_rows(rows: DocumentRows) -> Iterator[Row]:
    quotes = rows.of_type.get(Quote, [])
    outer = [quote for quote in quotes if quote.within is None]
    content = [span for quote in outer for span in quote.content]
    cues = [span for quote in quotes for span in quote.cue]
    named = {quote.source for quote in quotes}
    sources = [mention.span for mention in rows.of_type.get(Mention, ()) if mention.id in named]
    for number, (start, end) in enumerate(rows.paragraphs.spans):
        offsets = list(iter_tokens(rows.text, start, end))
        yield (
            *rows.head(f"p{number}"),
            rows.text[start:end],
            start,
            [rows.text[left:right] for left, right in offsets],
            [left for left, _ in offsets],
            [right for _, right in offsets],
            tag_tokens(offsets, content),
            tag_tokens(offsets, cues),
            tag_tokens(offsets, sources),
        )


def tag_tokens(tokens: Sequence[tuple[int, int]], spans: Iterable[Span]) -> list[str]:
    """Return the BIO tag of each token: ``B`` at the first token of a span, ``I`` at its others, ``O`` elsewhere.

    A token that touches a span belongs to it; where spans overlap, the token keeps the one that starts first.
    """
    tags = ["O"] * len(tokens)
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        tag = "B"
        for index, (start, end) in enumerate(tokens):
            if start < span.end and span.start < end:
                if tags[index] == "O":
                    tags[index] = tag
                tag = "I"
    return tags


def _iter_stance_labels(rows: DocumentRows) -> Iterator[Row]:
    annotators = rows.registries.annotators
    for item in iter_stance_items(rows.document):
        text, start, end = where(item.evidence)
        votes = [
            (
                annotator,
                annotators[annotator].kind,
                stance.polarity if stance else UNANNOTATED,
                stance.id if stance else None,
            )
            for annotator, stance in item.by_annotator.items()
        ]
        given = [label for _, _, label, _ in votes] or [item.gold.polarity if item.gold else UNANNOTATED]
        yield (
            *rows.head(item.name),
            item.holder,
            item.target,
            rows.registries.targets[item.target].proposition,
            text,
            start,
            end,
            item.gold.polarity if item.gold else UNANNOTATED,
            [(name, kind, label, rows.qualified(id_)) for name, kind, label, id_ in votes],
            tuple(given.count(label) / len(given) for label in VOTES),
            *rows.context(start, end),
        )


class StanceItem:
    """A place in a text where gold or an annotator sees a stance of one holder towards one target."""

    def __init__(
        self, holder: str, target: str, evidence: Sequence[Span], name: str, annotators: Iterable[str]
    ) -> None:
        self.holder = holder
        self.target = target
        self.evidence = evidence
        self.name = name
        self.gold: Stance | None = None
        self.by_annotator: dict[str, Stance | None] = dict.fromkeys(annotators)


def iter_stance_items(document: AnnotatedDocument) -> Iterator[StanceItem]:
    """Yield gold's stances, each with the label of every annotator, then the stances that only annotators have.

    Two stances are the same item when holder and target are equal and their evidence overlaps. Each gold stance takes
    of each annotator the free stance that shares most characters with it; ties go to the one that comes first.
    """
    annotators = [layer.annotator or "" for layer in document.layers]
    items = []
    for record in document.gold.records:
        if isinstance(record, Stance):
            item = StanceItem(record.holder, record.target, record.evidence, record.id, annotators)
            item.gold = record
            items.append(item)
    for layer in document.layers:
        annotator = layer.annotator or ""
        for record in layer.records:
            if isinstance(record, Stance):
                _place_stance(record, annotator, annotators, items)
    yield from items


def _place_stance(stance: Stance, annotator: str, annotators: list[str], items: list[StanceItem]) -> None:
    shared = [
        (overlap(stance.evidence, item.evidence), -number)
        for number, item in enumerate(items)
        if (item.holder, item.target) == (stance.holder, stance.target) and item.by_annotator[annotator] is None
    ]
    best, position = max(shared, default=(0, 0))
    if best == 0:
        name = f"{annotator}.{stance.id}"
        items.append(StanceItem(stance.holder, stance.target, stance.evidence, name, annotators))
        position = 1 - len(items)
    items[-position].by_annotator[annotator] = stance


_ROWS: Mapping[Config, Callable[[DocumentRows], Iterator[Row]]] = {
    "stances": _iter_stances,
    "quotes": _iter_quotes,
    "mentions": _iter_mentions,
    "topics": _iter_topics,
    "documents": _iter_documents,
    "tokens": _iter_token_rows,
    "stance_labels": _iter_stance_labels,
}


def iter_registry_rows(config: Config, registries: Registries) -> Iterator[Row]:
    """Yield the rows of a registry config."""
    if config == "speakers":
        for speaker in registries.speakers.values():
            roles = [(role.title, role.organisation, role.start, role.end) for role in speaker.roles]
            yield (
                speaker.speaker_id,
                speaker.name,
                speaker.kind,
                speaker.aliases,
                roles,
                speaker.country,
                speaker.members,
                speaker.wikidata,
                speaker.note,
            )
    else:
        for target in registries.targets.values():
            yield tuple(getattr(target, name) for name in FEATURES["targets"])


def iter_config_rows(corpus: Corpus, config: Config, split: str) -> Iterator[Row]:
    """Yield the rows of one split of a config, in the order of ``documents.jsonl``."""
    if config in REGISTRY_CONFIGS:
        yield from iter_registry_rows(config, corpus.registries)
        return
    for document in corpus.documents:
        if document.meta.split == split:
            yield from DocumentRows(document, corpus.registries).iter_rows(config)


def to_json_row(config: Config, row: Row) -> dict[str, Any]:
    """Return a row as the dictionary that ``datasets`` gives for it, labels as integers."""
    return {
        name: _to_json(feature, value) for (name, feature), value in zip(FEATURES[config].items(), row, strict=True)
    }


def _to_json(feature: Feature, value: Any) -> Any:
    if isinstance(feature, Labels):
        return feature.index(value)
    if isinstance(feature, str):
        return value
    if isinstance(feature, list):
        return [_to_json(feature[0], item) for item in value]
    return {name: _to_json(child, item) for (name, child), item in zip(feature.items(), value, strict=True)}
