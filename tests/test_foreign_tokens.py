"""Files with a row per token, which other people's tools make: written by hand to their rules.

``pytest -m published`` also reads what the tools publish themselves: READOUT_TSV names a folder
with files of WebAnno TSV 3 (INCEpTION's own suite), and READOUT_BOOKNLP one with tables of BookNLP.
"""

import io
import json
import os
import re
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from conftest import CORPUS
from hypothesis import HealthCheck, example, given, settings
from layers import META, REGISTRIES, read_in, sheets, write_out

from readout.corpus.read import read_corpus
from readout.interchange.formats import FORMATS, Choices, import_files
from readout.interchange.inbox import Inbox, to_entries
from readout.interchange.inspection import Inspector, guess_formats
from readout.interchange.mapping import find_mapping, parse_mapping
from readout.interchange.outbox import Sheet, build_outbox
from readout.model import Mention, Quote, Span, iter_spans

NAME = "2030-01-a"
TEXT = "🚢 Ada Quill said “no”.\nShe left.\n"


class Collector(Inspector):
    """Keeps the graphs of the files."""

    def __init__(self, text):
        super().__init__({}, {NAME: text}, None)
        self.graphs = {}

    def add_layer(self, path, doc_id, graph, author=""):
        """Keep a graph."""
        self.graphs[doc_id, author] = graph


def collect(name, folder, files, text=TEXT):
    """Return what an import finds in files, by document and annotator."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    inbox = Collector(text)
    FORMATS[name].read(inbox, folder)
    return inbox


def nodes_of(graph):
    """Return the label, words and values of every node."""
    return [
        (node.label, *(span.exact for span in node.spans), *sorted(node.values.items()))
        for node in graph.nodes
    ]


def links_of(graph):
    words = {node.key: node.spans[0].exact for node in graph.nodes}
    return [(link.label, words[link.tail], words[link.head]) for link in graph.links]


def only(inbox):
    assert inbox.problems == []
    (graph,) = inbox.graphs.values()
    return graph


# ---------------------------------------------------------------- WebAnno TSV

TSV = """#FORMAT=WebAnno TSV 3.3
#T_SP=a.Person|name|sure
#T_SP=a.Report|ROLE_a.Report:parts_a.ReportLink|uima.tcas.Annotation
#T_CH=a.Coref|referenceType|referenceRelation
#T_RL=a.Says|kind|BT_a.Person


#Text=🚢 Ada Quill said “no”.
1-1\t0-2\t🚢\t_\t_\t_\t_\t_\t_\t_\t_\t
1-2\t3-6\tAda\tA\\|da\\_\\\\[1]|*[2]\t*[1]|yes[2]\t_\t_\tname[1]\tsame->1-1\t_\t_\t
1-3\t7-12\tQuill\tA\\|da\\_\\\\[1]\t*[1]\t_\t_\tname[1]\tsame->1-1\t_\t_\t
1-4\t13-17\tsaid\t_\t_\twho;*\t1-2[2];2-1\t_\t_\t_\t_\t
1-5\t18-19\t“\t_\t_\t_\t_\t_\t_\t_\t_\t
1-6\t19-21\tno\t_\t_\t_\t_\t_\t_\t_\t_\t
1-6.1\t20-21\to\t*\t*\t_\t_\t_\t_\tto\\;ld\t1-2[2_0]\t
1-7\t21-22\t”\t_\t_\t_\t_\t_\t_\t_\t_\t
1-8\t22-23\t.\t_\t_\t_\t_\t_\t_\t_\t_\t

