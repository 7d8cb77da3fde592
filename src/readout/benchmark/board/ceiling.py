"""Answer the items as annotators did, to show what a second reader of the same guidelines reaches.

An annotator's layer becomes predictions by the same rules that turn gold into answers. If gold asks
about something that the annotator did not annotate, the prediction is an empty answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from readout.benchmark.questions.items import merge_spans
from readout.benchmark.questions.paragraphs import (
    OPPOSITE,
    Pair,
    choose_label,
    find_evidence,
    list_places,
)
from readout.benchmark.tasks import TASKS
from readout.corpus.items import Answers
from readout.model import AnnotatedDocument, Corpus, Item, Polarity, Quote, Span
from readout.text.matching import dice


def list_full_annotators(corpus: Corpus) -> list[str]:
    """Return the annotators who have a layer for every document, in alphabetical order."""
    names = [_list_annotators(document) for document in corpus.documents]
    return sorted(set.intersection(*names)) if names else []


def _list_annotators(document: AnnotatedDocument) -> set[str]:
    return {layer.annotator for layer in document.layers if layer.annotator}


def answer_items(corpus: Corpus, items: Mapping[str, Sequence[Item]]) -> Answers:
    """Return the answers of each annotator to the items of each task.

    An annotator whose layers are all equal to gold is left out.
    """
    answers: dict[str, dict[str, dict[str, Any]]] = {}
    for name in list_full_annotators(corpus):
        documents = [_replace_gold(document, name) for document in corpus.documents]
        pairs = zip(documents, corpus.documents, strict=True)
        if any(own.gold.records != document.gold.records for own, document in pairs):
            own_corpus = replace(corpus, documents=tuple(documents))
            for task, asked in items.items():
                answers.setdefault(task, {})[name] = predict_items(own_corpus, task, asked)
    return answers


def _replace_gold(document: AnnotatedDocument, annotator: str) -> AnnotatedDocument:
    layer = next(layer for layer in document.layers if layer.annotator == annotator)
    return replace(document, gold=layer)


def predict_items(corpus: Corpus, task: str, items: Sequence[Item]) -> dict[str, Any]:
    """Return a prediction by item id for each item of gold.

    ``corpus`` has the annotator's layers in place of gold.
    """
    if task == "attribution":
        documents = {document.meta.doc_id: document for document in corpus.documents}
        return {item.id: _find_speaker(documents[item.doc_id], item) for item in items}
    if task in _ANSWER_FINDERS:
        return _predict_paragraphs(corpus, task, items)

    own = {item.id: item.gold for item in TASKS[task].build(corpus)}
    return {item.id: own.get(item.id, []) for item in items}


# ---------------------------------------------------------------- paragraphs


def _predict_paragraphs(corpus: Corpus, task: str, items: Sequence[Item]) -> dict[str, Any]:
    """Return the answers to items that ask about a paragraph, a holder and a target."""
    own = {}
    for document in corpus.documents:
        for place in list_places(document):
            for pair, polarities in find_evidence(document, place).items():
                own[document.meta.doc_id, place.number, pair] = polarities

    answers = {}
    for item in items:
        pair = Pair(item.inputs["holder"], item.inputs["target"])
        polarities = own.get((item.doc_id, item.inputs["paragraph"], pair), {})
        answer = _ANSWER_FINDERS[task](polarities)
        is_turned = item.inputs["proposition"] == corpus.registries.targets[pair.target].counter
        answers[item.id] = OPPOSITE.get(answer, answer) if is_turned else answer
    return answers


def _find_polarity(polarities: Mapping[Polarity, Sequence[Span]]) -> str | None:
    return choose_label(polarities, "neutral") if polarities else None


def _find_stance(polarities: Mapping[Polarity, Sequence[Span]]) -> str | None:
    return choose_label(polarities, "none")


def _find_spans(polarities: Mapping[Polarity, Sequence[Span]]) -> list[list[int]]:
    return merge_spans([span for spans in polarities.values() for span in spans])


_ANSWER_FINDERS: Mapping[str, Callable[[Mapping[Polarity, Sequence[Span]]], Any]] = {
    "polarity": _find_polarity,
    "counter": _find_polarity,
    "stance": _find_stance,
    "evidence": _find_spans,
}
"""For tasks about paragraphs, the answer that the evidence in the annotator's layer gives."""


# ---------------------------------------------------------------- quotes


def _find_speaker(document: AnnotatedDocument, item: Item) -> str | None:
    """Return the speaker of the quote whose content overlaps most with the item's."""
    asked = [Span(start, end, "") for start, end in item.inputs["spans"]]
    quotes = [record for record in document.gold.records if isinstance(record, Quote)]
    overlapping = [(dice(asked, quote.content), quote) for quote in quotes]
    share, best = max(overlapping, key=lambda pair: pair[0], default=(0.0, None))
    return best.speaker if best and share > 0 else None
