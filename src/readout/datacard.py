"""``DATACARD.md`` brought up to date: every section of it that is generated, whichever module makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from readout.agreement.pairs import compare_all
from readout.agreement.report import format_markdown_section
from readout.build import DATACARD, composition_sections
from readout.card import fill_sections, find_sections
from readout.model import Corpus
from readout.read import read_corpus, read_registries
from readout.verdict import check_folder

SECTIONS: Mapping[str, Callable[[Corpus], str]] = {
    "agreement": lambda corpus: format_markdown_section(compare_all(corpus.documents)),
}
"""Sections that take more than counting, by name; made only for cards that ask for them."""


def refresh_card(root: Path) -> tuple[str, str]:
    """Return the text of a corpus's card as it is, and with its generated sections brought up to date."""
    old = (root / DATACARD).read_text(encoding="utf-8")
    counted = composition_sections(check_folder(root).tally, read_registries(root)[0])
    wanted = [name for name in find_sections(old) if name in SECTIONS]
    if not wanted:
        return old, fill_sections(old, counted)
    corpus, _ = read_corpus(root)
    return old, fill_sections(old, {**counted, **{name: SECTIONS[name](corpus) for name in wanted}})
