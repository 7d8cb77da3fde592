"""The one serialisation of a corpus's JSONL files; ``readout format`` calls it.

Canonical form: one compact JSON object a line, keys in the order of :mod:`readout.model`, default values left out,
annotations sorted by first span, then type, then id, registry entries by id. It is idempotent.
"""

from __future__ import annotations

import os
import re
import unicodedata
from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from readout.corpus import read
from readout.corpus.parse import parse_layer
from readout.model import (
    ANNOTATION_CLASSES,
    SPAN_FIELDS,
    AnyAnnotation,
    Layer,
    Pointer,
    Record,
    RecordFile,
    annotation_type,
    main_spans,
)
from readout.problem import Finding, Problem, Rule, locate_record, rule
from readout.text.find import find_exact, find_nearest, find_respelled


def encode(record: Record) -> bytes:
    """Return the canonical line of a record, without its line feed."""
    return msgspec.json.encode(record)


def annotation_order(annotation: AnyAnnotation) -> tuple[int, int, str, str]:
    """Sort key of annotations: first span, then type, then id."""
    first = main_spans(annotation)[0]
    return first.start, first.end, annotation_type(annotation), annotation.id


def encode_layer(annotations: Iterable[AnyAnnotation]) -> bytes:
    """Return the canonical bytes of an annotation file."""
    return b"".join(encode(annotation) + b"\n" for annotation in sorted(annotations, key=annotation_order))


def encode_records(records: Iterable[Record]) -> bytes:
    """Return the canonical bytes of a registry or of ``documents.jsonl``: sorted by the first field, the id."""
    return b"".join(
        encode(record) + b"\n"
        for record in sorted(records, key=lambda record: str(getattr(record, record.__struct_fields__[0])))
    )


# ---------------------------------------------------------------- drafts: ids and offsets that people may leave out


class Unanchored(msgspec.Struct, frozen=True):
    """A span without offsets whose ``exact`` stands nowhere, or in several places (``candidates``: their starts)."""

    pointer: Pointer
    exact: str
    candidates: tuple[int, ...]


def iter_draft_spans(record: Mapping[str, Any]) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    """Yield the spans of a record that has passed the schema but need not be complete, with their pointers."""
    for name in SPAN_FIELDS[ANNOTATION_CLASSES[record["type"]]]:
        value = record.get(name, [])
        if isinstance(value, dict):
            yield (name,), value
        else:
            for index, span in enumerate(value):
                yield (name, index), span


def anchor_draft(record: Mapping[str, Any], text: str) -> tuple[dict[str, Any], list[Unanchored]]:
    """Return a copy of a draft with the offsets of every span whose place is certain, and the spans that have none."""
    anchored = deepcopy(dict(record))
    unanchored = []
    for pointer, span in iter_draft_spans(anchored):
        context = {name: span.pop(name, "") for name in ("prefix", "suffix")}
        if "start" in span:
            continue
        starts = find_exact(text, span["exact"], **context)
        if len(starts) == 1:
            span.update(start=starts[0], end=starts[0] + len(span["exact"]))
        else:
            unanchored.append(Unanchored(pointer, span["exact"], tuple(starts)))
    return anchored, unanchored


def content_id(record: Mapping[str, Any], taken: Iterable[str]) -> str:
    """Return a short id that depends on what the record says, not on where it stands in the file.

    It is the type's first letter and six base-32 digits of the SHA-256 of the record without id and note. Where that
    is taken, by an equal record or by chance, a number follows.
    """
    meaning = {key: value for key, value in sorted(record.items()) if key not in ("id", "note") and value}
    digest = sha256(msgspec.json.encode(meaning, order="sorted")).digest()
    base = f"{record['type'][0]}-{b32encode(digest)[:6].decode().lower()}"
    known = set(taken)
    number = 1
    while (candidate := base if number == 1 else f"{base}-{number}") in known:
        number += 1
    return candidate


# ---------------------------------------------------------------- rules about drafts


@rule("unformatted", "span")
def unformatted(layer: Layer, text: str) -> Iterator[Finding]:
    """Every record has its id and every span its offsets before it is built."""
    for line, record in layer.drafts:
        if not anchor_draft(record, text)[1]:
            what = "an id" if "id" not in record else "offsets"
            yield Finding(f"The {record['type']} still lacks {what}.", line=line, hint="run `readout format`.")


