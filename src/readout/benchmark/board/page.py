"""The board as a page for people: scores and intervals drawn to one scale, artefacts and annotators marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from readout.benchmark.scoring.scores import Score
from readout.report.intervals import Estimate
from readout.report.tables import Table, format_number

LEFT, RIGHT, STEP, TOP = 210, 690, 22, 30
"""The plot's geometry in pixels: where 0 and 1 stand, the height of a line, and of the scale above the first."""


class BoardView(NamedTuple):
    """What the page shows of a board; ``runs`` are scores with their kinds, annotators among them."""

    task: str
    measure: str
    table: Table
    notes: Sequence[str]
    signature: str
    runs: Sequence[tuple[str, Score]]
    floor: Score | None


def format_html(boards: Sequence[BoardView], standings: Sequence[Table]) -> str:
    """Return the page."""
    from jinja2 import Environment, PackageLoader

    template = Environment(loader=PackageLoader("readout.benchmark.board", ""), autoescape=True).get_template(
        "leaderboard.html"
    )
    views = [{**board._asdict(), "plot": plot_runs(board.runs, board.floor)} for board in boards]
    page: str = template.render(boards=views, standings=standings)
    return page + "\n"


def plot_runs(runs: Sequence[tuple[str, Score]], floor: Score | None) -> dict[str, Any]:
    """Return the places of marks, boxes (on these texts) and whiskers (on texts like these) of a board."""
    rows = [_plot_row(number, kind, score) for number, (kind, score) in enumerate(runs)]
    bottom = TOP + STEP * len(rows)
    return {
        "rows": rows,
        "width": RIGHT + 60,
        "height": bottom + 8,
        "top": TOP,
        "bottom": bottom,
        "ticks": [(_place_value(tick / 5), format_number(tick / 5, 1)) for tick in range(6)],
        "floor": _place_value(floor.value()) if floor else None,
    }


def _plot_row(number: int, kind: str, score: Score) -> dict[str, Any]:
    measure = score.official
    return {
        "name": score.name,
        "kind": kind,
        "y": TOP + STEP * number + STEP // 2,
        "x": _place_value(score.value()),
        "value": format_number(score.value()),
        "box": _place_bounds(score.on_these_texts(measure)),
        "whisker": _place_bounds(score.on_texts_like_these(measure)),
    }


def _place_value(value: float) -> float:
    return round(LEFT + (RIGHT - LEFT) * min(max(value, 0.0), 1.0), 1)


def _place_bounds(estimate: Estimate) -> tuple[float, float] | None:
    if estimate.low is None or estimate.high is None:
        return None
    return _place_value(estimate.low), _place_value(estimate.high)
