"""Suggestions and layers reach gold with ids and links, and what contradicts gold does not."""

import json
import re
import shutil

import pytest
from conftest import CORPUS
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import META, NAME, layers, texts
from test_edit import CRITICS, TALKS, has_errors, run, scan

from readout.checks.folder import check_documents
from readout.corpus.canonical import encode, encode_layer
from readout.corpus.parse import parse_layer
from readout.model import iter_values
from readout.problem import RefusedError
from readout.workbench.accept import Selection, accept
from readout.workbench.intake import Intake, Manner, Statements
from readout.workbench.remove import remove_annotations

GOLD = f"annotations/gold/{TALKS}.jsonl"
LAYER = f"annotations/by/ann/{TALKS}.jsonl"
SUGGESTIONS = f"annotations/suggestions/{TALKS}.jsonl"
GROUNDS = ("--section", "1.1", "--reason", "The guidelines say so.", "--by", "ann")


def read_records(root, path):
    raw = (root / path).read_bytes() if (root / path).exists() else b""
    return {record["id"]: record for record in map(json.loads, raw.splitlines())}


def read_suggestions(root):
    lines = (root / SUGGESTIONS).read_bytes().splitlines()
    return {line["annotation"]["id"]: line for line in map(json.loads, lines)}


@pytest.fixture
def emptied(small):
    """A corpus in which one document has no gold yet, and a layer that was its gold."""
    (small / LAYER).write_bytes((small / GOLD).read_bytes())
    (small / GOLD).write_bytes(b"")
    index = small / "raw/documents.jsonl"
    lines = index.read_bytes().splitlines(keepends=True)
    named = [TALKS.encode() in line for line in lines]
    none = [line.replace(b'"complete"', b'"none"') for line in lines]
    index.write_bytes(
        b"".join(
            changed if is_named else line
            for line, changed, is_named in zip(lines, none, named, strict=True)
        )
    )
    assert not has_errors(small)
    return small


def test_a_whole_layer_becomes_gold(emptied):
    done = run(emptied, "accept", "--all", "--layer", "ann")
    assert done.exit_code == 0, done.output
    assert (emptied / GOLD).read_bytes() == (emptied / LAYER).read_bytes()
    before = scan(emptied)
    assert run(emptied, "accept", "--all", "--layer", "ann").exit_code == 0
    assert scan(emptied) == before


def test_what_an_annotation_names_comes_along(emptied):
    done = run(emptied, "accept", "ann#s-toll", "--document", TALKS)
    assert done.exit_code == 0, done.output
    assert set(read_records(emptied, GOLD)) == {"s-toll", "q-toll", "m-she"}


def test_types_narrow_what_is_asked_for(emptied):
    run(emptied, "accept", "--all", "--layer", "ann", "--type", "topic", "--type", "boilerplate")
    types = {record["type"] for record in read_records(emptied, GOLD).values()}
    assert types == {"topic", "boilerplate"}


def test_to_remove_what_was_accepted_is_identity(emptied):
    before = scan(emptied)
    run(emptied, "accept", "--all", "--layer", "ann")
    done = run(emptied, "remove", "annotation", *read_records(emptied, GOLD), "--document", TALKS)
    assert done.exit_code == 0, done.output
    assert scan(emptied) == before


def test_references_lead_to_equal_annotations_under_other_ids(emptied):
    """The layer calls the mention m-she, and gold has it as m-1."""
    mention = read_records(emptied, LAYER)["m-she"]
    other = read_records(emptied, LAYER)["m-levi"]
    gold = [{**mention, "id": "m-1"}, {**other, "id": "q-toll"}]
    (emptied / GOLD).write_text("".join(json.dumps(each) + "\n" for each in gold), encoding="utf-8")
    run(emptied, "format")
    done = run(emptied, "accept", "ann#s-toll", "--document", TALKS)
    assert done.exit_code in (0, 1), done.output
    records = read_records(emptied, GOLD)
    (quote,) = [record for record in records.values() if record["type"] == "quote"]
    assert quote["source"] == "m-1"
    assert quote["id"] not in ("q-toll", "m-1")
    assert records["s-toll"]["quote"] == quote["id"]


