"""The workbench writes byte for byte the files that the commands write for the same change.

Each test does something in a session of the workbench, and the same by a command in a twin of the
corpus. `readout format` leaves both as they are.
"""

import json
import shutil

import pytest
from click.testing import CliRunner
from conftest import CORPUS
from workbench import read_files

from readout.cli import main
from readout.workbench.annotate.decisions import Deciding
from readout.workbench.annotate.reviews import Reviewing
from readout.workbench.annotate.session import Session
from readout.workbench.format import format_corpus

TALKS = "2030-01-harbour-talks"
BRIEF = "2030-01-harbour-brief"
TOLL = "2030-02-toll-critics"
DECIDED = f"annotations/adjudication/{TOLL}.jsonl"
GROUNDS = {"section": "1.1", "reason": "It says so."}
BY = ["--section", "1.1", "--reason", "It says so.", "--by", "ann"]


class Twins:
    """Two equal copies of the small corpus: a session edits one, commands change the other."""

    def __init__(self, folder):
        self.root, self.twin = folder / "session", folder / "command"
        for copy in (self.root, self.twin):
            shutil.copytree(CORPUS, copy)
        self.session = Session(self.root, "ann")
        self.first = read_files(self.root)

    def edit(self, doc_id, *edits, decision=None):
        version = self.session.show_document(doc_id)["version"]
        return self.session.edit(doc_id, version, list(edits), decision)

    def find(self, doc_id, name):
        shown = self.session.show_document(doc_id)["annotations"]
        return next(each for each in shown if each["id"] == name)

    def run(self, *command):
        done = CliRunner().invoke(main, [*command, "--corpus", str(self.twin)])
        assert done.exit_code in (0, 1), done.output

    def write(self, path, old, new):
        """Change the bytes of a file of the twin, as a person does in a text editor."""
        file = self.twin / path
        raw = file.read_bytes()
        assert raw.count(old) == 1
        file.write_bytes(raw.replace(old, new))

    def judge(self, *changed):
        """Demand that both say the same, and that no other file or line was touched."""
        saved = read_files(self.root)
        assert saved == read_files(self.twin)
        assert format_corpus(self.root) == {}
        assert {path for path, raw in saved.items() if self.first.get(path) != raw} == set(changed)
        return saved


@pytest.fixture
def twins(tmp_path):
    return Twins(tmp_path)


def gold_of(doc_id):
    return f"annotations/gold/{doc_id}.jsonl"


def keep_lines(before, after):
    """Return how many lines of one file the other one has, byte for byte."""
    return sum(line in after.splitlines() for line in before.splitlines())


# ---------------------------------------------------------------- edits


def test_a_new_annotation_is_the_line_that_format_makes_of_a_draft(twins):
    record = {"type": "mention", "speaker": "ada-quill", "span": {"exact": "The mayor"}}
    done = twins.edit(TALKS, {"put": record})
    path = twins.twin / gold_of(TALKS)
    path.write_bytes(path.read_bytes() + json.dumps(record).encode() + b"\n")
    twins.run("format")
    saved = twins.judge(gold_of(TALKS))
    before = twins.first[gold_of(TALKS)]
    assert keep_lines(before, saved[gold_of(TALKS)]) == len(before.splitlines())
    assert done["undo"] == 1


def test_a_moved_edge_is_the_line_that_format_makes_of_the_words(twins):
    record = twins.find(TALKS, "s-toll")
    words = "She rejected the toll plan"
    start = record["evidence"][0]["start"] - len("She ")
    span = {"start": start, "end": start + len(words), "exact": words}
    twins.edit(TALKS, {"put": {**record, "evidence": [span]}})
    old = b'{"start":147,"end":169,"exact":"rejected the toll plan"}'
    twins.write(gold_of(TALKS), old, b'{"exact": "She rejected the toll plan"}')
    twins.run("format")
    saved = twins.judge(gold_of(TALKS))
    before = twins.first[gold_of(TALKS)]
    assert keep_lines(before, saved[gold_of(TALKS)]) == len(before.splitlines()) - 1


def test_a_link_a_note_and_a_label_are_what_a_text_editor_would_write(twins):
    linked = {**twins.find(TALKS, "q-toll"), "source": "m-quill-2"}
    noted = {**twins.find(TALKS, "s-ferry"), "note": "Sure: “so”.", "polarity": "favor"}
    twins.edit(TALKS, {"put": linked}, {"put": noted})
    path = gold_of(TALKS)
    twins.write(path, b'"source":"m-she"}', b'"source":"m-quill-2"}')
    twins.write(path, b'"quote":"q-ferry"', '"note":"Sure: “so”.","quote":"q-ferry"'.encode())
    twins.write(path, b'"polarity":"neutral"', b'"polarity":"favor"')
    twins.run("format")
    twins.judge(path)


