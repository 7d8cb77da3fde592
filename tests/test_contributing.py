"""CONTRIBUTING.md is followed to the letter: its edits are made, its commands run, and nothing is wrong at the end."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CORPUS, ROOT

from readout.checks import check_corpus
from readout.read import read_corpus

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
STEP = re.compile(r"(?:<!-- (edit|add|write): (\S+) -->\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def make_step(root, verb, path, body):
    """Do what the page asks the reader to do in an editor."""
    file = root / path
    if verb == "write":
        file.write_text(body, encoding="utf-8", newline="\n")
    elif verb == "add":
        file.write_text(file.read_text(encoding="utf-8") + body, encoding="utf-8", newline="\n")
    else:
        old, new = (line[1:] for line in body.splitlines())
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        file.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


@pytest.mark.posix
def test_the_page_works(tmp_path):
    shutil.copytree(CORPUS, tmp_path / "tests/corpus")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    root = tmp_path / "practice"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for verb, path, language, body in STEP.findall(PAGE):
        if verb:
            make_step(root, verb, path, body)
        elif language == "sh":
            folder = root if root.is_dir() else tmp_path
            subprocess.run(["bash", "-euc", body], cwd=folder, check=True, env=environment, capture_output=True)
    corpus, problems = read_corpus(root)
    found = [*problems, *check_corpus(corpus)]
    assert {problem.code for problem in found} == {"unused-entry"}, "entries that the page adds and does not use"
    assert not (root / "ferry-vote.txt").exists()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", PAGE))))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()
