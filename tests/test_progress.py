"""Progress is shown on a terminal after a second, and nowhere else."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT

CODE = """
from readout.scale.workers import progress
with progress(10, quiet={quiet}) as advance:
    for _ in range(10):
        advance(1)
"""


def run_on_terminal(code):
    """Return the output of a process on a terminal."""
    import pty

    main, side = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", code], stderr=side, stdout=side, cwd=ROOT)
    os.close(side)
    parts = []
    while True:
        try:
            parts.append(os.read(main, 4096))
        except OSError:
            break
    os.close(main)
    assert process.wait() == 0
    return b"".join(parts).decode()


@pytest.mark.posix
def test_long_runs_show_documents_and_speed():
    shown = run_on_terminal(CODE.format(quiet=-1))
    assert "10 of 10 documents" in shown
    assert "per second" in shown


@pytest.mark.posix
def test_short_runs_are_quiet():
    assert run_on_terminal(CODE.format(quiet=60)) == ""


def test_a_pipe_gets_nothing():
    command = [sys.executable, "-c", CODE.format(quiet=-1)]
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
    assert done.stdout + done.stderr == b""
