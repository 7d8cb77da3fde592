"""Artefacts: systems that see only part of the input, or none.

The best score of an artefact is the floor of a task. A system that scores near the floor has learnt
who usually takes which side on what, and not how to read stances.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from hashlib import sha256
from typing import Any

from readout.benchmark.systems.system import Rules
from readout.model import Item


def make_constant(name: str, answer: Any) -> Rules:
    """Return a system that gives the same answer to every item."""
    # A copy per item, so that changing one answer does not change the others.
    return Rules(name, lambda inputs: deepcopy(answer))


def make_everything() -> Rules:
    """Return a system that answers with one span, the whole text."""
    return Rules("everything", lambda inputs: [[0, len(inputs["text"])]])


class Prior:
    """A system that predicts the most frequent training label of items with equal inputs.

    ``keys`` are the names of the inputs to compare. Without keys, or for values that no training
    item has, it predicts the most frequent label of all. Ties go to the first label in alphabetical
    order.
    """

    def __init__(self, name: str, keys: tuple[str, ...] = ()) -> None:
        self.name = name
        self._keys = keys
        self._counts: dict[tuple[Any, ...], Counter[str]] = {}

    def fit(self, items: Sequence[Item]) -> None:
        """Count the labels of all items, and of each combination of key values."""
        self._counts = {}
        for item in items:
            # The empty key collects all items; without keys it is also the item's own key.
            for key in {(), self._key(item)}:
                self._counts.setdefault(key, Counter())[item.gold] += 1

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the most frequent label for each item; None if there were no training items."""
        return [self._answer(item) for item in items]

    def _key(self, item: Item) -> tuple[Any, ...]:
        return tuple(item.inputs[key] for key in self._keys)

    def _answer(self, item: Item) -> str | None:
        counts = self._counts.get(self._key(item)) or self._counts.get(())
        if not counts:
            return None
        return _find_most_frequent(counts)


class CoinToss:
    """A system that tosses a coin between the two most frequent labels of the training fold.

    Of all draws by lot that see no input, it has the best chance to be right about two items that
    differ in their answer. The coin is a bit of the hash of the item's id. Ties go to the first
    label in alphabetical order.
    """

    name = "coin-toss"

    def __init__(self) -> None:
        self._labels: list[str] = []

    def fit(self, items: Sequence[Item]) -> None:
        """Find the two most frequent labels."""
        counts = Counter(item.gold for item in items)
        self._labels = sorted(counts, key=lambda label: (-counts[label], label))[:2]

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return one of the labels for each item; None if there were no training items."""
        return [self._toss(item) for item in items]

    def _toss(self, item: Item) -> str | None:
        if not self._labels:
            return None
        return self._labels[toss_coin(item.id) % len(self._labels)]


class TargetToss:
    """A system that tosses a coin between the target's usual side and taking no side.

    The usual side is the more frequent of the target in the training fold, or of all targets if
    training items show none of this one. Without the text, a system knows little more about items
    that differ in their answer. The coin is a bit of the hash of the seed and the item's id.
    """

    name = "target-toss"

    def __init__(self, neutral: str, seed: int = 0) -> None:
        self._neutral = neutral
        self._seed = seed
        self._sides: dict[str | None, Counter[str]] = {}

    def fit(self, items: Sequence[Item]) -> None:
        """Count the sides of each target, and of all."""
        self._sides = {}
        for item in items:
            if item.gold == self._neutral:
                continue
            for target in (None, item.target):
                self._sides.setdefault(target, Counter())[item.gold] += 1

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return a label for each item; None if no training item takes a side."""
        return [self._toss(item) for item in items]

    def _toss(self, item: Item) -> str | None:
        sides = self._sides.get(item.target) or self._sides.get(None)
        if not sides:
            return None

        labels = (self._neutral, _find_most_frequent(sides))
        return labels[toss_coin(f"{self._seed} {item.id}")]


def toss_coin(text: str) -> int:
    """Return 0 or 1, by the hash of a text."""
    return sha256(text.encode()).digest()[0] % 2


def _find_most_frequent(counts: Counter[str]) -> str:
    return min(counts, key=lambda label: (-counts[label], label))
