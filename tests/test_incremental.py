"""Checks and builds redo what changed since the last run, and nothing else."""

import json
import os
from itertools import combinations

import pytest
from cases import judge_by_rules_alone
from generated import OLD, SMALL, change, make_corpus
from msgspec.structs import replace
from test_build import snapshot

from readout.checks.folder import CHECKED, check_folder
from readout.corpus.read import ADJUDICATION, SUGGESTIONS
from readout.dataset.build import build_hub
from readout.problem import RefusedError, is_failure
from readout.scale.cache import Cache, Snapshot

VERIFY = replace(SMALL, verify=True)


def test_only_the_changed_shard_is_compiled(generated, tmp_path, compiled):
    hub = tmp_path / "hub"
    build_hub(generated, hub, SMALL)
    every = list(compiled)
    assert len(every) == len(set(every)) > 5
    compiled.clear()
    built = build_hub(generated, hub, SMALL)
    assert compiled == []
    assert built.infos
    change(generated)
    build_hub(generated, hub, SMALL)
    assert len(compiled) == 1
    build_hub(generated, tmp_path / "fresh", SMALL)
    assert snapshot(hub) == snapshot(tmp_path / "fresh")


def test_only_the_changed_shard_is_checked(generated, compiled):
    first = check_folder(generated, SMALL)
    compiled.clear()
    assert check_folder(generated, SMALL) == first
    assert compiled == []
    change(generated, 1)
    check_folder(generated, SMALL)
    assert len(compiled) == 1
    (generated / CHECKED).write_bytes(b"{")
    (generated / f"{CHECKED}-shards").write_bytes(b"\xff")
    check_folder(generated, SMALL)
    assert len(compiled) > 5


def test_bytes_of_new_files_are_compared(generated, tmp_path, compiled):
    """A file that changed just now may change again without a new time."""
    new = replace(SMALL, slack=1e6)
    build_hub(generated, tmp_path / "hub", new)
    compiled.clear()
    build_hub(generated, tmp_path / "hub", new)
    assert compiled == []
    change(generated, 2)
    build_hub(generated, tmp_path / "hub", new)
    assert len(compiled) == 1


def write(root, path, raw=b"{}\n"):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(raw)


def replace_folder_by_file(root):
    (root / "annotations/gold/was-folder").rmdir()
    write(root, "annotations/gold/was-folder")


def add_suggestion(root, doc_id):
    """Suggest words that no text has."""
    span = {"start": 0, "end": 4, "exact": "zzzz"}
    mention = {"type": "mention", "id": "m-x", "span": span}
    line = json.dumps({"type": "suggestion", "annotation": mention, "reason": "Why."})
    write(root, f"{SUGGESTIONS}/{doc_id}.jsonl", f"{line}\n".encode())


