"""Run the baselines, and write them as submissions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import NamedTuple, cast

from readout.benchmark.board.cards import (
    CARD,
    KINDS,
    SUBMISSIONS,
    Exposure,
    Listing,
    Selection,
    SystemCard,
    format_kinds,
    format_system_card,
    read_kinds,
)
from readout.benchmark.board.submissions import PREDICTIONS, list_systems, predictions_path
from readout.benchmark.folds import OFFICIAL, Folds, Scheme, build_folds
from readout.benchmark.predictions import format_predictions
from readout.benchmark.systems.baselines import BASELINES, UNTRAINED, Baseline
from readout.benchmark.systems.system import System, predict_folds
from readout.benchmark.tasks import find_items
from readout.corpus.files import Change, FileChanges, write_generated
from readout.corpus.items import read_frozen
from readout.corpus.read import find_root, read_bytes
from readout.model import Item
from readout.problem import RefusedError
from readout.scale.workers import map_tasks, progress

MANY_ITEMS = 2_000
"""Training on every target and every holder in turn takes an hour for a task of this size."""


class Job(NamedTuple):
    """A run of one baseline on one task with one scheme of folds, and one seed if it has any."""

    name: str
    items: Sequence[Item]
    folds: Folds
    seed: int | None = None

    @property
    def path(self) -> str:
        """The path of the predictions file inside the corpus folder."""
        return predictions_path(self.name, self.folds.task, self.folds.scheme, self.seed)


def list_jobs(items: Mapping[str, Sequence[Item]], names: Iterable[str]) -> list[Job]:
    """Return the jobs of baselines, without folds that a task does not have.

    A task with more than :data:`MANY_ITEMS` items gets the official folds only, beside zero-shot.
    """
    jobs = []
    for name in names:
        baseline = BASELINES[name]
        for task, scheme in product(baseline.tasks, baseline.schemes):
            asked = items.get(task, ())
            if len(asked) > MANY_ITEMS and scheme not in UNTRAINED:
                continue
            folds = build_folds(cast("Scheme", scheme), asked)
            if folds:
                seeds = baseline.seeds or (None,)
                jobs += [Job(name, asked, folds, seed) for seed in seeds]
    return jobs


def run_job(job: Job) -> bytes:
    """Return the bytes of a job's predictions."""
    from threadpoolctl import threadpool_limits

    make = partial(BASELINES[job.name].make_run, job.folds.task, job.seed)
    # One thread sums in a fixed order, so results are reproducible, and leaves CPUs to workers.
    with threadpool_limits(1):
        predictions = predict_folds(make, job.items, job.folds)
    return format_predictions(job.items, predictions, job.folds.scheme)


def run_jobs(jobs: Sequence[Job], workers: int) -> dict[str, bytes]:
    """Return the predictions of all jobs by path, in the order of the jobs.

    ``workers`` is the number of processes; it does not change the result.
    """
    done: dict[int, bytes] = {}
    with progress(len(jobs), "runs") as advance:
        for number, raw in map_tasks(run_job, jobs, workers):
            done[number] = raw
            advance(1)
    return {job.path: done[number] for number, job in enumerate(jobs)}


def make_card(baseline: Baseline) -> SystemCard:
    """Return the ``system.yaml`` of a baseline."""
    is_trained = "event" in baseline.schemes and "zero-shot" not in baseline.schemes
    training = "training folds only" if is_trained else "nothing"
    selection: Selection = "training-folds" if baseline.tuned else "none"
    exposure = Exposure(
        badge=baseline.badge,
        training=training,
        pretraining=baseline.pretraining,
        people=baseline.exposure,
    )
    return SystemCard(
        system_id=baseline.name,
        name=baseline.name,
        description=baseline.description,
        authors=("The Readout developers",),
        code=f"readout bench baseline {baseline.name}",
        license="CC-BY-4.0",
        model=baseline.model,
        exposure=exposure,
        seeds=baseline.seeds,
        selection=selection,
        hardware="Two CPU cores, no GPU; running all baselines takes minutes.",
        prompts=(),
    )


def change_baselines(
    root: Path, items: Mapping[str, Sequence[Item]], names: Sequence[str], workers: int
) -> FileChanges:
    """Run baselines on items, and return the changes of files that make them submissions.

    Predictions of these baselines for tasks or folds that the items do not have are deleted.
    Results and leaderboards are computed by :mod:`readout.benchmark.board.leaderboard`.
    """
    files = run_jobs(list_jobs(items, names), workers)
    for name in names:
        files[f"{SUBMISSIONS}/{name}/{CARD}"] = format_system_card(make_card(BASELINES[name]))
    files |= _list_kinds(root, names)

    changes = {path: Change(read_bytes(root, path)[0], raw) for path, raw in files.items()}
    for name in names:
        for file in (root / SUBMISSIONS / name / PREDICTIONS).rglob("*.jsonl"):
            path = file.relative_to(root).as_posix()
            if path not in files:
                changes[path] = Change(read_bytes(root, path)[0], None)
    return changes


def _list_kinds(root: Path, names: Sequence[str]) -> dict[str, bytes]:
    """Return the list of kinds with these baselines, by its path; nothing if it has them all.

    Raises:
        RefusedError: the present list has problems.

    """
    # What runs now mends a list that lacks it, or that names it without a folder.
    listed, problems = read_kinds(root, Listing({*list_systems(root), *BASELINES}))
    if problems:
        raise RefusedError(f"{KINDS} has problems. Correct them first: {problems[0].message}")
    kinds = {**listed, **{name: BASELINES[name].kind for name in names}}
    return {} if kinds == listed else {KINDS: format_kinds(kinds)}


def write_baselines(root: Path, names: Sequence[str], workers: int) -> list[str]:
    """Run baselines on the frozen items and write their submissions; return the written paths.

    Raises:
        RefusedError: the corpus has no frozen items, or they are damaged.

    """
    changes = change_baselines(root, read_frozen(root).items, names, workers)
    write_generated(root, changes)
    return sorted(path for path, change in changes.items() if change.new is not None)


# ---------------------------------------------------------------- systems of others


def submit(
    make: Callable[[], System], task: str, root: Path | None = None, scheme: Scheme = OFFICIAL
) -> Path:
    """Answer the frozen items of a task with a new system per fold, and write its predictions.

    ``root`` is the folder of the corpus, by default the one that the current folder is in. Return
    the path of the predictions, in the folder of a submission with the name of the system.

    Raises:
        RefusedError: the corpus has no frozen items of the task, the task has no such folds, or an
            answer is invalid.

    """
    folder = find_root(root)
    items = find_items(read_frozen(folder).items, task)
    folds = build_folds(scheme, items)
    if folds is None:
        raise RefusedError(f"The task {task!r} has no folds by {scheme}.")

    raw = format_predictions(items, predict_folds(make, items, folds), scheme)
    path = predictions_path(make().name, task, scheme)
    write_generated(folder, {path: Change(read_bytes(folder, path)[0], raw)})
    return folder / path
