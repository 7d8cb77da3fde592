"""The lines of a file: bytes, JSON and schema; the lowest rungs of the ladder of checks."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from readout.corpus.schema import Kind, are_valid, explain, is_valid, write_integers
from readout.corpus.syntax import explain_syntax
from readout.model import SPAN_FIELDS, Layer, Quote, RecordFile
from readout.problem import Finding, Problem, Rule, locate, raw_line, rule
from readout.text.lookalikes import describe_lookalikes


def _is_written(file: RecordFile[Any], kind: Kind) -> bool:
    return file.is_written


@rule("encoding", "bytes", shortcut=_is_written)
def encoding(raw: bytes) -> Iterator[Finding]:
    """Files are UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        yield from _find_undecodable(raw)


def _find_undecodable(raw: bytes) -> Iterator[Finding]:
    for number, line in enumerate(raw.split(b"\n"), 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            column = len(line[: error.start].decode()) + 1
            got = line[error.start : error.start + 1]
            yield Finding(
                f"Got the byte {got!r}. Expected UTF-8.",
                line=number,
                column=column,
                hint=_suggest_character(got),
            )


def _suggest_character(got: bytes) -> str:
    try:
        char = got.decode("windows-1252")
    except UnicodeDecodeError:
        return "look up which character is meant, put it there, and save the file as UTF-8."
    return f"if {char!r} is meant, as in Windows-1252, put it there, and save the file as UTF-8."


@rule("byte-order-mark", "bytes", shortcut=_is_written)
def byte_order_mark(raw: bytes) -> Iterator[Finding]:
    """Files do not start with a byte order mark."""
    if raw.startswith(b"\xef\xbb\xbf"):
        yield Finding(
            "The file starts with a byte order mark.",
            line=1,
            column=1,
            hint=(
                "run `readout format`, which removes it from records; from a text remove it "
                "yourself, and move the annotations with `readout reanchor`."
            ),
        )


@rule("carriage-return", "bytes", shortcut=_is_written)
def carriage_return(raw: bytes) -> Iterator[Finding]:
    """Annotation files end their lines with a line feed alone."""
    if b"\r" in raw:
        number = raw[: raw.index(b"\r")].count(b"\n") + 1
        yield Finding(
            f"Got a carriage return (first of {raw.count(bytes([13]))}). Expected line feeds only.",
            line=number,
            hint="run `readout format`.",
        )


_MARKS = tuple(7 * sign for sign in (b"<", b">", b"|", b"="))
_MARKER = re.compile(rb"^(<{7}|>{7}|\|{7}|={7})(?: .*)?\r?$", re.MULTILINE)


@rule("conflict-marker", "bytes", shortcut=_is_written)
def conflict_marker(raw: bytes) -> Iterator[Finding]:
    """Files contain no unresolved merge conflict.

    Each conflict is one finding, from its first marker to its last.
    """
    # The search for plain bytes is six times as fast as that for the expression.
    if not any(mark in raw for mark in _MARKS) or not _MARKER.search(raw):
        return
    hint = (
        "run `readout merge`, which resolves what it can and names the rest; of each conflict that "
        "is left, keep one version of the record, and delete the others and the marker lines."
    )
    stray = "A merge conflict left its marker here."
    begun = 0
    for number, line in enumerate(raw.split(b"\n"), 1):
        match = _MARKER.match(line)
        if match is None:
            continue
        if not begun and match[1] == b"<<<<<<<":
            begun = number
        elif not begun:
            yield Finding(stray, line=number, hint=hint)
        elif match[1] == b">>>>>>>":
            message = f"Lines {begun} to {number} are an unresolved merge conflict."
            yield Finding(message, line=begun, hint=hint)
            begun = 0
    if begun:
        yield Finding(stray, line=begun, hint=hint)


@rule("json-syntax", "json")
def json_syntax(line: bytes) -> Iterator[Finding]:
    """Every line is one JSON value, and no line is blank."""
    if not line.strip():
        yield Finding(
            "The line is blank. Expected one JSON object.",
            hint="remove the line, or run `readout format`.",
        )
        return
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        yield _explain_refusal(line, error)


_COMPARE = "compare the line with its neighbours."


def _explain_refusal(line: bytes, error: Exception) -> Finding:
    try:
        found = explain_syntax(line.decode())
    except (RecursionError, ValueError):
        return Finding(
            "The line is nested too deeply, or holds a number that is too long.", hint=_COMPARE
        )
    # Where only the strict parser refuses the line, it holds NaN or half a surrogate pair.
    return found or Finding(f"The line is not strict JSON: {error}.", hint=_COMPARE)


@rule("duplicate-key", "json", shortcut=_is_written)
def duplicate_key(line: bytes, *_: Any) -> Iterator[Finding]:
    """No object has the same key twice."""
    repeated: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(key for key, _ in pairs)
        repeated.extend(sorted(key for key, count in counts.items() if count > 1))
        return dict(pairs)

    json.loads(line, object_pairs_hook=collect)
    for key in repeated:
        yield Finding(
            f"The key {key!r} occurs twice in one object.",
            hint="decide which of its values is meant, and delete the others.",
        )


def _writes_composed_text(file: RecordFile[Any], kind: Kind) -> bool:
    if not file.is_written:
        return False
    if file.raw.isascii():
        return True
    if not isinstance(file, Layer):
        return unicodedata.is_normalized("NFC", file.raw.decode())
    # These are all strings of an annotation but its labels and the words of the raw text.
    columns = file.columns
    ids = "".join(chain(columns.ids, *columns.names.values()))
    return ids.isascii() and unicodedata.is_normalized("NFC", "\n".join(columns.texts))


@rule("not-nfc", "json", shortcut=_writes_composed_text)
def not_nfc(line: bytes, record: Any, kind: Kind) -> Iterator[Finding]:
    """What people write is in Unicode normalization form C; only ``exact`` follows the raw text."""
    for pointer, value in _iter_strings(record):
        if not pointer or pointer[-1] in ("exact", "prefix", "suffix"):
            continue
        if not unicodedata.is_normalized("NFC", value):
            composed = unicodedata.normalize("NFC", value)
            yield Finding(
                "The text is not in normalization form C.",
                pointer,
                hint=f"write {composed!r}, or run `readout format`.",
                context=describe_lookalikes(value, composed, "form C has"),
            )


def _iter_strings(
    value: Any, pointer: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _iter_strings(child, (*pointer, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _iter_strings(child, (*pointer, index))


def _writes_valid_records(file: RecordFile[Any], kind: Kind) -> bool:
    if not file.is_written:
        return False
    if isinstance(file, Layer):
        return _is_within_limits(file)
    return are_valid(kind, msgspec.to_builtins(file.records))


_LARGEST = 2**31 - 1
_ID_LENGTH = 64
_ID_CHARACTERS = b"abcdefghijklmnopqrstuvwxyz0123456789-"


def _is_within_limits(layer: Layer) -> bool:
    """Tell whether typed annotations that are as they are written fulfil their schema.

    To ask the validator about each annotation would add a fifth to the time of a check. The types
    of the model demand all that the schema does, except for the limits below. So that a change of
    the schema is not missed, a test reads every keyword of the schema, breaks it in a record, and
    asserts that the record is not accepted here.
    """
    columns = layer.columns
    offsets = (*columns.starts, *columns.ends)
    main = [values[SPAN_FIELDS[record_class][0]] for record_class, values in columns.values.items()]
    addressees = columns.values[Quote]["addressees"]
    return (
        _are_ids([*columns.ids, *chain.from_iterable(columns.names.values())])
        and "" not in columns.texts
        and "" not in columns.exacts
        and min(offsets, default=0) >= 0
        and max(offsets, default=0) <= _LARGEST
        and all(map(all, main))
        and all(len(set(speakers)) == len(speakers) for speakers in addressees)
    )


def _are_ids(names: Sequence[str]) -> bool:
    """Tell whether all names fit the pattern of ids and their length."""
    joined = "\n".join(["", *names, ""])
    others = joined.encode().translate(None, delete=_ID_CHARACTERS)
    return (
        others == b"\n" * (len(names) + 1)
        and "\n-" not in joined
        and "\n\n" not in joined
        and max(map(len, names), default=0) <= _ID_LENGTH
    )


@rule("schema", "schema", shortcut=_writes_valid_records)
def schema(line: bytes, record: Any, kind: Kind) -> Iterator[Finding]:
    """Every record fulfils the JSON Schema of its kind."""
    if not is_valid(kind, record):
        yield from explain(kind, record)


# ---------------------------------------------------------------- rules about raw texts


@rule("empty-text", "bytes")
def empty_text(text: str) -> Iterator[Finding]:
    """Raw texts contain words."""
    if not any(map(str.isalnum, text)):
        hint = "restore the text, or remove the document and its layers from the corpus."
        yield Finding("The text is empty.", line=1, column=1, hint=hint)


@rule("raw-carriage-return", "bytes", "warning")
def raw_carriage_return(text: str) -> Iterator[Finding]:
    """Raw texts hold no carriage returns: git may change them, and with them every offset."""
    if "\r" in text:
        number = text[: text.index("\r")].count("\n") + 1
        yield Finding(
            f"Got {text.count(chr(13))} carriage returns. Expected line feeds only.",
            line=number,
            hint=(
                "write line feeds in their place, and move the annotations with `readout reanchor`."
            ),
        )


@rule("raw-not-nfc", "bytes", "warning")
def raw_not_nfc(text: str) -> Iterator[Finding]:
    """Raw texts are in Unicode normalization form C."""
    if not (text.isascii() or unicodedata.is_normalized("NFC", text)):
        lines = text.split("\n")
        number = next(
            (n for n, line in enumerate(lines, 1) if not unicodedata.is_normalized("NFC", line)), 1
        )
        yield Finding(
            "The text is not in normalization form C: letters and accents are stored apart.",
            line=number,
            hint="put the text in form C, and move the annotations with `readout reanchor`.",
        )


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@rule("control-character", "bytes", "warning")
def control_character(text: str) -> Iterator[Finding]:
    """Raw texts contain no control characters and no overrides of the writing direction."""
    if text.replace("\n", "").isprintable():
        return  # true of most texts; asking takes a tenth of the time of the search
    for match in _CONTROL.finditer(text):
        number = text.count("\n", 0, match.start()) + 1
        column = match.start() - (text.rfind("\n", 0, match.start()) + 1) + 1
        yield Finding(
            f"Got the character U+{ord(match.group()):04X}.",
            line=number,
            column=column,
            hint=(
                "decide what the text should say there, best with its supplier, put it in, and "
                "move the annotations with `readout reanchor`."
            ),
        )


FILE_RULES: tuple[Rule, ...] = (conflict_marker, encoding, byte_order_mark, carriage_return)
"""The rules about all bytes of a JSONL file; shortcuts get what those of lines get."""

LINE_RULES: tuple[Rule, ...] = (duplicate_key, not_nfc, schema)
"""The rules about a line that is JSON. ``find`` gets its bytes, its record and the expected kind.

They are run in this order, and a line that breaks one is not judged by the next. A shortcut gets
the whole file, decoded into typed records, and their kind.
"""

TEXT_RULES: tuple[Rule, ...] = (empty_text, raw_carriage_return, raw_not_nfc, control_character)
"""The rules about a raw text that can be decoded; ``find`` gets the text."""

RULES: tuple[Rule, ...] = (*FILE_RULES, *TEXT_RULES, json_syntax, *LINE_RULES)


def check_bytes(path: str, raw: bytes, rules: Iterable[Rule]) -> list[Problem]:
    """Return the problems that rules find in the bytes of a file."""
    return [
        locate(each, finding, path, finding.line, raw_line(raw, finding.line))
        for each in rules
        for finding in each.find(raw)
    ]


class Line(NamedTuple):
    """One line of a file: its 1-based number, its bytes and the value they hold."""

    number: int
    raw: bytes
    record: Any


def parse_lines(path: str, raw: bytes, kind: Kind) -> tuple[list[Line], list[Line], list[Problem]]:
    """Return the valid lines, those that are JSON but violate the schema, and all problems.

    A file with a merge conflict has no lines: both versions of a record would be judged.
    """
    problems = check_bytes(path, raw, (conflict_marker,))
    if problems:
        return [], [], problems
    problems = check_bytes(path, raw, FILE_RULES)
    undecodable = {problem.line for problem in problems if problem.code == encoding.code}
    valid: list[Line] = []
    invalid: list[Line] = []
    lines = raw.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, 1):
        if number in undecodable:
            continue
        record, rule_, findings = _parse_line(line, kind)
        if not findings:
            valid.append(Line(number, line, write_integers(record)))
            continue
        if rule_ is not json_syntax:
            invalid.append(Line(number, line, record))
        # Decoded once, however many problems it has: the places in a line are cached by the line.
        text = line.decode()
        problems += [locate(rule_, finding, path, number, text) for finding in findings]
    return valid, invalid, problems


def _parse_line(line: bytes, kind: Kind) -> tuple[Any, Rule, list[Finding]]:
    try:
        record = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None, json_syntax, list(json_syntax.find(line))
    for each in LINE_RULES:
        if findings := list(each.find(line, record, kind)):
            return record, each, findings
    return record, schema, []
