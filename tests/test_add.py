"""New documents, suggestions and entries are canonical and checked; contradictions are refused."""

import json
import re
import shutil

import pytest
from click.testing import CliRunner

from readout.checks import check_corpus
from readout.cli import main
from readout.corpus.read import read_corpus
from readout.corpus.schema import is_valid
from readout.model import Speaker
from readout.workbench.format import format_corpus
from readout.workbench.suggest import suggest

TEXT = """Ferry dispute
Ada Quill said that the ferry “will sail.” Noam Levi (נועם לוי) replied: "Never! Not one." \
<script>alert(1)</script>

“I doubt it 🚢,” Quill told reporters; the cafe\u0301 owners agreed that nothing will change.
"""
DOC_ID = "2030-03-ferry-dispute"


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "ferry-dispute.txt"
    path.write_bytes(TEXT.encode())
    return path


def problems_of(root):
    corpus, problems = read_corpus(root)
    return [
        problem for problem in [*problems, *check_corpus(corpus)] if problem.severity == "error"
    ]


def test_a_document_is_added_with_what_is_known_and_the_rest_unknown(small, text):
    done = run(
        "add", "document", text, "--published", "2030-03-02", "--split", "train", "--corpus", small
    )
    assert done.exit_code == 0, done.output
    assert (small / f"raw/text/{DOC_ID}.txt").read_bytes() == TEXT.encode()
    assert (small / f"annotations/gold/{DOC_ID}.jsonl").read_bytes() == b""
    corpus, _ = read_corpus(small)
    meta = next(document.meta for document in corpus.documents if document.meta.doc_id == DOC_ID)
    assert (meta.event, meta.language, meta.rights, meta.origin) == (
        DOC_ID,
        "en",  # the language of the other documents
        "Unknown.",
        "ferry-dispute.txt",
    )
    assert (meta.published_basis, meta.outlet, meta.outlet_basis) == ("inferred", None, "unknown")
    assert problems_of(small) == []
    assert format_corpus(small) == {}


def test_a_text_about_a_known_event_joins_its_split(small, text):
    event = ("--event", "northport-2030-02")
    outlet = ("--outlet", "northport-courier")
    arguments = ("--doc-id", "2030-03-x", *event, *outlet)
    assert run("add", "document", text, *arguments, "--corpus", small).exit_code == 0
    *_, last = (small / "raw/documents.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(last)["split"] == "test"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give --doc-id"),
        (("--doc-id", "Ferry"), "year, month and a short name"),
        (("--doc-id", "2030-03-x"), "give --split train, validation or test"),
        (
            ("--doc-id", "2030-03-x", "--event", "northport-2030-02", "--split", "train"),
            "are in split 'test'",
        ),
        (("--doc-id", "2030-02-toll-critics", "--split", "train"), "There is already a document"),
        (
            ("--doc-id", "2030-03-x", "--split", "train", "--outlet", "northport-courrier"),
            "did you mean",
        ),
        (
            ("--doc-id", "2030-03-x", "--split", "train", "--outlet", "ada-quill"),
            "Expected kind 'outlet'",
        ),
        (("--doc-id", "2030-03-x", "--split", "train", "--published", "March"), "a day, such as"),
        (("--doc-id", "2030-03-x", "--split", "training"), "is not one of"),
    ],
)
def test_what_clashes_is_refused_and_nothing_is_written(small, text, arguments, said):
    before = {path: path.read_bytes() for path in small.rglob("*") if path.is_file()}
    done = run("add", "document", text, *arguments, "--corpus", small)
    assert done.exit_code == 2
    assert said in done.stderr
    assert {path: path.read_bytes() for path in small.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"caf\xe9", "is not UTF-8"),
        (b"\xef\xbb\xbftext", "byte order mark"),
        (b" \n", "contains no text"),
        ("same", "already in the corpus, as '2030-02-toll-critics'"),
    ],
)
def test_a_text_that_cannot_be_taken_is_refused(small, text, raw, said):
    text.write_bytes(
        (small / "raw/text/2030-02-toll-critics.txt").read_bytes() if raw == "same" else raw
    )
    done = run(
        "add", "document", text, "--doc-id", "2030-03-x", "--split", "train", "--corpus", small
    )
    assert done.exit_code == 2
    assert said in done.stderr


# ---------------------------------------------------------------- suggestions


def read_suggestions(root):
    path = root / f"annotations/suggestions/{DOC_ID}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def added(small, text):
    run("add", "document", text, "--doc-id", DOC_ID, "--split", "train", "--corpus", small)
    return small


