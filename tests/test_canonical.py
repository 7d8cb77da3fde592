"""Canonical form: idempotent, complete, and never a guess."""

import json
import random
import re
import unicodedata

import msgspec
import pytest
from conftest import CORPUS
from hypothesis import given
from hypothesis import strategies as st

from readout.corpus.canonical import encode_layer
from readout.corpus.drafts import content_id, iter_draft_spans
from readout.corpus.files import Change, write_files
from readout.corpus.parse import parse_layer
from readout.model import AnyAnnotation, Mention, Span
from readout.workbench.format import format_corpus, format_layer

DOCUMENTS = ["2030-01-harbour-talks", "2030-01-harbour-brief", "2030-02-toll-critics"]


def layer_bytes(doc_id):
    return (CORPUS / f"annotations/gold/{doc_id}.jsonl").read_bytes()


def text_of(doc_id):
    return (CORPUS / f"raw/text/{doc_id}.txt").read_bytes().decode()


@pytest.mark.parametrize("doc_id", DOCUMENTS)
def test_reader_and_writer_mirror_each_other(doc_id):
    raw = layer_bytes(doc_id)
    layer, problems = parse_layer("x", raw, None)
    assert not problems
    assert encode_layer(layer.records) == raw


@given(st.sampled_from(DOCUMENTS), st.randoms(use_true_random=False), st.booleans(), st.booleans())
def test_format_restores_what_people_leave_out(doc_id, rng, drop_offsets, loose):
    """Shuffled lines, loose JSON and missing offsets (with context) give the same bytes."""
    raw, text = layer_bytes(doc_id), text_of(doc_id)
    records = [json.loads(line) for line in raw.splitlines()]
    for record in records:
        for _, span in iter_draft_spans(record):
            if drop_offsets and rng.random() < 0.5:
                start, end = span.pop("start"), span.pop("end")
                span.update(prefix=text[:start], suffix=text[end:])
    rng.shuffle(records)
    lines = [
        json.dumps(dict(rng.sample(list(r.items()), len(r))) if loose else r, ensure_ascii=loose)
        for r in records
    ]
    done = format_layer("x", ("\n".join(lines)).encode(), None, text)
    assert not done.problems
    assert done.raw == raw


@pytest.mark.parametrize("doc_id", DOCUMENTS)
def test_format_is_idempotent(doc_id):
    done = format_layer("x", layer_bytes(doc_id), None, text_of(doc_id))
    assert done.raw == layer_bytes(doc_id)
    assert not done.changes


def test_format_mends_bytes_and_says_so(small):
    path = small / "annotations/gold/2030-02-toll-critics.jsonl"
    good = path.read_bytes()
    path.write_bytes(b"\xef\xbb\xbf" + good.replace(b"\n", b"\r\n\r\n"))
    done = format_corpus(small)["annotations/gold/2030-02-toll-critics.jsonl"]
    assert done.raw == good
    assert done.changes == (
        "removed the byte order mark",
        "turned carriage returns into line feeds",
        "removed blank lines",
    )


def test_format_composes_what_people_write_but_not_what_they_quote(small):
    path = small / "annotations/gold/2030-01-harbour-brief.jsonl"
    good = path.read_text(encoding="utf-8")
    assert "café" in good  # inside a span
    path.write_text(
        good.replace('"speaker":"cafe-owners"', '"note":"cafe\u0301","speaker":"cafe-owners"'),
        encoding="utf-8",
        newline="\n",
    )
    done = format_corpus(small)["annotations/gold/2030-01-harbour-brief.jsonl"]
    assert "put text in normalization form C" in done.changes
    assert unicodedata.is_normalized("NFC", done.raw.decode())
    speakers = small / "annotations/speakers.jsonl"
    speakers.write_text(
        unicodedata.normalize("NFD", speakers.read_text(encoding="utf-8")),
        encoding="utf-8",
        newline="\n",
    )
    assert not format_corpus(small)["annotations/speakers.jsonl"].problems


def test_a_file_that_cannot_be_read_stays_as_it_is(small):
    path = small / "annotations/gold/2030-02-toll-critics.jsonl"
    broken = path.read_bytes().replace(b'"id":"m-levi"', b'"id":"m-levi"oops', 1)
    path.write_bytes(broken)
    results = format_corpus(small)
    (name,) = results
    assert [problem.code for problem in results[name].problems] == ["json-syntax"]
    assert results[name].raw == broken


def test_an_ambiguous_place_is_not_guessed():
    line = b'{"type":"mention","speaker":"x","span":{"exact":"he"}}\n'
    done = format_layer("x", line, None, "he said that he would")
    assert [problem.code for problem in done.problems] == ["exact-ambiguous"]
    assert len(done.problems[0].context) == 2
    assert done.raw == line


