"""Mutants with a known verdict: each breaks one rule on purpose, or none.

``BREACHES`` maps the code of a rule to functions that break it somewhere in the small corpus.
``HARMLESS`` are changes that look similar, and that a contributor may make.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

Record = dict[str, Any]
Edit = Callable[[Record, str], None]
Change = Callable[[random.Random, Path], None]

GOLD = "annotations/gold/*.jsonl"
BY = "annotations/by/*/*.jsonl"
ALONE = "annotations/gold/2030-01-*.jsonl"
"""Gold of documents that are not adjudicated, which may change alone."""
SPEAKERS = "annotations/speakers.jsonl"
REGISTRIES = ("speakers", "topics", "targets", "annotators")
DOCUMENTS = "raw/documents.jsonl"
DECISIONS = "annotations/adjudication/*.jsonl"
BLANKS = (" ", "\u200b", "…", "—", "-", "\u00a0", "?!", "🙂", "\u2060")
CLAIMS = {
    "stance": {"polarity": ("favor", "against", "neutral"), "expression": ("explicit", "implicit")},
    "quote": {"form": ("direct", "indirect", "mixed"), "speaker": ("cafe-owners", "noam-levi")},
    "mention": {"speaker": ("ada-quill", "cafe-owners", "noam-levi")},
    "boilerplate": {"kind": ("title-repeat", "photo-credit", "script")},
}
"""The fields in which two annotations of the same words may not differ, with some values."""


# ---------------------------------------------------------------- records and texts


def read_records(path: Path) -> list[Record]:
    """Return the records of a file."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def write_records(path: Path, records: list[Record]) -> None:
    """Write the records of a file."""
    lines = [json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in records]
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())


def list_files(root: Path, *patterns: str) -> list[Path]:
    """Return the files of a corpus that fit a pattern."""
    return [path for pattern in patterns for path in sorted(root.glob(pattern))]


def read_text(root: Path, path: Path) -> str:
    """Return the text of the document that a layer belongs to."""
    text = root / f"raw/text/{path.stem}.txt"
    return text.read_bytes().decode() if text.is_file() else ""


def write_text(root: Path, doc_id: str, text: str) -> None:
    """Replace a text, and state its checksum in the metadata."""
    (root / f"raw/text/{doc_id}.txt").write_bytes(text.encode())
    records = read_records(root / DOCUMENTS)
    for record in records:
        if record["doc_id"] == doc_id:
            record["sha256"] = sha256(text.encode()).hexdigest()
    write_records(root / DOCUMENTS, records)


def iter_spans(record: Record) -> Iterator[Record]:
    """Yield the spans of an annotation."""
    for value in record.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict) and "exact" in each:
                yield each


def edit_one(
    rng: random.Random, root: Path, patterns: tuple[str, ...], edit: Edit, types: str = ""
) -> None:
    """Edit one record, of one of these types of annotations; the text of its layer is given too."""
    places = []
    for path in list_files(root, *patterns):
        for number, record in enumerate(read_records(path)):
            if not types or record["type"] in types.split():
                places.append((path, number))
    path, number = rng.choice(places)
    records = read_records(path)
    edit(records[number], read_text(root, path))
    write_records(path, records)


def edit_span(
    rng: random.Random,
    root: Path,
    types: str,
    move: Callable[[str, int, int], list[tuple[int, int]]],
    note: str = "",
) -> None:
    """Move one span to one of the places that ``move`` gives for its text, start and end.

    With a note, the annotation gets it, and no document is touched that is adjudicated.
    """
    moves = []
    patterns = (ALONE,) if note else (GOLD, BY)
    for path in list_files(root, *patterns):
        text = read_text(root, path)
        for number, record in enumerate(read_records(path)):
            spans = list(iter_spans(record)) if record["type"] in types.split() else []
            for which, span in enumerate(spans):
                places = move(text, span["start"], span["end"])
                moves += [(path, number, which, place) for place in places]

    path, number, which, (start, end) = rng.choice(moves)
    records = read_records(path)
    exact = read_text(root, path)[start:end]
    list(iter_spans(records[number]))[which].update(start=start, end=end, exact=exact)
    if note:
        records[number]["note"] = note
    else:
        records[number].pop("note", None)
    write_records(path, records)


