"""Show, accept and reject the suggestions for a document while a layer of it is edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from readout.corpus import read
from readout.corpus.files import Change
from readout.corpus.parse import parse_layer
from readout.model import AnyAnnotation, Layer, Suggestion
from readout.problem import RefusedError
from readout.workbench.accept import complete_suggestions, withdraw_accepted
from readout.workbench.add import find_main_place
from readout.workbench.annotate.edits import (
    Edit,
    Edited,
    RefusedEditError,
    apply_edits,
    drop_references,
    refuse,
)
from readout.workbench.annotate.shapes import to_json
from readout.workbench.intake import Intake, Manner, Statements
from readout.workbench.uses import (
    SUGGESTED,
    RecordPath,
    Sheet,
    change_names,
    encode_sheet,
    read_sheet,
)


def read_suggestions(root: Path, doc_id: str) -> Sheet | None:
    """Return the suggestions for a document; None if they cannot be read."""
    place = RecordPath(f"{read.SUGGESTIONS}/{doc_id}.jsonl", "suggestions", doc_id)
    try:
        return read_sheet(root, place)
    except RefusedError:
        return None


def list_left(sheet: Sheet | None, records: Sequence[AnyAnnotation]) -> list[Suggestion]:
    """Return the suggestions that a layer does not have and nobody rejected."""
    left = _resolve(sheet, records) if sheet else []
    return [each for each in left if not each.rejected]


def _resolve(sheet: Sheet, records: Sequence[AnyAnnotation]) -> list[Suggestion]:
    """Return the suggestions that a layer lacks; they name what it has by its ids there."""
    places = {find_main_place(record): record.id for record in records}
    left = []
    present = {}
    for _, each in sheet.lines:
        name = places.get(find_main_place(each.annotation))
        if name is None:
            left.append(each)
        else:
            present[each.annotation["id"]] = name
    return [change_names(each, lambda _, name: present.get(name, name)) for each in left]


# ---------------------------------------------------------------- accepting


def name_accepted(edit: Edit) -> Edit:
    """Return an edit that accepts a changed suggestion with a name for its annotation."""
    if "accept" not in edit or "put" not in edit:
        return edit
    return {**edit, "as": edit.get("as") or edit["accept"]}


def take_suggestions(
    root: Path,
    before: Layer,
    sheet: Sheet | None,
    text: str,
    edited: Edited,
    edits: Sequence[Edit],
) -> tuple[Edited, dict[str, str]]:
    """Take the suggestions that edits accept into a layer that is edited already.

    Return the layer with the ids that the suggestions have there, by their own. Of several, those
    are left out that cannot be accepted as they are.

    Raises:
        RefusedEditError: there is no such suggestion.
        RefusedError: none can be accepted as it is.

    """
    changed = {}
    for edit in edits:
        if "accept" in edit and "put" in edit:
            changed[edit["accept"]] = edited.names[name_accepted(edit)["as"]]
    asked = [edit["accept"] for edit in edits if "accept" in edit and "put" not in edit]
    if not asked:
        return edited, changed
    if sheet is None:
        raise _refuse_missing()

    layer, _ = parse_layer(before.path, edited.raw, before.annotator)
    left = _resolve(sheet, layer.records)
    left = [change_names(each, lambda _, name: changed.get(name, name)) for each in left]
    items = complete_suggestions(left)
    if unknown := [name for name in asked if name not in items]:
        raise _refuse_unknown(unknown[0])

    home = "gold" if before.annotator is None else "the layer"
    manner = Manner(has_options=False, home=home)

    def take(is_strict: bool) -> tuple[Intake, dict[str, str]]:
        intake = Intake(layer.records, manner, Statements(root), is_strict=is_strict)
        return intake, intake.take(SUGGESTED, items, asked)

    intake, accepted = take(is_strict=len(asked) == 1)
    if not accepted:
        intake, accepted = take(is_strict=True)  # says why
    new = [to_json(intake.gold[name]) for name in intake.taken]
    puts = [{"put": record} for record in new]
    done = apply_edits(layer.path, edited.raw, text, puts)
    taken = (*edited.taken, *done.taken)
    is_remark = edited.is_remark and not done.taken
    both = done._replace(taken=taken, removed=edited.removed, is_remark=is_remark)
    return both, {**changed, **accepted}


# ---------------------------------------------------------------- what is left of them


def change_suggestions(
    sheet: Sheet | None,
    edits: Sequence[Edit],
    edited: Edited,
    accepted: Mapping[str, str],
    is_gold: bool,
) -> Change | None:
    """Return the change of the file of suggestions after edits; None if it stays as it is.

    Raises:
        RefusedEditError: an edit rejects a suggestion that does not exist.

    """
    rejected = {edit["reject"] for edit in edits if "reject" in edit}
    if sheet is None:
        if rejected:
            raise _refuse_missing()
        return None

    suggestions = [record for _, record in sheet.lines]
    names = {each.annotation["id"] for each in suggestions}
    if unknown := sorted(rejected - names):
        raise _refuse_unknown(unknown[0])

    left = suggestions
    if is_gold:  # suggestions are for all; only what gold has is taken from them
        left = withdraw_accepted(left, accepted)
        gone = set(edited.removed) - names
        left = [_drop_names(each, gone) for each in left]
    left = [_reject(each, rejected) for each in left]
    if left == suggestions:
        return None
    return Change(sheet.raw, encode_sheet(sheet.place, left))


def _refuse_missing() -> RefusedEditError:
    return refuse("no-such-suggestion", "There are no suggestions for this document.")


def _refuse_unknown(name: str) -> RefusedEditError:
    message = f"There is no suggestion {name!r}."
    return refuse("no-such-suggestion", message, "load the document again.")


def _drop_names(suggestion: Suggestion, gone: set[str]) -> Suggestion:
    return replace(suggestion, annotation=drop_references(suggestion.annotation, gone))


def _reject(suggestion: Suggestion, rejected: set[str]) -> Suggestion:
    if suggestion.annotation["id"] not in rejected:
        return suggestion
    return replace(suggestion, rejected=True)
