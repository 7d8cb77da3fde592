"""The session of the workbench: edits are saved, merged with what is on disk, and taken back."""

import json
import random
import re

import pytest
from conftest import CORPUS

from readout.checks.folder import check_folder
from readout.problem import RefusedError, is_failure
from readout.workbench.annotate.edits import RefusedEditError
from readout.workbench.annotate.session import ConflictError, Session
from readout.workbench.format import format_corpus

TALKS = "2030-01-harbour-talks"
BRIEF = "2030-01-harbour-brief"
CRITICS = "2030-02-toll-critics"
GOLD = "annotations/gold/{}.jsonl"


def lines_of(root, path):
    return (root / path).read_bytes().splitlines(keepends=True)


def span(text, words):
    start = text.index(words)
    return {"start": start, "end": start + len(words), "exact": words}


def edit(session, doc_id, *edits, **named):
    version = named.pop("version", None) or session.show_document(doc_id)["version"]
    return session.edit(doc_id, version, list(edits), **named)


def find(document, name):
    return next(each for each in document["annotations"] if each["id"] == name)


@pytest.fixture
def gold(small):
    return Session(small, "ann")


@pytest.fixture
def own(small):
    return Session(small, "ann", "ann")


# ---------------------------------------------------------------- reading


def test_a_document_is_shown_with_its_records_as_their_lines(small, gold):
    shown = gold.show_document(TALKS)
    written = [json.loads(line) for line in lines_of(small, GOLD.format(TALKS))]
    assert shown["annotations"] == written
    assert (shown["problems"], shown["undo"], shown["redo"]) == ([], 0, 0)


def test_the_mode_of_an_annotator_serves_no_other_layer(small):
    secrets = ["SECRET-gold", "SECRET-ben", "SECRET-why"]
    for name, secret in zip(["gold", "by/ben", "adjudication"], secrets, strict=True):
        path = small / f"annotations/{name}/{CRITICS}.jsonl"
        raw = path.read_text(encoding="utf-8")
        changed = raw.replace('"reason":"', f'"reason":"{secret} ')
        if "note" in raw:
            changed = raw.replace('"note":"', f'"note":"{secret} ')
        assert secret in changed
        path.write_text(changed, encoding="utf-8")

    session = Session(small, "ann", "ann")
    shown = [session.describe_corpus(), session.show_document(CRITICS)]
    shown.append(session.propose(CRITICS, "stance", 0, 7))
    shown.append(edit(session, CRITICS, {"remove": "s-iron"}))
    assert [name for name in secrets if name in json.dumps(shown)] == []


# ---------------------------------------------------------------- saving


def test_an_edit_changes_one_line_and_leaves_canonical_form(small, gold):
    path = GOLD.format(TALKS)
    before = lines_of(small, path)
    text = gold.show_document(TALKS)["text"]
    record = {"type": "mention", "speaker": "ada-quill", "span": span(text, "She")}
    done = edit(gold, TALKS, {"put": record})

    after = lines_of(small, path)
    new = [line for line in after if line not in before]
    assert [line for line in after if line in before] == before
    assert len(new) == 1
    assert json.loads(new[0])["id"] in {each["id"] for each in done["annotations"]}
    assert format_corpus(small) == {}
    assert not is_failure(check_folder(small).problems)


def test_a_new_annotation_gets_the_id_that_format_gives(small, gold, tmp_path):
    text = gold.show_document(TALKS)["text"]
    record = {"type": "mention", "speaker": "ada-quill", "span": {"exact": "She"}}
    done = edit(gold, TALKS, {"put": record})
    saved = (small / GOLD.format(TALKS)).read_bytes()

    edit(gold, TALKS, {"remove": next(iter(new_ids(done, text)))})
    path = small / GOLD.format(TALKS)
    path.write_bytes(path.read_bytes() + json.dumps(record).encode() + b"\n")
    assert format_corpus(small)[GOLD.format(TALKS)].raw == saved


def new_ids(done, text):
    start = text.index("She")
    for each in done["annotations"]:
        if each["type"] == "mention" and each["span"]["start"] == start:
            yield each["id"]


