"""Parse the versions of a file of records, and tell which records are the same. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec

from readout.corpus.lines import duplicate_key
from readout.model import (
    ANNOTATION_CLASSES,
    FIELD_ROLES,
    SPAN_FIELDS,
    AnyAnnotation,
    Record,
    fields_of,
)
from readout.problem import RefusedError

Fields: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str]
"""What makes a record the same in all versions: the name of its id field, and the id.

A draft without an id has the name ``""`` and its content; a suggestion has the annotation that it
proposes.
"""


class UnmergeableError(RefusedError):
    """A version of a file is not one record per line, so only its lines can be merged."""


class Entry(NamedTuple):
    """A line of a version, without its line feed, and the record it holds."""

    line: bytes
    record: Fields


Version: TypeAlias = dict[Key, Entry]
"""The records of a file in file order."""

ID_FIELDS: Mapping[str, type[Record]] = {
    name: record_class
    for record_class in FIELD_ROLES
    for name in fields_of(record_class, "id")
    if name != "id"
}
"""The classes of registries and documents by the name of their id field, which no other has."""


def parse_version(side: str, raw: bytes) -> Version:
    """Return the records of a file by their keys.

    Raises:
        UnmergeableError: a line is not a JSON object, or two lines have the same key.

    """
    version: Version = {}
    for number, line in enumerate(split_lines(raw), 1):
        entry = parse_line(line)
        if entry is None:
            raise UnmergeableError(f"Line {number} of {side} is not a JSON object.")
        key = find_key(entry.record)
        if key in version:
            raise UnmergeableError(f"Line {number} of {side} has the id of an earlier line.")
        version[key] = entry
    return version


def split_lines(raw: bytes) -> list[bytes]:
    """Return the lines of a file without their line feeds."""
    lines = raw.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def parse_line(line: bytes) -> Entry | None:
    """Return a line with its record; None if it is not a JSON object as the program writes them.

    A carriage return, a byte order mark or white space around it is refused too: a merged line
    would lose them.
    """
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return None
    try:
        return Entry(line, msgspec.json.decode(line, type=dict[str, Any]))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def find_key(record: Fields) -> Key:
    """Return what makes a record the same in all versions."""
    if record.get("type") == "suggestion":
        return "suggestion", encode_value(record.get("annotation")).decode()
    if isinstance(identity := record.get("id"), str):
        return "id", identity
    for name in ID_FIELDS:
        if isinstance(identity := record.get(name), str):
            return name, identity
    return "", encode_value(record).decode()


def encode_value(value: Any) -> bytes:
    """Return bytes that are equal for equal JSON; null and an empty list are equal.

    Python's own comparison takes 1, 1.0 and true for the same.
    """
    if value in (None, []):
        return b"null"
    return msgspec.json.encode(value, order="sorted")


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal as JSON."""
    return encode_value(one) == encode_value(other)


def is_same_record(one: Fields, other: Fields) -> bool:
    """Tell whether two records are equal; a missing field is null."""
    return all(is_same(one.get(name), other.get(name)) for name in {*one, *other})


# ---------------------------------------------------------------- what a record is


def find_annotation_class(record: Fields) -> type[AnyAnnotation] | None:
    """Return the class of an annotation, which may be incomplete; None for any other record."""
    name = record.get("type")
    return ANNOTATION_CLASSES.get(name) if isinstance(name, str) else None  # type: ignore[call-overload]


def find_class(record: Fields) -> type[Record] | None:
    """Return the class of a record, which may be incomplete; None if it is of no known class."""
    if annotation_class := find_annotation_class(record):
        return annotation_class
    for name, entry_class in ID_FIELDS.items():
        if name in record:
            return entry_class

    names = {*record} - {"type"}
    for record_class in FIELD_ROLES:
        if names <= {*record_class.__struct_encode_fields__}:
            return record_class
    return None


def encode_fields(record: Fields) -> bytes:
    """Return the line of a record: its known fields in canonical order, then all others."""
    record_class = find_class(record)
    known = record_class.__struct_encode_fields__ if record_class else ()
    names = [name for name in ("type", *known) if name in record]
    names += sorted({*record} - {*names})
    filled = {name: record[name] for name in names if record[name] not in (None, [])}
    try:
        return msgspec.json.encode(filled)
    except OverflowError as error:  # an integer beyond 64 bits
        raise UnmergeableError("A number is too large.") from error


def refuse_repeated_keys(entries: Iterable[Entry]) -> None:
    """Refuse records that give a field twice: only one of the values was read."""
    for entry in entries:
        if any(duplicate_key.find(entry.line)):
            raise UnmergeableError("A record gives one field twice.")


def find_order(record: Fields) -> tuple[int, int, str, str] | None:
    """Return the place of a record in a canonical file; None if it has none of its own.

    This is the order of :mod:`readout.corpus.canonical`, of records that may be incomplete.
    """
    record_class = find_annotation_class(record)
    if record_class is None:
        name, identity = find_key(record)
        return (0, 0, "", identity) if name not in ("", "suggestion") else None

    spans = record.get(SPAN_FIELDS[record_class][0])
    first = spans[0] if isinstance(spans, list) and spans else spans
    if not isinstance(first, dict) or not isinstance(record.get("id"), str):
        return None
    start, end = first.get("start"), first.get("end")
    if type(start) is not int or type(end) is not int:
        return None
    return start, end, record["type"], record["id"]
