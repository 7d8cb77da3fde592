"""Submissions: one folder a system, with what it is (``system.yaml``), its predictions, and the numbers they give.

``predictions/<task>.<folds>.jsonl`` holds the pooled held-out predictions of all folds. A system with several seeds has
them in ``predictions/seed-<n>/``, a folder for each seed; every seed is scored and shown, none is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from readout.benchmark.folds import FOLDS, SCHEMES, Folds, make_folds
from readout.benchmark.predictions import parse_name, read_predictions
from readout.benchmark.scoring.report import score_to_json
from readout.benchmark.scoring.scores import Score
from readout.benchmark.tasks import TASKS, Item
from readout.corpus.canonical import encode
from readout.corpus.read import read_bytes
from readout.corpus.schema import explain, is_valid
from readout.model import Corpus, Record
from readout.problem import Finding, Problem, Rule, locate, rule

SUBMISSIONS = "submissions"
CARD = "system.yaml"
RESULT = "result.json"
PREDICTIONS = "predictions"
SystemKind: TypeAlias = Literal["artefact", "baseline", "system"]
Selection: TypeAlias = Literal["none", "training-folds"]


class Exposure(Record, frozen=True, kw_only=True):
    """What of the data has shaped a system."""

    training: str
    pretraining: str | None
    people: str


class SystemCard(Record, frozen=True, kw_only=True):
    """The file ``system.yaml``: what made the predictions, and what it had seen."""

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
    """One file of predictions, scored. ``seed`` is None where the system has no seeds or only one."""

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


@rule("submission-card", "schema")
def submission_card(raw: bytes | None, name: str) -> Iterator[Finding]:
    """Every submission has a ``system.yaml`` that fulfils its schema and names its folder."""
    import yaml

    if raw is None:
        yield Finding(f"The submission {name!r} has no {CARD}.", hint="copy that of a baseline and change it.")
        return
    try:
        record = yaml.safe_load(raw)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        yield Finding(f"The file is not YAML: {str(error).splitlines()[0]}.", hint="compare it with a baseline's.")
        return
    if not is_valid("system", record):
        yield from explain("system", record)
    elif record["system_id"] != name:
        yield Finding(f"Got the system_id {record['system_id']!r}. Expected the name of the folder, {name!r}.")


@rule("submission-file", "reference")
def submission_file(path: Path) -> Iterator[Finding]:
    """Every file of predictions is named for its task and folds."""
    if parse_name(path) is None:
        schemes = ", ".join(SCHEMES)
        yield Finding(
            f"Got the name {path.name!r}. Expected <task>.<folds>.jsonl.",
            hint=f"tasks are {', '.join(TASKS)}; folds are {schemes}.",
        )


@rule("submission-seeds", "reference")
def submission_seeds(card: SystemCard, files: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Every seed that was run is submitted, for the same tasks and folds; the best of several is refused."""
    expected = {f"seed-{seed}" for seed in card.seeds} if len(card.seeds) > 1 else {""}
    if set(files) != expected:
        got, wanted = (", ".join(sorted(folders)) or "none" for folders in (files, expected))
        yield Finding(
            f"Got predictions in the folders {got or PREDICTIONS!r}. Expected {wanted or PREDICTIONS!r}.",
            hint="submit every seed that system.yaml names, each in predictions/seed-<n>/; one seed needs no folder.",
        )
    elif len({tuple(names) for names in files.values()}) > 1:
        yield Finding("The seeds have predictions for different tasks or folds.", hint="submit all files of all seeds.")


RULES: tuple[Rule, ...] = (submission_card, submission_file, submission_seeds)


# ---------------------------------------------------------------- reading


class Tasks:
    """The items and folds of a corpus, made once for all submissions."""

    def __init__(self, corpus: Corpus) -> None:
        self.items: dict[str, list[Item]] = {name: task.build(corpus) for name, task in TASKS.items()}
        self.folds: dict[tuple[str, str], Folds] = {
            (name, scheme): folds
            for name, items in self.items.items()
            for scheme in SCHEMES
            if items and (folds := make_folds(scheme, items))
        }


