"""What has not changed is not done again, and what has changed always is."""

import json
import os

import pytest
from generated import ALONE, OLD, change
from test_build import snapshot

from readout import check_corpus, read_corpus
from readout.dataset.build import build_hub
from readout.problem import is_failure
from readout.verdict import CHECKED, Options, check_folder

pytestmark = pytest.mark.usefixtures("small_shards")


def test_only_the_changed_shard_is_compiled(generated, tmp_path, compiled, no_slack):
    hub = tmp_path / "hub"
    build_hub(generated, hub, ALONE)
    every = list(compiled)
    assert len(every) == len(set(every)) > 5
    compiled.clear()
    built = build_hub(generated, hub, ALONE)
    assert compiled == []
    assert built.infos
    change(generated)
    build_hub(generated, hub, ALONE)
    assert len(compiled) == 1
    build_hub(generated, tmp_path / "fresh", ALONE)
    assert snapshot(hub) == snapshot(tmp_path / "fresh")


def test_only_the_changed_shard_is_checked(generated, compiled, no_slack):
    first = check_folder(generated, ALONE)
    compiled.clear()
    assert check_folder(generated, ALONE) == first
    assert compiled == []
    change(generated, 1)
    check_folder(generated, ALONE)
    assert len(compiled) == 1
    (generated / CHECKED).write_bytes(b"{")
    (generated / f"{CHECKED}.shards").write_bytes(b"\xff")
    check_folder(generated, ALONE)
    assert len(compiled) > 5


def test_new_files_are_in_doubt(generated, tmp_path, compiled, monkeypatch):
    """Files that were changed just before a build are compiled again: a further change could go unseen."""
    monkeypatch.setattr("readout.manifest.SLACK_NS", 10**18)
    build_hub(generated, tmp_path / "hub", ALONE)
    compiled.clear()
    build_hub(generated, tmp_path / "hub", ALONE)
    assert compiled


@pytest.mark.posix
def test_a_link_that_leads_nowhere_hides_no_change(generated, tmp_path, compiled, no_slack):
    for folder in ("raw/text", "annotations/gold"):
        (generated / folder / "astray").symlink_to("nowhere")
    build_hub(generated, tmp_path / "hub", ALONE)
    compiled.clear()
    change(generated, 4)
    build_hub(generated, tmp_path / "hub", ALONE)
    assert len(compiled) == 1


def test_surroundings_are_judged_again_when_they_change(generated, no_slack):
    """What was found in ``documents.jsonl`` and the registries is taken over only while their bytes are the same."""
    index = generated / "raw/documents.jsonl"
    raw = index.read_bytes()
    check_folder(generated, ALONE)
    change(generated, 5)
    reference, found = read_corpus(generated)
    expected = sorted([*found, *check_corpus(reference)], key=lambda problem: problem.order)
    assert list(check_folder(generated, ALONE).problems) == expected
    first, *rest = raw.splitlines(keepends=True)
    index.write_bytes(b"".join([first, first, *rest]))
    assert "duplicate-id" in {problem.code for problem in check_folder(generated, ALONE).problems}
    change(generated, 5)
    assert "duplicate-id" in {problem.code for problem in check_folder(generated, ALONE).problems}
    index.write_bytes(raw)
    assert list(check_folder(generated, ALONE).problems) == expected


@pytest.mark.posix
def test_names_of_files_that_are_no_text(small):
    """Names are bytes: they are shown, and neither stop a check nor a build nor what they remember."""
    (small / "annotations/unplaced").mkdir()
    (small / os.fsdecode(b"annotations/by/\xff")).mkdir()
    (small / os.fsdecode(b"annotations/gold/\xff.jsonl")).write_bytes(b"")
    (small / os.fsdecode(b"annotations/unplaced/\xff.jsonl")).write_bytes(b"{}\n")
    problems = build_hub(small, small / "build/hub", ALONE).problems
    assert [(problem.code, problem.path) for problem in problems] == [
        ("unexpected-file", r"annotations/by/\xff"),
        ("unexpected-file", r"annotations/gold/\xff.jsonl"),
        ("unplaced-annotation", r"annotations/unplaced/\udcff.jsonl"),
    ]
    assert build_hub(small, small / "build/hub", ALONE).problems == problems


