"""Compare scores with scikit-learn, the script of SemEval-2016, and brute force."""

import doctest
import random
from itertools import permutations

import numpy as np
import pytest
from benchmark import LABELS, make_items, make_score, measure
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, f1_score, make_scorer

from readout.benchmark import metrics
from readout.benchmark.metrics import StanceMetric, f_fa_score
from readout.benchmark.scoring.counts import count_pairs, is_overlapping, to_spans
from readout.benchmark.scoring.measures import Measure, Ratio, evaluate
from readout.benchmark.scoring.scores import Score
from readout.benchmark.tasks import TASKS
from readout.corpus.read import read_corpus

labels = st.sampled_from(LABELS)
answers = st.lists(st.tuples(labels, st.none() | labels), min_size=1, max_size=30)


@given(answers)
def test_scores_of_labels_are_those_of_scikit_learn(pairs):
    gold, pred = map(list, zip(*pairs, strict=True))
    score = make_score(gold, pred)
    named = [each or "abstains" for each in pred]
    assert measure(score, "accuracy") == pytest.approx(accuracy_score(gold, named))
    assert measure(score, "macro-F1") == pytest.approx(
        f1_score(gold, named, labels=LABELS, average="macro", zero_division=0)
    )
    assert measure(score, "F_fa") == pytest.approx(
        f1_score(gold, named, labels=["favor", "against"], average="macro", zero_division=0)
    )
    each = f1_score(gold, named, labels=LABELS, average=None, zero_division=0)
    assert [measure(score, f"F1 ({label})") for label in LABELS] == pytest.approx(each)
    undefined = {label for label in LABELS if label not in gold and label not in pred}
    assert {
        m.name for m in score.measures if score.is_undefined(m) and m.name.startswith("F1")
    } == {f"F1 ({label})" for label in undefined}
    assert measure(score, "coverage") == sum(each is not None for each in pred) / len(pred)


def semeval_2016(gold, pred):
    """Return the measure as the evaluation script of the task computes it."""
    total = 0.0
    for label in ("favor", "against"):
        right = sum(g == p == label for g, p in zip(gold, pred, strict=True))
        precision = right / pred.count(label) if pred.count(label) else 0
        recall = right / gold.count(label) if gold.count(label) else 0
        total += 2 * precision * recall / (precision + recall) if precision + recall else 0
    return total / 2


@given(answers)
def test_the_official_measure_is_that_of_semeval_2016(pairs):
    gold, pred = map(list, zip(*pairs, strict=True))
    assert make_score(gold, pred).value() == pytest.approx(semeval_2016(gold, pred))
    assert f_fa_score(gold, pred) == pytest.approx(semeval_2016(gold, pred))
    found = StanceMetric().compute(predictions=pred, references=gold)
    assert found["f_fa"] == pytest.approx(semeval_2016(gold, pred))
    named = [each or "abstains" for each in pred]
    macro = f1_score(gold, named, labels=LABELS, average="macro", zero_division=0)
    assert found["macro_f1"] == pytest.approx(macro)


def test_the_measure_works_as_a_scorer_of_scikit_learn():
    always = DummyClassifier(strategy="constant", constant="favor").fit(
        [[0], [1]], ["favor", "against"]
    )
    assert make_scorer(f_fa_score)(always, [[0], [1]], ["favor", "against"]) == pytest.approx(1 / 3)


@pytest.mark.parametrize("wrong", [0, True, "Favor", "none of these", 1.0])
def test_the_measure_refuses_unknown_labels(wrong):
    with pytest.raises(ValueError, match="favor"):
        f_fa_score(["favor"], [wrong])
    with pytest.raises(ValueError, match="favor"):
        StanceMetric().compute(predictions=["favor"], references=[wrong])
    with pytest.raises(ValueError, match="as many"):
        f_fa_score(["favor"], [])


def test_the_examples_of_the_metric_run():
    assert doctest.testmod(metrics).failed == 0


def test_the_metric_adds_batches_and_resets():
    metric = StanceMetric("stance")
    metric.add(prediction="favor", reference="favor")
    metric.add_batch(predictions=["against"], references=["favor"])
    assert metric.compute()["accuracy"] == 0.5
    assert metric.compute(predictions=["none"], references=["none"]) == {
        "f_fa": 0.0, "macro_f1": pytest.approx(1 / 3), "f1_favor": 0.0, "f1_against": 0.0,
        "accuracy": 1.0, "undefined": ["f_fa", "macro_f1", "f1_favor", "f1_against"],
    }  # fmt: skip


def test_the_metric_has_the_labels_of_its_task():
    for task, label in (("polarity", "none"), ("stance", "neutral")):
        with pytest.raises(ValueError, match=label):
            StanceMetric(task).compute(predictions=[label], references=["favor"])