#Text=She left.
2-1\t24-27\tShe\t*\t*\t_\t_\tpronoun[1]\t*->1-2\t_\t_\t
2-2\t28-32\tleft\t_\t_\t_\t_\t_\t_\t_\t_\t
2-3\t32-33\t.\t_\t_\t_\t_\t_\t_\t_\t_\t
"""


def test_layers_of_webanno_tsv(tmp_path):
    graph = only(collect("webanno-tsv", tmp_path, {f"{NAME}.tsv": TSV}))
    assert sorted(nodes_of(graph)) == [
        ("Coref", "Ada Quill", ("chain", "1"), ("referenceType", "name")),
        ("Coref", "She", ("chain", "1"), ("referenceType", "pronoun")),
        ("Person", "Ada", ("sure", "yes")),
        ("Person", "Ada Quill", ("name", "A|da_\\")),
        ("Person", "She"),
        ("Person", "o"),
        ("Report", "said"),
    ]
    assert links_of(graph) == [
        ("parts:who", "said", "Ada"),
        ("parts", "said", "She"),
        ("Says:to;ld", "Ada", "o"),
    ]


def test_layers_without_a_mapping_are_left_out_and_counted(tmp_path):
    (tmp_path / f"{NAME}.tsv").write_bytes(TSV.encode())
    inbox = Inbox({}, {NAME: TEXT}, {"": "ann"})
    FORMATS["webanno-tsv"].read(inbox, tmp_path)
    assert inbox.problems == []
    counts = {kind.split("'")[1]: tally.count for kind, tally in inbox.told.items()}
    assert counts == {"a.Person": 4, "a.Report": 1, "a.Coref": 3, "a.Says": 1}


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("WebAnno TSV 3.3", "WebAnno TSV 2", "foreign-syntax", 1),
        ("13-17\tsaid", "13-17\tsays", "foreign-text", 12),
        ("13-17\tsaid", "1-17\tsaid", "foreign-text", 12),
        ("1-4\t13-17", "1-4\t13_17", "foreign-syntax", 12),
        ("\t_\t_\twho;*", "\twho;*", "foreign-syntax", 12),
        ("yes[2]", "yes[2]|no[3]", "foreign-syntax", 10),
        ("1-2[2_0]", "one", "foreign-syntax", 15),
    ],
)
def test_a_fault_in_webanno_tsv_is_located(old, new, code, line, tmp_path):
    assert old in TSV
    inbox = collect("webanno-tsv", tmp_path, {f"{NAME}.tsv": TSV.replace(old, new)})
    problem = inbox.problems[0]
    assert (problem.code, problem.line) == (code, line)
    assert problem.hint


def test_webanno_tsv_states_utf16_offsets_of_every_token(tmp_path):
    """Compare the rows of an export with the text in UTF-16, by the rules of the user guide."""
    box = build_outbox(read_corpus(CORPUS)[0])
    assert write_out("webanno-tsv", box.sheets, tmp_path, box.registries) == []
    for sheet in box.sheets:
        units = sheet.text.encode("utf-16-le")
        content = (tmp_path / f"{sheet.doc_id}.tsv").read_bytes().decode()
        head, body = content.split("\n\n\n", 1)
        columns = sum(len(line.split("|")) - 1 for line in head.split("\n") if "=" in line)
        numbers = set()
        for row in body.split("\n"):
            if not row or row.startswith("#"):
                continue
            _, place, words, *cells = row.split("\t")
            start, end = map(int, place.split("-"))
            assert units[2 * start : 2 * end].decode("utf-16-le") == words.replace("\\\\", "\\")
            assert len(cells) == columns + 1
            numbers.update(re.findall(r"\[([0-9]+)\]", cells[0]))
        pieces = sum(len(list(iter_spans(record))) for record in sheet.records)
        assert len(numbers) == pieces


# ---------------------------------------------------------------- INCEpTION projects


def build_project(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def test_a_project_has_a_layer_per_annotator(tmp_path):
    files = {
        f"annotation/{NAME}.txt/anna.tsv": TSV,
        f"annotation/{NAME}.txt/INITIAL_CAS.tsv": TSV,
        f"curation/{NAME}.txt/CURATION_USER.tsv": TSV.replace("Person", "Someone"),
        f"annotation_ser/{NAME}.txt/anna.ser": b"\xac\xed",
        f"annotation_ser/{NAME}.txt/ben.ser": b"\xac\xed",
        f"source/{NAME}.txt": "not read, as the corpus has the text",
        "exportedproject1.json": "{}",
    }
    archive = build_project(**files)
    for folder, content in (("zip", {"p.zip": archive}), ("folder", files)):
        inbox = collect("inception", tmp_path / folder, content)
        assert set(inbox.graphs) == {(NAME, "anna"), (NAME, "CURATION_USER")}
        (problem,) = inbox.problems
        assert problem.code == "foreign-syntax"
        assert "'ben'" in problem.message


def test_a_project_in_xmi_and_json_comes_back(tmp_path):
    corpus, _ = read_corpus(CORPUS)
    box = build_outbox(corpus)
    files = {}
    for user, name, suffix in (("anna", "cas-xmi", "xmi"), ("ben", "cas-json", "json")):
        folder = tmp_path / name
        write_out(name, box.sheets, folder, box.registries)
        for sheet in box.sheets:
            content = (folder / f"{sheet.doc_id}.{suffix}").read_bytes()
            if suffix == "xmi":
                types = (folder / "TypeSystem.xml").read_bytes()
                content = build_project(**{f"{user}.xmi": content, "TypeSystem.xml": types})
                suffix_in_project = "zip"
            else:
                suffix_in_project = suffix
            files[f"annotation/{sheet.doc_id}.txt/{user}.{suffix_in_project}"] = content

    (tmp_path / "p.zip").write_bytes(build_project(**files))
    names = {"anna": "ann", "ben": "ben"}
    layers, problems = read_in("inception", tmp_path / "p.zip", box.sheets, box.registries, names)
    assert problems == []
    assert {annotator for annotator, _ in layers} == {"ann", "ben"}
    for sheet in box.sheets:
        assert layers["ann", sheet.doc_id] == layers["ben", sheet.doc_id]


# ---------------------------------------------------------------- CoNLL

CONLL = """-DOCSTART- -X- O O

🚢 NN I-NP O
Ada NNP I-NP I-PER
Quill NNP I-NP I-PER
said VBD I-VP O
`` `` O O
no UH B-INTJ U-WORD
'' '' O O
. . O O

