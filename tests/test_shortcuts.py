"""Shortcuts of rules: none is certain of what its rule finds, and a rule that has none is run."""

import json
import random
from functools import cache
from inspect import signature
from pathlib import Path

import msgspec
import pytest
from cases import CASES, break_corpus, judge, judge_by_rules_alone
from click.testing import CliRunner
from conftest import CORPUS, ROOT
from fuzz import make_mutant
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from readout import checks
from readout.checks import CHECKS, guideline, references
from readout.checks.folder import check_folder
from readout.checks.shortcuts import Columns
from readout.cli import main
from readout.corpus import lines
from readout.corpus.canonical import encode_layer
from readout.corpus.parse import parse_changed_layer, parse_layer
from readout.corpus.read import DOCUMENTS, REGISTRY_FILES, read_corpus
from readout.corpus.schema import is_valid, read_schema
from readout.model import (
    ANNOTATION_CLASSES,
    FIELD_ROLES,
    AnyAnnotation,
    Document,
    Layer,
    Mention,
    RecordFile,
    Registries,
    Span,
)
from readout.problem import Finding, rule
from readout.scale.workers import Options

SHORTCUTS = [each for each in CHECKS.values() if each.shortcut]
ALONE = Options(jobs=1)
FOLDERS = {case.name: case for case in CASES}


# ---------------------------------------------------------------- what shortcuts may say


def find_on_layer(each, layer, document, registries):
    """Return whether the shortcut is certain of no findings, and the findings."""
    given = {"file": layer, "layer": layer, "document": document, "registries": registries}
    wanted = {name: given[name] for name in signature(each.find).parameters}
    is_silent = each.is_silent(Columns(layer, document.text, registries))
    return is_silent, list(each.find(**wanted))


def find_on_file(each, file, kind):
    """Return whether the shortcut is certain of no findings, and the findings."""
    if each in lines.FILE_RULES:
        return each.is_silent(file, kind), list(each.find(file.raw))
    findings = []
    for line in file.raw.splitlines():
        try:
            findings += each.find(line, msgspec.json.decode(line), kind)
        except msgspec.MsgspecError:  # another rule finds that the line is no JSON
            continue
    return each.is_silent(file, kind), findings


def is_about_files(each):
    return each in (*lines.FILE_RULES, *lines.LINE_RULES)


def decode(path, raw, kind, record_class):
    """Return a file as shortcuts see it, decoded as a whole; without records if it can't be."""
    try:
        records = tuple(msgspec.json.Decoder(record_class).decode_lines(raw))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        records = ()
    numbers = tuple(range(1, len(records) + 1))
    file_class = Layer if kind == "annotation" else RecordFile
    return file_class(path=path, raw=raw, records=records, lines=numbers)


@cache
def read_case(code, folder):
    """Return the files of a case as ``(path, raw, kind, class)``, and its corpus."""
    root = Path(folder) / code
    break_corpus(FOLDERS[code], root)
    corpus, _ = read_corpus(root)
    files = [(f"annotations/{name}.jsonl", *about) for name, about in REGISTRY_FILES.items()]
    files += [(DOCUMENTS, "document", Document)]
    found = [(path, (root / path).read_bytes(), *about) for path, *about in files]
    layers = [layer for layer, _ in iter_layers(corpus)]
    found += [(layer.path, layer.raw, "annotation", AnyAnnotation) for layer in layers]
    return found, corpus


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cases"))


def iter_layers(corpus):
    for document in corpus.documents:
        for layer in (document.gold, *document.layers):
            yield layer, document


@pytest.mark.parametrize("each", SHORTCUTS, ids=lambda each: each.code)
def test_its_own_case_triggers_each_rule_that_has_a_shortcut(each, folder):
    files, corpus = read_case(each.code, folder)
    if is_about_files(each):
        found = [find_on_file(each, decode(*file), file[2]) for file in files]
    else:
        found = [find_on_layer(each, *pair, corpus.registries) for pair in iter_layers(corpus)]
    assert any(findings for _, findings in found)
    assert not any(is_silent and findings for is_silent, findings in found)