# ---------------------------------------------------------------- spans

SIZE = 40
spans = st.builds(
    lambda start, size: [start, min(start + size, SIZE)],
    st.integers(0, SIZE - 1),
    st.integers(1, 12),
)
span_lists = st.lists(spans, max_size=4, unique_by=tuple)


def characters(offsets):
    return {offset for start, end in offsets for offset in range(start, end)}


def most_pairs(gold, pred, agree):
    """Return the size of the largest pairing, by brute force over all one-to-one pairings."""
    short, long = sorted((gold, pred), key=len)
    flip = short is not gold
    return max(
        sum(agree(b, a) if flip else agree(a, b) for a, b in zip(short, chosen, strict=True))
        for chosen in permutations(long, len(short))
    )


def iou(a, b):
    a, b = characters(a), characters(b)
    return len(a & b) / len(a | b) if a | b else 0


@given(span_lists, span_lists)
def test_span_scores_agree_with_brute_force(gold, pred):
    score = make_score([gold], [pred], task="evidence", text="x" * SIZE)
    shared = len(characters(gold) & characters(pred))
    total = len(characters(gold)) + len(characters(pred))
    assert measure(score, "character F1") == pytest.approx(2 * shared / total if total else 0)
    number = len(gold) + len(pred)
    exact = most_pairs(gold, pred, lambda a, b: a == b)
    near = most_pairs(gold, pred, lambda a, b: iou([a], [b]) >= 0.5)
    assert measure(score, "exact F1") == pytest.approx(2 * exact / number if number else 0)
    assert measure(score, "IoU F1") == pytest.approx(2 * near / number if number else 0)


@given(span_lists, span_lists)
def test_the_overlap_threshold_is_one_half(gold, pred):
    assert is_overlapping(to_spans(gold), to_spans(pred)) == (iou(gold, pred) >= 0.5)


def test_pairing_is_optimal_and_not_greedy():
    agree = {("a", "x"), ("a", "y"), ("b", "x")}
    assert count_pairs(["a", "b"], ["x", "y"], lambda p, q: (p, q) in agree) == 2


def stance(evidence, polarity="favor", holder="h", target="t"):
    return {"holder": holder, "target": target, "polarity": polarity, "evidence": evidence}


def test_tuples_need_the_right_polarity():
    gold = [stance([[0, 10]]), stance([[20, 30]], "against")]
    wrong = [stance([[0, 10]], "against"), stance([[20, 29]], "against")]
    score = make_score([gold], [wrong], task="tuples")
    assert measure(score, "tuple F1") == 0.5
    assert measure(score, "exact F1") == 0
    assert measure(score, "F1 without evidence") == 0.5
    assert measure(score, "F1 without polarity") == 1
    assert measure(score, "character F1") == pytest.approx(2 * 9 / (20 + 19))


def quote(content, speaker="s", cue=(), source=None):
    return {"content": content, "speaker": speaker, "cue": list(cue), "source": source}


def test_quotations_are_credited_part_by_part():
    gold = [quote([[0, 10]], "a", [[12, 16]], [17, 20]), quote([[30, 40]], "b")]
    pred = [
        quote([[0, 10]], "a", [[12, 16]], [17, 20]),
        quote([[32, 40]], "a"),
        quote([[50, 60]], None),
    ]
    score = make_score([gold], [pred], task="quotations")
    assert measure(score, "content F1") == pytest.approx(4 / 5)
    assert measure(score, "attributed F1") == pytest.approx(2 / 5)
    assert measure(score, "exact content F1") == pytest.approx(2 / 5)
    assert measure(score, "F1 with cue") == measure(score, "F1 with source") == pytest.approx(4 / 5)
    assert measure(score, "complete F1") == pytest.approx(2 / 5)


# ---------------------------------------------------------------- invariants


@pytest.mark.parametrize("task", TASKS)
def test_gold_scores_one_and_nothing_scores_zero(small, task):
    items = TASKS[task].build(read_corpus(small)[0])
    whole = Score("gold", items, {item.id: item.gold for item in items}, "event")
    assert whole.total("items") == sum(item.gold is not None for item in items) > 0
    for each in whole.measures:
        assert whole.value(each) == 1 or whole.is_undefined(each)
    none = Score("nothing", items, {item.id: None for item in items}, "event")
    assert all(none.value(each) == 0 for each in none.measures)


@given(answers, st.randoms(use_true_random=False))
def test_counts_add_up_in_any_order(pairs, rng):
    gold, pred = map(list, zip(*pairs, strict=True))
    whole = make_score(gold, pred)
    cut = rng.randrange(len(gold) + 1)
    parts = [make_score(gold[s], pred[s]) for s in (slice(cut), slice(cut, None)) if gold[s]]
    assert sum(part.rows.sum(axis=0) for part in parts).tolist() == whole.rows.sum(axis=0).tolist()
    shuffled = rng.sample(pairs, len(pairs))
    again = make_score(*map(list, zip(*shuffled, strict=True)))
    assert [again.value(each) for each in again.measures] == [
        whole.value(each) for each in whole.measures
    ]


