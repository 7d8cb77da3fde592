"""Annotations that know their place, and what they name and what names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from readout import model
from readout.model import Span, annotation_type, main_spans
from readout.workbench.diff.wording import describe_annotation

if TYPE_CHECKING:
    from readout.workbench.documents.entries import Speaker, Target, TopicEntry
    from readout.workbench.documents.objects import Document
    from readout.workbench.documents.passages import Paragraph, Sentence

_SHOWN = 60


def shorten(text: str, width: int = _SHOWN) -> str:
    """Return a text on one line, cut off after ``width`` code points."""
    plain = " ".join(text.split())
    return plain if len(plain) <= width else plain[: width - 1].rstrip() + "…"


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
        return [each for each in self.document.paragraphs if self.overlaps(each.start, each.end)]

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
        return f"<{type(self).__name__} {self.id!r}: {shorten(self.text)!r}>"

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


CLASSES: Mapping[type, type[Annotation]] = {
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
