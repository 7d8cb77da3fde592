"""An import after an export returns the same layer, and an export refuses what it cannot write."""

import json
import tempfile
from pathlib import Path

import pytest
from conftest import CORPUS
from hypothesis import HealthCheck, example, given, settings
from layers import META, NAME, read_in, sheets, write_out

from readout.corpus.canonical import encode_layer
from readout.corpus.read import read_corpus
from readout.interchange.formats import FORMATS
from readout.interchange.outbox import Sheet, build_outbox
from readout.interchange.tools.brat import split_lines
from readout.model import Mention, Span, iter_spans

TAGS = ("conll", "tokens")
"""The formats of which a file has only labels and spans; see test_tags.py."""
SLOW = ("spacy",)
"""The formats whose library takes seconds to import."""
BOTH_WAYS = [
    pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name
    for name, each in FORMATS.items()
    if each.write and each.read and name not in TAGS
]


def is_inexpressible(name, sheet):
    """Return whether a sheet contains something that a format cannot represent."""
    strings = [sheet.text, *(record.note or "" for record in sheet.records)]
    if name in ("cas-xmi", "tei"):
        controls = {chr(code) for code in range(32)} - set("\t\n\r") | {"\ufffe", "\uffff"}
        return any(controls.intersection(string) for string in strings)
    if name == "webanno-tsv":
        return any("\r" in (record.note or "") for record in sheet.records)
    if name == "conllu":
        mentions = [record for record in sheet.records if isinstance(record, Mention)]
        return any(
            one.speaker == two.speaker
            and one.span.start < two.span.start < one.span.end
            and one.span.end < two.span.end
            for one in mentions
            for two in mentions
        )
    if name == "brat":
        return any(
            not split_lines(span) for record in sheet.records for _, span in iter_spans(record)
        )
    return name in ("csv", "tsv") and any("\0" in string for string in strings)


def submit(folder, completed_by=1):
    """Turn pre-annotations into annotations, as if an annotator submitted them unchanged.

    Without ``completed_by``, the annotator has the name of the layer.
    """
    path = Path(folder) / "tasks.json"
    tasks = json.loads(path.read_text(encoding="utf-8"))
    for task in tasks:
        predictions = task.pop("predictions")
        task["annotations"] = [
            {"result": each["result"], "completed_by": completed_by or each["model_version"]}
            for each in predictions
        ]
    path.write_text(json.dumps(tasks), encoding="utf-8", newline="\n")


MARK = Mention(id="m", speaker="ada-quill", span=Span(0, 3, "”\\n"))
BACKSLASH = Sheet(META, "”\\n", "gold", (MARK,), "annotations/gold/generated.jsonl", NAME)
"""A backslash and an n in the text, which Label Studio writes for a line feed."""


def check_identity(name, examples):
    """Search for a layer that differs after an export and an import."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(sheets())
    @example(BACKSLASH)
    def check(sheet):
        with tempfile.TemporaryDirectory() as folder:
            problems = write_out(name, [sheet], folder)
            if problems:
                assert {problem.code for problem in problems} == {"inexpressible"}
                assert is_inexpressible(name, sheet)
                return
            if name == "labelstudio":
                submit(folder)
            layers, problems = read_in(name, folder, [sheet])
        if name in ("csv", "tsv") and not sheet.records:
            return  # a declared loss
        assert problems == []
        assert layers == {("ann", sheet.doc_id): encode_layer(sheet.records)}

    check()


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_import_after_export_is_identity(name):
    check_identity(name, 2 if name == "duckdb" else 4)


@pytest.mark.slow
@pytest.mark.parametrize("name", BOTH_WAYS)
def test_import_after_export_is_identity_for_many_layers(name):
    check_identity(name, 25 if name == "duckdb" else 300)


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_several_layers_come_back_to_their_annotators(name, tmp_path):
    corpus, _ = read_corpus(CORPUS)
    box = build_outbox(corpus, layers=["gold", "ben"])
    assert write_out(name, box.sheets, tmp_path, box.registries) == []
    if name == "labelstudio":
        submit(tmp_path, completed_by=None)

    names = {"gold": "ann", "ben": "ben"}
    layers, problems = read_in(name, tmp_path, box.sheets, box.registries, names)
    assert problems == []
    expected = {
        (names[sheet.layer], sheet.doc_id): encode_layer(sheet.records)
        for sheet in box.sheets
        if sheet.records or name not in ("csv", "tsv")
    }
    assert layers == expected

    # One id for all is not enough, as a document has two layers.
    _, problems = read_in(name, tmp_path, box.sheets, box.registries)
    assert {problem.code for problem in problems} == {"foreign-annotator"}
