"""Prompts, replies, tasks and logs of evaluation harnesses, without the harnesses."""

import json
from importlib import import_module

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from conftest import CORPUS
from harness import build_frozen_hub, make_frozen, to_reply
from msgspec.structs import replace

from readout.benchmark.board.submissions import read_submission
from readout.benchmark.harness import lm_eval_tasks
from readout.benchmark.harness.answers import keep_partners, measure_answers
from readout.benchmark.harness.logs import import_log, import_logs
from readout.benchmark.harness.prompts import format_prompt, read_reply
from readout.benchmark.harness.rows import read_items
from readout.benchmark.metrics import score_rows
from readout.benchmark.scoring.scores import Score
from readout.benchmark.tasks import TASKS
from readout.cli import main
from readout.corpus.files import write_generated
from readout.corpus.items import change_frozen, hash_items, read_frozen
from readout.dataset.load import load
from readout.problem import RefusedError


@pytest.fixture(scope="module")
def items():
    return make_frozen().items


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    return build_frozen_hub(tmp_path_factory.mktemp("dataset"))


@pytest.fixture
def frozen(small):
    write_generated(small, change_frozen(small, make_frozen()))
    return read_frozen(small)


# ---------------------------------------------------------------- items, prompts and replies


def test_items_are_read_with_the_hash_of_the_frozen_ones(items, hub):
    assert set(items) == set(TASKS)
    for task, asked in items.items():
        assert hash_items(read_items(task, hub)) == hash_items(asked)


def test_rows_are_scored_as_the_items_are(items, hub):
    for task, asked in items.items():
        rows = load(f"bench_{task}", hub, split="test")
        answers = [item.gold if number % 3 else None for number, item in enumerate(asked)]
        answers = [np.str_(each) if isinstance(each, str) else each for each in answers]
        score = Score("x", asked, dict(zip([i.id for i in asked], answers, strict=True)), "event")
        expected = {each.name: score.value(each) for each in score.measures}
        assert score_rows(task, rows, answers) == expected
        assert next(iter(expected)) == score.official.name


def test_rows_of_one_event_are_scored_and_wrong_answers_refused(hub):
    rows = load("bench_stance", hub, split="test")
    some = [row for row in rows if row["event"] == rows[0]["event"]]
    gold = [row["answer"] or "none" for row in some]
    assert score_rows("stance", some, gold)["swap consistency"] == 1
    for wrong in (gold[:-1], ["no", *gold[1:]], [0, *gold[1:]]):
        with pytest.raises(RefusedError):
            score_rows("stance", some, wrong)
    with pytest.raises(RefusedError, match="bench_stance"):
        score_rows("stance", [], [])


def test_a_folder_without_items_is_refused(tmp_path):
    with pytest.raises(RefusedError, match="'stance'"):
        read_items("stance", tmp_path)


@pytest.mark.parametrize("task", TASKS)
def test_a_prompt_shows_the_inputs_and_not_where_they_are_from(items, task):
    for item in items[task]:
        prompt = format_prompt(item)
        assert item.inputs["instructions"] in prompt
        assert item.inputs["text"] in prompt
        assert item.id not in prompt
        assert item.doc_id not in prompt
        assert all(label in prompt for label in TASKS[task].labels or ())


@pytest.mark.parametrize("task", TASKS)
def test_the_right_reply_gives_the_gold_answer(items, task):
    for item in items[task]:
        if item.gold is not None:
            reply = to_reply(item)
            for text in (reply, f"  {reply}\n", f"```json\n{reply}\n```"):
                assert read_reply(item, text) == (item.gold, None)


@pytest.mark.parametrize(
    "text", ["favor", "Favor.", "**favor**", '"favor"', "Answer: FAVOR", "```\nfavor\n```"]
)
def test_the_dress_of_a_label_does_not_matter(items, text):
    assert read_reply(items["stance"][0], text) == ("favor", None)


@pytest.mark.parametrize(
    ("task", "text"),
    [
        ("stance", ""),
        ("stance", "neutral"),
        ("stance", "favor or against"),
        ("stance", "I am in favor"),
        ("attribution", "nobody"),
        ("evidence", "the toll"),
        ("evidence", '{"evidence": []}'),
        ("evidence", '["nowhere in the text"]'),
        ("evidence", '["e"]'),
        ("evidence", '[""]'),
        ("evidence", "[[0, 5]]"),
        ("evidence", "[" * 100_000),
        ("tuples", '[{"holder": "ada-quill"}]'),
        ("tuples", '[{"holder": "x", "target": "x", "polarity": "x", "evidence": []}]'),
        ("quotations", '[{"content": [], "cue": "said", "source": null, "speaker": null}]'),
        ("quotations", '[{"content": [], "cue": [], "source": "zebra", "speaker": null}]'),
    ],
)
def test_a_reply_that_cannot_be_read_gives_no_answer_and_the_reason(items, task, text):
    reply = read_reply(items[task][0], text)
    assert reply.prediction is None
    assert reply.fault
    assert len(reply.fault) < 400


