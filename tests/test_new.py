"""A new corpus is ready at once: clean and canonical; it builds, loads and passes its tests."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from readout.checks import check_corpus
from readout.cli import main
from readout.corpus.read import read_corpus
from readout.workbench.datacard import refresh_card
from readout.workbench.format import format_corpus


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def mine(tmp_path):
    done = run("new", tmp_path / 'my "corpus" at $5')
    assert done.exit_code == 0, done.output
    return tmp_path / 'my "corpus" at $5'


def test_a_new_corpus_is_clean_and_canonical(mine):
    corpus, problems = read_corpus(mine)
    assert [*problems, *check_corpus(corpus)] == []
    assert format_corpus(mine) == {}
    assert len(corpus.documents) == 1
    assert run("check", "--strict", mine).exit_code == 0
    old, new, _ = refresh_card(mine)
    assert old == new
    assert (mine / "README.md").read_text(encoding="utf-8").startswith('# my "corpus" at $5\n')


def test_a_new_corpus_in_a_repository_is_merged_by_annotation(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert run("new", tmp_path / "mine").exit_code == 0
    command = ["git", "config", "merge.readout.driver"]
    subprocess.run(command, cwd=tmp_path / "mine", check=True, capture_output=True)


def test_a_new_corpus_is_built_and_loads(mine):
    from datasets import load_dataset

    assert run("build", mine).exit_code == 0
    assert len(load_dataset(str(mine / "build/hub"), "stances")["train"]) == 2


def test_a_new_corpus_passes_its_own_tests(mine):
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=mine, check=True
    )


def test_a_folder_that_holds_something_is_refused(mine):
    done = run("new", mine)
    assert done.exit_code == 2
    assert "is not an empty folder" in done.stderr
