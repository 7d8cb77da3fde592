"""Measure how the time of commands grows with hostile input, as exponents of its size.

Each case is made in two sizes, in turn; the least time of each size counts, since other load on
the machine only adds to it. An exponent of 1 is linear, and of 2 quadratic; n log n gives about
1.1. ``python benchmarks/growth.py [CASE]...`` prints a table and exits with 1 if an exponent is
1.6 or more and the larger run took longer than a second.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from math import log
from pathlib import Path
from typing import Any, TypeAlias

from msgspec.structs import replace

from readout.benchmark.predictions import format_predictions, parse_predictions
from readout.benchmark.tasks import TASKS
from readout.checks.folder import check_folder
from readout.corpus.read import read_corpus
from readout.dataset.card import fill_sections
from readout.model import Item
from readout.report.problems import format_json, format_text, iter_abridged
from readout.workbench.suggest import suggest

CORPUS = Path(__file__).parent.parent / "tests" / "corpus"
DOCUMENT = "2030-01-harbour-brief"
TEXT = f"raw/text/{DOCUMENT}.txt"
GOLD = f"annotations/gold/{DOCUMENT}.jsonl"
SPEAKERS = "annotations/speakers.jsonl"
TOPICS = "annotations/topics.jsonl"

Run: TypeAlias = Callable[[Path, int], Callable[[], Any]]
"""Prepares a copy of the small corpus for a size, and returns what is timed."""


def _check(root: Path) -> Callable[[], Any]:
    def run() -> None:
        problems, _ = check_folder(root)
        for problem in problems:
            format_text(problem)
        for _ in iter_abridged(problems):
            pass
        format_json(problems)

    return run


def _edit(path: str, change: Callable[[str, int], bytes]) -> Run:
    """Return a case in which one file of the corpus is changed before it is checked."""

    def prepare(root: Path, size: int) -> Callable[[], Any]:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        old = file.read_text(encoding="utf-8") if file.is_file() else ""
        file.write_bytes(change(old, size))
        return _check(root)

    return prepare


def _lines(records: list[Any]) -> bytes:
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def _first(old: str, **wanted: Any) -> dict[str, Any]:
    """Return the first record of a file that has some values."""
    for line in old.splitlines():
        record: dict[str, Any] = json.loads(line)
        if wanted.items() <= record.items():
            return record
    raise LookupError(wanted)


def _latin_1(old: str, size: int) -> bytes:
    record = _first(old)
    lines = [json.dumps({**record, "name": "é"}, ensure_ascii=False)] * size
    return "\n".join(lines).encode("latin-1") + b"\n"


def _unused(old: str, size: int) -> bytes:
    record = _first(old)
    return old.encode() + _lines(
        [{**record, "speaker_id": f"unused-{number}"} for number in range(size)]
    )


def _invalid(old: str, size: int) -> bytes:
    return old.encode() + b'{"type": "quote", "id": 1}\n' * size


def _random(old: str, size: int) -> bytes:
    import random

    return random.Random(1).randbytes(size)


def _within(old: str, size: int) -> bytes:
    record = _first(old, type="quote")
    chain = [{**record, "id": f"q{n}", "within": f"q{n + 1}"} for n in range(size)]
    return old.encode() + _lines(chain)


def _parents(old: str, size: int) -> bytes:
    record = _first(old)
    chain = [{**record, "topic_id": f"t{n}", "parent": f"t{n + 1}"} for n in range(size)]
    return old.encode() + _lines(chain)


def _references(old: str, size: int) -> bytes:
    record = _first(old, type="mention")
    unknown = [{**record, "id": f"m{n}", "speaker": f"unknown-{n}"} for n in range(size)]
    return old.encode() + _lines(unknown)


def _big_registry(root: Path, size: int) -> Callable[[], Any]:
    _edit(SPEAKERS, _unused)(root, size)
    return _edit(GOLD, _references)(root, size)


def _opposed(old: str, size: int) -> bytes:
    record = _first(old, type="stance")
    sides = ("favor", "against")
    copies = [{**record, "id": f"s{n}", "polarity": sides[n % 2]} for n in range(size)]
    for number, copy in enumerate(copies):
        span = copy["evidence"][0]
        end = span["start"] + 1 + number % len(span["exact"])
        exact = span["exact"][: end - span["start"]]
        copy["evidence"] = [{**span, "end": end, "exact": exact}]
    return old.encode() + _lines(copies)


def _repeated_quotes(old: str, size: int) -> bytes:
    record = _first(old, type="quote")
    copies = [{**record, "id": f"q{n}", "cue": [], "source": None} for n in range(size)]
    return old.encode() + _lines(copies)


def _equal_names(old: str, size: int) -> bytes:
    record = _first(old)
    return old.encode() + _lines([{**record, "speaker_id": f"s{n}"} for n in range(size)])


def _languages(old: str, size: int) -> bytes:
    record = _first(old)
    unknown = [{**record, "doc_id": f"2030-01-x{n}", "language": "xx"} for n in range(size)]
    return old.encode() + _lines(unknown)


def _boilerplate(old: str, size: int) -> bytes:
    mention = _first(old, type="mention")
    record = {"type": "boilerplate", "kind": "other", "span": mention["span"]}
    noise = [{**record, "id": f"b{n}"} for n in range(size)]
    return old.encode() + _lines([*noise, *[{**mention, "id": f"m{n}"} for n in range(size)]])


def _proposed(old: str, size: int) -> bytes:
    span = {"start": 1, "end": 4, "exact": "zzz"}
    mentions = [{"type": "mention", "id": f"m{n}", "span": span} for n in range(size)]
    return _lines([{"type": "suggestion", "annotation": m, "reason": "x"} for m in mentions])


def _addressees(value: Callable[[int], Any]) -> Callable[[str, int], bytes]:
    def change(old: str, size: int) -> bytes:
        record = _first(old, type="quote")
        return old.encode() + _lines(
            [{**record, "id": "q", "addressees": list(map(value, range(size)))}]
        )

    return change


def _long_word(root: Path, size: int) -> Callable[[], Any]:
    text = (root / TEXT).read_text(encoding="utf-8")
    (root / TEXT).write_text(text + "x" * size, encoding="utf-8", newline="\n")

    def change(old: str, size: int) -> bytes:
        record = _first(old, type="mention")
        places = range(len(text) + 1, len(text) + size - 2)
        spans = [{"start": at, "end": at + 1, "exact": "x"} for at in places]
        return old.encode() + _lines(
            [{**record, "id": f"m{number}", "span": span} for number, span in enumerate(spans)]
        )

    # The metadata of a text that has changed have another checksum.
    digest = sha256((root / TEXT).read_bytes()).hexdigest()
    old_digest = sha256(text.encode()).hexdigest()
    index = root / "raw/documents.jsonl"
    index.write_bytes(index.read_bytes().replace(old_digest.encode(), digest.encode()))
    return _edit(GOLD, change)(root, size)


def _unplaced(old: str, size: int) -> bytes:
    return b'{"type": "mention"}\n' * size


def _keys(old: str, size: int) -> bytes:
    keys = ", ".join(f'"k{number}": 1' for number in range(size))
    return old.encode() + f'{{{keys}, "k0": 2}}\n'.encode()


def _repeated_keys(old: str, size: int) -> bytes:
    keys = ", ".join(f'"k{number}": 1, "k{number}": 2' for number in range(size))
    return old.encode() + f"{{{keys}}}\n".encode()


def _suggest(part: str) -> Run:
    def prepare(root: Path, size: int) -> Callable[[], Any]:
        speakers = list(read_corpus(root)[0].registries.speakers.values())
        return lambda: suggest(part * size, speakers)

    return prepare


def _markers(root: Path, size: int) -> Callable[[], Any]:
    return lambda: fill_sections("<!-- generated: labels -->\n" * size, {"labels": "x"})


def _head(items: Sequence[Item]) -> bytes:
    """Return the first line of predictions for some items."""
    raw = format_predictions(items, [None] * len(items))
    return raw[: raw.index(b"\n") + 1]


def _score(root: Path, size: int) -> Callable[[], Any]:
    items = TASKS["polarity"].build(read_corpus(root)[0])
    copies = [replace(items[0], id=f"{items[0].id}-{n}") for n in range(size)]
    raw = _head(copies) + _lines([{"id": f"unknown {n}", "prediction": None} for n in range(size)])
    return lambda: parse_predictions("p.jsonl", raw, copies)


def _answers(root: Path, size: int) -> Callable[[], Any]:
    _edit(SPEAKERS, _unused)(root, size)
    items = TASKS["tuples"].build(read_corpus(root)[0])
    answer = {"target": "unknown", "polarity": "favor", "evidence": []}
    answers = [{"holder": f"unknown {n}", **answer} for n in range(size)]
    raw = _head(items) + _lines([{"id": items[0].id, "prediction": answers}])
    return lambda: parse_predictions("p.jsonl", raw, items)


CASES: dict[str, tuple[Run, int]] = {
    "Latin-1 lines in a registry": (_edit(SPEAKERS, _latin_1), 5_000),
    "unused entries": (_edit(SPEAKERS, _unused), 5_000),
    "invalid lines": (_edit(GOLD, _invalid), 4_000),
    "random bytes": (_edit(GOLD, _random), 500_000),
    "chain of within": (_edit(GOLD, _within), 2_000),
    "chain of parent": (_edit(TOPICS, _parents), 4_000),
    "unknown references": (_edit(GOLD, _references), 2_000),
    "unknown references x registry": (_big_registry, 4_000),
    "objects as addressees": (_edit(GOLD, _addressees(lambda n: {"n": n})), 1_000),
    "unknown addressees": (_edit(GOLD, _addressees(lambda n: f"unknown-{n}")), 1_000),
    "opposite stances": (_edit(GOLD, _opposed), 2_000),
    "quotes with the same content": (_edit(GOLD, _repeated_quotes), 2_000),
    "entries with the same name": (_edit(SPEAKERS, _equal_names), 4_000),
    "unknown languages": (_edit("raw/documents.jsonl", _languages), 2_000),
    "annotations in boilerplate": (_edit(GOLD, _boilerplate), 2_000),
    "wrong suggestions": (
        _edit(f"annotations/suggestions/{DOCUMENT}.jsonl", _proposed),
        2_000,
    ),
    "spans in one long word": (_long_word, 4_000),
    "unplaced lines": (_edit(f"annotations/unplaced/gold/{DOCUMENT}.jsonl", _unplaced), 8_000),
    "keys in one object": (_edit(GOLD, _keys), 32_000),
    "repeated keys in one object": (_edit(GOLD, _repeated_keys), 4_000),
    "generated markers without end": (_markers, 20_000),
    "suggestions, one sentence": (_suggest("He said that “x y ” "), 8_000),
    "suggestions, open clauses": (_suggest("said that "), 16_000),
    "predictions with unknown ids": (_score, 4_000),
    "answers with unknown names x registry": (_answers, 4_000),
}


ROUNDS = 3


def measure(case: Run, size: int) -> float:
    """Return the CPU seconds of a case in one size."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(CORPUS, Path(folder) / "corpus"))
        run = case(root, size)
        started = time.process_time()
        run()
        return time.process_time() - started


def main(names: list[str]) -> int:
    """Print the table, and return the exit code."""
    print("| case | n | s | 2n | s | exponent |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    worst = False
    for name in names or CASES:
        case, size = CASES[name]
        measure(case, 10)  # imports what the case needs
        rounds = [(measure(case, size), measure(case, 2 * size)) for _ in range(ROUNDS)]
        small, large = map(min, zip(*rounds, strict=True))
        exponent = log(large / small, 2)
        worst = worst or (exponent >= 1.6 and large > 1)
        print(f"| {name} | {size} | {small:.2f} | {2 * size} | {large:.2f} | {exponent:.2f} |")
    return int(worst)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
