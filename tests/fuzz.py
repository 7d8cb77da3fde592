"""Mutants of a corpus: ``python tests/fuzz.py --mutants 100000 --seed 7`` lists failures.

The promises: a check ends, within bounds of time and memory, with exit code 0, 1 or 2, without an
exception and without characters that a terminal obeys; it says the same by shards as at once; the
two validators of schemas agree; what is accepted loads back with every span equal to its text; and
a mutant whose verdict is known (:mod:`verdicts`) gets it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from cases import judge_by_rules_alone
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from verdicts import plant

from readout.checks import CHECKS
from readout.checks.folder import check_folder
from readout.cli import main
from readout.corpus.read import UnreadableCorpusError
from readout.corpus.schema import explain, is_valid, read_schema
from readout.dataset.build import build_hub
from readout.problem import Problem, is_failure
from readout.scale.workers import Options

CORPUS = Path(__file__).parent / "corpus"
CPU_SECONDS = 60
"""No mutant of a small corpus may take more time of the processor, however busy the machine is."""
CHARACTERS = [
    "\x00",
    "\u202e",
    "\u2066",
    "e\u0301",
    "\ufeff",
    "\u2028",
    "\r",
    "\n",
    "🙂",
    "\u0130",
    "“",
    "\x1b[31m",
    "\x85",
]
VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.0,
    1.5,
    1e400,
    2**31,
    2**63,
    2**64,
    10**30,
    "",
    " ",
    "a" * 65,
    "../x",
    "/etc/passwd",
    "a\n",
    "Ä",
    [],
    [[]],
    {},
    {"start": 0},
    "\ud800",
    [None],
    *CHARACTERS,
]
TOKENS = [
    b"NaN",
    b"Infinity",
    b"-0",
    b"1.0",
    b"1e2",
    b"0e0",
    b"1" * 10_000,
    b"1." + b"0" * 400,
    b'"\\ud800"',
    b'"\\u0000"',
    b"[" * 2_000 + b"]" * 2_000,
    b'{"a":' * 1_500 + b"1" + b"}" * 1_500,
    b"\xff",
    b"\xed\xa0\x80",
    b"/**/",
    b"'a'",
    b"",
]
Mutate = Callable[[random.Random, Path], None]


def pick_file(rng: random.Random, root: Path, pattern: str = "**/*") -> Path | None:
    """Return a regular file of a corpus."""
    paths = [
        path for path in sorted(root.glob(pattern)) if path.is_file() and not path.is_symlink()
    ]
    return rng.choice(paths) if paths else None


def mutate_bytes(rng: random.Random, root: Path) -> None:
    """Change, insert, remove or repeat bytes anywhere."""
    if not (path := pick_file(rng, root)):
        return
    raw = bytearray(path.read_bytes())
    at, to = sorted(rng.randrange(len(raw) + 1) for _ in range(2))
    actions: list[Callable[[], bytes]] = [
        lambda: raw[:at] + rng.randbytes(rng.randint(1, 4)) + raw[at:],
        lambda: raw[:at] + raw[to:],
        lambda: raw[:to] + raw[at:],
        lambda: raw[:at],
        lambda: b"\xef\xbb\xbf" + raw,
        lambda: raw.replace(b"\n", b"\r\n", rng.randint(1, 3)),
        lambda: raw[:at] + rng.choice(CHARACTERS).encode() + raw[at:],
    ]
    path.write_bytes(bytes(rng.choice(actions)()))


def mutate_token(rng: random.Random, root: Path) -> None:
    """Put a hostile token in the place of a value in a line of JSON."""
    if not (path := pick_file(rng, root, "**/*.jsonl")):
        return
    raw = path.read_bytes()
    ends = [number for number, byte in enumerate(raw) if byte in b",}"]
    colons = [number for number, byte in enumerate(raw) if byte == ord(":")]
    if ends and colons:
        at = rng.choice(colons) + 1
        to = next((end for end in ends if end >= at), at)
        path.write_bytes(raw[:at] + rng.choice(TOKENS) + raw[to:])


def edit_record(rng: random.Random, root: Path, edit: Callable[[Any], None]) -> None:
    """Change one record of a JSONL file in canonical form, so that only what is meant is odd."""
    if not (path := pick_file(rng, root, "**/*.jsonl")):
        return
    lines = path.read_bytes().splitlines()
    if not lines:
        return
    number = rng.randrange(len(lines))
    try:
        record = msgspec.json.decode(lines[number])
        edit(record)
        lines[number] = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode(
            errors="surrogatepass"
        )
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def mutate_value(rng: random.Random, root: Path) -> None:
    """Replace, remove, add or copy a value anywhere in a record."""

    def edit(holder: Any) -> None:
        while isinstance(holder, dict | list) and holder:
            key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
            if not isinstance(holder[key], dict | list) or rng.random() < 0.3:
                break
            holder = holder[key]
        else:
            return
        action = rng.randrange(4)
        if action == 0:
            holder[key] = rng.choice(VALUES)
        elif action == 1:
            del holder[key]
        elif isinstance(holder, dict):
            holder[rng.choice([*holder, "note", "within", "extra", "prefix", "statement"])] = (
                rng.choice(VALUES)
            )
        else:
            holder.insert(0, holder[key])

    edit_record(rng, root, edit)


def mutate_offsets(rng: random.Random, root: Path) -> None:
    """Move a span, in one of its ends or both, with or without its words."""

    def edit(record: Any) -> None:
        spans = [value for value in _iter_dicts(record) if "start" in value and "end" in value]
        if spans:
            span = rng.choice(spans)
            for name in rng.choice((("start",), ("end",), ("start", "end"))):
                if isinstance(span[name], int):
                    span[name] += rng.choice((-1, 1, 10**9, -span[name], 2**31))

    edit_record(rng, root, edit)


def _iter_dicts(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(each for child in value.values() for each in _iter_dicts(child))]
    return (
        [each for child in value for each in _iter_dicts(child)] if isinstance(value, list) else []
    )


def mutate_lines(rng: random.Random, root: Path) -> None:
    """Repeat, remove or exchange lines of a JSONL file, or take one from another file."""
    if (path := pick_file(rng, root, "**/*.jsonl")) and (
        other := pick_file(rng, root, "**/*.jsonl")
    ):
        lines = path.read_bytes().splitlines(keepends=True)
        more = other.read_bytes().splitlines(keepends=True)
        if lines and more:
            at = rng.randrange(len(lines))
            lines[at : at + rng.randint(0, 1)] = rng.choice(
                ([rng.choice(more)], [], [lines[at]] * 2, [b"\n"])
            )
            path.write_bytes(b"".join(lines))


def mutate_text(rng: random.Random, root: Path) -> None:
    """Insert a character into a text and update its checksum, to reach the higher rungs."""
    index = root / "raw/documents.jsonl"
    if (path := pick_file(rng, root, "raw/text/*.txt")) and index.is_file():
        raw = path.read_bytes()
        text = raw.decode(errors="replace")
        at = rng.choice((len(text), rng.randrange(len(text) + 1)))
        changed = (text[:at] + rng.choice(CHARACTERS) + text[at:]).encode()
        path.write_bytes(changed)
        old, new = (sha256(each).hexdigest().encode() for each in (raw, changed))
        index.write_bytes(index.read_bytes().replace(old, new))


IDS = [
    "../../x",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "..",
    ".",
    "",
    "-",
    "con",
    "a" * 65,
    "A",
    "\u202ex",
    "x\n",
    "2030-01-x",
]


def mutate_ids(rng: random.Random, root: Path) -> None:
    """Rename something, to a hostile name or an existing one, in one place or everywhere."""
    if not (path := pick_file(rng, root, "**/*.jsonl")):
        return
    names = re.findall(rb'"(?:[a-z]+_)?id":"([^"]+)"', path.read_bytes())
    if not names:
        return
    old = b'"%s"' % rng.choice(names)
    new = json.dumps(rng.choice([*IDS, names[0].decode(errors="replace")])).encode()
    everywhere = rng.random() < 0.5
    for each in root.glob("**/*.jsonl") if everywhere else [path]:
        if each.is_file():
            each.write_bytes(each.read_bytes().replace(old, new, -1 if everywhere else 1))


def mutate_keys(rng: random.Random, root: Path) -> None:
    """Repeat a key of a line, at its start or end, with the same value or another one."""
    if not (path := pick_file(rng, root, "**/*.jsonl")):
        return
    lines = path.read_bytes().splitlines()
    if lines:
        number = rng.randrange(len(lines))
        pairs = re.findall(rb'"[a-z0-9_]+":(?:"[^"]*"|[0-9]+)', lines[number])
        if pairs and lines[number].endswith(b"}"):
            pair = rng.choice([*pairs, rng.choice(pairs).split(b":")[0] + b":null"])
            whole = lines[number][1:-1]
            lines[number] = b"{%s}" % b",".join(rng.choice(([pair, whole], [whole, pair])))
            path.write_bytes(b"".join(line + b"\n" for line in lines))


def mutate_path(rng: random.Random, root: Path) -> None:
    """Remove a file, or put something in its place that is none, or add one with a hostile name."""
    if not (path := pick_file(rng, root)):
        return
    kind = rng.randrange(7)
    if kind == 0:
        (
            path.parent
            / rng.choice(("a\nb.jsonl", "\x1b[31m.txt", "\udcff.jsonl", "x" * 200, "’.jsonl"))
        ).write_bytes(b"x")
        return
    path.unlink()
    if kind == 1:
        path.mkdir()
    elif kind == 2:
        path.symlink_to(path.name)
    elif kind == 3:
        os.mkfifo(path)
    elif kind == 4:
        path.symlink_to("/dev/zero")
    elif kind == 5:
        path.symlink_to(path.parent)


MUTATIONS: tuple[Mutate, ...] = (
    mutate_bytes,
    mutate_token,
    mutate_value,
    mutate_value,
    mutate_offsets,
    mutate_lines,
    mutate_text,
    mutate_ids,
    mutate_keys,
    mutate_path,
)
KINDS = {
    "documents": "document",
    "speakers": "speaker",
    "topics": "topic",
    "targets": "target",
    "annotators": "annotator",
}


PLANTED = 0.3
"""The share of mutants whose verdict is known."""


def make_mutant(seed: int, root: Path) -> str:
    """Put the mutant of a seed at ``root``.

    Return its verdict: the code of the rule that it breaks, ``"good"``, or ``""`` if it is unknown.
    """
    rng = random.Random(seed)
    shutil.copytree(CORPUS, root)
    if rng.random() < PLANTED:
        return plant(rng, root)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        rng.choice(MUTATIONS)(rng, root)
    return ""


def compare_verdict(expected: str, problems: Sequence[Problem]) -> None:
    """Assert that a mutant gets the verdict that is known."""
    codes = sorted({problem.code for problem in problems})
    if expected == "good":
        assert not is_failure(problems), f"good refused: {codes}"
    elif expected:
        assert expected in codes, f"bad accepted: {expected} is not in {codes}"
        is_error = CHECKS[expected].severity == "error"
        assert is_failure(problems) or not is_error, f"bad accepted: {codes}"


def judge_mutant(root: Path, with_build: bool, expected: str = "") -> bool:
    """Tell whether a mutant is accepted; assert that all promises hold."""
    try:
        problems, _ = check_folder(root, Options(jobs=1))
    except UnreadableCorpusError:
        assert not expected, f"good refused or bad unreadable: {expected}"
        return False
    compare_verdict(expected, problems)
    corpus, reference = judge_by_rules_alone(root)
    assert list(problems) == reference, "shards and the whole say different things"
    run_command(root, list(problems))
    compare_validators(root)
    accepted = not is_failure(problems)
    if accepted:
        for document in corpus.documents:
            for layer in (document.gold, *document.layers):
                assert_spans(document.text, msgspec.to_builtins(layer.records))
    if accepted and with_build:
        build_and_load(root)
    return accepted


def assert_spans(text: str, value: Any) -> None:
    """Assert that every span of a record equals its text."""
    for each in _iter_dicts(list(value)):
        if "exact" in each:
            assert text[each["start"] : each["end"]] == each["exact"]


def run_command(root: Path, problems: list[Any]) -> None:
    """Assert the command's exit code, and that its output has no terminal escapes."""
    output = FORMATS[len(problems) % len(FORMATS)]
    done = CliRunner().invoke(main, ["check", str(root), "--format", output, "--jobs", "1"])
    assert isinstance(done.exception, SystemExit | None), repr(done.exception)
    assert done.exit_code == is_failure(problems)
    assert not CONTROLS.search(done.output), "control characters in the output"


