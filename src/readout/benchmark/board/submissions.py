"""Submissions: one folder per system, with its description, predictions and results.

``predictions/<task>.<folds>.jsonl`` contains the pooled held-out predictions of all folds. A system
with several seeds has one folder ``predictions/seed-<n>/`` per seed. Every seed is scored and
shown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from readout.benchmark.folds import FOLDS, SCHEMES, Folds, build_folds
from readout.benchmark.predictions import parse_name, parse_predictions
from readout.benchmark.scoring.report import score_to_json
from readout.benchmark.scoring.scores import Score
from readout.benchmark.tasks import TASKS, Item
from readout.corpus.canonical import encode
from readout.corpus.files import check_name, find_generated
from readout.corpus.read import leads_outside, outside_link, read_bytes
from readout.corpus.schema import explain, is_valid
from readout.corpus.settings import parse_settings
from readout.model import Corpus, Record
from readout.problem import Finding, Problem, RefusedError, Rule, locate, raw_line, rule

SUBMISSIONS = "submissions"
CARD = "system.yaml"
RESULT = "result.json"
PREDICTIONS = "predictions"
_SEED_FOLDER = re.compile(r"seed-([0-9]+)")
SystemKind: TypeAlias = Literal["artefact", "baseline", "system"]
Selection: TypeAlias = Literal["none", "training-folds"]


class Exposure(Record, frozen=True, kw_only=True):
    """How the data influenced a system: by training, by pretraining, or through its developers."""

    training: str
    pretraining: str | None
    people: str


class SystemCard(Record, frozen=True, kw_only=True):
    """The file ``system.yaml``: a description of the system and of its exposure to the data."""

    system_id: str
    name: str
    kind: SystemKind
    description: str
    authors: tuple[str, ...]
    code: str
    license: str | None = None
    model: str | None = None
    exposure: Exposure
    seeds: tuple[int, ...]
    selection: Selection
    hardware: str
    prompts: tuple[str, ...]
    note: str | None = None


class Run(NamedTuple):
    """One scored file of predictions.

    ``checksum`` is the SHA-256 of the file. ``seed`` is None if the file is in no folder of a seed.
    """

    path: str
    checksum: str
    seed: int | None
    score: Score
    folds: Folds


class Submission(NamedTuple):
    """A system and all its runs."""

    card: SystemCard
    runs: tuple[Run, ...]


# ---------------------------------------------------------------- rules


@rule("submission-place", "bytes")
def submission_place(root: Path, name: str) -> Iterator[Finding]:
    """Every submission has a folder with a safe name, in which its result can be written."""
    try:
        check_name("submission", name)
    except RefusedError as error:
        hint = f"rename the folder, and give 'system_id' in {CARD} the new name."
        yield Finding(str(error), hint=hint)
        return

    folder = f"{SUBMISSIONS}/{name}"
    result = f"{folder}/{RESULT}"
    hint = f"delete {result!r}; `readout bench board` writes it again."
    for path in (SUBMISSIONS, folder):
        if (root / path).is_symlink():
            hint = f"remove the link {path!r}, and put a copy of the folder in its place."
            break
    try:
        find_generated(root, result)
    except RefusedError as error:
        yield Finding(str(error), hint=hint)


@rule("submission-card", "schema")
def submission_card(raw: bytes | None, name: str) -> Iterator[Finding]:
    """Every submission has a ``system.yaml`` that fits its schema and names its folder."""
    if raw is None:
        hint = "copy that of a baseline and change it."
        yield Finding(f"The submission {name!r} has no {CARD}.", hint=hint)
        return

    record = parse_settings(raw)
    if isinstance(record, Finding):
        yield record
    elif not is_valid("system", record):
        yield from explain("system", record)
    elif record["system_id"] != name:
        got = record["system_id"]
        yield Finding(f"Got the system_id {got!r}. Expected the name of the folder, {name!r}.")


@rule("submission-file", "reference")
def submission_file(path: Path) -> Iterator[Finding]:
    """Every file of predictions is named for its task and folds."""
    if parse_name(path) is None:
        tasks, schemes = ", ".join(TASKS), ", ".join(SCHEMES)
        message = f"Got the name {path.name!r}. Expected <task>.<folds>.jsonl."
        yield Finding(message, hint=f"tasks are {tasks}; folds are {schemes}.")


@rule("submission-seeds", "reference")
def submission_seeds(card: SystemCard, files: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Every seed that was run is submitted, for the same tasks and folds.

    ``files`` maps each folder inside ``predictions`` to the names of its files. A selection of the
    best of several seeds would overestimate a system.
    """
    expected = {""}
    if len(card.seeds) > 1:
        expected = {f"seed-{seed}" for seed in card.seeds}

    if set(files) != expected:
        got, wanted = _format_folders(files), _format_folders(expected)
        yield Finding(
            f"Got predictions in {got}. Expected them in {wanted}.",
            hint="submit every seed that system.yaml names, each in predictions/seed-<n>/; "
            "files of a single seed belong in predictions/.",
        )
    elif len({tuple(names) for names in files.values()}) > 1:
        message = "The seeds have predictions for different tasks or folds."
        yield Finding(message, hint="submit the same files for every seed.")


def _format_folders(folders: Iterable[str]) -> str:
    paths = [f"{PREDICTIONS}/{folder}" for folder in sorted(folders)]
    return ", ".join(paths) or "no folder"


RULES: tuple[Rule, ...] = (submission_place, submission_card, submission_file, submission_seeds)


# ---------------------------------------------------------------- reading


