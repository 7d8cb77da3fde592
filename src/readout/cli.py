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
    from readout.model import Corpus

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
        from readout.interchange.outbox import UnknownChoiceError
        from readout.read import UnreadableCorpusError

        try:
            return super().invoke(ctx)
        except (UnreadableCorpusError, UnknownChoiceError, OSError) as error:
            raise click.UsageError(str(error)) from error
        except ModuleNotFoundError as error:
            message = f"This needs the package {error.name!r}: pip install 'readout-corpus[interchange,agreement]'."
            raise click.UsageError(message) from error


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


def _parse_annotators(values: Iterable[str]) -> dict[str, str]:
    parts = [value.rpartition("=") for value in values]
    return {name: annotator for name, _, annotator in parts}


def _print_losses(name: str) -> None:
    from readout.interchange.formats import FORMATS

    for loss in FORMATS[name].losses:
        click.secho(f"{name}: {loss}", fg="yellow", err=True)


@main.command("export")
@click.argument("name", metavar="FORMAT")
@corpus_argument
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The folder to write into.")
@click.option("--document", "documents", multiple=True, help="Only this document; may be repeated.")
@click.option("--layer", "layers", multiple=True, help="gold (the default) or an annotator; may be repeated.")
def export(name: str, corpus: Path, output: Path, documents: tuple[str, ...], layers: tuple[str, ...]) -> None:
    """Write a corpus in the format of another tool.

    FORMAT is one of those in docs/interchange.md. What the format cannot carry is told.
    """
    from readout.interchange.formats import export_corpus
    from readout.interchange.outbox import send

    whole = _read_sound(corpus)
    _print_losses(_choose_format(name, "write"))
    outbox = export_corpus(name, whole, documents, layers)
    _print_problems(outbox.problems)
    if not outbox.problems:
        send(outbox, output)
    _summarise(outbox.problems, f"{len(outbox.files)} files written to {output}.")
    sys.exit(1 if outbox.problems else 0)


def _read_sound(corpus: Path) -> Corpus:
    """Return a corpus that has no errors; print them and leave with exit code 1 if it has."""
    from readout.checks import check_corpus
    from readout.read import find_root, read_corpus

    whole, found = read_corpus(find_root(corpus))
    errors = [problem for problem in (*found, *check_corpus(whole)) if problem.severity == "error"]
    if errors:
        _print_problems(errors)
        _summarise(errors, "")
        sys.exit(1)
    return whole


def _choose_format(name: str, *ways: str) -> str:
    from readout.interchange.formats import FORMATS
    from readout.problem import nearest

    known = [each for each, format_ in FORMATS.items() if any(getattr(format_, way) for way in ways)]
    if name not in known:
        hint = nearest(name, known) or f"use one of {', '.join(known)}."
        raise click.UsageError(f"There is no format {name!r} here: {hint}")
    return name


@main.command("import")
@click.argument("name", metavar="FORMAT")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@corpus_argument
@click.option("--annotator", "annotators", multiple=True, required=True, help="Whose layer it is: ID, or NAME=ID.")
@click.option("--replace", is_flag=True, help="Overwrite layers that the annotator has already.")
def import_(name: str, path: Path, corpus: Path, annotators: tuple[str, ...], replace: bool) -> None:
    """Bring annotations from another tool into annotations/by/ID, or a foreign corpus with its texts.

    Every span is verified against the texts. With any problem nothing is written.
    """
    from readout.canonical import write_files

    _print_losses(_choose_format(name, "read", "read_corpus"))
    root, files, problems = _read_foreign(name, path, corpus, annotators, replace)
    _print_problems(problems)
    write_files(root, files)
    _summarise(problems, f"{len(files)} files written to {root}; now run `readout check`.")
    sys.exit(1 if problems else 0)


def _read_foreign(
    name: str, path: Path, corpus: Path, annotators: tuple[str, ...], replace: bool
) -> tuple[Path, dict[str, bytes], list[Problem]]:
    from readout.interchange.formats import FORMATS, import_corpus, import_layers
    from readout.read import find_root

    if FORMATS[name].read is not None:
        return find_root(corpus), *import_layers(
            name, path, _read_sound(corpus), _parse_annotators(annotators), replace
        )
    if len(annotators) > 1:
        raise click.UsageError("A foreign corpus is imported as the layer of one annotator.")
    root = corpus if not any(corpus.iterdir()) else find_root(corpus)
    whole = None if root is corpus and not any(corpus.iterdir()) else _read_sound(corpus)
    return root, *import_corpus(name, path, whole, annotators[0], replace)
