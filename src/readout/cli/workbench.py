"""The command that opens the workbench in the browser."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from readout.cli.frame import main
from readout.cli.names import ANNOTATOR
from readout.cli.options import takes_corpus
from readout.report.printing import print_line


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
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
def annotate(root: Path, who: str | None, layer: str | None, port: int, no_browser: bool) -> None:
    """Annotate in the browser; every edit is saved to the files.

    The server listens on this machine only, and stops with Ctrl+C. Without --as, you are asked for
    your name once and registered as a human annotator.
    """
    from secrets import token_urlsafe

    from readout.workbench.annotate.identity import require_annotator
    from readout.workbench.annotate.server import LOOPBACK, bind, build_app, serve
    from readout.workbench.annotate.session import Session

    annotator = _find_annotator(root, who)
    edited = None if layer == "gold" else layer or annotator
    if edited:
        require_annotator(root, edited)
    listening = bind(port)
    number = listening.getsockname()[1]
    token = token_urlsafe(24)
    app = build_app(Session(root, annotator, edited), token, number)
    address = f"http://{LOOPBACK}:{number}/{token}/"
    print_line(f"{annotator} edits {edited or 'gold'} at {address}")
    print_line("Only this machine can open the address. Press Ctrl+C to stop.", error=True)
    if not no_browser:
        click.launch(address)
    serve(app, listening)


def _find_annotator(root: Path, who: str | None) -> str:
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
        name = register_person(root, click.prompt("Your name", err=True))
        print_line(f"Registered you as the annotator {name!r}.", error=True)
    require_annotator(root, name)
    remember(root, folder, name)
    return name


def _is_asked() -> bool:
    """Tell whether somebody is there to be asked."""
    return sys.stdin.isatty()
