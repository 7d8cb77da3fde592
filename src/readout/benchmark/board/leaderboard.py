"""Write the leaderboard: boards as JSON, Markdown and a page, and the results of submissions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from readout.benchmark.board.boards import (
    NEAR_GOLD,
    Board,
    BoardLine,
    Entry,
    OtherFolds,
    build_boards,
    list_earlier,
    list_other_folds,
)
from readout.benchmark.board.cards import SUBMISSIONS, Listing, read_kinds
from readout.benchmark.board.claims import (
    FurtherTable,
    format_verdict,
    iter_further,
    list_board_notes,
    list_claims,
    power_table,
)
from readout.benchmark.board.freeze import describe_release
from readout.benchmark.board.page import BoardView, PageView, PlottedRun, format_html
from readout.benchmark.board.submissions import (
    EarlierRun,
    Submission,
    encode_json,
    format_result,
    list_systems,
    read_published,
    read_submissions,
    result_path,
)
from readout.benchmark.scoring.measures import COVERAGE
from readout.benchmark.scoring.report import comparison_json
from readout.benchmark.scoring.scores import Score
from readout.benchmark.systems.baselines import BASELINES
from readout.corpus.files import Change, write_generated
from readout.corpus.items import Frozen, Release, read_frozen
from readout.corpus.read import read_bytes
from readout.problem import Finding, Problem, Rule, locate, rule
from readout.report.tables import (
    Table,
    format_difference,
    format_markdown,
    format_number,
    format_p,
    format_score,
    round_bounds,
    round_number,
)

BOARD = f"{SUBMISSIONS}/LEADERBOARD"
# ---------------------------------------------------------------- JSON


def boards_to_json(
    release: Release,
    boards: Sequence[Board],
    others: Sequence[OtherFolds],
    earlier: Sequence[EarlierRun] = (),
) -> dict[str, Any]:
    """Return the boards as plain data."""
    other_folds = []
    for each in others:
        fold = {"task": each.task, "folds": each.scheme}
        other_folds.append({**fold, **_entry_json(each.entry)})
    data = {
        "release": {"version": release.version, "date": release.date},
        "claims": list_claims(boards),
        "boards": [_board_json(board) for board in boards],
        "other_folds": other_folds,
    }
    if earlier:
        data["earlier_releases"] = [run._asdict() for run in earlier]
    return data


def _board_json(board: Board) -> dict[str, Any]:
    floor = board.floor
    return {
        "task": board.task,
        "folds": board.scheme,
        "measure": board.score.official.name,
        "ranked": board.is_ranked,
        "signature": board.score.signature,
        "notes": list_board_notes(board),
        "floor": floor.name if floor else None,
        "artefacts": board.artefacts,
        "near_gold": round_number(board.near_gold),
        "answers_equal_to_gold_would_have": _lift_json(board.perfect),
        "systems": [_line_json(line, board) for line in board.lines],
        "contaminated": [_badged_json(entry, board) for entry in board.contaminated],
        "annotators": [_score_json(score) for score in board.ceiling],
    }


def _line_json(line: BoardLine, board: Board) -> dict[str, Any]:
    return {**_badged_json(line.entry, board), **_lift_json(line)}


def _lift_json(line: BoardLine) -> dict[str, Any]:
    near, far = line.is_above_floor
    return {
        "above_floor": {"on_these_texts": near, "on_texts_like_these": far},
        "lift": comparison_json(line.lift) if line.lift else None,
    }


def _badged_json(entry: Entry, board: Board) -> dict[str, Any]:
    return {**_entry_json(entry), "nearer_to_gold_than_annotators": board.is_near_gold(entry)}


def _entry_json(entry: Entry) -> dict[str, Any]:
    first = entry.scores[0]
    return {
        "name": entry.name,
        "kind": entry.kind,
        "seen": entry.seen,
        "measure": first.official.name,
        "value": round_number(entry.value),
        "seeds": [round_number(value) for value in entry.values],
        "interval_on_these_texts": round_bounds(entry.on_these_texts),
        "interval_on_texts_like_these": round_bounds(entry.on_texts_like_these),
        "second_measure": first.measures[1].name,
        "second_value": round_number(entry.mean(first.measures[1])),
        "coverage": round_number(entry.coverage),
        "answers_equal_gold": entry.is_gold,
    }


def _score_json(score: Score) -> dict[str, Any]:
    official, second = score.measures[:2]
    return {
        "name": score.name,
        "measure": official.name,
        "value": round_number(score.value()),
        "interval_on_these_texts": round_bounds(score.on_these_texts(official)),
        "interval_on_texts_like_these": round_bounds(score.on_texts_like_these(official)),
        "second_measure": second.name,
        "second_value": round_number(score.value(second)),
    }


# ---------------------------------------------------------------- Markdown

BOARD_HEAD = """\
`readout bench board` generates this file from the predictions in this folder; do not edit it.
*On these texts* refers to the annotated items, *on texts like these* to other events. An
*artefact* is a system that sees only part of the input, or none; the best artefact is the
floor. The *lift* of a system is its smallest difference from an artefact, and its p values are
the largest of all artefacts, adjusted by Holm's procedure for the number of systems. A system
is above the floor if its p is below .05. Systems are listed by their score and are not compared
with each other, which `readout bench compare` does.

