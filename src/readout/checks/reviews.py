"""Rules about reviews: what annotators think of the annotations of gold.

A review of an annotation that changed since is no problem: the annotation counts as unreviewed.
"""

from __future__ import annotations

from collections.abc import Iterator

from readout.checks.references import may_exist
from readout.model import AnnotatedDocument, ReviewFile
from readout.problem import Finding, Rule, find_close, rule


@rule("reviewed-item", "reference", "warning")
def reviewed_item(file: ReviewFile, document: AnnotatedDocument) -> Iterator[Finding]:
    """Every review is about an annotation of gold, or says that it is to be dropped."""
    gold = document.gold
    for index, record in enumerate(file.records):
        if record.verdict == "drop" or record.about in gold.types or may_exist(record.about, gold):
            continue
        close = find_close(record.about, gold.types)
        hint = f"if {close!r} is meant, write it; if not, {_KEEP}" if close else _KEEP
        yield Finding(f"Gold has no annotation {record.about!r}.", ("about",), index, hint=hint)


_KEEP = "remove the line, unless the annotation was there when it was reviewed."


@rule("contradictory-review", "reference")
def contradictory_review(file: ReviewFile, document: AnnotatedDocument) -> Iterator[Finding]:
    """An annotator gives one verdict on what an annotation says."""
    first: dict[tuple[str, str], int] = {}
    for index, record in enumerate(file.records):
        earlier = first.setdefault((record.about, record.hash), index)
        other = file.records[earlier].verdict
        if record.verdict != other:
            message = (
                f"Got {record.verdict!r} for {record.about!r}. The review of the same on line "
                f"{file.lines[earlier]} says {other!r}."
            )
            hint = "ask the reviewer which of the two holds, and correct the other line."
            yield Finding(message, ("verdict",), index, hint=hint)


RULES: tuple[Rule, ...] = (reviewed_item, contradictory_review)
