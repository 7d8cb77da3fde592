"""Commands that look at a corpus and change none of its sources."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import get_args

import click

from readout.cli.frame import main, print_problems, read_valid_corpus, style, summarise
from readout.cli.names import ANNOTATOR, SPEAKER, TABLE, TARGET
from readout.cli.options import (
    NEW_FILE,
    all_problems_option,
    format_option,
    jobs_option,
    report_option,
    takes_corpus,
    takes_folder,
    verify_option,
    writing_place,
)
from readout.model import AnnotationType, Polarity
from readout.problem import format_count
from readout.report.printing import print_block, print_json, print_line

_format_option = format_option("How to print; by default as text.")


@main.command()
@takes_corpus(argument=True)
@format_option("How to print the problems; by default as text.", "github", "sarif")
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@jobs_option
@verify_option
@all_problems_option
def check(root: Path, output: str, strict: bool, jobs: int | None, verify: bool) -> None:
    """Report the problems of a corpus.

    Each problem has a file, a line and a hint. docs/problems.md explains every code.
    """
    from readout.checks.folder import check_folder
    from readout.scale.workers import Options

    problems, tally = check_folder(root, Options(jobs=jobs, verify=verify))
    print_problems(problems, output)
    count = sum(tally.annotations.values())
    done = f"documents: {tally.documents}, gold annotations: {count}; no problems."
    if not tally.documents:
        done += " Add a text with `readout add document`."
    summarise(problems, done)
    failed = any(strict or problem.severity == "error" for problem in problems)
    sys.exit(int(failed))


@main.command()
@takes_corpus(only_reads=True)
@click.argument("name", metavar="ID")
@_format_option
@all_problems_option
def show(root: Path, name: str, output: str) -> None:
    """Show an annotation in its paragraph, with its links.

    ID is the id of an annotation, such as s-5xl4gb, or the one that it has in the dataset:
    DOCUMENT#ID. ANNOTATOR#ID is an annotation in the layer of an annotator.
    """
    from readout.workbench.documents.objects import find_annotation
    from readout.workbench.documents.renderings import show_coloured, show_json, show_markdown

    annotation = find_annotation(read_valid_corpus(root), name)
    if output == "json":
        print_json(show_json(annotation))
    elif output == "markdown":
        print_block(show_markdown(annotation))
    else:
        print_block(show_coloured(annotation, style), coloured=True)


@main.command()
@takes_corpus(only_reads=True)
@click.argument("words", nargs=-1, metavar="[WORDS]...")
@click.option(
    "--speaker",
    type=SPEAKER,
    help="Only what this speaker says or holds, or where they are mentioned.",
)
@click.option("--target", type=TARGET, help="Only stances towards this target.")
@click.option(
    "--polarity",
    type=click.Choice(get_args(Polarity)),
    help="Only stances of this polarity.",
)
@click.option(
    "--type",
    "types",
    multiple=True,
    type=click.Choice(get_args(AnnotationType)),
    help="Only annotations of this type; repeatable.",
)
@_format_option
@all_problems_option
def search(
    root: Path,
    words: tuple[str, ...],
    speaker: str | None,
    target: str | None,
    polarity: Polarity | None,
    types: tuple[AnnotationType, ...],
    output: str,
) -> None:
    """Find gold annotations by their words and their labels.

    Each of the WORDS must be in the annotated text, as a word or as its beginning; capitals do not
    matter. Words in one pair of quotation marks are looked for as a phrase. A speaker or a target
    is named by its id or by a part of its name.
    """
    from readout.workbench.documents.objects import Documents
    from readout.workbench.documents.renderings import list_coloured, list_json, list_markdown
    from readout.workbench.documents.search import Query, find_annotations

    query = Query(words, speaker, target, polarity, types)
    found = find_annotations(Documents(read_valid_corpus(root)), query)
    if output == "json":
        print_json(list_json(found))
    elif output == "markdown":
        print_block(list_markdown(found))
    else:
        for each in found:
            print_block(list_coloured(each, style), coloured=True)
        print_line(f"{format_count(len(found), 'annotation')} found.", error=True)


@main.command()
@takes_corpus(argument=True, only_reads=True)
@click.option(
    "--table", "names", multiple=True, type=TABLE, help="Print only this table; repeatable."
)
@report_option
def stats(root: Path, names: tuple[str, ...], output: str) -> None:
    """Count documents, annotations, labels, speakers and topics."""
    from readout.checks.folder import check_folder
    from readout.corpus.read import read_registries
    from readout.dataset.statistics import TABLES, report_tables
    from readout.report.tables import print_report

    _, tally = check_folder(root)
    registries, _ = read_registries(root)
    print_report(report_tables(names or TABLES, tally, registries), output)


@main.command()
@takes_corpus(argument=True, only_reads=True)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="The folder to write; by default build/preview.",
)
def preview(root: Path, output: Path | None) -> None:
    """Write HTML pages that show texts with annotations.

    The folder is replaced as a whole, if it is an unchanged preview or new. The pages need no
    network: open index.html in a browser.
    """
    from readout.corpus.outputs import written_folder
    from readout.workbench.diff.states import read_state
    from readout.workbench.preview import PREVIEW, list_suggestions, write_preview

    target = output or writing_place(root) / PREVIEW
    state = read_state(str(root))
    suggestions = list_suggestions(state.corpus)
    with written_folder(target, "preview") as folder:
        write_preview(folder, state.corpus, state.unread, suggestions)
    count = len(state.corpus.documents)
    print_line(f"{format_count(count, 'document')}: open {target / 'index.html'} in a browser.")


@main.command()
@takes_folder()
@click.argument("old", default="HEAD", metavar="[OLD]")
@click.argument("new", required=False, metavar="[NEW]")
@format_option("How to print the changes; by default as text.", "changelog")
@click.option("--html", type=NEW_FILE, help="Also write a page with the texts before and after.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything changed.")
def diff(
    corpus: Path | None,
    old: str,
    new: str | None,
    output: str,
    html: Path | None,
    exit_code: bool,
) -> None:
    """Show what changed between two states of a corpus.

    OLD and NEW are corpus folders, or git revisions such as main or HEAD~1; a folder is preferred
    to a revision of the same name. By default the last commit is compared with the corpus folder.
    """
    from readout.corpus.read import find_root
    from readout.workbench.diff import compare_states
    from readout.workbench.diff.renderings import RENDERINGS, format_changes
    from readout.workbench.diff.states import read_state
    from readout.workbench.diff.wording import Background

    before = read_state(old, corpus)
    after = read_state(new or str(find_root(corpus)), corpus)
    changes = compare_states(before, after)
    background = Background(before.corpus, after.corpus)
    render = partial(format_changes, style=style) if output == "text" else RENDERINGS[output]
    rendered = render(changes, background).removesuffix("\n")
    if output == "json":
        print_json(rendered)
    else:
        print_block(rendered, coloured=output == "text")
    if html:
        from readout.workbench.preview import write_changes

        write_changes(html, changes, before, after)
    failed = exit_code and bool(changes)
    sys.exit(int(failed))


@main.command()
@takes_corpus(argument=True)
@click.option(
    "--annotator",
    "names",
    multiple=True,
    type=ANNOTATOR,
    help="Compare only these annotators; repeatable.",
)
@click.option("--gamma", is_flag=True, help="Compute γ as well, which takes a minute.")
@report_option
@click.option("--html", type=NEW_FILE, help="Also write a page with the confusion matrices.")
def agree(root: Path, names: tuple[str, ...], gamma: bool, output: str, html: Path | None) -> None:
    """Measure the agreement between annotators."""
    from readout.agreement.pairs import compare_all_pairs
    from readout.agreement.report import to_report, write_html
    from readout.corpus.read import read_corpus
    from readout.report.tables import print_report

    corpus, _ = read_corpus(root)
    pairs = compare_all_pairs(corpus.documents, names, gamma)
    if not pairs:
        raise click.UsageError(_explain_no_pairs(names))
    if html:
        write_html(html, pairs)
    print_report(to_report(pairs), output)


def _explain_no_pairs(names: tuple[str, ...]) -> str:
    if names:
        return (
            "No document has layers of two of these annotators. Name two who annotated the same "
            "document, or leave --annotator out."
        )
    return (
        "No document has layers of two annotators. Add the layer of another one, for instance with "
        "`readout import`."
    )
