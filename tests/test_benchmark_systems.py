"""Test that systems see no gold, train on training folds only, and are reproducible."""

from functools import partial
from hashlib import sha256

import numpy as np
import pytest
from benchmark import make_items
from conftest import CORPUS
from msgspec.structs import replace
from sklearn.metrics import f1_score

from readout.benchmark.folds import SCHEMES, build_folds
from readout.benchmark.predictions import format_predictions, parse_predictions
from readout.benchmark.questions.grid import FAMILIES
from readout.benchmark.systems import linear
from readout.benchmark.systems.artefacts import CoinToss, Prior, TargetToss, make_constant
from readout.benchmark.systems.attribution import (
    attribute,
    find_names,
    find_quotations,
    find_source,
)
from readout.benchmark.systems.baselines import BASELINES
from readout.benchmark.systems.lexicon import make_lexicon, make_vader, score_words
from readout.benchmark.systems.linear import Linear, TfIdf, analyse, score_values, tune
from readout.benchmark.systems.retrieval import iter_sentences
from readout.benchmark.systems.set_only import SetOnly, list_features
from readout.benchmark.systems.system import Rules, predict_folds
from readout.benchmark.tasks import TASKS
from readout.corpus.read import read_corpus
from readout.model import Item

LIGHT = [name for name, baseline in BASELINES.items() if baseline.extra == "benchmark"]


@pytest.fixture(scope="module")
def corpus():
    return read_corpus(CORPUS)[0]


class Spy:
    name = "spy"

    def fit(self, items):
        self.trained = {item.id for item in items}
        assert all(item.gold is not None for item in items)

    def predict(self, items):
        assert all(item.gold is None and not item.swap for item in items)
        assert self.trained.isdisjoint(item.id for item in items)
        return [f"{item.id}!" for item in items]


def test_systems_never_see_the_gold_of_a_test_fold_and_answers_come_back_in_order(corpus):
    for task in ("polarity", "stance"):
        items = TASKS[task].build(corpus)
        for scheme in SCHEMES:
            folds = build_folds(scheme, items)
            assert predict_folds(Spy, items, folds) == [f"{item.id}!" for item in items]


def test_a_system_that_reads_the_set_sees_questions_that_are_not_scored(corpus):
    items = TASKS["stance"].build(corpus)
    items[0] = replace(items[0], gold=None)
    folds = build_folds("event", items)

    class Reader(Spy):
        def read_set(self, questions):
            assert all(item.gold is None and not item.swap for item in questions)
            sets.append({item.id for item in questions})

    sets = []
    predict_folds(Reader, items, folds)
    assert sets == [{item.id for item in train} for _, train, _ in folds.split(items)]


def test_a_system_with_missing_answers_is_refused(corpus):
    items = TASKS["polarity"].build(corpus)

    class Short(Spy):
        def predict(self, items):
            return []

    with pytest.raises(ValueError, match="gave 0 answers"):
        predict_folds(Short, items, build_folds("event", items))


@pytest.mark.parametrize("name", LIGHT)
def test_every_baseline_gives_the_same_valid_predictions_twice(corpus, name):
    baseline = BASELINES[name]
    for task in baseline.tasks:
        items = TASKS[task].build(corpus)
        for scheme in baseline.schemes:
            if folds := build_folds(scheme, items):
                make = partial(baseline.make, task)
                predictions = predict_folds(make, items, folds)
                raw = format_predictions(items, predictions, scheme)
                assert parse_predictions("p.jsonl", raw, items)[1] == []
                if scheme == baseline.schemes[0]:
                    assert predict_folds(make, items, folds) == predictions


def test_names_are_unique_keys():
    assert all(name == baseline.name for name, baseline in BASELINES.items())


def test_baselines_do_not_learn_from_the_fold_that_they_answer(corpus):
    items = TASKS["polarity"].build(corpus)
    folds = build_folds("event", items)
    before = predict_folds(lambda: Linear("x"), items, folds)
    held = set(next(iter(folds.test.values())))
    lied = [replace(item, gold="neutral") if item.id in held else item for item in items]
    after = predict_folds(lambda: Linear("x"), lied, folds)
    assert [a for a, item in zip(after, items, strict=True) if item.id in held] == [
        b for b, item in zip(before, items, strict=True) if item.id in held
    ]


