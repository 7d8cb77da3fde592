"""Each hint, obeyed to the letter, solves its problem and changes the meaning of nothing else.

A case's hint is obeyed by a rule about its wording (:data:`WORDINGS`) or, if a person must write or
decide something, by a recipe of edits (:data:`RECIPES`).
"""

import ast
import json
import re
import shutil

import pytest
from cases import CASES, CORPUS, break_corpus, find_problems, judge
from click.testing import CliRunner

from readout.cli import main
from readout.model import iter_spans

BRIEF, TALKS, CRITICS = "2030-01-harbour-brief", "2030-01-harbour-talks", "2030-02-toll-critics"
GOLD = "annotations/gold"
DOCUMENTS = "raw/documents.jsonl"
DECISIONS = f"annotations/adjudication/{CRITICS}.jsonl"


# ---------------------------------------------------------------- wordings


def run(root, command, *arguments):
    named = () if "--corpus" in arguments else (str(root),)
    done = CliRunner().invoke(main, [command, *named, *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception


def replace_value(root, problem, value):
    """Put another value in the place that a problem underlines, or in that of its whole span."""
    path = root / problem.path
    lines = path.read_bytes().decode().split("\n")
    line = lines[problem.line - 1]
    start, end = problem.column - 1, problem.end_column - 1
    if value.startswith('{"start"') and line[start] != "{":
        start, end = line.rindex("{", 0, start), line.index("}", end) + 1
    lines[problem.line - 1] = line[:start] + value + line[end:]
    path.write_bytes("\n".join(lines).encode())


def copy_words(root, problem, words):
    replace_value(root, problem, json.dumps(ast.literal_eval(words), ensure_ascii=False))
    run(root, "format")


def decide(root, problem, ref, doc_id):
    grounds = ["--section", "1.1", "--reason", "It mocks.", "--by", "ben"]
    arguments = ["decide", ref, "--document", doc_id, *grounds, "--corpus", str(root)]
    CliRunner().invoke(main, arguments)


def remove_from_corpus(root, problem, kind, name):
    CliRunner().invoke(main, ["remove", kind, name, "--corpus", str(root)])


WORDINGS = [
    (r"decide it with `readout decide (\S+) --document (\S+)", decide),
    (r"with `readout remove (\w+) ([a-z0-9-]+)`", remove_from_corpus),
    (r"run `readout format`", lambda root, problem: run(root, "format")),
    (
        r"did you mean '([^']+)'\?",
        lambda root, problem, word: replace_value(root, problem, json.dumps(word)),
    ),
    (r'write (\{"start".*?\})(?:[,.]| if)', replace_value),
    (r'write ("[^"]+")\.', lambda root, problem, word: None),
    (r"are meant, copy them: (.+)\.$", copy_words),
]
"""Hints that name a command or a value: their pattern, and what they ask for."""


# ---------------------------------------------------------------- recipes


def edit(path, old, new):
    """Return a step that replaces some bytes of a file that occur in it."""

    def step(root):
        raw = (root / path).read_bytes()
        assert old.encode() in raw, (path, old)
        (root / path).write_bytes(raw.replace(old.encode(), new.encode(), 1))

    return step


def delete_line(path, number):
    def step(root):
        lines = (root / path).read_bytes().splitlines(keepends=True)
        (root / path).write_bytes(b"".join([*lines[: number - 1], *lines[number:]]))

    return step


def restore(path):
    """Return a step that takes a file from the corpus as it was."""
    return lambda root: shutil.copyfile(CORPUS / path, root / path)


def remove(path):
    def step(root):
        (root / path).unlink()

    return step


def rename(old, new):
    return lambda root: (root / old).rename(root / new)


def transcode(path):
    """Return a step that puts a character in the place of a byte that is not UTF-8."""

    def step(root):
        text = (root / path).read_bytes().decode(errors="surrogateescape")
        text = re.sub("[\udc80-\udcff]", lambda byte: chr(ord(byte[0]) - 0xDC00), text)
        (root / path).write_bytes(text.encode())

    return step


def correct_text(doc_id, correct):
    """Return a step that corrects a text and moves its annotations, as hints about texts ask."""

    def step(root):
        path = root / f"raw/text/{doc_id}.txt"
        old = root.parent / "old.txt"
        shutil.copyfile(path, old)
        path.write_bytes(correct(path.read_bytes().decode()).encode())
        run(root, "reanchor", "--old", str(old), "--document", doc_id)

    return step


def run_remove(*arguments):
    return lambda root: run(root, "remove", *arguments, "--corpus", str(root))


def format_files(root):
    run(root, "format")


def merge_files(root):
    run(root, "merge", "--corpus", str(root))


def compose(text):
    return text.replace("e\u0301", "\u00e9")


def drop_controls(text):
    return re.sub("[\u202a-\u202e\x07]", "", text)


RECIPES = {
    "annotated-boilerplate": [delete_line(f"{GOLD}/{TALKS}.jsonl", 1)],
    "annotated-status": [edit(DOCUMENTS, '"annotated":"none"', '"annotated":"complete"')],
    "contradictory-review": [
        edit(
            f"annotations/reviews/ann/{CRITICS}.jsonl",
            '"verdict":"change","remark":"The evidence is too long."',
            '"verdict":"keep"',
        )
    ],
    "reviewed-item": [edit(f"annotations/reviews/ann/{CRITICS}.jsonl", "s-fery", "s-ferry")],
    "control-in-text": [
        edit(f"{GOLD}/{CRITICS}.jsonl", "Scare\\nquotes", "Scare quotes"),
    ],
    "blank-text": [edit(f"{GOLD}/{CRITICS}.jsonl", '"note":" "', '"note":"Scare quotes."')],
    "checksum": [restore(f"raw/text/{TALKS}.txt")],
    "conflict-marker": [
        merge_files,
        delete_line(f"{GOLD}/{CRITICS}.jsonl", 5),
        delete_line(f"{GOLD}/{CRITICS}.jsonl", 4),
        delete_line(f"{GOLD}/{CRITICS}.jsonl", 3),
        delete_line(f"{GOLD}/{CRITICS}.jsonl", 1),
    ],
    "contradictory-annotation": [
        delete_line(f"{GOLD}/{BRIEF}.jsonl", 6),
        delete_line(f"{GOLD}/{BRIEF}.jsonl", 4),
    ],
    "contradictory-context": [
        edit(f"{GOLD}/{TALKS}.jsonl", ',"prefix":"She "', ""),
        format_files,
    ],
    "control-character": [correct_text(CRITICS, drop_controls)],
    "distant-cue": [restore(f"{GOLD}/{TALKS}.jsonl")],
    "duplicate-annotation": [
        delete_line(f"{GOLD}/{CRITICS}.jsonl", 4),
        delete_line(f"{GOLD}/{TALKS}.jsonl", 4),
    ],
    "duplicate-entry": [
        edit("annotations/speakers.jsonl", '"ada  Quill"', '"Noam Levi"'),
        edit("annotations/targets.jsonl", "get a New ferry", "charge ships a toll"),
        edit("annotations/topics.jsonl", '"label":"harbour"', '"label":"Toll"'),
    ],
    "duplicate-id": [
        edit(
            f"{GOLD}/{TALKS}.jsonl",
            '"id":"m-she","speaker":"ada-quill","span":{"start":308',
            '"id":"m-she-2","speaker":"ada-quill","span":{"start":308',
        ),
        edit(f"{GOLD}/{TALKS}.jsonl", '"source":"m-she","within"', '"source":"m-she-2","within"'),
    ],
    "duplicate-key": [edit(f"{GOLD}/{TALKS}.jsonl", '"polarity":"favor",', "")],
    "empty-text": [
        delete_line(DOCUMENTS, 4),
        remove("raw/text/2030-03-blank.txt"),
        remove(f"{GOLD}/2030-03-blank.jsonl"),
    ],
    "encoding": [transcode("annotations/speakers.jsonl")],
    "evidence-outside-quote": [
        edit(
            f"{GOLD}/{TALKS}.jsonl",
            '{"start":143,"end":169,"exact":"She rejected the toll plan"}',
            '{"start":147,"end":169,"exact":"rejected the toll plan"}',
        ),
        format_files,
    ],
    "exact-ambiguous": [
        edit(
            f"{GOLD}/{TALKS}.jsonl",
            '"exact":"harbour"',
            '"exact":"harbour","suffix":" talks\\nMayor"',
        ),
        format_files,
    ],
    "form-marks": [
        edit(
            f"{GOLD}/{TALKS}.jsonl",
            '"form":"indirect","speaker":"noam-levi"',
            '"form":"mixed","speaker":"noam-levi"',
        )
    ],
    "impossible-date": [edit(DOCUMENTS, "2030-01-32", "2030-01-07")],
    "json-syntax": [
        edit(f"{GOLD}/{TALKS}.jsonl", '"speaker":ada-quill', '"speaker":"ada-quill"'),
        format_files,
    ],
    "missing-layer": [edit(DOCUMENTS, ',"adjudicated":["ann"]', "")],
    "needless-decision": [
        edit(DECISIONS, '"ann#s-ferry",', ""),
        run_remove("decision", "d-ferry", "--document", CRITICS, "--about", "m-levi"),
        edit(DECISIONS, '"ben#s-fyi3rn"', '"s-iron"'),
    ],
    "missing-file": [restore(f"{GOLD}/{BRIEF}.jsonl")],
    "nested-outside": [edit(f"{GOLD}/{TALKS}.jsonl", ',"within":"q-quay"', "")],
    "opposite-stances": [delete_line(f"{GOLD}/{BRIEF}.jsonl", 5)],
    "outside-link": [
        remove(f"{GOLD}/{CRITICS}.jsonl"),
        restore(f"{GOLD}/{CRITICS}.jsonl"),
        remove(f"raw/text/{BRIEF}.txt"),
        restore(f"raw/text/{BRIEF}.txt"),
        remove(f"annotations/by/ann/{BRIEF}.jsonl"),
        remove("annotations/by/cara"),
    ],
    "published-id": [edit(DOCUMENTS, "2030-02-07", "2030-01-07")],
    "raw-carriage-return": [correct_text(CRITICS, lambda text: text.replace("\r\n", "\n"))],
    "raw-not-nfc": [correct_text(BRIEF, compose)],
    "repeated-decision": [delete_line(DECISIONS, 3)],
    "reversed-dates": [edit("annotations/speakers.jsonl", '"to":"2027"', '"to":"2029"')],
    "source-speaker": [
        edit(
            f"{GOLD}/{TALKS}.jsonl",
            '"exact":"recalled"}],"source":"m-she"',
            '"exact":"recalled"}],"source":"m-levi"',
        )
    ],
    "span-order": [
        edit(
            f"{GOLD}/{TALKS}.jsonl",
            '{"start":225,"end":252,"exact":"“and we never promised to.”"},'
            '{"start":174,"end":202,"exact":"“We will not sell the quay,”"}',
            '{"start":174,"end":202,"exact":"“We will not sell the quay,”"},'
            '{"start":225,"end":252,"exact":"“and we never promised to.”"}',
        ),
        format_files,
    ],
    "split-leak": [edit(DOCUMENTS, '"split":"validation"', '"split":"train"')],
    "stance-holder": [
        edit(f"{GOLD}/{TALKS}.jsonl", '"holder":"noam-levi"', '"holder":"ada-quill"')
    ],
    "unexpected-file": [remove(f"{GOLD}/{BRIEF}-copy.jsonl")],
    "unknown-annotator": [
        rename(f"annotations/by/benn/{BRIEF}.jsonl", f"annotations/by/ben/{BRIEF}.jsonl")
    ],
    "unnamed-layer": [edit(DOCUMENTS, '["ben"]', '["ann","ben"]')],
    "unknown-language": [edit(DOCUMENTS, '"language":"xx"', '"language":"en"')],
    "unplaced-annotation": [remove(f"annotations/unplaced/gold/{CRITICS}.jsonl")],
    "lone-statement": [edit(f"{GOLD}/{BRIEF}.jsonl", ',"statement":"belongs-to-everyone"', "")],
    "unannotated-quotation": [restore(f"{GOLD}/{TALKS}.jsonl")],
    "unknown-reference": [
        edit(f"{GOLD}/{TALKS}.jsonl", '"noam-levy"', '"noam-levi"'),
        edit(f"{GOLD}/{TALKS}.jsonl", '"new-bridge"', '"ferry"'),
        edit(f"{GOLD}/{TALKS}.jsonl", '"m-both"', '"m-two"'),
    ],
    "wrong-reference": [
        edit(f"{GOLD}/{TALKS}.jsonl", '"quote":"m-she"', '"quote":"q-toll"'),
        edit(DOCUMENTS, '"outlet":"ada-quill"', '"outlet":"northport-courier"'),
    ],
    "reference-cycle": [restore(f"{GOLD}/{TALKS}.jsonl"), restore("annotations/topics.jsonl")],
    "schema": [
        restore(f"{GOLD}/{TALKS}.jsonl"),
        edit(
            f"annotations/suggestions/{BRIEF}.jsonl",
            '"speaker":"ada-quill"',
            '"speaker":"ada-quill","span":{"start":45,"end":60,"exact":"Mayor Ada Quill"}',
        ),
    ],
}
"""What a person does who obeys a hint that leaves something to write or to decide."""


_BRIEF_IDS = ("q-belongs", "m-quill", "m-cafe", "s-ferry", "s-toll", "q-unfair")
ALSO = {
    "duplicate-id": {(f"{GOLD}/{TALKS}.jsonl", "q-crane")},
    "duplicate-text": {(f"{GOLD}/2030-02-harbour-brief.jsonl", name) for name in _BRIEF_IDS},
    "unknown-annotator": {(f"annotations/by/benn/{BRIEF}.jsonl", name) for name in _BRIEF_IDS},
}
"""What a hint says to change beside the record that it is about."""


# ---------------------------------------------------------------- the test


def list_meanings(root):
    """Return what each annotation says, by file and id: labels, references and words."""
    corpus, _ = judge(root)
    found = {}
    for document in corpus.documents:
        for layer in (document.gold, *document.layers):
            for record in layer.records:
                words = [(str(pointer), span.exact) for pointer, span in iter_spans(record)]
                labels = {
                    name: getattr(record, name)
                    for name in record.__struct_fields__
                    if isinstance(getattr(record, name), str | None)
                }
                found[layer.path, record.id] = (labels, words)
    return found


def list_touched(root, problems):
    """Return the file and the id of each record that a problem is about."""
    touched = set()
    for problem in problems:
        if problem.line and (root / problem.path).is_file():
            line = (root / problem.path).read_bytes().split(b"\n")[problem.line - 1]
            if match := re.search(rb'"id":"([^"]+)"', line):
                touched.add((problem.path, match[1].decode()))
    return touched


def obey(root, problem):
    """Do what the hint of a problem says if its wording says it all; return whether it does."""
    for pattern, act in WORDINGS:
        if match := re.search(pattern, problem.hint):
            act(root, problem, *match.groups())
            return True
    return False


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hint_obeyed_solves_its_problem(case, tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    break_corpus(case, root)
    before = list_meanings(root)
    problems = [problem for problem in find_problems(case) if problem.code == case.name]
    touched = list_touched(root, problems)
    if case.name in RECIPES:
        for step in RECIPES[case.name]:
            step(root)
    else:
        for problem in problems:
            assert obey(root, problem), f"write a recipe for {problem.hint!r}"

    assert [f"{each.code}: {each.message}" for each in judge(root)[1]] == []
    after = list_meanings(root)
    changed = {key for key in before if after.get(key) != before[key]}
    assert changed <= touched | ALSO.get(case.name, set())
