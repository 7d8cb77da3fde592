"""TF-IDF with logistic regression or a linear support vector machine, tuned inside the training fold only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

from readout.benchmark.tasks import Item

Classifier: TypeAlias = Literal["logistic", "svm", "multinomial"]
"""Logistic regression and SVM fit one class against the rest; the multinomial one is faster on dense features."""
REGULARISATION = (0.1, 1.0, 10.0)
"""The values of C that are tried, from strong regularisation to weak."""

FIELDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "text": lambda inputs: str(inputs["text"]),
    "holder": lambda inputs: f"{inputs['holder_name']} {inputs['holder_kind']}",
    "target": lambda inputs: f"{inputs['target_label']}. {inputs['proposition']}",
}
"""The parts of a question that a classifier may read. Each has a vocabulary of its own."""


class Linear:
    """A linear classifier of TF-IDF features of some fields of the question.

    C is the one of :data:`REGULARISATION` with the best mean macro-F1 in cross-validation that leaves out one training
    event at a time, vocabulary and weights included; with a single training event it is 1. Classes are weighted by
    their inverse frequency.
    """

    def __init__(self, name: str, fields: tuple[str, ...] = tuple(FIELDS), classifier: Classifier = "logistic") -> None:
        self.name = name
        self._fields = fields
        self._classifier: Classifier = classifier
        self._model: Fitted | None = None

    def fit(self, items: Sequence[Item]) -> None:
        """Learn the vocabularies, C and the weights."""
        self._model = tune(lambda: TfIdf(self._fields), self._classifier, items)

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the most probable label of each item, None where nothing was learnt."""
        return self._model.predict(items) if self._model else [None] * len(items)


class TfIdf:
    """TF-IDF of the words and pairs of words of some fields, each with a vocabulary and weights of its own."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._fields = fields
        self._vectorizers: list[Any] = []

    def fit(self, items: Sequence[Item]) -> None:
        """Learn vocabularies and weights."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizers = [
            TfidfVectorizer(analyzer=analyse, sublinear_tf=True).fit([FIELDS[name](item.inputs) for item in items])
            for name in self._fields
        ]

    def transform(self, items: Sequence[Item]) -> Any:
        """Return a row of features for each item."""
        from scipy.sparse import hstack

        parts = zip(self._fields, self._vectorizers, strict=True)
        return hstack([each.transform([FIELDS[name](item.inputs) for item in items]) for name, each in parts]).tocsr()


@lru_cache(maxsize=20_000)
def analyse(text: str) -> list[str]:
    """Return the words and pairs of words of a text; kept, as every fold and every value of C asks for the same."""
    terms: list[str] = _analyser()(text)
    return terms


@cache
def _analyser() -> Callable[[str], list[str]]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    analyser: Callable[[str], list[str]] = TfidfVectorizer(ngram_range=(1, 2)).build_analyzer()
    return analyser


def make_classifier(classifier: Classifier, regularisation: float) -> Any:
    """Return an unfitted linear classifier."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import LinearSVC

    if classifier == "svm":
        return LinearSVC(C=regularisation, class_weight="balanced", random_state=0, max_iter=20_000)
    if classifier == "multinomial":
        return LogisticRegression(C=regularisation, class_weight="balanced", max_iter=2_000)
    return OneVsRestClassifier(
        LogisticRegression(C=regularisation, class_weight="balanced", solver="liblinear", random_state=0)
    )


# ---------------------------------------------------------------- fitting and tuning


class Fitted(NamedTuple):
    """Features and a classifier that were fitted together; the classifier is None where all labels were ``only``."""

    features: Any
    classifier: Any
    only: str

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the most probable label of each item."""
        if self.classifier is None:
            return [self.only] * len(items)
        return [str(label) for label in self.classifier.predict(self.features.transform(items))]


def tune(make_features: Callable[[], Any], classifier: Classifier, items: Sequence[Item]) -> Fitted | None:
    """Return features and classifier fitted to items, C chosen among them alone; None without items."""
    if not items:
        return None
    scores = score_values(make_features, classifier, items)
    best = max(REGULARISATION, key=lambda value: (scores.get(value, 0.0), -abs(value - 1), -value))
    return fit_values(make_features(), classifier, items, (best,))[best]


def score_values(make_features: Callable[[], Any], classifier: Classifier, items: Sequence[Item]) -> dict[float, float]:
    """Return the summed macro-F1 of each value of C over the events, each left out once; empty for one event."""
    from sklearn.metrics import f1_score

    scores: dict[float, float] = {}
    for event in sorted({item.event for item in items}):
        test = [item for item in items if item.event == event]
        if train := [item for item in items if item.event != event]:
            gold = [item.gold for item in test]
            for value, fitted in fit_values(make_features(), classifier, train, REGULARISATION).items():
                score = f1_score(gold, fitted.predict(test), average="macro", zero_division=0)
                scores[value] = scores.get(value, 0.0) + float(score)
    return scores


def fit_values(
    features: Any, classifier: Classifier, items: Sequence[Item], values: Sequence[float]
) -> dict[float, Fitted]:
    """Return, for each value of C, the classifier fitted to items on features that are fitted once."""
    labels = [item.gold for item in items]
    if len(set(labels)) == 1:
        return {value: Fitted(features, None, labels[0]) for value in values}
    features.fit(items)
    rows = features.transform(items)
    return {value: Fitted(features, make_classifier(classifier, value).fit(rows, labels), "") for value in values}
