"""``DATACARD.md`` brought up to date: every section of it that is generated, whichever module makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from readout.agreement.pairs import compare_all
from readout.agreement.report import format_markdown_section
from readout.build import DATACARD, composition_sections
from readout.card import fill_sections, find_sections
from readout.model import Corpus
from readout.read import read_corpus
from readout.stats import tally_corpus

SECTIONS: Mapping[str, Callable[[Corpus], str]] = {
    "agreement": lambda corpus: format_markdown_section(compare_all(corpus.documents)),
}
"""Sections that take more than counting, by name; made only for cards that ask for them."""


def refresh_card(root: Path) -> tuple[str, str]:
    """Return the text of a corpus's card as it is, and with its generated sections brought up to date."""
    corpus, _ = read_corpus(root)
    old = (root / DATACARD).read_text(encoding="utf-8")
    made = {name: SECTIONS[name](corpus) for name in find_sections(old) if name in SECTIONS}
    return old, fill_sections(old, {**composition_sections(tally_corpus(corpus), corpus.registries), **made})
