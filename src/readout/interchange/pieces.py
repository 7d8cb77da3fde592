"""Split graphs into pieces of one span and texts into words, for formats made of JSON or tokens.

Words are split so that every span starts and ends at the edge of a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from readout.interchange.graph import Link, Node, split_nodes, to_graph
from readout.interchange.outbox import Outbox, Sheet
from readout.model import Span, annotation_type, iter_spans
from readout.text.tokens import Paragraphs, iter_tokens


def to_pieces(sheet: Sheet) -> tuple[list[tuple[Node, Span]], list[Link]]:
    """Return the annotations of a sheet as one-span nodes in text order, and their links."""
    graph = split_nodes(to_graph(sheet.records))
    pieces = [(node, node.spans[0]) for node in graph.nodes]
    pieces.sort(key=lambda piece: (piece[1].start, piece[1].end, piece[0].key))
    return pieces, graph.links


def check_edges(outbox: Outbox, sheet: Sheet) -> bool:
    """Return whether every span starts and ends with a word; report the first that does not.

    Formats whose tokens contain no white space have no place for other spans.
    """
    for record in sheet.records:
        for _, span in iter_spans(record):
            if span.exact != span.exact.strip():
                name = f"{annotation_type(record)} {record.id!r}"
                message = f"A span of the {name} starts or ends with white space."
                outbox.refuse(sheet, message, "make the span start and end with words.")
                return False
    return True


class Word(NamedTuple):
    """A token with its offsets.

    If ``space`` is true, the token is followed by a single space that belongs to no token.
    """

    start: int
    end: int
    space: bool


def split_words(text: str, spans: Iterable[Span]) -> list[Word]:
    """Return tokens that cover a text, with an edge wherever a span starts or ends.

    White space is a token of its own, except a single space after a word, unless a span starts or
    ends with that space.
    """
    edges = {0, len(text)}
    for start, end in iter_tokens(text):
        edges |= {start, end}

    span_edges: set[int] = set()
    for span in spans:
        edges |= {span.start, span.end}
        span_edges |= {span.start, span.end - 1}

    return list(_iter_words(text, sorted(edges), span_edges))


def split_sentences(text: str, spans: Iterable[Span]) -> list[list[Word]]:
    """Return the words of each line that has any, without those of white space.

    For formats without white space, each line is a sentence; a line of a news text is a paragraph.
    """
    words = [word for word in split_words(text, spans) if not text[word.start : word.end].isspace()]
    sentences = []
    first = 0
    for _, end in Paragraphs(text).spans:
        last = first
        while last < len(words) and words[last].start < end:
            last += 1
        if last > first:
            sentences.append(words[first:last])
        first = last
    return sentences


def _iter_words(text: str, edges: list[int], span_edges: set[int]) -> Iterator[Word]:
    """Yield the words between edges; ``span_edges`` are the first and last offsets of all spans."""
    index = 0
    while index + 1 < len(edges):
        start, end = edges[index], edges[index + 1]
        is_word = not text[start:end].isspace()
        is_single_space = index + 2 < len(edges) and edges[index + 2] == end + 1
        is_free_space = text[end : end + 1] == " " and end not in span_edges

        if is_word and is_free_space and is_single_space:
            yield Word(start, end, space=True)
            index += 2
        else:
            yield Word(start, end, space=False)
            index += 1
