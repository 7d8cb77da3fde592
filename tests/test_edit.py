"""Renaming and removing reach every place that names something, and leave nothing dangling."""

import pytest
from click.testing import CliRunner
from conftest import CORPUS

from readout.checks.folder import check_documents
from readout.cli import main
from readout.problem import is_failure

TALKS = "2030-01-harbour-talks"
CRITICS = "2030-02-toll-critics"
GOLD = f"annotations/gold/{TALKS}.jsonl"


def run(root, *arguments):
    return CliRunner().invoke(main, [*map(str, arguments), "--corpus", str(root)])


def scan(root):
    """Return the content of every file of a corpus by path, and the path of every folder."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
    }


def has_errors(root):
    return is_failure(check_documents(root))


RENAMED = [
    ("speaker", "ada-quill", "ada"),
    ("speaker", "northport-courier", "courier"),
    ("topic", "harbour", "port"),
    ("target", "toll-plan", "zoll"),
    ("annotator", "ann", "zoe"),
    ("annotator", "ben", "b"),
    ("document", TALKS, "2030-01-talks"),
    ("document", CRITICS, "2030-03-critics"),
]


@pytest.mark.parametrize(("kind", "old", "new"), RENAMED)
def test_to_rename_there_and_back_is_identity(small, kind, old, new):
    before = scan(small)
    done = run(small, "rename", kind, old, new)
    assert done.exit_code == 0, done.output
    assert not has_errors(small)
    after = scan(small)
    for path, content in after.items():
        assert f"/{old}." not in path
        assert path.startswith("raw/text/") or f'"{old}"'.encode() not in (content or b"")
    assert run(small, "rename", kind, new, old).exit_code == 0
    assert scan(small) == before


@pytest.mark.parametrize(
    ("ref", "new", "doc_id"),
    [
        ("m-she", "m-her", TALKS),
        ("q-recalled", "q-x", TALKS),
        ("s-iron", "s-x", CRITICS),
        ("ann#s-iron", "s-x", CRITICS),
        ("ann#m-levi", "m-x", CRITICS),
    ],
)
def test_to_rename_an_annotation_there_and_back_is_identity(small, ref, new, doc_id):
    before = scan(small)
    mark = ref.rpartition("#")
    renamed = f"{mark[0]}{mark[1]}{new}"
    done = run(small, "rename", "annotation", ref, new, "--document", doc_id)
    assert done.exit_code == 0, done.output
    assert scan(small) != before
    assert check_documents(small) == check_documents(CORPUS)
    run(small, "rename", "annotation", renamed, mark[2], "--document", doc_id)
    assert scan(small) == before


@pytest.mark.parametrize("new", ["m-she-2", "Her", "q-toll"])
def test_an_annotation_gets_no_id_that_is_taken_or_none(small, new):
    before = scan(small)
    done = run(small, "rename", "annotation", "m-she", new, "--document", TALKS)
    assert done.exit_code == 2
    assert scan(small) == before


def test_many_layers_lose_what_named_a_removed_annotation(small):
    """Quotes keep their words without a source; stances keep their evidence without a quote."""
    done = run(small, "remove", "annotation", "m-she", "q-toll", "--document", TALKS)
    assert done.exit_code == 0, done.output
    assert b"q-toll" not in (small / GOLD).read_bytes()
    assert b'"m-she"' not in (small / GOLD).read_bytes()
    assert not has_errors(small)


@pytest.mark.parametrize(
    ("kind", "old", "new", "said"),
    [
        ("speaker", "ada-quil", "ada", "ada-quill"),
        ("speaker", "ada-quill", "noam-levi", "already"),
        ("topic", "toll", "Toll", "lower-case"),
        ("annotator", "ann", "gold", "reserved"),
        ("document", TALKS, CRITICS, "already"),
        ("document", TALKS, "talks", "year, month"),
        ("document", TALKS, "2031-01-talks", "2030-01"),
    ],
)
def test_a_rename_that_cannot_be_is_refused(small, kind, old, new, said):
    before = scan(small)
    done = run(small, "rename", kind, old, new)
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr
    assert scan(small) == before


def test_a_file_that_cannot_be_read_is_not_rewritten(small):
    with (small / GOLD).open("ab") as file:
        file.write(b'{"speaker":"ada-quill",\n')
    before = scan(small)
    done = run(small, "rename", "speaker", "ada-quill", "ada")
    assert (done.exit_code, GOLD in done.stderr) == (2, True)
    assert scan(small) == before


def test_names_in_drafts_suggestions_and_unplaced_annotations_are_renamed(small):
    draft = b'{"type":"mention","speaker":"ada-quill","span":{"exact":"Ada Quill"}}\n'
    suggestion = b'{"type":"suggestion","annotation":{"type":"mention","id":"m-x","speaker":'
    suggestion += b'"ada-quill","span":{"start":77,"end":86,"exact":"Ada Quill"}},'
    suggestion += b'"reason":"A name."}\n'
    files = {
        f"annotations/by/ann/{TALKS}.jsonl": draft,
        f"annotations/suggestions/{TALKS}.jsonl": suggestion,
        f"annotations/unplaced/by/ann/{TALKS}.jsonl": draft,
    }
    for path, content in files.items():
        (small / path).parent.mkdir(parents=True, exist_ok=True)
        (small / path).write_bytes(content)
    run(small, "rename", "speaker", "ada-quill", "ada")
    for path, content in files.items():
        assert (small / path).read_bytes() == content.replace(b'"ada-quill"', b'"ada"')


def test_a_rename_says_where_prose_has_the_old_id(small):
    guidelines = small / "annotations/GUIDELINES.md"
    before = guidelines.read_bytes() + b"\nTake `toll-plan`.\nTake toll-plans.\n"
    guidelines.write_bytes(before)
    done = run(small, "rename", "target", "toll-plan", "new-toll")
    line = before.decode().splitlines().index("Take `toll-plan`.") + 1
    assert f"annotations/GUIDELINES.md:{line}" in done.stdout
    assert f"annotations/GUIDELINES.md:{line + 1}" not in done.stdout
    assert guidelines.read_bytes() == before


# ---------------------------------------------------------------- remove


def test_an_entry_in_use_is_not_removed(small):
    before = scan(small)
    for kind, name in (("speaker", "ada-quill"), ("topic", "harbour"), ("annotator", "ben")):
        done = run(small, "remove", kind, name)
        assert done.exit_code == 2
        assert "annotations/" in done.stderr
    assert scan(small) == before


def test_unused_entries_are_removed(small):
    before = scan(small)
    for name in ("dredging", "dredging-costs"):
        run(small, "add", "topic", name, "--label", name, "--definition", "The depth.")
    with_both = scan(small)
    assert run(small, "remove", "topic", "dredging", "dredgin").exit_code == 2
    assert scan(small) == with_both
    done = run(small, "remove", "topic", "dredging", "dredging-costs")
    assert done.exit_code == 0, done.output
    assert scan(small) == before


def test_entries_that_name_each_other_are_removed_together(small):
    before = scan(small)
    run(small, "add", "topic", "dredging", "--label", "D", "--definition", "The depth.")
    costs = ["costs", "--label", "C", "--definition", "Costs.", "--parent", "dredging"]
    run(small, "add", "topic", *costs)
    assert run(small, "remove", "topic", "dredging").exit_code == 2
    assert run(small, "remove", "topic", "dredging", "costs").exit_code == 0
    assert scan(small) == before


DECISIONS = f"annotations/adjudication/{CRITICS}.jsonl"


def test_a_decision_is_removed_whole_or_in_part(small):
    before = (small / DECISIONS).read_bytes()
    done = run(small, "remove", "decision", "d-iron", "--about", "ann#s-iron")
    assert (done.exit_code, "readout decide ann#s-iron" in done.stdout) == (1, True), done.output
    assert (small / DECISIONS).read_bytes() == before.replace(b',"ann#s-iron"', b"")

    run(small, "remove", "decision", "d-iron", "--document", CRITICS, "--about", "s-iron")
    assert b"d-iron" not in (small / DECISIONS).read_bytes()
    run(small, "remove", "decision", "d-ferry")
    assert (small / DECISIONS).read_bytes() == b""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["d-irn"], "'d-iron'"),
        (["d-iron", "--about", "ann#s-irn"], "'ann#s-iron'"),
        (["d-iron", "--document", TALKS], "no decision"),
    ],
)
def test_a_decision_that_is_not_there_is_not_removed(small, arguments, said):
    before = scan(small)
    done = run(small, "remove", "decision", *arguments)
    assert (done.exit_code, said in done.stderr) == (2, True), done.output
    assert scan(small) == before


def test_a_document_goes_with_everything_about_it(small, tmp_path):
    before = scan(small)
    text = tmp_path / "new.txt"
    text.write_text("Ada Quill said “no.”", encoding="utf-8")
    run(small, "add", "document", text, "--doc-id", "2030-05-new", "--split", "train")
    for folder in ("by/ann", "adjudication", "unplaced/gold", "unplaced/by/ann", "reviews/ben"):
        path = small / f"annotations/{folder}/2030-05-new.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    done = run(small, "remove", "document", "2030-05-new")
    assert done.exit_code == 0, done.output
    after = {path: content for path, content in scan(small).items() if content is not None}
    assert after == {path: content for path, content in before.items() if content is not None}


def test_a_refusal_is_made_of_whole_sentences(small):
    done = run(small, "rename", "annotator", "ann", "ben")
    assert "The annotator 'ben' exists already. Choose another id." in done.stderr
    done = run(small, "remove", "speaker", "nobody")
    assert "There is no speaker 'nobody'. Use one of" in done.stderr
