"""Estimate which differences a corpus can detect, and simulate the coverage of its intervals.

This module does no I/O.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from readout.benchmark.scoring.measures import F_FA, evaluate
from readout.benchmark.scoring.report import list_limits
from readout.benchmark.scoring.statistics import detectable_difference, smallest_p
from readout.benchmark.tasks import TASKS
from readout.model import Item
from readout.report.tables import Report, Table, format_number, format_p

EVENTS = (6, 8, 12, 20, 40, 80)
"""Numbers of events to plan for beside the present one; with fewer than 6, no p is below .05."""
CORRELATIONS = (0.0, 0.05, 0.2)
"""Intraclass correlations to assume: none, and the usual range for clustered texts."""
HIT_RATES = (0.5, 0.7, 0.9)
"""Accuracies of the simulated systems."""
DISCORDANCE = 0.2
"""The assumed share of items on which exactly one of two systems is right."""
RUNS = 4_000
"""Simulated corpora per setting; two standard errors of the coverage are at most 1.6 points."""


class ClusterSizes(NamedTuple):
    """The number of items of each event."""

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
    """Return the number of items of each event."""
    return ClusterSizes(tuple(Counter(item.event for item in items).values()))


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
    """Return the detectable differences in accuracy for the present and other numbers of events.

    Further events are assumed to have the sizes of the present ones.
    """
    clusters = count_clusters(items)
    present = len(clusters.sizes)
    rows = []
    for events in sorted({present, *EVENTS}):
        cells = []
        for icc in CORRELATIONS:
            error = plan_error(clusters, events, icc, discordance)
            cells.append(_format_detectable(detectable_difference(error, events)))
        rows.append((events, format_p(smallest_p(events)), *cells))

    correlations = [f"ICC {format_number(icc, 2)}" for icc in CORRELATIONS]
    columns = ("events", "smallest p of the swap test", *correlations)
    title = "Difference in accuracy that a paired t test over events detects with 80 % power"
    return Table(f"{title}: {items[0].task}", columns, rows)


def _format_detectable(difference: float | None) -> str:
    if difference is None:
        return format_number(None)
    # No two accuracies differ by more than 1.
    return format_number(min(difference, 1.0))


# ---------------------------------------------------------------- coverage


class Coverage(NamedTuple):
    """The share of simulated 95 % intervals that contain the true value, and their mean width."""

    hit_rate: float
    icc: float
    share: float
    width: float


def count_labels(items: Sequence[Item], labels: Sequence[str]) -> Any:
    """Return the number of items of each label in each event: an array (events, labels)."""
    events = list(dict.fromkeys(item.event for item in items))
    counts = Counter((item.event, item.gold) for item in items)
    cells = [counts[cell] for cell in product(events, labels)]
    return np.array(cells).reshape(len(events), len(labels))


def simulate_coverage(
    label_counts: Any,
    labels: Sequence[str],
    hit_rate: float,
    icc: float,
    runs: int = RUNS,
    seed: int = 0,
) -> Coverage:
    """Return the coverage of the official interval for a system of known accuracy.

    ``label_counts`` is the array of :func:`count_labels`. Each run draws as many events as the
    corpus has, with replacement and with their numbers of items of each label. The system's hit
    rate in an event is drawn from a beta distribution with mean ``hit_rate`` and intraclass
    correlation ``icc``; its wrong answers are spread evenly over the other labels. The true value
    is F_fa over infinitely many events.
    """
    random = np.random.default_rng(seed)
    events, width = label_counts.shape
    gold = label_counts[random.integers(0, events, (runs, events))]
    ability = _draw_ability(random, (runs, events, 1), hit_rate, icc)
    hits = random.binomial(gold, ability)
    misses = random.multinomial(gold - hits, [1 / (width - 1)] * (width - 1))
    wrong = _assign_misses(misses, width)

    expected = label_counts.sum(axis=0)
    expected_wrong = _spread(expected * (1 - hit_rate), width)
    truth = _score(labels, expected, expected * hit_rate, expected_wrong)

    totals = [part.sum(axis=1, keepdims=True) for part in (gold, hits, wrong)]
    gold_total, hits_total, wrong_total = (total[:, 0] for total in totals)
    value = _score(labels, gold_total, hits_total, wrong_total)

    # Leave one event out, for the jackknife.
    without = [total - part for total, part in zip(totals, (gold, hits, wrong), strict=True)]
    half = _half_width(_score(labels, *without))

    is_covered = np.abs(value - truth) <= half
    return Coverage(hit_rate, icc, float(is_covered.mean()), float(2 * half.mean()))


def _draw_ability(random: Any, size: tuple[int, ...], mean: float, icc: float) -> Any:
    if not icc:
        return np.full(size, mean)
    # A beta distribution with parameters a and b has the intraclass correlation 1 / (a + b + 1).
    return random.beta(mean * (1 - icc) / icc, (1 - mean) * (1 - icc) / icc, size)


def _assign_misses(misses: Any, width: int) -> Any:
    """Return the number of wrong predictions of each label.

    ``misses[..., i, :]`` are the misses of label i, split over the other labels in order.
    """
    wrong = np.zeros(misses.shape[:-1], dtype=misses.dtype)
    for label in range(width):
        others = [other for other in range(width) if other != label]
        for place, other in enumerate(others):
            wrong[..., other] += misses[..., label, place]
    return wrong


def _spread(missed: Any, width: int) -> Any:
    """Return the expected number of wrong predictions of each label."""
    return (missed.sum() - missed) / (width - 1)


def _score(labels: Sequence[str], gold: Any, hits: Any, wrong: Any) -> Any:
    columns = [f"{kind} {label}" for kind in ("gold", "hit", "pred") for label in labels]
    return evaluate(F_FA, columns, np.concatenate([gold, hits, hits + wrong], axis=-1)).values


def _half_width(parts: Any) -> Any:
    """Return the half width of the jackknife interval, vectorised over leading axes."""
    from scipy.stats import t

    count = parts.shape[-1]
    squares = ((parts - parts.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    error = np.sqrt((count - 1) / count * squares)
    return float(t.ppf(0.975, count - 1)) * error


def simulate_all(
    items: Sequence[Item], labels: Sequence[str], runs: int = RUNS
) -> Iterator[Coverage]:
    """Yield the coverage for every assumed hit rate and intraclass correlation."""
    label_counts = count_labels(items, labels)
    for hit_rate in HIT_RATES:
        for icc in CORRELATIONS:
            yield simulate_coverage(label_counts, labels, hit_rate, icc, runs)


def coverage_table(items: Sequence[Item], labels: Sequence[str]) -> Table:
    """Return the coverage of the official interval on simulated corpora of the same shape."""
    rows = []
    for each in simulate_all(items, labels):
        hit_rate, icc = format_number(each.hit_rate, 1), format_number(each.icc, 2)
        rows.append((hit_rate, icc, f"{each.share:.1%}", format_number(each.width, 2)))

    columns = ("hit rate", "ICC", "coverage of the 95 % interval", "mean width")
    return Table(f"Simulated coverage: {items[0].task}", columns, rows)


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
        tables.append(coverage_table(items, labels))

    sizes = ", ".join(map(str, clusters.sizes))
    shape = (
        f"The task has {len(items)} items in {events} events of {sizes} items. "
        "The plan assumes that further events have the same sizes."
    )
    assumed = (
        "The plan assumes that exactly one of two systems is right "
        f"on {discordance:.0%} of the items."
    )
    notes = (shape, assumed, *list_limits(events))
    data = [{"title": each.title, "columns": each.columns, "rows": each.rows} for each in tables]
    return Report(notes, tuple(tables), data)
