"""What a corpus holds: the tables of ``readout stats`` and of the dataset card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from readout import model
from readout.corpus.tally import Tally
from readout.model import ANNOTATION_CLASSES, Registries
from readout.report.tables import _LATEX, Report, Table, to_records


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
    return (
        f"The first {len(tally.listed)} documents by id; {more} more are not listed."
        if more
        else ""
    )


def count_annotations(tally: Tally, registries: Registries) -> Table:
    """Return the number of gold annotations of each type in each document, and in all."""
    rows = [
        (each.doc_id, *(each.annotations.get(name, 0) for name in ANNOTATION_CLASSES))
        for each in tally.listed
    ]
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
            rows.append(
                (field, label, *(counts.get(split, 0) for split in splits), sum(counts.values()))
            )
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
    return Table(
        "Annotators",
        ("annotator", "kind", "model family", "guidelines", "date", "what it saw"),
        rows,
    )


def list_statements(tally: Tally, registries: Registries) -> Table:
    """Return one row a statement that more than one quote reports."""
    rows = []
    for name, quotes in sorted(tally.statements.items()):
        quotes = sorted(quotes, key=lambda quote: quote[0])
        rows.append(
            (
                name,
                len(quotes),
                len({doc_id for doc_id, _ in quotes}),
                " / ".join(text for _, text in quotes),
            )
        )
    return Table(
        "Statements reported more than once",
        ("statement", "quotes", "documents", "beginnings"),
        rows,
    )


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
    """Return the tables of these names as a report."""
    tables = {name: TABLES[name](tally, registries) for name in names}
    data = {name: to_records(each) for name, each in tables.items()}
    return Report((), tuple(tables.values()), data)


# ---------------------------------------------------------------- renderings


_LATEX |= {sign: "\\" + sign for sign in "&%$#_{}"} | {"^": r"\textasciicircum{}"}
