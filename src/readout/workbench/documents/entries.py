"""Entries of the registries, with the annotations that name them in all texts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from readout import model

if TYPE_CHECKING:
    from readout.workbench.documents.annotations import Mention, Quote, Stance, Topic
    from readout.workbench.documents.objects import Documents

E = TypeVar("E", bound=model.Record)


class Entry(Generic[E]):
    """An entry of a registry; ``record`` is its line, with all fields."""

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
