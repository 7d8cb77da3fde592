"""The data are tested too: the real corpus is clean, complete and split by time."""

import re

from conftest import ROOT, tally_corpus

from readout.corpus.read import GUIDELINES
from readout.dataset.statistics import TABLES
from readout.model import Boilerplate, Quote, Stance, main_spans
from readout.text.find import iter_quotation_marks
from readout.workbench.format import format_corpus


def test_the_corpus_is_clean_and_canonical(real):
    _, problems = real
    assert [problem for problem in problems if problem.severity == "error"] == []
    assert format_corpus(ROOT) == {}


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
    for annotator in corpus.registries.annotators.values():
        assert annotator.kind != "model" or annotator.model_family


def test_statistics_add_up(real):
    corpus, _ = real
    tables = {name: make(tally_corpus(corpus), corpus.registries) for name, make in TABLES.items()}
    for table in tables.values():
        assert all(len(row) == len(table.columns) for row in table.rows)
    stances = sum(isinstance(r, Stance) for d in corpus.documents for r in d.gold.records)
    assert sum(sum(row[1:4]) for row in tables["targets"].rows) == stances
    assert sum(row[4] for row in tables["speakers"].rows) == stances


def test_no_example_of_the_guidelines_repeats_a_text(real):
    """Examples from the corpus would tell annotators the answers by which they are measured."""
    corpus, _ = real
    known = {run for document in corpus.documents for run in iter_runs(document.text)}
    guidelines = (ROOT / GUIDELINES).read_text(encoding="utf-8")
    examples = re.findall(r"`[^`]+`|“[^”]+”|\"[^\"]+\"", guidelines)
    assert len(examples) > 100
    assert [example for example in examples if known & set(iter_runs(example))] == []


def iter_runs(text, length=4):
    """Yield every run of `length` words, without case and punctuation."""
    words = re.findall(r"\w+", text.casefold())
    for start in range(len(words) - length + 1):
        yield tuple(words[start : start + length])
