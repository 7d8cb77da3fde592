"""Every rule has its case, and every case says exactly what is wrong."""

import pytest
from cases import CASES, CORPUS, check_case, find_problems
from conftest import ROOT

from readout.checks import CHECKS, check_corpus
from readout.corpus.read import read_corpus
from readout.problem import RUNGS
from readout.workbench.format import format_corpus


def test_rule_of_five():
    folders = {case.name for case in CASES}
    functions = {rule.find.__name__.replace("_", "-") for rule in CHECKS.values()}
    codes = {rule.code for rule in CHECKS.values()}
    page = (ROOT / "docs/problems.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert folders == functions == codes == set(CHECKS) == rows


def test_rules_say_what_they_demand():
    for rule in CHECKS.values():
        assert rule.summary.endswith(".")
        assert rule.rung in RUNGS


def test_small_corpus_is_clean():
    corpus, problems = read_corpus(CORPUS)
    assert [*problems, *check_corpus(corpus)] == []
    assert format_corpus(CORPUS) == {}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case_prints_what_is_expected(case):
    assert check_case(case) == (case / "expected.txt").read_text(encoding="utf-8")


_WITHOUT_LINE = ("missing-file", "outside-link", "unexpected-file", "unknown-annotator")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case_breaks_its_rule_with_a_place_and_a_remedy(case):
    problems = [problem for problem in find_problems(case) if problem.code == case.name]
    assert problems
    for problem in problems:
        assert problem.severity == CHECKS[case.name].severity
        assert problem.line or case.name in _WITHOUT_LINE
        assert problem.hint
        assert problem.message.endswith(".")
