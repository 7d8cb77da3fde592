"""Test the items of tasks, the folds, and the overlap of training and test items."""

import json
import re

import pytest
from conftest import CORPUS, ROOT
from msgspec.structs import replace

from readout.benchmark.board.ceiling import predict_items
from readout.benchmark.board.freeze import freeze_corpus
from readout.benchmark.folds import SCHEMES, build_folds
from readout.benchmark.leakage import flag_seen, report_leakage
from readout.benchmark.questions.grid import FAMILIES, count_outside
from readout.benchmark.questions.instructions import INSTRUCTIONS
from readout.benchmark.questions.paragraphs import SIDES
from readout.benchmark.tasks import (
    CANARY,
    TASKS,
    UnknownTaskError,
    build_all_items,
    find_items,
)
from readout.corpus.files import write_generated
from readout.corpus.items import SHARED, change_frozen, read_frozen
from readout.corpus.read import read_corpus
from readout.model import Span, Stance
from readout.problem import RefusedError

CANARY_FILES = (
    "docs/benchmark.md",
    "submissions/README.md",
    "submissions/items/release.json",
    "submissions/items/texts.jsonl",
)


@pytest.fixture(scope="module")
def corpus():
    return read_corpus(CORPUS)[0]


def show(items):
    """Return the answers of items about paragraphs by document, paragraph, holder and target."""
    found = {}
    for item in items:
        doc_id, number = item.doc_id.removeprefix("2030-"), item.inputs["paragraph"]
        found[doc_id, number, item.holder, item.target] = item.gold
    return found


def change_gold(corpus, change):
    """Return the corpus with the gold records for which ``change`` returns any, as it returns."""
    documents = []
    for document in corpus.documents:
        records = [new for each in document.gold.records if (new := change(each))]
        gold = replace(document.gold, records=tuple(records))
        documents.append(replace(document, gold=gold))
    return replace(corpus, documents=tuple(documents))


def change_stances(corpus, **changes):
    """Return the corpus with some fields of its stances changed."""
    return change_gold(
        corpus, lambda each: replace(each, **changes) if isinstance(each, Stance) else each
    )


# ---------------------------------------------------------------- the grid of stance


def test_the_grid_by_hand(corpus):
    """Each paragraph asks about those it names, and its outlet; no stance is needed for that."""
    found = show(TASKS["stance"].build(corpus))
    holders = {}
    for doc_id, number, holder, target in found:
        assert target in corpus.registries.targets
        holders.setdefault((doc_id, number), set()).add(holder)
    outlet = "northport-courier"
    assert holders == {
        ("01-harbour-brief", 0): {"ada-quill", "cafe-owners", outlet},
        ("01-harbour-talks", 0): {outlet},
        ("01-harbour-talks", 2): {"ada-quill", outlet},
        ("01-harbour-talks", 3): {"ada-quill", outlet},
        ("01-harbour-talks", 4): {"ada-quill", "noam-levi", "quill-and-levi", outlet},
        ("02-toll-critics", 0): {"noam-levi", outlet},
    }
    assert len(found) == 2 * sum(map(len, holders.values()))
    assert {key: label for key, label in found.items() if label != "none"} == {
        ("01-harbour-brief", 0, "cafe-owners", "ferry"): "favor",
        ("01-harbour-brief", 0, "cafe-owners", "toll-plan"): "against",
        ("01-harbour-talks", 2, "ada-quill", "toll-plan"): "against",
        ("02-toll-critics", 0, "noam-levi", "ferry"): "favor",
        ("02-toll-critics", 0, outlet, "toll-plan"): "against",
    }


def strip(item):
    return replace(item, gold=None, swap={})


def without_stances(corpus):
    return change_gold(corpus, lambda each: None if isinstance(each, Stance) else each)


def test_the_same_questions_are_asked_without_any_stance(corpus, real):
    for each in (corpus, replace(real[0], documents=real[0].documents[:2])):
        asked = [strip(item) for item in TASKS["stance"].build(each)]
        assert asked == [strip(item) for item in TASKS["stance"].build(without_stances(each))]
        assert asked


def test_a_group_that_takes_a_side_leaves_no_answer_for_its_members(corpus):
    changed = change_stances(corpus, holder="quill-and-levi", target="ferry", polarity="favor")
    found = show(TASKS["stance"].build(changed))
    labels = {key[2:]: label for key, label in found.items() if key[:2] == ("01-harbour-talks", 4)}
    assert labels["quill-and-levi", "ferry"] == "favor"
    assert labels["ada-quill", "ferry"] is None
    assert labels["noam-levi", "ferry"] is None
    assert labels["northport-courier", "ferry"] == "none"
    assert labels["ada-quill", "toll-plan"] == "none"