def test_removing_is_what_remove_does(twins):
    twins.edit(BRIEF, {"remove": "m-cafe"})
    twins.run("remove", "annotation", "m-cafe", "--document", BRIEF)
    twins.judge(gold_of(BRIEF))


def test_removing_from_adjudicated_gold_is_what_remove_does(twins):
    twins.edit(TOLL, {"remove": "s-ferry"}, decision=GROUNDS)
    twins.run("remove", "annotation", "s-ferry", "--document", TOLL, *BY)
    twins.judge(gold_of(TOLL), DECIDED)


def test_a_registry_entry_is_what_add_writes(twins):
    twins.session.show_document(BRIEF)
    twins.session.add_entry("speaker", {"name": "Dana Sole", "kind": "person"})
    twins.run("add", "speaker", "dana-sole", "--name", "Dana Sole", "--kind", "person")
    twins.judge("annotations/speakers.jsonl")


def test_undo_leaves_the_first_bytes_after_every_kind_of_edit(twins):
    twins.edit(BRIEF, {"remove": "m-cafe"})
    twins.edit(BRIEF, {"put": {**twins.find(BRIEF, "s-toll"), "note": "Sure."}})
    twins.session.add_entry("topic", {"label": "Dredging", "definition": "The depth."}, BRIEF)
    twins.session.suggest(BRIEF)
    while twins.session.show_document(BRIEF)["undo"]:
        twins.session.undo(BRIEF)
    twins.judge()


# ---------------------------------------------------------------- suggestions


@pytest.fixture
def suggested(twins):
    """Twins with suggestions for a text that has no annotations."""
    for root in (twins.root, twins.twin):
        (root / gold_of(TALKS)).write_bytes(b"")
    twins.session.suggest(TALKS)
    twins.run("add", "suggestions", TALKS)
    twins.first = read_files(twins.root)
    assert twins.first == read_files(twins.twin)
    return twins


def test_accepting_many_is_what_accept_does(suggested):
    shown = suggested.session.show_document(TALKS)["suggestions"]
    names = [each["id"] for each in shown if each["annotation"].get("speaker")]
    assert len(names) > 3
    suggested.edit(TALKS, *[{"accept": name} for name in names])
    suggested.run("accept", *names, "--document", TALKS)
    suggested.judge(gold_of(TALKS), f"annotations/suggestions/{TALKS}.jsonl")


def test_rejecting_is_what_remove_does_with_suggestions(suggested):
    name = suggested.session.show_document(TALKS)["suggestions"][0]["id"]
    suggested.edit(TALKS, {"reject": name})
    suggested.run("remove", "annotation", f"suggestions#{name}", "--document", TALKS)
    suggested.judge(f"annotations/suggestions/{TALKS}.jsonl")


# ---------------------------------------------------------------- decisions and reviews


@pytest.fixture
def undecided(twins):
    for root in (twins.root, twins.twin):
        (root / DECIDED).unlink()
    twins.first = read_files(twins.root)
    return twins


def decide(twins, side):
    desk = Deciding(Session(twins.root, "ann", None, "adjudicate"))
    place = next(each for each in desk.describe()["places"] if "s-iron" in each["refs"])
    desk.decide(TOLL, place["refs"], {"side": side}, "1.1", "It says so.")


def test_deciding_for_gold_is_what_decide_writes(undecided):
    decide(undecided, "gold")
    undecided.run("decide", "s-iron", "--document", TOLL, *BY)
    undecided.judge(DECIDED)


def test_deciding_for_a_layer_is_what_accept_writes(undecided):
    decide(undecided, "ann")
    undecided.run("accept", "ann#s-iron", "--replace", "s-iron", "--document", TOLL, *BY)
    undecided.judge(DECIDED, gold_of(TOLL))


def test_deciding_for_neither_is_a_line_less_and_what_decide_writes(undecided):
    """`remove` would decide only what it opens itself, and leave the rest of the place open."""
    decide(undecided, "neither")
    line = undecided.first[gold_of(TOLL)].splitlines(keepends=True)[0]
    undecided.write(gold_of(TOLL), line, b"")
    undecided.run("decide", "ann#s-iron", "--document", TOLL, *BY)
    undecided.judge(DECIDED, gold_of(TOLL))


def test_a_review_is_a_canonical_line(twins):
    desk = Reviewing(Session(twins.root, "ann", None, "review"), None)
    path = f"annotations/reviews/ann/{TOLL}.jsonl"
    for item in desk.describe()["items"]:
        if item["doc_id"] == TOLL:
            desk.review(TOLL, item["id"], item["hash"], "change", "Too “long”.")
    assert len((twins.root / path).read_bytes().splitlines()) == 3
    shutil.copytree(twins.root / "annotations/reviews", twins.twin / "annotations/reviews")
    twins.run("format")
    twins.judge(path)
