"""The command that opens the workbench in the browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from readout.cli.frame import main
from readout.cli.names import ANNOTATOR
from readout.cli.options import takes_corpus
from readout.report.printing import print_line

if TYPE_CHECKING:
    from readout.workbench.annotate.identity import Shown
    from readout.workbench.annotate.session import Mode


@main.command()
@takes_corpus(argument=True)
@click.option("--as", "who", type=ANNOTATOR, help="Who annotates; asked for once if left out.")
@click.option(
    "--layer",
    type=ANNOTATOR,
    metavar="gold|ANNOTATOR",
    help="The layer to edit; by default your own.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="The port to listen on; by default any free one.",
)
@click.option("--adjudicate", is_flag=True, help="Decide what gold says where layers differ.")
@click.option("--review", is_flag=True, help="Give a verdict on each annotation of gold.")
@click.option(
    "--sample", type=click.IntRange(1), metavar="N", help="Review a random sample of this size."
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="The number that the sample is drawn with.",
)
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
def annotate(
    root: Path,
    who: str | None,
    layer: str | None,
    port: int,
    adjudicate: bool,
    review: bool,
    sample: int | None,
    seed: int,
    no_browser: bool,
) -> None:
    """Annotate in the browser; every edit is saved to the files.

    The server listens on this machine only, and stops with Ctrl+C. Without --as, you are asked for
    your name once and registered as a human annotator. --adjudicate takes the adjudicated layers,
    or the one that --layer names. --review writes to annotations/reviews/, and to no layer.
    """
    from secrets import token_urlsafe

    from readout.workbench.annotate.modes import open_mode
    from readout.workbench.annotate.server import LOOPBACK, Door, bind, build_app, serve

    if adjudicate and review:
        raise click.UsageError("Give --adjudicate or --review, not both.")
    if sample and not review:
        raise click.UsageError("--sample needs --review.")
    mode: Mode = "annotate"
    if adjudicate or review:
        mode = "adjudicate" if adjudicate else "review"
    shown: Shown = "layer"
    if mode != "annotate":
        shown = mode
    elif layer == "gold":
        shown = "gold"
    annotator = _find_annotator(root, who, shown)
    draw = (sample, seed) if sample else None
    opened = open_mode(root, annotator, mode, layer, draw)
    listening = bind(port)
    number = listening.getsockname()[1]
    token = token_urlsafe(24)
    app = build_app(opened.session, token, number, opened.answers)
    origin = f"http://{LOOPBACK}:{number}"
    address = f"{origin}/{token}/{opened.page}"
    print_line(f"{annotator} {opened.describe()} at {address}")
    print_line("Only this machine can open the address. Press Ctrl+C to stop.", error=True)
    if not no_browser:
        ticket = token_urlsafe(24)
        app = Door(app, ticket, address)
        click.launch(f"{origin}/{ticket}")
    serve(app, listening)


def _find_annotator(root: Path, who: str | None, shown: Shown) -> str:
    """Return who annotates: as named, as remembered, or as the person says."""
    from readout.workbench.annotate.identity import (
        find_remembered,
        register_person,
        remember,
        require_annotator,
    )

    folder = Path(click.get_app_dir("readout"))
    name = who or find_remembered(root, folder)
    if name is None:
        if not _is_asked():
            raise click.UsageError("Name the annotator with --as ANNOTATOR.")
        name = register_person(root, click.prompt("Your name", err=True), shown)
        print_line(
            f"Registered you as the annotator {name!r}. Add to 'saw' in "
            "annotations/annotators.jsonl what else you had seen.",
            error=True,
        )
    require_annotator(root, name)
    remember(root, folder, name)
    return name


def _is_asked() -> bool:
    """Tell whether somebody is there to be asked."""
    return sys.stdin.isatty()
