"""A new corpus is ready at once: clean and canonical; it builds, loads and passes its tests."""

import os
import re
import shlex
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


def make(tmp_path, *options):
    done = run("new", *options, tmp_path / 'my "corpus" at $5')
    assert done.exit_code == 0, done.output
    return tmp_path / 'my "corpus" at $5'


@pytest.fixture
def mine(tmp_path):
    """A new corpus with the example."""
    return make(tmp_path, "--example")


@pytest.fixture
def empty(tmp_path):
    return make(tmp_path, "--language", "de")


def run_its_tests(root):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(command, cwd=root, env=environment, check=True)


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


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mine", "empty"])
def test_a_new_corpus_passes_its_own_tests(kind, request):
    run_its_tests(request.getfixturevalue(kind))


def test_an_empty_corpus_has_nothing_to_delete_and_every_command_works(empty):
    corpus, problems = read_corpus(empty)
    assert [*problems, *check_corpus(corpus)] == []
    assert corpus.documents == ()
    assert not any(corpus.registries.files[name].records for name in corpus.registries.files)
    commands = (("check", "--strict"), ("format", "--check"), ("stats",), ("preview",), ("build",))
    for command in commands:
        done = run(*command, "--corpus", empty)
        assert done.exit_code == 0, done.output
    words = b"".join(path.read_bytes() for path in empty.rglob("*") if path.is_file())
    for leftover in (b"river-bridge", b"mira-holt", b"$name", b"$version", b"$example"):
        assert leftover not in words


@pytest.mark.slow
def test_the_first_document_has_the_language_of_the_corpus(empty, tmp_path):
    text = tmp_path / "brief.txt"
    text.write_text("„Die Fähre fährt“, sagte der Kapitän.", encoding="utf-8")
    arguments = (text, "--doc-id", "2031-06-brief", "--split", "train")
    done = run("add", "document", *arguments, "--corpus", empty)
    assert done.exit_code == 0, done.output
    corpus, _ = read_corpus(empty)
    assert [document.meta.language for document in corpus.documents] == ["de"]
    assert run("check", empty).exit_code == 0
    run_its_tests(empty)


def test_the_example_can_be_removed_as_the_readme_says(mine):
    readme = (mine / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^readout (remove .*)$", readme, re.MULTILINE)
    for command in commands:
        done = run(*command.split(), "--corpus", mine)
        assert done.exit_code == 0, done.output
    corpus, problems = read_corpus(mine)
    assert [*problems, *check_corpus(corpus)] == []
    assert corpus.documents == ()
    assert not any(corpus.registries.files[name].records for name in corpus.registries.files)


def test_a_text_can_be_added_as_the_readme_says(empty, tmp_path, monkeypatch):
    readme = (empty / "README.md").read_text(encoding="utf-8")
    block = readme.split("## Add a text")[1].split("```")[1]
    commands = re.findall(r"^readout (.*)$", block, re.MULTILINE)
    text = "Jane Doe spoke.\n"
    (tmp_path / "my-text.txt").write_text(text, encoding="utf-8", newline="\n")
    monkeypatch.chdir(tmp_path)

    for command in commands:
        done = run(*shlex.split(command), "--corpus", empty)
        assert done.exit_code == 0, done.output
    corpus, problems = read_corpus(empty)
    assert [*problems, *check_corpus(corpus)] == []
    (document,) = corpus.documents
    assert [mention.speaker for mention in document.gold.records] == ["jane-doe"]


def test_a_language_that_is_no_tag_is_refused(tmp_path):
    done = run("new", "--language", "German\nlicense: mit", tmp_path / "x")
    assert done.exit_code == 2
    assert not (tmp_path / "x").exists()


def test_a_folder_that_holds_something_is_refused(mine):
    done = run("new", mine)
    assert done.exit_code == 2
    assert "is not an empty folder" in done.stderr
