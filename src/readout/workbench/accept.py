"""Take suggestions, or annotations of a layer, into gold.

An annotation brings its references along: they lead to the gold annotations that say the same, to
others that are accepted with it, or to ones that are accepted because it needs them. What gold has
already is not written again, and what contradicts gold is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from readout.corpus import read
from readout.corpus.files import FileChanges
from readout.corpus.schema import explain, write_integers
from readout.model import (
    AnnotationType,
    AnyAnnotation,
    FieldRole,
    Suggestion,
    annotation_type,
)
from readout.problem import RefusedError
from readout.workbench.decide import Grounds
from readout.workbench.gold import settle_gold
from readout.workbench.intake import Draft, Intake, Manner, Statements
from readout.workbench.uses import (
    SUGGESTED,
    Edit,
    RecordPath,
    Sheet,
    change_names,
    find_named,
    find_record,
    read_sheet,
    to_change,
)


class Selection(NamedTuple):
    """What to accept: references, or all of a layer, or all suggestions.

    ``layer`` is an annotator or ``suggestions``. ``types`` and ``doc_id`` narrow the choice from a
    layer.
    """

    refs: tuple[str, ...] = ()
    layer: str | None = None
    types: tuple[AnnotationType, ...] = ()
    doc_id: str | None = None


def accept(
    root: Path, selection: Selection, manner: Manner | None = None, grounds: Grounds | None = None
) -> Edit:
    """Return the edit that takes the selected annotations into gold.

    Of a whole layer, everything that can be accepted is; the rest is listed. With ``grounds``, what
    then differs from the adjudicated layers is decided.

    Raises:
        RefusedError: a reference names nothing; or an annotation that was named contradicts gold,
            needs one that does, or lacks something.

    """
    manner = manner or Manner()
    chosen = _choose(root, selection)
    _refuse_vague(chosen, manner)
    statements = Statements(root)
    changes: FileChanges = {}
    said: list[str] = []
    taken: dict[str, list[str]] = {}
    for doc_id, by_layer in chosen.items():
        gold = _read_gold(root, doc_id)
        records = [record for _, record in gold.lines]
        intake = Intake(records, manner, statements, is_strict=bool(selection.refs))
        for layer, ids in by_layer.items():
            sheet = _read_layer(root, doc_id, layer)
            accepted = intake.take(layer, _complete(sheet, manner.speaker), ids)
            if layer == SUGGESTED and accepted:
                suggestions = [record for _, record in sheet.lines]
                records = withdraw_accepted(suggestions, accepted)
                changes[sheet.place.path] = to_change(sheet, records)
        said += intake.describe(doc_id)
        if intake.taken:
            changes[gold.place.path] = to_change(gold, intake.gold.values())
            taken[doc_id] = intake.taken
    said += settle_gold(root, changes, taken, grounds)
    return Edit(changes, tuple(said), tuple(chosen))


# ---------------------------------------------------------------- what was chosen


def _choose(root: Path, selection: Selection) -> dict[str, dict[str, list[str]]]:
    """Return the ids that are chosen, by document and layer."""
    chosen: dict[str, dict[str, list[str]]] = {}
    if selection.refs:
        refs = [_to_ref(text) for text in selection.refs]
        for named in find_named(root, refs, selection.doc_id):
            layers = chosen.setdefault(named.doc_id, {})
            layers.setdefault(str(named.ref.annotator), []).append(named.ref.id)
        return chosen

    layer = str(selection.layer)
    index, _ = read.read_index(root)
    if selection.doc_id is not None:
        find_record(index, "document", selection.doc_id)
    if layer != SUGGESTED:
        registries, _ = read.read_registries(root)
        find_record(registries.files["annotators"], "annotator", layer)
    for meta in index.records:
        path = _layer_path(layer, meta.doc_id).path
        is_meant = selection.doc_id in (None, meta.doc_id)
        if is_meant and (root / path).is_file():
            sheet = _read_layer(root, meta.doc_id, layer)
            ids = list(_iter_chosen(sheet, selection.types))
            chosen[meta.doc_id] = {layer: ids}
    if not chosen:
        where = f" for {selection.doc_id!r}" if selection.doc_id else ""
        what = "are no suggestions" if layer == SUGGESTED else f"is no layer of {layer!r}"
        raise RefusedError(f"There {what}{where}.")
    return chosen


def _to_ref(text: str) -> str:
    """Return a reference to a suggestion if it names no layer: gold is not accepted into gold."""
    return text if "#" in text else f"{SUGGESTED}#{text}"


def _iter_chosen(sheet: Sheet, types: Collection[str]) -> Iterator[str]:
    """Yield the ids of a layer, or of the suggestions that nobody rejected, of some types."""
    for _, record in sheet.lines:
        if isinstance(record, Suggestion):
            kind, name = record.annotation["type"], record.annotation["id"]
            if record.rejected:
                continue
        else:
            kind, name = annotation_type(record), record.id
        if not types or kind in types:
            yield name


def _refuse_vague(chosen: Mapping[str, Mapping[str, Collection[str]]], manner: Manner) -> None:
    """Refuse to let several annotations replace one."""
    number = sum(len(ids) for layers in chosen.values() for ids in layers.values())
    if manner.replaces is not None and number != 1:
        raise RefusedError(f"With --replace, name one annotation to accept. Got {number}.")


# ---------------------------------------------------------------- files


def _layer_path(layer: str | None, doc_id: str) -> RecordPath:
    if layer is None:
        return RecordPath(f"{read.GOLD}/{doc_id}.jsonl", "layer", doc_id)
    if layer == SUGGESTED:
        return RecordPath(f"{read.SUGGESTIONS}/{doc_id}.jsonl", "suggestions", doc_id)
    return RecordPath(f"{read.BY}/{layer}/{doc_id}.jsonl", "layer", doc_id, layer)


def _read_layer(root: Path, doc_id: str, layer: str | None) -> Sheet:
    """Return a layer, gold or suggestions; refuse one with drafts, whose places are not known."""
    place = _layer_path(layer, doc_id)
    sheet = read_sheet(root, place)
    if any(isinstance(record, dict) for _, record in sheet.lines):
        raise RefusedError(f"{place.path} lacks ids or offsets. Run `readout format` first.")
    return sheet


def _read_gold(root: Path, doc_id: str) -> Sheet:
    return _read_layer(root, doc_id, None)


def _complete(sheet: Sheet, speaker: str | None) -> dict[str, AnyAnnotation | Draft]:
    """Return the annotations of a layer by id; a suggestion that lacks something is a dict."""
    records = [record for _, record in sheet.lines]
    if sheet.place.kind == "suggestions":
        return complete_suggestions(records, speaker)
    return {record.id: record for record in records}


def complete_suggestions(
    suggestions: Iterable[Suggestion], speaker: str | None = None
) -> dict[str, AnyAnnotation | Draft]:
    """Return suggested annotations by id; one that lacks something is a dict.

    ``speaker`` is given to those that name none.
    """
    found: dict[str, AnyAnnotation | Draft] = {}
    for each in suggestions:
        draft = each.annotation
        if speaker is not None:
            draft = {"speaker": speaker, **draft}
        lacks = next(explain("annotation", draft), None)
        found[draft["id"]] = (
            draft if lacks else msgspec.convert(write_integers(draft), AnyAnnotation)
        )
    return found


def withdraw_accepted(
    suggestions: Iterable[Suggestion], accepted: Mapping[str, str]
) -> list[Suggestion]:
    """Return the suggestions that are left; they name accepted ones by their ids in gold."""

    def rename(role: FieldRole, value: str) -> str:
        return accepted.get(value, value) if role.kind == "annotation" else value

    left = [record for record in suggestions if record.annotation["id"] not in accepted]
    return [change_names(record, rename) for record in left]
