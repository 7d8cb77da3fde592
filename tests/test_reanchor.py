"""Annotations move to a corrected text exactly, or are reported as changed or unplaced."""

import json
import re
import subprocess
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import CORPUS
from hypothesis import given
from hypothesis import strategies as st

from readout.checks import check_corpus
from readout.cli import main
from readout.corpus.files import write_files
from readout.corpus.read import read_corpus, read_suggestions, read_text
from readout.model import Mention, Span
from readout.text.alignment import Alignment
from readout.workbench.reanchor import (
    OUTCOMES,
    encode_unplaced,
    find_corrected,
    merge_changes,
    reanchor_annotation,
    reanchor_corpus,
    reanchor_span,
)

GOLD = "annotations/gold/2030-01-harbour-talks.jsonl"
TEXT = "raw/text/2030-01-harbour-talks.txt"
texts = st.text(st.sampled_from("ab \n“שé🚢"), max_size=40)


@st.composite
def spans_of(draw, text):
    start = draw(st.integers(0, max(len(text) - 1, 0)))
    end = draw(st.integers(start + 1, max(len(text), start + 1)))
    return Span(start, end, text[start:end])


@given(texts, texts)
def test_blocks_are_shared_ordered_and_disjoint(old, new):
    blocks = Alignment(old, new).blocks
    for block in blocks:
        assert old[block.start :][: block.length] == new[block.place :][: block.length]
        assert block.length > 0
    for left, right in pairwise(blocks):
        assert left.start + left.length <= right.start
        assert left.place + left.length <= right.place


@given(st.data())
def test_equal_texts_change_nothing(data):
    text = data.draw(texts.filter(bool))
    span = data.draw(spans_of(text))
    assert reanchor_span(span, Alignment(text, text)) == (span, "kept")


@given(st.data(), st.text(st.sampled_from("xyz\n"), min_size=1, max_size=20))
def test_insertion_elsewhere_moves_every_span_exactly(data, inserted):
    old = data.draw(st.text(st.sampled_from("ab “שé🚢"), min_size=1, max_size=40))
    span = data.draw(spans_of(old))
    at = data.draw(st.integers(0, len(old)).filter(lambda at: not span.start < at < span.end))
    inserted = f"\n{inserted}\n"
    new = old[:at] + inserted + old[at:]
    shift = len(inserted) if at <= span.start else 0
    assert reanchor_span(span, Alignment(old, new)).span == Span(
        span.start + shift, span.end + shift, span.exact
    )


@given(st.data(), texts)
def test_insertion_of_any_text_keeps_the_words(data, inserted):
    old = data.draw(texts.filter(bool))
    span = data.draw(spans_of(old))
    at = data.draw(st.integers(0, len(old)).filter(lambda at: not span.start < at < span.end))
    new = old[:at] + inserted + old[at:]
    placed = reanchor_span(span, Alignment(old, new)).span
    if placed is None:
        # Words that occur several times, or got longer at an edge, are not guessed.
        assert new.count(span.exact) > 1 or at in (span.start, span.end)
    else:
        assert placed.exact == new[placed.start : placed.end]


@given(st.data())
def test_deleting_a_passage_leaves_exactly_its_spans_unplaced(data):
    words = data.draw(
        st.lists(st.text("abcdefgh", min_size=2, max_size=6), min_size=4, max_size=12, unique=True)
    )
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first + 1, len(words)))
    old = "".join(f"[{word}]" for word in words)  # no word is part of another one with its brackets
    new = "".join(f"[{word}]" for word in [*words[:first], *words[last:]])
    alignment = Alignment(old, new)
    spans = [
        Span(old.index(f"[{word}]"), old.index(f"[{word}]") + len(word) + 2, f"[{word}]")
        for word in words
    ]
    unplaced = [
        index
        for index, span in enumerate(spans)
        if reanchor_span(span, alignment).outcome == "unplaced"
    ]
    assert unplaced == list(range(first, last))


