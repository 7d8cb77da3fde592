"""What a corpus holds, counted: the tables of ``readout stats`` and of the dataset card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, get_args

from readout import model
from readout.model import (
    ANNOTATION_CLASSES,
    AnnotatedDocument,
    Annotation,
    Corpus,
    Mention,
    Quote,
    Stance,
    Topic,
    annotation_type,
    main_spans,
)


class Table(NamedTuple):
    """A table of counts: a title, column names and rows, numbers as numbers."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def count_documents(corpus: Corpus) -> Table:
    """Return one row a document: where it comes from, its event, split and size."""
    rows = []
    for document in corpus.documents:
        meta = document.meta
        outlet = corpus.registries.speakers[meta.outlet].name if meta.outlet else "unknown"
        rows.append(
            (
                meta.doc_id,
                f"{meta.published or 'unknown'} ({meta.published_basis})",
                f"{outlet} ({meta.outlet_basis})",
                meta.event,
                meta.split,
                len(document.text),
            )
        )
    return Table("Documents", ("document", "published", "outlet", "event", "split", "characters"), rows)


def count_annotations(corpus: Corpus) -> Table:
    """Return the number of gold annotations of each type in each document, and in all."""
    rows = []
    total: Counter[str] = Counter()
    for document in corpus.documents:
        counts = Counter(annotation_type(record) for record in document.gold.records)
        total.update(counts)
        rows.append((document.meta.doc_id, *(counts[name] for name in ANNOTATION_CLASSES)))
    rows.append(("all", *(total[name] for name in ANNOTATION_CLASSES)))
    return Table("Gold annotations", ("document", *ANNOTATION_CLASSES), rows)


def count_labels(corpus: Corpus) -> Table:
    """Return how often each label occurs in each split and in all."""
    fields: tuple[tuple[type[Annotation], str, tuple[str, ...]], ...] = (
        (Stance, "polarity", get_args(model.Polarity)),
        (Stance, "expression", get_args(model.Expression)),
        (Quote, "form", get_args(model.Form)),
    )
    splits = get_args(model.Split)
    rows = []
    for record_class, name, labels in fields:
        counts = Counter(
            (document.meta.split, getattr(record, name))
            for document in corpus.documents
            for record in document.gold.records
            if isinstance(record, record_class)
        )
        for label in labels:
            numbers = [counts[split, label] for split in splits]
            rows.append((name, label, *numbers, sum(numbers)))
    return Table("Labels", ("field", "label", *splits, "all"), rows)


def count_speakers(corpus: Corpus) -> Table:
    """Return, for each speaker, the mentions, quotes and stances, the most quoted first."""
    mentions, quotes, stances = (
        _count_field(corpus, record_class, field)
        for record_class, field in ((Mention, "speaker"), (Quote, "speaker"), (Stance, "holder"))
    )
    rows = [
        (speaker.name, speaker.kind, mentions[name], quotes[name], stances[name])
        for name, speaker in corpus.registries.speakers.items()
    ]
    rows.sort(key=lambda row: (-row[3], -row[4], -row[2], row[0]))
    return Table("Speakers", ("speaker", "kind", "mentions", "quotes", "stances"), rows)


def count_topics(corpus: Corpus) -> Table:
    """Return, for each topic, its passages, the documents that hold one, and the characters they cover."""
    passages = _count_field(corpus, Topic, "topic")
    characters: Counter[str] = Counter()
    documents: Counter[str] = Counter()
    for document in corpus.documents:
        topics = [record for record in document.gold.records if isinstance(record, Topic)]
        documents.update({record.topic for record in topics})
        for record in topics:
            characters[record.topic] += sum(span.end - span.start for span in main_spans(record))
    rows = [
        (topic.label, passages[name], documents[name], characters[name])
        for name, topic in corpus.registries.topics.items()
    ]
    return Table("Topics", ("topic", "passages", "documents", "characters"), sorted(rows, key=lambda r: (-r[1], r[0])))


def count_targets(corpus: Corpus) -> Table:
    """Return, for each target, the stances of each polarity and the number of holders."""
    polarities = get_args(model.Polarity)
    counts: Counter[tuple[str, str]] = Counter()
    holders: dict[str, set[str]] = {}
    for record in _iter_gold(corpus.documents, Stance):
        counts[record.target, record.polarity] += 1
        holders.setdefault(record.target, set()).add(record.holder)
    rows: list[tuple[Any, ...]] = [
        (target.proposition, *(counts[name, polarity] for polarity in polarities), len(holders.get(name, ())))
        for name, target in corpus.registries.targets.items()
    ]
    rows.sort(key=lambda row: (-sum(row[1:4]), row[0]))
    return Table("Targets", ("proposition", *polarities, "holders"), rows)


def list_annotators(corpus: Corpus) -> Table:
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
        for each in corpus.registries.annotators.values()
    ]
    return Table("Annotators", ("annotator", "kind", "model family", "guidelines", "date", "what it saw"), rows)


def list_statements(corpus: Corpus) -> Table:
    """Return one row a statement that more than one quote reports."""
    clusters: dict[str, list[tuple[str, Quote]]] = {}
    for document in corpus.documents:
        for record in document.gold.records:
            if isinstance(record, Quote) and record.statement:
                clusters.setdefault(record.statement, []).append((document.meta.doc_id, record))
    rows = [
        (
            name,
            len(quotes),
            len({doc_id for doc_id, _ in quotes}),
            " / ".join(q.content[0].exact[:60] for _, q in quotes),
        )
        for name, quotes in sorted(clusters.items())
    ]
    return Table("Statements reported more than once", ("statement", "quotes", "documents", "beginnings"), rows)


def _iter_gold(documents: Iterable[AnnotatedDocument], record_class: type[Any]) -> Iterable[Any]:
    for document in documents:
        yield from (record for record in document.gold.records if isinstance(record, record_class))


def _count_field(corpus: Corpus, record_class: type[Any], field: str) -> Counter[str]:
    return Counter(getattr(record, field) for record in _iter_gold(corpus.documents, record_class))


TABLES: Mapping[str, Callable[[Corpus], Table]] = {
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
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def print_table(table: Table) -> None:
    """Print a table to the terminal, wrapped to its width."""
    from rich.console import Console
    from rich.table import Table as Grid

    grid = Grid(title=table.title, title_justify="left", title_style="bold")
    for index, column in enumerate(table.columns):
        numeric = all(isinstance(row[index], int | float) for row in table.rows)
        grid.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in table.rows:
        grid.add_row(*map(str, row))
    Console().print(grid)
