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
from click.testing import CliRunner
from conftest import CORPUS, ROOT
from msgspec.structs import replace

from readout.benchmark.board.ceiling import list_full_annotators, predict_items, score_annotators
from readout.benchmark.board.exports import to_every_eval_ever, to_hub_results
from readout.benchmark.board.leaderboard import build_files, check_files, write_boards
from readout.benchmark.board.submissions import list_systems, read_submissions
from readout.benchmark.scoring.scores import Score
from readout.benchmark.systems.baselines import BASELINES
from readout.benchmark.systems.runs import write_baselines
from readout.benchmark.tasks import TASKS
from readout.cli import main
from readout.corpus.read import read_corpus

NAMES = [
    "always-favor",
    "majority",
    "stance-lexicon",
    "nothing",
]


@pytest.fixture(scope="module")
def made_board(tmp_path_factory):
    root = Path(shutil.copytree(CORPUS, tmp_path_factory.mktemp("made") / "corpus"))
    corpus = read_corpus(root)[0]
    write_baselines(root, corpus, NAMES, workers=1)
    write_boards(root, build_files(root, corpus))
    return root


@pytest.fixture
def board(made_board, tmp_path):
    """Return a copy of the small corpus with a few submissions and its board."""
    return Path(shutil.copytree(made_board, tmp_path / "corpus"))


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def codes(root):
    corpus = read_corpus(root)[0]
    return [
        (problem.code, Path(problem.path).name)
        for problem in check_files(root, build_files(root, corpus))
    ]


def test_a_fresh_board_is_accepted(board):
    assert list_systems(board) == sorted(NAMES)
    assert codes(board) == []
    done = run("bench", "board", board, "--check")
    assert done.exit_code == 0, done.output


def test_a_second_run_writes_the_same_bytes(board):
    before = {
        path: path.read_bytes() for path in (board / "submissions").rglob("*") if path.is_file()
    }
    assert run("bench", "baseline", *NAMES, "--corpus", board, "--jobs", 2).exit_code == 0
    assert run("bench", "board", board).exit_code == 0
    assert before == {
        path: path.read_bytes() for path in (board / "submissions").rglob("*") if path.is_file()
    }


def test_changed_numbers_changed_predictions_and_missing_files_are_reported(board):
    result = board / "submissions/majority/result.json"
    result.write_bytes(result.read_bytes().replace(b'"value": 0', b'"value": 1', 1))
    assert codes(board) == [("leaderboard-stale", "result.json")]
    assert run("bench", "board", board).exit_code == 0
    assert codes(board) == []
    predictions = board / "submissions/majority/predictions/polarity.event.jsonl"
    predictions.write_bytes(predictions.read_bytes().replace(b'"against"', b'"favor"'))
    assert ("leaderboard-stale", "result.json") in codes(board)
    assert run("bench", "board", board, "--check").exit_code == 1
    predictions.unlink()
    assert ("leaderboard-stale", "LEADERBOARD.json") in codes(board)


def test_invalid_predictions_are_problems_with_their_line(board):
    predictions = board / "submissions/majority/predictions/polarity.event.jsonl"
    predictions.write_bytes(
        predictions.read_bytes().replace(b'"favor"', b"1").replace(b'"against"', b"1")
    )
    problems = build_files(board, read_corpus(board)[0]).problems
    assert {problem.code for problem in problems} == {"prediction-value"}
    assert problems[0].path == "submissions/majority/predictions/polarity.event.jsonl"
    assert problems[0].line == 1
    assert run("bench", "board", board).exit_code == 1
    shown = (board / "submissions/LEADERBOARD.md").read_text(encoding="utf-8")
    assert "majority" not in shown
    assert "stance-lexicon" in shown


def edit_card(root, system, **changes):
    path = root / "submissions" / system / "system.yaml"
    card = {**yaml.safe_load(path.read_bytes()), **changes}
    path.write_text(
        yaml.safe_dump({key: value for key, value in card.items() if value != "LEFT OUT"}),
        encoding="utf-8",
        newline="\n",
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exposure": "LEFT OUT"}, "submission-card"),
        ({"prompts": "LEFT OUT"}, "submission-card"),
        ({"seeds": "LEFT OUT"}, "submission-card"),
        ({"hardware": "LEFT OUT"}, "submission-card"),
        ({"selection": "best-of"}, "submission-card"),
        ({"system_id": "another"}, "submission-card"),
        ({"seeds": [1, 2, 3]}, "submission-seeds"),
    ],
)
def test_invalid_system_cards_are_problems(board, changes, code):
    edit_card(board, "majority", **changes)
    assert {problem.code for problem in build_files(board, read_corpus(board)[0]).problems} == {
        code
    }


def test_missing_cards_invalid_yaml_and_unknown_file_names_are_problems(board):
    folder = board / "submissions/majority"
    (folder / "predictions/notes.jsonl").write_bytes(b"")
    (folder / "predictions/polarity.moon.jsonl").write_bytes(b"")
    (board / "submissions/vain").mkdir()
    (board / "submissions/nothing/system.yaml").write_text("a: [", encoding="utf-8", newline="\n")
    found = [(each.code, each.path) for each in build_files(board, read_corpus(board)[0]).problems]
    assert found == [
        ("submission-file", "submissions/majority/predictions/notes.jsonl"),
        ("submission-file", "submissions/majority/predictions/polarity.moon.jsonl"),
        ("submission-card", "submissions/nothing/system.yaml"),
        ("submission-card", "submissions/vain/system.yaml"),
    ]