@given(st.data(), texts)
def test_whatever_happens_a_placed_span_repeats_the_new_text(data, new):
    old = data.draw(texts.filter(bool))
    mention = Mention(id="m", speaker="s", span=data.draw(spans_of(old)))
    move = reanchor_annotation(mention, Alignment(old, new))
    assert move.outcome in OUTCOMES
    if move.after:
        span = move.after.span
        assert new[span.start : span.end] == span.exact
    else:
        assert json.loads(encode_unplaced(mention))["span"] == {"exact": mention.span.exact}


def test_a_corrected_spelling_is_a_change_and_a_moved_paragraph_a_move():
    old = "Talks were held.\nMinister Ganz met Esper.\nThe harbour was closed all day.\n"
    corrected = old.replace("Ganz", "Gantz")
    assert reanchor_span(Span(17, 30, "Minister Ganz"), Alignment(old, corrected)) == (
        Span(17, 31, "Minister Gantz"),
        "changed",
    )
    first, second, third = old.splitlines(keepends=True)
    at = old.index("harbour")
    placed = reanchor_span(
        Span(at, at + 7, "harbour"), Alignment(old, third + first + second + "New.\n")
    )
    assert placed == (Span(4, 11, "harbour"), "moved")


# ---------------------------------------------------------------- the command


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def repository(small):
    for arguments in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", str(small), *arguments], check=True)
    return small


def correct(root, *replacements):
    text = (root / TEXT).read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    (root / TEXT).write_text(text, encoding="utf-8", newline="\n")


def test_reanchor_after_a_correction(repository):
    correct(
        repository,
        ("Mayor opens", "Northport mayor opens"),
        ("rejected the toll plan", "rejected the toll plans"),
    )
    done = run("reanchor", repository)
    assert done.exit_code == 0, done.output
    assert "changed: s-toll: 'rejected the toll plan' → 'rejected the toll plans'" in done.stdout
    corpus, problems = read_corpus(repository)
    assert [*problems, *check_corpus(corpus)] == []
    assert len(corpus.documents[1].gold.records) == (CORPUS / GOLD).read_text(
        encoding="utf-8"
    ).count("\n")
    assert run("reanchor", repository).stderr.startswith("Every text matches")


def test_suggestions_move_too_and_those_without_a_place_are_left_out(repository):
    doc_id = Path(TEXT).stem
    (repository / GOLD).write_bytes(b"")
    assert run("add", "suggestions", doc_id, "--corpus", repository).exit_code == 0
    before, _ = read_suggestions(repository, doc_id)
    others = [each for each in before.records if not re.search("Levi|לוי", str(each.annotation))]
    assert 0 < len(others) < len(before.records)

    correct(repository, ("Mayor opens", "Northport mayor opens"), ("Noam Levi (נועם לוי)", "X"))
    assert run("reanchor", repository).exit_code == 0
    after, problems = read_suggestions(repository, doc_id)
    assert problems == []
    left = [each.annotation["id"] for each in after.records]
    assert left == [each.annotation["id"] for each in others]
    corpus, _ = read_corpus(repository)
    assert "span-text" not in [problem.code for problem in check_corpus(corpus)]


def test_nothing_is_lost_and_what_is_set_aside_can_be_put_back(repository):
    correct(repository, ("The two discussed the new ferry.", ""))
    before = {
        json.loads(line)["id"]
        for line in (repository / GOLD).read_text(encoding="utf-8").splitlines()
    }
    done = run("reanchor", repository)
    aside = repository / "annotations/unplaced/gold/2030-01-harbour-talks.jsonl"
    lost = [json.loads(line)["id"] for line in aside.read_text(encoding="utf-8").splitlines()]
    assert sorted(lost) == ["m-two", "q-ferry", "s-ferry"]
    assert {
        json.loads(line)["id"]
        for line in (repository / GOLD).read_text(encoding="utf-8").splitlines()
    } == before - set(lost)
    assert all(f"look at: {name}" in done.stdout for name in lost)
    assert [p.line for p in read_corpus(repository)[1] if p.code == "unplaced-annotation"] == [
        1,
        2,
        3,
    ]
    correct(repository, ("Photo:", "The two discussed the new ferry.\n\nPhoto:"))
    meta = find_corrected(repository)[0]
    old = read_text(repository, meta.doc_id)[0].replace("The two discussed the new ferry.\n\n", "")
    write_files(repository, merge_changes(reanchor_corpus(repository, [meta], lambda _: old)))
    (repository / GOLD).write_bytes((repository / GOLD).read_bytes() + aside.read_bytes())
    aside.unlink()
    assert run("format", repository).exit_code == 0
    assert {
        json.loads(line)["id"]
        for line in (repository / GOLD).read_text(encoding="utf-8").splitlines()
    } == before


