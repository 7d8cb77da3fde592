"""Put annotation files and registries in canonical form."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from readout.checks.drafts import check_drafts, unformatted
from readout.corpus import read
from readout.corpus.canonical import encode_layer, encode_records
from readout.corpus.drafts import anchor_draft, content_id, iter_draft_spans
from readout.corpus.files import Change, FileChanges
from readout.corpus.lines import duplicate_key
from readout.corpus.parse import parse_layer
from readout.model import AnyAnnotation, Layer, RecordFile
from readout.problem import Problem, format_count

_REORDERED = "put keys, white space or lines in canonical order"


class Formatted(NamedTuple):
    """A file in canonical form, what changed, and what nobody but a person can decide.

    With ``problems`` and no ``changes``, ``raw`` is unchanged. ``old`` are the bytes that were
    read.
    """

    old: bytes
    raw: bytes
    changes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


# ---------------------------------------------------------------- layers


def format_layer(path: str, raw: bytes, annotator: str | None, text: str) -> Formatted:
    """Return the canonical form of an annotation file.

    Drafts get their offsets and ids. Whatever needs a judgement is reported as a problem: a line
    with such a problem is left as it is, after the others.
    """
    mended, changes = _mend_bytes(raw)
    layer, problems = parse_layer(path, mended, annotator)
    if problems:
        return Formatted(raw, raw, problems=tuple(problems))

    unclear = {problem.line for problem in _find_unclear(layer, text)}
    drafts = [draft for line, draft in layer.drafts if line not in unclear]
    records = [anchor_draft(draft, text)[0] for draft in drafts]
    changes += _describe_ids(_give_ids(records, set(layer.types)))
    changes += _describe_offsets(drafts)

    pairs = zip(layer.lines, layer.records, strict=True)
    complete = [record for line, record in pairs if line not in unclear]
    complete += [msgspec.convert(record, AnyAnnotation) for record in records]
    lines = enumerate(mended.splitlines(keepends=True), 1)
    left = [line for number, line in lines if number in unclear]
    canonical = encode_layer(complete) + b"".join(left)
    if canonical != mended and not drafts:
        changes.append(_REORDERED)
    if not left:
        return Formatted(raw, canonical, tuple(changes))

    rest, _ = parse_layer(path, canonical, annotator)
    return Formatted(raw, canonical, tuple(changes), tuple(_find_unclear(rest, text)))


def _find_unclear(layer: Layer, text: str) -> list[Problem]:
    """Return the problems of drafts that only a person can solve."""
    return [problem for problem in check_drafts(layer, text) if problem.code != unformatted.code]


def _give_ids(records: list[dict[str, Any]], taken: set[str]) -> list[str]:
    """Give each record without an id one that is not taken, and return the new ids."""
    given = []
    for record in records:
        if "id" not in record:
            record["id"] = content_id(record, taken)
            taken.add(record["id"])
            given.append(record["id"])
    return given


def _describe_ids(given: list[str]) -> Iterator[str]:
    if given:
        shown = ", ".join(given[:5]) + (", …" if len(given) > 5 else "")
        yield f"gave {format_count(len(given), 'id')} ({shown})"


def _describe_offsets(drafts: list[dict[str, Any]]) -> Iterator[str]:
    located = 0
    for draft in drafts:
        located += sum("start" not in span for _, span in iter_draft_spans(draft))
    if located:
        yield f"wrote the offsets of {format_count(located, 'span')}"


# ---------------------------------------------------------------- bytes


def _mend_bytes(raw: bytes) -> tuple[bytes, list[str]]:
    """Return JSON lines after the repairs that need no judgement, and what was repaired.

    These are the byte order mark, carriage returns, blank lines and decomposed letters.
    """
    changes = []
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw.removeprefix(b"\xef\xbb\xbf")
        changes.append("removed the byte order mark")
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        changes.append("turned carriage returns into line feeds")

    lines = raw.split(b"\n")
    kept = [line for line in lines if line.strip()]
    if len(kept) < len(lines) - 1:
        changes.append("removed blank lines")

    composed = [_compose(line) for line in kept]
    if composed != kept:
        changes.append("put text in normalization form C")
    return b"".join(line + b"\n" for line in composed), changes


def _compose(line: bytes) -> bytes:
    """Return a line with its strings in NFC; unchanged if it is not JSON, or has a key twice."""
    if line.isascii():
        return line
    try:
        record = msgspec.json.decode(line)
        # Encoding keeps one value of a duplicate key; a person has to say which.
        if any(duplicate_key.find(line)):
            return line
    except (msgspec.DecodeError, RecursionError, ValueError):
        return line
    composed = compose_value(record)
    return line if composed == record else msgspec.json.encode(composed)


def compose_value(value: Any, key: str = "") -> Any:
    """Return JSON with its strings in NFC, apart from those that repeat the raw text."""
    if isinstance(value, str):
        # These repeat the raw text, which may be decomposed and is never changed.
        if key in ("exact", "prefix", "suffix"):
            return value
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [compose_value(item, key) for item in value]
    if isinstance(value, dict):
        return {name: compose_value(item, name) for name, item in value.items()}
    return value


# ---------------------------------------------------------------- corpora


def format_corpus(root: Path) -> dict[str, Formatted]:
    """Return, by path, the files of a corpus that would change or that have problems.

    These are the metadata, the registries, the layers, the adjudication and the reviews.
    """
    return {path: done for path, done in _iter_formatted(root) if done.problems or done.changes}


def to_changes(results: Mapping[str, Formatted]) -> FileChanges:
    """Return the changes to write, of the files that would change."""
    return {path: Change(done.old, done.raw) for path, done in results.items() if done.changes}


def _iter_formatted(root: Path) -> Iterator[tuple[str, Formatted]]:
    """Yield the path of every file of records that there is, with its canonical form."""
    registries, _ = read.read_registries(root)
    index, _ = read.read_index(root)
    for file in (*registries.files.values(), index):
        if file.raw:
            yield file.path, _format_records(file)

    for meta in index.records:
        text, _, problems = read.read_text(root, meta.doc_id)
        if text is None:  # no offset can be found in it
            path = f"{read.TEXTS}/{meta.doc_id}.txt"
            yield path, Formatted(b"", b"", problems=tuple(problems))
        else:
            yield from _iter_formatted_layers(root, meta.doc_id, text)
        path = f"{read.ADJUDICATION}/{meta.doc_id}.jsonl"
        if (root / path).is_file():
            yield path, _format_records(read.read_adjudication(root, meta.doc_id)[0])
        for file in read.read_reviews(root, meta.doc_id)[0]:
            yield file.path, _format_records(file)


def _iter_formatted_layers(root: Path, doc_id: str, text: str) -> Iterator[tuple[str, Formatted]]:
    paths: list[tuple[str, str | None]] = [(f"{read.GOLD}/{doc_id}.jsonl", None)]
    paths += [(f"{read.BY}/{name}/{doc_id}.jsonl", name) for name in read.iter_annotators(root)]
    for path, annotator in paths:
        if (root / path).is_file():
            raw, problems = read.read_bytes(root, path)
            if raw is None:
                yield path, Formatted(b"", b"", problems=tuple(problems))
            else:
                yield path, format_layer(path, raw, annotator, text)


def _format_records(file: RecordFile[Any]) -> Formatted:
    mended, changes = _mend_bytes(file.raw)
    again, problems = read.parse_records(file.path, mended)
    if problems:
        return Formatted(file.raw, file.raw, problems=tuple(problems))
    canonical = encode_records(again.records)
    if canonical != mended:
        changes.append(_REORDERED)
    return Formatted(file.raw, canonical, tuple(changes))