@pytest.mark.parametrize("each", SHORTCUTS, ids=lambda each: each.code)
def test_no_rule_finds_anything_if_its_shortcut_is_certain(each, folder):
    search_for_rash_shortcuts(each.code, folder, 10)


@pytest.mark.slow
@pytest.mark.parametrize("each", SHORTCUTS, ids=lambda each: each.code)
def test_no_rule_finds_anything_in_many_layers_if_its_shortcut_is_certain(each, folder):
    search_for_rash_shortcuts(each.code, folder, 100)


def search_for_rash_shortcuts(code, folder, examples):
    """Search for a changed layer of a case in which a rule with a certain shortcut finds more."""

    @settings(max_examples=examples)
    @given(seed=st.integers(0, 2**40))
    def check(seed):
        compare_with_shortcuts(code, folder, random.Random(seed))

    check()


def compare_with_shortcuts(code, folder, rng):
    """Change a layer of the rule's own case a little, mostly in canonical form, and judge it."""
    _, corpus = read_case(code, folder)
    layer, document = rng.choice(list(iter_layers(corpus)))
    raw = change(rng, layer.raw, document.text)
    layer, _ = parse_layer(layer.path, raw, layer.annotator)
    for other in SHORTCUTS:
        if is_about_files(other):
            file = decode(layer.path, raw, "annotation", AnyAnnotation)
            is_silent, findings = find_on_file(other, file, "annotation")
        else:
            is_silent, findings = find_on_layer(other, layer, document, corpus.registries)
        assert not (is_silent and findings), other.code


# ---------------------------------------------------------------- changed layers

STRINGS = ["", "a\nb", "-a", "A", "é", "e\u0301", "a" * 65, "nobody", "direct", "indirect"]


def iter_values(value, holder=None, key=None):
    """Yield ``(holder, key, value)`` of everything in a record."""
    if holder is not None:
        yield holder, key, value
    if isinstance(value, dict | list):
        children = value.items() if isinstance(value, dict) else enumerate(value)
        for name, child in list(children):
            yield from iter_values(child, value, name)


def change_string(rng, records, text):
    """Replace a string by one from elsewhere."""
    places = [place for place in iter_values(records) if isinstance(place[2], str)]
    holder, key, _ = rng.choice(places)
    same = [value for _, name, value in places if name == key]
    holder[key] = rng.choice([*same, *same, *STRINGS, rng.choice(places)[2]])


def move_span(rng, records, text):
    """Move the edges of a span, mostly together with its words."""
    values = [value for _, _, value in iter_values(records) if isinstance(value, dict)]
    spans = [value for value in values if "exact" in value]
    if not spans:  # an earlier change removed them all
        return
    span = rng.choice(spans)
    start, end = span.get("start", 0), span.get("end", 1)
    span["start"] = start + rng.randint(-3, 3)
    span["end"] = rng.choice([end + rng.randint(-3, 3), end, len(text), rng.randrange(len(text))])
    if rng.random() < 0.8 and 0 <= span["start"] < span["end"]:
        span["exact"] = text[span["start"] : span["end"]]


def add_span(rng, records, text):
    """Repeat, remove or turn around spans of a list."""
    lists = [value for _, _, value in iter_values(records) if isinstance(value, list) and value]
    if lists:
        spans = rng.choice(lists)
        actions = [lambda: spans.append(rng.choice(spans)), spans.clear, spans.reverse]
        rng.choice(actions)()


def add_field(rng, records, text):
    """Give a record a field of another one, or take one away."""
    record, other = rng.choice(records), rng.choice(records)
    key = rng.choice(list(other))
    if rng.random() < 0.5:
        record[key] = other[key]
    elif record.get(key) is not None:
        del record[key]


def nest(rng, records, text):
    """Put quotes within each other."""
    quotes = [record for record in records if record.get("type") == "quote"]
    if quotes:
        rng.choice(quotes)["within"] = rng.choice(quotes).get("id", "q")


def repeat(rng, records, text):
    """Repeat a record, with or without a new id."""
    record = json.loads(json.dumps(rng.choice(records)))
    if rng.random() < 0.7:
        record["id"] = f"new-{rng.randrange(100)}"
    records.append(record)


