"""Tables of counts for ``readout stats`` and the dataset card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from readout import model
from readout.corpus.tally import Tally
from readout.model import ANNOTATION_CLASSES, Registries
from readout.report.intervals import Estimate, wilson_interval
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


def count_reviews(tally: Tally, registries: Registries) -> Table:
    """Return one row per reviewer, and one for all people and all models: what they reviewed."""
    total = sum(tally.annotations.values())
    rows: list[tuple[Any, ...]] = []
    for kind, name in (("human", "all people"), ("model", "all models")):
        reviewed = _count_reviewed(tally, registries, kind)
        share = f"{reviewed / total:.1%}" if total else "—"
        rows.append((name, kind, reviewed, share, *["—"] * (len(_VERDICTS) + 1)))
    for name, counts in sorted(tally.reviews.items()):
        verdicts = _list_counts(counts, _VERDICTS)
        reviewed = sum(verdicts)
        share = f"{reviewed / total:.1%}" if total else "—"
        row = (name, _find_kind(name, registries), reviewed, share, *verdicts)
        rows.append((*row, counts.get("changed", 0)))
    columns = ("reviewer", "kind", "reviewed", "share of gold", *_VERDICTS, "changed")
    return Table("Reviews of gold", columns, rows)


_VERDICTS = get_args(model.Verdict)


def _find_kind(name: str, registries: Registries) -> str:
    annotator = registries.annotators.get(name)
    return annotator.kind if annotator else "unknown"


def _count_reviewed(tally: Tally, registries: Registries, kind: str) -> int:
    """Return the number of gold annotations that some annotator of a kind reviewed."""
    reviewed = 0
    for names, count in tally.reviewed.items():
        kinds = {_find_kind(name, registries) for name in names.split()}
        if kind in kinds:
            reviewed += count
    return reviewed


def estimate_error_rate(verdicts: Mapping[str, int], size: int) -> Estimate | None:
    """Return the rate of errors in gold by the verdicts on a random sample, or None.

    An annotation to be changed or dropped is an error. If the reviewer is unsure, the lower end
    of the interval takes the annotation as right, and the upper end as wrong.
    """
    done = sum(verdicts.values())
    # Whoever skips the hard ones leaves a sample that is not random any more.
    if not done or done != size:
        return None
    errors = _count_errors(verdicts)
    low, high = wilson_interval(errors, errors + verdicts.get("unsure", 0), done)
    return Estimate(errors / done, low, high)


def _count_errors(verdicts: Mapping[str, int]) -> int:
    return verdicts.get("change", 0) + verdicts.get("drop", 0)


def estimate_errors(tally: Tally, registries: Registries) -> Table:
    """Return one row per random sample of gold that is reviewed, or begun."""
    rows = []
    for key, counts in sorted(tally.samples.items()):
        name, seed, size, population = key.split()
        errors, unsure = _count_errors(counts), counts.get("unsure", 0)
        done = sum(counts.values())
        rate = interval = "—"
        if estimate := estimate_error_rate(counts, int(size)):
            rate, interval = f"{estimate.value:.1%}", f"{estimate.low:.1%}–{estimate.high:.1%}"
        sample = f"{size} with seed {seed} of {population[:8]}"
        row = (name, _find_kind(name, registries), sample, done, errors, unsure)
        rows.append((*row, rate, interval))
    columns = (
        "reviewer",
        "kind",
        "sample",
        "reviewed",
        "errors",
        "unsure",
        "rate",
        "95 % interval",
    )
    return Table("Errors in random samples of gold", columns, rows)


TABLES: Mapping[str, Callable[[Tally, Registries], Table]] = {
    "documents": count_documents,
    "annotations": count_annotations,
    "labels": count_labels,
    "speakers": count_speakers,
    "topics": count_topics,
    "targets": count_targets,
    "annotators": list_annotators,
    "statements": list_statements,
    "reviews": count_reviews,
    "samples": estimate_errors,
}
"""Every table by the name of its section in the card."""


def report_tables(names: Iterable[str], tally: Tally, registries: Registries) -> Report:
    """Return the report that consists of the tables of these names."""
    tables = {name: TABLES[name](tally, registries) for name in names}
    data = {name: to_records(table) for name, table in tables.items()}
    return Report((), tuple(tables.values()), data)
