"""Answer the items as annotators did, to show what a second reader of the same guidelines reaches.

An annotator's layer becomes predictions by the same rules that turn gold into answers. If gold asks
about something that the annotator did not annotate, the prediction is an empty answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from readout.benchmark.tasks import TASKS
from readout.corpus.items import Answers
from readout.model import AnnotatedDocument, Corpus, Item, Quote, Span, Stance
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
    if task in _ANSWER_FINDERS:
        find = _ANSWER_FINDERS[task]
        documents = {document.meta.doc_id: document for document in corpus.documents}
        return {item.id: find(documents[item.doc_id], item) for item in items}

    own = {item.id: item.gold for item in TASKS[task].build(corpus)}
    empty = "none" if task == "stance" else []
    return {item.id: own.get(item.id, empty) for item in items}


def _find_polarity(document: AnnotatedDocument, item: Item) -> str | None:
    """Return the polarity of the stance whose evidence overlaps most with the item's.

    Only stances of the item's holder and target count.
    """
    pair = item.inputs["holder"], item.inputs["target"]
    stances = [
        record
        for record in document.gold.records
        if isinstance(record, Stance) and (record.holder, record.target) == pair
    ]
    best = _find_nearest(item, stances, lambda stance: stance.evidence)
    return best.polarity if best else None


def _find_speaker(document: AnnotatedDocument, item: Item) -> str | None:
    """Return the speaker of the quote whose content overlaps most with the item's."""
    quotes = [record for record in document.gold.records if isinstance(record, Quote)]
    best = _find_nearest(item, quotes, lambda quote: quote.content)
    return best.speaker if best else None


def _find_nearest(
    item: Item, records: Sequence[Any], list_spans: Callable[[Any], Sequence[Span]]
) -> Any:
    """Return the record that shares most characters with the item's passage, or None."""
    asked = [Span(start, end, "") for start, end in item.inputs["spans"]]
    overlapping = [(dice(asked, list_spans(record)), record) for record in records]
    share, best = max(overlapping, key=lambda pair: pair[0], default=(0.0, None))
    return best if share > 0 else None


_ANSWER_FINDERS: Mapping[str, Callable[[AnnotatedDocument, Item], str | None]] = {
    "polarity": _find_polarity,
    "attribution": _find_speaker,
}
"""Tasks whose items quote a passage of gold, which must be found in the annotator's layer first."""