def explain(rng, records, text):
    """Add a note, or take it away."""
    record = rng.choice(records)
    if record.pop("note", None) is None:
        record["note"] = rng.choice(["Why.", "", "e\u0301"])


def remove(rng, records, text):
    """Remove a record."""
    if len(records) > 1:
        records.remove(rng.choice(records))


CHANGES = [
    change_string,
    change_string,
    move_span,
    move_span,
    add_span,
    add_field,
    nest,
    repeat,
    explain,
    remove,
]


def change(rng, raw, text):
    """Return the bytes of a layer with a few changes, mostly in canonical form."""
    records = []
    for line in raw.splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            continue
    for _ in range(rng.randrange(4)):
        rng.choice(CHANGES)(rng, records, text)
    if rng.random() < 0.2:
        rng.shuffle(records)
        return b"".join(map(write_line, records))
    try:
        return encode_layer([msgspec.convert(record, AnyAnnotation) for record in records])
    except (msgspec.ValidationError, IndexError):  # a draft, or a record that breaks the schema
        return b"".join(map(write_line, records))


def write_line(record):
    return msgspec.json.encode(record) + b"\n"


# ---------------------------------------------------------------- changed lines

ODD_LINES = [b"", b"{}", b"<<<<<<< ours", b"\xef\xbb\xbf", b"\xe9", b"null", b"\r"]


def change_lines(rng, raw):
    """Move, repeat, remove or replace lines, and change the white space within them."""
    found = raw.split(b"\n")
    at, other = rng.randrange(len(found)), rng.randrange(len(found))
    changes = [
        lambda: found.insert(at, found.pop(other)),
        lambda: found.insert(at, found[other]),
        lambda: found.pop(at),
        lambda: found.insert(at, rng.choice(ODD_LINES)),
        lambda: found.__setitem__(at, found[at].replace(b",", b", ")),
        lambda: found.__setitem__(at, rng.choice(ODD_LINES) + found[at]),
    ]
    rng.choice(changes)()
    return b"\n".join(found)


@cache
def read_small():
    return read_corpus(CORPUS)[0]


@settings(max_examples=300)
@given(seed=st.integers(0, 2**40))
def test_a_layer_whose_changed_lines_are_parsed_is_as_if_all_were(seed):
    rng = random.Random(seed)
    document = rng.choice(read_small().documents)
    path, old = document.gold.path, document.gold.raw
    if rng.random() < 0.5:
        old = change_lines(rng, old)
    before, problems = parse_layer(path, old, None)
    new = old
    for _ in range(rng.randint(1, 3)):
        new = rng.choice([change_lines(rng, new), change(rng, document.gold.raw, document.text)])
    changed = None if problems else parse_changed_layer(before, new)
    if changed is not None:
        assert (changed, []) == parse_layer(path, new, None)


def test_a_changed_line_is_the_only_one_that_is_parsed_again():
    document = read_corpus(CORPUS)[0].documents[0]
    before = document.gold
    first, *others = before.raw.splitlines(keepends=True)
    spaced = b"".join([first.replace(b",", b", "), *others])
    changed = parse_changed_layer(before, spaced)
    assert changed.raw == spaced
    assert changed.records == before.records
    assert [one is two for one, two in zip(changed.records, before.records, strict=True)] == [
        False,
        *[True] * len(others),
    ]


# ---------------------------------------------------------------- the schema, keyword by keyword

