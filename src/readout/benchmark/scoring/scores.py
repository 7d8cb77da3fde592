"""Scores and comparisons with what they allow one to say: about these texts, and about texts like these."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from readout._version import __version__
from readout.benchmark.folds import Folds, find_holder, find_target, hash_items
from readout.benchmark.leakage import flag_seen
from readout.benchmark.scoring.counts import count_item, name_columns
from readout.benchmark.scoring.measures import ACCURACY, COVERAGE, Measure, evaluate, list_measures
from readout.benchmark.scoring.statistics import (
    Rank,
    Resamples,
    Test,
    detectable,
    holm,
    intraclass,
    jackknife_rows,
    mcnemar,
    rank,
    resample_all,
    standard_error,
    sum_clusters,
    swap_test,
    wilson,
)
from readout.benchmark.tasks import TASKS, Item, Task
from readout.problem import RefusedError
from readout.report.intervals import Estimate

CONVENTIONS = "zero:0,null:wrong,ties:extreme"
"""What every number takes for granted: 0/0 is 0, a null is wrong, and ties count as extreme in tests."""


class Score:
    """The predictions of one system for all items of a task, counted."""

    def __init__(self, name: str, items: Sequence[Item], predictions: Mapping[str, Any], folds: str) -> None:
        """Count predictions, which must hold every item's id: see :mod:`readout.benchmark.predictions`."""
        self.name = name
        self.items = tuple(items)
        self.folds = folds
        self.task: Task = TASKS[items[0].task]
        self.measures = list_measures(self.task, items)
        self.columns = name_columns(self.task, items)
        self.predictions = [predictions[item.id] for item in items]
        counted = [count_item(self.task, *pair) for pair in zip(self.items, self.predictions, strict=True)]
        self.rows = np.array([[counts.get(name, 0) for name in self.columns] for counts in counted], dtype=np.int64)
        self.events = [item.event for item in items]

    @property
    def official(self) -> Measure:
        """The measure that ranks systems."""
        return self.measures[0]

    @cached_property
    def clusters(self) -> Any:
        """The counts of each event."""
        return sum_clusters(self.rows, self.events)

    def statistic(self, measure: Measure) -> Callable[[Any], Any]:
        """Return a measure as a function of summed counts."""
        return lambda counts: evaluate(measure, self.columns, counts).values

    def value(self, measure: Measure | None = None, rows: Any = None) -> float:
        """Return a measure, by default the official one, of all items or of some rows."""
        rows = self.rows if rows is None else rows
        return float(self.statistic(measure or self.official)(rows.sum(axis=0)))

    def is_undefined(self, measure: Measure, rows: Any = None) -> bool:
        """Tell whether a ratio of a measure is 0/0 for all items, or for some rows."""
        rows = self.rows if rows is None else rows
        return bool(evaluate(measure, self.columns, rows.sum(axis=0)).undefined)

    def on_these_texts(self, measure: Measure) -> Estimate:
        """Return a measure with an interval over items: Wilson's for shares of items, else a jackknife over items."""
        if measure in (ACCURACY, COVERAGE):
            return wilson(self.total("hits" if measure == ACCURACY else "answered"), len(self.items))
        return jackknife_rows(self.rows, self.statistic(measure))

    def on_texts_like_these(self, measure: Measure) -> Estimate:
        """Return a measure with its jackknife interval over events, Student's t with K − 1 degrees of freedom."""
        return jackknife_rows(self.clusters, self.statistic(measure))

    def resamples(self, measure: Measure) -> Resamples | None:
        """Return the measure of every distinct resample of the events."""
        return resample_all(self.clusters, self.statistic(measure))

    def total(self, column: str) -> int:
        """Return the sum of a column."""
        return int(self.rows[:, self.columns.index(column)].sum())

    @cached_property
    def quality(self) -> list[float]:
        """The official measure of each item by itself; for labels, whether it is right."""
        measure = ACCURACY if self.task.shape == "label" else self.official
        values: list[float] = self.statistic(measure)(self.rows).tolist()
        return values

    @property
    def signature(self) -> str:
        """What makes a number comparable: equal signatures, comparable numbers."""
        parts = {
            "task": self.task.name,
            "folds": self.folds,
            "data": hash_items(self.items),
            "n": len(self.items),
            "clusters": len(self.clusters),
            "measure": self.official.name,
            "conventions": CONVENTIONS,
            "version": __version__,
        }
        return "|".join(f"{name}:{value}" for name, value in parts.items())


