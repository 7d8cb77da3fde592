"""The columns of the config ``tokens``: the tokens of each paragraph, with BIO tags.

They equal the tokens of :func:`readout.text.tokens.iter_tokens` and the tags of
:func:`readout.text.tokens.tag_tokens`, at a fifth of their cost. A differential test compares them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from readout.dataset.arrow import from_numpy, split_strings, to_flags, to_list
from readout.dataset.batch import INNER, SPACE, WORD, Batch, Texts
from readout.model import Boilerplate, Mention, Quote


class _Tokens(NamedTuple):
    """The tokens of a batch: their offsets in its texts, and in the bytes of :func:`_visible`."""

    starts: Any
    ends: Any
    byte_offsets: Any


def _find_tokens(texts: Texts) -> _Tokens:
    kinds = texts.kinds
    is_word = kinds == WORD
    # A mark between two parts of a word belongs to it. The first and last code point cannot be
    # such a mark: the last one is a line feed.
    inner: Any = np.flatnonzero(kinds[1:-1] == INNER) + 1
    is_word[inner[is_word[inner - 1] & is_word[inner + 1]]] = True

    is_sign = (kinds != SPACE) & ~is_word
    is_start = is_sign | (is_word & ~np.roll(is_word, 1))
    is_last = is_sign | (is_word & ~np.roll(is_word, -1))
    starts: Any = np.flatnonzero(is_start)
    ends: Any = np.flatnonzero(is_last) + 1

    lengths = texts.byte_offsets[ends] - texts.byte_offsets[starts]
    return _Tokens(starts, ends, np.concatenate(([0], np.cumsum(lengths))))


def build_token_columns(batch: Batch) -> dict[str, pa.Array]:
    """Return the columns of the config ``tokens``, with one row per paragraph of a batch."""
    texts = batch.texts
    tokens = _find_tokens(texts)
    starts, ends, firsts = texts.paragraphs
    counts: Any = np.diff(firsts)  # paragraphs per document
    documents: Any = np.repeat(np.arange(len(counts)), counts)
    shift = texts.starts[documents]

    offsets = np.searchsorted(tokens.starts, starts)  # first token of each paragraph
    token_shift: Any = np.repeat(shift, np.diff(offsets))
    token_starts = from_numpy((tokens.starts - token_shift).astype(np.int32))
    token_ends = from_numpy((tokens.ends - token_shift).astype(np.int32))
    columns = {
        "id": texts.paragraph_ids,
        **texts.document_columns(documents),
        "text": texts.strings(starts[:-1], ends[:-1]),
        "start": from_numpy((starts[:-1] - shift).astype(np.int32)),
        "tokens": to_list(offsets, split_strings(tokens.byte_offsets, _visible(texts))),
        "starts": to_list(offsets, token_starts),
        "ends": to_list(offsets, token_ends),
    }
    tags = {}
    for name, (span_starts, span_ends) in _tagged_spans(batch).items():
        tags[name] = _tag(tokens, offsets, span_starts, span_ends)
        columns[name] = to_list(offsets, from_numpy(tags[name]))
    columns["boilerplate"] = to_flags(_is_tagged(tags["boilerplate_tags"], offsets))
    return columns


def _is_tagged(tags: Any, offsets: Any) -> Any:
    """Return whether all tokens of each paragraph have a tag; ``offsets`` has its first token."""
    tagged = np.concatenate(([0], np.cumsum(tags > 0)))
    return tagged[offsets[1:]] - tagged[offsets[:-1]] == np.diff(offsets)


def _visible(texts: Texts) -> bytes:
    """Return the UTF-8 of all but white space: each of its characters is in exactly one token."""
    data: Any = np.frombuffer(texts.data, np.uint8)
    is_visible: Any = np.repeat(texts.kinds != SPACE, texts.widths)
    visible: bytes = data[is_visible].tobytes()
    return visible


def _tagged_spans(batch: Batch) -> dict[str, tuple[Any, Any]]:
    """Return the starts and ends of the spans of each column of tags.

    They are the content of quotes that are not within another one, the cues, the mentions that are
    the source of a quote, and the boilerplate.
    """
    quotes, mentions, noise = batch.group(Quote), batch.group(Mention), batch.group(Boilerplate)
    content, cues = quotes.spans, quotes.span_lists("cue")
    is_outer = np.array([within is None for within in quotes.values("within")], bool)
    in_outer: Any = np.repeat(is_outer, np.diff(content.offsets))

    sources = set(quotes.qualified(quotes.values("source")))
    is_source = np.array([id_ in sources for id_ in mentions.ids], bool)
    return {
        "content_tags": (content.starts[in_outer], content.ends[in_outer]),
        "cue_tags": (cues.starts, cues.ends),
        "source_tags": (mentions.spans.starts[is_source], mentions.spans.ends[is_source]),
        "boilerplate_tags": (noise.spans.starts, noise.spans.ends),
    }


def _tag(tokens: _Tokens, offsets: Any, starts: Any, ends: Any) -> Any:
    """Return the tag of each token: 0 outside all spans, 1 first in a span, 2 inside.

    ``offsets`` has the first token of each paragraph. A span that continues in the next paragraph
    begins anew there.
    """
    tags: Any = np.zeros(len(tokens.starts), np.int64)
    if not len(starts):
        return tags

    # The tokens that each span touches: from number ``left`` to ``right``, end excluded.
    order = np.lexsort((ends, starts))
    left: Any = np.searchsorted(tokens.ends, starts[order], "right")
    right: Any = np.maximum(np.searchsorted(tokens.starts, ends[order], "left"), left)

    # The number of spans around each token, from the spans that begin and end at it.
    changes: Any = np.zeros(len(tags) + 1, np.int64)
    np.add.at(changes, left, 1)
    np.subtract.at(changes, right, 1)
    is_inside: Any = np.cumsum(changes[:-1]) > 0
    tags[is_inside] = 2

    # A token keeps the span that starts first, so a span begins only beyond all earlier ones.
    covered: Any = np.concatenate(([0], np.maximum.accumulate(right)[:-1]))
    tags[left[(left >= covered) & (left < right)]] = 1
    firsts: Any = offsets[:-1][np.diff(offsets) > 0]
    tags[firsts[is_inside[firsts]]] = 1
    return tags
