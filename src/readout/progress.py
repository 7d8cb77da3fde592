"""How far a long run is: documents per second and time left, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

QUIET_SECONDS = 1.0
"""A run that is done sooner says nothing."""


@contextmanager
def counting(total: int, unit: str = "documents") -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many more documents, or other units, are done."""
    if not sys.stderr.isatty():
        yield lambda documents: None
        return
    bar = _Bar(total, unit)
    try:
        yield bar.advance
    finally:
        bar.stop()


class _Bar:
    def __init__(self, total: int, unit: str) -> None:
        self.total = total
        self.unit = unit
        self.done = 0
        self.started = time.monotonic()
        self.shown: Any = None

    def advance(self, documents: int) -> None:
        self.done += documents
        elapsed = time.monotonic() - self.started
        if self.shown is None and elapsed >= QUIET_SECONDS:
            self.shown = _make_bar(self.total, self.unit)
            self.shown.start()
        if self.shown is not None:
            self.shown.update(self.shown.task_ids[0], completed=self.done, speed=self.done / elapsed)
            self.shown.refresh()

    def stop(self) -> None:
        if self.shown is not None:
            self.shown.stop()


def _make_bar(total: int, unit: str) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        BarColumn(),
        TextColumn(f"{{task.completed}} of {{task.total}} {unit}, {{task.fields[speed]:.3g}} a second, left:"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,  # a thread of its own would not go well with forked workers
    )
    bar.add_task("", total=total, speed=0.0)
    return bar
