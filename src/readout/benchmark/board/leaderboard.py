"""Build the leaderboard: scores with intervals, lifts over the best artefact, and rank ranges."""

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
    TaskData,
    encode_json,
    format_result,
    read_submissions,
    result_path,
)
from readout.benchmark.folds import OFFICIAL, SCHEMES, Scheme
from readout.benchmark.scoring.measures import COVERAGE
from readout.benchmark.scoring.report import comparison_json, format_rank_range, list_limits
from readout.benchmark.scoring.scores import (
    AdjustedComparison,
    Score,
    compare_all,
    rank_scores,
)
from readout.benchmark.scoring.statistics import Rank
from readout.corpus.files import Change, write_generated
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
    """One run on a board.

    ``these_texts`` and ``texts_like_these`` are its ranks. ``lift`` compares it with the best
    artefact; it is None for that artefact, and if there is no artefact.
    """

    kind: SystemKind
    score: Score
    these_texts: Rank
    texts_like_these: Rank
    lift: AdjustedComparison | None


class Board(NamedTuple):
    """The runs of one task and scheme in descending order of score.

    ``ceiling`` contains the scores of annotators. ``comparisons`` is the number of comparisons that
    p values are adjusted for.
    """

    task: str
    scheme: Scheme
    lines: tuple[BoardLine, ...]
    ceiling: tuple[Score, ...]
    comparisons: int

    @property
    def floor(self) -> Score | None:
        """The score of the best artefact."""
        return next((line.score for line in self.lines if line.kind == "artefact"), None)


class UnrankedScore(NamedTuple):
    """A run's score with folds that are not official; the board shows it without ranks."""

    task: str
    scheme: Scheme
    kind: SystemKind
    score: Score


# ---------------------------------------------------------------- building


def build_boards(corpus: Corpus, submissions: Sequence[Submission]) -> list[Board]:
    """Return the board of each task with the official folds."""
    boards = []
    for task, items in TaskData(corpus).items.items():
        runs = list(_iter_task_scores(submissions, task, OFFICIAL))
        if runs:
            ceiling = tuple(score_annotators(corpus, task, items))
            boards.append(_build_board(task, runs, ceiling))
    return boards


def _iter_task_scores(
    submissions: Sequence[Submission], task: str, scheme: Scheme
) -> Iterator[tuple[SystemKind, Score]]:
    for submission in submissions:
        for run in submission.runs:
            if (run.folds.task, run.folds.scheme) == (task, scheme):
                yield submission.card.kind, run.score


def _build_board(
    task: str, runs: Sequence[tuple[SystemKind, Score]], ceiling: tuple[Score, ...]
) -> Board:
    scores = [score for _, score in runs]
    found = compare_all(scores)
    these_texts = rank_scores(scores, found, lambda each: each.permutation)
    texts_like_these = rank_scores(scores, found, lambda each: each.swap)

    artefacts = [score for kind, score in runs if kind == "artefact"]
    floor = min(artefacts, key=_board_order, default=None)

    lines = []
    for (kind, score), near, far in zip(runs, these_texts, texts_like_these, strict=True):
        lines.append(BoardLine(kind, score, near, far, _find_lift(score, floor, found)))
    lines.sort(key=lambda line: _board_order(line.score))
    return Board(task, OFFICIAL, tuple(lines), ceiling, len(found))


def _board_order(score: Score) -> tuple[float, str]:
    return -score.value(), score.name


def _find_lift(
    score: Score, floor: Score | None, found: Sequence[AdjustedComparison]
) -> AdjustedComparison | None:
    """Return the comparison of a system with the best artefact, with the system first."""
    if floor is None or score.name == floor.name:
        return None
    pair = {score.name, floor.name}
    adjusted = next(
        each for each in found if {each.comparison.first, each.comparison.second} == pair
    )
    return adjusted if adjusted.comparison.first == score.name else _swap_sides(adjusted)


def _swap_sides(adjusted: AdjustedComparison) -> AdjustedComparison:
    found = adjusted.comparison
    these_texts, texts_like_these = found.these_texts, found.texts_like_these
    swapped = found._replace(
        first=found.second,
        second=found.first,
        these_texts=these_texts._replace(difference=_negate(these_texts.difference)),
        texts_like_these=texts_like_these._replace(difference=_negate(texts_like_these.difference)),
    )
    return adjusted._replace(comparison=swapped)


