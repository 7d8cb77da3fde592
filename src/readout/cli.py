"""The command ``readout``. Each command is a few lines that call the modules below it.

Exit codes: 0 clean, 1 problems, 2 wrong usage or a folder that is no corpus.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from readout import __version__
from readout.problem import (
    Problem,
    RefusedError,
    format_github,
    format_json,
    format_sarif,
    format_text,
    is_failure,
)

if TYPE_CHECKING:
    from readout.engine import Engine
    from readout.model import Corpus

COLOURS: dict[str, dict[str, Any]] = {
    "place": {"bold": True},
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "caret": {"fg": "red"},
    "hint": {"fg": "cyan"},
}


class _Commands(click.Group):
    """Commands in the order they are written, and what cannot be done as a message with exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click ends quietly when the reader of a pipe has gone
        except (RefusedError, OSError) as error:
            raise click.UsageError(str(error)) from error
        except ModuleNotFoundError as error:
            if hint := _extra_hint(error.name or ""):
                raise click.UsageError(hint) from error
            raise


def _extra_hint(module: str) -> str:
    """Return how to install a library that one of the package's extras brings; nothing for any other."""
    from importlib.metadata import requires

    for requirement in requires("readout-corpus") or ():
        found = re.fullmatch(rf"(?:\w+-)?{re.escape(module)}\b.*extra == ['\"](\w+)['\"].*", requirement)
        if found and found[1] not in ("dev", "test"):  # which hold all the others
            return f'This command needs {module}: pip install "readout-corpus[{found[1]}]"'
    return ""


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="readout")
def main() -> None:
    """Check, format, build and load an annotated corpus."""


corpus_argument = click.argument(
    "corpus", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path()
)

existing_file = click.Path(path_type=Path, exists=True, dir_okay=False)


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
    _summarise(problems, f"documents: {tally.documents}, gold annotations: {count}; no problems.")
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
    _print_problems(problems)
    if not only_check:
        write_files(root, {path: done.raw for path, done in changed.items()})
    _summarise(problems, f"files {'to change' if only_check else 'changed'}: {len(changed)}.")
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
    from readout.changes.renderings import RENDERINGS, format_text
    from readout.changes.states import read_state
    from readout.changes.wording import Texts

    before, after = read_state(old), read_state(new)
    changes = compare_states(before, after)
    texts = Texts(before.corpus.documents, after.corpus.documents)
    click.echo(
        format_text(changes, texts, _style) if output == "text" else RENDERINGS[output](changes, texts), nl=False
    )
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
    from readout.reanchor import describe, find_corrected, read_old_text, reanchor_corpus

    if old and not document:
        raise click.UsageError("--old needs --document: the id of the document whose old text the file holds.")
    root = find_root(corpus)
    done = reanchor_corpus(
        root, find_corrected(root, document), lambda meta: read_old_text(root, meta, old_revision, old)
    )
    for each in done:
        click.echo("\n".join(describe(each)), nl=bool(each.moves))
        if not dry_run:
            write_files(root, each.files)
    problems = [problem for each in done for problem in each.problems]
    _print_problems(problems)
    _summarise(problems, "Run `readout check` now." if done else "Every text is the one that its metadata describe.")
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
corpus_option = click.option(
    "--corpus", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path(), help="The corpus folder."
)


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