def edit_record(root, path, name, **fields):
    """Change the fields of one record of a file, and leave out those that become None."""
    records = read_records(root, path)
    changed = {**records[name], **fields}
    records[name] = {key: value for key, value in changed.items() if value is not None}
    lines = [json.dumps(record, ensure_ascii=False) for record in records.values()]
    (root / path).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    run(root, "format")


def test_other_labels_for_the_same_words_are_refused_and_may_replace(small):
    (small / LAYER).write_bytes((small / GOLD).read_bytes())
    edit_record(small, LAYER, "s-toll", polarity="favor", id="s-other")
    before = scan(small)
    done = run(small, "accept", "ann#s-other")
    assert (done.exit_code, "--replace s-toll" in done.stderr) == (2, True), done.output
    assert run(small, "accept", "ann#s-other", "--replace", "s-tol").exit_code == 2
    assert run(small, "accept", "ann#s-other", "--replace", "q-toll").exit_code == 2
    assert scan(small) == before

    done = run(small, "accept", "ann#s-other", "--replace", "s-toll")
    assert done.exit_code == 0, done.output
    gold = read_records(small, GOLD)
    assert gold["s-toll"]["polarity"] == "favor"
    assert gold.keys() == read_records(CORPUS, GOLD).keys()


def test_with_all_what_contradicts_gold_is_left_out(small):
    (small / LAYER).write_bytes((small / GOLD).read_bytes())
    edit_record(small, LAYER, "s-toll", polarity="favor")
    spans = [{"start": 308, "end": 311, "exact": "she"}]
    edit_record(small, LAYER, "t-rnnnyl", spans=spans)
    before = read_records(small, GOLD)
    done = run(small, "accept", "--all", "--layer", "ann", "--document", TALKS)
    assert done.exit_code == 0, done.output
    assert "s-toll" in done.stdout
    after = read_records(small, GOLD)
    assert [name for name in after if name not in before] != []
    assert after["s-toll"] == before["s-toll"]


def test_much_the_same_beside_gold_needs_to_be_meant(small):
    (small / LAYER).write_bytes((small / GOLD).read_bytes())
    span = {"start": 53, "end": 75, "exact": "The mayor of Northport"}
    edit_record(small, LAYER, "m-quill", span=span)
    before = scan(small)
    assert run(small, "accept", "ann#m-quill").exit_code == 2
    assert scan(small) == before
    assert run(small, "accept", "ann#m-quill", "--beside").exit_code == 0
    assert len(read_records(small, GOLD)) == len(read_records(CORPUS, GOLD)) + 1


def test_a_statement_of_gold_keeps_its_name(emptied):
    """The brief has the statement in gold; the layers call it otherwise."""
    brief = "2030-01-harbour-brief"
    path = f"annotations/by/ann/{brief}.jsonl"
    (emptied / path).write_bytes((emptied / f"annotations/gold/{brief}.jsonl").read_bytes())
    edit_record(emptied, path, "q-belongs", statement="theirs")
    edit_record(emptied, LAYER, "q-belongs", statement="theirs")
    run(emptied, "accept", "ann#q-belongs", "--document", TALKS)
    assert read_records(emptied, GOLD)["q-belongs"]["statement"] == "belongs-to-everyone"


