"""The tables equal the reference rows, offsets match the texts, and ids join."""

import pyarrow as pa
import pytest
from conftest import CORPUS, ROOT
from datasets import Features
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rows import DocumentRows, hash_rows, iter_config_rows, to_row

from readout.corpus.read import read_corpus
from readout.dataset.arrow import ContentHash, to_arrow_table
from readout.dataset.batch import Batch, Vocabularies
from readout.dataset.columns import COLUMNS, TAGS, UNANNOTATED, VOTES
from readout.dataset.features import CONFIGS, FEATURES, arrow_schema, config_splits
from readout.dataset.glossary import iter_fields
from readout.dataset.tables import build_split_table, build_table
from readout.model import Boilerplate, Mention, Quote, Registries, Role, Span
from readout.text.tokens import Tokens, tag_tokens


@pytest.fixture(scope="module")
def tables():
    corpus, _ = read_corpus(CORPUS)
    return {
        config: [
            row
            for split in config_splits(config)
            for row in build_split_table(corpus, config, split).to_pylist()
        ]
        for config in CONFIGS
    }


@pytest.fixture(scope="module", params=[CORPUS, ROOT], ids=["small", "real"])
def corpus(request):
    return read_corpus(request.param)[0]


@pytest.mark.parametrize("config", CONFIGS)
def test_tables_equal_the_reference(config, corpus):
    for split in config_splits(config):
        rows = list(iter_config_rows(corpus, config, split))
        table = build_split_table(corpus, config, split)
        table.validate(full=True)
        assert table.schema.equals(arrow_schema(config), check_metadata=True)
        assert table.equals(to_arrow_table(config, rows))
        loaded = [to_row(config, row) for row in table.to_pylist()]
        content = ContentHash(config)
        content.update(table)
        assert hash_rows(config, loaded) == hash_rows(config, rows) == content.hexdigest()


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
            context_end = row["context_start"] + len(row["context"])
            assert row["context_start"] <= row["start"] < row["end"] <= context_end
    assert parts == 25
    for row in tables["tokens"]:
        for token, start, end in zip(row["tokens"], row["starts"], row["ends"], strict=True):
            assert texts[row["doc_id"]][start:end] == token


def test_ids_are_unique_and_join(tables):
    for config in CONFIGS:
        columns = COLUMNS[config]
        key = next(iter(columns))
        ids = [row[key] for row in tables[config]]
        assert len(ids) == len(set(ids))
        for path, column in iter_fields(columns):
            if column.joins:
                joined, _, key = column.joins.partition(".")
                known = {row[key] for row in tables[joined]}
                found = set(values_at(path, tables[config]))
                assert found - {None} <= known, path


def values_at(path, rows):
    """Return all values of a column, or of a field inside it, in rows."""
    values = list(rows)
    for name in path.split("."):
        values = [value[name.removesuffix("[]")] for value in values]
        if name.endswith("[]"):
            values = [item for value in values for item in value]
    if values and isinstance(values[0], list):
        values = [item for value in values for item in value]
    return values


def test_only_columns_that_say_so_are_null(corpus):
    for config in CONFIGS:
        rows = []
        for split in config_splits(config):
            rows += build_split_table(corpus, config, split).to_pylist()
        for path, column in iter_fields(COLUMNS[config]):
            if not column.null and not isinstance(column.type, dict):
                assert None not in values_at(path, rows), (config, path)


DAYS = [
    (("2028-05", None), {"2028-04-30": False, "2028-05-31": False, "2028-06-01": True}),
    (("2028-05-02", "2029"), {"2028-05-02": True, "2028-12-31": True, "2029-01-01": False}),
    ((None, "2029"), {"2028-01-01": False}),
    (("2028", "2029-03-04"), {"2028-12-31": False, "2029-03-04": True, "2029-03-05": False}),
]


@pytest.mark.parametrize(("bounds", "days"), DAYS)
def test_an_office_is_held_if_its_dates_are_certain(bounds, days):
    role = Role(title="mayor", start=bounds[0], end=bounds[1])
    assert {day: role.is_held_on(day) for day in days} == days


def test_rows_name_the_offices_of_that_day(tables):
    roles = {(row["doc_id"], row["speaker_role"]) for row in tables["mentions"]}
    assert ("2030-01-harbour-brief", "mayor") in roles
    assert {role for doc_id, role in roles if doc_id == "2030-02-toll-critics"} == {None}


def test_tokens_tell_boilerplate():
    corpus, _ = read_corpus(CORPUS)
    documents = []
    for document in corpus.documents:
        if document.text.startswith("Northport"):
            dateline = Boilerplate(id="b-x", kind="dateline", span=Span(0, 9, "Northport"))
            gold = replace(document.gold, records=(dateline, *document.gold.records))
            document = replace(document, gold=gold)
        documents.append(document)
    batch = Batch(documents, Vocabularies(corpus.registries))
    rows = build_table("tokens", batch).to_pylist()

    whole = [row["text"] for row in rows if row["boilerplate"]]
    assert whole == ["Mayor opens harbour talks", "Photo: City archive"]
    partial = [row for row in rows if any(row["boilerplate_tags"]) and not row["boilerplate"]]
    assert [row["text"][:9] for row in partial] == ["Northport"]
    assert [TAGS[number] for number in partial[0]["boilerplate_tags"][:2]] == ["B", "O"]


