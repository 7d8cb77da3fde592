"""Tallies add up in any order, and their tables list at most some documents."""

import pytest
from conftest import CORPUS, ROOT
from generated import SMALL
from hypothesis import given
from hypothesis import strategies as st

from readout import read_corpus
from readout.checks.folder import check_folder
from readout.corpus.read import read_registries
from readout.corpus.tally import Tally
from readout.dataset import statistics as stats
from readout.report.tables import format_markdown


@pytest.fixture(scope="module")
def documents():
    """The documents of two corpora with different registries."""
    return [*read_corpus(CORPUS)[0].documents, *read_corpus(ROOT)[0].documents]


@pytest.fixture(scope="module")
def registries():
    return read_registries(ROOT)[0]


@given(order=st.permutations(range(6)), cut=st.integers(0, 6))
def test_tallies_add_up_in_any_order(documents, registries, order, cut):
    parts = [Tally(), Tally()]
    for position, number in enumerate(order):
        parts[position < cut].add_documents([documents[number]])
    parts[0].add(parts[1])
    whole = Tally()
    whole.add_documents(documents[:6])
    for make in stats.TABLES.values():
        assert make(parts[0], registries) == make(whole, registries)


def test_long_tables_of_the_card_are_cut(generated, tmp_path, monkeypatch):
    monkeypatch.setattr("readout.corpus.tally.LISTED", 7)
    _, tally = check_folder(generated, SMALL)
    registries, _ = read_registries(generated)
    table = stats.TABLES["documents"](tally, registries)
    assert len(table.rows) == 7
    doc_ids = sorted(path.stem for path in (generated / "raw/text").iterdir())
    assert [row[0] for row in table.rows] == doc_ids[:7]
    assert format_markdown(table).endswith(f"{len(doc_ids) - 7} more are not listed.")