def test_suggestions_find_names_quotations_and_clauses(added):
    found = [each["annotation"] for each in read_suggestions(added)]
    mentions = [
        (each["span"]["exact"], each["speaker"]) for each in found if each["type"] == "mention"
    ]
    assert mentions == [
        ("Ada Quill", "ada-quill"),
        ("Noam Levi", "noam-levi"),
        ("נועם לוי", "noam-levi"),
        ("Quill", "ada-quill"),
    ]
    quotes = [
        (each["form"], each["content"][0]["exact"], each["cue"][0]["exact"], each.get("speaker"))
        for each in found
        if each["type"] == "quote"
    ]
    assert quotes == [
        ("mixed", "the ferry “will sail.”", "said", "ada-quill"),
        ("direct", '"Never! Not one."', "replied", "noam-levi"),
        ("direct", "“I doubt it 🚢,”", "told", "ada-quill"),
        ("indirect", "nothing will change", "agreed", "ada-quill"),
    ]


def test_suggestions_cannot_enter_gold_unreviewed(added):
    suggestions = read_suggestions(added)
    assert suggestions
    assert all(
        is_valid("suggestion", each) and not is_valid("annotation", each) for each in suggestions
    )
    gold = added / f"annotations/gold/{DOC_ID}.jsonl"
    shutil.copyfile(added / f"annotations/suggestions/{DOC_ID}.jsonl", gold)
    assert {problem.code for problem in problems_of(added)} == {"schema"}
    assert run("build", added).exit_code == 1


def set_partial(root):
    """Say in the metadata that a document is annotated in part."""
    path = root / "raw/documents.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"annotated":"none"', b'"annotated":"partial"'))


def test_a_suggestion_is_taken_over_by_copying_what_is_inside(added):
    set_partial(added)
    lines = [json.dumps(each["annotation"], ensure_ascii=False) for each in read_suggestions(added)]
    (added / f"annotations/gold/{DOC_ID}.jsonl").write_text(
        "\n".join(lines), encoding="utf-8", newline="\n"
    )
    assert run("format", added).exit_code == 0
    assert problems_of(added) == []
    assert run("build", added).exit_code == 0


def test_suggestions_are_made_anew(added):
    path = added / f"annotations/suggestions/{DOC_ID}.jsonl"
    before = path.read_bytes()
    path.unlink()
    assert run("add", "suggestions", DOC_ID, "--corpus", added).exit_code == 0
    assert path.read_bytes() == before
    assert (
        "Did you mean"
        in run("add", "suggestions", "2030-03-fery-dispute", "--corpus", added).stderr
    )


def test_an_ambiguous_name_gets_no_speaker():
    speakers = [
        Speaker(speaker_id=name, name=name, kind="group", aliases=("the two",))
        for name in ("a-b", "a-c")
    ]
    (suggestion,) = suggest("Then the two left.", speakers, "en")
    assert "speaker" not in suggestion.annotation
    assert "a-b, a-c" in suggestion.reason


def test_most_quotations_of_the_real_corpus_are_suggested(real):
    corpus, _ = real
    gold, found = set(), set()
    for document in corpus.documents:
        gold |= {
            (document.meta.doc_id, span.start)
            for record in document.gold.records
            if type(record).__name__ == "Quote" and record.form == "direct"
            for span in record.content
        }
        for each in suggest(document.text, corpus.registries.speakers.values(), "en"):
            found |= {
                (document.meta.doc_id, span["start"]) for span in each.annotation.get("content", ())
            }
    assert len(gold & found) >= 0.8 * len(gold)


# ---------------------------------------------------------------- registries


