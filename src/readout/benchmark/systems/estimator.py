"""Answer questions with an estimator of scikit-learn, such as a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from readout.model import Item

SHOWN = ("text", "holder_name", "target_label", "proposition")
"""The inputs that an estimator reads by default, those that a question has."""


class Estimator:
    """An estimator that maps texts to labels, fitted anew on each training fold.

    ``show`` turns the inputs of an item into what the estimator reads; by default, the paragraph,
    the holder, the target and its proposition as one text. Without training items, it abstains.
    """

    def __init__(
        self, name: str, estimator: Any, show: Callable[[Mapping[str, Any]], Any] | None = None
    ) -> None:
        self.name = name
        self._estimator = estimator
        self._show = show or join_inputs
        self._fitted: Any = None

    def fit(self, items: Sequence[Item]) -> None:
        """Fit a copy of the estimator."""
        from sklearn.base import clone

        if items:
            shown = [self._show(item.inputs) for item in items]
            self._fitted = clone(self._estimator).fit(shown, [item.gold for item in items])

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the label of each item."""
        if self._fitted is None:
            return [None] * len(items)
        return list(self._fitted.predict([self._show(item.inputs) for item in items]))


def join_inputs(inputs: Mapping[str, Any]) -> str:
    """Return the inputs that name the question and its text, one per line."""
    return "\n".join([str(inputs[name]) for name in SHOWN if name in inputs])
