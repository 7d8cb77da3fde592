"""Batches of documents as numpy arrays and Arrow columns, from which all tables are made.

The texts are joined to one string, each followed by a line feed. Arrays of offsets count code
points of this string. Offsets that are called *local* count from the start of their own document,
as those in rows do.
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

# ---------------------------------------------------------------- kinds of code points

SPACE, WORD, MARK, INNER = range(4)
"""Kinds of code points: white space, part of a word, any other sign, sign that may join words."""

_ALL_CODE_POINTS = 0x110000
_FIRST_PLANES = 0x20000
"""Most texts have no code point from here on; the table of kinds is then an eighth of the size."""


@lru_cache(maxsize=2)
def _classify_code_points(size: int) -> Any:
    """Return the kind of each code point below ``size``."""
    # Decoding UTF-32 is faster than joining single characters.
    points: Any = np.arange(size, dtype="<u4")
    characters = points.tobytes().decode("utf-32-le", "surrogatepass")
    kinds: Any = np.full(size, MARK, np.uint8)
    for pattern, kind in ((r"\s+", SPACE), (r"\w+", WORD), (f"[{INNER_MARKS}]", INNER)):
        for match in re.finditer(pattern, characters):
            kinds[match.start() : match.end()] = kind
    return kinds


# ---------------------------------------------------------------- registries


class Vocabulary:
    """The columns of a registry, with one value per entry."""

    def __init__(self, entries: Mapping[str, Record]) -> None:
        self.ids = to_strings(list(entries))
        self._positions = {name: position for position, name in enumerate(entries)}
        self._entries = list(entries.values())
        self._columns: dict[str, pa.Array] = {}

    def find(self, ids: Iterable[str]) -> pa.Array:
        """Return the positions of ids in the columns, for :func:`readout.dataset.arrow.take`."""
        return to_numbers(pa.int64(), list(map(self._positions.__getitem__, ids)))

    def column(self, field: str) -> pa.Array:
        """Return the values of a field of strings."""
        if field not in self._columns:
            self._columns[field] = to_strings([getattr(entry, field) for entry in self._entries])
        return self._columns[field]


class Vocabularies:
    """The registries whose fields are repeated in rows, as columns."""

    def __init__(self, registries: Registries) -> None:
        self.speakers = Vocabulary(registries.speakers)
        self.topics = Vocabulary(registries.topics)
        self.targets = Vocabulary(registries.targets)
        self.registries = registries
        self._roles: dict[tuple[str, str | None], str | None] = {}

    def roles(self, speaker_ids: Iterable[str], days: Iterable[str | None]) -> pa.Array:
        """Return the titles of the offices that each speaker certainly held on a day."""
        return to_strings(list(map(self._role, speaker_ids, days)))

    def _role(self, speaker_id: str, day: str | None) -> str | None:
        key = (speaker_id, day)
        if key not in self._roles:
            roles = self.registries.speakers[speaker_id].roles
            titles = [role.title for role in roles if day and role.is_held_on(day)]
            self._roles[key] = "; ".join(titles) or None
        return self._roles[key]


# ---------------------------------------------------------------- texts


class Texts:
    """The joined texts of some documents.

    Attributes:
        data: the UTF-8 of the joined texts.
        code_points: the number of each code point.
        widths: the bytes that each code point takes in UTF-8 (RFC 3629).
        byte_offsets: the offset in ``data`` of each code point, and of the end.
        starts, ends: where each text starts and ends, without its line feed.

    """

    def __init__(self, documents: Sequence[AnnotatedDocument]) -> None:
        text = "".join([f"{document.text}\n" for document in documents])
        self.data = text.encode()
        self.code_points: Any = np.frombuffer(text.encode("utf-32-le"), np.uint32)

        self.widths: Any = np.ones(len(text), np.uint8)
        for first in (0x80, 0x800, 0x10000):  # the first code points of two, three and four bytes
            self.widths += self.code_points >= first
        self.byte_offsets: Any = np.concatenate(([0], np.cumsum(self.widths, dtype=np.int64)))

        lengths = [len(document.text) + 1 for document in documents]
        bounds: Any = np.cumsum([0, *lengths], dtype=np.int64)
        self.starts: Any = bounds[:-1]
        self.ends: Any = bounds[1:] - 1

        self.doc_ids = [document.meta.doc_id for document in documents]
        self.events = [document.meta.event for document in documents]
        self.splits = [document.meta.split for document in documents]
        self.days = [document.meta.published for document in documents]

    @cached_property
    def kinds(self) -> Any:
        """The kind of each code point."""
        is_small = int(self.code_points.max(initial=0)) < _FIRST_PLANES
        size = _FIRST_PLANES if is_small else _ALL_CODE_POINTS
        return _classify_code_points(size)[self.code_points]

    @cached_property
    def paragraphs(self) -> tuple[Any, Any, Any]:
        """The start and end of each paragraph, and the number of each document's first paragraph.

        A paragraph is a line that is not blank. An empty paragraph at the end of the joined texts
        makes sure that each has a successor; the third array has its number as the last item.
        """
        ends: Any = np.flatnonzero(self.code_points == ord("\n"))
        starts: Any = np.concatenate(([0], ends[:-1] + 1))
        visible: Any = np.concatenate(([0], np.cumsum(self.kinds != SPACE)))
        is_paragraph = visible[ends] > visible[starts]

        size = len(self.code_points)
        starts = np.append(starts[is_paragraph], size)
        ends = np.append(ends[is_paragraph], size)
        return starts, ends, np.searchsorted(starts, np.append(self.starts, size))

    @cached_property
    def paragraph_ids(self) -> pa.Array:
        """The id of each paragraph."""
        _, _, firsts = self.paragraphs
        ids = []
        for doc_id, count in zip(self.doc_ids, np.diff(firsts).tolist(), strict=True):
            ids += [f"{doc_id}#p{number}" for number in range(count)]
        return to_strings(ids)

    def _find_paragraphs(self, offsets: Any, documents: Any) -> Any:
        """Return the number of the last paragraph at or before each offset, at least the first one.

        ``documents`` has the number of each offset's document.
        """
        lefts, _, firsts = self.paragraphs
        return np.maximum(np.searchsorted(lefts, offsets, "right") - 1, firsts[documents])

    def paragraphs_of(self, starts: Any, documents: Any) -> pa.Array:
        """Return the id of the paragraph of each offset; null in a document without paragraphs."""
        _, _, firsts = self.paragraphs
        numbers = self._find_paragraphs(starts, documents)
        is_blank = firsts[documents] == firsts[documents + 1]
        if not is_blank.any():
            return take(self.paragraph_ids, from_numpy(numbers.astype(np.int64)))

        pairs = zip(numbers.tolist(), is_blank.tolist(), strict=True)
        present = [None if blank else number for number, blank in pairs]
        return take(self.paragraph_ids, to_numbers(pa.int64(), present))

    def document_columns(self, documents: Any) -> dict[str, pa.Array]:
        """Return the columns that name the document of each row, for an array of its number."""
        numbers = from_numpy(documents)
        return {
            "doc_id": take(to_strings(self.doc_ids), numbers),
            "event": take(to_strings(self.events), numbers),
            "split": take(to_strings(self.splits), numbers),
        }

    def strings(self, starts: Any, ends: Any) -> pa.Array:
        """Return the passages between arrays of offsets."""
        return slice_strings(self.data, self.byte_offsets[starts], self.byte_offsets[ends])

    def contexts(self, starts: Any, ends: Any, documents: Any) -> tuple[pa.Array, pa.Array]:
        """Return the text of the paragraphs around each passage, and its local offset.

        :meth:`readout.text.tokens.Paragraphs.cover` defines it. The context in a document without
        paragraphs is its whole text. ``documents`` has the number of each passage's document.

        Raises:
            OverflowError: the contexts have 2 GiB or more.

        """
        lefts, rights, firsts = self.paragraphs
        earliest = firsts[documents]
        first = self._find_paragraphs(starts, documents)
        last = self._find_paragraphs(np.maximum(ends - 1, starts), documents)

        is_blank = earliest == firsts[documents + 1]
        left = np.where(is_blank, self.starts[documents], np.minimum(lefts[first], starts))
        right = np.where(is_blank, self.ends[documents], np.maximum(rights[last], ends))

        texts = self._repeated_strings(left, right)
        return texts, from_numpy((left - self.starts[documents]).astype(np.int32))

    def _repeated_strings(self, starts: Any, ends: Any) -> pa.Array:
        """Return the passages between offsets, of which many are the same: each is cut out once."""
        size = len(self.code_points) + 1
        unique, numbers = np.unique(starts * size + ends, return_inverse=True)
        starts, ends = unique // size, unique % size
        lengths = self.byte_offsets[ends] - self.byte_offsets[starts]
        check_size(int(lengths[numbers].sum()))
        return take(self.strings(starts, ends), from_numpy(numbers.astype(np.int64)))


# ---------------------------------------------------------------- annotations


class Group:
    """The gold annotations of one class in some documents, with a column per field.

    ``documents``, ``doc_ids`` and ``days`` are the number, the id and the day of publication of
    each annotation's document.
    """

    def __init__(self, texts: Texts, field: str, lists: Sequence[Sequence[Any]]) -> None:
        """Join the annotations of each document; ``field`` contains their main spans."""
        counts = [len(records) for records in lists]
        self.texts = texts
        self.field = field
        self.records: list[Any] = list(chain.from_iterable(lists))
        self.documents: Any = np.repeat(np.arange(len(lists)), counts)
        self.doc_ids = np.repeat(np.array(texts.doc_ids, object), counts).tolist()
        self.days = np.repeat(np.array(texts.days, object), counts).tolist()

    def values(self, field: str) -> list[Any]:
        """Return the values of a field."""
        return list(map(attrgetter(field), self.records))

    def numbers(self, field: str, labels: Feature) -> pa.Array:
        """Return the integers of a field's class labels."""
        numbers: dict[str, int] = labels.numbers()  # type: ignore[union-attr]
        return to_numbers(pa.int64(), list(map(numbers.__getitem__, self.values(field))))

    def qualified(self, ids: Iterable[str | None]) -> list[str | None]:
        """Return annotation ids, one per record, in the form that is unique in the corpus."""
        return [id_ and f"{doc_id}#{id_}" for doc_id, id_ in zip(self.doc_ids, ids, strict=True)]

    @cached_property
    def ids(self) -> list[Any]:
        """The qualified id of each record."""
        return self.qualified(self.values("id"))

    @cached_property
    def id_columns(self) -> dict[str, pa.Array]:
        """The columns ``id``, ``doc_id``, ``event`` and ``split``."""
        return {"id": to_strings(self.ids), **self.texts.document_columns(self.documents)}

    @cached_property
    def spans(self) -> SpanLists:
        """The main spans of each record."""
        return self.span_lists(self.field)

    def span_lists(self, field: str) -> SpanLists:
        """Return the spans in a field of each record, which has one span or a list of spans."""
        values = self.values(field)
        if values and isinstance(values[0], Span):
            values = [(value,) for value in values]
        return SpanLists(self.texts, self.documents, values)