FILLED = {
    "mention": {"speaker": "ada-quill", "span": {"start": 0, "end": 1, "exact": "a"}},
    "quote": {
        "form": "direct",
        "speaker": "ada-quill",
        "content": [{"start": 0, "end": 1, "exact": "a"}],
        "cue": [{"start": 2, "end": 3, "exact": "b"}],
        "source": "m",
        "addressees": ["noam-levi"],
        "within": "q-2",
        "statement": "s",
    },
    "topic": {"topic": "toll", "spans": [{"start": 0, "end": 1, "exact": "a"}]},
    "stance": {
        "holder": "ada-quill",
        "target": "ferry",
        "polarity": "favor",
        "expression": "explicit",
        "evidence": [{"start": 0, "end": 1, "exact": "a"}],
        "quote": "q-2",
    },
    "boilerplate": {"kind": "other", "span": {"start": 0, "end": 1, "exact": "a"}},
}
"""An annotation of each type with all its fields."""
ANNOTATING = {"title", "description", "$ref"}
ROLES = [role for roles in FIELD_ROLES.values() for role in roles.values()]
LABELS = [label for role in ROLES for label in role.values]
LETTERS = [chr(code) for code in range(128)]
CANDIDATES = [
    *LABELS,
    *LETTERS,
    *[f"a{char}a" for char in LETTERS],
    "é",
    "a\nb",
    "",
    "a" * 10_000,
    None,
    True,
    -1,
    7,
    1.5,
    2**31,
    2**70,
    [],
    {},
]


def iter_keywords(schema, path=()):
    """Yield ``(path, schema)`` of every part of a definition; 0 in a path is any item of a list."""
    resolved = schema
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        resolved = {**read_schema("annotation")["$defs"][name], **schema}
    yield path, resolved
    for name, child in resolved.get("properties", {}).items():
        yield from iter_keywords(child, (*path, name))
    if "items" in resolved:
        yield from iter_keywords(resolved["items"], (*path, 0))


def break_keyword(keyword, limit, value):
    """Return values that break one keyword of a schema in the place of one that fulfils it."""
    if keyword == "required":
        return [{key: child for key, child in value.items() if key != name} for name in limit]
    if keyword == "additionalProperties":
        return [{**value, "extra": 1}]
    if keyword == "dependentRequired":
        return [{key: child for key, child in value.items() if key != name} for name in limit]
    if keyword == "minItems":
        return [value[: limit - 1]]
    if keyword == "uniqueItems":
        return [[*value, *value]]
    near = []
    if keyword in ("minLength", "maxLength"):
        near = ["a" * (limit - 1), "a" * (limit + 1)]
    elif keyword in ("minimum", "maximum"):
        near = [limit - 1, limit + 1]
    validator = Draft202012Validator({keyword: limit})
    return [each for each in [*CANDIDATES, *near] if not validator.is_valid(each)]


def put(record, path, value):
    """Return a record with another value at a path."""
    if not path:
        return value
    copy = json.loads(json.dumps(record))
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return copy


def look_up(record, path):
    for key in path:
        record = record[key]
    return record


def is_accepted(record):
    file = decode("x", write_line(record), "annotation", AnyAnnotation)
    return bool(file.records) and lines.schema.is_silent(file, "annotation")


@pytest.mark.parametrize("kind", ANNOTATION_CLASSES)
def test_the_shortcut_of_the_schema_knows_every_keyword_of_the_schema(kind):
    record = {"type": kind, "id": "x", **FILLED[kind], "note": "Why."}
    definition = read_schema("annotation")["$defs"][kind]
    assert set(definition["properties"]) == set(record)
    assert is_valid("annotation", record)
    assert is_accepted(record)
    for path, schema in iter_keywords(definition):
        if path and path[-1] in ("prefix", "suffix"):
            continue  # typed records do not have them
        for keyword in schema.keys() - ANNOTATING - {"properties", "items"}:
            broken = break_keyword(keyword, schema[keyword], look_up(record, path))
            assert broken, f"say in this test how {keyword!r} is broken"
            for value in broken:
                wrong = put(record, path, value)
                assert not is_valid("annotation", wrong), (path, keyword, value)
                assert not is_accepted(wrong), (path, keyword, value)


def test_the_schema_of_annotations_only_chooses_a_definition_by_type():
    schema = read_schema("annotation")
    told = {"$schema", "$id", "title", "description", "$defs"}
    assert schema.keys() - told == {"type", "properties", "required", "allOf"}
    assert schema["type"] == "object"
    assert schema["required"] == list(schema["properties"]) == ["type"]
    assert schema["properties"]["type"]["enum"] == list(ANNOTATION_CLASSES)
    chosen = []
    for kind in ANNOTATION_CLASSES:
        by_type = {"type": "object", "properties": {"type": {"const": kind}}, "required": ["type"]}
        chosen.append({"if": by_type, "then": {"$ref": f"#/$defs/{kind}"}})
    assert schema["allOf"] == chosen


