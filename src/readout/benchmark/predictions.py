"""Predictions as files, and every reason to refuse them: aligned by id, nothing dropped, nothing guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec

from readout.benchmark.folds import OFFICIAL, SCHEMES, Folds, make_folds
from readout.benchmark.scoring.scores import Score
from readout.benchmark.tasks import TASKS, Item, Task, UnknownTaskError, find_items
from readout.corpus.lines import (
    byte_order_mark,
    carriage_return,
    duplicate_key,
    encoding,
    json_syntax,
)
from readout.model import Corpus, Polarity
from readout.problem import Finding, Problem, Rule, locate, nearest, raw_line, rule


@rule("prediction-record", "schema")
def prediction_record(record: Any) -> Iterator[Finding]:
    """Every line is an object with the keys ``id`` and ``prediction``, and no others."""
    if not isinstance(record, dict) or set(record) != {"id", "prediction"} or not isinstance(record["id"], str):
        got = sorted(record) if isinstance(record, dict) else type(record).__name__
        yield Finding(
            f"Got {got!r}. Expected an object with the keys 'id' (a string) and 'prediction'.",
            hint='write {"id": …, "prediction": …}; a prediction of null abstains.',
        )


@rule("prediction-id", "reference")
def prediction_id(record: Mapping[str, Any], items: Mapping[str, Item]) -> Iterator[Finding]:
    """Every prediction belongs to an item of the task."""
    name = record["id"]
    if name not in items:
        hint = nearest(name, items) or "write the ids of the task as they are; order plays no part."
        yield Finding(f"The task has no item {name!r}.", ("id",), hint=hint)


@rule("prediction-twice", "reference")
def prediction_twice(record: Mapping[str, Any], seen: Mapping[str, int]) -> Iterator[Finding]:
    """No item is predicted twice."""
    if line := seen.get(record["id"]):
        message = f"The item {record['id']!r} was predicted in line {line} already."
        yield Finding(message, ("id",), hint="keep the one that is meant.")


@rule("prediction-missing", "reference")
def prediction_missing(missing: Sequence[str], total: int) -> Iterator[Finding]:
    """Every item of the task is predicted, if only with null."""
    if missing:
        names = ", ".join(map(repr, missing[:3])) + (", …" if len(missing) > 3 else "")
        message = f"{len(missing)} of {total} items have no prediction: {names}."
        yield Finding(message, hint="add them; a prediction of null abstains and counts as wrong.")


@rule("prediction-value", "schema")
def prediction_value(value: Any, item: Item) -> Iterator[Finding]:
    """Every prediction is null or an answer of its task: a label by name, spans, tuples or quotations."""
    if value is not None:
        yield from _VALUE_FINDERS[TASKS[item.task].shape](value, item)


RULES: tuple[Rule, ...] = (
    encoding,
    byte_order_mark,
    carriage_return,
    json_syntax,
    duplicate_key,
    prediction_record,
    prediction_id,
    prediction_twice,
    prediction_value,
    prediction_missing,
)


# ---------------------------------------------------------------- values


def list_labels(item: Item) -> tuple[str, ...]:
    """Return the labels that an item can have."""
    return TASKS[item.task].labels or tuple(entry["speaker"] for entry in item.inputs["speakers"])


def _find_label(value: Any, item: Item) -> Iterator[Finding]:
    labels = list_labels(item)
    if isinstance(value, str) and value in labels:
        return
    if isinstance(value, int | float) and TASKS[item.task].labels:
        names = ", ".join(f"{number} = {name!r}" for number, name in enumerate(labels))
        hint = f"write names, as every library numbers labels its own way; in the tables of this corpus {names}."
        yield Finding(f"Got the number {value!r}. Expected the name of a label.", ("prediction",), hint=hint)
        return
    hint = nearest(value.strip().lower(), labels) if isinstance(value, str) else f"use a name such as {labels[0]!r}."
    yield Finding(f"Got {value!r}. Expected one of the {len(labels)} labels.", ("prediction",), hint=hint)


def _find_spans(value: Any, item: Item, pointer: tuple[str | int, ...] = ("prediction",)) -> Iterator[Finding]:
    size = len(item.inputs["text"])
    if not isinstance(value, list):
        yield Finding(f"Got {value!r}. Expected a list of [start, end] lists.", pointer)
        return
    for number, span in enumerate(value):
        if not _is_span(span, size):
            message = f"Got {span!r}. Expected [start, end] with 0 <= start < end <= {size}."
            hint = "count code points of the document's text, end excluded, not bytes or UTF-16 units."
            yield Finding(message, (*pointer, number), hint=hint)
        elif span in value[:number]:
            yield Finding(f"The span {span!r} stands there twice.", (*pointer, number), hint="give each span once.")


def _is_span(span: Any, size: int) -> bool:
    whole = isinstance(span, list) and len(span) == 2 and all(type(offset) is int for offset in span)
    return whole and 0 <= span[0] < span[1] <= size


def _find_tuples(value: Any, item: Item) -> Iterator[Finding]:
    known = {
        "holder": [entry["speaker"] for entry in item.inputs["speakers"]],
        "target": [entry["target"] for entry in item.inputs["targets"]],
        "polarity": list(get_args(Polarity)),
    }
    for pointer, entry in _iter_objects(value, {*known, "evidence"}):
        if isinstance(entry, Finding):
            yield entry
            continue
        yield from (found for name in known for found in _find_name(entry[name], known[name], (*pointer, name)))
        yield from _find_spans(entry["evidence"], item, (*pointer, "evidence"))


def _find_quotations(value: Any, item: Item) -> Iterator[Finding]:
    speakers = [entry["speaker"] for entry in item.inputs["speakers"]]
    for pointer, entry in _iter_objects(value, {"source", "cue", "content", "speaker"}):
        if isinstance(entry, Finding):
            yield entry
            continue
        if entry["speaker"] is not None:
            yield from _find_name(entry["speaker"], speakers, (*pointer, "speaker"))
        source = [] if entry["source"] is None else [entry["source"]]
        for name, spans in (("content", entry["content"]), ("cue", entry["cue"]), ("source", source)):
            yield from _find_spans(spans, item, (*pointer, name))


def _iter_objects(value: Any, keys: set[str]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield each object of a list with its pointer; in place of one that is malformed or repeated, a finding."""
    if not isinstance(value, list):
        yield (), Finding(f"Got {value!r}. Expected a list of objects.", ("prediction",))
        return
    for number, entry in enumerate(value):
        pointer = ("prediction", number)
        if not isinstance(entry, dict) or set(entry) != keys:
            yield pointer, Finding(f"Expected an object with the keys {', '.join(sorted(keys))}.", pointer)
        elif entry in value[:number]:
            yield pointer, Finding("The same object stands there twice.", pointer, hint="give each answer once.")
        else:
            yield pointer, entry


