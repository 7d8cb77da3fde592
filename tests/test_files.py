"""Files of a corpus are written all or none, and only over bytes that the writer has read."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from readout.cli import main
from readout.corpus.files import (
    PENDING,
    Change,
    ChangedMeanwhileError,
    check_name,
    find_place,
    locked_file,
    locked_folder,
    recover_corpus,
    write_files,
)
from readout.corpus.outputs import TargetFacts, find_refusal, write_page
from readout.problem import RefusedError
from readout.workbench import format as formatting

GOLD = "annotations/gold/2030-02-toll-critics.jsonl"
TOPICS = "annotations/topics.jsonl"


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# ---------------------------------------------------------------- conflicts


@pytest.mark.parametrize("old", [None, b"another"])
def test_a_file_that_changed_is_not_overwritten(tmp_path, old):
    (tmp_path / "b").write_bytes(b"mine")
    changes = {"a": Change(None, b"new"), "b": Change(old, b"new")}
    with pytest.raises(ChangedMeanwhileError):
        write_files(tmp_path, changes)
    assert names(tmp_path) == ["b"]
    assert (tmp_path / "b").read_bytes() == b"mine"


def test_a_line_that_is_appended_while_format_runs_is_kept(small, monkeypatch):
    path = small / TOPICS
    path.write_bytes(path.read_bytes().replace(b'":"', b'": "'))
    format_corpus = formatting.format_corpus

    def edit_meanwhile(root):
        done = format_corpus(root)
        path.write_bytes(path.read_bytes() + b'{"appended": true}\n')
        return done

    monkeypatch.setattr(formatting, "format_corpus", edit_meanwhile)
    done = run("format", small)
    assert done.exit_code == 2
    assert path.read_bytes().endswith(b'{"appended": true}\n')


# ---------------------------------------------------------------- places


@pytest.mark.parametrize(
    "path", ["../x", "/x", "a/../b", "a//b", "", "a\\b", "a/con", "NUL.txt", "a\nb", f"{PENDING}/0"]
)
def test_unsafe_paths_are_refused(tmp_path, path):
    with pytest.raises(RefusedError):
        find_place(tmp_path, path)


@pytest.mark.parametrize("name", ["gold", "../../evil", "a/b", "nul", "com1", "", "Ann", "-a"])
def test_unsafe_names_are_refused(name):
    with pytest.raises(RefusedError):
        check_name("annotator", name)


@pytest.mark.parametrize("name", ["../../../evil", "gold", "x=../evil"])
def test_no_annotator_leads_out_of_a_corpus(small, tmp_path, name):
    before = set(tmp_path.rglob("*"))
    source = Path(__file__).parent / "foreign" / "semeval"
    command = ["import", "semeval", source, "--corpus", small, "--annotator"]
    assert run(*command, name).exit_code == 2
    assert set(tmp_path.rglob("*")) == before
    assert run(*command, "crowd").exit_code == 0


def test_gold_is_no_annotator(small):
    fields = ["--kind", "human", "--name", "N.", "--guidelines-version", "1", "--saw", "nothing"]
    done = run("add", "annotator", "--corpus", small, "gold", *fields)
    assert (done.exit_code, "'gold'" in done.stderr) == (2, True)
    assert run("add", "annotator", "--corpus", small, "silver", *fields).exit_code == 0


@pytest.mark.posix
def test_links_inside_are_written_through_and_modes_are_kept(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "file").chmod(0o600)
    (tmp_path / "link").symlink_to("file")
    write_files(tmp_path, {"link": Change(b"old", b"new")})
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


@pytest.mark.posix
def test_links_out_and_read_only_files_are_refused(tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    (tmp_path / "outside").write_bytes(b"old")
    (root / "link").symlink_to("../outside")
    (root / "locked").write_bytes(b"old")
    (root / "locked").chmod(0o444)
    for name in ("link", "locked"):
        with pytest.raises(RefusedError):
            write_files(root, {name: Change(b"old", b"new")})
    assert (tmp_path / "outside").read_bytes() == (root / "locked").read_bytes() == b"old"


# ---------------------------------------------------------------- after a kill


def journal(root, steps, **prepared):
    (root / PENDING).mkdir()
    (root / PENDING / "journal.json").write_text(json.dumps(steps), encoding="utf-8")
    for name, text in prepared.items():
        (root / PENDING / name.lstrip("_")).write_text(text, encoding="utf-8")


def test_what_was_only_prepared_is_removed(tmp_path):
    (tmp_path / PENDING).mkdir()
    (tmp_path / PENDING / "0").write_bytes(b"half")
    recover_corpus(tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("path", ["../evil", "/evil", ".git/config"])
def test_a_planted_journal_leads_nowhere(tmp_path, path):
    root = tmp_path / "corpus"
    (root / ".git").mkdir(parents=True)
    journal(root, [[path, None, "0" * 64]], _0="evil")
    with pytest.raises(RefusedError):
        recover_corpus(root)
    assert names(tmp_path) == ["corpus"]
    assert names(root / ".git") == []


@pytest.mark.parametrize("name", ["letter.txt", "0/letter.txt"])
def test_a_folder_that_is_not_ours_is_left_alone(tmp_path, name):
    file = tmp_path / PENDING / name
    file.parent.mkdir(parents=True)
    file.write_bytes(b"Dear")
    with pytest.raises(RefusedError):
        write_files(tmp_path, {"a": Change(None, b"new")})
    assert file.read_bytes() == b"Dear"
    assert names(tmp_path) == [PENDING]


# ---------------------------------------------------------------- locks


@pytest.mark.posix
def test_a_planted_lock_is_refused(tmp_path):
    (tmp_path / "letter").write_bytes(b"Dear")
    (tmp_path / "link").symlink_to("letter")
    for name in ("letter", "link"):
        with pytest.raises(RefusedError), locked_file(tmp_path / name):
            pass
    assert (tmp_path / "letter").read_bytes() == b"Dear"


def test_a_lock_of_a_corpus_leaves_nothing(tmp_path):
    with locked_folder(tmp_path):
        pass
    assert names(tmp_path) in ([], [".readout.lock"] if os.name == "nt" else [])


# ---------------------------------------------------------------- the guard

OUT = Path("/srv/data/out")
FACTS = TargetFacts(OUT, "folder", Path("/srv/work"), Path("/srv/home"), command="build")


@pytest.mark.parametrize(
    "facts",
    [
        FACTS._replace(kind="link"),
        FACTS._replace(kind="other"),
        FACTS._replace(target=Path("/")),
        FACTS._replace(current=OUT),
        FACTS._replace(current=OUT / "within"),
        FACTS._replace(target=Path("/srv")),
        FACTS._replace(home=OUT),
        FACTS._replace(home=OUT / "within"),
        FACTS._replace(is_corpus=True),
        FACTS._replace(is_repository=True),
        FACTS._replace(is_writable=False),
        FACTS._replace(inside="/srv/data/raw", kind="missing"),
        FACTS._replace(strangers=("letter.txt",)),
        FACTS._replace(strangers=("letter.txt",), command=None),
    ],
)
def test_the_guard_refuses(facts):
    assert find_refusal("build", facts)


@pytest.mark.parametrize("kind", ["folder", "missing"])
def test_the_guard_lets_own_and_new_folders_be_written(kind):
    assert find_refusal("build", FACTS._replace(kind=kind)) is None


def test_a_refusal_names_the_first_files_and_how_many_more():
    strangers = tuple(f"letter-{number}" for number in range(8))
    refusal = find_refusal("build", FACTS._replace(strangers=strangers)) or ""
    assert "letter-4" in refusal
    assert "letter-5" not in refusal
    assert "3 more" in refusal


# ---------------------------------------------------------------- pages


def test_a_page_replaces_only_an_unchanged_page_of_its_command(tmp_path):
    page = tmp_path / "page.html"
    write_page(page, "<p>one</p>", "diff")
    write_page(page, "<p>two</p>", "diff")
    assert page.read_bytes().startswith(b"<p>two</p>")
    with pytest.raises(RefusedError):
        write_page(page, "<p>three</p>", "agree")
    page.write_bytes(page.read_bytes().replace(b"two", b"mine"))
    edited = page.read_bytes()
    with pytest.raises(RefusedError):
        write_page(page, "<p>three</p>", "diff")
    assert page.read_bytes() == edited
    assert names(tmp_path) == ["page.html"]


# ---------------------------------------------------------------- commands


def test_format_never_settles_a_duplicate_key(small):
    path = small / GOLD
    lines = path.read_bytes().splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if b'"polarity":"' in line)
    note = '"note":"cafe\u0301",'.encode()
    twice = b'{"polarity":"against",' + note + lines[place][1:]
    path.write_bytes(b"".join([*lines[:place], twice, *lines[place + 1 :]]))
    before = path.read_bytes()
    done = run("format", small)
    assert done.exit_code == 1
    assert "duplicate-key" in done.output
    assert path.read_bytes() == before


def test_reanchor_drops_no_line_that_cannot_be_read(small):
    text = small / "raw/text/2030-02-toll-critics.txt"
    old = small.parent / "old.txt"
    old.write_bytes(text.read_bytes())
    text.write_bytes(b"Corrected. " + text.read_bytes())
    index = small / "raw/documents.jsonl"
    index.write_bytes(index.read_bytes() + b'{"doc_id": half\n')
    before = {path: path.read_bytes() for path in small.rglob("*") if path.is_file()}
    done = run("reanchor", small, "--old", old, "--document", "2030-02-toll-critics")
    assert done.exit_code == 2
    assert {path: path.read_bytes() for path in small.rglob("*") if path.is_file()} == before


def test_an_export_over_an_edited_file_is_refused(small, tmp_path):
    out = tmp_path / "out"
    assert run("export", "brat", "--corpus", small, "--output", out).exit_code == 0
    assert run("export", "brat", "--corpus", small, "--output", out).exit_code == 0
    victim = next(out.glob("*.ann"))
    victim.write_bytes(victim.read_bytes() + b"#1\tmine\n")
    edited = victim.read_bytes()
    done = run("export", "brat", "--corpus", small, "--output", out)
    assert (done.exit_code, victim.name in done.stderr) == (2, True)
    assert victim.read_bytes() == edited
