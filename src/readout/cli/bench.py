"""The commands of the benchmark, ``readout bench …``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from readout.cli.frame import OrderedGroup, main, print_problems, summarise
from readout.cli.names import BASELINE, TASK
from readout.cli.options import (
    FILE,
    all_problems_option,
    jobs_option,
    report_option,
    takes_corpus,
    takes_folder,
)
from readout.report.printing import print_line

task_option = click.option("--task", type=TASK, help="The task, if the file is not named for it.")
scheme_option = click.option(
    "--folds",
    type=click.Choice(["event", "target", "holder", "zero-shot"]),
    help="The folds of the predictions, if the file is not named for them.",
)


@main.group(cls=OrderedGroup)
def bench() -> None:
    """Score, compare and rank systems on the tasks of the benchmark."""


@bench.command()
@takes_corpus()
@click.argument("predictions", type=FILE)
@task_option
@scheme_option
@report_option
@all_problems_option
def score(root: Path, predictions: Path, task: str | None, folds: str | None, output: str) -> None:
    """Score the predictions of a system.

    PREDICTIONS is a file of lines {"id": …, "prediction": …}, named TASK.FOLDS.jsonl. The report
    gives each score with its intervals, and says which conclusions they do not support.
    """
    from readout.benchmark.scoring.report import report_score
    from readout.report.tables import print_report

    ((found, built),) = _score_files(root, (predictions,), task, folds)
    print_report(report_score(found, built), output)


def _score_files(
    root: Path, paths: tuple[Path, ...], task: str | None, folds: str | None
) -> list[Any]:
    """Return the score and folds of each file; if there are problems, print them and exit."""
    from readout.benchmark.predictions import score_files
    from readout.corpus.read import read_corpus

    corpus, _ = read_corpus(root)
    found, problems = score_files(corpus, paths, task, folds)
    if problems:
        print_problems(problems)
        summarise(problems, "")
        sys.exit(1)
    return found


@bench.command()
@takes_corpus()
@click.argument("predictions", type=FILE, nargs=-1, required=True)
@task_option
@scheme_option
@report_option
@all_problems_option
def compare(
    root: Path, predictions: tuple[Path, ...], task: str | None, folds: str | None, output: str
) -> None:
    """Compare two or more systems with significance tests.

    PREDICTIONS are files as for `readout bench score`, all of one task and with the same folds. The
    report gives the smallest difference that the corpus can detect.
    """
    from readout.benchmark.scoring.report import report_comparisons
    from readout.benchmark.scoring.scores import compare_all
    from readout.report.tables import print_report

    if len(predictions) < 2:
        raise click.UsageError("Got one file. Give two or more files to compare.")
    scores = [found for found, _ in _score_files(root, predictions, task, folds)]
    print_report(report_comparisons(scores, compare_all(scores)), output)


@bench.command()
@takes_corpus(argument=True)
@click.option(
    "--task", type=TASK, default="polarity", show_default=True, help="The task to plan for."
)
@click.option(
    "--discordance",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.2,
    metavar="SHARE",
    show_default=True,
    help="The share of items on which exactly one of two systems is right.",
)
@click.option(
    "--coverage", is_flag=True, help="Simulate how often the intervals contain the true value."
)
@report_option
def power(root: Path, task: str, discordance: float, coverage: bool, output: str) -> None:
    """Estimate which differences the corpus can detect.

    The report also says which differences a larger number of events can detect.
    """
    from readout.benchmark.scoring.power import report_power
    from readout.corpus.read import read_corpus
    from readout.report.tables import print_report

    corpus, _ = read_corpus(root)
    print_report(report_power(corpus, task, discordance, coverage), output)


@bench.command()
@takes_folder()
@click.argument("names", nargs=-1, type=BASELINE, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="Run every baseline.")
@jobs_option
@report_option
def baseline(
    corpus: Path | None, names: tuple[str, ...], everything: bool, jobs: int | None, output: str
) -> None:
    """Run baselines, and write their submissions.

    Without a NAME, this lists the baselines. Run `readout bench board` afterwards to score them.
    """
    from readout.benchmark.systems.baselines import BASELINES, report_baselines
    from readout.benchmark.systems.runs import write_baselines
    from readout.corpus.read import find_root, read_corpus
    from readout.report.tables import print_report

    chosen = list(BASELINES) if everything else list(names)
    if not chosen:
        print_report(report_baselines(), output)
        return
    root = find_root(corpus)
    found, _ = read_corpus(root)
    workers = jobs or os.cpu_count() or 1
    paths = write_baselines(root, found, chosen, workers)
    done = f"{len(paths)} files written. Run `readout bench board` next."
    print_line(done, error=True, fg="green")


@bench.command()
@takes_corpus(argument=True)
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if a file would change."
)
@click.option(
    "--export",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write the formats of other leaderboards to this folder.",
)
@all_problems_option
def board(root: Path, only_check: bool, export: Path | None) -> None:
    """Score all submissions, and write the leaderboard.

    The results and the leaderboard (Markdown, JSON, HTML) depend only on the predictions. With
    --check, they are computed again and compared with the files byte for byte. A submission with
    problems is left out.
    """
    from readout.benchmark.board.exports import write_exports
    from readout.benchmark.board.leaderboard import build_files, check_files, write_boards
    from readout.corpus.read import read_corpus

    corpus, _ = read_corpus(root)
    built = build_files(root, corpus)
    problems = check_files(root, built) if only_check else built.problems
    written: list[str] = []
    if export:
        written += write_exports(export, built.submissions)
    if not only_check:
        written += write_boards(root, built)

    for path in written:
        print_line(f"{path}: written")
    print_problems(problems)
    summarise(problems, "The leaderboard agrees with the predictions.")
    if problems:
        sys.exit(1)


@bench.command()
@takes_corpus(argument=True)
@click.option("--write", is_flag=True, help="Write the files in submissions/folds.")
@click.option("--leakage", is_flag=True, help="Print the overlap of training and test items.")
@click.option("--task", type=TASK, help="Print the overlap in this task only.")
@report_option
def folds(root: Path, write: bool, leakage: bool, task: str | None, output: str) -> None:
    """Compare the frozen folds with the corpus.

    Exits with 1 if they differ from the folds that the annotations give.
    """
    from readout.benchmark.folds import find_stale_folds, write_folds
    from readout.benchmark.leakage import report_overlap
    from readout.corpus.read import read_corpus
    from readout.report.tables import print_report

    corpus, _ = read_corpus(root)
    if leakage:
        print_report(report_overlap(corpus, task), output)
    if write:
        for path in write_folds(root, corpus):
            print_line(f"{path}: written", error=True)
    elif stale := find_stale_folds(root, corpus):
        for path in stale:
            print_line(f"{path}: out of date; run `readout bench folds --write`.", error=True)
        print_line("The folds are out of date.", error=True)
        sys.exit(1)
    print_line("The folds are up to date.", error=True)