def _find_name(value: Any, known: Sequence[str], pointer: tuple[str | int, ...]) -> Iterator[Finding]:
    if not isinstance(value, str) or value not in known:
        hint = nearest(value, known) if isinstance(value, str) else None
        yield Finding(f"Got {value!r}. Expected an id of the inputs.", pointer, hint=hint or None)


_VALUE_FINDERS = {"label": _find_label, "spans": _find_spans, "tuples": _find_tuples, "quotations": _find_quotations}


# ---------------------------------------------------------------- files


def parse_predictions(path: str, raw: bytes, items: Sequence[Item]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the predictions of a file by item id, and every problem of the file."""
    byte_rules = (encoding, byte_order_mark, carriage_return)
    problems = [
        locate(each, finding, path, finding.line, raw_line(raw, finding.line))
        for each in byte_rules
        for finding in each.find(raw)
    ]
    if problems:
        return {}, problems
    known = {item.id: item for item in items}
    predictions: dict[str, Any] = {}
    seen: dict[str, int] = {}
    for number, line in enumerate(raw.removesuffix(b"\n").split(b"\n") if raw else (), 1):
        record, rule_, findings = _parse_prediction(line, known, seen)
        problems += [locate(rule_, finding, path, number, line.decode()) for finding in findings]
        if isinstance(record, dict) and isinstance(record.get("id"), str):
            seen.setdefault(record["id"], number)
            predictions.setdefault(record["id"], record.get("prediction"))
    missing = [item.id for item in items if item.id not in predictions]
    problems += [locate(prediction_missing, finding, path) for finding in prediction_missing.find(missing, len(items))]
    return predictions, problems


def _parse_prediction(
    line: bytes, items: Mapping[str, Item], seen: Mapping[str, int]
) -> tuple[Any, Rule, list[Finding]]:
    """Return a line's record with the first rule that it breaks, and its findings."""
    for each in (json_syntax, duplicate_key):
        if findings := list(each.find(line)):
            return None, each, findings
    record = json.loads(line)
    if findings := list(prediction_record.find(record)):
        return record, prediction_record, findings
    for each, scope in ((prediction_id, items), (prediction_twice, seen)):
        if findings := list(each.find(record, scope)):
            return record, each, findings
    return record, prediction_value, list(prediction_value.find(record["prediction"], items[record["id"]]))


def read_predictions(path: Path, items: Sequence[Item]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the predictions of a file by item id, and every problem of the file."""
    return parse_predictions(str(path), path.read_bytes(), items)


def format_predictions(items: Sequence[Item], predictions: Sequence[Any]) -> bytes:
    """Return predictions, given in the order of their items, as the bytes of a file."""
    records = ({"id": item.id, "prediction": value} for item, value in zip(items, predictions, strict=True))
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)


class FileName(NamedTuple):
    """What a predictions file is named for."""

    task: Task
    folds: str


def parse_name(path: Path) -> FileName | None:
    """Return the task and the folds that a file is named for (``<task>.<folds>.jsonl``); None for other names."""
    parts = path.name.split(".")
    if len(parts) != 3 or parts[0] not in TASKS or parts[1] not in SCHEMES or parts[2] != "jsonl":
        return None
    return FileName(TASKS[parts[0]], parts[1])


def find_system(path: Path) -> str:
    """Return the name of the system that a file of predictions belongs to."""
    if path.parent.name == "predictions":
        return path.resolve().parent.parent.name
    return path.stem if parse_name(path) is None else path.resolve().parent.name


def name_systems(paths: Sequence[Path]) -> list[str]:
    """Return the names of the systems of several files; where two are alike, the paths."""
    names = [find_system(path) for path in paths]
    return names if len(set(names)) == len(names) else [path.as_posix() for path in paths]


class Scored(NamedTuple):
    """A system's score, and the folds that its predictions were made with."""

    score: Score
    folds: Folds


def score_files(
    corpus: Corpus, paths: Sequence[Path], task: str | None = None, scheme: str | None = None
) -> tuple[list[Scored], list[Problem]]:
    """Return the scores of files of predictions, and the problems of all files.

    Raises:
        UnknownTaskError: a file's name does not tell its task and nobody else did, or the corpus has no such task.

    """
    scores: list[Scored] = []
    problems: list[Problem] = []
    for path, name in zip(paths, name_systems(paths), strict=True):
        named = parse_name(path)
        items = build_items(corpus, task or (named.task.name if named else None), path)
        chosen = next(each for each in SCHEMES if each == (scheme or (named.folds if named else OFFICIAL)))
        if (folds := make_folds(chosen, items)) is None:
            raise UnknownTaskError(f"The task {items[0].task!r} has no folds by {chosen}.")
        predictions, found = read_predictions(path, items)
        problems += found
        if not found:
            scores.append(Scored(Score(name, items, predictions, chosen), folds))
    return scores, problems


def build_items(corpus: Corpus, task: str | None, path: Path) -> list[Item]:
    """Return the items of a task by its name, for a file of predictions.

    Raises:
        UnknownTaskError: there is no such task, or nothing is annotated for it.

    """
    if task is None:
        raise UnknownTaskError(
            f"The name {path.name!r} does not tell the task. Call the file <task>.<folds>.jsonl, or give --task."
        )
    return find_items(corpus, task)
