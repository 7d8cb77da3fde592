"""Where shards are worked on: in this process, in several, or on a cluster. The results are the same everywhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeAlias, TypeVar, get_args

Engine: TypeAlias = Literal["local", "dask"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
ALONE = 400
"""So few documents are done sooner than other processes are started."""
LARGE = 20_000
"""Above so many documents workers are started anew: a forked one would carry all that is known of the corpus."""
RETRIES = 3
T = TypeVar("T")
R = TypeVar("R")


def default_jobs() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_tasks(
    function: Callable[[T], R], tasks: Sequence[T], jobs: int = 1, engine: Engine = "local", fork: bool = True
) -> Iterator[tuple[int, R]]:
    """Yield the number and the result of each task, in the order in which they are done.

    ``function`` and the tasks must be picklable for more than one process. Without ``fork`` workers import the main
    module anew, which must then do its work under ``if __name__ == "__main__"``.

    Raises:
        OSError: a worker died.

    """
    if engine == "dask":
        return _map_on_dask(function, tasks, jobs)
    if jobs > 1 and len(tasks) > 1:
        return _map_in_processes(function, tasks, min(jobs, len(tasks)), fork)
    return ((number, function(task)) for number, task in enumerate(tasks))


def _map_in_processes(function: Callable[[T], R], tasks: Sequence[T], jobs: int, fork: bool) -> Iterator[tuple[int, R]]:
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
            raise OSError("A worker process died; it may have run out of memory. Use fewer with --jobs.") from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _die_with_parent() -> None:
    """Let a worker end when the build is killed: nobody would ever give it work again, and it would hold the lock."""
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


def _map_on_dask(function: Callable[[T], R], tasks: Sequence[T], jobs: int) -> Iterator[tuple[int, R]]:
    """Map over the cluster that Dask's own configuration names, or over processes of this machine."""
    import dask
    from distributed import Client, LocalCluster, as_completed

    address = dask.config.get("scheduler-address", None)
    local: Any = None if address else LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
    try:
        with Client(address or local) as client:
            futures = client.map(function, tasks, retries=RETRIES, pure=False)
            numbers = {future.key: number for number, future in enumerate(futures)}
            for future in as_completed(futures):
                yield numbers[future.key], future.result()
                future.release()
    finally:
        if local is not None:
            local.close()
