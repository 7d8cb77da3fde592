"""Baselines for tasks that ask for passages: sentences similar to a target by TF-IDF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from readout.benchmark.scoring.counts import count_item
from readout.benchmark.scoring.measures import evaluate, list_measures
from readout.benchmark.systems.attribution import find_quotations
from readout.benchmark.systems.lexicon import score_words
from readout.benchmark.tasks import TASKS
from readout.model import Item
from readout.text.tokens import iter_sentences

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
"""The similarity thresholds to try; the training fold decides between them."""


def measure_similarity(passages: Sequence[str], queries: Sequence[str]) -> Any:
    """Return the cosine similarities of TF-IDF vectors, as an array (passages, queries).

    Inverse document frequencies come from passages and queries together.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(stop_words="english", sublinear_tf=True)
    vectorizer.fit([*passages, *queries])
    return (vectorizer.transform(passages) @ vectorizer.transform(queries).T).toarray()


class Retrieval:
    """A system that finds passages above a similarity threshold tuned on the training fold.

    ``find`` returns the answer to an item's inputs for a threshold.
    """

    def __init__(self, name: str, find: Callable[[Mapping[str, Any], float], Any]) -> None:
        self.name = name
        self._find = find
        self.threshold = THRESHOLDS[len(THRESHOLDS) // 2]

    def fit(self, items: Sequence[Item]) -> None:
        """Choose the threshold with the best official score; ties go to the lowest threshold."""
        if not items:
            return
        # Thresholds ascend, and max returns the first of equal values.
        self.threshold = max(THRESHOLDS, key=lambda threshold: self._score(items, threshold))

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the passages or tuples found for each item."""
        return [self._find(item.inputs, self.threshold) for item in items]

    def _score(self, items: Sequence[Item], threshold: float) -> float:
        """Return the official measure of the answers for a threshold."""
        import numpy as np

        task = TASKS[items[0].task]
        rows = [count_item(task, item, self._find(item.inputs, threshold)) for item in items]
        totals: Counter[str] = Counter()
        for row in rows:
            totals.update(row)

        official = list_measures(task, items)[0]
        counts = np.array(list(totals.values()))
        return float(evaluate(official, list(totals), counts).values)


def find_evidence(inputs: Mapping[str, Any], threshold: float) -> list[list[int]]:
    """Return the sentences similar to the target, or the most similar one if none reaches it."""
    fields = ("target_label", "proposition", "favor_means", "against_means")
    query = " ".join(inputs[name] for name in fields)
    scored = score_sentences(inputs["text"], query)
    chosen = [list(span) for span, score in scored if score >= threshold]
    if chosen:
        return chosen

    best, _ = max(scored, key=lambda pair: pair[1])
    return [list(best)]


@lru_cache(maxsize=4096)
def score_sentences(text: str, query: str) -> list[tuple[tuple[int, int], float]]:
    """Return the sentences of a text with their similarity to a query.

    Results are cached, because every fold and every threshold needs the same ones.
    """
    spans = list(iter_sentences(text))
    sentences = [text[start:end] for start, end in spans]
    scores = measure_similarity(sentences, [query])[:, 0].tolist()
    return list(zip(spans, scores, strict=True))


def find_tuples(inputs: Mapping[str, Any], threshold: float) -> list[dict[str, Any]]:
    """Return a stance for each quotation and each target that it is similar to.

    The holder is the speaker of the quotation. The polarity is against if the quotation's words
    are negative and those of the proposition are not; otherwise it is favor.
    """
    quotations = [quote for quote in find_quotations(inputs) if quote["speaker"]]
    if not quotations:
        return []

    texts = [_join_content(inputs["text"], quote) for quote in quotations]
    queries = [f"{target['label']} {target['proposition']}" for target in inputs["targets"]]
    scores = measure_similarity(texts, queries).tolist()

    found = []
    for quote, text, line in zip(quotations, texts, scores, strict=True):
        for target, score in zip(inputs["targets"], line, strict=True):
            if score >= threshold:
                found.append(
                    {
                        "holder": quote["speaker"],
                        "target": target["target"],
                        "polarity": _find_polarity(text, target["proposition"]),
                        "evidence": quote["content"],
                    }
                )
    return found


def _join_content(text: str, quote: Mapping[str, Any]) -> str:
    return " ".join(text[start:end] for start, end in quote["content"])


def _find_polarity(text: str, proposition: str) -> str:
    return "against" if score_words(text) < 0 <= score_words(proposition) else "favor"
