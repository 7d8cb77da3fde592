"""The modes of the workbench in which people review gold, and decide where layers differ."""

import pytest
from conftest import CORPUS, tally_corpus
from workbench import list_speaking, read_records

from readout import check_corpus, read_corpus
from readout.dataset.statistics import estimate_errors
from readout.workbench.annotate.edits import RefusedEditError
from readout.workbench.annotate.modes import open_mode
from readout.workbench.annotate.reviews import Draw, Reviewing
from readout.workbench.annotate.session import Session
from readout.workbench.format import format_corpus

TOLL = "2030-02-toll-critics"


def reviewing(root, draw=None, who="ann"):
    return Reviewing(Session(root, who, None, "review"), draw)


def find(described, name, doc_id=TOLL):
    items = described["items"]
    return next(each for each in items if (each["doc_id"], each["id"]) == (doc_id, name))


def give(desk, name, verdict, remark=None, doc_id=TOLL):
    item = find(desk.describe(), name, doc_id)
    return desk.review(doc_id, name, item["hash"], verdict, remark)


def problems_of(root):
    corpus, problems = read_corpus(root)
    return [*problems, *check_corpus(corpus)]


# ---------------------------------------------------------------- review


def test_a_verdict_is_written_as_a_clean_line(small):
    desk = reviewing(small)
    assert desk.describe()["counts"]["done"] == 0
    answer = give(desk, "s-ferry", "change", "  The evidence is too long. ")
    assert answer["counts"]["done"] == 1
    (record,) = read_records(small / f"annotations/reviews/ann/{TOLL}.jsonl")
    assert (record["about"], record["verdict"]) == ("s-ferry", "change")
    assert record["remark"] == "The evidence is too long."
    assert problems_of(small) == []
    assert format_corpus(small) == {}


def test_a_second_verdict_replaces_the_first_and_can_be_undone(small):
    desk = reviewing(small)
    give(desk, "s-ferry", "change", "Too long.")
    give(desk, "s-ferry", "keep")
    path = small / f"annotations/reviews/ann/{TOLL}.jsonl"
    assert [each["verdict"] for each in read_records(path)] == ["keep"]
    desk.session.undo(TOLL)
    assert [each["verdict"] for each in read_records(path)] == ["change"]
    desk.session.undo(TOLL)
    assert not path.exists()
    desk.session.redo(TOLL)
    assert [each["verdict"] for each in read_records(path)] == ["change"]


def test_what_was_returned_comes_again_when_it_was_mended(small):
    desk = reviewing(small)
    give(desk, "s-ferry", "change", "It is neutral.")
    gold = small / f"annotations/gold/{TOLL}.jsonl"
    raw = gold.read_bytes()
    gold.write_bytes(raw.replace(b"favor", b"neutral"))
    described = desk.describe()
    assert described["items"][0]["id"] == "s-ferry", "it comes first"
    assert described["items"][0]["again"] == {"verdict": "change", "remark": "It is neutral."}
    assert described["items"][0]["verdict"] is None
    assert described["counts"]["done"] == 0


def test_a_verdict_on_what_changed_meanwhile_is_refused(small):
    desk = reviewing(small)
    with pytest.raises(RefusedEditError):
        desk.review(TOLL, "s-ferry", "0" * 64, "keep", None)
    assert not (small / "annotations/reviews").exists()


def test_a_sample_depends_on_the_seed_and_goes_on_after_a_mend(small):
    desk = reviewing(small, Draw(4, 1))
    first = desk.describe()
    assert [each["id"] for each in first["items"]] == [
        each["id"] for each in reviewing(small, Draw(4, 1)).describe()["items"]
    ]
    assert first["counts"]["total"] == 4
    item = first["items"][0]
    desk.review(item["doc_id"], item["id"], item["hash"], "change", None)

    gold = small / f"annotations/gold/{item['doc_id']}.jsonl"
    lines = gold.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if f'"id":"{item["id"]}"'.encode() in line]
    others = [line for line in lines if line not in kept]
    gold.write_bytes(b"".join(others[:-1] + kept))  # some other annotation goes
    again = reviewing(small, Draw(4, 1)).describe()
    assert again["sample"] == first["sample"]
    assert again["counts"]["done"] == 1
    assert {each["id"] for each in reviewing(small, Draw(4, 2)).describe()["items"]} != {
        each["id"] for each in first["items"]
    }