FORMATS = ("text", "json", "github", "sarif")
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def compare_validators(root: Path) -> None:
    """Assert that the fast validator accepts only valid records and explains the others."""
    for path in root.glob("**/*.jsonl"):
        kind: Any = KINDS.get(
            path.stem, "decision" if path.parent.name == "adjudication" else "annotation"
        )
        if path.is_file():
            for line in path.read_bytes().splitlines():
                compare_on_line(kind, line)


@lru_cache(maxsize=10_000)  # most lines of a mutant are those of the corpus
def compare_on_line(kind: Any, line: bytes) -> None:
    """Assert that both validators come to the same verdict on a line, if it is JSON."""
    try:
        record = msgspec.json.decode(line)
        accepted = is_valid(kind, record)
        reference = Draft202012Validator(read_schema(kind)).is_valid(record)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return
    assert not accepted or reference, line
    assert accepted or list(explain(kind, record)), line


def build_and_load(root: Path) -> None:
    """Assert that what a build accepts loads back, each span equal to its text."""
    import pyarrow.parquet as pq

    target = root / "build/hub"
    assert build_hub(root, target, Options(jobs=1)).infos
    rows = {
        config: [
            row
            for path in sorted((target / f"data/{config}").iterdir())
            for row in pq.read_table(path).to_pylist()
        ]
        for config in ("documents", "quotes", "stances", "mentions", "topics", "tokens")
    }
    texts = {row["doc_id"]: row["text"] for row in rows["documents"]}
    for config in ("quotes", "stances", "mentions", "topics"):
        for row in rows[config]:
            for name in ("content", "cue", "evidence", "spans"):
                for part in row.get(name) or ():
                    assert texts[row["doc_id"]][part["start"] : part["end"]] == part["text"]
    for row in rows["tokens"]:
        for token, start, end in zip(row["tokens"], row["starts"], row["ends"], strict=True):
            assert texts[row["doc_id"]][start:end] == token