She PRP B-NP B-PER
left VBD B-VP O
. . O O
"""


def test_conll_columns_need_no_offsets(tmp_path):
    graph = only(collect("conll", tmp_path, {f"{NAME}.conll": CONLL}))
    found = nodes_of(graph)
    assert [node for node in found if node[0] in ("PER", "WORD")] == [
        ("PER", "Ada Quill"),
        ("WORD", "no"),
        ("PER", "She"),
    ]
    assert ("NP", "🚢 Ada Quill") in found


def test_a_document_is_found_by_its_tokens(tmp_path):
    inbox = collect("conll", tmp_path, {"all.bio": CONLL})
    assert list(inbox.graphs) == [(NAME, "")]


def test_brackets_of_conll_2012(tmp_path):
    rows = [
        ("Ada", "(1"),
        ("Quill", "1)"),
        ("said", "-"),
        ("“", "-"),
        ("no", "(2)|(3"),
        ("”", "3)"),
    ]
    lines = [f"x 0 {number} {word} NN {cell}" for number, (word, cell) in enumerate(rows)]
    content = f"#begin document ({NAME}); part 000\n" + "\n".join(lines) + "\n\n#end document\n"
    graph = only(collect("conll", tmp_path, {"x.conll": content}))
    assert nodes_of(graph) == [
        ("coreference", "Ada Quill", ("entity", "1")),
        ("coreference", "no", ("entity", "2")),
        ("coreference", "no”", ("entity", "3")),
    ]


NAMED = [
    ("Ada", "(PERSON*", "(1"),
    ("Quill", "*)", "1)"),
    ("said", "*", "-"),
    ("“", "*", "-"),
    ("no", "(WORD)", "-"),
    ("”", "*", "-"),
]


def write_named(rows):
    lines = [f"x 0 {number} {' '.join(row)}" for number, row in enumerate(rows)]
    return f"#begin document ({NAME}); part 000\n" + "\n".join(lines) + "\n\n#end document\n"


def test_names_of_conll_2012(tmp_path):
    graph = only(collect("conll", tmp_path, {"x.conll": write_named(NAMED)}))
    assert nodes_of(graph) == [
        ("PERSON", "Ada Quill"),
        ("WORD", "no"),
        ("coreference", "Ada Quill", ("entity", "1")),
    ]


@pytest.mark.parametrize(
    ("number", "cell", "words", "line"),
    [
        (1, "*", "'(PERSON*' is opened but never closed", 2),
        (2, "*)", "'*)' is closed but was never opened", 4),
    ],
)
def test_a_bracket_of_a_name_without_its_partner_is_a_problem(number, cell, words, line, tmp_path):
    rows = [(row[0], cell if at == number else row[1], row[2]) for at, row in enumerate(NAMED)]
    inbox = collect("conll", tmp_path, {"x.conll": write_named(rows)})
    assert [(words in found.message, found.line) for found in inbox.problems] == [(True, line)]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("said VBD I-VP O", "says VBD I-VP O", "foreign-text", 6),
        ("said VBD I-VP O", "said VBD I-VP", "foreign-syntax", 6),
    ],
)
def test_a_fault_in_conll_is_located(old, new, code, line, tmp_path):
    inbox = collect("conll", tmp_path, {f"{NAME}.conll": CONLL.replace(old, new)})
    (problem,) = inbox.problems
    assert (problem.code, problem.line, inbox.graphs) == (code, line, {})


def test_a_cell_that_is_no_tag_is_a_problem_and_hides_no_other(tmp_path):
    content = CONLL.replace("said VBD I-VP O", "said VBD verb O")
    inbox = collect("conll", tmp_path, {f"{NAME}.conll": content})
    (problem,) = inbox.problems
    assert (problem.code, problem.line) == ("foreign-value", 6)
    (graph,) = inbox.graphs.values()
    assert ("NP", "🚢 Ada Quill") in nodes_of(graph)


# ---------------------------------------------------------------- Hugging Face


def test_a_dataset_that_datasets_saved(tmp_path):
    """Read Parquet and JSON Lines files of the library itself, with class labels and names."""
    from datasets import ClassLabel, Dataset, Features, Sequence, Value

    names = ["O", "B-PER", "I-PER"]
    rows = {
        "id": ["0", "1"],
        "tokens": [["Ada", "Quill", "said", "“", "no", "”", "."], ["She", "left", "."]],
        "pos_tags": [["NNP", "NNP", "VBD", "``", "UH", "''", "."], ["PRP", "VBD", "."]],
        "ner_tags": [[1, 2, 0, 0, 0, 0, 0], [1, 0, 0]],
    }
    features = Features(
        {
            "id": Value("string"),
            "tokens": Sequence(Value("string")),
            "pos_tags": Sequence(Value("string")),
            "ner_tags": Sequence(ClassLabel(names=names)),
        }
    )
    (tmp_path / "parquet").mkdir()
    Dataset.from_dict(rows, features).to_parquet(tmp_path / "parquet" / f"{NAME}.parquet")
    lines = [
        {"tokens": tokens, "ner_tags": [names[number] for number in numbers]}
        for tokens, numbers in zip(rows["tokens"], rows["ner_tags"], strict=True)
    ]
    written = "".join(json.dumps(line) + "\n" for line in lines)

    for folder, files in (("parquet", {}), ("jsonl", {"train.jsonl": written})):
        graph = only(collect("tokens", tmp_path / folder, files))
        assert nodes_of(graph) == [("PER", "Ada Quill"), ("PER", "She")]


def test_tags_without_names_are_a_problem(tmp_path):
    line = json.dumps({"tokens": ["She", "left"], "ner_tags": [1, 0]})
    (problem,) = collect("tokens", tmp_path, {f"{NAME}.jsonl": line}).problems
    assert (problem.code, problem.line) == ("foreign-value", 1)
    assert "Parquet" in problem.hint


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ner_tags": ["O"]}, "foreign-syntax"),
        ({}, "foreign-syntax"),
        ({"ner_tags": ["O", "B person"]}, "foreign-value"),
    ],
)
def test_a_row_with_odd_tags_is_a_problem_and_hides_no_other(fields, code, tmp_path):
    first = {"tokens": list("🚢"), "ner_tags": ["O"]}
    named = {"tokens": ["Ada", "Quill"], "ner_tags": ["B-PER", "I-PER"]}
    plain = {"tokens": ["said", "“", "no", "”", ".", "She"], "ner_tags": ["O"] * 6}
    odd = {"tokens": ["left", "."], **fields}
    content = "\n".join(map(json.dumps, (first, named, plain, odd)))
    inbox = collect("tokens", tmp_path, {f"{NAME}.jsonl": content})
    (problem,) = inbox.problems
    assert (problem.code, problem.line) == (code, 4)
    (graph,) = inbox.graphs.values()
    assert nodes_of(graph) == [("PER", "Ada Quill")]


def test_exported_tags_are_loaded_by_datasets(tmp_path):
    from datasets import load_dataset

    box = build_outbox(read_corpus(CORPUS)[0])
    write_out("tokens", box.sheets, tmp_path / "out", box.registries)
    loaded = load_dataset(f"{tmp_path / 'out'}", cache_dir=f"{tmp_path / 'cache'}")
    rows = [row for split in loaded.values() for row in split]
    text_of = {sheet.doc_id: sheet.text for sheet in box.sheets}
    mentions = Counter()
    for row in rows:
        text = text_of[row["document"]]
        places = zip(row["start"], row["end"], strict=True)
        assert [text[start:end] for start, end in places] == row["tokens"]
        mentions[row["document"]] += row["mention_tags"].count(1)
    labels = loaded["train"].features["mention_tags"].feature.names
    assert labels == ["O", "B-mention", "I-mention"]
    expected = {
        sheet.doc_id: sum(isinstance(record, Mention) for record in sheet.records)
        for sheet in box.sheets
    }
    assert mentions == expected


@pytest.mark.parametrize("name", ["conll", "tokens"])
def test_exported_tags_come_back_as_labels_and_spans(name, tmp_path):
    """The spans of mentions and of the outermost quotes come back; what they name does not."""
    corpus, _ = read_corpus(CORPUS)
    box = build_outbox(corpus)
    write_out(name, box.sheets, tmp_path, box.registries)
    mapping, _ = parse_mapping(find_mapping("conll").read_bytes())
    choices = Choices({"": "ann"}, replaces=True, adds=True, mapping=mapping)
    _, inbox = import_files(name, tmp_path, corpus, choices)
    assert inbox.problems == []

    for sheet in box.sheets:
        records = inbox.layers["ann", sheet.doc_id]
        assert spans_of(records, "mention") == spans_of(sheet.records, "mention")
        assert spans_of(records, "quote") == spans_of(sheet.records, "quote")
    assert set(inbox.told) >= {"The mapping drops the label 'cue'."}


@pytest.mark.parametrize("name", ["conll", "tokens"])
def test_layers_of_tags_come_back_to_their_annotators(name, tmp_path):
    corpus, _ = read_corpus(CORPUS)
    box = build_outbox(corpus, layers=["gold", "ben"])
    write_out(name, box.sheets, tmp_path, box.registries)
    mapping, _ = parse_mapping(find_mapping("conll").read_bytes())
    annotators = {"gold": "ann", "ben": "ben"}
    choices = Choices(annotators, replaces=True, adds=True, mapping=mapping)
    _, inbox = import_files(name, tmp_path, corpus, choices)
    assert inbox.problems == []
    assert set(inbox.layers) == {(annotators[each.layer], each.doc_id) for each in box.sheets}


MARK = Mention(id="m", speaker="ada-quill", span=Span(0, 1, "#"))
SHARP = Sheet(META, "#", "gold", (MARK,), "annotations/gold/sharp.jsonl", NAME)
"""The only row of its file begins as a comment does."""


def test_tags_of_any_layer_come_back():
    check_tags(8)


@pytest.mark.slow
def test_tags_of_many_layers_come_back():
    check_tags(200)


def check_tags(examples):
    """Search for a layer whose tags are lost."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(sheets())
    @example(SHARP)
    def check(sheet):
        compare_tags(sheet)

    check()


