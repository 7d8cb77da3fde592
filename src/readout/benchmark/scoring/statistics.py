"""What a handful of clusters can tell: intervals, tests, and their limits. Cases are listed, not drawn, if they can be.

*Units* are what is resampled or swapped: items for a statement about these texts, events for one about texts like
these. A statistic is a function of summed counts, vectorised over leading axes; ``rows`` hold the counts of one unit
along the first axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations_with_replacement
from math import comb, factorial, prod, sqrt
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from readout.report.intervals import Estimate, jackknife, jackknife_error

Statistic: TypeAlias = Callable[[Any], Any]
LISTED_SWAPS = 14
"""Up to this many units, all 2^n swaps are listed; beyond, a fixed sequence of draws stands in for them."""
DRAWS = 9_999
RESAMPLED = 9
"""Up to this many clusters, all distinct resamples are listed: C(2K − 1, K) of them, 24,310 for nine."""
TOLERANCE = 1e-12
"""Sums in another order differ in the last digits; statistics this close are ties."""


def sum_clusters(rows: Any, clusters: Sequence[str]) -> Any:
    """Return the sum of the rows of each cluster, in the order in which the clusters first occur."""
    names = list(dict.fromkeys(clusters))
    index = {name: number for number, name in enumerate(names)}
    sums = np.zeros((len(names), *rows.shape[1:]), dtype=rows.dtype)
    np.add.at(sums, [index[name] for name in clusters], rows)
    return sums


# ---------------------------------------------------------------- intervals


def leave_one_row_out(rows: Any, statistic: Statistic) -> list[float]:
    """Return the statistic of all units but one, for each unit; nothing for fewer than two."""
    if len(rows) < 2:
        return []
    values: list[float] = statistic(rows.sum(axis=0) - rows).tolist()
    return values


def jackknife_rows(rows: Any, statistic: Statistic) -> Estimate:
    """Return a statistic with its delete-one-unit jackknife interval, Student's t with n − 1 degrees of freedom."""
    value = float(statistic(rows.sum(axis=0)))
    return jackknife(value, leave_one_row_out(rows, statistic))


def wilson(hits: int, total: int) -> Estimate:
    """Return a share with its 95 % score interval (Wilson 1927)."""
    if not total:
        return Estimate(None)
    from scipy.stats import norm

    z = float(norm.ppf(0.975))
    share = hits / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return Estimate(share, middle - half, middle + half)


class Resamples(NamedTuple):
    """Every distinct value that drawing K of K clusters with replacement can give, with its probability."""

    values: Any
    weights: Any

    @property
    def interval(self) -> tuple[float, float]:
        """The 2.5 % and 97.5 % quantiles of the exact bootstrap distribution (percentile interval, Efron 1979)."""
        order = np.argsort(self.values, kind="stable")
        reached = np.cumsum(self.weights[order])
        low, high = (np.searchsorted(reached, share - TOLERANCE) for share in (0.025, 0.975))
        return float(self.values[order][low]), float(self.values[order][high])


def resample_all(rows: Any, statistic: Statistic) -> Resamples | None:
    """Return the statistic of all distinct cluster resamples; None where they are too many to be listed."""
    count = len(rows)
    if not 1 < count <= RESAMPLED:
        return None
    times = np.array([np.bincount(drawn, minlength=count) for drawn in _list_draws(count)])
    ways = np.array([factorial(count) / prod(map(factorial, line)) for line in times.tolist()])
    return Resamples(statistic(np.tensordot(times, rows, axes=1)), ways / count**count)


def _list_draws(count: int) -> Iterator[tuple[int, ...]]:
    return combinations_with_replacement(range(count), count)


def count_resamples(count: int) -> int:
    """Return the number of distinct resamples of a number of clusters."""
    return comb(2 * count - 1, count)


# ---------------------------------------------------------------- tests


class Test(NamedTuple):
    """A two-sided test: its p, the smallest p that its design could ever give, and how it was computed."""

    p: float
    smallest: float
    method: str


def swap_test(rows: Any, statistic: Statistic) -> Test:
    """Test whether two systems are exchangeable, by swapping their answers unit by unit.

    ``rows`` has the shape (units, 2, columns). Under the null hypothesis each unit's answers could have come from
    either system, so all 2^n ways to swap are equally likely (Fisher's randomisation test; for systems on one test
    set Yeh 2000). Ties count as extreme, so identical systems give p = 1. The smallest p is 2 / 2^n, the observed
    assignment and its mirror image, over the n units in which the systems differ.
    """
    change = rows[:, 1] - rows[:, 0]
    moved = change[(change != 0).any(axis=1)]  # swapping a unit that both systems answer alike changes nothing
    first, second = rows.sum(axis=0)

    def count_extreme(swaps: Any) -> int:
        shift = swaps @ moved
        values = statistic(np.stack([first + shift, second - shift], axis=-2))
        return int((np.abs(values) >= abs(statistic(rows.sum(axis=0))) - TOLERANCE).sum())

    if len(moved) <= LISTED_SWAPS:
        swaps = (np.arange(2 ** len(moved))[:, None] >> np.arange(len(moved))) & 1
        return Test(count_extreme(swaps) / len(swaps), smallest_p(len(moved)), f"all {len(swaps)} swaps")
    extreme = sum(count_extreme(swaps) for swaps in _draw_swaps(len(moved)))
    return Test((1 + extreme) / (1 + DRAWS), smallest_p(len(moved)), f"{DRAWS} swaps drawn with seed 0")


