"""What the server answers in the modes in which people review gold, or decide what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from starlette.requests import Request

from readout.corpus.read import BY, iter_annotators
from readout.workbench.annotate.decisions import GOLD, Deciding
from readout.workbench.annotate.identity import require_annotator
from readout.workbench.annotate.reviews import Draw, Given, Reviewing
from readout.workbench.annotate.server import Answer, demand
from readout.workbench.annotate.session import Mode, Session
from readout.workbench.annotate.shapes import Json
from readout.workbench.differences.places import require_layers

Answers = tuple[tuple[str, str, Answer], ...]
"""Addresses of a mode: method, path and function."""


class Opened(NamedTuple):
    """What one person does in the browser: the session, its mode's answers, and its page.

    ``page`` is the path of the page below the token.
    """

    session: Session
    answers: Answers
    page: str

    def describe(self) -> str:
        """Return what the person does, as the end of a sentence."""
        if self.session.mode == "review":
            return "reviews gold"
        if self.session.mode == "adjudicate":
            return "decides what gold says"
        return f"edits {self.session.layer or 'gold'}"


def open_mode(
    root: Path,
    annotator: str,
    mode: Mode,
    layer: str | None = None,
    draw: tuple[int, int] | None = None,
) -> Opened:
    """Return what is needed to serve a mode.

    ``layer`` is the layer to edit or, to adjudicate, the one to compare with gold. ``draw`` is the
    size and the seed of the sample to review.

    Raises:
        RefusedError: the annotator of the layer to edit is not registered, or no document has the
            layer to compare.

    """
    if mode == "annotate":
        edited = None if layer == GOLD else layer or annotator
        if edited:
            require_annotator(root, edited)
        return Opened(Session(root, annotator, edited), (), "")

    session = Session(root, annotator, None, mode)
    if mode == "review":
        drawing = Draw(*draw) if draw else None
        reviewing = Reviewing(session, drawing)
        return Opened(session, review_answers(reviewing), "annotate/page/review.html")

    layers = () if layer in (None, GOLD) else (str(layer),)
    known = [name for name in iter_annotators(root) if any((root / BY / name).glob("*.jsonl"))]
    require_layers(layers, known)
    deciding = Deciding(session, layers)
    return Opened(session, decide_answers(deciding), "annotate/page/decide.html")


def review_answers(reviewing: Reviewing) -> Answers:
    """Return what the page for reviews asks for and sends."""

    def show(session: Session, request: Request, body: Any) -> Json:
        return reviewing.describe()

    def review(session: Session, request: Request, body: Any) -> Json:
        return reviewing.review(
            demand(body, "doc_id", str),
            demand(body, "about", str),
            demand(body, "hash", str),
            demand(body, "verdict", str),
            demand(body, "remark", str | None, None),
            demand(body, "given", Given | None, None),
        )

    return (("GET", "reviews", show), ("POST", "review", review))


def decide_answers(deciding: Deciding) -> Answers:
    """Return what the page for decisions asks for and sends."""

    def show(session: Session, request: Request, body: Any) -> Json:
        return deciding.describe()

    def decide(session: Session, request: Request, body: Any) -> Json:
        return deciding.decide(
            demand(body, "doc_id", str),
            demand(body, "refs", list[str]),
            demand(body, "choice", dict[str, Any]),
            demand(body, "section", str),
            demand(body, "reason", str),
        )

    return (("GET", "places", show), ("POST", "decide", decide))
