"""Work on shards in this process, in several processes, or on a Dask cluster.

The results do not depend on the choice.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from readout.report.printing import make_console
from readout.scale.shards import Result, Shard

Engine: TypeAlias = Literal["local", "dask"]
T = TypeVar("T")
R = TypeVar("R")


class Options(msgspec.Struct, frozen=True):
    """Options of a check or a build.

    Attributes:
        jobs: the number of processes; None for as many as pay off on this machine.
        engine: where they run.
        verify: compare bytes even if size and times of a file are the same as before.
        per_shard: the most documents that a shard has on average. The files of a build depend on
            it.
        small_corpus: up to this number of documents, worker processes and the cache of a check cost
            more than they save.
        large_corpus: above this number of documents, workers are started anew instead of forked. A
            forked one would keep a copy of what its parent knows of the corpus.
        slack: the seconds in which a file may change twice without a new time. FAT counts in steps
            of two seconds.

    """

    jobs: int | None = None
    engine: Engine = "local"
    verify: bool = False
    per_shard: int = 100
    small_corpus: int = 400
    large_corpus: int = 20_000
    slack: float = 2.0


def iter_results(
    work: Callable[[Shard], Result],
    shards: Sequence[Shard],
    options: Options,
    documents: int,
) -> Iterator[tuple[int, Result]]:
    """Yield the number and the result of each shard as soon as it is done, and show progress.

    ``documents`` is the number of documents in the whole corpus.
    """
    total = sum([len(shard.documents) for shard in shards])
    jobs = options.jobs
    if jobs is None:
        jobs = default_jobs() if total > options.small_corpus else 1

    can_fork = documents <= options.large_corpus
    with progress(total) as advance:
        for number, result in map_tasks(work, shards, jobs, options.engine, can_fork):
            advance(len(shards[number].documents))
            yield number, result


def default_jobs() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# ---------------------------------------------------------------- processes


def map_tasks(
    function: Callable[[T], R],
    tasks: Sequence[T],
    jobs: int = 1,
    engine: Engine = "local",
    fork: bool = True,
) -> Iterator[tuple[int, R]]:
    """Yield the number and the result of each task as soon as it is done.

    For more than one process, ``function`` and the tasks must be picklable. Without ``fork``,
    workers import the main module anew, so it must do its work under ``if __name__ == "__main__"``.

    Raises:
        OSError: a worker process died.

    """
    if engine == "dask":
        return _map_on_dask(function, tasks, jobs)
    if jobs > 1 and len(tasks) > 1:
        return _map_in_processes(function, tasks, min(jobs, len(tasks)), fork)
    return ((number, function(task)) for number, task in enumerate(tasks))


def _map_in_processes(
    function: Callable[[T], R],
    tasks: Sequence[T],
    jobs: int,
    fork: bool,
) -> Iterator[tuple[int, R]]:
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    # A forked worker has all modules loaded. It is safe only on Linux, if no threads are running.
    method = "fork" if fork and sys.platform.startswith("linux") else "spawn"
    context = get_context(method)
    with ProcessPoolExecutor(jobs, context, _die_with_parent) as pool:
        futures = {pool.submit(function, task): number for number, task in enumerate(tasks)}
        try:
            for future in as_completed(futures):
                yield futures.pop(future), future.result()
        except BrokenProcessPool as error:
            message = "A worker process died; it may have run out of memory."
            raise OSError(f"{message} Use fewer processes with --jobs.") from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _die_with_parent() -> None:
    """End this worker when its parent ends: the lock of a killed build would never be released."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait
    from threading import Thread

    parent = parent_process()
    if parent is None:
        return

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    Thread(target=follow, daemon=True).start()


def _map_on_dask(
    function: Callable[[T], R],
    tasks: Sequence[T],
    jobs: int,
    retries: int = 3,
) -> Iterator[tuple[int, R]]:
    """Use the cluster in Dask's configuration, or one of ``jobs`` processes on this machine."""
    import dask
    from distributed import Client, LocalCluster, as_completed

    address = dask.config.get("scheduler-address", None)
    local: Any = None
    if not address:
        local = LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
    try:
        with Client(address or local) as client:
            futures = client.map(function, tasks, retries=retries, pure=False)
            numbers = {future.key: number for number, future in enumerate(futures)}
            for future in as_completed(futures):
                yield numbers[future.key], future.result()
                future.release()
    finally:
        if local is not None:
            local.close()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector of cyclic garbage, which takes a tenth of the time of a build.

    Records have no cycles, so reference counts free them. At the end, only young objects are
    collected. Otherwise the collector would next examine everything that was ever imported,
    because of all the objects made in between.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(1)
        if was_enabled:
            gc.enable()


# ---------------------------------------------------------------- progress


@contextmanager
def progress(
    total: int,
    unit: str = "documents",
    quiet: float = 1.0,
) -> Iterator[Callable[[int], None]]:
    """Provide a function that takes the number of units just done, and show a progress bar.

    The bar appears after ``quiet`` seconds, and only on a terminal.
    """
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    bar = _Bar(total, unit, quiet)
    try:
        yield bar.advance
    finally:
        bar.stop()


class _Bar:
    """A progress bar with the units per second and the time left."""

    def __init__(self, total: int, unit: str, quiet: float) -> None:
        self.total = total
        self.unit = unit
        self.quiet = quiet
        self.done = 0
        self.started = time.monotonic()
        self.shown: Any = None

    def advance(self, done: int) -> None:
        self.done += done
        elapsed = time.monotonic() - self.started
        if self.shown is None and elapsed >= self.quiet:
            self.shown = _make_bar(self.total, self.unit)
            self.shown.start()
        if self.shown is not None:
            speed = self.done / elapsed
            self.shown.update(self.shown.task_ids[0], completed=self.done, speed=speed)
            self.shown.refresh()

    def stop(self) -> None:
        if self.shown is not None:
            self.shown.stop()


def _make_bar(total: int, unit: str) -> Any:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        BarColumn(),
        TextColumn(f"{{task.completed}} of {{task.total}} {unit},"),
        TextColumn("{task.fields[speed]:.3g} per second, left:"),
        TimeRemainingColumn(),
        console=make_console(error=True),
        transient=True,
        auto_refresh=False,  # it needs a thread, which makes forking workers unsafe
    )
    bar.add_task("", total=total, speed=0.0)
    return bar