def test_records_of_one_batch_refer_to_each_other(gold):
    text = gold.show_document(TALKS)["text"]
    mention = {"type": "mention", "speaker": "ada-quill", "span": span(text, "She")}
    quote = {
        "type": "quote",
        "form": "indirect",
        "speaker": "ada-quill",
        "content": [span(text, "The union")],
        "cue": [span(text, "recalled")],
        "source": "new-1",
    }
    done = edit(gold, TALKS, {"put": mention, "as": "new-1"}, {"put": quote})
    made = next(each for each in done["annotations"] if each.get("cue") == quote["cue"])
    assert find(done, made["source"])["span"]["exact"] == "She"
    assert done["undo"] == 1


def test_removing_an_annotation_removes_the_references_to_it(small, gold):
    before = gold.show_document(BRIEF)
    assert find(before, "q-belongs")["source"] == "m-quill"
    done = edit(gold, BRIEF, {"remove": "m-quill"})
    assert "source" not in find(done, "q-belongs")
    assert not is_failure(check_folder(small).problems)


def test_a_layer_begins_with_its_first_edit_and_ends_with_its_undoing(small, own):
    path = small / f"annotations/by/ann/{TALKS}.jsonl"
    text = own.show_document(TALKS)["text"]
    record = {"type": "mention", "speaker": "ada-quill", "span": span(text, "She")}
    edit(own, TALKS, {"put": record})
    assert len(path.read_bytes().splitlines()) == 1
    own.undo(TALKS)
    assert not path.exists()


def test_lines_that_cannot_be_read_stay_byte_for_byte(small, gold):
    path = small / GOLD.format(TALKS)
    broken = b'{"type":"mention","id":"m-x"}\nno json\n'
    path.write_bytes(path.read_bytes() + broken)
    text = gold.show_document(TALKS)["text"]
    record = {"type": "mention", "speaker": "ada-quill", "span": span(text, "She")}
    edit(gold, TALKS, {"put": record})
    assert path.read_bytes().endswith(broken)


# ---------------------------------------------------------------- refusals

BAD = {
    "json-schema": {"type": "mention", "speaker": "ada-quill"},
    "extra-field": {"type": "mention", "speaker": "ada-quill", "span": {"exact": "She"}, "x": 1},
    "wrong-words": {
        "type": "mention",
        "speaker": "ada-quill",
        "span": {"start": 0, "end": 5, "exact": "Mayos"},
    },
    "no-place": {"type": "mention", "speaker": "ada-quill", "span": {"exact": "nowhere"}},
    "several-places": {"type": "mention", "speaker": "ada-quill", "span": {"exact": "Quill"}},
    "unknown-speaker": {"type": "mention", "speaker": "nobody", "span": {"exact": "She"}},
    "beyond": {
        "type": "mention",
        "speaker": "ada-quill",
        "span": {"start": 9000, "end": 9003, "exact": "She"},
    },
    "no-record": ["She"],
}


@pytest.mark.parametrize("name", BAD)
def test_what_would_break_the_corpus_is_refused(small, gold, name):
    before = (small / GOLD.format(TALKS)).read_bytes()
    good = {"type": "mention", "speaker": "ada-quill", "span": {"exact": "She"}}
    with pytest.raises(RefusedEditError) as refused:
        edit(gold, TALKS, {"put": good}, {"put": BAD[name]})
    assert refused.value.problems
    assert (small / GOLD.format(TALKS)).read_bytes() == before
    assert gold.show_document(TALKS)["undo"] == 0


def test_an_annotation_with_errors_may_be_mended_in_several_edits(small, gold):
    path = small / GOLD.format(BRIEF)
    raw = path.read_bytes().replace(b'"holder":"cafe-owners"', b'"holder":"cafe-owner"')
    path.write_bytes(raw)
    shown = gold.show_document(BRIEF)
    assert {each["id"] for each in shown["problems"]} >= {"s-ferry", "s-toll"}
    done = edit(gold, BRIEF, {"put": {**find(shown, "s-ferry"), "holder": "cafe-owners"}})
    assert "s-ferry" not in {each["id"] for each in done["problems"]}


# ---------------------------------------------------------------- the disk changes meanwhile


def test_another_window_and_an_editor_are_merged(small, gold):
    shown = gold.show_document(BRIEF)
    path = small / GOLD.format(BRIEF)
    raw = path.read_bytes().replace(b'"polarity":"favor"', b'"polarity":"neutral"')
    path.write_bytes(raw)
    record = {**find(shown, "s-toll"), "note": "Remark."}
    edit(gold, BRIEF, {"put": record}, version=shown["version"])

    done = edit(gold, BRIEF, {"remove": "m-cafe"}, version=shown["version"])
    assert find(done, "s-ferry")["polarity"] == "neutral"
    assert find(done, "s-toll")["note"] == "Remark."
    assert "m-cafe" not in [each["id"] for each in done["annotations"]]


