"""Interrupted builds: the target stays whole, and the next build succeeds and leaves no litter.

READOUT_KILLS and READOUT_SEED in the environment set the number of killed builds and the seed.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT
from generated import change, make_corpus
from test_build import litter, snapshot

from readout.corpus.outputs import read_list
from readout.dataset.build import build_hub
from readout.dataset.features import CONFIGS
from readout.dataset.load import load
from readout.scale.workers import Options

pytestmark = [pytest.mark.slow, pytest.mark.posix]
KILLS = int(os.environ.get("READOUT_KILLS", "40"))
SEED = int(os.environ.get("READOUT_SEED", "7"))
BUILD = """
import sys
from pathlib import Path
from readout.dataset.build import build_hub
from readout.scale.workers import Options
options = Options(jobs=int(sys.argv[3]), per_shard=20, small_corpus=0)
built = build_hub(Path(sys.argv[1]), Path(sys.argv[2]), options)
sys.exit(0 if built.infos else 1)
"""


def start_build(root, target, jobs=2):
    command = [sys.executable, "-c", BUILD, str(root), str(target), str(jobs)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def build(root, target, jobs=2):
    process = start_build(root, target, jobs)
    _, errors = process.communicate()
    return process.returncode, errors


@pytest.fixture
def corpus(tmp_path):
    return make_corpus(tmp_path / "corpus", 120)


@pytest.fixture
def target(corpus, tmp_path):
    """A folder that was built from the corpus."""
    target = tmp_path / "out" / "hub"
    assert build(corpus, target) == (0, "")
    return target


def assert_whole(folder):
    _, listed = read_list(folder)
    assert set(listed) | {"SHA256SUMS"} == set(snapshot(folder))
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=True)
    assert all(len(load(config, folder)["train"]) for config in CONFIGS)


def test_killed_builds(corpus, target, tmp_path):
    rng = random.Random(SEED)
    started = time.perf_counter()
    assert build(corpus, tmp_path / "timed" / "hub") == (0, "")
    duration = time.perf_counter() - started
    valid = [snapshot(target)]
    for number in range(KILLS):
        change(corpus, number % 100)
        process = start_build(corpus, target, rng.choice((1, 2)))
        time.sleep(rng.uniform(0, duration))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        now = snapshot(target)
        if now not in valid:  # killed after the swap: then it must be the new output, whole
            assert_whole(target)
    assert build(corpus, target) == (0, "")
    assert litter(target) == []
    build_hub(corpus, tmp_path / "fresh", Options(jobs=1))
    assert build(corpus, tmp_path / "again" / "hub") == (0, "")
    assert snapshot(target) == snapshot(tmp_path / "again" / "hub")
    assert_whole(target)


def test_a_full_disk(corpus, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        target = disk / "hub"
        assert build(corpus, target) == (0, "")
        before = snapshot(target)
        free = shutil.disk_usage(disk).free
        (disk / "ballast").write_bytes(b"x" * (free - 200_000))
        path = corpus / "annotations/targets.jsonl"  # everything is to be compiled again
        path.write_bytes(path.read_bytes().replace(b"wants it", b"likes it"))
        code, errors = build(corpus, target)
        assert code != 0
        assert "No space left" in errors
        assert snapshot(target) == before
        (disk / "ballast").unlink()
        assert build(corpus, target) == (0, "")
        assert litter(target) == []
        assert_whole(target)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_target_that_cannot_be_written(corpus, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    code, errors = build(corpus, tmp_path / "file" / "hub")
    assert code != 0
    assert "hub" in errors or "file" in errors
    assert (tmp_path / "file").read_bytes() == b""


def test_a_file_that_vanishes(corpus, target):
    before = snapshot(target)
    path = sorted((corpus / "raw/text").iterdir())[3]
    raw = path.read_bytes()
    path.unlink()
    assert build(corpus, target) == (1, "")
    assert snapshot(target) == before
    path.write_bytes(raw)
    assert build(corpus, target) == (0, "")
    assert snapshot(target) == before
    assert litter(target) == []


def test_two_builds_race(corpus, target, tmp_path):
    for number in range(4):
        change(corpus, number % 100)
        processes = [start_build(corpus, target) for _ in range(2)]
        assert [process.communicate()[1] for process in processes] == ["", ""]
        assert [process.returncode for process in processes] == [0, 0]
        assert_whole(target)
    assert litter(target) == []
    assert build(corpus, tmp_path / "again" / "hub") == (0, "")
    assert snapshot(target) == snapshot(tmp_path / "again" / "hub")
