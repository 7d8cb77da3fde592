"""Paragraphs and sentences of a text, with the annotations in them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from readout.text.tokens import iter_sentences, join_abbreviations
from readout.workbench.documents.annotations import (
    Annotation,
    Mention,
    Quote,
    Stance,
    Topic,
    shorten,
)

if TYPE_CHECKING:
    from readout.workbench.documents.objects import Document


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
        return f"<{type(self).__name__} {self.start}–{self.end}: {shorten(self.text)!r}>"

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