def smallest_p(units: int) -> float:
    """Return the smallest p that the swap test can give for systems that differ in so many units."""
    return min(1.0, 2.0 ** (1 - units)) if units <= LISTED_SWAPS else 1 / (1 + DRAWS)


def _draw_swaps(units: int) -> Iterator[Any]:
    random = np.random.default_rng(0)
    step = max(1, 2_000_000 // units)
    for start in range(0, DRAWS, step):
        yield random.integers(0, 2, (min(step, DRAWS - start), units))


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the exact two-sided p of McNemar's test (1947), from the items that only one of two systems gets right."""
    if only_first + only_second == 0:
        return 1.0
    from scipy.stats import binom

    return min(1.0, 2 * float(binom.cdf(min(only_first, only_second), only_first + only_second, 0.5)))


def holm(values: Sequence[float]) -> list[float]:
    """Return p values adjusted for their number by Holm's step-down procedure (Holm 1979), in the order given."""
    adjusted = [0.0] * len(values)
    reached = 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=lambda i: values[i])):
        reached = max(reached, min(1.0, (len(values) - rank) * values[index]))
        adjusted[index] = reached
    return adjusted


# ---------------------------------------------------------------- limits


def detectable(error: float, units: int, power: float = 0.8) -> float | None:
    """Return the smallest true difference that a two-sided paired t test at .05 finds with the given power.

    ``error`` is the standard error of the difference over ``units`` clusters. None where it is 0 or there are fewer
    than two clusters: such data say nothing about how much a difference varies.
    """
    if error <= TOLERANCE or units < 2:
        return None
    from scipy.optimize import brentq
    from scipy.stats import nct, t

    critical = float(t.ppf(0.975, units - 1))

    def lack(shift: float) -> float:
        lower = nct.cdf(-critical, units - 1, shift)  # the far tail underflows to nan for large shifts
        return float(nct.sf(critical, units - 1, shift) + np.nan_to_num(lower) - power)

    return error * float(brentq(lack, 0, 10 * critical))


def standard_error(rows: Any, statistic: Statistic) -> float:
    """Return the jackknife standard error of a statistic over units."""
    return jackknife_error(leave_one_row_out(rows, statistic)) if len(rows) > 1 else 0.0


def intraclass(values: Sequence[float], clusters: Sequence[str]) -> float | None:
    """Return the intraclass correlation ICC(1) of values in clusters, from the one-way analysis of variance.

    Clusters may differ in size (Donner 1986). None where there are fewer than two clusters, as many clusters as
    values, or no variance.
    """
    groups: dict[str, list[float]] = {}
    for value, name in zip(values, clusters, strict=True):
        groups.setdefault(name, []).append(value)
    total, count = len(values), len(groups)
    if not 1 < count < total:
        return None
    mean = sum(values) / total
    means = {name: sum(group) / len(group) for name, group in groups.items()}
    between = sum(len(group) * (means[name] - mean) ** 2 for name, group in groups.items()) / (count - 1)
    within = sum((v - means[name]) ** 2 for name, group in groups.items() for v in group) / (total - count)
    size = (total - sum(len(group) ** 2 for group in groups.values()) / total) / (count - 1)
    spread = between + (size - 1) * within
    return (between - within) / spread if spread > TOLERANCE else None


# ---------------------------------------------------------------- ranks


class Rank(NamedTuple):
    """The place of a system: the range of ranks that the tests leave open, and the number of its tie group."""

    best: int
    worst: int
    group: int


def rank(scores: Sequence[float], adjusted: Callable[[int, int], float], level: float = 0.05) -> list[Rank]:
    """Return the rank range and tie group of each system, given the adjusted p of every two.

    A system is surely below another one when its score is lower and their adjusted p is below ``level``. A tie group
    begins with the best system that is left and takes in those that follow until one is surely below its first.
    """
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))

    def is_below(i: int, j: int) -> bool:
        return scores[i] < scores[j] and adjusted(i, j) < level

    groups: dict[int, int] = {}
    first = order[0] if order else 0
    for system in order:
        if is_below(system, first):
            first = system
        groups[system] = groups.get(first, max(groups.values(), default=0) + 1)
    everyone = range(len(scores))
    return [
        Rank(
            1 + sum(is_below(i, j) for j in everyone),
            len(scores) - sum(is_below(j, i) for j in everyone),
            groups[i],
        )
        for i in everyone
    ]
