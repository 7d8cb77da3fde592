"""Folds: which items each fold tests, derived from the columns of the items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from readout.model import Item

Scheme: TypeAlias = Literal["event", "target", "holder", "zero-shot"]
OFFICIAL: Scheme = "event"

SCHEMES: Mapping[Scheme, Callable[[Item], str | None]] = {
    "event": lambda item: item.event,
    "target": lambda item: item.target,
    "holder": lambda item: item.holder,
    "zero-shot": lambda item: "all",
}
"""For each scheme, the name of the fold that tests an item; None if the task has no such folds."""


class Folds(msgspec.Struct, frozen=True):
    """The folds of one task: the ids that each fold tests, in the order of the items.

    ``train`` says which items a system may be fitted on before it answers a fold: those of all
    ``other`` folds, or ``nothing``.
    """

    task: str
    scheme: Scheme
    train: Literal["other", "nothing"]
    test: Mapping[str, tuple[str, ...]]

    def split(self, items: Sequence[Item]) -> Iterator[tuple[str, list[Item], list[Item]]]:
        """Yield the name, the training items and the test items of each fold."""
        for name, ids in self.test.items():
            tested = set(ids)
            test = [item for item in items if item.id in tested]

            train: list[Item] = []
            if self.train == "other":
                train = [item for item in items if item.id not in tested]

            yield name, train, test


# ---------------------------------------------------------------- building


def build_folds(scheme: Scheme, items: Sequence[Item]) -> Folds | None:
    """Return the folds of a task's items, or None if the scheme does not apply to the task."""
    find_fold = SCHEMES[scheme]
    found: dict[str, list[str]] = {}
    for item in items:
        name = find_fold(item)
        if name:
            found.setdefault(name, []).append(item.id)

    if not found:
        return None

    train: Literal["other", "nothing"] = "nothing" if scheme == "zero-shot" else "other"
    test = {name: tuple(ids) for name, ids in sorted(found.items())}
    return Folds(items[0].task, scheme, train, test)
