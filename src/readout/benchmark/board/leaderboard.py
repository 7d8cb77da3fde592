"""The board: every system with its intervals, its lift over the best artefact, and the ranks that tests leave open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from readout.benchmark.board.ceiling import score_annotators
from readout.benchmark.board.page import BoardView, format_html
from readout.benchmark.board.submissions import (
    SUBMISSIONS,
    Submission,
    SystemKind,
    Tasks,
    encode_json,
    format_result,
    read_submissions,
    result_path,
)
from readout.benchmark.folds import OFFICIAL, SCHEMES
from readout.benchmark.scoring.measures import COVERAGE
from readout.benchmark.scoring.report import comparison_json, list_limits
from readout.benchmark.scoring.scores import Adjusted, Score, compare_all, rank_scores
from readout.benchmark.scoring.statistics import Rank
from readout.corpus.files import write_files
from readout.corpus.read import read_bytes
from readout.model import Corpus
from readout.problem import Finding, Problem, Rule, locate, rule
from readout.report.intervals import Estimate
from readout.report.tables import (
    Table,
    format_difference,
    format_markdown,
    format_number,
    format_p,
    format_score,
    round_number,
)

BOARD = f"{SUBMISSIONS}/LEADERBOARD"


class BoardLine(NamedTuple):
    """One run on a board. ``lift`` is its comparison with the best artefact, None for that artefact itself."""

    kind: SystemKind
    score: Score
    near: Rank
    far: Rank
    lift: Adjusted | None


class Board(NamedTuple):
    """The runs of one task and scheme, the best first, and the annotators scored alike."""

    task: str
    scheme: str
    lines: tuple[BoardLine, ...]
    ceiling: tuple[Score, ...]
    comparisons: int

    @property
    def floor(self) -> Score | None:
        """The best artefact."""
        return next((line.score for line in self.lines if line.kind == "artefact"), None)


class Standing(NamedTuple):
    """A run's score with folds that are not official: it is shown, and not ranked."""

    task: str
    scheme: str
    kind: SystemKind
    score: Score


# ---------------------------------------------------------------- making


def build_boards(corpus: Corpus, submissions: Sequence[Submission]) -> list[Board]:
    """Return the board of each task with the official folds."""
    found = Tasks(corpus)
    return [
        _build_board(task, runs, tuple(score_annotators(corpus, task, items)))
        for task, items in found.items.items()
        if (runs := list(_iter_task_scores(submissions, task, OFFICIAL)))
    ]


def _iter_task_scores(submissions: Sequence[Submission], task: str, scheme: str) -> Iterator[tuple[SystemKind, Score]]:
    for submission in submissions:
        for run in submission.runs:
            if (run.folds.task, run.folds.scheme) == (task, scheme):
                yield submission.card.kind, run.score


def _build_board(task: str, runs: Sequence[tuple[SystemKind, Score]], ceiling: tuple[Score, ...]) -> Board:
    scores = [score for _, score in runs]
    found = compare_all(scores)
    near = rank_scores(scores, found, lambda each: each.permutation)
    far = rank_scores(scores, found, lambda each: each.swap)
    floor = min((score for kind, score in runs if kind == "artefact"), key=_board_order, default=None)
    lines = [
        BoardLine(kind, score, a, b, _find_lift(score, floor, found))
        for (kind, score), a, b in zip(runs, near, far, strict=True)
    ]
    lines.sort(key=lambda line: _board_order(line.score))
    return Board(task, OFFICIAL, tuple(lines), ceiling, len(found))


def _board_order(score: Score) -> tuple[float, str]:
    return -score.value(), score.name


def _find_lift(score: Score, floor: Score | None, found: Sequence[Adjusted]) -> Adjusted | None:
    """Return the comparison of a system with the best artefact, turned so that the system comes first."""
    if floor is None or score.name == floor.name:
        return None
    pair = {score.name, floor.name}
    adjusted = next(each for each in found if {each.comparison.first, each.comparison.second} == pair)
    return adjusted if adjusted.comparison.first == score.name else _swap_sides(adjusted)


def _swap_sides(adjusted: Adjusted) -> Adjusted:
    found = adjusted.comparison
    near = found.these_texts._replace(difference=_negate(found.these_texts.difference))
    far = found.texts_like_these._replace(difference=_negate(found.texts_like_these.difference))
    turned = found._replace(first=found.second, second=found.first, these_texts=near, texts_like_these=far)
    return adjusted._replace(comparison=turned)


