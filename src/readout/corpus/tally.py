"""What documents hold, counted into a :class:`Tally`.

Tallies add up, in any order and grouping, and are plain data, so that parts of a corpus can be
counted at different times and places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from sys import intern
from typing import Any

import msgspec

from readout.corpus.signatures import hash_layer
from readout.model import ANNOTATION_CLASSES, AnnotatedDocument, Mention, Quote, Stance, Topic

LISTED = 100
"""How many documents are listed one by one."""
Counts = dict[str, int]


class DocumentTally(msgspec.Struct, frozen=True, array_like=True):
    """What the tables say of one document."""

    doc_id: str
    published: str
    outlet: str | None
    outlet_basis: str
    event: str
    split: str
    characters: int
    annotations: Counts


class Tally(msgspec.Struct):
    """Counts of gold annotations, which add up. ``listed`` are the first documents by id.

    ``labels`` maps field, then label, then split to a number; ``topics`` maps a topic to its
    passages, documents and characters; ``statements`` maps a statement to the document and the
    beginning of each quote that reports it.

    ``reviewed`` maps the reviewers of an annotation, joined by spaces, to the number of annotations
    that just these reviewed as they are now; ``reviews`` maps a reviewer to the number of these by
    verdict, and of annotations that changed since (``changed``). ``samples`` maps a reviewer and a
    sample, joined by spaces, to its verdicts, also on annotations that changed since.
    """

    documents: int = 0
    listed: list[DocumentTally] = []
    annotations: Counts = {}
    labels: dict[str, dict[str, Counts]] = {}
    mentions: Counts = {}
    quotes: Counts = {}
    stances: Counts = {}
    topics: dict[str, Counts] = {}
    targets: dict[str, Counts] = {}
    holders: dict[str, set[str]] = {}
    statements: dict[str, list[tuple[str, str]]] = {}
    reviewed: Counts = {}
    reviews: dict[str, Counts] = {}
    samples: dict[str, Counts] = {}

    def add(self, other: Tally) -> None:
        """Add another tally to this one."""
        for name in self.__struct_fields__:
            if name not in ("documents", "listed"):
                _add_counts(getattr(self, name), getattr(other, name))
        self.documents += other.documents
        self.listed = sorted([*self.listed, *other.listed], key=lambda each: each.doc_id)[:LISTED]

    def add_documents(self, documents: Sequence[AnnotatedDocument]) -> None:
        """Count some documents."""
        groups = {cls: _Group(documents, cls) for cls in ANNOTATION_CLASSES.values()}
        self.documents += len(documents)
        self._list(documents)
        _add_counts(
            self.annotations,
            {name: len(groups[cls].records) for name, cls in ANNOTATION_CLASSES.items()},
        )
        _add_counts(self.mentions, Counter(groups[Mention].values("speaker")))
        self._count_quotes(groups[Quote])
        self._count_stances(groups[Stance])
        self._count_topics(groups[Topic])
        for document in documents:
            if document.reviews:
                self._count_reviews(document)

    def _list(self, documents: Iterable[AnnotatedDocument]) -> None:
        last = self.listed[-1].doc_id if len(self.listed) >= LISTED else "\U0010ffff"
        more = [_tally_document(document) for document in documents if document.meta.doc_id < last]
        if more:
            self.listed = sorted([*self.listed, *more], key=lambda each: each.doc_id)[:LISTED]

    def _label(self, field: str, group: _Group) -> None:
        for (label, split), number in Counter(
            zip(group.values(field), group.splits, strict=True)
        ).items():
            _add_counts(self.labels, {field: {label: {split: number}}})

    def _count_quotes(self, group: _Group) -> None:
        _add_counts(self.quotes, Counter(group.values("speaker")))
        self._label("form", group)
        if any(group.values("statement")):
            for quote, doc_id in zip(group.records, group.doc_ids, strict=True):
                if quote.statement:
                    _add_counts(
                        self.statements, {quote.statement: [(doc_id, quote.content[0].exact[:60])]}
                    )

    def _count_stances(self, group: _Group) -> None:
        _add_counts(self.stances, Counter(group.values("holder")))
        self._label("polarity", group)
        self._label("expression", group)
        targets = list(group.values("target"))
        for (target, polarity), number in Counter(
            zip(targets, group.values("polarity"), strict=True)
        ).items():
            _add_counts(self.targets, {target: {polarity: number}})
        for target, holder in set(zip(targets, group.values("holder"), strict=True)):
            self.holders.setdefault(target, set()).add(intern(holder))

    def _count_topics(self, group: _Group) -> None:
        topics = list(group.values("topic"))
        for topic, number in Counter(topics).items():
            _add_counts(self.topics, {topic: {"passages": number, "characters": 0, "documents": 0}})
        for topic, spans in zip(topics, group.values("spans"), strict=True):
            self.topics[topic]["characters"] += sum([span.end - span.start for span in spans])
        for topic, _ in set(zip(topics, group.doc_ids, strict=True)):
            self.topics[topic]["documents"] += 1

    def _count_reviews(self, document: AnnotatedDocument) -> None:
        hashes = hash_layer(document.gold)
        reviewers: dict[str, list[str]] = {}
        for file in document.reviews:
            verdicts: dict[str, str] = {}
            for record in file.records:
                if record.sample:
                    sample = record.sample
                    key = f"{file.reviewer} {sample.seed} {sample.size} {sample.population}"
                    _add_counts(self.samples, {key: {record.verdict: 1}})
                is_current = hashes.get(record.about) == record.hash
                if is_current:
                    verdicts[record.about] = record.verdict
                else:
                    verdicts.setdefault(record.about, "changed")
            _add_counts(self.reviews, {file.reviewer: dict(Counter(verdicts.values()))})
            for name, verdict in verdicts.items():
                if verdict != "changed":
                    reviewers.setdefault(name, []).append(file.reviewer)
        joined = [" ".join(sorted(names)) for names in reviewers.values()]
        _add_counts(self.reviewed, Counter(joined))


class _Group:
    """The gold annotations of one class, each with the split and the id of its document."""

    def __init__(self, documents: Sequence[AnnotatedDocument], record_class: type) -> None:
        groups = [document.gold.by_class[record_class] for document in documents]
        metas = [document.meta for document in documents]
        self.records = list(chain.from_iterable(groups))
        self.doc_ids = [
            meta.doc_id for meta, group in zip(metas, groups, strict=True) for _ in group
        ]
        self.splits = [meta.split for meta, group in zip(metas, groups, strict=True) for _ in group]

    def values(self, field: str) -> Iterator[Any]:
        """Return one field of each record."""
        return map(attrgetter(field), self.records)


def _tally_document(document: AnnotatedDocument) -> DocumentTally:
    meta = document.meta
    published = f"{meta.published or 'unknown'} ({meta.published_basis})"
    counts: Counts = {
        name: len(document.gold.by_class[cls]) for name, cls in ANNOTATION_CLASSES.items()
    }
    return DocumentTally(
        meta.doc_id,
        published,
        meta.outlet,
        meta.outlet_basis,
        meta.event,
        meta.split,
        len(document.text),
        counts,
    )


def _add_counts(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Add numbers to numbers, sets to sets, lists to lists, and mappings of them to mappings."""
    for name, value in other.items():
        if isinstance(value, int):
            into[name] = into.get(name, 0) + value
        elif isinstance(value, set):
            into.setdefault(name, set()).update(value)
        elif isinstance(value, list):
            into.setdefault(name, []).extend(value)
        else:
            _add_counts(into.setdefault(name, {}), value)
