"""What a corpus of this shape can detect, and how far its intervals can be trusted: planned and simulated. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from readout.benchmark.scoring.measures import F_FA, evaluate
from readout.benchmark.scoring.report import list_limits
from readout.benchmark.scoring.statistics import detectable, smallest_p
from readout.benchmark.tasks import TASKS, Item, find_items
from readout.model import Corpus
from readout.report.tables import Report, Table, format_number, format_p

EVENTS = (6, 8, 12, 20, 40, 80)
"""Numbers of events that a plan looks at beside the present one; 6 is the least that can reach .05."""
CORRELATIONS = (0.0, 0.05, 0.2)
"""Intraclass correlations that plans and simulations assume: none, and the usual range for texts in clusters."""
HIT_RATES = (0.5, 0.7, 0.9)
DISCORDANCE = 0.2
"""The share of items on which exactly one of two systems is right, where nothing better is known."""
RUNS = 4_000


class ClusterSizes(NamedTuple):
    """The number of items of each event."""

    sizes: tuple[int, ...]

    @property
    def mean(self) -> float:
        """The mean size."""
        return sum(self.sizes) / len(self.sizes)

    @property
    def effective(self) -> float:
        """The mean size of the cluster that an item finds itself in: larger, where clusters differ (Kish 1965)."""
        return sum(size**2 for size in self.sizes) / sum(self.sizes)


def count_clusters(items: Sequence[Item]) -> ClusterSizes:
    """Return the number of items of each event."""
    return ClusterSizes(tuple(Counter(item.event for item in items).values()))


def plan_error(clusters: ClusterSizes, events: int, icc: float, discordance: float = DISCORDANCE) -> float:
    """Return the standard error of the difference of two accuracies over a number of events of such sizes.

    Two equally good systems differ on ``discordance`` of the items, which is then the variance of an item's
    difference; clustering multiplies it by 1 + (m − 1)·ICC with the effective size m (Kish 1965).
    """
    inflation = 1 + (clusters.effective - 1) * icc
    return sqrt(discordance * inflation / (events * clusters.mean))


def plan_table(items: Sequence[Item], discordance: float = DISCORDANCE) -> Table:
    """Return what difference in accuracy could be detected with the present events and with more of the same shape."""
    clusters = count_clusters(items)
    present = len(clusters.sizes)
    rows = []
    for events in sorted({present, *EVENTS}):
        found = (detectable(plan_error(clusters, events, icc, discordance), events) for icc in CORRELATIONS)
        shown = (format_number(None if value is None else min(value, 1.0)) for value in found)
        rows.append((events, format_p(smallest_p(events)), *shown))
    columns = ("events", "smallest p of the swap test", *(f"ICC {format_number(icc, 2)}" for icc in CORRELATIONS))
    title = f"Difference in accuracy that a paired t test over events finds with 80 % power: {items[0].task}"
    return Table(title, columns, rows)


# ---------------------------------------------------------------- coverage


class Coverage(NamedTuple):
    """How often an interval that promises 95 % holds the true value, and how wide it is on average."""

    hit_rate: float
    icc: float
    share: float
    width: float


def count_shape(items: Sequence[Item], labels: Sequence[str]) -> Any:
    """Return the number of items of each label in each event: an array (events, labels)."""
    events = list(dict.fromkeys(item.event for item in items))
    counts = Counter((item.event, item.gold) for item in items)
    return np.array([[counts[event, label] for label in labels] for event in events])


def simulate_coverage(
    shape: Any, labels: Sequence[str], hit_rate: float, icc: float, runs: int = RUNS, seed: int = 0
) -> Coverage:
    """Return the coverage of the official interval for a system of a known hit rate on events like those of ``shape``.

    In each run as many events are drawn from those of the corpus, with their numbers of items of each label. The
    system's hit rate in an event is drawn from a beta distribution with the given mean and intraclass correlation;
    what it misses goes to the other labels at random. The true value is F_fa over infinitely many events.
    """
    random = np.random.default_rng(seed)
    count, width = shape.shape
    gold = shape[random.integers(0, count, (runs, count))]
    ability = _draw_ability(random, (runs, count, 1), hit_rate, icc)
    hits = random.binomial(gold, ability)
    misses = random.multinomial(gold - hits, [1 / (width - 1)] * (width - 1))
    expected = shape.sum(axis=0)
    truth = _score(labels, expected, expected * hit_rate, _spread(expected * (1 - hit_rate), width))
    pred = hits + _receive(misses, width)
    totals = [part.sum(axis=1, keepdims=True) for part in (gold, hits, pred)]
    value = _score(labels, totals[0][:, 0], totals[1][:, 0], totals[2][:, 0] - totals[1][:, 0])
    without = [total - part for total, part in zip(totals, (gold, hits, pred), strict=True)]
    parts = _score(labels, without[0], without[1], without[2] - without[1])
    half = _half_width(parts)
    return Coverage(hit_rate, icc, float((np.abs(value - truth) <= half).mean()), float(2 * half.mean()))


def _draw_ability(random: Any, size: tuple[int, ...], mean: float, icc: float) -> Any:
    if not icc:
        return np.full(size, mean)
    return random.beta(mean * (1 - icc) / icc, (1 - mean) * (1 - icc) / icc, size)


def _receive(misses: Any, width: int) -> Any:
    """Return the wrong predictions of each label; ``misses[..., i, :]`` go from label i to the others in order."""
    wrong = np.zeros(misses.shape[:-1], dtype=misses.dtype)
    for label in range(width):
        for place, other in enumerate([other for other in range(width) if other != label]):
            wrong[..., other] += misses[..., label, place]
    return wrong


def _spread(missed: Any, width: int) -> Any:
    return (missed.sum() - missed) / (width - 1)


def _score(labels: Sequence[str], gold: Any, hits: Any, wrong: Any) -> Any:
    columns = [f"{kind} {label}" for kind in ("gold", "hit", "pred") for label in labels]
    return evaluate(F_FA, columns, np.concatenate([gold, hits, hits + wrong], axis=-1)).values


def _half_width(parts: Any) -> Any:
    from scipy.stats import t

    count = parts.shape[-1]
    error = np.sqrt((count - 1) / count * ((parts - parts.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1))
    return float(t.ppf(0.975, count - 1)) * error


def simulate_all(items: Sequence[Item], labels: Sequence[str], runs: int = RUNS) -> Iterator[Coverage]:
    """Yield the coverage for every hit rate and intraclass correlation that simulations assume."""
    shape = count_shape(items, labels)
    for hit_rate in HIT_RATES:
        for icc in CORRELATIONS:
            yield simulate_coverage(shape, labels, hit_rate, icc, runs)


def coverage_table(items: Sequence[Item], labels: Sequence[str]) -> Table:
    """Return the coverage of the official interval on simulated corpora of the items' shape."""
    rows = [
        (format_number(each.hit_rate, 1), format_number(each.icc, 2), f"{each.share:.1%}", format_number(each.width, 2))
        for each in simulate_all(items, labels)
    ]
    columns = ("hit rate", "ICC", "coverage of the 95 % interval", "mean width")
    return Table(f"Simulated coverage: {items[0].task}", columns, rows)


def report_power(corpus: Corpus, task: str, discordance: float = DISCORDANCE, coverage: bool = False) -> Report:
    """Return the plan for a task of a corpus, and where asked for, the coverage of its intervals.

    Raises:
        UnknownTaskError: the corpus has no such task.

    """
    items = find_items(corpus, task)
    clusters = count_clusters(items)
    tables = [plan_table(items, discordance)]
    if coverage and (labels := TASKS[task].labels) and len(clusters.sizes) > 1:
        tables.append(coverage_table(items, labels))
    sizes = ", ".join(map(str, clusters.sizes))
    shape = (
        f"{len(items)} items in {len(clusters.sizes)} events of {sizes} items; more events are taken to be like these."
    )
    assumed = f"Exactly one of two systems is taken to be right on {discordance:.0%} of the items."
    notes = (shape, assumed, *list_limits(len(clusters.sizes)))
    data = [{"title": each.title, "columns": each.columns, "rows": each.rows} for each in tables]
    return Report(notes, tuple(tables), data)
