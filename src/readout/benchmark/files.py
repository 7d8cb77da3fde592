"""Files of predictions to scores: which task, which folds, whose, and whether the files can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from readout.benchmark.folds import OFFICIAL, SCHEMES, Folds, make_folds
from readout.benchmark.predictions import parse_name, read_predictions
from readout.benchmark.scoring.scores import Score
from readout.benchmark.tasks import Item, UnknownTaskError, find_items
from readout.model import Corpus
from readout.problem import Problem


def find_system(path: Path) -> str:
    """Return the name of the system that a file of predictions belongs to."""
    if path.parent.name == "predictions":
        return path.resolve().parent.parent.name
    return path.stem if parse_name(path) is None else path.resolve().parent.name


def name_systems(paths: Sequence[Path]) -> list[str]:
    """Return the names of the systems of several files; where two are alike, the paths."""
    names = [find_system(path) for path in paths]
    return names if len(set(names)) == len(names) else [path.as_posix() for path in paths]


class Scored(NamedTuple):
    """A system's score, and the folds that its predictions were made with."""

    score: Score
    folds: Folds


def score_files(
    corpus: Corpus, paths: Sequence[Path], task: str | None = None, scheme: str | None = None
) -> tuple[list[Scored], list[Problem]]:
    """Return the scores of files of predictions, and the problems of all files.

    Raises:
        UnknownTaskError: a file's name does not tell its task and nobody else did, or the corpus has no such task.

    """
    scores: list[Scored] = []
    problems: list[Problem] = []
    for path, name in zip(paths, name_systems(paths), strict=True):
        named = parse_name(path)
        items = build_items(corpus, task or (named.task.name if named else None), path)
        chosen = next(each for each in SCHEMES if each == (scheme or (named.folds if named else OFFICIAL)))
        if (folds := make_folds(chosen, items)) is None:
            raise UnknownTaskError(f"The task {items[0].task!r} has no folds by {chosen}.")
        predictions, found = read_predictions(path, items)
        problems += found
        if not found:
            scores.append(Scored(Score(name, items, predictions, chosen), folds))
    return scores, problems


def build_items(corpus: Corpus, task: str | None, path: Path) -> list[Item]:
    """Return the items of a task by its name, for a file of predictions.

    Raises:
        UnknownTaskError: there is no such task, or nothing is annotated for it.

    """
    if task is None:
        raise UnknownTaskError(
            f"The name {path.name!r} does not tell the task. Call the file <task>.<folds>.jsonl, or give --task."
        )
    return find_items(corpus, task)
