"""Test submissions and the board: every number must follow from the predictions."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
import yaml
from benchmark import (
    NAMES,
    add_seeds,
    codes_of,
    copy_gold,
    edit_card,
    find_board,
    find_problems,
    own_card,
    plant,
    read_answers,
    run,
)
from conftest import CORPUS, ROOT
from msgspec.structs import replace
from recipes import follow

from readout.benchmark.board.cards import OWN_FIELDS, Listing, read_kinds
from readout.benchmark.board.ceiling import answer_items, list_full_annotators, predict_items
from readout.benchmark.board.claims import find_plan, list_claims
from readout.benchmark.board.exports import to_every_eval_ever, to_hub_results
from readout.benchmark.board.leaderboard import (
    board_table,
    build_files,
    check_files,
    judge_submissions,
)
from readout.benchmark.board.submissions import list_systems, read_submissions
from readout.benchmark.predictions import format_predictions
from readout.benchmark.scoring.scores import Score, compare_scores
from readout.benchmark.systems.baselines import BASELINES
from readout.benchmark.tasks import TASKS
from readout.corpus.items import read_frozen
from readout.corpus.read import read_corpus


def codes(root):
    return [
        (problem.code, Path(problem.path).name) for problem in check_files(root, build_files(root))
    ]


def test_a_fresh_board_is_accepted(board):
    assert list_systems(board) == sorted(NAMES)
    assert codes(board) == []
    done = run("bench", "board", board, "--check")
    assert done.exit_code == 0, done.output


def test_a_second_run_writes_the_same_bytes(board):
    before = read_submitted(board)
    assert run("bench", "baseline", *NAMES, "--corpus", board, "--jobs", 2).exit_code == 0
    after = read_submitted(board)
    assert {path: after[path] for path in before} == before
    for path in after.keys() - before.keys():
        path.unlink()
    assert run("bench", "board", board).exit_code == 0
    assert read_submitted(board) == before


def read_submitted(root):
    files = [path for path in (root / "submissions").rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in files}


def test_changed_numbers_changed_predictions_and_missing_files_are_reported(board):
    result = board / "submissions/majority/result.json"
    result.write_bytes(result.read_bytes().replace(b'"value": 0', b'"value": 1', 1))
    assert codes(board) == [("leaderboard-stale", "result.json")]
    assert run("bench", "board", board).exit_code == 0
    assert codes(board) == []
    predictions = board / "submissions/majority/predictions/polarity.event.jsonl"
    predictions.write_bytes(predictions.read_bytes().replace(b':"against"', b':"favor"'))
    assert ("leaderboard-stale", "result.json") in codes(board)
    assert run("bench", "board", board, "--check").exit_code == 1
    predictions.unlink()
    assert ("leaderboard-stale", "LEADERBOARD.json") in codes(board)


def test_invalid_predictions_are_problems_with_their_line(board):
    predictions = board / "submissions/majority/predictions/polarity.event.jsonl"
    predictions.write_bytes(
        predictions.read_bytes().replace(b'"favor"', b"1").replace(b'"against"', b"1")
    )
    problems = find_problems(board)
    assert {problem.code for problem in problems} == {"prediction-value"}
    assert problems[0].path == "submissions/majority/predictions/polarity.event.jsonl"
    assert problems[0].line == 2
    assert run("bench", "board", board).exit_code == 1
    shown = (board / "submissions/LEADERBOARD.md").read_text(encoding="utf-8")
    assert "| majority" not in shown
    assert "| stance-lexicon" in shown


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exposure": "LEFT OUT"}, "submission-card"),
        ({"prompts": "LEFT OUT"}, "submission-card"),
        ({"seeds": "LEFT OUT"}, "submission-card"),
        ({"hardware": "LEFT OUT"}, "submission-card"),
        ({"selection": "best-of"}, "submission-card"),
        ({"system_id": "another"}, "submission-card"),
        ({"kind": "artefact"}, "submission-card"),
        ({"seeds": [1, 2, 3]}, "submission-seeds"),
    ],
)
def test_invalid_system_cards_are_problems(board, changes, code):
    edit_card(board, "majority", **changes)
    assert codes_of(board) == {code}


def test_missing_cards_invalid_yaml_and_unknown_file_names_are_problems(board):
    folder = board / "submissions/majority"
    (folder / "predictions/notes.jsonl").write_bytes(b"")
    (folder / "predictions/polarity.moon.jsonl").write_bytes(b"")
    (board / "submissions/vain").mkdir()
    (board / "submissions/nothing/system.yaml").write_text("a: [", encoding="utf-8", newline="\n")
    found = [(each.code, each.path) for each in find_problems(board)]
    assert found == [
        ("submission-file", "submissions/majority/predictions/notes.jsonl"),
        ("submission-file", "submissions/majority/predictions/polarity.moon.jsonl"),
        ("submission-card", "submissions/nothing/system.yaml"),
        ("submission-card", "submissions/vain/system.yaml"),
    ]


def test_a_system_has_one_row_and_one_test_however_many_seeds_it_has(board):
    name = "polarity.event.jsonl"
    raw = (board / "submissions/stance-lexicon/predictions" / name).read_bytes()
    wrong = raw.replace(b':"favor"', b':"neutral"')
    plant(board, "single", {name: raw})
    before = {line.entry.name: line.lift for line in find_board(board, "polarity").lines}

    folder = add_seeds(board, "seeded", {name: raw}, [1, 2, 3])
    (folder / "seed-2" / name).write_bytes(wrong)
    found = find_board(board, "polarity")
    (line,) = [line for line in found.lines if line.entry.name == "seeded"]
    values = line.entry.values
    assert len(values) == 3
    assert values[0] < values[1] == values[2]
    assert line.entry.value == pytest.approx(sum(values) / 3)

    near = line.entry.on_these_texts
    seeds = [score.on_these_texts(score.official) for score in line.entry.scores]
    assert near.low == min(each.low for each in seeds)
    assert near.high == max(each.high for each in seeds)
    assert found.comparisons == len([each for each in before.values() if each]) + 1
    assert line.lift.comparison.these_texts.permutation.p == max(
        compare_scores(score, artefact).these_texts.permutation.p
        for score in line.entry.scores
        for artefact in floor_scores(found)
    )
    (single,) = [line for line in found.lines if line.entry.name == "single"]
    assert single.lift.comparison == before["single"].comparison

    assert run("bench", "board", board).exit_code == 0
    page = (board / "submissions/LEADERBOARD.md").read_text(encoding="utf-8")
    assert page.count("| seeded |") == 1


def floor_scores(found):
    entries = [line.entry for line in found.lines if line.entry.kind == "artefact"]
    return [score for entry in entries for score in entry.scores]


def test_all_seeds_are_required(board):
    folder = add_seeds(board, "seeded", read_answers(board, "majority"), [1, 2])
    assert find_problems(board) == []
    (folder / "seed-2/polarity.event.jsonl").unlink()
    assert codes_of(board) == {"submission-seeds"}


def test_a_seed_that_is_no_number_is_a_problem(board):
    folder = board / "submissions/majority/predictions"
    edit_card(board, "majority", seeds=[1, 2])
    (folder / "seed-x").mkdir()
    for path in list(folder.glob("*.jsonl")):
        path.rename(folder / "seed-x" / path.name)
    found = find_problems(board)
    assert {problem.code for problem in found} == {"submission-seeds"}


def test_the_board_names_the_floor_and_measures_lift_against_it(board):
    made = build_files(board)
    found = {each.task: each for each in made.boards}["polarity"]
    values = [line.entry.value for line in found.lines]
    assert values == sorted(values, reverse=True)
    artefacts = [line.entry.value for line in found.lines if line.entry.kind == "artefact"]
    assert found.floor.value == max(artefacts)
    lexicon = next(line for line in found.lines if line.entry.name == "stance-lexicon")
    difference = lexicon.lift.comparison.these_texts.difference
    assert difference.value == pytest.approx(lexicon.entry.value - found.floor.value)
    assert lexicon.lift.comparison.first == "stance-lexicon"
    assert lexicon.lift.comparison.second == found.floor.name
    data = json.loads(made.files["submissions/LEADERBOARD.json"])
    systems = next(each for each in data["boards"] if each["task"] == "polarity")["systems"]
    assert [each["name"] for each in systems] == [line.entry.name for line in found.lines]


def test_a_system_with_zero_shot_answers_only_is_ranked_by_them(board):
    """Harnesses ask a language model once, and training on less is always allowed."""
    raw = read_answers(board, "stance-lexicon")["polarity.zero-shot.jsonl"]
    plant(board, "shot", {"polarity.zero-shot.jsonl": raw})
    lines = {line.entry.name: line for line in find_board(board, "polarity").lines}
    lexicon, shot = lines["stance-lexicon"], lines["shot"]
    assert shot.entry.value == lexicon.entry.value
    assert shot.lift.comparison._replace(first="stance-lexicon") == lexicon.lift.comparison


def test_the_board_begins_with_what_may_be_claimed(board):
    built = build_files(board)
    claims = list_claims(built.boards)
    assert len(claims) <= 3
    page = built.files["submissions/LEADERBOARD.md"].decode()
    assert page.split("\n\n")[1] == " ".join(claims)
    assert find_plan(built.boards).title in page


def test_a_probe_is_reported_and_not_ranked(board):
    items = read_frozen(board).items["counter"]
    answers = {"counter.event.jsonl": format_predictions(items, ["favor"] * len(items))}
    plant(board, "prober", answers)
    found = find_board(board, "counter")
    assert "prober" in {line.entry.name for line in found.lines}
    assert found.floor is None
    assert {line.lift for line in found.lines} == {None}


def test_the_page_is_escaped_and_its_plot_is_well_formed(board):
    edit_card(board, "majority", name="<script>")
    built = build_files(board)
    page = built.files["submissions/LEADERBOARD.html"].decode()
    assert "<script" not in page
    plots = [part.split("</svg>")[0] + "</svg>" for part in page.split("<svg")[1:]]
    marks = 0
    for plot in plots:
        root = ElementTree.fromstring("<svg" + plot)
        for box in root.iter("rect"):
            assert float(box.get("width").removesuffix("%")) >= 0
        marks += len([each for each in root.iter() if each.get("class") == "mark"])
    rows = [line for each in built.boards for line in each.lines]
    assert marks == len(rows)


# ---------------------------------------------------------------- hostile submissions


def append(raw):
    """Return an attack that adds bytes to the card of a submission."""

    def attack(folder):
        card = folder / "system.yaml"
        card.write_bytes(card.read_bytes() + raw)

    return attack


def move_to(inner):
    """Return an attack that moves the predictions of a submission to another folder."""

    def attack(folder):
        files = list((folder / "predictions").glob("*.jsonl"))
        (folder / "predictions" / inner).mkdir(parents=True)
        for path in files:
            path.rename(folder / "predictions" / inner / path.name)

    return attack


def link(path, target):
    """Return an attack that turns a file or folder of a submission, or itself, into a link."""

    def attack(folder):
        place = folder / path
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        place.symlink_to(target)

    return attack


PREDICTIONS = "predictions/evidence.event.jsonl"
ATTACKS = {
    "a-date-as-a-name": (append(b"2030-01-01: x\n"), "submission-card"),
    "an-integer-as-a-name": (append(b"1: x\n"), "submission-card"),
    "a-long-integer": (append(b"note: " + b"1" * 5000 + b"\n"), "submission-card"),
    "nesting": (append(b"note: " + b"[" * 100 + b"]" * 100 + b"\n"), "submission-card"),
    "deep-nesting": (append(b"note: " + b"[" * 5000 + b"]" * 5000 + b"\n"), "submission-card"),
    "aliases": (append(b"x: &a [x, x]\ny: &b [*a, *a]\nnote: [*b, *b]\n"), "submission-card"),
    "another-seed": (move_to("seed-abc"), "submission-seeds"),
    "another-folder": (move_to("sub"), "submission-seeds"),
    "a-folder-too-deep": (move_to("seed-1/sub"), "submission-seeds"),
}
LINKS = {
    "a-device": (link(PREDICTIONS, "/dev/zero"), "outside-link"),
    "a-system-file": (link(PREDICTIONS, "/etc/passwd"), "outside-link"),
    "a-neighbour": (link(PREDICTIONS, "../../../../outside"), "outside-link"),
    "a-circle": (link(PREDICTIONS, "evidence.event.jsonl"), "missing-file"),
    "folder-out": (link("predictions", "/etc"), "outside-link"),
    "folder-in-a-circle": (link("predictions", "predictions"), "submission-seeds"),
    "card-of-a-device": (link("system.yaml", "/dev/zero"), "outside-link"),
    "card-of-a-system-file": (link("system.yaml", "/etc/passwd"), "outside-link"),
    "result-of-a-device": (link("result.json", "/dev/zero"), "submission-place"),
    "result-outside": (link("result.json", "../../../outside"), "submission-place"),
    "result-of-a-source": (link("result.json", "../../raw/documents.jsonl"), "submission-place"),
    "result-of-a-folder": (link("result.json", "."), "submission-place"),
    "out": (link("", "/etc"), "outside-link"),
    "another": (link("", "majority"), "submission-place"),
    "itself": (link("", "itself"), "submission-place"),
    "nowhere": (link("", "missing"), "submission-place"),
}
UNSAFE_NAMES = ["a\nb", "\x1b[31m", "..x", "...", "a\\b", "Nothing", "con", "gold", "\udcff"]


def check_reported(root, expected):
    """Assert that exactly these submissions are reported, and that the others are ranked."""
    found = set()
    for problem in find_problems(root):
        found.add((problem.path.split("/")[1], problem.code))
        assert problem.hint
    escaped = {name.encode(errors="backslashreplace").decode(): name for name in expected}
    assert found == {(shown, expected[name]) for shown, name in escaped.items()}

    done = run("bench", "board", root)
    assert done.exit_code == 1, done.output
    assert "\x1b" not in done.output
    systems = json.loads((root / "submissions/LEADERBOARD.json").read_bytes())["boards"][0]
    assert {each["name"] for each in systems["systems"]} <= set(NAMES)
    assert systems["systems"]


def test_hostile_cards_and_folders_do_not_stop_the_board_of_the_others(board):
    for name, (attack, _) in ATTACKS.items():
        attack(plant(board, name))
    check_reported(board, {name: code for name, (_, code) in ATTACKS.items()})


def test_a_system_that_has_seen_gold_is_listed_without_a_rank(board):
    plant(board, "seer", copy_gold(board))
    before = find_board(board, "polarity")
    exposure = {"badge": "gold", "training": "all gold", "pretraining": None, "people": "All."}
    edit_card(board, "seer", exposure=exposure)
    found = find_board(board, "polarity")
    assert [entry.name for entry in found.contaminated] == ["seer"]
    assert "seer" not in {line.entry.name for line in found.lines}
    assert found.comparisons == before.comparisons - 1
    rows = board_table(found).rows
    assert [row[2] for row in rows if row[0].startswith("seer")] == ["gold"]


def test_a_contaminated_artefact_is_no_floor(board):
    floor = find_board(board, "polarity").floor.name
    card = yaml.safe_load((board / "submissions" / floor / "system.yaml").read_bytes())
    edit_card(board, floor, exposure={**card["exposure"], "badge": "gold"})
    found = find_board(board, "polarity")
    assert found.floor.name != floor
    assert found.floor.kind == "artefact"


def place(path):
    """Return a mistake that moves a file of predictions to another path."""

    def mistake(folder):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / PREDICTIONS).rename(folder / path)

    return mistake


def make_folder(folder):
    (folder / PREDICTIONS).unlink()
    (folder / PREDICTIONS).mkdir()


MISPLACED = {
    "packed": (place(PREDICTIONS + ".gz"), "submission-file"),
    "table": (place("predictions/evidence.event.csv"), "submission-file"),
    "numbered": (place("predictions/evidence.event-2.jsonl"), "submission-file"),
    "outside": (place("evidence.event.jsonl"), "submission-stray"),
    "folder": (make_folder, "submission-stray"),
    "absent": (lambda folder: shutil.rmtree(folder / "predictions"), "submission-seeds"),
    "stray": (lambda folder: (folder / "../stray.jsonl").write_bytes(b""), None),
}


def test_files_in_the_wrong_place_are_problems(board):
    expected = {("stray.jsonl", "submission-stray")}
    for name, (mistake, code) in MISPLACED.items():
        mistake(plant(board, name))
        if code:
            expected.add((name, code))
    problems = find_problems(board)
    assert {(each.path.split("/")[1], each.code) for each in problems} == expected
    assert all(each.hint for each in problems)


def test_a_copied_description_names_what_must_change(board):
    folder = Path(shutil.copytree(board / "submissions/majority", board / "submissions/copied"))
    (folder / "result.json").unlink()
    edit_card(board, "copied", system_id="copied")
    found = find_problems(board)
    assert {problem.code for problem in found} == {"submission-copy"}
    named = [re.search("'([a-z]+)'", each.message)[1] for each in found]
    assert named == [*OWN_FIELDS, "license", "selection"]
    lines = (folder / "system.yaml").read_text(encoding="utf-8").splitlines()
    assert [lines[each.line - 1].partition(":")[0] for each in found] == named

    own_card(board, "copied")
    assert find_problems(board) == [], "what is equal by chance is asked of copies only"


@pytest.mark.parametrize("raw", [b"majority: system\n", b"majority: [", b"- majority\n", b"a: 1\n"])
def test_a_malformed_list_of_kinds_stops_the_board(board, raw):
    """Without the list, the board would have no floor."""
    before = (board / "submissions/LEADERBOARD.md").read_bytes()
    (board / "submissions/kinds.yaml").write_bytes(raw)
    assert codes_of(board) == {"submission-kinds"}
    assert run("bench", "board", board).exit_code == 1
    assert (board / "submissions/LEADERBOARD.md").read_bytes() == before
    assert run("bench", "baseline", "majority", "--corpus", board, "--jobs", 1).exit_code == 2


@pytest.mark.posix
def test_submissions_with_unsafe_names_do_not_stop_the_board_of_the_others(board):
    for name in UNSAFE_NAMES:
        plant(board, name)
    check_reported(board, dict.fromkeys(UNSAFE_NAMES, "submission-place"))


@pytest.mark.posix
def test_submissions_that_are_links_do_not_stop_the_board_of_the_others(board):
    outside = board.parent / "outside"
    outside.write_bytes(b"secret")
    documents = (board / "raw/documents.jsonl").read_bytes()
    for name, (attack, _) in LINKS.items():
        attack(plant(board, name))

    check_reported(board, {name: code for name, (_, code) in LINKS.items()})
    assert "secret" not in run("bench", "board", board).output
    assert outside.read_bytes() == b"secret"
    assert (board / "raw/documents.jsonl").read_bytes() == documents


def test_a_date_without_quotation_marks_is_a_text(board):
    append(b"note: 2030-01-01\n")(board / "submissions/nothing")
    submissions = judge_submissions(board, read_frozen(board)).submissions
    notes = {each.card.system_id: each.card.note for each in submissions}
    assert notes["nothing"] == "2030-01-01"


@pytest.mark.posix
@pytest.mark.parametrize(
    ("path", "target", "command"),
    [
        ("submissions/LEADERBOARD.md", "../raw/documents.jsonl", ["board", "."]),
        ("submissions/majority/predictions", "../../raw", ["baseline", "majority"]),
        ("submissions/items", "../schema", ["items", ".", "--freeze"]),
    ],
)
def test_generated_files_are_not_written_through_links(board, monkeypatch, path, target, command):
    (board / "schema").mkdir()
    (board / "schema/own.json").write_bytes(b"{}")
    place = board / path
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.symlink_to(target)
    before = {file: file.read_bytes() for file in board.rglob("*") if file.is_file()}

    monkeypatch.chdir(board)
    done = run("bench", *command)
    assert done.exit_code == 2, done.output
    assert "leads through a link" in done.output
    assert before == {file: file.read_bytes() for file in board.rglob("*") if file.is_file()}


# ---------------------------------------------------------------- ceiling


def test_gold_as_an_annotator_has_a_perfect_score():
    corpus = read_corpus(CORPUS)[0]
    for task in TASKS.values():
        items = task.build(corpus)
        score = Score("gold", items, predict_items(corpus, task.name, items), "event")
        assert score.value() == 1, task.name


def test_only_annotators_of_all_documents_are_scored():
    corpus = read_corpus(CORPUS)[0]
    assert list_full_annotators(corpus) == []
    layers = [replace(each.gold, annotator="ann") for each in corpus.documents]
    own = zip(corpus.documents, layers, strict=True)
    twice = replace(corpus, documents=tuple(replace(each, layers=(layer,)) for each, layer in own))
    assert list_full_annotators(twice) == ["ann"]
    items = TASKS["polarity"].build(corpus)
    asked = {"polarity": items}
    assert answer_items(twice, asked) == {}, "an annotator whose layers equal gold is left out"
    blank = replace(layers[0], records=())
    documents = (replace(twice.documents[0], layers=(blank,)), *twice.documents[1:])
    answers = answer_items(replace(twice, documents=documents), asked)["polarity"]
    assert set(answers) == {"ann"}
    score = Score("ann", items, answers["ann"], "event")
    left = sum(item.doc_id != documents[0].meta.doc_id for item in items)
    assert (score.total("answered"), score.total("hits")) == (left, left)


# ---------------------------------------------------------------- other formats

# The required fields of version 0.2.1 of the schema of Every Eval Ever.
EVERY_EVAL_EVER = {
    "": [
        "schema_version",
        "evaluation_id",
        "retrieved_timestamp",
        "source_metadata",
        "model_info",
        "eval_library",
        "evaluation_results",
    ],
    "source_metadata": ["source_type", "source_organization_name", "evaluator_relationship"],
    "eval_library": ["name", "version"],
    "model_info": ["name", "id"],
}


def test_exports_have_the_fields_of_their_formats(board, tmp_path):
    frozen = read_frozen(board)
    submissions = read_submissions(board, frozen, dict.fromkeys(NAMES, "baseline"))[0]
    for submission in submissions:
        record = to_every_eval_ever(submission)
        for name, fields in EVERY_EVAL_EVER.items():
            assert set(fields) <= set(record[name] if name else record)
        for result, run_ in zip(record["evaluation_results"], submission.runs, strict=True):
            assert result["score_details"]["score"] == pytest.approx(run_.score.value(), abs=1e-6)
            assert {"evaluation_name", "source_data", "metric_config", "score_details"} <= set(
                result
            )
            data = result["source_data"]["additional_details"]["data_hash"]
            assert data == frozen.release.tasks[run_.score.task.name].hash
        assert all(
            set(each) == {"dataset", "value", "notes"} for each in to_hub_results(submission)
        )
    assert run("bench", "board", board, "--export", tmp_path / "out").exit_code == 0
    written = yaml.safe_load((tmp_path / "out/eval_results/majority.yaml").read_bytes())
    assert written[0]["dataset"]["task_id"].startswith("attribution")
    json.loads((tmp_path / "out/every_eval_ever/majority.json").read_bytes())


# ---------------------------------------------------------------- commands and the real board


def test_baselines_are_listed_and_unknown_names_are_refused(board):
    assert all(name in run("bench", "baseline").output for name in BASELINES)
    done = run("bench", "baseline", "majorty", "--corpus", board)
    assert done.exit_code == 2
    assert "did you mean 'majority'" in done.stderr


def test_a_baseline_deletes_predictions_for_missing_folds(board):
    stale = board / "submissions/majority/predictions/attribution.target.jsonl"
    stale.write_bytes(b"")
    run("bench", "baseline", "majority", "--corpus", board, "--jobs", 1)
    assert not stale.exists()


def test_the_real_submissions_are_those_of_the_baselines():
    assert set(list_systems(ROOT)) >= set(BASELINES)
    for name, baseline in BASELINES.items():
        card = yaml.safe_load((ROOT / "submissions" / name / "system.yaml").read_bytes())
        assert card["description"] == baseline.description


def test_the_kinds_of_the_baselines_are_listed():
    shipped = {name: baseline.kind for name, baseline in BASELINES.items()}
    kinds, problems = read_kinds(ROOT, Listing(list_systems(ROOT), shipped))
    assert problems == []
    assert kinds.items() >= shipped.items()


@pytest.mark.slow
def test_the_real_board_is_up_to_date(real):
    assert check_files(ROOT, build_files(ROOT)) == []
    assert msgspec.json.decode((ROOT / "submissions/LEADERBOARD.json").read_bytes())["boards"]


def find_python(page):
    """Return the block of Python of a page that submits a pipeline."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (code,) = [block for block in blocks if "word-weights" in block]
    return code


