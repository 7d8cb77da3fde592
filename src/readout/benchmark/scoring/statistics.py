"""Resamples and tests for few clusters. All cases are enumerated if there are few enough.

*Units* are what is resampled or swapped: items for statements about these texts, events for
statements about texts like these. A statistic is a function of summed counts, vectorised over
leading axes. ``rows`` contains the counts of one unit per entry of the first axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations_with_replacement
from math import comb, factorial, prod
from typing import Any, NamedTuple

import numpy as np

from readout.benchmark.scoring.intervals import TOLERANCE, Statistic

MAX_LISTED_UNITS = 14
"""Up to this many units, the swap test enumerates all 2^n swaps; beyond, it draws them."""
DRAWS = 9_999
"""The number of swaps drawn beyond :data:`MAX_LISTED_UNITS`, always from seed 0."""
MAX_LISTED_CLUSTERS = 9
"""Up to this many clusters, all C(2K − 1, K) distinct resamples are enumerated: 24,310 for nine."""


# ---------------------------------------------------------------- resamples


class Resamples(NamedTuple):
    """The statistic of every distinct draw of K out of K clusters with replacement.

    ``weights`` are the probabilities of the draws.
    """

    values: Any
    weights: Any

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % percentile interval of the exact bootstrap distribution (Efron 1979)."""
        order = np.argsort(self.values, kind="stable")
        values, reached = self.values[order], np.cumsum(self.weights[order])
        low = np.searchsorted(reached, 0.025 - TOLERANCE)
        high = np.searchsorted(reached, 0.975 - TOLERANCE)
        return float(values[low]), float(values[high])


def resample_all(rows: Any, statistic: Statistic) -> Resamples | None:
    """Return the statistic of all distinct resamples of the clusters.

    Return None for fewer than two clusters, or more than :data:`MAX_LISTED_CLUSTERS`.
    """
    count = len(rows)
    if not 1 < count <= MAX_LISTED_CLUSTERS:
        return None

    # How often each resample draws each cluster, and in how many orders it can be drawn.
    draws = combinations_with_replacement(range(count), count)
    times = np.array([np.bincount(drawn, minlength=count) for drawn in draws])
    orders = [factorial(count) / prod(map(factorial, drawn)) for drawn in times.tolist()]

    values = statistic(np.tensordot(times, rows, axes=1))
    return Resamples(values, np.array(orders) / count**count)


def count_resamples(count: int) -> int:
    """Return the number of distinct resamples of ``count`` clusters."""
    return comb(2 * count - 1, count)


# ---------------------------------------------------------------- tests


class TestResult(NamedTuple):
    """The result of a two-sided test.

    ``p`` is the p value, ``smallest`` the smallest p value that the design can give, and ``method``
    says how it was computed.
    """

    p: float
    smallest: float
    method: str


def find_weakest(results: Sequence[TestResult]) -> TestResult:
    """Return the result with the largest p; of several, the one whose smallest p is largest."""
    return max(results, key=lambda result: (result.p, result.smallest))


def swap_test(rows: Any, statistic: Statistic) -> TestResult:
    """Test whether two systems are exchangeable, by swapping their answers unit by unit.

    ``rows`` has the shape (units, 2, columns). Under the null hypothesis either system could have
    given either answer to each unit, so all 2^n swaps are equally likely (Fisher's randomisation
    test; for two systems on one test set Yeh 2000). Ties count as extreme, so identical systems
    give p = 1. The smallest p is 2 / 2^n, from the observed assignment and its mirror image, for
    the n units in which the systems differ.
    """
    change = rows[:, 1] - rows[:, 0]
    # Swapping a unit to which both systems give equal counts changes nothing.
    moved = change[(change != 0).any(axis=1)]
    units = len(moved)
    first, second = rows.sum(axis=0)
    observed = abs(statistic(rows.sum(axis=0)))

    def count_extreme(swaps: Any) -> int:
        shift = swaps @ moved
        values = statistic(np.stack([first + shift, second - shift], axis=-2))
        return int((np.abs(values) >= observed - TOLERANCE).sum())

    if units <= MAX_LISTED_UNITS:
        # The binary digits of 0 … 2^n − 1 are all swaps.
        swaps = (np.arange(2**units)[:, None] >> np.arange(units)) & 1
        p = count_extreme(swaps) / len(swaps)
        return TestResult(p, smallest_p(units), f"all {len(swaps)} swaps")

    # Of units with equal changes, only the number of swapped ones matters.
    moved, times = np.unique(moved, axis=0, return_counts=True)
    # The observed assignment counts as one more draw, so p is never 0 (Phipson and Smyth 2010).
    extreme = sum(count_extreme(swaps) for swaps in _draw_swaps(times))
    p = (1 + extreme) / (1 + DRAWS)
    return TestResult(p, smallest_p(units), f"{DRAWS} swaps drawn with seed 0")


