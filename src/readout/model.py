"""The record types of a corpus. No I/O.

Every record is an immutable :class:`msgspec.Struct` whose fields are the keys of one JSON line, in canonical order.
Offsets are Unicode code points of the raw text, end excluded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

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
SpeakerKind: TypeAlias = Literal["person", "office", "government", "organisation", "outlet", "group", "unnamed"]
AnnotatorKind: TypeAlias = Literal["human", "model"]
Basis: TypeAlias = Literal["stated", "inferred", "unknown"]
Split: TypeAlias = Literal["train", "validation", "test"]
Decision: TypeAlias = Literal["first", "second", "merged", "neither", "added"]
AnnotationType: TypeAlias = Literal["mention", "quote", "topic", "stance", "boilerplate"]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One JSON line. Keys with their default value (null, an empty list) are left out of the canonical form."""


class Span(msgspec.Struct, frozen=True, gc=False):
    """The code points ``text[start:end]``; ``exact`` repeats them so that a moved text is noticed."""

    start: int
    end: int
    exact: str


class Annotation(Record, frozen=True, kw_only=True, tag_field="type"):
    """What all annotations share. ``SPAN_FIELDS`` names the fields that hold one span or a list of spans."""

    SPAN_FIELDS: ClassVar[tuple[str, ...]] = ()

    id: str


class Mention(Annotation, frozen=True, kw_only=True, tag="mention"):
    """A place where the text names or refers to a speaker."""

    SPAN_FIELDS = ("span",)

    speaker: str
    span: Span
    note: str | None = None


class Quote(Annotation, frozen=True, kw_only=True, tag="quote"):
    """A report of speech: who (``source``/``speaker``), by which words (``cue``), what (``content``)."""

    SPAN_FIELDS = ("content", "cue")

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

    SPAN_FIELDS = ("spans",)

    topic: str
    spans: tuple[Span, ...]
    note: str | None = None


class Stance(Annotation, frozen=True, kw_only=True, tag="stance"):
    """The position a holder takes towards a target's proposition, with the words that show it."""

    SPAN_FIELDS = ("evidence",)

    holder: str
    target: str
    polarity: Polarity
    expression: Expression
    evidence: tuple[Span, ...]
    quote: str | None = None
    note: str | None = None


class Boilerplate(Annotation, frozen=True, kw_only=True, tag="boilerplate"):
    """Text of the file that is not the article."""

    SPAN_FIELDS = ("span",)

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
    note: str | None = None
    references: tuple[str, ...] = ()


class Role(Record, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """An office that a speaker held; dates are years, months or days, null where unknown or still open."""

    title: str
    organisation: str | None = None
    start: str | None = None
    end: str | None = None


class Speaker(Record, frozen=True, kw_only=True):
    """A line of ``annotations/speakers.jsonl``: anybody who speaks, is addressed or holds a stance."""

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


class SideItems(Record, frozen=True, kw_only=True):
    """The annotations of one annotator that a decision is about; empty where that annotator has none."""

    annotator: str
    ids: tuple[str, ...] = ()


class Adjudication(Record, frozen=True, kw_only=True):
    """A line of ``annotations/adjudication/<doc_id>.jsonl``: one disagreement and how gold came out of it."""

    id: str
    kind: AnnotationType
    items: tuple[SideItems, ...]
    gold: tuple[str, ...] = ()
    decision: Decision
    section: str
    reason: str


class Suggestion(Record, frozen=True, kw_only=True, tag_field="type", tag="suggestion"):
    """A line of ``annotations/suggestions/<doc_id>.jsonl``: a proposal that nobody has judged; no layer takes it."""

    annotation: dict[str, Any]
    reason: str


R = TypeVar("R", bound=Record)


class RecordFile(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """One JSONL file, read: ``lines[i]`` is the 1-based line of ``records[i]``, ``raw`` the file's bytes.

    ``path`` is relative to the corpus folder, with forward slashes.
    """

    path: str
    raw: bytes = b""
    records: tuple[R, ...] = ()
    lines: tuple[int, ...] = ()


class Layer(RecordFile[AnyAnnotation], frozen=True, kw_only=True, dict=True):
    """One annotation file, read. ``annotator`` is None for gold.

    ``drafts`` are valid records that still lack an id or offsets, as ``(line, record)``. ``types`` maps every id of the
    file to its annotation type, also of records that failed a check, so that a reference to a broken record is not
    reported as dangling too.
    """

    annotator: str | None = None
    drafts: tuple[tuple[int, dict[str, Any]], ...] = ()
    types: Mapping[str, str] = {}

    @cached_property
    def by_class(self) -> dict[type, list[Any]]:
        """The records of each class, in order; an empty list where there are none."""
        groups: dict[type, list[Any]] = {cls: [] for cls in ANNOTATION_CLASSES.values()}
        for record in self.records:
            groups[type(record)].append(record)
        return groups


class AnnotatedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document with its text, its gold layer, the layers of its annotators and the adjudication between them."""

    meta: Document
    text: str
    sha256: str
    gold: Layer
    layers: tuple[Layer, ...] = ()
    adjudication: RecordFile[Adjudication]


class Registries(msgspec.Struct, frozen=True, kw_only=True):
    """The closed vocabularies of a corpus, by id, in file order; and the files they stand in, by name.

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
    """A corpus folder, read whole. ``index`` is the file of the documents' metadata."""

    registries: Registries
    index: RecordFile[Document]
    documents: tuple[AnnotatedDocument, ...]


Pointer: TypeAlias = tuple[str | int, ...]


def iter_spans(annotation: AnyAnnotation) -> Iterator[tuple[Pointer, Span]]:
    """Yield every span of an annotation with its JSON pointer inside the record."""
    for name in annotation.SPAN_FIELDS:
        value = getattr(annotation, name)
        if isinstance(value, Span):
            yield (name,), value
        else:
            for index, span in enumerate(value):
                yield (name, index), span


def main_spans(annotation: AnyAnnotation) -> tuple[Span, ...]:
    """Return the spans an annotation is about: content, evidence, passage or the one span."""
    value = getattr(annotation, annotation.SPAN_FIELDS[0])
    return (value,) if isinstance(value, Span) else value


def annotation_type(annotation: AnyAnnotation) -> AnnotationType:
    """Return the ``type`` of the record that an annotation is written as."""
    tag: AnnotationType = annotation.__struct_config__.tag  # type: ignore[assignment]
    return tag
