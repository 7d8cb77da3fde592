"""The leaderboard in short, for the dataset card: the best system of each task beside its floor and its ceiling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from readout.dataset.statistics import Table, format_markdown

BOARD_JSON = "submissions/LEADERBOARD.json"


def format_board(root: Path) -> str:
    """Return the official boards of a corpus as one Markdown table, from what ``readout bench board`` wrote."""
    if not (root / BOARD_JSON).is_file():
        return "There is no board yet: run `readout bench board`."
    boards = msgspec.json.decode((root / BOARD_JSON).read_bytes())["boards"]
    columns = (
        "task",
        "measure",
        "best baseline",
        "best artefact",
        "lift on these texts",
        "on texts like these",
        "annotators",
    )
    return format_markdown(Table("Leaderboard", columns, [_row(board) for board in boards]))


def _row(board: Mapping[str, Any]) -> tuple[Any, ...]:
    systems = board["systems"]
    best = next((each for each in systems if each["kind"] != "artefact"), None)
    floor = next((each for each in systems if each["kind"] == "artefact"), None)
    lift = (best or {}).get("lift")
    intervals = [_lift(lift, name) for name in ("on_these_texts", "on_texts_like_these")] if lift else ["–", "–"]
    annotators = _lowest_to_highest(board["annotators"])
    return board["task"], systems[0]["measure"], _named(best), _named(floor), *intervals, annotators


def _named(system: Mapping[str, Any] | None) -> str:
    return f"{system['name']} {system['value']:.3f}" if system else "–"


def _lift(lift: Mapping[str, Any], estimand: str) -> str:
    low, high = lift[estimand]["interval"] or (None, None)
    bounds = "" if low is None else f" [{low:+.3f}, {high:+.3f}]"
    return f"{lift['difference']:+.3f}{bounds}"


def _lowest_to_highest(annotators: Iterable[Mapping[str, Any]]) -> str:
    values = sorted(each["value"] for each in annotators)
    return f"{values[0]:.3f} to {values[-1]:.3f}" if values else "–"
