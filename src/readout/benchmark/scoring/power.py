"""Estimate which differences a corpus can detect, and which more events would. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil, sqrt
from typing import NamedTuple

from readout.benchmark.scoring.counts import list_families
from readout.benchmark.scoring.coverage import coverage_table
from readout.benchmark.scoring.intervals import LEVEL
from readout.benchmark.scoring.report import list_limits
from readout.benchmark.scoring.statistics import detectable_difference, smallest_p
from readout.benchmark.tasks import TASKS
from readout.model import Item
from readout.report.tables import Report, Table, format_number, format_p

EVENTS = (6, 8, 12, 20, 40, 80)
"""Numbers of events to plan for beside the present one; with fewer than 6, no p is below .05."""
CORRELATIONS = (0.0, 0.05, 0.2)
"""Intraclass correlations to assume: none, and the usual range for clustered texts."""
DISCORDANCE = 0.2
"""The assumed share of items, or swap groups, that exactly one of two systems has right."""


class ClusterSizes(NamedTuple):
    """The number of items, or of swap groups, of each event."""

    sizes: tuple[int, ...]

    @property
    def mean(self) -> float:
        """The mean size."""
        return sum(self.sizes) / len(self.sizes)

    @property
    def effective(self) -> float:
        """The mean size of an item's own cluster, which is larger if sizes vary (Kish 1965)."""
        return sum(size**2 for size in self.sizes) / sum(self.sizes)


def count_clusters(items: Sequence[Item]) -> ClusterSizes:
    """Return the number of scored items of each event.

    For tasks with swap groups, it is the number of groups in the family with the fewest.
    """
    scored = [item for item in items if item.gold is not None]
    events = dict.fromkeys(item.event for item in scored)
    found = [Counter(item.event for item in scored)]
    families = list_families(scored)
    if families:
        found = [Counter(each.event for each in scored if name in each.swap) for name in families]
    fewest = min(found, key=Counter.total)
    return ClusterSizes(tuple(fewest[event] for event in events))


# ---------------------------------------------------------------- plans


def plan_error(
    clusters: ClusterSizes, events: int, icc: float, discordance: float = DISCORDANCE
) -> float:
    """Return the standard error of the difference of two accuracies over a number of events.

    Two equally good systems differ on a share ``discordance`` of the items, which is then the
    variance of an item's difference. Clustering multiplies it by 1 + (m − 1)·ICC with the effective
    size m (Kish 1965).
    """
    inflation = 1 + (clusters.effective - 1) * icc
    return sqrt(discordance * inflation / (events * clusters.mean))


def plan_table(items: Sequence[Item], discordance: float = DISCORDANCE) -> Table:
    """Return what the present and other numbers of events allow.

    These are the smallest p of the swap test, the number of comparisons for which it is below .05
    after Holm's correction, and the difference that can be detected: of accuracies or, for tasks
    with swap groups, of shares of groups. Further events are assumed to have the sizes of the
    present ones.
    """
    clusters = count_clusters(items)
    present = len(clusters.sizes)
    rows = []
    for events in sorted({present, *EVENTS}):
        cells = []
        for icc in CORRELATIONS:
            error = plan_error(clusters, events, icc, discordance)
            cells.append(_format_detectable(detectable_difference(error, events)))
        p = smallest_p(events)
        # Holm's procedure multiplies the smallest p by the number of comparisons.
        comparisons = ceil(LEVEL / p) - 1
        rows.append((events, format_p(p), comparisons, *cells))

    correlations = [f"ICC {format_number(icc, 2)}" for icc in CORRELATIONS]
    columns = ("events", "smallest p of the swap test", "comparisons possible", *correlations)
    what = "the share of swap groups" if list_families(items) else "accuracy"
    title = f"Difference in {what} that a paired t test over events detects with 80 % power"
    return Table(f"{title}: {items[0].task}", columns, rows)


def _format_detectable(difference: float | None) -> str:
    if difference is None:
        return format_number(None)
    # No two accuracies differ by more than 1.
    return format_number(min(difference, 1.0))


# ---------------------------------------------------------------- report


def report_power(
    items: Sequence[Item], discordance: float = DISCORDANCE, coverage: bool = False
) -> Report:
    """Return the plan for the items of a task and, on request, the coverage of its intervals."""
    clusters = count_clusters(items)
    events = len(clusters.sizes)
    tables = [plan_table(items, discordance)]
    labels = TASKS[items[0].task].labels
    if coverage and labels and events > 1:
        tables.append(coverage_table(items))

    sizes = ", ".join(map(str, clusters.sizes))
    unit = "swap groups" if list_families(items) else "scored items"
    shape = (
        f"The task has {sum(clusters.sizes)} {unit} in {events} events of {sizes}. "
        "The plan assumes that further events have the same sizes."
    )
    assumed = (
        "The plan assumes that exactly one of two systems is right "
        f"on {discordance:.0%} of the {unit}."
    )
    notes = (shape, assumed, *list_limits(events))
    data = [{"title": each.title, "columns": each.columns, "rows": each.rows} for each in tables]
    return Report(notes, tuple(tables), data)
