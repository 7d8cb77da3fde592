"""Test attacks on the scorer: each is refused by a rule, or gains nothing."""

import gzip
import json
import random

import numpy as np
import pytest
from benchmark import make_items, make_score, measure, write_answers
from conftest import CORPUS

from readout.benchmark.predictions import (
    RULES,
    InvalidPredictionError,
    format_predictions,
    parse_predictions,
)
from readout.benchmark.questions.grid import FAMILIES
from readout.benchmark.scoring.report import report_score
from readout.benchmark.scoring.scores import Score
from readout.benchmark.tasks import STANCES, TASKS
from readout.corpus.read import read_corpus


@pytest.fixture(scope="module")
def items():
    return TASKS["polarity"].build(read_corpus(CORPUS)[0])


@pytest.fixture(scope="module")
def document_items():
    corpus = read_corpus(CORPUS)[0]
    return {name: TASKS[name].build(corpus) for name in ("evidence", "tuples", "quotations")}


def gold_file(items):
    return format_predictions(items, [item.gold for item in items])


def edit(position, **changes):
    """Return an attack that changes the record in one line."""

    def attack(raw):
        lines = raw.splitlines()
        lines[position] = json.dumps({**json.loads(lines[position]), **changes}).encode()
        return b"\n".join(lines) + b"\n"

    return attack


def head(**changes):
    """Return an attack that changes the header."""
    return edit(0, **changes)


def number_labels(raw):
    for number, label in enumerate(TASKS["polarity"].labels):
        raw = raw.replace(b'"%s"' % label.encode(), b"%d" % number)
    return raw


