"""Measures: means or minima of ratios of summed counts. A ratio of 0/0 is flagged.

In a mean it counts as 0. A minimum is over the ratios that are not 0/0, and 0 if there are none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from readout.benchmark.scoring.counts import list_classes, list_families
from readout.benchmark.tasks import Task
from readout.model import Item


class Ratio(NamedTuple):
    """A ratio of two weighted sums of columns; both map the name of a column to its weight."""

    numerator: Mapping[str, int]
    denominator: Mapping[str, int]


class Measure(NamedTuple):
    """A mean or minimum of ratios, between 0 and 1.

    ``is_share`` says that each ratio is a share of things that are counted one by one, such as
    items, so that an interval for proportions applies to it.
    """

    name: str
    ratios: tuple[Ratio, ...]
    combine: Literal["mean", "min"] = "mean"
    is_share: bool = False

    @property
    def parts(self) -> tuple[Measure, ...]:
        """One measure per ratio."""
        return tuple([self._replace(ratios=(ratio,), combine="mean") for ratio in self.ratios])


class Values(NamedTuple):
    """Arrays of the values of a measure, and of whether 0/0 has entered them as 0."""

    values: Any
    undefined: Any


def evaluate(measure: Measure, columns: Sequence[str], counts: Any) -> Values:
    """Return the values of a measure for an array of counts.

    The last axis of ``counts`` is the columns; the results have the shape of the other axes.
    """
    numerators = [counts @ _weights(ratio.numerator, columns) for ratio in measure.ratios]
    denominators = [counts @ _weights(ratio.denominator, columns) for ratio in measure.ratios]
    above, below = np.stack(numerators, axis=-1), np.stack(denominators, axis=-1)

    is_empty = below == 0
    ratios = np.divide(above, below, out=np.zeros(above.shape), where=~is_empty)
    if measure.combine == "mean":
        return Values(ratios.mean(axis=-1), is_empty.any(axis=-1))

    undefined = is_empty.all(axis=-1)
    lowest = np.where(is_empty, np.inf, ratios).min(axis=-1)
    return Values(np.where(undefined, 0.0, lowest), undefined)


def weigh_columns(measure: Measure, columns: Sequence[str]) -> Any:
    """Return the weight of each column in the sum of a measure's denominators.

    Counts times these weights are the size of a cluster: how much it matters for the measure.
    """
    return sum(_weights(ratio.denominator, columns) for ratio in measure.ratios)


def _weights(weights: Mapping[str, int], columns: Sequence[str]) -> Any:
    return np.array([weights.get(name, 0) for name in columns])


def _f1(name: str, hit: str, gold: str = "gold", pred: str = "pred") -> Measure:
    return Measure(name, (Ratio({hit: 2}, {gold: 1, pred: 1}),))


def _class_f1(label: str) -> Measure:
    return _f1(f"F1 ({label})", f"hit {label}", f"gold {label}", f"pred {label}")


def _mean(name: str, measures: Sequence[Measure]) -> Measure:
    return Measure(name, tuple(ratio for measure in measures for ratio in measure.ratios))


def _share(name: str, hits: str, total: str) -> Measure:
    return Measure(name, (Ratio({hits: 1}, {total: 1}),), is_share=True)


ACCURACY = _share("accuracy", "hits", "items")
COVERAGE = _share("coverage", "answered", "items")
F_FA = _mean("F_fa", [_class_f1("favor"), _class_f1("against")])
"""The mean of F1(favor) and F1(against), as in SemEval-2016 task 6 (Mohammad et al. 2016)."""

SWAP_CONSISTENCY = "swap consistency"
"""The official measure of tasks with swap groups, as in contrast sets (Gardner et al. 2020)."""

_CHARACTERS = ("shared_characters", "gold_characters", "pred_characters")
CHARACTER_F1 = _f1("character F1", *_CHARACTERS)
SHAPE_MEASURES: Mapping[str, tuple[Measure, ...]] = {
    "spans": (
        CHARACTER_F1,
        _f1("IoU F1", "overlapping"),
        _f1("exact F1", "exact"),
        Measure("character precision", (Ratio({"shared_characters": 1}, {"pred_characters": 1}),)),
        Measure("character recall", (Ratio({"shared_characters": 1}, {"gold_characters": 1}),)),
    ),
    "tuples": (
        _f1("tuple F1", "overlapping"),
        _f1("exact F1", "exact"),
        CHARACTER_F1,
        _f1("F1 without evidence", "labels"),
        _f1("F1 without polarity", "unpolarised"),
    ),
    "quotations": (
        _f1("attributed F1", "attributed"),
        _f1("content F1", "overlapping"),
        _f1("exact content F1", "exact"),
        CHARACTER_F1,
        _f1("F1 with cue", "with_cue"),
        _f1("F1 with source", "with_source"),
        _f1("complete F1", "complete"),
    ),
}
"""The measures of tasks whose answers contain spans; the first of each is official.

An answer counts if its characters and its partner's have an intersection over union of at least one
half. Exact and complete measures demand equal spans; "F1 without evidence" ignores spans.
"""


def list_measures(task: Task, items: Sequence[Item]) -> tuple[Measure, ...]:
    """Return the measures of a task, the official one first and the coverage last.

    The official measure of tasks with swap groups is their consistency, which no answer that
    ignores one part of the question can raise.
    """
    if task.shape != "label":
        return (*SHAPE_MEASURES[task.shape], COVERAGE)

    classes = [_class_f1(label) for label in list_classes(task, items)]
    macro = _mean("macro-F1", classes)
    families = list_families(items)
    if families:
        swaps = [_share(f"swap of {name}", f"pairs {name}", f"groups {name}") for name in families]
        return (_lowest(swaps), macro, *swaps, F_FA, ACCURACY, *classes, COVERAGE)
    if task.labels is None:
        return ACCURACY, macro, COVERAGE
    return F_FA, macro, ACCURACY, *classes, COVERAGE


def _lowest(swaps: Sequence[Measure]) -> Measure:
    """Return the smallest share, over the families, of swap groups with two right answers."""
    ratios = _mean(SWAP_CONSISTENCY, swaps).ratios
    return Measure(SWAP_CONSISTENCY, ratios, combine="min", is_share=True)
