"""The record types of a corpus. No I/O.

Every record is an immutable :class:`msgspec.Struct` whose fields are the keys of one JSON line, in
canonical order. Offsets are Unicode code points of the raw text, end excluded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import chain
from operator import attrgetter
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar, get_args

import msgspec

Form: TypeAlias = Literal["direct", "indirect", "mixed"]
Polarity: TypeAlias = Literal["favor", "against", "neutral"]
Expression: TypeAlias = Literal["explicit", "implicit"]
BoilerplateKind: TypeAlias = Literal[
    "title-repeat",
    "photo-credit",
    "caption",
    "script",
    "related-links",
    "dateline",
    "byline",
    "advertisement",
    "other",
]
SpeakerKind: TypeAlias = Literal[
    "person", "office", "government", "organisation", "outlet", "group", "unnamed"
]
AnnotatorKind: TypeAlias = Literal["human", "model"]
Basis: TypeAlias = Literal["stated", "inferred", "unknown"]
Annotated: TypeAlias = Literal["complete", "partial", "none"]
Split: TypeAlias = Literal["train", "validation", "test"]
Verdict: TypeAlias = Literal["keep", "change", "drop", "unsure"]
AnnotationType: TypeAlias = Literal["mention", "quote", "topic", "stance", "boilerplate"]
Pointer: TypeAlias = tuple[str | int, ...]
"""Where a value is inside a record: a JSON pointer as its keys and indices."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One JSON line. The canonical form leaves out keys with their default value (null, [])."""


class Span(msgspec.Struct, frozen=True, gc=False):
    """The code points ``text[start:end]``. ``exact`` repeats them, which reveals a changed text."""

    start: int
    end: int
    exact: str


class Annotation(Record, frozen=True, kw_only=True, tag_field="type"):
    """What all annotations share."""

    id: str


class Mention(Annotation, frozen=True, kw_only=True, tag="mention"):
    """A place where the text names or refers to a speaker."""

    speaker: str
    span: Span
    note: str | None = None


class Quote(Annotation, frozen=True, kw_only=True, tag="quote"):
    """A report of speech: who (``source``, ``speaker``), how (``cue``) and what (``content``)."""

    form: Form
    speaker: str
    content: tuple[Span, ...]
    cue: tuple[Span, ...] = ()
    source: str | None = None
    addressees: tuple[str, ...] = ()
    within: str | None = None
    statement: str | None = None
    note: str | None = None


class Topic(Annotation, frozen=True, kw_only=True, tag="topic"):
    """A passage about a topic of the registry."""

    topic: str
    spans: tuple[Span, ...]
    note: str | None = None


class Stance(Annotation, frozen=True, kw_only=True, tag="stance"):
    """The position a holder takes towards a target's proposition, with the words that show it."""

    holder: str
    target: str
    polarity: Polarity
    expression: Expression
    evidence: tuple[Span, ...]
    quote: str | None = None
    note: str | None = None


class Boilerplate(Annotation, frozen=True, kw_only=True, tag="boilerplate"):
    """Text of the file that is not the article."""

    kind: BoilerplateKind
    span: Span
    note: str | None = None


AnyAnnotation: TypeAlias = Mention | Quote | Topic | Stance | Boilerplate
ANNOTATION_CLASSES: Mapping[AnnotationType, type[AnyAnnotation]] = {
    "mention": Mention,
    "quote": Quote,
    "topic": Topic,
    "stance": Stance,
    "boilerplate": Boilerplate,
}
ANNOTATION_TYPES: Mapping[type, AnnotationType] = {
    record_class: name for name, record_class in ANNOTATION_CLASSES.items()
}


class Document(Record, frozen=True, kw_only=True):
    """A line of ``raw/documents.jsonl``."""

    doc_id: str
    title: str | None = None
    published: str | None = None
    published_basis: Basis
    outlet: str | None = None
    outlet_basis: Basis
    event: str
    language: str
    split: Split
    origin: str
    rights: str
    sha256: str
    annotated: Annotated | None = None
    adjudicated: tuple[str, ...] = ()
    note: str | None = None
    references: tuple[str, ...] = ()

    @property
    def completeness(self) -> Annotated:
        """How much of the text gold covers: what ``annotated`` states, or else all of it."""
        return self.annotated or "complete"


