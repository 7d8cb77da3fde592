"""Compare scores with scikit-learn, the script of SemEval-2016, and brute force."""

import doctest
import random
from itertools import permutations

import pytest
from benchmark import LABELS, make_score, measure
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, f1_score, make_scorer

from readout.benchmark import metrics
from readout.benchmark.metrics import StanceMetric, f_fa_score
from readout.benchmark.scoring.counts import count_pairs, is_overlapping, to_spans
from readout.benchmark.scoring.measures import evaluate
from readout.benchmark.tasks import TASKS

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
    assert StanceMetric().compute(predictions=pred, references=gold)["f_fa"] == pytest.approx(
        semeval_2016(gold, pred)
    )


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
    metric = StanceMetric()
    metric.add(prediction="favor", reference="favor")
    metric.add_batch(predictions=["against"], references=["favor"])
    assert metric.compute()["accuracy"] == 0.5
    assert metric.compute(predictions=["none"], references=["none"]) == {
        "f_fa": 0.0, "f1_favor": 0.0, "f1_against": 0.0, "accuracy": 1.0,
        "undefined": ["f_fa", "f1_favor", "f1_against"],
    }  # fmt: skip


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
def test_gold_scores_one_and_nothing_scores_zero(real, task):
    corpus, _ = real
    items = TASKS[task].build(corpus)
    golds = [item.gold for item in items]
    whole = make_score(golds, golds, task=task)
    assert all(whole.value(each) == 1 for each in whole.measures)
    none = make_score(golds, [None] * len(golds), task=task)
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
