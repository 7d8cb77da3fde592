"""New documents and registry entries in canonical form: what is missing is marked unknown, what clashes is refused.

The functions return the files to write and write none themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from readout.checks.references import iter_references, record_id
from readout.corpus import read
from readout.corpus.canonical import encode_records
from readout.corpus.files import FileBytes
from readout.corpus.schema import Kind, explain
from readout.model import Document, RecordFile, Registries, Speaker, Split
from readout.problem import Problem, RefusedError, nearest
from readout.workbench.suggest import suggest

Fields = Mapping[str, Any]


# ---------------------------------------------------------------- documents


def add_document(root: Path, file: Path, fields: Fields) -> tuple[str, FileBytes]:
    """Return the id of a new document and the files that bring it in: text, metadata, empty gold, suggestions.

    Raises:
        RefusedError: something is missing that cannot be marked unknown, or clashes with what is there.

    """
    index, problems = read.read_index(root)
    _refuse_broken(read.DOCUMENTS, problems)
    registries, _ = read.read_registries(root)
    raw = file.read_bytes()
    text = _decode_text(file, raw)
    document = _describe_document(file, raw, fields, index)
    _refuse_unknown(document, registries)
    if document.outlet and registries.speakers[document.outlet].kind != "outlet":
        raise RefusedError(
            f"The outlet {document.outlet!r} is a speaker of another kind. Expected kind 'outlet'."
        )
    files = {
        f"{read.TEXTS}/{document.doc_id}.txt": raw,
        f"{read.GOLD}/{document.doc_id}.jsonl": b"",
        f"{read.SUGGESTIONS}/{document.doc_id}.jsonl": make_suggestions(text, registries),
    }
    for path, content in files.items():
        if (root / path).exists() and (root / path).read_bytes() != content:
            raise RefusedError(
                f"The file {path!r} exists already. Move it away, or choose another --doc-id."
            )
    return document.doc_id, {**files, read.DOCUMENTS: encode_records([*index.records, document])}


def add_suggestions(root: Path, doc_id: str) -> FileBytes:
    """Return the suggestions for a document of the corpus, made anew.

    Raises:
        RefusedError: there is no such document, or its text cannot be read.

    """
    index, _ = read.read_index(root)
    known = [meta.doc_id for meta in index.records]
    if doc_id not in known:
        raise RefusedError(f"There is no document {doc_id!r}. {nearest(doc_id, known)}".strip())
    text, _, problems = read.read_text(root, doc_id)
    if text is None:
        _refuse_broken(f"{read.TEXTS}/{doc_id}.txt", problems)
    return {
        f"{read.SUGGESTIONS}/{doc_id}.jsonl": make_suggestions(
            text or "", read.read_registries(root)[0]
        )
    }


def make_suggestions(text: str, registries: Registries) -> bytes:
    """Return the suggestions for a text as JSON lines, in text order."""
    return b"".join(
        msgspec.json.encode(each) + b"\n" for each in suggest(text, registries.speakers.values())
    )


def _decode_text(file: Path, raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise RefusedError(
            f"{str(file)!r} is not UTF-8 (byte {error.start}). Save it as UTF-8 first."
        ) from error
    if text.startswith("\ufeff"):
        raise RefusedError(
            f"{str(file)!r} starts with a byte order mark. Save it as UTF-8 without BOM first."
        )
    if not text.strip():
        raise RefusedError(f"{str(file)!r} holds no text.")
    return text


def _describe_document(
    file: Path, raw: bytes, fields: Fields, index: RecordFile[Document]
) -> Document:
    known = {meta.doc_id: meta for meta in index.records}
    digest = sha256(raw).hexdigest()
    if twin := next((meta.doc_id for meta in index.records if meta.sha256 == digest), None):
        raise RefusedError(f"The text is already in the corpus, as {twin!r}.")
    doc_id = fields.get("doc_id") or _derive_id(file, fields)
    if doc_id in known:
        raise RefusedError(f"There is already a document {doc_id!r}. Choose another --doc-id.")
    event = fields.get("event") or doc_id
    record = {
        **{name: value for name, value in fields.items() if value},
        "doc_id": doc_id,
        "published_basis": fields.get("published_basis")
        or ("inferred" if fields.get("published") else "unknown"),
        "outlet_basis": fields.get("outlet_basis")
        or ("inferred" if fields.get("outlet") else "unknown"),
        "event": event,
        "language": fields.get("language") or "und",
        "split": fields.get("split") or "train",
        "origin": fields.get("origin") or file.name,
        "rights": fields.get("rights") or "Unknown.",
        "sha256": digest,
    }
    document: Document = _convert("document", record, Document)
    return replace(document, split=_find_split(event, fields, index))


def _derive_id(file: Path, fields: Fields) -> str:
    slug = "-".join(re.findall("[a-z0-9]+", file.stem.lower()))
    if not fields.get("published") or not slug:
        raise RefusedError(
            "Give --doc-id: year, month and a short name, such as '2030-01-harbour-talks'."
        )
    return f"{fields['published'][:7]}-{slug.removeprefix(fields['published'][:7] + '-')}"


def _find_split(event: str, fields: Fields, index: RecordFile[Document]) -> Split:
    """Return the split of an event: that of its other texts, or for a new event the one that is given."""
    given: Split | None = fields.get("split")
    theirs = next((meta.split for meta in index.records if meta.event == event), None)
    if theirs and given and theirs != given:
        raise RefusedError(
            f"The texts about the event {event!r} are in split {theirs!r}, not {given!r}."
        )
    if split := theirs or given:
        return split
    events = ", ".join(sorted({meta.event for meta in index.records}))
    raise RefusedError(
        f"The event {event!r} is new: give --split train, validation or test. Known events, for --event: {events}."
    )


# ---------------------------------------------------------------- registries


def add_entry(root: Path, kind: Kind, fields: Fields) -> FileBytes:
    """Return the registry with a new entry.

    Raises:
        RefusedError: the entry does not fit its schema, exists already, or names what does not exist.

    """
    registries, problems = read.read_registries(root)
    name = f"{kind}s"
    file = registries.files[name]
    _refuse_broken(file.path, [problem for problem in problems if problem.path == file.path])
    record = _convert(
        kind,
        {key: value for key, value in fields.items() if value not in (None, ())},
        read.REGISTRY_FILES[name][1],
    )
    ids = [record_id(other) for other in file.records]
    if record_id(record) in ids:
        line = file.lines[ids.index(record_id(record))]
        raise RefusedError(
            f"There is already a {kind} {record_id(record)!r}, on line {line} of {file.path}."
        )
    for other in file.records:
        if names := _called(record) & _called(other):
            raise RefusedError(
                f"The name {min(names)!r} already belongs to the {kind} {record_id(other)!r}."
            )
    _refuse_unknown(record, registries)
    return {file.path: encode_records([*file.records, record])}


def _called(record: Any) -> set[str]:
    """Return what an entry is called; aliases are left out, since "the two" may be an alias of many."""
    return {
        record.name if isinstance(record, Speaker) else getattr(record, "label", record_id(record))
    }


def _convert(kind: Kind, record: Fields, record_class: type[Any]) -> Any:
    plain = {
        name: list(value) if isinstance(value, tuple) else value for name, value in record.items()
    }
    for finding in explain(kind, plain):
        raise RefusedError(f"{finding.message} {finding.hint or ''}".strip())
    return msgspec.convert(plain, record_class)


def _refuse_unknown(record: Any, registries: Registries) -> None:
    for pointer, vocabulary, name in iter_references(record):
        known = getattr(registries, vocabulary)
        if name not in known and name != record_id(record):
            hint = (
                nearest(name, known)
                or f"add it first with `readout add {vocabulary.removesuffix('s')}`."
            )
            raise RefusedError(f"The {pointer[0]} {name!r} is not among the {vocabulary}: {hint}")


def _refuse_broken(path: str, problems: list[Problem]) -> None:
    if problems:
        raise RefusedError(
            f"{path} has problems ({problems[0].code}). Mend them first: `readout check` names them."
        )