def test_two_edits_of_one_field_are_a_conflict_that_a_person_settles(small, gold):
    shown = gold.show_document(BRIEF)
    edit(gold, BRIEF, {"put": {**find(shown, "s-ferry"), "polarity": "neutral"}})
    before = (small / GOLD.format(BRIEF)).read_bytes()
    mine = {"put": {**find(shown, "s-ferry"), "polarity": "against"}}
    with pytest.raises(ConflictError) as raised:
        edit(gold, BRIEF, mine, version=shown["version"])
    assert [conflict.key[1] for conflict in raised.value.conflicts] == ["s-ferry"]
    assert (small / GOLD.format(BRIEF)).read_bytes() == before

    kept = {"s-ferry": "theirs"}
    done = edit(gold, BRIEF, mine, version=shown["version"], keep=kept)
    assert find(done, "s-ferry")["polarity"] == "neutral"
    kept = {"s-ferry": "ours"}
    done = edit(gold, BRIEF, mine, version=shown["version"], keep=kept)
    assert find(done, "s-ferry")["polarity"] == "against"


def test_a_version_that_nobody_knows_is_a_conflict(gold):
    with pytest.raises(ConflictError):
        edit(gold, BRIEF, {"remove": "m-cafe"}, version="f" * 16)


def test_an_editor_that_takes_no_lock_is_never_overwritten(small, gold, monkeypatch):
    """The file changes between reading and writing: it is read again, and merged."""
    from readout.corpus import files

    path = small / GOLD.format(BRIEF)
    shown = gold.show_document(BRIEF)
    write, calls = files._write, []

    def write_late(root, changes):
        if not calls:
            calls.append(1)
            raw = path.read_bytes().replace(b'"polarity":"favor"', b'"polarity":"neutral"')
            path.write_bytes(raw)
        write(root, changes)

    monkeypatch.setattr(files, "_write", write_late)
    done = edit(gold, BRIEF, {"put": {**find(shown, "s-toll"), "note": "Remark."}})
    assert calls
    assert find(done, "s-ferry")["polarity"] == "neutral"
    assert find(done, "s-toll")["note"] == "Remark."


# ---------------------------------------------------------------- undo and redo


def test_undo_and_redo_restore_the_bytes(small, gold):
    path = small / GOLD.format(BRIEF)
    states = [path.read_bytes()]
    for name in ("m-cafe", "s-toll"):
        edit(gold, BRIEF, {"remove": name})
        states.append(path.read_bytes())
    for state in (states[1], states[0]):
        gold.undo(BRIEF)
        assert path.read_bytes() == state
    assert gold.undo(BRIEF)["undo"] == 0
    for state in states[1:]:
        gold.redo(BRIEF)
        assert path.read_bytes() == state


def test_undo_keeps_what_others_changed_meanwhile(small, gold):
    path = small / GOLD.format(BRIEF)
    edit(gold, BRIEF, {"remove": "m-cafe"})
    raw = path.read_bytes().replace(b'"polarity":"favor"', b'"polarity":"neutral"')
    path.write_bytes(raw)
    done = gold.undo(BRIEF)
    assert find(done, "m-cafe")
    assert find(done, "s-ferry")["polarity"] == "neutral"


def test_undo_of_what_others_changed_too_is_a_conflict(small, gold):
    path = small / GOLD.format(BRIEF)
    shown = gold.show_document(BRIEF)
    edit(gold, BRIEF, {"put": {**find(shown, "s-ferry"), "polarity": "neutral"}})
    raw = path.read_bytes().replace(b'"polarity":"neutral"', b'"polarity":"against"')
    path.write_bytes(raw)
    with pytest.raises(ConflictError):
        gold.undo(BRIEF)
    assert path.read_bytes() == raw
    assert gold.show_document(BRIEF)["undo"] == 1

    kept = gold.undo(BRIEF, {"s-ferry": "theirs"})
    assert find(kept, "s-ferry")["polarity"] == "against"
    assert (kept["undo"], kept["redo"]) == (0, 1)


