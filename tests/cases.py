"""Cases: each folder of ``cases/`` breaks the rule that it is named after, in ``corpus/``.

``files/`` replaces files of the corpus, ``remove.txt`` lists the paths to remove, ``links.txt`` the
paths to turn into links, with their targets, and ``expected.txt`` is the output of ``readout
check``. ``python tests/cases.py CODE`` writes it; read it before you keep it.
"""

import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from readout.checks import check_corpus
from readout.corpus.read import read_corpus
from readout.model import Corpus
from readout.problem import Problem, Rule
from readout.report.problems import format_text

TESTS = Path(__file__).parent
CORPUS = TESTS / "corpus"
CASES = sorted(path for path in (TESTS / "cases").iterdir() if path.is_dir())


def break_corpus(case: Path, root: Path) -> None:
    """Put a broken copy of the corpus at ``root``."""
    shutil.copytree(CORPUS, root, dirs_exist_ok=True)
    if (case / "files").is_dir():
        shutil.copytree(case / "files", root, dirs_exist_ok=True)
    if (case / "remove.txt").is_file():
        for name in (case / "remove.txt").read_text(encoding="utf-8").split():
            (root / name).unlink()
    if (case / "links.txt").is_file():
        for line in (case / "links.txt").read_text(encoding="utf-8").splitlines():
            name, target = line.split(" -> ")
            (root / name).unlink(missing_ok=True)
            try:
                (root / name).symlink_to(target)
            except OSError:
                pytest.skip("this user may not make links")


def judge(root: Path) -> tuple[Corpus, list[Problem]]:
    """Return a corpus and its problems, read as a whole."""
    corpus, problems = read_corpus(root)
    return corpus, sorted([*problems, *check_corpus(corpus)], key=lambda problem: problem.order)


def judge_by_rules_alone(root: Path) -> tuple[Corpus, list[Problem]]:
    """Return a corpus and its problems as the rules find them if none has a shortcut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "is_silent", lambda *_: False)
        return judge(root)


@cache
def find_problems(case: Path) -> tuple[Problem, ...]:
    """Return the problems of a case's corpus, which several tests of each case ask for."""
    with tempfile.TemporaryDirectory() as folder:
        break_corpus(case, Path(folder))
        return tuple(judge(Path(folder))[1])


def check_case(case: Path) -> str:
    """Return what ``readout check`` prints for a case."""
    return "".join(format_text(problem) + "\n" for problem in find_problems(case))


MISTAKES = sorted((TESTS / "mistakes").glob("*.txt"))
"""Lines that people type by hand, ``---``, and the output of ``readout check``."""


def check_mistake(lines: str) -> str:
    """Return what ``readout check`` prints of a file of the small corpus that holds these lines."""
    path = "annotations/gold/2030-02-toll-critics.jsonl"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(CORPUS, folder, dirs_exist_ok=True))
        shutil.rmtree(root / "annotations/adjudication")
        index = root / "raw/documents.jsonl"
        index.write_bytes(index.read_bytes().replace(b',"adjudicated":["ann","ben"]', b""))
        (root / path).write_text(lines, encoding="utf-8", newline="\n")
        corpus, problems = read_corpus(root)
        found = [problem for problem in [*problems, *check_corpus(corpus)] if problem.path == path]
        return "".join(
            format_text(problem) + "\n"
            for problem in sorted(found, key=lambda problem: problem.order)
        )


if __name__ == "__main__":
    for code in sys.argv[1:]:
        case = TESTS / "cases" / code
        (case / "expected.txt").write_text(check_case(case), encoding="utf-8", newline="\n")