# ---------------------------------------------------------------- breaches: files


def leave_conflict(rng: random.Random, root: Path) -> None:
    """Leave a conflict, or one of its markers, in a file of records or in the guidelines."""
    patterns = ("raw/*.jsonl", "annotations/*.jsonl", GOLD, BY, DECISIONS)
    path = rng.choice(list_files(root, *patterns))
    lines = path.read_bytes().splitlines(keepends=True)
    at = rng.randrange(len(lines))
    end = rng.choice((b"\n", b" main\n"))
    ours, theirs = lines[at], rng.choice((lines[at], b"", lines[at][:-2] + b"\n"))
    whole = [b"<<<<<<<" + end, ours, b"=======\n", theirs, b">>>>>>>" + end]
    with_base = [*whole[:2], b"|||||||" + end, ours, *whole[2:]]
    stray = [ours, rng.choice((whole[0], b"=======\n", whole[-1]))]
    lines[at : at + 1] = rng.choice((whole, with_base, stray))
    path.write_bytes(b"".join(lines))


def link_outside(rng: random.Random, root: Path) -> None:
    """Put a link that leads out of the corpus in the place of a file or folder."""
    path = rng.choice([path for path in sorted(root.rglob("*")) if _is_data(root, path)])
    if path.is_dir():
        shutil.rmtree(path)
        path.symlink_to(rng.choice(("/etc", "../../..", "/proc/self")))
    else:
        path.unlink()
        path.symlink_to(rng.choice(("/etc/passwd", "/dev/zero", "/proc/self/environ", "/nowhere")))


def _is_data(root: Path, path: Path) -> bool:
    """Return whether a path is one that the corpus names, but not the index that makes it one."""
    inner = path.relative_to(root).parts
    return len(inner) > 1 and path.name not in ("documents.jsonl", "GUIDELINES.md")


def empty_registry(rng: random.Random, root: Path) -> None:
    """Empty one registry, or several."""
    for name in rng.sample(REGISTRIES[:3], rng.randint(1, 3)):
        (root / f"annotations/{name}.jsonl").write_bytes(b"")


def empty_text(rng: random.Random, root: Path) -> None:
    """Take all words out of a text."""
    doc_id = rng.choice(read_records(root / DOCUMENTS))["doc_id"]
    write_text(root, doc_id, rng.choice(("", " ", "\n\n", "\u00a0\n", "…\n", "\u200b", "—")))


# ---------------------------------------------------------------- breaches: metadata


def copy_to_another_split(rng: random.Random, root: Path) -> None:
    """Add a text of one split to another split, under another id and event."""
    _copy_document(rng, root, split=True)


def copy_within_a_split(rng: random.Random, root: Path) -> None:
    """Add a text again to its own split."""
    _copy_document(rng, root, split=False)


def _copy_document(rng: random.Random, root: Path, split: bool) -> None:
    records = read_records(root / DOCUMENTS)
    old = rng.choice(records)
    new = {**old, "doc_id": old["doc_id"] + "-copy", "origin": "copy.txt"}
    new.pop("adjudicated", None)  # its layers are not copied
    if split:
        others = {"train", "validation", "test"} - {old["split"]}
        new |= {"event": "another", "split": rng.choice(sorted(others))}
    write_records(root / DOCUMENTS, [*records, new])
    for folder, suffix in (("raw/text", "txt"), ("annotations/gold", "jsonl")):
        path = root / folder / f"{old['doc_id']}.{suffix}"
        shutil.copy(path, path.with_stem(new["doc_id"]))


def repeat_in_another_split(rng: random.Random, root: Path) -> None:
    """Add a text of one split to another, maybe with other white space or in another case."""
    copy_to_another_split(rng, root)
    if rng.random() < 0.5:
        return
    doc_id = read_records(root / DOCUMENTS)[-1]["doc_id"]
    text = (root / f"raw/text/{doc_id}.txt").read_bytes().decode()
    changed = rng.choice((text + "\n", "\n" + text, text.replace(" ", "  "), text.swapcase()))
    write_text(root, doc_id, changed)
    (root / f"annotations/gold/{doc_id}.jsonl").write_bytes(b"")
    records = read_records(root / DOCUMENTS)
    records[-1]["annotated"] = "none"
    write_records(root / DOCUMENTS, records)