def test_a_registry_entry_is_undone_unless_it_is_used(small, gold):
    path = small / "annotations/speakers.jsonl"
    before = path.read_bytes()
    gold.show_document(TALKS)
    added = gold.add_entry("speaker", {"name": "Dana Sole", "kind": "person"})
    assert added["entry"]["speaker_id"] == "dana-sole"
    record = {"type": "mention", "speaker": "dana-sole", "span": {"exact": "She"}}
    edit(gold, BRIEF, {"put": {**record, "span": {"exact": "Mayor"}}})
    with pytest.raises(RefusedError):
        gold.undo(TALKS)
    gold.undo(BRIEF)
    gold.undo(TALKS)
    assert path.read_bytes() == before
    gold.redo(TALKS)
    assert b"dana-sole" in path.read_bytes()


# ---------------------------------------------------------------- adjudicated gold


def test_adjudicated_gold_needs_a_decision_and_both_are_written(small, gold):
    shown = gold.show_document(CRITICS)
    files = [small / GOLD.format(CRITICS), small / f"annotations/adjudication/{CRITICS}.jsonl"]
    before = [file.read_bytes() for file in files]
    change = {"put": {**find(shown, "s-ferry"), "polarity": "neutral"}}
    with pytest.raises(RefusedEditError):
        edit(gold, CRITICS, change)
    with pytest.raises(RefusedError):
        edit(gold, CRITICS, change, decision={"section": "99", "reason": "None."})
    assert [file.read_bytes() for file in files] == before

    edit(gold, CRITICS, change, decision={"section": "1", "reason": "He only came."})
    assert all(file.read_bytes() != old for file, old in zip(files, before, strict=True))
    assert '"reason":"He only came.","by":"ann"' in files[1].read_text(encoding="utf-8")
    assert not is_failure(check_folder(small).problems)
    gold.undo(CRITICS)
    assert [file.read_bytes() for file in files] == before


def test_a_note_in_adjudicated_gold_needs_no_decision(gold):
    shown = gold.show_document(CRITICS)
    done = edit(gold, CRITICS, {"put": {**find(shown, "s-ferry"), "note": "Sure."}})
    assert find(done, "s-ferry")["note"] == "Sure."


# ---------------------------------------------------------------- suggestions


@pytest.fixture
def suggested(small):
    session = Session(small, "ann")
    shown = session.show_document(TALKS)
    version = shown["version"]
    session.edit(TALKS, version, [{"remove": each["id"]} for each in shown["annotations"]])
    return session, session.suggest(TALKS)


def test_accepting_all_suggestions_is_one_step(small, suggested):
    session, shown = suggested
    path = small / f"annotations/suggestions/{TALKS}.jsonl"
    before = [path.read_bytes(), (small / GOLD.format(TALKS)).read_bytes()]
    whole = [each["id"] for each in shown["suggestions"] if each["annotation"].get("speaker")]
    assert len(whole) > 3
    done = edit(session, TALKS, *[{"accept": name} for name in whole])
    left = [each["id"] for each in done["suggestions"]]
    assert set(left).isdisjoint(whole)
    assert len(done["annotations"]) >= len(whole)
    assert not is_failure(check_folder(small).problems)

    session.undo(TALKS)
    assert [path.read_bytes(), (small / GOLD.format(TALKS)).read_bytes()] == before


def test_of_many_suggestions_those_are_left_that_cannot_be_accepted(small, suggested):
    session, _ = suggested
    path = small / f"annotations/suggestions/{TALKS}.jsonl"
    path.write_bytes(re.sub(rb'"speaker":"[^"]+",', b"", path.read_bytes(), count=1))
    shown = session.show_document(TALKS)
    record = next(each for each in shown["suggestions"] if "speaker" not in each["annotation"])
    names = [each["id"] for each in shown["suggestions"]]
    done = edit(session, TALKS, *[{"accept": name} for name in names])
    left = [each["id"] for each in done["suggestions"]]
    assert record["id"] in left
    assert len(left) < len(names)
    assert len(done["annotations"]) >= len(names) - len(left)

    # What cannot be accepted is refused alone and together, without options that a page lacks.
    for asked in ([record["id"]], left):
        with pytest.raises(RefusedError, match=record["id"]) as refused:
            edit(session, TALKS, *[{"accept": name} for name in asked])
        assert "--" not in str(refused.value)
    assert session.show_document(TALKS)["undo"] == done["undo"]


