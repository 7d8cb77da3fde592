"""Fast paths: what they accept is what the rules and the slow path would accept."""

import pytest
from conftest import CORPUS, ROOT
from fuzz import make_mutant
from hypothesis import given, settings
from hypothesis import strategies as st

from readout import read_corpus
from readout.checks import check_layer
from readout.checks.clean import find_clean_layer
from readout.corpus.parse import parse_layer
from readout.corpus.read import REGISTRY_FILES, parse_records, read_registries


def assert_clean_layers_are_clean(root):
    registries, _ = read_registries(root)
    corpus, _ = read_corpus(root)
    clean = 0
    for document in corpus.documents:
        for layer in (document.gold, *document.layers):
            found = find_clean_layer(layer.path, layer.raw, layer.annotator, document.text, registries)
            if found is not None:
                clean += 1
                reference, problems = parse_layer(layer.path, layer.raw, layer.annotator)
                assert [*problems, *check_layer(reference, document, registries)] == []
                assert found == reference
    return clean


@pytest.mark.posix
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**40))
def test_no_rule_finds_anything_in_what_the_fast_path_accepts(seed, tmp_path_factory):
    root = tmp_path_factory.mktemp("mutant") / "corpus"
    make_mutant(seed, root)
    if (root / "raw/documents.jsonl").is_file():
        assert_clean_layers_are_clean(root)


def without_fast_path(path, raw):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("readout.corpus.parse._find_clean_records", lambda *_: None)
        return parse_records(path, raw)


@pytest.mark.posix
@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**40))
def test_the_fast_path_for_records_finds_what_the_other_one_finds(seed, tmp_path_factory):
    root = tmp_path_factory.mktemp("mutant") / "corpus"
    make_mutant(seed, root)
    for path in ("raw/documents.jsonl", *(f"annotations/{name}.jsonl" for name in REGISTRY_FILES)):
        if (root / path).is_file():
            raw = (root / path).read_bytes()
            assert parse_records(path, raw) == without_fast_path(path, raw)


def test_the_fast_path_accepts_what_is_clean(generated):
    for root in (CORPUS, generated, ROOT):
        documents = read_corpus(root)[0].documents
        assert assert_clean_layers_are_clean(root) == sum(1 + len(document.layers) for document in documents)
