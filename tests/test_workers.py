"""Workers end with the process that started them, and Dask retries a failed task."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT

from readout.scale.workers import map_tasks


def die(number):
    os._exit(number)


def test_a_worker_that_dies_is_an_error_not_a_hang():
    with pytest.raises(OSError, match="worker"):
        list(map_tasks(die, [1, 1], jobs=2))


POOL = """
import os, sys, time
from readout.scale.workers import map_tasks

def work(number):
    os.write(1, b"at work\\n")
    time.sleep(60)
    os.write(1, b"forgotten\\n")

if __name__ == "__main__":
    list(map_tasks(work, [1, 2], jobs=2, fork=sys.argv[1] == "fork"))
"""


@pytest.mark.posix
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_end_with_the_process_that_started_them(tmp_path, start):
    script = tmp_path / "pool.py"
    script.write_text(POOL, encoding="utf-8", newline="\n")
    command = [sys.executable, str(script), start]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    assert [process.stdout.readline().strip() for _ in range(2)] == [b"at work"] * 2

    process.kill()
    # The pipe ends when its last writer has ended.
    assert process.stdout.read() == b""
    process.wait()


@pytest.mark.slow
def test_dask_tries_failed_tasks_again(tmp_path):
    pytest.importorskip("distributed")
    failed = tmp_path / "failed"

    def double(number):
        if not failed.exists():
            failed.touch()
            raise OSError("a passing fault")
        return 2 * number

    assert dict(map_tasks(double, [1, 2, 3], jobs=1, engine="dask")) == {0: 2, 1: 4, 2: 6}
