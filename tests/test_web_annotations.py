"""Read W3C Web Annotations of other people, in the forms that the model allows.

The forms are those of https://www.w3.org/TR/annotation-model/. ``pytest -m published`` also reads
the model's own examples: READOUT_W3C names a folder of JSON files with an annotation each.
"""

import json
import os
from pathlib import Path

import pytest

from readout.interchange.formats import FORMATS
from readout.interchange.inbox import Inbox
from readout.interchange.inspection import Inspector, guess_formats

NAME = "2030-01-a"
TEXT = "🚢 Ada Quill said “no”.\nShe said no more.\n"
ADA = {"type": "TextPositionSelector", "start": 2, "end": 11}
# Scripts in browsers count UTF-16 code units.
IN_UTF_16 = {**ADA, "start": 3, "end": 12}
ADA_QUOTED = {"type": "TextQuoteSelector", "exact": "Ada Quill"}
IRI = "http://harbour.example/texts/7"


class Collector(Inspector):
    """Keeps the graphs of the files."""

    def __init__(self):
        super().__init__({}, {NAME: TEXT}, None)
        self.graphs = []

    def add_layer(self, path, doc_id, graph, author=""):
        """Keep a graph."""
        self.graphs.append(graph)


def collect(folder, value, name=f"{NAME}.jsonld"):
    (folder / name).write_text(json.dumps(value), encoding="utf-8")
    inbox = Collector()
    FORMATS["webannotation"].read(inbox, folder)
    return inbox


def read_nodes(folder, **fields):
    """Return the label, words and values of each annotation that is made of one with the fields."""
    item = {"id": "a", "type": "Annotation", "target": {"source": IRI, "selector": ADA}, **fields}
    inbox = collect(folder, {"items": [item]})
    assert inbox.problems == []
    (graph,) = inbox.graphs
    assert len({node.key for node in graph.nodes}) == len(graph.nodes)
    return [(node.label, node.spans[0].exact, dict(node.values)) for node in graph.nodes]


def test_a_text_beside_a_page_is_that_of_its_document(tmp_path):
    (tmp_path / "other.txt").write_text("Noam left.\n", encoding="utf-8")
    selector = {"type": "TextPositionSelector", "start": 0, "end": 4}
    item = {"id": "a", "type": "Annotation", "target": {"source": IRI, "selector": selector}}
    inbox = collect(tmp_path, item, "other.jsonld")
    assert inbox.problems == []
    assert [node.spans[0].exact for graph in inbox.graphs for node in graph.nodes] == ["Noam"]


def text_body(value, **fields):
    return {"type": "TextualBody", "value": value, **fields}


@pytest.mark.parametrize(
    ("fields", "labels", "values"),
    [
        ({}, ["annotation"], {}),
        ({"body": "http://x.example/1"}, ["annotation"], {"body": "http://x.example/1"}),
        ({"bodyValue": "sure?"}, ["annotation"], {"note": "sure?"}),
        (
            {"body": text_body("sure?"), "motivation": "commenting"},
            ["commenting"],
            {"note": "sure?"},
        ),
        ({"body": text_body("PER"), "motivation": "oa:classifying"}, ["PER"], {}),
        ({"body": text_body("PER", purpose="tagging")}, ["PER"], {}),
        ({"body": [text_body(tag, purpose="tagging") for tag in "AB"]}, ["A", "B"], {}),
        (
            {"body": {"type": "SpecificResource", "source": "u:1", "purpose": "tagging"}},
            ["u:1"],
            {},
        ),
        (
            {"body": [text_body("PER", purpose="classifying"), text_body("x", purpose="tagging")]},
            ["PER"],
            {"tagging": "x"},
        ),
        (
            {"body": {"type": "Choice", "items": [text_body("sure?"), text_body("sûr ?")]}},
            ["annotation"],
            {"note": "sure?"},
        ),
        ({"body": [], "motivation": ["highlighting", "x"]}, ["highlighting"], {}),
    ],
)
def test_bodies_are_labels_and_values(fields, labels, values, tmp_path):
    expected = [(label, "Ada Quill", values) for label in labels]
    assert read_nodes(tmp_path, **fields) == expected


SAID = {"type": "TextQuoteSelector", "exact": "said", "prefix": "She "}
FIRST_LINE = {"type": "TextPositionSelector", "start": 0, "end": 24}


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        (ADA, "Ada Quill"),
        (ADA_QUOTED, "Ada Quill"),
        ([ADA_QUOTED, ADA], "Ada Quill"),
        ([ADA_QUOTED, IN_UTF_16], "Ada Quill"),
        ([{"type": "CssSelector", "value": "p"}, ADA], "Ada Quill"),
        ({"type": "FragmentSelector", "value": "char=2,11"}, "Ada Quill"),
        ({**FIRST_LINE, "refinedBy": {"type": "TextQuoteSelector", "exact": "said"}}, "said"),
        (
            {**ADA_QUOTED, "refinedBy": {"type": "TextPositionSelector", "start": 4, "end": 9}},
            "Quill",
        ),
        ({"type": "RangeSelector", "startSelector": ADA_QUOTED, "endSelector": SAID}, TEXT[2:27]),
    ],
)
def test_selectors(selector, words, tmp_path):
    target = {"source": IRI, "selector": selector}
    assert [node[1] for node in read_nodes(tmp_path, target=target)] == [words]


