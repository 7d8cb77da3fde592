"""Commands that build a corpus into a dataset, release it, and start a new corpus."""

from __future__ import annotations

import os
import shlex
import sys
from datetime import datetime
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
from readout.problem import format_count
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
@takes_corpus()
@click.argument("version", required=False)
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The date of the release; by default today.",
)
@click.option("--due", is_flag=True, help="Only say whether a release is due; exit with 1 if so.")
@jobs_option
@all_problems_option
def release(
    root: Path, version: str | None, date: datetime | None, due: bool, jobs: int | None
) -> None:
    """Refresh every generated file for a new release.

    The corpus must be clean, canonical and committed. The command freezes the items of the
    benchmark, runs the baselines again, makes the leaderboard, fills in DATACARD.md, and writes
    VERSION and its date into CHANGELOG.md and CITATION.cff. All files are written, or none.
    """
    if due:
        _print_due(root)
    elif version is None:
        raise click.UsageError("Give the VERSION of the release, or --due.")
    else:
        day = date or datetime.now()
        _write_release(root, version, day.date().isoformat(), jobs or os.cpu_count() or 1)


def _print_due(root: Path) -> None:
    from readout.workbench.release import list_due

    reasons = list_due(root)
    if not reasons:
        print_line("No release is due.")
        return
    print_lines(["A release is due:", "", *(f"- {reason}" for reason in reasons)])
    sys.exit(1)


def _write_release(root: Path, version: str, date: str, workers: int) -> None:
    from readout.workbench.release import list_next_steps, prepare_release, write_release

    prepared = prepare_release(root, version, date, workers)
    if prepared.problems:
        print_problems(prepared.problems)
        summarise(prepared.problems, "")
        sys.exit(1)
    print_lines(list_next_steps(version, write_release(root, prepared)))


@main.command()
@takes_corpus()
@click.argument("repo_id", metavar="REPO_ID")
@click.option("--private", is_flag=True, help="Only you and your organisation may see the dataset.")
@click.option(
    "--input",
    "built",
    type=click.Path(path_type=Path),
    help="The folder that was built; by default build/hub.",
)
def push(root: Path, repo_id: str, private: bool, built: Path | None) -> None:
    """Upload the built dataset to the Hugging Face Hub.

    REPO_ID is OWNER/NAME; the repository is made if there is none. A folder that is not built, or
    not from the corpus as it is now, is refused. Log in first with `hf auth login`, or set
    HF_TOKEN.
    """
    from readout.dataset.build import HUB
    from readout.dataset.push import plan_push, push_folder

    plan = plan_push(root, built or root / HUB, repo_id, private)
    print_lines(plan.describe())
    print_line(f"Uploaded: {push_folder(plan)}")


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
    print_lines([f"Wrote {format_count(len(paths), 'file')} to {target}. Now run:", ""])
    for line in steps:
        print_line(f"    {line}")
