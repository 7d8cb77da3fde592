"""Intervals: of a share in a random sample, and jackknives over clusters. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any, NamedTuple, TypeVar

S = TypeVar("S")

NORMAL = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""


class Estimate(NamedTuple):
    """A value with its 95 % interval.

    ``value`` is None if it is undefined; ``low`` and ``high`` are None if there is no interval.
    """

    value: float | None
    low: float | None = None
    high: float | None = None


def wilson_interval(fewest: int, most: int, total: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson 1927).

    Of ``total`` items of a random sample, from ``fewest`` to ``most`` are of the kind that is
    counted; the two differ if some items could not be judged. The interval does not narrow for a
    sample that is a large part of its population.
    """
    low, _ = wilson_bounds(fewest / total, total, NORMAL)
    _, high = wilson_bounds(most / total, total, NORMAL)
    return max(0.0, low), min(1.0, high)


def wilson_bounds(share: Any, total: Any, quantile: Any) -> tuple[Any, Any]:
    """Return the bounds of the score interval of a proportion (Wilson 1927), or of an array.

    ``quantile`` is that of the normal distribution; Student's t instead makes the number of things
    smaller, as if they were fewer (Korn and Graubard 1998).
    """
    shrinkage = 1 + quantile**2 / total
    middle = (share + quantile**2 / (2 * total)) / shrinkage
    spread = share * (1 - share) / total + quantile**2 / (4 * total**2)
    half = quantile / shrinkage * spread**0.5
    return middle - half, middle + half


def leave_one_out(
    clusters: Sequence[S], statistic: Callable[[Sequence[S]], float | None]
) -> list[float | None]:
    """Return, for each cluster, the statistic of all others; an empty list for fewer than two."""
    if len(clusters) < 2:
        return []

    values = []
    for index in range(len(clusters)):
        others = [*clusters[:index], *clusters[index + 1 :]]
        values.append(statistic(others))
    return values


def jackknife(value: float | None, parts: Sequence[float | None]) -> Estimate:
    """Return a statistic with its delete-one-cluster jackknife interval (Tukey 1958).

    ``value`` is the statistic of all clusters, and ``parts`` its values without each of K clusters
    in turn. The half width is the jackknife standard error times the 97.5 % quantile of Student's t
    with K − 1 degrees of freedom. There is no interval for fewer than two clusters, or if the
    statistic is undefined without one of them.
    """
    known = [part for part in parts if part is not None]
    if value is None or len(parts) < 2 or len(known) < len(parts):
        return Estimate(value)

    # Imported here because most commands need no intervals, and SciPy takes long to import.
    from scipy.stats import t

    half = float(t.ppf(0.975, len(known) - 1)) * jackknife_error(known)
    return Estimate(value, value - half, value + half)


def jackknife_error(parts: Sequence[float]) -> float:
    """Return the jackknife standard error of a statistic (Tukey 1958).

    ``parts`` are its values without each of K clusters in turn.
    """
    count = len(parts)
    mean = sum(parts) / count
    squares = sum((part - mean) ** 2 for part in parts)
    return sqrt((count - 1) / count * squares)
