"""Submissions: one folder per system, with its description, predictions and results.

``predictions/<task>.<folds>.jsonl`` contains the pooled held-out predictions of all folds. A system
with several seeds has one folder ``predictions/seed-<n>/`` per seed. Every seed is scored, and the
board shows their mean and range.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from readout.benchmark.board.cards import (
    CARD,
    SUBMISSIONS,
    ListedKind,
    SystemCard,
    SystemKind,
    locate_field,
    read_card,
    submission_copy,
)
from readout.benchmark.board.cards import RULES as CARD_RULES
from readout.benchmark.folds import SCHEMES, Folds, Scheme, build_folds
from readout.benchmark.predictions import (
    FILE_NAMES,
    Header,
    file_name,
    parse_answers,
    parse_header,
)
from readout.benchmark.scoring.report import score_to_json
from readout.benchmark.scoring.scores import Score
from readout.benchmark.tasks import TASKS
from readout.corpus.files import check_name, find_generated
from readout.corpus.items import ITEMS, Frozen
from readout.corpus.read import leads_outside, outside_link, read_bytes
from readout.problem import Finding, Problem, RefusedError, Rule, locate, rule

RESULT = "result.json"
PREDICTIONS = "predictions"
_SEED_FOLDER = re.compile(r"seed-([0-9]+)")


class Run(NamedTuple):
    """One scored file of predictions.

    ``checksum`` is the SHA-256 of the file. ``seed`` is None if the file is in no folder of a seed.
    """

    path: str
    checksum: str
    seed: int | None
    score: Score
    folds: Folds


class EarlierRun(NamedTuple):
    """A file of predictions for the items of an earlier release, which is listed and not scored.

    ``version`` is that of the release, and ``items`` the hash of its items.
    """

    path: str
    checksum: str
    task: str
    folds: str
    items: str
    version: str


class Submission(NamedTuple):
    """A system and all its runs."""

    card: SystemCard
    kind: SystemKind
    runs: tuple[Run, ...]
    earlier: tuple[EarlierRun, ...] = ()

    @property
    def paths(self) -> list[str]:
        """The paths of all files of predictions."""
        return [run.path for run in self.runs] + [run.path for run in self.earlier]


# ---------------------------------------------------------------- places


def predictions_path(name: str, task: str, folds: Scheme, seed: int | None = None) -> str:
    """Return the path of a file of predictions inside the corpus folder.

    A run with a seed has a folder of its own.
    """
    folder = f"{SUBMISSIONS}/{name}/{PREDICTIONS}"
    if seed is not None:
        folder = f"{folder}/{_name_seed_folder(seed)}"
    return f"{folder}/{file_name(task, folds)}"


def _name_seed_folder(seed: int) -> str:
    return f"seed-{seed}"


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


@rule("submission-file", "reference")
def submission_file(name: str, header: Header | None = None) -> Iterator[Finding]:
    """Every file of predictions is named for its task and folds, as its header names them."""
    if name not in FILE_NAMES:
        tasks, schemes = ", ".join(TASKS), ", ".join(SCHEMES)
        message = f"Got the name {name!r}. Expected a file <task>.<folds>.jsonl."
        hint = (
            "name each file so, one per task and folds, not compressed, and move others out of "
            f"{PREDICTIONS}/; tasks are {tasks}; folds are {schemes}."
        )
        yield Finding(message, hint=hint)
    elif header and name != (expected := file_name(header.task, header.folds)):
        message = f"Got the name {name!r}. Expected {expected!r}, as the header says."
        yield Finding(message, hint=f"rename the file to {expected!r}, or correct its header.")


@rule("submission-stray", "reference")
def submission_stray(name: str) -> Iterator[Finding]:
    """Predictions are files in the folder ``predictions`` of a submission."""
    yield Finding(
        f"Got {name!r} here. Expected predictions only as files in the folder of a submission.",
        hint=f"move the file to {SUBMISSIONS}/<system_id>/{PREDICTIONS}/<task>.<folds>.jsonl; "
        "if this is a folder, remove it.",
    )


@rule("submission-seeds", "reference")
def submission_seeds(card: SystemCard, files: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Every seed that was run is submitted, for the same tasks and folds.

    ``files`` maps each folder inside ``predictions`` to the names of its files. A selection of the
    best of several seeds would overestimate a system.
    """
    expected = {""}
    if len(card.seeds) > 1:
        expected = {_name_seed_folder(seed) for seed in card.seeds}

    if not files:
        yield Finding(
            f"There are no predictions in {PREDICTIONS}/.",
            ("seeds",),
            hint=f"write them to {PREDICTIONS}/<task>.<folds>.jsonl, or to "
            f"{PREDICTIONS}/seed-<n>/<task>.<folds>.jsonl if 'seeds' lists several.",
        )
    elif set(files) != expected:
        got, wanted = _format_folders(files), _format_folders(expected)
        yield Finding(
            f"Got predictions in {got}. Expected them in {wanted}.",
            ("seeds",),
            hint="submit every seed that system.yaml names, each in predictions/seed-<n>/; "
            "files of a single seed belong in predictions/.",
        )
    elif len({tuple(names) for names in files.values()}) > 1:
        message = "The seeds have predictions for different tasks or folds."
        hint = "submit the same files for every seed."
        yield Finding(message, ("seeds",), hint=hint)