# ---------------------------------------------------------------- artefacts


def stances(*triples):
    item = make_items(["favor"], ["e"])[0]
    return [
        replace(item, id=str(number), gold=gold, inputs={"holder": holder, "target": target})
        for number, (holder, target, gold) in enumerate(triples)
    ]


def test_priors_by_hand():
    train = stances(
        ("a", "t", "favor"), ("a", "u", "against"), ("a", "u", "against"), ("b", "t", "favor")
    )
    test = stances(("a", "t", None), ("b", "u", None), ("c", "v", None))
    expected = {
        (): ["against"] * 3,
        ("holder",): ["against", "favor", "against"],
        ("target",): ["favor", "against", "against"],
        ("holder", "target"): ["favor", "against", "against"],
    }
    for keys, answers in expected.items():
        prior = Prior("prior", keys)
        prior.fit(train)
        assert prior.predict(test) == answers, keys
    nothing = Prior("prior")
    nothing.fit([])
    assert nothing.predict(test) == [None] * 3


def test_a_coin_toss_depends_on_the_id_and_takes_the_two_most_frequent_labels():
    labels = ["none"] * 4 + ["favor"] * 2 + ["against"]
    coin = CoinToss()
    coin.fit(make_items(labels, task="stance"))
    asked = make_items([None] * 40, task="stance")
    answers = coin.predict(asked)
    assert set(answers) == {"none", "favor"}
    assert coin.predict(asked[::-1]) == answers[::-1]
    assert CoinToss().predict(asked[:1]) == [None]


def test_a_target_toss_takes_the_usual_side_of_the_target_or_none():
    labels = ["none"] * 4 + ["favor"] * 2
    known = [replace(item, target="t") for item in make_items(["against"], task="stance")]
    toss = TargetToss("none")
    toss.fit([*make_items(labels, task="stance"), *known])
    asked = make_items([None] * 40, task="stance")
    answers = toss.predict(asked)
    assert set(answers) == {"none", "favor"}
    assert toss.predict(asked[::-1]) == answers[::-1]

    of_known = toss.predict([replace(item, target="t") for item in asked])
    assert set(of_known) == {"none", "against"}
    assert TargetToss("none").predict(asked[:1]) == [None]


def test_constants_do_not_share_their_answer():
    one, two = make_constant("nothing", []).predict(make_items(["favor", "favor"], ["e", "e"]))
    one.append(1)
    assert two == []


# ---------------------------------------------------------------- the set of questions


def make_question(number, paragraph, holder, target, gold):
    """Return a question of a document per event, with an id like those of items."""
    event = f"e{number % 3}"
    id_ = sha256(f"{number} {paragraph} {holder} {target}".encode()).hexdigest()[:12]
    inputs = {"paragraph": paragraph, "holder": holder, "target": target}
    return Item(id_, "stance", f"d{number}", event, holder, target, inputs, gold)


def make_leaky_items():
    """Return items of which it shows whether a holder takes a side.

    As in the set of an earlier version of the task, nobody is asked about a target beside others
    if they take a side on it.
    """
    items = []
    for number in range(12):
        items.append(make_question(number, 0, "a", "t", "favor"))
        items += [make_question(number, 1, holder, "u", "none") for holder in "bcd"]
    return items


def predict_by_set(items):
    """Return the answers of set-only by item."""
    answers = predict_folds(SetOnly, items, build_folds("event", items))
    return {item.id: answer for item, answer in zip(items, answers, strict=True)}


def test_set_only_finds_a_set_of_questions_that_tells_the_answers():
    items = make_leaky_items()
    assert predict_by_set(items) == {item.id: item.gold for item in items}