class Role(Record, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """An office of a speaker. Dates are years, months or days; null if unknown or still open."""

    title: str
    organisation: str | None = None
    start: str | None = None
    end: str | None = None

    def is_held_on(self, day: str) -> bool:
        """Return whether the office was certainly held on a day, as YYYY-MM-DD.

        It is uncertain without a start, and in the year or month of a date that is no more exact.
        """
        if self.start is None:
            return False
        has_begun = self.start == day or self.start < day[: len(self.start)]
        if self.end is None:
            return has_begun
        return has_begun and (self.end == day or day[: len(self.end)] < self.end)


class Speaker(Record, frozen=True, kw_only=True):
    """A line of ``speakers.jsonl``: anybody who speaks, is addressed or holds a stance."""

    speaker_id: str
    name: str
    kind: SpeakerKind
    aliases: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    country: str | None = None
    members: tuple[str, ...] = ()
    wikidata: str | None = None
    note: str | None = None


class TopicDefinition(Record, frozen=True, kw_only=True):
    """A line of ``annotations/topics.jsonl``."""

    topic_id: str
    label: str
    definition: str
    parent: str | None = None
    iptc: tuple[str, ...] = ()
    note: str | None = None


class Target(Record, frozen=True, kw_only=True):
    """A line of ``annotations/targets.jsonl``: a proposition that one can favor or oppose."""

    target_id: str
    label: str
    proposition: str
    counter: str | None = None
    favor_means: str
    against_means: str
    topics: tuple[str, ...] = ()
    note: str | None = None


class Annotator(Record, frozen=True, kw_only=True):
    """A line of ``annotations/annotators.jsonl``: who made a layer, and what they had seen."""

    annotator_id: str
    kind: AnnotatorKind
    name: str
    model_family: str | None = None
    guidelines_version: str
    date: str | None = None
    saw: str
    note: str | None = None


class Decision(Record, frozen=True, kw_only=True):
    """A line of ``adjudication/<doc_id>.jsonl``: why gold says what it says where layers differ.

    ``about`` are references as :mod:`readout.corpus.refs` reads them. Which annotations differ, and
    which of them gold took, is computed from the layers.
    """

    id: str
    about: tuple[str, ...]
    section: str
    reason: str
    by: str


class Suggestion(Record, frozen=True, kw_only=True, tag_field="type", tag="suggestion"):
    """A line of ``suggestions/<doc_id>.jsonl``: a proposal that nobody has accepted.

    No layer may contain it. Its id is that of the proposed annotation, which is made from what the
    annotation says.
    """

    annotation: dict[str, Any]
    reason: str
    rejected: bool = False


class Sample(Record, frozen=True, kw_only=True):
    """The random sample that a review belongs to: ``size`` annotations, drawn with ``seed``.

    ``population`` is the hash of all annotations that it was drawn from.
    """

    seed: int
    size: int
    population: str


class Review(Record, frozen=True, kw_only=True):
    """A line of ``reviews/<annotator_id>/<doc_id>.jsonl``: what somebody thinks of one gold item.

    ``hash`` is that of the annotation as it was reviewed. Reviews are no layer: agreement and soft
    labels do not see them.
    """

    id: str
    about: str
    hash: str
    verdict: Verdict
    remark: str | None = None
    sample: Sample | None = None


# ---------------------------------------------------------------- what each field names

R = TypeVar("R", bound=Record)
FieldKind: TypeAlias = Literal[
    "id",
    "entry",
    "annotation",
    "spans",
    "label",
    "key",
    "date",
    "code",
    "text",
    "parts",
    "item",
    "section",
]


class FieldRole(NamedTuple):
    """What the values of a field are.

    ``id`` is the record's own; ``entry`` is an id of the registry ``of``, and ``annotation`` the id
    of an annotation of type ``of`` in the same file. A ``label`` is one of ``values``. Records with
    the same ``key`` belong together. A ``code`` follows a standard or is compared as it is;
    ``text`` is free. ``parts`` are records inside the record. Decisions name an
    ``item`` of gold or of a layer by a reference, and a ``section`` of the guidelines by its
    number. With ``many`` the field is a list.
    """

    kind: FieldKind
    of: str = ""
    values: tuple[str, ...] = ()
    many: bool = False


def _names_one(registry: str) -> FieldRole:
    return FieldRole("entry", of=registry)


def _names_several(registry: str) -> FieldRole:
    return FieldRole("entry", of=registry, many=True)


def _names_annotation(name: AnnotationType) -> FieldRole:
    return FieldRole("annotation", of=name)


def _one_of(vocabulary: Any) -> FieldRole:
    return FieldRole("label", values=get_args(vocabulary))


def _several(kind: FieldKind) -> FieldRole:
    return FieldRole(kind, many=True)


_OWN_ID = FieldRole("id")
_ONE_SPAN = FieldRole("spans")
_SHARED_KEY = FieldRole("key")
_DATE = FieldRole("date")
_CODE = FieldRole("code")
_FREE_TEXT = FieldRole("text")

FIELD_ROLES: Mapping[type[Record], Mapping[str, FieldRole]] = {
    Mention: {
        "id": _OWN_ID,
        "speaker": _names_one("speakers"),
        "span": _ONE_SPAN,
        "note": _FREE_TEXT,
    },
    Quote: {
        "id": _OWN_ID,
        "form": _one_of(Form),
        "speaker": _names_one("speakers"),
        "content": _several("spans"),
        "cue": _several("spans"),
        "source": _names_annotation("mention"),
        "addressees": _names_several("speakers"),
        "within": _names_annotation("quote"),
        "statement": _SHARED_KEY,
        "note": _FREE_TEXT,
    },
    Topic: {
        "id": _OWN_ID,
        "topic": _names_one("topics"),
        "spans": _several("spans"),
        "note": _FREE_TEXT,
    },
    Stance: {
        "id": _OWN_ID,
        "holder": _names_one("speakers"),
        "target": _names_one("targets"),
        "polarity": _one_of(Polarity),
        "expression": _one_of(Expression),
        "evidence": _several("spans"),
        "quote": _names_annotation("quote"),
        "note": _FREE_TEXT,
    },
    Boilerplate: {
        "id": _OWN_ID,
        "kind": _one_of(BoilerplateKind),
        "span": _ONE_SPAN,
        "note": _FREE_TEXT,
    },
    Document: {
        "doc_id": _OWN_ID,
        "title": _FREE_TEXT,
        "published": _DATE,
        "published_basis": _one_of(Basis),
        "outlet": _names_one("speakers"),
        "outlet_basis": _one_of(Basis),
        "event": _SHARED_KEY,
        "language": _CODE,
        "split": _one_of(Split),
        "origin": _FREE_TEXT,
        "rights": _FREE_TEXT,
        "sha256": _CODE,
        "annotated": _one_of(Annotated),
        "adjudicated": _names_several("annotators"),
        "note": _FREE_TEXT,
        "references": _several("code"),
    },
    Role: {"title": _FREE_TEXT, "organisation": _FREE_TEXT, "start": _DATE, "end": _DATE},
    Speaker: {
        "speaker_id": _OWN_ID,
        "name": _FREE_TEXT,
        "kind": _one_of(SpeakerKind),
        "aliases": _several("text"),
        "roles": _several("parts"),
        "country": _CODE,
        "members": _names_several("speakers"),
        "wikidata": _CODE,
        "note": _FREE_TEXT,
    },
    TopicDefinition: {
        "topic_id": _OWN_ID,
        "label": _FREE_TEXT,
        "definition": _FREE_TEXT,
        "parent": _names_one("topics"),
        "iptc": _names_several("iptc"),
        "note": _FREE_TEXT,
    },
    Target: {
        "target_id": _OWN_ID,
        "label": _FREE_TEXT,
        "proposition": _FREE_TEXT,
        "counter": _FREE_TEXT,
        "favor_means": _FREE_TEXT,
        "against_means": _FREE_TEXT,
        "topics": _names_several("topics"),
        "note": _FREE_TEXT,
    },
    Annotator: {
        "annotator_id": _OWN_ID,
        "kind": _one_of(AnnotatorKind),
        "name": _FREE_TEXT,
        "model_family": _FREE_TEXT,
        "guidelines_version": _FREE_TEXT,
        "date": _DATE,
        "saw": _FREE_TEXT,
        "note": _FREE_TEXT,
    },
    Decision: {
        "id": _OWN_ID,
        "about": _several("item"),
        "section": FieldRole("section"),
        "reason": _FREE_TEXT,
        "by": _names_one("annotators"),
    },
    Sample: {"seed": _CODE, "size": _CODE, "population": _CODE},
    Review: {
        "id": _OWN_ID,
        "about": FieldRole("item"),
        "hash": _CODE,
        "verdict": _one_of(Verdict),
        "remark": _FREE_TEXT,
        "sample": FieldRole("parts"),
    },
    Suggestion: {"annotation": FieldRole("parts"), "reason": _FREE_TEXT, "rejected": _CODE},
}
"""What every field of every record names, in canonical order; all other modules read it here."""


@cache
def fields_of(record_class: type[Record], *kinds: FieldKind) -> tuple[str, ...]:
    """Return the fields of a record class that have one of these kinds, in canonical order."""
    roles = FIELD_ROLES[record_class]
    return tuple(name for name, role in roles.items() if role.kind in kinds)


SPAN_FIELDS: Mapping[type, tuple[str, ...]] = {
    record_class: fields_of(record_class, "spans") for record_class in ANNOTATION_CLASSES.values()
}
"""The fields of each annotation class that contain spans; the first are its main spans."""

LABEL_FIELDS: Mapping[AnnotationType, tuple[str, ...]] = {
    name: tuple(
        field
        for field in fields_of(record_class, "entry", "label")
        if not FIELD_ROLES[record_class][field].many
    )
    for name, record_class in ANNOTATION_CLASSES.items()
}
"""The fields that say what an annotation of each type means, without spans and references."""


def iter_values(record: Record, *kinds: FieldKind) -> Iterator[tuple[Pointer, FieldRole, Any]]:
    """Yield ``(pointer, role, value)`` for every value of these kinds in a record and its parts.

    Lists are yielded item by item. Fields that are null or empty yield nothing.
    """
    for name, written, role in _visited_fields(type(record), kinds):
        value = getattr(record, name)
        if value is None:
            continue

        if not role.many:
            yield (written,), role, value
        elif role.kind != "parts":
            for index, item in enumerate(value):
                yield (written, index), role, item
        else:
            for index, part in enumerate(value):
                for pointer, inner, found in iter_values(part, *kinds):
                    yield (written, index, *pointer), inner, found


@cache
def _visited_fields(
    record_class: type[Record], kinds: tuple[FieldKind, ...]
) -> tuple[tuple[str, str, FieldRole], ...]:
    """Return the fields of these kinds and the lists of parts: name, key in JSON and role."""
    written = dict(
        zip(record_class.__struct_fields__, record_class.__struct_encode_fields__, strict=True)
    )
    roles = FIELD_ROLES[record_class]
    names = [
        name
        for name, role in roles.items()
        if role.kind in kinds or (role.kind == "parts" and role.many)
    ]
    return tuple((name, written[name], roles[name]) for name in names)


def map_values(record: R, change: Callable[[FieldRole, Any], Any], *kinds: FieldKind) -> R:
    """Return a record with ``change(role, value)`` for every value of these kinds.

    It mirrors :func:`iter_values`, but does not look into parts. An item of a list for which
    ``change`` returns None is dropped.
    """
    fields = {}
    for name in fields_of(type(record), *kinds):
        value = getattr(record, name)
        if value is not None:
            fields[name] = change_value(value, FIELD_ROLES[type(record)][name], change)
    return msgspec.structs.replace(record, **fields)


def change_value(value: Any, role: FieldRole, change: Callable[[FieldRole, Any], Any]) -> Any:
    """Return ``change(role, value)``, or a list of the results for the items of a list."""
    if not role.many:
        return change(role, value)
    changed = [change(role, item) for item in value]
    return tuple(item for item in changed if item is not None)


def find_names(record_class: type[Record], field: str, records: Iterable[Any]) -> set[str]:
    """Return the ids that records of one class name in one field."""
    values = map(attrgetter(field), records)
    names = set(chain.from_iterable(values) if FIELD_ROLES[record_class][field].many else values)
    names.discard(None)
    return names


def named_entries(record: Record, registry: str) -> list[str]:
    """Return the ids of a registry that a record names, in the order of its fields."""
    return [value for _, role, value in iter_values(record, "entry") if role.of == registry]


# ---------------------------------------------------------------- files


_encode_lines = msgspec.json.Encoder().encode_lines


class RecordFile(msgspec.Struct, Generic[R], frozen=True, kw_only=True, dict=True):
    """One JSONL file: its bytes, its records, and the 1-based line of each record.

    ``lines[i]`` is the line of ``records[i]``. ``path`` is relative to the corpus folder, with
    forward slashes.
    """

    path: str
    raw: bytes = b""
    records: tuple[R, ...] = ()
    lines: tuple[int, ...] = ()
    is_read: bool = True
    """False if the file is missing or cannot be read; an empty file is read, and has no records."""

    @cached_property
    def is_whole(self) -> bool:
        """Whether every line of the file is among the records."""
        return self.is_read and len(self.records) == len(self.raw.splitlines())

    @cached_property
    def quoted(self) -> frozenset[bytes]:
        """Every run of bytes between two quotation marks of the file, in lines of any kind."""
        return frozenset(re.findall(rb'"(?=([^"\n]*)")', self.raw))

    @cached_property
    def is_written(self) -> bool:
        """Whether ``raw`` is, byte for byte, what ``records`` are written as, one per line.

        Then the file has no byte order mark, carriage return, blank line, duplicate key, unknown
        field or number of another form, and each line says what its record says and nothing else.
        """
        return _encode_lines(self.records) == self.raw


class Layer(RecordFile[AnyAnnotation], frozen=True, kw_only=True):
    """One annotation file, read. ``annotator`` is None for gold.

    ``drafts`` are valid records that still lack an id or offsets, as ``(line, record)``. ``types``
    maps every id of the file to its annotation type, also of records that failed a check, so that a
    reference to a broken record is not reported as dangling too.
    """

    annotator: str | None = None
    drafts: tuple[tuple[int, dict[str, Any]], ...] = ()
    types: Mapping[str, str] = {}

    @cached_property
    def by_id(self) -> dict[str, AnyAnnotation]:
        """The records by their ids; of two with the same id, the first."""
        return {record.id: record for record in reversed(self.records)}

    @cached_property
    def by_class(self) -> dict[type, list[Any]]:
        """The records of each class, in order; an empty list if there are none."""
        groups: dict[type, list[Any]] = {cls: [] for cls in ANNOTATION_CLASSES.values()}
        for record in self.records:
            groups[type(record)].append(record)
        return groups

    @cached_property
    def columns(self) -> FieldColumns:
        """The values of the records, field by field."""
        return FieldColumns(self.by_class)


_COLUMNS = [
    (record_class, field, attrgetter(field), role)
    for record_class in ANNOTATION_CLASSES.values()
    for field, role in FIELD_ROLES[record_class].items()
]
"""Every field of every annotation: its class, its name, what finds its value, and its role."""


class FieldColumns:
    """The annotations of a layer as columns, which cost a fraction of a look at each annotation.

    ``values[record_class][field]`` are the values of a field, one per record of that class, in
    order. ``ids`` are the ids and keys that records bear, ``names`` the ids that they name, by the
    registry or the type of annotation that these are looked up in, and ``texts`` what annotators
    wrote themselves. ``starts``, ``ends`` and ``exacts`` are those of all spans, in the order of
    ``values``; ``span_lists`` are the values of fields that may hold several spans.
    """

    def __init__(self, by_class: Mapping[type, Sequence[Any]]) -> None:
        self.values: dict[type, dict[str, list[Any]]] = {cls: {} for cls in by_class}
        self.ids: list[str] = []
        self.names: dict[str, set[str]] = {}
        self.texts: set[str] = set()
        self.span_lists: list[tuple[Span, ...]] = []
        spans: list[Span] = []
        for record_class, field, find, (kind, of, _, many) in _COLUMNS:
            values = self.values[record_class][field] = list(map(find, by_class[record_class]))
            items = chain.from_iterable(values) if many else values
            if kind == "spans":
                self.span_lists += values if many else ()
                spans += items
            elif kind in ("entry", "annotation"):
                self.names.setdefault(of, set()).update(items)
            elif kind in ("id", "key"):
                self.ids += [item for item in items if item is not None]
            elif kind != "label":
                self.texts.update(items)
        self.starts = [span.start for span in spans]
        self.ends = [span.end for span in spans]
        self.exacts = [span.exact for span in spans]
        for found in (self.texts, *self.names.values()):
            found.discard(None)


class ReviewFile(RecordFile[Review], frozen=True, kw_only=True):
    """The reviews that one annotator gave of the gold annotations of one document."""

    reviewer: str


class AnnotatedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document: its text, gold layer, the layers of its annotators, and the decisions on them.

    ``reviews`` are those of its gold layer, one file per reviewer.
    """

    meta: Document
    text: str
    sha256: str
    gold: Layer
    layers: tuple[Layer, ...] = ()
    adjudication: RecordFile[Decision]
    suggestions: RecordFile[Suggestion]
    reviews: tuple[ReviewFile, ...] = ()

    def find_layer(self, annotator: str | None) -> Layer | None:
        """Return the layer of an annotator, or gold for None; None if there is no such layer."""
        layers = (self.gold, *self.layers)
        return next((layer for layer in layers if layer.annotator == annotator), None)


class Registries(msgspec.Struct, frozen=True, kw_only=True):
    """The closed vocabularies of a corpus by id, in file order, and their files by name.

    ``sections`` are the numbers of the sections of the guidelines, which adjudication cites.
    """

    speakers: Mapping[str, Speaker] = {}
    topics: Mapping[str, TopicDefinition] = {}
    targets: Mapping[str, Target] = {}
    annotators: Mapping[str, Annotator] = {}
    iptc: Mapping[str, str] = {}
    sections: frozenset[str] = frozenset()
    files: Mapping[str, RecordFile[Any]] = {}


class Corpus(msgspec.Struct, frozen=True, kw_only=True):
    """A whole corpus folder. ``index`` is the file of the documents' metadata."""

    registries: Registries
    index: RecordFile[Document]
    documents: tuple[AnnotatedDocument, ...]


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question of the benchmark. ``inputs`` is all that a system may see; ``gold`` answers it.

    ``event``, ``holder`` and ``target`` are the columns that folds are made from; ``holder`` and
    ``target`` are None if the item does not name them. An item whose ``gold`` is None is asked but
    not scored. ``swap`` names the item's partner in each family of swaps by its id; it belongs to
    the answers, like ``gold``.
    """

    id: str
    task: str
    doc_id: str
    event: str
    holder: str | None
    target: str | None
    inputs: Mapping[str, Any]
    gold: Any
    swap: Mapping[str, str] = msgspec.field(default_factory=dict)


def iter_spans(annotation: AnyAnnotation) -> Iterator[tuple[Pointer, Span]]:
    """Yield every span of an annotation with its JSON pointer inside the record."""
    for name in SPAN_FIELDS[type(annotation)]:
        value = getattr(annotation, name)
        if isinstance(value, Span):
            yield (name,), value
        else:
            for index, span in enumerate(value):
                yield (name, index), span


def quote_extent(quote: Quote) -> tuple[int, int]:
    """Return the start of the first and the end of the last word of a quote or its cue."""
    spans = (*quote.content, *quote.cue)
    return min(span.start for span in spans), max(span.end for span in spans)


def main_spans(annotation: AnyAnnotation) -> tuple[Span, ...]:
    """Return the spans an annotation is about: content, evidence, passage or the one span."""
    value = getattr(annotation, SPAN_FIELDS[type(annotation)][0])
    return (value,) if isinstance(value, Span) else value


def annotation_type(annotation: AnyAnnotation) -> AnnotationType:
    """Return the ``type`` of the record that an annotation is written as."""
    return ANNOTATION_TYPES[type(annotation)]
