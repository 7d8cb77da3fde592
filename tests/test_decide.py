"""Decisions are written only about differences, and differences are listed place by place."""

import json
import re

import pytest
from click.testing import CliRunner
from conftest import ROOT

from readout.checks import check_corpus
from readout.cli import main
from readout.corpus.read import read_corpus
from readout.corpus.refs import iter_documents, parse_ref, read_referred, resolve_refs
from readout.problem import RefusedError
from readout.workbench.differences.places import list_places
from readout.workbench.differences.renderings import RENDERINGS

CRITICS = "2030-02-toll-critics"
DECISIONS = f"annotations/adjudication/{CRITICS}.jsonl"
GROUNDS = ("--section", "1.1", "--reason", "It mocks.", "--by", "ben")


def run(root, *arguments):
    return CliRunner().invoke(main, [*arguments, "--corpus", str(root)])


def decide(root, *refs):
    return run(root, "decide", *refs, *GROUNDS)


def read_decisions(root):
    return [json.loads(line) for line in (root / DECISIONS).read_bytes().splitlines()]


def find_codes(root):
    corpus, problems = read_corpus(root)
    return [problem.code for problem in [*problems, *check_corpus(corpus)]]


@pytest.fixture
def undecided(small):
    """The small corpus without the decision about the iron toll."""
    lines = (small / DECISIONS).read_bytes().splitlines(keepends=True)
    (small / DECISIONS).write_bytes(b"".join(line for line in lines if b"iron" not in line))
    return small


# ---------------------------------------------------------------- references


def test_a_reference_and_its_text_mirror_each_other():
    for text in ("s-iron", "ann#s-iron"):
        assert str(parse_ref(text)) == text


@pytest.mark.parametrize("doc_id", [None, CRITICS])
def test_references_lead_to_gold_and_to_layers(small, doc_id):
    refs = ["s-iron", "ann#s-iron", "ben#s-fyi3rn"]
    found = resolve_refs(read_referred(small, refs, doc_id), refs)
    assert [str(each.ref) for each in found] == refs
    assert [each.layer.annotator for each in found] == [None, "ann", "ben"]
    assert {each.document.meta.doc_id for each in found} == {CRITICS}


def test_an_ambiguous_reference_asks_for_the_document(small):
    refs = ["s-ferry"]  # in the gold of two documents
    with pytest.raises(RefusedError, match="--document"):
        resolve_refs(read_referred(small, refs), refs)
    (found,) = resolve_refs(read_referred(small, refs, CRITICS), refs)
    assert found.document.meta.doc_id == CRITICS


@pytest.mark.parametrize(
    ("ref", "named"),
    [
        ("s-irn", "s-iron"),
        ("ann#s-irn", "s-iron"),
        ("anne#s-iron", "ann"),
        (f"{CRITICS}#s-iron", "s-iron"),
    ],
)
def test_an_unknown_reference_is_refused_with_the_nearest_name(small, ref, named):
    with pytest.raises(RefusedError, match=f"'{named}'"):
        resolve_refs(read_referred(small, [ref]), [ref])


# ---------------------------------------------------------------- decide


def test_a_decision_settles_its_differences(undecided):
    assert find_codes(undecided) == ["undecided"]
    done = decide(undecided, "s-iron", "ann#s-iron")
    assert done.exit_code == 0, done.output
    assert find_codes(undecided) == []
    assert read_decisions(undecided)[-1] | {"id": ""} == {
        "id": "",
        "about": ["s-iron", "ann#s-iron"],
        "section": "1.1",
        "reason": "It mocks.",
        "by": "ben",
    }


@pytest.mark.parametrize("ref", ["s-iron", "ann#s-iron"])
def test_one_reference_settles_all_that_is_open_at_its_place(undecided, ref):
    done = decide(undecided, ref)
    assert done.exit_code == 0, done.output
    assert find_codes(undecided) == []
    assert set(read_decisions(undecided)[-1]["about"]) == {"s-iron", "ann#s-iron"}


def test_a_decision_is_replaced_with_all_that_it_said_of_the_place(small):
    done = run(small, "decide", "s-iron", *GROUNDS, "--replace")
    assert done.exit_code == 0, done.output
    reasons = {ref: each["reason"] for each in read_decisions(small) for ref in each["about"]}
    assert reasons["s-iron"] == reasons["ann#s-iron"] == "It mocks."
    assert "The outlet mocks the toll." not in reasons.values()


def test_a_place_is_reported_once_and_names_the_layers(small):
    """Gold differs from one layer there, and that layer says something else."""
    (small / DECISIONS).write_bytes(b"")
    corpus, problems = read_corpus(small)
    found = [each for each in [*problems, *check_corpus(corpus)] if each.code == "undecided"]
    assert [(each.path.split("/")[1], each.line) for each in found] == [("gold", 1), ("gold", 3)]
    assert ["'ann'" in each.message for each in found] == [True, False]
    assert ["'ben'" in each.message for each in found] == [False, True]


