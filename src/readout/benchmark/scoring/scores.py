"""Scores and comparisons of systems, on these texts and on texts like these."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from readout.benchmark.folds import Folds
from readout.benchmark.leakage import SEEN, find_holder, flag_seen
from readout.benchmark.scoring.counts import count_groups, count_item, name_columns
from readout.benchmark.scoring.intervals import (
    Spread,
    Statistic,
    Sums,
    count_effective,
    find_lowest,
    is_point,
    jackknife_items,
    jackknife_widest,
    stack_sums,
    subtract,
    sum_rows,
    surround,
    widen,
    widen_logit,
    widest_spread,
    wilson_interval,
)
from readout.benchmark.scoring.measures import (
    ACCURACY,
    Measure,
    evaluate,
    list_measures,
    weigh_columns,
)
from readout.benchmark.scoring.statistics import (
    Rank,
    Resamples,
    TestResult,
    adjust_holm,
    detectable_difference,
    find_weakest,
    intraclass_correlation,
    mcnemar,
    rank,
    resample_all,
    swap_test,
)
from readout.benchmark.tasks import TASKS, Task
from readout.corpus.items import hash_items
from readout.model import Item
from readout.problem import RefusedError
from readout.report.intervals import Estimate

CONVENTIONS = "zero:0,null:wrong,ties:extreme"
"""The conventions behind every number: 0/0 is 0, null is wrong, and ties count as extreme."""
SCORER = 2
"""Raised when a change of code changes a number that is computed from the same predictions."""


class Score:
    """The counted predictions of one system for the items of a task that have a gold answer.

    The other items are asked as well, so that the set of questions tells nothing; they count
    nowhere.
    """

    def __init__(
        self,
        name: str,
        items: Sequence[Item],
        predictions: Mapping[str, Any],
        folds: str,
        data: str = "",
    ) -> None:
        """Count the predictions.

        ``predictions`` maps the id of every item to its prediction, which must be valid: see
        :mod:`readout.benchmark.predictions`. ``folds`` is the name of their scheme, and ``data``
        the hash of all items, which is computed if it is not given.
        """
        self.name = name
        self.folds = folds
        self.data = data or hash_items(items)
        self.asked = len(items)
        self.task: Task = TASKS[items[0].task]
        self.items = tuple([item for item in items if item.gold is not None])
        self.measures = list_measures(self.task, self.items)
        self.columns = name_columns(self.task, self.items)
        self.predictions = [predictions[item.id] for item in self.items]
        self.rows = self._count_rows()
        self.events = [item.event for item in self.items]

    def _count_rows(self) -> Any:
        answered = list(zip(self.items, self.predictions, strict=True))
        right = {item.id: item.gold == prediction for item, prediction in answered}
        rows = []
        for item, prediction in answered:
            counts = count_item(self.task, item, prediction)
            counts |= count_groups(item, right)
            rows.append([counts.get(name, 0) for name in self.columns])
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self.columns))

    @property
    def official(self) -> Measure:
        """The measure that ranks systems."""
        return self.measures[0]

    @cached_property
    def sums(self) -> Sums:
        """The counts by item, event, target and cell."""
        return sum_rows(self.rows, self.events, [item.target for item in self.items])

    @property
    def clusters(self) -> Any:
        """The counts of each event, as an array of shape (events, columns)."""
        return self.sums.events

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

        The interval is Wilson's for proportions, and a jackknife for other measures.
        """
        if measure.combine == "min":
            return find_lowest([self.on_these_texts(part) for part in measure.parts])
        if measure.is_share:
            return self._find_score_interval(measure)
        found = jackknife_items(self.rows, self.statistic(measure))
        return widen(found, self._find_score_interval(measure)) if is_point(found) else found

    def on_texts_like_these(self, measure: Measure) -> Estimate:
        """Return a measure with the widest of its intervals over items, events, and both ways.

        Both ways means by event and by target at once; see :mod:`.intervals`. The interval contains
        the one that is symmetric on the logit scale and, for proportions, the score interval.
        """
        if measure.combine == "min":
            return find_lowest([self.on_texts_like_these(part) for part in measure.parts])
        weights = weigh_columns(measure, self.columns)
        found = widen_logit(jackknife_widest(self.sums, self.statistic(measure), weights))
        if measure.is_share or is_point(found):
            units = float(count_effective(self.clusters @ weights))
            return widen(found, self._find_score_interval(measure, units))
        return found

    def _find_score_interval(self, measure: Measure, units: float | None = None) -> Estimate:
        """Return a measure with the score interval of a proportion.

        Measures that are no proportions count as one of the items. That is a stopgap for the case
        that all items or events have the same value, since a jackknife shows no uncertainty then.
        """
        total = len(self.items)
        if measure.is_share:
            total = int((self.rows @ weigh_columns(measure, self.columns)).sum())
        return wilson_interval(self.value(measure), total, units)

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
    def is_gold(self) -> bool:
        """Whether every answer equals gold."""
        pairs = zip(self.items, self.predictions, strict=True)
        return all(item.gold == prediction for item, prediction in pairs)

    @property
    def signature(self) -> str:
        """A string that is equal for two scores if and only if they can be compared."""
        parts = {
            "task": self.task.name,
            "folds": self.folds,
            "data": self.data,
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

    sums = stack_sums(first.sums, second.sums)
    weights = weigh_columns(first.official, first.columns)
    spread = widest_spread(sums, difference, weights)
    near = jackknife_items(sums.items, difference)
    far = surround(float(difference(sums.items.sum(axis=0))), spread)
    these_texts = TheseTexts(
        _find_difference(first, second, Score.on_these_texts, near),
        swap_test(sums.items, difference),
        _test_mcnemar(first, second),
    )
    changes = [a - b for a, b in zip(first.quality, second.quality, strict=True)]
    texts_like_these = TextsLikeThese(
        _find_difference(first, second, Score.on_texts_like_these, far),
        swap_test(sums.events, difference),
        _find_detectable(spread),
        intraclass_correlation(changes, first.events),
    )
    return Comparison(first.name, second.name, first.official.name, these_texts, texts_like_these)


def _find_detectable(spread: Spread | None) -> float | None:
    return detectable_difference(float(spread.error), float(spread.units)) if spread else None


def _find_difference(
    first: Score,
    second: Score,
    estimate: Callable[[Score, Measure], Estimate],
    paired: Estimate,
) -> Estimate:
    """Return the difference of two systems, given its jackknife interval.

    That interval does not hold for minima, which are not smooth, or if it is a point: systems that
    always or never are right leave a difference without spread, but not without doubt.
    """
    official = first.official
    is_same = first.predictions == second.predictions
    if is_same or (official.combine == "mean" and not is_point(paired)):
        return paired
    return subtract(estimate(first, official), estimate(second, official))


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
    return adjust_comparisons([compare_scores(a, b) for a, b in combinations(scores, 2)])


def find_closest(found: Sequence[Comparison]) -> Comparison:
    """Return the comparison with the best artefact, from those of a system with all artefacts.

    The scores on the same items cannot tell for sure which artefact is best. A system that beats
    the best one beats all of them, so the system is compared with every artefact, and the result is
    the largest p of each test and the smallest difference (an intersection-union test, Berger
    1982). The second name is that of the artefact with the highest score.
    """
    near = [each.these_texts for each in found]
    far = [each.texts_like_these for each in found]
    values = [each.difference.value or 0.0 for each in near]
    closest = values.index(min(values))

    exact = [each.mcnemar for each in near if each.mcnemar is not None]
    these_texts = TheseTexts(
        find_lowest([each.difference for each in near]),
        find_weakest([each.permutation for each in near]),
        max(exact, default=None),
    )
    texts_like_these = TextsLikeThese(
        find_lowest([each.difference for each in far]),
        find_weakest([each.swap for each in far]),
        far[closest].detectable,
        far[closest].icc,
    )
    return found[closest]._replace(these_texts=these_texts, texts_like_these=texts_like_these)


def adjust_comparisons(found: Sequence[Comparison]) -> list[AdjustedComparison]:
    """Return comparisons with the p values of each test adjusted by Holm's procedure."""
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
