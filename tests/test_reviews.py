"""Reviews of gold: when they count, what they say of the error rate, and that they are no layer."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from readout import read_corpus
from readout.agreement.pairs import compare_all_pairs
from readout.checks.folder import check_folder
from readout.cli import main
from readout.corpus.read import read_registries
from readout.corpus.signatures import hash_gold, hash_layer
from readout.dataset.statistics import TABLES
from readout.report.intervals import wilson_interval

TOLL = "2030-02-toll-critics"
TALKS = "2030-01-harbour-talks"


def put(root, reviewer, doc_id, *reviews):
    """Write the reviews of one document: (about, verdict, sample) each."""
    hashes = find_hashes(root, doc_id)
    lines = []
    for number, (about, verdict, sample) in enumerate(reviews):
        record = {"id": f"r-{number}", "about": about, "hash": hashes[about], "verdict": verdict}
        if sample:
            record["sample"] = sample
        lines.append(json.dumps(record, separators=(",", ":")) + "\n")
    path = root / f"annotations/reviews/{reviewer}/{doc_id}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8")


def find_hashes(root, doc_id):
    corpus, _ = read_corpus(root)
    return next(hash_layer(each.gold) for each in corpus.documents if each.meta.doc_id == doc_id)


def tables(root):
    """Return the problems of a corpus, and the rows of both tables by their first column."""
    problems, tally = check_folder(root)
    registries, _ = read_registries(root)
    reviews = {row[0]: row[1:] for row in TABLES["reviews"](tally, registries).rows}
    samples = TABLES["samples"](tally, registries).rows
    return [problem.code for problem in problems], reviews, samples


def test_reviews_of_people_and_models_are_counted_apart(small):
    put(small, "ann", TOLL, ("s-ferry", "keep", None), ("m-levi", "drop", None))
    put(small, "ben", TOLL, ("s-ferry", "change", None))
    codes, reviews, _ = tables(small)
    assert codes == []
    assert reviews["all people"][:2] == ("human", 2)
    assert reviews["all models"][:2] == ("model", 1)
    assert reviews["ann"][3:] == (1, 0, 1, 0, 0)
    assert reviews["ben"][3:] == (0, 1, 0, 0, 0)


def test_an_annotation_that_changed_is_unreviewed_again(small):
    put(small, "ann", TOLL, ("s-ferry", "keep", None), ("m-levi", "keep", None))
    gold = small / f"annotations/gold/{TOLL}.jsonl"
    raw = gold.read_text(encoding="utf-8")
    noted = raw.replace('"exact":"Levi"}', '"exact":"Levi"},"note":"A remark."')
    gold.write_text(noted, encoding="utf-8")
    assert tables(small)[1]["ann"][1] == 2, "a note changes nothing"

    changed = noted.replace('"polarity":"favor"', '"polarity":"neutral"')
    gold.write_text(changed, encoding="utf-8")
    codes, reviews, _ = tables(small)
    assert "reviewed-item" not in codes
    assert reviews["ann"][1] == 1
    assert reviews["ann"][-1] == 1


def test_a_sample_has_an_interval_once_it_is_whole(small):
    corpus, _ = read_corpus(small)
    sample = {"seed": 7, "size": 3, "population": hash_gold(corpus.documents)}
    one, two = (("s-ferry", "keep", sample), ("m-levi", "change", sample))
    put(small, "ann", TOLL, one, two)
    (row,) = tables(small)[2]
    assert row[3:] == (2, 1, 0, "—", "—")

    put(small, "ann", TOLL, one, two, ("s-iron", "unsure", sample))
    (row,) = tables(small)[2]
    low, high = wilson_interval(1, 2, 3)
    assert row[3:] == (3, 1, 1, "33.3%", f"{low:.1%}–{high:.1%}")


def test_reviews_are_no_layer(small):
    put(small, "ann", TOLL, ("s-ferry", "drop", None))
    corpus, _ = read_corpus(small)
    (document,) = [each for each in corpus.documents if each.meta.doc_id == TOLL]
    assert [layer.annotator for layer in document.layers] == ["ann", "ben"]
    pairs = compare_all_pairs(corpus.documents, ())
    assert {(pair.first, pair.second) for pair in pairs} == {("ann", "ben")}


def test_reviews_follow_renamed_annotations(small):
    put(small, "ann", TOLL, ("s-ferry", "keep", None))
    path = small / f"annotations/reviews/ann/{TOLL}.jsonl"
    rename = ["rename", "annotation", "s-ferry", "s-boat", "--document", TOLL]
    assert CliRunner().invoke(main, [*rename, "--corpus", str(small)]).exit_code == 0
    assert json.loads(path.read_text(encoding="utf-8"))["about"] == "s-boat"
    assert tables(small)[1]["ann"][1] == 1, "the same is said under another id"


@given(st.integers(1, 300), st.data())
def test_intervals_are_those_of_scipy(total, data):
    from scipy.stats import binomtest

    count = data.draw(st.integers(0, total))
    expected = binomtest(count, total).proportion_ci(0.95, "wilson")
    assert wilson_interval(count, count, total) == pytest.approx(tuple(expected))