def test_both_sides_leave_no_answer(corpus):
    changed = change_stances(corpus, holder="cafe-owners", target="ferry")
    found = show(TASKS["stance"].build(changed))
    assert found["01-harbour-brief", 0, "cafe-owners", "ferry"] is None
    polarity = show(TASKS["polarity"].build(changed))
    assert polarity["01-harbour-brief", 0, "cafe-owners", "ferry"] is None


def test_stances_of_somebody_unnamed_are_outside_the_grid(corpus):
    """Only the brief mentions the café owners; the other four stances are in three paragraphs."""
    assert count_outside(corpus) == 0
    assert count_outside(change_stances(corpus, holder="cafe-owners", polarity="favor")) == 4


def test_partners_differ_in_one_thing_and_in_the_answer(real, corpus):
    for each in (corpus, real[0]):
        items = {item.id: item for item in TASKS["stance"].build(each)}
        pairs = [
            (family, item, items[partner])
            for item in items.values()
            for family, partner in item.swap.items()
        ]
        assert {family for family, _, _ in pairs} == set(FAMILIES)
        for family, item, partner in pairs:
            assert item.gold in SIDES
            assert partner.gold not in (None, item.gold)
            assert item.doc_id == partner.doc_id
            differing = {
                name
                for name in ("holder", "target", "paragraph")
                if item.inputs[name] != partner.inputs[name]
            }
            assert differing == {family}


# ---------------------------------------------------------------- polarity, evidence, counter


def test_evidence_is_found_in_the_paragraph_and_shown_by_no_other_task(corpus):
    documents = {document.meta.doc_id: document for document in corpus.documents}
    found = set()
    for item in TASKS["evidence"].build(corpus):
        assert item.inputs["text"] in documents[item.doc_id].text
        found |= {item.inputs["text"][start:end] for start, end in item.gold}
    stances = [
        record
        for document in corpus.documents
        for record in document.gold.records
        if isinstance(record, Stance)
    ]
    evidence = {span.exact for stance in stances for span in stance.evidence}
    assert found == evidence
    for task in ("polarity", "counter", "stance"):
        for item in TASKS[task].build(corpus):
            assert evidence.isdisjoint(map(str, item.inputs.values()))


def test_evidence_in_two_paragraphs_is_asked_about_in_each(corpus):
    document = corpus.documents[1]
    start, end = 147, 202  # from "rejected" into the next paragraph
    span = Span(start, end, document.text[start:end])
    changed = change_gold(
        replace(corpus, documents=(document,)),
        lambda each: replace(each, evidence=(span,)) if each.id == "s-toll" else each,
    )
    passages = {
        item.inputs["paragraph"]: [item.inputs["text"][slice(*each)] for each in item.gold]
        for item in TASKS["evidence"].build(changed)
        if item.target == "toll-plan"
    }
    assert passages == {
        2: ["rejected the toll plan 🚢."],
        3: ["“We will not sell the quay,”"],
    }


def test_a_counter_turns_the_question_and_its_answer(corpus):
    """Only the ferry has a counter-proposition, and two stances take a side on it."""
    items = {item.id: item for item in TASKS["counter"].build(corpus)}
    entry = corpus.registries.targets["ferry"]
    originals = [item for item in items.values() if item.swap]
    assert len(items) == 2 * len(originals) == 4
    for item in originals:
        turned = items[item.swap["counter"]]
        assert (item.gold, turned.gold) == ("favor", "against")
        assert item.inputs["proposition"] == entry.proposition
        assert turned.inputs["proposition"] == entry.counter
        assert turned.inputs["favor_means"] == entry.against_means
        assert turned.inputs["against_means"] == entry.favor_means
        same = ("text", "holder", "target", "instructions")
        assert all(turned.inputs[name] == item.inputs[name] for name in same)


# ---------------------------------------------------------------- all tasks