def compare_tags(sheet):
    """Compare what is imported with the tags of the file, read by a few lines of this test."""
    with tempfile.TemporaryDirectory() as folder:
        write_out("conll", [sheet], folder)
        rows = [line.split(" ") for line in read_text(folder, "*.conll").split("\n") if line]
        inbox = Inspector({}, {sheet.doc_id: sheet.text}, None)
        FORMATS["conll"].read(inbox, Path(folder))
    assert inbox.problems == []

    names = ("mention", "content", "cue", "source", "boilerplate")
    expected = []
    for column, name in enumerate(names, 3):
        for row in rows[1:]:
            if row[column] == "B":
                expected.append((name, int(row[1]), int(row[2])))
            elif row[column] == "I":
                expected[-1] = (name, expected[-1][1], int(row[2]))
    found = [
        (node.label, node.spans[0].start, node.spans[0].end)
        for nodes in inbox.labels.values()
        for node in nodes
    ]
    assert sorted(found) == sorted(expected)


def read_text(folder, pattern):
    (file,) = Path(folder).glob(pattern)
    return file.read_bytes().decode()


def spans_of(records, kind):
    if kind == "mention":
        return sorted(r.span.start for r in records if isinstance(r, Mention))
    outer = [r for r in records if isinstance(r, Quote) and r.within is None]
    return sorted((span.start, span.end) for quote in outer for span in quote.content)


# ---------------------------------------------------------------- CoNLL-U

