"""Systems that must not do well: what can be had without reading, or by reading only a part of the question.

Their best score is the floor of a task. A system that stays near it has learnt who usually says what about what, and
not to read stances.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from readout.benchmark.systems.system import Rules
from readout.benchmark.tasks import Item


def make_constant(name: str, answer: Any) -> Rules:
    """Return a system that gives every item a copy of the same answer."""
    return Rules(name, lambda inputs: deepcopy(answer))


def make_everything() -> Rules:
    """Return a system that gives the whole document as the one span."""
    return Rules("everything", lambda inputs: [[0, len(inputs["text"])]])


class Prior:
    """Gives the most frequent training label of the items that share the given inputs, or else of all.

    Without ``keys`` it is the majority. Equal frequencies are settled by the alphabet.
    """

    def __init__(self, name: str, keys: tuple[str, ...] = ()) -> None:
        self.name = name
        self._keys = keys
        self._counts: dict[tuple[Any, ...], Counter[str]] = {}

    def fit(self, items: Sequence[Item]) -> None:
        """Count the labels of all items, and of each value of the keys."""
        self._counts = {}
        for item in items:
            for key in {(), self._key(item)}:
                self._counts.setdefault(key, Counter())[item.gold] += 1

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the most frequent label, None where nothing was learnt."""
        return [self._answer(item) for item in items]

    def _key(self, item: Item) -> tuple[Any, ...]:
        return tuple(item.inputs[key] for key in self._keys)

    def _answer(self, item: Item) -> str | None:
        counts = self._counts.get(self._key(item)) or self._counts.get(())
        return min(counts, key=lambda label: (-counts[label], label)) if counts else None
