"""Freeze the items of a corpus, and report the frozen items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from readout.benchmark.board.ceiling import answer_items
from readout.benchmark.folds import SCHEMES, build_folds
from readout.benchmark.questions.grid import count_outside
from readout.benchmark.tasks import CANARY, TASKS, build_all_items
from readout.corpus.items import (
    NO_RELEASE,
    Frozen,
    Release,
    hash_content,
    is_frozen,
    make_release,
    read_release,
)
from readout.model import Corpus, Item
from readout.problem import format_count
from readout.report.tables import Report, Table


def freeze_corpus(
    root: Path, corpus: Corpus, version: str = NO_RELEASE, date: str | None = None
) -> Frozen:
    """Return the items of all tasks and the annotators' answers, as a release freezes them."""
    items = build_all_items(corpus)
    answers = answer_items(corpus, items)
    last = read_release(root) if is_frozen(root) else None
    content = hash_content(root)
    outside = {"stance": count_outside(corpus)}
    release = make_release(
        version, date, content, items, answers, last, canary=CANARY, outside=outside
    )
    return Frozen(release, items, answers)


# ---------------------------------------------------------------- reports


def report_tasks(release: Release, items: Mapping[str, list[Item]]) -> Report:
    """Return a table of tasks with the number and hash of their items, and their folds."""
    rows: list[tuple[Any, ...]] = []
    data = []
    for task, asked in items.items():
        counts = {}
        for scheme in SCHEMES:
            folds = build_folds(scheme, asked)
            if folds:
                counts[scheme] = len(folds.test)
        shown = ", ".join([f"{scheme} {count}" for scheme, count in counts.items()])
        hash_ = release.tasks[task].hash
        rows.append((task, len(asked), hash_, shown))
        data.append({"task": task, "items": len(asked), "hash": hash_, "folds": counts})

    notes = (describe_release(release), *_describe_outside(release, items))
    table = Table("Frozen items", ("task", "items", "hash", "folds"), rows)
    return Report(notes, (table,), {"version": release.version, "tasks": data})


def describe_release(release: Release) -> str:
    """Return a sentence on the release that frozen items belong to."""
    if release.version == NO_RELEASE:
        return "The items were frozen without a release."
    date = f" of {release.date}" if release.date else ""
    return f"The items are those of release {release.version}{date}."


def _describe_outside(release: Release, tasks: Iterable[str]) -> list[str]:
    """Return a sentence per task that does not ask for some annotated answers."""
    sentences = []
    for task in tasks:
        outside = release.tasks[task].outside
        if outside:
            sentences.append(
                f"Outside the items of {task}: {format_count(outside, 'position')} of gold in "
                "paragraphs that do not mention the holder, or are not part of the article."
            )
    return sentences


def report_items(release: Release, items: list[Item]) -> Report:
    """Return the items of one task: a table of their columns, and the complete items as data.

    The data are whole items with their inputs and gold answers; training needs both. What a system
    may see of the item that it is asked about is ``inputs``.
    """
    task = TASKS[items[0].task]
    rows = []
    for item in items:
        gold = "–"
        if task.labels:
            gold = item.gold or "not scored"
        rows.append((item.id, item.event, item.holder or "–", item.target or "–", gold))

    hash_ = release.tasks[task.name].hash
    notes = (
        describe_release(release),
        task.summary,
        *_describe_outside(release, (task.name,)),
        f"Predictions name the hash of these items: {hash_}.",
    )
    columns = ("item", "event", "holder", "target", "gold")
    data = {
        "task": task.name,
        "version": release.version,
        "hash": hash_,
        "labels": task.labels,
        "items": [msgspec.to_builtins(item) for item in items],
    }
    return Report(notes, (Table(f"Items: {task.name}", columns, rows),), data)
