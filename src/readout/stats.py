"""What a corpus holds, counted: the tables of ``readout stats`` and of the dataset card.

Documents are counted into a :class:`Tally`. Tallies add up, in any order and grouping, and are plain data, so that
parts of a corpus can be counted at different times and places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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


class DocumentTally(msgspec.Struct, frozen=True):
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

    def add_document(self, document: AnnotatedDocument) -> None:
        """Count one document."""
        groups: dict[type, list[Any]] = {cls: [] for cls in ANNOTATION_CLASSES.values()}
        for record in document.gold.records:
            groups[type(record)].append(record)
        counts: Counts = {name: len(groups[cls]) for name, cls in ANNOTATION_CLASSES.items()}
        self.documents += 1
        self._list(document, counts)
        _add(self.annotations, counts)
        _count(self.mentions, [mention.speaker for mention in groups[Mention]])
        self._count_quotes(document.meta, groups[Quote])
        self._count_stances(document.meta, groups[Stance])
        self._count_topics(groups[Topic])

    def _list(self, document: AnnotatedDocument, counts: Counts) -> None:
        meta = document.meta
        if len(self.listed) >= LISTED and meta.doc_id >= self.listed[-1].doc_id:
            return
        published = f"{meta.published or 'unknown'} ({meta.published_basis})"
        each = DocumentTally(
            meta.doc_id, published, meta.outlet, meta.outlet_basis, meta.event, meta.split, len(document.text), counts
        )
        self.listed = sorted([*self.listed, each], key=lambda each: each.doc_id)[:LISTED]

    def _label(self, field: str, split: str, labels: Iterable[str]) -> None:
        counts = self.labels.setdefault(field, {})
        for label in labels:
            of_label = counts.setdefault(label, {})
            of_label[split] = of_label.get(split, 0) + 1

    def _count_quotes(self, meta: model.Document, quotes: Iterable[Quote]) -> None:
        _count(self.quotes, [quote.speaker for quote in quotes])
        self._label("form", meta.split, [quote.form for quote in quotes])
        for quote in quotes:
            if quote.statement:
                beginning = quote.content[0].exact[:60]
                self.statements.setdefault(quote.statement, []).append((meta.doc_id, beginning))

    def _count_stances(self, meta: model.Document, stances: Iterable[Stance]) -> None:
        _count(self.stances, [stance.holder for stance in stances])
        self._label("polarity", meta.split, [stance.polarity for stance in stances])
        self._label("expression", meta.split, [stance.expression for stance in stances])
        for stance in stances:
            _count(self.targets.setdefault(stance.target, {}), (stance.polarity,))
            self.holders.setdefault(stance.target, set()).add(stance.holder)

    def _count_topics(self, topics: Iterable[Topic]) -> None:
        for topic in topics:
            characters = sum([span.end - span.start for span in topic.spans])
            _add(self.topics.setdefault(topic.topic, {}), {"passages": 1, "characters": characters})
        for name in {topic.topic for topic in topics}:
            _count(self.topics[name], ("documents",))


def _count(counts: Counts, names: Iterable[str]) -> None:
    for name in names:
        counts[name] = counts.get(name, 0) + 1


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
    for document in corpus.documents:
        tally.add_document(document)
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
