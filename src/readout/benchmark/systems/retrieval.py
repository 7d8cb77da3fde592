"""Baselines for tasks that ask for passages: sentences whose words are those of a target, by TF-IDF."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from readout.benchmark.scoring.counts import count_item
from readout.benchmark.scoring.measures import evaluate, list_measures
from readout.benchmark.systems.attribution import find_quotations
from readout.benchmark.systems.lexicon import weigh
from readout.benchmark.tasks import TASKS, Item
from readout.text.tokens import iter_paragraphs

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
"""The least similarities that are tried; the training fold chooses."""

_SENTENCE = re.compile(r"\S.*?(?:[.!?][”\"’']?(?=\s)|$)", re.DOTALL)


def iter_sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield ``(start, end)`` of each sentence: a stretch of a paragraph up to a full stop that white space follows."""
    for start, end in iter_paragraphs(text):
        for match in _SENTENCE.finditer(text[start:end]):
            yield start + match.start(), start + match.end()


def measure_similarity(passages: Sequence[str], queries: Sequence[str]) -> Any:
    """Return the cosine of the TF-IDF vectors of each passage and each query; weights come from both."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(stop_words="english", sublinear_tf=True)
    vectorizer.fit([*passages, *queries])
    return (vectorizer.transform(passages) @ vectorizer.transform(queries).T).toarray()


class Retrieval:
    """Finds what is similar enough; how similar is learnt from the official measure on the training fold."""

    def __init__(self, name: str, find: Callable[[Mapping[str, Any], float], Any]) -> None:
        self.name = name
        self._find = find
        self.threshold = THRESHOLDS[len(THRESHOLDS) // 2]

    def fit(self, items: Sequence[Item]) -> None:
        """Choose the threshold with the best score, the lowest among equals."""
        if items:
            self.threshold = max(THRESHOLDS, key=lambda threshold: (self._score(items, threshold), -threshold))

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return what is found for each item."""
        return [self._find(item.inputs, self.threshold) for item in items]

    def _score(self, items: Sequence[Item], threshold: float) -> float:
        import numpy as np

        task = TASKS[items[0].task]
        rows = [count_item(task, item, self._find(item.inputs, threshold)) for item in items]
        columns = sorted({name for row in rows for name in row})
        counts = np.array([sum(row.get(name, 0) for row in rows) for name in columns])
        return float(evaluate(list_measures(task, items)[0], columns, counts).values)


def find_evidence(inputs: Mapping[str, Any], threshold: float) -> list[list[int]]:
    """Return the sentences that are similar to the target; the most similar one where none is similar enough."""
    query = " ".join(inputs[name] for name in ("target_label", "proposition", "favor_means", "against_means"))
    scored = score_sentences(inputs["text"], query)
    chosen = [span for span, score in scored if score >= threshold]
    return [list(span) for span in chosen or [max(scored, key=lambda pair: pair[1])[0]]]


@lru_cache(maxsize=4096)
def score_sentences(text: str, query: str) -> list[tuple[tuple[int, int], float]]:
    """Return the sentences of a text with their similarity to a query; kept, as every fold asks for the same."""
    spans = list(iter_sentences(text))
    scores = measure_similarity([text[start:end] for start, end in spans], [query])[:, 0].tolist()
    return list(zip(spans, scores, strict=True))


def find_tuples(inputs: Mapping[str, Any], threshold: float) -> list[dict[str, Any]]:
    """Return a stance of the speaker of each quotation that is similar to a target; its words' sign is the polarity."""
    quotations = [quote for quote in find_quotations(inputs) if quote["speaker"]]
    if not quotations:
        return []
    texts = [" ".join(inputs["text"][start:end] for start, end in quote["content"]) for quote in quotations]
    queries = [f"{target['label']} {target['proposition']}" for target in inputs["targets"]]
    scores = measure_similarity(texts, queries)
    return [
        {
            "holder": quote["speaker"],
            "target": target["target"],
            "polarity": "against" if weigh(text) < 0 <= weigh(target["proposition"]) else "favor",
            "evidence": quote["content"],
        }
        for quote, text, line in zip(quotations, texts, scores.tolist(), strict=True)
        for target, score in zip(inputs["targets"], line, strict=True)
        if score >= threshold
    ]
