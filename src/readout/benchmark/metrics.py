"""F_fa, the official measure of ``polarity``, for scikit-learn and as a class of ``evaluate``.

>>> f_fa_score(["favor", "against"], ["favor", "favor"])
0.3333333333333333
>>> StanceMetric().compute(predictions=["favor"], references=["favor"])["f_fa"]
0.5

"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from readout.benchmark.scoring.measures import ACCURACY, F_FA, Measure, evaluate
from readout.benchmark.tasks import STANCES, TASKS

LABELS: tuple[str, ...] = tuple(dict.fromkeys((*(TASKS["polarity"].labels or ()), *STANCES)))
"""Every label of the tasks ``polarity`` and ``stance``."""


def f_fa_score(y_true: Iterable[str], y_pred: Iterable[str | None]) -> float:
    """Return the mean of F1(favor) and F1(against), for use with ``sklearn.metrics.make_scorer``.

    Labels are strings; None abstains. 0/0 counts as 0.

    Raises:
        ValueError: a label is unknown, or the lengths differ.

    """
    counts = _count_answers(list(y_true), list(y_pred))
    return float(evaluate(F_FA, _METRIC_COLUMNS, counts).values)


class StanceMetric:
    """The measure with the interface of the library ``evaluate``: add, add_batch and compute."""

    def __init__(self) -> None:
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
        counts = _count_answers(self._references, self._predictions)
        self._predictions, self._references = [], []

        scores: dict[str, float | list[str]] = {}
        undefined = []
        for name, measure in _MEASURES.items():
            found = evaluate(measure, _METRIC_COLUMNS, counts)
            scores[name] = float(found.values)
            if found.undefined:
                undefined.append(name)
        return {**scores, "undefined": undefined}


_LABEL_COLUMNS = [f"{kind} {label}" for label in LABELS for kind in ("gold", "pred", "hit")]
_METRIC_COLUMNS = ("items", "hits", *_LABEL_COLUMNS)
_MEASURES = {
    "f_fa": F_FA,
    "f1_favor": Measure("F1 (favor)", F_FA.ratios[:1]),
    "f1_against": Measure("F1 (against)", F_FA.ratios[1:]),
    "accuracy": ACCURACY,
}


def _count_answers(gold: Sequence[Any], pred: Sequence[Any]) -> Any:
    _check_labels(gold, pred)
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


def _check_labels(gold: Sequence[Any], pred: Sequence[Any]) -> None:
    if len(gold) != len(pred):
        raise ValueError(
            f"Got {len(gold)} gold labels and {len(pred)} predictions. Expected as many of each."
        )
    given = [label for label in pred if label is not None]
    for label in (*gold, *given):
        if not isinstance(label, str) or label not in LABELS:
            names = ", ".join(LABELS)
            raise ValueError(f"Got the label {label!r}. Expected one of {names}.")
