"""Fixtures: the real corpus, copies of the small one and of a generated one, and no network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# The first example of a property often imports half of scipy; how long that takes is no property of
# the code.
settings.register_profile("readout", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("readout")

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"

ROOT = Path(__file__).parent.parent
CORPUS = Path(__file__).parent / "corpus"
LAYERS = sorted(path.name for path in (ROOT / "annotations/by").iterdir())
"""The annotators who have layers of the real corpus."""


def pytest_collection_modifyitems(items):
    if sys.platform == "win32":
        for item in items:
            if item.get_closest_marker("posix"):
                item.add_marker(
                    pytest.mark.skip(
                        reason="needs signals, limits, links or names that Windows lacks"
                    )
                )


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    os.environ["HF_HOME"] = str(tmp_path_factory.mktemp("hf"))


@pytest.fixture
def small(tmp_path):
    """A copy of the small corpus."""
    return Path(shutil.copytree(CORPUS, tmp_path / "corpus"))


@pytest.fixture
def undecided(small):
    """The small corpus without its decisions, so that there is something to decide."""
    (small / "annotations/adjudication/2030-02-toll-critics.jsonl").unlink()
    return small


@pytest.fixture(scope="session")
def made_board(tmp_path_factory):
    """Return the small corpus with a few submissions and its board."""
    from benchmark import KEPT, NAMES, run

    from readout.benchmark.board.leaderboard import build_files, write_boards
    from readout.benchmark.systems.runs import write_baselines

    root = Path(shutil.copytree(CORPUS, tmp_path_factory.mktemp("made") / "corpus"))
    assert run("bench", "items", root, "--freeze").exit_code == 0
    write_baselines(root, NAMES, workers=1)
    for path in root.glob("submissions/*/predictions/*.jsonl"):
        if path.name not in KEPT:
            path.unlink()
    write_boards(root, build_files(root))
    return root


@pytest.fixture
def board(made_board, tmp_path):
    """Return a copy of the small corpus with a few submissions and its board."""
    return Path(shutil.copytree(made_board, tmp_path / "corpus"))


@pytest.fixture(scope="module")
def browser():
    """A Chromium that Playwright drives."""
    pytest.importorskip("playwright")
    from workbench import opened_chromium

    with opened_chromium() as browser:
        yield browser


@pytest.fixture
def desk(browser, tmp_path):
    """The layer of an annotator on the longest real text."""
    from workbench import DOCUMENT, LAYER, copy_real, opened_desk

    root = copy_real(tmp_path / "corpus")
    with opened_desk(browser, root, DOCUMENT, LAYER, LAYER) as desk:
        yield desk


@pytest.fixture(scope="session")
def real():
    """The real corpus, read, and its problems."""
    from readout import check_corpus, read_corpus

    corpus, problems = read_corpus(ROOT)
    return corpus, [*problems, *check_corpus(corpus)]


def tally_corpus(corpus):
    """Return the counts of a whole corpus."""
    from readout.corpus.tally import Tally

    tally = Tally()
    tally.add_documents(corpus.documents)
    return tally


def run_python(code, *arguments):
    """Return what a Python process of its own prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


@pytest.fixture(scope="session")
def _made(tmp_path_factory):
    from generated import make_corpus

    return make_corpus(tmp_path_factory.mktemp("made") / "corpus", 30)


@pytest.fixture
def generated(_made, tmp_path):
    """A generated corpus of 30 documents."""
    return Path(shutil.copytree(_made, tmp_path / "generated"))


@pytest.fixture
def compiled(monkeypatch):
    """The names of the shards that are compiled or checked, as they are."""
    import readout.checks.folder
    import readout.dataset.parquet

    names = []

    def spy(module, name):
        original = getattr(module, name)

        def record(shard, *arguments, **named):
            names.append(shard.name)
            return original(shard, *arguments, **named)

        monkeypatch.setattr(module, name, record)

    spy(readout.dataset.parquet, "compile_shard")
    spy(readout.checks.folder, "check_shard")
    return names
