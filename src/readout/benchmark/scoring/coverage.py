"""Simulate how often the intervals contain the true value if answers depend on event and target.

The simulated corpora have the items of a real one. In each, a system's hit rate differs between
events and between targets, by effects that are crossed: on the probit scale, it is a constant plus
a normal effect of the event plus a normal effect of the target. This module does no I/O.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from readout.benchmark.scoring.counts import list_families
from readout.benchmark.scoring.intervals import (
    TOLERANCE,
    Spread,
    count_effective,
    cross_spreads,
    find_quantile,
    jackknife_spread,
    logit_bounds,
)
from readout.benchmark.scoring.measures import (
    F_FA,
    Measure,
    evaluate,
    list_measures,
    weigh_columns,
)
from readout.benchmark.tasks import TASKS
from readout.model import Item
from readout.report.intervals import wilson_bounds
from readout.report.tables import Table, format_number

CORRELATIONS = (0.0, 0.1, 0.3)
"""Intraclass correlations to assume, of events and of targets."""
HIT_RATES = (0.5, 0.7, 0.9)
"""Accuracies of the simulated systems."""
RUNS = 500
"""Simulated corpora per setting; two standard errors of a coverage of .95 are 1.9 points."""
CLAIMED = 0.93
"""The coverage that an interval must reach in every setting for which it is claimed."""
_CHUNK = 250
"""Simulated corpora that are in memory at once."""


class Shape(NamedTuple):
    """The numbers of items or swap groups of a task, and the measure to simulate.

    ``cells`` is an array of events, targets, and kinds: the labels of items, or the families of
    groups. An answer is right or one of several wrong ones, and ``outcomes`` counts for every kind
    and answer, flattened, the columns of the measure.
    """

    cells: Any
    measure: Measure
    columns: tuple[str, ...]
    outcomes: Any

    @property
    def wrong(self) -> int:
        """The number of wrong answers to a kind."""
        kinds: int = self.cells.shape[-1]
        return len(self.outcomes) // kinds - 1

    def statistic(self, measure: Measure, counts: Any) -> Any:
        """Return a measure for numbers of outcomes."""
        return evaluate(measure, self.columns, counts @ self.outcomes).values


class Coverage(NamedTuple):
    """The share of simulated 95 % intervals that contain the true value, and their mean width."""

    events: int
    hit_rate: float
    event_icc: float
    target_icc: float
    share: float
    width: float


# ---------------------------------------------------------------- shapes


def find_shape(items: Sequence[Item]) -> Shape:
    """Return the shape of a task with labels: its swap groups if it has any, or its items."""
    task = TASKS[items[0].task]
    scored = [item for item in items if item.gold is not None]
    official = list_measures(task, scored)[0]
    if official.combine == "min":
        families = list_families(scored)
        kinds = [(item, family) for item in scored for family in item.swap]
        return _shape_groups(_count_cells(kinds, families), families, official)

    labels = task.labels or ()
    return shape_labels(_count_cells([(item, item.gold) for item in scored], labels), labels)


def _count_cells(kinds: Sequence[tuple[Item, str]], names: Sequence[str]) -> Any:
    events = list(dict.fromkeys(item.event for item, _ in kinds))
    targets = list(dict.fromkeys(item.target for item, _ in kinds))
    counts = Counter((item.event, item.target, kind) for item, kind in kinds)
    cells = [counts[cell] for cell in product(events, targets, names)]
    return np.array(cells).reshape(len(events), len(targets), len(names))


def shape_labels(cells: Any, labels: Sequence[str]) -> Shape:
    """Return the shape of items with labels, which F_fa scores.

    ``cells`` is the number of items of each event, target and label.
    """
    columns = [f"{kind} {label}" for kind in ("gold", "hit", "pred") for label in labels]
    outcomes = []
    for gold in labels:
        # The right answer comes first, then the wrong ones.
        for pred in (gold, *[label for label in labels if label != gold]):
            counted = {f"gold {gold}", f"pred {pred}"}
            if pred == gold:
                counted.add(f"hit {gold}")
            outcomes.append([int(column in counted) for column in columns])
    return Shape(cells, F_FA, tuple(columns), np.array(outcomes))


def _shape_groups(cells: Any, families: Sequence[str], measure: Measure) -> Shape:
    columns = [f"{kind} {family}" for kind in ("groups", "pairs") for family in families]
    outcomes = []
    for family in families:
        # Of a group, both answers are right, or not.
        both, other = {f"groups {family}", f"pairs {family}"}, {f"groups {family}"}
        outcomes.append([int(column in both) for column in columns])
        outcomes.append([int(column in other) for column in columns])
    return Shape(cells, measure, tuple(columns), np.array(outcomes))


# ---------------------------------------------------------------- draws


@cache
def find_latent(hit_rate: float, icc: float) -> float:
    """Return the correlation on the probit scale that gives answers an intraclass correlation.

    Two answers that share an effect are right with the bivariate normal probability of two equal
    thresholds, which is an expression of Owen's T (Owen 1956).
    """
    if not icc:
        return 0.0
    from scipy.optimize import brentq
    from scipy.special import owens_t
    from scipy.stats import norm

    threshold = norm.ppf(hit_rate)
    variance = hit_rate * (1 - hit_rate)

    def surplus(latent: float) -> float:
        both = hit_rate - 2 * owens_t(threshold, sqrt((1 - latent) / (1 + latent)))
        return float(both - hit_rate**2 - icc * variance)

    return float(brentq(surplus, 0, 1))


def is_possible(hit_rate: float, event_icc: float, target_icc: float) -> bool:
    """Return whether effects that add up can give answers these correlations."""
    return find_latent(hit_rate, event_icc) + find_latent(hit_rate, target_icc) < 1


def _draw_ability(
    random: Any, size: tuple[int, int, int], hit_rate: float, event_icc: float, target_icc: float
) -> Any:
    """Return hit rates of the shape (runs, events, targets) with the mean ``hit_rate``."""
    from scipy.special import ndtr
    from scipy.stats import norm

    runs, events, targets = size
    by_event = find_latent(hit_rate, event_icc)
    by_target = find_latent(hit_rate, target_icc)
    own = 1 - by_event - by_target
    latent = norm.ppf(hit_rate)
    latent = latent + sqrt(by_event) * random.standard_normal((runs, events, 1))
    latent = latent + sqrt(by_target) * random.standard_normal((runs, 1, targets))
    return ndtr(latent / sqrt(own))


def _draw_outcomes(random: Any, shape: Shape, gold: Any, ability: Any) -> Any:
    """Return the number of each outcome, flattened; wrong answers are spread evenly."""
    hits = random.binomial(gold, ability[..., None])
    misses = random.multinomial(gold - hits, [1 / shape.wrong] * shape.wrong)
    outcomes = np.concatenate([hits[..., None], misses], axis=-1)
    # NumPy multiplies matrices of floats much faster than those of integers.
    return outcomes.reshape(*gold.shape[:-1], -1).astype(float)


def _find_truth(shape: Shape, hit_rate: float) -> Any:
    """Return the value of the measure over infinitely many events and targets."""
    gold = shape.cells.sum(axis=(0, 1))[:, None]
    answers = np.array([hit_rate, *[(1 - hit_rate) / shape.wrong] * shape.wrong])
    return shape.statistic(shape.measure, (gold * answers).ravel())


# ---------------------------------------------------------------- intervals


def _find_bounds(shape: Shape, outcomes: Any) -> tuple[Any, Any]:
    """Return the bounds of the official interval for outcomes (runs, events, targets, kinds)."""
    lows, highs = [], []
    parts = shape.measure.parts if shape.measure.combine == "min" else (shape.measure,)
    for part in parts:
        low, high = _find_part_bounds(shape, part, outcomes)
        lows.append(low)
        highs.append(high)
    return np.min(lows, axis=0), np.min(highs, axis=0)


def _find_part_bounds(shape: Shape, measure: Measure, outcomes: Any) -> tuple[Any, Any]:
    """Return the bounds as :meth:`readout.benchmark.scoring.scores.Score.on_texts_like_these`."""
    totals = outcomes.sum(axis=(1, 2))
    value = shape.statistic(measure, totals)
    weights = shape.outcomes @ weigh_columns(measure, shape.columns)
    half = 0.0
    for spread in _iter_spreads(shape, measure, outcomes, weights):
        half = np.maximum(half, spread.half_width())

    size = totals @ weights if measure.is_share else totals.sum(axis=-1)
    by_event = outcomes.sum(axis=2) @ weights
    quantile = find_quantile(count_effective(by_event.T))
    low, high = value - half, value + half
    skew_low, skew_high = logit_bounds(value, half)
    is_skew = (value > 0) & (value < 1)
    low = np.where(is_skew, np.minimum(low, skew_low), low)
    high = np.where(is_skew, np.maximum(high, skew_high), high)

    least_low, least_high = wilson_bounds(value, np.maximum(size, 1), quantile)
    is_least = measure.is_share | (half <= TOLERANCE)
    low = np.where(is_least, np.minimum(low, least_low), low)
    high = np.where(is_least, np.maximum(high, least_high), high)
    return low, high


def _iter_spreads(shape: Shape, measure: Measure, outcomes: Any, weights: Any) -> Iterator[Spread]:
    """Yield the spreads of :func:`readout.benchmark.scoring.intervals.iter_spreads`, by run."""

    def statistic(counts: Any) -> Any:
        return shape.statistic(measure, counts)

    # Items with the same outcome have the same row, so each outcome is a row that occurs often.
    totals = np.moveaxis(outcomes.sum(axis=(1, 2)), -1, 0)
    rows: Any = np.eye(len(totals), dtype=np.int64)[:, None, :]
    yield jackknife_spread(rows, statistic, totals)

    # Events, targets and cells without items are no clusters.
    by_event, by_target, by_cell = _sum_outcomes(outcomes)
    events = jackknife_spread(by_event, statistic, by_event.any(axis=-1), weights)
    targets = jackknife_spread(by_target, statistic, by_target.any(axis=-1), weights)
    cells = jackknife_spread(by_cell, statistic, by_cell.any(axis=-1))
    yield events
    yield cross_spreads(events, targets, cells)


def _sum_outcomes(outcomes: Any) -> list[Any]:
    """Return outcomes (runs, events, targets, kinds) by event, target and cell, then run."""
    runs, events, targets, kinds = outcomes.shape
    cells = outcomes.reshape(runs, events * targets, kinds)
    sums = (outcomes.sum(axis=2), outcomes.sum(axis=1), cells)
    return [np.moveaxis(part, 1, 0) for part in sums]


# ---------------------------------------------------------------- the simulation


def simulate_coverage(
    shape: Shape,
    hit_rate: float,
    event_icc: float,
    target_icc: float,
    events: int | None = None,
    runs: int = RUNS,
    seed: int = 0,
) -> Coverage:
    """Return the coverage of the official interval for a system of known accuracy.

    Each run draws ``events`` events, by default as many as there are, with replacement and with
    their items; the effects of events and targets are drawn anew. The true value is that over
    infinitely many events and targets.
    """
    random = np.random.default_rng(seed)
    known, targets = shape.cells.shape[:2]
    events = events or known
    truth = _find_truth(shape, hit_rate)

    covered, widths = 0, 0.0
    for start in range(0, runs, _CHUNK):
        size = (min(_CHUNK, runs - start), events, targets)
        gold = shape.cells[random.integers(0, known, size[:2])]
        ability = _draw_ability(random, size, hit_rate, event_icc, target_icc)
        low, high = _find_bounds(shape, _draw_outcomes(random, shape, gold, ability))
        covered += int(((low <= truth) & (truth <= high)).sum())
        widths += float((np.minimum(high, 1) - np.maximum(low, 0)).sum())
    return Coverage(events, hit_rate, event_icc, target_icc, covered / runs, widths / runs)


def simulate_all(shape: Shape, events: int | None = None, runs: int = RUNS) -> Iterator[Coverage]:
    """Yield the coverage for every assumed hit rate and pair of correlations that is possible."""
    for hit_rate, event_icc, target_icc in product(HIT_RATES, CORRELATIONS, CORRELATIONS):
        if is_possible(hit_rate, event_icc, target_icc):
            yield simulate_coverage(shape, hit_rate, event_icc, target_icc, events, runs)


def coverage_table(items: Sequence[Item], events: int | None = None, runs: int = RUNS) -> Table:
    """Return the least coverage over all hit rates, by the correlations of events and targets."""
    shape = find_shape(items)
    found: dict[tuple[float, float], list[float]] = {}
    for each in simulate_all(shape, events, runs):
        found.setdefault((each.event_icc, each.target_icc), []).append(each.share)

    rows = []
    for event_icc in CORRELATIONS:
        shares = [min(found[event_icc, target_icc]) for target_icc in CORRELATIONS]
        cells = [f"{share:.1%}" for share in shares]
        rows.append((f"ICC of events {format_number(event_icc, 1)}", *cells))

    columns = [f"ICC of targets {format_number(icc, 1)}" for icc in CORRELATIONS]
    number = events or len(shape.cells)
    title = f"Simulated coverage of the 95 % interval of {shape.measure.name}, {number} events"
    return Table(f"{title}: {items[0].task}", ("", *columns), rows)
