"""Commands that build a corpus into a dataset, update its card, and start a new corpus."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from readout.cli.frame import main, print_problems, summarise
from readout.cli.options import (
    NEW_FOLDER,
    all_problems_option,
    jobs_option,
    takes_corpus,
    takes_folder,
    verify_option,
)
from readout.report.printing import print_block, print_line, print_lines

if TYPE_CHECKING:
    from readout.scale.workers import Engine


@main.command()
@takes_corpus(argument=True)
@click.option(
    "--output", type=click.Path(path_type=Path), help="The folder to build; by default build/hub."
)
@jobs_option
@verify_option
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    help="Where the workers run; see docs/scale.md.",
)
@all_problems_option
def build(root: Path, output: Path | None, jobs: int | None, verify: bool, engine: Engine) -> None:
    """Build the Hugging Face dataset repository.

    The folder is replaced in one step at the end; after an error it is as it was. A folder that is
    not an unchanged build is refused. Only what changed since the last build is compiled again.
    """
    from readout.dataset.build import HUB, build_hub, describe_build
    from readout.scale.workers import Options

    target = output or root / HUB
    built = build_hub(root, target, Options(jobs=jobs, engine=engine, verify=verify))
    print_problems(built.problems)
    if not built.infos:
        summarise(built.problems, "")
        sys.exit(1)
    print_block(describe_build(built, target))


@main.command()
@takes_corpus(argument=True)
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if the card is stale."
)
@click.option(
    "--all", "with_slow", is_flag=True, help="Update the sections that take minutes (γ) as well."
)
@all_problems_option
def card(root: Path, only_check: bool, with_slow: bool) -> None:
    """Update the generated sections of DATACARD.md."""
    from readout.corpus.files import Change, write_files
    from readout.dataset.card import DATACARD
    from readout.workbench.datacard import refresh_card

    old, new, problems = refresh_card(root, with_slow)
    if problems:
        print_problems(problems)
        summarise(problems, "")
        sys.exit(1)
    stale = old != new
    if stale and not only_check:
        write_files(root, {DATACARD: Change(old, new)})
    done = "stale" if only_check else "brought up to date"
    print_line(f"{DATACARD} is {done if stale else 'up to date'}.")
    failed = only_check and stale
    sys.exit(int(failed))


@main.command()
@takes_folder(argument=True, kind=NEW_FOLDER)
@click.option("--example", is_flag=True, help="Add an example document with annotations.")
@click.option(
    "--language", metavar="TAG", help="The language of the texts as a BCP 47 tag, such as de."
)
def new(corpus: Path | None, example: bool, language: str | None) -> None:
    """Start a new corpus in an empty or new folder.

    It has no documents yet, unless --example is given, and is ready to check, build and test.
    """
    from readout.workbench.git import is_repository
    from readout.workbench.merge.driver import install_driver
    from readout.workbench.new import write_corpus

    target = corpus or Path()
    paths = write_corpus(target, language, example)
    steps = [f"cd {shlex.quote(str(target))}"]
    if is_repository(target):
        print_lines(install_driver(target))
    else:
        steps.append("git init && readout merge --install")
    if example:
        steps += ["readout check", "readout build"]
    else:
        steps.append("readout add document FILE --doc-id YYYY-MM-NAME --split train")
    print_lines([f"Wrote {len(paths)} files to {target}. Now run:", ""])
    for line in steps:
        print_line(f"    {line}")
