"""The table of tasks, and the items that they make of a corpus.

An item's id is opaque, and depends only on its question: adding documents or annotations changes no
other id. Items are sorted by id. This module does no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, TypeAlias, get_args

import msgspec

from readout.benchmark.questions.documents import (
    iter_attribution,
    iter_quotations,
    iter_tuples,
)
from readout.benchmark.questions.grid import iter_stance
from readout.benchmark.questions.paragraphs import iter_counter, iter_evidence, iter_polarity
from readout.model import AnnotatedDocument, Corpus, Item, Polarity, Registries
from readout.problem import RefusedError

CANARY = "d77123ad-e128-4065-a5bf-6d70d7c0cc34"
"""A string that is in all published files with answers, so that training data can be filtered."""
STANCES = ("favor", "against", "none")
POLARITIES: tuple[str, ...] = get_args(Polarity)
Shape: TypeAlias = Literal["label", "spans", "tuples", "quotations"]
"""The form of an answer: one label, ``[start, end]`` lists, stance tuples, or quotations."""


class Task(msgspec.Struct, frozen=True):
    """A kind of question.

    ``labels`` lists the possible answers in a fixed order. It is None if the set of labels is open,
    or if answers are not labels. A task that is not ranked is a probe: its scores are reported, and
    no board ranks systems by them.
    """

    name: str
    shape: Shape
    labels: tuple[str, ...] | None
    summary: str
    iter_items: Callable[[AnnotatedDocument, Registries], Iterator[Item]]
    is_ranked: bool = True

    def build(self, corpus: Corpus) -> list[Item]:
        """Return the items of all documents, sorted by id.

        Raises:
            ValueError: two items have the same id.

        """
        items: dict[str, Item] = {}
        for document in corpus.documents:
            for item in self.iter_items(document, corpus.registries):
                if item.id in items:
                    raise ValueError(
                        f"Two items of the task {self.name!r} have the id {item.id!r}."
                    )
                items[item.id] = item
        return [items[id_] for id_ in sorted(items)]


# ---------------------------------------------------------------- the table of tasks

_POLARITY = Task(
    "polarity",
    "label",
    POLARITIES,
    "Given a paragraph that shows a stance of a holder on a target: "
    "is it favor, against or neutral?",
    iter_polarity,
)
_STANCE = Task(
    "stance",
    "label",
    STANCES,
    "Given a paragraph, a holder and a target: "
    "is the holder in favor of it there, against it, or neither?",
    iter_stance,
)
_EVIDENCE = Task(
    "evidence",
    "spans",
    None,
    "Given a paragraph that shows a stance of a holder on a target: which spans show it?",
    iter_evidence,
)
_COUNTER = Task(
    "counter",
    "label",
    POLARITIES,
    "Given a paragraph, a holder, and a proposition or its opposite: "
    "is the holder in favor of it, against it, or neutral?",
    iter_counter,
    is_ranked=False,
)
_TUPLES = Task(
    "tuples",
    "tuples",
    None,
    "Given a document: which stances does it contain (holder, target, polarity, evidence)?",
    iter_tuples,
)
_ATTRIBUTION = Task(
    "attribution",
    "label",
    None,
    "Given the content of a quote: who is its speaker?",
    iter_attribution,
)
_QUOTATIONS = Task(
    "quotations",
    "quotations",
    None,
    "Given a document: which quotes does it contain (source, cue, content, speaker)?",
    iter_quotations,
)

_ALL = (_POLARITY, _STANCE, _EVIDENCE, _COUNTER, _TUPLES, _ATTRIBUTION, _QUOTATIONS)
TASKS: Mapping[str, Task] = {task.name: task for task in _ALL}
"""Every task by its name."""


class UnknownTaskError(RefusedError):
    """There is no task of that name, or it has no items."""


def build_all_items(corpus: Corpus) -> dict[str, list[Item]]:
    """Return the items of each task that the corpus has annotations for."""
    built = {name: task.build(corpus) for name, task in TASKS.items()}
    return {name: items for name, items in built.items() if items}


def find_items(items: Mapping[str, list[Item]], task: str) -> list[Item]:
    """Return the items of a task by its name.

    Raises:
        UnknownTaskError: there is no such task, or it has no items.

    """
    if task not in TASKS:
        raise UnknownTaskError(f"There is no task {task!r}. Use one of {', '.join(TASKS)}.")
    if task not in items:
        raise UnknownTaskError(f"The corpus has no annotations for the task {task!r}.")
    return items[task]
