"""Read the logs of harnesses into predictions.

A log of Inspect is a file that ends in ``.eval`` or ``.json``; one of the LM Evaluation Harness is
a ``samples_<task>_<time>.jsonl``, which ``--log_samples`` writes.

A log with any problem is refused as a whole. A reply that cannot be read is no problem of the log:
it becomes null, and a warning says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from readout.benchmark.folds import Scheme
from readout.benchmark.harness.lm_eval_tasks import choose_label
from readout.benchmark.harness.prompts import read_reply
from readout.benchmark.predictions import (
    Header,
    format_predictions,
    prediction_header,
    prediction_id,
    prediction_items,
    prediction_missing,
)
from readout.benchmark.tasks import TASKS
from readout.corpus.items import Frozen
from readout.model import Item
from readout.problem import Finding, Problem, RefusedError, format_count, is_failure, locate, rule

FOLDS: Scheme = "zero-shot"
"""The scheme of the folds that a run in a harness is for: it tests all items at once."""
INSPECT = (".eval", ".json")
LM_EVAL = ".jsonl"


class Run(NamedTuple):
    """What a log says of a run: the task, the hash of its items, the model, and the replies.

    ``replies`` are pairs of an item's id and a text, in the order of the log. ``faults`` say what
    kept the run from being complete.
    """

    task: str
    items: str
    model: str | None
    replies: Sequence[tuple[str, str]]
    faults: Sequence[str] = ()


class Imported(NamedTuple):
    """The predictions of a run, as the bytes of a file."""

    task: str
    model: str | None
    raw: bytes


# ---------------------------------------------------------------- rules


@rule("log-format", "bytes")
def log_format(fault: str) -> Iterator[Finding]:
    """Every log is one that a harness wrote for a task of this benchmark."""
    hint = (
        "give a log of Inspect (.eval, .json), or the samples_….jsonl that the LM Evaluation "
        "Harness writes with --log_samples."
    )
    yield Finding(fault, hint=hint)


@rule("log-complete", "schema")
def log_complete(run: Run) -> Iterator[Finding]:
    """Every run has finished without an error of the model or of the harness."""
    for fault in run.faults:
        hint = "run it again; an answer that was never given cannot be scored."
        yield Finding(fault, hint=hint)


@rule("log-once", "reference")
def log_once(run: Run) -> Iterator[Finding]:
    """Every item is answered only once."""
    counts = Counter([id_ for id_, _ in run.replies])
    repeated = [id_ for id_, count in counts.items() if count > 1]
    if repeated:
        number = format_count(len(repeated), "item")
        yield Finding(
            f"The log has several answers to {number}, first to {repeated[0]!r}.",
            hint="run one epoch, with one filter; several runs are seeds of their own (--seed).",
        )


@rule("log-reply", "guideline", "warning")
def log_reply(fault: str | None) -> Iterator[Finding]:
    """Every reply is an answer in the form that the prompt asks for."""
    if fault:
        yield Finding(fault, hint="the prediction is null, which counts as wrong.")


# ---------------------------------------------------------------- reading


def import_log(path: Path, frozen: Frozen) -> tuple[Imported | None, list[Problem]]:
    """Return the predictions in a log, and its problems; None if any of these is an error."""
    shown = path.as_posix()
    run = read_run(path)
    if isinstance(run, str):
        return None, [locate(log_format, each, shown) for each in log_format.find(run)]

    items = frozen.items.get(run.task, [])
    problems = _check_run(shown, run, items, frozen)
    if problems:
        return None, problems

    known = {item.id: item for item in items}
    predictions = {}
    for number, (id_, text) in enumerate(run.replies, 1):
        reply = read_reply(known[id_], text)
        predictions[id_] = reply.prediction
        place, line = f"{shown}#{id_}", None
        if path.suffix == LM_EVAL:
            place, line = shown, number
        problems += [locate(log_reply, each, place, line) for each in log_reply.find(reply.fault)]

    values = [predictions[item.id] for item in items]
    return Imported(run.task, run.model, format_predictions(items, values, FOLDS)), problems


def _check_run(shown: str, run: Run, items: Sequence[Item], frozen: Frozen) -> list[Problem]:
    """Return the problems of a run; later rules are not tried if earlier ones find any."""
    header = {"task": run.task, "folds": FOLDS, "items": run.items}
    found = [locate(prediction_header, each, shown) for each in prediction_header.find(header)]
    found += [locate(log_complete, each, shown) for each in log_complete.find(run)]
    if found:
        return found

    findings = prediction_items.find(Header(run.task, FOLDS, run.items), items, frozen.release)
    found = [locate(prediction_items, each, shown) for each in findings]
    if found:
        return found

    known = {item.id: item for item in items}
    for id_, _ in run.replies:
        unknown = prediction_id.find({"id": id_}, known)
        found += [locate(prediction_id, each, shown) for each in unknown]
    found += [locate(log_once, each, shown) for each in log_once.find(run)]

    answered = {id_ for id_, _ in run.replies}
    missing = [item.id for item in items if item.id not in answered]
    for each in prediction_missing.find(missing, len(items)):
        finding = replace(each, hint="run the task on all its items, without a limit.")
        found.append(locate(prediction_missing, finding, shown))
    return found


def read_run(path: Path) -> Run | str:
    """Return what a log says, or a sentence on why it cannot be read.

    Raises:
        ModuleNotFoundError: a log of Inspect needs Inspect.

    """
    if path.suffix in INSPECT:
        return _read_inspect(path)
    if path.suffix == LM_EVAL:
        return _read_samples(path)
    return f"Got a file that ends in {path.suffix!r}. Expected {', '.join(INSPECT)} or {LM_EVAL}."


# ---------------------------------------------------------------- Inspect


def _read_inspect(path: Path) -> Run | str:
    from inspect_ai.log import read_eval_log

    try:
        log = read_eval_log(str(path))
    except Exception as error:  # of which kind depends on where in the archive the damage is
        return f"Inspect cannot read the log: {error}"

    metadata = log.eval.metadata or {}
    task, hash_ = metadata.get("task"), metadata.get("items")
    if not isinstance(task, str) or task not in TASKS or not isinstance(hash_, str):
        return f"The log is of the task {log.eval.task!r}, which is none of readout/<task>."

    replies = []
    faults = []
    if log.status != "success":
        reason = f": {log.error.message}" if log.error else ""
        faults.append(f"The run has the status {log.status!r}, not 'success'{reason}.")
    for sample in log.samples or []:
        if sample.error:
            faults.append(f"The item {str(sample.id)!r} has an error: {sample.error.message}")
        replies.append((str(sample.id), sample.output.completion))
    return Run(task, hash_, _find_model(log), replies, faults)


def _find_model(log: Any) -> str:
    """Return the model in the role that answers, or else the model of the run."""
    from readout.benchmark.harness.inspect_tasks import ROLE

    bound = (log.eval.model_roles or {}).get(ROLE)
    if isinstance(bound, list):
        bound = bound[0]
    return str(bound.model if bound else log.eval.model)


# ---------------------------------------------------------------- the LM Evaluation Harness


class _Document(msgspec.Struct):
    id: str
    task: str
    items: str
    choices: list[str]


class _Sample(msgspec.Struct):
    doc: _Document
    filtered_resps: list[Any]


def _read_samples(path: Path) -> Run | str:
    replies = []
    headers = set()
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            sample = msgspec.json.decode(line, type=_Sample)
            replies.append((sample.doc.id, _read_response(sample)))
        except (msgspec.MsgspecError, RecursionError, ValueError, TypeError, LookupError) as error:
            return f"Line {number} is no sample of a task of this benchmark: {error}"
        headers.add((sample.doc.task, sample.doc.items))

    if len(headers) != 1:
        return f"The log has samples of {len(headers)} tasks. Expected those of one."
    task, hash_ = headers.pop()
    return Run(task, hash_, None, replies)


def _read_response(sample: _Sample) -> str:
    if sample.doc.choices:
        if len(sample.filtered_resps) != len(sample.doc.choices):
            raise ValueError("it has another number of responses than of choices")
        return choose_label(sample.doc.choices, sample.filtered_resps)
    (text,) = sample.filtered_resps
    if not isinstance(text, str):
        raise TypeError("its response is no text")
    return text


# ---------------------------------------------------------------- several logs


def import_logs(
    paths: Sequence[Path], frozen: Frozen
) -> tuple[Mapping[str, Imported], list[Problem]]:
    """Return the predictions of several logs by task, and the problems of all.

    Raises:
        RefusedError: two logs are of the same task.

    """
    found: dict[str, Imported] = {}
    problems: list[Problem] = []
    for path in paths:
        imported, each = import_log(path, frozen)
        problems += each
        if imported is None:
            continue
        if imported.task in found:
            raise RefusedError(
                f"Two logs are of the task {imported.task!r}. Import one run of a task at a time; "
                "runs with other seeds need --seed."
            )
        found[imported.task] = imported
    return ({} if is_failure(problems) else found), problems
