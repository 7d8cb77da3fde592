"""Build the boards: one row per system, whatever its seeds, and its lift over the artefacts.

Systems are not compared with each other: every further pair would cost each comparison power, so a
submission could change what a board says of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from functools import cached_property
from statistics import fmean
from typing import NamedTuple

from readout.benchmark.board.cards import Badge, SystemKind
from readout.benchmark.board.submissions import EarlierRun, Run, Submission
from readout.benchmark.folds import OFFICIAL, SCHEMES, Scheme
from readout.benchmark.scoring.intervals import LEVEL
from readout.benchmark.scoring.measures import COVERAGE, Measure
from readout.benchmark.scoring.scores import (
    AdjustedComparison,
    Comparison,
    Score,
    adjust_comparisons,
    compare_scores,
    find_closest,
)
from readout.benchmark.scoring.statistics import find_weakest
from readout.benchmark.tasks import TASKS
from readout.corpus.items import Frozen
from readout.report.intervals import Estimate

CONTAMINATED: Badge = "gold"
"""The exposure with which a system is listed without a rank."""
NEAR_GOLD = 0.98
"""Above this score, answers count as nearer to gold than an annotator's even if the annotators make
no mistake on these items, since they would make some on others."""


class Entry:
    """The scores of one system on one task and scheme of folds, one per seed.

    ``seen`` is what the system or its makers have seen of the corpus.
    """

    def __init__(self, name: str, kind: SystemKind, seen: Badge, scores: Sequence[Score]) -> None:
        self.name = name
        self.kind = kind
        self.seen = seen
        self.scores = tuple(scores)

    @cached_property
    def value(self) -> float:
        """The mean of the official measure over seeds."""
        return self.mean(self.scores[0].official)

    @property
    def values(self) -> list[float]:
        """The official measure of each seed, in ascending order."""
        return sorted(score.value() for score in self.scores)

    @property
    def coverage(self) -> float:
        """The mean share of items with an answer that is not null."""
        return self.mean(COVERAGE)

    def mean(self, measure: Measure) -> float:
        """Return the mean of a measure over seeds."""
        return fmean([score.value(measure) for score in self.scores])

    @cached_property
    def on_these_texts(self) -> Estimate:
        """The official measure with an interval that contains those of all seeds."""
        return span_estimates([each.on_these_texts(each.official) for each in self.scores])

    @cached_property
    def on_texts_like_these(self) -> Estimate:
        """The official measure with an interval that contains those of all seeds."""
        return span_estimates([each.on_texts_like_these(each.official) for each in self.scores])

    @property
    def is_gold(self) -> bool:
        """Whether the answers of some seed equal gold."""
        return any(score.is_gold for score in self.scores)


def span_estimates(found: Sequence[Estimate]) -> Estimate:
    """Return the mean of estimates with the smallest interval that contains all of theirs.

    A mean over seeds varies less than a single seed, so the interval is too wide rather than too
    narrow. It is unknown if one of them is.
    """
    values = [each.value for each in found if each.value is not None]
    lows = [each.low for each in found if each.low is not None]
    highs = [each.high for each in found if each.high is not None]
    if len(values) < len(found):
        return Estimate(None)
    if len(lows) < len(found) or len(highs) < len(found):
        return Estimate(fmean(values))
    return Estimate(fmean(values), min(lows), max(highs))


class BoardLine(NamedTuple):
    """One row of a board.

    ``lift`` compares a system with the artefacts; it is None for artefacts, without artefacts, and
    for tasks that are not ranked.
    """

    entry: Entry
    lift: AdjustedComparison | None

    @property
    def is_above_floor(self) -> tuple[bool, bool]:
        """Whether the tests show it above every artefact, on these texts and on texts like these.

        Every seed has to be.
        """
        if self.lift is None or (self.lift.comparison.these_texts.difference.value or 0) <= 0:
            return False, False
        return self.lift.permutation < LEVEL, self.lift.swap < LEVEL


class Board(NamedTuple):
    """The systems of one task and scheme in descending order of score.

    ``contaminated`` are systems that have seen gold; they have no lift and are no floor.
    ``ceiling`` contains the scores of annotators. ``perfect`` is the row of answers equal to gold,
    which have the largest possible lift; its lift is None if the systems have none.
    """

    task: str
    scheme: Scheme
    lines: tuple[BoardLine, ...]
    contaminated: tuple[Entry, ...]
    ceiling: tuple[Score, ...]
    perfect: BoardLine

    @property
    def entries(self) -> list[Entry]:
        """All systems, the contaminated ones last."""
        return [line.entry for line in self.lines] + list(self.contaminated)

    @property
    def score(self) -> Score:
        """Any score of the board, for what all of them share: items, measures, the signature."""
        return self.entries[0].scores[0]

    @property
    def floor(self) -> Entry | None:
        """The best artefact; None for tasks that are not ranked."""
        if not self.is_ranked:
            return None
        entries = [line.entry for line in self.lines]
        return next((entry for entry in entries if entry.kind == "artefact"), None)

    @property
    def artefacts(self) -> list[str]:
        """The names of the artefacts, of which the best is the floor, in alphabetical order."""
        return sorted([line.entry.name for line in self.lines if line.entry.kind == "artefact"])

    @property
    def near_gold(self) -> float:
        """The score above which answers are nearer to gold than those of any annotator."""
        best = max([score.value() for score in self.ceiling], default=NEAR_GOLD)
        return min(best, NEAR_GOLD)

    def is_near_gold(self, entry: Entry) -> bool:
        """Return whether some seed of a system is nearer to gold than any annotator.

        Gold was decided from the annotators' answers, so a system that learned the task from
        anything else is not expected to agree with gold more than they do.
        """
        return entry.is_gold or entry.values[-1] > self.near_gold

    @property
    def is_ranked(self) -> bool:
        """Whether systems are compared with the floor; a probe is only reported."""
        return TASKS[self.task].is_ranked

    @property
    def comparisons(self) -> int:
        """The number of systems that p values are adjusted for."""
        return sum(line.lift is not None for line in self.lines)


# ---------------------------------------------------------------- building


def build_boards(frozen: Frozen, submissions: Sequence[Submission]) -> list[Board]:
    """Return the board of each task with the official folds."""
    boards = []
    for task, items in frozen.items.items():
        entries = list_entries(submissions, task, OFFICIAL)
        if entries:
            answers = frozen.answers.get(task, {})
            data = frozen.release.tasks[task].hash
            ceiling = []
            for name, own in sorted(answers.items()):
                ceiling.append(Score(name, items, own, OFFICIAL, data))
            gold = {item.id: item.gold for item in items}
            perfect = Score("gold", items, gold, OFFICIAL, data)
            boards.append(_build_board(task, entries, tuple(ceiling), perfect))
    return boards


def list_entries(submissions: Iterable[Submission], task: str, scheme: Scheme) -> list[Entry]:
    """Return the systems with scores on a task and folds, in descending order of score.

    With the official folds, a system that has only zero-shot answers is scored by these: it could
    have used the training items of each fold, and did without.
    """
    entries = []
    for submission in submissions:
        scores = [run.score for run in submission.runs if _is_of(run, task, scheme)]
        if scheme == OFFICIAL and not scores:
            zero_shot = [run.score for run in submission.runs if _is_of(run, task, "zero-shot")]
            scores = [_relabel(score, scheme) for score in zero_shot]
        if scores:
            card = submission.card
            seen = card.exposure.badge
            entries.append(Entry(card.system_id, submission.kind, seen, scores))
    return sorted(entries, key=_order_entries)


def _is_of(run: Run, task: str, scheme: Scheme) -> bool:
    return (run.folds.task, run.folds.scheme) == (task, scheme)


def _relabel(score: Score, scheme: Scheme) -> Score:
    relabelled = copy(score)
    relabelled.folds = scheme
    return relabelled


def _order_entries(entry: Entry) -> tuple[float, str]:
    return -entry.value, entry.name


def _build_board(
    task: str, entries: Sequence[Entry], ceiling: tuple[Score, ...], perfect: Score
) -> Board:
    clean = [entry for entry in entries if entry.seen != CONTAMINATED]
    contaminated = tuple([entry for entry in entries if entry.seen == CONTAMINATED])
    gold = Entry(perfect.name, "system", CONTAMINATED, [perfect])

    lifts: dict[str, AdjustedComparison] = {}
    room: AdjustedComparison | None = None
    if TASKS[task].is_ranked:
        found = compare_entries(clean)
        lifts = {each.comparison.first: each for each in adjust_comparisons(found)}
        # Gold is judged as one more system would be, without a cost for the others.
        artefacts = _list_artefacts(clean)
        if artefacts:
            room = adjust_comparisons([_compare_with_floor(perfect, artefacts), *found])[0]
    lines = [BoardLine(entry, lifts.get(entry.name)) for entry in clean]
    return Board(task, OFFICIAL, tuple(lines), contaminated, ceiling, BoardLine(gold, room))


def _list_artefacts(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.kind == "artefact"]


def compare_entries(entries: Sequence[Entry]) -> list[Comparison]:
    """Return the comparison of each system with the best artefact; nothing without artefacts.

    A system with several seeds has the mean difference and the largest p values, so it is above
    the floor only if each seed is.
    """
    artefacts = _list_artefacts(entries)
    if not artefacts:
        return []

    found = []
    for entry in entries:
        if entry.kind != "artefact":
            seeds = [_compare_with_floor(score, artefacts) for score in entry.scores]
            found.append(_merge_seeds(entry.name, seeds))
    return found


def _compare_with_floor(score: Score, artefacts: Sequence[Entry]) -> Comparison:
    """Compare a system with the best artefact, whichever that is; see :func:`find_closest`.

    The difference from an artefact with several seeds is the mean over them, as its score is. Its p
    values are the largest, so that a system above the floor beats each seed.
    """
    found = []
    for artefact in artefacts:
        seeds = [compare_scores(score, each) for each in artefact.scores]
        found.append(_merge_seeds(score.name, seeds)._replace(second=artefact.name))
    return find_closest(found)


def _merge_seeds(name: str, seeds: Sequence[Comparison]) -> Comparison:
    """Return the comparisons of all seeds of a system as one, or those with all seeds of another.

    The second name is that of the first comparison.
    """
    near = [each.these_texts for each in seeds]
    far = [each.texts_like_these for each in seeds]
    exact = [each.mcnemar for each in near if each.mcnemar is not None]
    detectable = [each.detectable for each in far if each.detectable is not None]

    these_texts = near[0]._replace(
        difference=span_estimates([each.difference for each in near]),
        permutation=find_weakest([each.permutation for each in near]),
        mcnemar=max(exact, default=None),
    )
    texts_like_these = far[0]._replace(
        difference=span_estimates([each.difference for each in far]),
        swap=find_weakest([each.swap for each in far]),
        detectable=max(detectable, default=None),
    )
    return seeds[0]._replace(first=name, these_texts=these_texts, texts_like_these=texts_like_these)


# ---------------------------------------------------------------- without ranks


class OtherFolds(NamedTuple):
    """A system's scores with folds that are not official; the board shows them without ranks."""

    task: str
    scheme: Scheme
    entry: Entry


def list_other_folds(submissions: Sequence[Submission]) -> list[OtherFolds]:
    """Return the scores with folds that are not official, by task, scheme and descending score."""
    schemes = [scheme for scheme in SCHEMES if scheme != OFFICIAL]
    found = []
    for task in sorted(TASKS):
        for scheme in schemes:
            entries = list_entries(submissions, task, scheme)
            found += [OtherFolds(task, scheme, entry) for entry in entries]
    return found


def list_earlier(submissions: Sequence[Submission]) -> list[EarlierRun]:
    """Return the predictions for the items of earlier releases, by their path."""
    found = [run for submission in submissions for run in submission.earlier]
    return sorted(found, key=lambda run: run.path)