def name_no_language(rng: random.Random, root: Path) -> None:
    """State a language that does not exist."""
    code = rng.choice(("xx", "zz", "xy-GB", "zqq"))
    edit_one(rng, root, (DOCUMENTS,), lambda record, _: record.update(language=code))


def name_a_language(rng: random.Random, root: Path) -> None:
    """State another language, by a tag that is seldom used."""
    code = rng.choice(("und", "mul", "he", "zh-Hant-TW", "gsw", "qaa", "qtz-x-north"))
    edit_one(rng, root, (DOCUMENTS,), lambda record, _: record.update(language=code))


def name_twice(rng: random.Random, root: Path) -> None:
    """Give an entry of a registry the name of another one."""
    name, field = rng.choice(
        (
            ("speakers", "name"),
            ("topics", "label"),
            ("targets", "label"),
            ("targets", "proposition"),
        )
    )
    path = root / f"annotations/{name}.jsonl"
    records = read_records(path)
    first, second = rng.sample(records, 2)
    change = rng.choice((str.upper, str.lower, str, " {} ".format, lambda words: f"{words}\u00a0"))
    second[field] = change(first[field])
    write_records(path, records)


def end_before_begin(rng: random.Random, root: Path) -> None:
    """Let a role end before it begins."""
    pairs = [("2028-05", "2027"), ("2028", "2027-12"), ("2028-05", "2028-04-30")]
    _add_role(rng, root, rng.choice(pairs))


def end_after_begin(rng: random.Random, root: Path) -> None:
    """Let a role end after it begins, or in the same year."""
    pairs = [("2028-05", "2028"), ("2028", "2028-01-01"), ("2028-05-01", "2028-05-01")]
    _add_role(rng, root, rng.choice(pairs))


def _add_role(rng: random.Random, root: Path, dates: tuple[str, str]) -> None:
    def edit(record: Record, _: str) -> None:
        role = {"title": "mayor", "from": dates[0], "to": dates[1]}
        record["roles"] = rng.choice(([role], [{"title": "judge"}, role]))

    edit_one(rng, root, (SPEAKERS,), edit)


def publish_in_another_month(rng: random.Random, root: Path) -> None:
    """State a date of publication that is not that of the id."""

    def edit(record: Record, _: str) -> None:
        record["published"] = rng.choice(("2029-01-07", "2030-12-07", "2031-01-01"))
        record["published_basis"] = "stated"

    edit_one(rng, root, (DOCUMENTS,), edit)


def publish_in_the_month(rng: random.Random, root: Path) -> None:
    """State another day of the month, or that the date is not known."""

    def edit(record: Record, _: str) -> None:
        record["published"] = record["doc_id"][:7] + rng.choice(("-01", "-28"))
        record["published_basis"] = rng.choice(("stated", "inferred"))

    edit_one(rng, root, (DOCUMENTS,), edit)


def deny_annotations(rng: random.Random, root: Path) -> None:
    """Say that an annotated document is not annotated, or empty the gold of one."""
    if rng.random() < 0.5:
        edit_one(rng, root, (DOCUMENTS,), lambda record, _: record.update(annotated="none"))
    else:
        rng.choice(list_files(root, GOLD)).write_bytes(b"")


def annotate_in_part(rng: random.Random, root: Path) -> None:
    """Say that a document is annotated in part, or leave it out."""

    def edit(record: Record, _: str) -> None:
        record["annotated"] = "partial"
        if rng.random() < 0.5:
            del record["annotated"]

    edit_one(rng, root, (DOCUMENTS,), edit)


def break_line(rng: random.Random, root: Path) -> None:
    """Put a control character between the words of a text that people write."""
    control = rng.choice(("\n", "\t", "\x1b[31m", "\x07", "\x85", "\u202e"))
    patterns, name = rng.choice((((SPEAKERS,), "name"), ((DECISIONS,), "reason")))
    edit_one(rng, root, patterns, lambda record, _: record.update({name: f"two{control}words"}))