CONLLU = f"""# newdoc id = {NAME}
# global.Entity = eid-etype-head-minspan-infstat
# sent_id = a-1
# speaker = AdaQ
# text = 🚢 Ada Quill said “no”.
1\t🚢\t_\tNOUN\t_\t_\t0\troot\t_\t_
2-3\tAda\t_\t_\t_\t_\t_\t_\t_\t_
2\tA\t_\tPROPN\t_\t_\t1\tdep\t_\tEntity=(e1[1/2]-person-1-2-new(e2-time-1-1-giv)
3\tda\t_\tPROPN\t_\t_\t1\tdep\t_\tEntity=e1[1/2])
3.1\tgone\t_\tPROPN\t_\t_\t_\t_\t1:dep\tEntity=(e3-person-1-1-new)
4\tQuill\t_\tPROPN\t_\t_\t1\tdep\t_\tEntity=(e2-time-1-1-giv(e4--1-1-giv
5\tsaid\t_\tVERB\t_\t_\t1\tdep\t_\tEntity=e2)e4)
6\t“\t_\tPUNCT\t_\t_\t1\tdep\t_\tSpaceAfter=No
7\tno\t_\tINTJ\t_\t_\t1\tdep\t_\tEntity=(e1[2/2]-person-1-2-new)|Bridge=e1<e2|SpaceAfter=No
8\t”\t_\tPUNCT\t_\t_\t1\tdep\t_\tSpaceAfter=No
9\t.\t_\tPUNCT\t_\t_\t1\tdep\t_\t_

# sent_id = a-2
# text = She left.
1\tShe\t_\tPRON\t_\t_\t2\tnsubj\t_\t_
2\tleft\t_\tVERB\t_\t_\t0\troot\t_\tSpaceAfter=No
3\t.\t_\tPUNCT\t_\t_\t2\tpunct\t_\t_

"""


def test_entities_of_corefud(tmp_path):
    inbox = collect("conllu", tmp_path, {"all.conllu": CONLLU})
    graph = only(inbox)
    new, given = ("infstat", "new"), ("infstat", "giv")
    assert nodes_of(graph) == [
        ("person", "Ada", "no", ("eid", "e1"), new),
        ("time", "Ada", ("eid", "e2"), given),
        ("time", "Quill said", ("eid", "e2"), given),
        ("Entity", "Quill said", ("eid", "e4"), given),
        ("sentence", "🚢 Ada Quill said “no”.", ("speaker", "AdaQ")),
    ]
    assert {kind: tally.count for kind, tally in inbox.told.items()} == {
        "An entity of empty nodes is left out.": 1,
        "The attribute 'Bridge' is left out.": 1,
    }


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("e2)e4)", "e2)", "foreign-syntax", 11),
        ("e2)e4)", "e2)e4)e5)", "foreign-syntax", 12),
        ("5\tsaid", "5\tsays", "foreign-text", 12),
        ("5\tsaid", "5 said", "foreign-syntax", 12),
    ],
)
def test_a_fault_in_conllu_is_located(old, new, code, line, tmp_path):
    inbox = collect("conllu", tmp_path, {"all.conllu": CONLLU.replace(old, new)})
    (problem,) = inbox.problems
    assert (problem.code, problem.line) == (code, line)


@pytest.mark.filterwarnings("ignore")
def test_conllu_is_read_by_udapi(tmp_path):
    """The mentions that the library of CorefUD finds are those of the layer."""
    from udapi.core.document import Document

    box = build_outbox(read_corpus(CORPUS)[0])
    write_out("conllu", box.sheets, tmp_path, box.registries)
    for sheet in box.sheets:
        found = Document(f"{tmp_path / sheet.doc_id}.conllu")
        mentions = [
            (entity.eid, mention.other["id"], "".join(word.form for word in mention.words))
            for entity in found.coref_entities
            for mention in entity.mentions
        ]
        expected = [
            (_to_eid(r.speaker), _to_eid(r.id), "".join(r.span.exact.split()))
            for r in sheet.records
            if isinstance(r, Mention)
        ]
        assert sorted(mentions) == sorted(expected)


def _to_eid(name):
    return name.replace("-", "_")


# ---------------------------------------------------------------- BookNLP and CoreNLP

TOKENS = ["🚢", "Ada", "Quill", "said", "“", "no", "”", ".", "She", "left", "."]
BOOK = {
    f"{NAME}.tokens": "sentence_ID\ttoken_ID_within_document\tword\n"
    + "".join(f"{number // 8}\t{number}\t{word}\n" for number, word in enumerate(TOKENS)),
    f"{NAME}.entities": "COREF\tstart_token\tend_token\tprop\tcat\ttext\n"
    "7\t1\t2\tPROP\tPER\tAda Quill\n7\t8\t8\tPRON\tPER\tShe\n7\t8\t8\tPRON\tPER\tShe\n",
    f"{NAME}.quotes": "quote_start\tquote_end\tmention_start\tmention_end\tmention_phrase\tchar_id"
    "\tquote\n4\t6\t1\t2\tAda Quill\t7\t“ no ”\n",
}


