"""Import published corpora from the folders in the environment, and count what came in.

Run with ``READOUT_PDNC=… READOUT_POLNEAR=… READOUT_SEMEVAL=… READOUT_PARC=… pytest -m published``.
The corpora are not part of this repository; the pages under ``docs/`` say where they are published.
"""

import faulthandler
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from published import count

from readout.checks import check_corpus
from readout.cli import main
from readout.corpus.read import read_corpus
from readout.interchange.formats import Choices, import_files

pytestmark = pytest.mark.published
EXPECTED = {
    "pdnc": {
        ("quotes", "in"): 37131,
        ("mentions", "in"): 82899,
        ("mentions", "left out"): 100,
    },
    "polnear": {
        ("quotes", "in"): 27014,
        ("quotes", "left out"): 38,
        ("quotes of no split", "left out"): 2548,
    },
    "semeval": {
        ("stances, train", "in"): 2912,
        ("stances, train", "left out"): 2,
        ("stances, test", "in"): 1956,
    },
    "parc": None,
}
"""The outcomes of PDNC of September 2023, PolNeAR 1.0, and SemEval-2016 with all annotations."""


LIMITS = {"pdnc": 1800}
"""The seconds after which a test hangs for certain, if they are more than for other corpora."""
DEFAULT_LIMIT = 600


@pytest.fixture(params=EXPECTED)
def published(request, capfd):
    """Return the name and the folder of a corpus; a test that hangs ends with its traceback."""
    folder = os.environ.get(f"READOUT_{request.param.upper()}")
    if not folder:
        pytest.skip(f"READOUT_{request.param.upper()} names no folder")

    with capfd.disabled():
        screen = os.dup(2)
    limit = LIMITS.get(request.param, DEFAULT_LIMIT)
    faulthandler.dump_traceback_later(limit, exit=True, file=screen)
    yield request.param, Path(folder)
    faulthandler.cancel_dump_traceback_later()
    os.close(screen)


def test_everything_comes_in_or_is_listed(published, tmp_path):
    name, folder = published
    command = [
        "import",
        name,
        str(folder),
        "--corpus",
        str(tmp_path),
        "--annotator",
        name,
        "--skip",
    ]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output

    counts = count(name, folder, tmp_path)
    assert not [kind for kind, outcome in counts if outcome == "wrong"]
    if EXPECTED[name] is not None:
        assert counts == EXPECTED[name]
    else:
        assert {outcome for _, outcome in counts} == {"in"}

    corpus, problems = read_corpus(tmp_path)
    assert [p for p in (*problems, *check_corpus(corpus)) if p.severity == "error"] == []


def test_whatever_is_left_out_is_a_problem_otherwise(published):
    name, folder = published
    _, skipping = import_files(name, folder, None, Choices({"": name}, skips=True))
    files, strict = import_files(name, folder, None, Choices({"": name}))
    assert len(strict.problems) == len(skipping.skipped)
    assert bool(files) == (not strict.problems)