def smallest_p(units: int) -> float:
    """Return the smallest p value of the swap test for systems that differ in ``units`` units."""
    if units > MAX_LISTED_UNITS:
        return 1 / (1 + DRAWS)
    return min(1.0, 2.0 ** (1 - units))


def _draw_swaps(times: Any) -> Iterator[Any]:
    """Yield arrays of random numbers of swapped units, each small enough for memory.

    ``times`` is the number of units with each change.
    """
    random = np.random.default_rng(0)
    step = max(1, 2_000_000 // len(times))
    for start in range(0, DRAWS, step):
        size = (min(step, DRAWS - start), len(times))
        yield random.binomial(times, 0.5, size)


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the exact two-sided p value of McNemar's test (1947).

    The arguments are the numbers of items that only the first or only the second system gets right.
    """
    discordant = only_first + only_second
    if discordant == 0:
        return 1.0
    from scipy.stats import binom

    return min(1.0, 2 * float(binom.cdf(min(only_first, only_second), discordant, 0.5)))


def adjust_holm(values: Sequence[float]) -> list[float]:
    """Return p values adjusted by Holm's step-down procedure (Holm 1979), in the order given."""
    adjusted = [0.0] * len(values)
    reached = 0.0
    ascending = sorted(range(len(values)), key=lambda i: values[i])
    for rank, index in enumerate(ascending):
        reached = max(reached, min(1.0, (len(values) - rank) * values[index]))
        adjusted[index] = reached
    return adjusted


# ---------------------------------------------------------------- limits


def detectable_difference(error: float, units: float, power: float = 0.8) -> float | None:
    """Return the smallest true difference that a two-sided paired t test at .05 detects.

    ``error`` is the standard error of the difference over ``units`` clusters, and ``power`` the
    probability of detecting it. Return None if the error is 0 or there are fewer than two clusters,
    because such data do not show how much a difference varies.
    """
    if error <= TOLERANCE or units < 2:
        return None
    return error * _find_detectable_shift(units, power)


# A plan asks for the same numbers of units at every error, and so do all runs of a board.
@lru_cache(maxsize=1024)
def _find_detectable_shift(units: float, power: float) -> float:
    """Return the smallest difference that the test detects, in standard errors."""
    from scipy.optimize import brentq
    from scipy.stats import nct, t

    critical = float(t.ppf(0.975, units - 1))

    def lack(shift: float) -> float:
        lower = nct.cdf(-critical, units - 1, shift)  # underflows to nan for large shifts
        return float(nct.sf(critical, units - 1, shift) + np.nan_to_num(lower) - power)

    return float(brentq(lack, 0, 10 * critical))


def intraclass_correlation(values: Sequence[float], clusters: Sequence[str]) -> float | None:
    """Return the intraclass correlation ICC(1) of clustered values, from a one-way ANOVA.

    Clusters may differ in size (Donner 1986). Return None if there are fewer than two clusters, as
    many clusters as values, or no variance.
    """
    groups: dict[str, list[float]] = {}
    for value, name in zip(values, clusters, strict=True):
        groups.setdefault(name, []).append(value)

    total, count = len(values), len(groups)
    if not 1 < count < total:
        return None

    mean = sum(values) / total
    means = {name: sum(group) / len(group) for name, group in groups.items()}
    squares_between = sum(len(groups[name]) * (means[name] - mean) ** 2 for name in groups)
    squares_within = sum(
        (value - means[name]) ** 2 for name, group in groups.items() for value in group
    )
    between, within = squares_between / (count - 1), squares_within / (total - count)

    # Donner's n0: the mean cluster size, corrected for unequal sizes.
    size = (total - sum(len(group) ** 2 for group in groups.values()) / total) / (count - 1)
    spread = between + (size - 1) * within
    return (between - within) / spread if spread > TOLERANCE else None


# ---------------------------------------------------------------- ranks


class Rank(NamedTuple):
    """The range of ranks that the tests allow a system, and the number of its tie group."""

    best: int
    worst: int
    group: int


def rank(
    scores: Sequence[float], adjusted: Callable[[int, int], float], level: float = 0.05
) -> list[Rank]:
    """Return the rank range and tie group of each system.

    ``adjusted`` returns the adjusted p value of two systems, given by their positions. A system is
    below another one if its score is lower and their adjusted p value is less than ``level``. A tie
    group starts with the best remaining system, and ends before the first system below that one.
    """
    everyone = range(len(scores))
    order = sorted(everyone, key=lambda i: (-scores[i], i))

    def is_below(i: int, j: int) -> bool:
        return scores[i] < scores[j] and adjusted(i, j) < level

    groups: dict[int, int] = {}
    group, first = 0, None
    for system in order:
        if first is None or is_below(system, first):
            group, first = group + 1, system
        groups[system] = group

    ranks = []
    for i in everyone:
        above = sum(is_below(i, j) for j in everyone)
        below = sum(is_below(j, i) for j in everyone)
        ranks.append(Rank(1 + above, len(scores) - below, groups[i]))
    return ranks
