"""Commands that list the differences between gold and layers, and decide them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from readout.cli.frame import main, report_decision
from readout.cli.names import ANNOTATOR, DOCUMENT
from readout.cli.options import all_problems_option, format_option, takes_corpus
from readout.report.printing import print_block, print_json, print_line


@main.command()
@takes_corpus()
@click.argument("refs", metavar="REF...", nargs=-1, required=True)
@click.option("--section", required=True, metavar="N", help="The section of the guidelines.")
@click.option("--reason", required=True, metavar="TEXT", help="The reason, in one sentence.")
@click.option("--by", required=True, type=ANNOTATOR, help="The annotator id of who decides.")
@click.option("--document", type=DOCUMENT, help="The document, if several have such ids.")
@click.option("--replace", "is_replacing", is_flag=True, help="Decide anew what is decided.")
@all_problems_option
def decide(
    root: Path,
    refs: tuple[str, ...],
    section: str,
    reason: str,
    by: str,
    document: str | None,
    is_replacing: bool,
) -> None:
    """Write why gold says what it says where layers differ.

    REF is the id of a gold annotation, or ANNOTATOR#ID for an annotation that gold does not take.
    `readout differences` lists them. The decision settles all that is open at their places, and is
    written to annotations/adjudication/. What is still to decide elsewhere in the document is
    counted, and is no error here.
    """
    from readout.checks.folder import check_documents
    from readout.corpus.files import locked_corpus
    from readout.workbench.decide import Grounds, decide_refs

    with locked_corpus(root) as write:
        settled = decide_refs(root, refs, Grounds(section, reason, by), document, is_replacing)
        write(settled.changes)
        problems = check_documents(root, [settled.doc_id])
    about = " ".join(map(str, settled.about))
    print_line(f"decided {about} in {', '.join(settled.changes)}")
    done = f"Every difference in {settled.doc_id} is decided; no problems."
    failed = report_decision(problems, [settled.doc_id], done)
    sys.exit(int(failed))


@main.command()
@takes_corpus(argument=True)
@click.option(
    "--layer",
    "layers",
    multiple=True,
    type=ANNOTATOR,
    help="Compare the layer of this annotator, adjudicated or not; repeatable.",
)
@click.option("--document", type=DOCUMENT, help="List only this document.")
@click.option("--all", "with_decided", is_flag=True, help="List also what is decided.")
@format_option("How to print the places; by default as text.")
def differences(
    root: Path, layers: tuple[str, ...], document: str | None, with_decided: bool, output: str
) -> None:
    """List where gold and layers differ, side by side.

    By default these are the undecided differences of the adjudicated layers. With --layer it is
    what remains to do before that layer may be named as adjudicated.
    """
    from readout.corpus.refs import iter_documents
    from readout.workbench.differences.places import list_places
    from readout.workbench.differences.renderings import RENDERINGS, summarise_places

    places = list_places(iter_documents(root, document), layers, with_decided)
    rendered = RENDERINGS[output](places)
    if output == "json":
        print_json(rendered)
    elif rendered:
        print_block(rendered)
    print_line(summarise_places(places, layers), error=True)
