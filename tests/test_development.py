"""Follow each recipe of docs/development.md on a copy of the project, to passing tests."""

import re
import shutil

import pytest
from conftest import ROOT
from recipes import follow

PAGE = (ROOT / "docs/development.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^## (Add a \w+).*?\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
LEFT = shutil.ignore_patterns(".[!h]*", ".hypothesis", "build", "dist", "__pycache__")


def test_there_is_a_recipe_for_each_kind_of_part():
    assert set(RECIPES) == {
        f"Add a {part}" for part in ("rule", "format", "measure", "baseline", "config")
    }


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.parametrize("name", RECIPES)
def test_recipe_works(name, tmp_path, monkeypatch):
    project = shutil.copytree(ROOT, tmp_path / "project", ignore=LEFT)
    monkeypatch.setenv("PYTHONPATH", str(project / "src"))
    follow(RECIPES[name], lambda: project)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", PAGE))))
def test_links_lead_somewhere(link):
    assert (ROOT / "docs" / link).exists()
