"""The annotators scored like systems: how well a second reader does who follows the same guidelines.

An annotator's layer is turned into predictions by the rules that turn gold into answers; where gold asks about
something that the annotator did not see, the prediction is what a silent system would say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from readout.benchmark.folds import OFFICIAL
from readout.benchmark.scoring.scores import Score
from readout.benchmark.tasks import TASKS, Item
from readout.model import AnnotatedDocument, Corpus, Quote, Span, Stance
from readout.text.matching import dice


def list_full_annotators(corpus: Corpus) -> list[str]:
    """Return the annotators who have a layer for every document, by name."""
    names = [{layer.annotator for layer in document.layers if layer.annotator} for document in corpus.documents]
    return sorted(set.intersection(*names)) if names else []


def score_annotators(corpus: Corpus, task: str, items: Sequence[Item]) -> list[Score]:
    """Return the score of each annotator on a task. An annotator whose every layer is gold itself is left out."""
    scores = []
    for name in list_full_annotators(corpus):
        layered = [_put_layer(document, name) for document in corpus.documents]
        if any(a.gold.records != b.gold.records for a, b in zip(layered, corpus.documents, strict=True)):
            read = replace(corpus, documents=tuple(layered))
            scores.append(Score(name, items, answer(read, task, items), OFFICIAL))
    return scores


def _put_layer(document: AnnotatedDocument, annotator: str) -> AnnotatedDocument:
    layer = next(layer for layer in document.layers if layer.annotator == annotator)
    return replace(document, gold=layer)


def answer(read: Corpus, task: str, items: Sequence[Item]) -> dict[str, Any]:
    """Return, for each item of gold, what an annotator's reading of the corpus says; by item id."""
    documents = {document.meta.doc_id: document for document in read.documents}
    if task in _ANSWER_FINDERS:
        find = _ANSWER_FINDERS[task]
        return {item.id: find(documents[item.doc_id], item) for item in items}
    own = {item.id: item.gold for item in TASKS[task].build(read)}
    silent = "none" if task == "stance" else []
    return {item.id: own.get(item.id, silent) for item in items}


def _find_polarity(document: AnnotatedDocument, item: Item) -> str | None:
    """Return the polarity of the annotator's stance of the same holder and target whose evidence overlaps most."""
    pair = item.inputs["holder"], item.inputs["target"]
    found = [each for each in document.gold.records if isinstance(each, Stance) and (each.holder, each.target) == pair]
    best = _nearest(item, found, lambda each: each.evidence)
    return best.polarity if best else None


def _find_speaker(document: AnnotatedDocument, item: Item) -> str | None:
    """Return the speaker of the annotator's quote whose content overlaps most."""
    best = _nearest(
        item, [each for each in document.gold.records if isinstance(each, Quote)], lambda each: each.content
    )
    return best.speaker if best else None


def _nearest(item: Item, records: Sequence[Any], spans: Callable[[Any], Sequence[Span]]) -> Any:
    asked = [Span(start, end, "") for start, end in item.inputs["spans"]]
    overlapping = [(dice(asked, spans(each)), each) for each in records]
    best = max(overlapping, key=lambda pair: pair[0], default=(0.0, None))
    return best[1] if best[0] > 0 else None


_ANSWER_FINDERS: Mapping[str, Callable[[AnnotatedDocument, Item], str | None]] = {
    "polarity": _find_polarity,
    "attribution": _find_speaker,
}
"""Tasks whose items name a passage of gold, so that the annotator's passage must be found first."""
