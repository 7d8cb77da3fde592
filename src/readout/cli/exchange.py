"""Commands between a corpus and the formats of other tools."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from readout.problem import (
    Problem,
)

if TYPE_CHECKING:
    from readout.model import Corpus
from readout.cli.frame import corpus_argument, main, print_problems, summarise


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
    print_problems(outbox.problems)
    if not outbox.problems:
        send(outbox, output)
    summarise(outbox.problems, f"{len(outbox.files)} files written to {output}.")
    sys.exit(1 if outbox.problems else 0)


def _read_sound(corpus: Path) -> Corpus:
    """Return a corpus that has no errors; print them and leave with exit code 1 if it has."""
    from readout.checks import check_corpus
    from readout.read import find_root, read_corpus

    whole, found = read_corpus(find_root(corpus))
    errors = [problem for problem in (*found, *check_corpus(whole)) if problem.severity == "error"]
    if errors:
        print_problems(errors)
        summarise(errors, "")
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
    print_problems(problems)
    write_files(root, files)
    summarise(problems, f"{len(files)} files written to {root}; now run `readout check`.")
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