def test_a_rejected_suggestion_stays_rejected(suggested):
    session, shown = suggested
    name = shown["suggestions"][0]["id"]
    done = edit(session, TALKS, {"reject": name})
    assert name not in [each["id"] for each in done["suggestions"]]
    again = session.suggest(TALKS)
    assert name not in [each["id"] for each in again["suggestions"]]


def test_a_suggestion_is_accepted_with_changes(suggested):
    session, shown = suggested
    each = next(each for each in shown["suggestions"] if each["annotation"]["type"] == "mention")
    record = {**each["annotation"], "speaker": "noam-levi"}
    del record["id"]
    done = edit(session, TALKS, {"accept": each["id"], "put": record})
    assert each["id"] not in [left["id"] for left in done["suggestions"]]
    assert any(got["span"] == record["span"] for got in done["annotations"])


def test_a_layer_takes_suggestions_and_leaves_them_to_others(small, suggested):
    _, shown = suggested
    path = small / f"annotations/suggestions/{TALKS}.jsonl"
    before = path.read_bytes()
    own = Session(small, "ann", "ann")
    name = next(each["id"] for each in shown["suggestions"] if "speaker" in each["annotation"])
    done = edit(own, TALKS, {"accept": name})
    assert name not in [each["id"] for each in done["suggestions"]]
    assert len(done["annotations"]) >= 1
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["accept", "reject"])
def test_an_unknown_suggestion_is_refused(gold, kind):
    with pytest.raises(RefusedEditError):
        edit(gold, TALKS, {kind: "q-none"})


# ---------------------------------------------------------------- proposals


def test_the_innermost_quote_and_the_nearest_mention_are_proposed(gold):
    document = gold.show_document(BRIEF)
    quote = find(document, "q-belongs")
    inside = quote["content"][0]["start"] + 4
    found = gold.propose(BRIEF, "stance", inside, inside + 7)
    assert found == {"quote": "q-belongs", "holder": "ada-quill"}
    found = gold.propose(BRIEF, "quote", inside, inside + 7)
    assert (found["within"], found["source"]) == ("q-belongs", "m-quill")
    own_voice = gold.propose(CRITICS, "stance", 0, 7)
    assert own_voice == {"holder": "northport-courier"}
    named = gold.show_document(BRIEF)["text"].index("Ada Quill")
    assert gold.propose(BRIEF, "mention", named, named + 9) == {"speaker": "ada-quill"}


def test_the_small_corpus_is_what_these_tests_expect():
    assert format_corpus(CORPUS) == {}


@pytest.mark.parametrize("seed", [1, 2])
def test_any_steps_are_undone_to_the_first_bytes_and_redone_to_the_last(small, seed):
    """Whatever was done, all files are canonical after each step and as before after all undos."""
    rng = random.Random(seed)
    session = Session(small, "ann")
    states = [_read_all(small)]
    shown = session.suggest(BRIEF)
    while len(states) < 20:
        try:
            shown = edit(session, BRIEF, _make_edit(rng, shown, len(states)))
        except (RefusedEditError, RefusedError):
            continue
        states.append(_read_all(small))
        assert format_corpus(small) == {}

    while session.show_document(BRIEF)["undo"]:
        session.undo(BRIEF)
    assert _read_all(small) == states[0]
    while session.show_document(BRIEF)["redo"]:
        session.redo(BRIEF)
    assert _read_all(small) == states[-1]


def _make_edit(rng, shown, number):
    records = {each["id"]: each for each in shown["annotations"]}
    kind = rng.choice(["put", "note", "remove", "accept", "reject"])
    if kind in ("accept", "reject") and shown["suggestions"]:
        return {kind: rng.choice(shown["suggestions"])["id"]}
    if kind == "remove" and records:
        return {"remove": rng.choice(list(records))}
    if kind == "note" and records:
        return {"put": {**rng.choice(list(records.values())), "note": f"Remark {number}."}}
    word = rng.choice(list(re.finditer(r"\w+", shown["text"])))
    place = {"start": word.start(), "end": word.end(), "exact": word[0]}
    return {"put": {"type": "mention", "speaker": "ada-quill", "span": place}}


def _read_all(root):
    return {file: file.read_bytes() for file in root.rglob("*.jsonl")}
