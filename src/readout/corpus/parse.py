"""From the bytes of a JSONL file to its records and its problems, up to the schema rung. No I/O."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import msgspec

from readout.corpus.lines import parse_lines
from readout.corpus.schema import Kind, is_valid
from readout.model import AnyAnnotation, Layer, Record, RecordFile
from readout.problem import Problem

R = TypeVar("R", bound=Record)


def parse_file(path: str, raw: bytes, kind: Kind, record_class: type[R]) -> tuple[RecordFile[R], list[Problem]]:
    """Return the records of a file of one kind, other than annotations, and its problems up to the schema rung."""
    clean = _find_clean_records(raw, kind, record_class)
    if clean is not None:
        return RecordFile(path=path, raw=raw, records=clean, lines=tuple(range(1, len(clean) + 1))), []
    valid, _, problems = parse_lines(path, raw, kind)
    records = tuple(msgspec.convert(line.record, record_class) for line in valid)
    return RecordFile(path=path, raw=raw, records=records, lines=tuple(line.number for line in valid)), problems


def _find_clean_records(raw: bytes, kind: Kind, record_class: type[R]) -> tuple[R, ...] | None:
    """Return the records of a file in which no rule of bytes, JSON or schema finds anything; None where in doubt.

    Bytes that are what their records are written as have no byte order mark, carriage return, blank line, duplicate
    key or unknown field, and are what the schema would be asked about.
    """
    try:
        records = msgspec.json.Decoder(record_class).decode_lines(raw)
        if msgspec.json.Encoder().encode_lines(records) != raw:
            return None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    if not (raw.isascii() or unicodedata.is_normalized("NFC", raw.decode())):
        return None
    return tuple(records) if all(is_valid(kind, msgspec.to_builtins(record)) for record in records) else None


def parse_layer(path: str, raw: bytes, annotator: str | None, text: str | None = None) -> tuple[Layer, list[Problem]]:
    """Return an annotation file's records and its problems up to the schema rung."""
    valid, invalid, problems = parse_lines(path, raw, "annotation")
    types = {line.record["id"]: line.record["type"] for line in valid if "id" in line.record}
    for line in invalid:
        if isinstance(line.record, dict) and isinstance(line.record.get("id"), str):
            types.setdefault(line.record["id"], str(line.record.get("type")))
    annotations: list[AnyAnnotation] = []
    numbers: list[int] = []
    drafts: list[tuple[int, dict[str, Any]]] = []
    for line in valid:
        try:
            annotations.append(msgspec.convert(line.record, AnyAnnotation))
            numbers.append(line.number)
        except msgspec.ValidationError:  # the schema lets people leave out ids and offsets, the model does not
            drafts.append((line.number, line.record))
    layer = Layer(
        path=path,
        annotator=annotator,
        raw=raw,
        records=tuple(annotations),
        lines=tuple(numbers),
        drafts=tuple(drafts),
        types=types,
    )
    return layer, problems


LayerParser: TypeAlias = Callable[[str, bytes, "str | None", "str | None"], "tuple[Layer, list[Problem]]"]
