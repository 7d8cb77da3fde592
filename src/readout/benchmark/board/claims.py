"""Say in words and tables what the boards show, what they do not, and what could be shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from readout.benchmark.board.boards import Board, BoardLine
from readout.benchmark.leakage import summarize_overlap
from readout.benchmark.scoring.power import plan_table
from readout.benchmark.scoring.report import list_limits
from readout.benchmark.scoring.scores import Score
from readout.benchmark.systems.baselines import BASELINES
from readout.benchmark.tasks import TASKS
from readout.problem import format_count, join_words
from readout.report.intervals import Estimate
from readout.report.tables import Table, format_difference, format_number, format_p

FurtherTable: TypeAlias = tuple[str, str, Table]
"""A heading, a sentence and a table."""

_WEAK = "even perfect answers would not be significantly above it"

# ---------------------------------------------------------------- all boards


def list_claims(boards: Sequence[Board]) -> list[str]:
    """Return three sentences that say what the boards show, and what they do not.

    The first is about these texts. The others hold for the board with the fewest events and the
    most systems.
    """
    ranked = [board for board in boards if board.is_ranked]
    if not ranked:
        return ["Nothing can be claimed yet, since no system has been submitted."]
    events = min(len(board.score.clusters) for board in ranked)
    comparisons = max(board.comparisons for board in ranked)
    _, *beyond = list_limits(events, max(comparisons, 1))
    return [describe_results(ranked), *beyond]


def describe_results(boards: Sequence[Board]) -> str:
    """Return a sentence on the systems that are above the floor on these texts, and on those tasks.

    It also names the tasks on which no system can be shown to be, since the test does not even show
    it for answers equal to gold.
    """
    above = []
    count = 0
    for board in boards:
        names = [line.entry.name for line in board.lines if line.is_above_floor[0]]
        count += len(names)
        if names:
            above.append(f"{join_words(names)} on {board.task}")

    said = "On these texts, no system is shown to be above the floor"
    if above:
        be = "is" if count == 1 else "are"
        said = f"On these texts, {join_words(above)} {be} shown to be above the floor"
    unable = [board.task for board in boards if not board.perfect.is_above_floor[0]]
    if not unable:
        return f"{said}."
    if len(unable) == len(boards):
        return f"{said}: {_WEAK}."
    return f"{said}; on {join_words(unable)}, no system can be: {_WEAK}."


def power_table(boards: Sequence[Board]) -> Table:
    """Return what answers equal to gold would have on each board that ranks systems."""
    rows = []
    for board in boards:
        lift = board.perfect.lift
        if lift is None or board.floor is None:
            continue
        far = lift.comparison.texts_like_these
        rows.append(
            (
                board.task,
                f"{board.floor.name} {format_number(board.floor.value)}",
                format_difference(Estimate(lift.comparison.these_texts.difference.value)),
                format_p(lift.permutation),
                format_p(lift.swap),
                format_number(far.detectable),
                format_verdict(board.perfect),
            )
        )
    columns = (
        "task",
        "floor",
        "lift",
        "p on these texts",
        "p on texts like these",
        "lift detectable on texts like these",
        "above the floor",
    )
    return Table("What a perfect system would reach", columns, rows)


def find_plan(boards: Sequence[Board]) -> Table | None:
    """Return what more events would allow on the board with the most items that rank systems."""
    ranked = [board for board in boards if board.is_ranked and TASKS[board.task].labels]
    if not ranked:
        return None
    largest = max(ranked, key=lambda board: len(board.score.items))
    return plan_table(largest.score.items)


OVERLAP_HEAD = (
    "The share of test items whose holder, target, pair of both, or text is also in the training "
    "folds, over all folds of a kind."
)


def iter_further(boards: Sequence[Board]) -> Iterator[FurtherTable]:
    """Yield the tables after the boards, each with a heading and a sentence."""
    plan = find_plan(boards)
    if plan:
        yield "What more events would allow", f"{plan.title}.", plan
    if boards:
        asked = {board.task: board.score.items for board in boards}
        yield (
            "How much of the test items also occurs in training",
            OVERLAP_HEAD,
            summarize_overlap(asked),
        )


# ---------------------------------------------------------------- one board


def list_board_notes(board: Board) -> list[str]:
    """Return sentences on the tests of a board, and on systems with a reservation."""
    notes = []
    if board.is_ranked:
        events = format_count(len(board.score.clusters), "event")
        systems = format_count(board.comparisons, "system")
        notes.append(
            f"On texts like these, p is from {events}; p values are adjusted for {systems}."
        )
        if not board.perfect.is_above_floor[0]:
            notes.append(f"No system can be shown to be above this floor: {_WEAK}.")
    else:
        notes.append("This task is a probe: its scores are reported, and rank no system.")

    groups = _list_groups(board.score)
    if groups:
        notes.append(f"Swap groups: {groups}. The measure is the smallest share of these families.")

    notes += _list_floor_notes(board)
    notes += _list_gold_notes(board)
    if board.contaminated:
        names = ", ".join([entry.name for entry in board.contaminated])
        notes.append(f"Not ranked, because they have seen gold: {names}.")
    return notes


def _list_floor_notes(board: Board) -> list[str]:
    """Return sentences that name the artefacts behind the floor, so that a change is seen."""
    if not board.is_ranked:
        return []
    notes = []
    if board.artefacts:
        count = format_count(len(board.artefacts), "artefact")
        notes.append(f"The floor is the best of {count}: {', '.join(board.artefacts)}.")
    missing = [name for name in _list_shipped(board.task) if name not in board.artefacts]
    if missing:
        names = ", ".join(missing)
        notes.append(f"Not among them, though they come with the benchmark: {names}.")
    return notes


def _list_shipped(task: str) -> list[str]:
    """Return the names of the artefacts that come with the benchmark and answer a task."""
    found = [each for each in BASELINES.values() if each.kind == "artefact" and task in each.tasks]
    return sorted([each.name for each in found])


def _list_gold_notes(board: Board) -> list[str]:
    """Return sentences that name the systems whose answers equal gold, or nearly do."""
    notes = []
    equal = [entry.name for entry in board.entries if entry.is_gold]
    if equal:
        names = ", ".join(equal)
        notes.append(
            f"Answers equal to gold: {names}. Such a system answers perfectly, or gold has leaked."
        )
    near = [each.name for each in board.entries if board.is_near_gold(each) and not each.is_gold]
    if near:
        limit = format_number(board.near_gold)
        notes.append(f"Nearer to gold than annotators (above {limit}): {', '.join(near)}.")
    return notes


def _list_groups(score: Score) -> str:
    """Return the number of swap groups of each family, as text."""
    prefix = "groups "
    columns = [column for column in score.columns if column.startswith(prefix)]
    counts = [f"{column.removeprefix(prefix)} {score.total(column)}" for column in columns]
    return ", ".join(counts)


def format_verdict(line: BoardLine) -> str:
    """Return on which texts a system is shown to be above the floor."""
    near, far = line.is_above_floor
    if near and far:
        return "yes"
    if near:
        return "on these texts"
    return "on texts like these" if far else "not shown"
