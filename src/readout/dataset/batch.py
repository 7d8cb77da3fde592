"""Some documents side by side, as arrays: what the tables of all configs are made of.

The texts stand one after another in one string, each followed by a line feed. Arrays of offsets count code points of
that string, unless they are called *local*: those count from the beginning of their own document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import chain, pairwise
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa

from readout.dataset.arrow import (
    check_size,
    from_numpy,
    slice_strings,
    take,
    to_list,
    to_numbers,
    to_strings,
)
from readout.dataset.features import Feature
from readout.model import SPAN_FIELDS, AnnotatedDocument, AnyAnnotation, Record, Registries, Span
from readout.text.tokens import INNER_MARKS

SPACE, WORD, MARK, INNER = range(4)
"""Kinds of code points: white space, part of a word, any other sign, and mark that may stand inside a word."""
_SMALL = 0x20000
"""Code points below this are classified first; those above are rare in most languages."""


@lru_cache(maxsize=2)
def _kinds(size: int) -> Any:
    """Return the kind of each code point below ``size``."""
    points: Any = np.arange(size, dtype="<u4")
    everything = points.tobytes().decode("utf-32-le", "surrogatepass")
    kinds: Any = np.full(size, MARK, np.uint8)
    for pattern, kind in ((r"\s+", SPACE), (r"\w+", WORD), (f"[{INNER_MARKS}]", INNER)):
        for match in re.finditer(pattern, everything):
            kinds[match.start() : match.end()] = kind
    return kinds


class Vocabulary:
    """A registry as columns, one value an entry; ``numbers`` tells where each id stands."""

    def __init__(self, entries: Mapping[str, Record]) -> None:
        self.numbers = {name: number for number, name in enumerate(entries)}
        self.ids = to_strings(list(entries))
        self._entries = list(entries.values())
        self._columns: dict[str, pa.Array] = {}

    def find(self, ids: Iterable[str]) -> pa.Array:
        """Return where each of some ids stands, for :meth:`pyarrow.Array.take`."""
        return to_numbers(pa.int64(), list(map(self.numbers.__getitem__, ids)))

    def column(self, field: str) -> pa.Array:
        """Return the strings of one field."""
        if field not in self._columns:
            self._columns[field] = to_strings([getattr(entry, field) for entry in self._entries])
        return self._columns[field]


class Vocabularies:
    """The registries that rows quote, as columns."""

    def __init__(self, registries: Registries) -> None:
        self.speakers = Vocabulary(registries.speakers)
        self.topics = Vocabulary(registries.topics)
        self.targets = Vocabulary(registries.targets)
        self.registries = registries


class Texts:
    """The texts of some documents; ``at`` maps offsets to those of the UTF-8 in ``data``.

    ``widths`` is the number of bytes of each code point (RFC 3629).
    """

    def __init__(self, documents: Sequence[AnnotatedDocument]) -> None:
        text = "".join([f"{document.text}\n" for document in documents])
        self.data = text.encode()
        self.points: Any = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        self.widths: Any = np.ones(len(text), np.uint8)
        for least in (0x80, 0x800, 0x10000):
            self.widths += self.points >= least
        self.at: Any = np.concatenate(([0], np.cumsum(self.widths, dtype=np.int64)))
        lengths = [len(document.text) + 1 for document in documents]
        self.bases: Any = np.concatenate(([0], np.cumsum(lengths[:-1], dtype=np.int64))).astype(np.int64)
        self.limits: Any = self.bases + np.array(lengths) - 1
        self.doc_ids = [document.meta.doc_id for document in documents]
        self.events = [document.meta.event for document in documents]

    @cached_property
    def kinds(self) -> Any:
        """The kind of each code point."""
        return _kinds(_SMALL if int(self.points.max(initial=0)) < _SMALL else 0x110000)[self.points]

    @cached_property
    def paragraphs(self) -> tuple[Any, Any, Any]:
        """Start and end of each paragraph, a line that is not blank, and the number of the first one of each document.

        One empty paragraph stands at the end of all, so that there is always a next one.
        """
        ends: Any = np.flatnonzero(self.points == ord("\n"))
        starts: Any = np.concatenate(([0], ends[:-1] + 1))
        visible: Any = np.concatenate(([0], np.cumsum(self.kinds != SPACE)))
        kept = visible[ends] > visible[starts]
        size = len(self.points)
        starts, ends = np.append(starts[kept], size), np.append(ends[kept], size)
        return starts, ends, np.searchsorted(starts, np.append(self.bases, size))

    def heads(self, documents: Any) -> dict[str, pa.Array]:
        """Return the columns that say from which document a row comes, for documents by their number."""
        numbers = from_numpy(documents)
        return {"doc_id": take(to_strings(self.doc_ids), numbers), "event": take(to_strings(self.events), numbers)}

    def strings(self, starts: Any, ends: Any) -> pa.Array:
        """Return the passages of the text between offsets."""
        return slice_strings(self.data, self.at[starts], self.at[ends])

    def contexts(self, starts: Any, ends: Any, documents: Any) -> tuple[pa.Array, pa.Array]:
        """Return the text of the whole paragraphs around each passage, and its local offset.

        It is :meth:`readout.text.tokens.Paragraphs.cover`; a document without any paragraph is its own context.
        """
        lefts, rights, firsts = self.paragraphs
        first = np.maximum(np.searchsorted(lefts, starts, "right") - 1, firsts[documents])
        last = np.maximum(np.searchsorted(lefts, np.maximum(ends - 1, starts), "right") - 1, firsts[documents])
        blank = firsts[documents] == firsts[documents + 1]
        left = np.where(blank, self.bases[documents], np.minimum(lefts[first], starts))
        right = np.where(blank, self.limits[documents], np.maximum(rights[last], ends))
        size = len(self.points) + 1
        covers, numbers = np.unique(left * size + right, return_inverse=True)
        starts, ends = covers // size, covers % size
        check_size(int((self.at[ends] - self.at[starts])[numbers].sum()))
        texts = take(self.strings(starts, ends), from_numpy(numbers.astype(np.int64)))
        return texts, from_numpy((left - self.bases[documents]).astype(np.int32))


class Group:
    """The gold annotations of one class in some documents: ``documents`` is the number of the document of each.

    ``field`` holds the spans that they are about.
    """

    def __init__(self, texts: Texts, field: str, lists: Sequence[Sequence[Any]]) -> None:
        self.texts = texts
        self.field = field
        self.records: list[Any] = list(chain.from_iterable(lists))
        self.documents: Any = np.repeat(np.arange(len(lists)), list(map(len, lists)))
        self.doc_ids = [name for name, records in zip(texts.doc_ids, lists, strict=True) for _ in records]

    def values(self, field: str) -> list[Any]:
        """Return one field of each record."""
        return list(map(attrgetter(field), self.records))

    def numbers(self, field: str, labels: Feature) -> pa.Array:
        """Return the numbers of a field's labels."""
        numbers: dict[str, int] = labels.numbers()  # type: ignore[union-attr]
        return to_numbers(pa.int64(), list(map(numbers.__getitem__, self.values(field))))

    def qualified(self, ids: Iterable[str | None]) -> list[str | None]:
        """Return ids of annotations, one a record, as they are unique in the corpus."""
        return [id_ and f"{name}#{id_}" for name, id_ in zip(self.doc_ids, ids, strict=True)]

    @cached_property
    def ids(self) -> list[Any]:
        """The qualified id of each record."""
        return self.qualified(self.values("id"))

    @cached_property
    def head(self) -> dict[str, pa.Array]:
        """The columns that identify a row."""
        return {"id": to_strings(self.ids), **self.texts.heads(self.documents)}

    @cached_property
    def main(self) -> Places:
        """Where the spans are that each record is about."""
        return self.places(self.field)

    def places(self, field: str) -> Places:
        """Return where the spans of a field are, which holds one or a list of them."""
        values = self.values(field)
        lists = [(value,) for value in values] if values and isinstance(values[0], Span) else values
        return Places(self.texts, self.documents, lists)


