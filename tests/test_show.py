"""``show`` and ``search``, and the commands that take the installed corpus if there is no other."""

import json

import pytest
from click.testing import CliRunner
from conftest import CORPUS, ROOT

from readout.cli import main

TOLL = "2030-01-harbour-brief#s-toll"


def run(*arguments, **options):
    return CliRunner().invoke(main, [str(argument) for argument in arguments], **options)


def show(*arguments, **options):
    return run("show", *arguments, "--corpus", CORPUS, **options)


def find(*arguments):
    done = run("search", *arguments, "--corpus", CORPUS, "--format", "json")
    assert done.exit_code == 0, done.output
    return [each["id"].partition("#")[2] for each in json.loads(done.stdout)]


def test_an_annotation_is_shown_in_its_paragraph():
    done = show(TOLL)
    assert done.exit_code == 0
    assert "The café owners' group backed the ferry but [called the toll “unfair”]" in done.stdout
    assert "cafe-owners" in done.stdout
    assert "2030-01-harbour-brief#q-unfair" in done.stdout


def test_colours_are_for_terminals_only():
    assert "\x1b[" not in show(TOLL).stdout
    assert "\x1b[" in show(TOLL, color=True).stdout


def test_json_has_the_record_its_place_and_its_links():
    data = json.loads(show("q-unfair", "--format", "json").stdout)
    assert data["id"] == "2030-01-harbour-brief#q-unfair"
    assert data["record"]["form"] == "mixed"
    assert {name: [each["record"]["id"] for each in found]
            for name, found in data["links"].items()} == {
        "source": ["m-cafe"], "shows": ["s-toll"]}  # fmt: skip
    (paragraph,) = data["paragraphs"]
    assert paragraph["id"] == data["paragraph"]
    assert data["text"] in paragraph["text"]


def test_markdown_has_the_words_in_bold():
    lines = show(TOLL, "--format", "markdown").stdout.splitlines()
    assert "**called the toll “unfair”**" in next(line for line in lines if line.startswith(">"))
    assert "- holder: Café owners' group (`cafe-owners`)" in lines


def test_an_unknown_id_is_wrong_usage():
    assert show("s-ferry").exit_code == 2
    assert show("s-nothing").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["unfair", "--type", "stance"], ["s-toll"]),
        (['"UNFAIR"'], ["s-toll", "q-unfair"]),
        (["toll", "called the"], ["s-toll"]),
        (["oll"], []),
        (["called the toll"], ["s-toll"]),
        (["toll called the"], []),
        (["backed", "--polarity", "favor"], ["s-ferry"]),
        (["--target", "ferry", "--speaker", "owners", "--type", "stance", "backed"], ["s-ferry"]),
        (["--speaker", "Ada Quill", "--type", "quote", "harbour belongs"], ["q-belongs"] * 2),
    ],
)
def test_search_combines_words_and_labels(arguments, expected):
    assert sorted(find(*arguments)) == sorted(expected)


def test_search_explains_what_it_cannot_look_for():
    for arguments in ([], ["--speaker", "noam-lev"], ["--target", "nothing"]):
        assert run("search", *arguments, "--corpus", CORPUS).exit_code == 2
    done = run("search", "--speaker", "noam-lev", "--corpus", CORPUS)
    assert "'noam-levi'" in done.stderr


def test_search_prints_ids_that_show_takes():
    done = run("search", "ferry", "--type", "stance", "--corpus", CORPUS)
    ids = [line.split()[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert len(ids) == 3
    assert all(show(each).exit_code == 0 for each in ids)
    assert "3 annotations" in done.stderr
    markdown = run(
        "search", "ferry", "--type", "stance", "--corpus", CORPUS, "--format", "markdown"
    )
    assert [line.split("`")[1] for line in markdown.stdout.splitlines()] == ids


def test_hostile_words_are_printed_escaped(small):
    path = small / "annotations/speakers.jsonl"
    raw = path.read_text(encoding="utf-8").replace("Café owners", "\\u001b[31m::error::x")
    path.write_text(raw, encoding="utf-8")
    for arguments in (["show", TOLL], ["search", "unfair"]):
        done = run(*arguments, "--corpus", small)
        assert done.exit_code == 0
        assert "\x1b" not in done.stdout
        assert "\\x1b[31m" in done.stdout


def test_a_broken_corpus_is_reported(small):
    (small / "annotations/gold/2030-02-toll-critics.jsonl").write_bytes(b"{\n")
    done = run("search", "ferry", "--corpus", small)
    assert done.exit_code == 1
    assert "json-syntax" in done.output


# ---------------------------------------------------------------- without a corpus folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["stats", "--table", "labels"],
        ["search", "--type", "boilerplate"],
        pytest.param(["preview", "--output", "pages"], marks=pytest.mark.slow),
        ["export", "csv", "--output", "out"],
    ],
)
def test_reading_commands_take_the_installed_corpus(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    assert "installed" in done.stderr
    assert done.stdout.strip() == run(*arguments, "--corpus", ROOT).stdout.strip()


def test_pages_of_the_installed_corpus_are_written_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("preview").exit_code == 0
    assert (tmp_path / "build/preview/index.html").is_file()


def test_a_corpus_around_or_named_comes_first(small, monkeypatch, tmp_path):
    monkeypatch.chdir(small / "annotations")
    assert "installed" not in run("stats").stderr
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run("stats", "--corpus", "empty").exit_code == 2
    assert run("check").exit_code == 2
    assert run("build").exit_code == 2