class TaskData:
    """The items and folds of all tasks of a corpus, built once for all submissions."""

    def __init__(self, corpus: Corpus) -> None:
        self.items: dict[str, list[Item]] = {}
        self.folds: dict[tuple[str, str], Folds] = {}
        for name, task in TASKS.items():
            items = self.items[name] = task.build(corpus)
            for scheme in SCHEMES:
                folds = build_folds(scheme, items)
                if folds:
                    self.folds[name, scheme] = folds


def list_systems(root: Path) -> list[str]:
    """Return the names of the folders of submissions, and of links that lead nowhere."""
    folder = root / SUBMISSIONS
    reserved = Path(FOLDS).name
    return sorted(
        path.name
        for path in folder.glob("*")
        if (path.is_dir() or not path.exists()) and path.name != reserved
    )


def read_submission(
    root: Path, name: str, tasks: TaskData
) -> tuple[Submission | None, list[Problem]]:
    """Return a submission with the scores of its predictions, and all its problems.

    The submission is None if it has any problem: a score of some of its runs would mislead.
    """
    folder = f"{SUBMISSIONS}/{name}"
    for path in (folder, f"{folder}/{PREDICTIONS}"):
        if leads_outside(root, path):
            return None, [locate(outside_link, each, path) for each in outside_link.find(path)]

    findings = list(submission_place.find(root, name))
    if findings:
        return None, [locate(submission_place, each, folder) for each in findings]

    raw, found = read_bytes(root, f"{folder}/{CARD}")
    if any(problem.code == outside_link.code for problem in found):
        return None, found
    findings = list(submission_card.find(raw, name))
    if findings:
        return None, [
            locate(
                submission_card,
                each,
                f"{folder}/{CARD}",
                each.line,
                raw_line(raw or b"", each.line),
            )
            for each in findings
        ]

    card = msgspec.convert(parse_settings(raw or b""), SystemCard)
    predictions = root / folder / PREDICTIONS
    paths = list(_iter_files(predictions))
    findings = list(submission_seeds.find(card, _group_names(predictions, paths)))
    if findings:
        return None, [locate(submission_seeds, each, f"{folder}/{CARD}") for each in findings]

    runs: list[Run] = []
    problems: list[Problem] = []
    for file in paths:
        run, found = _read_run(root, file, card, tasks)
        problems += found
        if run:
            runs.append(run)
    submission = None if problems else Submission(card, tuple(runs))
    return submission, problems


def _iter_files(folder: Path) -> Iterator[Path]:
    """Yield the files of predictions below a folder, sorted; links to folders are not followed."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".jsonl"):
                yield Path(parent, name)


def _group_names(folder: Path, paths: Sequence[Path]) -> dict[str, list[str]]:
    """Return the names of files by their path inside ``folder``; its own files have the path ''."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        inner = path.parent.relative_to(folder).as_posix().removeprefix(".")
        groups.setdefault(inner, []).append(path.name)
    return groups


def _read_run(
    root: Path, path: Path, card: SystemCard, tasks: TaskData
) -> tuple[Run | None, list[Problem]]:
    shown = path.relative_to(root).as_posix()
    findings = list(submission_file.find(path))
    if findings:
        return None, [locate(submission_file, each, shown) for each in findings]

    task, scheme, _ = path.name.split(".")
    folds = tasks.folds.get((task, scheme))
    if folds is None:
        message = f"The corpus has no task {task!r} with folds by {scheme}."
        return None, [locate(submission_file, Finding(message, hint="remove the file."), shown)]

    items = tasks.items[task]
    raw, problems = read_bytes(root, shown)
    if raw is None:
        return None, problems
    predictions, problems = parse_predictions(shown, raw, items)
    if problems:
        return None, problems

    seed, name = None, card.system_id
    if match := _SEED_FOLDER.fullmatch(path.parent.name):
        seed = int(match[1])
        name = f"{card.system_id} (seed {seed})"
    checksum = sha256(raw).hexdigest()
    return Run(shown, checksum, seed, Score(name, items, predictions, scheme), folds), []


def read_submissions(root: Path, corpus: Corpus) -> tuple[list[Submission], list[Problem]]:
    """Return all submissions in a corpus folder by name, and all their problems."""
    tasks = TaskData(corpus)
    submissions: list[Submission] = []
    problems: list[Problem] = []
    for name in list_systems(root):
        submission, found = read_submission(root, name, tasks)
        problems += found
        if submission:
            submissions.append(submission)
    return submissions, problems


# ---------------------------------------------------------------- writing


def format_result(submission: Submission) -> bytes:
    """Return the bytes of a submission's ``result.json``.

    It contains every number, with the checksums of the predictions.
    """
    runs = []
    for run in submission.runs:
        source = {"predictions": run.path, "sha256": run.checksum, "seed": run.seed}
        runs.append({**source, **score_to_json(run.score, run.folds)})
    return encode_json({"system": submission.card.system_id, "runs": runs})


def encode_json(data: Any) -> bytes:
    """Return data as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n"


def to_record(card: SystemCard) -> dict[str, Any]:
    """Return a card as plain data, without the fields that are unknown."""
    record: dict[str, Any] = msgspec.json.decode(encode(card))
    return record


def format_system_card(card: SystemCard) -> bytes:
    """Return the bytes of a ``system.yaml``, with its fields in the order of the schema."""
    import yaml

    text: str = yaml.safe_dump(to_record(card), sort_keys=False, allow_unicode=True, width=110)
    return text.encode()


def result_path(submission: Submission) -> str:
    """Return the path of a submission's ``result.json`` inside the corpus folder."""
    return f"{SUBMISSIONS}/{submission.card.system_id}/{RESULT}"
