"""The official measure for programs of one's own: as a function of scikit-learn's form, and with ``compute``.

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
    """Return the mean of F1(favor) and F1(against), as ``sklearn.metrics.make_scorer`` takes it.

    Labels are names; None abstains. 0/0 counts as 0.

    Raises:
        ValueError: a label is no name of a label, or the lengths differ.

    """
    return float(evaluate(F_FA, _METRIC_COLUMNS, _count_answers(list(y_true), list(y_pred))).values)


class StanceMetric:
    """The measure in the form of the library ``evaluate``: ``add``, ``add_batch`` and ``compute``."""

    def __init__(self) -> None:
        self._predictions: list[Any] = []
        self._references: list[Any] = []

    def add(self, *, prediction: str | None, reference: str) -> None:
        """Take in one prediction with its reference."""
        self.add_batch(predictions=[prediction], references=[reference])

    def add_batch(self, *, predictions: Sequence[str | None], references: Sequence[str]) -> None:
        """Take in several predictions with their references."""
        self._predictions += predictions
        self._references += references

    def compute(
        self, *, predictions: Sequence[str | None] = (), references: Sequence[str] = ()
    ) -> dict[str, float | list[str]]:
        """Return the scores of all that was taken in, and forget it; ``undefined`` names those that are 0/0."""
        self.add_batch(predictions=predictions, references=references)
        counts = _count_answers(self._references, self._predictions)
        self._predictions, self._references = [], []
        values = {name: evaluate(measure, _METRIC_COLUMNS, counts) for name, measure in _MEASURES.items()}
        scores: dict[str, float | list[str]] = {name: float(found.values) for name, found in values.items()}
        return {**scores, "undefined": [name for name, found in values.items() if found.undefined]}


_METRIC_COLUMNS = ("items", "hits", *(f"{kind} {label}" for label in LABELS for kind in ("gold", "pred", "hit")))
_MEASURES = {
    "f_fa": F_FA,
    "f1_favor": Measure("F1 (favor)", F_FA.ratios[:1]),
    "f1_against": Measure("F1 (against)", F_FA.ratios[1:]),
    "accuracy": ACCURACY,
}


def _count_answers(gold: Sequence[Any], pred: Sequence[Any]) -> Any:
    if len(gold) != len(pred):
        raise ValueError(
            f"Got {len(gold)} gold labels and {len(pred)} predictions. Expected as many of one as of the other."
        )
    for label in (*gold, *(label for label in pred if label is not None)):
        if not isinstance(label, str) or label not in LABELS:
            raise ValueError(f"Got the label {label!r}. Expected a name: {', '.join(LABELS)}.")
    counts = dict.fromkeys(_METRIC_COLUMNS, 0)
    for a, b in zip(gold, pred, strict=True):
        for name in ("items", f"gold {a}", *([f"pred {b}"] if b else ()), *(["hits", f"hit {a}"] if a == b else ())):
            counts[name] += 1
    return np.array(list(counts.values()))