def _negate(estimate: Estimate) -> Estimate:
    value, low, high = (None if part is None else -part for part in estimate)
    return Estimate(value, high, low)


def list_unranked(submissions: Sequence[Submission]) -> list[UnrankedScore]:
    """Return the scores with folds that are not official, by task, scheme and descending score."""
    found = []
    for submission in submissions:
        for run in submission.runs:
            if run.folds.scheme != OFFICIAL:
                kind = submission.card.kind
                found.append(UnrankedScore(run.folds.task, run.folds.scheme, kind, run.score))

    schemes = list(SCHEMES)
    found.sort(key=lambda each: (each.task, schemes.index(each.scheme), _board_order(each.score)))
    return found


# ---------------------------------------------------------------- JSON


def boards_to_json(boards: Sequence[Board], unranked: Sequence[UnrankedScore]) -> dict[str, Any]:
    """Return the boards as plain data."""
    return {
        "boards": [_board_json(board) for board in boards],
        "other_folds": [
            {"task": each.task, "folds": each.scheme, "kind": each.kind, **_score_json(each.score)}
            for each in unranked
        ],
    }


def _board_json(board: Board) -> dict[str, Any]:
    return {
        "task": board.task,
        "folds": board.scheme,
        "signature": board.lines[0].score.signature,
        "limits": list_board_limits(board),
        "systems": [_line_json(line) for line in board.lines],
        "annotators": [_score_json(score) for score in board.ceiling],
    }


