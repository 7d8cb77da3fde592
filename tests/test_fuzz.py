"""Hostile corpora: no mutant breaks a promise, and no size breaks a bound.

READOUT_MUTANTS and READOUT_SEED in the environment set the number of mutants and the first seed;
``python tests/fuzz.py`` makes as many as wanted.
"""

import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import fuzz
import pytest
from cases import judge
from conftest import CORPUS, ROOT
from fuzz import MUTATIONS, make_mutant
from verdicts import BREACHES, HARMLESS

pytestmark = pytest.mark.posix
SEED = int(os.environ.get("READOUT_SEED", "1"))
LIMIT = 1 << 30
GOLD = "annotations/gold/2030-02-toll-critics.jsonl"


CHECK_ALL = """\
import sys
from readout.cli import main

for root in sys.argv[1:]:
    print("checking", root, file=sys.stderr, flush=True)
    try:
        main(["check", root])
    except SystemExit as done:
        print("exit code", done.code, file=sys.stderr, flush=True)
"""


def check_in_process(*roots, seconds=30, memory=LIMIT):
    """Return the exit codes of ``readout check`` under limits of CPU time and memory.

    One process checks all corpora, since starting one takes longer than a check.
    """
    code = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))\n"
    code += f"resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))\n"
    command = [sys.executable, "-c", code + CHECK_ALL, *map(str, roots)]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT)
    output = done.stdout + done.stderr
    assert b"Traceback" not in output, output[-2000:]
    assert b"\x1b" not in output
    assert done.returncode == 0, output[-2000:]
    codes = [int(code) for code in re.findall(rb"^exit code (\d+)$", done.stderr, re.MULTILINE)]
    assert len(codes) == len(roots)
    assert set(codes) <= {0, 1, 2}
    return codes


def copy_small(folder, names):
    """Return one copy of the small corpus per name."""
    return {
        name: Path(shutil.copytree(CORPUS, folder / str(number)))
        for number, name in enumerate(names)
    }


def test_mutants():
    accepted, broken = fuzz.fuzz(SEED, 40, build_every=20)
    assert broken == {}
    assert accepted


@pytest.mark.slow
def test_hundreds_of_mutants():
    _, broken = fuzz.fuzz(SEED + 10_000, int(os.environ.get("READOUT_MUTANTS", "500")))
    assert broken == {}, f"first seed {SEED + 10_000}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEED, SEED + 10))
def test_mutants_as_a_person_meets_them(seed, tmp_path):
    make_mutant(seed, tmp_path / "corpus")
    check_in_process(tmp_path / "corpus")


HOSTILE = {
    "nesting": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "long integer": b'{"type":"mention","span":{"start":'
    + b"1" * 10_000
    + b',"end":2,"exact":"x"}}',
    "float offset": b'{"type":"mention","speaker":"levi",'
    b'"span":{"start":1.0,"end":2.0,"exact":"x"}}',
    "a span that ends far away": b'{"type":"mention","id":"m","speaker":"noam-levi",'
    b'"span":{"start":52,"end":2000000000,"exact":"Levi"},"note":"A note."}',
    "not a number": b'{"type":"mention","speaker":NaN}',
    "duplicate key": b'{"type":"mention","type":"quote"}',
    "lone surrogate": b'{"type":"mention","speaker":"\\ud800"}',
    "NUL": b'{"type":"mention","speaker":"a\\u0000"}\x00',
    "one long line": b'{"type":"mention","note":"' + b"x" * 2_000_000 + b'"}',
    "many lines": b"{}\n" * 4_000,
}


def test_hostile_lines(tmp_path):
    roots = copy_small(tmp_path, HOSTILE)
    for name, root in roots.items():
        (root / GOLD).write_bytes(HOSTILE[name] + b"\n")
    codes = dict(zip(roots, check_in_process(*roots.values()), strict=True))
    assert codes == dict.fromkeys(HOSTILE, 1)


@pytest.mark.slow
def test_a_hundred_thousand_wrong_lines(small):
    (small / GOLD).write_bytes(b"{}\n" * 100_000)
    assert check_in_process(small, seconds=120) == [1]


@pytest.mark.slow
@pytest.mark.parametrize("path", [GOLD, "raw/text/2030-02-toll-critics.txt"])
def test_a_line_of_200_megabytes(path, small):
    (small / path).write_bytes(b'{"a":"' + b"x" * 200_000_000 + b'"}\n')
    assert check_in_process(small, seconds=120, memory=4 << 30) == [1]


DOC_IDS = ["../../etc/passwd", "/etc/passwd", "a\\nb", "\\u001b[31m", "\\u0000", "."]


def test_hostile_names_of_documents(tmp_path):
    roots = copy_small(tmp_path, DOC_IDS)
    for doc_id, root in roots.items():
        index = root / "raw/documents.jsonl"
        index.write_bytes(
            index.read_bytes().replace(b'"2030-02-toll-critics"', b'"' + doc_id.encode() + b'"', 1)
        )
    codes = dict(zip(roots, check_in_process(*roots.values()), strict=True))
    assert codes == dict.fromkeys(DOC_IDS, 1)


NO_FILES = {
    "loop": lambda path: path.symlink_to(path.name),
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "outside": lambda path: path.symlink_to("/proc/self/mem"),
}


def test_what_is_no_file(tmp_path):
    roots = copy_small(tmp_path, NO_FILES)
    for kind, root in roots.items():
        (root / GOLD).unlink()
        NO_FILES[kind](root / GOLD)
    codes = dict(zip(roots, check_in_process(*roots.values()), strict=True))
    assert codes == dict.fromkeys(NO_FILES, 1)


@pytest.mark.parametrize("code", BREACHES)
def test_a_breach_of_a_rule_is_found(code, tmp_path):
    for seed in range(SEED, SEED + 4):
        root = Path(shutil.copytree(CORPUS, tmp_path / str(seed)))
        BREACHES[code](random.Random(seed), root)
        fuzz.compare_verdict(code, judge(root)[1])


@pytest.mark.parametrize("change", HARMLESS)
def test_a_harmless_change_is_accepted(change, tmp_path):
    for seed in range(SEED, SEED + 4):
        root = Path(shutil.copytree(CORPUS, tmp_path / str(seed)))
        change(random.Random(seed), root)
        fuzz.compare_verdict("good", judge(root)[1])


def test_the_mutations_are_all_in_use():
    assert {each.__name__ for each in MUTATIONS} == {
        name for name in dir(fuzz) if name.startswith("mutate_")
    }
    assert Path(fuzz.CORPUS) == CORPUS
