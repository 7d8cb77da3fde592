"""A system that sees which questions are asked, and nothing of them: no text, holder or target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from readout.model import Item

_SHARED: tuple[tuple[str, ...], ...] = (
    ("paragraph",),
    ("holder",),
    ("target",),
    ("paragraph", "holder"),
    ("paragraph", "target"),
    ("holder", "target"),
)
"""What items of a document may have in common; how many do is a feature of each."""


class SetOnly:
    """A decision tree on how many items of the document share a paragraph, holder or target.

    It also reads the position of the paragraph, and the digits of the id. If its score is above
    chance, the set of questions tells something about the answers.
    """

    name = "set-only"

    def __init__(self) -> None:
        self._features: dict[str, list[float]] = {}
        self._model: Any = None

    def read_set(self, questions: Sequence[Item]) -> None:
        """Compute the features of all training questions, which depend on the whole set."""
        ids = [item.id for item in questions]
        self._features = dict(zip(ids, list_features(questions), strict=True))

    def fit(self, items: Sequence[Item]) -> None:
        """Learn the tree from items of the set that was read."""
        from sklearn.tree import DecisionTreeClassifier

        if not items:
            return

        # Weights by inverse frequency, or the tree would answer with the most frequent label only.
        tree = DecisionTreeClassifier(max_depth=5, class_weight="balanced", random_state=0)
        rows = [self._features[item.id] for item in items]
        self._model = tree.fit(rows, [item.gold for item in items])

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the label of each item by the tree; None if there were no training items."""
        if self._model is None:
            return [None] * len(items)
        labels: list[Any] = self._model.predict(list_features(items)).tolist()
        return labels


def list_features(items: Sequence[Item]) -> list[list[float]]:
    """Return the features of each item, which depend only on the set of items."""
    counts: Counter[tuple[Any, ...]] = Counter()
    last: dict[str, int] = {}
    for item in items:
        counts.update(_list_keys(item))
        place = item.inputs["paragraph"]
        last[item.doc_id] = max(place, last.get(item.doc_id, 0))

    rows = []
    for item in items:
        place, end = item.inputs["paragraph"], last[item.doc_id]
        shared = [float(counts[key]) for key in _list_keys(item)]
        position = place / end if end else 0.0
        rows.append([*shared, float(place), position, float(int(item.id[:4], 16))])
    return rows


def _list_keys(item: Item) -> list[tuple[Any, ...]]:
    keys = []
    for names in _SHARED:
        values = [item.inputs[name] for name in names]
        keys.append((item.doc_id, names, *values))
    return keys
