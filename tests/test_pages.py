"""The generated pages are up to date, and say what the code knows."""

import re
import shutil

import pytest
from conftest import ROOT

from readout.checks import CHECKS
from readout.cli.pages import PAGES, write_pages
from readout.interchange.formats import FORMATS


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_up_to_date(name):
    assert (ROOT / name).read_text(encoding="utf-8") == PAGES[name](ROOT), "run `make docs`"


def test_writing_twice_changes_nothing(tmp_path):
    (tmp_path / "docs").mkdir()
    for folder in ("cases", "corpus"):
        shutil.copytree(ROOT / "tests" / folder, tmp_path / "tests" / folder)
    write_pages(tmp_path)
    for name in PAGES:
        assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes()


def sections(name):
    page = (ROOT / name).read_text(encoding="utf-8")
    return set(re.findall(r"^## (.*)$", page, re.MULTILINE))


def test_every_rule_and_every_format_has_its_section():
    assert sections("docs/problems.md") == set(CHECKS)
    titles = [title for title in sections("docs/interchange.md") if title.startswith("`")]
    named = ", ".join(titles).replace("`", "").split(", ")
    assert sorted(named) == sorted(FORMATS)
