"""Commands that change the annotations, texts and registries of a corpus."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from readout.cli.frame import OrderedGroup, main, print_problems, summarise
from readout.cli.names import DOCUMENT
from readout.cli.options import FILE, all_problems_option, takes_corpus, takes_folder
from readout.problem import format_count, is_failure
from readout.report.printing import print_line, print_lines

if TYPE_CHECKING:
    from readout.workbench.format import Formatted
    from readout.workbench.merge.records import Side
    from readout.workbench.reanchor import Reanchored


@main.command("format")
@takes_corpus(argument=True)
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if a file would change."
)
@all_problems_option
def format_(root: Path, only_check: bool) -> None:
    """Write files in canonical form, and add ids and offsets.

    Only what needs no judgement is changed, and every change is printed. A line that needs one is
    left as it is, and so is a file that cannot be read.
    """
    from readout.corpus.files import write_files
    from readout.workbench.format import format_corpus, to_changes

    results = format_corpus(root)
    changed = to_changes(results)
    problems = [problem for done in results.values() for problem in done.problems]
    if not only_check:
        write_files(root, changed)
    print_lines(_describe_formatted(results))
    print_problems(problems)
    done = "to change" if only_check else "changed"
    summarise(problems, f"files {done}: {len(changed)}.")
    failed = bool(problems) or (only_check and bool(changed))
    sys.exit(int(failed))


def _describe_formatted(results: Mapping[str, Formatted]) -> Iterator[str]:
    """Yield the changes of each file, then what is left as it is."""
    for path, done in results.items():
        if done.changes:
            yield f"{path}: {'; '.join(done.changes)}"
    for path, done in results.items():
        if done.problems:
            codes = ", ".join(sorted({problem.code for problem in done.problems}))
            lines = {problem.line for problem in done.problems}
            left = format_count(len(lines), "line left as it is", "lines left as they are")
            what = left if done.changes else "left as it is"
            yield f"{path}: {what} ({codes})"


@main.command()
@takes_corpus(argument=True)
@click.option(
    "--old-revision",
    default="HEAD",
    metavar="REVISION",
    show_default=True,
    help="Take the old texts from this git revision.",
)
@click.option("--old", type=FILE, help="Take the old text from a file.")
@click.option("--document", type=DOCUMENT, help="Reanchor only this document; needed with --old.")
@click.option("--dry-run", is_flag=True, help="Write nothing; print what would happen.")
@all_problems_option
def reanchor(
    root: Path, old_revision: str, old: Path | None, document: str | None, dry_run: bool
) -> None:
    """Move annotations after a raw text was corrected.

    Spans whose words are unchanged move silently; spans whose words changed are printed. An
    annotation that has no place in the new text goes to annotations/unplaced/; nothing is lost.
    """
    from readout.corpus.files import locked_corpus
    from readout.workbench.reanchor import (
        find_corrected,
        merge_changes,
        read_old_text,
        reanchor_corpus,
        report_lines,
    )

    if old and not document:
        raise click.UsageError(
            "--old needs --document DOC_ID, the document whose old text is in the file."
        )
    with locked_corpus(root) as write:
        corrected = find_corrected(root, document)
        done = reanchor_corpus(
            root, corrected, lambda meta: read_old_text(root, meta, old_revision, old)
        )
        if not dry_run:
            write(merge_changes(done))
    for each in done:
        print_lines(report_lines(each))
    _finish_reanchoring(done)


def _finish_reanchoring(done: Sequence[Reanchored]) -> None:
    """Print the problems of reanchored documents, or the next step, and exit."""
    problems = [problem for each in done for problem in each.problems]
    print_problems(problems)
    next_step = "Run `readout check` now." if done else "Every text matches its checksum."
    summarise(problems, next_step)
    sys.exit(int(bool(problems)))


# ---------------------------------------------------------------- merge


@main.command()
@takes_folder()
@click.argument("files", nargs=-1, type=FILE)
@click.option("--ours", multiple=True, metavar="ID", help="Of this record, keep our version.")
@click.option("--theirs", multiple=True, metavar="ID", help="Of this record, keep their version.")
@click.option("--install", is_flag=True, help="Let git merge with this command in this clone.")
@click.option(
    "--driver",
    nargs=4,
    metavar="BASE OURS THEIRS PATH",
    help="Merge three files into OURS. Git calls this, after --install.",
)
@all_problems_option
def merge(
    corpus: Path | None,
    files: tuple[Path, ...],
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    install: bool,
    driver: tuple[str, str, str, str] | None,
) -> None:
    """Resolve merge conflicts, annotation by annotation.

    FILES are annotation files, registries or documents.jsonl; by default, all that contain conflict
    markers. Records are merged field by field. Only two values for one field, or deleting against
    editing, stay in conflict: the command names them, and --ours or --theirs chooses a version.
    """
    if driver:
        _run_driver(*driver)
    elif install:
        _install_driver(corpus)
    else:
        _resolve_conflicts(corpus, files, ours, theirs)


def _run_driver(base: str, ours: str, theirs: str, path: str) -> None:
    """Merge for git, which takes the exit code 1 for a conflict."""
    from readout.workbench.merge.driver import merge_for_git

    report = merge_for_git(Path(base), Path(ours), Path(theirs), path)
    for sentence in report.sentences:
        print_line(sentence, error=True)
    sys.exit(int(report.has_conflict))


def _install_driver(corpus: Path | None) -> None:
    from readout.corpus.read import find_root
    from readout.workbench.merge.driver import install_driver

    print_lines(install_driver(find_root(corpus)))


def _resolve_conflicts(
    corpus: Path | None, files: Sequence[Path], ours: Iterable[str], theirs: Iterable[str]
) -> None:
    """Resolve conflicts, say what is left to choose, and check the files that were written."""
    from readout.corpus.files import locked_corpus
    from readout.corpus.read import find_root
    from readout.workbench.merge.resolve import (
        check_resolved,
        describe_resolved,
        find_paths,
        resolve_files,
        to_changes,
    )

    root = find_root(corpus)
    keep: dict[str, Side] = {}
    keep.update(dict.fromkeys(ours, "ours"))
    keep.update(dict.fromkeys(theirs, "theirs"))
    with locked_corpus(root) as write:
        done = resolve_files(root, find_paths(root, files), keep)
        write(to_changes(done))
        problems = check_resolved(root, done)
    for each in done:
        print_lines(describe_resolved(each))
    print_problems(problems)
    open_files = sum(each.is_open for each in done)
    counts = f"files merged: {len(done) - open_files}; left to you: {open_files}."
    summarise(problems, counts if done else "No file is in conflict.")
    sys.exit(int(is_failure(problems) or bool(open_files)))


# ---------------------------------------------------------------- add

# The options of list fields are repeated, one value each, so their names are singular.
_SINGULAR = {"aliases": "alias", "members": "member", "topics": "topic", "references": "reference"}


def _schema_options(
    kind: Any, left_out: Iterable[str], required: bool = True
) -> Callable[[Any], Any]:
    """Return a decorator that adds one option per field of a schema.

    The help of an option is the description of its field. With ``required`` false, no option is
    required.
    """
    from readout.corpus.schema import read_schema

    schema = read_schema(kind)
    fields = {name: field for name, field in schema["properties"].items() if name not in left_out}

    def decorate(command: Any) -> Any:
        for name, field in reversed(fields.items()):
            many = field.get("type") == "array"
            choices = click.Choice(field["enum"]) if "enum" in field else str
            repeatable = " Repeatable." if many else ""
            click.option(
                f"--{_SINGULAR.get(name, name).replace('_', '-')}",
                name,
                multiple=many,
                type=choices,
                required=required and name in schema["required"],
                help=field["description"] + repeatable,
            )(command)
        return command

    return decorate


class _AddCommands(OrderedGroup):
    """Commands whose options come from the schemas.

    The schemas are read when such a command is called, to keep every other command fast.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["document", "suggestions", "speaker", "topic", "target", "annotator"]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in ("speaker", "topic", "target", "annotator"):
            return _entry_command(name)
        return _document_command() if name == "document" else super().get_command(ctx, name)


