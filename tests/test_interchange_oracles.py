"""Open every export with the tool that it is for, or with an independent reader."""

import csv
import json
import re
import sqlite3
import tempfile
import xml.etree.ElementTree as ET
from contextlib import closing
from pathlib import Path

import pytest
from brat_reader import read_configuration, read_document
from conftest import CORPUS, ROOT
from hypothesis import HealthCheck, given, settings
from layers import read_in, sheets, write_out
from test_interchange import BOTH_WAYS, submit

from readout.corpus.canonical import encode_layer
from readout.corpus.read import read_corpus
from readout.interchange.formats import FORMATS
from readout.interchange.graph import LINKS, NODE_LABELS, split_nodes, to_graph
from readout.interchange.outbox import build_outbox
from readout.model import Quote, iter_spans

BOXES = [
    pytest.param(CORPUS, id="small"),
    pytest.param(ROOT, id="real", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=BOXES)
def box(request):
    corpus, _ = read_corpus(request.param)
    return build_outbox(corpus)


def export(name, box, folder):
    assert write_out(name, box.sheets, folder, box.registries) == []
    return folder


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_a_whole_corpus_goes_out_and_comes_back(name, box, tmp_path):
    export(name, box, tmp_path)
    if name == "labelstudio":
        submit(tmp_path)
    layers, problems = read_in(name, tmp_path, box.sheets, box.registries)
    assert problems == []
    assert layers == {("ann", sheet.doc_id): encode_layer(sheet.records) for sheet in box.sheets}


def pieces_of(sheet):
    """Return the label, offsets and words of every piece, which each tool must show."""
    graph = split_nodes(to_graph(sheet.records))
    return sorted(
        (node.label, span.start, span.end, span.exact)
        for node in graph.nodes
        for span in node.spans
    )


def links_of(sheet):
    return len(split_nodes(to_graph(sheet.records)).links)


# ---------------------------------------------------------------- brat


def check_brat(sheet, folder):
    text = (folder / f"{sheet.doc_id}.txt").read_bytes().decode()
    found = read_document(text, (folder / f"{sheet.doc_id}.ann").read_bytes().decode())
    graph = to_graph(sheet.records)
    assert text == sheet.text
    assert sorted(label for label, _ in found["T"].values()) == sorted(
        node.label for node in graph.nodes
    )
    assert len(found["R"]) == len(graph.links)
    return found


def test_brat_is_read_by_a_strict_reader(box, tmp_path):
    export("brat", box, tmp_path)
    sections = read_configuration((tmp_path / "annotation.conf").read_text(encoding="utf-8"))
    assert sections["entities"] == list(NODE_LABELS)
    attributes = {
        line.split("\t")[0]: re.search(r"Value:(\S+)", line)[1].split("|")
        for line in sections["attributes"]
    }
    for sheet in box.sheets:
        found = check_brat(sheet, tmp_path)
        assert all(value in attributes[name] for name, _, value in found["A"].values())
        assert {name for name, _, _ in found["R"].values()} <= set(LINKS)


def search_layers(check, examples):
    """Search for a layer that a check refuses."""
    chosen = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    chosen(given(sheets())(check))()


def test_brat_of_any_layer_is_read_by_a_strict_reader():
    search_layers(write_and_read_brat, 8)


@pytest.mark.slow
def test_brat_of_many_layers_is_read_by_a_strict_reader():
    search_layers(write_and_read_brat, 100)


def write_and_read_brat(sheet):
    with tempfile.TemporaryDirectory() as folder:
        if not write_out("brat", [sheet], folder):
            check_brat(sheet, Path(folder))


# ---------------------------------------------------------------- UIMA


def test_xmi_counts_utf16(box, tmp_path):
    """Compare the attributes of the XML, read without cassis, with the text in UTF-16."""
    export("cas-xmi", box, tmp_path)
    for sheet in box.sheets:
        root = ET.parse(tmp_path / f"{sheet.doc_id}.xmi").getroot()
        (sofa,) = (each for each in root if each.tag.endswith("}Sofa"))
        units = sofa.get("sofaString").encode("utf-16-le")
        found = []
        for item in root:
            if item.tag.endswith("}Readout"):
                start, end = int(item.get("begin")), int(item.get("end"))
                found.append((item.get("label"), units[2 * start : 2 * end].decode("utf-16-le")))
        assert sofa.get("sofaString") == sheet.text
        assert sorted(found) == sorted((label, words) for label, _, _, words in pieces_of(sheet))


@pytest.mark.parametrize("name", ["cas-xmi", "cas-json"])
def test_cassis_reads_spans_and_relations(name, box, tmp_path):
    from cassis import load_cas_from_json, load_cas_from_xmi, load_typesystem

    export(name, box, tmp_path)
    types = load_typesystem((tmp_path / "TypeSystem.xml").read_text(encoding="utf-8"))
    for sheet in box.sheets:
        path = tmp_path / f"{sheet.doc_id}.{name.removeprefix('cas-')}"
        content = path.read_text(encoding="utf-8")
        cas = (
            load_cas_from_xmi(content, typesystem=types)
            if name == "cas-xmi"
            else load_cas_from_json(content)
        )
        found = [
            (a.label, a.begin, a.end, a.get_covered_text())
            for a in cas.select("webanno.custom.Readout")
        ]
        assert sorted(found) == pieces_of(sheet)
        assert len(list(cas.select("webanno.custom.ReadoutLink"))) == links_of(sheet)


def test_layers_for_inception_name_the_features_of_the_type_system(box, tmp_path):
    from cassis import load_typesystem

    export("cas-xmi", box, tmp_path)
    types = load_typesystem((tmp_path / "TypeSystem.xml").read_text(encoding="utf-8"))
    for layer in json.loads((tmp_path / "inception-layers.json").read_text(encoding="utf-8")):
        features = {feature.name for feature in types.get_type(layer["name"]).features}
        assert {feature["name"] for feature in layer["features"]} == features - {
            "Governor",
            "Dependent",
        }


# ---------------------------------------------------------------- JSON, spaCy


def test_doccano_and_prodigy_offsets(box, tmp_path):
    doccano, prodigy = (read_lines(name, box, tmp_path) for name in ("doccano", "prodigy"))
    for sheet, ours, theirs in zip(box.sheets, doccano, prodigy, strict=True):
        found = [show_in_javascript(ours["text"], entity) for entity in ours["entities"]]
        expected = [(label, words) for label, _, _, words in pieces_of(sheet)]
        assert sorted(found) == sorted(expected)
        assert len({e["id"] for e in ours["entities"]}) == len(found)
        check_prodigy(sheet, theirs)


def show_in_javascript(text, entity):
    """Return the label and the words of an entity as doccano's editor cuts them: by UTF-16."""
    raw = text.encode("utf-16-le")
    words = raw[2 * entity["start_offset"] : 2 * entity["end_offset"]].decode("utf-16-le")
    return entity["label"], words


def read_lines(name, box, folder):
    """Export to a folder of its own, and return the lines of the one file."""
    export(name, box, folder / name)
    raw = (folder / name / f"{name}.jsonl").read_bytes()
    return [json.loads(line) for line in raw.splitlines()]


def check_prodigy(sheet, task):
    """Check that tokens make up the text, and that spans and relations name tokens."""
    tokens = task["tokens"]
    assert [token["id"] for token in tokens] == list(range(len(tokens)))
    assert (
        "".join(token["text"] + " " * token["ws"] for token in tokens) == task["text"] == sheet.text
    )
    for span in task["spans"]:
        assert tokens[span["token_start"]]["start"] == span["start"]
        assert tokens[span["token_end"]]["end"] == span["end"]
    for relation in task["relations"]:
        assert relation["head"] == relation["head_span"]["token_end"]
        assert relation["child"] == relation["child_span"]["token_end"]
    found = [
        (s["label"], s["start"], s["end"], task["text"][s["start"] : s["end"]])
        for s in task["spans"]
    ]
    assert sorted(found) == pieces_of(sheet)


def test_prodigy_tokens_of_any_layer():
    search_layers(write_and_read_prodigy, 8)


@pytest.mark.slow
def test_prodigy_tokens_of_many_layers():
    search_layers(write_and_read_prodigy, 100)


def write_and_read_prodigy(sheet):
    with tempfile.TemporaryDirectory() as folder:
        write_out("prodigy", [sheet], folder)
        check_prodigy(sheet, json.loads((Path(folder) / "prodigy.jsonl").read_bytes()))


@pytest.mark.slow
def test_spacy_reads_the_doc_bin(box, tmp_path):
    import spacy
    from spacy.tokens import DocBin

    export("spacy", box, tmp_path)
    docs = list(DocBin().from_disk(tmp_path / "corpus.spacy").get_docs(spacy.blank("en").vocab))
    for sheet, doc in zip(box.sheets, docs, strict=True):
        assert doc.text == sheet.text
        spans = [span for group in doc.spans.values() for span in group]
        assert sorted((s.label_, s.start_char, s.end_char, s.text) for s in spans) == pieces_of(
            sheet
        )


# ---------------------------------------------------------------- web, TEI, columns


def test_web_annotations_select_what_they_quote(box, tmp_path):
    export("webannotation", box, tmp_path)
    for sheet in box.sheets:
        page = json.loads((tmp_path / f"{sheet.doc_id}.jsonld").read_bytes())
        assert page["@context"][0] == "http://www.w3.org/ns/anno.jsonld"
        ids = [item["id"] for item in page["items"]]
        assert len(set(ids)) == len(ids) == len(to_graph(sheet.records).nodes)
        for item in page["items"]:
            assert item["type"] == "Annotation"
            assert set(item["readout:links"].values()) <= set(ids)
            for target in item["target"]:
                position, quote = target["selector"]
                start, end = position["start"], position["end"]
                assert sheet.text[start:end] == quote["exact"]
                assert sheet.text[:start].endswith(quote["prefix"])
                assert sheet.text[end:].startswith(quote["suffix"])


def test_tei_has_the_structure_of_the_guidelines(box, tmp_path):
    from lxml import etree

    export("tei", box, tmp_path)
    for sheet in box.sheets:
        root = etree.parse(tmp_path / f"{sheet.doc_id}.xml").getroot()
        names = {"t": "http://www.tei-c.org/ns/1.0"}
        assert [etree.QName(child).localname for child in root] == ["teiHeader", "standOff", "text"]
        assert [
            etree.QName(child).localname for child in root.find("t:teiHeader/t:fileDesc", names)
        ] == [
            "titleStmt",
            "publicationStmt",
            "sourceDesc",
        ]
        known = root.xpath("//@xml:id")
        assert len(set(known)) == len(known)
        assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", name) for name in known)
        pointers = " ".join(root.xpath("//@ana | //t:link/@target", namespaces=names)).split()
        assert {pointer.removeprefix("#") for pointer in pointers} <= set(known)
        block = root.find(".//t:ab", names)
        assert block.text == sheet.text
        found = [
            (element.getparent().get("type"), int(start), int(start) + int(size))
            for element in root.iterfind(".//t:span", names)
            for start, size in re.findall(
                r"#string-range\(text,(\d+),(\d+)\)", element.get("target")
            )
        ]
        assert sorted((label, a, b, sheet.text[a:b]) for label, a, b in found) == pieces_of(sheet)


def test_conll_is_loaded_by_the_builder_of_datasets(box, tmp_path):
    datasets = pytest.importorskip("datasets")
    pytest.importorskip("datasets.packaged_modules.conll.conll")
    from readout.interchange.tools.conll import CONLL_COLUMNS, list_tagged_spans

    export("conll", box, tmp_path)
    for sheet in box.sheets:
        data = datasets.load_dataset(
            "conll",
            data_files=str(tmp_path / f"{sheet.doc_id}.conll"),
            column_names=list(CONLL_COLUMNS),
            split="train",
        )
        for row in data:  # a span that continues in another paragraph starts with B there
            columns = zip(*(row[name] for name in CONLL_COLUMNS), strict=True)
            tokens = [(token, int(start), int(end), *tags) for token, start, end, *tags in columns]
            assert all(sheet.text[start:end] == token for token, start, end, *_ in tokens)
            for column, spans in enumerate(list_tagged_spans(sheet.records), 3):
                assert [token[column] for token in tokens] == [
                    tag_of(token, tokens, spans) for token in tokens
                ]


def tag_of(token, tokens, spans):
    """Return the BIO tag of a token by the first span that it touches."""

    def touches(other, span):
        return other[1] < span.end and span.start < other[2]

    owner = min(
        (s for s in spans if touches(token, s)), key=lambda s: (s.start, s.end), default=None
    )
    if owner is None:
        return "O"
    return "B" if token is next(other for other in tokens if touches(other, owner)) else "I"


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_tables_for_spreadsheets(suffix, box, tmp_path):
    export(suffix, box, tmp_path)
    with open(tmp_path / f"annotations.{suffix}", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="," if suffix == "csv" else "\t"))
    assert len(rows) == sum(len(sheet.records) for sheet in box.sheets)
    assert all(cell[:1] not in "=+-@" for row in rows for cell in row.values() if cell)


