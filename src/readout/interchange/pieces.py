"""Graphs as plain lists of one-span pieces and links between them, for the formats that are made of JSON or of tokens.

Pieces are numbered by their keys; words are cut so that every span starts and ends with one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from readout.interchange.graph import Link, Node, cut_nodes, to_graph
from readout.interchange.outbox import Sheet
from readout.model import Span
from readout.text.tokens import iter_tokens


def to_pieces(sheet: Sheet) -> tuple[list[tuple[Node, Span]], list[Link]]:
    """Return the annotations of a sheet as nodes of one span each, in text order, and the links between them."""
    graph = cut_nodes(to_graph(sheet.records))
    pieces = [(node, node.spans[0]) for node in graph.nodes]
    return sorted(pieces, key=lambda piece: (piece[1].start, piece[1].end, piece[0].key)), graph.links


class Word(NamedTuple):
    """A token with its offsets; ``space`` tells whether one space follows that belongs to no token."""

    start: int
    end: int
    space: bool


def cut_words(text: str, spans: Iterable[Span]) -> list[Word]:
    """Return tokens that cover a text and are cut wherever a span starts or ends.

    White space is a token of its own, apart from a single space after a word that no span starts or ends with.
    """
    spans = list(spans)
    edges = {span.start for span in spans} | {span.end for span in spans}
    kept = {span.start for span in spans} | {span.end - 1 for span in spans}
    return list(_iter_words(text, sorted(edges | _token_edges(text)), kept))


def _token_edges(text: str) -> set[int]:
    return {0, len(text)} | {edge for token in iter_tokens(text) for edge in token}


def _iter_words(text: str, edges: list[int], kept: set[int]) -> Iterator[Word]:
    index = 0
    while index + 1 < len(edges):
        start, end = edges[index], edges[index + 1]
        spaced = text[end : end + 1] == " " and end not in kept and not text[start:end].isspace()
        if spaced and index + 2 < len(edges) and edges[index + 2] == end + 1:
            index += 1
            yield Word(start, end, space=True)
        else:
            yield Word(start, end, space=False)
        index += 1
