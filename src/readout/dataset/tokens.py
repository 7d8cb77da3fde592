"""The columns of the config ``tokens``: words and signs of each paragraph, with BIO tags.

They are the tokens of :func:`readout.text.tokens.iter_tokens` and the tags of :func:`readout.text.tokens.tag_tokens`, which a
differential test asserts, at a fifth of the cost of finding them one by one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from readout.dataset.arrow import from_numpy, make_strings, to_list, to_strings
from readout.dataset.batch import INNER, SPACE, WORD, Batch, Texts
from readout.model import Mention, Quote


class _Tokens(NamedTuple):
    """Where tokens start and end in the text of a batch, and in which bytes of its visible characters."""

    starts: Any
    ends: Any
    offsets: Any


def _find_tokens(texts: Texts) -> _Tokens:
    kinds = texts.kinds
    word = kinds == WORD
    # The last character is a line feed, and a mark has a word on both sides only where it has characters there.
    inner: Any = np.flatnonzero(kinds[1:-1] == INNER) + 1
    word[inner[word[inner - 1] & word[inner + 1]]] = True
    alone = (kinds != SPACE) & ~word
    before, after = np.roll(word, 1), np.roll(word, -1)
    starts: Any = np.flatnonzero(alone | (word & ~before))
    ends: Any = np.flatnonzero(alone | (word & ~after)) + 1
    offsets = np.concatenate(([0], np.cumsum(texts.at[ends] - texts.at[starts])))
    return _Tokens(starts, ends, offsets)


def make_token_columns(batch: Batch) -> dict[str, pa.Array]:
    """Return the columns of the paragraphs of a batch of documents."""
    texts = batch.texts
    tokens = _find_tokens(texts)
    starts, ends, firsts = texts.paragraphs
    counts = np.diff(firsts)
    documents: Any = np.repeat(np.arange(len(counts)), counts)
    shift = texts.bases[documents]
    offsets = np.searchsorted(tokens.starts, starts)
    names = [
        f"{name}#p{n}"
        for name, count in zip(texts.doc_ids, counts.tolist(), strict=True)
        for n in range(count)
    ]
    local: Any = np.repeat(shift, np.diff(offsets))
    return {
        "id": to_strings(names),
        **texts.heads(documents),
        "text": texts.strings(starts[:-1], ends[:-1]),
        "start": from_numpy((starts[:-1] - shift).astype(np.int32)),
        "tokens": to_list(offsets, make_strings(tokens.offsets, _visible(texts))),
        "starts": to_list(offsets, from_numpy((tokens.starts - local).astype(np.int32))),
        "ends": to_list(offsets, from_numpy((tokens.ends - local).astype(np.int32))),
        **{
            name: to_list(offsets, _tag(tokens, offsets, *spans))
            for name, spans in _tagged_spans(batch).items()
        },
    }


def _visible(texts: Texts) -> bytes:
    """Return the UTF-8 of all that is not white space: every such character is part of one token."""
    data: Any = np.frombuffer(texts.data, np.uint8)
    visible: bytes = data[np.repeat(texts.kinds != SPACE, texts.widths)].tobytes()
    return visible


def _tagged_spans(batch: Batch) -> dict[str, tuple[Any, Any]]:
    """Return the spans that tokens are tagged with: content of outer quotes, cues, and the mentions of sources."""
    quotes, mentions = batch.group(Quote), batch.group(Mention)
    outer = np.array([within is None for within in quotes.values("within")], bool)
    content, cues = quotes.main, quotes.places("cue")
    kept: Any = np.repeat(outer, np.diff(content.offsets))
    named = set(quotes.qualified(quotes.values("source")))
    source = np.array([id_ in named for id_ in mentions.ids], bool)
    return {
        "content_tags": (content.starts[kept], content.ends[kept]),
        "cue_tags": (cues.starts, cues.ends),
        "source_tags": (mentions.main.starts[source], mentions.main.ends[source]),
    }


def _tag(tokens: _Tokens, offsets: Any, starts: Any, ends: Any) -> pa.Array:
    """Return the tag of each token: 0 outside of all spans, 1 first in one, 2 inside.

    ``offsets`` tells the first token of each paragraph; a span that goes on in another paragraph begins anew there.
    """
    tags: Any = np.zeros(len(tokens.starts), np.int64)
    if len(starts):
        order = np.lexsort((ends, starts))
        left: Any = np.searchsorted(tokens.ends, starts[order], "right")
        right: Any = np.maximum(np.searchsorted(tokens.starts, ends[order], "left"), left)
        depth: Any = np.zeros(len(tags) + 1, np.int64)
        np.add.at(depth, left, 1)
        np.subtract.at(depth, right, 1)
        inside: Any = np.cumsum(depth[:-1]) > 0
        reached: Any = np.concatenate(([0], np.maximum.accumulate(right)[:-1]))
        tags[inside] = 2
        tags[left[(left >= reached) & (left < right)]] = 1
        firsts: Any = offsets[:-1][np.diff(offsets) > 0]
        tags[firsts[inside[firsts]]] = 1
    return from_numpy(tags)
