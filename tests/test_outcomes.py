"""Wrong data that once passed is found, and nothing else is reported for it."""

import json

import pytest
from cases import judge

from readout.corpus.read import REGISTRY_FILES


def find_codes(root):
    """Return the codes of the problems of a corpus."""
    return {problem.code for problem in judge(root)[1]}


@pytest.mark.parametrize("name", REGISTRY_FILES)
def test_nothing_of_an_empty_registry_may_be_named(small, name):
    (small / f"annotations/{name}.jsonl").write_bytes(b"")
    expected = "unknown-annotator" if name == "annotators" else "unknown-reference"
    assert expected in find_codes(small)


@pytest.mark.parametrize("name", REGISTRY_FILES)
def test_a_missing_registry_is_one_problem(small, name):
    (small / f"annotations/{name}.jsonl").unlink()
    assert find_codes(small) == {"missing-file"}


def test_a_line_that_cannot_be_read_makes_no_entry_unused(small):
    path = small / "annotations/gold/2030-01-harbour-brief.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"speaker":', b'"speaker";', 1))
    assert find_codes(small) == {"json-syntax"}


def set_status(root, doc_id, status):
    """Say in the metadata how far a document is annotated."""
    path = root / "raw/documents.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    named = doc_id.encode()
    lines = [
        line.replace(b'"complete"', f'"{status}"'.encode()) if named in line else line
        for line in lines
    ]
    path.write_bytes(b"".join(lines))


@pytest.mark.parametrize(
    ("status", "layer", "codes"),
    [
        ("complete", b"", {"annotated-status", "unannotated-quotation"}),
        ("partial", b"", {"annotated-status"}),
        ("none", b"", set()),
        ("partial", None, set()),
        ("none", None, {"annotated-status"}),
        ("complete", "mentions", {"annotated-status", "unannotated-quotation"}),
    ],
)
def test_a_document_is_annotated_or_says_that_it_is_not_yet(small, status, layer, codes):
    doc_id = "2030-01-harbour-talks"
    path = small / f"annotations/gold/{doc_id}.jsonl"
    if layer == "mentions":
        lines = path.read_bytes().splitlines(keepends=True)
        layer = b"".join(line for line in lines if b'"mention"' in line)
    if layer is not None:
        path.write_bytes(layer)
    set_status(small, doc_id, status)
    consequences = {"unused-entry", "lone-statement"}
    assert find_codes(small) - consequences == codes


@pytest.mark.posix
@pytest.mark.parametrize(
    "path",
    [
        "annotations/speakers.jsonl",
        "annotations/gold",
        "annotations/by",
        "annotations/by/ann",
        "annotations/unplaced",
        "raw/text",
        "raw/text/2030-01-harbour-brief.txt",
    ],
)
def test_nothing_is_read_through_a_link_that_leads_out(small, tmp_path, path):
    outside = tmp_path / "outside"
    link = small / path
    if link.exists():
        link.rename(outside)
    else:
        outside.mkdir()
        (outside / "private.jsonl").write_text('{"secret":1}\n', encoding="utf-8")
    link.symlink_to(outside)

    corpus, problems = judge(small)
    found = {problem.path for problem in problems if problem.code == "outside-link"}
    assert found
    assert all(name == path or name.startswith(f"{path}/") for name in found)
    assert "secret" not in str(problems)
    assert "outside" not in {layer.annotator for each in corpus.documents for layer in each.layers}


@pytest.mark.posix
def test_a_link_inside_the_corpus_is_followed(small):
    path = small / "raw/text/2030-01-harbour-brief.txt"
    path.rename(path.with_name(".brief"))
    path.symlink_to(".brief")
    assert find_codes(small) == set()


# ---------------------------------------------------------------- hints that misled


def find_hints(root):
    return [problem.hint for problem in judge(root)[1]]


def test_no_mention_of_another_speaker_is_proposed_as_a_source(small):
    path = small / "annotations/gold/2030-01-harbour-talks.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b'"id":"m-levi"' not in line))
    (hint,) = find_hints(small)
    assert "restore the mention" in hint or "it was deleted" in hint
    for other in ("m-quill", "m-she", "m-two"):
        assert other not in hint


def test_words_of_two_paragraphs_are_proposed_with_their_closing_mark(small):
    path = small / "annotations/gold/2030-01-harbour-talks.jsonl"
    words = {"exact": "She rejected the toll plan 🚢. “We will not sell the quay,”"}
    record = {"type": "topic", "topic": "toll", "spans": [words]}
    path.write_bytes(path.read_bytes() + json.dumps(record, ensure_ascii=False).encode())
    (hint,) = [hint for hint in find_hints(small) if "copy them" in hint]
    assert "“We will not sell the quay,”" in hint


def test_another_sign_in_the_place_of_a_comma_is_named(small):
    path = small / "annotations/gold/2030-02-toll-critics.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"noam-levi",', b'"noam-levi";', 1))
    assert find_hints(small) == ["write , in its place."]


def test_a_renamed_text_is_recognised(small):
    path = small / "raw/text/2030-01-harbour-brief.txt"
    path.rename(path.with_name("2030-01-harbor-brief.txt"))
    hints = [problem.hint for problem in judge(small)[1] if problem.code == "unexpected-file"]
    assert hints == [
        "rename it to 'raw/text/2030-01-harbour-brief.txt', or delete it if that file is there."
    ]


def test_texts_that_look_alike_are_told_apart(small):
    path = small / "annotations/gold/2030-01-harbour-brief.jsonl"
    path.write_bytes(path.read_bytes().replace("café".encode(), "cafe\u0301".encode(), 1))
    (problem,) = judge(small)[1]
    assert "U+0301 COMBINING ACUTE ACCENT" in problem.context[-1]