def test_another_statement_of_the_same_name_gets_another(emptied):
    brief = "2030-01-harbour-brief"
    path = f"annotations/by/ann/{brief}.jsonl"
    (emptied / path).write_bytes((emptied / f"annotations/gold/{brief}.jsonl").read_bytes())
    edit_record(emptied, path, "q-belongs", statement=None)
    edit_record(emptied, LAYER, "q-quay", statement="belongs-to-everyone")
    run(emptied, "accept", "ann#q-quay", "--document", TALKS)
    assert read_records(emptied, GOLD)["q-quay"]["statement"] == "belongs-to-everyone-2"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ann#s-irn"], "s-iron"),
        (["m-none"], "suggestion"),
        (["--all"], "--layer"),
        (["ann#s-iron", "--all"], "--all"),
        (["ann#s-iron", "--type", "mention"], "--type"),
        (["--all", "--layer", "ana"], "'ann'"),
        (["ann#s-iron", "ben#m-levi", "--replace", "s-iron"], "one annotation"),
        (["ann#s-iron", "--section", "1.1"], "--by"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(small, arguments, said):
    before = scan(small)
    done = run(small, "accept", *arguments)
    assert (done.exit_code, said in done.stderr) == (2, True), done.output
    assert scan(small) == before


# ---------------------------------------------------------------- decisions


def test_a_difference_is_decided_in_the_same_step(small):
    gold, decisions = (
        f"annotations/gold/{CRITICS}.jsonl",
        f"annotations/adjudication/{CRITICS}.jsonl",
    )
    done = run(small, "accept", "ann#s-iron", "--replace", "s-iron", *GROUNDS)
    assert done.exit_code == 0, done.output
    assert read_records(small, gold)["s-iron"]["polarity"] == "neutral"
    (record,) = [
        each for each in read_records(small, decisions).values() if "s-iron" in each["about"]
    ]
    assert record["reason"] == "The guidelines say so."
    assert set(record["about"]) == {"s-iron", "ben#s-fyi3rn"}
    assert check_documents(small) == check_documents(CORPUS)


def test_what_an_old_decision_said_of_layers_at_the_place_is_decided_anew(small):
    """Its reason was about gold as it was before."""
    layer, decisions = (
        small / f"annotations/by/ben/{CRITICS}.jsonl",
        small / f"annotations/adjudication/{CRITICS}.jsonl",
    )
    third = (
        '{"type":"stance","id":"s-third","holder":"northport-courier","target":"toll-plan",'
        '"polarity":"favor","expression":"implicit",'
        '"evidence":[{"start":26,"end":35,"exact":"iron toll"}]}\n'
    )
    layer.write_bytes(layer.read_bytes() + third.encode())
    old = decisions.read_bytes()
    decisions.write_bytes(old.replace(b'"ann#s-iron"]', b'"ann#s-iron","ben#s-third"]'))
    assert run(small, "format").exit_code == 0
    assert not has_errors(small)

    done = run(small, "accept", "ann#s-iron", "--replace", "s-iron", *GROUNDS)
    assert done.exit_code == 0, done.output
    records = read_records(small, f"annotations/adjudication/{CRITICS}.jsonl").values()
    reasons = {ref: record["reason"] for record in records for ref in record["about"]}
    assert reasons["ben#s-third"] == reasons["s-iron"] == "The guidelines say so."


def test_without_grounds_the_command_to_decide_is_printed(small):
    done = run(small, "accept", "ann#s-iron", "--replace", "s-iron")
    assert done.exit_code == 1
    assert "readout decide ben#s-fyi3rn" in done.stdout


def test_what_is_removed_can_be_decided_too(small):
    before = scan(small)
    arguments = ("remove", "annotation", "m-levi", "--document", CRITICS)
    assert run(small, *arguments).exit_code == 1
    shutil.copy(CORPUS / f"annotations/gold/{CRITICS}.jsonl", small / "annotations/gold")
    assert scan(small) == before
    done = run(small, *arguments, *GROUNDS)
    assert done.exit_code == 0, done.output
    decisions = read_records(small, f"annotations/adjudication/{CRITICS}.jsonl").values()
    assert ["ann#m-levi", "ben#m-levi"] in [record["about"] for record in decisions]


@pytest.mark.parametrize(
    "arguments",
    [
        ("accept", "ann#s-iron", "--replace", "s-iron"),
        ("remove", "annotation", "m-levi", "--document", CRITICS),
    ],
)
def test_what_was_undecided_before_is_no_error_of_an_edit_with_grounds(small, arguments):
    decisions = small / f"annotations/adjudication/{CRITICS}.jsonl"
    lines = decisions.read_bytes().splitlines(keepends=True)
    decisions.write_bytes(b"".join([line for line in lines if b"d-ferry" not in line]))
    done = run(small, *arguments, *GROUNDS)
    assert done.exit_code == 0, done.output
    assert f"readout differences --document {CRITICS}" in done.output
    assert has_errors(small)


def test_a_decision_about_nothing_else_goes_with_its_annotation(small):
    path = f"annotations/adjudication/{CRITICS}.jsonl"
    run(small, "remove", "annotation", "s-ferry", "--document", CRITICS)
    assert set(read_records(small, path)) == {"d-iron"}
    run(small, "remove", "annotation", "ann#s-iron")
    assert read_records(small, path)["d-iron"]["about"] == ["s-iron"]


# ---------------------------------------------------------------- suggestions


@pytest.fixture
def suggested(emptied):
    (emptied / LAYER).unlink()
    run(emptied, "add", "suggestions", TALKS)
    return emptied


def find_quote(root):
    """Return a suggested quote with its source."""
    suggestions = read_suggestions(root).values()
    return next(each["annotation"] for each in suggestions if each["annotation"].get("source"))


def test_a_suggestion_is_accepted_with_its_source_and_leaves_the_file(suggested):
    quote = find_quote(suggested)
    done = run(suggested, "accept", quote["id"])
    assert done.exit_code == 0, done.output
    assert read_records(suggested, GOLD)[quote["id"]]["source"] == quote["source"]
    assert not {quote["id"], quote["source"]} & read_suggestions(suggested).keys()


def test_a_source_that_was_accepted_before_is_found(suggested):
    quote = find_quote(suggested)
    spans = [{"exact": "She rejected the toll plan"}]
    topic = {"type": "topic", "id": quote["source"], "topic": "toll", "spans": spans}
    (suggested / GOLD).write_text(json.dumps(topic) + "\n", encoding="utf-8")
    run(suggested, "format")
    run(suggested, "accept", quote["source"])
    (mention,) = [each for each in read_records(suggested, GOLD).values() if "speaker" in each]
    assert mention["id"] != quote["source"]
    left = read_suggestions(suggested)[quote["id"]]
    assert left["annotation"]["source"] == mention["id"]
    run(suggested, "accept", quote["id"])
    assert read_records(suggested, GOLD)[quote["id"]]["source"] == mention["id"]


def test_what_is_rejected_stays_so(suggested):
    quote = find_quote(suggested)
    done = run(suggested, "remove", "annotation", f"suggestions#{quote['id']}")
    assert done.exit_code == 0, done.output
    assert read_suggestions(suggested)[quote["id"]]["rejected"] is True
    before = scan(suggested)
    run(suggested, "add", "suggestions", TALKS)
    assert scan(suggested) == before
    run(suggested, "accept", "--all", "--suggestions")
    assert list(read_suggestions(suggested)) == [quote["id"]]
    run(suggested, "add", "suggestions", TALKS)
    assert list(read_suggestions(suggested)) == [quote["id"]]
    assert run(suggested, "accept", quote["id"]).exit_code == 0
    assert read_suggestions(suggested) == {}
    assert not has_errors(suggested)


def test_a_name_of_several_speakers_needs_one(suggested):
    speakers = suggested / "annotations/speakers.jsonl"
    run(
        suggested,
        "add",
        "speaker",
        "eve-quill",
        "--name",
        "E",
        "--kind",
        "person",
        "--alias",
        "Quill",
    )
    assert b"eve-quill" in speakers.read_bytes()
    run(suggested, "add", "suggestions", TALKS)
    unclear = [each["annotation"] for each in read_suggestions(suggested).values()]
    unclear = [
        each["id"] for each in unclear if "speaker" not in each and each["type"] == "mention"
    ]
    assert unclear
    before = scan(suggested)
    done = run(suggested, "accept", unclear[0])
    assert (done.exit_code, "--speaker" in done.stderr) == (2, True)
    assert scan(suggested) == before
    assert run(suggested, "accept", unclear[0], "--speaker", "eve-quill").exit_code == 0
    assert read_records(suggested, GOLD)[unclear[0]]["speaker"] == "eve-quill"


# ---------------------------------------------------------------- properties


def make_root(folder, text, gold, layer):
    """Make a corpus with one document of these annotations."""
    shutil.copytree(CORPUS / "annotations", folder / "annotations")
    for name in ("gold", "by/ann", "by/ben", "adjudication"):
        shutil.rmtree(folder / "annotations" / name)
    files = {
        "raw/documents.jsonl": encode(META) + b"\n",
        f"raw/text/{NAME}.txt": text.encode(),
        f"annotations/gold/{NAME}.jsonl": encode_layer(gold),
        f"annotations/by/ann/{NAME}.jsonl": encode_layer(layer),
    }
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def find_dangling(records):
    ids = {record.id for record in records}
    named = [value for record in records for _, _, value in iter_values(record, "annotation")]
    return [name for name in named if name not in ids]


@st.composite
def two_layers(draw):
    text = draw(texts())
    return text, draw(layers(text)), draw(layers(text))


def test_nothing_dangles_and_gold_keeps_what_it_has(tmp_path_factory):
    search_for_dangling(tmp_path_factory, 12)


@pytest.mark.slow
def test_nothing_dangles_in_many_layers(tmp_path_factory):
    search_for_dangling(tmp_path_factory, 200)


def search_for_dangling(factory, examples):
    """Search for two layers that do not fit together once one is accepted."""

    @settings(max_examples=examples)
    @given(two_layers())
    def check(drawn):
        text, gold, layer = drawn
        accept_all(make_root(factory.mktemp("root"), text, gold, layer), gold)

    check()


def accept_all(root, gold):
    """Accept a layer whole, and take back what that added."""
    edit = accept(root, Selection(layer="ann"))
    path = f"annotations/gold/{NAME}.jsonl"
    raw = edit.changes[path].new if path in edit.changes else encode_layer(gold)
    after, problems = parse_layer(path, raw, None)
    assert problems == []
    kept = {record.id: record for record in after.records}
    assert all(kept[record.id] == record for record in gold)
    assert find_dangling(after.records) == []
    if path not in edit.changes:
        return

    (root / path).write_bytes(raw)
    added = [record.id for record in after.records if record.id not in {each.id for each in gold}]
    removed = remove_annotations(root, added).changes[path].new
    assert removed == encode_layer(gold)


def test_many_annotations_are_accepted_in_time_proportional_to_their_number(tmp_path):
    """The same number of steps per annotation, however many there are."""
    from readout.model import Mention, Span

    def count_steps(number):
        items = {}
        for at in range(number):
            items[f"m-{at}"] = Mention(
                id=f"m-{at}", speaker="ada-quill", span=Span(at, at + 1, "a")
            )
        steps = 0

        class Counted(dict):
            def __getitem__(self, key):
                nonlocal steps
                steps += 1
                return super().__getitem__(key)

        intake = Intake(items.values(), Manner(), Statements(tmp_path), is_strict=False)
        intake.take("ann", Counted(items), list(items))
        return steps

    assert count_steps(2000) <= 2 * count_steps(1000) + 10


def test_a_layer_with_drafts_is_not_accepted(emptied):
    with (emptied / LAYER).open("a", encoding="utf-8") as file:
        file.write('{"type":"mention","speaker":"noam-levi","span":{"exact":"Noam"}}\n')
    with pytest.raises(RefusedError, match="readout format"):
        accept(emptied, Selection(layer="ann"))


def test_a_suggestion_may_have_offsets_with_a_zero_behind_the_point(suggested):
    path = suggested / SUGGESTIONS
    path.write_bytes(re.sub(rb'("start"|"end"):(\d+)', rb"\1:\2.0", path.read_bytes()))
    quote = find_quote(suggested)
    done = run(suggested, "accept", quote["id"])
    assert done.exit_code == 0, done.stderr
    assert quote["id"] in read_records(suggested, GOLD)


def test_a_broken_file_of_suggestions_is_named_with_its_problem(suggested):
    path = suggested / SUGGESTIONS
    path.write_bytes(path.read_bytes().replace(b'"reason"', b'"reasons"', 1))
    done = run(suggested, "accept", "--all", "--suggestions")
    assert done.exit_code == 2
    assert f"{SUGGESTIONS}:1 has a problem (schema). The record lacks 'reason'." in done.stderr
