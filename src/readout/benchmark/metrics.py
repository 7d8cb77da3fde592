"""Measures for use elsewhere: F_fa for scikit-learn, a class as of ``evaluate``, and all of a task.

Swap consistency, the official measure of ``stance``, needs the pairs of questions that the rows of
``bench_stance`` name: see :func:`score_rows`.

>>> f_fa_score(["favor", "against"], ["favor", "favor"])
0.3333333333333333
>>> StanceMetric().compute(predictions=["favor"], references=["favor"])["f_fa"]
0.5

"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from readout.benchmark.harness.rows import keep_partners, to_item
from readout.benchmark.predictions import format_predictions, parse_predictions
from readout.benchmark.scoring.measures import F_FA, evaluate, list_measures
from readout.benchmark.scoring.scores import Score
from readout.benchmark.tasks import STANCES, TASKS
from readout.problem import RefusedError

LABELS: tuple[str, ...] = tuple(dict.fromkeys((*(TASKS["polarity"].labels or ()), *STANCES)))
"""Every label of the tasks ``polarity`` and ``stance``."""


def f_fa_score(y_true: Iterable[str], y_pred: Iterable[str | None]) -> float:
    """Return the mean of F1(favor) and F1(against), for use with ``sklearn.metrics.make_scorer``.

    Labels are strings; None abstains. 0/0 counts as 0.

    Raises:
        ValueError: a label is unknown, or the lengths differ.

    """
    counts = _count_answers(list(y_true), list(y_pred), LABELS)
    return float(evaluate(F_FA, _METRIC_COLUMNS, counts).values)


def score_rows(
    task: str, rows: Iterable[Mapping[str, Any]], predictions: Sequence[Any]
) -> dict[str, float]:
    """Return every measure of a task by its name, the one that ranks systems first.

    ``rows`` are all rows of the config ``bench_<task>``, or some of them, such as those of an
    event; a swap group counts if both its rows are given. ``predictions`` has an answer per row, in
    their order; None abstains.

    Raises:
        RefusedError: there are no rows, or not one valid answer per row.

    """
    items = keep_partners([to_item(task, row) for row in rows])
    if not items:
        raise RefusedError(f"Got no rows. Expected rows of the config 'bench_{task}'.")
    answers, _ = parse_predictions("", format_predictions(items, predictions), items)
    score = Score("", items, answers, "event")
    return {measure.name: score.value(measure) for measure in score.measures}


class StanceMetric:
    """Measures with the interface of the library ``evaluate``: add, add_batch and compute.

    ``task`` is ``polarity`` or ``stance``, whose labels differ, and with them macro-F1.
    """

    def __init__(self, task: str = "polarity") -> None:
        self._labels = TASKS[task].labels or ()
        measures = {measure.name: measure for measure in list_measures(TASKS[task], ())}
        self._measures = {name: measures[ours] for name, ours in _NAMES.items()}
        self._predictions: list[Any] = []
        self._references: list[Any] = []

    def add(self, *, prediction: str | None, reference: str) -> None:
        """Add one prediction with its reference."""
        self.add_batch(predictions=[prediction], references=[reference])

    def add_batch(self, *, predictions: Sequence[str | None], references: Sequence[str]) -> None:
        """Add several predictions with their references."""
        self._predictions += predictions
        self._references += references

    def compute(
        self, *, predictions: Sequence[str | None] = (), references: Sequence[str] = ()
    ) -> dict[str, float | list[str]]:
        """Return the scores of everything added so far, and reset.

        ``undefined`` lists the scores that are 0/0.

        Raises:
            ValueError: a label is unknown, or the lengths differ.

        """
        self.add_batch(predictions=predictions, references=references)
        counts = _count_answers(self._references, self._predictions, self._labels)
        self._predictions, self._references = [], []

        scores: dict[str, float | list[str]] = {}
        undefined = []
        for name, measure in self._measures.items():
            found = evaluate(measure, _METRIC_COLUMNS, counts)
            scores[name] = float(found.values)
            if found.undefined:
                undefined.append(name)
        return {**scores, "undefined": undefined}


_NAMES = {
    "f_fa": "F_fa",
    "macro_f1": "macro-F1",
    "f1_favor": "F1 (favor)",
    "f1_against": "F1 (against)",
    "accuracy": "accuracy",
}
"""Our names of the measures, by those that other libraries give such scores."""

_LABEL_COLUMNS = [f"{kind} {label}" for label in LABELS for kind in ("gold", "pred", "hit")]
_METRIC_COLUMNS = ("items", "hits", *_LABEL_COLUMNS)


def _count_answers(gold: Sequence[Any], pred: Sequence[Any], labels: Sequence[str]) -> Any:
    _check_labels(gold, pred, labels)
    counts = dict.fromkeys(_METRIC_COLUMNS, 0)
    for gold_label, pred_label in zip(gold, pred, strict=True):
        counts["items"] += 1
        counts[f"gold {gold_label}"] += 1
        if pred_label is not None:
            counts[f"pred {pred_label}"] += 1
        if gold_label == pred_label:
            counts["hits"] += 1
            counts[f"hit {gold_label}"] += 1
    return np.array(list(counts.values()))


def _check_labels(gold: Sequence[Any], pred: Sequence[Any], labels: Sequence[str]) -> None:
    if len(gold) != len(pred):
        raise ValueError(
            f"Got {len(gold)} gold labels and {len(pred)} predictions. Expected as many of each."
        )
    given = [label for label in pred if label is not None]
    for label in (*gold, *given):
        if not isinstance(label, str) or label not in labels:
            names = ", ".join(labels)
            raise ValueError(f"Got the label {label!r}. Expected one of {names}.")