# ---------------------------------------------------------------- slices


def slice_items(score: Score, folds: Folds | None = None) -> dict[str, dict[str, list[int]]]:
    """Return the positions of items by slice: document, target, holder, and what the training folds have shown."""
    traits: dict[str, Callable[[Item], str | None]] = {
        "document": lambda item: item.doc_id,
        "target": find_target,
        "holder": find_holder,
    }
    if folds:
        flags = flag_seen(score.items, folds)
        for name in sorted({name for each in flags.values() for name in each}):
            traits[name] = lambda item, name=name: _yes_no(flags[item.id].get(name))  # type: ignore[misc]
    slices: dict[str, dict[str, list[int]]] = {name: {} for name in traits}
    for position, item in enumerate(score.items):
        for name, find in traits.items():
            if (value := find(item)) is not None:
                slices[name].setdefault(value, []).append(position)
    return {name: dict(sorted(values.items())) for name, values in slices.items() if values}


def _yes_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


# ---------------------------------------------------------------- comparisons


class TheseTexts(NamedTuple):
    """A difference between two systems on the very items that were annotated."""

    difference: Estimate
    permutation: Test
    mcnemar: float | None


class TextsLikeThese(NamedTuple):
    """A difference between two systems as it would be on other events.

    ``detectable`` is the smallest true difference that a paired t test over as many events finds in 80 % of cases;
    ``icc`` the intraclass correlation, within events, of the items' differences.
    """

    difference: Estimate
    swap: Test
    detectable: float | None
    icc: float | None


class Comparison(NamedTuple):
    """Two systems on one task, by its official measure."""

    first: str
    second: str
    measure: str
    these_texts: TheseTexts
    texts_like_these: TextsLikeThese


class IncomparableError(RefusedError):
    """Two scores are of different tasks, folds or data."""


def compare_scores(first: Score, second: Score) -> Comparison:
    """Compare two systems: the first one's official measure minus the second one's.

    Raises:
        IncomparableError: their signatures differ.

    """
    if first.signature != second.signature:
        raise IncomparableError(
            f"{first.name!r} and {second.name!r} cannot be compared: {first.signature} against {second.signature}."
        )

    def difference(counts: Any) -> Any:
        values = first.statistic(first.official)(counts)
        return values[..., 0] - values[..., 1]

    items = np.stack([first.rows, second.rows], axis=1)
    clusters = np.stack([first.clusters, second.clusters], axis=1)
    changes = [a - b for a, b in zip(first.quality, second.quality, strict=True)]
    return Comparison(
        first.name,
        second.name,
        first.official.name,
        TheseTexts(
            jackknife_rows(items, difference),
            swap_test(items, difference),
            _mcnemar(first, second),
        ),
        TextsLikeThese(
            jackknife_rows(clusters, difference),
            swap_test(clusters, difference),
            detectable(standard_error(clusters, difference), len(clusters)),
            intraclass(changes, first.events),
        ),
    )


def _mcnemar(first: Score, second: Score) -> float | None:
    if first.task.shape != "label":
        return None
    pairs = list(zip(first.quality, second.quality, strict=True))
    return mcnemar(sum(a > b for a, b in pairs), sum(a < b for a, b in pairs))


class Adjusted(NamedTuple):
    """A comparison with its p values adjusted for all comparisons that were made."""

    comparison: Comparison
    permutation: float
    mcnemar: float | None
    swap: float


def compare_all(scores: Sequence[Score]) -> list[Adjusted]:
    """Compare every two systems, p values adjusted by Holm's procedure for each test."""
    found = [compare_scores(a, b) for a, b in combinations(scores, 2)]
    permutation = holm([each.these_texts.permutation.p for each in found])
    known = [each.these_texts.mcnemar for each in found]
    exact: list[float | None] = [*holm([p for p in known if p is not None])] or [None] * len(found)
    swap = holm([each.texts_like_these.swap.p for each in found])
    return [Adjusted(*values) for values in zip(found, permutation, exact, swap, strict=True)]


def rank_scores(scores: Sequence[Score], found: Sequence[Adjusted], find_p: Callable[[Adjusted], float]) -> list[Rank]:
    """Return the rank range and tie group of each system by its official measure and one of the adjusted tests."""
    names = {score.name: position for position, score in enumerate(scores)}
    adjusted = {
        frozenset((names[each.comparison.first], names[each.comparison.second])): find_p(each) for each in found
    }
    return rank([score.value() for score in scores], lambda i, j: adjusted[frozenset((i, j))])