def _format_folders(folders: Iterable[str]) -> str:
    paths = [f"{PREDICTIONS}/{folder}" for folder in sorted(folders)]
    return ", ".join(paths)


RULES: tuple[Rule, ...] = (
    submission_place,
    *CARD_RULES,
    submission_file,
    submission_stray,
    submission_seeds,
)


# ---------------------------------------------------------------- reading


class Listed(NamedTuple):
    """The kinds of artefacts and baselines, and their descriptions, by the id of the system."""

    kinds: Mapping[str, ListedKind]
    cards: Mapping[str, SystemCard]


def list_systems(root: Path) -> list[str]:
    """Return the names of the folders of submissions, and of links that lead nowhere."""
    folder = root / SUBMISSIONS
    reserved = Path(ITEMS).name
    return sorted(
        path.name
        for path in folder.glob("*")
        if (path.is_dir() or not path.exists()) and path.name != reserved
    )


def _read_own_card(
    root: Path, name: str, listed: Listed
) -> tuple[SystemCard | None, list[Problem]]:
    """Return the description of a submission, and the problems of its place and description."""
    folder = f"{SUBMISSIONS}/{name}"
    for path in (folder, f"{folder}/{PREDICTIONS}"):
        if leads_outside(root, path):
            return None, [locate(outside_link, each, path) for each in outside_link.find(path)]

    findings = list(submission_place.find(root, name))
    if findings:
        return None, [locate(submission_place, each, folder) for each in findings]

    card, problems = read_card(root, name)
    if card and name not in listed.kinds:
        path = f"{folder}/{CARD}"
        raw = read_bytes(root, path)[0] or b""
        findings = list(submission_copy.find(card, listed.cards))
        problems += [locate_field(submission_copy, each, path, raw) for each in findings]
    return card, problems


def read_submission(
    root: Path, name: str, frozen: Frozen, listed: Listed
) -> tuple[Submission | None, list[Problem]]:
    """Return a submission with the scores of its predictions, and all its problems.

    The submission is None if it has any problem: a score of some of its runs would mislead.
    """
    folder = f"{SUBMISSIONS}/{name}"
    card, problems = _read_own_card(root, name, listed)
    if card is None or problems:
        return None, problems

    predictions = root / folder / PREDICTIONS
    paths = list(_iter_files(predictions))
    problems = list(_check_places(root, root / folder, paths))
    if problems:
        return None, problems

    path = f"{folder}/{CARD}"
    raw = read_bytes(root, path)[0] or b""
    findings = list(submission_seeds.find(card, _group_names(predictions, paths)))
    problems = [locate_field(submission_seeds, each, path, raw) for each in findings]
    if problems:
        return None, problems

    runs: list[Run] = []
    earlier: list[EarlierRun] = []
    for file in paths:
        run, found = _read_run(root, file, card, frozen)
        problems += found
        if isinstance(run, EarlierRun):
            earlier.append(run)
        elif run:
            runs.append(run)
    if problems:
        return None, problems
    kind: SystemKind = listed.kinds.get(name, "system")
    return Submission(card, kind, tuple(runs), tuple(earlier)), []


def _iter_files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, sorted, without hidden ones.

    Links to folders are not followed.
    """
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(parent, name)


def _check_places(root: Path, folder: Path, paths: Sequence[Path]) -> Iterator[Problem]:
    """Yield the problems of files of a submission that cannot be predictions, or are elsewhere.

    ``paths`` are the files in its folder of predictions.
    """
    for path in paths:
        for finding in submission_file.find(path.name):
            yield locate(submission_file, finding, path.relative_to(root).as_posix())
    strays = list(folder.glob("*.jsonl"))
    strays += [path for path in (folder / PREDICTIONS).rglob("*.jsonl") if path.is_dir()]
    yield from _find_strays(root, strays)


def _find_strays(root: Path, paths: Iterable[Path]) -> Iterator[Problem]:
    for path in sorted(paths):
        for finding in submission_stray.find(path.name):
            yield locate(submission_stray, finding, path.relative_to(root).as_posix())


def _group_names(folder: Path, paths: Sequence[Path]) -> dict[str, list[str]]:
    """Return the names of files by their path inside ``folder``; its own files have the path ''."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        inner = path.parent.relative_to(folder).as_posix().removeprefix(".")
        groups.setdefault(inner, []).append(path.name)
    return groups


