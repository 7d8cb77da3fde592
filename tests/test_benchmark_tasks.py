"""Test the items of tasks, the folds, and the overlap of training and test items."""

import json

import pytest
from conftest import CORPUS
from msgspec.structs import replace

from readout.benchmark.folds import SCHEMES, build_folds
from readout.benchmark.leakage import flag_seen, report_leakage
from readout.benchmark.tasks import (
    TASKS,
    UnknownTaskError,
    build_all_items,
    find_items,
    label_pairs,
)
from readout.corpus.read import read_corpus
from readout.model import Stance


@pytest.fixture(scope="module")
def corpus():
    return read_corpus(CORPUS)[0]


def by_id(corpus, task):
    return {item.id: item for item in TASKS[task].build(corpus)}


# ---------------------------------------------------------------- tasks


def test_stances_of_a_paragraph_and_none_by_hand(corpus):
    """Quill rejects the toll and says nothing about the ferry; Quill and Levi discuss the ferry."""
    found = {id_: item.gold for id_, item in by_id(corpus, "stance").items()}
    assert found == {
        "2030-01-harbour-brief#p0.ada-quill.ferry": "none",
        "2030-01-harbour-brief#p0.ada-quill.toll-plan": "none",
        "2030-01-harbour-brief#p0.cafe-owners.ferry": "favor",
        "2030-01-harbour-brief#p0.cafe-owners.toll-plan": "against",
        "2030-01-harbour-talks#p2.ada-quill.toll-plan": "against",
        "2030-01-harbour-talks#p4.ada-quill.ferry": "none",
        "2030-01-harbour-talks#p4.noam-levi.ferry": "none",
        "2030-01-harbour-talks#p4.quill-and-levi.ferry": "none",
        "2030-02-toll-critics#p0.noam-levi.ferry": "favor",
        "2030-02-toll-critics#p0.noam-levi.toll-plan": "none",
        "2030-02-toll-critics#p0.northport-courier.ferry": "none",
        "2030-02-toll-critics#p0.northport-courier.toll-plan": "against",
    }


def change_stances(document, **changes):
    """Return the document with some fields of its stances changed."""
    records = [
        replace(each, **changes) if isinstance(each, Stance) else each
        for each in document.gold.records
    ]
    return replace(document, gold=replace(document.gold, records=tuple(records)))


def test_a_group_that_takes_a_stance_leaves_no_answer_for_its_members(corpus):
    document = change_stances(
        corpus.documents[1], holder="quill-and-levi", target="ferry", polarity="favor"
    )
    pairs = label_pairs(document, corpus.registries, 0, len(document.text))
    assert pairs == {("quill-and-levi", "ferry"): "favor"}


def test_both_polarities_leave_no_answer(corpus):
    document = change_stances(corpus.documents[0], holder="cafe-owners", target="ferry")
    pairs = label_pairs(document, corpus.registries, 0, len(document.text))
    assert pairs == {("ada-quill", "ferry"): "none"}


def test_answers_are_never_shown(corpus):
    keys = {
        "polarity",
        "evidence",
        "label",
        "gold",
        "source",
        "cue",
        "content",
        "speaker",
        "expression",
        "quote",
        "note",
    }
    for name in TASKS:
        for item in TASKS[name].build(corpus):
            assert keys.isdisjoint(item.inputs), name
            json.dumps(item.inputs)


def test_spans_of_inputs_and_gold_fit_the_text(real):
    corpus, _ = real
    texts = {document.meta.doc_id: document.text for document in corpus.documents}
    for name in ("polarity", "attribution", "stance"):
        for item in TASKS[name].build(corpus):
            text = texts[item.doc_id]
            assert item.inputs["text"] == " ".join(
                text[start:end] for start, end in item.inputs["spans"]
            )
    for item in TASKS["evidence"].build(corpus):
        assert item.gold == sorted(item.gold)
        assert all(a[1] < b[0] for a, b in zip(item.gold, item.gold[1:], strict=False))


@pytest.mark.parametrize("name", TASKS)
def test_ids_are_unique_and_do_not_depend_on_other_documents(real, name):
    corpus, _ = real
    whole = TASKS[name].build(corpus)
    assert len({item.id for item in whole}) == len(whole)
    assert {item.task for item in whole} == {name}
    alone = TASKS[name].build(replace(corpus, documents=corpus.documents[-1:]))
    assert alone == [item for item in whole if item.doc_id == corpus.documents[-1].meta.doc_id]


def test_labels_are_closed(real):
    corpus, _ = real
    for task in TASKS.values():
        if task.labels:
            assert {item.gold for item in task.build(corpus)} <= set(task.labels)


def test_unknown_and_empty_tasks_are_refused(corpus):
    with pytest.raises(UnknownTaskError, match="polarity"):
        find_items(build_all_items(corpus), "polarty")
    with pytest.raises(UnknownTaskError, match="no annotations"):
        find_items(build_all_items(replace(corpus, documents=())), "polarity")


# ---------------------------------------------------------------- folds


def iter_folds(corpus):
    """Yield the items and the folds of every task and scheme."""
    for items in build_all_items(corpus).values():
        for scheme in SCHEMES:
            if folds := build_folds(scheme, items):
                yield items, folds


def test_every_item_is_tested_once_and_never_trained_on(real):
    corpus, _ = real
    for items, folds in iter_folds(corpus):
        tested = []
        for name, train, test in folds.split(items):
            key = SCHEMES[folds.scheme]
            assert {key(item) for item in test} == {name}
            assert all(key(item) != name for item in train)
            assert (not train) == (folds.train == "nothing")
            tested += [item.id for item in test]
        assert sorted(tested) == sorted(item.id for item in items)


def test_leakage_by_hand(corpus):
    """Both events are about the ferry and the toll; no holder takes a stance in both."""
    items = TASKS["polarity"].build(corpus)
    assert report_leakage(items, build_folds("event", items)).rows == [
        ("northport-2030-01", 4, "0.00", "1.00", "0.00", "0.00"),
        ("northport-2030-02", 2, "0.00", "1.00", "0.00", "0.00"),
        ("all", 6, "0.00", "1.00", "0.00", "0.00"),
    ]
    flags = flag_seen(items, build_folds("event", items))
    assert flags["2030-02-toll-critics#s-ferry"] == {
        "seen_holder": False, "seen_target": True, "seen_pair": False, "seen_text": False,
    }  # fmt: skip
    assert not any(
        flag
        for each in flag_seen(items, build_folds("zero-shot", items)).values()
        for flag in each.values()
    )


def test_no_scheme_trains_on_its_held_out_holders_or_targets(real):
    corpus, _ = real
    items = TASKS["stance"].build(corpus)
    for scheme, flag in (("holder", "seen_holder"), ("target", "seen_target")):
        assert not any(each[flag] for each in flag_seen(items, build_folds(scheme, items)).values())
