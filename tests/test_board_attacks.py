"""Test attacks on the board. Each has a verdict: it is refused, seen, or gains nothing.

What no check can see is forbidden by the rules of submissions; the tests say what it would gain.
"""

import json
import shutil
from collections import Counter
from statistics import fmean

import pytest
import yaml
from benchmark import (
    add_seeds,
    copy_gold,
    edit_card,
    find_board,
    find_problems,
    own_card,
    plant,
    read_answers,
    run,
)
from conftest import ROOT

from readout.benchmark.board.claims import list_board_notes
from readout.benchmark.board.leaderboard import build_files, check_files, judge_submissions
from readout.benchmark.folds import build_folds
from readout.benchmark.predictions import format_predictions
from readout.benchmark.scoring.scores import Score
from readout.benchmark.systems.artefacts import TargetToss
from readout.benchmark.systems.baselines import BASELINES
from readout.benchmark.systems.system import predict_folds
from readout.corpus.items import read_frozen

POLARITY = "polarity.event.jsonl"
KINDS = "submissions/kinds.yaml"


def edit_kinds(root, **kinds):
    """Change the list of kinds; None takes a system off it."""
    path = root / KINDS
    listed = {**yaml.safe_load(path.read_bytes()), **kinds}
    kept = {name: kind for name, kind in listed.items() if kind}
    path.write_text(yaml.safe_dump(kept), encoding="utf-8", newline="\n")


# ---------------------------------------------------------------- refused


def edit_header(raw, **changes):
    """Return predictions with another header."""
    header, _, rest = raw.partition(b"\n")
    return json.dumps({**json.loads(header), **changes}).encode() + b"\n" + rest


def submit_other_folds(root):
    answers = read_answers(root, "stance-lexicon")
    plant(root, "attack", {POLARITY: answers["polarity.zero-shot.jsonl"]})


def submit_other_task(root):
    answers = read_answers(root, "stance-lexicon")
    plant(root, "attack", {POLARITY: answers["stance.event.jsonl"]})


def submit_unknown_items(root):
    raw = read_answers(root, "stance-lexicon")[POLARITY]
    plant(root, "attack", {POLARITY: edit_header(raw, items="0123456789ab")})


def rescore_old_items(root):
    """Put the present hash over the predictions for other items."""
    raw = read_answers(root, "stance-lexicon")["stance.event.jsonl"]
    items = read_frozen(root).release.tasks["polarity"].hash
    plant(root, "attack", {POLARITY: edit_header(raw, task="polarity", items=items)})


def call_gold_an_artefact(root):
    plant(root, "attack", copy_gold(root))
    edit_card(root, "attack", kind="artefact")


def keep_a_copied_exposure(root):
    shutil.copytree(root / "submissions/majority", root / "submissions/attack")
    own_card(root, "attack")
    card = yaml.safe_load((root / "submissions/majority/system.yaml").read_bytes())
    edit_card(root, "attack", exposure=card["exposure"])


def leave_out_the_exposure(root):
    plant(root, "attack", copy_gold(root))
    edit_card(root, "attack", exposure="LEFT OUT")


def leave_out_a_bad_seed(root):
    folder = add_seeds(root, "attack", read_answers(root, "majority"), [1, 2])
    shutil.rmtree(folder / "seed-2")


