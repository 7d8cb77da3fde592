"""The configs of the benchmark have one row per frozen item, and all routes give the same rows."""

import json

import pytest
from conftest import ROOT
from datasets import get_dataset_config_names, load_dataset
from msgspec.structs import replace
from rows import hash_rows, to_row

from readout import load
from readout.benchmark.board.freeze import freeze_corpus
from readout.benchmark.tasks import CANARY, TASKS
from readout.corpus.files import write_generated
from readout.corpus.items import change_frozen, read_frozen
from readout.corpus.read import read_corpus
from readout.dataset.bench import build_bench_table
from readout.dataset.build import build_hub
from readout.dataset.card import hash_config
from readout.dataset.columns import COLUMNS
from readout.dataset.features import BENCH_CONFIGS, CONFIGS, FEATURES
from readout.problem import RefusedError


def freeze(root):
    write_generated(root, change_frozen(root, freeze_corpus(root, read_corpus(root)[0])))


@pytest.fixture
def frozen(small):
    freeze(small)
    return small


def test_every_task_has_a_config():
    assert {f"bench_{task}" for task in TASKS} == set(BENCH_CONFIGS)


def test_only_a_corpus_with_frozen_items_has_them(small):
    hub = small / "build/hub"
    assert {info.config for info in build_hub(small, hub).infos} == set(CONFIGS)
    assert CANARY not in (hub / "README.md").read_text(encoding="utf-8")

    freeze(small)
    assert {info.config for info in build_hub(small, hub).infos} == set(FEATURES)
    assert CANARY in (hub / "README.md").read_text(encoding="utf-8")
    assert set(get_dataset_config_names(str(hub))) == set(FEATURES)


def test_rows_are_the_items_with_their_inputs(frozen, tmp_path):
    hub = tmp_path / "hub"
    build_hub(frozen, hub)
    for task, items in read_frozen(frozen).items.items():
        rows = list(load(f"bench_{task}", hub)["test"])
        assert [row["id"] for row in rows] == [item.id for item in items]
        for row, item in zip(rows, items, strict=True):
            assert set(item.inputs) <= set(row)
            for name, value in item.inputs.items():
                shown = value
                if name == "spans":
                    shown = [{"start": start, "end": end} for start, end in value]
                elif name == "paragraph":
                    shown = f"{item.doc_id}#p{value}"
                assert row[name] == shown
            assert row["event"] == item.event
            answer = row["answer"]
            assert item.gold == (answer if TASKS[task].shape == "label" else json.loads(answer))
            swap = {name: row[name] for name in row if name.startswith("swap_") and row[name]}
            assert swap == {f"swap_{family}": each for family, each in item.swap.items()}


def test_rows_join_the_other_configs(frozen, tmp_path):
    hub = tmp_path / "hub"
    build_hub(frozen, hub)
    tables = {config: rows_of(config, hub) for config in FEATURES}
    paragraphs = {row["id"]: row for row in tables["tokens"]}
    documents = {row["doc_id"]: row for row in tables["documents"]}
    for config in BENCH_CONFIGS:
        for name, column in COLUMNS[config].items():
            if column.joins:
                joined, _, key = column.joins.partition(".")
                known = {row[key] for row in tables[joined]}
                assert {row[name] for row in tables[config]} - {None} <= known, (config, name)

        for row in tables[config]:
            document = documents[row["doc_id"]]
            assert (row["event"], row["split"]) == (document["event"], document["split"])
            if "paragraph" in row:
                paragraph = paragraphs[row["paragraph"]]
                if "spans" in row:
                    offset = row["spans"][0]["start"] - paragraph["start"]
                    assert 0 <= offset < len(paragraph["text"])
                else:
                    assert row["text"] == paragraph["text"]


def rows_of(config, hub):
    return [row for split in load(config, hub).values() for row in split]


@pytest.mark.slow
def test_the_routes_give_equal_rows(frozen, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from load_readout import Readout

    hub = tmp_path / "hub"
    build_hub(frozen, hub)
    hashes = json.loads((hub / "content_hashes.json").read_bytes())
    for config in BENCH_CONFIGS:
        direct = load(config, hub)["test"]
        plain = load_dataset(str(hub), config)["test"]
        builder = Readout(
            config_name=config, base_path=str(frozen), cache_dir=str(tmp_path / "cache")
        )
        builder.download_and_prepare()
        compiled = builder.as_dataset()["test"]
        assert list(direct) == list(plain) == list(compiled)
        assert direct.features == plain.features == compiled.features

        rows = [to_row(config, row) for row in direct]
        assert hashes[config] == hash_config({"test": [hash_rows(config, rows)]})


@pytest.mark.slow
def test_croissant_reads_the_rows(frozen, tmp_path):
    import mlcroissant

    hub = tmp_path / "hub"
    build_hub(frozen, hub)
    croissant = mlcroissant.Dataset(jsonld=hub / "croissant.json")
    for config in BENCH_CONFIGS:
        records = list(croissant.records(f"{config}-test"))
        assert len(records) == len(load(config, hub)["test"])


def test_a_question_without_an_answer_is_not_scored(frozen):
    gold = frozen / "annotations/gold/2030-01-harbour-brief.jsonl"
    text = gold.read_text(encoding="utf-8").replace('"target":"toll-plan"', '"target":"ferry"')
    gold.write_text(text, encoding="utf-8", newline="\n")
    freeze(frozen)
    hub = frozen / "build/hub"
    assert build_hub(frozen, hub).infos
    rows = [row for row in load("bench_stance", hub)["test"] if row["answer"] is None]
    assert [(row["holder"], row["target"], row["answer"]) for row in rows] == [
        ("cafe-owners", "ferry", None)
    ]


def test_new_items_are_built_anew_and_damaged_ones_refused(frozen):
    hub = frozen / "build/hub"
    build_hub(frozen, hub)
    path = frozen / "submissions/items/stance.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"none"', b'"favor"', 1))
    with pytest.raises(RefusedError):
        build_hub(frozen, hub)


def test_items_of_an_earlier_form_have_no_value_for_what_they_lack(small):
    first = TASKS["stance"].build(read_corpus(small)[0])[0]
    inputs = {name: value for name, value in first.inputs.items() if name != "instructions"}
    (row,) = build_bench_table("bench_stance", [replace(first, inputs=inputs)], ()).to_pylist()
    assert (row["instructions"], row["split"]) == (None, None)
    assert row["text"] == first.inputs["text"]
