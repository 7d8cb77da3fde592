"""Measure how often the intervals of scores contain the true value, and write a table of it.

    python benchmarks/coverage.py [CORPUS]

The simulated corpora have the items of the corpus folder CORPUS, and 5 or 20 of its events.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from readout.benchmark.scoring.coverage import CLAIMED, coverage_table
from readout.benchmark.tasks import TASKS
from readout.corpus.read import read_corpus
from readout.report.tables import format_markdown

RESULTS = Path(__file__).parent / "results" / "coverage.md"
TASK_NAMES = ("polarity", "stance")
EVENTS = (5, 20)
RUNS = 2_000
HEAD = f"""# Coverage of the intervals on texts like these

`python benchmarks/coverage.py` generates this file. Each number is the share of {RUNS:,} simulated
corpora in which the 95 % interval of the official measure contains the true value, and the least of
those for systems that are right on 50 %, 70 % or 90 % of the items. A system's hit rate differs
between events and between targets; ICC is the intraclass correlation of its answers. If both are
.3, hit rates of 90 % are left out, because effects that add up cannot give such answers. Two
standard errors are about 1 point. A coverage of at least {CLAIMED:.0%} is claimed for the settings
here that reach it. It is not claimed for systems that depend more on event or target, for fewer
events, or for events that have very different labels.
"""


def format_tables(root: Path) -> Iterator[str]:
    """Yield the head of the page and a table per task and number of events."""
    yield HEAD
    corpus = read_corpus(root)[0]
    for name in TASK_NAMES:
        items = TASKS[name].build(corpus)
        for events in EVENTS:
            table = coverage_table(items, events, RUNS)
            yield f"**{table.title}**\n"
            yield format_markdown(table) + "\n"


if __name__ == "__main__":
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent
    RESULTS.write_text("\n".join(format_tables(root)), encoding="utf-8", newline="\n")
