"""Remove annotations, registry entries and documents, with what names them.

What may be left out is left out; an entry that is used, and an annotation that something cannot do
without, are not removed.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from readout.checks.references import record_id
from readout.corpus import read
from readout.corpus.files import Change, FileChanges
from readout.corpus.schema import Kind
from readout.problem import RefusedError
from readout.workbench.uses import (
    Edit,
    RecordPath,
    Use,
    count,
    describe_uses,
    find_record,
    iter_record_paths,
    iter_uses,
    list_document_files,
    read_bytes,
    read_sheet,
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
                f"The {kind} {name!r} is used in {count(len(uses), 'place')}: "
                f"{describe_uses(uses)}. Let these name another {kind}, or remove them, first; to "
                f"give the entry another id, use `readout rename {kind}`."
            )
        if kind == "annotator":
            _refuse_layers(root, name)

    place = RecordPath(file.path, "entries")
    sheet = read_sheet(root, place)
    assert sheet is not None  # without names, every file is read
    kept = [record for _, record in sheet.lines if record_id(record) not in names]
    said = [f"removed the {kind} {name!r} from {file.path}" for name in names]
    return Edit({file.path: to_change(sheet, kept)}, tuple(said))


def _find_uses(root: Path, registry: str, name: str, doc_ids: list[str]) -> list[Use]:
    """Return every place that names a registry entry."""
    found = []
    for place in iter_record_paths(root, doc_ids):
        sheet = read_sheet(root, place, [name])
        for use in iter_uses(sheet) if sheet else ():
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
            f"The annotator {annotator!r} has {count(len(layers), 'layer')} in {folder}. "
            "If they are to go too, delete that folder first."
        )


def remove_documents(root: Path, names: Collection[str]) -> Edit:
    """Return the edit that removes documents: texts, metadata, layers and all else about them.

    Raises:
        RefusedError: there is no such document, or the metadata have problems.

    """
    place = RecordPath(read.DOCUMENTS, "entries")
    sheet = read_sheet(root, place)
    assert sheet is not None  # without names, every file is read
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
