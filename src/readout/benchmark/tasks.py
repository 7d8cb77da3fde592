"""The tasks: the inputs that systems see, and the gold answers, built from the annotations.

Offsets are code points of the document's text, end excluded. An item's id is ``<doc_id>#<rest>``,
or the bare ``doc_id`` if the item asks about a whole document. Adding documents or annotations
changes no id. This module does no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from readout.model import (
    AnnotatedDocument,
    Corpus,
    Item,
    Mention,
    Polarity,
    Quote,
    Registries,
    Span,
    Stance,
    iter_spans,
)
from readout.problem import RefusedError
from readout.text.tokens import Paragraphs

STANCES = ("favor", "against", "none")
SIDES = frozenset({"favor", "against"})
Pair: TypeAlias = tuple[str, str]
"""A holder and a target, by their ids."""
Shape: TypeAlias = Literal["label", "spans", "tuples", "quotations"]
"""The form of an answer: one label, ``[start, end]`` lists, stance tuples, or quotations."""


class Task(msgspec.Struct, frozen=True):
    """A kind of question.

    ``labels`` lists the possible answers in a fixed order. It is None if the set of labels is open,
    or if answers are not labels.
    """

    name: str
    shape: Shape
    labels: tuple[str, ...] | None
    summary: str
    iter_items: Callable[[AnnotatedDocument, Registries], Iterator[Item]]

    def build(self, corpus: Corpus) -> list[Item]:
        """Return the items of all documents, in the order of the corpus."""
        items: list[Item] = []
        for document in corpus.documents:
            items += self.iter_items(document, corpus.registries)
        return items


def _make_item(
    task: str, document: AnnotatedDocument, name: str | None, inputs: Mapping[str, Any], gold: Any
) -> Item:
    meta = document.meta
    id_ = f"{meta.doc_id}#{name}" if name else meta.doc_id
    holder, target = inputs.get("holder"), inputs.get("target")
    return Item(id_, task, meta.doc_id, meta.event, holder, target, inputs, gold)


def _iter_gold(document: AnnotatedDocument, record_class: type[Any]) -> Iterator[Any]:
    return (record for record in document.gold.records if isinstance(record, record_class))


# ---------------------------------------------------------------- inputs


def merge_spans(spans: Iterable[Span]) -> list[list[int]]:
    """Return spans as sorted, disjoint ``[start, end]`` lists; spans that touch become one."""
    merged: list[list[int]] = []
    for start, end in sorted((span.start, span.end) for span in spans):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged


def _to_offsets(spans: Iterable[Span]) -> list[list[int]]:
    return [[span.start, span.end] for span in spans]


def _passage(document: AnnotatedDocument, spans: Sequence[Span]) -> dict[str, Any]:
    start, end = Paragraphs(document.text).cover(spans[0].start, spans[-1].end)
    return {
        "text": " ".join(span.exact for span in spans),
        "spans": _to_offsets(spans),
        "context": document.text[start:end],
        "context_start": start,
    }


def _question(holder: str, target: str, registries: Registries) -> dict[str, Any]:
    speaker = registries.speakers[holder]
    entry = registries.targets[target]
    return {
        "holder": holder,
        "holder_name": speaker.name,
        "holder_kind": speaker.kind,
        "target": target,
        "target_label": entry.label,
        "proposition": entry.proposition,
        "favor_means": entry.favor_means,
        "against_means": entry.against_means,
    }


def _whole_text(document: AnnotatedDocument) -> dict[str, Any]:
    meta = document.meta
    return {
        "text": document.text,
        "title": meta.title,
        "published": meta.published,
        "outlet": meta.outlet,
    }


def _speakers(registries: Registries) -> list[dict[str, Any]]:
    return [
        {
            "speaker": name,
            "name": entry.name,
            "kind": entry.kind,
            "aliases": list(entry.aliases),
        }
        for name, entry in registries.speakers.items()
    ]


def _targets(registries: Registries) -> list[dict[str, Any]]:
    return [
        {"target": name, "label": entry.label, "proposition": entry.proposition}
        for name, entry in registries.targets.items()
    ]


# ---------------------------------------------------------------- stances


def _iter_polarity(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    for record in _iter_gold(document, Stance):
        passage = _passage(document, record.evidence)
        question = _question(record.holder, record.target, registries)
        yield _make_item("polarity", document, record.id, {**passage, **question}, record.polarity)


def _iter_evidence(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    evidence: dict[Pair, list[Span]] = {}
    for record in _iter_gold(document, Stance):
        evidence.setdefault((record.holder, record.target), []).extend(record.evidence)

    for (holder, target), spans in sorted(evidence.items()):
        inputs = {**_whole_text(document), **_question(holder, target, registries)}
        yield _make_item("evidence", document, f"{holder}.{target}", inputs, merge_spans(spans))


def _iter_tuples(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    gold = [
        {
            "holder": record.holder,
            "target": record.target,
            "polarity": record.polarity,
            "evidence": _to_offsets(record.evidence),
        }
        for record in _iter_gold(document, Stance)
    ]
    inputs = {
        **_whole_text(document),
        "speakers": _speakers(registries),
        "targets": _targets(registries),
    }
    yield _make_item("tuples", document, None, inputs, gold)


# ---------------------------------------------------------------- stances in a paragraph


def _iter_stance(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    for number, (start, end) in enumerate(Paragraphs(document.text).spans):
        passage = {"text": document.text[start:end], "spans": [[start, end]]}
        for (holder, target), label in label_pairs(document, registries, start, end).items():
            inputs = {**passage, **_question(holder, target, registries)}
            yield _make_item("stance", document, f"p{number}.{holder}.{target}", inputs, label)


def label_pairs(
    document: AnnotatedDocument, registries: Registries, start: int, end: int
) -> dict[Pair, str]:
    """Return favor, against or none for each holder and target that are present in a paragraph.

    ``start`` and ``end`` are the paragraph's offsets. A holder is present if the paragraph mentions
    or quotes them, or shows a stance of theirs. A target is present if a stance of any polarity
    towards it has evidence in the paragraph.

    The label is *favor* or *against* if a stance of that polarity has evidence in the paragraph,
    and *none* otherwise: either no stance is annotated there, or only a neutral one. Pairs whose
    answer the text does not settle are left out: those that are both favor and against, and those
    without a stance if a group of the holder, or a member of the group that the holder is, takes
    one.
    """
    present = _iter_inside(document, (Mention, Quote), start, end)
    holders = {record.speaker for record in present}
    targets = set()
    taken: dict[Pair, set[str]] = {}
    for record in _iter_inside(document, (Stance,), start, end):
        holders.add(record.holder)
        targets.add(record.target)
        if record.polarity in SIDES:
            taken.setdefault((record.holder, record.target), set()).add(record.polarity)

    labels = {}
    for holder in sorted(holders):
        kin = _find_kin(holder, registries)
        for target in sorted(targets):
            polarities = taken.get((holder, target), set())
            is_taken_by_kin = any((name, target) in taken for name in kin)
            if len(polarities) == 1:
                labels[holder, target] = min(polarities)
            elif not polarities and not is_taken_by_kin:
                labels[holder, target] = "none"
    return labels


def _find_kin(holder: str, registries: Registries) -> set[str]:
    """Return the members of a group and the groups of a member."""
    groups = {name for name, entry in registries.speakers.items() if holder in entry.members}
    return groups | set(registries.speakers[holder].members)


def _iter_inside(
    document: AnnotatedDocument, classes: tuple[type[Any], ...], start: int, end: int
) -> Iterator[Any]:
    """Yield the gold records of some classes that share a character with a passage."""
    for record in document.gold.records:
        if isinstance(record, classes):
            if any(span.start < end and start < span.end for _, span in iter_spans(record)):
                yield record


# ---------------------------------------------------------------- quotations


def _iter_attribution(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    for record in _iter_gold(document, Quote):
        inputs = {
            **_passage(document, record.content),
            "document": document.text,
            "speakers": _speakers(registries),
        }
        yield _make_item("attribution", document, record.id, inputs, record.speaker)


def _iter_quotations(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    mentions = {record.id: record.span for record in _iter_gold(document, Mention)}
    gold = []
    for record in _iter_gold(document, Quote):
        source = mentions.get(record.source or "")
        gold.append(
            {
                "source": [source.start, source.end] if source else None,
                "cue": _to_offsets(record.cue),
                "content": _to_offsets(record.content),
                "speaker": record.speaker,
            }
        )

    inputs = {**_whole_text(document), "speakers": _speakers(registries)}
    yield _make_item("quotations", document, None, inputs, gold)


# ---------------------------------------------------------------- the table of tasks

_POLARITY = Task(
    "polarity",
    "label",
    get_args(Polarity),
    "Given the evidence, its holder and target: is it favor, against or neutral?",
    _iter_polarity,
)
_STANCE = Task(
    "stance",
    "label",
    STANCES,
    "Given a paragraph, a holder and a target: "
    "is the holder in favor of it there, against it, or neither?",
    _iter_stance,
)
_EVIDENCE = Task(
    "evidence",
    "spans",
    None,
    "Given a document, a holder and a target: which spans show the holder's stance?",
    _iter_evidence,
)
_TUPLES = Task(
    "tuples",
    "tuples",
    None,
    "Given a document: which stances does it contain (holder, target, polarity, evidence)?",
    _iter_tuples,
)
_ATTRIBUTION = Task(
    "attribution",
    "label",
    None,
    "Given the content of a quote: who is its speaker?",
    _iter_attribution,
)
_QUOTATIONS = Task(
    "quotations",
    "quotations",
    None,
    "Given a document: which quotes does it contain (source, cue, content, speaker)?",
    _iter_quotations,
)

TASKS: Mapping[str, Task] = {
    task.name: task for task in (_POLARITY, _STANCE, _EVIDENCE, _TUPLES, _ATTRIBUTION, _QUOTATIONS)
}
"""Every task by its name."""


class UnknownTaskError(RefusedError):
    """There is no task of that name, or it has no items."""


def build_all_items(corpus: Corpus) -> dict[str, list[Item]]:
    """Return the items of each task that the corpus has annotations for."""
    built = {name: task.build(corpus) for name, task in TASKS.items()}
    return {name: items for name, items in built.items() if items}


def find_items(items: Mapping[str, list[Item]], task: str) -> list[Item]:
    """Return the items of a task by its name.

    Raises:
        UnknownTaskError: there is no such task, or it has no items.

    """
    if task not in TASKS:
        raise UnknownTaskError(f"There is no task {task!r}. Use one of {', '.join(TASKS)}.")
    if task not in items:
        raise UnknownTaskError(f"The corpus has no annotations for the task {task!r}.")
    return items[task]
