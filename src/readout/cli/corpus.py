"""Commands that check, format, count, build and describe a corpus."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from readout.problem import (
    is_failure,
)

if TYPE_CHECKING:
    from readout.scale.workers import Engine
from readout.cli.frame import corpus_argument, jobs_option, main, print_problems, summarise, verify_option


@main.command()
@corpus_argument
@click.option("--format", "output", type=click.Choice(["text", "json", "github", "sarif"]), default="text")
@click.option("--strict", is_flag=True, help="Let warnings count as problems.")
@jobs_option
@verify_option
def check(corpus: Path, output: str, strict: bool, jobs: int | None, verify: bool) -> None:
    """Tell what is wrong with a corpus, where, and how to mend it.

    CORPUS is the corpus folder or a folder inside it; by default the current one.
    """
    from readout.checks.folder import check_folder
    from readout.read import find_root
    from readout.scale.workers import Options

    problems, tally = check_folder(find_root(corpus), Options(jobs=jobs, verify=verify))
    print_problems(problems, output)
    count = sum(tally.annotations.values())
    summarise(problems, f"documents: {tally.documents}, gold annotations: {count}; no problems.")
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
    changed = {path: done for path, done in results.items() if done.changes and not done.problems}
    problems = [problem for done in results.values() for problem in done.problems]
    for path, done in changed.items():
        click.echo(f"{path}: {'; '.join(done.changes)}")
    for path, done in results.items():
        if done.problems:
            codes = ", ".join(sorted({problem.code for problem in done.problems}))
            click.echo(f"{path}: left as it is ({codes})")
    print_problems(problems)
    if not only_check:
        write_files(root, {path: done.raw for path, done in changed.items()})
    summarise(problems, f"files {'to change' if only_check else 'changed'}: {len(changed)}.")
    sys.exit(1 if problems or (only_check and changed) else 0)


@main.command()
@corpus_argument
@click.option("--output", type=click.Path(path_type=Path), help="The folder to build; by default build/hub.")
@jobs_option
@verify_option
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
    from readout.scale.workers import Options

    root = find_root(corpus)
    target = output or root / HUB
    built = build_hub(root, target, Options(jobs=jobs, engine=engine, verify=verify))
    print_problems(built.problems)
    if not built.infos:
        summarise(built.problems, "")
        sys.exit(1)
    click.echo(describe_build(built, target))


@main.command()
@corpus_argument
@click.option("--table", "names", multiple=True, help="Print only this table; may be repeated.")
def stats(corpus: Path, names: tuple[str, ...]) -> None:
    """Count what a corpus holds."""
    from readout.checks.folder import check_folder
    from readout.read import find_root, read_registries
    from readout.stats import TABLES, print_table

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
@click.option("--all", "with_slow", is_flag=True, help="Bring sections up to date too that take minutes (γ).")
def card(corpus: Path, only_check: bool, with_slow: bool) -> None:
    """Bring the generated sections of DATACARD.md up to date."""
    from readout.build import DATACARD
    from readout.canonical import write_files
    from readout.datacard import refresh_card
    from readout.read import find_root

    root = find_root(corpus)
    old, new = refresh_card(root, with_slow)
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
