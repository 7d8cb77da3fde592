"""Intervals over documents: the jackknife, the one resampling that a handful of documents allows. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import NamedTuple, TypeVar

S = TypeVar("S")


class Estimate(NamedTuple):
    """A value with its 95 % interval; ``value`` is None where it is undefined, the bounds where they are."""

    value: float | None
    low: float | None = None
    high: float | None = None


def leave_one_out(clusters: Sequence[S], statistic: Callable[[Sequence[S]], float | None]) -> list[float | None]:
    """Return a statistic of all clusters but one, for each cluster; nothing for fewer than two."""
    if len(clusters) < 2:
        return []
    return [statistic([*clusters[:i], *clusters[i + 1 :]]) for i in range(len(clusters))]


def jackknife(value: float | None, parts: Sequence[float | None]) -> Estimate:
    """Return a statistic with its delete-one-cluster jackknife interval (Tukey 1958).

    ``value`` is the statistic of all clusters, and ``parts`` its values without each of K clusters in
    turn. The half width is the jackknife standard error times the 97.5 % quantile of Student's t with
    K − 1 degrees of freedom. There is no interval for fewer than two clusters, or if the statistic is
    undefined without one of them.
    """
    known = [part for part in parts if part is not None]
    if value is None or len(parts) < 2 or len(known) < len(parts):
        return Estimate(value)
    from scipy.stats import t

    half = float(t.ppf(0.975, len(known) - 1)) * jackknife_error(known)
    return Estimate(value, value - half, value + half)


def jackknife_error(parts: Sequence[float]) -> float:
    """Return the jackknife standard error of a statistic from its values without each of K clusters in turn."""
    mean = sum(parts) / len(parts)
    return sqrt((len(parts) - 1) / len(parts) * sum((part - mean) ** 2 for part in parts))
