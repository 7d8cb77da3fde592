"""Runs of the baselines, and how they become submissions like everybody else's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from readout.benchmark.board.submissions import (
    CARD,
    PREDICTIONS,
    SUBMISSIONS,
    Exposure,
    SystemCard,
    Tasks,
    format_system_card,
)
from readout.benchmark.folds import Folds
from readout.benchmark.predictions import format_predictions
from readout.benchmark.systems.baselines import BASELINES, Baseline
from readout.benchmark.systems.system import predict_folds
from readout.benchmark.tasks import Item
from readout.corpus.files import write_files
from readout.model import Corpus
from readout.scale.workers import map_tasks, progress


class Job(NamedTuple):
    """One baseline on one task with one kind of folds."""

    name: str
    items: Sequence[Item]
    folds: Folds

    @property
    def path(self) -> str:
        """The path of its file of predictions inside the corpus folder."""
        return f"{SUBMISSIONS}/{self.name}/{PREDICTIONS}/{self.folds.task}.{self.folds.scheme}.jsonl"


def list_jobs(corpus: Corpus, names: Iterable[str]) -> list[Job]:
    """Return the jobs of baselines; folds that a task does not have are left out."""
    tasks = Tasks(corpus)
    return [
        Job(name, tasks.items[task], folds)
        for name in names
        for task in BASELINES[name].tasks
        for scheme in BASELINES[name].schemes
        if (folds := tasks.folds.get((task, scheme)))
    ]


def run_job(job: Job) -> bytes:
    """Return the bytes of a job's predictions."""
    from threadpoolctl import threadpool_limits

    make = partial(BASELINES[job.name].make, job.folds.task)
    with threadpool_limits(1):  # sums in one order, and no more threads than workers
        return format_predictions(job.items, predict_folds(make, job.items, job.folds))


def run_jobs(jobs: Sequence[Job], workers: int) -> dict[str, bytes]:
    """Return the predictions of all jobs by path, in the order of the jobs however they are shared out."""
    done: dict[int, bytes] = {}
    with progress(len(jobs), "runs") as advance:
        for number, raw in map_tasks(run_job, jobs, workers):
            done[number] = raw
            advance(1)
    return {job.path: done[number] for number, job in enumerate(jobs)}


def make_card(baseline: Baseline) -> SystemCard:
    """Return the ``system.yaml`` of a baseline."""
    trained = "event" in baseline.schemes and "zero-shot" not in baseline.schemes
    return SystemCard(
        system_id=baseline.name,
        name=baseline.name,
        kind=baseline.kind,
        description=baseline.description,
        authors=("The Readout developers",),
        code=f"readout bench baseline {baseline.name}",
        license="CC-BY-4.0",
        model=baseline.model,
        exposure=Exposure(
            training="training folds only" if trained else "nothing",
            pretraining=baseline.pretraining,
            people=baseline.exposure,
        ),
        seeds=(),
        selection="training-folds" if baseline.tuned else "none",
        hardware="CPU, two cores, no GPU; the run of all baselines takes minutes.",
        prompts=(),
    )


def write_baselines(root: Path, corpus: Corpus, names: Sequence[str], workers: int) -> list[str]:
    """Run baselines, write them as submissions, and return the paths of all files written.

    Predictions of a baseline for tasks that the corpus no longer has are removed. Results and boards are made by
    :mod:`readout.benchmark.board.leaderboard`.
    """
    jobs = list_jobs(corpus, names)
    files = run_jobs(jobs, workers)
    files.update({f"{SUBMISSIONS}/{name}/{CARD}": format_system_card(make_card(BASELINES[name])) for name in names})
    for name in names:
        for path in (root / SUBMISSIONS / name / PREDICTIONS).glob("*.jsonl"):
            if path.relative_to(root).as_posix() not in files:
                path.unlink()
    write_files(root, files)
    return sorted(files)