def test_sqlite_keeps_its_foreign_keys(box, tmp_path):
    export("sqlite", box, tmp_path)
    with closing(sqlite3.connect(tmp_path / "corpus.sqlite")) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        check_database(box, lambda query: connection.execute(query).fetchall())


def test_duckdb_keeps_its_foreign_keys(box, tmp_path):
    import duckdb

    export("duckdb", box, tmp_path)
    with closing(duckdb.connect(str(tmp_path / "corpus.duckdb"), read_only=True)) as connection:
        check_database(box, lambda query: connection.execute(query).fetchall())
        keys = connection.execute(
            "SELECT count(*) FROM duckdb_constraints() WHERE constraint_type = 'FOREIGN KEY'"
        ).fetchone()
        assert keys[0] >= 10


def check_database(box, select):
    spans = sum(1 for sheet in box.sheets for record in sheet.records for _ in iter_spans(record))
    joined = select(
        "SELECT count(*) FROM spans JOIN documents ON document = doc_id "
        'WHERE substr(text, "start" + 1, "end" - "start") = exact'
    )
    assert joined == [(spans,)]
    quotes = select("SELECT count(*) FROM quotes JOIN speakers ON speaker = speaker_id")
    assert quotes == [
        (sum(isinstance(record, Quote) for sheet in box.sheets for record in sheet.records),)
    ]


