"""Commands for those who change a corpus and those who review the change."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from readout.cli.frame import corpus_argument, corpus_option, existing_file, main, print_problems, style, summarise


@main.command()
@corpus_argument
@click.option("--output", type=click.Path(path_type=Path), help="The folder to write; by default build/preview.")
def preview(corpus: Path, output: Path | None) -> None:
    """Write HTML pages that show the texts with their annotations.

    The folder is replaced whole. The pages need no network: open index.html in a browser.
    """
    from readout.changes.states import read_state
    from readout.preview import PREVIEW, check_target, write_preview
    from readout.read import find_root
    from readout.swap import written_folder

    root = find_root(corpus)
    target = output or root / PREVIEW
    check_target(target)
    state = read_state(str(root))
    with written_folder(target) as folder:
        write_preview(folder, state.corpus, state.unread)
    click.echo(f"{len(state.corpus.documents)} documents: open {target / 'index.html'} in a browser.")


@main.command()
@click.argument("old", default="HEAD")
@click.argument("new", default=".")
@click.option("--format", "output", type=click.Choice(["text", "json", "markdown", "changelog"]), default="text")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page that shows before and after."
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything changed.")
def diff(old: str, new: str, output: str, html: Path | None, exit_code: bool) -> None:
    """Tell what changed between two states of a corpus.

    OLD and NEW are corpus folders or git revisions such as main or HEAD~1; a folder goes before a revision of the same
    name. By default the last commit is compared with the current folder.
    """
    from readout.changes import compare_states
    from readout.changes.renderings import RENDERINGS, render_text
    from readout.changes.states import read_state
    from readout.changes.wording import BothTexts

    before, after = read_state(old), read_state(new)
    changes = compare_states(before, after)
    texts = BothTexts(before.corpus.documents, after.corpus.documents)
    click.echo(render_text(changes, texts, style) if output == "text" else RENDERINGS[output](changes, texts), nl=False)
    if html:
        from readout.preview import write_changes

        write_changes(html, changes, before, after)
    sys.exit(1 if exit_code and changes else 0)


@main.command()
@corpus_argument
@click.option("--old-revision", default="HEAD", show_default=True, help="Take the old texts from this git revision.")
@click.option(
    "--old", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Take the old text from a file."
)
@click.option("--document", help="Reanchor only this document; needed with --old.")
@click.option("--dry-run", is_flag=True, help="Tell what would happen, and write nothing.")
def reanchor(corpus: Path, old_revision: str, old: Path | None, document: str | None, dry_run: bool) -> None:
    """Move annotations along when a raw text was corrected.

    Words that survived move silently; words that changed are told; what has no place any more goes to
    annotations/unplaced/, and nothing is lost.
    """
    from readout.canonical import write_files
    from readout.read import find_root
    from readout.reanchor import find_corrected, read_old_text, reanchor_corpus, report_lines

    if old and not document:
        raise click.UsageError("--old needs --document: the id of the document whose old text the file holds.")
    root = find_root(corpus)
    done = reanchor_corpus(
        root, find_corrected(root, document), lambda meta: read_old_text(root, meta, old_revision, old)
    )
    for each in done:
        click.echo("\n".join(report_lines(each)), nl=bool(each.moves))
        if not dry_run:
            write_files(root, each.files)
    problems = [problem for each in done for problem in each.problems]
    print_problems(problems)
    summarise(problems, "Run `readout check` now." if done else "Every text is the one that its metadata describe.")
    sys.exit(1 if problems else 0)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Make a corpus of your own in FOLDER, with one example document, ready to check, build and test."""
    from readout.new import write_corpus

    paths = write_corpus(folder)
    click.echo(f"Wrote {len(paths)} files to {folder}. Go on with:\n")
    for line in (f"cd {shlex.quote(str(folder))}", "readout check", "readout build"):
        click.echo(f"    {line}")


# ---------------------------------------------------------------- add

_SINGULAR = {"aliases": "alias", "members": "member", "topics": "topic", "references": "reference"}


def _schema_options(kind: Any, left_out: Iterable[str], required: bool = True) -> Callable[[Any], Any]:
    """Give a command one option for each field of a schema, with the field's own description as its help."""
    from readout.schema import read_schema

    schema = read_schema(kind)
    fields = {name: field for name, field in schema["properties"].items() if name not in left_out}

    def decorate(command: Any) -> Any:
        for name, field in reversed(fields.items()):
            many = field.get("type") == "array"
            click.option(
                f"--{_SINGULAR.get(name, name).replace('_', '-')}",
                name,
                multiple=many,
                type=click.Choice(field["enum"]) if "enum" in field else str,
                required=required and name in schema["required"],
                help=field["description"] + (" May be repeated." if many else ""),
            )(command)
        return command

    return decorate


class _AddCommands(click.Group):
    """Commands whose options are made from the schemas, which are read only when one of them is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["document", "suggestions", "speaker", "topic", "target", "annotator"]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in ("speaker", "topic", "target", "annotator"):
            return _entry_command(name)
        return _document_command() if name == "document" else super().get_command(ctx, name)


@main.group(cls=_AddCommands)
def add() -> None:
    """Add a document, suggestions for it, or an entry of a registry."""


def _document_command() -> click.Command:
    @click.command("document", help="Add a text: its bytes, its metadata, an empty gold file and suggestions.")
    @click.argument("file", type=existing_file)
    @_schema_options("document", ("sha256",), required=False)
    @corpus_option
    def document(corpus: Path, file: Path, **fields: Any) -> None:
        from readout.add import add_document
        from readout.canonical import write_files
        from readout.read import find_root

        root = find_root(corpus)
        doc_id, files = add_document(root, file, fields)
        write_files(root, files)
        click.echo("\n".join(f"wrote {path}" for path in files))
        click.secho(f"Annotate {doc_id} in its gold file now; suggestions are to be judged one by one.", fg="green")

    return document


@add.command()
@click.argument("doc_id")
@corpus_option
def suggestions(corpus: Path, doc_id: str) -> None:
    """Make the suggestions for a document anew."""
    from readout.add import add_suggestions
    from readout.canonical import write_files
    from readout.read import find_root

    files = add_suggestions(find_root(corpus), doc_id)
    write_files(find_root(corpus), files)
    for path, raw in files.items():
        click.echo(f"wrote {path}: {raw.count(bytes([10]))} suggestions")


def _entry_command(kind: Any) -> click.Command:
    id_field = f"{kind}_id"

    @click.command(kind, help=f"Add an entry to annotations/{kind}s.jsonl.")
    @click.argument(id_field, metavar="ID")
    @_schema_options(kind, (id_field, "roles"))
    @corpus_option
    def entry(corpus: Path, **fields: Any) -> None:
        from readout.add import add_entry
        from readout.canonical import write_files
        from readout.read import find_root

        files = add_entry(find_root(corpus), kind, fields)
        write_files(find_root(corpus), files)
        click.echo(f"added {fields[id_field]!r} to {next(iter(files))}")

    return entry
