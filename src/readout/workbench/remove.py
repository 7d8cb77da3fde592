"""Remove annotations, decisions, registry entries and documents, with what names them.

What may be left out is left out; an entry that is used, and an annotation that something cannot do
without, are not removed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from readout.checks.references import record_id
from readout.corpus import read
from readout.corpus.files import Change, FileChanges
from readout.corpus.refs import Ref, parse_ref
from readout.corpus.schema import Kind
from readout.model import Decision, FieldRole, Suggestion
from readout.problem import RefusedError, as_sentence, format_count, nearest
from readout.workbench.decide import Grounds
from readout.workbench.gold import settle_gold
from readout.workbench.uses import (
    SHOWN,
    SUGGESTED,
    Edit,
    RecordPath,
    Sheet,
    Use,
    change_names,
    describe,
    describe_uses,
    find_id,
    find_named,
    find_record,
    iter_record_paths,
    iter_sheets,
    iter_uses,
    list_document_files,
    read_bytes,
    read_sheet,
    read_sheets,
    to_change,
)


def remove_entries(root: Path, kind: Kind, names: Collection[str]) -> Edit:
    """Return the edit that removes entries from a registry.

    Raises:
        RefusedError: there is no such entry, or something that stays names it.

    """
    registry = f"{kind}s"
    registries, _ = read.read_registries(root)
    file = registries.files[registry]
    for name in names:
        find_record(file, kind, name)
    index, _ = read.read_index(root)
    doc_ids = [meta.doc_id for meta in index.records]
    for name in names:
        uses = [
            use
            for use in _find_uses(root, registry, name, doc_ids)
            if not _goes(use, file.path, names)
        ]
        if uses:
            raise RefusedError(
                f"The {kind} {name!r} is used in {format_count(len(uses), 'place')}: "
                f"{describe_uses(uses)}. Let these name another {kind}, or remove them, first; to "
                f"give the entry another id, use `readout rename {kind}`."
            )
        if kind == "annotator":
            _refuse_layers(root, name)

    sheet = read_sheet(root, RecordPath(file.path, "entries"))
    kept = [record for _, record in sheet.lines if record_id(record) not in names]
    changes = {
        file.path: to_change(sheet, kept),
        **_clear_suggestions(root, registry, names, doc_ids),
    }
    said = [f"removed the {kind} {name!r} from {file.path}" for name in dict.fromkeys(names)]
    return Edit(changes, tuple(said))


def _clear_suggestions(
    root: Path, registry: str, names: Collection[str], doc_ids: list[str]
) -> FileChanges:
    """Return the changes of suggestions that name removed entries: they name none any more."""

    def rename(role: FieldRole, value: str) -> str | None:
        return None if role.kind == "entry" and role.of == registry and value in names else value

    changes: FileChanges = {}
    for doc_id in doc_ids:
        place = RecordPath(f"{read.SUGGESTIONS}/{doc_id}.jsonl", "suggestions", doc_id)
        if (root / place.path).is_file():
            sheet = read_sheet(root, place)
            records = [record for _, record in sheet.lines]
            changed = [change_names(record, rename) for record in records]
            if changed != records:
                changes[place.path] = to_change(sheet, changed)
    return changes


def _find_uses(root: Path, registry: str, name: str, doc_ids: list[str]) -> list[Use]:
    """Return every place that names a registry entry, apart from suggestions, which need none."""
    found = []
    paths = iter_record_paths(root, doc_ids)
    needing = (place for place in paths if place.kind != "suggestions")
    for sheet in iter_sheets(root, needing, name):
        for use in iter_uses(sheet):
            is_named = use.role.kind == "entry" and use.role.of == registry and use.value == name
            is_theirs = registry == "annotators" and use.role.kind == "item"
            if is_named or (is_theirs and use.value.startswith(f"{name}#")):
                found.append(use)
    return found


def _goes(use: Use, path: str, names: Collection[str]) -> bool:
    """Return whether a use is in an entry that is removed too."""
    return use.place.path == path and record_id(use.record) in names


def _refuse_layers(root: Path, annotator: str) -> None:
    folder = f"{read.BY}/{annotator}"
    layers = sorted((root / folder).glob("*.jsonl"))
    if layers:
        raise RefusedError(
            f"The annotator {annotator!r} has {format_count(len(layers), 'layer')} in {folder}. "
            "If they are to go too, delete that folder first."
        )


def remove_documents(root: Path, names: Collection[str]) -> Edit:
    """Return the edit that removes documents: texts, metadata, layers and all else about them.

    Raises:
        RefusedError: there is no such document, or the metadata have problems.

    """
    place = RecordPath(read.DOCUMENTS, "entries")
    sheet = read_sheet(root, place)
    index, _ = read.read_index(root)
    for name in names:
        find_record(index, "document", name)

    kept = [record for _, record in sheet.lines if record_id(record) not in names]
    changes: FileChanges = {read.DOCUMENTS: to_change(sheet, kept)}
    said = []
    for name in dict.fromkeys(names):
        paths = list_document_files(root, name)
        for path in paths:
            changes[path] = Change(read_bytes(root, path), None)
        said.append(f"removed the document {name!r} from {read.DOCUMENTS}")
        said += [f"removed {path}" for path in paths]
    return Edit(changes, tuple(said))


# ---------------------------------------------------------------- decisions


def remove_decisions(
    root: Path, names: Collection[str], doc_id: str | None = None, about: Collection[str] = ()
) -> Edit:
    """Return the edit that removes decisions, or some of the references that they are about.

    With ``about``, only these references go, and the decisions that are about nothing else.

    Raises:
        RefusedError: a decision does not exist or is in several documents, or is not about one of
            the references.

    """
    sheets = _read_decisions(root, doc_id)
    found = {name: _find_decisions(sheets, name) for name in dict.fromkeys(names)}
    changes: FileChanges = {}
    said: list[str] = []
    for sheet in dict.fromkeys(found.values()):
        records = []
        for _, record in sheet.lines:
            if found.get(record.id) is not sheet:
                records.append(record)
                continue
            kept = _leave_out(record, about)
            if kept:
                records.append(replace(record, about=kept))
                said.append(f"took {', '.join(about)} out of the decision {record.id!r}")
            else:
                said.append(f"removed the decision {record.id!r} on {', '.join(record.about)}")
        changes[sheet.place.path] = to_change(sheet, records)
    doc_ids = [sheet.place.doc_id for sheet in found.values()]
    return Edit(changes, tuple(said), tuple(dict.fromkeys(doc_ids)))


def _read_decisions(root: Path, doc_id: str | None) -> list[Sheet]:
    """Return the files of decisions about one document or about all."""
    index, _ = read.read_index(root)
    if doc_id is not None:
        find_record(index, "document", doc_id)
    sheets = []
    for meta in index.records:
        path = f"{read.ADJUDICATION}/{meta.doc_id}.jsonl"
        if doc_id in (None, meta.doc_id) and (root / path).is_file():
            sheets.append(read_sheet(root, RecordPath(path, "decisions", meta.doc_id)))
    return sheets


def _find_decisions(sheets: Collection[Sheet], name: str) -> Sheet:
    """Return the one file that has a decision."""
    known = {record.id for sheet in sheets for _, record in sheet.lines}
    if name not in known:
        hint = as_sentence(nearest(name, known))
        raise RefusedError(f"There is no decision {name!r}. {hint}".strip())
    having = [sheet for sheet in sheets if any(record.id == name for _, record in sheet.lines)]
    if len(having) > 1:
        doc_ids = ", ".join(repr(sheet.place.doc_id) for sheet in having[:SHOWN])
        raise RefusedError(
            f"There are decisions {name!r} on {doc_ids}. Name the document with --document."
        )
    return having[0]


def _leave_out(record: Decision, about: Collection[str]) -> tuple[str, ...]:
    """Return what a decision is still about without some references; nothing if none are given."""
    for text in about:
        if text not in record.about:
            hint = as_sentence(nearest(text, record.about))
            raise RefusedError(f"The decision {record.id!r} is not about {text!r}. {hint}".strip())
    if not about:
        return ()
    return tuple([text for text in record.about if text not in about])


# ---------------------------------------------------------------- annotations


def remove_annotations(
    root: Path, refs: Collection[str], doc_id: str | None = None, grounds: Grounds | None = None
) -> Edit:
    """Return the edit that removes annotations of gold or of layers, and rejects suggestions.

    References to them that may be left out are dropped. A decision loses the references, and goes
    if it has no others. With ``grounds``, the differences that arise are decided.

    Raises:
        RefusedError: a reference names nothing, or an annotation is needed by one that stays.

    """
    changes: FileChanges = {}
    said: list[str] = []
    found = find_named(root, refs, doc_id)
    doc_ids = tuple(dict.fromkeys(named.doc_id for named in found))
    for each in doc_ids:
        refs_here = {named.ref for named in found if named.doc_id == each}
        sheets = read_sheets(root, each)
        edited, sentences = _remove_from_document(sheets, refs_here)
        changes.update(edited)
        said += sentences
    said += settle_gold(root, changes, dict.fromkeys(doc_ids, ()), grounds)
    return Edit(changes, tuple(said), doc_ids)


def _remove_from_document(
    sheets: list[Sheet], gone: Collection[Ref]
) -> tuple[FileChanges, list[str]]:
    """Return the changes of the files of a document without some annotations, and sentences."""
    changes: FileChanges = {}
    said: list[str] = []
    suggested = {find_id(line) for sheet in sheets for line in _suggestions_of(sheet)}
    _refuse_needed(sheets, gone, suggested)
    for sheet in sheets:
        place = sheet.place
        records = []
        for _, record in sheet.lines:
            name = str(find_id(record))
            if place.kind == "layer" and Ref(place.annotator, name) in gone:
                said.append(f"removed {describe(Ref(place.annotator, name), record)}")
                continue
            if place.kind == "suggestions" and Ref(SUGGESTED, name) in gone:
                said.append(f"rejected {describe(Ref(SUGGESTED, name), record.annotation)}")
                record = replace(record, rejected=True)
            changed = change_names(record, _drop(place, gone, suggested))
            if isinstance(changed, Decision) and not changed.about:
                said.append(f"removed the decision {name!r}, which was about nothing else")
                continue
            said += _describe_loss(name, record, changed)
            records.append(changed)
        change = to_change(sheet, records)
        if records != [record for _, record in sheet.lines]:
            changes[place.path] = change
    return changes, said


def _describe_loss(name: str, record: Any, changed: Any) -> list[str]:
    """Return sentences about the fields of a record that named what is removed."""
    if isinstance(record, Decision):
        return [f"took it out of the decision {name!r}"] if changed != record else []
    before, after = _to_fields(record), _to_fields(changed)
    lost = [field for field in before if after.get(field) != before[field]]
    return [f"removed the {field!r} of {name!r}, which named it" for field in lost]


def _to_fields(record: Any) -> dict[str, Any]:
    draft = record.annotation if isinstance(record, Suggestion) else record
    fields: dict[str, Any] = msgspec.to_builtins(draft)
    return fields


def _suggestions_of(sheet: Sheet) -> list[Suggestion]:
    if sheet.place.kind != "suggestions":
        return []
    return [record for _, record in sheet.lines]


def _drop(
    place: RecordPath, gone: Collection[Ref], suggested: Collection[str | None]
) -> Callable[[FieldRole, str], str | None]:
    """Return the function that drops the names of what is gone, in one file."""

    def rename(role: FieldRole, value: str) -> str | None:
        return None if _names_gone(place, role, value, gone, suggested) else value

    return rename


def _names_gone(
    place: RecordPath,
    role: FieldRole,
    value: str,
    gone: Collection[Ref],
    suggested: Collection[str | None],
) -> bool:
    """Return whether a value names an annotation that is removed."""
    if place.kind == "reviews":  # a review says what was thought of an annotation, even if it goes
        return False
    if role.kind == "item":
        return parse_ref(value) in gone
    if role.kind != "annotation":
        return False
    if place.kind == "suggestions":
        return value not in suggested and Ref(None, value) in gone
    return Ref(place.annotator, value) in gone


def _refuse_needed(
    sheets: list[Sheet], gone: Collection[Ref], suggested: Collection[str | None]
) -> None:
    """Refuse to remove an annotation that one which stays cannot do without."""
    needed = []
    for sheet in sheets:
        place = sheet.place
        for use in iter_uses(sheet):
            stays = Ref(place.annotator, str(find_id(use.record))) not in gone
            is_required = not use.is_optional and use.role.kind == "annotation"
            if is_required and stays and _names_gone(place, use.role, use.value, gone, suggested):
                needed.append(use)
    if needed:
        raise RefusedError(
            f"What is to be removed is needed in {format_count(len(needed), 'place')}: "
            f"{describe_uses(needed)}. Remove these too, or let them name others first."
        )
