"""What changed between two states of one annotation file. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from readout.model import (
    FIELD_ROLES,
    SPAN_FIELDS,
    AnyAnnotation,
    Layer,
    annotation_type,
    main_spans,
)
from readout.text.alignment import Alignment
from readout.workbench.diff.pairing import carry, pair_by_id, pair_by_meaning
from readout.workbench.diff.report import AnnotationChange, FieldChange, LayerChanges


def compare_layers(
    old: Layer | None,
    new: Layer | None,
    alignment: Alignment | None = None,
    name: str | None = None,
    trust_ids: bool = True,
) -> LayerChanges:
    """Return what changed between two states of one annotation file.

    ``alignment`` maps the old text to the new one, if they differ. With ``trust_ids`` false, as for
    the layers of two annotators, equal ids mean nothing.
    """
    before, after = ([*layer.records] if layer else [] for layer in (old, new))
    here = {id(annotation): carry(annotation, alignment) for annotation in before}
    pairs = pair_by_id(before, after) if trust_ids else []
    taken = {id(annotation) for pair in pairs for annotation in pair}
    gone, come = ([each for each in side if id(each) not in taken] for side in (before, after))
    pairs += pair_by_meaning(gone, come, lambda annotation: here[id(annotation)])
    renamed = {a.id: b.id for a, b in pairs}
    taken = {id(annotation) for pair in pairs for annotation in pair}
    misplaced = {id(a) for a, b in pairs if a == b != here[id(a)]}
    differing = [(a, b) for a, b in pairs if id(a) not in misplaced]
    changes = [
        change for a, b in differing if (change := _compare_pair(a, b, here[id(a)], renamed))
    ]
    changes += [_removed(each) for each in gone if id(each) not in taken]
    changes += [_added(each) for each in come if id(each) not in taken]
    whole: Literal["added", "removed"] | None = None
    if bool(before) != bool(after):
        whole = "added" if after else "removed"
    return LayerChanges(
        annotator=name,
        changes=tuple(sorted(changes, key=_change_order)),
        whole=whole,
        carried=sum(a != b == here[id(a)] for a, b in pairs),
        misplaced=len(misplaced),
    )


def _added(annotation: AnyAnnotation) -> AnnotationChange:
    return AnnotationChange(kind="added", type=annotation_type(annotation), new=annotation)


def _removed(annotation: AnyAnnotation) -> AnnotationChange:
    return AnnotationChange(kind="removed", type=annotation_type(annotation), old=annotation)


def _change_order(change: AnnotationChange) -> tuple[int, int, str, str, str]:
    first = main_spans(change.current)[0]
    return first.start, first.end, change.type, change.current.id, change.kind


def _compare_pair(
    old: AnyAnnotation, new: AnyAnnotation, here: AnyAnnotation, renamed: Mapping[str, str]
) -> AnnotationChange | None:
    """Return how a pair differs, if it does; ``here`` is the old annotation at its place in the new text."""
    fields = []
    for name, role in FIELD_ROLES[type(old)].items():
        before, after = getattr(here, name), getattr(new, name)
        # A reference that follows the new id of its annotation says what it said before.
        if role.kind == "annotation" and before is not None:
            before = renamed.get(before, before)
        if before != after:
            fields.append(FieldChange(name, *map(msgspec.to_builtins, (getattr(old, name), after))))
    if not fields:
        return None
    kind = classify({field.name for field in fields}, old)
    return AnnotationChange(
        kind=kind, type=annotation_type(new), old=old, new=new, fields=tuple(fields)
    )


def classify(
    names: set[str], annotation: AnyAnnotation
) -> Literal["moved", "relabelled", "edited"]:
    """Return what kind of change it is that these fields of an annotation differ."""
    places = set(SPAN_FIELDS[type(annotation)])
    if names - places - {"id", "note"}:
        return "relabelled"
    return "moved" if names & places else "edited"
