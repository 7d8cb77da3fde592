"""Compare files whose records have an id: metadata, registries and adjudication. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from readout.model import Corpus, Record, RecordFile
from readout.workbench.diff.report import EntryChange, FieldChange


def compare_files(old: Corpus, new: Corpus) -> Iterator[EntryChange]:
    """Yield the changes of the registries and of every document's adjudication."""
    before, after = _record_files(old), _record_files(new)
    for path in sorted({*before, *after}):
        yield from compare_entries(path, _entries(before.get(path)), _entries(after.get(path)))


def _record_files(corpus: Corpus) -> dict[str, RecordFile[Any]]:
    files: list[RecordFile[Any]] = list(corpus.registries.files.values())
    files += [document.adjudication for document in corpus.documents]
    return {file.path: file for file in files}


def _entries(file: RecordFile[Any] | None) -> dict[str, Record]:
    """Return the records of a file by their first field, which is the id."""
    records = file.records if file else ()
    return {getattr(record, record.__struct_fields__[0]): record for record in records}


def compare_entries(
    path: str, old: Mapping[str, Record], new: Mapping[str, Record]
) -> Iterator[EntryChange]:
    """Yield the changes between two states of a file, whose records are given by id.

    A record is renamed if it differs from a new one in its id only.
    """
    gone = [name for name in old if name not in new]
    added = [name for name in new if name not in old]
    for name in gone:
        successor = _find_successor(old[name], new, added)
        if successor is None:
            yield EntryChange(path=path, id=name, kind="removed")
        else:
            added.remove(successor)
            yield EntryChange(path=path, id=name, kind="renamed", new_id=successor)

    for name in added:
        yield EntryChange(path=path, id=name, kind="added")

    for name in old:
        if name not in new:
            continue
        fields = compare_records(old[name], new[name])
        if fields:
            yield EntryChange(path=path, id=name, kind="changed", fields=fields)


def _find_successor(record: Record, new: Mapping[str, Record], added: list[str]) -> str | None:
    for name in added:
        if len(compare_records(record, new[name])) == 1:
            return name
    return None


def compare_records(old: Record, new: Record) -> tuple[FieldChange, ...]:
    """Return the fields in which two records differ."""
    before, after = msgspec.to_builtins(old), msgspec.to_builtins(new)
    names = [*before, *(name for name in after if name not in before)]
    return tuple(
        FieldChange(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )
