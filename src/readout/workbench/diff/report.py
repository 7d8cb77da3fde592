"""The record types of what changed. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from readout.model import AnnotationType, AnyAnnotation

ChangeKind: TypeAlias = Literal["added", "removed", "moved", "relabelled", "edited"]


class FieldChange(msgspec.Struct, frozen=True):
    """One field with its old and its new value, as JSON; null where it was or is left out."""

    name: str
    old: Any
    new: Any


class AnnotationChange(msgspec.Struct, frozen=True, kw_only=True):
    """One annotation that changed.

    ``moved`` changed place only, ``relabelled`` changed a label (and perhaps place), ``edited`` neither: its note or
    its id.
    """

    kind: ChangeKind
    type: AnnotationType
    old: AnyAnnotation | None = None
    new: AnyAnnotation | None = None
    fields: tuple[FieldChange, ...] = ()

    @property
    def current(self) -> AnyAnnotation:
        """The annotation as it is now; as it was, where it is gone."""
        annotation = self.new or self.old
        if annotation is None:
            raise ValueError("a change has an old or a new side")
        return annotation

    @property
    def gone_id(self) -> str | None:
        """The id that users of the data no longer find."""
        return (
            self.old.id if self.old and (self.new is None or self.new.id != self.old.id) else None
        )


class LayerChanges(msgspec.Struct, frozen=True, kw_only=True):
    """The changes of one annotation file, in text order. ``annotator`` is None for gold.

    ``whole`` tells that the file was empty or missing on one side. Where the raw text changed, ``carried`` counts the
    annotations that went along with their words and changed nothing but offsets, and ``misplaced`` those that kept
    their offsets although their words stand elsewhere now.
    """

    annotator: str | None
    changes: tuple[AnnotationChange, ...] = ()
    whole: Literal["added", "removed"] | None = None
    carried: int = 0
    misplaced: int = 0


class DocumentChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What changed in one document: its metadata, its raw text, its layers."""

    doc_id: str
    kind: Literal["added", "removed", "changed"]
    text_changed: bool = False
    metadata: tuple[FieldChange, ...] = ()
    layers: tuple[LayerChanges, ...] = ()


class EntryChange(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a registry or of an adjudication file that changed; ``new_id`` is set where only its id did."""

    path: str
    id: str
    kind: Literal["added", "removed", "changed", "renamed"]
    new_id: str | None = None
    fields: tuple[FieldChange, ...] = ()


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that changed. ``unread`` counts, for either side, the problems that kept records from being read."""

    old: str
    new: str
    documents: tuple[DocumentChanges, ...] = ()
    entries: tuple[EntryChange, ...] = ()
    breaking: tuple[str, ...] = ()
    unread: tuple[int, int] = (0, 0)

    def __bool__(self) -> bool:
        """Tell whether anything changed."""
        return bool(self.documents or self.entries or self.breaking)


def count_kinds(changes: Sequence[AnnotationChange]) -> dict[ChangeKind, int]:
    """Return how many changes there are of each kind."""
    kinds: tuple[ChangeKind, ...] = ("added", "removed", "moved", "relabelled", "edited")
    return {kind: sum(change.kind == kind for change in changes) for kind in kinds}