def test_set_only_counts_questions_that_are_not_scored_in_training_as_in_a_test_fold():
    """Whether a question of a document is alone tells the answer, but not among the scored ones."""
    items = []
    for number in range(12):
        if number % 2:
            items.append(make_question(number, 0, "a", "t", "none"))
        else:
            items.append(make_question(number, 0, "a", "t", "favor"))
            items += [make_question(number, 0, holder, "t", None) for holder in "bc"]

    answers = predict_by_set(items)
    scored = {item.id: item.gold for item in items if item.gold}
    assert {id_: answers[id_] for id_ in scored} == scored


def test_set_only_depends_on_no_name_or_text(corpus):
    items = TASKS["stance"].build(corpus)
    renamed = []
    for item in items:
        names = {"holder": item.holder[::-1], "target": item.target[::-1]}
        paragraph = item.inputs["paragraph"]
        renamed.append(replace(item, inputs={**names, "paragraph": paragraph}))
    assert list_features(items) == list_features(renamed)


def share_right(items, answers, family):
    """Return the share of pairs of a family of swaps of which both members are right."""
    gold = {item.id: item.gold for item in items}
    pairs = [(item.id, item.swap[family]) for item in items if family in item.swap]
    right = [all(answers[id_] == gold[id_] for id_ in pair) for pair in pairs]
    return sum(right) / len(right)


def test_the_questions_of_stance_do_not_tell_the_answers(real):
    """Set-only gains nothing: not on the swaps, and not on macro-F1.

    Whoever answers by lot with one side and none is right about both members of a pair in a
    quarter of cases at most, and has a macro-F1 of a third at the frequencies of the labels.
    """
    items = TASKS["stance"].build(real[0])
    answers = predict_by_set(items)
    shares = {family: share_right(items, answers, family) for family in FAMILIES}

    scored = [item for item in items if item.gold]
    gold = [item.gold for item in scored]
    pred = [answers[item.id] for item in scored]
    macro = f1_score(gold, pred, labels=TASKS["stance"].labels, average="macro", zero_division=0)
    shown = {family: f"{share:.3f}" for family, share in shares.items()}
    print(f"set-only: swap consistency {shown}, macro-F1 {macro:.3f}")
    assert min(shares.values()) < 0.25
    assert macro < 1 / 3 + 0.05


# ---------------------------------------------------------------- words


def test_lexicon_reverses_negated_words_and_compares_with_the_proposition():
    assert score_words("We support and welcome it") == 2
    assert score_words("We do not support it") == -1
    assert score_words("They never condemned it") == 1
    answer = make_lexicon("polarity").predict
    questions = [
        ("We condemn the attack", "The toll is fair."),
        ("Iran is a grave threat", "Iran is a threat."),
        ("We support the toll", "The toll is fair."),
        ("They met on Tuesday", "The toll is fair."),
    ]
    item = make_items(["favor"], ["e"])[0]
    items = [replace(item, inputs={"text": text, "proposition": said}) for text, said in questions]
    assert answer(items) == ["against", "favor", "favor", "neutral"]
    assert make_lexicon("stance").predict(items)[-1] == "none"


def test_vader_follows_its_authors_threshold():
    item = make_items(["favor"], ["e"])[0]
    items = [
        replace(item, inputs={"text": text})
        for text in ("a great success", "a terrible crime", "a table")
    ]
    assert make_vader("polarity").predict(items) == ["favor", "against", "neutral"]


# ---------------------------------------------------------------- linear models


def worded(labels, events):
    words = {"favor": "praise", "against": "blame", "neutral": "mention"}
    inputs = {
        "holder_name": "Ann",
        "holder_kind": "person",
        "target_label": "Toll",
        "proposition": "It is fair.",
    }
    return [
        replace(item, inputs={**inputs, "text": f"{words[item.gold]} number {number}"})
        for number, item in enumerate(make_items(labels, events))
    ]


@pytest.mark.parametrize("classifier", ["logistic", "svm", "multinomial"])
def test_linear_models_learn_separable_classes(classifier):
    items = worded(["favor", "against", "neutral"] * 6, list("abcdef") * 3)
    model = Linear("x", ("text",), classifier)
    model.fit(items)
    assert model.predict(items) == [item.gold for item in items]


