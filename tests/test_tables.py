"""Rows: every span equals its text, ids join, features are what `datasets` takes them for."""

import pyarrow as pa
import pytest
from conftest import CORPUS
from datasets import Features
from hypothesis import given
from hypothesis import strategies as st

from readout.columns import hash_line, to_arrow_table, to_row
from readout.features import CONFIGS, FEATURES, TAGS, UNANNOTATED, VOTES, arrow_schema, config_splits
from readout.model import Span
from readout.read import read_corpus
from readout.tables import iter_config_rows, tag_tokens


@pytest.fixture(scope="module")
def tables():
    corpus, _ = read_corpus(CORPUS)
    return {
        config: [
            row
            for split in config_splits(config)
            for row in to_arrow_table(config, iter_config_rows(corpus, config, split)).to_pylist()
        ]
        for config in CONFIGS
    }


@pytest.mark.parametrize("config", CONFIGS)
def test_arrow_holds_the_same_rows_as_json(config):
    corpus, _ = read_corpus(CORPUS)
    for split in config_splits(config):
        rows = list(iter_config_rows(corpus, config, split))
        table = to_arrow_table(config, rows)
        table.validate(full=True)
        assert table.schema.equals(arrow_schema(config), check_metadata=True)
        loaded = [to_row(config, row) for row in table.to_pylist()]
        assert list(map(hash_line, loaded)) == list(map(hash_line, rows))


@pytest.mark.parametrize("config", CONFIGS)
def test_features_are_those_of_datasets(config):
    features = Features.from_arrow_schema(arrow_schema(config))
    assert list(features) == list(FEATURES[config])
    assert pa.schema(features.arrow_schema).equals(arrow_schema(config))


def test_every_offset_equals_its_text(tables):
    texts = {row["doc_id"]: row["text"] for row in tables["documents"]}
    parts = 0
    for config in ("stances", "quotes", "mentions", "topics", "stance_labels"):
        for row in tables[config]:
            text = texts[row["doc_id"]]
            for name in ("evidence", "content", "cue", "spans"):
                for part in row.get(name, ()):
                    assert text[part["start"] : part["end"]] == part["text"]
                    parts += 1
            assert text[row["context_start"] :].startswith(row["context"])
            assert row["context_start"] <= row["start"] < row["end"] <= row["context_start"] + len(row["context"])
    assert parts == 25
    for row in tables["tokens"]:
        for token, start, end in zip(row["tokens"], row["starts"], row["ends"], strict=True):
            assert texts[row["doc_id"]][start:end] == token


def test_ids_are_unique_and_join(tables):
    for config in CONFIGS:
        key = {"documents": "doc_id", "speakers": "speaker_id", "targets": "target_id"}.get(config, "id")
        ids = [row[key] for row in tables[config]]
        assert len(ids) == len(set(ids))
    quotes = {row["id"] for row in tables["quotes"]}
    mentions = {row["id"] for row in tables["mentions"]}
    assert {row["source"] for row in tables["quotes"]} <= mentions | {None}
    assert {row["quote"] for row in tables["stances"]} <= quotes | {None}
    assert {row["within"] for row in tables["quotes"]} <= quotes | {None}


def test_tokens_carry_the_tags_of_the_quote(tables):
    row = next(row for row in tables["tokens"] if "rejected" in row["tokens"])
    tagged = [
        (row["tokens"][i], TAGS[row["content_tags"][i]], TAGS[row["cue_tags"][i]]) for i in range(len(row["tokens"]))
    ]
    assert ("rejected", "O", "B") in tagged
    assert [(token, tag) for token, tag, _ in tagged if tag != "O"][-3:] == [("the", "B"), ("toll", "I"), ("plan", "I")]


def test_stance_labels_show_every_annotator(tables):
    iron, ferry = (
        next(r for r in tables["stance_labels"] if r["id"].endswith(f"critics#{name}"))
        for name in ("s-iron", "s-ferry")
    )
    assert {vote["annotator"]: VOTES[vote["label"]] for vote in iron["labels"]} == {"ann": "neutral", "ben": "against"}
    assert iron["soft"] == {"favor": 0.0, "against": 0.5, "neutral": 0.5, "not_annotated": 0.0}
    assert {vote["annotator"]: VOTES[vote["label"]] for vote in ferry["labels"]} == {"ann": "favor", "ben": UNANNOTATED}
    for row in tables["stance_labels"]:
        assert sum(row["soft"].values()) == pytest.approx(1)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), max_size=5))
def test_tags_cover_exactly_the_spans(places):
    tokens = [(offset, offset + 1) for offset in range(0, 26, 2)]
    spans = [Span(start, start + length, "") for start, length in places]
    tags = tag_tokens([start for start, _ in tokens], [end for _, end in tokens], spans)
    inside = [any(s.start < end and start < s.end for s in spans) for start, end in tokens]
    assert [tag != "O" for tag in tags] == inside
    assert all(tags[i - 1] != "O" for i, tag in enumerate(tags) if tag == "I")
