"""Where shards are worked on: in this process, in several, or on a cluster.

The results are the same everywhere.
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

from readout.scale.shards import Result, Shard

Engine: TypeAlias = Literal["local", "dask"]
T = TypeVar("T")
R = TypeVar("R")


class Options(msgspec.Struct, frozen=True):
    """How to work: in how many processes (None: as many as fit), by which engine.

    ``verify`` compares bytes instead of times. ``slack`` is the number of seconds in which a file
    may change twice without a new time (FAT counts in steps of two). ``per_shard`` is the number
    of documents that a shard has at most on average; the files of a build depend on it.

    For up to ``few`` documents, other processes and the cache of a check cost more than they save.
    For more than ``many``, processes start from nothing, since a forked one would carry all that
    is known of the corpus.
    """

    jobs: int | None = None
    engine: Engine = "local"
    verify: bool = False
    per_shard: int = 100
    few: int = 400
    many: int = 20_000
    slack: float = 2.0


def work_on(
    shards: Sequence[Shard], work: Callable[[Shard], Result], options: Options, documents: int
) -> Iterator[tuple[int, Result]]:
    """Yield the number and the result of each shard as they are done, and show progress.

    ``documents`` is the number of documents in the whole corpus.
    """
    total = sum([len(shard.documents) for shard in shards])
    jobs = options.jobs or (default_jobs() if total > options.few else 1)
    fork = documents <= options.many
    with progress(total) as advance:
        for number, result in map_tasks(work, shards, jobs, options.engine, fork):
            advance(len(shards[number].documents))
            yield number, result


def default_jobs() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# ---------------------------------------------------------------- processes


def map_tasks(
    function: Callable[[T], R],
    tasks: Sequence[T],
    jobs: int = 1,
    engine: Engine = "local",
    fork: bool = True,
) -> Iterator[tuple[int, R]]:
    """Yield the number and the result of each task, in the order in which they are done.

    ``function`` and the tasks must be picklable for more than one process. Without ``fork``,
    workers import the main module anew, which must then do its work under
    ``if __name__ == "__main__"``.

    Raises:
        OSError: a worker died.

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

    # A forked worker has all modules already; Linux alone can fork safely while no threads run.
    context = get_context("fork" if fork and sys.platform.startswith("linux") else "spawn")
    with ProcessPoolExecutor(jobs, context, _die_with_parent) as pool:
        futures = {pool.submit(function, task): number for number, task in enumerate(tasks)}
        try:
            for future in as_completed(futures):
                yield futures.pop(future), future.result()
        except BrokenProcessPool as error:
            message = "A worker process died; it may have run out of memory."
            raise OSError(f"{message} Use fewer with --jobs.") from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _die_with_parent() -> None:
    """Let a worker end when the build is killed, since it would hold the lock forever."""
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
    function: Callable[[T], R], tasks: Sequence[T], jobs: int, retries: int = 3
) -> Iterator[tuple[int, R]]:
    """Map over the cluster of Dask's own configuration, or over processes of this machine."""
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
def uncollected() -> Iterator[None]:
    """Keep the collector of cyclic garbage from walking over records: a tenth of the time.

    Records have no cycles. What is young is collected at the end; otherwise the collector, back
    at work, would find itself so far behind that it walks over everything that was ever imported.
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
    """Give a function that is told how many more units are done, and shows it on a terminal.

    A run of less than ``quiet`` seconds shows nothing.
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
    """Units per second and the time left."""

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
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        BarColumn(),
        TextColumn(f"{{task.completed}} of {{task.total}} {unit},"),
        TextColumn("{task.fields[speed]:.3g} per second, left:"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,  # a thread of its own would not go well with forked workers
    )
    bar.add_task("", total=total, speed=0.0)
    return bar