def test_entries_are_added_in_canonical_form(small):
    speaker = ("speaker", "bea-moss", "--name", "Bea Moss", "--kind", "person")
    topic = ["topic", "bridges", "--label", "B", "--definition", "D", "--parent", "toll"]
    target = ["target", "new-bridge", "--label", "L", "--proposition", "P.", "--topic", "toll"]
    meanings = ("--favor-means", "f", "--against-means", "a")
    for arguments in (speaker, topic, [*target, *meanings]):
        done = run("add", *arguments, "--corpus", small)
        assert done.exit_code == 0, done.output

    corpus, _ = read_corpus(small)
    assert "bea-moss" in corpus.registries.speakers
    assert corpus.registries.targets["new-bridge"].topics == ("toll",)
    assert problems_of(small) == []
    assert format_corpus(small) == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("speaker", "ada-quill", "--name", "X", "--kind", "person"),
            "already a speaker 'ada-quill', on line 1",
        ),
        (
            ("speaker", "quill", "--name", "Ada Quill", "--kind", "person"),
            "already belongs to the speaker 'ada-quill'",
        ),
        (("speaker", "Ada Moss", "--name", "Ada Moss", "--kind", "person"), "Write 'ada-moss'"),
        (("speaker", "x", "--name", "X", "--kind", "human"), "is not one of"),
        (("speaker", "x", "--kind", "person"), "Missing option '--name'"),
        (
            ("speaker", "x", "--name", "X", "--kind", "group", "--member", "ada-quil"),
            "did you mean 'ada-quill'",
        ),
        (
            ("topic", "x", "--label", "X", "--definition", "D", "--parent", "y"),
            "not among the topics",
        ),
    ],
)
def test_entries_that_clash_are_refused(small, arguments, said):
    done = run("add", *arguments, "--corpus", small)
    assert done.exit_code == 2
    assert said in done.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("speaker", ("--name", "N", "--kind", "person")),
        ("topic", ("--label", "L", "--definition", "D")),
        (
            "target",
            (
                *("--label", "L", "--proposition", "P.", "--topic", "toll"),
                *("--favor-means", "f", "--against-means", "a"),
            ),
        ),
    ],
)
@pytest.mark.parametrize("name", ["Zoë Moß 2", "new_bridge", "New.Bridge!", "-x-"])
def test_the_id_that_a_refusal_proposes_is_taken(small, kind, options, name):
    done = run("add", kind, "--corpus", small, *options, "--", name)
    assert done.exit_code == 2
    proposed = re.search("Write '(.*?)'", done.stderr.replace("\n", " "))[1]
    done = run("add", kind, "--corpus", small, *options, "--", proposed)
    assert done.exit_code == 0, done.output
    assert problems_of(small) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--published", "2030-3-1"), "'2030-3-1' for 'published'"),
        (("--published", "2030-02-30"), "no day '2030-02-30'"),
        (("--published", "2030-03-01", "--doc-id", "2030-05-x"), "begins with '2030-05'"),
        (("--doc-id", "2030-05-x", "--title", " "), "' ' for 'title'"),
        (("--doc-id", "2030-05-x", "--outlet", "new-paper"), "`readout add speaker`"),
    ],
)
def test_an_addition_that_check_would_reject_is_refused(small, text, arguments, said):
    done = run("add", "document", text, "--split", "train", *arguments, "--corpus", small)
    assert done.exit_code == 2
    assert said in done.stderr.replace("\n", " ")
    assert problems_of(small) == []


def test_a_topic_is_not_its_own_parent(small):
    options = ("--label", "L", "--definition", "D", "--parent", "x")
    done = run("add", "topic", "x", *options, "--corpus", small)
    assert done.exit_code == 2
    assert problems_of(small) == []


def test_every_addition_has_help():
    for name in ("document", "suggestions", "speaker", "topic", "target", "annotator"):
        done = run("add", name, "--help")
        assert done.exit_code == 0
        assert name in done.stdout


# ---------------------------------------------------------------- every script and sign


def test_hostile_text_passes_through_every_command(added, tmp_path):
    """Emoji, combining marks, Hebrew and markup: offsets stay right, and no command fails."""
    set_partial(added)
    gold, raw = added / f"annotations/gold/{DOC_ID}.jsonl", added / f"raw/text/{DOC_ID}.txt"
    lines = [json.dumps(each["annotation"], ensure_ascii=False) for each in read_suggestions(added)]
    script = {"exact": "<script>alert(1)</script>"}
    boilerplate = {"type": "boilerplate", "kind": "script", "span": script, "note": "<b>x</b>"}
    lines.append(json.dumps(boilerplate))
    gold.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    (added / "DATACARD.md").write_text(
        "# Card\n\n<!-- generated: documents -->\n<!-- end: documents -->\n",
        encoding="utf-8",
        newline="\n",
    )
    shutil.copyfile(raw, tmp_path / "old.txt")
    raw.write_bytes(TEXT.replace("Ferry dispute", "🚢 عبّارة – Ferry dispute").encode())
    for arguments in (
        ("reanchor", added, "--old", tmp_path / "old.txt", "--document", DOC_ID),
        ("format", added),
        *(("check", added, "--format", output) for output in ("text", "json", "github", "sarif")),
        ("stats", added),
        ("bench", "items", added, "--freeze"),
        ("build", added),
        ("agree", added, "--html", tmp_path / "agree.html"),
    ):
        done = run(*arguments)
        assert done.exit_code == 0, (arguments, done.output, done.exception)
    assert problems_of(added) == []
    assert len(gold.read_text(encoding="utf-8").splitlines()) == len(lines)


def test_what_is_there_is_neither_overwritten_nor_built_upon(small, text):
    (small / f"annotations/gold/{DOC_ID}.jsonl").write_bytes(b"{}\n")
    done = run(
        "add", "document", text, "--published", "2030-03-02", "--split", "train", "--corpus", small
    )
    assert (done.exit_code, "exists already" in done.stderr) == (2, True)
    assert not (small / f"raw/text/{DOC_ID}.txt").exists()

    (small / "annotations/speakers.jsonl").write_bytes(b"[]\n")
    before = {path: path.read_bytes() for path in small.rglob("*.jsonl")}
    done = run(
        "add",
        "speaker",
        "port-union",
        "--name",
        "Port union",
        "--kind",
        "organisation",
        "--corpus",
        small,
    )
    assert (done.exit_code, "has a problem" in done.stderr) == (2, True)
    assert before == {path: path.read_bytes() for path in small.rglob("*.jsonl")}