def run(seed: int, with_build: bool) -> tuple[bool, str]:
    """Return whether the mutant of a seed was accepted, and what promise it broke, if any."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"more than {CPU_SECONDS} seconds")

    old = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "corpus"
            expected = make_mutant(seed, root)
            return judge_mutant(root, with_build, expected), ""
    except Exception as error:  # whatever it is, it is what the fuzzer looks for
        return False, f"{type(error).__name__}: {str(error)[:300]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)


def fuzz(first: int, mutants: int, build_every: int = 10) -> tuple[int, dict[int, str]]:
    """Return how many mutants were accepted, and what the others broke, by seed."""
    accepted, broken = 0, {}
    for seed in range(first, first + mutants):
        done, failure = run(seed, seed % build_every == 0)
        accepted += done
        if failure:
            broken[seed] = failure
    return accepted, broken


def fuzz_part(part: tuple[int, int]) -> tuple[int, dict[int, str]]:
    """Fuzz in a process that may use no more than 4 GiB."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    return fuzz(*part)


def run_fuzzer() -> None:
    """Run many mutants."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    last = arguments.seed + arguments.mutants
    parts = [(first, min(500, last - first)) for first in range(arguments.seed, last, 500)]
    done = total = 0
    failures: list[str] = []
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for (_, mutants), (accepted, broken) in zip(parts, pool.map(fuzz_part, parts), strict=True):
            done, total = done + mutants, total + accepted
            failures += broken.values()
            for seed, failure in broken.items():
                print(f"mutant {seed}: {failure}", flush=True)
            print(f"{done} mutants, {total} accepted, {len(failures)} broken", flush=True)

    bad, good = (
        sum(kind in each for each in failures) for kind in ("bad accepted", "good refused")
    )
    others = sum("AssertionError" not in each for each in failures)
    print(f"bad accepted {bad}, good refused {good}, exceptions {others}")
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    run_fuzzer()