def test_dry_run_writes_nothing(repository):
    correct(repository, ("harbour", "port"))
    before = {path: path.read_bytes() for path in repository.rglob("*.jsonl")}
    assert run("reanchor", repository, "--dry-run").exit_code == 0
    assert {path: path.read_bytes() for path in repository.rglob("*.jsonl")} == before


def test_a_wrong_old_text_is_refused(small, tmp_path):
    (tmp_path / "old.txt").write_text("another text", encoding="utf-8", newline="\n")
    correct(small, ("harbour", "port"))
    assert "git has no old text" in run("reanchor", small).stderr
    assert "needs --document" in run("reanchor", small, "--old", tmp_path / "old.txt").stderr
    done = run(
        "reanchor", small, "--old", tmp_path / "old.txt", "--document", "2030-01-harbour-talks"
    )
    assert done.exit_code == 2
    assert "does not have the sha256" in done.stderr
    (tmp_path / "old.txt").write_bytes((CORPUS / TEXT).read_bytes())
    done = run(
        "reanchor", small, "--old", tmp_path / "old.txt", "--document", "2030-01-harbour-talks"
    )
    assert done.exit_code == 0


def test_a_layer_that_cannot_be_read_stays(repository):
    correct(repository, ("harbour", "port"))
    (repository / GOLD).write_text("oops\n", encoding="utf-8", newline="\n")
    done = run("reanchor", repository)
    assert done.exit_code == 1
    assert (repository / GOLD).read_text(encoding="utf-8") == "oops\n"
    assert "json-syntax" in done.stdout


@pytest.mark.posix
def test_a_layer_that_leads_out_of_the_corpus_stops_its_document(repository):
    correct(repository, ("harbour", "port"))
    (repository / GOLD).rename(repository.parent / "moved.jsonl")
    (repository / GOLD).symlink_to(repository.parent / "moved.jsonl")
    before = (repository / "raw/documents.jsonl").read_bytes()
    done = run("reanchor", repository)
    assert done.exit_code == 1
    assert f"{GOLD}: outside-link" in done.stdout
    assert (repository / "raw/documents.jsonl").read_bytes() == before


def test_a_text_that_cannot_be_read_is_a_problem(repository):
    (repository / TEXT).unlink()
    done = run("reanchor", repository)
    assert done.exit_code == 1
    assert "missing-file" in done.stdout


def test_an_unknown_document_is_refused(repository):
    done = run("reanchor", repository, "--document", "2030-01-harbor-talks")
    assert done.exit_code == 2
    assert "Did you mean '2030-01-harbour-talks'" in done.stderr


def test_an_old_text_in_another_encoding_is_refused_with_the_way_out(small, tmp_path):
    """The text was in Windows-1252, and is UTF-8 now; the annotations are those of the new text."""
    old = (small / TEXT).read_text(encoding="utf-8").encode("cp1252", errors="replace")
    (tmp_path / "old.txt").write_bytes(old)
    index = small / "raw/documents.jsonl"
    new, wrong = sha256((small / TEXT).read_bytes()).hexdigest(), sha256(old).hexdigest()
    text = index.read_text(encoding="utf-8")
    index.write_text(text.replace(new, wrong), encoding="utf-8", newline="\n")

    document = "2030-01-harbour-talks"
    done = run("reanchor", small, "--old", tmp_path / "old.txt", "--document", document)
    assert done.exit_code == 2
    assert new in done.stderr.replace("\n", "")
    index.write_text(text, encoding="utf-8", newline="\n")
    assert run("check", small).exit_code == 0