def test_all_seeds_are_required_and_shown(board):
    folder = board / "submissions/majority/predictions"
    edit_card(board, "majority", seeds=[1, 2])
    files = {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}
    for path in list(folder.glob("*.jsonl")):
        path.unlink()
    for seed in (1, 2):
        (folder / f"seed-{seed}").mkdir()
        for name, raw in files.items():
            (folder / f"seed-{seed}" / name).write_bytes(raw)
    assert run("bench", "board", board).exit_code == 0
    page = (board / "submissions/LEADERBOARD.md").read_text(encoding="utf-8")
    assert "majority (seed 1)" in page
    assert "majority (seed 2)" in page
    (folder / "seed-2/polarity.event.jsonl").unlink()
    assert {problem.code for problem in build_files(board, read_corpus(board)[0]).problems} == {
        "submission-seeds"
    }


def test_a_seed_that_is_no_number_is_a_problem(board):
    folder = board / "submissions/majority/predictions"
    edit_card(board, "majority", seeds=[1, 2])
    (folder / "seed-x").mkdir()
    for path in list(folder.glob("*.jsonl")):
        path.rename(folder / "seed-x" / path.name)
    found = build_files(board, read_corpus(board)[0]).problems
    assert {problem.code for problem in found} == {"submission-seeds"}


def test_the_board_names_the_floor_and_measures_lift_against_it(board):
    made = build_files(board, read_corpus(board)[0])
    found = {each.task: each for each in made.boards}["polarity"]
    values = [line.score.value() for line in found.lines]
    assert values == sorted(values, reverse=True)
    artefacts = {
        line.score.name: line.score.value() for line in found.lines if line.kind == "artefact"
    }
    assert found.floor.value() == max(artefacts.values())
    lexicon = next(line for line in found.lines if line.score.name == "stance-lexicon")
    difference = lexicon.lift.comparison.these_texts.difference
    assert difference.value == pytest.approx(lexicon.score.value() - found.floor.value())
    assert lexicon.lift.comparison.first == "stance-lexicon"
    data = json.loads(made.files["submissions/LEADERBOARD.json"])
    assert [each["name"] for each in data["boards"][0]["systems"]] == [
        line.score.name for line in found.lines
    ]
    assert "smallest possible p" in made.files["submissions/LEADERBOARD.md"].decode()


def test_the_page_is_escaped_and_its_plot_is_well_formed(board):
    edit_card(board, "majority", name="<script>")
    page = build_files(board, read_corpus(board)[0]).files["submissions/LEADERBOARD.html"].decode()
    assert "<script" not in page
    plots = [part.split("</svg>")[0] + "</svg>" for part in page.split("<svg")[1:]]
    for plot in plots:
        root = ElementTree.fromstring("<svg" + plot)
        for box in root.iter("rect"):
            assert float(box.get("width")) >= 0
        assert len(list(root.iter("circle"))) >= 1


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


def plant(root, name):
    """Add a submission that is a copy of another one, and return its folder."""
    folder = Path(shutil.copytree(root / "submissions/nothing", root / "submissions" / name))
    if re.fullmatch("[a-z-]+", name):
        edit_card(root, name, system_id=name)
    return folder


def check_reported(root, expected):
    """Assert that exactly these submissions are reported, and that the others are ranked."""
    found = set()
    for problem in build_files(root, read_corpus(root)[0]).problems:
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
    submissions = build_files(board, read_corpus(board)[0]).submissions
    notes = {each.card.system_id: each.card.note for each in submissions}
    assert notes["nothing"] == "2030-01-01"


@pytest.mark.posix
@pytest.mark.parametrize(
    ("path", "target", "command"),
    [
        ("submissions/LEADERBOARD.md", "../raw/documents.jsonl", ["board", "."]),
        ("submissions/majority/predictions", "../../raw", ["baseline", "majority"]),
        ("submissions/folds", "../schema", ["folds", ".", "--write"]),
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
    assert score_annotators(twice, "polarity", items) == [], (
        "an annotator whose layers equal gold is left out"
    )
    blank = replace(layers[0], records=())
    documents = (replace(twice.documents[0], layers=(blank,)), *twice.documents[1:])
    (score,) = score_annotators(replace(twice, documents=documents), "polarity", items)
    asked = sum(item.doc_id != documents[0].meta.doc_id for item in items)
    assert (score.total("answered"), score.total("hits")) == (asked, asked)


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
    submissions = read_submissions(board, read_corpus(board)[0])[0]
    for submission in submissions:
        record = to_every_eval_ever(submission)
        for name, fields in EVERY_EVAL_EVER.items():
            assert set(fields) <= set(record[name] if name else record)
        for result, run_ in zip(record["evaluation_results"], submission.runs, strict=True):
            assert result["score_details"]["score"] == pytest.approx(run_.score.value(), abs=1e-6)
            assert {"evaluation_name", "source_data", "metric_config", "score_details"} <= set(
                result
            )
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
        assert (card["kind"], card["description"]) == (baseline.kind, baseline.description)


@pytest.mark.slow
def test_the_real_board_is_up_to_date(real):
    assert check_files(ROOT, build_files(ROOT, real[0])) == []
    assert msgspec.json.decode((ROOT / "submissions/LEADERBOARD.json").read_bytes())["boards"]


def test_the_system_of_the_readme_runs_and_is_scored(board):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = [
        block
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        if "word-threat" in block
    ]
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    run("bench", "folds", board, "--write")
    subprocess.run([sys.executable, "-c", code], cwd=board, check=True)
    shutil.copy(
        board / "submissions/majority/system.yaml", board / "submissions/word-threat/system.yaml"
    )
    edit_card(board, "word-threat", system_id="word-threat", kind="system")
    assert run("bench", "board", board).exit_code == 0
    assert "word-threat" in (board / "submissions/LEADERBOARD.md").read_text(encoding="utf-8")