def test_measures_are_vectorised():
    score = make_score([random.Random(1).choice(LABELS) for _ in range(12)], ["favor"] * 12)
    whole = evaluate(score.official, score.columns, score.rows).values
    assert whole.tolist() == [
        float(evaluate(score.official, score.columns, row).values) for row in score.rows
    ]


# ---------------------------------------------------------------- swap groups

FAMILIES = ("holder", "paragraph", "target")
stances = st.sampled_from(["favor", "against", "none"])
swapped = st.lists(st.tuples(stances, st.none() | stances), min_size=3, max_size=20)


def make_swapped(pairs, partners):
    """Return the items of gold labels, their predictions, and partners by family."""
    items = make_items([gold for gold, _ in pairs], task="stance")
    for number, swap in partners.items():
        named = {family: items[partner].id for family, partner in swap.items()}
        items[number] = replace(items[number], swap=named)
    return items, {item.id: pred for item, (_, pred) in zip(items, pairs, strict=True)}


@given(swapped, st.data())
def test_swap_consistency_is_the_least_share_of_groups_with_two_right_answers(pairs, data):
    places = st.integers(0, len(pairs) - 1)
    swaps = st.dictionaries(st.sampled_from(FAMILIES), places, min_size=1)
    partners = data.draw(st.dictionaries(places, swaps, min_size=1))
    items, predictions = make_swapped(pairs, partners)

    shares = {}
    for number, swap in partners.items():
        for family, partner in swap.items():
            is_right = all(pairs[each][0] == pairs[each][1] for each in (number, partner))
            shares.setdefault(family, []).append(is_right)
    means = {family: sum(found) / len(found) for family, found in shares.items()}

    score = Score("system", items, predictions, "event")
    assert score.official.name == "swap consistency"
    assert score.value() == pytest.approx(min(means.values()))
    assert measure(score, "swap of " + min(means, key=means.get)) == score.value()
    for family, found in shares.items():
        assert score.total(f"groups {family}") == len(found)
        assert score.total(f"pairs {family}") == sum(found)


def test_families_without_groups_do_not_count_in_a_slice():
    pairs = [("favor", "favor"), ("none", "none"), ("against", "favor"), ("none", "none")]
    items, predictions = make_swapped(pairs, {0: {"holder": 1, "target": 3}, 2: {"target": 3}})
    score = Score("system", items, predictions, "event")
    assert score.value() == 0.5
    assert [score.value(rows=score.rows[[n]]) for n in range(4)] == [1, 0, 0, 0]
    undefined = [score.is_undefined(score.official, score.rows[[n]]) for n in range(4)]
    assert undefined == [False, True, False, True]


@given(answers)
def test_a_minimum_is_over_the_ratios_that_are_defined(pairs):
    rows = np.array([[len(gold), len(pred or ""), 0] for gold, pred in pairs])
    ratios = (Ratio({"b": 1}, {"a": 1}), Ratio({"a": 1}, {"b": 1}), Ratio({"a": 1}, {"c": 1}))
    found = evaluate(Measure("m", ratios, "min"), "abc", rows)
    expected = [min(b / a, a / b) if b else 0 for a, b, _ in rows.tolist()]
    assert found.values.tolist() == pytest.approx(expected)
    assert not found.undefined.any()


def test_items_without_a_gold_answer_count_nowhere():
    golds, preds = ["favor", "against", "none"], ["favor", "favor", None]
    scored = make_score(golds, preds, task="stance")
    asked = make_score([*golds, None, None], [*preds, "favor", "none"], task="stance")
    assert asked.rows.tolist() == scored.rows.tolist()
    assert asked.items == scored.items
    assert asked.asked == 5
    # The questions differ, so the scores cannot be compared.
    assert asked.signature != scored.signature


def test_a_task_may_have_no_scored_items():
    score = make_score([None, None], ["favor", None], task="stance")
    assert all(score.value(each) == 0 for each in score.measures)
    assert score.on_these_texts(score.official).low is None
    assert score.on_texts_like_these(score.official).low is None


@pytest.mark.parametrize("answer", ["favor", "against", "none"])
def test_no_constant_answer_is_consistent(answer):
    """An answer that ignores what is swapped is wrong about one of the two items."""
    golds = ["favor", "none", "against", "favor"]
    partners = {0: {"holder": 1, "target": 2}, 2: {"holder": 1}, 3: {"holder": 1}}
    pairs = [(gold, answer) for gold in golds]
    assert Score("constant", *make_swapped(pairs, partners), "event").value() == 0
