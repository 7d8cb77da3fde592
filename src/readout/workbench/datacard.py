"""Update every generated section of ``DATACARD.md``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from readout.agreement.pairs import PairAgreement, compare_all_pairs
from readout.agreement.report import format_gamma_section, format_markdown_section
from readout.benchmark.board.card import format_board, format_tasks
from readout.benchmark.tasks import build_all_items
from readout.checks.folder import check_folder
from readout.corpus.read import read_corpus, read_registries
from readout.dataset.bench import list_bench_configs
from readout.dataset.build import composition_sections
from readout.dataset.card import fill_sections, find_sections, read_card_bytes
from readout.dataset.citation import CITATION, format_citation
from readout.dataset.companions import read_companions
from readout.model import Corpus
from readout.problem import Problem


def compare_peers(corpus: Corpus, with_gamma: bool = False) -> list[PairAgreement]:
    """Return the agreement of every two annotators who used the same version of the guidelines."""
    versions: dict[str, list[str]] = {}
    for name, annotator in corpus.registries.annotators.items():
        versions.setdefault(annotator.guidelines_version, []).append(name)

    pairs: list[PairAgreement] = []
    for _, names in sorted(versions.items()):
        if len(names) > 1:
            pairs += compare_all_pairs(corpus.documents, names, with_gamma)
    return pairs


SECTIONS: Mapping[str, Callable[[Corpus], str]] = {
    "agreement": lambda corpus: format_markdown_section(compare_peers(corpus)),
    "benchmark": lambda corpus: format_tasks(build_all_items(corpus)),
}
"""Sections that need the whole corpus in memory, by name; made only for a card that has them."""

SLOW_SECTIONS: Mapping[str, Callable[[Corpus], str]] = {
    "gamma": lambda corpus: format_gamma_section(compare_peers(corpus, with_gamma=True)),
}
"""Sections that take minutes, by name; made only on demand."""


INVENTED = "benchmarks/agreement"
"""A corpus of texts invented to measure agreement on; it is no part of the dataset."""


def format_invented(root: Path) -> str:
    """Return the agreement on the invented texts beside a corpus, if it has any."""
    if not (root / INVENTED).is_dir():
        return "There are no invented texts."
    return format_markdown_section(compare_peers(read_corpus(root / INVENTED)[0]))


class Refreshed(NamedTuple):
    """The bytes of a card before and after its sections are updated; empty if it has problems."""

    old: bytes
    new: bytes
    problems: list[Problem]


def refresh_card(root: Path, with_slow: bool = False, boards: Path | None = None) -> Refreshed:
    """Return a corpus's card with its sections brought up to date, and every other byte kept.

    ``boards`` is the folder whose leaderboard the card quotes, by default the corpus itself.
    """
    old, problems = read_card_bytes(root)
    if old is None:
        return Refreshed(b"", b"", problems)
    text = old.decode()

    bench = list_bench_configs(boards or root)
    contents = composition_sections(check_folder(root).tally, read_registries(root)[0], bench)
    contents["citation"] = format_citation(read_companions(root)[0].get(CITATION, b""))
    contents["board"] = format_board(boards or root)

    if "invented" in find_sections(text):
        contents["invented"] = format_invented(root)

    makers = {**SECTIONS, **SLOW_SECTIONS} if with_slow else SECTIONS
    wanted = [name for name in find_sections(text) if name in makers]
    if wanted:
        corpus, _ = read_corpus(root)
        for name in wanted:
            contents[name] = makers[name](corpus)
    return Refreshed(old, fill_sections(text, contents).encode(), [])
