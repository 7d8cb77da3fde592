"""From the bytes of a JSONL file to its records and its problems, up to the schema rung. No I/O.

A file is first decoded as a whole. If the shortcuts of all rules about bytes and lines are certain
that these find nothing, it is done. All other files are parsed line by line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from typing import Any, TypeVar

import msgspec

from readout.corpus import lines
from readout.corpus.lines import parse_lines
from readout.corpus.schema import Kind
from readout.model import ANNOTATION_TYPES, AnyAnnotation, Layer, Record, RecordFile
from readout.problem import Problem

R = TypeVar("R", bound=Record)


def parse_file(
    path: str, raw: bytes, kind: Kind, record_class: type[R]
) -> tuple[RecordFile[R], list[Problem]]:
    """Return the records of a registry or index file, and its problems up to the schema rung."""
    records = _decode(raw, record_class)
    if records is not None:
        file = RecordFile(path=path, raw=raw, records=tuple(records), lines=_number(records))
        if _is_accepted(file, kind):
            return file, []
    valid, _, problems = parse_lines(path, raw, kind)
    converted = tuple(msgspec.convert(line.record, record_class) for line in valid)
    numbers = tuple(line.number for line in valid)
    return RecordFile(path=path, raw=raw, records=converted, lines=numbers), problems


def parse_layer(path: str, raw: bytes, annotator: str | None) -> tuple[Layer, list[Problem]]:
    """Return an annotation file's records and its problems up to the schema rung."""
    records = _decode(raw, AnyAnnotation)
    if records is not None:
        layer = _make_layer(path, raw, annotator, records)
        if _is_accepted(layer, "annotation"):
            return layer, []
    return _parse_layer_by_line(path, raw, annotator)


def parse_changed_layer(before: Layer, raw: bytes) -> Layer | None:
    """Return an annotation file without problems of which only the lines that changed are parsed.

    ``before`` is the file as it was, without problems up to the schema rung: the rules up to there
    judge each line by itself. None if the file has to be parsed as a whole.
    """
    if not (before.is_whole and before.raw.endswith(b"\n") and raw.endswith(b"\n")):
        return None
    old, new = before.raw.split(b"\n"), raw.split(b"\n")
    start, end = count_equal(old, new)
    middle = b"".join([line + b"\n" for line in new[start : len(new) - end]])
    changed, problems = parse_layer(before.path, middle, before.annotator)
    if problems or not changed.is_whole:
        return None
    kept = before.records[len(old) - end :]
    records = (*before.records[:start], *changed.records, *kept)
    return _make_layer(before.path, raw, before.annotator, records)


def count_equal(one: Sequence[Any], other: Sequence[Any]) -> tuple[int, int]:
    """Return how many values of two lists are equal at their starts, and how many at their ends."""
    most = min(len(one), len(other))
    start = _count_equal(one, other, most)
    return start, _count_equal(reversed(one), reversed(other), most - start)


def _count_equal(one: Iterable[Any], other: Iterable[Any], most: int) -> int:
    for at, (value, beside) in enumerate(islice(zip(one, other, strict=False), most)):
        if value is not beside and value != beside:
            return at
    return most


def _make_layer(
    path: str, raw: bytes, annotator: str | None, records: Sequence[AnyAnnotation]
) -> Layer:
    """Return the layer of a file of which every line is a record."""
    return Layer(
        path=path,
        annotator=annotator,
        raw=raw,
        records=tuple(records),
        lines=_number(records),
        types={record.id: ANNOTATION_TYPES[type(record)] for record in records},
    )


def _decode(raw: bytes, record_type: Any) -> list[Any] | None:
    try:
        return _decoder(record_type).decode_lines(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


@cache
def _decoder(record_type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(record_type)


def _number(records: Sequence[Any]) -> tuple[int, ...]:
    return tuple(range(1, len(records) + 1))


def _is_accepted(file: RecordFile[Any], kind: Kind) -> bool:
    """Tell whether it is certain that no rule about bytes and lines finds anything in a file."""
    rules = (*lines.FILE_RULES, *lines.LINE_RULES)
    return all(each.is_silent(file, kind) for each in rules)


def _parse_layer_by_line(
    path: str, raw: bytes, annotator: str | None
) -> tuple[Layer, list[Problem]]:
    """Return what each line holds; records that still lack ids or offsets are kept apart."""
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
        except (
            msgspec.ValidationError
        ):  # the schema lets people leave out ids and offsets, the model does not
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
