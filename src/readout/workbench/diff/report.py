"""The records that describe changes. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from readout.model import AnnotationType, AnyAnnotation

ChangeKind: TypeAlias = Literal["added", "removed", "moved", "relabelled", "edited"]


class FieldChange(msgspec.Struct, frozen=True):
    """A field with its old and its new value as JSON; null if the record does not have it."""

    name: str
    old: Any
    new: Any


class AnnotationChange(msgspec.Struct, frozen=True, kw_only=True):
    """An annotation that changed.

    A ``moved`` annotation changed its place only, a ``relabelled`` one a label and perhaps its
    place, an ``edited`` one its note or id only.
    """

    kind: ChangeKind
    type: AnnotationType
    old: AnyAnnotation | None = None
    new: AnyAnnotation | None = None
    fields: tuple[FieldChange, ...] = ()

    @property
    def current(self) -> AnyAnnotation:
        """The annotation after the change, or before it if it was removed."""
        annotation = self.new or self.old
        if annotation is None:
            raise ValueError("a change has an old or a new side")
        return annotation

    @property
    def gone_id(self) -> str | None:
        """The id that users of the data no longer find."""
        if self.old is None:
            return None
        new_id = self.new.id if self.new else None
        return None if new_id == self.old.id else self.old.id


class LayerChanges(msgspec.Struct, frozen=True, kw_only=True):
    """The changes of one annotation file, in text order. ``annotator`` is None for gold.

    ``whole`` is set if the file was empty or missing on one side. If the raw text changed,
    ``carried`` counts the annotations whose offsets moved with their words and that changed nothing
    else, and ``misplaced`` those whose offsets stayed although their words moved.
    """

    annotator: str | None
    changes: tuple[AnnotationChange, ...] = ()
    whole: Literal["added", "removed"] | None = None
    carried: int = 0
    misplaced: int = 0


class DocumentChanges(msgspec.Struct, frozen=True, kw_only=True):
    """The changes of one document: its metadata, its raw text and its layers."""

    doc_id: str
    kind: Literal["added", "removed", "changed"]
    text_changed: bool = False
    metadata: tuple[FieldChange, ...] = ()
    layers: tuple[LayerChanges, ...] = ()


class EntryChange(msgspec.Struct, frozen=True, kw_only=True):
    """A record of a registry or an adjudication file that changed.

    ``new_id`` is set if only the id changed.
    """

    path: str
    id: str
    kind: Literal["added", "removed", "changed", "renamed"]
    new_id: str | None = None
    fields: tuple[FieldChange, ...] = ()


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """All changes between two states.

    ``unread`` counts, for each side, the problems that kept records from being read.
    """

    old: str
    new: str
    documents: tuple[DocumentChanges, ...] = ()
    entries: tuple[EntryChange, ...] = ()
    breaking: tuple[str, ...] = ()
    unread: tuple[int, int] = (0, 0)

    def __bool__(self) -> bool:
        """Return whether anything changed."""
        return bool(self.documents or self.entries or self.breaking)


def count_kinds(changes: Sequence[AnnotationChange]) -> dict[ChangeKind, int]:
    """Return the number of changes of each kind."""
    found = [change.kind for change in changes]
    return {kind: found.count(kind) for kind in get_args(ChangeKind)}
