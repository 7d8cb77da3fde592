"""The texts of a corpus as objects that are linked to each other.

An annotation knows its document, its paragraphs and the annotations and registry entries that it
names; each of these knows the annotations that name it. ``record`` is the line of the file. Offsets
are code points of the document's text, end excluded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

import msgspec

from readout import model
from readout.dataset.features import DEFAULT_CONFIG, Config
from readout.interchange.outbox import GOLD_LAYER, Sheet
from readout.interchange.tools.spacy_docbin import to_doc
from readout.model import Span, annotation_type, main_spans
from readout.problem import RefusedError, find_close, nearest
from readout.text.tokens import Paragraphs, iter_sentences, join_abbreviations
from readout.workbench.diff.wording import describe_annotation
from readout.workbench.documents.frames import to_frame
from readout.workbench.documents.marks import draw_passage

if TYPE_CHECKING:
    import pandas as pd
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

_SHOWN = 60


def _shorten(text: str, width: int = _SHOWN) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= width else plain[: width - 1].rstrip() + "…"


# ---------------------------------------------------------------- registry entries


E = TypeVar("E", model.Speaker, model.TopicDefinition, model.Target)


class Entry(Generic[E]):
    """An entry of a registry: ``record`` is its line, whose fields are attributes of this too."""

    def __init__(self, record: E, documents: Documents) -> None:
        self.record = record
        self.documents = documents

    @property
    def id(self) -> str:
        """The id of the entry."""
        return str(getattr(self.record, self.record.__struct_fields__[0]))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id!r}>"


class Speaker(Entry[model.Speaker]):
    """Anybody who speaks, is addressed or holds a stance, with their annotations in all texts."""

    @property
    def name(self) -> str:
        """The name in the registry, such as ``"Benny Gantz"``."""
        return self.record.name

    @property
    def kind(self) -> model.SpeakerKind:
        """Person, office, government and so on."""
        return self.record.kind

    @property
    def members(self) -> list[Speaker]:
        """The speakers who belong to this group."""
        return [self.documents.speakers[each] for each in self.record.members]

    @cached_property
    def mentions(self) -> list[Mention]:
        """The places where a text names or refers to the speaker."""
        return [each for text in self.documents for each in text.mentions if each.speaker is self]

    @cached_property
    def quotes(self) -> list[Quote]:
        """What the speaker says."""
        return [each for text in self.documents for each in text.quotes if each.speaker is self]

    @cached_property
    def stances(self) -> list[Stance]:
        """The stances that the speaker holds."""
        return [each for text in self.documents for each in text.stances if each.holder is self]


class TopicEntry(Entry[model.TopicDefinition]):
    """A topic of the registry, with the passages about it in all texts."""

    @property
    def label(self) -> str:
        """The name of the topic."""
        return self.record.label

    @property
    def definition(self) -> str:
        """What belongs to the topic."""
        return self.record.definition

    @property
    def parent(self) -> TopicEntry | None:
        """The wider topic; None at the top."""
        return self.documents.topics.get(self.record.parent or "")

    @cached_property
    def passages(self) -> list[Topic]:
        """The passages about the topic."""
        return [each for text in self.documents for each in text.topics if each.topic is self]


class Target(Entry[model.Target]):
    """A proposition that one can favor or oppose, with the stances towards it in all texts."""

    @property
    def label(self) -> str:
        """The name of the target."""
        return self.record.label

    @property
    def proposition(self) -> str:
        """The sentence that a holder favors or opposes."""
        return self.record.proposition

    @cached_property
    def stances(self) -> list[Stance]:
        """The stances towards the target."""
        return [each for text in self.documents for each in text.stances if each.target is self]


# ---------------------------------------------------------------- passages


class Passage:
    """A run of a text, with the annotations that share a character with it."""

    def __init__(self, document: Document, start: int, end: int) -> None:
        self.document = document
        self.start = start
        self.end = end

    @property
    def text(self) -> str:
        """The words of the passage."""
        return self.document.text[self.start : self.end]

    @property
    def annotations(self) -> list[Annotation]:
        """All annotations that share a character with the passage, by position."""
        return [each for each in self.document.annotations if each.overlaps(self.start, self.end)]

    @property
    def mentions(self) -> list[Mention]:
        """The mentions in the passage."""
        return [each for each in self.annotations if isinstance(each, Mention)]

    @property
    def quotes(self) -> list[Quote]:
        """The quotes in the passage."""
        return [each for each in self.annotations if isinstance(each, Quote)]

    @property
    def topics(self) -> list[Topic]:
        """The topics of the passage."""
        return [each for each in self.annotations if isinstance(each, Topic)]

    @property
    def stances(self) -> list[Stance]:
        """The stances that the passage shows."""
        return [each for each in self.annotations if isinstance(each, Stance)]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.start}–{self.end}: {_shorten(self.text)!r}>"

    def _repr_html_(self) -> str:
        return self.document.draw([(self.start, self.end)])


class Sentence(Passage):
    """A sentence; it ends at ``.``, ``!`` or ``?``, but not after an initial or a title."""


class Paragraph(Passage):
    """A line of the text that is not blank."""

    def __init__(self, document: Document, start: int, end: int, number: int) -> None:
        super().__init__(document, start, end)
        self.number = number

    @property
    def id(self) -> str:
        """The id of the paragraph in the tables: ``<doc_id>#p<number>``, counted from 0."""
        return f"{self.document.id}#p{self.number}"

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The sentences of the paragraph."""
        text = self.text
        found = join_abbreviations(text, iter_sentences(text))
        at = self.start
        return [Sentence(self.document, at + start, at + end) for start, end in found]


# ---------------------------------------------------------------- annotations


A = TypeVar("A", model.Mention, model.Quote, model.Topic, model.Stance, model.Boilerplate)


class Annotation:
    """What all annotations share."""

    def __init__(self, record: Any, document: Document) -> None:
        self.record = record
        self.document = document

    @property
    def id(self) -> str:
        """The id that the tables have: ``<doc_id>#<id>``."""
        return f"{self.document.id}#{self.record.id}"

    @property
    def type(self) -> model.AnnotationType:
        """``"mention"``, ``"quote"``, ``"topic"``, ``"stance"`` or ``"boilerplate"``."""
        return annotation_type(self.record)

    @property
    def spans(self) -> tuple[Span, ...]:
        """The spans that the annotation is about: content, evidence, passage or the one span."""
        return main_spans(self.record)

    @property
    def text(self) -> str:
        """The words of its spans, joined by spaces."""
        return " ".join([span.exact for span in self.spans])

    @property
    def start(self) -> int:
        """Where its first span starts."""
        return self.spans[0].start

    @property
    def end(self) -> int:
        """Where its last span ends."""
        return self.spans[-1].end

    @property
    def note(self) -> str | None:
        """What the annotator noted."""
        return self.record.note  # type: ignore[no-any-return]

    @property
    def paragraphs(self) -> list[Paragraph]:
        """The paragraphs that its spans are in."""
        return [
            each for each in self.document.paragraphs if self.overlaps(each.start, each.end)
        ]

    @property
    def paragraph(self) -> Paragraph:
        """The paragraph in which it starts."""
        return self.paragraphs[0]

    @property
    def sentences(self) -> list[Sentence]:
        """The sentences that its spans are in."""
        return [each for each in self.document.sentences if self.overlaps(each.start, each.end)]

    @property
    def links(self) -> dict[str, list[Annotation]]:
        """The annotations that it names or that name it, by what they are to it."""
        return {}

    def overlaps(self, start: int, end: int) -> bool:
        """Return whether one of its spans shares a character with a run of the text."""
        return any(span.start < end and start < span.end for span in self.spans)

    def describe(self) -> str:
        """Return its labels in a few words."""
        return describe_annotation(self.record, self.document.documents.registries)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain data, as it is in the file."""
        return msgspec.to_builtins(self.record)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id!r}: {_shorten(self.text)!r}>"

    def _repr_html_(self) -> str:
        places = [(each.start, each.end) for each in self.paragraphs]
        return self.document.draw(places, self)


class Mention(Annotation):
    """A place where the text names or refers to a speaker."""

    record: model.Mention

    @property
    def speaker(self) -> Speaker:
        """Who is mentioned."""
        return self.document.documents.speakers[self.record.speaker]

    @cached_property
    def quotes(self) -> list[Quote]:
        """The quotes whose source this is."""
        return [each for each in self.document.quotes if each.source is self]

    @property
    def links(self) -> dict[str, list[Annotation]]:
        """The quotes whose source this is."""
        return _drop_empty({"source of": self.quotes})


class Quote(Annotation):
    """A report of speech: who (``source``, ``speaker``), how (``cue``) and what (``content``)."""

    record: model.Quote

    @property
    def form(self) -> model.Form:
        """Direct, indirect or mixed."""
        return self.record.form

    @property
    def speaker(self) -> Speaker:
        """Who speaks."""
        return self.document.documents.speakers[self.record.speaker]

    @property
    def source(self) -> Mention | None:
        """The mention that names the speaker; None if the text does not name them."""
        return self.document.find(self.record.source, Mention)

    @property
    def content(self) -> tuple[Span, ...]:
        """The words that are quoted."""
        return self.record.content

    @property
    def cue(self) -> tuple[Span, ...]:
        """The words that report the speech, such as "said"."""
        return self.record.cue

    @property
    def addressees(self) -> list[Speaker]:
        """Whom the speaker addresses."""
        return [self.document.documents.speakers[each] for each in self.record.addressees]

    @property
    def within(self) -> Quote | None:
        """The quote that this one is in; None if there is none."""
        return self.document.find(self.record.within, Quote)

    @cached_property
    def parts(self) -> list[Quote]:
        """The quotes within this one."""
        return [each for each in self.document.quotes if each.within is self]

    @cached_property
    def stances(self) -> list[Stance]:
        """The stances that this quote shows."""
        return [each for each in self.document.stances if each.quote is self]

    @cached_property
    def elsewhere(self) -> list[Quote]:
        """The other quotes, in all texts, that report the same statement."""
        if self.record.statement is None:
            return []
        return [
            each
            for text in self.document.documents
            for each in text.quotes
            if each.record.statement == self.record.statement and each is not self
        ]

    @property
    def links(self) -> dict[str, list[Annotation]]:
        """Source, stances, the quotes around and within it, and the same statement elsewhere."""
        return _drop_empty(
            {
                "source": _or_none(self.source),
                "within": _or_none(self.within),
                "contains": self.parts,
                "shows": self.stances,
                "same statement": self.elsewhere,
            }
        )


class Topic(Annotation):
    """A passage about a topic of the registry."""

    record: model.Topic

    @property
    def topic(self) -> TopicEntry:
        """What the passage is about."""
        return self.document.documents.topics[self.record.topic]


class Stance(Annotation):
    """The position a holder takes towards a target's proposition, with the words that show it."""

    record: model.Stance

    @property
    def holder(self) -> Speaker:
        """Who holds the stance."""
        return self.document.documents.speakers[self.record.holder]

    @property
    def target(self) -> Target:
        """What the stance is about."""
        return self.document.documents.targets[self.record.target]

    @property
    def polarity(self) -> model.Polarity:
        """Favor, against or neutral."""
        return self.record.polarity

    @property
    def expression(self) -> model.Expression:
        """Explicit or implicit."""
        return self.record.expression

    @property
    def evidence(self) -> tuple[Span, ...]:
        """The words that show the stance."""
        return self.record.evidence

    @property
    def quote(self) -> Quote | None:
        """The quote that shows the stance; None if the text itself does."""
        return self.document.find(self.record.quote, Quote)

    @property
    def links(self) -> dict[str, list[Annotation]]:
        """The quote that shows the stance."""
        return _drop_empty({"quote": _or_none(self.quote)})


