"""No command loses what it did not make, whatever its target, and whenever it is killed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from attacks import (
    COMMANDS,
    CORPUS_COMMANDS,
    REFUSED,
    Tally,
    attack_files,
    attack_steps,
    attack_targets,
)

pytestmark = pytest.mark.posix
DRIVER = Path(__file__).parent / "driver.py"


def judge(tally):
    assert tally.failures == []
    assert tally["bytes lost"] == 0
    assert sum(tally.values()) > 0


# ---------------------------------------------------------------- a cheap part, in every run


def test_targets(tmp_path):
    tally = Tally()
    attack_targets(tmp_path, ["export"], tally)
    judge(tally)
    assert tally["targets"] > len(REFUSED)


def test_files(tmp_path):
    tally = Tally()
    attack_files(tmp_path, ["add topic", "bench items"], tally)
    judge(tally)


@pytest.mark.slow
def test_kills(tmp_path):
    tally = Tally()
    attack_steps(tmp_path, ["reanchor"], tally)
    judge(tally)
    assert tally["kills"] > 20
    assert tally["recovered"] == tally["kills"]


# ---------------------------------------------------------------- all of it

ATTACKED = {
    "files": CORPUS_COMMANDS,
    "kills": [*COMMANDS, *CORPUS_COMMANDS],
    "random": [*COMMANDS, *CORPUS_COMMANDS],
    "races": ["add topic"],
    "targets": COMMANDS,
    "disk": [*COMMANDS, *CORPUS_COMMANDS],
}
"""The commands that each attack must reach."""


@pytest.fixture(scope="module")
def summary():
    """The lines of a summary of all attacks, which is printed after the last one."""
    lines = []
    yield lines
    print("\n\nThe attacks:", *lines, sep="\n  ")


@pytest.mark.attack
@pytest.mark.parametrize("attack", ["files", "kills", "random", "races"])
def test_every_command(attack, tmp_path, summary):
    report(attack, run_driver([], tmp_path, attack), summary)


@pytest.mark.attack
@pytest.mark.parametrize("attack", ["targets", "disk"])
def test_every_command_in_a_throw_away_file_system(attack, tmp_path, summary):
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    probe = [*namespace, "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    try:
        done = subprocess.run(probe, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare")
    if done.returncode:
        pytest.skip("a namespace with its own file systems cannot be made here")
    report(attack, run_driver(namespace, tmp_path, "throw-away", attack), summary)


def run_driver(namespace, folder, *attacks):
    command = [*namespace, sys.executable, str(DRIVER), str(folder), *attacks]
    home = {**os.environ, "HOME": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, env=home, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def report(attack, found, summary):
    """Print what an attack did to every command, and demand that nothing was lost."""
    counts = {name: count for name, count in found["summary"].items() if name != "bytes lost"}
    lost, failures = found["summary"].get("bytes lost", 0), found["failures"]
    commands = found["commands"]
    print(f"\n{attack}:")
    for name, each in commands.items():
        print(f"  {name:<20}", ", ".join(f"{what}: {count}" for what, count in each.items()))
    total = ", ".join(f"{what}: {count}" for what, count in counts.items())
    summary.append(
        f"{attack}: {len(commands)} commands; {total}; bytes lost: {lost}; "
        f"failures: {len(failures)}"
    )
    assert failures == []
    assert lost == 0
    assert set(ATTACKED[attack]) <= set(commands)
    assert counts.get("recovered") == counts.get("kills")