def test_verify_sees_what_times_do_not_show(generated, tmp_path, compiled, no_slack, monkeypatch):
    hub = tmp_path / "hub"
    monkeypatch.setattr("readout.manifest._to_stamp", lambda found: (0, 0, 0, 0))  # times that show nothing
    build_hub(generated, hub, ALONE)
    change(generated, 3)
    compiled.clear()
    build_hub(generated, hub, ALONE)
    assert compiled == []
    build_hub(generated, hub, Options(jobs=1, verify=True))
    assert len(compiled) == 1
    victim = hub / "data/quotes/train-00001-of-00008.parquet"
    raw, times = victim.read_bytes(), victim.stat()
    victim.write_bytes(raw[:-1] + b"x")
    os.utime(victim, ns=(times.st_atime_ns, times.st_mtime_ns))
    build_hub(generated, hub, Options(jobs=1, verify=True))
    assert victim.read_bytes() == raw


def test_verify_takes_over_what_a_fresh_checkout_made_newer(generated, tmp_path, compiled, no_slack):
    build_hub(generated, tmp_path / "hub", ALONE)
    for path in generated.rglob("*.txt"):
        os.utime(path, (OLD, OLD))
    compiled.clear()
    build_hub(generated, tmp_path / "hub", Options(jobs=1, verify=True))
    assert compiled == []


@pytest.mark.parametrize("damage", ["remove", "change"])
def test_damaged_output_is_built_again(generated, tmp_path, no_slack, damage):
    hub = tmp_path / "hub"
    build_hub(generated, hub, ALONE)
    whole = snapshot(hub)
    for path in (hub / "data/tokens/train-00000-of-00008.parquet", hub / "README.md"):
        path.unlink() if damage == "remove" else path.write_bytes(b"x")
        build_hub(generated, hub, ALONE)
        assert snapshot(hub) == whole


def test_a_change_of_registries_or_code_is_a_change_of_all(generated, tmp_path, compiled, no_slack, monkeypatch):
    build_hub(generated, tmp_path / "hub", ALONE)
    every = len(compiled)
    path = generated / "annotations/targets.jsonl"
    path.write_bytes(path.read_bytes().replace(b"wants it", b"likes it"))
    build_hub(generated, tmp_path / "hub", ALONE)
    assert len(compiled) == 2 * every
    for module in ("manifest", "verdict"):
        monkeypatch.setattr(f"readout.{module}.hash_world", lambda: "another version")
    build_hub(generated, tmp_path / "hub", ALONE)
    assert len(compiled) == 3 * every


def test_documents_that_come_and_go(generated, tmp_path, no_slack):
    hub = tmp_path / "hub"
    build_hub(generated, hub, ALONE)
    whole = snapshot(hub)
    index = generated / "raw/documents.jsonl"
    line, *rest = index.read_bytes().splitlines(keepends=True)
    index.write_bytes(b"".join(rest))
    doc_id = json.loads(line)["doc_id"]
    (generated / f"raw/text/{doc_id}.txt").rename(tmp_path / "text")
    (generated / f"annotations/gold/{doc_id}.jsonl").rename(tmp_path / "gold")
    build_hub(generated, hub, ALONE)
    build_hub(generated, tmp_path / "fresh", ALONE)
    assert snapshot(hub) == snapshot(tmp_path / "fresh")
    (tmp_path / "text").rename(generated / f"raw/text/{doc_id}.txt")
    (tmp_path / "gold").rename(generated / f"annotations/gold/{doc_id}.jsonl")
    index.write_bytes(b"".join([line, *rest]))
    build_hub(generated, hub, ALONE)
    assert snapshot(hub) == whole


def test_problems_are_remembered_with_their_lines(generated, no_slack):
    path = sorted((generated / "annotations/gold").iterdir())[5]
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'"start":', b'"start":1', 1))
    first = check_folder(generated, ALONE).problems
    assert is_failure(first)
    assert check_folder(generated, ALONE).problems == first
    path.write_bytes(raw)
    assert not is_failure(check_folder(generated, ALONE).problems)


def test_a_corpus_that_cannot_be_written_is_checked(generated):
    (generated / "build").write_bytes(b"")  # where a folder would be made
    assert not is_failure(check_folder(generated, ALONE).problems)
    assert (generated / "build").read_bytes() == b""