def test_other_places_stay_open_and_are_counted(small):
    (small / DECISIONS).write_bytes(b"")
    done = decide(small, "s-iron")
    assert done.exit_code == 0, done.output
    assert find_codes(small) == ["undecided"]
    assert "undecided" not in done.output
    (command,) = re.findall(r"`readout ([^`]+)`", done.output)
    (place,) = json.loads(run(small, *command.split(), "--format", "json").stdout)
    assert [ref for each in place["variants"] for ref in each["to_decide"]] == ["s-ferry"]


def test_another_problem_is_an_error_after_a_decision(small):
    (small / DECISIONS).write_bytes(b"")
    gold = small / f"annotations/gold/{CRITICS}.jsonl"
    gold.write_bytes(gold.read_bytes().replace(b'"noam-levi"', b'"noam-levy"'))
    done = decide(small, "s-iron")
    assert done.exit_code == 1
    assert "unknown-reference" in done.output
    assert "undecided" not in done.output


def test_a_place_that_two_branches_decided_is_decided_anew(small):
    lines = (small / DECISIONS).read_bytes()
    (repeated,) = [line for line in lines.splitlines() if b'"d-iron"' in line]
    (small / DECISIONS).write_bytes(lines + repeated.replace(b'"d-iron"', b'"d-iron2"') + b"\n")
    assert "repeated-decision" in find_codes(small)
    done = run(small, "decide", "s-iron", *GROUNDS, "--replace")
    assert done.exit_code == 0, done.output
    assert find_codes(small) == []


def test_a_rejected_annotation_enters_gold_only_by_deciding_it_anew(small):
    gold = small / f"annotations/gold/{CRITICS}.jsonl"
    (rejected,) = [
        line
        for line in (small / f"annotations/by/ann/{CRITICS}.jsonl").read_bytes().splitlines()
        if b'"s-iron"' in line
    ]
    gold.write_bytes(gold.read_bytes() + rejected.replace(b'"s-iron"', b'"s-new"') + b"\n")
    assert run(small, "format").exit_code == 0

    refused = decide(small, "s-new")
    assert refused.exit_code == 2
    assert "d-iron" in refused.output
    done = run(small, "decide", "s-new", *GROUNDS, "--replace")
    assert done.exit_code == 0, done.output
    assert find_codes(small) == []


@pytest.mark.parametrize(
    ("refs", "named"),
    [
        (["s-irn"], "s-iron"),
        (["q-toll"], "nothing to decide"),
        (["ben#s-fyi3rn"], "s-iron"),
        (["ann#s-ferry"], "s-ferry"),
        (["s-iron", "q-toll"], "several documents"),
    ],
)
def test_what_is_no_difference_of_one_document_is_refused(undecided, refs, named):
    before = (undecided / DECISIONS).read_bytes()
    done = decide(undecided, *refs)
    assert done.exit_code == 2
    assert named in done.output
    assert (undecided / DECISIONS).read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [("--section", "1.9", "1.1"), ("--by", "bern", "ben"), ("--reason", "…", "reason")],
)
def test_unknown_grounds_are_refused(undecided, option, value, named):
    done = run(undecided, "decide", "s-iron", *GROUNDS, option, value)
    assert done.exit_code == 2
    assert named in done.output


def test_what_is_decided_is_decided_anew_only_on_demand(small):
    refused = decide(small, "s-iron", "ann#s-iron")
    assert refused.exit_code == 2
    assert "d-iron" in refused.output
    done = run(small, "decide", "s-iron", "ann#s-iron", *GROUNDS, "--replace")
    assert done.exit_code == 0, done.output
    assert find_codes(small) == []
    assert "It mocks." in [record["reason"] for record in read_decisions(small)]
    assert "d-iron" not in [record["id"] for record in read_decisions(small)]


def test_a_file_of_decisions_with_problems_is_not_rewritten(undecided):
    with (undecided / DECISIONS).open("ab") as file:
        file.write(b"{}\n")
    assert decide(undecided, "s-iron", "ann#s-iron").exit_code == 2


# ---------------------------------------------------------------- what must be decided


def test_each_reference_of_each_decision_is_needed(small):
    for number, record in enumerate(read_decisions(small)):
        for ref in record["about"]:
            records = read_decisions(small)
            records[number]["about"].remove(ref)
            kept = [each for each in records if each["about"]]
            raw = "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in kept)
            original = (small / DECISIONS).read_bytes()
            (small / DECISIONS).write_bytes(raw.encode())
            assert find_codes(small) == ["undecided"], ref
            (small / DECISIONS).write_bytes(original)


