"""What a corpus holds, counted: the tables of ``readout stats`` and of the dataset card.

Documents are counted into a :class:`Tally`. Tallies add up, in any order and grouping, and are plain data, so that
parts of a corpus can be counted at different times and places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple, get_args

import msgspec

from readout import model
from readout.model import (
    ANNOTATION_CLASSES,
    AnnotatedDocument,
    Corpus,
    Mention,
    Quote,
    Registries,
    Stance,
    Topic,
)


class Table(NamedTuple):
    """A table of counts: a title, column names and rows, numbers as numbers; ``note`` says what is left out."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    note: str = ""


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
    """Addable counts of gold annotations. ``listed`` are the first documents by id; names are ids of registries.

    ``labels`` maps field, then label, then split to a number; ``topics`` maps a topic to its passages, documents and
    characters; ``statements`` maps a statement to the document and the beginning of each quote that reports it.
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

    def add(self, other: Tally) -> None:
        """Add another tally to this one."""
        for name in self.__struct_fields__:
            if name not in ("documents", "listed"):
                _add(getattr(self, name), getattr(other, name))
        self.documents += other.documents
        self.listed = sorted([*self.listed, *other.listed], key=lambda each: each.doc_id)[:LISTED]

    def add_documents(self, documents: Sequence[AnnotatedDocument]) -> None:
        """Count some documents."""
        groups = {cls: _Group(documents, cls) for cls in ANNOTATION_CLASSES.values()}
        self.documents += len(documents)
        self._list(documents)
        _add(self.annotations, {name: len(groups[cls].records) for name, cls in ANNOTATION_CLASSES.items()})
        _add(self.mentions, Counter(groups[Mention].values("speaker")))
        self._count_quotes(groups[Quote])
        self._count_stances(groups[Stance])
        self._count_topics(groups[Topic])

    def _list(self, documents: Iterable[AnnotatedDocument]) -> None:
        last = self.listed[-1].doc_id if len(self.listed) >= LISTED else "\U0010ffff"
        more = [_tally_document(document) for document in documents if document.meta.doc_id < last]
        if more:
            self.listed = sorted([*self.listed, *more], key=lambda each: each.doc_id)[:LISTED]

    def _label(self, field: str, group: _Group) -> None:
        for (label, split), number in Counter(zip(group.values(field), group.splits, strict=True)).items():
            _add(self.labels, {field: {label: {split: number}}})

    def _count_quotes(self, group: _Group) -> None:
        _add(self.quotes, Counter(group.values("speaker")))
        self._label("form", group)
        if any(group.values("statement")):
            for quote, doc_id in zip(group.records, group.doc_ids, strict=True):
                if quote.statement:
                    _add(self.statements, {quote.statement: [(doc_id, quote.content[0].exact[:60])]})

    def _count_stances(self, group: _Group) -> None:
        _add(self.stances, Counter(group.values("holder")))
        self._label("polarity", group)
        self._label("expression", group)
        targets = list(group.values("target"))
        for (target, polarity), number in Counter(zip(targets, group.values("polarity"), strict=True)).items():
            _add(self.targets, {target: {polarity: number}})
        for target, holder in set(zip(targets, group.values("holder"), strict=True)):
            self.holders.setdefault(target, set()).add(holder)

    def _count_topics(self, group: _Group) -> None:
        topics = list(group.values("topic"))
        for topic, number in Counter(topics).items():
            _add(self.topics, {topic: {"passages": number, "characters": 0, "documents": 0}})
        for topic, spans in zip(topics, group.values("spans"), strict=True):
            self.topics[topic]["characters"] += sum([span.end - span.start for span in spans])
        for topic, _ in set(zip(topics, group.doc_ids, strict=True)):
            self.topics[topic]["documents"] += 1


class _Group:
    """The gold annotations of one class in some documents, with the split and the id of the document of each."""

    def __init__(self, documents: Sequence[AnnotatedDocument], record_class: type) -> None:
        groups = [document.gold.by_class[record_class] for document in documents]
        metas = [document.meta for document in documents]
        self.records = list(chain.from_iterable(groups))
        self.doc_ids = [meta.doc_id for meta, group in zip(metas, groups, strict=True) for _ in group]
        self.splits = [meta.split for meta, group in zip(metas, groups, strict=True) for _ in group]

    def values(self, field: str) -> Iterator[Any]:
        """Return one field of each record."""
        return map(attrgetter(field), self.records)


def _tally_document(document: AnnotatedDocument) -> DocumentTally:
    meta = document.meta
    published = f"{meta.published or 'unknown'} ({meta.published_basis})"
    counts: Counts = {name: len(document.gold.by_class[cls]) for name, cls in ANNOTATION_CLASSES.items()}
    return DocumentTally(
        meta.doc_id, published, meta.outlet, meta.outlet_basis, meta.event, meta.split, len(document.text), counts
    )


def _add(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Add numbers to numbers, sets to sets, lists to lists, and mappings of them to mappings."""
    for name, value in other.items():
        if isinstance(value, int):
            into[name] = into.get(name, 0) + value
        elif isinstance(value, set):
            into.setdefault(name, set()).update(value)
        elif isinstance(value, list):
            into.setdefault(name, []).extend(value)
        else:
            _add(into.setdefault(name, {}), value)


def tally_corpus(corpus: Corpus) -> Tally:
    """Return the counts of a whole corpus."""
    tally = Tally()
    tally.add_documents(corpus.documents)
    return tally


# ---------------------------------------------------------------- tables