def test_quotes_and_characters_of_booknlp(tmp_path):
    graph = only(collect("booknlp", tmp_path, BOOK))
    ada = ("char", "7"), ("name", "Ada Quill")
    assert nodes_of(graph) == [
        ("PER", "Ada Quill", *ada, ("prop", "PROP")),
        ("PER", "She", *ada, ("prop", "PRON")),
        ("PER", "She", *ada, ("prop", "PRON")),
        ("quote", "“no”", *ada),
    ]
    assert links_of(graph) == [("source", "“no”", "Ada Quill")]


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "line"),
    [
        ("tokens", "said", "says", "foreign-text", 5),
        ("quotes", "4\t6\t1", "4\t66\t1", "foreign-span", 2),
        ("quotes", "char_id", "char", "foreign-syntax", 1),
        ("entities", "7\t1\t2\tPROP\tPER\tAda Quill", "7\t1", "foreign-syntax", 2),
    ],
)
def test_a_fault_in_booknlp_is_located(file, old, new, code, line, tmp_path):
    name = f"{NAME}.{file}"
    inbox = collect("booknlp", tmp_path, {**BOOK, name: BOOK[name].replace(old, new)})
    (problem,) = inbox.problems
    assert (problem.code, Path(problem.path).name, problem.line) == (code, name, line)


def test_booknlp_needs_its_tokens(tmp_path):
    files = {name: content for name, content in BOOK.items() if not name.endswith(".tokens")}
    problems = collect("booknlp", tmp_path, files).problems
    assert [problem.code for problem in problems] == ["foreign-syntax"] * 2


def build_core_nlp():
    """Return the JSON of an annotated text, with offsets in UTF-16 code units as in Java."""
    units = [(0, 2), (3, 6), (7, 12), (13, 17), (18, 19), (19, 21), (21, 22), (22, 23)]
    units += [(24, 27), (28, 32), (32, 33)]
    tokens = [
        {"originalText": word, "characterOffsetBegin": start, "characterOffsetEnd": end}
        for word, (start, end) in zip(TOKENS, units, strict=True)
    ]
    person = {"ner": "PERSON", "text": "Ada Quill", "characterOffsetBegin": 3}
    return {
        "sentences": [
            {"tokens": tokens[:8], "entitymentions": [{**person, "characterOffsetEnd": 12}]},
            {"tokens": tokens[8:]},
        ],
        "quotes": [
            {
                "text": "“no”",
                "beginIndex": 18,
                "endIndex": 22,
                "mentionBegin": 1,
                "mentionEnd": 2,
                "speaker": "Ada Quill",
                "canonicalSpeaker": "Unknown",
            }
        ],
        "corefs": {
            "3": [
                {"startIndex": 2, "endIndex": 4, "sentNum": 1, "type": "PROPER"},
                {"startIndex": 1, "endIndex": 2, "sentNum": 2, "type": "PRONOMINAL"},
            ]
        },
    }


def test_quotes_of_corenlp(tmp_path):
    content = json.dumps(build_core_nlp())
    graph = only(collect("corenlp", tmp_path, {f"{NAME}.txt.json": content}))
    assert nodes_of(graph) == [
        ("quote", "“no”", ("speaker", "Ada Quill")),
        ("mention", "Ada Quill", ("speaker", "Ada Quill")),
        ("PERSON", "Ada Quill"),
        ("coreference", "Ada Quill", ("chain", "3"), ("type", "PROPER")),
        ("coreference", "She", ("chain", "3"), ("type", "PRONOMINAL")),
    ]
    assert links_of(graph) == [("source", "“no”", "Ada Quill")]


def test_quotes_of_corenlp_share_a_mention_and_are_nested(tmp_path):
    output = build_core_nlp()
    (quote,) = output["quotes"]
    output["quotes"] += [
        {**quote, "text": "no", "beginIndex": 19, "endIndex": 21},
        {**quote, "text": "She left", "beginIndex": 24, "endIndex": 32},
    ]
    graph = only(collect("corenlp", tmp_path, {f"{NAME}.json": json.dumps(output)}))
    assert [node.label for node in graph.nodes].count("mention") == 1
    assert links_of(graph) == [
        ("source", "“no”", "Ada Quill"),
        ("source", "no", "Ada Quill"),
        ("source", "She left", "Ada Quill"),
        ("within", "no", "“no”"),
    ]


def test_the_text_beside_corenlp_output_is_compared(tmp_path):
    (tmp_path / f"{NAME}.txt.json").write_bytes(json.dumps(build_core_nlp()).encode())
    (tmp_path / f"{NAME}.txt").write_bytes(TEXT.replace("She", "He").encode())
    inbox = Inbox({}, {NAME: TEXT}, {"": "ann"})
    FORMATS["corenlp"].read(inbox, tmp_path)
    assert [(found.code, Path(found.path).name) for found in inbox.problems] == [
        ("foreign-text", f"{NAME}.txt")
    ]


def test_words_that_corenlp_states_are_compared(tmp_path):
    output = build_core_nlp()
    output["quotes"][0]["beginIndex"] = 14
    inbox = collect("corenlp", tmp_path, {f"{NAME}.json": json.dumps(output)})
    assert [problem.code for problem in inbox.problems] == ["foreign-span"]


def test_other_output_of_corenlp_is_named(tmp_path):
    inbox = collect("corenlp", tmp_path, {"a.txt.xml": "<root/>", "a.txt.out": "Sentence #1"})
    assert [found.hint for found in inbox.problems] == ["give -outputFormat json to CoreNLP."] * 2


