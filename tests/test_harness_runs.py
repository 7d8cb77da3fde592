"""Both harnesses run the tasks with their own mock models, and their logs are imported and scored.

Run with ``pytest -m harness``. The tests install each harness, some 600 MB, into an environment of
its own. READOUT_INSPECT and READOUT_LM_EVAL may name environments that have them already; the
package is installed there anew.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from harness import build_frozen_hub, make_frozen

from readout.benchmark.predictions import score_files
from readout.benchmark.tasks import TASKS
from readout.corpus.files import write_generated
from readout.corpus.items import change_frozen, read_frozen

pytestmark = pytest.mark.harness


def make_environment(wheel, folder, extra):
    """Return the folder with the programs of an environment that has a harness and the package.

    The package is not editable: Inspect asks whether a package is editable by the name that it is
    imported by, and this one is distributed by another name.
    """
    given = os.environ.get(f"READOUT_{extra.upper().replace('-', '_')}")
    programs = Path(given or folder / extra, "bin")
    install = [programs / "python", "-m", "pip", "install", "--quiet"]
    if given:
        subprocess.run([*install, "--no-deps", "--force-reinstall", wheel], check=True)
    else:
        subprocess.run([sys.executable, "-m", "venv", programs.parent], check=True)
        subprocess.run([*install, f"{wheel}[{extra}]"], check=True)
    return programs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("harness")


@pytest.fixture(scope="module")
def wheel(folder):
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*command, folder / "wheel", ROOT], check=True)
    (built,) = (folder / "wheel").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def hub(folder):
    return build_frozen_hub(folder)


@pytest.fixture
def frozen(small):
    write_generated(small, change_frozen(small, make_frozen()))
    return read_frozen(small)


def run_program(folder, *command):
    """Return what a program prints; it runs outside the repository, and without a network."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf"), "PYTHONPATH": ""}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, **offline},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def score_imported(small, frozen):
    """Return the scores of the imported submission by task."""
    paths = sorted((small / "submissions/mock/predictions").glob("*.jsonl"))
    scored, problems = score_files(frozen, paths)
    assert problems == []
    return {each.score.task.name: each.score for each in scored}


def test_inspect_gives_the_scores_that_its_imported_log_gets(wheel, folder, hub, small, frozen):
    programs = make_environment(wheel, folder, "inspect")
    script = Path(__file__).with_name("harness_inspect.py")
    logs = folder / "logs"
    printed = run_program(folder, programs / "python", script, hub, logs)
    found = json.loads(printed.splitlines()[-1])
    assert {task: run["error"] for task, run in found.items()} == dict.fromkeys(TASKS)

    command = [programs / "readout", "bench", "import", "--system", "mock", "--corpus", small]
    run_program(folder, *command, *logs.iterdir())
    scores = score_imported(small, frozen)
    assert set(scores) == set(TASKS)
    for task, run in found.items():
        metrics, score = run["metrics"], scores[task]
        for measure in score.measures:
            assert metrics[measure.name] == pytest.approx(score.value(measure))
        if score.task.shape == "label":
            assert metrics["mean"] == pytest.approx(metrics["accuracy"])
            assert 0 < metrics["accuracy"] < 1
        assert {"stderr", "lower", "upper"} <= set(metrics)


def test_the_lm_evaluation_harness_gives_the_scores_that_its_imported_log_gets(
    wheel, folder, hub, small, frozen
):
    programs = make_environment(wheel, folder, "lm-eval")
    find = "import readout.benchmark.harness as found; print(*found.__path__)"
    place = run_program(folder, programs / "python", "-c", find).strip()
    out = folder / "out"
    run_program(
        folder,
        *(programs / "lm_eval", "--model", "dummy", "--log_samples", "--output_path", out),
        *("--include_path", Path(place, "lm_eval"), "--metadata", json.dumps({"hub": str(hub)})),
        *("--tasks", ",".join(f"readout_{task}" for task in TASKS)),
    )

    command = [programs / "readout", "bench", "import", "--system", "mock", "--corpus", small]
    run_program(folder, *command, *out.rglob("samples_*.jsonl"))
    scores = score_imported(small, frozen)
    assert set(scores) == set(TASKS)
    (results,) = out.rglob("results_*.json")
    found = json.loads(results.read_text(encoding="utf-8"))["results"]
    for task, score in scores.items():
        metrics = found[f"readout_{task}"]
        assert metrics["official,none"] == pytest.approx(score.value())
        if score.task.shape == "label":
            accuracy = next(each for each in score.measures if each.name == "accuracy")
            assert metrics["quality,none"] == pytest.approx(score.value(accuracy))