def count_documents(tally: Tally, registries: Registries) -> Table:
    """Return one row a document: where it comes from, its event, split and size."""
    rows = []
    for each in tally.listed:
        speaker = registries.speakers.get(each.outlet or "")
        outlet = f"{speaker.name if speaker else each.outlet or 'unknown'} ({each.outlet_basis})"
        rows.append((each.doc_id, each.published, outlet, each.event, each.split, each.characters))
    columns = ("document", "published", "outlet", "event", "split", "characters")
    return Table("Documents", columns, rows, _cut_note(tally))


def _cut_note(tally: Tally) -> str:
    more = tally.documents - len(tally.listed)
    return f"The first {len(tally.listed)} documents by id; {more} more are not listed." if more else ""


def count_annotations(tally: Tally, registries: Registries) -> Table:
    """Return the number of gold annotations of each type in each document, and in all."""
    rows = [(each.doc_id, *(each.annotations.get(name, 0) for name in ANNOTATION_CLASSES)) for each in tally.listed]
    rows.append(("all", *(tally.annotations.get(name, 0) for name in ANNOTATION_CLASSES)))
    return Table("Gold annotations", ("document", *ANNOTATION_CLASSES), rows, _cut_note(tally))


def count_labels(tally: Tally, registries: Registries) -> Table:
    """Return how often each label occurs in each split and in all."""
    fields = (("polarity", model.Polarity), ("expression", model.Expression), ("form", model.Form))
    splits = get_args(model.Split)
    rows = []
    for field, labels in fields:
        for label in get_args(labels):
            counts = tally.labels.get(field, {}).get(label, {})
            rows.append((field, label, *(counts.get(split, 0) for split in splits), sum(counts.values())))
    return Table("Labels", ("field", "label", *splits, "all"), rows)


def count_speakers(tally: Tally, registries: Registries) -> Table:
    """Return, for each speaker, the mentions, quotes and stances, the most quoted first."""
    fields = (tally.mentions, tally.quotes, tally.stances)
    rows: list[tuple[Any, ...]] = [
        (speaker.name, speaker.kind, *(counts.get(name, 0) for counts in fields))
        for name, speaker in registries.speakers.items()
    ]
    rows.sort(key=lambda row: (-row[3], -row[4], -row[2], row[0]))
    return Table("Speakers", ("speaker", "kind", "mentions", "quotes", "stances"), rows)


def count_topics(tally: Tally, registries: Registries) -> Table:
    """Return, for each topic, its passages, the documents that hold one, and the characters they cover."""
    fields = ("passages", "documents", "characters")
    rows: list[tuple[Any, ...]] = [
        (topic.label, *(tally.topics.get(name, {}).get(field, 0) for field in fields))
        for name, topic in registries.topics.items()
    ]
    return Table("Topics", ("topic", *fields), sorted(rows, key=lambda row: (-row[1], row[0])))


def count_targets(tally: Tally, registries: Registries) -> Table:
    """Return, for each target, the stances of each polarity and the number of holders."""
    polarities = get_args(model.Polarity)
    rows: list[tuple[Any, ...]] = [
        (
            target.proposition,
            *(tally.targets.get(name, {}).get(polarity, 0) for polarity in polarities),
            len(tally.holders.get(name, ())),
        )
        for name, target in registries.targets.items()
    ]
    rows.sort(key=lambda row: (-sum(row[1:4]), row[0]))
    return Table("Targets", ("proposition", *polarities, "holders"), rows)


def list_annotators(tally: Tally, registries: Registries) -> Table:
    """Return one row an annotator: who made a layer, and what they had seen."""
    rows = [
        (
            each.annotator_id,
            each.kind,
            each.model_family or "—",
            each.guidelines_version,
            each.date or "unknown",
            each.saw,
        )
        for each in registries.annotators.values()
    ]
    return Table("Annotators", ("annotator", "kind", "model family", "guidelines", "date", "what it saw"), rows)


def list_statements(tally: Tally, registries: Registries) -> Table:
    """Return one row a statement that more than one quote reports."""
    rows = []
    for name, quotes in sorted(tally.statements.items()):
        quotes = sorted(quotes, key=lambda quote: quote[0])
        rows.append((name, len(quotes), len({doc_id for doc_id, _ in quotes}), " / ".join(text for _, text in quotes)))
    return Table("Statements reported more than once", ("statement", "quotes", "documents", "beginnings"), rows)


TABLES: Mapping[str, Callable[[Tally, Registries], Table]] = {
    "documents": count_documents,
    "annotations": count_annotations,
    "labels": count_labels,
    "speakers": count_speakers,
    "topics": count_topics,
    "targets": count_targets,
    "annotators": list_annotators,
    "statements": list_statements,
}
"""Every table by the name of its section in the card."""


def format_markdown(table: Table) -> str:
    """Return a table as Markdown, numbers to the right."""
    if not table.rows:
        return "None."
    numeric = [all(isinstance(row[i], int | float) for row in table.rows) for i in range(len(table.columns))]
    lines = [table.columns, tuple("---:" if right else "---" for right in numeric), *table.rows]
    text = "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)
    return f"{text}\n\n{table.note}" if table.note else text


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def print_table(table: Table) -> None:
    """Print a table to the terminal, wrapped to its width."""
    from rich.console import Console
    from rich.table import Table as Grid

    grid = Grid(title=table.title, caption=table.note or None, title_justify="left", title_style="bold")
    for index, column in enumerate(table.columns):
        numeric = all(isinstance(row[index], int | float) for row in table.rows)
        grid.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in table.rows:
        grid.add_row(*map(str, row))
    Console().print(grid)