def blank_something(rng: random.Random, root: Path) -> None:
    """Put signs without a letter or digit in the place of words."""
    blank = rng.choice(BLANKS)
    patterns, name = rng.choice(
        (
            ((GOLD, BY), "note"),
            ((SPEAKERS,), "name"),
            ((DECISIONS,), "reason"),
            ((DOCUMENTS,), "title"),
            ((DOCUMENTS,), "rights"),
            (("annotations/topics.jsonl",), "definition"),
            (("annotations/targets.jsonl",), "proposition"),
        )
    )
    edit_one(rng, root, patterns, lambda record, _: record.update({name: blank}))


def note_something(rng: random.Random, root: Path) -> None:
    """Write a note in any script."""
    note = rng.choice(("x", "1", "?1", "א", "好", "é", "🙂 x", "x" * 300))
    edit_one(rng, root, (GOLD, BY), lambda record, _: record.update(note=note))


def leave_undecided(rng: random.Random, root: Path) -> None:
    """Remove a decision."""
    path = rng.choice(list_files(root, DECISIONS))
    records = read_records(path)
    records.pop(rng.randrange(len(records)))
    write_records(path, records)


def decide_twice(rng: random.Random, root: Path) -> None:
    """Let a second decision be about the same annotations as another."""
    path = rng.choice(list_files(root, DECISIONS))
    records = read_records(path)
    record = rng.choice(records)
    write_records(path, [*records, {**record, "id": f"{record['id']}-2"}])


def decide_what_is_the_same(rng: random.Random, root: Path) -> None:
    """Let a decision be about an annotation that gold takes from a layer, or that all have."""
    needless = ("m-levi", "ann#m-levi", "ben#m-levi", "ann#s-ferry", "ben#s-fyi3rn")

    def edit(record: Record, _: str) -> None:
        record["about"].append(rng.choice(needless))

    edit_one(rng, root, (DECISIONS,), edit)


# ---------------------------------------------------------------- breaches: annotations


def contradict(rng: random.Random, root: Path) -> None:
    """Copy an annotation under another id, with another value of a label."""

    def edit(record: Record) -> Record:
        name, values = rng.choice(list(CLAIMS[record["type"]].items()))
        others = [value for value in values if value != record[name]]
        return {**record, name: rng.choice(others)}

    _copy_annotation(rng, root, edit)


def oppose(rng: random.Random, root: Path) -> None:
    """Copy a stance under another id, with the opposite polarity and shorter evidence."""

    def edit(record: Record) -> Record:
        (polarity,) = {"favor", "against"} - {record["polarity"]}
        span = record["evidence"][0]
        words = span["exact"].split(" ")
        if rng.random() < 0.5:
            exact = words[0]
            start = span["start"]
        else:
            exact = words[-1]
            start = span["end"] - len(exact)
        evidence = [{"start": start, "end": start + len(exact), "exact": exact}]
        return {**record, "polarity": polarity, "evidence": evidence}

    _copy_annotation(rng, root, edit, "stance", ("annotations/gold/2030-01-harbour-brief.jsonl",))


def quote_twice(rng: random.Random, root: Path) -> None:
    """Copy a quote under another id, with another cue or none."""

    def edit(record: Record) -> Record:
        copy = {key: value for key, value in record.items() if key not in ("cue", "within")}
        if rng.random() < 0.5:
            span = record["content"][0]
            word = span["exact"].split(" ")[0]
            end = span["start"] + len(word)
            copy["cue"] = [{"start": span["start"], "end": end, "exact": word}]
        copy["speaker"] = rng.choice(("noam-levi", "cafe-owners", record["speaker"]))
        copy.pop("source", None)
        return copy

    _copy_annotation(rng, root, edit, "quote")


def differ_in_the_subject(rng: random.Random, root: Path) -> None:
    """Copy a stance under another id, with another target and polarity."""

    def edit(record: Record) -> Record:
        (target,) = {"ferry", "toll-plan"} - {record["target"]}
        return {**record, "target": target, "polarity": rng.choice(("favor", "against"))}

    _copy_annotation(rng, root, edit, "stance", (ALONE,))