@rule("exact-not-found", "span")
def exact_not_found(layer: Layer, text: str) -> Iterator[Finding]:
    """The words of a span without offsets stand in the text, between its prefix and suffix."""
    for line, record in layer.drafts:
        for unanchored in anchor_draft(record, text)[1]:
            if not unanchored.candidates:
                finding = _describe_unanchored(unanchored, text)
                hint = finding.hint or nearest_passage(unanchored.exact, text)
                yield replace(finding, line=line, hint=hint)


@rule("exact-ambiguous", "span")
def exact_ambiguous(layer: Layer, text: str) -> Iterator[Finding]:
    """The words of a span without offsets stand in one place only, if need be by their prefix and suffix."""
    for line, record in layer.drafts:
        for unanchored in anchor_draft(record, text)[1]:
            if unanchored.candidates:
                finding = _describe_unanchored(unanchored, text)
                yield replace(finding, line=line, hint=_context_hint(unanchored, text))


def _context_hint(unanchored: Unanchored, text: str) -> str:
    """Return the shortest prefix, in whole words, that tells the first candidate from the others, as an example."""
    start = unanchored.candidates[0]
    for match in reversed(list(re.finditer(r"\S+\s*", text[max(0, start - 60) : start]))):
        prefix = text[max(0, start - 60) + match.start() : start]
        if len(find_exact(text, unanchored.exact, prefix)) == 1:
            example = msgspec.json.encode(prefix).decode()
            return f'add the words directly before or after; for the first place: "prefix":{example}.'
    return "add 'prefix' or 'suffix': the words directly before or after."


def nearest_passage(exact: str, text: str) -> str:
    """Return a hint that quotes the passage of the text that is most like words that do not stand in it."""
    start = find_respelled(text, exact)
    if start is not None:
        end = start + len(exact)
        return f"the text spells it {text[start:end]!r}, at {start}–{end}: copy the words from there."
    place = find_nearest(text, exact)
    if place is None:
        return "copy the words from the raw text, with its own quotation marks and spelling."
    return f"the nearest words in the text are {text[slice(*place)]!r}, at {place[0]}–{place[1]}."


def _describe_unanchored(unanchored: Unanchored, text: str) -> Finding:
    """Return the finding for a span without a certain place, with the candidates and their surroundings."""
    exact, pointer = unanchored.exact, (*unanchored.pointer, "exact")
    starts = unanchored.candidates or find_exact(text, exact)
    places = tuple(
        f"at {start}: …{text[max(0, start - 25) : start]}⟦{exact}⟧{text[start + len(exact) :][:25]}…"
        for start in starts[:_SHOWN]
    )
    if len(starts) > _SHOWN:
        places = (*places, f"and {len(starts) - _SHOWN} more")
    if unanchored.candidates:
        return Finding(f"The words {exact!r} stand in {len(starts)} places.", pointer, context=places)
    if places:
        message = f"The words {exact!r} stand in the text, but not with the 'prefix' and 'suffix' given."
        return Finding(message, pointer, context=places, hint="copy the words directly before or after one of them.")
    return Finding(f"The words {exact!r} do not stand in the text.", pointer)


_SHOWN = 12


DRAFT_RULES: tuple[Rule, ...] = (unformatted, exact_not_found, exact_ambiguous)


def check_drafts(layer: Layer, text: str) -> Iterator[Problem]:
    """Yield the problems of the records of a layer that lack ids or offsets."""
    for each in DRAFT_RULES:
        for finding in each.find(layer, text):
            yield locate_record(each, finding, layer)


# ---------------------------------------------------------------- format


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
        lost = [problem for problem in check_drafts(layer, text) if problem.code != unformatted.code]
        return Formatted(raw, problems=tuple(lost))
    given = []
    for _, record, _ in anchored:
        if "id" not in record:
            record["id"] = content_id(record, taken)
            taken.add(record["id"])
            given.append(record["id"])
        annotations.append(msgspec.convert(record, AnyAnnotation))
    located = sum("start" not in span for before, _, _ in anchored for _, span in iter_draft_spans(before))
    changes += [f"gave {_count(len(given), 'id')} ({', '.join(given[:5])}{', …' * (len(given) > 5)})"] if given else []
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
        return value if key in ("exact", "prefix", "suffix") else unicodedata.normalize("NFC", value)
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
        paths += [(f"{read.BY}/{name}/{meta.doc_id}.jsonl", name) for name in read.iter_annotators(root)]
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


FileBytes: TypeAlias = dict[str, bytes]
"""The content of files by path, relative to a corpus folder or to another one that they are written into."""


def write_files(root: Path, files: Mapping[str, bytes]) -> None:
    """Write files of a corpus, each in one step: a reader sees the old one or the new one."""
    for path, raw in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        partial.write_bytes(raw)
        partial.replace(target)
