"""Compare two states of one annotation file, or the layers of two annotators. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
from readout.workbench.diff.pairing import move_spans, pair_by_id, pair_by_meaning
from readout.workbench.diff.report import AnnotationChange, FieldChange, LayerChanges


def compare_layers(
    old: Layer | None,
    new: Layer | None,
    alignment: Alignment | None = None,
    name: str | None = None,
    trust_ids: bool = True,
) -> LayerChanges:
    """Return the changes between two states of one annotation file.

    ``alignment`` maps the old text to the new one, if they differ. ``name`` is the annotator. With
    ``trust_ids`` false, as for the layers of two annotators, equal ids mean nothing.
    """
    before = list(old.records) if old else []
    after = list(new.records) if new else []
    # Annotations may be equal, so the code tells them apart by identity.
    moved = {id(each): move_spans(each, alignment) for each in before}

    pairs = pair_by_id(before, after) if trust_ids else []
    paired = {id(each) for pair in pairs for each in pair}
    gone = [each for each in before if id(each) not in paired]
    added = [each for each in after if id(each) not in paired]
    pairs += pair_by_meaning(gone, added, lambda each: moved[id(each)])

    paired = {id(each) for pair in pairs for each in pair}
    new_ids = {a.id: b.id for a, b in pairs}
    changes = [_removed(each) for each in gone if id(each) not in paired]
    changes += [_added(each) for each in added if id(each) not in paired]
    carried = misplaced = 0
    for a, b in pairs:
        here = moved[id(a)]
        if a == b != here:
            misplaced += 1
            continue
        carried += a != b == here
        change = _compare_pair(a, b, here, new_ids)
        if change:
            changes.append(change)

    return LayerChanges(
        annotator=name,
        changes=tuple(sorted(changes, key=_change_order)),
        whole=_find_whole(before, after),
        carried=carried,
        misplaced=misplaced,
    )


def _find_whole(
    before: Collection[AnyAnnotation], after: Collection[AnyAnnotation]
) -> Literal["added", "removed"] | None:
    if bool(before) == bool(after):
        return None
    return "added" if after else "removed"


def _added(annotation: AnyAnnotation) -> AnnotationChange:
    return AnnotationChange(kind="added", type=annotation_type(annotation), new=annotation)


def _removed(annotation: AnyAnnotation) -> AnnotationChange:
    return AnnotationChange(kind="removed", type=annotation_type(annotation), old=annotation)


def _change_order(change: AnnotationChange) -> tuple[int, int, str, str, str]:
    first = main_spans(change.current)[0]
    return first.start, first.end, change.type, change.current.id, change.kind


def _compare_pair(
    old: AnyAnnotation, new: AnyAnnotation, here: AnyAnnotation, new_ids: Mapping[str, str]
) -> AnnotationChange | None:
    """Return the change of a pair, if any; ``here`` is ``old`` with the offsets of the new text."""
    fields = []
    for name, role in FIELD_ROLES[type(old)].items():
        before, after = getattr(here, name), getattr(new, name)
        # A reference to an annotation that got a new id is the same reference.
        if role.kind == "annotation" and before is not None:
            before = new_ids.get(before, before)
        if before != after:
            was, is_now = msgspec.to_builtins(getattr(old, name)), msgspec.to_builtins(after)
            fields.append(FieldChange(name, was, is_now))

    if not fields:
        return None
    kind = classify({field.name for field in fields}, old)
    return AnnotationChange(
        kind=kind, type=annotation_type(new), old=old, new=new, fields=tuple(fields)
    )


def classify(
    names: set[str], annotation: AnyAnnotation
) -> Literal["moved", "relabelled", "edited"]:
    """Return the kind of a change that touches these fields of an annotation."""
    places = set(SPAN_FIELDS[type(annotation)])
    if names - places - {"id", "note"}:
        return "relabelled"
    return "moved" if names & places else "edited"