class SpanLists:
    """A list of spans per row, as columns.

    ``starts`` and ``ends`` are the offsets of all spans. Row ``i`` has the spans from number
    ``offsets[i]`` to ``offsets[i + 1]``, end excluded.
    """

    def __init__(self, texts: Texts, documents: Any, lists: Sequence[Sequence[Span]]) -> None:
        spans = list(chain.from_iterable(lists))
        counts = np.fromiter(map(len, lists), np.int64, len(lists))
        starts = np.fromiter(map(attrgetter("start"), spans), np.int64, len(spans))
        ends = np.fromiter(map(attrgetter("end"), spans), np.int64, len(spans))

        self.texts = texts
        self.documents = documents
        self.offsets: Any = np.concatenate(([0], np.cumsum(counts)))
        self._local = [starts.astype(np.int32), ends.astype(np.int32)]
        shift = texts.starts[np.repeat(documents, counts)]
        self.starts = starts + shift
        self.ends = ends + shift

    @cached_property
    def fields(self) -> list[pa.Array]:
        """The text, local start and local end of every span."""
        start, end = self._local
        return [self.texts.strings(self.starts, self.ends), from_numpy(start), from_numpy(end)]

    @cached_property
    def lists(self) -> pa.Array:
        """The list of spans of each row, each with text and local offsets."""
        items = pa.StructArray.from_arrays(self.fields, ["text", "start", "end"])
        return to_list(self.offsets, items)

    @cached_property
    def bounds(self) -> tuple[Any, Any]:
        """The start of each row's first span and the end of its last one; no list is empty."""
        return self.starts[self.offsets[:-1]], self.ends[self.offsets[1:] - 1]

    @cached_property
    def joined(self) -> dict[str, pa.Array]:
        """The columns ``text``, ``start`` and ``end`` of each row.

        The text is that of its spans joined by spaces; the local offsets are those of the bounds.
        """
        if len(self.starts) == len(self.documents):  # one span per row
            return dict(zip(("text", "start", "end"), self.fields, strict=True))

        parts = self.fields[0].to_pylist()
        texts = [" ".join(parts[left:right]) for left, right in pairwise(self.offsets.tolist())]
        shift = self.texts.starts[self.documents]
        start, end = self.bounds
        return {
            "text": to_strings(texts),
            "start": from_numpy((start - shift).astype(np.int32)),
            "end": from_numpy((end - shift).astype(np.int32)),
        }

    @cached_property
    def context(self) -> dict[str, pa.Array]:
        """The columns of the paragraphs around each row's spans, and of the id of the first one."""
        texts, starts = self.texts.contexts(*self.bounds, self.documents)
        paragraph = self.texts.paragraphs_of(self.bounds[0], self.documents)
        return {"paragraph": paragraph, "context": texts, "context_start": starts}


class Batch:
    """Documents whose rows are made together: their texts, and their annotations by class.

    Nothing in a batch refers back to it, so its memory is freed as soon as its rows are made,
    without the garbage collector.
    """

    def __init__(self, documents: Sequence[AnnotatedDocument], vocabularies: Vocabularies) -> None:
        self.documents = documents
        self.vocabularies = vocabularies
        self.texts = Texts(documents)
        self._groups: dict[type, Group] = {}

    def group(self, record_class: type[AnyAnnotation]) -> Group:
        """Return the gold annotations of a class."""
        if record_class not in self._groups:
            main_field = SPAN_FIELDS[record_class][0]
            lists = [document.gold.by_class[record_class] for document in self.documents]
            self._groups[record_class] = Group(self.texts, main_field, lists)
        return self._groups[record_class]
