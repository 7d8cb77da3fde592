"""What changed in metadata, registries and adjudication: files whose records have an id. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from readout.model import Corpus, Record, RecordFile
from readout.workbench.diff.report import EntryChange, FieldChange


def compare_records(old: Record, new: Record) -> tuple[FieldChange, ...]:
    """Return the fields in which two records differ."""
    before, after = msgspec.to_builtins(old), msgspec.to_builtins(new)
    names = [*before, *(name for name in after if name not in before)]
    return tuple(
        FieldChange(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def _entries(file: RecordFile[Any] | None) -> dict[str, Any]:
    records = file.records if file else ()
    return {getattr(record, record.__struct_fields__[0]): record for record in records}


def compare_entries(
    path: str, old: Mapping[str, Record], new: Mapping[str, Record]
) -> Iterator[EntryChange]:
    """Yield what changed between two states of a file whose records have an id in their first field."""
    gone = [name for name in old if name not in new]
    come = [name for name in new if name not in old]
    for name in gone:
        successor = next(
            (other for other in come if len(compare_records(old[name], new[other])) == 1), None
        )
        if successor is not None:
            come.remove(successor)
            yield EntryChange(path=path, id=name, kind="renamed", new_id=successor)
        else:
            yield EntryChange(path=path, id=name, kind="removed")
    yield from (EntryChange(path=path, id=name, kind="added") for name in come)
    for name in old:
        if name in new and (fields := compare_records(old[name], new[name])):
            yield EntryChange(path=path, id=name, kind="changed", fields=fields)


def _record_files(corpus: Corpus) -> dict[str, RecordFile[Any]]:
    files: Iterable[RecordFile[Any]] = (
        *corpus.registries.files.values(),
        *(document.adjudication for document in corpus.documents),
    )
    return {file.path: file for file in files}


def compare_files(old: Corpus, new: Corpus) -> Iterator[EntryChange]:
    """Yield what changed in the registries and in the adjudication of all documents."""
    before, after = _record_files(old), _record_files(new)
    for path in sorted({*before, *after}):
        yield from compare_entries(path, _entries(before.get(path)), _entries(after.get(path)))
