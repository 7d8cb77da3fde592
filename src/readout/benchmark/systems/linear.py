"""Linear classifiers of TF-IDF features, tuned inside the training fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

from readout.model import Item

Classifier: TypeAlias = Literal["logistic", "svm", "multinomial"]
"""Logistic regression or SVM, each one-vs-rest, or multinomial logistic regression.

The multinomial one is faster on dense features.
"""
REGULARISATION = (0.1, 1.0, 10.0)
"""The values of C to try, from strong to weak regularisation."""
MAX_PER_LABEL = 500
"""A classifier is trained on this many items per label at most, which keeps a run to minutes."""

FIELDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "text": lambda inputs: str(inputs["text"]),
    "holder": lambda inputs: f"{inputs['holder_name']} {inputs['holder_kind']}",
    "target": lambda inputs: f"{inputs['target_label']}. {inputs['proposition']}",
}
"""The parts of a question that a classifier may read; each has its own vocabulary."""


class Linear:
    """A linear classifier of TF-IDF features of some fields of the question.

    C is the value of :data:`REGULARISATION` with the best mean macro-F1 in leave-one-event-out
    cross-validation on the training fold, which also fits vocabulary and weights anew. With a
    single training event, C is 1. Classes are weighted by their inverse frequency.
    """

    def __init__(
        self,
        name: str,
        fields: tuple[str, ...] = tuple(FIELDS),
        classifier: Classifier = "logistic",
    ) -> None:
        self.name = name
        self._fields = fields
        self._classifier: Classifier = classifier
        self._model: Fitted | None = None

    def fit(self, items: Sequence[Item]) -> None:
        """Learn the vocabularies, C and the weights."""
        self._model = tune(lambda: TfIdf(self._fields), self._classifier, items)

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the most probable label of each item; None if there were no training items."""
        return self._model.predict(items) if self._model else [None] * len(items)


class TfIdf:
    """TF-IDF of the words and word pairs of some fields, each with its own vocabulary."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._fields = fields
        self._vectorizers: list[Any] = []

    def fit(self, items: Sequence[Item]) -> None:
        """Learn vocabularies and inverse document frequencies."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizers = []
        for name in self._fields:
            vectorizer = TfidfVectorizer(analyzer=analyse, sublinear_tf=True)
            self._vectorizers.append(vectorizer.fit(_read_field(name, items)))

    def transform(self, items: Sequence[Item]) -> Any:
        """Return a row of features for each item."""
        from scipy.sparse import hstack

        parts = []
        for name, vectorizer in zip(self._fields, self._vectorizers, strict=True):
            # Many items have the same text, which is transformed only once.
            texts = _read_field(name, items)
            rows = {text: number for number, text in enumerate(dict.fromkeys(texts))}
            distinct = vectorizer.transform(rows)
            parts.append(distinct[[rows[text] for text in texts]])
        return hstack(parts).tocsr()


def _read_field(name: str, items: Sequence[Item]) -> list[str]:
    read = FIELDS[name]
    return [read(item.inputs) for item in items]


@lru_cache(maxsize=20_000)
def analyse(text: str) -> list[str]:
    """Return the words and word pairs of a text; cached, since every fold needs the same texts."""
    terms: list[str] = _build_analyser()(text)
    return terms


@cache
def _build_analyser() -> Callable[[str], list[str]]:
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
    logistic = LogisticRegression(
        C=regularisation, class_weight="balanced", solver="liblinear", random_state=0
    )
    return OneVsRestClassifier(logistic)


# ---------------------------------------------------------------- fitting and tuning


class Fitted(NamedTuple):
    """Features and a classifier that were fitted together.

    ``classifier`` is None if all training items had the label ``only``.
    """

    features: Any
    classifier: Any
    only: str

    def predict(self, items: Sequence[Item]) -> list[Any]:
        """Return the most probable label of each item."""
        if self.classifier is None:
            return [self.only] * len(items)
        return [str(label) for label in self.classifier.predict(self.features.transform(items))]


def tune(
    make_features: Callable[[], Any], classifier: Classifier, items: Sequence[Item]
) -> Fitted | None:
    """Return features and classifier fitted to items, with C tuned on the same items.

    Return None if there are no items.
    """
    if not items:
        return None

    scores = score_values(make_features, classifier, items)

    def preference(value: float) -> tuple[float, float, float]:
        # Among equal scores, the value nearest to 1, then the smaller one.
        return scores.get(value, 0.0), -abs(value - 1), -value

    best = max(REGULARISATION, key=preference)
    return fit_values(make_features(), classifier, items, (best,))[best]


def score_values(
    make_features: Callable[[], Any], classifier: Classifier, items: Sequence[Item]
) -> dict[float, float]:
    """Return, for each value of C, the sum of macro-F1 over the events, each left out once.

    Return an empty mapping if all items are of one event.
    """
    from sklearn.metrics import f1_score

    scores: dict[float, float] = {}
    for event in sorted({item.event for item in items}):
        test = [item for item in items if item.event == event]
        train = [item for item in items if item.event != event]
        if not train:
            continue

        gold = [item.gold for item in test]
        models = fit_values(make_features(), classifier, train, REGULARISATION)
        for value, model in models.items():
            score = f1_score(gold, model.predict(test), average="macro", zero_division=0)
            scores[value] = scores.get(value, 0.0) + float(score)
    return scores


def thin(items: Sequence[Item]) -> list[Item]:
    """Return the items without those of a label beyond the first :data:`MAX_PER_LABEL` by id.

    Most items of ``stance`` have the label none. Ids are hashes, so the first ones are a random
    sample; since classes are weighted by inverse frequency, it stands in for all.
    """
    kept: dict[str, set[str]] = {}
    for item in sorted(items, key=lambda item: item.id):
        ids = kept.setdefault(item.gold, set())
        if len(ids) < MAX_PER_LABEL:
            ids.add(item.id)
    return [item for item in items if item.id in kept[item.gold]]


def fit_values(
    features: Any, classifier: Classifier, items: Sequence[Item], values: Sequence[float]
) -> dict[float, Fitted]:
    """Return a fitted classifier for each value of C; the features are fitted only once."""
    items = thin(items)
    labels = [item.gold for item in items]
    if len(set(labels)) == 1:
        return {value: Fitted(features, None, labels[0]) for value in values}

    features.fit(items)
    rows = features.transform(items)
    models = {}
    for value in values:
        fitted = make_classifier(classifier, value).fit(rows, labels)
        models[value] = Fitted(features, fitted, "")
    return models
