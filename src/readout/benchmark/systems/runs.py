"""Run the baselines, and write them as submissions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

from readout.benchmark.board.submissions import (
    CARD,
    PREDICTIONS,
    SUBMISSIONS,
    Exposure,
    Selection,
    SystemCard,
    TaskData,
    format_system_card,
)
from readout.benchmark.folds import Folds
from readout.benchmark.predictions import format_predictions
from readout.benchmark.systems.baselines import BASELINES, Baseline
from readout.benchmark.systems.system import predict_folds
from readout.benchmark.tasks import Item
from readout.corpus.files import Change, write_generated
from readout.corpus.read import read_bytes
from readout.model import Corpus
from readout.scale.workers import map_tasks, progress


class Job(NamedTuple):
    """A run of one baseline on one task with one scheme of folds."""

    name: str
    items: Sequence[Item]
    folds: Folds

    @property
    def path(self) -> str:
        """The path of the predictions file inside the corpus folder."""
        name = f"{self.folds.task}.{self.folds.scheme}.jsonl"
        return f"{SUBMISSIONS}/{self.name}/{PREDICTIONS}/{name}"


def list_jobs(corpus: Corpus, names: Iterable[str]) -> list[Job]:
    """Return the jobs of baselines, without folds that a task does not have."""
    data = TaskData(corpus)
    jobs = []
    for name in names:
        baseline = BASELINES[name]
        for task, scheme in product(baseline.tasks, baseline.schemes):
            folds = data.folds.get((task, scheme))
            if folds:
                jobs.append(Job(name, data.items[task], folds))
    return jobs


def run_job(job: Job) -> bytes:
    """Return the bytes of a job's predictions."""
    from threadpoolctl import threadpool_limits

    make = partial(BASELINES[job.name].make, job.folds.task)
    # One thread sums in a fixed order, so results are reproducible, and leaves CPUs to workers.
    with threadpool_limits(1):
        predictions = predict_folds(make, job.items, job.folds)
    return format_predictions(job.items, predictions)


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
        training=training,
        pretraining=baseline.pretraining,
        people=baseline.exposure,
    )
    return SystemCard(
        system_id=baseline.name,
        name=baseline.name,
        kind=baseline.kind,
        description=baseline.description,
        authors=("The Readout developers",),
        code=f"readout bench baseline {baseline.name}",
        license="CC-BY-4.0",
        model=baseline.model,
        exposure=exposure,
        seeds=(),
        selection=selection,
        hardware="Two CPU cores, no GPU; running all baselines takes minutes.",
        prompts=(),
    )


def write_baselines(root: Path, corpus: Corpus, names: Sequence[str], workers: int) -> list[str]:
    """Run baselines and write their submissions; return the paths of all written files.

    Predictions of these baselines for tasks or folds that the corpus no longer has are deleted.
    Results and leaderboards are computed by :mod:`readout.benchmark.board.leaderboard`.
    """
    files = run_jobs(list_jobs(corpus, names), workers)
    for name in names:
        files[f"{SUBMISSIONS}/{name}/{CARD}"] = format_system_card(make_card(BASELINES[name]))

    changes = {path: Change(read_bytes(root, path)[0], raw) for path, raw in files.items()}
    for name in names:
        for file in (root / SUBMISSIONS / name / PREDICTIONS).glob("*.jsonl"):
            path = file.relative_to(root).as_posix()
            if path not in files:
                changes[path] = Change(read_bytes(root, path)[0], None)
    write_generated(root, changes)
    return sorted(files)