def test_linear_models_accept_one_label_one_event_and_no_items():
    for labels, events in ((["favor"] * 3, list("abc")), (["favor", "against"], ["a", "a"])):
        items = worded(labels, events)
        assert tune(lambda: TfIdf(("text",)), "logistic", items).predict(items) == labels
    assert (
        score_values(lambda: TfIdf(("text",)), "logistic", worded(["favor", "against"], ["a", "a"]))
        == {}
    )
    empty = Linear("x")
    empty.fit([])
    assert empty.predict(worded(["favor"], ["a"])) == [None]


def test_a_frequent_label_is_thinned_out_whatever_the_order(monkeypatch):
    monkeypatch.setattr(linear, "MAX_PER_LABEL", 2)
    items = make_items(["none"] * 5 + ["favor"] * 2, task="stance")
    kept = linear.thin(items)
    assert [item.gold for item in kept] == ["none", "none", "favor", "favor"]
    assert linear.thin(items[::-1]) == kept[::-1]


def test_tfidf_of_cached_words_is_that_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["The toll is fair, they said.", "A fair toll; an iron toll!"]
    ours = TfidfVectorizer(analyzer=analyse, sublinear_tf=True).fit_transform(texts)
    theirs = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit_transform(texts)
    assert np.array_equal(ours.toarray(), theirs.toarray())


# ---------------------------------------------------------------- quotations

SPEAKERS = [
    {"speaker": "gray", "name": "Ada Gray", "kind": "person", "aliases": ["Gray"]},
    {"speaker": "port", "name": "The Port", "kind": "organisation", "aliases": []},
]
TEXT = (
    "Ada Gray met the press. The Port had no plans.\n"
    "He said that the toll was very unfair to all.\n"
)


def test_names_prefer_the_longest_form_and_pronouns_follow_the_last_person():
    names = find_names(TEXT, SPEAKERS)
    assert [(TEXT[name.start : name.end], name.speaker) for name in names] == [
        ("Ada Gray", "gray"),
        ("The Port", "port"),
        ("He", "gray"),
    ]
    assert find_names(TEXT, []) == []


def test_the_source_is_the_nearest_name_with_a_verb():
    text = 'Gray said on Monday near The Port: "It is a very good plan for us."'
    names = find_names(text, SPEAKERS)
    start = text.index('"')
    assert find_source(text, [[start, len(text)]], names).speaker == "gray"
    assert (
        attribute({"document": text, "speakers": SPEAKERS, "spans": [[start, len(text)]]}) == "gray"
    )
    assert attribute({"document": "no names", "speakers": SPEAKERS, "spans": [[0, 2]]}) is None


def test_quotations_by_marks_and_by_clause():
    found = find_quotations({"text": TEXT, "speakers": SPEAKERS})
    assert [TEXT[slice(*quote["content"][0])] for quote in found] == [
        "the toll was very unfair to all"
    ]
    assert found[0]["speaker"] == "gray"
    assert TEXT[slice(*found[0]["cue"][0])] == "said"


def test_sentences_cover_a_text_and_do_not_overlap():
    text = "One. Two is “long.” Three\nFour!\n\n"
    spans = list(iter_sentences(text))
    assert [text[start:end] for start, end in spans] == ["One.", "Two is “long.”", "Three", "Four!"]


def test_a_function_is_a_system(corpus):
    items = TASKS["polarity"].build(corpus)
    system = Rules("mine", lambda inputs: "favor" if "toll" in inputs["text"] else None)
    assert set(predict_folds(lambda: system, items, build_folds("zero-shot", items))) <= {
        "favor",
        None,
    }


def test_folds_that_omit_an_item_are_refused(corpus):
    items = TASKS["polarity"].build(corpus)
    folds = build_folds("event", items[:-1])
    with pytest.raises(ValueError, match="omit 1"):
        predict_folds(lambda: Rules("x", lambda inputs: "favor"), items, folds)
