"""Tables fit a terminal of 80 columns: no word is broken, and nothing is left out."""

import re
from collections import Counter

import pytest
from click.testing import CliRunner
from conftest import LAYERS, ROOT
from hypothesis import given
from hypothesis import strategies as st

from readout.cli import main
from readout.report import tables
from readout.report.layout import fit_columns, measure_width, wrap_cell
from readout.report.tables import Table, print_table

WIDTH = 80
BORDER = re.compile(r"[━─┃│┏┓┗┛└┘├┤┡┩┳╇┴╋┼]")
SUBMISSIONS = ROOT / "submissions"
SCORED = [
    str(SUBMISSIONS / name / "predictions/polarity.event.jsonl")
    for name in ("majority", "tfidf-svm")
]
# The tables of one pair of annotators; those of the others have the same columns.
PAIR = ("--annotator", LAYERS[0], "--annotator", LAYERS[1])
COMMANDS = {
    "stats": ("stats",),
    "agree": ("agree", *PAIR),
    "baselines": ("bench", "baseline"),
    "score": ("bench", "score", SCORED[0]),
    "compare": ("bench", "compare", *SCORED),
    "power": ("bench", "power"),
}


def print_all(printed, capsys):
    """Return the lines that are printed for each table."""
    for table in printed:
        print_table(table)
        yield table, capsys.readouterr().out.splitlines()


def count_words(texts):
    return Counter(word for text in texts for word in str(text).split())


def check_lines(table, lines):
    """Assert that a table was printed whole, in words that are whole."""
    if not table.rows:
        assert len(lines) == 1
        return
    assert all(measure_width(line) <= WIDTH for line in lines)
    found = count_words(BORDER.sub(" ", line) for line in lines)
    cells = count_words([*table.columns, *(cell for row in table.rows for cell in row)])
    around = count_words([table.title, table.note, "(continued)"])
    assert not cells - found
    assert set(found) <= {*cells, *around}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_table_of_the_real_corpus_fits(name, monkeypatch, capsys):
    printed = []
    monkeypatch.setattr(tables, "print_table", printed.append)
    done = CliRunner().invoke(main, [*COMMANDS[name], "--corpus", str(ROOT)])
    assert done.exit_code == 0, done.output
    assert printed

    monkeypatch.setenv("COLUMNS", str(WIDTH))
    for table, lines in print_all(printed, capsys):
        check_lines(table, lines)


def test_a_wide_table_is_printed_in_parts_that_name_their_rows(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    columns = ("annotator", *(f"a-long-measure-{number}" for number in range(9)))
    rows = [(f"annotator-{row}", *(f"{row}.{number}" for number in range(9))) for row in range(3)]
    ((table, lines),) = print_all([Table("Measures", columns, rows)], capsys)
    check_lines(table, lines)
    parts = sum(line.startswith("┏") for line in lines)
    assert parts > 1
    assert sum("annotator-2" in line for line in lines) == parts


CELLS = st.text(st.sampled_from("ab [],.é語"), max_size=200)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=4))
def test_parts_fit_and_have_every_column(rows):
    parts = fit_columns(rows[0], rows[1:], WIDTH)
    assert {column for part in parts for column in part.columns} == {0, 1, 2}
    for part in parts:
        assert sum(part.widths) + 3 * len(part.widths) + 1 <= WIDTH


@given(CELLS, st.integers(2, 40))
def test_a_wrapped_cell_keeps_its_characters(text, width):
    wrapped = wrap_cell(text, width)
    assert "".join(wrapped.split()) == "".join(text.split())
    assert all(measure_width(line) <= width for line in wrapped.split("\n"))
