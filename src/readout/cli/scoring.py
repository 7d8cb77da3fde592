"""Commands of the benchmark."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from readout.cli.frame import corpus_argument, corpus_option, main, print_problems, summarise

task_option = click.option("--task", help="The task, where the file's name does not tell it.")
scheme_option = click.option(
    "--folds", type=click.Choice(["event", "target", "holder", "zero-shot"]), help="The folds that were held out."
)
report_option = click.option(
    "--format", "output", type=click.Choice(["text", "json", "markdown", "latex"]), default="text"
)


def _score_files(corpus: Path, paths: tuple[Path, ...], task: str | None, folds: str | None) -> list[Any]:
    """Return the score and folds of each file of predictions, or print every problem and exit with 1."""
    from readout.benchmark.files import score_files
    from readout.benchmark.tasks import UnknownTaskError
    from readout.read import find_root, read_corpus

    whole, _ = read_corpus(find_root(corpus))
    try:
        found, problems = score_files(whole, paths, task, folds)
    except UnknownTaskError as error:
        raise click.UsageError(str(error)) from error
    if problems:
        print_problems(problems)
        summarise(problems, "")
        sys.exit(1)
    return found


@main.command()
@click.argument("predictions", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@corpus_option
@task_option
@scheme_option
@report_option
def score(predictions: Path, corpus: Path, task: str | None, folds: str | None, output: str) -> None:
    """Score a system's predictions, with what the number allows one to say.

    PREDICTIONS is a file of lines {"id": …, "prediction": …}, named <task>.<folds>.jsonl.
    """
    from readout.benchmark.render import print_report
    from readout.benchmark.report import report_score

    ((found, made),) = _score_files(corpus, (predictions,), task, folds)
    print_report(report_score(found, made), output)


@main.command()
@click.argument("predictions", type=click.Path(path_type=Path, dir_okay=False, exists=True), nargs=-1, required=True)
@corpus_option
@task_option
@scheme_option
@report_option
def compare(predictions: tuple[Path, ...], corpus: Path, task: str | None, folds: str | None, output: str) -> None:
    """Compare two or more systems: differences, tests, and the smallest difference that could be found.

    PREDICTIONS are files as for `readout score`, all of one task and of one kind of folds.
    """
    from readout.benchmark.render import print_report
    from readout.benchmark.report import report_comparisons
    from readout.benchmark.scores import IncomparableError, compare_all

    if len(predictions) < 2:
        raise click.UsageError("There is nothing to compare: give two or more files.")
    scores = [found for found, _ in _score_files(corpus, predictions, task, folds)]
    try:
        print_report(report_comparisons(scores, compare_all(scores)), output)
    except IncomparableError as error:
        raise click.UsageError(str(error)) from error


@main.command()
@corpus_argument
@click.option("--task", default="polarity", show_default=True, help="The task to plan for.")
@click.option(
    "--discordance",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.2,
    show_default=True,
    help="The share of items on which exactly one of two systems is right.",
)
@click.option("--coverage", is_flag=True, help="Simulate how far the intervals can be trusted.")
@report_option
def power(corpus: Path, task: str, discordance: float, coverage: bool, output: str) -> None:
    """Tell what differences a corpus of this shape can detect, and how many events it would take."""
    from readout.benchmark.power import report_power
    from readout.benchmark.render import print_report
    from readout.benchmark.tasks import UnknownTaskError
    from readout.read import find_root, read_corpus

    try:
        print_report(report_power(read_corpus(find_root(corpus))[0], task, discordance, coverage), output)
    except UnknownTaskError as error:
        raise click.UsageError(str(error)) from error


@main.command()
@corpus_argument
@click.option("--write", is_flag=True, help="Write the files of ids in submissions/folds.")
@click.option("--leakage", is_flag=True, help="Print what training shows of each fold.")
@click.option("--task", help="Print the leakage of this task only.")
def folds(corpus: Path, write: bool, leakage: bool, task: str | None) -> None:
    """Compare the frozen folds with the corpus, and write them anew where asked to."""
    from readout.benchmark.folds import find_stale_folds, print_leakage, write_folds
    from readout.read import find_root, read_corpus

    root = find_root(corpus)
    whole, _ = read_corpus(root)
    if leakage:
        print_leakage(whole, task)
    changed = write_folds(root, whole) if write else find_stale_folds(root, whole)
    for path in changed:
        click.echo(f"{path}: {'written' if write else 'not that of the corpus; run `readout folds --write`.'}")
    click.secho("The folds are those of the corpus." if write or not changed else "The folds are stale.", err=True)
    sys.exit(1 if changed and not write else 0)


@main.command()
@click.argument("names", nargs=-1)
@corpus_option
@click.option("--all", "everything", is_flag=True, help="Run every artefact and baseline.")
@click.option("--jobs", type=click.IntRange(min=1), help="How many run at once; by default one a core.")
def baseline(names: tuple[str, ...], corpus: Path, everything: bool, jobs: int | None) -> None:
    """Run artefacts and baselines, and write them to submissions/ as everybody else's systems.

    NAMES are those of the systems to run; without any they are listed. `readout leaderboard` scores what is written.
    """
    from readout.benchmark.baselines import BASELINES, UnknownBaselineError, choose
    from readout.benchmark.runs import write_baselines
    from readout.read import find_root, read_corpus

    if not names and not everything:
        click.echo("\n".join(f"{each.name:20}{each.kind:10}{each.description}" for each in BASELINES.values()))
        return
    try:
        chosen = choose(() if everything else names)
    except UnknownBaselineError as error:
        raise click.UsageError(str(error)) from error
    root = find_root(corpus)
    paths = write_baselines(root, read_corpus(root)[0], chosen, jobs or os.cpu_count() or 1)
    click.secho(f"{len(paths)} files written. Run `readout leaderboard` next.", fg="green", err=True)


@main.command()
@corpus_argument
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if a number does not follow.")
@click.option(
    "--export", type=click.Path(path_type=Path, file_okay=False), help="Write the formats of other boards too."
)
def leaderboard(corpus: Path, only_check: bool, export: Path | None) -> None:
    """Score every submission, and write results and boards (Markdown, JSON, HTML).

    With --check every number is computed anew from the predictions and compared byte for byte.
    """
    from readout.benchmark.exports import write_exports
    from readout.benchmark.leaderboard import check_files, make_files, write_boards
    from readout.read import find_root, read_corpus

    root = find_root(corpus)
    made = make_files(root, read_corpus(root)[0])
    problems = check_files(root, made) if only_check else made.problems
    changed = [] if only_check or problems else write_boards(root, made)
    if export and not problems:
        changed += write_exports(export, made.submissions)
    for path in changed:
        click.echo(f"{path}: written")
    print_problems(problems)
    summarise(problems, "Every number follows from the predictions.")
    sys.exit(1 if problems else 0)
