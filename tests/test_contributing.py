"""CONTRIBUTING.md works if it is followed to the letter: its edits are made, its commands run."""

import re
import shutil
import subprocess

import pytest
from conftest import CORPUS, ROOT
from recipes import follow

from readout.checks import check_corpus
from readout.corpus.read import read_corpus

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.posix
def test_the_page_works(tmp_path):
    shutil.copytree(CORPUS, tmp_path / "tests/corpus")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    root = tmp_path / "practice"
    follow(PAGE, lambda: root if root.is_dir() else tmp_path, edited=root)
    corpus, problems = read_corpus(root)
    found = [*problems, *check_corpus(corpus)]
    assert {problem.code for problem in found} == {"unused-entry"}, (
        "the page adds these entries and does not use them"
    )
    assert not (root / "ferry-vote.txt").exists()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", PAGE))))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()
