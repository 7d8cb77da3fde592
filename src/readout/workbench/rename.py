"""Rename annotations, registry entries and documents, with everything that names them.

Only ids change: the words of notes, reasons and spans are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import replace

from readout.checks.references import published_id, record_id
from readout.corpus import read
from readout.corpus.canonical import encode
from readout.corpus.files import Change, FileChanges, check_name
from readout.corpus.schema import Kind, explain
from readout.model import Document, FieldRole, RecordFile
from readout.problem import RefusedError
from readout.workbench.uses import (
    Edit,
    RecordPath,
    change_names,
    describe_changes,
    find_record,
    iter_record_paths,
    iter_uses,
    list_document_files,
    read_bytes,
    read_sheet,
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
    _refuse_taken(kind, new, (record_id(each) for each in file.records))
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
    said = (f"renamed the {kind} {old!r} to {new!r}", *describe_changes(changes, uses))
    return Edit(changes, said, _find_touched(changes, doc_ids))


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
    if problems:
        raise RefusedError(f"{read.DOCUMENTS} has problems. Mend them first: `readout check`.")
    document = find_record(index, "document", old)
    _refuse_taken("document", new, (record_id(each) for each in index.records))
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
    for place in iter_record_paths(root, doc_ids):
        sheet = read_sheet(root, place, [old])
        if sheet is None:
            continue
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


def _refuse_taken(kind: str, new: str, known: Iterator[str]) -> None:
    if new in set(known):
        raise RefusedError(f"There is already a {kind} {new!r}. Choose another id.")


def _refuse_bad_id(kind: Kind, record: Any, new: str) -> None:
    """Refuse an id that violates its schema, or the rule about ids of documents."""
    renamed = replace(record, **{record.__struct_fields__[0]: new})
    for finding in explain(kind, msgspec.json.decode(encode(renamed))):
        raise RefusedError(f"{finding.message} {finding.hint or ''}".strip())
    if isinstance(renamed, Document):
        file = RecordFile(path=read.DOCUMENTS, records=(renamed,), lines=(1,))
        for finding in published_id.find(file, None):
            raise RefusedError(f"{finding.message} Choose another id.")