@pytest.mark.parametrize(
    "target",
    [
        f"{IRI}#char=2,11",
        {"selector": ADA},
        {"source": {"id": IRI, "type": "Text"}, "selector": ADA},
        {"source": f"http://harbour.example/{NAME}.html", "selector": ADA},
    ],
)
def test_sources(target, tmp_path):
    assert [node[1] for node in read_nodes(tmp_path, target=target)] == ["Ada Quill"]


@pytest.mark.parametrize("kind", ["list", "set"])
def test_each_target_is_an_annotation(kind, tmp_path):
    targets = [{"source": IRI, "selector": each} for each in (ADA, SAID)]
    target = targets if kind == "list" else {"type": "List", "items": targets}
    assert [node[1] for node in read_nodes(tmp_path, target=target)] == ["Ada Quill", "said"]


@pytest.mark.parametrize(
    ("selector", "code"),
    [
        ({"type": "XPathSelector", "value": "/p[1]"}, "foreign-span"),
        ("http://harbour.example/selectors/1", "foreign-span"),
        ({"type": "FragmentSelector", "value": "xywh=0,0,9,9"}, "foreign-span"),
        ([ADA_QUOTED, {**ADA, "end": 14}], "foreign-span"),
        ({**FIRST_LINE, "refinedBy": {"type": "CssSelector", "value": "p"}}, "foreign-span"),
        ({"type": "RangeSelector", "startSelector": SAID, "endSelector": ADA}, "foreign-span"),
    ],
)
def test_what_cannot_be_selected_is_a_problem(selector, code, tmp_path):
    inbox = collect(tmp_path, {"target": {"source": IRI, "selector": selector}})
    assert [problem.code for problem in inbox.problems] == [code]
    assert [graph.nodes for graph in inbox.graphs] == [[]]


def test_a_whole_document_is_told_and_another_source_is_a_problem(tmp_path):
    items = [{"target": IRI}, {"target": f"{IRI}1#char=2,11"}, "http://harbour.example/annos/3"]
    inbox = collect(tmp_path, items, "any.json")
    assert inbox.problems[0].code == "foreign-document"
    assert guess_formats(tmp_path) == []

    (tmp_path / "any.json").unlink()
    inbox = collect(tmp_path, items)
    assert [problem.code for problem in inbox.problems] == ["foreign-document"]
    assert [tally.count for tally in inbox.told.values()] == [1, 1, 1]


@pytest.mark.parametrize("form", ["page", "collection", "list", "single"])
def test_containers(form, tmp_path):
    item = {"@context": "http://www.w3.org/ns/anno.jsonld", "target": {"selector": ADA}}
    page = {"type": "AnnotationPage", "items": [item]}
    values = {
        "page": page,
        "collection": {"type": "AnnotationCollection", "first": page},
        "list": [item],
        "single": item,
    }
    inbox = collect(tmp_path, values[form], f"{NAME}.json")
    assert [len(graph.nodes) for graph in inbox.graphs] == [1]
    assert guess_formats(tmp_path) == ["webannotation"]


def test_a_collection_of_addresses_is_a_problem(tmp_path):
    inbox = collect(tmp_path, {"type": "AnnotationCollection", "first": "http://x.example/1"})
    assert [problem.code for problem in inbox.problems] == ["foreign-syntax"]


def test_each_creator_has_a_layer_if_asked_for(tmp_path):
    mention = {
        "body": text_body("mention", purpose="classifying"),
        "readout:speaker": "ada",
        "target": {"source": f"urn:readout:{NAME}", "selector": ADA},
    }
    items = [
        {**mention, "creator": {"type": "Person", "name": "Ann"}},
        {**mention, "creator": "ben@harbour.example"},
    ]
    path = tmp_path / f"{NAME}.jsonld"
    path.write_text(json.dumps(items), encoding="utf-8")
    for annotators, layers in (
        ({"Ann": "ann", "ben@harbour.example": "ben"}, {"ann": 1, "ben": 1}),
        ({"": "all"}, {"all": 2}),
    ):
        inbox = Inbox({"speakers": {"ada": None}}, {NAME: TEXT}, annotators)
        FORMATS["webannotation"].read(inbox, tmp_path)
        assert inbox.problems == []
        assert {name: len(layer) for (name, _), layer in inbox.layers.items()} == layers


@pytest.mark.published
def test_the_examples_of_the_model_come_in_or_are_listed():
    folder = os.environ.get("READOUT_W3C")
    if not folder:
        pytest.skip("READOUT_W3C names no folder")
    for file in sorted(Path(folder).rglob("*.json")):
        inbox = Collector()
        inbox.texts = {file.stem: TEXT}
        FORMATS["webannotation"].read(inbox, file)
        nodes = [node for graph in inbox.graphs for node in graph.nodes]
        assert nodes or inbox.problems or inbox.told, file
