"""Tables of counts for ``readout stats`` and the dataset card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from readout import model
from readout.corpus.tally import Tally
from readout.model import ANNOTATION_CLASSES, Registries
from readout.report.tables import Report, Table, to_records


def count_documents(tally: Tally, registries: Registries) -> Table:
    """Return one row per document: its origin, event, split and size in code points."""
    rows = []
    for each in tally.listed:
        speaker = registries.speakers.get(each.outlet or "")
        name = speaker.name if speaker else each.outlet or "unknown"
        outlet = f"{name} ({each.outlet_basis})"
        rows.append((each.doc_id, each.published, outlet, each.event, each.split, each.characters))
    columns = ("document", "published", "outlet", "event", "split", "characters")
    return Table("Documents", columns, rows, _note_omissions(tally))


def _note_omissions(tally: Tally) -> str:
    more = tally.documents - len(tally.listed)
    if not more:
        return ""
    return f"The first {len(tally.listed)} documents by id; {more} more are not listed."


def count_annotations(tally: Tally, registries: Registries) -> Table:
    """Return one row per document, and one for all: its gold annotations by type."""
    named_counts = [(each.doc_id, each.annotations) for each in tally.listed]
    named_counts.append(("all", tally.annotations))
    rows = [(name, *_list_counts(counts, ANNOTATION_CLASSES)) for name, counts in named_counts]
    columns = ("document", *ANNOTATION_CLASSES)
    return Table("Gold annotations", columns, rows, _note_omissions(tally))


def _list_counts(counts: Mapping[str, int], names: Iterable[str]) -> list[int]:
    """Return the count of each name, 0 if it has none."""
    return [counts.get(name, 0) for name in names]


def count_labels(tally: Tally, registries: Registries) -> Table:
    """Return one row per label: how often it occurs in each split, and in all."""
    fields = (("polarity", model.Polarity), ("expression", model.Expression), ("form", model.Form))
    splits = get_args(model.Split)
    rows = []
    for field, labels in fields:
        for label in get_args(labels):
            counts = tally.labels.get(field, {}).get(label, {})
            rows.append((field, label, *_list_counts(counts, splits), sum(counts.values())))
    return Table("Labels", ("field", "label", *splits, "all"), rows)


def count_speakers(tally: Tally, registries: Registries) -> Table:
    """Return one row per speaker, the most quoted first: mentions, quotes and stances."""
    rows: list[tuple[Any, ...]] = []
    for name, speaker in registries.speakers.items():
        counts = [each.get(name, 0) for each in (tally.mentions, tally.quotes, tally.stances)]
        rows.append((speaker.name, speaker.kind, *counts))
    rows.sort(key=lambda row: (-row[3], -row[4], -row[2], row[0]))
    return Table("Speakers", ("speaker", "kind", "mentions", "quotes", "stances"), rows)


def count_topics(tally: Tally, registries: Registries) -> Table:
    """Return one row per topic: its passages, and their documents and characters."""
    fields = ("passages", "documents", "characters")
    rows: list[tuple[Any, ...]] = []
    for name, topic in registries.topics.items():
        rows.append((topic.label, *_list_counts(tally.topics.get(name, {}), fields)))
    rows.sort(key=lambda row: (-row[1], row[0]))
    return Table("Topics", ("topic", *fields), rows)


def count_targets(tally: Tally, registries: Registries) -> Table:
    """Return one row per target: its stances by polarity, and the number of holders."""
    polarities = get_args(model.Polarity)
    rows: list[tuple[Any, ...]] = []
    for name, target in registries.targets.items():
        counts = _list_counts(tally.targets.get(name, {}), polarities)
        rows.append((target.proposition, *counts, len(tally.holders.get(name, ()))))
    rows.sort(key=lambda row: (-sum(row[1:4]), row[0]))
    return Table("Targets", ("proposition", *polarities, "holders"), rows)


def list_annotators(tally: Tally, registries: Registries) -> Table:
    """Return one row per annotator: who made a layer, and what they had seen."""
    columns = ("annotator", "kind", "model family", "guidelines", "date", "what it saw")
    rows = []
    for each in registries.annotators.values():
        family = each.model_family or "—"
        date = each.date or "unknown"
        version = each.guidelines_version
        rows.append((each.annotator_id, each.kind, family, version, date, each.saw))
    return Table("Annotators", columns, rows)


def list_statements(tally: Tally, registries: Registries) -> Table:
    """Return one row per statement: the quotes that report it."""
    rows = []
    for name, quotes in sorted(tally.statements.items()):
        quotes = sorted(quotes, key=lambda quote: quote[0])
        documents = {doc_id for doc_id, _ in quotes}
        beginnings = " / ".join([text for _, text in quotes])
        rows.append((name, len(quotes), len(documents), beginnings))
    columns = ("statement", "quotes", "documents", "beginnings")
    return Table("Statements reported more than once", columns, rows)


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


def report_tables(names: Iterable[str], tally: Tally, registries: Registries) -> Report:
    """Return the report that consists of the tables of these names."""
    tables = {name: TABLES[name](tally, registries) for name in names}
    data = {name: to_records(table) for name, table in tables.items()}
    return Report((), tuple(tables.values()), data)