def _negate(estimate: Estimate) -> Estimate:
    value, low, high = (None if part is None else -part for part in estimate)
    return Estimate(value, high, low)


def list_standings(submissions: Sequence[Submission]) -> list[Standing]:
    """Return the scores with the folds that are not official, by task and scheme, the best first."""
    found = [
        Standing(run.folds.task, run.folds.scheme, submission.card.kind, run.score)
        for submission in submissions
        for run in submission.runs
        if run.folds.scheme != OFFICIAL
    ]
    schemes = list(SCHEMES)
    return sorted(found, key=lambda each: (each.task, schemes.index(each.scheme), *_board_order(each.score)))  # type: ignore[arg-type]


# ---------------------------------------------------------------- JSON and Markdown


def boards_to_json(boards: Sequence[Board], standings: Sequence[Standing]) -> dict[str, Any]:
    """Return the boards as plain data."""
    return {
        "boards": [
            {
                "task": board.task,
                "folds": board.scheme,
                "signature": board.lines[0].score.signature,
                "limits": list_limits_of(board),
                "systems": [_line_json(line) for line in board.lines],
                "annotators": [_score_json(score) for score in board.ceiling],
            }
            for board in boards
        ],
        "other_folds": [
            {"task": each.task, "folds": each.scheme, "kind": each.kind, **_score_json(each.score)}
            for each in standings
        ],
    }


def _line_json(line: BoardLine) -> dict[str, Any]:
    return {
        "kind": line.kind,
        **_score_json(line.score),
        "on_these_texts": line.near._asdict(),
        "on_texts_like_these": line.far._asdict(),
        "lift": comparison_json(line.lift) if line.lift else None,
    }


def _score_json(score: Score) -> dict[str, Any]:
    near, far = score.on_these_texts(score.official), score.on_texts_like_these(score.official)
    return {
        "name": score.name,
        "measure": score.official.name,
        "value": round_number(score.value()),
        "interval_on_these_texts": [round_number(near.low), round_number(near.high)],
        "interval_on_texts_like_these": [round_number(far.low), round_number(far.high)],
        "coverage": round_number(score.value(COVERAGE)),
    }


def list_limits_of(board: Board) -> list[str]:
    """Return what a board cannot say, one sentence each."""
    return list_limits(len(board.lines[0].score.clusters), max(board.comparisons, 1))


BOARD_HEAD = """# Leaderboard

Generated from the predictions in this folder by `readout bench board`; do not edit. *On these texts* speaks of the
annotated items, *on texts like these* of other events. Ranks are the ranges that the tests leave open (adjusted by
Holm's procedure for all comparisons on the board): systems whose ranges overlap are tied. The lift is a system's score
minus that of the best artefact, which is the floor; an artefact reads too little of the question to know the answer.
Annotators are readers by the same guidelines, scored by the same scorer: a ceiling, and not on any rank. Gold was
decided from their layers, so it flatters them.
"""


def format_boards(boards: Sequence[Board], standings: Sequence[Standing]) -> str:
    """Return the boards as Markdown."""
    blocks = [BOARD_HEAD.rstrip()]
    for board in boards:
        blocks += [f"## {board.task}", format_markdown(board_table(board)), *list_limits_of(board)]
        blocks.append(f"Signature: `{board.lines[0].score.signature}`")
    tables = list(standing_tables(standings))
    blocks += ["## Other folds", "Shown, not ranked."] if tables else []
    for table in tables:
        blocks += [f"**{table.title}**", format_markdown(table)]
    return "\n\n".join(blocks) + "\n"


def board_table(board: Board) -> Table:
    """Return a board as a table; the annotators stand at its end, without ranks."""
    rows = [_line_row(line, board) for line in board.lines]
    rows += [(f"{score.name} (annotator)", "ceiling", *_score_cells(score), *("–",) * 5) for score in board.ceiling]
    measure = board.lines[0].score.official.name
    columns = (
        "system", "kind", f"{measure} on these texts", "on texts like these", "ranks on these texts",
        "ranks on like texts", "lift on these texts", "on texts like these", "swap p",
    )  # fmt: skip
    return Table(f"{board.task}, folds by {board.scheme}", columns, rows)


