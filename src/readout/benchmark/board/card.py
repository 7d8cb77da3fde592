"""The benchmark's sections of the dataset card: its tasks, and a short leaderboard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from readout.benchmark.scoring.measures import list_measures
from readout.benchmark.tasks import TASKS
from readout.corpus.read import read_bytes
from readout.model import Item
from readout.problem import RefusedError
from readout.report.tables import Table, format_markdown

BOARD_JSON = "submissions/LEADERBOARD.json"

# ---------------------------------------------------------------- the leaderboard


def format_board(root: Path) -> str:
    """Return the official boards of a corpus as one Markdown table.

    The numbers are those that ``readout bench board`` wrote.

    Raises:
        RefusedError: the file of the boards is malformed.

    """
    path = root / BOARD_JSON
    if not path.is_file():
        return "There is no board yet: run `readout bench board`."

    raw = read_bytes(root, BOARD_JSON)[0]
    try:
        rows = [_board_row(board) for board in msgspec.json.decode(raw or b"")["boards"]]
    except (msgspec.DecodeError, LookupError, TypeError, ValueError, RecursionError) as error:
        message = f"{BOARD_JSON} is not a board. Run `readout bench board` to write it again."
        raise RefusedError(message) from error
    columns = (
        "task",
        "measure",
        "best system or baseline",
        "best artefact (floor)",
        "lift on these texts",
        "on texts like these",
        "annotators",
    )
    return format_markdown(Table("Leaderboard", columns, rows))


def _board_row(board: Mapping[str, Any]) -> tuple[Any, ...]:
    # Systems are listed in descending order of their score, those that have seen gold apart.
    systems = board["systems"]
    best = next((each for each in systems if each["kind"] != "artefact"), None)
    floor = next((each for each in systems if each["kind"] == "artefact"), None)

    lift = best["lift"] if best else None
    lifts = ["–", "–"]
    if lift:
        lifts = [_format_lift(lift, name) for name in ("on_these_texts", "on_texts_like_these")]

    return (
        board["task"],
        board["measure"],
        _format_system(best),
        _format_system(floor),
        *lifts,
        _format_range(board["annotators"]),
    )


def _format_system(system: Mapping[str, Any] | None) -> str:
    return f"{system['name']} {system['value']:.3f}" if system else "–"


def _format_lift(lift: Mapping[str, Any], estimand: str) -> str:
    difference = f"{lift['difference']:+.3f}"
    low, high = lift[estimand]["interval"] or (None, None)
    return difference if low is None else f"{difference} [{low:+.3f}, {high:+.3f}]"


def _format_range(annotators: Iterable[Mapping[str, Any]]) -> str:
    values = sorted(each["value"] for each in annotators)
    return f"{values[0]:.3f} to {values[-1]:.3f}" if values else "–"


# ---------------------------------------------------------------- the tasks


def format_tasks(items: Mapping[str, Sequence[Item]]) -> str:
    """Return the tasks, with the number of their items and of each label, as a Markdown table."""
    if not items:
        return "The corpus has no annotations to ask about."

    rows = []
    for name, value in items.items():
        task = TASKS[name]
        events = len({item.event for item in value})
        official = list_measures(task, value)[0].name
        rows.append((name, task.summary, len(value), events, _format_labels(name, value), official))

    columns = ("task", "question", "items", "events", "labels", "official measure")
    return format_markdown(Table("Tasks", columns, rows))


def _format_labels(task: str, items: Sequence[Item]) -> str:
    shares = []
    for label in TASKS[task].labels or ():
        number = sum(item.gold == label for item in items)
        shares.append(f"{label} {number}")
    return ", ".join(shares) or "–"
