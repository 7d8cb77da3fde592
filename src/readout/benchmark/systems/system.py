"""The interface of systems, and running them on folds without showing them gold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from msgspec.structs import replace

from readout.benchmark.tasks import TASKS
from readout.model import Item


class System(Protocol):
    """A named object that is fitted on items and predicts answers to others.

    ``predict`` returns one answer per item, in the same order, in the form of the task's gold: the
    name of a label, spans as ``[start, end]`` lists, tuples or quotations; None abstains. The items
    that it gets have no gold.
    """

    name: str

    def fit(self, items: Sequence[Item]) -> None:
        """Learn from the items of a training fold; zero-shot folds have none."""
        ...

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return an answer for each item of a test fold."""
        ...


@runtime_checkable
class SetReader(Protocol):
    """A system that sees the whole set of training questions, scored or not, before it is fitted.

    The test questions are a whole set too, so counts over the set mean the same in both.
    """

    def read_set(self, questions: Sequence[Item]) -> None:
        """Read all questions of the training folds; they have no gold."""
        ...


class Rules:
    """A system without training: a function from an item's inputs to an answer."""

    def __init__(self, name: str, answer: Callable[[Mapping[str, Any]], Any]) -> None:
        self.name = name
        self._answer = answer

    def fit(self, items: Sequence[Item]) -> None:
        """Learn nothing."""

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the function's answer for each item."""
        return [self._answer(item.inputs) for item in items]


class Splitter(Protocol):
    """The interface of :meth:`readout.benchmark.folds.Folds.split`."""

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

    ``make`` returns a new system for each fold, so that nothing carries over. Items that are not
    scored are asked, and never trained on; a :class:`SetReader` sees that they are asked. Test
    items have no gold and no partners. ``report`` is called with the name of each fold when it is
    done.

    Raises:
        ValueError: a system does not return one answer per item, or the folds omit an item.

    """
    answers: dict[str, Any] = {}
    for name, train, test in folds.split(items):
        system = make()
        if isinstance(system, SetReader):
            system.read_set(_hide_answers(train))
        system.fit([item for item in train if item.gold is not None])
        found = system.predict(_hide_answers(test))
        if len(found) != len(test):
            raise ValueError(
                f"{system.name} gave {len(found)} answers to the {len(test)} items of the fold "
                f"{name!r}. Expected one answer per item."
            )
        for item, answer in zip(test, found, strict=True):
            answers[item.id] = answer
        report(name)

    missing = [item.id for item in items if item.id not in answers]
    if missing:
        raise ValueError(
            f"The folds omit {len(missing)} of {len(items)} items; the first is {missing[0]!r}."
        )
    return [answers[item.id] for item in items]


def _hide_answers(items: Sequence[Item]) -> list[Item]:
    return [replace(item, gold=None, swap={}) for item in items]


def find_neutral_label(task: str) -> str | None:
    """Return the label for taking no side; None for tasks with open labels or without labels."""
    labels = TASKS[task].labels
    return labels[-1] if labels else None
