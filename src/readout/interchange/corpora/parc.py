"""Import PARC: XML with one ``WORD`` per token, and the attributions and roles of each token.

A ``WORD`` has the attributes ``text`` and ``ByteCount`` (its offsets in the newspaper's file). It
contains an ``attribution`` with an ``id`` for each attribution that it is part of, and in it
``attributionRole`` elements with a ``roleValue`` (Pareti 2012).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from readout.interchange.corpora.newcomers import CorpusInbox
from readout.interchange.corpora.polnear import ROLES, add_attribution
from readout.interchange.graph import Graph
from readout.interchange.inbox import find_files, parse_offset
from readout.interchange.xmltext import parse_xml
from readout.model import Span
from readout.text.tokens import unescape_token

TITLE = "PARC"
LOSSES = (
    "The text is rebuilt from the tokens; white space between two tokens becomes one space.",
    "In the rebuilt text, every sentence starts on a new line.",
    "Escapes of the Penn Treebank become the characters that they mean: `` and '' become “ and ”.",
    "Constituents, lemmas, parts of speech and byte counts are dropped.",
    "The nesting of attributions is dropped.",
    "Sources are words, not entities: equal words are one unnamed speaker, whoever is meant.",
    "The form of a quote is inferred from its quotation marks.",
)


class Token(NamedTuple):
    """A token with its offsets in the rebuilt text, and its roles as (attribution, role)."""

    start: int
    end: int
    roles: tuple[tuple[str, str], ...]
    line: int | None


def import_parc(inbox: CorpusInbox, path: Path) -> None:
    """Read XML files, one per document."""
    for file in find_files(path, ".xml"):
        root = parse_xml(inbox, file)
        if root is not None:
            text, tokens = _read_tokens(inbox, str(file), root)
            doc_id = inbox.add_document(str(file), file.stem, text, "0000-00")
            graph = _tokens_to_graph(inbox, str(file), text, tokens)
            inbox.add_layer(str(file), doc_id, graph)


def _read_tokens(inbox: CorpusInbox, path: str, root: Any) -> tuple[str, list[Token]]:
    """Return the text that the tokens make up, and the tokens."""
    text = ""
    tokens: list[Token] = []
    last_byte = 0

    for sentence in _iter_sentences(root):
        starts_sentence = bool(text)
        for word in sentence:
            start_byte, end_byte = _read_bytes(inbox, path, word, last_byte)
            if starts_sentence:
                text += "\n"
            elif text and start_byte > last_byte:
                text += " "

            words = unescape_token(word.get("text", ""))
            roles = tuple(_iter_roles(inbox, path, word))
            tokens.append(Token(len(text), len(text) + len(words), roles, word.sourceline))
            text += words
            last_byte, starts_sentence = end_byte, False

    return text + "\n", tokens


def _iter_sentences(root: Any) -> Iterator[list[Any]]:
    """Yield the words of each sentence in order; a file without sentences is one sentence."""
    sentences = list(root.iter("SENTENCE")) or [root]
    for sentence in sentences:
        yield sorted(sentence.iter("WORD"), key=_parse_number)


def _parse_number(word: Any) -> int:
    number = word.get("word", "0")
    return parse_offset(number) if number.isdecimal() else 0


def _read_bytes(inbox: CorpusInbox, path: str, word: Any, last_byte: int) -> tuple[int, int]:
    """Return the byte offsets of a word; report them if they start before ``last_byte``."""
    count = word.get("ByteCount")
    start, _, end = (count or "").partition(",")
    if start.isdecimal() and end.isdecimal():
        first, last = parse_offset(start), parse_offset(end)
        if last_byte <= first < last:
            return first, last

    got = f"Got the ByteCount {count!r} of {word.get('text')!r}."
    message = f"{got} Expected START,END with {last_byte} ≤ START < END."
    inbox.report("foreign-span", path, message, "correct the byte count.", word.sourceline)
    return last_byte + 1, last_byte + 1


def _iter_roles(inbox: CorpusInbox, path: str, word: Any) -> Iterator[tuple[str, str]]:
    for attribution in word.iter("attribution"):
        for element in attribution.iter("attributionRole"):
            value = element.get("roleValue")
            role = (value or "").capitalize()
            if role in ROLES:
                yield attribution.get("id", ""), role
            else:
                message = f"Got the role {value!r}. Expected source, cue or content."
                hint = "correct the role."
                inbox.report("foreign-value", path, message, hint, element.sourceline)


def _tokens_to_graph(inbox: CorpusInbox, path: str, text: str, tokens: list[Token]) -> Graph:
    graph = Graph([], [])
    mentions: dict[Span, str] = {}

    first_lines: dict[str, int | None] = {}
    for token in tokens:
        for name, _ in token.roles:
            first_lines.setdefault(name, token.line)

    for name, line in first_lines.items():
        parts = {role: list(_iter_runs(text, tokens, (name, role))) for role in ROLES}
        add_attribution(inbox, path, graph, mentions, name, parts, line)
    return graph


def _iter_runs(text: str, tokens: Iterable[Token], role: tuple[str, str]) -> Iterator[Span]:
    """Yield the span of every run of consecutive tokens that have a role."""
    start = end = -1
    for token in tokens:
        if role in token.roles:
            start = token.start if start < 0 else start
            end = token.end
        elif start >= 0:
            yield Span(start, end, text[start:end])
            start = -1
    if start >= 0:
        yield Span(start, end, text[start:end])