def _copy_annotation(
    rng: random.Random,
    root: Path,
    edit: Callable[[Record], Record],
    types: str = " ".join(CLAIMS),
    patterns: tuple[str, ...] = (GOLD, BY),
) -> None:
    places = []
    for path in list_files(root, *patterns):
        for number, record in enumerate(read_records(path)):
            if record["type"] in types.split():
                places.append((path, number))
    path, number = rng.choice(places)
    records = read_records(path)
    copy = edit(records[number]) | {"id": "x-copy"}
    records.insert(rng.randrange(len(records) + 1), copy)
    write_records(path, records)


def take_space(rng: random.Random, root: Path) -> None:
    """Let a span start or end with white space, or consist of it."""

    def move(text: str, start: int, end: int) -> list[tuple[int, int]]:
        before, after = text[start - 1 : start].isspace(), text[end : end + 1].isspace()
        wider = [(start - 1, end)] * before + [(start, end + 1)] * after
        return wider + [(end, end + 1)] * after + [(start - 1, start)] * before

    edit_span(rng, root, "mention stance topic boilerplate", move)


def _split(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the parts of a span that start or end inside a word of Latin letters."""
    parts = []
    for at in range(start + 1, end):
        if (text[at - 1] + text[at]).isascii() and (text[at - 1] + text[at]).isalpha():
            parts += [(start, at), (at, end)]
    return parts


def split_word(rng: random.Random, root: Path) -> None:
    """Let a span start or end inside a word."""
    edit_span(rng, root, "mention stance topic", _split)


def split_word_with_note(rng: random.Random, root: Path) -> None:
    """Let a span start or end inside a word, and say why."""
    edit_span(rng, root, "mention stance topic", _split, note="Only a part is meant.")


def split_boilerplate(rng: random.Random, root: Path) -> None:
    """Let boilerplate start or end inside a word."""
    edit_span(rng, root, "boilerplate", _split)


def contradict_context(rng: random.Random, root: Path) -> None:
    """Give a span a prefix or suffix that is not beside it."""
    _add_context(rng, root, wrong=True)


def give_context(rng: random.Random, root: Path) -> None:
    """Give a span the prefix and the suffix that are beside it."""
    _add_context(rng, root, wrong=False)


def _add_context(rng: random.Random, root: Path, wrong: bool) -> None:
    def edit(record: Record, text: str) -> None:
        span = rng.choice(list(iter_spans(record)))
        start, end = span["start"], span["end"]
        width = rng.randint(1, 12)
        context = {"prefix": text[max(0, start - width) : start], "suffix": text[end : end + width]}
        found = {name: words for name, words in context.items() if words}
        if wrong:
            name = rng.choice(list(context))
            found[name] = rng.choice(("zzz", context[name] + "z", "z" + context[name]))
        span.update(found)

    edit_one(rng, root, (GOLD, BY), edit)


# ---------------------------------------------------------------- all of them

BREACHES: dict[str, Change] = {
    "annotated-status": deny_annotations,
    "blank-text": blank_something,
    "control-in-text": break_line,
    "conflict-marker": leave_conflict,
    "contradictory-annotation": contradict,
    "contradictory-context": contradict_context,
    "duplicate-annotation": quote_twice,
    "duplicate-entry": name_twice,
    "duplicate-text": repeat_in_another_split,
    "empty-text": empty_text,
    "needless-decision": decide_what_is_the_same,
    "opposite-stances": oppose,
    "outside-link": link_outside,
    "published-id": publish_in_another_month,
    "repeated-decision": decide_twice,
    "reversed-dates": end_before_begin,
    "span-space": take_space,
    "split-word": split_word,
    "undecided": leave_undecided,
    "unknown-language": name_no_language,
    "unknown-reference": empty_registry,
}
"""What breaks the rule of each code."""

HARMLESS: tuple[Change, ...] = (
    annotate_in_part,
    copy_within_a_split,
    differ_in_the_subject,
    end_after_begin,
    give_context,
    name_a_language,
    note_something,
    publish_in_the_month,
    split_boilerplate,
    split_word_with_note,
)
"""What breaks no rule that forbids anything: there may be warnings."""


def plant(rng: random.Random, root: Path) -> str:
    """Change a corpus, and return the code of the rule that it then breaks, or ``"good"``."""
    if rng.random() < 0.3:
        rng.choice(HARMLESS)(rng, root)
        return "good"
    code = rng.choice(list(BREACHES))
    BREACHES[code](rng, root)
    return code