def test_the_reviewer_sees_where_gold_differs_from_his_own_layer(small):
    described = reviewing(small).describe()
    own = {each["id"]: each["own"] for each in described["items"] if each["doc_id"] == TOLL}
    assert None in own.values(), "where both say the same, nothing is shown"
    corpus, _ = read_corpus(small)
    document = next(each for each in corpus.documents if each.meta.doc_id == TOLL)
    mine = {record.id for record in document.find_layer("ann").records}
    assert any(own.values())
    for records in own.values():
        assert {record["id"] for record in records or ()} <= mine
    alone = {record["id"] for record in described["alone"].get(TOLL, ())}
    assert alone <= mine


def test_what_only_the_own_layer_has_is_shown_too(small):
    gold = small / f"annotations/gold/{TOLL}.jsonl"
    lines = gold.read_bytes().splitlines(keepends=True)
    gold.write_bytes(b"".join(line for line in lines if b'"type":"stance"' not in line))
    alone = reviewing(small).describe()["alone"][TOLL]
    assert {record["type"] for record in alone} == {"stance"}
    assert reviewing(small, who="ben").describe()["alone"] != {TOLL: alone}


def test_the_rate_of_errors_comes_with_the_last_of_the_sample(small):
    desk = reviewing(small, Draw(4, 1))
    for number, item in enumerate(desk.describe()["items"]):
        assert desk.describe()["counts"]["rate"] is None
        verdict = "drop" if number == 2 else "keep"
        desk.review(item["doc_id"], item["id"], item["hash"], verdict, None)
    counts = desk.describe()["counts"]
    assert counts["verdicts"] == {"keep": 3, "change": 0, "drop": 1, "unsure": 0}
    corpus, _ = read_corpus(small)
    (row,) = estimate_errors(tally_corpus(corpus), corpus.registries).rows
    told = counts["rate"]
    assert row[-2:] == (f"{told['value']:.1%}", f"{told['low']:.1%}–{told['high']:.1%}")
    assert reviewing(small).describe()["counts"]["rate"] is None, "all of gold is no sample"


# ---------------------------------------------------------------- decide


def deciding(root, layer=None):
    from readout.workbench.annotate.decisions import Deciding

    return Deciding(Session(root, "ann", None, "adjudicate"), (layer,) if layer else ())


def open_again(root, doc_id=TOLL):
    """Take all decisions away, so that everything is open."""
    (root / f"annotations/adjudication/{doc_id}.jsonl").unlink()


def test_places_are_sorted_and_counted(small):
    open_again(small)
    described = deciding(small).describe()
    groups = [(each["kind"], each["only_in"]) for each in described["places"]]
    assert groups == sorted(groups, key=groups.index), "a group is in one piece"
    kinds = [each["kind"] for each in described["places"]]
    order = ["agree", "edge", "label", "only"]
    assert kinds == sorted(kinds, key=order.index)
    assert (described["decided"], described["total"]) == (0, len(kinds))
    assert kinds
    for place in described["places"]:
        assert {each["layer"] for each in place["sides"]} == {"gold", "ann", "ben"}


def test_a_place_is_counted_after_gold_takes_what_all_layers_say(small):
    open_again(small)
    gold = small / f"annotations/gold/{TOLL}.jsonl"
    lines = gold.read_bytes().splitlines(keepends=True)
    gold.write_bytes(b"".join([line for line in lines if b"m-levi" not in line]))
    desk = deciding(small)
    before = desk.describe()
    (place,) = [each for each in before["places"] if each["kind"] == "agree"]
    after = desk.decide(place["doc_id"], place["refs"], {"side": "ann"}, "1.1", "Both say so.")
    assert len(after["places"]) == len(before["places"]) - 1
    counts = [(each["decided"], each["total"]) for each in (before, after)]
    assert counts == [(0, before["total"]), (1, before["total"])]
    desk.session.undo(TOLL)
    assert desk.describe() == before