@pytest.mark.slow
def test_the_pipeline_of_the_page_is_scored_once_its_copied_description_is_changed(board):
    code = find_python("docs/benchmark.md")
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    subprocess.run([sys.executable, "-c", code], cwd=board, check=True)
    card = "submissions/word-weights/system.yaml"
    shutil.copy(board / "submissions/majority/system.yaml", board / card)
    problems = find_problems(board)
    assert {problem.path for problem in problems} == {card}
    codes_of_copy = [problem.code for problem in problems]
    assert codes_of_copy == ["submission-card", *["submission-copy"] * (len(OWN_FIELDS) + 2)]

    own_card(board, "word-weights")
    built = build_files(board)
    assert built.problems == []
    stance = next(each for each in built.boards if each.task == "stance")
    kinds = {line.entry.name: line.entry.kind for line in stance.lines}
    assert kinds["word-weights"] == "system"


@pytest.mark.posix
@pytest.mark.slow
def test_the_steps_of_the_page_end_green(board):
    page = (ROOT / "docs/benchmark.md").read_text(encoding="utf-8")
    follow(page[: page.index("## Any other system")], lambda: board)
    assert codes(board) == []
    assert "| word-weights |" in (board / "submissions/LEADERBOARD.md").read_text(encoding="utf-8")
