"""Put annotation files and registries in canonical form."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from readout.checks.drafts import check_drafts, unformatted
from readout.corpus import read
from readout.corpus.canonical import encode_layer, encode_records
from readout.corpus.drafts import anchor_draft, content_id, iter_draft_spans
from readout.corpus.parse import parse_layer
from readout.model import (
    AnyAnnotation,
    RecordFile,
)
from readout.problem import Problem


class Formatted(NamedTuple):
    """What ``format`` made of a file; with ``problems``, ``raw`` is the file as it was."""

    raw: bytes
    changes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def format_layer(path: str, raw: bytes, annotator: str | None, text: str) -> Formatted:
    """Return the canonical form of an annotation file, mending only what needs no judgement."""
    mended, changes = _mend_bytes(raw)
    layer, problems = parse_layer(path, mended, annotator)
    if problems:
        return Formatted(raw, problems=tuple(problems))
    annotations = list(layer.records)
    taken = set(layer.types)
    anchored = [(draft, *anchor_draft(draft, text)) for _, draft in layer.drafts]
    if any(unanchored for _, _, unanchored in anchored):
        lost = [
            problem for problem in check_drafts(layer, text) if problem.code != unformatted.code
        ]
        return Formatted(raw, problems=tuple(lost))
    given = []
    for _, record, _ in anchored:
        if "id" not in record:
            record["id"] = content_id(record, taken)
            taken.add(record["id"])
            given.append(record["id"])
        annotations.append(msgspec.convert(record, AnyAnnotation))
    located = sum(
        "start" not in span for before, _, _ in anchored for _, span in iter_draft_spans(before)
    )
    changes += (
        [f"gave {_count(len(given), 'id')} ({', '.join(given[:5])}{', …' * (len(given) > 5)})"]
        if given
        else []
    )
    changes += [f"wrote the offsets of {_count(located, 'span')}"] if located else []
    canonical = encode_layer(annotations)
    if canonical != mended and not layer.drafts:
        changes.append("put keys, white space or lines in canonical order")
    return Formatted(canonical, tuple(changes))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _mend_bytes(raw: bytes) -> tuple[bytes, list[str]]:
    """Remove what no judgement is needed for: byte order mark, carriage returns, blank lines, decomposed letters."""
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
    if line.isascii():
        return line
    try:
        record = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return line
    composed = _compose_value(record)
    return line if composed == record else msgspec.json.encode(composed)


def _compose_value(value: Any, key: str = "") -> Any:
    if isinstance(value, str):
        return (
            value if key in ("exact", "prefix", "suffix") else unicodedata.normalize("NFC", value)
        )
    if isinstance(value, list):
        return [_compose_value(item, key) for item in value]
    if isinstance(value, dict):
        return {name: _compose_value(item, name) for name, item in value.items()}
    return value


def format_corpus(root: Path) -> dict[str, Formatted]:
    """Return every annotation file, registry and metadata file of a corpus that is to change, or cannot, by path."""
    results: dict[str, Formatted] = {}
    registries, _ = read.read_registries(root)
    index, _ = read.read_index(root)
    for file in (*registries.files.values(), index):
        if file.raw:
            results[file.path] = _format_records(file)
    for meta in index.records:
        text, _, _ = read.read_text(root, meta.doc_id)
        paths: list[tuple[str, str | None]] = [(f"{read.GOLD}/{meta.doc_id}.jsonl", None)]
        paths += [
            (f"{read.BY}/{name}/{meta.doc_id}.jsonl", name) for name in read.iter_annotators(root)
        ]
        for path, annotator in paths:
            if text is not None and (root / path).is_file():
                results[path] = format_layer(path, (root / path).read_bytes(), annotator, text)
        path = f"{read.ADJUDICATION}/{meta.doc_id}.jsonl"
        if (root / path).is_file():
            results[path] = _format_records(read.read_adjudication(root, meta.doc_id)[0])
    return {path: done for path, done in results.items() if done.problems or done.changes}


def _format_records(file: RecordFile[Any]) -> Formatted:
    mended, changes = _mend_bytes(file.raw)
    again, problems = read.parse_records(file.path, mended)
    if problems:
        return Formatted(file.raw, problems=tuple(problems))
    canonical = encode_records(again.records)
    if canonical != mended:
        changes.append("put keys, white space or lines in canonical order")
    return Formatted(canonical, tuple(changes))