@pytest.mark.parametrize("side", ["gold", "neither", "ann", "ben"])
def test_every_side_counts_as_decided(small, side):
    open_again(small)
    desk = deciding(small)
    total = desk.describe()["total"]
    place = next(
        each
        for each in desk.describe()["places"]
        if side in ("gold", "neither") or side in list_speaking(each)
    )
    desk.decide(place["doc_id"], place["refs"], {"side": side}, "1.1", "It says so.")
    left = [each for each in desk.describe()["places"] if each["is_open"]]
    assert len(left) == total - 1
    assert place["start"] not in [each["start"] for each in left if each["type"] == place["type"]]

    (document,) = [each for each in read_corpus(small)[0].documents if each.meta.doc_id == TOLL]
    if side == "neither":
        assert not set(document.gold.by_id) & set(place["refs"])
    assert [each.by for each in document.adjudication.records] == ["ann"]
    errors = {each.code for each in problems_of(small) if each.severity == "error"}
    # Words in quotation marks that nothing is said of make a complete document incomplete.
    assert errors <= {"undecided", "annotated-status"}


def test_all_places_decided_leave_a_clean_corpus(small):
    open_again(small)
    desk = deciding(small)
    for _ in range(desk.describe()["total"]):
        place = next(each for each in desk.describe()["places"] if each["is_open"])
        side = list_speaking(place)[-1]
        desk.decide(place["doc_id"], place["refs"], {"side": side}, "1.1", "It says so.")
    assert not [each for each in problems_of(small) if each.severity == "error"]
    assert format_corpus(small) == {}
    for _ in range(20):
        desk.session.undo(TOLL)
    path = f"annotations/gold/{TOLL}.jsonl"
    assert (small / path).read_bytes() == (CORPUS / path).read_bytes()


def test_an_edited_annotation_is_decided_too(small):
    open_again(small)
    desk = deciding(small)
    place = next(each for each in desk.describe()["places"] if each["type"] == "stance")
    record = next(side["records"][0] for side in place["sides"] if side["records"])
    edited = {**record, "expression": "implicit", "polarity": "neutral"}
    golden = next(each for each in place["sides"] if each["layer"] == "gold")["records"]
    edited["id"] = golden[0]["id"] if golden else "s-new"
    desk.decide(place["doc_id"], place["refs"], {"edits": [{"put": edited}]}, "1.1", "It is mixed.")
    assert edited["id"] in (small / f"annotations/gold/{TOLL}.jsonl").read_text(encoding="utf-8")
    left = [each for each in desk.describe()["places"] if each["is_open"]]
    assert not any(set(place["refs"]) & set(each["refs"]) for each in left)


def test_a_refused_decision_writes_nothing(small):
    open_again(small)
    before = (small / f"annotations/gold/{TOLL}.jsonl").read_bytes()
    desk = deciding(small)
    place = desk.describe()["places"][0]
    with pytest.raises(Exception, match="section"):
        desk.decide(place["doc_id"], place["refs"], {"side": "neither"}, "99", "No such section.")
    assert (small / f"annotations/gold/{TOLL}.jsonl").read_bytes() == before
    assert not (small / f"annotations/adjudication/{TOLL}.jsonl").exists()


def test_a_layer_is_named_as_adjudicated_once_nothing_is_open(small):
    index = small / "raw/documents.jsonl"
    named, alone = b'"adjudicated":["ann","ben"]', b'"adjudicated":["ann"]'
    index.write_bytes(index.read_bytes().replace(named, alone))
    path = small / f"annotations/adjudication/{TOLL}.jsonl"
    earlier = [line for line in path.read_bytes().splitlines(keepends=True) if b"d-iron" in line]
    path.write_bytes(b"".join(earlier))
    desk = deciding(small, "ben")
    described = desk.describe()
    for _ in range(described["total"] - described["decided"]):
        assert alone in index.read_bytes()
        place = next(each for each in desk.describe()["places"] if each["is_open"])
        desk.decide(place["doc_id"], place["refs"], {"side": "gold"}, "1.1", "As it is.")
    assert named in index.read_bytes()
    kept = path.read_bytes().splitlines(keepends=True)
    assert all(line in kept for line in earlier), "later layers keep earlier decisions"


def test_modes_have_their_pages(small):
    assert open_mode(small, "ann", "review").page.endswith("review.html")
    assert open_mode(small, "ann", "adjudicate", "ben").page.endswith("decide.html")
    assert open_mode(small, "ann", "annotate").session.layer == "ann"