# ---------------------------------------------------------------- rules without a shortcut


def find_fault(*_):
    """Nothing is ever right."""
    yield Finding("Nothing is right.", hint="remove this rule.")


@pytest.mark.parametrize(
    ("module", "name", "rung"),
    [
        (lines, "FILE_RULES", "bytes"),
        (lines, "TEXT_RULES", "bytes"),
        (lines, "LINE_RULES", "schema"),
        (references, "RULES", "reference"),
        (checks, "LAYER_RULES", "span"),
        (checks, "LAYER_RULES", "guideline"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_new_rule_without_a_shortcut_is_run(module, name, rung, small, monkeypatch):
    throwaway = rule("throw-away", rung, "warning")(find_fault)
    monkeypatch.setattr(module, name, (*getattr(module, name), throwaway))
    monkeypatch.setitem(CHECKS, throwaway.code, throwaway)
    problems = check_folder(small, ALONE).problems
    paths = {problem.path for problem in problems if problem.code == throwaway.code}
    suffix = ".txt" if name == "TEXT_RULES" else ".jsonl"
    assert len(paths) >= 3
    assert all(path.endswith(suffix) for path in paths)
    done = CliRunner().invoke(main, ["check", str(small), "--strict", "--jobs", "1"])
    assert done.exit_code == 1
    assert throwaway.code in done.output


# ---------------------------------------------------------------- the same with and without


@pytest.mark.posix
def test_shortcuts_change_neither_records_nor_problems(tmp_path_factory):
    search_for_changed_problems(tmp_path_factory, 25)


@pytest.mark.posix
@pytest.mark.slow
def test_shortcuts_change_neither_records_nor_problems_of_many(tmp_path_factory):
    search_for_changed_problems(tmp_path_factory, 300)


def search_for_changed_problems(factory, examples):
    """Search for a mutant that the shortcuts judge in another way."""

    @settings(max_examples=examples)
    @given(seed=st.integers(0, 2**40))
    def check(seed):
        root = factory.mktemp("mutant") / "corpus"
        make_mutant(seed, root)
        if (root / DOCUMENTS).is_file():
            assert judge(root) == judge_by_rules_alone(root)

    check()


@pytest.mark.parametrize(
    ("text", "words", "is_silent"),
    [
        ("והממשלה אמרה", "ממשלה", True),
        ("山水火", "水", True),
        ("장관은", "장관", True),
        ("harbours", "harbour", False),
        ("harbours", "arbours", False),
    ],
)
def test_the_shortcut_of_words_knows_scripts_without_spaces(text, words, is_silent):
    start = text.index(words)
    span = Span(start, start + len(words), words)
    mention = Mention(id="m", speaker="ada-quill", span=span)
    layer = Layer(path="x", records=(mention,), lines=(1,))
    assert guideline.split_word.is_silent(Columns(layer, text, Registries())) == is_silent


def test_most_rules_of_a_clean_layer_are_skipped(generated):
    for root in (CORPUS, generated, ROOT):
        corpus, _ = read_corpus(root)
        skipped = []
        for layer, document in iter_layers(corpus):
            columns = Columns(layer, document.text, corpus.registries)
            for each in SHORTCUTS:
                if is_about_files(each):
                    assert each.is_silent(layer, "annotation"), (layer.path, each.code)
                else:
                    skipped.append(each.is_silent(columns))
        assert sum(skipped) > 0.9 * len(skipped)


def test_a_hint_does_not_repeat_a_run_of_letters_that_is_no_word():
    mentions = []
    for at in (1, 300):
        span = Span(at, at + 1, "x")
        mentions.append(Mention(id=f"m{at}", speaker="ada-quill", span=span))
    layer = Layer(path="x", records=tuple(mentions), lines=(1, 2))
    document = read_corpus(CORPUS)[0].documents[0]
    document = replace(document, text="x" * 50 + " " + "x" * 1000)
    short, long = guideline.split_word.find(layer, document, Registries())
    assert '"end":50' in short.hint
    assert len(long.hint) < 100
