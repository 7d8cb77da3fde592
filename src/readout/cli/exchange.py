"""Define the commands that convert between a corpus and the formats of other tools."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from readout.cli.frame import main, print_problems, read_valid_corpus, summarise
from readout.cli.names import DOCUMENT, EXPORT, IMPORT, LAYER, list_exports, list_imports
from readout.cli.options import all_problems_option, takes_corpus, takes_folder
from readout.problem import format_count
from readout.report.printing import print_block, print_line

if TYPE_CHECKING:
    from readout.interchange.inbox import Inbox
    from readout.interchange.mapping import LabelMapping
    from readout.problem import Problem
    from readout.text.find import Unit


class FormatCommand(click.Command):
    """A command whose help lists formats by name, with their titles."""

    list_formats: Callable[[], dict[str, str]]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the section with the formats."""
        with formatter.section("Formats"):
            formatter.write_dl(list(self.list_formats().items()))


class _Export(FormatCommand):
    list_formats = staticmethod(list_exports)


class _Import(FormatCommand):
    list_formats = staticmethod(list_imports)


@main.command("export", cls=_Export)
@takes_corpus(only_reads=True)
@click.argument("name", metavar="FORMAT", type=EXPORT)
@click.option(
    "--output", type=click.Path(path_type=Path), required=True, help="The folder to write into."
)
@click.option(
    "--document", "documents", multiple=True, type=DOCUMENT, help="Only this document; repeatable."
)
@click.option(
    "--layer",
    "layers",
    multiple=True,
    type=LAYER,
    help="The gold layer (gold, the default) or the layer of an annotator; repeatable.",
)
@click.option(
    "--skip", is_flag=True, help="Leave out what the format cannot represent, and list it."
)
@all_problems_option
def export(
    root: Path,
    name: str,
    output: Path,
    documents: tuple[str, ...],
    layers: tuple[str, ...],
    skip: bool,
) -> None:
    """Write a corpus in the format of another tool.

    The folder is replaced as a whole, if it is an unchanged export or new. The command lists what
    the format cannot represent; docs/interchange.md explains it. If it refuses a document, nothing
    is written, unless --skip leaves the document out.
    """
    from msgspec.structs import replace

    from readout.interchange.formats import export_corpus
    from readout.interchange.outbox import write_outbox

    corpus = read_valid_corpus(root)
    outbox = export_corpus(name, corpus, documents, layers)
    problems = outbox.problems
    if skip:
        problems = [replace(problem, severity="warning") for problem in problems]
    print_problems(problems)
    is_refused = bool(problems) and not skip
    if not is_refused:
        write_outbox(outbox, output)
        _print_losses(name)
    _conclude(problems, f"{format_count(len(outbox.files), 'file')} written to {output}.")
    sys.exit(1 if is_refused else 0)


def _conclude(problems: Sequence[Problem], done: str) -> None:
    """Print the number of problems and, unless one is an error, the sentence ``done``."""
    summarise(problems, done)
    if problems and all(problem.severity != "error" for problem in problems):
        print_line(done, error=True, fg="green")


def _print_losses(name: str) -> None:
    from readout.interchange.formats import FORMATS

    for loss in FORMATS[name].losses:
        print_line(f"{name}: {loss}", error=True, fg="yellow")


