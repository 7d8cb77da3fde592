"""The rows of the config ``tokens`` for many documents at once, as columns; a fifth of what building rows would cost.

It is the same table as that of the rows of :mod:`readout.tables`, which a differential test asserts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from readout.anchor import INNER_MARKS
from readout.columns import to_column
from readout.features import FEATURES, arrow_schema
from readout.model import Span
from readout.tables import DocumentRows

_SPACE, _WORD, _MARK, _INNER = range(4)
_SMALL = 0x20000
"""Code points below this are classified first; those above are rare in most languages."""


@lru_cache(maxsize=2)
def _kinds(size: int) -> Any:
    """Return the kind of each code point below ``size``: white space, part of a word, sign, or mark inside words."""
    everything = "".join(map(chr, range(size)))
    kinds: Any = np.full(size, _MARK, np.uint8)
    for pattern, kind in ((r"\s+", _SPACE), (r"\w+", _WORD), (f"[{INNER_MARKS}]", _INNER)):
        for match in re.finditer(pattern, everything):
            kinds[match.start() : match.end()] = kind
    return kinds


class _Places(NamedTuple):
    """Where tokens are in the joined texts of a batch: by code points, and in bytes of UTF-8."""

    starts: Any
    ends: Any
    lengths: Any
    data: bytes


def _find_tokens(text: str) -> _Places:
    """Return the tokens of :func:`readout.anchor.iter_tokens` as arrays."""
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    kinds = _kinds(_SMALL if int(points.max(initial=0)) < _SMALL else 0x110000)[points]
    word = kinds == _WORD
    inner: Any = (
        np.flatnonzero(kinds[1:-1] == _INNER) + 1
    )  # the text ends with a line feed, so that each has neighbours
    word[inner[word[inner - 1] & word[inner + 1]]] = True
    visible = kinds != _SPACE
    alone = visible & ~word
    before, after = np.roll(word, 1), np.roll(word, -1)
    starts: Any = np.flatnonzero(alone | (word & ~before))
    ends: Any = np.flatnonzero(alone | (word & ~after)) + 1
    widths = 1 + (points > 0x7F).astype(np.int32) + (points > 0x7FF) + (points > 0xFFFF)
    at: Any = np.concatenate(([0], np.cumsum(widths)))
    return _Places(starts, ends, at[ends] - at[starts], "".join(text.split()).encode())


def make_token_table(batch: Sequence[DocumentRows]) -> pa.Table:
    """Return the Arrow table of the token rows of some documents."""
    places = _find_tokens("".join(f"{rows.text}\n" for rows in batch))
    bases = np.cumsum([0, *(len(rows.text) + 1 for rows in batch)])[:-1]
    counts = [len(rows.paragraphs.spans) for rows in batch]
    lines = _pairs(span for rows in batch for span in rows.paragraphs.spans)
    shifts: Any = np.repeat(bases, counts)
    offsets: Any = np.append(np.searchsorted(places.starts, lines[:, 0] + shifts), len(places.starts)).astype(np.int32)
    shift: Any = np.repeat(shifts, np.diff(offsets))
    texts = _strings(places)
    tags = [_tag(places, offsets, bases, [pick(rows) for rows in batch]) for pick in (_content, _cues, _sources)]
    inner = [texts, *(_numbers((side - shift).astype(np.int32)) for side in (places.starts, places.ends)), *tags]
    lists = [pa.ListArray.from_arrays(_numbers(offsets), values) for values in inner]
    return pa.Table.from_arrays([*_plain_columns(batch), *lists], schema=arrow_schema("tokens"))


def _plain_columns(batch: Sequence[DocumentRows]) -> list[pa.Array]:
    """Return the columns with one value a paragraph."""
    heads = [
        (*rows.head(f"p{number}"), rows.text[start:end], start)
        for rows in batch
        for number, (start, end) in enumerate(rows.paragraphs.spans)
    ]
    columns = list(zip(*heads, strict=True)) or [()] * 5
    names = list(FEATURES["tokens"])[: len(columns)]
    return [to_column(FEATURES["tokens"][name], values) for name, values in zip(names, columns, strict=True)]


def _pairs(pairs: Iterable[tuple[int, int]]) -> Any:
    """Return pairs as an array with two columns."""
    return np.fromiter(chain.from_iterable(pairs), np.int64).reshape(-1, 2)


def _numbers(values: Any) -> pa.Array:
    arrow_type = pa.int32() if values.dtype == np.int32 else pa.int64()
    return pa.Array.from_buffers(arrow_type, len(values), [None, pa.py_buffer(values)])


def _strings(places: _Places) -> pa.Array:
    offsets: Any = np.concatenate(([0], np.cumsum(places.lengths))).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(places.data)]
    return pa.Array.from_buffers(pa.string(), len(places.lengths), buffers)


# ---------------------------------------------------------------- tags


def _content(rows: DocumentRows) -> list[Span]:
    return rows.tagged_spans()[0]


def _cues(rows: DocumentRows) -> list[Span]:
    return rows.tagged_spans()[1]


def _sources(rows: DocumentRows) -> list[Span]:
    return rows.tagged_spans()[2]


def _tag(places: _Places, offsets: Any, bases: Any, spans: Iterable[Sequence[Span]]) -> pa.Array:
    """Return the tag of each token, as :func:`readout.tables.tag_tokens` gives it: 0 outside, 1 first, 2 inside."""
    ordered = sorted(
        (span.start + base, span.end + base)
        for base, group in zip(bases.tolist(), spans, strict=True)
        for span in group
    )
    tags: Any = np.zeros(len(places.starts), np.int64)
    if ordered:
        edges = _pairs(ordered)
        left: Any = np.searchsorted(places.ends, edges[:, 0], "right")
        right: Any = np.maximum(np.searchsorted(places.starts, edges[:, 1], "left"), left)
        depth: Any = np.zeros(len(tags) + 1, np.int64)
        np.add.at(depth, left, 1)
        np.subtract.at(depth, right, 1)
        inside: Any = np.cumsum(depth[:-1]) > 0
        reached: Any = np.concatenate(([0], np.maximum.accumulate(right)[:-1]))
        tags[inside] = 2
        tags[left[(left >= reached) & (left < right)]] = 1
        firsts: Any = offsets[:-1][np.diff(offsets) > 0]
        tags[firsts[inside[firsts]]] = 1
    return _numbers(tags)
