"""Measure the CPU time of each stage of a build: ``python benchmarks/stages.py CORPUS``.

The build uses one process and no cache. The time of a stage is that of its functions, without the
functions of other stages that they call. The rest, such as imports and the card, belongs to no
stage.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from readout.checks import Usage, folder
from readout.corpus import parse, read
from readout.corpus.tally import Tally
from readout.dataset import parquet
from readout.dataset.arrow import ContentHash
from readout.dataset.build import build_hub
from readout.scale.workers import Options

STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "read and hash files": ((read, "read_text"), (read, "_read_layer")),
    "decode": ((parse, "_decode"),),
    "check": ((parse, "_is_accepted"), (folder, "check_document")),
    "count for card and warnings": ((Usage, "add_documents"), (Tally, "add_documents")),
    "columns": ((parquet, "build_table"), (parquet, "Batch")),
    "content hash": ((ContentHash, "update"),),
    "Parquet": ((pq.ParquetWriter, "write_table"), (pq.ParquetWriter, "close")),
}


class Watch:
    """The CPU seconds of each stage so far."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.running = ["none of these"]
        self.since = time.process_time()

    def switch(self) -> None:
        """Add the time since the last switch to the running stage."""
        now = time.process_time()
        self.seconds[self.running[-1]] += now - self.since
        self.since = now

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function whose time is added to a stage; a generator runs to its end."""

        def run(*arguments: Any, **options: Any) -> Any:
            self.switch()
            self.running.append(stage)
            try:
                result = function(*arguments, **options)
                if isinstance(result, Iterator):
                    return list(result)
                return result
            finally:
                self.switch()
                self.running.pop()

        return run


def main() -> None:
    """Build a corpus and print the share of each stage."""
    watch = Watch()
    for stage, functions in STAGES.items():
        for owner, name in functions:
            setattr(owner, name, watch.timed(stage, getattr(owner, name)))
    with tempfile.TemporaryDirectory() as target:
        assert build_hub(Path(sys.argv[1]), Path(target) / "hub", Options(jobs=1)).infos

    watch.switch()
    total = sum(watch.seconds.values())
    print("| stage | CPU s | share |\n| --- | ---: | ---: |")
    for stage, seconds in watch.seconds.most_common():
        print(f"| {stage} | {seconds:.2f} | {seconds / total:.0%} |")


if __name__ == "__main__":
    main()