# ---------------------------------------------------------------- the LM Evaluation Harness


class _Loader(yaml.SafeLoader):
    """A loader of the YAML files of tasks, which name functions by their modules."""


def _find_function(loader, node):
    module, _, name = loader.construct_scalar(node).rpartition(".")
    return getattr(import_module(module), name)


_Loader.add_constructor("!function", _find_function)
FOLDER = CORPUS.parents[1] / "src/readout/benchmark/harness/lm_eval"


def test_every_task_has_a_yaml_file_with_every_metric():
    names = {path.name for path in FOLDER.glob("*.yaml")}
    assert names == {f"readout_{task}.yaml" for task in TASKS}
    for task, entry in TASKS.items():
        text = (FOLDER / f"readout_{task}.yaml").read_text(encoding="utf-8")
        settings = yaml.load(text, _Loader)
        assert settings["task"] == f"readout_{task}"
        assert settings["dataset_kwargs"] == {"task": task}
        assert settings["include"] == ("_label_yaml" if entry.labels else "_text_yaml")

    shared = yaml.load((FOLDER / "_label_yaml").read_text(encoding="utf-8"), _Loader)
    assert tuple(each["metric"] for each in shared["metric_list"]) == lm_eval_tasks.METRICS


def run_samples(hub, task, change=lambda samples: None):
    """Return the samples of a run that is right about two items of three, and its answers."""
    samples, answers = [], []
    by_id = {item.id: item for item in read_items(task, hub)}
    for number, document in enumerate(lm_eval_tasks.load_items(task, hub)["test"]):
        reply = to_reply(by_id[document["id"]]) if number % 3 else "what?"
        if document["choices"]:
            labels = document["choices"]
            likely = reply.lower() if number % 3 else labels[0]
            responses = [[-1.0 if label == likely else -2.0, False] for label in labels]
            compared = lm_eval_tasks.compare_choice(document, responses)
        else:
            responses = [reply]
            compared = lm_eval_tasks.compare_text(document, responses)
        assert set(compared) == set(lm_eval_tasks.METRICS)
        samples.append({"doc": document, "filtered_resps": responses})
        answers.append(compared["official"])
    return samples, answers


def write_samples(folder, samples):
    path = folder / "samples_readout_2026-01-01.jsonl"
    lines = [json.dumps(sample) for sample in samples]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return path


@pytest.mark.parametrize("task", TASKS)
def test_a_run_is_scored_as_its_import(hub, items, frozen, tmp_path, task):
    samples, answers = run_samples(hub, task)
    imported, problems = import_log(write_samples(tmp_path, samples), frozen)
    assert {problem.code for problem in problems} <= {"log-reply"}
    assert imported.task == task

    lines = [json.loads(line) for line in imported.raw.splitlines()]
    assert lines[0] == {"task": task, "folds": "zero-shot", "items": hash_items(items[task])}
    predictions = {line["id"]: line["prediction"] for line in lines[1:]}
    score = Score("run", items[task], predictions, "zero-shot")
    measured = measure_answers(answers)
    assert measured == {measure.name: score.value(measure) for measure in score.measures}
    assert lm_eval_tasks.measure_official(answers) == score.value()
    assert lm_eval_tasks.measure_coverage(answers) == measured["coverage"]
    interval = score.on_texts_like_these(score.official)
    if interval.low is not None:
        assert lm_eval_tasks.measure_low(answers) == interval.low
        assert lm_eval_tasks.measure_high(answers) == interval.high
    if TASKS[task].shape == "label":
        assert lm_eval_tasks.measure_quality(answers) == pytest.approx(measured["accuracy"])