def _line_row(line: BoardLine, board: Board) -> tuple[Any, ...]:
    name = f"{line.score.name} (floor)" if line.score is board.floor else line.score.name
    ranks = (format_rank(line.near), format_rank(line.far))
    lift: tuple[str, ...] = ("–", "–", "–")
    if line.lift and line.kind != "artefact":
        found = line.lift.comparison
        near, far = found.these_texts.difference, found.texts_like_these.difference
        lift = (format_difference(near), format_difference(far), format_p(found.texts_like_these.swap.p))
    return (name, line.kind, *_score_cells(line.score), *ranks, *lift)


def _score_cells(score: Score) -> tuple[str, str]:
    measure = score.official
    return format_score(score.on_these_texts(measure)), format_score(score.on_texts_like_these(measure))


def format_rank(rank: Rank) -> str:
    """Return ``2–5, group 1``."""
    places = str(rank.best) if rank.best == rank.worst else f"{rank.best}–{rank.worst}"
    return f"{places}, group {rank.group}"


def standing_tables(standings: Sequence[Standing]) -> Iterator[Table]:
    """Yield a table of systems and schemes for each task."""
    for task in dict.fromkeys(each.task for each in standings):
        mine = [each for each in standings if each.task == task]
        schemes = list(dict.fromkeys(each.scheme for each in mine))
        names = dict.fromkeys((each.score.name, each.kind) for each in mine)
        values = {(each.score.name, each.scheme): format_number(each.score.value()) for each in mine}
        rows = [(name, kind, *(values.get((name, scheme), "–") for scheme in schemes)) for name, kind in names]
        yield Table(f"{task}: {mine[0].score.official.name} with other folds", ("system", "kind", *schemes), rows)


def view_board(board: Board) -> BoardView:
    """Return what the page shows of a board."""
    runs: list[tuple[str, Score]] = [(line.kind, line.score) for line in board.lines]
    runs += [("annotator", score) for score in board.ceiling]
    best = board.lines[0].score
    return BoardView(
        task=board.task,
        measure=best.official.name,
        table=board_table(board),
        notes=list_limits_of(board),
        signature=best.signature,
        runs=runs,
        floor=board.floor,
    )


# ---------------------------------------------------------------- files


@rule("leaderboard-stale", "reference")
def leaderboard_stale(present: bytes | None, expected: bytes) -> Iterator[Finding]:
    """The board is the one that follows from the submissions."""
    if present != expected:
        state = "is missing" if present is None else "differs from what the submissions give"
        yield Finding(f"The file {state}.", hint="run `readout bench board` and commit what it writes.")


RULES: tuple[Rule, ...] = (leaderboard_stale,)


class Made(NamedTuple):
    """Every generated file of the submissions, by path; the boards; what was submitted, and its problems."""

    files: dict[str, bytes]
    boards: list[Board]
    submissions: list[Submission]
    problems: list[Problem]


def make_files(root: Path, corpus: Corpus) -> Made:
    """Return the results of all submissions and the boards as files, made from the predictions alone."""
    submissions, problems = read_submissions(root, corpus)
    boards, standings = build_boards(corpus, submissions), list_standings(submissions)
    views = [view_board(board) for board in boards]
    files = {result_path(each): format_result(each) for each in submissions}
    files[f"{BOARD}.md"] = format_boards(boards, standings).encode()
    files[f"{BOARD}.json"] = encode_json(boards_to_json(boards, standings))
    files[f"{BOARD}.html"] = format_html(views, list(standing_tables(standings))).encode()
    return Made(files, boards, submissions, problems)


def check_files(root: Path, made: Made) -> list[Problem]:
    """Return the problems of the submissions, and one for each generated file that is not what they give."""
    stale = [
        locate(leaderboard_stale, finding, path)
        for path, raw in made.files.items()
        for finding in leaderboard_stale.find(read_bytes(root, path)[0], raw)
    ]
    return [*made.problems, *stale]


def write_boards(root: Path, made: Made) -> list[str]:
    """Write the generated files that changed, and return their paths."""
    changed = {path: raw for path, raw in made.files.items() if read_bytes(root, path)[0] != raw}
    write_files(root, changed)
    return list(changed)
