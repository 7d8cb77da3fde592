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
from readout.problem import format_count
from readout.report.printing import print_line


@main.group(cls=OrderedGroup)
def bench() -> None:
    """Score, compare and rank systems on the tasks of the benchmark."""


@bench.command()
@takes_corpus(argument=True)
@click.option("--task", type=TASK, help="Print the items of this task.")
@click.option("--leakage", is_flag=True, help="Print the overlap of training and test items.")
@click.option(
    "--freeze", is_flag=True, help="First freeze the items that the annotations now give."
)
@report_option
@all_problems_option
def items(root: Path, task: str | None, leakage: bool, freeze: bool, output: str) -> None:
    """List the frozen items, which systems are scored on.

    Without --task, this lists the tasks, with the hash of their items that predictions name. With
    --task and --format json, it prints the items with all inputs, their gold answers and the
    columns that folds are made from. A release freezes new items; --freeze does it without one.
    """
    from readout.benchmark.board.freeze import freeze_corpus, report_items, report_tasks
    from readout.benchmark.leakage import report_overlap
    from readout.benchmark.tasks import find_items
    from readout.corpus.files import write_generated
    from readout.corpus.items import change_frozen, read_frozen
    from readout.report.tables import print_report

    if freeze:
        corpus = _read_valid(root)
        write_generated(root, change_frozen(root, freeze_corpus(root, corpus)))
    frozen = read_frozen(root)
    asked = {task: find_items(frozen.items, task)} if task else frozen.items
    if leakage:
        print_report(report_overlap(asked), output)
    elif task:
        print_report(report_items(frozen.release, asked[task]), output)
    else:
        print_report(report_tasks(frozen.release, asked), output)


def _read_valid(root: Path) -> Any:
    """Return a corpus without errors; if there are any, print them and exit."""
    from readout.checks.folder import check_folder
    from readout.corpus.read import read_corpus

    problems = [each for each in check_folder(root).problems if each.severity == "error"]
    if problems:
        print_problems(problems)
        summarise(problems, "")
        sys.exit(1)
    return read_corpus(root)[0]


@bench.command()
@takes_corpus()
@click.argument("predictions", type=FILE)
@report_option
@all_problems_option
def score(root: Path, predictions: Path, output: str) -> None:
    """Score the predictions of a system on the frozen items.

    The first line of PREDICTIONS is {"task": …, "folds": …, "items": …} with the hash of the items;
    the others are {"id": …, "prediction": …}. The report gives each score with its intervals, and
    says which conclusions they do not support.
    """
    from readout.benchmark.scoring.report import report_score
    from readout.report.tables import print_report

    ((found, built),) = _score_files(root, (predictions,))
    print_report(report_score(found, built), output)


def _score_files(root: Path, paths: tuple[Path, ...]) -> list[Any]:
    """Return the score and folds of each file; if there are problems, print them and exit."""
    from readout.benchmark.predictions import score_files
    from readout.corpus.items import read_frozen

    found, problems = score_files(read_frozen(root), paths)
    if problems:
        print_problems(problems)
        summarise(problems, "")
        sys.exit(1)
    return found


@bench.command()
@takes_corpus()
@click.argument("predictions", type=FILE, nargs=-1, required=True)
@report_option
@all_problems_option
def compare(root: Path, predictions: tuple[Path, ...], output: str) -> None:
    """Compare two or more systems with significance tests.

    PREDICTIONS are files as for `readout bench score`, all of one task and with the same folds. The
    report gives the smallest difference that the corpus can detect.
    """
    from readout.benchmark.scoring.report import report_comparisons
    from readout.benchmark.scoring.scores import compare_all
    from readout.report.tables import print_report

    if len(predictions) < 2:
        raise click.UsageError("Got one file. Give two or more files to compare.")
    scores = [found for found, _ in _score_files(root, predictions)]
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
    """Estimate which differences the frozen items can detect.

    The report also says which differences a larger number of events can detect.
    """
    from readout.benchmark.scoring.power import report_power
    from readout.benchmark.tasks import find_items
    from readout.corpus.items import read_frozen
    from readout.report.tables import print_report

    items = find_items(read_frozen(root).items, task)
    print_report(report_power(items, discordance, coverage), output)


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

    They answer the frozen items. Without a NAME, this lists the baselines. Run `readout bench
    board` afterwards to score them.
    """
    from readout.benchmark.systems.baselines import BASELINES, report_baselines
    from readout.benchmark.systems.runs import write_baselines
    from readout.corpus.read import find_root
    from readout.report.tables import print_report

    chosen = list(BASELINES) if everything else list(names)
    if not chosen:
        print_report(report_baselines(), output)
        return
    root = find_root(corpus)
    workers = jobs or os.cpu_count() or 1
    paths = write_baselines(root, chosen, workers)
    done = f"{format_count(len(paths), 'file')} written. Run `readout bench board` next."
    print_line(done, error=True, fg="green")


@bench.command("import")
@takes_corpus()
@click.argument("logs", type=FILE, nargs=-1, required=True)
@click.option("--system", required=True, metavar="ID", help="The name of the submission's folder.")
@click.option(
    "--seed",
    type=click.IntRange(0),
    metavar="N",
    help="The seed of the run, if there are runs with several.",
)
@all_problems_option
def import_logs(root: Path, logs: tuple[Path, ...], system: str, seed: int | None) -> None:
    """Make a submission from the logs of evaluation harnesses.

    LOGS are of Inspect (.eval, .json), which must be installed to read them, or samples_….jsonl of
    the LM Evaluation Harness. Each is a run on all frozen items of a task. A reply that cannot be
    read becomes null, with a warning. If there is no system.yaml yet, a draft is written, which
    somebody must complete.
    """
    from readout.benchmark.harness.drafts import change_submission
    from readout.benchmark.harness.logs import import_logs
    from readout.corpus.files import write_generated
    from readout.corpus.items import read_frozen
    from readout.problem import is_failure

    imported, problems = import_logs(logs, read_frozen(root))
    print_problems(problems)
    if is_failure(problems):
        summarise(problems, "")
        sys.exit(1)

    changes = change_submission(root, system, imported, seed)
    write_generated(root, changes)
    for path in changes:
        print_line(f"{path}: written")
    summarise(
        problems, "Every reply is read. Complete system.yaml, then run `readout bench board`."
    )


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

    The results and the leaderboard (Markdown, JSON, HTML) depend only on the frozen items and the
    predictions. With --check, every row is computed again and compared with the files byte for
    byte; predictions that have no row yet are validated. A submission with problems is left out.
    """
    from readout.benchmark.board.exports import write_exports
    from readout.benchmark.board.leaderboard import build_files, check_files, write_boards

    built = build_files(root, only_published=only_check)
    problems = check_files(root, built) if only_check else built.problems
    written: list[str] = []
    if export:
        written += write_exports(export, built.submissions)
    if not only_check:
        written += write_boards(root, built)

    for path in written:
        print_line(f"{path}: written")
    for path in built.rowless:
        print_line(f"{path}: valid; it has no row yet, and `readout bench board` adds one")
    print_problems(problems)
    summarise(problems, "The leaderboard agrees with the predictions.")
    if problems:
        sys.exit(1)