def _read_run(
    root: Path, path: Path, card: SystemCard, frozen: Frozen
) -> tuple[Run | EarlierRun | None, list[Problem]]:
    shown = path.relative_to(root).as_posix()
    raw, problems = read_bytes(root, shown)
    header: Header | None = None
    if raw is not None:
        header, problems = parse_header(shown, raw)
    if raw is None or header is None:
        return None, problems
    problems = [
        locate(submission_file, each, shown) for each in submission_file.find(path.name, header)
    ]

    release = frozen.release
    version = release.find_version(header.task, header.items)
    if version and not release.is_current(header.task, header.items):
        checksum = sha256(raw).hexdigest()
        run = EarlierRun(shown, checksum, header.task, header.folds, header.items, version)
        return (None if problems else run), problems

    items = frozen.items.get(header.task, [])
    predictions, found = parse_answers(shown, raw, header, items, release)
    problems += found
    folds = build_folds(header.folds, items)
    if problems or folds is None:
        return None, problems

    seed, name = None, card.system_id
    if match := _SEED_FOLDER.fullmatch(path.parent.name):
        seed = int(match[1])
        name = f"{card.system_id} (seed {seed})"
    score = Score(name, items, predictions, folds.scheme, header.items)
    return Run(shown, sha256(raw).hexdigest(), seed, score, folds), []


def read_submissions(
    root: Path, frozen: Frozen, kinds: Mapping[str, ListedKind]
) -> tuple[list[Submission], list[Problem]]:
    """Return all submissions in a corpus folder by name, and all their problems.

    ``kinds`` are those of artefacts and baselines; every other submission is a system.
    """
    listed = _read_listed(root, kinds)
    submissions: list[Submission] = []
    problems = list(_find_strays(root, (root / SUBMISSIONS).glob("*.jsonl")))
    for name in list_systems(root):
        submission, found = read_submission(root, name, frozen, listed)
        problems += found
        if submission:
            submissions.append(submission)
    return submissions, problems


def _read_listed(root: Path, kinds: Mapping[str, ListedKind]) -> Listed:
    cards = {}
    for name in list_systems(root):
        card = read_card(root, name)[0] if name in kinds else None
        if card:
            cards[name] = card
    return Listed(kinds, cards)


# ---------------------------------------------------------------- writing


def format_result(submission: Submission) -> bytes:
    """Return the bytes of a submission's ``result.json``.

    It contains every number, with the checksums of the predictions.
    """
    runs = []
    for run in submission.runs:
        source = {"predictions": run.path, "sha256": run.checksum, "seed": run.seed}
        runs.append({**source, **score_to_json(run.score, run.folds)})
    result: dict[str, Any] = {
        "system": submission.card.system_id,
        "kind": submission.kind,
        "seen": submission.card.exposure.badge,
        "runs": runs,
    }
    if submission.earlier:
        result["earlier_releases"] = [run._asdict() for run in submission.earlier]
    return encode_json(result)


def encode_json(data: Any) -> bytes:
    """Return data as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n"


def result_path(submission: Submission) -> str:
    """Return the path of a submission's ``result.json`` inside the corpus folder."""
    return f"{SUBMISSIONS}/{submission.card.system_id}/{RESULT}"


def read_published(root: Path, submission: Submission) -> set[str]:
    """Return the paths of the predictions that a submission's ``result.json`` has numbers for.

    A malformed result counts as one with all of them, so that it is compared and found wrong.
    """
    raw = read_bytes(root, result_path(submission))[0]
    if raw is None:
        return set()
    try:
        found = msgspec.json.decode(raw, type=_Result)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return set(submission.paths)
    paths = {run.predictions for run in found.runs}
    return paths | {run.path for run in found.earlier_releases}


class _ResultRun(msgspec.Struct):
    predictions: str


class _EarlierResult(msgspec.Struct):
    path: str


class _Result(msgspec.Struct):
    """The part of ``result.json`` that says which predictions it is for."""

    runs: list[_ResultRun]
    earlier_releases: list[_EarlierResult] = []
