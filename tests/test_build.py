"""The build gives the same bytes twice, replaces its target whole, and never loads stale rows."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cases import CASES, break_corpus
from conftest import CORPUS, ROOT
from datasets import load_dataset
from rows import hash_rows, to_row

from readout.checks import CHECKS
from readout.corpus.outputs import partial_path, read_list, replaced_folder
from readout.dataset.build import HUB, build_hub, load_example
from readout.dataset.card import ConfigInfo, SplitInfo, hash_config
from readout.dataset.features import CONFIGS, FEATURES
from readout.dataset.load import load


def snapshot(folder):
    """Return the bytes of every file below a folder, by relative path."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def litter(built):
    """Return the names beside a target that no later build uses."""
    kept = {"hub", ".hub.lock", ".hub.manifest", ".hub.manifest-shards"}
    return [path.name for path in built.parent.iterdir() if path.name not in kept]


@pytest.fixture(scope="module")
def _small_with_build(tmp_path_factory):
    root = Path(shutil.copytree(CORPUS, tmp_path_factory.mktemp("built") / "corpus"))
    assert build_hub(root, root / HUB).infos
    return root


@pytest.fixture
def built(_small_with_build, small):
    """The build of the small corpus, in its place."""
    shutil.copytree(_small_with_build / "build", small / "build")
    return small / HUB


def test_two_builds_give_the_same_bytes(small, built):
    first = snapshot(built)
    build_hub(small, small / HUB)
    assert snapshot(built) == first
    elsewhere = small.parent / "elsewhere"
    build_hub(small, elsewhere)
    assert snapshot(elsewhere) == first


def test_the_folder_is_a_repository_without_code(built):
    names = set(snapshot(built))
    expected = {"README.md", "croissant.json", "SHA256SUMS", "content_hashes.json"}
    assert expected | {"schema/annotation.schema.json"} <= names
    assert not [name for name in names if name.endswith(".py")]
    assert litter(built) == []


def test_checksums_are_true(built):
    files = snapshot(built)
    command, listed = read_list(built)
    assert command == "build"
    del files["SHA256SUMS"]
    assert listed == {name: hashlib.sha256(raw).hexdigest() for name, raw in files.items()}


def test_content_hash_is_that_of_the_loaded_rows(built):
    hashes = json.loads((built / "content_hashes.json").read_bytes())
    for config in CONFIGS:
        shards = {
            split: [hash_rows(config, [to_row(config, row) for row in rows])]
            for split, rows in load(config, built).items()
        }
        assert hashes[config] == hash_config(shards), config


def test_no_rebuild_shows_old_rows(small, built, tmp_path):
    """`datasets` caches local folders; a change that keeps the size must be loaded all the same."""
    cache = str(tmp_path / "cache")

    def expressions():
        rows = load_dataset(str(built), "stances", cache_dir=cache)["train"]
        return dict(zip(rows["id"], rows["expression"], strict=True))

    before = expressions()
    path = small / "annotations/gold/2030-01-harbour-brief.jsonl"
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'"expression":"explicit"', b'"expression":"implicit"', 1))
    build_hub(small, built)
    after = expressions()
    assert sum(before[name] != after[name] for name in before) == 1


@pytest.mark.parametrize(
    "case", [c for c in CASES if CHECKS[c.name].severity == "error"], ids=lambda case: case.name
)
def test_a_broken_corpus_leaves_the_last_build_alone(case, small, built):
    before = snapshot(built)
    break_corpus(case, small)
    done = build_hub(small, built)
    assert not done.infos
    assert done.problems
    assert snapshot(built) == before


def test_an_exception_leaves_the_last_build_alone_and_nothing_beside_it(built):
    before = snapshot(built)

    def fail():
        with replaced_folder(built, "build") as folder:
            (folder / "half").write_text("half", encoding="utf-8", newline="\n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert snapshot(built) == before
    assert litter(built) == []


def test_what_a_killed_build_left_is_removed(small, built):
    shutil.copytree(built, partial_path(built))
    (built.parent / ".hub.manifest.1").write_bytes(b"{")
    build_hub(small, built)
    assert litter(built) == []


def test_empty_splits_keep_their_features(built):
    quotes = load("quotes", built)
    assert {split: len(rows) for split, rows in quotes.items()} == {
        "train": 8,
        "validation": 0,
        "test": 0,
    }
    assert list(quotes["test"].features) == list(FEATURES["quotes"])
    assert pq.read_schema(built / "data/quotes/test-00000-of-00001.parquet").names == list(
        FEATURES["quotes"]
    )
    assert set(load_dataset(str(built), "quotes")) == {"train"}


@pytest.mark.slow
def test_croissant_is_valid_and_loads_records(tmp_path):
    import mlcroissant

    hub = tmp_path / "hub"
    build_hub(ROOT, hub)
    dataset = mlcroissant.Dataset(jsonld=hub / "croissant.json")
    assert not dataset.metadata.issues.errors
    found = {}  # of one object, mlcroissant reads a record set with references only once
    for config in CONFIGS:
        for split, rows in load(config, hub).items():
            records = list(dataset.records(f"{config}-{split}"))
            assert len(records) == len(rows)
            found[f"{config}-{split}"] = records
    quotes = load("quotes", hub)["test"]
    for record, row in zip(found["quotes-test"], quotes, strict=True):
        assert record["quotes-test/id"].decode() == row["id"]
        starts = [part["quotes-test/content/start"] for part in record["quotes-test/content"]]
        assert starts == [part["start"] for part in row["content"]]


def test_files_are_copied_if_they_cannot_be_linked(small, built, monkeypatch):
    asked = []

    def refuse(old, new):
        asked.append(old)
        raise OSError

    build_hub(small, built)  # here, so that the next build knows which files are unchanged
    before = snapshot(built)
    monkeypatch.setattr(os, "link", refuse)
    card = small / "DATACARD.md"
    card.write_text("# Another card\n", encoding="utf-8", newline="\n")
    build_hub(small, built)
    after = snapshot(built)
    assert asked
    assert {name for name in after if before[name] != after[name]} == {"README.md", "SHA256SUMS"}


def test_the_lines_that_a_build_prints_load_it(small, built, monkeypatch, capsys):
    infos = build_hub(small, built).infos
    monkeypatch.chdir(small)
    exec("\n".join(load_example(infos, Path(HUB))))
    first = next(iter(load("stances", built)["train"]))
    assert capsys.readouterr().out == f"{first}\n"


@pytest.mark.parametrize(
    ("target", "printed"),
    [
        ("build/hub", "./build/hub"),
        ("../build/hub", "../build/hub"),
        ("/data/hub", "/data/hub"),
    ],
)
def test_the_printed_path_is_no_id_on_the_hub(target, printed):
    """`datasets` takes ``build/hub`` for one."""
    infos = [ConfigInfo("stances", (SplitInfo("train", 8, 1),), 8, "")]
    assert f'load_dataset("{printed}", "stances")' in load_example(infos, Path(target))[1]


def test_the_printed_config_and_split_have_rows():
    rows = {"train": 0, "test": 3}
    infos = [
        ConfigInfo("stances", (SplitInfo("train", 0, 0),), 0, ""),
        ConfigInfo("quotes", tuple(SplitInfo(name, 8, rows[name]) for name in rows), 8, ""),
    ]
    _, load_line, print_line = load_example(infos, Path("hub"))
    assert '"quotes"' in load_line
    assert '"test"' in print_line
    assert load_example(infos[:1], Path("hub")) == []