BY = "annotations/by/somebody"
CHANGES = {
    "an unplaced annotation": lambda root: write(root, "annotations/unplaced/by/ann/astray.jsonl"),
    "another one": lambda root: write(root, "annotations/unplaced/gold/before.jsonl", b"{}\n{}\n"),
    "a folder among the texts": lambda root: (root / "raw/text/folder").mkdir(),
    "a folder among the layers": lambda root: (root / "annotations/gold/folder").mkdir(),
    "a folder of an annotator": lambda root: (root / BY).mkdir(parents=True),
    "a layer of an annotator": lambda root: write(root, f"{BY}/astray.jsonl"),
    "a file beside the annotators": lambda root: write(root, "annotations/by/astray.jsonl"),
    "a layer of no document": lambda root: write(root, "annotations/gold/astray.jsonl"),
    "an adjudication of no document": lambda root: write(root, f"{ADJUDICATION}/astray.jsonl"),
    "suggestions": lambda root: add_suggestion(root, next((root / "raw/text").iterdir()).stem),
    "suggestions of no document": lambda root: add_suggestion(root, "astray"),
    "a missing text": lambda root: next((root / "raw/text").iterdir()).unlink(),
    "a file in place of a folder": replace_folder_by_file,
    "a registry": lambda root: write(root, "annotations/targets.jsonl"),
    "topic codes": lambda root: write(root, "annotations/topics.jsonl"),
    "guidelines": lambda root: (root / "annotations/GUIDELINES.md").mkdir(),
    "metadata": lambda root: write(root, "raw/documents.jsonl"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_check_sees_every_change_of_the_files_that_it_reads(name, tmp_path):
    root = make_corpus(tmp_path, 12)
    write(root, "annotations/unplaced/gold/before.jsonl")
    (root / "annotations/gold/was-folder").mkdir()
    before = check_folder(root, SMALL)
    assert check_folder(root, SMALL) == before
    CHANGES[name](root)
    _, expected = judge_by_rules_alone(root)
    assert list(check_folder(root, SMALL).problems) == expected


@pytest.mark.posix
def test_a_broken_link_hides_no_change(generated, tmp_path, compiled):
    for folder in ("raw/text", "annotations/gold"):
        (generated / folder / "astray").symlink_to("nowhere")
    build_hub(generated, tmp_path / "hub", SMALL)
    compiled.clear()
    change(generated, 4)
    build_hub(generated, tmp_path / "hub", SMALL)
    assert len(compiled) == 1


@pytest.mark.posix
def test_linked_folders_are_checked_but_not_followed_further(tmp_path):
    root = make_corpus(tmp_path / "corpus", 12)
    (root / "raw/text").rename(root / "elsewhere")
    (root / "raw/text").symlink_to(root / "elsewhere")
    (root / "annotations/gold/loop").symlink_to(tmp_path)
    folders = Snapshot(root, slack=-1e9).folders
    assert not [folder for folder in folders if "loop" in folder]
    before = check_folder(root, SMALL)
    assert check_folder(root, SMALL) == before
    text = next((root / "elsewhere").iterdir())
    text.write_bytes(text.read_bytes() + b"\n")
    codes = {problem.code for problem in check_folder(root, SMALL).problems}
    assert "checksum" in codes


@pytest.mark.posix
def test_a_link_that_is_led_outside_is_seen(tmp_path):
    """The files are the same, so only the place tells that they are no longer in the corpus."""
    root = make_corpus(tmp_path / "corpus", 12)
    (root / "raw/text").rename(root / "elsewhere")
    (root / "raw/text").symlink_to(root / "elsewhere")
    assert "outside-link" not in {problem.code for problem in check_folder(root, SMALL).problems}
    (root / "elsewhere").rename(tmp_path / "outside")
    (root / "raw/text").unlink()
    (root / "raw/text").symlink_to(tmp_path / "outside")
    assert "outside-link" in {problem.code for problem in check_folder(root, SMALL).problems}


STATES = {
    "absent": lambda path: None,
    "empty": lambda path: path.write_bytes(b""),
    "a folder": lambda path: path.mkdir(),
    "a link to outside": lambda path: path.symlink_to("/etc/hosts"),
}


@pytest.mark.posix
@pytest.mark.parametrize(
    "folder",
    [
        "annotations/gold",
        pytest.param("annotations/by/generator", marks=pytest.mark.slow),
        ADJUDICATION,
    ],
)
def test_files_without_bytes_are_told_apart(folder, tmp_path):
    """By bytes alone they would look alike; every state follows every other."""
    root = make_corpus(tmp_path, 12)
    doc_id = next((root / "raw/text").iterdir()).stem
    path = root / folder / f"{doc_id}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    expected = {}
    for one, other in combinations(STATES, 2):
        for state in (one, other, one):
            remove(path)
            STATES[state](path)
            if state not in expected:
                _, expected[state] = judge_by_rules_alone(root)
            assert list(check_folder(root, VERIFY).problems) == expected[state]
            assert list(check_folder(root, SMALL).problems) == expected[state]


def remove(path):
    """Remove a file, a link or an empty folder."""
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def test_metadata_and_registries_are_checked_again_after_a_change(generated):
    """Their problems are reused only if their bytes are the same."""
    index = generated / "raw/documents.jsonl"
    raw = index.read_bytes()
    check_folder(generated, SMALL)
    change(generated, 5)
    _, expected = judge_by_rules_alone(generated)
    assert list(check_folder(generated, SMALL).problems) == expected
    first, *rest = raw.splitlines(keepends=True)
    index.write_bytes(b"".join([first, first, *rest]))
    assert "duplicate-id" in {problem.code for problem in check_folder(generated, SMALL).problems}
    change(generated, 5)
    assert "duplicate-id" in {problem.code for problem in check_folder(generated, SMALL).problems}
    index.write_bytes(raw)
    assert list(check_folder(generated, SMALL).problems) == expected


@pytest.mark.posix
def test_file_names_that_are_not_utf_8(small):
    """Such names are printed, and stop neither a check nor a build nor the cache."""
    (small / "annotations/unplaced").mkdir()
    (small / os.fsdecode(b"annotations/by/\xff")).mkdir()
    (small / os.fsdecode(b"annotations/gold/\xff.jsonl")).write_bytes(b"")
    (small / os.fsdecode(b"annotations/unplaced/\xff.jsonl")).write_bytes(b"{}\n")
    problems = build_hub(small, small / "build/hub", SMALL).problems
    assert [(problem.code, problem.path) for problem in problems] == [
        ("unexpected-file", r"annotations/by/\xff"),
        ("unexpected-file", r"annotations/gold/\xff.jsonl"),
        ("unplaced-annotation", r"annotations/unplaced/\udcff.jsonl"),
    ]
    assert build_hub(small, small / "build/hub", SMALL).problems == problems


def test_verify_sees_changes_that_leave_size_and_times_alone(
    generated, tmp_path, compiled, monkeypatch
):
    hub = tmp_path / "hub"
    monkeypatch.setattr(
        "readout.scale.cache._to_stamp", lambda *_: (1, 1, 1, 1)
    )  # times that show nothing
    build_hub(generated, hub, SMALL)
    change(generated, 3)
    compiled.clear()
    build_hub(generated, hub, SMALL)
    assert compiled == []
    build_hub(generated, hub, VERIFY)
    assert len(compiled) == 1
    victim = hub / "data/quotes/train-00001-of-00008.parquet"
    raw, times = victim.read_bytes(), victim.stat()
    victim.write_bytes(raw[:-1] + b"x")
    os.utime(victim, ns=(times.st_atime_ns, times.st_mtime_ns))
    damaged = snapshot(hub)
    with pytest.raises(RefusedError, match=victim.name):
        build_hub(generated, hub, VERIFY)
    assert snapshot(hub) == damaged


def test_verify_reuses_results_after_a_new_checkout(generated, tmp_path, compiled):
    build_hub(generated, tmp_path / "hub", SMALL)
    for path in generated.rglob("*.txt"):
        os.utime(path, (OLD, OLD))
    compiled.clear()
    build_hub(generated, tmp_path / "hub", VERIFY)
    assert compiled == []


def test_output_that_is_missing_is_built_again(generated, tmp_path):
    hub = tmp_path / "hub"
    build_hub(generated, hub, SMALL)
    whole = snapshot(hub)
    for path in (hub / "data/tokens/train-00000-of-00008.parquet", hub / "README.md"):
        path.unlink()
        build_hub(generated, hub, SMALL)
        assert snapshot(hub) == whole


def test_a_change_of_registries_or_code_recompiles_everything(
    generated, tmp_path, compiled, monkeypatch
):
    build_hub(generated, tmp_path / "hub", SMALL)
    every = len(compiled)
    path = generated / "annotations/targets.jsonl"
    path.write_bytes(path.read_bytes().replace(b"wants it", b"likes it"))
    build_hub(generated, tmp_path / "hub", SMALL)
    assert len(compiled) == 2 * every
    monkeypatch.setattr("readout.scale.cache.hash_environment", lambda: "another version")
    build_hub(generated, tmp_path / "hub", SMALL)
    assert len(compiled) == 3 * every


def test_documents_that_come_and_go(generated, tmp_path):
    hub = tmp_path / "hub"
    build_hub(generated, hub, SMALL)
    whole = snapshot(hub)
    index = generated / "raw/documents.jsonl"
    line, *rest = index.read_bytes().splitlines(keepends=True)
    index.write_bytes(b"".join(rest))
    doc_id = json.loads(line)["doc_id"]
    (generated / f"raw/text/{doc_id}.txt").rename(tmp_path / "text")
    (generated / f"annotations/gold/{doc_id}.jsonl").rename(tmp_path / "gold")
    build_hub(generated, hub, SMALL)
    build_hub(generated, tmp_path / "fresh", SMALL)
    assert snapshot(hub) == snapshot(tmp_path / "fresh")
    (tmp_path / "text").rename(generated / f"raw/text/{doc_id}.txt")
    (tmp_path / "gold").rename(generated / f"annotations/gold/{doc_id}.jsonl")
    index.write_bytes(b"".join([line, *rest]))
    build_hub(generated, hub, SMALL)
    assert snapshot(hub) == whole


def test_cached_problems_keep_their_lines(generated):
    path = sorted((generated / "annotations/gold").iterdir())[5]
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'"start":', b'"start":1', 1))
    first = check_folder(generated, SMALL).problems
    assert is_failure(first)
    assert check_folder(generated, SMALL).problems == first
    path.write_bytes(raw)
    assert not is_failure(check_folder(generated, SMALL).problems)


