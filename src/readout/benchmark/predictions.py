"""Read and check files of predictions: a header, and one line per item, aligned by id.

The header names the task, the folds, and the hash of the items that were predicted.

A file with any problem is refused as a whole; nothing is dropped and no answer is guessed. Answers
may be values of NumPy, as libraries return them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, get_args

import msgspec
from msgspec.structs import replace

from readout.benchmark.folds import OFFICIAL, SCHEMES, Folds, Scheme, build_folds
from readout.benchmark.scoring.scores import Score
from readout.benchmark.tasks import TASKS
from readout.corpus.items import NO_RELEASE, Frozen, Release, hash_items
from readout.corpus.lines import (
    byte_order_mark,
    carriage_return,
    duplicate_key,
    encoding,
    json_syntax,
)
from readout.model import Item, Polarity
from readout.problem import Finding, Problem, RefusedError, Rule, locate, nearest, raw_line, rule

Pointer: TypeAlias = tuple[str | int, ...]


class Header(msgspec.Struct, frozen=True):
    """The first line of a file: its task, the scheme of its folds, and the hash of its items."""

    task: str
    folds: Scheme
    items: str


# ---------------------------------------------------------------- rules


_HEADER_HINT = (
    'begin with {"task": …, "folds": …, "items": …}; '
    "`readout bench items` prints the hash of the items of each task."
)


@rule("prediction-header", "schema")
def prediction_header(record: Any) -> Iterator[Finding]:
    """The first line names the task, the folds and the hash of the items."""
    names = set(Header.__struct_fields__)
    if not isinstance(record, dict) or set(record) != names:
        got = sorted(record) if isinstance(record, dict) else type(record).__name__
        message = f"Got {got!r}. Expected an object with the keys 'task', 'folds' and 'items'."
        yield Finding(message, hint=_HEADER_HINT)
        return

    for name, known in (("task", TASKS), ("folds", SCHEMES)):
        value = record[name]
        if not isinstance(value, str) or value not in known:
            nearest_hint = nearest(value, known) if isinstance(value, str) else ""
            message = f"Got {value!r}. Expected one of {', '.join(known)}."
            yield Finding(message, (name,), hint=nearest_hint or _HEADER_HINT)
    if not isinstance(record["items"], str):
        yield Finding(f"Got {record['items']!r}. Expected a text.", ("items",), hint=_HEADER_HINT)


@rule("prediction-items", "reference")
def prediction_items(
    header: Header, items: Sequence[Item], release: Release | None
) -> Iterator[Finding]:
    """The header names the frozen items of its task, and folds that the task has."""
    if not items or header.task != items[0].task:
        yield Finding(
            f"There are no frozen items of the task {header.task!r} here.",
            ("task",),
            hint="`readout bench items` lists the tasks that have items.",
        )
    elif header.items != (expected := _find_hash(header.task, items, release)):
        got = _name_items(header.items, header.task, release)
        wanted = _name_items(expected, header.task, release)
        yield Finding(
            f"The predictions are for {got}. The frozen items are {wanted}.",
            ("items",),
            hint=f"answer the items that `readout bench items --task {header.task}` prints.",
        )
    elif build_folds(header.folds, items) is None:
        schemes = [scheme for scheme in SCHEMES if build_folds(scheme, items)]
        message = f"The task {header.task!r} has no folds by {header.folds}."
        yield Finding(message, ("folds",), hint=f"its folds are by {', '.join(schemes)}.")


def _find_hash(task: str, items: Sequence[Item], release: Release | None) -> str:
    """Return the hash of items. Reading frozen items has compared that of their release."""
    if release and task in release.tasks:
        return release.tasks[task].hash
    return hash_items(items)


def _name_items(hash_: str, task: str, release: Release | None) -> str:
    version = release.find_version(task, hash_) if release else None
    known = f"release {version}"
    if version is None:
        known = "of no release that is known here"
    elif version == NO_RELEASE:
        known = "frozen without a release"
    return f"the items {hash_} ({known})"


@rule("prediction-record", "schema")
def prediction_record(record: Any) -> Iterator[Finding]:
    """Every line is an object with exactly the keys ``id`` and ``prediction``."""
    if not isinstance(record, dict):
        got: Any = type(record).__name__
    elif set(record) != {"id", "prediction"} or not isinstance(record["id"], str):
        got = sorted(record)
    else:
        return

    yield Finding(
        f"Got {got!r}. Expected an object with the keys 'id' (a string) and 'prediction'.",
        hint='write {"id": …, "prediction": …}; a prediction of null abstains.',
    )


@rule("prediction-id", "reference")
def prediction_id(record: Mapping[str, Any], items: Mapping[str, Item]) -> Iterator[Finding]:
    """Every prediction names an item of the task."""
    name = record["id"]
    if name not in items:
        # The nearest id would be that of another question.
        hint = "copy the ids of the task's items; their order is free."
        yield Finding(f"The task has no item {name!r}.", ("id",), hint=hint)


@rule("prediction-twice", "reference")
def prediction_twice(record: Mapping[str, Any], seen: Mapping[str, int]) -> Iterator[Finding]:
    """Every item has only one prediction."""
    name = record["id"]
    if name in seen:
        message = f"Line {seen[name]} already predicts the item {name!r}."
        yield Finding(message, ("id",), hint="delete one of the two lines.")


@rule("prediction-missing", "reference")
def prediction_missing(missing: Sequence[str], total: int) -> Iterator[Finding]:
    """Every item of the task has a prediction, which may be null."""
    if missing:
        names = ", ".join(map(repr, missing[:3])) + (", …" if len(missing) > 3 else "")
        message = f"{len(missing)} of {total} items have no prediction: {names}."
        yield Finding(message, hint="add them; a prediction of null abstains and counts as wrong.")


@rule("prediction-value", "schema")
def prediction_value(value: Any, item: Item) -> Iterator[Finding]:
    """Every prediction is null or an answer to its task: a label, spans, tuples or quotations."""
    if value is not None:
        check = _VALUE_CHECKS[TASKS[item.task].shape]
        yield from check(value, item)


RULES: tuple[Rule, ...] = (
    encoding,
    byte_order_mark,
    carriage_return,
    json_syntax,
    duplicate_key,
    prediction_header,
    prediction_items,
    prediction_record,
    prediction_id,
    prediction_twice,
    prediction_value,
    prediction_missing,
)


# ---------------------------------------------------------------- values


def list_labels(item: Item) -> tuple[str, ...]:
    """Return the labels that an item can have."""
    labels = TASKS[item.task].labels
    return labels or tuple(entry["speaker"] for entry in item.inputs["speakers"])


def _check_label(value: Any, item: Item) -> Iterator[Finding]:
    labels = list_labels(item)
    if isinstance(value, str) and value in labels:
        return

    if isinstance(value, int | float) and TASKS[item.task].labels:
        names = ", ".join(f"{number} = {name!r}" for number, name in enumerate(labels))
        message = f"Got the number {value!r}. Expected the name of a label."
        hint = f"write names, since libraries number labels differently; this corpus uses {names}."
        if isinstance(value, float) and isnan(value):
            hint = "an answer that is missing is None (null in JSON), which abstains."
    else:
        message = f"Got {value!r}. Expected one of the {len(labels)} labels."
        hint = f"use a name such as {labels[0]!r}."
        if isinstance(value, str):
            hint = nearest(value.strip().lower(), labels)
    yield Finding(message, ("prediction",), hint=hint)


def _check_spans(value: Any, item: Item, pointer: Pointer = ("prediction",)) -> Iterator[Finding]:
    size = len(item.inputs["text"])
    if not isinstance(value, list):
        yield Finding(f"Got {value!r}. Expected a list of [start, end] lists.", pointer)
        return

    seen: set[tuple[int, int]] = set()
    for number, span in enumerate(value):
        place = (*pointer, number)
        if not _is_span(span, size):
            message = f"Got {span!r}. Expected [start, end] with 0 <= start < end <= {size}."
            hint = "count code points of the document's text, end excluded."
            yield Finding(message, place, hint=hint)
        elif tuple(span) in seen:
            yield Finding(f"The span {span!r} is given twice.", place, hint="give each span once.")
        else:
            seen.add(tuple(span))


def _is_span(span: Any, size: int) -> bool:
    if not isinstance(span, list) or len(span) != 2:
        return False
    if not all(type(offset) is int for offset in span):  # a bool is an int for isinstance
        return False
    return bool(0 <= span[0] < span[1] <= size)


def _check_tuples(value: Any, item: Item) -> Iterator[Finding]:
    # As keys, since each name of an answer is looked up among them.
    known = {
        "holder": dict.fromkeys(entry["speaker"] for entry in item.inputs["speakers"]),
        "target": dict.fromkeys(entry["target"] for entry in item.inputs["targets"]),
        "polarity": dict.fromkeys(get_args(Polarity)),
    }
    for pointer, entry in _iter_objects(value, {*known, "evidence"}):
        if isinstance(entry, Finding):
            yield entry
            continue
        for name, allowed in known.items():
            yield from _check_name(entry[name], allowed, (*pointer, name))
        yield from _check_spans(entry["evidence"], item, (*pointer, "evidence"))


def _check_quotations(value: Any, item: Item) -> Iterator[Finding]:
    speakers = dict.fromkeys(entry["speaker"] for entry in item.inputs["speakers"])
    for pointer, entry in _iter_objects(value, {"source", "cue", "content", "speaker"}):
        if isinstance(entry, Finding):
            yield entry
            continue
        if entry["speaker"] is not None:
            yield from _check_name(entry["speaker"], speakers, (*pointer, "speaker"))
        source = [] if entry["source"] is None else [entry["source"]]
        for name, spans in (
            ("content", entry["content"]),
            ("cue", entry["cue"]),
            ("source", source),
        ):
            yield from _check_spans(spans, item, (*pointer, name))


def _iter_objects(value: Any, keys: set[str]) -> Iterator[tuple[Pointer, Any]]:
    """Yield each object of a list with its pointer; if it is malformed or repeated, a finding."""
    if not isinstance(value, list):
        yield (), Finding(f"Got {value!r}. Expected a list of objects.", ("prediction",))
        return

    seen: set[str] = set()
    for number, entry in enumerate(value):
        pointer = ("prediction", number)
        content = json.dumps(entry, sort_keys=True)
        if not isinstance(entry, dict) or set(entry) != keys:
            got = sorted(entry) if isinstance(entry, dict) else type(entry).__name__
            names = ", ".join(sorted(keys))
            message = f"Got {got!r}. Expected an object with the keys {names}."
            yield pointer, Finding(message, pointer)
        elif content in seen:
            message = "The same object is given twice."
            yield pointer, Finding(message, pointer, hint="give each answer once.")
        else:
            seen.add(content)
            yield pointer, entry


def _check_name(value: Any, allowed: Collection[str], pointer: Pointer) -> Iterator[Finding]:
    if isinstance(value, str) and value in allowed:
        return
    hint = nearest(value, allowed) if isinstance(value, str) else ""
    message = f"Got {value!r}. Expected one of the {len(allowed)} names that the task allows here."
    yield Finding(message, pointer, hint=hint or None)


_VALUE_CHECKS = {
    "label": _check_label,
    "spans": _check_spans,
    "tuples": _check_tuples,
    "quotations": _check_quotations,
}


# ---------------------------------------------------------------- reading and writing


def parse_header(path: str, raw: bytes) -> tuple[Header | None, list[Problem]]:
    """Return the header of a file; None and the problems if it has none."""
    problems = _check_bytes(path, raw)
    if problems:
        return None, problems

    line = raw.partition(b"\n")[0]
    if not line.strip():
        finding = Finding("The file has no header.", hint=_HEADER_HINT)
        return None, [locate(prediction_header, finding, path, 1, line.decode())]

    record, broken, findings = _parse_line(line)
    if findings:
        findings = [replace(each, hint=_HEADER_HINT) for each in findings]
    else:
        broken, findings = prediction_header, list(prediction_header.find(record))
    if findings:
        text = line.decode()
        return None, [locate(broken, each, path, 1, text) for each in findings]
    return msgspec.convert(record, Header), []


def parse_predictions(
    path: str, raw: bytes, items: Sequence[Item], release: Release | None = None
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the predictions in a file's bytes by item id, and every problem of the file.

    ``path`` is the path that the problems show. ``release`` is the release of the items; problems
    name it, and earlier ones.
    """
    header, problems = parse_header(path, raw)
    if header is None:
        return {}, problems
    return parse_answers(path, raw, header, items, release)