@pytest.mark.parametrize("name", ["booknlp", "corenlp"])
def test_shipped_mappings_make_quotes_with_speakers(name, tmp_path):
    files = BOOK if name == "booknlp" else {f"{NAME}.json": json.dumps(build_core_nlp())}
    for path, content in files.items():
        (tmp_path / path).write_bytes(content.encode())
    mapping, _ = parse_mapping(find_mapping(name).read_bytes())
    inbox = Inbox(to_entries(REGISTRIES), {NAME: TEXT}, {"": "ann"}, mapping)
    FORMATS[name].read(inbox, tmp_path)
    assert inbox.problems == []
    quotes = [r for r in inbox.layers["ann", NAME] if isinstance(r, Quote)]
    assert [(q.form, q.speaker, bool(q.source)) for q in quotes] == [("direct", "ada-quill", True)]


# ---------------------------------------------------------------- spaCy and TEI


@pytest.mark.slow
def test_entities_and_span_groups_of_spacy(tmp_path):
    import spacy
    from spacy.tokens import DocBin, Span

    doc = spacy.blank("en")(TEXT)
    doc.ents = [Span(doc, 1, 3, label="PERSON", kb_id="Q1")]
    doc.spans["claims"] = [Span(doc, 4, 7, label="CLAIM"), Span(doc, 5, 6)]
    DocBin(docs=[doc]).to_disk(tmp_path / "train.spacy")
    inbox = collect("spacy", tmp_path, {})
    assert sorted(nodes_of(only(inbox))) == [
        ("CLAIM", "“no”"),
        ("PERSON", "Ada Quill", ("kb_id", "Q1")),
        ("claims", "no"),
    ]


TEI = (
    '<?xml version="1.1"?><TEI xmlns="http://www.tei-c.org/ns/1.0"><text><body><p><!-- note -->'
    '🚢 <persName ref="#ada">Ada Quill</persName> said <said who="#ada">“no”</said>.\n'
    "She left.\n</p></body></text></TEI>"
)


def test_elements_of_tei(tmp_path):
    graph = only(collect("tei", tmp_path, {f"{NAME}.xml": TEI}))
    assert nodes_of(graph)[:2] == [
        ("persName", "Ada Quill", ("ref", "ada")),
        ("said", "“no”", ("who", "ada")),
    ]


def read_tei(body, folder, text, people=""):
    """Return what an import finds in the body of a TEI file with this text, and what it tells."""
    header = f"<teiHeader><listPerson>{people}</listPerson></teiHeader>"
    content = f"{TEI_START}{header}<text><body>{body}</body></text></TEI>"
    inbox = collect("tei", folder, {f"{NAME}.xml": content}, text)
    nodes = [node for node in nodes_of(only(inbox)) if node[0] not in ("body", "p", "sp", "div")]
    return nodes, sorted(inbox.told)


TEI_START = '<TEI xmlns="http://www.tei-c.org/ns/1.0">'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<head>One</head><p>“We stay”</p>", "One\n“We stay”"),
        ("<sp><speaker>Ada</speaker><p>No.</p></sp><sp><p>Yes.</p></sp>", "Ada\nNo.\nYes."),
        ("<div><p>One</p>\n  <p>Two</p></div><div><p/></div>", "One\n  Two"),
        ("<p>One<lb/>two and to<lb break='no'/>day</p>", "One\ntwo and today"),
        ("<p>a<!-- x -->b<?x y?>c</p>", "abc"),
    ],
)
def test_blocks_of_tei_are_lines(body, text, tmp_path):
    read_tei(body, tmp_path, text)


def test_one_reading_of_a_choice_is_taken_and_the_other_told(tmp_path):
    body = (
        "<p>see <choice>\n <sic>teh<lb/><hi>x</hi> y</sic> <corr>the</corr></choice> end, "
        "<choice><abbr>Mr</abbr><expan>Mister</expan></choice></p>"
    )
    nodes, told = read_tei(body, tmp_path, "see the end, Mister")
    assert nodes == [
        ("corr", "the"),
        ("choice", "the"),
        ("expan", "Mister"),
        ("choice", "Mister"),
    ]
    assert ["sic" in told[1], "abbr" in told[0]] == [True, True]


def test_pointers_of_tei_are_names(tmp_path):
    people = (
        "<person xml:id='ada'><persName><forename>Ada</forename><surname>Quill</surname>"
        "</persName></person><person xml:id='ben'><persName>B<hi>e</hi>n</persName></person>"
    )
    body = "<p><said who='#ada'>a</said><said who='#ben'>b</said><said who='#cy'>c</said></p>"
    nodes, _ = read_tei(body, tmp_path, "abc", people)
    assert nodes == [
        ("said", "a", ("who", "Ada Quill")),
        ("said", "b", ("who", "Ben")),
        ("said", "c", ("who", "cy")),
    ]


def test_pieces_of_tei_are_one_annotation(tmp_path):
    body = (
        "<p><said xml:id='a' next='#b'>“No,</said> or <said xml:id='b' prev='#a'>never,</said> "
        "and <said xml:id='c' prev='#b'>ever”</said> <said xml:id='d' next='#z'>z</said></p>"
    )
    nodes, told = read_tei(body, tmp_path, "“No, or never, and ever” z")
    assert nodes == [("said", "“No,", "never,", "ever”", ("id", "a")), ("said", "z", ("id", "d"))]
    assert ["'next'" in kind for kind in told] == [True]


