"""Read and rewrite every file of a corpus that names registry entries and annotations.

Which fields name something is read from the table of roles in :mod:`readout.model`. A file in which
a name occurs must have no problem up to the schema rung: a line that cannot be read may use the
name too, and would be lost when the file is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import fields as struct_fields
from msgspec.structs import replace

from readout.checks.references import record_id
from readout.corpus import read
from readout.corpus.canonical import encode_layer, encode_records
from readout.corpus.drafts import iter_draft_spans
from readout.corpus.files import Change, FileChanges
from readout.corpus.parse import parse_layer
from readout.corpus.refs import Ref, parse_ref, read_referred, resolve_refs
from readout.model import (
    ANNOTATION_CLASSES,
    FIELD_ROLES,
    FieldKind,
    FieldRole,
    Pointer,
    Record,
    RecordFile,
    Suggestion,
    change_value,
    iter_values,
    map_values,
)
from readout.problem import (
    Problem,
    RefusedError,
    as_sentence,
    find_close,
    format_count,
    nearest,
    refuse_broken,
)

FileKind: TypeAlias = Literal["entries", "layer", "unplaced", "decisions", "suggestions", "reviews"]
NAMING: tuple[FieldKind, ...] = ("id", "entry", "annotation", "item")
"""The kinds of fields that contain ids of entries and annotations."""


class RecordPath(NamedTuple):
    """The path of a file of records, and what it contains.

    Files of entries, the metadata of the documents among them, belong to no one document.
    ``annotator`` is that of a layer; None for gold.
    """

    path: str
    kind: FileKind
    doc_id: str = ""
    annotator: str | None = None


class Sheet(NamedTuple):
    """A file of records: its bytes, and each record with its line; drafts are dicts."""

    place: RecordPath
    raw: bytes
    lines: tuple[tuple[int, Any], ...]


class Use(NamedTuple):
    """A value that names something: its place in the corpus, and whether it may be left out."""

    place: RecordPath
    line: int
    record: Any
    pointer: Pointer
    role: FieldRole
    value: str
    is_optional: bool


class Edit(NamedTuple):
    """What a command does: the files to write, sentences that say so, and the documents to check.

    With ``documents`` None, all documents are to be checked.
    """

    changes: FileChanges
    said: tuple[str, ...]
    documents: tuple[str, ...] | None = ()


# ---------------------------------------------------------------- files


def iter_record_paths(root: Path, doc_ids: Iterable[str]) -> Iterator[RecordPath]:
    """Yield the files of records that there are: those of entries, then those of some documents."""
    for name in read.REGISTRY_FILES:
        yield RecordPath(f"annotations/{name}.jsonl", "entries")
    yield RecordPath(read.DOCUMENTS, "entries")

    annotators = [None, *read.iter_annotators(root), *_iter_unplaced_annotators(root)]
    annotators = list(dict.fromkeys(annotators))
    reviewers = list(read.iter_reviewers(root))
    for doc_id in doc_ids:
        for place in _list_document(doc_id, annotators, reviewers):
            if os.path.lexists(root / place.path):
                yield place


def _list_document(
    doc_id: str, annotators: Iterable[str | None], reviewers: Iterable[str]
) -> Iterator[RecordPath]:
    for annotator in annotators:
        layer = "gold" if annotator is None else f"by/{annotator}"
        yield RecordPath(f"annotations/{layer}/{doc_id}.jsonl", "layer", doc_id, annotator)
        yield RecordPath(f"{read.UNPLACED}/{layer}/{doc_id}.jsonl", "unplaced", doc_id, annotator)
    yield RecordPath(f"{read.ADJUDICATION}/{doc_id}.jsonl", "decisions", doc_id)
    yield RecordPath(f"{read.SUGGESTIONS}/{doc_id}.jsonl", "suggestions", doc_id)
    for reviewer in reviewers:
        yield RecordPath(f"{read.REVIEWS}/{reviewer}/{doc_id}.jsonl", "reviews", doc_id)


def _iter_unplaced_annotators(root: Path) -> Iterator[str]:
    folder = root / read.UNPLACED / "by"
    if folder.is_dir():
        yield from sorted(path.name for path in folder.iterdir() if path.is_dir())


_FOLDERS = (
    read.GOLD,
    f"{read.BY}/*",
    read.ADJUDICATION,
    read.SUGGESTIONS,
    f"{read.UNPLACED}/gold",
    f"{read.UNPLACED}/by/*",
    f"{read.REVIEWS}/*",
)
"""The folders that may have a file about a document."""


def list_document_files(root: Path, doc_id: str) -> list[str]:
    """Return the paths of the files of a document: its text, and all that is said about it."""
    patterns = [f"{read.TEXTS}/{doc_id}.txt"]
    patterns += [f"{folder}/{doc_id}.jsonl" for folder in _FOLDERS]
    found = [file for pattern in patterns for file in sorted(root.glob(pattern))]
    return [file.relative_to(root).as_posix() for file in found]


def find_record(file: RecordFile[Any], kind: str, name: str) -> Any:
    """Return the record with an id, or refuse an id that a file does not have."""
    for record in file.records:
        if record_id(record) == name:
            return record
    known = [record_id(record) for record in file.records]
    hint = as_sentence(nearest(name, known))
    raise RefusedError(f"There is no {kind} {name!r}. {hint}".strip())


def read_bytes(root: Path, path: str) -> bytes:
    """Return the bytes of a file of the corpus.

    Raises:
        RefusedError: the file is missing, no regular file, or outside the corpus.

    """
    raw, problems = read.read_bytes(root, path)
    if raw is None:
        raise RefusedError(problems[0].message)
    return raw


def iter_sheets(root: Path, places: Iterable[RecordPath], name: str) -> Iterator[Sheet]:
    """Yield the files of records that may contain a name.

    Raises:
        RefusedError: one of these files has problems, so that not every line is known.

    """
    for place in places:
        raw = read_bytes(root, place.path)
        # An escape in JSON may spell a letter of an id.
        if name.encode() in raw or b"\\u00" in raw:
            yield read_sheet(root, place)


def read_sheet(root: Path, place: RecordPath) -> Sheet:
    """Return a file of records.

    Raises:
        RefusedError: the file is missing or has problems, so that not every line is known.

    """
    raw = read_bytes(root, place.path)
    lines, problems = _parse(place, raw)
    refuse_broken(place.path, problems)
    return Sheet(place, raw, lines)


def _parse(place: RecordPath, raw: bytes) -> tuple[tuple[tuple[int, Any], ...], list[Problem]]:
    """Return each record with its line, and the problems up to the schema rung."""
    if place.kind in ("layer", "unplaced"):
        layer, problems = parse_layer(place.path, raw, place.annotator)
        lines = [*zip(layer.lines, layer.records, strict=True), *layer.drafts]
        return tuple(sorted(lines, key=lambda pair: pair[0])), problems

    file, problems = read.parse_records(place.path, raw)
    return tuple(zip(file.lines, file.records, strict=True)), problems


def encode_sheet(place: RecordPath, records: Iterable[Any]) -> bytes:
    """Return the canonical bytes of a file; drafts follow the other annotations of a layer."""
    if place.kind == "layer":
        records = list(records)
        complete = [record for record in records if not isinstance(record, dict)]
        drafts = [record for record in records if isinstance(record, dict)]
        return encode_layer(complete) + _encode_lines(drafts)
    if place.kind in ("suggestions", "unplaced"):
        return _encode_lines(records)
    return encode_records(records)


def _encode_lines(records: Iterable[Any]) -> bytes:
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)


# ---------------------------------------------------------------- annotations by reference

SUGGESTED = "suggestions"
"""What comes before the mark in a reference to a suggestion, in place of an annotator."""


class Named(NamedTuple):
    """What a reference names: an annotation of gold or of a layer, or a suggestion."""

    doc_id: str
    ref: Ref

    @property
    def is_suggestion(self) -> bool:
        """Whether it is a suggestion."""
        return self.ref.annotator == SUGGESTED


def find_named(root: Path, texts: Iterable[str], doc_id: str | None = None) -> list[Named]:
    """Return what references name, in their order and each once.

    Raises:
        RefusedError: a reference names nothing, or something in several documents.

    """
    refs = [parse_ref(text) for text in texts]
    plain = [str(ref) for ref in refs if ref.annotator != SUGGESTED]
    documents = read_referred(root, plain, doc_id) if plain else []
    index, _ = read.read_index(root)
    if doc_id is not None:
        find_record(index, "document", doc_id)
    searched = [meta.doc_id for meta in index.records if doc_id in (None, meta.doc_id)]
    found = []
    for ref in refs:
        if ref.annotator == SUGGESTED:
            found.append(_find_suggestion(root, searched, ref))
        else:
            (resolved,) = resolve_refs(documents, [str(ref)])
            found.append(Named(resolved.document.meta.doc_id, resolved.ref))
    return list(dict.fromkeys(found))


def _find_suggestion(root: Path, searched: Iterable[str], ref: Ref) -> Named:
    """Return the one suggestion that a reference names."""
    known: set[str] = set()
    found = []
    for doc_id in searched:
        suggestions = read_suggestions(root, doc_id)
        known |= suggestions.keys()
        if ref.id in suggestions:
            found.append(doc_id)
    if not found:
        close = find_close(ref.id, known)
        hint = f" Did you mean {SUGGESTED}#{close}?" if close else ""
        raise RefusedError(f"There is no suggestion {ref.id!r}.{hint}")
    if len(found) > 1:
        names = ", ".join(map(repr, found[:SHOWN]))
        raise RefusedError(
            f"There are suggestions {ref.id!r} for {names}. Name the document with --document."
        )
    return Named(found[0], ref)


def read_suggestions(root: Path, doc_id: str) -> dict[str, Suggestion]:
    """Return the suggestions for a document by their ids; none if it has no such file."""
    place = RecordPath(f"{read.SUGGESTIONS}/{doc_id}.jsonl", "suggestions", doc_id)
    if not os.path.lexists(root / place.path):
        return {}
    sheet = read_sheet(root, place)
    return {record.annotation["id"]: record for _, record in sheet.lines}


def read_sheets(root: Path, doc_id: str) -> list[Sheet]:
    """Return all files of records about a document."""
    places = [place for place in iter_record_paths(root, [doc_id]) if place.doc_id]
    return [read_sheet(root, place) for place in places]


# ---------------------------------------------------------------- the names in a record


def iter_uses(sheet: Sheet) -> Iterator[Use]:
    """Yield every value of a file that is or names the id of an entry or an annotation."""
    for line, record in sheet.lines:
        for pointer, role, value in _iter_names(record):
            is_optional = _is_optional(record, str(pointer[0]))
            yield Use(sheet.place, line, record, pointer, role, value, is_optional)


def _iter_names(record: Any) -> Iterator[tuple[Pointer, FieldRole, str]]:
    draft = _find_draft(record)
    if draft is None:
        yield from iter_values(record, *NAMING)
        return
    for name, role in _naming_fields(draft):
        value = draft[name]
        if not role.many:
            yield (name,), role, value
            continue
        for number, item in enumerate(value):
            yield (name, number), role, item


def _find_draft(record: Any) -> dict[str, Any] | None:
    """Return the fields of an annotation that may lack some: a draft, or one that is suggested."""
    if isinstance(record, Suggestion):
        return record.annotation
    return record if isinstance(record, dict) else None


def find_id(record: Any) -> str | None:
    """Return the id of a record, a draft or a suggested annotation; None if it has none yet."""
    draft = _find_draft(record)
    return record_id(record) if draft is None else draft.get("id")


def _naming_fields(draft: dict[str, Any]) -> list[tuple[str, FieldRole]]:
    """Return the fields of a draft that contain names, with their roles."""
    roles = FIELD_ROLES[ANNOTATION_CLASSES[draft["type"]]]
    found = [(name, role) for name, role in roles.items() if role.kind in NAMING]
    return [(name, role) for name, role in found if draft.get(name) is not None]


def _is_optional(record: Any, name: str) -> bool:
    """Return whether a field of a record may be left out."""
    draft = _find_draft(record)
    if isinstance(record, Suggestion):
        return name != "id"
    record_class: type[Record] = type(record)
    if draft is not None:
        record_class = ANNOTATION_CLASSES[draft["type"]]
    return name in _optional_fields(record_class)


@cache
def _optional_fields(record_class: type[Record]) -> frozenset[str]:
    """Return the fields of a class that may be left out, by their names in JSON."""
    fields = struct_fields(record_class)
    return frozenset([field.encode_name for field in fields if not field.required])


Rename: TypeAlias = Callable[[FieldRole, str], str | None]
"""Returns what a name becomes, by the role of its field: the same, another one, or None."""


def change_names(record: Any, rename: Rename) -> Any:
    """Return a record or a draft in which every name is what ``rename`` returns for it."""
    if isinstance(record, Suggestion):
        return replace(record, annotation=_change_draft(record.annotation, rename))
    if isinstance(record, dict):
        return _change_draft(record, rename)
    return map_values(record, rename, *NAMING)


def _change_draft(draft: dict[str, Any], rename: Rename) -> dict[str, Any]:
    changed = dict(draft)
    for name, role in _naming_fields(draft):
        value = change_value(draft[name], role, rename)
        if value is None:
            del changed[name]
        else:
            changed[name] = list(value) if role.many else value
    return changed


# ---------------------------------------------------------------- words


SHOWN = 5
"""How many places or annotations a sentence lists."""


def describe_uses(uses: list[Use]) -> str:
    """Return where something is used: the first few places, and how many there are."""
    shown = [f"{use.place.path}:{use.line} ({use.pointer[0]})" for use in uses[:SHOWN]]
    more = f", and {len(uses) - SHOWN} more" if len(uses) > SHOWN else ""
    return ", ".join(shown) + more


def describe_changes(changes: FileChanges, uses: dict[str, int]) -> Iterator[str]:
    """Yield a line for every file of ``changes``, with the number of names changed in it."""
    for path, change in changes.items():
        if change.old is None:
            yield f"wrote {path}"
        elif change.new is None:
            yield f"removed {path}"
        elif path in uses:
            yield f"changed {path}: {format_count(uses[path], 'place')}"


def describe(ref: Ref, record: Any) -> str:
    """Return a reference with the type and the words of its annotation, or of a draft of one."""
    draft = record if isinstance(record, dict) else msgspec.to_builtins(record)
    words = [span.get("exact", "") for _, span in iter_draft_spans(draft)]
    first = words[0] if words else ""
    shown = first if len(first) <= _WORDS else f"{first[:_WORDS]}…"
    return f"{ref} ({draft['type']} {shown!r})"


_WORDS = 40
"""How many characters of an annotation a sentence repeats."""


def to_change(sheet: Sheet, records: Iterable[Any]) -> Change:
    """Return the change of a file whose records become others."""
    return Change(sheet.raw, encode_sheet(sheet.place, records))