def test_answers_are_never_shown(corpus):
    keys = {
        "polarity",
        "evidence",
        "label",
        "gold",
        "swap",
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


def test_instructions_define_every_label(corpus):
    for name, task in TASKS.items():
        shown = {item.inputs["instructions"] for item in task.build(corpus)}
        assert shown == {INSTRUCTIONS[name]}
        for label in task.labels or ():
            assert f"\n{label}: " in INSTRUCTIONS[name]


def test_spans_of_inputs_and_gold_fit_the_text(real):
    corpus, _ = real
    texts = {document.meta.doc_id: document.text for document in corpus.documents}
    for item in TASKS["attribution"].build(corpus):
        text = texts[item.doc_id]
        assert item.inputs["text"] == " ".join(
            text[start:end] for start, end in item.inputs["spans"]
        )
    for item in TASKS["evidence"].build(corpus):
        assert item.gold == sorted(item.gold)
        assert all(a[1] < b[0] for a, b in zip(item.gold, item.gold[1:], strict=False))
        assert item.gold[-1][1] <= len(item.inputs["text"])


@pytest.mark.parametrize("name", TASKS)
def test_ids_are_opaque_unique_and_do_not_depend_on_other_documents(real, name):
    corpus, _ = real
    whole = TASKS[name].build(corpus)
    ids = [item.id for item in whole]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch("[0-9a-f]{12}", id_) for id_ in ids)
    assert {item.task for item in whole} <= {name}
    alone = TASKS[name].build(replace(corpus, documents=corpus.documents[-1:]))
    assert alone == [item for item in whole if item.doc_id == corpus.documents[-1].meta.doc_id]


def test_a_layer_without_stances_answers_none_or_abstains(corpus):
    own = without_stances(corpus)
    expected = {"stance": "none", "polarity": None, "counter": None, "evidence": [], "tuples": []}
    for task, empty in expected.items():
        answers = predict_items(own, task, TASKS[task].build(corpus))
        assert answers
        assert all(answer == empty for answer in answers.values())


def test_two_equal_ids_are_an_error(corpus):
    twice = replace(corpus, documents=corpus.documents[:1] * 2)
    with pytest.raises(ValueError, match="have the id"):
        TASKS["stance"].build(twice)


def test_labels_are_closed(real):
    corpus, _ = real
    for task in TASKS.values():
        if task.labels:
            assert {item.gold for item in task.build(corpus)} <= {*task.labels, None}


def test_unknown_and_empty_tasks_are_refused(corpus):
    with pytest.raises(UnknownTaskError, match="polarity"):
        find_items(build_all_items(corpus), "polarty")
    with pytest.raises(UnknownTaskError, match="no annotations"):
        find_items(build_all_items(replace(corpus, documents=())), "polarity")


def test_frozen_items_are_read_as_they_were_built_and_bear_the_canary(small):
    corpus = read_corpus(small)[0]
    frozen = freeze_corpus(small, corpus)
    write_generated(small, change_frozen(small, frozen))
    assert read_frozen(small) == frozen
    assert frozen.items == build_all_items(corpus)
    first = (small / SHARED).read_text(encoding="utf-8").splitlines()[0]
    assert CANARY in first
    assert frozen.release.canary == CANARY

    raw = (small / SHARED).read_bytes()
    (small / SHARED).write_bytes(raw.replace(CANARY.encode(), b""))
    with pytest.raises(RefusedError, match="lacks the canary"):
        read_frozen(small)


@pytest.mark.parametrize("path", CANARY_FILES)
def test_the_published_files_bear_the_canary(path):
    assert CANARY in (ROOT / path).read_text(encoding="utf-8")


# ---------------------------------------------------------------- folds


def iter_folds(corpus):
    """Yield the items and the folds of every task and scheme."""
    for items in build_all_items(corpus).values():
        for scheme in SCHEMES:
            if folds := build_folds(scheme, items):
                yield items, folds


def test_every_item_is_tested_once_and_never_trained_on(corpus):
    for items, folds in iter_folds(corpus):
        tested = []
        for name, train, test in folds.split(items):
            key = SCHEMES[folds.scheme]
            assert {key(item) for item in test} == {name}
            others = [item for item in items if key(item) != name]
            assert train == ([] if folds.train == "nothing" else others)
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
    levi = next(item for item in items if item.holder == "noam-levi")
    assert flags[levi.id] == {
        "seen_holder": False, "seen_target": True, "seen_pair": False, "seen_text": False,
    }  # fmt: skip
    assert not any(
        flag
        for each in flag_seen(items, build_folds("zero-shot", items)).values()
        for flag in each.values()
    )


def test_no_scheme_trains_on_its_held_out_holders_or_targets(corpus):
    items = TASKS["stance"].build(corpus)
    for scheme, flag in (("holder", "seen_holder"), ("target", "seen_target")):
        assert not any(each[flag] for each in flag_seen(items, build_folds(scheme, items)).values())