def test_ids_depend_on_content_not_on_position():
    first = {"type": "mention", "speaker": "a", "span": {"start": 0, "end": 1, "exact": "x"}}
    second = {"type": "mention", "speaker": "b", "span": {"start": 0, "end": 1, "exact": "x"}}
    one = content_id(first, [])
    assert one == content_id({**first, "note": "later", "id": "other"}, [])
    assert one != content_id(second, [])
    assert one != content_id(first, [one])
    assert one.startswith("m-")


def test_written_files_are_whole_and_leave_nothing_beside(tmp_path):
    write_files(tmp_path, {"a/b.txt": Change(None, b"one")})
    write_files(tmp_path, {"a/b.txt": Change(b"one", b"two")})
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.txt"]
    assert (tmp_path / "a/b.txt").read_bytes() == b"two"


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9), st.sampled_from("abc")), max_size=8)
)
def test_order_of_lines_does_not_matter(places):
    mentions = [
        Mention(id=f"m-{number}", speaker=speaker, span=Span(start, start + length, "x" * length))
        for number, (start, length, speaker) in enumerate(places)
    ]
    shuffled = random.Random(0).sample(mentions, len(mentions))
    assert encode_layer(mentions) == encode_layer(shuffled)
    again = [
        msgspec.convert(msgspec.json.decode(line), AnyAnnotation)
        for line in encode_layer(mentions).splitlines()
    ]
    assert sorted(again, key=str) == sorted(mentions, key=str)


def test_words_are_not_found_inside_longer_words():
    text = "The mayor left. He smiled."
    line = b'{"type":"mention","id":"m","speaker":"x","span":{"exact":"He"}}\n'
    done = format_layer("x", line, None, text)
    assert not done.problems
    assert b'"start":16' in done.raw

    done = format_layer("x", line.replace(b"He", b"he"), None, text)
    assert [problem.code for problem in done.problems] == ["exact-not-found"]

    part = line.replace(b'"He"', b'"he","prefix":"T"')
    assert b'"start":1,' in format_layer("x", part, None, text).raw


def test_a_line_that_needs_a_decision_holds_back_no_other():
    text = "he said that he would, Ada replied"
    ambiguous = b'{"type":"mention","id":"m-he","speaker":"x","span":{"exact":"he"}}\n'
    clear = b'{"type":"mention","speaker":"x","span":{"exact":"Ada"}}\n'
    placed = (
        b'{"type":"mention","id":"m","speaker":"x","span":{"start":3,"end":7,"exact":"said"}}\n'
    )
    done = format_layer("x", ambiguous + clear + placed, None, text)
    assert [(problem.code, problem.line) for problem in done.problems] == [("exact-ambiguous", 3)]
    assert done.changes
    assert done.raw.startswith(placed)
    assert done.raw.endswith(ambiguous)
    assert b'"start":23,"end":26,"exact":"Ada"' in done.raw

    again = format_layer("x", done.raw, None, text)
    assert again.raw == done.raw
    assert not again.changes


def test_format_does_not_choose_between_offsets_and_context():
    text = "he said that he would"
    span = b'{"start":0,"end":2,"exact":"he","prefix":"that "}'
    line = b'{"type":"mention","id":"m","speaker":"x","span":' + span + b"}\n"
    done = format_layer("x", line, None, text)
    assert [problem.code for problem in done.problems] == ["contradictory-context"]
    assert done.raw == line


def write_fractions(raw):
    """Return a layer with offsets such as 52.0, as tools write that know no integers."""
    return re.sub(rb'("start"|"end"):(\d+)', rb"\1:\2.0", raw)


@pytest.mark.parametrize("doc_id", DOCUMENTS)
def test_offsets_with_a_zero_behind_the_point_are_whole_numbers(doc_id):
    raw = layer_bytes(doc_id)
    layer, problems = parse_layer("x", write_fractions(raw), None)
    assert (problems, layer.drafts) == ([], ())
    assert format_layer("x", write_fractions(raw), None, text_of(doc_id)).raw == raw


def test_context_is_compared_with_offsets_that_have_a_zero_behind_the_point():
    span = b'{"start":52.0,"end":56.0,"exact":"Levi","prefix":"Mr "}'
    raw = b'{"type":"mention","id":"m-levi","speaker":"noam-levi","span":' + span + b"}\n"
    done = format_layer("x", raw, None, text_of("2030-02-toll-critics"))
    assert [problem.code for problem in done.problems] == ["contradictory-context"]
