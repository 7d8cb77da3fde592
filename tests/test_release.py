"""A release refreshes all generated files or none; between releases, they stay as they are."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from benchmark import own_card
from click.testing import CliRunner
from conftest import CORPUS, ROOT

from readout.cli import main
from readout.corpus.items import read_frozen
from readout.workbench import release as module

CARD = "# Card\n\n<!-- generated: board -->\n<!-- end: board -->\n"
CHANGES = "# Changelog\n\n## Unreleased\n\n- Something new.\n- More.\n"
CITATION = 'cff-version: 1.2.0\ntitle: "x"\nversion: 0.0.0\n# kept\n'
GOLD = "annotations/gold/2030-01-harbour-brief.jsonl"


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def release(root, version="1.0.0", date="2030-03-01"):
    return run("release", version, "--date", date, "--corpus", root, "--jobs", 1)


def git(root, *arguments):
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", root, *who, *arguments], check=True, capture_output=True)


def commit(root):
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "x")


def write(path, text):
    path.write_text(text, encoding="utf-8", newline="\n")


def read_all(root):
    files = [path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {path: path.read_bytes() for path in files}


def change_label(root):
    """Change one label of gold, and the same one in all layers."""
    for path in root.glob("annotations/**/*brief.jsonl"):
        path.write_bytes(path.read_bytes().replace(b'"explicit"', b'"implicit"', 1))
        path.write_bytes(path.read_bytes().replace(b'"favor"', b'"against"', 1))


def add_system(root, name="mine"):
    """Submit a copy of a baseline under another name."""
    folder = Path(shutil.copytree(root / "submissions/nothing", root / "submissions" / name))
    (folder / "result.json").unlink(missing_ok=True)
    own_card(root, name)
    return folder


@pytest.fixture(scope="module")
def _released(tmp_path_factory):
    root = Path(shutil.copytree(CORPUS, tmp_path_factory.mktemp("released") / "corpus"))
    write(root / "DATACARD.md", CARD)
    write(root / "CHANGELOG.md", CHANGES)
    write(root / "CITATION.cff", CITATION)
    assert run("bench", "items", root, "--freeze").exit_code == 0
    done = run("bench", "baseline", "nothing", "always-favor", "--corpus", root, "--jobs", 1)
    assert done.exit_code == 0, done.output
    git(root, "init", "--quiet")
    commit(root)
    assert run("release", "--due", "--corpus", root).exit_code == 1
    done = release(root)
    assert done.exit_code == 0, done.output
    commit(root)
    return root


@pytest.fixture
def released(_released, tmp_path):
    """The small corpus in git, with a release 1.0.0."""
    return Path(shutil.copytree(_released, tmp_path / "corpus"))


def test_a_release_writes_versions_dates_card_and_board(released):
    assert "## Unreleased\n\n## 1.0.0 (2030-03-01)\n\n- Something" in (
        released / "CHANGELOG.md"
    ).read_text(encoding="utf-8")
    citation = yaml.safe_load((released / "CITATION.cff").read_bytes())
    assert citation["version"] == "1.0.0"
    assert str(citation["date-released"]) == "2030-03-01"
    frozen = read_frozen(released)
    assert (frozen.release.version, frozen.release.date) == ("1.0.0", "2030-03-01")
    assert "always-favor" in (released / "DATACARD.md").read_text(encoding="utf-8")
    assert run("bench", "board", released, "--check").exit_code == 0
    assert run("release", "--due", "--corpus", released).exit_code == 0


def test_the_same_version_is_not_released_twice(released):
    before = read_all(released)
    assert release(released).exit_code == 2
    assert release(released, "one").exit_code == 2
    assert run("release", "--corpus", released).exit_code == 2
    assert read_all(released) == before


def test_what_is_not_clean_canonical_and_committed_is_not_released(released):
    change_label(released)
    assert "committed" in release(released, "1.1.0").stderr
    commit(released)
    write(released / GOLD, (released / GOLD).read_text(encoding="utf-8").replace('":"', '": "'))
    commit(released)
    assert release(released, "1.1.0").exit_code == 1
    write(released / GOLD, "oops\n")
    commit(released)
    before = read_all(released)
    done = release(released, "1.1.0")
    assert (done.exit_code, "json-syntax" in done.stdout) == (1, True)
    assert read_all(released) == before


def test_missing_extras_are_named_before_anything_is_done(released, monkeypatch):
    monkeypatch.setattr(module, "_is_installed", lambda name: name.lower() != "vadersentiment")
    before = read_all(released)
    done = release(released, "1.1.0")
    assert done.exit_code == 2
    assert "benchmark" in done.stderr
    assert "always-favor" in done.stderr
    assert read_all(released) == before


def test_a_release_of_a_corpus_that_changes_meanwhile_is_not_written(released):
    prepared = module.prepare_release(released, "1.1.0", "2030-04-01", workers=1)
    change_label(released)
    before = read_all(released)
    with pytest.raises(module.ChangedMeanwhileError):
        module.write_release(released, prepared)
    assert read_all(released) == before


def test_a_changed_label_leaves_all_generated_files_and_checks_alone(released):
    before = read_all(released)
    change_label(released)
    changed = {path for path, raw in read_all(released).items() if before[path] != raw}
    assert changed
    assert run("bench", "board", released, "--check").exit_code == 0
    assert run("bench", "board", released).exit_code == 0
    written = {path for path, raw in read_all(released).items() if before[path] != raw}
    assert written == changed
    done = run("release", "--due", "--corpus", released)
    assert done.exit_code == 1
    assert "1.0.0" in done.stdout


def test_predictions_for_an_earlier_release_are_kept_and_listed(released):
    folder = add_system(released)
    raw = (folder / "predictions/evidence.event.jsonl").read_bytes()
    assert run("bench", "board", released).exit_code == 0
    change_label(released)
    commit(released)
    done = release(released, "1.1.0", "2030-04-01")
    assert done.exit_code == 0, done.output

    assert (folder / "predictions/evidence.event.jsonl").read_bytes() == raw
    board = json.loads((released / "submissions/LEADERBOARD.json").read_bytes())
    listed = {each["path"]: each["version"] for each in board["earlier_releases"]}
    assert listed["submissions/mine/predictions/tuples.event.jsonl"] == "1.0.0"
    assert run("bench", "board", released, "--check").exit_code == 0
    done = run("bench", "score", folder / "predictions/tuples.event.jsonl", "--corpus", released)
    assert done.exit_code == 1
    assert "1.0.0" in done.stdout
    assert "1.1.0" in done.stdout


def test_a_new_submission_passes_without_its_row_and_an_invalid_one_fails(released):
    folder = add_system(released)
    done = run("bench", "board", released, "--check")
    assert done.exit_code == 0, done.output
    assert "submissions/mine/predictions/tuples.event.jsonl: valid" in done.stdout

    path = folder / "predictions/tuples.event.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"prediction":[]', b'"prediction":7'))
    done = run("bench", "board", released, "--check")
    assert done.exit_code == 1
    assert "prediction-value" in done.stdout


@pytest.mark.parametrize("name", ["LEADERBOARD.json", "LEADERBOARD.md", "nothing/result.json"])
def test_a_forged_number_fails(released, name):
    path = released / "submissions" / name
    forged = path.read_bytes().replace(b"0.", b"0.9", 1).replace(b" .", b" .9", 1)
    assert forged != path.read_bytes()
    path.write_bytes(forged)
    done = run("bench", "board", released, "--check")
    assert done.exit_code == 1
    assert "leaderboard-stale" in done.stdout


def test_forged_items_and_answers_are_refused(released):
    for name, old, new in (
        ("polarity.jsonl", b'"favor"}', b'"against"}'),
        ("texts.jsonl", b"ferry", b"fairy"),
        ("release.json", b'"hash": "', b'"hash": "0'),
        ("release.json", b'"tasks"', b'"task"'),
        ("annotators.jsonl", b"", b"{}\n"),
    ):
        path = released / "submissions/items" / name
        raw = path.read_bytes()
        path.write_bytes(raw.replace(old, new, 1))
        assert path.read_bytes() != raw
        done = run("bench", "board", released, "--check")
        assert done.exit_code == 2
        assert "frozen items" in done.stderr
        path.write_bytes(raw)


# ---------------------------------------------------------------- the real corpus


@pytest.fixture
def real_copy(tmp_path):
    root = tmp_path / "real"
    for name in ("raw", "annotations", "submissions"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / "DATACARD.md", root)
    change_decided_label(root)
    decide_all(root)
    return root


def decide_all(root):
    """Obey the hint of the first undecided difference until there is none."""
    while problems := json.loads(run("check", root, "--format", "json").stdout):
        command = re.search("`readout (decide .*)`", problems[0]["hint"])[1]
        for old, new in (("section N", "section 5.1"), (" TEXT", " x"), (" ID", " adjudicator")):
            command = command.replace(old, new)
        done = run(*command.split(), "--corpus", root)
        assert done.exit_code in (0, 1), done.output


def change_decided_label(root):
    """Change a label of a gold stance about which there is a decision."""
    decided = set()
    for path in root.glob("annotations/adjudication/*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            decided.update(json.loads(line)["about"])
    for path in sorted(root.glob("annotations/gold/*.jsonl")):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for number, line in enumerate(lines):
            record = json.loads(line)
            if record["id"] in decided and record.get("polarity") == "favor":
                lines[number] = line.replace('"polarity":"favor"', '"polarity":"neutral"')
                write(path, "".join(lines))
                return
    raise AssertionError


def test_a_changed_label_of_the_real_corpus_changes_no_generated_file(real_copy):
    assert run("check", real_copy).exit_code == 0
    assert run("format", real_copy, "--check").exit_code == 0
    frozen = read_frozen(real_copy)
    assert sum(len(items) for items in frozen.items.values()) > 0
    done = run("release", "--due", "--corpus", real_copy)
    assert done.exit_code == 1


@pytest.mark.slow
def test_a_changed_label_of_the_real_corpus_leaves_its_board_alone(real_copy):
    done = run("bench", "board", real_copy, "--check")
    assert done.exit_code == 0, done.output
