"""Fixtures: the real corpus, a broken-at-will copy of the small one, and no network."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# The first example of a property often imports half of scipy; how long that takes is no property of the code.
settings.register_profile("readout", deadline=None)
settings.load_profile("readout")

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"

ROOT = Path(__file__).parent.parent
CORPUS = Path(__file__).parent / "corpus"


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    os.environ["HF_HOME"] = str(tmp_path_factory.mktemp("hf"))


@pytest.fixture
def small(tmp_path):
    """A copy of the small corpus."""
    return Path(shutil.copytree(CORPUS, tmp_path / "corpus"))


@pytest.fixture(scope="session")
def real():
    """The real corpus, read, and its problems."""
    from readout import check_corpus, read_corpus

    corpus, problems = read_corpus(ROOT)
    return corpus, [*problems, *check_corpus(corpus)]


def tally_corpus(corpus):
    """Return the counts of a whole corpus."""
    from readout.tally import Tally

    tally = Tally()
    tally.add_documents(corpus.documents)
    return tally
