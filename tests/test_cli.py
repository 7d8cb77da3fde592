"""The commands as a person uses them: exit codes, no traceback, files only where they should be."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from conftest import ROOT

from readout.cli import main


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_every_command_has_help_and_is_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, command in main.commands.items():
        assert command.help
        assert f"readout {name}" in readme, name
        assert run(name, "--help").exit_code == 0


def test_check_is_clean(small):
    done = run("check", small)
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "no problems" in done.stderr


def test_check_works_from_a_folder_inside(small):
    assert run("check", small / "annotations/gold").exit_code == 0


def test_warnings_fail_only_when_strict(small):
    path = small / "annotations/gold/2030-01-harbour-talks.jsonl"
    path.write_bytes(path.read_bytes().replace(b',"statement":"belongs-to-everyone"', b""))
    assert run("check", small).exit_code == 0
    assert run("check", small, "--strict").exit_code == 1


@pytest.mark.parametrize("output", ["text", "json", "github", "sarif"])
def test_check_names_problems_in_every_format(small, output):
    (small / "annotations/gold/2030-02-toll-critics.jsonl").write_bytes(b'{"type":"mention"}\n')
    done = run("check", small, "--format", output)
    assert done.exit_code == 1
    assert "2030-02-toll-critics.jsonl" in done.stdout
    if output in ("json", "sarif"):
        json.loads(done.stdout)


def test_a_folder_that_is_no_corpus_is_wrong_usage(tmp_path):
    for command in ("check", "format", "build", "stats", "card"):
        done = run(command, tmp_path)
        assert done.exit_code == 2
        assert "not a corpus folder" in done.stderr
    assert run("check", tmp_path / "nowhere").exit_code == 2


def test_format_check_writes_nothing(small):
    path = small / "annotations/gold/2030-02-toll-critics.jsonl"
    raw = path.read_bytes().replace(b',"start"', b', "start"').replace(b'{"start"', b'{ "start"')
    path.write_bytes(raw)
    assert run("format", "--check", small).exit_code == 1
    assert path.read_bytes() == raw
    assert run("format", small).exit_code == 0
    assert path.read_bytes() != raw
    assert run("format", "--check", small).exit_code == 0


def test_format_names_what_it_could_not_mend_and_mends_the_rest(small):
    broken, loose = small / "annotations/gold/2030-02-toll-critics.jsonl", small / "annotations/topics.jsonl"
    broken.write_bytes(b'{"type":"mention","speaker":"noam-levi","span":{"exact":"e"}}\n')
    loose.write_bytes(loose.read_bytes().replace(b'","', b'", "'))
    done = run("format", small)
    assert done.exit_code == 1
    assert "toll-critics.jsonl: left as it is (exact-ambiguous)" in done.stdout
    assert "topics.jsonl: put keys" in done.stdout


def test_build_says_what_it_built_and_how_to_load_it(small, tmp_path):
    done = run("build", small, "--output", tmp_path / "hub")
    assert done.exit_code == 0
    assert "stances        4 train" in done.stdout
    code = "\n".join(line.strip() for line in done.stdout.splitlines()[-3:])
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_build_of_a_broken_corpus_fails(small):
    (small / "annotations/gold/2030-02-toll-critics.jsonl").write_bytes(b"[]\n")
    done = run("build", small)
    assert done.exit_code == 1
    assert not (small / "build/hub").exists()


def test_stats_prints_the_tables_asked_for(small):
    done = run("stats", small, "--table", "labels")
    assert done.exit_code == 0
    assert "polarity" in done.stdout
    assert run("stats", small, "--table", "label").exit_code == 2


def test_hostile_names_are_printed_escaped(small):
    path = small / "annotations/gold/2030-02-toll-critics.jsonl"
    path.write_text(
        '{"type":"mention","speaker":"\\u001b[31mred","span":{"exact":"Levi"}}\n', encoding="utf-8", newline="\n"
    )
    done = run("check", small)
    assert done.exit_code == 1
    assert "\x1b" not in done.stdout


def test_the_script_at_the_top_builds(tmp_path):
    done = subprocess.run([sys.executable, "build_dataset.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 'load_dataset("' in done.stdout


@pytest.fixture
def predictions(small, tmp_path):
    """Two systems that submit predictions for the small corpus: gold, and always favor."""
    from readout.benchmark.predictions import format_predictions
    from readout.benchmark.tasks import TASKS
    from readout.read import read_corpus

    items = TASKS["polarity"].build(read_corpus(small)[0])
    paths = []
    for name, answers in (("echo", [item.gold for item in items]), ("favor", ["favor"] * len(items))):
        path = tmp_path / name / "predictions" / "polarity.event.jsonl"
        path.parent.mkdir(parents=True)
        path.write_bytes(format_predictions(items, answers))
        paths.append(path)
    return paths


@pytest.mark.parametrize("output", ["text", "json", "markdown", "latex"])
def test_score_and_compare_print_every_format(small, predictions, output):
    for arguments in (["score", predictions[1]], ["compare", *predictions]):
        done = run(*arguments, "--corpus", small, "--format", output)
        assert done.exit_code == 0, done.output
        assert "favor" in done.stdout
        assert "task:polarity|folds:event" in done.stdout
        if output == "json":
            json.loads(done.stdout)


def test_score_refuses_what_does_not_fit(small, predictions):
    path = predictions[0]
    path.write_bytes(path.read_bytes().replace(b'"favor"', b"0"))
    done = run("score", path, "--corpus", small)
    assert done.exit_code == 1
    assert "0 = 'favor'" in done.stdout
    renamed = path.rename(path.with_name("mine.jsonl"))
    assert run("score", renamed, "--corpus", small).exit_code == 2
    assert run("score", renamed, "--corpus", small, "--task", "polarty").exit_code == 2
    assert run("score", renamed, "--corpus", small, "--task", "polarity").exit_code == 1
    assert run("score", renamed, "--corpus", small, "--task", "tuples", "--folds", "target").exit_code == 2


def test_scores_of_different_folds_are_not_compared(small, predictions):
    other = predictions[1].rename(predictions[1].with_name("polarity.target.jsonl"))
    done = run("compare", predictions[0], other, "--corpus", small)
    assert done.exit_code == 2
    assert "cannot be compared" in done.stderr
    assert run("compare", predictions[0], "--corpus", small).exit_code == 2


def test_power_says_what_two_events_cannot(small):
    done = run("power", small, "--format", "markdown", "--coverage")
    assert done.exit_code == 0, done.output
    assert "no difference, however large" in done.stdout
    assert run("power", small, "--task", "polarty").exit_code == 2


def test_folds_are_checked_and_written(small):
    assert run("folds", small).exit_code == 1
    assert run("folds", small, "--write").exit_code == 0
    done = run("folds", small, "--leakage", "--task", "polarity")
    assert done.exit_code == 0
    assert "seen_holder" in done.stdout