# ---------------------------------------------------------------- Label Studio


def test_label_studio_results_name_controls_of_the_configuration(box, tmp_path):
    export("labelstudio", box, tmp_path)
    view = ET.parse(tmp_path / "config.xml").getroot()
    controls = {each.get("name"): each for each in view if each.get("name")}
    kinds = {"labels": "Labels", "choices": "Choices", "textarea": "TextArea"}
    relations = {each.get("value") for each in view.find("Relations")}
    tasks = json.loads((tmp_path / "tasks.json").read_bytes())
    for sheet, task in zip(box.sheets, tasks, strict=True):
        regions = []
        for result in task["predictions"][0]["result"]:
            if result["type"] == "relation":
                assert set(result["labels"]) <= relations
                continue
            control, value = controls[result["from_name"]], result["value"]
            assert control.tag == kinds[result["type"]]
            if result["type"] != "textarea":
                allowed = {each.get("value") for each in control}
                assert set(value[result["type"]]) <= allowed
            if result["type"] == "labels":
                start, end = value["start"], value["end"]
                assert task["data"]["text"][start:end] == value["text"]
                regions.append((value["labels"][0], start, end, value["text"]))
        assert sorted(regions) == pieces_of(sheet)


def test_every_format_is_opened_by_a_test():
    """Check that this file or that of formats with a row per token tests every format."""
    here = Path(__file__)
    files = (here, here.with_name("test_foreign_tokens.py"))
    content = "".join(file.read_text(encoding="utf-8") for file in files)
    for name, each in FORMATS.items():
        assert each.read_corpus or f'"{name}"' in content, name