@pytest.mark.parametrize("likelihoods", ["nan -2 -1", "-2 nan -1", "-inf -inf -inf", "inf -2 -1"])
def test_likelihoods_that_are_no_numbers_give_no_answer_and_the_reason(
    hub, frozen, tmp_path, likelihoods
):
    """The harness writes those of a model that overflows to its log as texts."""
    samples, _ = run_samples(hub, "polarity")
    samples[0]["filtered_resps"] = [[each, "False"] for each in likelihoods.split()]
    imported, (problem,) = import_log(write_samples(tmp_path, samples), frozen)
    assert (problem.code, problem.line) == ("log-reply", 1)
    assert json.loads(imported.raw.splitlines()[1])["prediction"] is None

    results = [(float(each), False) for each in likelihoods.split()]
    record = lm_eval_tasks.compare_choice(samples[0]["doc"], results)["official"]
    assert record["prediction"] is None
    assert likelihoods.split()[0] in record["fault"]


def test_a_run_on_some_items_is_scored_without_partners_that_were_not_asked(items):
    positive = next(item for item in items["stance"] if item.swap)
    (kept,) = keep_partners([positive])
    assert kept == replace(positive, swap={})
    assert keep_partners(items["stance"]) == items["stance"]


# ---------------------------------------------------------------- problems of logs


def _ask_other_items(samples):
    samples[0]["doc"]["items"] = "000000000000"
    for sample in samples:
        sample["doc"] = {**sample["doc"], "items": "000000000000"}


def _repeat(samples):
    samples.append(samples[0])


def _lose_a_response(samples):
    samples[0]["filtered_resps"].pop()


def _answer_unknown(samples):
    samples[0]["doc"]["id"] = "000000000000"


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (_ask_other_items, ["prediction-items"]),
        (_repeat, ["log-once"]),
        (_lose_a_response, ["log-format"]),
        (_answer_unknown, ["prediction-id", "prediction-missing"]),
        (lambda samples: samples.pop(), ["prediction-missing"]),
        (lambda samples: samples.clear(), ["log-format"]),
        (lambda samples: samples.append({}), ["log-format"]),
        (lambda samples: samples[0]["doc"].update(items="0"), ["log-format"]),
    ],
)
def test_a_log_that_is_not_a_whole_run_on_the_frozen_items_is_refused(
    hub, frozen, tmp_path, change, codes
):
    samples, _ = run_samples(hub, "stance")
    change(samples)
    imported, problems = import_log(write_samples(tmp_path, samples), frozen)
    assert imported is None
    assert [problem.code for problem in problems] == codes


def test_a_file_that_is_no_log_is_refused(frozen, tmp_path):
    for name in ("log.txt", "samples.jsonl"):
        (tmp_path / name).write_bytes(b"\xff{")
        imported, problems = import_log(tmp_path / name, frozen)
        assert (imported, [problem.code for problem in problems]) == (None, ["log-format"])


def test_two_runs_of_a_task_are_refused(hub, frozen, tmp_path):
    path = write_samples(tmp_path, run_samples(hub, "polarity")[0])
    with pytest.raises(RefusedError, match="'polarity'"):
        import_logs([path, path], frozen)


# ---------------------------------------------------------------- the command


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_an_import_makes_a_submission_that_somebody_must_complete(hub, small, frozen, tmp_path):
    path = write_samples(tmp_path, run_samples(hub, "polarity")[0])
    command = ["bench", "import", str(path), "--corpus", str(small), "--system", "parrot"]
    assert run(*command, "--seed", "3").exit_code == 0

    folder = small / "submissions/parrot"
    assert {each.relative_to(folder).as_posix() for each in folder.rglob("*.*")} == {
        "system.yaml",
        "predictions/seed-3/polarity.zero-shot.jsonl",
    }
    card = yaml.safe_load((folder / "system.yaml").read_text(encoding="utf-8"))
    assert (card["system_id"], card["seeds"]) == ("parrot", [3])
    assert len(card["prompts"]) == 1
    submission, problems = read_submission(small, "parrot", frozen, {})
    assert submission is None
    assert {problem.code for problem in problems} == {"submission-card"}

    (folder / "system.yaml").write_text("name: kept\n", encoding="utf-8")
    assert run(*command).exit_code == 0
    assert (folder / "system.yaml").read_text(encoding="utf-8") == "name: kept\n"
    assert (folder / "predictions/polarity.zero-shot.jsonl").exists()


def test_an_import_with_problems_writes_nothing(hub, small, frozen, tmp_path):
    path = write_samples(tmp_path, run_samples(hub, "polarity")[0][:-1])
    found = run("bench", "import", str(path), "--corpus", str(small), "--system", "parrot")
    assert found.exit_code == 1
    assert not (small / "submissions/parrot").exists()
