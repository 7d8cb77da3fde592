"""``DATACARD.md`` brought up to date: every section of it that is generated, whichever module makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from readout.agreement.pairs import PairAgreement, compare_all_pairs
from readout.agreement.report import format_gamma_section, format_markdown_section
from readout.benchmark.board.card import format_board, format_section
from readout.checks.folder import check_folder
from readout.corpus.read import read_corpus, read_registries
from readout.dataset.build import DATACARD, composition_sections
from readout.dataset.card import fill_sections, find_sections
from readout.model import Corpus


def compare_peers(corpus: Corpus, with_gamma: bool = False) -> list[PairAgreement]:
    """Return the agreement of the pairs of annotators who worked by the same version of the guidelines."""
    versions: dict[str, list[str]] = {}
    for name, annotator in corpus.registries.annotators.items():
        versions.setdefault(annotator.guidelines_version, []).append(name)
    return [
        pair
        for names in versions.values()
        if len(names) > 1
        for pair in compare_all_pairs(corpus.documents, names, with_gamma)
    ]


SECTIONS: Mapping[str, Callable[[Corpus], str]] = {
    "agreement": lambda corpus: format_markdown_section(compare_peers(corpus)),
    "benchmark": format_section,
}
"""Sections that take more than counting, by name; made only for cards that ask for them."""

SLOW_SECTIONS: Mapping[str, Callable[[Corpus], str]] = {
    "gamma": lambda corpus: format_gamma_section(compare_peers(corpus, with_gamma=True)),
}
"""Sections that take minutes; made only on demand."""


def refresh_card(root: Path, with_slow: bool = False) -> tuple[str, str]:
    """Return the text of a corpus's card as it is, and with its generated sections brought up to date."""
    old = (root / DATACARD).read_text(encoding="utf-8")
    counted = composition_sections(check_folder(root).tally, read_registries(root)[0])
    makers = {**SECTIONS, **(SLOW_SECTIONS if with_slow else {})}
    counted["board"] = format_board(root)
    wanted = [name for name in find_sections(old) if name in makers]
    if not wanted:
        return old, fill_sections(old, counted)
    corpus, _ = read_corpus(root)
    return old, fill_sections(old, {**counted, **{name: makers[name](corpus) for name in wanted}})