def list_systems(root: Path) -> list[str]:
    """Return the names of the folders of submissions."""
    folder = root / SUBMISSIONS
    reserved = Path(FOLDS).name
    return sorted(path.name for path in folder.glob("*/") if path.is_dir() and path.name != reserved)


def read_submission(root: Path, name: str, tasks: Tasks) -> tuple[Submission | None, list[Problem]]:
    """Return a submission with the scores of its predictions, None where its card is unusable, and all problems."""
    import yaml

    folder = f"{SUBMISSIONS}/{name}"
    raw = read_bytes(root, f"{folder}/{CARD}")[0]
    if findings := list(submission_card.find(raw, name)):
        return None, [locate(submission_card, finding, f"{folder}/{CARD}") for finding in findings]
    card = msgspec.convert(yaml.safe_load(raw or b""), SystemCard)
    paths = sorted((root / folder / PREDICTIONS).rglob("*.jsonl"))
    seeds = submission_seeds.find(card, _group(root / folder / PREDICTIONS, paths))
    problems = [locate(submission_seeds, finding, f"{folder}/{CARD}") for finding in seeds]
    runs: list[Run] = []
    for path in paths:
        run, found = _read_run(root, path, card, tasks)
        problems += found
        runs += [run] if run else []
    return Submission(card, tuple(runs)), problems


def _group(folder: Path, paths: Sequence[Path]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault(path.parent.relative_to(folder).as_posix().removeprefix("."), []).append(path.name)
    return groups


def _read_run(root: Path, path: Path, card: SystemCard, tasks: Tasks) -> tuple[Run | None, list[Problem]]:
    shown = path.relative_to(root).as_posix()
    if findings := list(submission_file.find(path)):
        return None, [locate(submission_file, finding, shown) for finding in findings]
    task, scheme, _ = path.name.split(".")
    if (folds := tasks.folds.get((task, scheme))) is None:
        finding = Finding(f"The corpus has no task {task!r} with folds by {scheme}.", hint="remove the file.")
        return None, [locate(submission_file, finding, shown)]
    items = tasks.items[task]
    predictions, problems = read_predictions(path, items)
    if problems:
        return None, [msgspec.structs.replace(problem, path=shown) for problem in problems]
    seed = int(path.parent.name.removeprefix("seed-")) if path.parent.name.startswith("seed-") else None
    name = card.system_id if seed is None else f"{card.system_id} (seed {seed})"
    checksum = sha256(path.read_bytes()).hexdigest()
    return Run(shown, checksum, seed, Score(name, items, predictions, scheme), folds), []


def read_submissions(root: Path, corpus: Corpus) -> tuple[list[Submission], list[Problem]]:
    """Return all submissions of a corpus folder, by name, and every problem of theirs."""
    tasks = Tasks(corpus)
    submissions: list[Submission] = []
    problems: list[Problem] = []
    for name in list_systems(root):
        submission, found = read_submission(root, name, tasks)
        submissions += [submission] if submission else []
        problems += found
    return submissions, problems


# ---------------------------------------------------------------- writing


def format_result(submission: Submission) -> bytes:
    """Return the bytes of a submission's ``result.json``: every number, with the checksum of its predictions."""
    runs = [
        {"predictions": run.path, "sha256": run.checksum, "seed": run.seed, **score_to_json(run.score, run.folds)}
        for run in submission.runs
    ]
    return encode_json({"system": submission.card.system_id, "runs": runs})


def encode_json(data: Any) -> bytes:
    """Return data as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n"


def to_record(card: SystemCard) -> dict[str, Any]:
    """Return a card as plain data, without what is not known."""
    record: dict[str, Any] = msgspec.json.decode(encode(card))
    return record


def format_system_card(card: SystemCard) -> bytes:
    """Return the bytes of a ``system.yaml``, in the order of the schema, without what is not known."""
    import yaml

    text: str = yaml.safe_dump(to_record(card), sort_keys=False, allow_unicode=True, width=110)
    return text.encode()


def result_path(submission: Submission) -> str:
    """Return the path of a submission's ``result.json`` inside the corpus folder."""
    return f"{SUBMISSIONS}/{submission.card.system_id}/{RESULT}"
