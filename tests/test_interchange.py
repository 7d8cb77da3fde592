"""An import after an export returns the same layer, and an export refuses what it cannot write."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from layers import read_in, sheets, write_out

from readout.corpus.canonical import encode_layer
from readout.interchange.formats import FORMATS
from readout.interchange.tools.brat import split_lines
from readout.model import Mention, iter_spans

TAGS = ("conll", "tokens")
"""The formats of which a file has only labels and spans; see test_tags.py."""
BOTH_WAYS = [
    name for name, each in FORMATS.items() if each.write and each.read and name not in TAGS
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
    """Turn pre-annotations into annotations, as if an annotator submitted them unchanged."""
    path = Path(folder) / "tasks.json"
    tasks = json.loads(path.read_text(encoding="utf-8"))
    for task in tasks:
        predictions = task.pop("predictions")
        task["annotations"] = [
            {"result": each["result"], "completed_by": completed_by} for each in predictions
        ]
    path.write_text(json.dumps(tasks), encoding="utf-8", newline="\n")


def check_identity(name, examples):
    """Search for a layer that differs after an export and an import."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(sheets())
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
    check_identity(name, 3 if name == "duckdb" else 15)


@pytest.mark.slow
@pytest.mark.parametrize("name", BOTH_WAYS)
def test_import_after_export_is_identity_for_many_layers(name):
    check_identity(name, 25 if name == "duckdb" else 300)
