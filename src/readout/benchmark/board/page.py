"""The leaderboard as an HTML page with plots of scores and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from readout.report.intervals import Estimate
from readout.report.tables import Table, format_number


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


class PageView(NamedTuple):
    """The contents of the page.

    ``near`` is the score above which answers are always near gold, ``claims`` are sentences on what
    the boards allow one to claim, ``power`` is what gold itself would reach, ``unranked`` are the
    tables of folds that are not official, and ``further`` tables have a heading and a sentence.
    """

    release: str
    near: str
    claims: Sequence[str]
    power: Table
    boards: Sequence[BoardView]
    unranked: Sequence[Table]
    further: Sequence[tuple[str, str, Table]]


def format_html(page: PageView) -> str:
    """Return the page as HTML."""
    from jinja2 import Environment, PackageLoader

    loader = PackageLoader("readout.benchmark.board", "")
    environment = Environment(loader=loader, autoescape=True)
    environment.filters["lines"] = _break_before_interval
    template = environment.get_template("leaderboard.html")
    boards = [{**board._asdict(), "plot": plot_runs(board.runs)} for board in page.boards]
    ticks = [(_place_value(tick / 4), format_number(tick / 4, 2)) for tick in range(5)]
    floors = {board.task: _place_floor(board.floor) for board in page.boards}
    shown: str = template.render({**page._asdict(), "boards": boards}, ticks=ticks, floors=floors)
    return shown + "\n"


def _break_before_interval(cell: Any) -> str:
    """Return the text of a cell with the interval on a line of its own, which is not broken."""
    value, bracket, bounds = str(cell).partition(" [")
    return value + bracket.replace(" ", "\n") + bounds.replace(" ", "\N{NO-BREAK SPACE}")


def plot_runs(runs: Sequence[PlottedRun]) -> list[dict[str, Any]]:
    """Return the rows of a board's plot, with places in percent of its width.

    Each run has a mark at its score, a box for its interval on these texts, and whiskers for its
    interval on texts like these.
    """
    return [_plot_row(run) for run in runs]


def _plot_row(run: PlottedRun) -> dict[str, Any]:
    value = run.on_these_texts.value or 0.0
    return {
        "name": run.name,
        "kind": run.kind,
        "x": _place_value(value),
        "value": format_number(value),
        "box": _place_bounds(run.on_these_texts),
        "whisker": _place_bounds(run.on_texts_like_these),
    }


def _place_floor(floor: float | None) -> float | None:
    return None if floor is None else _place_value(floor)


def _place_value(value: float) -> float:
    return round(100 * min(max(value, 0.0), 1.0), 1)


def _place_bounds(estimate: Estimate) -> tuple[float, float] | None:
    if estimate.low is None or estimate.high is None:
        return None
    return _place_value(estimate.low), _place_value(estimate.high)
