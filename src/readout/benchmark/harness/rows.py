"""Read the items of the benchmark from the ``bench_<task>`` configs of a built dataset."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from msgspec.structs import replace

from readout.benchmark.tasks import TASKS
from readout.dataset.bench import parse_paragraph
from readout.dataset.columns import Config
from readout.dataset.features import BENCH
from readout.dataset.load import load
from readout.model import Item
from readout.problem import RefusedError

SWAP = "swap_"
"""How the columns begin that name the partners of an item, by the family of the swap."""
_NO_INPUTS = frozenset({"id", "doc_id", "event", "split", "paragraph", "answer"})


def read_items(task: str, hub: str | Path | None = None) -> list[Item]:
    """Return the items of a task.

    ``hub`` is a folder made by ``readout build``; by default, the corpus that is installed with the
    package is read (:func:`readout.load`).

    Raises:
        RefusedError: the folder has no items of the task.

    """
    folder = Path(hub) if hub else None
    config = cast("Config", f"{BENCH}{task}")
    try:
        rows = list(load(config, folder, split="test"))
    except FileNotFoundError:
        rows = []
    if not rows:
        place = repr(str(folder)) if folder else "the installed corpus"
        raise RefusedError(
            f"There are no items of the task {task!r} in {place}. Name a folder that "
            "`readout build` made from a corpus with frozen items."
        )
    return [to_item(task, row) for row in rows]


def to_item(task: str, row: Mapping[str, Any]) -> Item:
    """Return the item of a row; columns that are not named for something else are its inputs."""
    inputs = {}
    swap = {}
    for name, value in row.items():
        if name.startswith(SWAP):
            if value is not None:
                swap[name.removeprefix(SWAP)] = value
        elif name not in _NO_INPUTS:
            inputs[name] = _to_input(value)
    if "holder" in row:  # the question is about a paragraph
        inputs["paragraph"] = parse_paragraph(row["paragraph"])

    return Item(
        id=row["id"],
        task=task,
        doc_id=row["doc_id"],
        event=row["event"],
        holder=inputs.get("holder"),
        target=inputs.get("target"),
        inputs=inputs,
        gold=_read_gold(task, row),
        swap=swap,
    )


def _to_input(value: Any) -> Any:
    """Return an input in the form of an item; its spans are lists, and structs in a table."""
    if isinstance(value, list):
        return [_to_input(each) for each in value]
    if isinstance(value, dict) and set(value) == {"start", "end"}:
        return [value["start"], value["end"]]
    return value


def _read_gold(task: str, row: Mapping[str, Any]) -> Any:
    if row["answer"] is None:
        return None
    return row["answer"] if TASKS[task].shape == "label" else json.loads(row["answer"])


def keep_partners(items: Sequence[Item]) -> list[Item]:
    """Return items without partners that are not among them, as after a run on some of them."""
    known = {item.id for item in items}
    kept = []
    for item in items:
        swap = {family: partner for family, partner in item.swap.items() if partner in known}
        kept.append(replace(item, swap=swap))
    return kept
