"""What a system is, and how one is run: fitted on each training fold, asked for each test fold, never shown gold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from msgspec.structs import replace

from readout.benchmark.tasks import TASKS, Item


class System(Protocol):
    """Anything with a name that can be fitted on items and asked for others.

    ``predict`` returns one answer an item, in their order: the name of a label, spans as ``[start, end]`` lists, tuples
    or quotations as the gold of the task has them; or None to abstain. The items it is given have no gold.
    """

    name: str

    def fit(self, items: Sequence[Item]) -> None:
        """Learn from the items of a training fold; in zero-shot folds there are none."""
        ...

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return an answer for each item of a test fold."""
        ...


class Rules:
    """A system that learns nothing: a function from an item's inputs to an answer."""

    def __init__(self, name: str, answer: Callable[[Mapping[str, Any]], Any]) -> None:
        self.name = name
        self._answer = answer

    def fit(self, items: Sequence[Item]) -> None:
        """Learn nothing."""

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the function's answer for each item."""
        return [self._answer(item.inputs) for item in items]


class Splitter(Protocol):
    """What :meth:`readout.benchmark.folds.Folds.split` does."""

    def split(self, items: Sequence[Item]) -> Any:
        """Yield the name, the training items and the test items of each fold."""
        ...


def predict_folds(
    make: Callable[[], System],
    items: Sequence[Item],
    folds: Splitter,
    report: Callable[[str], None] = lambda fold: None,
) -> list[Any]:
    """Return the pooled held-out answers of all folds, in the order of ``items``.

    Every fold gets a system of its own, so that nothing is carried over; test items are stripped of their gold.
    ``report`` is called with the name of each fold that is done.

    Raises:
        ValueError: a system returns more or fewer answers than it was asked for, or the folds leave an item out.

    """
    answers: dict[str, Any] = {}
    for name, train, test in folds.split(items):
        system = make()
        system.fit(train)
        found = system.predict([replace(item, gold=None) for item in test])
        if len(found) != len(test):
            raise ValueError(f"{system.name} gave {len(found)} answers for the {len(test)} items of the fold {name!r}.")
        answers.update(zip((item.id for item in test), found, strict=True))
        report(name)
    if missing := [item.id for item in items if item.id not in answers]:
        raise ValueError(f"The folds leave out {len(missing)} of {len(items)} items, the first is {missing[0]!r}.")
    return [answers[item.id] for item in items]


def undecided(task: str) -> str | None:
    """Return the label that says that no side is taken; None for tasks without labels of their own."""
    labels = TASKS[task].labels
    return labels[-1] if labels else None
