"""Rename annotations, registry entries and documents, with everything that names them.

Only ids change: the words of notes, reasons and spans are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import replace

from readout.checks.references import published_id, record_id
from readout.corpus import read
from readout.corpus.canonical import encode
from readout.corpus.files import Change, FileChanges, check_name
from readout.corpus.refs import Ref, parse_ref
from readout.corpus.schema import Kind, explain
from readout.model import Document, FieldRole, RecordFile
from readout.problem import RefusedError, as_sentence, list_first, refuse_broken
from readout.workbench.uses import (
    SHOWN,
    Edit,
    RecordPath,
    Sheet,
    change_names,
    describe_changes,
    find_id,
    find_named,
    find_record,
    iter_record_paths,
    iter_sheets,
    iter_uses,
    list_document_files,
    read_bytes,
    read_sheets,
    to_change,
)

Renaming: TypeAlias = Callable[[RecordPath, FieldRole, str], str]
"""Returns what a name becomes, by its file and the role of its field."""


def rename_entry(root: Path, kind: Kind, old: str, new: str) -> Edit:
    """Return the edit that gives a registry entry another id, wherever the corpus names it.

    Raises:
        RefusedError: there is no such entry, or the new id is taken or cannot be one; or a file
            that may name the entry has problems.

    """
    registry = f"{kind}s"
    registries, _ = read.read_registries(root)
    file = registries.files[registry]
    record = find_record(file, kind, old)
    _refuse_taken(kind, new, {record_id(each) for each in file.records})
    _refuse_bad_id(kind, record, new)
    if kind == "annotator":
        check_name("annotator", new)

    def rename(place: RecordPath, role: FieldRole, value: str) -> str:
        is_own = role.kind == "id" and place.path == file.path
        is_named = role.kind == "entry" and role.of == registry
        if value == old and (is_own or is_named):
            return new
        if kind == "annotator" and role.kind == "item":
            return _rename_annotator(value, old, new)
        return value

    index, _ = read.read_index(root)
    doc_ids = [meta.doc_id for meta in index.records]
    changes, uses = _rename_everywhere(root, doc_ids, old, rename)
    if kind == "annotator":
        changes = _move_files(root, changes, _list_annotator_files(root, old, new))
    said = (
        f"renamed the {kind} {old!r} to {new!r}",
        *describe_changes(changes, uses),
        *_find_prose(root, old),
    )
    return Edit(changes, said, _find_touched(changes, doc_ids))


def _find_prose(root: Path, name: str) -> Iterator[str]:
    """Yield a sentence for every file of prose in which a name occurs, with its lines."""
    pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    for folder in ("annotations", "raw"):
        for file in sorted((root / folder).glob("*.md")):
            path = file.relative_to(root).as_posix()
            raw, _ = read.read_bytes(root, path)
            lines = (raw or b"").decode(errors="replace").splitlines()
            places = [f"{path}:{at}" for at, line in enumerate(lines, 1) if pattern.search(line)]
            if places:
                shown = list_first(places, SHOWN)
                yield f"prose is left as it is: correct {name!r} in {shown} if it is this id"


def rename_annotation(root: Path, text: str, new: str, doc_id: str | None = None) -> Edit:
    """Return the edit that gives an annotation another id, wherever its document names it.

    Raises:
        RefusedError: the reference names nothing, or the new id is taken or cannot be one.

    """
    (named,) = find_named(root, [text], doc_id)
    if named.is_suggestion:
        raise RefusedError(
            "The id of a suggestion is made from what it says, and stays. Accept it, and rename "
            "the annotation."
        )
    ref, sheets = named.ref, read_sheets(root, named.doc_id)
    layers = [sheet for sheet in sheets if _is_layer_of(sheet.place, ref)]
    for sheet in layers:
        _refuse_taken("annotation", new, _list_ids(sheet))
    suggested = {
        name for sheet in sheets if sheet.place.kind == "suggestions" for name in _list_ids(sheet)
    }
    if ref.annotator is None:
        _refuse_taken("suggestion", new, suggested)
    record = next(record for _, record in layers[0].lines if find_id(record) == ref.id)
    _refuse_bad_id("annotation", record, new)

    def rename(place: RecordPath, role: FieldRole, value: str) -> str:
        if role.kind == "item":
            return str(ref._replace(id=new)) if parse_ref(value) == ref else value
        if value != ref.id or role.kind not in ("id", "annotation"):
            return value
        is_named = role.kind == "annotation" or place.kind == "layer"
        if _is_layer_of(place, ref) and is_named:
            return new
        is_gold = ref.annotator is None and ref.id not in suggested
        return new if place.kind == "suggestions" and is_gold else value

    changes, uses = _rename_everywhere(root, [named.doc_id], ref.id, rename)
    said = (
        f"renamed {str(ref)!r} of {named.doc_id!r} to {new!r}",
        *describe_changes(changes, uses),
    )
    return Edit(changes, said, (named.doc_id,))


def _is_layer_of(place: RecordPath, ref: Ref) -> bool:
    return place.kind in ("layer", "unplaced") and place.annotator == ref.annotator


def _list_ids(sheet: Sheet) -> set[str]:
    return {name for _, record in sheet.lines if (name := find_id(record))}


def _rename_annotator(ref: str, old: str, new: str) -> str:
    """Return a reference to an annotation with the new id of its annotator."""
    annotator, mark, name = ref.partition("#")
    return f"{new}#{name}" if mark and annotator == old else ref


def rename_document(root: Path, old: str, new: str) -> Edit:
    """Return the edit that gives a document another id, in the metadata and in names of files.

    Raises:
        RefusedError: there is no such document, or the new id is taken, cannot be one, or
            contradicts the day of publication.

    """
    index, problems = read.read_index(root)
    refuse_broken(read.DOCUMENTS, problems)
    document = find_record(index, "document", old)
    _refuse_taken("document", new, {record_id(each) for each in index.records})
    _refuse_bad_id("document", document, new)

    def rename(place: RecordPath, role: FieldRole, value: str) -> str:
        is_own = role.kind == "id" and place.path == read.DOCUMENTS
        return new if is_own and value == old else value

    changes, uses = _rename_everywhere(root, (), old, rename)
    moves = {path: path.replace(f"/{old}.", f"/{new}.") for path in list_document_files(root, old)}
    changes = _move_files(root, changes, moves)
    said = (f"renamed the document {old!r} to {new!r}", *describe_changes(changes, uses))
    return Edit(changes, said, (new,))


def _list_annotator_files(root: Path, old: str, new: str) -> dict[str, str]:
    """Return the new path of every file in the folders of an annotator."""
    moves = {}
    for parent in (read.BY, f"{read.UNPLACED}/by", read.REVIEWS):
        for file in sorted((root / parent / old).glob("*.jsonl")):
            moves[f"{parent}/{old}/{file.name}"] = f"{parent}/{new}/{file.name}"
    return moves


# ---------------------------------------------------------------- files


def _rename_everywhere(
    root: Path, doc_ids: Any, old: str, rename: Renaming
) -> tuple[FileChanges, dict[str, int]]:
    """Return the changes of all files that name something, and the number of names in each."""
    changes: FileChanges = {}
    counts: dict[str, int] = {}
    for sheet in iter_sheets(root, iter_record_paths(root, doc_ids), old):
        place = sheet.place
        changed = sum(rename(place, use.role, use.value) != use.value for use in iter_uses(sheet))
        if changed:
            records = [change_names(record, _at(place, rename)) for _, record in sheet.lines]
            changes[place.path] = to_change(sheet, records)
            counts[place.path] = changed
    return changes, counts


def _at(place: RecordPath, rename: Renaming) -> Callable[[FieldRole, str], str]:
    return lambda role, value: rename(place, role, value)


def _move_files(root: Path, changes: FileChanges, moves: dict[str, str]) -> FileChanges:
    """Return changes in which some files also move to other paths.

    A file is written at its new path before the old one goes.
    """
    written: FileChanges = {}
    removed: FileChanges = {}
    for old_path, new_path in moves.items():
        change = changes.get(old_path)
        raw = change.old if change else read_bytes(root, old_path)
        content = change.new if change else raw
        written[new_path] = Change(None, content)
        removed[old_path] = Change(raw, None)
    rest = {path: change for path, change in changes.items() if path not in moves}
    return {**written, **rest, **removed}


def _find_touched(changes: FileChanges, doc_ids: list[str]) -> tuple[str, ...]:
    """Return the documents of which files change."""
    names = {Path(path).stem for path in changes}
    return tuple(doc_id for doc_id in doc_ids if doc_id in names)


# ---------------------------------------------------------------- refusals


def _refuse_taken(kind: str, new: str, known: Collection[str]) -> None:
    if new in known:
        raise RefusedError(f"The {kind} {new!r} exists already. Choose another id.")


def _refuse_bad_id(kind: Kind, record: Any, new: str) -> None:
    """Refuse an id that violates its schema, or the rule about ids of documents."""
    renamed = replace(record, **{record.__struct_fields__[0]: new})
    for finding in explain(kind, msgspec.json.decode(encode(renamed))):
        hint = as_sentence(finding.hint or "")
        raise RefusedError(f"{finding.message} {hint}".strip())
    if isinstance(renamed, Document):
        file = RecordFile(path=read.DOCUMENTS, records=(renamed,), lines=(1,))
        for finding in published_id.find(file, None):
            raise RefusedError(f"{finding.message} Choose another id.")
