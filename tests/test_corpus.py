"""The data are tested too: the real corpus is clean, complete and split by time."""

import hashlib
from collections import Counter

from conftest import ROOT, tally_corpus

from readout.dataset.statistics import TABLES, count_annotations
from readout.model import Boilerplate, Quote, Stance, main_spans
from readout.text.find import iter_quotation_marks
from readout.workbench.format import format_corpus

SUPPLIED = {
    "000_c8e0cc6e5deaf1ba.txt": "d5b7b371ff167ad904b55bf066ac37ffd92253289bf4298c4be0121852498971",
    "001_080baf61d0a151a5.txt": "98f99c389e13502cdebca99f9b28e74406b03a2ed6e0226fce409245c962a81e",
    "002_ebae02b379c87b21.txt": "400fa27d0dea6a56c07fc477f7cb92c941b0540531dcec51966f353febbe7869",
    "003_59ab2b4ade666245.txt": "8a928bb81dbadfe1d5b8be552b90cc2bd583384f5993bc4e4c0af0f9d678cb1e",
    "004_36bbb91452927308.txt": "867489042e733faaf272bcd48be054be7c10993c5c9b73d02ee798d5f49a9b76",
}


def test_the_corpus_is_clean_and_canonical(real):
    _, problems = real
    assert [problem for problem in problems if problem.severity == "error"] == []
    assert format_corpus(ROOT) == {}


def test_texts_are_byte_for_byte_those_supplied(real):
    corpus, _ = real
    for document in corpus.documents:
        raw = (ROOT / f"raw/text/{document.meta.doc_id}.txt").read_bytes()
        assert (
            hashlib.sha256(raw).hexdigest()
            == SUPPLIED[document.meta.origin]
            == document.meta.sha256
        )
    assert len(corpus.documents) == len(SUPPLIED)


def test_test_is_the_latest_event_and_no_event_is_split(real):
    corpus, _ = real
    dated = [document for document in corpus.documents if document.meta.published]
    latest = max(dated, key=lambda document: document.meta.published)
    assert {d.meta.event for d in corpus.documents if d.meta.split == "test"} == {latest.meta.event}
    splits = {}
    for document in corpus.documents:
        splits.setdefault(document.meta.event, set()).add(document.meta.split)
    assert all(len(names) == 1 for names in splits.values())


def test_every_quotation_mark_is_accounted_for(real):
    corpus, _ = real
    for document in corpus.documents:
        text = document.text
        quoted = set()
        for record in document.gold.records:
            if isinstance(record, Quote | Boilerplate) or record.note:
                quoted.update(
                    offset for span in main_spans(record) for offset in range(span.start, span.end)
                )
        assert [offset for offset in iter_quotation_marks(text) if offset not in quoted] == []


def test_every_annotation_of_a_model_says_so(real):
    corpus, _ = real
    assert {annotator.kind for annotator in corpus.registries.annotators.values()} == {"model"}
    assert all(annotator.model_family for annotator in corpus.registries.annotators.values())


def test_counts_are_of_the_order_of_a_close_reading(real):
    corpus, _ = real
    table = count_annotations(tally_corpus(corpus), corpus.registries)
    counts = dict(zip(table.columns[1:], table.rows[-1][1:], strict=True))
    assert 80 <= counts["quote"] <= 200
    assert 100 <= counts["stance"] <= 250
    assert 12 <= len(corpus.registries.topics) <= 30
    assert 20 <= len(corpus.registries.targets) <= 55


def test_every_polarity_and_form_occurs(real):
    corpus, _ = real
    records = [record for document in corpus.documents for record in document.gold.records]
    assert set(Counter(r.polarity for r in records if isinstance(r, Stance))) == {
        "favor",
        "against",
        "neutral",
    }
    assert set(Counter(r.form for r in records if isinstance(r, Quote))) == {
        "direct",
        "indirect",
        "mixed",
    }


def test_statistics_add_up(real):
    corpus, _ = real
    tables = {name: make(tally_corpus(corpus), corpus.registries) for name, make in TABLES.items()}
    for table in tables.values():
        assert all(len(row) == len(table.columns) for row in table.rows)
    stances = sum(isinstance(r, Stance) for d in corpus.documents for r in d.gold.records)
    assert sum(sum(row[1:4]) for row in tables["targets"].rows) == stances
    assert sum(row[4] for row in tables["speakers"].rows) == stances