SHE = '<!DOCTYPE TEI [<!ENTITY she "who">]><TEI'
ELSEWHERE = '<!DOCTYPE TEI SYSTEM "tei.dtd"><TEI'
# Ten levels of ten, which would be 10 GB; libxml2 alone stops it only in some versions.
LEVELS = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(10))
LAUGHS = f'<!DOCTYPE TEI [<!ENTITY e0 "lol">{LEVELS}]><TEI'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (TEI, "persName (1)"),
        (TEI.replace("no”", "no&#1;”"), "XML 1.1"),
        (TEI.replace("She", "&she;"), "entity"),
        (TEI.replace("<TEI", SHE).replace("She", "&she;"), "'she'"),
        (TEI.replace("<TEI", SHE).replace("#ada", "&she;"), "'she'"),
        (TEI.replace("<TEI", SHE.replace("she", "% she")), "'she'"),
        (TEI.replace("<TEI", ELSEWHERE).replace("She", "&she;"), "'&she;'"),
        (TEI.replace("<TEI", LAUGHS).replace("#ada", "&e10;"), "declares entities"),
        (TEI.replace("<TEI", LAUGHS).replace("><text>", ' n="&e10;"><text>'), "declares entities"),
        (TEI.replace("<TEI", LAUGHS).replace("She", "She" * 30_000 + "&e10;"), "'e0'"),
        ("<a/>", "root element"),
        ('<teiCorpus xmlns="http://www.tei-c.org/ns/1.0"/>', "teiCorpus"),
    ],
)
def test_what_is_wrong_with_xml_is_said(content, words, tmp_path):
    (tmp_path / f"{NAME}.xml").write_bytes(content.encode())
    inbox = Inbox({}, {NAME: TEXT}, {"": "ann"})
    FORMATS["tei"].read(inbox, tmp_path)
    (problem,) = inbox.problems
    assert (problem.code, words in problem.message) == ("foreign-syntax", True)


# ---------------------------------------------------------------- which format it is


@pytest.mark.parametrize(
    ("file", "content", "name"),
    [
        ("a.tsv", TSV, "webanno-tsv"),
        ("a.tsv", "Ada\tB-PER\nsaid\tO\n", "conll"),
        ("a.tsv", "document\tlayer\ttype\n", "tsv"),
        ("a.conll", CONLL, "conll"),
        ("a.conllu", CONLLU, "conllu"),
        ("a.jsonl", '{"id": "0", "tokens": ["She"], "ner_tags": ["B-PER"]}', "tokens"),
        ("a.tokens", BOOK[f"{NAME}.tokens"], "booknlp"),
        ("a.json", json.dumps(build_core_nlp()), "corenlp"),
        ("a.zip", build_project(**{"exportedproject1.json": "{}"}), "inception"),
        ("a.zip", build_project(**{"a.xmi": "<xmi/>"}), "cas-xmi"),
    ],
)
def test_a_format_is_known_by_its_files(file, content, name, tmp_path):
    (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert guess_formats(tmp_path) == [name]


# ---------------------------------------------------------------- what the tools publish


@pytest.mark.published
@pytest.mark.skipif("READOUT_TSV" not in os.environ, reason="READOUT_TSV names no folder")
def test_published_webanno_tsv():
    """Every annotation with a width comes in; count them by their cells, with a few own lines."""
    for file in sorted(Path(os.environ["READOUT_TSV"]).rglob("*.tsv")):
        content = file.read_text(encoding="utf-8")
        if not content.startswith("#FORMAT=WebAnno TSV 3"):
            continue
        spans = set(re.findall(r"^#T_SP=([^|\n]+)", content, re.MULTILINE))
        if not spans or "ROLE_" in content:
            continue
        inbox = Collector("")
        inbox.texts.clear()
        FORMATS["webanno-tsv"].read(inbox, file)
        assert inbox.problems == [], file
        empty = sum(tally.count for tally in inbox.told.values())

        (graph,) = inbox.graphs.values()
        kinds = {name.rpartition(".")[2] for name in spans}
        taken = sum(node.label in kinds for node in graph.nodes)
        assert taken + empty == count_spans(content), file


def count_spans(content):
    """Return the number of span annotations: distinct numbers, and cells without a number."""
    first = 3
    total = 0
    columns = []
    for declaration in re.findall(r"^#T_SP=(.*)", content, re.MULTILINE):
        columns.append(first)
        first += len(declaration.split("|")) - 1
    rows = re.findall(r"^[0-9]+-[0-9.]+\t.*", content, re.MULTILINE)
    for column in columns:
        numbers = set()
        for row in rows:
            cell = row.split("\t")[column]
            for value in re.split(r"(?<!\\)\|", cell) if cell != "_" else []:
                found = re.search(r"(?<!\\)\[([0-9]+)\]$", value)
                if found:
                    numbers.add(found[1])
                else:
                    total += 1
        total += len(numbers)
    return total


@pytest.mark.published
@pytest.mark.skipif("READOUT_BOOKNLP" not in os.environ, reason="READOUT_BOOKNLP names no folder")
def test_published_booknlp():
    """The words of every quote in the text are the tokens that the table states."""
    folder = Path(os.environ["READOUT_BOOKNLP"])
    inbox = Collector("")
    inbox.texts.clear()
    FORMATS["booknlp"].read(inbox, folder)
    assert inbox.problems == []
    stated = Counter()
    for file in folder.rglob("*.quotes"):
        for row in file.read_text(encoding="utf-8").split("\n")[1:]:
            if row:
                stated["".join(row.split("\t")[6].split())] += 1
    found = Counter(
        "".join(node.spans[0].exact.split())
        for graph in inbox.graphs.values()
        for node in graph.nodes
        if node.label == "quote"
    )
    assert found == stated
