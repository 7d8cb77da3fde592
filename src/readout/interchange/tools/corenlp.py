"""Import the JSON of Stanford CoreNLP: quotes with their speakers, entities and coreference.

A quote becomes an annotation ``quote`` with the values ``speaker``, ``canonicalSpeaker`` and
``mentionType``, without those that are unknown, and a link ``source`` to its ``mention``. A quote
inside another has a link ``within`` to it. An entity mention has its type as its label, such as
``PERSON``; a mention of a chain has the label ``coreference``, and its ``chain`` and ``type``. The
mapping ``corenlp`` takes quotes and their mentions. Offsets count UTF-16 code units. The text is
that of the file beside it, such as ``story.txt`` for ``story.txt.json``, or else of the tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec

from readout.interchange.graph import Graph, Link, Node
from readout.interchange.inbox import (
    Found,
    Inbox,
    find_document_beside,
    find_files,
    parse_json,
    read_foreign_text,
)
from readout.interchange.tools.cas import check_unit
from readout.text.find import map_offsets

LOSSES = (
    "Trees, parts of speech, lemmas, relations and sentiment are not imported.",
    "A speaker is a name; which registered speaker it is, the mapping says.",
)
_UNKNOWN = "Unknown"


class Token(msgspec.Struct):
    """A token; ``before`` and ``after`` are the white space around it."""

    characterOffsetBegin: int  # noqa: N815
    characterOffsetEnd: int  # noqa: N815
    originalText: str = ""  # noqa: N815
    before: str = ""
    after: str = ""


class Entity(msgspec.Struct):
    """An entity mention; ``ner`` is its type."""

    ner: str
    characterOffsetBegin: int  # noqa: N815
    characterOffsetEnd: int  # noqa: N815
    text: str | None = None


class Sentence(msgspec.Struct):
    """A sentence with its tokens."""

    tokens: list[Token]
    entitymentions: list[Entity] = []


class QuoteJson(msgspec.Struct):
    """A quote; ``mentionBegin`` and ``mentionEnd`` are the first and last token of its mention."""

    text: str
    beginIndex: int  # noqa: N815
    endIndex: int  # noqa: N815
    mentionBegin: int | None = None  # noqa: N815
    mentionEnd: int | None = None  # noqa: N815
    mentionType: str | None = None  # noqa: N815
    speaker: str = _UNKNOWN
    canonicalSpeaker: str = _UNKNOWN  # noqa: N815


class ChainMention(msgspec.Struct):
    """A mention of a chain: a sentence and tokens in it, both counted from 1, the end excluded."""

    startIndex: int  # noqa: N815
    endIndex: int  # noqa: N815
    sentNum: int  # noqa: N815
    type: str = ""


class Output(msgspec.Struct):
    """One annotated document."""

    sentences: list[Sentence]
    quotes: list[QuoteJson] = []
    corefs: dict[str, list[ChainMention]] = {}
    docId: str | None = None  # noqa: N815


def import_corenlp(inbox: Inbox, path: Path) -> None:
    """Read JSON files, each named after its document: ``ID.json`` or ``ID.txt.json``."""
    check_unit(inbox, path)
    for file in find_files(path, ".json") or find_files(path, ".xml", ".out"):
        if file.suffix in (".xml", ".out"):
            message = "The file is XML or text. Only the JSON of CoreNLP has the sources of quotes."
            hint = "give -outputFormat json to CoreNLP."
            inbox.report("foreign-syntax", str(file), message, hint)
            continue
        content = read_foreign_text(inbox, file)
        output = parse_json(inbox, str(file), content, Output) if content is not None else None
        if output is None:
            continue

        owner, author = inbox.find_owner(path, file)
        name = Path(output.docId or "").stem
        doc_id = name if name in inbox.texts and owner not in inbox.texts else owner
        found = _find_text(inbox, file, doc_id, output.sentences)
        if found is not None:
            reader = _Reader(inbox, str(file), found, output)
            reader.read()
            inbox.add_layer(str(file), found.doc_id, reader.graph, author)


def _find_text(
    inbox: Inbox, file: Path, doc_id: str, sentences: Sequence[Sentence]
) -> Found | None:
    """Return the document of a file; its text is in the file beside it, or else in the tokens."""
    text = None if doc_id in inbox.texts else _join_tokens(sentences)
    return find_document_beside(inbox, file, doc_id, text)


def _join_tokens(sentences: Sequence[Sentence]) -> str:
    """Return the text that the tokens and the white space around them make up."""
    tokens = [token for sentence in sentences for token in sentence.tokens]
    start = tokens[0].before if tokens else ""
    return start + "".join(token.originalText + token.after for token in tokens)


class _Reader:
    """Makes the annotations of one document."""

    def __init__(self, inbox: Inbox, path: str, found: Found, output: Output) -> None:
        self.inbox, self.path, self.text, self.output = inbox, path, found.text, output
        self.offsets = map_offsets(self.text, "utf-16")
        self.tokens = [token for sentence in output.sentences for token in sentence.tokens]
        lengths = [len(sentence.tokens) for sentence in output.sentences]
        self.firsts = list(accumulate(lengths, initial=0))
        self.graph = Graph([], [])
        self.mentions: dict[tuple[Any, ...], str | None] = {}

    def read(self) -> None:
        """Read quotes, entity mentions and chains."""
        for quote in self.output.quotes:
            self._add_quote(quote)
        self._link_nested_quotes()
        for sentence in self.output.sentences:
            for entity in sentence.entitymentions:
                place = entity.characterOffsetBegin, entity.characterOffsetEnd
                self._add(entity.ner, place, entity.text, {})
        for chain, mentions in self.output.corefs.items():
            for mention in mentions:
                self._add_chain_mention(chain, mention)

    def _add(
        self, label: str, place: tuple[int, int], words: str | None, values: Mapping[str, Any]
    ) -> str | None:
        """Add an annotation and return its key; None if its offsets are wrong."""
        try:
            start, end = map(self.offsets.from_foreign, place)
        except ValueError:
            start, end = place
        span = self.inbox.anchor_span(self.text, start, end, words, self.path)
        if span is None:
            return None

        key = f"{len(self.graph.nodes) + 1}"
        known = {name: value for name, value in values.items() if value not in (None, _UNKNOWN)}
        self.graph.nodes.append(Node(key, label, (span,), known))
        return key

    def _add_quote(self, quote: QuoteJson) -> None:
        speakers = {"speaker": quote.speaker, "canonicalSpeaker": quote.canonicalSpeaker}
        values = {**speakers, "mentionType": quote.mentionType}
        key = self._add("quote", (quote.beginIndex, quote.endIndex), quote.text, values)
        first, last = quote.mentionBegin, quote.mentionEnd
        if first is None or last is None or key is None:
            return

        place = self._find_place(first, last + 1)
        if place is None:
            return
        # Several quotes of a speaker may have the same mention as their source.
        identity = (place, *speakers.values())
        if identity not in self.mentions:
            self.mentions[identity] = self._add("mention", place, None, speakers)
        mention = self.mentions[identity]
        if mention:
            self.graph.links.append(Link("source", key, mention))

    def _link_nested_quotes(self) -> None:
        """Link every quote inside another to the innermost quote around it."""
        quotes = [node for node in self.graph.nodes if node.label == "quote"]
        quotes.sort(key=lambda node: (node.spans[0].start, -node.spans[0].end))
        around: list[Node] = []
        for node in quotes:
            span = node.spans[0]
            while around and around[-1].spans[0].end < span.end:
                around.pop()
            if around and around[-1].spans[0] != span:
                self.graph.links.append(Link("within", node.key, around[-1].key))
            around.append(node)

    def _find_place(self, first: int, last: int) -> tuple[int, int] | None:
        """Return the offsets of tokens; report a problem and return None for wrong numbers."""
        if 0 <= first < last <= len(self.tokens):
            end = self.tokens[last - 1].characterOffsetEnd
            return self.tokens[first].characterOffsetBegin, end

        message = f"Got the tokens {first}–{last - 1}. Expected numbers below {len(self.tokens)}."
        self.inbox.report("foreign-span", self.path, message, "annotate the text again.")
        return None

    def _add_chain_mention(self, chain: str, mention: ChainMention) -> None:
        number = min(max(mention.sentNum, 1), len(self.firsts)) - 1
        before = self.firsts[number] - 1
        place = self._find_place(before + mention.startIndex, before + mention.endIndex)
        if place:
            values = {"chain": chain, "type": mention.type}
            self._add("coreference", place, None, values)