A system with several seeds has one row: the mean over seeds, an interval that contains those of
all seeds, and the largest p. *Seen* is what the system or its makers have seen of this corpus
outside the training folds. Systems that have seen gold are listed below a board. Annotators are
scored in the same way. They are an optimistic ceiling, since gold was decided from their
annotations. *Near gold* marks a score above that of every annotator, or above {near} where
annotators make no mistake: gold may have leaked. It is no verdict.
"""


def format_boards(
    release: Release,
    boards: Sequence[Board],
    others: Sequence[OtherFolds],
    earlier: Sequence[EarlierRun],
    further: Sequence[FurtherTable],
) -> str:
    """Return the boards as Markdown."""
    claims = list_claims(boards)
    head = BOARD_HEAD.format(near=format_number(NEAR_GOLD, 2)).rstrip()
    blocks = ["# Leaderboard", " ".join(claims)]
    power = power_table(boards)
    if power.rows:
        blocks += [f"**{power.title}**", format_markdown(power)]
    blocks += [head, describe_release(release)]
    for board in boards:
        blocks.append(f"## {board.task}")
        blocks.append(format_markdown(board_table(board)))
        blocks += list_board_notes(board)
        blocks.append(f"Signature: `{board.score.signature}`")

    tables = list(iter_other_tables(others))
    if tables:
        blocks += ["## Other folds", "These scores are not ranked."]
    for table in tables:
        blocks += [f"**{table.title}**", format_markdown(table)]

    if earlier:
        blocks += ["## Earlier releases", EARLIER_HEAD, format_markdown(earlier_table(earlier))]

    for heading, sentence, table in further:
        blocks += [f"## {heading}", sentence, format_markdown(table)]
    return "\n\n".join(blocks) + "\n"


EARLIER_HEAD = (
    "These predictions answer the items of an earlier release, so their scores cannot be compared "
    "with those above."
)


def earlier_table(earlier: Sequence[EarlierRun]) -> Table:
    """Return the predictions for the items of earlier releases as a table."""
    rows = [(run.path, run.version, run.items) for run in earlier]
    return Table("Earlier releases", ("predictions", "release", "items"), rows)


def board_table(board: Board) -> Table:
    """Return a board as a table, which ends with contaminated systems and annotators."""
    rows = [_line_row(line, board) for line in board.lines]
    rows += [_contaminated_row(entry, board) for entry in board.contaminated]
    rows += [_annotator_row(score) for score in board.ceiling]

    official, second = board.score.measures[:2]
    columns = (
        "system",
        "kind",
        "seen",
        "seeds",
        f"{official.name} on these texts",
        f"{official.name} on texts like these",
        second.name,
        "answered",
        "lift on these texts",
        "p on these texts",
        "lift on texts like these",
        "p on texts like these",
        "above the floor",
    )
    return Table(f"{board.task}, folds by {board.scheme}", columns, rows)


_NO_LIFT = ("–", "–", "–", "–", "–")


def _line_row(line: BoardLine, board: Board) -> tuple[Any, ...]:
    lift = _NO_LIFT
    if line.lift:
        found = line.lift.comparison
        lift = (
            format_difference(found.these_texts.difference),
            format_p(line.lift.permutation),
            format_difference(found.texts_like_these.difference),
            format_p(line.lift.swap),
            format_verdict(line),
        )
    return (*_entry_cells(line.entry, board), *lift)


def _contaminated_row(entry: Entry, board: Board) -> tuple[str, ...]:
    return (*_entry_cells(entry, board), *_NO_LIFT)


def list_badges(entry: Entry, board: Board) -> list[str]:
    """Return the badges that a board shows beside the name of a system."""
    badges = []
    if entry is board.floor:
        badges.append("floor")
    if entry in board.contaminated:
        badges.append("not ranked")
    if entry.is_gold:
        badges.append("equal to gold")
    elif board.is_near_gold(entry):
        badges.append("near gold")
    return badges


def _annotator_row(score: Score) -> tuple[str, ...]:
    name = f"{score.name} (annotator)"
    return (name, "ceiling", "–", "–", *_score_cells(score), *_NO_LIFT)


def _entry_cells(entry: Entry, board: Board) -> tuple[str, ...]:
    first = entry.scores[0]
    badges = list_badges(entry, board)
    shown = f" ({', '.join(badges)})" if badges else ""
    return (
        f"{entry.name}{shown}",
        entry.kind,
        entry.seen,
        _format_seeds(entry),
        format_score(entry.on_these_texts),
        format_score(entry.on_texts_like_these),
        format_number(entry.mean(first.measures[1])),
        format_number(entry.coverage),
    )


def _format_seeds(entry: Entry) -> str:
    """Return ``3: .61–.66``, the number of seeds and the range of their scores."""
    values = entry.values
    if len(values) == 1:
        return "–"
    return f"{len(values)}: {format_number(values[0])}–{format_number(values[-1])}"


def _score_cells(score: Score) -> tuple[str, ...]:
    official, second = score.measures[:2]
    return (
        format_score(score.on_these_texts(official)),
        format_score(score.on_texts_like_these(official)),
        format_number(score.value(second)),
        format_number(score.value(COVERAGE)),
    )


def iter_other_tables(others: Sequence[OtherFolds]) -> Iterator[Table]:
    """Yield a table per task, with one row per system and one column per scheme."""
    for task in dict.fromkeys(each.task for each in others):
        found = [each for each in others if each.task == task]
        schemes = list(dict.fromkeys(each.scheme for each in found))
        systems = dict.fromkeys((each.entry.name, each.entry.kind) for each in found)
        values = {}
        for each in found:
            values[each.entry.name, each.scheme] = format_number(each.entry.value)

        rows = []
        for name, kind in systems:
            cells = [values.get((name, scheme), "–") for scheme in schemes]
            rows.append((name, kind, *cells))
        official = found[0].entry.scores[0].official
        title = f"{task}: {official.name} with other folds"
        yield Table(title, ("system", "kind", *schemes), rows)


def _plot_entry(entry: Entry) -> PlottedRun:
    near, far = entry.on_these_texts, entry.on_texts_like_these
    return PlottedRun(entry.name, entry.kind, near, far)


def _plot_annotator(score: Score) -> PlottedRun:
    near = score.on_these_texts(score.official)
    far = score.on_texts_like_these(score.official)
    return PlottedRun(score.name, "annotator", near, far)


def view_board(board: Board) -> BoardView:
    """Return the contents of a board for the HTML page."""
    runs = [_plot_entry(entry) for entry in board.entries]
    runs += [_plot_annotator(score) for score in board.ceiling]
    floor = board.floor
    return BoardView(
        task=board.task,
        measure=board.score.official.name,
        table=board_table(board),
        notes=list_board_notes(board),
        signature=board.score.signature,
        runs=runs,
        floor=floor.value if floor else None,
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
    """The generated files by path, with the boards, submissions and problems behind them.

    ``rowless`` are the paths of valid predictions that have no row, because a check leaves them
    out.
    """

    files: dict[str, bytes]
    boards: list[Board]
    submissions: list[Submission]
    problems: list[Problem]
    rowless: list[str]


class Judged(NamedTuple):
    """The valid submissions, and the problems of all; none is read if the kinds are invalid."""

    submissions: list[Submission]
    problems: list[Problem]
    has_kinds: bool


def judge_submissions(root: Path, frozen: Frozen) -> Judged:
    """Return the submissions in a corpus folder with the kinds that are listed, and all problems.

    Computing their boards takes several times as long.
    """
    shipped = {name: baseline.kind for name, baseline in BASELINES.items()}
    kinds, problems = read_kinds(root, Listing(list_systems(root), shipped))
    if problems:
        return Judged([], problems, has_kinds=False)
    submissions, problems = read_submissions(root, frozen, kinds)
    return Judged(submissions, problems, has_kinds=True)


def build_files(root: Path, only_published: bool = False) -> BoardFiles:
    """Return the results of all submissions and the leaderboard, computed from the predictions.

    With ``only_published``, predictions that no ``result.json`` names are validated and left out:
    whoever submits them need not write their row.

    Raises:
        RefusedError: the corpus has no frozen items, or they are damaged.

    """
    frozen = read_frozen(root)
    submissions, problems, has_kinds = judge_submissions(root, frozen)
    if not has_kinds:
        # Without artefacts there is no floor, so no board is better than a wrong one.
        return BoardFiles({}, [], [], problems, [])

    rowless: list[str] = []
    if only_published:
        submissions, rowless = _select_published(root, submissions)

    release = frozen.release
    boards, others = build_boards(frozen, submissions), list_other_folds(submissions)
    earlier = list_earlier(submissions)
    views = [view_board(board) for board in boards]
    further = list(iter_further(boards))

    files = {result_path(each): format_result(each) for each in submissions}
    files[f"{BOARD}.md"] = format_boards(release, boards, others, earlier, further).encode()
    files[f"{BOARD}.json"] = encode_json(boards_to_json(release, boards, others, earlier))
    tables = list(iter_other_tables(others))
    if earlier:
        tables.append(earlier_table(earlier))
    page = PageView(
        describe_release(release),
        format_number(NEAR_GOLD, 2),
        list_claims(boards),
        power_table(boards),
        views,
        tables,
        further,
    )
    files[f"{BOARD}.html"] = format_html(page).encode()
    return BoardFiles(files, boards, submissions, problems, rowless)


def _select_published(
    root: Path, submissions: Sequence[Submission]
) -> tuple[list[Submission], list[str]]:
    """Return the submissions with the runs that their results name, and the paths of the others."""
    published: list[Submission] = []
    rowless: list[str] = []
    for submission in submissions:
        named = read_published(root, submission)
        runs = tuple([run for run in submission.runs if run.path in named])
        earlier = tuple([run for run in submission.earlier if run.path in named])
        if named:
            published.append(submission._replace(runs=runs, earlier=earlier))
        rowless += [path for path in submission.paths if path not in named]
    return published, rowless


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
