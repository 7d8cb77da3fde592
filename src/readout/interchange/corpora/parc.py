"""PARC: XML of tokens under their constituents, each token saying which roles it plays in which attributions.

A token is a ``WORD`` with ``text`` and ``ByteCount`` (its offsets in the newspaper's file), which holds an
``attribution`` with an ``id`` and ``attributionRole`` elements with a ``roleValue`` (Pareti 2012).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from readout.interchange.corpora.newcomers import CorpusInbox
from readout.interchange.corpora.polnear import ROLES, add_attribution
from readout.interchange.graph import Graph
from readout.interchange.inbox import find_files
from readout.interchange.xmltext import parse_xml
from readout.model import Span

TITLE = "PARC"
LOSSES = (
    "The text is put together from the tokens: a space where there was white space, a line feed before each sentence.",
    "Constituents, lemmas, parts of speech and byte counts are not kept, nor which attribution is nested in which.",
    "Sources are words, not entities: the same words are one unnamed speaker throughout, whoever is meant.",
    "The form of a quote is derived from its quotation marks.",
)


class Token(NamedTuple):
    """A token with its place in the text that is put together, and its roles as (attribution, role)."""

    start: int
    end: int
    roles: tuple[tuple[str, str], ...]
    line: int | None


def import_parc(inbox: CorpusInbox, path: Path) -> None:
    """Read XML files, one a document."""
    for file in find_files(path, ".xml"):
        root = parse_xml(inbox, file)
        if root is not None:
            text, tokens = _read_tokens(inbox, str(file), root)
            doc_id = inbox.add_document(str(file), file.stem, text, "0000-00")
            inbox.add_layer(str(file), doc_id, _tokens_to_graph(inbox, str(file), text, tokens))


def _read_tokens(inbox: CorpusInbox, path: str, root: Any) -> tuple[str, list[Token]]:
    text = ""
    tokens: list[Token] = []
    before = 0
    for sentence in _iter_sentences(root):
        gap = "\n" if text else ""
        for word in sentence:
            place = _read_bytes(inbox, path, word, before)
            words = word.get("text", "")
            text += gap if gap == "\n" else " " if text and place[0] > before else ""
            tokens.append(
                Token(len(text), len(text) + len(words), tuple(_iter_roles(inbox, path, word)), word.sourceline)
            )
            text += words
            before, gap = place[1], ""
    return text + "\n", tokens


def _iter_sentences(root: Any) -> Iterator[list[Any]]:
    sentences = list(root.iter("SENTENCE")) or [root]
    for sentence in sentences:
        yield sorted(sentence.iter("WORD"), key=_word_number)


def _word_number(word: Any) -> int:
    number = word.get("word", "0")
    return int(number) if number.isdecimal() else 0


def _read_bytes(inbox: CorpusInbox, path: str, word: Any, before: int) -> tuple[int, int]:
    start, _, end = word.get("ByteCount", "").partition(",")
    if start.isdecimal() and end.isdecimal() and before <= int(start) < int(end):
        return int(start), int(end)
    message = (
        f"Got the ByteCount {word.get('ByteCount')!r} of {word.get('text')!r}. Expected START,END from {before} on."
    )
    inbox.report("foreign-span", path, message, "correct the byte count.", word.sourceline)
    return before + 1, before + 1


def _iter_roles(inbox: CorpusInbox, path: str, word: Any) -> Iterator[tuple[str, str]]:
    for attribution in word.iter("attribution"):
        for each in attribution.iter("attributionRole"):
            role = each.get("roleValue", "").capitalize()
            if role in ROLES:
                yield attribution.get("id", ""), role
            else:
                message = f"Got the role {each.get('roleValue')!r}. Expected source, cue or content."
                inbox.report("foreign-value", path, message, "correct the role.", each.sourceline)


def _tokens_to_graph(inbox: CorpusInbox, path: str, text: str, tokens: list[Token]) -> Graph:
    graph = Graph([], [])
    mentions: dict[Span, str] = {}
    names = dict.fromkeys(name for token in tokens for name, _ in token.roles)
    for name in names:
        parts = {role: list(_iter_runs(text, tokens, (name, role))) for role in ROLES}
        line = next(token.line for token in tokens if any(name == each for each, _ in token.roles))
        add_attribution(inbox, path, graph, mentions, name, parts, line)
    return graph


def _iter_runs(text: str, tokens: Iterable[Token], role: tuple[str, str]) -> Iterator[Span]:
    """Yield a span for every run of tokens that play a role."""
    start = end = -1
    for token in tokens:
        if role in token.roles:
            start, end = token.start if start < 0 else start, token.end
        elif start >= 0:
            yield Span(start, end, text[start:end])
            start = -1
    if start >= 0:
        yield Span(start, end, text[start:end])