@pytest.mark.parametrize("layer", ["gold", "by/ann", "by/ben"])
def test_what_only_one_side_has_must_be_decided(small, layer):
    quote = {
        "type": "quote",
        "id": "q-lone",
        "form": "indirect",
        "speaker": "noam-levi",
        "content": [{"start": 66, "end": 75, "exact": "the ferry"}],
    }
    path = small / f"annotations/{layer}/{CRITICS}.jsonl"
    path.write_bytes(path.read_bytes() + json.dumps(quote).encode() + b"\n")
    run(small, "format")
    corpus, problems = read_corpus(small)
    found = [each for each in [*problems, *check_corpus(corpus)] if each.code == "undecided"]
    assert [each.path for each in found] == [path.relative_to(small).as_posix()]


# ---------------------------------------------------------------- layers that come in


def withdraw(root, annotator):
    """Let the layer of an annotator be one that is not adjudicated."""
    index = root / "raw/documents.jsonl"
    index.write_bytes(index.read_bytes().replace(b'["ann","ben"]', b'["ann"]'))
    assert annotator == "ben"


def test_only_adjudicated_layers_oblige(undecided):
    withdraw(undecided, "ben")
    lines = (undecided / DECISIONS).read_bytes().splitlines(keepends=True)
    (undecided / DECISIONS).write_bytes(b"")
    assert set(find_codes(undecided)) == {"undecided"}
    index = undecided / "raw/documents.jsonl"
    index.write_bytes(index.read_bytes().replace(b',"adjudicated":["ann"]', b""))
    (undecided / DECISIONS).write_bytes(b"".join(lines))
    assert find_codes(undecided) == []


def test_a_layer_that_came_in_is_a_list_of_things_to_do(undecided):
    withdraw(undecided, "ben")
    (undecided / DECISIONS).write_bytes(b"")
    places = list_places(iter_documents(undecided), ["ben"])
    assert [place.silent for place in places] == [("ben",)]
    assert [variant.to_decide for place in places for variant in place.variants] == [("s-ferry",)]


# ---------------------------------------------------------------- differences


def test_a_place_shows_all_sides_and_the_fields_that_differ(undecided):
    (place,) = list_places(iter_documents(undecided))
    assert (place.document, place.type, place.start, place.end) == (CRITICS, "stance", 15, 36)
    assert place.differ == ("polarity", "evidence")
    gold, other = place.variants
    assert (gold.gold, gold.layers, gold.refs) == (True, ("ben",), ("s-iron",))
    assert (other.gold, other.layers, other.refs) == (False, ("ann",), ("ann#s-iron",))
    assert [gold.fields["polarity"], other.fields["polarity"]] == ["against", "neutral"]
    assert gold.to_decide + other.to_decide == ("s-iron", "ann#s-iron")


def test_decided_places_are_listed_only_on_demand(small):
    documents = list(iter_documents(small))
    assert list_places(documents) == []
    every = list_places(documents, with_decided=True)
    assert [decision.id for place in every for decision in place.decisions] == ["d-iron", "d-ferry"]


def test_every_rendering_has_the_references_to_copy(small):
    places = list_places(iter_documents(small), with_decided=True)
    for render in RENDERINGS.values():
        rendered = render(places)
        assert "ann#s-iron" in rendered
        assert "d-iron" in rendered
    assert len(json.loads(RENDERINGS["json"](places))) == len(places)


def test_text_fits_a_terminal_of_80_columns():
    places = list_places(iter_documents(ROOT), with_decided=True)
    assert max(map(len, RENDERINGS["text"](places).splitlines())) < 80


def test_the_listed_references_are_what_check_asks_for(undecided):
    done = run(undecided, "differences", "--format", "json")
    assert done.exit_code == 0
    (place,) = json.loads(done.stdout)
    refs = [ref for variant in place["variants"] for ref in variant["to_decide"]]
    assert decide(undecided, *refs).exit_code == 0
    assert json.loads(run(undecided, "differences", "--format", "json").stdout) == []


def test_a_long_span_joins_the_short_ones_in_it(undecided):
    spans = [(0, 7), (0, 40), (15, 24), (37, 40)]
    text = (undecided / f"raw/text/{CRITICS}.txt").read_text(encoding="utf-8")
    path = undecided / f"annotations/by/ann/{CRITICS}.jsonl"
    with path.open("a", encoding="utf-8") as file:
        for number, (start, end) in enumerate(spans):
            span = {"start": start, "end": end, "exact": text[start:end]}
            line = {"type": "mention", "id": f"m-{number}", "speaker": "ada-quill", "span": span}
            file.write(json.dumps(line) + "\n")
    places = list_places(iter_documents(undecided))
    (place,) = [each for each in places if each.type == "mention"]
    assert (place.start, place.end, len(place.variants)) == (0, 40, len(spans))