def _check_encoding(_: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Return the name of an encoding, as an option has it.

    Raises:
        click.BadParameter: Python knows no text encoding with this name.

    """
    try:
        "a".encode(value or "utf-8")
    except LookupError:
        raise click.BadParameter(f"There is no encoding {value!r}.", param=option) from None
    return value


@main.command("import", cls=_Import)
@takes_folder()
@click.argument("name", metavar="FORMAT", type=IMPORT)
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--annotator",
    "annotators",
    multiple=True,
    metavar="ID|NAME=ID",
    help="The annotator of the layer, or the one whom the file calls NAME; repeatable, required.",
)
@click.option(
    "--inspect",
    is_flag=True,
    help="Import nothing; print what the files contain, as a mapping to complete.",
)
@click.option("--replace", is_flag=True, help="Overwrite existing layers.")
@click.option(
    "--map",
    "mapping",
    metavar="FILE",
    help="A mapping of the labels in the files, or the name of one that comes with readout.",
)
@click.option("--skip", is_flag=True, help="Leave out whatever has a problem, and list it.")
@click.option(
    "--add", is_flag=True, help="Add documents and registry entries that the corpus lacks."
)
@click.option(
    "--offsets",
    "unit",
    type=click.Choice(["code-points", "utf-16", "graphemes", "utf-8"]),
    help="What the offsets of the files count, if the format leaves it open.",
)
@click.option(
    "--encoding",
    metavar="NAME",
    callback=_check_encoding,
    help="The encoding of the files, such as windows-1252, if it is not UTF-8.",
)
@all_problems_option
def import_(
    corpus: Path | None,
    name: str,
    path: Path,
    annotators: tuple[str, ...],
    inspect: bool,
    replace: bool,
    mapping: str | None,
    skip: bool,
    add: bool,
    unit: Unit | None,
    encoding: str | None,
) -> None:
    """Import annotations from another tool, or a published corpus.

    The command writes annotations to annotations/by/ID. A published corpus brings its own texts, so
    the corpus folder may be empty. Every span is compared with its text; if there is any problem,
    nothing is written, unless --skip leaves out what has a problem. If the files have labels of
    their own, --map says what they mean.
    """
    from readout.corpus.files import locked_corpus
    from readout.interchange.formats import Choices, find_destination, import_files, to_changes

    if inspect:
        _inspect(corpus, name, path, unit)
        return
    if not annotators:
        raise click.UsageError("Missing option '--annotator'.")

    ids = _parse_annotators(annotators)
    rules = _read_mapping(mapping) if mapping else None
    choices = Choices(
        ids,
        replaces=replace,
        adds=add,
        mapping=rules,
        skips=skip,
        unit=unit,
        encoding=encoding,
    )
    root = find_destination(name, corpus, add)
    is_empty = not any(root.iterdir())
    with locked_corpus(root) as write:
        present = None if is_empty else read_valid_corpus(root)
        files, inbox = import_files(name, path, present, choices)
        print_problems([*inbox.problems, *inbox.skipped])
        _print_told(inbox)
        _print_advice(inbox, name, path)
        write(to_changes(files, present, replace))
    if not inbox.problems:
        _print_losses(name)
    count = sum(map(len, inbox.layers.values()))
    written = f"{format_count(count, 'annotation')} in {format_count(len(files), 'file')}"
    done = f"{written} written to {root}; now run `readout check`."
    _conclude([*inbox.problems, *inbox.skipped], done)
    sys.exit(1 if inbox.problems else 0)


def _inspect(folder: Path | None, name: str, path: Path, unit: Unit | None) -> None:
    """Print what files contain; a corpus is of use, but not needed."""
    from readout.corpus.read import UnreadableCorpusError, find_root, read_corpus
    from readout.interchange.formats import FORMATS, inspect_files
    from readout.interchange.inspection import format_report

    if FORMATS[name].read is None:
        raise click.UsageError(f"The labels of {name} are known. Import it without --inspect.")
    try:
        present, _ = read_corpus(find_root(folder))
    except UnreadableCorpusError:
        present = None
    inspector = inspect_files(name, path, present, unit)
    print_block(format_report(inspector, name, path))
    sys.exit(1 if inspector.problems else 0)


def _print_told(inbox: Inbox) -> None:
    """Print what was left out or changed on purpose: kind, count and first places."""
    for kind, tally in inbox.told.items():
        sentence = f"{kind.rstrip('.')}: {tally.count}, first in {tally.format_places()}."
        print_line(sentence, error=True, fg="yellow")


def _print_advice(inbox: Inbox, name: str, path: Path) -> None:
    """Say what to do with files that have labels of their own, or another format."""
    from readout.interchange.formats import FORMATS
    from readout.interchange.inspection import guess_formats

    codes = {problem.code for problem in inbox.problems}
    if FORMATS[name].read is None:
        if codes - {"foreign-annotator"}:
            advice = "To leave out what has a problem and import the rest, add --skip."
            print_line(advice, error=True, fg="cyan")
    elif "foreign-value" in codes and not inbox.is_mapped:
        advice = "If the files have labels of their own, --inspect writes a mapping for --map."
        print_line(advice, error=True, fg="cyan")

    guessed = guess_formats(path) if "foreign-syntax" in codes else []
    if guessed and name not in guessed:
        print_line(f"The files look like {' or '.join(guessed)}.", error=True, fg="cyan")


def _read_mapping(name: str) -> LabelMapping:
    """Return the mapping in a file; if it has problems, print them and exit with 1.

    Raises:
        click.UsageError: there is no such file.

    """
    from readout.interchange.mapping import find_mapping, list_shipped, parse_mapping
    from readout.problem import Problem

    file = find_mapping(name)
    if file is None:
        known = ", ".join(list_shipped())
        raise click.UsageError(
            f"There is no mapping {name!r}. Give the path of a file, or one of: {known}."
        )

    mapping, findings = parse_mapping(file.read_bytes())
    problems = [
        Problem(
            code="foreign-map",
            severity="error",
            path=str(file),
            line=finding.line,
            column=finding.column,
            message=finding.message,
            hint=finding.hint,
        )
        for finding in findings
    ]
    if problems:
        print_problems(problems)
        summarise(problems, "")
        sys.exit(1)
    return mapping


def _parse_annotators(values: tuple[str, ...]) -> dict[str, str]:
    """Return annotator ids by the names that a file gives them; ``""`` is the key for other names.

    Raises:
        click.UsageError: a name has two ids.
        RefusedError: an id cannot be the name of a folder.

    """
    from readout.corpus.files import check_name

    annotators: dict[str, str] = {}
    for value in values:
        name, _, annotator = value.rpartition("=")
        if name in annotators:
            whose = f"the name {name!r}" if name else "all names"
            raise click.UsageError(
                f"--annotator gives two ids for {whose}. Give NAME=ID, once per name."
            )
        annotators[name] = check_name("annotator", annotator)
    return annotators
