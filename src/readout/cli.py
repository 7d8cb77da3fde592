"""The command ``readout``. Each command is a few lines that call the modules below it.

Exit codes: 0 clean, 1 problems, 2 wrong usage or a folder that is no corpus.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from readout import __version__
from readout.problem import (
    Problem,
    format_github,
    format_json,
    format_sarif,
    format_text,
    is_failure,
)

COLOURS: dict[str, dict[str, Any]] = {
    "place": {"bold": True},
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "caret": {"fg": "red"},
    "hint": {"fg": "cyan"},
}


class _Commands(click.Group):
    """Commands in the order they are written, and an unreadable corpus as a message with exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        from readout.read import UnreadableCorpusError

        try:
            return super().invoke(ctx)
        except (UnreadableCorpusError, OSError) as error:
            raise click.UsageError(str(error)) from error
        except ModuleNotFoundError as error:
            hint = "pip install 'readout-corpus[agreement,benchmark]'"
            raise click.UsageError(f"The module {error.name!r} is not installed. Run {hint}.") from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="readout")
def main() -> None:
    """Check, format, build and load an annotated corpus."""


corpus_argument = click.argument(
    "corpus", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path()
)


def _style(text: str, role: str) -> str:
    return click.style(text, **COLOURS.get(role, {}))


def _print_problems(problems: Iterable[Problem], output: str = "text") -> None:
    from readout.checks import CHECKS

    problems = sorted(problems, key=lambda problem: problem.order)
    if output == "json":
        click.echo(format_json(problems))
    elif output == "sarif":
        click.echo(format_sarif(problems, CHECKS.values(), __version__))
    else:
        for problem in problems:
            click.echo(format_github(problem) if output == "github" else format_text(problem, _style))


def _summarise(problems: Iterable[Problem], done: str) -> None:
    severities = [problem.severity for problem in problems]
    if not severities:
        click.secho(done, fg="green", err=True)
        return
    parts = [
        f"{severities.count(name)} {name}{'' if severities.count(name) == 1 else 's'}"
        for name in ("error", "warning")
        if name in severities
    ]
    click.secho(", ".join(parts) + ".", fg="red" if "error" in severities else "yellow", err=True)


@main.command()
@corpus_argument
@click.option("--format", "output", type=click.Choice(["text", "json", "github", "sarif"]), default="text")
@click.option("--strict", is_flag=True, help="Let warnings count as problems.")
def check(corpus: Path, output: str, strict: bool) -> None:
    """Tell what is wrong with a corpus, where, and how to mend it.

    CORPUS is the corpus folder or a folder inside it; by default the current one.
    """
    from readout.checks import check_corpus
    from readout.read import find_root, read_corpus

    whole, found = read_corpus(find_root(corpus))
    problems = [*found, *check_corpus(whole)]
    _print_problems(problems, output)
    count = sum(len(document.gold.records) for document in whole.documents)
    _summarise(problems, f"{len(whole.documents)} documents, {count} gold annotations: no problems.")
    sys.exit(1 if is_failure(problems) or (strict and problems) else 0)


@main.command("format")
@corpus_argument
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if a file is not canonical.")
def format_(corpus: Path, only_check: bool) -> None:
    """Put annotation files and registries in canonical form, with the ids and offsets that were left out.

    Only what needs no judgement is mended, and each change is named. A file with problems stays as it is.
    """
    from readout.canonical import format_corpus, write_files
    from readout.read import find_root

    root = find_root(corpus)
    results = format_corpus(root)
    changed = {path: done for path, done in results.items() if done.changes}
    problems = [problem for done in results.values() for problem in done.problems]
    for path, done in changed.items():
        click.echo(f"{path}: {'; '.join(done.changes)}")
    _print_problems(problems)
    if not only_check:
        write_files(root, {path: done.raw for path, done in changed.items()})
    _summarise(problems, f"{len(changed)} files {'to change' if only_check else 'changed'}.")
    sys.exit(1 if problems or (only_check and changed) else 0)


@main.command()
@corpus_argument
@click.option("--output", type=click.Path(path_type=Path), help="The folder to build; by default build/hub.")
def build(corpus: Path, output: Path | None) -> None:
    """Build the Hugging Face dataset repository of a corpus.

    The folder is replaced in one step at the end; on any error it stays as it was.
    """
    from readout.build import HUB, build_hub, describe_build
    from readout.read import find_root

    root = find_root(corpus)
    target = output or root / HUB
    built = build_hub(root, target)
    _print_problems(built.problems)
    if not built.infos:
        _summarise(built.problems, "")
        sys.exit(1)
    click.echo(describe_build(built, target))


@main.command()
@corpus_argument
@click.option("--table", "names", multiple=True, help="Print only this table; may be repeated.")
def stats(corpus: Path, names: tuple[str, ...]) -> None:
    """Count what a corpus holds."""
    from readout.read import find_root, read_corpus
    from readout.stats import TABLES, print_table

    if unknown := set(names) - set(TABLES):
        raise click.UsageError(f"There is no table {sorted(unknown)[0]!r}. Use one of {', '.join(TABLES)}.")
    whole, _ = read_corpus(find_root(corpus))
    for name in names or TABLES:
        print_table(TABLES[name](whole))


@main.command()
@corpus_argument
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if the card is stale.")
def card(corpus: Path, only_check: bool) -> None:
    """Bring the generated sections of DATACARD.md up to date."""
    from readout.build import DATACARD
    from readout.canonical import write_files
    from readout.datacard import refresh_card
    from readout.read import find_root

    root = find_root(corpus)
    old, new = refresh_card(root)
    if not only_check:
        write_files(root, {DATACARD: new.encode()})
    click.echo(f"{DATACARD} is {'up to date' if old == new else 'stale' if only_check else 'brought up to date'}.")
    sys.exit(1 if only_check and old != new else 0)


@main.command()
@corpus_argument
@click.option("--annotator", "names", multiple=True, help="Compare only these annotators; may be repeated.")
@click.option("--gamma", is_flag=True, help="Compute γ too, which takes a minute.")
@click.option("--format", "output", type=click.Choice(["text", "json", "markdown"]), default="text")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page with a picture of the confusions.")
def agree(corpus: Path, names: tuple[str, ...], gamma: bool, output: str, html: Path | None) -> None:
    """Measure how far the annotators agree."""
    from readout.agreement import compare_all, print_pairs, write_html
    from readout.read import find_root, read_corpus

    whole, _ = read_corpus(find_root(corpus))
    pairs = compare_all(whole.documents, names, gamma)
    if not pairs:
        raise click.UsageError("There are no two layers of one document to compare.")
    if html:
        write_html(html, pairs)
    print_pairs(pairs, output)


corpus_option = click.option(
    "--corpus", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path(), help="The corpus folder."
)
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
        _print_problems(problems)
        _summarise(problems, "")
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
    _print_problems(problems)
    _summarise(problems, "Every number follows from the predictions.")
    sys.exit(1 if problems else 0)
