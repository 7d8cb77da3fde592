"""The command ``readout``. Each command is a few lines that call the modules below it.

Exit codes: 0 clean, 1 problems, 2 wrong usage or a folder that is no corpus.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from readout.engine import Engine

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


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="readout")
def main() -> None:
    """Check, format, build and load an annotated corpus."""


corpus_argument = click.argument(
    "corpus", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path()
)


_jobs_option = click.option("--jobs", type=click.IntRange(1), help="Worker processes; by default one a core.")
_verify_option = click.option("--verify", is_flag=True, help="Trust no time of a file: hash everything.")


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
@_jobs_option
@_verify_option
def check(corpus: Path, output: str, strict: bool, jobs: int | None, verify: bool) -> None:
    """Tell what is wrong with a corpus, where, and how to mend it.

    CORPUS is the corpus folder or a folder inside it; by default the current one.
    """
    from readout.read import find_root
    from readout.verdict import Options, check_folder

    problems, tally = check_folder(find_root(corpus), Options(jobs=jobs, verify=verify))
    _print_problems(problems, output)
    count = sum(tally.annotations.values())
    _summarise(problems, f"{tally.documents} documents, {count} gold annotations: no problems.")
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
@_jobs_option
@_verify_option
@click.option(
    "--engine", type=click.Choice(["local", "dask"]), default="local", help="Where to work; see docs/scale.md."
)
def build(corpus: Path, output: Path | None, jobs: int | None, verify: bool, engine: Engine) -> None:
    """Build the Hugging Face dataset repository of a corpus.

    The folder is replaced in one step at the end; on any error it stays as it was. Only what changed since the last
    build is compiled again.
    """
    from readout.build import HUB, build_hub, describe_build
    from readout.read import find_root
    from readout.verdict import Options

    root = find_root(corpus)
    target = output or root / HUB
    built = build_hub(root, target, Options(jobs=jobs, engine=engine, verify=verify))
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
    from readout.read import find_root, read_registries
    from readout.stats import TABLES, print_table
    from readout.verdict import check_folder

    if unknown := set(names) - set(TABLES):
        raise click.UsageError(f"There is no table {sorted(unknown)[0]!r}. Use one of {', '.join(TABLES)}.")
    root = find_root(corpus)
    _, tally = check_folder(root)
    registries, _ = read_registries(root)
    for name in names or TABLES:
        print_table(TABLES[name](tally, registries))


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
    from readout.agreement.pairs import compare_all
    from readout.agreement.report import print_pairs, write_html
    from readout.read import find_root, read_corpus

    whole, _ = read_corpus(find_root(corpus))
    pairs = compare_all(whole.documents, names, gamma)
    if not pairs:
        raise click.UsageError("There are no two layers of one document to compare.")
    if html:
        write_html(html, pairs)
    print_pairs(pairs, output)