def test_tokens_carry_the_tags_of_the_quote(tables):
    row = next(row for row in tables["tokens"] if "rejected" in row["tokens"])
    content = [TAGS[number] for number in row["content_tags"]]
    cues = [TAGS[number] for number in row["cue_tags"]]
    tagged = list(zip(row["tokens"], content, cues, strict=True))
    assert ("rejected", "O", "B") in tagged
    quoted = [(token, tag) for token, tag, _ in tagged if tag != "O"]
    assert quoted[-3:] == [("the", "B"), ("toll", "I"), ("plan", "I")]


def test_stance_labels_show_every_annotator(tables):
    rows = {row["id"].split("#")[1]: row for row in tables["stance_labels"]}
    votes = {}
    for name in ("s-iron", "s-ferry"):
        votes[name] = {vote["annotator"]: VOTES[vote["label"]] for vote in rows[name]["labels"]}
    assert votes["s-iron"] == {"ann": "neutral", "ben": "against"}
    assert votes["s-ferry"] == {"ann": "favor", "ben": UNANNOTATED}
    soft = {"favor": 0.0, "against": 0.5, "neutral": 0.5, "not_annotated": 0.0}
    assert rows["s-iron"]["soft"] == soft
    for row in tables["stance_labels"]:
        assert sum(row["soft"].values()) == pytest.approx(1)


words = st.text(st.sampled_from("ab_1é山ש́'’.-‐‑“” \t\u00a0\u2028🙂\x00\n\n"), max_size=60)


places = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=6)


def annotate(document, number, text, places):
    """Return a document with another text, and a mention and a quote of each place inside it."""
    inside = [(start, start + size) for start, size in places if start + size <= len(text)]
    spans = [Span(start, end, text[start:end]) for start, end in inside]
    records = [Mention(id=f"m-{n}", speaker="x", span=span) for n, span in enumerate(spans)]
    records += [
        Quote(
            id=f"q-{n}",
            form="direct",
            speaker="x",
            content=tuple(spans[n // 2 : n + 1]),
            cue=tuple(spans[:n]),
            source=f"m-{n // 2}" if n % 2 else None,
            within="q-0" if n == 1 else None,
        )
        for n in range(len(spans))
    ]
    records += [
        Boilerplate(id=f"b-{n}", kind="other", span=span) for n, span in enumerate(spans[::3])
    ]
    meta = replace(document.meta, doc_id=f"2030-01-text-{number}")
    gold = replace(document.gold, records=tuple(records))
    return replace(document, meta=meta, text=text, gold=gold, layers=())


@given(st.lists(st.tuples(words, places), min_size=1, max_size=4))
def test_tables_of_any_text_equal_the_reference(parts):
    """Texts may be blank, or begin and end with marks; spans may be outside paragraphs."""
    corpus, _ = read_corpus(CORPUS)
    speaker = replace(next(iter(corpus.registries.speakers.values())), speaker_id="x")
    registries = Registries(speakers={"x": speaker})
    documents = [annotate(corpus.documents[0], number, *part) for number, part in enumerate(parts)]
    for config in ("tokens", "quotes", "mentions", "documents"):
        rows = [
            row for each in documents for row in DocumentRows(each, registries).iter_rows(config)
        ]
        table = build_table(config, Batch(documents, Vocabularies(registries)))
        table.validate(full=True)
        assert table.equals(to_arrow_table(config, rows))


def test_the_content_hash_does_not_depend_on_the_division_into_tables():
    corpus, _ = read_corpus(CORPUS)
    for config in CONFIGS:
        rows = list(iter_config_rows(corpus, config, "train"))
        whole, cut = ContentHash(config), ContentHash(config)
        whole.update(to_arrow_table(config, rows))
        for row in rows:
            cut.update(to_arrow_table(config, [row]))
        assert whole.hexdigest() == cut.hexdigest() != ContentHash(config).hexdigest()
        if len(set(map(str, rows))) > 1:
            assert hash_rows(config, rows[::-1]) != whole.hexdigest()


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), max_size=5))
def test_tags_cover_exactly_the_spans(places):
    tokens = [(offset, offset + 1) for offset in range(0, 26, 2)]
    spans = [Span(start, start + length, "") for start, length in places]
    starts, ends = ([place[side] for place in tokens] for side in (0, 1))
    tags = tag_tokens(Tokens([""] * len(tokens), starts, ends), [(0, 26)], spans)
    inside = [any(s.start < end and start < s.end for s in spans) for start, end in tokens]
    assert [tag != "O" for tag in tags] == inside
    assert all(tags[i - 1] != "O" for i, tag in enumerate(tags) if tag == "I")
