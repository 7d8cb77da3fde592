"""Run attacks in this process and print a summary as JSON: ``driver.py FOLDER ATTACK...``.

``throw-away`` as the first attack makes a file system of its own first: a root that vanishes
with this process, in which the system's folders are read-only. Only then are ``/``, the parents,
home and a full disk attacked.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

EMPTY = ("tmp", "proc", "sys", "dev", "run", "mnt", "media")
"""Top folders that a throw-away root does not show."""


def enter_throw_away(top):
    """Make ``top`` the root of this process; all that it shows of the system is read-only."""
    mount("-t", "tmpfs", "-o", "size=400m", "tmpfs", top)
    for entry in Path("/").iterdir():
        place = Path(top, entry.name)
        if entry.is_symlink():
            place.symlink_to(entry.readlink())
        elif entry.is_dir() and entry.name not in EMPTY:
            place.mkdir()
            mount("--bind", entry, place)
            mount("-o", "remount,bind,ro", place)
    for name in ("tmp", "dev", "work-of-attacks", "disk"):
        Path(top, name).mkdir()
    needed = (Path(__file__).resolve().parents[2], Path(sys.prefix), *map(Path, find_package()))
    for path in needed:
        place = Path(top, *path.parts[1:])
        if not place.exists():  # a checkout or an environment in /tmp
            place.mkdir(parents=True)
            mount("--bind", path, place)
            mount("-o", "remount,bind,ro", place)
    for name in ("null", "urandom"):
        Path(top, "dev", name).touch()
        mount("--bind", f"/dev/{name}", Path(top, "dev", name))
    mount("-t", "tmpfs", "-o", "size=6m", "tmpfs", Path(top, "disk"))
    os.chroot(top)
    os.chdir("/work-of-attacks")
    os.environ["TMPDIR"] = "/tmp"


def find_package():
    """Return the folder of the package under attack, without importing it."""
    return find_spec("readout").submodule_search_locations


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def main(folder, *names):
    throw_away = names[0] == "throw-away"
    if throw_away:
        enter_throw_away(folder)
        folder = "/work-of-attacks"
    import attacks

    tally = attacks.Tally()
    every = [*attacks.COMMANDS, *attacks.CORPUS_COMMANDS]
    runs = {
        "targets": lambda: attacks.attack_targets(folder, attacks.COMMANDS, tally, throw_away),
        "files": lambda: attacks.attack_files(folder, attacks.CORPUS_COMMANDS, tally),
        "kills": lambda: attacks.attack_steps(folder, every, tally),
        "random": lambda: attacks.attack_moments(folder, every, tally, attacks.RNG),
        "races": lambda: attacks.attack_races(folder, tally),
        "disk": lambda: attacks.attack_disk("/disk", every, tally),
    }
    for name in names:
        if name in runs:
            runs[name]()
    found = {"summary": tally, "commands": tally.by_command, "failures": tally.failures}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
