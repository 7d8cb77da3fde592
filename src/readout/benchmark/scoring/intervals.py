"""Intervals for scores: jackknives over items, events and targets, and the widest of them.

A statistic is a function of summed counts, vectorised over leading axes. The first axis of an array
of counts is always the units: items, events, targets, or cells (the items of one event and target).
Further axes between the units and the columns give arrays of intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from math import sqrt
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from readout.report.intervals import NORMAL, Estimate, wilson_bounds

Statistic: TypeAlias = Callable[[Any], Any]
LEVEL = 0.05
"""One minus the confidence level of all intervals, and the significance level of all tests."""
TOLERANCE = 1e-12
"""Statistics this close count as equal, since summing in another order changes the last digits."""


class Spread(NamedTuple):
    """The standard error of a statistic, and the number of units that it was estimated from.

    Clusters of unequal sizes count as fewer: see :func:`count_effective`.
    """

    error: Any
    units: Any

    def half_width(self) -> Any:
        """Return half the width of the interval (Student's t, units − 1 degrees of freedom)."""
        return find_quantile(self.units) * self.error


def find_quantile(units: Any) -> Any:
    """Return the quantile of Student's t with units − 1 degrees of freedom, and at least one."""
    # Imported here because most commands need no intervals, and SciPy takes long to import. Unlike
    # scipy.stats.t.ppf, this function does not check its arguments, which would take half the time.
    from scipy.special import stdtrit

    return stdtrit(np.maximum(units - 1, 1), 1 - LEVEL / 2)


# ---------------------------------------------------------------- clusters


class Sums(NamedTuple):
    """Counts summed by item, event, target and cell. Items without a target have no last two."""

    items: Any
    events: Any
    targets: Any = None
    cells: Any = None


def sum_clusters(rows: Any, clusters: Sequence[Hashable]) -> Any:
    """Return the sum of the rows of each cluster, in the order of first occurrence."""
    names = list(dict.fromkeys(clusters))
    index = {name: number for number, name in enumerate(names)}
    sums = np.zeros((len(names), *rows.shape[1:]), dtype=rows.dtype)
    np.add.at(sums, [index[name] for name in clusters], rows)
    return sums


def sum_rows(rows: Any, events: Sequence[str], targets: Sequence[str | None]) -> Sums:
    """Return the rows of items with their sums by event and, if all items have one, by target."""
    by_event = sum_clusters(rows, events)
    if None in targets:
        return Sums(rows, by_event)
    cells = list(zip(events, targets, strict=True))
    return Sums(rows, by_event, sum_clusters(rows, targets), sum_clusters(rows, cells))


def stack_sums(first: Sums, second: Sums) -> Sums:
    """Return the sums of two systems for the same items, with the systems on a second axis."""
    pairs = zip(first, second, strict=True)
    return Sums(*[None if a is None else np.stack([a, b], axis=1) for a, b in pairs])


# ---------------------------------------------------------------- jackknives


def jackknife_spread(
    rows: Any, statistic: Statistic, times: Any = None, weights: Any = None
) -> Spread:
    """Return the delete-one jackknife standard error of a statistic over units (Tukey 1958).

    ``times`` tells how often each row occurs; by default, once. It has the shape of ``rows``
    without the columns. ``weights`` are given for clusters: the sum of the columns times the
    weights is the size of a cluster.
    """
    if times is None:
        times = np.ones(rows.shape[:1] + (1,) * (rows.ndim - 2), dtype=np.int64)
    total = (rows * times[..., None]).sum(axis=0)
    values = statistic(total - rows)
    # The axes of the statistic can be fewer than those of the rows, as for a difference.
    times = times.reshape(times.shape[: values.ndim])

    units = times.sum(axis=0)
    mean = (times * values).sum(axis=0) / units
    squares = (times * (values - mean) ** 2).sum(axis=0)
    error = np.sqrt((units - 1) / units * squares)
    if weights is None:
        return Spread(error, units)
    sizes = (rows @ weights).reshape(*values.shape, -1).sum(axis=-1)
    return Spread(error, count_effective(sizes))


def count_effective(sizes: Any) -> Any:
    """Return the number of equal clusters that tell as much as clusters of these sizes (Kish 1965).

    A jackknife over clusters of which few are large has fewer degrees of freedom than their number
    suggests (Carter, Schnepel and Steigerwald 2017).
    """
    sizes = sizes.astype(float)
    squares = (sizes**2).sum(axis=0)
    return np.divide(sizes.sum(axis=0) ** 2, squares, out=np.ones(squares.shape), where=squares > 0)


def cross_spreads(events: Spread, targets: Spread, cells: Spread) -> Spread:
    """Return the spread under two-way clustering by event and target.

    The variance is that of events plus that of targets minus that of cells (Cameron, Gelbach and
    Miller 2011), and the degrees of freedom are those of the smaller number of clusters.
    """
    variance = events.error**2 + targets.error**2 - cells.error**2
    units = np.minimum(events.units, targets.units)
    return Spread(np.sqrt(np.maximum(variance, 0)), units)


def iter_spreads(sums: Sums, statistic: Statistic, weights: Any) -> Iterator[Spread]:
    """Yield the spreads over items, over events, and over events and targets at once.

    ``weights`` are those of :func:`jackknife_spread`.
    """
    events = jackknife_spread(sums.events, statistic, weights=weights)
    yield jackknife_spread(sums.items, statistic)
    yield events
    if sums.targets is not None and len(sums.targets) > 1:
        targets = jackknife_spread(sums.targets, statistic, weights=weights)
        cells = jackknife_spread(sums.cells, statistic)
        yield cross_spreads(events, targets, cells)


def widest_spread(sums: Sums, statistic: Statistic, weights: Any) -> Spread | None:
    """Return the spread with the widest interval; None for fewer than two events.

    Taking the widest of the one-way and two-way estimates keeps the coverage up if there are few
    clusters (MacKinnon, Nielsen and Webb 2024).
    """
    if len(sums.events) < 2:
        return None
    return max(iter_spreads(sums, statistic, weights), key=Spread.half_width)


def jackknife_items(rows: Any, statistic: Statistic) -> Estimate:
    """Return a statistic with its interval over items; without one for fewer than two."""
    value = float(statistic(rows.sum(axis=0)))
    if len(rows) < 2:
        return Estimate(value)
    return surround(value, jackknife_spread(rows, statistic))


def jackknife_widest(sums: Sums, statistic: Statistic, weights: Any) -> Estimate:
    """Return a statistic with the widest of its intervals over items, events and targets."""
    value = float(statistic(sums.items.sum(axis=0)))
    return surround(value, widest_spread(sums, statistic, weights))


def surround(value: float, spread: Spread | None) -> Estimate:
    """Return a value with the interval of a spread; without one if there is no spread."""
    if spread is None:
        return Estimate(value)
    half = float(spread.half_width())
    return Estimate(value, value - half, value + half)


# ---------------------------------------------------------------- proportions


def wilson_interval(share: float, total: int, units: float | None = None) -> Estimate:
    """Return a proportion of ``total`` things with its 95 % score interval.

    If the things are in clusters, ``units`` is the effective number of clusters.
    """
    if not total:
        return Estimate(None)
    quantile = NORMAL if units is None else float(find_quantile(units))
    low, high = wilson_bounds(share, total, quantile)
    return Estimate(share, max(low, 0.0), min(high, 1.0))


def logit_bounds(value: Any, half: Any) -> tuple[Any, Any]:
    """Return the bounds of an interval that is symmetric on the logit scale.

    ``half`` is half the width of the symmetric interval of a score. Scores near 0 or 1 have skew
    distributions, since they cannot vary as much on one side. Scores of 0 and 1 have no logit, and
    all of the scale as interval.
    """
    slope = value * (1 - value)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        middle, reach = np.log(value / (1 - value)), half / slope
        low, high = 1 / (1 + np.exp(reach - middle)), 1 / (1 + np.exp(-reach - middle))
    return np.where(slope > 0, low, 0.0), np.where(slope > 0, high, 1.0)


def widen_logit(estimate: Estimate) -> Estimate:
    """Return a score whose interval also contains the one that is symmetric on the logit scale."""
    if estimate.value is None or estimate.low is None or not 0 < estimate.value < 1:
        return estimate
    low, high = logit_bounds(estimate.value, estimate.value - estimate.low)
    return widen(estimate, Estimate(estimate.value, float(low), float(high)))


def widen(estimate: Estimate, other: Estimate) -> Estimate:
    """Return an estimate whose interval also contains another one."""
    if other.low is None or other.high is None:
        return estimate
    if estimate.low is None or estimate.high is None:
        return estimate
    return Estimate(estimate.value, min(estimate.low, other.low), max(estimate.high, other.high))


def is_point(estimate: Estimate) -> bool:
    """Return whether an estimate has an interval of no width."""
    if estimate.low is None or estimate.high is None:
        return False
    return estimate.high - estimate.low <= TOLERANCE


# ---------------------------------------------------------------- minima and differences


def find_lowest(estimates: Sequence[Estimate]) -> Estimate:
    """Return the minimum of several quantities from their estimates.

    The smallest lower bound is below the smallest quantity whichever that is, and so is the
    smallest upper bound above it. A jackknife of the minimum itself is not valid if two of the
    quantities are close, since a minimum is not smooth there.
    """
    known = [each for each in estimates if each.value is not None]
    if not known:
        return Estimate(None)
    value = min(each.value for each in known if each.value is not None)
    lows = [each.low for each in known if each.low is not None]
    highs = [each.high for each in known if each.high is not None]
    if len(lows) < len(known):
        return Estimate(value)
    return Estimate(value, min(lows), min(highs))


def subtract(first: Estimate, second: Estimate) -> Estimate:
    """Return the difference of two estimates, as if they were independent.

    The interval is recovered from theirs (Zou and Donner 2008). It is too wide for systems that are
    right about the same items.
    """
    if first.value is None or second.value is None:
        return Estimate(None)
    value = first.value - second.value
    bounds = (first.low, first.high, second.low, second.high)
    if None in bounds:
        return Estimate(value)

    low, high, other_low, other_high = [float(bound) for bound in bounds if bound is not None]
    below = sqrt((first.value - low) ** 2 + (other_high - second.value) ** 2)
    above = sqrt((high - first.value) ** 2 + (second.value - other_low) ** 2)
    return Estimate(value, value - below, value + above)