def test_a_corpus_that_cannot_be_written_is_checked(generated):
    (generated / "build").write_bytes(b"")  # where a folder would be made
    assert not is_failure(check_folder(generated, SMALL).problems)
    assert (generated / "build").read_bytes() == b""


@pytest.mark.posix
def test_what_a_killed_check_left_is_removed(generated):
    first = check_folder(generated, SMALL)
    litter = [generated / f"{CHECKED}.123", generated / f"{CHECKED}-shards.45"]
    others = [generated / f"{CHECKED}.old", generated / "build/notes.7"]
    for path in (*litter, *others):
        path.write_bytes(b"x")
    assert check_folder(generated, SMALL) == first
    assert [path.exists() for path in (*litter, *others)] == [False, False, True, True]


def test_links_in_the_place_of_a_cache_are_neither_read_nor_followed(tmp_path):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear", encoding="utf-8")
    cache = Cache(tmp_path / "cache")
    cache.keep("key", 1)
    partial = tmp_path / f"cache.{os.getpid()}"
    partial.symlink_to(letter)
    cache.write()
    assert letter.read_text(encoding="utf-8") == "Dear"
    assert partial.is_symlink()

    partial.unlink()
    cache.write()
    assert Cache(tmp_path / "cache").find("key", int) == 1
    (tmp_path / "cache").unlink()
    (tmp_path / "cache").symlink_to("/dev/zero")
    assert Cache(tmp_path / "cache").is_empty()
