"""The leaderboard as an HTML page with plots of scores and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from readout.report.intervals import Estimate
from readout.report.tables import Table, format_number

LEFT, RIGHT, STEP, TOP = 210, 690, 22, 30
"""The plot's geometry in pixels: x of 0 and of 1, the height of a row, and y of the first row."""


class PlottedRun(NamedTuple):
    """The score of a system or an annotator, with both of its intervals."""

    name: str
    kind: str
    on_these_texts: Estimate
    on_texts_like_these: Estimate


class BoardView(NamedTuple):
    """The contents of one board on the page. ``floor`` is the score of the best artefact."""

    task: str
    measure: str
    table: Table
    notes: Sequence[str]
    signature: str
    runs: Sequence[PlottedRun]
    floor: float | None


def format_html(
    boards: Sequence[BoardView], unranked: Sequence[Table], claims: Sequence[str]
) -> str:
    """Return the page as HTML.

    ``unranked`` are the tables of folds that are not official, and ``claims`` the sentences on what
    the boards allow one to claim.
    """
    from jinja2 import Environment, PackageLoader

    loader = PackageLoader("readout.benchmark.board", "")
    template = Environment(loader=loader, autoescape=True).get_template("leaderboard.html")
    views = [{**board._asdict(), "plot": plot_runs(board.runs, board.floor)} for board in boards]
    page: str = template.render(boards=views, unranked=unranked, claims=claims)
    return page + "\n"


def plot_runs(runs: Sequence[PlottedRun], floor: float | None) -> dict[str, Any]:
    """Return the coordinates of a board's plot, in pixels.

    Each run has a mark at its score, a box for its interval on these texts, and whiskers for its
    interval on texts like these.
    """
    rows = [_plot_row(number, run) for number, run in enumerate(runs)]
    bottom = TOP + STEP * len(rows)
    return {
        "rows": rows,
        "width": RIGHT + 60,
        "height": bottom + 8,
        "top": TOP,
        "bottom": bottom,
        "ticks": [(_place_value(tick / 5), format_number(tick / 5, 1)) for tick in range(6)],
        "floor": None if floor is None else _place_value(floor),
    }


def _plot_row(number: int, run: PlottedRun) -> dict[str, Any]:
    value = run.on_these_texts.value or 0.0
    return {
        "name": run.name,
        "kind": run.kind,
        "y": TOP + STEP * number + STEP // 2,
        "x": _place_value(value),
        "value": format_number(value),
        "box": _place_bounds(run.on_these_texts),
        "whisker": _place_bounds(run.on_texts_like_these),
    }


def _place_value(value: float) -> float:
    return round(LEFT + (RIGHT - LEFT) * min(max(value, 0.0), 1.0), 1)


def _place_bounds(estimate: Estimate) -> tuple[float, float] | None:
    if estimate.low is None or estimate.high is None:
        return None
    return _place_value(estimate.low), _place_value(estimate.high)