def parse_answers(
    path: str, raw: bytes, header: Header, items: Sequence[Item], release: Release | None = None
) -> tuple[dict[str, Any], list[Problem]]:
    """Return what :func:`parse_predictions` returns, for a file whose header was read before."""
    first, *lines = raw.removesuffix(b"\n").split(b"\n")
    findings = list(prediction_items.find(header, items, release))
    problems = [locate(prediction_items, each, path, 1, first.decode()) for each in findings]
    if problems:
        return {}, problems

    known = {item.id: item for item in items}
    predictions: dict[str, Any] = {}
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 2):
        record, broken, findings = _parse_prediction(line, known, seen)
        text = line.decode()  # once: the places in a line are cached by the line
        problems += [locate(broken, each, path, number, text) for each in findings]
        if isinstance(record, dict) and isinstance(record.get("id"), str):
            seen.setdefault(record["id"], number)
            predictions.setdefault(record["id"], record.get("prediction"))

    missing = [item.id for item in items if item.id not in predictions]
    findings = list(prediction_missing.find(missing, len(items)))
    problems += [locate(prediction_missing, each, path) for each in findings]
    return predictions, problems


_WRITE = 'in Python, write it with open(path, "w", encoding="utf-8", newline="\\n").'
_BYTES_HINTS = {
    encoding.code: f"save the file as UTF-8; {_WRITE}",
    byte_order_mark.code: f"save the file as UTF-8 without a byte order mark; {_WRITE}",
    carriage_return.code: f"end lines with a line feed alone; {_WRITE}",
}
"""Hints for files of predictions, which `readout format` does not mend."""
_FOREIGN_WORDS = {
    b"NaN": "write null for an answer that is missing; it abstains and counts as wrong.",
    b"None": "write null for an answer that is missing; it abstains and counts as wrong.",
    b"np.": "write values of NumPy as plain texts and numbers, as str(label) is.",
    b"'": "write texts in double quotation marks, as json.dumps does.",
}
"""Words that Python writes and JSON does not have, with hints; they matter in broken lines only."""
_PACKED = {b"\x1f\x8b": "gzip", b"PK": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
"""The first bytes of compressed files."""


def _check_bytes(path: str, raw: bytes) -> list[Problem]:
    for magic, name in _PACKED.items():
        if raw.startswith(magic):
            message = f"The file is compressed with {name}. Expected lines of JSON."
            finding = Finding(message, line=1, hint="unpack it.")
            return [locate(encoding, finding, path, 1)]

    problems = []
    for each in (encoding, byte_order_mark, carriage_return):
        # One place is enough: the hint mends them all.
        for finding in islice(each.find(raw), 1):
            own = replace(finding, hint=_BYTES_HINTS[each.code])
            line = raw_line(raw, finding.line)
            problems.append(locate(each, own, path, finding.line, line))
    return problems


def _parse_line(line: bytes) -> tuple[Any, Rule, list[Finding]]:
    """Return a line's record, or None with the rule that it breaks as JSON and its findings."""
    if not line.strip():
        blank = Finding("The line is blank. Expected one JSON object.", hint="remove the line.")
        return None, json_syntax, [blank]
    for word, hint in _FOREIGN_WORDS.items():
        if word in line and list(json_syntax.find(line)):
            column = len(line[: line.index(word)].decode()) + 1
            message = f"Got {word.decode()!r}, which is not JSON."
            return None, json_syntax, [Finding(message, column=column, hint=hint)]
    for each in (json_syntax, duplicate_key):
        findings = list(each.find(line))
        if findings:
            return None, each, findings
    return json.loads(line), json_syntax, []


def _parse_prediction(
    line: bytes, items: Mapping[str, Item], seen: Mapping[str, int]
) -> tuple[Any, Rule, list[Finding]]:
    """Return a line's record, the first rule that it breaks, and the findings of that rule."""
    record, broken, findings = _parse_line(line)
    if findings:
        return None, broken, findings

    findings = list(prediction_record.find(record))
    if findings:
        return record, prediction_record, findings

    for each, scope in ((prediction_id, items), (prediction_twice, seen)):
        findings = list(each.find(record, scope))
        if findings:
            return record, each, findings

    item = items[record["id"]]
    return record, prediction_value, list(prediction_value.find(record["prediction"], item))


class InvalidPredictionError(RefusedError):
    """Some answer of a system is not an answer to its question."""


def format_predictions(
    items: Sequence[Item], predictions: Sequence[Any], folds: Scheme = OFFICIAL
) -> bytes:
    """Return predictions, given in the order of their items, as the bytes of a file.

    ``folds`` is the scheme of the folds that they were made with.

    Raises:
        InvalidPredictionError: there is not one valid answer per item.

    """
    if len(items) != len(predictions):
        raise InvalidPredictionError(
            f"Got {len(predictions)} predictions for {len(items)} items. Give one per item, in the "
            "order of the items; None abstains."
        )

    header = Header(items[0].task, folds, hash_items(items))
    lines = [msgspec.json.encode(header) + b"\n"]
    for item, answer in zip(items, predictions, strict=True):
        value = _to_plain(answer)
        for finding in prediction_value.find(value, item):
            shown = f"The prediction for the item {item.id!r}: {finding.message}"
            hint = f" Hint: {finding.hint}" if finding.hint else ""
            raise InvalidPredictionError(shown + hint)
        record = {"id": item.id, "prediction": value}
        lines.append(msgspec.json.encode(record) + b"\n")
    return b"".join(lines)


def _to_plain(value: Any) -> Any:
    """Return a value as JSON has it: those of NumPy inside are texts and numbers, tuples lists."""
    plain = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(plain, float):
        return float(plain)  # in JSON, a missing number would become null, and so an abstention
    if isinstance(plain, bytes):  # in JSON, it would become Base64
        raise InvalidPredictionError(f"Got {plain!r}. Expected a text. Hint: decode it.")
    return msgspec.json.decode(msgspec.json.encode(plain, enc_hook=_unwrap_numpy))


def _unwrap_numpy(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)
    if hasattr(value, "tolist"):  # of scalars and of arrays
        return value.tolist()
    raise InvalidPredictionError(
        f"Got a prediction of the type {type(value).__name__}. Expected texts, numbers and lists."
    )


def file_name(task: str, folds: str) -> str:
    """Return the name of the file of predictions for a task and folds in a submission."""
    return f"{task}.{folds}.jsonl"


FILE_NAMES = frozenset(file_name(task, folds) for task in TASKS for folds in SCHEMES)


def name_system(path: Path) -> str:
    """Return the name of the system that a predictions file belongs to.

    It is the name of the submission's folder if the file is in one. Otherwise it is the name of the
    file, or of its folder if the file is named for a task.
    """
    if path.parent.name == "predictions":
        return path.resolve().parent.parent.name
    return path.resolve().parent.name if path.name in FILE_NAMES else path.stem


def name_systems(paths: Sequence[Path]) -> list[str]:
    """Return the names of the systems of several files; if two are equal, return the paths."""
    names = [name_system(path) for path in paths]
    if len(set(names)) < len(names):
        return [path.as_posix() for path in paths]
    return names


# ---------------------------------------------------------------- scoring


class Scored(NamedTuple):
    """A system's score, and the folds that its predictions were made with."""

    score: Score
    folds: Folds


def score_files(frozen: Frozen, paths: Sequence[Path]) -> tuple[list[Scored], list[Problem]]:
    """Return the scores of predictions files, and the problems of all files."""
    scores: list[Scored] = []
    problems: list[Problem] = []
    for path, name in zip(paths, name_systems(paths), strict=True):
        scored, found = _score_file(frozen, path, name)
        problems += found
        if scored:
            scores.append(scored)
    return scores, problems


def _score_file(frozen: Frozen, path: Path, name: str) -> tuple[Scored | None, list[Problem]]:
    raw = path.read_bytes()
    header, problems = parse_header(str(path), raw)
    if header is None:
        return None, problems

    items = frozen.items.get(header.task, [])
    predictions, problems = parse_answers(str(path), raw, header, items, frozen.release)
    folds = build_folds(header.folds, items)
    if problems or folds is None:
        return None, problems
    return Scored(Score(name, items, predictions, header.folds, header.items), folds), []
