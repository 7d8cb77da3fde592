"""Test that the corpus has no errors, is canonical, and builds into rows that load."""

from __future__ import annotations

from pathlib import Path

import readout
from readout.dataset.build import build_hub
from readout.workbench.format import format_corpus

ROOT = Path(__file__).parent.parent


def test_the_corpus_is_clean_and_canonical() -> None:
    """`readout check` reports no error, and `readout format` changes nothing."""
    corpus, problems = readout.read_corpus(ROOT)
    found = [*problems, *readout.check_corpus(corpus)]
    assert [problem for problem in found if problem.severity == "error"] == []
    assert format_corpus(ROOT) == {}


def test_every_gold_stance_becomes_a_row(tmp_path: Path) -> None:
    """The built dataset loads, with one row per stance."""
    assert build_hub(ROOT, tmp_path / "hub").infos
    corpus, _ = readout.read_corpus(ROOT)
    stances = 0
    for document in corpus.documents:
        stances += sum(type(record).__name__ == "Stance" for record in document.gold.records)
    splits = readout.load("stances", tmp_path / "hub").values()
    assert sum(map(len, splits)) == stances