@main.group(cls=_AddCommands)
def add() -> None:
    """Add a document, suggestions, or a registry entry."""


def _document_command() -> click.Command:
    """Return ``add document``, with the options of the schema of documents."""

    @click.command("document")
    @takes_corpus()
    @click.argument("file", type=FILE)
    @_schema_options("document", ("sha256", "annotated", "adjudicated"), required=False)
    def document(root: Path, file: Path, **fields: Any) -> None:
        """Add a text with its metadata, an empty gold file and suggestions."""
        from readout.corpus.files import locked_corpus
        from readout.corpus.read import DOCUMENTS
        from readout.workbench.add import add_document

        with locked_corpus(root) as write:
            added = add_document(root, file, fields)
            write(added.changes)
        print_lines(f"wrote {path}" for path in added.changes)
        _print_gap(added.document.language)
        next_step = (
            f"Annotate {added.document.doc_id} in its gold file now; take each suggestion that is "
            "right into it with `readout accept ID`. "
            f"Then set 'annotated' in {DOCUMENTS}."
        )
        print_line(next_step, fg="green")

    return document


@add.command()
@takes_corpus()
@click.argument("doc_id", type=DOCUMENT)
def suggestions(root: Path, doc_id: str) -> None:
    """Make the suggestions for a document again."""
    from readout.corpus.files import locked_corpus
    from readout.workbench.add import add_suggestions

    with locked_corpus(root) as write:
        added = add_suggestions(root, doc_id)
        write(added.changes)
    for path, change in added.changes.items():
        count = (change.new or b"").count(b"\n")
        print_line(f"wrote {path}: {format_count(count, 'suggestion')}")
    _print_gap(added.document.language)


def _print_gap(language: str) -> None:
    """Print what suggestions lack in a language, if they lack something."""
    from readout.workbench.languages import describe_gap

    if gap := describe_gap(language):
        print_line(gap, error=True, fg="yellow")


def _entry_command(kind: Any) -> click.Command:
    """Return ``add KIND``, with the options of the schema of its registry."""
    id_field = f"{kind}_id"

    @click.command(kind, help=f"Add an entry to annotations/{kind}s.jsonl.")
    @takes_corpus()
    @click.argument(id_field, metavar="ID")
    @_schema_options(kind, (id_field, "roles"))
    def entry(root: Path, **fields: Any) -> None:
        from readout.corpus.files import locked_corpus
        from readout.workbench.add import add_entry

        with locked_corpus(root) as write:
            files = add_entry(root, kind, fields)
            write(files)
        print_line(f"added {fields[id_field]!r} to {next(iter(files))}")

    return entry