def _line_json(line: BoardLine) -> dict[str, Any]:
    return {
        "kind": line.kind,
        **_score_json(line.score),
        "on_these_texts": line.these_texts._asdict(),
        "on_texts_like_these": line.texts_like_these._asdict(),
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


def list_board_limits(board: Board) -> list[str]:
    """Return sentences on which conclusions a board allows."""
    events = len(board.lines[0].score.clusters)
    return list_limits(events, max(board.comparisons, 1))


# ---------------------------------------------------------------- Markdown

BOARD_HEAD = """# Leaderboard

`readout bench board` generates this file from the predictions in this folder; do not edit it. *On
these texts* refers to the annotated items, *on texts like these* to other events. Ranks are the
ranges that the tests allow, with p values adjusted by Holm's procedure for all comparisons on a
board; systems whose ranges overlap are tied. An *artefact* is a system that sees only part of the
input, or none; the best artefact is the floor, and the lift of a system is its score minus the
floor. Annotators are scored in the same way and are not ranked. They are an optimistic ceiling,
since gold was decided from their annotations.
"""


def format_boards(boards: Sequence[Board], unranked: Sequence[UnrankedScore]) -> str:
    """Return the boards as Markdown."""
    blocks = [BOARD_HEAD.rstrip()]
    for board in boards:
        blocks.append(f"## {board.task}")
        blocks.append(format_markdown(board_table(board)))
        blocks += list_board_limits(board)
        blocks.append(f"Signature: `{board.lines[0].score.signature}`")

    tables = list(iter_unranked_tables(unranked))
    if tables:
        blocks += ["## Other folds", "These scores are not ranked."]
    for table in tables:
        blocks += [f"**{table.title}**", format_markdown(table)]
    return "\n\n".join(blocks) + "\n"


def board_table(board: Board) -> Table:
    """Return a board as a table, which ends with the annotators."""
    rows = [_line_row(line, board) for line in board.lines]
    for score in board.ceiling:
        name = f"{score.name} (annotator)"
        rows.append((name, "ceiling", *_score_cells(score), "–", "–", "–", "–", "–"))

    measure = board.lines[0].score.official.name
    columns = (
        "system",
        "kind",
        f"{measure} on these texts",
        "on texts like these",
        "ranks on these texts",
        "ranks on like texts",
        "lift on these texts",
        "on texts like these",
        "swap p",
    )
    return Table(f"{board.task}, folds by {board.scheme}", columns, rows)


def _line_row(line: BoardLine, board: Board) -> tuple[Any, ...]:
    name = f"{line.score.name} (floor)" if line.score is board.floor else line.score.name
    ranks = (format_rank(line.these_texts), format_rank(line.texts_like_these))
    lift: tuple[str, ...] = ("–", "–", "–")
    if line.lift and line.kind != "artefact":
        found = line.lift.comparison
        lift = (
            format_difference(found.these_texts.difference),
            format_difference(found.texts_like_these.difference),
            format_p(found.texts_like_these.swap.p),
        )
    return (name, line.kind, *_score_cells(line.score), *ranks, *lift)


def _score_cells(score: Score) -> tuple[str, str]:
    measure = score.official
    near, far = score.on_these_texts(measure), score.on_texts_like_these(measure)
    return format_score(near), format_score(far)


def format_rank(rank: Rank) -> str:
    """Return ``2–5, group 1``."""
    return f"{format_rank_range(rank)}, group {rank.group}"


def iter_unranked_tables(unranked: Sequence[UnrankedScore]) -> Iterator[Table]:
    """Yield a table per task, with one row per system and one column per scheme."""
    for task in dict.fromkeys(each.task for each in unranked):
        scores = [each for each in unranked if each.task == task]
        schemes = list(dict.fromkeys(each.scheme for each in scores))
        systems = dict.fromkeys((each.score.name, each.kind) for each in scores)
        values = {
            (each.score.name, each.scheme): format_number(each.score.value()) for each in scores
        }

        rows = []
        for name, kind in systems:
            cells = [values.get((name, scheme), "–") for scheme in schemes]
            rows.append((name, kind, *cells))
        title = f"{task}: {scores[0].score.official.name} with other folds"
        yield Table(title, ("system", "kind", *schemes), rows)


def view_board(board: Board) -> BoardView:
    """Return the contents of a board for the HTML page."""
    runs: list[tuple[str, Score]] = [(line.kind, line.score) for line in board.lines]
    runs += [("annotator", score) for score in board.ceiling]
    best = board.lines[0].score
    return BoardView(
        task=board.task,
        measure=best.official.name,
        table=board_table(board),
        notes=list_board_limits(board),
        signature=best.signature,
        runs=runs,
        floor=board.floor,
    )


# ---------------------------------------------------------------- files


@rule("leaderboard-stale", "reference")
def leaderboard_stale(present: bytes | None, expected: bytes) -> Iterator[Finding]:
    """Every generated file of the leaderboard is the one that the submissions give."""
    if present != expected:
        state = "is missing" if present is None else "differs from what the submissions give"
        hint = "run `readout bench board` and commit the files that it writes."
        yield Finding(f"The file {state}.", hint=hint)


RULES: tuple[Rule, ...] = (leaderboard_stale,)


class BoardFiles(NamedTuple):
    """The generated files by path, with the boards, submissions and problems behind them."""

    files: dict[str, bytes]
    boards: list[Board]
    submissions: list[Submission]
    problems: list[Problem]


def build_files(root: Path, corpus: Corpus) -> BoardFiles:
    """Return the results of all submissions and the leaderboard, computed from the predictions."""
    submissions, problems = read_submissions(root, corpus)
    boards, unranked = build_boards(corpus, submissions), list_unranked(submissions)
    views = [view_board(board) for board in boards]

    files = {result_path(each): format_result(each) for each in submissions}
    files[f"{BOARD}.md"] = format_boards(boards, unranked).encode()
    files[f"{BOARD}.json"] = encode_json(boards_to_json(boards, unranked))
    files[f"{BOARD}.html"] = format_html(views, list(iter_unranked_tables(unranked))).encode()
    return BoardFiles(files, boards, submissions, problems)


def check_files(root: Path, built: BoardFiles) -> list[Problem]:
    """Return the problems of the submissions, and one for each generated file that is stale."""
    problems = list(built.problems)
    for path, raw in built.files.items():
        findings = leaderboard_stale.find(read_bytes(root, path)[0], raw)
        problems += [locate(leaderboard_stale, finding, path) for finding in findings]
    return problems


def write_boards(root: Path, built: BoardFiles) -> list[str]:
    """Write the generated files that changed, and return their paths."""
    changes = {path: Change(read_bytes(root, path)[0], raw) for path, raw in built.files.items()}
    write_generated(root, changes)
    return [path for path, change in changes.items() if change.old != change.new]