class Places:
    """The spans of some rows: ``starts`` and ``ends`` of all, and ``offsets`` to where those of each row begin."""

    def __init__(self, texts: Texts, documents: Any, lists: Sequence[Sequence[Span]]) -> None:
        spans = list(chain.from_iterable(lists))
        counts = np.fromiter(map(len, lists), np.int64, len(lists))
        self.texts = texts
        self.documents = documents
        self.offsets: Any = np.concatenate(([0], np.cumsum(counts)))
        self.shift = texts.bases[np.repeat(documents, counts)]
        self.starts = np.fromiter(map(attrgetter("start"), spans), np.int64, len(spans)) + self.shift
        self.ends = np.fromiter(map(attrgetter("end"), spans), np.int64, len(spans)) + self.shift

    @cached_property
    def fields(self) -> list[pa.Array]:
        """Text and local offsets of every span."""
        local = ((side - self.shift).astype(np.int32) for side in (self.starts, self.ends))
        return [self.texts.strings(self.starts, self.ends), *map(from_numpy, local)]

    @cached_property
    def parts(self) -> pa.Array:
        """The spans of each row as a list of text and offsets."""
        items = pa.StructArray.from_arrays(self.fields, ["text", "start", "end"])
        return to_list(self.offsets, items)

    @cached_property
    def bounds(self) -> tuple[Any, Any]:
        """Where the first span of each row starts, and the last one ends; every row has one."""
        return self.starts[self.offsets[:-1]], self.ends[self.offsets[1:] - 1]

    @cached_property
    def where(self) -> dict[str, pa.Array]:
        """The words of each row's spans, joined by a space, with the first and the last local offset."""
        if len(self.starts) == len(self.documents):
            return dict(zip(("text", "start", "end"), self.fields, strict=True))
        words = self.fields[0].to_pylist()
        offsets = self.offsets.tolist()
        texts = [" ".join(words[left:right]) for left, right in pairwise(offsets)]
        base = self.texts.bases[self.documents]
        start, end = (from_numpy((side - base).astype(np.int32)) for side in self.bounds)
        return {"text": to_strings(texts), "start": start, "end": end}

    @cached_property
    def context(self) -> dict[str, pa.Array]:
        """The text of the paragraphs around each row's spans, and its local offset."""
        texts, starts = self.texts.contexts(*self.bounds, self.documents)
        return {"context": texts, "context_start": starts}


class Batch:
    """Documents whose rows are made together: their texts, and their annotations by class.

    Nothing in it refers back to it, so that it is gone, and its memory free, as soon as its rows are made.
    """

    def __init__(self, documents: Sequence[AnnotatedDocument], vocabularies: Vocabularies) -> None:
        self.documents = documents
        self.vocabularies = vocabularies
        self.texts = Texts(documents)
        self._groups: dict[type, Group] = {}

    def group(self, record_class: type[AnyAnnotation]) -> Group:
        """Return the gold annotations of a class."""
        if record_class not in self._groups:
            lists = [document.gold.by_class[record_class] for document in self.documents]
            self._groups[record_class] = Group(self.texts, SPAN_FIELDS[record_class][0], lists)
        return self._groups[record_class]
