"""Measures: means of ratios of summed counts. A ratio of 0/0 counts as 0 and is flagged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from readout.benchmark.scoring.counts import list_classes
from readout.benchmark.tasks import Task
from readout.model import Item


class Ratio(NamedTuple):
    """A ratio of two weighted sums of columns; both map the name of a column to its weight."""

    numerator: Mapping[str, int]
    denominator: Mapping[str, int]


class Measure(NamedTuple):
    """A mean of ratios, between 0 and 1."""

    name: str
    ratios: tuple[Ratio, ...]


class Values(NamedTuple):
    """Arrays of the values of a measure, and of whether one of its ratios is 0/0."""

    values: Any
    undefined: Any


def evaluate(measure: Measure, columns: Sequence[str], counts: Any) -> Values:
    """Return the values of a measure for an array of counts.

    The last axis of ``counts`` is the columns; the results have the shape of the other axes.
    """
    numerators = [counts @ _weights(ratio.numerator, columns) for ratio in measure.ratios]
    denominators = [counts @ _weights(ratio.denominator, columns) for ratio in measure.ratios]
    above, below = np.stack(numerators, axis=-1), np.stack(denominators, axis=-1)

    ratios = np.divide(above, below, out=np.zeros(above.shape), where=below != 0)
    return Values(ratios.mean(axis=-1), (below == 0).any(axis=-1))


def _weights(weights: Mapping[str, int], columns: Sequence[str]) -> Any:
    return np.array([weights.get(name, 0) for name in columns])


def _f1(name: str, hit: str, gold: str = "gold", pred: str = "pred") -> Measure:
    return Measure(name, (Ratio({hit: 2}, {gold: 1, pred: 1}),))


def _class_f1(label: str) -> Measure:
    return _f1(f"F1 ({label})", f"hit {label}", f"gold {label}", f"pred {label}")


def _mean(name: str, measures: Sequence[Measure]) -> Measure:
    return Measure(name, tuple(ratio for measure in measures for ratio in measure.ratios))


ACCURACY = Measure("accuracy", (Ratio({"hits": 1}, {"items": 1}),))
COVERAGE = Measure("coverage", (Ratio({"answered": 1}, {"items": 1}),))
F_FA = _mean("F_fa", [_class_f1("favor"), _class_f1("against")])
"""The mean of F1(favor) and F1(against), as in SemEval-2016 task 6 (Mohammad et al. 2016)."""

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
    """Return the measures of a task, the official one first and the coverage last."""
    if task.shape != "label":
        return (*SHAPE_MEASURES[task.shape], COVERAGE)
    classes = [_class_f1(label) for label in list_classes(task, items)]
    macro = _mean("macro-F1", classes)
    if task.labels is None:
        return ACCURACY, macro, COVERAGE
    return F_FA, macro, ACCURACY, *classes, COVERAGE
