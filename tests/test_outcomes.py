"""Wrong data that once passed is found, and nothing else is reported for it."""

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