class Boilerplate(Annotation):
    """Text of the file that is not the article."""

    record: model.Boilerplate

    @property
    def kind(self) -> model.BoilerplateKind:
        """What it is instead."""
        return self.record.kind


_CLASSES: Mapping[type, type[Annotation]] = {
    model.Mention: Mention,
    model.Quote: Quote,
    model.Topic: Topic,
    model.Stance: Stance,
    model.Boilerplate: Boilerplate,
}
N = TypeVar("N", bound=Annotation)


def _or_none(annotation: Annotation | None) -> list[Annotation]:
    return [] if annotation is None else [annotation]


def _drop_empty(links: Mapping[str, Sequence[Annotation]]) -> dict[str, list[Annotation]]:
    return {name: list(found) for name, found in links.items() if found}


# ---------------------------------------------------------------- documents


class Document:
    """A text with its annotations of one layer, by default gold."""

    def __init__(
        self, source: model.AnnotatedDocument, layer: model.Layer, documents: Documents
    ) -> None:
        self._source = source
        self._layer = layer
        self.documents = documents

    @property
    def record(self) -> model.Document:
        """The line of ``documents.jsonl``, with title, outlet, date, event and split."""
        return self._source.meta

    @property
    def id(self) -> str:
        """The id of the document."""
        return self.record.doc_id

    @property
    def title(self) -> str | None:
        """The title, if the text has one."""
        return self.record.title

    @property
    def outlet(self) -> Speaker | None:
        """Who published the text."""
        return self.documents.speakers.get(self.record.outlet or "")

    @property
    def text(self) -> str:
        """The raw text."""
        return self._source.text

    @cached_property
    def paragraphs(self) -> list[Paragraph]:
        """The paragraphs, in order."""
        spans = enumerate(Paragraphs(self.text).spans)
        return [Paragraph(self, start, end, number) for number, (start, end) in spans]

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The sentences of all paragraphs, in order."""
        return [each for paragraph in self.paragraphs for each in paragraph.sentences]

    @cached_property
    def annotations(self) -> list[Annotation]:
        """All annotations, by position."""
        return [_CLASSES[type(record)](record, self) for record in self._layer.records]

    @cached_property
    def mentions(self) -> list[Mention]:
        """The mentions, by position."""
        return self._of_class(Mention)

    @cached_property
    def quotes(self) -> list[Quote]:
        """The quotes, by position."""
        return self._of_class(Quote)

    @cached_property
    def topics(self) -> list[Topic]:
        """The passages about topics, by position."""
        return self._of_class(Topic)

    @cached_property
    def stances(self) -> list[Stance]:
        """The stances, by position."""
        return self._of_class(Stance)

    @cached_property
    def boilerplate(self) -> list[Boilerplate]:
        """The passages that are not the article, by position."""
        return self._of_class(Boilerplate)

    def _of_class(self, annotation_class: type[N]) -> list[N]:
        return [each for each in self.annotations if isinstance(each, annotation_class)]

    @cached_property
    def _by_id(self) -> dict[str, Annotation]:
        return {each.record.id: each for each in self.annotations}

    def __getitem__(self, name: str) -> Annotation:
        """Return an annotation by its id, with or without that of the document."""
        found = self._by_id.get(name.removeprefix(f"{self.id}#"))
        if found is None:
            hint = nearest(name, self._by_id)
            raise KeyError(f"There is no annotation {name!r} in {self.id!r}. {hint}".rstrip())
        return found

    def find(self, name: str | None, annotation_class: type[N]) -> N | None:
        """Return an annotation of a class by its id; None if there is none."""
        found = self._by_id.get(name or "")
        return found if isinstance(found, annotation_class) else None

    def to_pandas(self, config: Config = DEFAULT_CONFIG) -> pd.DataFrame:
        """Return the rows that this document has in a config, with labels as words.

        They are those of its gold layer. The columns are those of ``readout.load(config)``.

        Raises:
            ValueError: the config has no rows of documents.

        """
        return to_frame(config, [self._source], self.documents.registries)

    def to_spacy(self, vocab: Vocab | None = None) -> Doc:
        """Return the text as a spaCy ``Doc`` with one span group per type of annotation.

        It needs spaCy (``pip install "readout-corpus[interchange]"``). Values and links are in
        ``doc.user_data["readout"]``.
        """
        from spacy.vocab import Vocab

        layer = self._layer.annotator or GOLD_LAYER
        records = self._layer.records
        sheet = Sheet(self.record, self.text, layer, records, self._layer.path, self.id)
        # An empty vocabulary is false.
        return to_doc(Vocab() if vocab is None else vocab, sheet)  # type: ignore[no-any-return]

    def draw(
        self,
        places: Iterable[tuple[int, int]] | None = None,
        chosen: Annotation | None = None,
    ) -> str:
        """Return HTML that shows the text, or some passages of it, with the marks of the preview.

        It runs no script and loads nothing. ``places`` are ``(start, end)`` of passages; ``chosen``
        is highlighted, and what it is linked to as well.
        """
        if places is None:
            places = [(each.start, each.end) for each in self.paragraphs]
        picked = [] if chosen is None else [chosen.record.id]
        linked = [
            each.record.id
            for found in (chosen.links.values() if chosen else ())
            for each in found
            if each.document is self
        ]
        return draw_passage(
            self._source,
            self._layer.records,
            self.documents.registries,
            places,
            picked,
            linked,
        )

    def __repr__(self) -> str:
        counts = f"{len(self.paragraphs)} paragraphs, {len(self.annotations)} annotations"
        return f"<Document {self.id!r}: {counts}>"

    def _repr_html_(self) -> str:
        return self.draw()


class Documents(Sequence[Document]):
    """The documents of a corpus, in order, with the registries that they share.

    ``documents[0]`` is the first one, and ``documents["<doc_id>"]`` the one with this id.
    """

    def __init__(self, corpus: model.Corpus, annotator: str | None = None) -> None:
        self.registries = corpus.registries
        speakers, topics = corpus.registries.speakers, corpus.registries.topics
        targets = corpus.registries.targets
        self.speakers = {name: Speaker(each, self) for name, each in speakers.items()}
        self.topics = {name: TopicEntry(each, self) for name, each in topics.items()}
        self.targets = {name: Target(each, self) for name, each in targets.items()}
        self._sources = corpus.documents
        self._items: list[Document] = []
        for source in corpus.documents:
            layer = source.find_layer(annotator)
            if layer is not None:
                self._items.append(Document(source, layer, self))

    @overload
    def __getitem__(self, key: int | str) -> Document: ...
    @overload
    def __getitem__(self, key: slice) -> list[Document]: ...
    def __getitem__(self, key: int | str | slice) -> Document | list[Document]:
        """Return a document by its number or its id."""
        if not isinstance(key, str):
            return self._items[key]
        by_id = {each.id: each for each in self._items}
        if key not in by_id:
            raise KeyError(f"There is no document {key!r}. {nearest(key, by_id)}".rstrip())
        return by_id[key]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Document]:
        return iter(self._items)

    def to_pandas(self, config: Config = DEFAULT_CONFIG) -> pd.DataFrame:
        """Return the rows of a config for these documents, with labels as words.

        Raises:
            ValueError: the config has no rows of documents.

        """
        sources = [each for each in self._sources if any(each is item._source for item in self)]
        return to_frame(config, sources, self.registries)

    def __repr__(self) -> str:
        names = ", ".join([repr(each.id) for each in self._items[:3]])
        more = ", …" if len(self) > 3 else ""
        return f"<{len(self)} documents: {names}{more}>"


def find_annotation(corpus: model.Corpus, name: str) -> Annotation:
    """Return the annotation that an id names: ``ID``, ``DOCUMENT#ID`` or ``ANNOTATOR#ID``.

    Raises:
        RefusedError: there is no such annotation, or several documents have one.

    """
    place, mark, local = name.rpartition("#")
    is_document = any(each.meta.doc_id == place for each in corpus.documents)
    documents = Documents(corpus, place if mark and not is_document else None)
    known = {each.id: each for document in documents for each in document.annotations}
    found = [each for each in known.values() if local in (each.record.id, each.id)]
    if is_document:
        found = [each for each in found if each.document.id == place]

    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join([each.id for each in found])
        raise RefusedError(f"Several documents have an annotation {name!r}. Write {names}.")
    raise RefusedError(_explain_unknown(name, local, corpus, documents))


def _explain_unknown(name: str, local: str, corpus: model.Corpus, documents: Documents) -> str:
    if any(each.meta.doc_id == name for each in corpus.documents):
        return (
            f"{name!r} is a document. Name one of its annotations, which `readout search` lists, "
            "or look at all of them with `readout preview`."
        )
    ids = {each.record.id for document in documents for each in document.annotations}
    close = find_close(local, ids)
    hint = f"Did you mean {close!r}?" if close else "`readout search` lists annotations."
    return f"There is no annotation {name!r}. {hint}"
