"""Measure the overlap between training and test items of each fold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from readout.benchmark.folds import Folds, find_holder, find_target, make_all
from readout.benchmark.tasks import TASKS, Item
from readout.model import Corpus
from readout.report.tables import Report, Table, to_records
from readout.text.tokens import iter_tokens

GRAM = 8
"""Length, in tokens, of the runs that count as seen text, as in the contamination reports of language models."""


SEEN: tuple[str, ...] = ("seen_holder", "seen_target", "seen_pair", "seen_text")


def flag_seen(items: Sequence[Item], folds: Folds) -> dict[str, dict[str, bool]]:
    """Return, for each item by id, whether its training fold shows its holder, target, their pair, and its text.

    A text is seen when eight of its tokens in a row stand in a training item, or all of them where it is shorter. A
    flag that does not apply to the task is left out.
    """
    flags: dict[str, dict[str, bool]] = {}
    for _, train, test in folds.split(items):
        shown = _show(train)
        for item in test:
            traits = {name: values for name, values in _traits(item).items() if values}
            flags[item.id] = {name: not values.isdisjoint(shown[name]) for name, values in traits.items()}
    return flags


def _show(items: Iterable[Item]) -> dict[str, set[Any]]:
    shown: dict[str, set[Any]] = {name: set() for name in SEEN}
    for item in items:
        for name, values in _traits(item).items():
            shown[name] |= values
    return shown


def _traits(item: Item) -> dict[str, frozenset[Any]]:
    holder, target = find_holder(item), find_target(item)
    pair = (holder, target) if holder and target else None
    values = (frozenset(filter(None, (value,))) for value in (holder, target, pair))
    return dict(zip(SEEN, (*values, _grams(_passages(item))), strict=True))


def _passages(item: Item) -> tuple[str, ...]:
    if item.task == "evidence":  # every item shows its whole document; what it asks for is the evidence
        return tuple(item.inputs["text"][start:end] for start, end in item.gold)
    return (item.inputs["text"],)


@lru_cache(maxsize=4096)
def _grams(passages: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    grams = set()
    for passage in passages:
        text = passage.lower()
        words = [text[start:end] for start, end in iter_tokens(text)]
        grams |= {tuple(words[i : i + GRAM]) for i in range(max(len(words) - GRAM + 1, 1))}
    return frozenset(grams)


def report_leakage(items: Sequence[Item], folds: Folds) -> Table:
    """Return, for each fold and for all, the share of test items whose holder, target, pair or text training shows."""
    flags = flag_seen(items, folds)
    rows = [_leakage_row(name, [flags[id_] for id_ in ids]) for name, ids in folds.test.items()]
    rows.append(_leakage_row("all", list(flags.values())))
    return Table(f"Seen in training: {folds.task}, folds by {folds.scheme}", ("fold", "items", *SEEN), rows)


def _leakage_row(name: str, flags: Sequence[Mapping[str, bool]]) -> tuple[Any, ...]:
    shares = (_share([each[flag] for each in flags if flag in each]) for flag in SEEN)
    return name, len(flags), *shares


def _share(values: Sequence[bool]) -> str:
    return f"{sum(values) / len(values):.2f}" if values else "–"


def report_overlap(corpus: Corpus, task: str | None = None) -> Report:
    """Return the overlap of training and test items in all folds of one task or of all tasks."""
    tables = {}
    for path, folds in make_all(corpus).items():
        if task in (None, folds.task):
            tables[Path(path).stem] = report_leakage(TASKS[folds.task].build(corpus), folds)

    data = {name: to_records(each) for name, each in tables.items()}
    return Report((), tuple(tables.values()), data)