REFUSED = {
    "predictions for other folds, renamed": (submit_other_folds, {"submission-file"}),
    "predictions for another task, renamed": (submit_other_task, {"submission-file"}),
    "predictions for unknown items": (submit_unknown_items, {"prediction-items"}),
    "old predictions under the present hash": (
        rescore_old_items,
        {"prediction-id", "prediction-missing"},
    ),
    "gold that calls itself an artefact": (call_gold_an_artefact, {"submission-card"}),
    "an exposure copied from an artefact": (keep_a_copied_exposure, {"submission-copy"}),
    "an exposure left out": (leave_out_the_exposure, {"submission-card"}),
    "a bad seed left out": (leave_out_a_bad_seed, {"submission-seeds"}),
    "a shipped artefact called a baseline": (
        lambda root: edit_kinds(root, majority="baseline"),
        {"submission-kinds"},
    ),
    "a shipped artefact off the list": (
        lambda root: edit_kinds(root, majority=None),
        {"submission-kinds"},
    ),
    "no list of kinds": (lambda root: (root / KINDS).unlink(), {"submission-kinds"}),
    "an artefact whose folder is gone": (
        lambda root: shutil.rmtree(root / "submissions/majority"),
        {"submission-kinds"},
    ),
    "an artefact with a mistyped id": (
        lambda root: edit_kinds(root, majorty="artefact"),
        {"submission-kinds"},
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_attack_is_refused(board, name):
    attack, codes = REFUSED[name]
    attack(board)
    submissions, problems, _ = judge_submissions(board, read_frozen(board))
    assert {problem.code for problem in problems} == codes
    assert all(problem.hint for problem in problems)
    assert "attack" not in {submission.card.system_id for submission in submissions}


def test_the_hint_about_kinds_restores_the_floor(board):
    before = (board / KINDS).read_bytes()
    edit_kinds(board, majority="baseline")
    (problem,) = find_problems(board)
    assert (problem.path, problem.hint) == (KINDS, "write 'majority: artefact'.")
    assert problem.line
    (board / KINDS).write_bytes(before)
    shutil.rmtree(board / "submissions/majority")
    (problem,) = find_problems(board)
    assert "`readout bench baseline majority`" in problem.hint
    assert run("bench", "baseline", "majority", "--corpus", board, "--jobs", 1).exit_code == 0
    assert find_problems(board) == []


# ---------------------------------------------------------------- seen


def test_an_artefact_that_is_gone_with_its_line_is_named_by_the_board(board):
    """A demotion that no check can refuse changes the names of the floor's artefacts."""
    shutil.rmtree(board / "submissions/majority")
    edit_kinds(board, majority=None)
    built = build_files(board)
    assert built.problems == []
    assert "leaderboard-stale" in {problem.code for problem in check_files(board, built)}
    found = next(each for each in built.boards if each.task == "polarity")
    assert "majority" not in found.artefacts
    note = next(note for note in list_board_notes(found) if "come with the benchmark" in note)
    assert " majority" in note


def test_an_artefact_of_others_that_is_demoted_changes_the_names_on_the_board(board):
    raw = read_answers(board, "stance-lexicon")
    plant(board, "guess", {POLARITY: raw[POLARITY]})
    edit_kinds(board, guess="artefact")
    assert run("bench", "board", board).exit_code == 0
    assert "guess" in find_board(board, "polarity").artefacts
    edit_kinds(board, guess=None)
    built = build_files(board)
    stale = {problem.path for problem in check_files(board, built)}
    assert {"submissions/LEADERBOARD.md", "submissions/guess/result.json"} <= stale


def change_answers(root, changes):
    """Return gold's answers with some answers changed."""
    items = read_frozen(root).items["polarity"]
    turned = {"favor": "against", "against": "favor", "neutral": "favor"}
    answers = [item.gold for item in items]
    for position in range(changes):
        answers[position] = turned[answers[position]]
    return {POLARITY: format_predictions(items, answers)}


def list_marked(built):
    """Return the names of the systems whose answers equal gold, and of those that nearly do."""
    data = json.loads(built.files["submissions/LEADERBOARD.json"])["boards"]
    polarity = next(each for each in data if each["task"] == "polarity")["systems"]
    equal = {each["name"] for each in polarity if each["answers_equal_gold"]}
    near = {each["name"] for each in polarity if each["nearer_to_gold_than_annotators"]}
    return equal, near


def test_gold_is_pointed_at_and_sets_no_floor_if_its_exposure_is_hidden(board):
    plant(board, "half", change_answers(board, 3))
    plant(board, "copied", copy_gold(board))
    built = build_files(board)
    assert list_marked(built) == ({"copied"}, {"copied"})

    found = next(each for each in built.boards if each.task == "polarity")
    assert len([note for note in list_board_notes(found) if "copied" in note]) == 1
    assert found.lines[0].entry.name == "copied"
    assert found.lines[0].entry.kind == "system"
    assert found.floor.kind == "artefact"


@pytest.mark.parametrize("task", ["polarity", "stance", "evidence", "tuples", "attribution"])
def test_gold_with_one_answer_changed_is_pointed_at(task):
    """On the real items, where annotators may make no mistake (attribution)."""
    frozen = read_frozen(ROOT)
    items = frozen.items[task]
    data = json.loads((ROOT / "submissions/LEADERBOARD.json").read_bytes())["boards"]
    limit = next(each["near_gold"] for each in data if each["task"] == task)
    answers = {item.id: item.gold for item in items}
    changed = next(item for item in items if item.gold)
    wrong = {"polarity": "neutral", "stance": "favor", "evidence": [], "tuples": changed.gold[1:]}
    answers[changed.id] = wrong.get(task)
    score = Score("near", items, answers, "event")
    assert not score.is_gold
    assert score.value() > limit


def test_a_system_that_looks_up_the_questions_of_polarity_is_forbidden_by_words_only():
    """It reads no text, and is as good as an annotator.

    No check can see how answers were found: gold itself is in the same folder, for training.
    """
    frozen = read_frozen(ROOT)
    asked = {ask_about(item): item for item in frozen.items["polarity"]}
    stance = frozen.items["stance"]
    answers = {}
    for item in stance:
        answers[item.id] = "none"
        if ask_about(item) in asked:
            others = [each for each in stance if each.event != item.event]
            sides = [each.gold for each in others if each.target == item.target]
            counts = Counter(side for side in sides if side in ("favor", "against"))
            answers[item.id] = max(counts, key=counts.get, default="favor")
    score = Score("lookup", stance, answers, "event")

    board = read_board("stance")
    floor = next(each["value"] for each in board["systems"] if each["name"] == board["floor"])
    assert score.value() > floor
    # The board rounds to six digits.
    assert round(score.value(), 6) >= min(each["value"] for each in board["annotators"])


def ask_about(item):
    return item.doc_id, item.inputs["paragraph"], item.inputs["holder"], item.inputs["target"]


def read_board(task):
    data = json.loads((ROOT / "submissions/LEADERBOARD.json").read_bytes())["boards"]
    return next(each for each in data if each["task"] == task)


# ---------------------------------------------------------------- gains nothing


def test_the_inputs_of_polarity_tell_nothing_about_evidence():
    """Both tasks ask about the same places with the same inputs, none of which is a span."""
    frozen = read_frozen(ROOT)
    polarity = {ask_about(item): item.inputs for item in frozen.items["polarity"]}
    evidence = {ask_about(item): item.inputs for item in frozen.items["evidence"]}
    assert polarity.keys() == evidence.keys()
    for place, inputs in evidence.items():
        differing = {name for name in inputs if inputs[name] != polarity[place][name]}
        assert differing == {"instructions"}
        assert inputs.keys() == polarity[place].keys()
    assert len({inputs["instructions"] for inputs in polarity.values()}) == 1


def test_a_coin_that_knows_the_target_is_part_of_the_floor():
    assert "target-toss" in read_board("stance")["artefacts"]
    for task in ("stance", "polarity"):
        shipped = {name for name, each in BASELINES.items() if task in each.tasks}
        artefacts = {name for name in shipped if BASELINES[name].kind == "artefact"}
        assert artefacts == set(read_board(task)["artefacts"])


def spare_outlets(items, folds, seed):
    """Answer *none* for outlets, and for others the target's usual side by a coin, or *none*."""
    answers = {}
    tossed = predict_folds(lambda: TargetToss("none", seed), items, folds)
    for item, answer in zip(items, tossed, strict=True):
        is_outlet = item.inputs["holder_kind"] == "outlet"
        answers[item.id] = "none" if is_outlet else answer
    return answers


def test_a_coin_that_spares_outlets_is_at_the_floor_on_average():
    items = read_frozen(ROOT).items["stance"]
    folds = build_folds("event", items)
    values = []
    for seed in range(100, 106):
        predictions = spare_outlets(items, folds, seed)
        values.append(Score("spare-outlets", items, predictions, "event").value())

    board = read_board("stance")
    floor = next(each for each in board["systems"] if each["name"] == board["floor"])
    assert len(floor["seeds"]) > 1, "no single draw"
    low, high = floor["interval_on_these_texts"]
    assert low < fmean(values) < high
    assert fmean(values) < floor["value"] + 0.02


def test_copies_of_a_run_as_further_seeds_gain_nothing(board):
    raw = read_answers(board, "stance-lexicon")[POLARITY]
    plant(board, "single", {POLARITY: raw})
    add_seeds(board, "copies", {POLARITY: raw}, list(range(1, 9)))
    found = find_board(board, "polarity")
    lines = {line.entry.name: line for line in found.lines}
    single, copies = lines["single"], lines["copies"]
    assert copies.entry.on_these_texts == single.entry.on_these_texts
    assert copies.lift.comparison._replace(first="single") == single.lift.comparison
    assert found.comparisons == 3, "one test per system, whatever its seeds"