REFUSED = {
    "a carriage return at the end of each line": (
        lambda raw: raw.replace(b"\n", b"\r\n"),
        ["carriage-return"],
    ),
    "no header": (lambda raw: raw.partition(b"\n")[2], ["prediction-header"]),
    "a header of another task": (head(task="stance"), ["prediction-items"]),
    "a header of no task": (head(task="stances"), ["prediction-header"]),
    "a header of folds that the task lacks": (head(folds="moon"), ["prediction-header"]),
    "a header of other items": (head(items="0" * 12), ["prediction-items"]),
    "a header that says more": (head(gold=True), ["prediction-header"]),
    "a byte order mark": (lambda raw: b"\xef\xbb\xbf" + raw, ["byte-order-mark"]),
    "another encoding": (lambda raw: raw.replace(b"favor", b"f\xe4vor", 1), ["encoding"]),
    "one JSON array": (
        lambda raw: b"[" + b",".join(raw.splitlines()) + b"]",
        ["prediction-header"],
    ),
    "a blank line": (lambda raw: raw.replace(b"\n", b"\n\n", 1), ["json-syntax"]),
    "an empty file": (lambda raw: b"", ["prediction-header"]),
    "an empty first line": (lambda raw: b"\n" + raw, ["prediction-header"]),
    "a compressed file": (gzip.compress, ["encoding"]),
    "UTF-16": (lambda raw: raw.decode().encode("utf-16"), ["encoding"]),
    "a last line cut off": (lambda raw: raw[:-9], ["json-syntax", "prediction-missing"]),
    "a key twice": (
        lambda raw: raw.replace(b'{"id"', b'{"id":"x","id"', 1),
        ["duplicate-key", "prediction-missing"],
    ),
    "a line twice": (lambda raw: raw + raw.splitlines(True)[1], ["prediction-twice"]),
    "a missing line": (lambda raw: b"".join(raw.splitlines(True)[:-1]), ["prediction-missing"]),
    "an extra line": (
        lambda raw: raw + b'{"id":"nobody","prediction":"favor"}\n',
        ["prediction-id"],
    ),
    "gold beside the prediction": (edit(1, gold="favor"), ["prediction-record"]),
    "a label in another case": (edit(1, prediction="Favor"), ["prediction-value"]),
    "a label of another task": (edit(1, prediction="none"), ["prediction-value"]),
    "a label that looks alike": (edit(1, prediction="fаvor"), ["prediction-value"]),
    "several labels at once": (edit(1, prediction=["favor", "against"]), ["prediction-value"]),
    "a probability": (edit(1, prediction={"favor": 1.0}), ["prediction-value"]),
    "numbers for labels": (number_labels, ["prediction-value"] * 6),
    "None": (
        lambda raw: raw.replace(b'"favor"', b"None", 1),
        ["json-syntax", "prediction-missing"],
    ),
    "a text of NumPy": (
        lambda raw: raw.replace(b'"favor"', b"np.str_('favor')", 1),
        ["json-syntax", "prediction-missing"],
    ),
    "not a number": (
        lambda raw: raw.replace(b'"favor"', b"NaN", 1),
        ["json-syntax", "prediction-missing"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_invalid_files_are_refused(items, name):
    attack, codes = REFUSED[name]
    _, problems = parse_predictions("x.jsonl", attack(gold_file(items)), items)
    assert [problem.code for problem in problems] == codes
    assert all(problem.severity == "error" and problem.path == "x.jsonl" for problem in problems)
    assert all(problem.line for problem in problems if problem.code != "prediction-missing")
    assert not [each for each in problems if "readout format" in (each.hint or "")]


def test_every_rule_of_predictions_is_broken_by_an_attack():
    broken = {code for _, codes in REFUSED.values() for code in codes}
    assert broken == {rule.code for rule in RULES}


def test_refused_numbers_are_explained_by_names(items):
    _, problems = parse_predictions("x.jsonl", number_labels(gold_file(items)), items)
    assert "0 = 'favor', 1 = 'against', 2 = 'neutral'" in problems[0].hint
    assert problems[0].line == 2


def test_an_id_in_decomposed_form_is_unknown():
    """Ids are ASCII, so no id has two Unicode forms; one that only looks alike is unknown."""
    items = make_items(["favor"])
    header = format_predictions(items, ["favor"]).partition(b"\n")[0]
    raw = header + '\n{"id":"d\u03000","prediction":"favor"}\n'.encode()
    _, problems = parse_predictions("x.jsonl", raw, items)
    assert [problem.code for problem in problems] == ["prediction-id", "prediction-missing"]


BAD_SPANS = {
    "beyond the text": [[0, 10_000]],
    "before the text": [[-1, 3]],
    "empty": [[3, 3]],
    "backwards": [[5, 3]],
    "fractions": [[0.0, 3.5]],
    "booleans": [[False, True]],
    "three numbers": [[0, 1, 2]],
    "text": [["0", "3"]],
    "twice": [[0, 3], [0, 3]],
    "no list": "0-3",
}


@pytest.mark.parametrize("name", BAD_SPANS)
@pytest.mark.parametrize("task", ["evidence", "tuples", "quotations"])
def test_invalid_spans_are_refused(document_items, task, name):
    items = document_items[task]
    wrong = BAD_SPANS[name]
    if task == "tuples":
        wrong = [{"holder": "noam-levi", "target": "ferry", "polarity": "favor", "evidence": wrong}]
    elif task == "quotations":
        wrong = [{"speaker": None, "content": wrong, "cue": [], "source": None}]
    raw = write_answers(items, [wrong, *(item.gold for item in items[1:])])
    _, problems = parse_predictions("x.jsonl", raw, items)
    assert [(problem.code, problem.line) for problem in problems] == [("prediction-value", 2)]


@pytest.mark.parametrize(
    ("task", "wrong"),
    [
        (
            "tuples",
            [{"holder": "nobody", "target": "ferry", "polarity": "favor", "evidence": [[0, 3]]}],
        ),
        (
            "tuples",
            [{"holder": "noam-levi", "target": "ferry", "polarity": 0, "evidence": [[0, 3]]}],
        ),
        ("tuples", [{"holder": "noam-levi", "target": "ferry", "polarity": "favor"}]),
        (
            "tuples",
            [{"holder": "noam-levi", "target": "ferry", "polarity": "favor", "evidence": [[0, 3]]}]
            * 2,
        ),
        ("tuples", {"holder": "noam-levi"}),
        ("quotations", [{"speaker": "nobody", "content": [[0, 3]], "cue": [], "source": None}]),
        ("quotations", [{"speaker": None, "content": [[0, 3]], "cue": None, "source": None}]),
        ("quotations", ["favor"]),
    ],
)
def test_invalid_objects_are_refused(document_items, task, wrong):
    items = document_items[task]
    raw = write_answers(items, [wrong, *(item.gold for item in items[1:])])
    _, problems = parse_predictions("x.jsonl", raw, items)
    assert [(problem.code, problem.line) for problem in problems] == [("prediction-value", 2)]


# ---------------------------------------------------------------- values of libraries


def test_texts_numbers_and_arrays_of_numpy_are_answers(items, document_items):
    plain = [item.gold for item in items]
    assert format_predictions(items, np.array(plain)) == format_predictions(items, plain)
    assert format_predictions(items, np.array(plain, dtype=object)) == gold_file(items)

    evidence = document_items["evidence"]
    spans = [np.array(item.gold) for item in evidence]
    assert format_predictions(evidence, spans) == gold_file(evidence)
    assert format_predictions(evidence, [tuple(map(tuple, span)) for span in spans]) == gold_file(
        evidence
    )


NO_ANSWERS = {
    "numbers for labels": lambda count: np.zeros(count, dtype=int),
    "scores": lambda count: np.linspace(0, 1, count),
    "booleans": lambda count: np.ones(count, dtype=bool),
    "missing numbers": lambda count: [float("nan")] * count,
    "missing numbers of NumPy": lambda count: [np.float32("nan")] * count,
    "bytes": lambda count: np.array([b"favor"] * count),
    "an unknown label": lambda count: np.array(["none"] * count),
    "objects": lambda count: [object()] * count,
    "too few": lambda count: ["favor"] * (count - 1),
    "too many": lambda count: ["favor"] * (count + 1),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_is_refused_before_it_is_written(items, name):
    """A number would mean another label elsewhere, and a NaN would become null, an abstention."""
    with pytest.raises(InvalidPredictionError):
        format_predictions(items, NO_ANSWERS[name](len(items)))


# ---------------------------------------------------------------- scored for what they are


def score_bytes(items, raw):
    predictions, problems = parse_predictions("x.jsonl", raw, items)
    assert problems == []
    return Score("attack", items, predictions, "event")


def test_shuffled_rows_change_nothing(items):
    header, *lines = gold_file(items).splitlines(True)
    random.Random(1).shuffle(lines)
    assert report_score(score_bytes(items, b"".join([header, *lines]))) == report_score(
        score_bytes(items, gold_file(items))
    )


def test_shuffled_ids_fall_to_chance(real):
    """Predictions are aligned by id, so right labels under wrong ids are wrong."""
    items = TASKS["stance"].build(real[0])
    golds = [item.gold for item in items]
    random.Random(1).shuffle(golds)
    score = score_bytes(items, format_predictions(items, golds))
    prior = sum((golds.count(label) / len(golds)) ** 2 for label in set(golds))
    assert measure(score, "accuracy") == pytest.approx(prior, abs=0.1)


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_that_ignore_one_thing_have_no_swap_consistency(family):
    """Such as the sign of the target, whatever the text: no prior can win."""
    stance = TASKS["stance"].build(read_corpus(CORPUS)[0])
    answers = {}
    for item in stance:
        seen = (item.doc_id, *FAMILIES[family](item))
        number = random.Random(str(seen)).randrange(len(STANCES))
        answers[item.id] = STANCES[number]
    score = Score("blind", stance, answers, "event")
    assert score.total(f"groups {family}") > 0
    assert score.total(f"pairs {family}") == 0
    assert score.value() == 0


def test_permuted_labels_are_wrong(items):
    turned = {"favor": "against", "against": "neutral", "neutral": "favor"}
    assert (
        score_bytes(items, format_predictions(items, [turned[item.gold] for item in items])).value()
        == 0
    )


def test_a_copy_of_gold_is_reported(items):
    score = score_bytes(items, gold_file(items))
    assert score.value() == 1
    assert any("The predictions are gold" in note for note in report_score(score).notes)


def test_abstaining_does_not_raise_a_score(items):
    """A null counts as wrong, and the report gives the coverage."""
    some = [item.gold if number % 2 else None for number, item in enumerate(items)]
    score = score_bytes(items, format_predictions(items, some))
    assert measure(score, "accuracy") == 0.5
    assert measure(score, "coverage") == 0.5
    assert any("abstains on 3 of 6" in note for note in report_score(score).notes)


def test_a_class_that_is_never_predicted_costs_its_f1():
    """The constant favor gets half of F1 (favor), because F1 (against) is 0."""
    score = make_score(["favor"] * 9 + ["against"], ["favor"] * 10)
    assert score.value() == pytest.approx(measure(score, "F1 (favor)") / 2)


def test_long_spans_earn_only_their_share_of_characters():
    size = 1_000
    score = make_score(
        [[[100, 110]], [[500, 520]]], [[[0, size]]] * 2, task="evidence", text="x" * size
    )
    assert measure(score, "character recall") == 1
    assert score.value() == pytest.approx(2 * 30 / (30 + 2 * size))
    assert measure(score, "IoU F1") == measure(score, "exact F1") == 0


def test_many_short_spans_earn_no_more_than_one_long_span():
    crumbs = [[start, start + 1] for start in range(100)]
    whole = make_score([[[10, 20]]], [[[0, 100]]], task="evidence", text="x" * 100)
    crumbed = make_score([[[10, 20]]], [crumbs], task="evidence", text="x" * 100)
    assert crumbed.value() == whole.value()
    assert measure(crumbed, "IoU F1") == measure(crumbed, "exact F1") == 0


def test_overlapping_spans_count_their_characters_once():
    plain = make_score([[[0, 10]]], [[[0, 10]]], task="evidence", text="x" * 20)
    piled = make_score([[[0, 10]]], [[[0, 10], [0, 9], [1, 10]]], task="evidence", text="x" * 20)
    assert plain.value() == piled.value() == 1
    assert measure(piled, "exact F1") == pytest.approx(2 / 4)


def test_every_wrong_polarity_costs_precision():
    def stance(polarity):
        return {"holder": "h", "target": "t", "polarity": polarity, "evidence": [[0, 10]]}

    score = make_score(
        [[stance("against")]],
        [[stance(label) for label in TASKS["polarity"].labels]],
        task="tuples",
    )
    assert score.value() == measure(score, "exact F1") == pytest.approx(2 / 4)
    assert measure(score, "F1 without polarity") == pytest.approx(2 / 4)


def test_offsets_in_other_units_are_wrong(real):
    """UTF-16 offsets differ from code points after an astral character; they are not converted."""
    corpus, _ = read_corpus(CORPUS)
    item = next(each for each in TASKS["tuples"].build(corpus) if "🚢" in each.inputs["text"])
    place = item.inputs["text"].index("🚢")
    moved = [
        {
            **each,
            "evidence": [
                [start + (start > place), end + (end > place)] for start, end in each["evidence"]
            ],
        }
        for each in item.gold
    ]
    score = score_bytes([item], format_predictions([item], [moved]))
    assert measure(score, "exact F1") < 1
