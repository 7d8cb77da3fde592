"""The tasks: what a system is shown, and the gold answer, made from the annotations by written rules. No I/O.

Offsets are code points of the document's text, end excluded. Ids are ``<doc_id>#<rest>``, or the bare ``doc_id`` where
an item is a whole document, so they stay what they are when other documents or annotations are added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from readout.model import (
    AnnotatedDocument,
    Corpus,
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
Shape: TypeAlias = Literal["label", "spans", "tuples", "quotations"]
"""The form of an answer: one label, ``[start, end]`` lists, stance tuples, or quotations."""


class Item(msgspec.Struct, frozen=True):
    """One question. ``inputs`` is all that a system may see; ``gold`` is the answer."""

    id: str
    task: str
    doc_id: str
    event: str
    inputs: Mapping[str, Any]
    gold: Any


class Task(msgspec.Struct, frozen=True):
    """A kind of question. ``labels`` are the answers in fixed order, None where they are open or are spans."""

    name: str
    shape: Shape
    labels: tuple[str, ...] | None
    summary: str
    iter_items: Callable[[AnnotatedDocument, Registries], Iterator[Item]]

    def build(self, corpus: Corpus) -> list[Item]:
        """Return the items of all documents, in the order of the corpus."""
        return [item for document in corpus.documents for item in self.iter_items(document, corpus.registries)]


def _item(task: str, document: AnnotatedDocument, name: str | None, inputs: Mapping[str, Any], gold: Any) -> Item:
    meta = document.meta
    return Item(f"{meta.doc_id}#{name}" if name else meta.doc_id, task, meta.doc_id, meta.event, inputs, gold)


def _iter_gold(document: AnnotatedDocument, record_class: type[Any]) -> Iterator[Any]:
    return (record for record in document.gold.records if isinstance(record, record_class))


# ---------------------------------------------------------------- what systems see


def merge(spans: Iterable[Span]) -> list[list[int]]:
    """Return spans as sorted, disjoint ``[start, end]`` lists; spans that touch become one."""
    merged: list[list[int]] = []
    for start, end in sorted((span.start, span.end) for span in spans):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged


def _passage(document: AnnotatedDocument, spans: Sequence[Span]) -> dict[str, Any]:
    start, end = Paragraphs(document.text).cover(spans[0].start, spans[-1].end)
    return {
        "text": " ".join(span.exact for span in spans),
        "spans": [[span.start, span.end] for span in spans],
        "context": document.text[start:end],
        "context_start": start,
    }


def _question(holder: str, target: str, registries: Registries) -> dict[str, Any]:
    meant = registries.targets[target]
    return {
        "holder": holder,
        "holder_name": registries.speakers[holder].name,
        "holder_kind": registries.speakers[holder].kind,
        "target": target,
        "target_label": meant.label,
        "proposition": meant.proposition,
        "favor_means": meant.favor_means,
        "against_means": meant.against_means,
    }


def _whole_text(document: AnnotatedDocument) -> dict[str, Any]:
    meta = document.meta
    return {"text": document.text, "title": meta.title, "published": meta.published, "outlet": meta.outlet}


def _speakers(registries: Registries) -> list[dict[str, Any]]:
    return [
        {"speaker": name, "name": entry.name, "kind": entry.kind, "aliases": list(entry.aliases)}
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
        inputs = {**_passage(document, record.evidence), **_question(record.holder, record.target, registries)}
        yield _item("polarity", document, record.id, inputs, record.polarity)


def _iter_evidence(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    spans: dict[tuple[str, str], list[Span]] = {}
    for record in _iter_gold(document, Stance):
        spans.setdefault((record.holder, record.target), []).extend(record.evidence)
    for (holder, target), evidence in sorted(spans.items()):
        inputs = {**_whole_text(document), **_question(holder, target, registries)}
        yield _item("evidence", document, f"{holder}.{target}", inputs, merge(evidence))


def _iter_tuples(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    gold = [
        {
            "holder": record.holder,
            "target": record.target,
            "polarity": record.polarity,
            "evidence": [[span.start, span.end] for span in record.evidence],
        }
        for record in _iter_gold(document, Stance)
    ]
    inputs = {**_whole_text(document), "speakers": _speakers(registries), "targets": _targets(registries)}
    yield _item("tuples", document, None, inputs, gold)


# ---------------------------------------------------------------- stances of a paragraph, and none


def _iter_stance(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    paragraphs = Paragraphs(document.text)
    for number, (start, end) in enumerate(paragraphs.spans):
        passage = {"text": document.text[start:end], "spans": [[start, end]]}
        for (holder, target), label in label_pairs(document, registries, start, end).items():
            inputs = {**passage, **_question(holder, target, registries)}
            yield _item("stance", document, f"p{number}.{holder}.{target}", inputs, label)


# ---------------------------------------------------------------- quotations


def _iter_attribution(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    for record in _iter_gold(document, Quote):
        inputs = {
            **_passage(document, record.content),
            "document": document.text,
            "speakers": _speakers(registries),
        }
        yield _item("attribution", document, record.id, inputs, record.speaker)


def _iter_quotations(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    mentions = {record.id: record.span for record in _iter_gold(document, Mention)}
    gold = []
    for record in _iter_gold(document, Quote):
        source = mentions.get(record.source or "")
        gold.append(
            {
                "source": [source.start, source.end] if source else None,
                "cue": [[span.start, span.end] for span in record.cue],
                "content": [[span.start, span.end] for span in record.content],
                "speaker": record.speaker,
            }
        )
    inputs = {**_whole_text(document), "speakers": _speakers(registries)}
    yield _item("quotations", document, None, inputs, gold)


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task(
            "polarity",
            "label",
            get_args(Polarity),
            "Given the evidence, its holder and target: is it favor, against or neutral?",
            _iter_polarity,
        ),
        Task(
            "stance",
            "label",
            STANCES,
            "Given a paragraph, a holder and a target: is the holder in favor of it there, against it, or neither?",
            _iter_stance,
        ),
        Task(
            "evidence",
            "spans",
            None,
            "Given a document, a holder and a target: which spans show the holder's stance?",
            _iter_evidence,
        ),
        Task(
            "tuples",
            "tuples",
            None,
            "Given a document: which stances are there (holder, target, polarity, evidence)?",
            _iter_tuples,
        ),
        Task("attribution", "label", None, "Given the content of a quote: who is its speaker?", _iter_attribution),
        Task(
            "quotations",
            "quotations",
            None,
            "Given a document: which quotes are there (source, cue, content, speaker)?",
            _iter_quotations,
        ),
    )
}
"""Every task by its name."""


class UnknownTaskError(RefusedError):
    """There is no task of that name, or the corpus has nothing to ask for it."""


def find_items(corpus: Corpus, task: str) -> list[Item]:
    """Return the items of a task by its name.

    Raises:
        UnknownTaskError: there is no such task, or nothing is annotated for it.

    """
    if task not in TASKS:
        raise UnknownTaskError(f"There is no task {task!r}. Use one of {', '.join(TASKS)}.")
    items = TASKS[task].build(corpus)
    if not items:
        raise UnknownTaskError(f"Nothing is annotated for the task {task!r}.")
    return items


ANSWERED = frozenset({"favor", "against"})


def label_pairs(
    document: AnnotatedDocument, registries: Registries, start: int, end: int
) -> dict[tuple[str, str], str]:
    """Return favor, against or none for each pair of a holder and a target that are both present in a paragraph.

    A holder is present who is mentioned there, speaks there or takes a stance there; a target is present that
    somebody's words there bear on, also without a position. A pair is *favor* or *against* when a stance of that
    polarity has evidence in the paragraph, and *none* otherwise: nobody annotated a position there, or only that the
    holder leaves it open (``neutral``). Two kinds of pairs are left out, as the text settles no single answer: those
    that are both favor and against, and those without a stance where a group that the holder belongs to, or a member
    of the group that the holder is, does take one.
    """
    holders = {record.speaker for record in _iter_inside(document, (Mention, Quote), start, end)}
    polarities: dict[tuple[str, str], set[Polarity]] = {}
    for record in _iter_inside(document, (Stance,), start, end):
        polarities.setdefault((record.holder, record.target), set()).add(record.polarity)
    holders |= {holder for holder, _ in polarities}
    taken = {pair: found & ANSWERED for pair, found in polarities.items() if found & ANSWERED}
    return {
        (holder, target): min(taken.get((holder, target), {"none"}))
        for holder in sorted(holders)
        for target in sorted({target for _, target in polarities})
        if len(taken.get((holder, target), ())) < 2
        and ((holder, target) in taken or not any((kin, target) in taken for kin in _kin(holder, registries)))
    }


def _kin(holder: str, registries: Registries) -> set[str]:
    """Return the members of a group, and the groups of a member."""
    groups = {name for name, entry in registries.speakers.items() if holder in entry.members}
    return groups | set(registries.speakers[holder].members)


def _iter_inside(document: AnnotatedDocument, classes: tuple[type[Any], ...], start: int, end: int) -> Iterator[Any]:
    for record in document.gold.records:
        if isinstance(record, classes):
            if any(span.start < end and start < span.end for _, span in iter_spans(record)):
                yield record
