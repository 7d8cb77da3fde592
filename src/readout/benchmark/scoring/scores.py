"""Scores and comparisons of systems, on these texts and on texts like these."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from readout.benchmark.folds import Folds
from readout.benchmark.leakage import SEEN, find_holder, flag_seen
from readout.benchmark.scoring.counts import count_item, name_columns
from readout.benchmark.scoring.measures import ACCURACY, COVERAGE, Measure, evaluate, list_measures
from readout.benchmark.scoring.statistics import (
    Rank,
    Resamples,
    Statistic,
    TestResult,
    adjust_holm,
    detectable_difference,
    intraclass_correlation,
    jackknife_rows,
    mcnemar,
    rank,
    resample_all,
    standard_error,
    sum_clusters,
    swap_test,
    wilson_interval,
)
from readout.benchmark.tasks import TASKS, Task
from readout.corpus.items import hash_items
from readout.model import Item
from readout.problem import RefusedError
from readout.report.intervals import Estimate

CONVENTIONS = "zero:0,null:wrong,ties:extreme"
"""The conventions behind every number: 0/0 is 0, null is wrong, and ties count as extreme."""
SCORER = 1
"""Raised when a change of code changes a number that is computed from the same predictions."""


class Score:
    """The counted predictions of one system for all items of a task."""

    def __init__(
        self, name: str, items: Sequence[Item], predictions: Mapping[str, Any], folds: str
    ) -> None:
        """Count the predictions.

        ``predictions`` maps the id of every item to its prediction, which must be valid: see
        :mod:`readout.benchmark.predictions`. ``folds`` is the name of their scheme.
        """
        self.name = name
        self.items = tuple(items)
        self.folds = folds
        self.task: Task = TASKS[items[0].task]
        self.measures = list_measures(self.task, items)
        self.columns = name_columns(self.task, items)
        self.predictions = [predictions[item.id] for item in items]
        self.rows = self._count_rows()
        self.events = [item.event for item in items]

    def _count_rows(self) -> Any:
        rows = []
        for item, prediction in zip(self.items, self.predictions, strict=True):
            counts = count_item(self.task, item, prediction)
            rows.append([counts.get(name, 0) for name in self.columns])
        return np.array(rows, dtype=np.int64)

    @property
    def official(self) -> Measure:
        """The measure that ranks systems."""
        return self.measures[0]

    @cached_property
    def clusters(self) -> Any:
        """The counts of each event, as an array of shape (events, columns)."""
        return sum_clusters(self.rows, self.events)

    def statistic(self, measure: Measure) -> Statistic:
        """Return a measure as a function of summed counts."""
        return lambda counts: evaluate(measure, self.columns, counts).values

    def value(self, measure: Measure | None = None, rows: Any = None) -> float:
        """Return a measure, by default the official one, of all items or of some rows."""
        rows = self.rows if rows is None else rows
        return float(self.statistic(measure or self.official)(rows.sum(axis=0)))

    def is_undefined(self, measure: Measure, rows: Any = None) -> bool:
        """Return whether a ratio of a measure is 0/0 for all items or for some rows."""
        rows = self.rows if rows is None else rows
        return bool(evaluate(measure, self.columns, rows.sum(axis=0)).undefined)

    def on_these_texts(self, measure: Measure) -> Estimate:
        """Return a measure with its interval over items.

        The interval is Wilson's for proportions of items, and a jackknife for other measures.
        """
        if measure == ACCURACY:
            return wilson_interval(self.total("hits"), len(self.items))
        if measure == COVERAGE:
            return wilson_interval(self.total("answered"), len(self.items))
        return jackknife_rows(self.rows, self.statistic(measure))

    def on_texts_like_these(self, measure: Measure) -> Estimate:
        """Return a measure with its jackknife interval over events (Student's t, K − 1 df)."""
        return jackknife_rows(self.clusters, self.statistic(measure))

    def resamples(self, measure: Measure) -> Resamples | None:
        """Return a measure for every distinct resample of the events; None for many events."""
        return resample_all(self.clusters, self.statistic(measure))

    def total(self, column: str) -> int:
        """Return the sum of a column."""
        return int(self.rows[:, self.columns.index(column)].sum())

    @cached_property
    def quality(self) -> list[float]:
        """The quality of each answer: 1 or 0 for labels, the official measure for others."""
        measure = ACCURACY if self.task.shape == "label" else self.official
        values: list[float] = self.statistic(measure)(self.rows).tolist()
        return values

    @property
    def signature(self) -> str:
        """A string that is equal for two scores if and only if they can be compared."""
        parts = {
            "task": self.task.name,
            "folds": self.folds,
            "data": hash_items(self.items),
            "n": len(self.items),
            "clusters": len(self.clusters),
            "measure": self.official.name,
            "conventions": CONVENTIONS,
            "scorer": SCORER,
        }
        return "|".join(f"{name}:{value}" for name, value in parts.items())


# ---------------------------------------------------------------- slices


def slice_items(score: Score, folds: Folds | None = None) -> dict[str, dict[str, list[int]]]:
    """Return the positions of items by slice and value.

    The slices are the document, the target, the holder and, if folds are given, each flag of
    :func:`readout.benchmark.leakage.flag_seen`.
    """
    slices: dict[str, dict[str, list[int]]] = {"document": {}, "target": {}, "holder": {}}
    flags: Mapping[str, Mapping[str, bool]] = {}
    if folds:
        flags = flag_seen(score.items, folds)
        slices |= {name: {} for name in sorted(SEEN)}

    for position, item in enumerate(score.items):
        traits = {"document": item.doc_id, "target": item.target, "holder": find_holder(item)}
        for name, seen in flags.get(item.id, {}).items():
            traits[name] = "yes" if seen else "no"
        for name, value in traits.items():
            if value is not None:
                slices[name].setdefault(value, []).append(position)

    return {name: dict(sorted(values.items())) for name, values in slices.items() if values}


# ---------------------------------------------------------------- comparisons


class TheseTexts(NamedTuple):
    """The difference between two systems on the annotated items.

    ``permutation`` is the swap test over items; ``mcnemar`` is a p value, None for tasks without
    labels.
    """

    difference: Estimate
    permutation: TestResult
    mcnemar: float | None


class TextsLikeThese(NamedTuple):
    """The difference between two systems as an estimate for other events.

    ``detectable`` is the smallest true difference that a paired t test over as many events detects
    in 80 % of cases. ``icc`` is the intraclass correlation, within events, of the items'
    differences.
    """

    difference: Estimate
    swap: TestResult
    detectable: float | None
    icc: float | None


class Comparison(NamedTuple):
    """A comparison of two systems on one task, by its official measure."""

    first: str
    second: str
    measure: str
    these_texts: TheseTexts
    texts_like_these: TextsLikeThese


class IncomparableError(RefusedError):
    """Two scores are of different tasks, folds or data."""


def compare_scores(first: Score, second: Score) -> Comparison:
    """Compare two systems: the official measure of the first minus that of the second.

    Raises:
        IncomparableError: the signatures differ.

    """
    if first.signature != second.signature:
        raise IncomparableError(
            f"{first.name!r} and {second.name!r} cannot be compared, "
            f"because their signatures differ: {first.signature} and {second.signature}."
        )

    def difference(counts: Any) -> Any:
        values = first.statistic(first.official)(counts)
        return values[..., 0] - values[..., 1]

    items = np.stack([first.rows, second.rows], axis=1)
    these_texts = TheseTexts(
        jackknife_rows(items, difference),
        swap_test(items, difference),
        _test_mcnemar(first, second),
    )

    clusters = np.stack([first.clusters, second.clusters], axis=1)
    error = standard_error(clusters, difference)
    changes = [a - b for a, b in zip(first.quality, second.quality, strict=True)]
    texts_like_these = TextsLikeThese(
        jackknife_rows(clusters, difference),
        swap_test(clusters, difference),
        detectable_difference(error, len(clusters)),
        intraclass_correlation(changes, first.events),
    )

    measure = first.official.name
    return Comparison(first.name, second.name, measure, these_texts, texts_like_these)


def _test_mcnemar(first: Score, second: Score) -> float | None:
    if first.task.shape != "label":
        return None
    pairs = list(zip(first.quality, second.quality, strict=True))
    only_first = sum(a > b for a, b in pairs)
    only_second = sum(a < b for a, b in pairs)
    return mcnemar(only_first, only_second)


class AdjustedComparison(NamedTuple):
    """A comparison with its p values adjusted for the number of comparisons."""

    comparison: Comparison
    permutation: float
    mcnemar: float | None
    swap: float


def compare_all(scores: Sequence[Score]) -> list[AdjustedComparison]:
    """Compare every two systems; the p values of each test are adjusted by Holm's procedure."""
    found = [compare_scores(a, b) for a, b in combinations(scores, 2)]
    permutation = adjust_holm([each.these_texts.permutation.p for each in found])
    swap = adjust_holm([each.texts_like_these.swap.p for each in found])

    # McNemar's test applies to all comparisons of a task or to none.
    known = [each.these_texts.mcnemar for each in found if each.these_texts.mcnemar is not None]
    exact: Sequence[float | None] = adjust_holm(known) if known else [None] * len(found)

    columns = zip(found, permutation, exact, swap, strict=True)
    return [AdjustedComparison(*values) for values in columns]


def rank_scores(
    scores: Sequence[Score],
    found: Sequence[AdjustedComparison],
    find_p: Callable[[AdjustedComparison], float],
) -> list[Rank]:
    """Return the rank range and tie group of each system by its official measure.

    ``found`` contains the comparisons of every two systems, and ``find_p`` selects the test.
    """
    positions = {score.name: position for position, score in enumerate(scores)}
    adjusted = {}
    for each in found:
        first, second = each.comparison.first, each.comparison.second
        pair = frozenset((positions[first], positions[second]))
        adjusted[pair] = find_p(each)

    values = [score.value() for score in scores]
    return rank(values, lambda i, j: adjusted[frozenset((i, j))])
