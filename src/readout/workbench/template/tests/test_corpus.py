"""The data are tested: clean, canonical, and built into rows that load."""

from __future__ import annotations

from pathlib import Path

import readout
from readout.dataset.build import build_hub
from readout.workbench.format import format_corpus

ROOT = Path(__file__).parent.parent


def test_the_corpus_is_clean_and_canonical() -> None:
    """There is nothing for `readout check --strict` to report and nothing for `readout format` to change."""
    corpus, problems = readout.read_corpus(ROOT)
    assert [*problems, *readout.check_corpus(corpus)] == []
    assert format_corpus(ROOT) == {}


def test_every_gold_stance_becomes_a_row(tmp_path: Path) -> None:
    """The dataset is built, and loads."""
    assert build_hub(ROOT, tmp_path / "hub").infos
    corpus, _ = readout.read_corpus(ROOT)
    stances = sum(
        type(record).__name__ == "Stance"
        for document in corpus.documents
        for record in document.gold.records
    )
    assert sum(map(len, readout.load("stances", tmp_path / "hub").values())) == stances
