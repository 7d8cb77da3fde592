"""A fault in a foreign file is reported with its line and a remedy; nothing is written."""

import json
import random
import shutil
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import CORPUS
from layers import bring_files, read_in, write_out
from msgspec.structs import replace
from test_interchange import BOTH_WAYS, TAGS, submit

from readout.checks import check_corpus
from readout.cli import main
from readout.corpus.read import read_corpus
from readout.interchange.formats import FORMATS
from readout.interchange.inbox import CODES, parse_offset
from readout.interchange.outbox import build_outbox

NAME = "2030-01-harbour-brief"


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def export(name, corpus, folder, *options):
    return run("export", name, "--corpus", corpus, "--output", folder, *options)


def import_(name, path, corpus, *annotators, options=()):
    given = [word for annotator in annotators for word in ("--annotator", annotator)]
    return run("import", name, path, "--corpus", corpus, *given, *options)


@pytest.fixture
def out(tmp_path):
    """Return a function that exports one document of the small corpus in a format, to a folder."""

    def export_document(name):
        done = export(name, CORPUS, tmp_path / name, "--document", NAME)
        assert done.exit_code == 0, done.output
        return tmp_path / name

    return export_document


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---------------------------------------------------------------- the commands


@pytest.mark.parametrize("name", ["brat", "tei", "doccano", "sqlite"])
def test_export_then_import_by_the_commands(name, small, out):
    folder = out(name)
    done = import_(name, folder, small, "ann")
    assert done.exit_code == 0, done.output
    gold = small / f"annotations/gold/{NAME}.jsonl"
    assert (small / f"annotations/by/ann/{NAME}.jsonl").read_bytes() == gold.read_bytes()
    corpus, problems = read_corpus(small)
    assert [p for p in (*problems, *check_corpus(corpus)) if p.severity == "error"] == []


def test_an_export_lists_the_losses(tmp_path):
    done = export("conll", CORPUS, tmp_path / "out")
    assert all(loss in done.stderr for loss in FORMATS["conll"].losses)


@pytest.mark.parametrize(
    ("name", "options", "suggestion"),
    [
        ("bart", [], "'brat'"),
        ("polnear", [], "polnear"),
        ("brat", ["--layer", "bne"], "'ben'"),
        ("brat", ["--document", "2030-01-harbour-brie"], NAME),
    ],
)
def test_an_unknown_choice_gets_a_suggestion(name, options, suggestion, tmp_path):
    done = export(name, CORPUS, tmp_path / "x", *options)
    assert (done.exit_code, suggestion in done.stderr) == (2, True)
    assert not (tmp_path / "x").exists()


def test_a_corpus_with_errors_is_not_exported(small, tmp_path):
    (small / f"annotations/gold/{NAME}.jsonl").write_bytes(b"[]\n")
    assert export("brat", small, tmp_path / "x").exit_code == 1
    assert not (tmp_path / "x").exists()


def test_annotators_are_registered_and_layers_are_not_overwritten_unasked(small, out):
    folder = out("brat")
    assert "foreign-annotator" in import_("brat", folder, small, "anne").stdout
    assert import_("brat", folder, small, "ann").exit_code == 0

    before = snapshot(small)
    refused = import_("brat", folder, small, "ann")
    assert (refused.exit_code, "--replace" in refused.stdout) == (1, True)
    assert import_("brat", folder, small, "ann", options=["--replace"]).exit_code == 0
    assert snapshot(small) == before

    empty = folder / "empty"
    empty.mkdir()
    assert import_("brat", empty, small, "ann").exit_code == 1


def test_several_layers_have_folders_and_come_back_to_their_annotators(small, tmp_path):
    folder = tmp_path / "out"
    layers = ["--layer", "ann", "--layer", "ben"]
    assert export("brat", small, folder, *layers).exit_code == 0
    assert sorted(path.parent.name for path in folder.rglob("*.ann")) == ["ann", "ben"]

    assert export("csv", small, folder, *layers).exit_code == 0
    table = folder / "annotations.csv"
    mixed = import_("csv", table, small, "ann", options=["--replace"])
    assert (mixed.exit_code, "--annotator" in mixed.stdout) == (1, True)

    before = snapshot(small)
    done = import_("csv", table, small, "ann=ann", "ben=ben", options=["--replace"])
    assert done.exit_code == 0, done.output
    twice = import_("csv", table, small, "ann", "ben", options=["--replace"])
    assert (twice.exit_code, "NAME=ID" in twice.stderr) == (2, True)
    assert snapshot(small) == before


def test_annotators_of_label_studio(small, tmp_path):
    folder = tmp_path / "out"
    box = build_outbox(read_corpus(small)[0])
    write_out("labelstudio", box.sheets, folder, box.registries)
    submit(folder, completed_by={"id": 7, "email": "ann@example.org"})
    path = folder / "tasks.json"
    tasks = json.loads(path.read_bytes())
    for task in tasks:
        task["annotations"].append({"result": [], "completed_by": 8})
    path.write_text(json.dumps(tasks), encoding="utf-8", newline="\n")
    names = {"ann@example.org": "ann", "8": "ben"}
    layers, problems = read_in("labelstudio", folder, box.sheets, box.registries, names)
    assert problems == []
    assert {annotator for annotator, _ in layers} == {"ann", "ben"}
    assert layers["ben", NAME] == b""
    _, problems = read_in("labelstudio", folder, box.sheets, box.registries)
    assert {problem.code for problem in problems} == {"foreign-annotator"}


# ---------------------------------------------------------------- faults

ANN = f"{NAME}.ann"
FAULTS = {
    ("brat", ANN): [
        ("quote 12 43", "quote 13 44", "foreign-span", 1, "offsets 12–43"),
        ("quote 12 43", "quote 12 4300", "foreign-span", 1, "offsets 12–43"),
        ("quote 12 43", "quotes 12 43", "foreign-value", 1, "'quote'"),
        ("speaker:ada-quill", "speaker:ada-qill", "foreign-value", 1, "'ada-quill'"),
        ("form T1 indirect", "form T1 indirekt", "foreign-value", 1, "'indirect'"),
        ("form T1 indirect", "farm T1 indirect", "foreign-value", 1, "'form'"),
        (
            "R1\tcue Arg1:T1 Arg2:T2",
            "R1\tcue Arg1:T2 Arg2:T1",
            "foreign-value",
            None,
            "from a quote to a cue",
        ),
        ("R1\tcue", "E1\tcue", "foreign-syntax", None, "correct or remove"),
        ("#1\t", "#1 ", "foreign-span", 1, "copy them"),
        ("T3\tmention", "T1\tmention", "foreign-syntax", 7, "another name"),
        ("A1\tform", "A9\tform T1 direct\nA1\tform", "foreign-value", 4, "keep one of the two"),
        (
            "12 43\tThe harbour",
            "12 23;24 43\tThe harbor",
            "foreign-span",
            1,
            "the offsets or the words",
        ),
        ("45 60\tMayor Ada Quill", "45 50;55 60\tMayor Quill", "foreign-value", 7, "each span"),
        (
            "12 43\tThe harbour",
            "12 23;16 43\tThe harbour harbour",
            "foreign-value",
            1,
            "merge the two spans",
        ),
        ("Id T3\tm-quill", "Id T3\tm-cafe", "foreign-value", None, "remove the id of the copy"),
        ("R3\t", "R9\tsource Arg1:T1 Arg2:T4\nR3\t", "foreign-value", None, "keep one of them"),
    ],
    ("brat", f"{NAME}.txt"): [
        ("harbour", "harbor", "foreign-text", None, "do not edit texts"),
    ],
    ("doccano", "doccano.jsonl"): [
        ('"start_offset":12', '"start_offset":120000', "foreign-span", 1, "count utf-16"),
        ('"start_offset":12', '"start_offset":"12"', "foreign-syntax", 1, "export"),
        ('"text":"', '"text":"x', "foreign-text", 1, "export the document again"),
        ('"type":"source"', '"type":"part"', "foreign-value", 1, "two spans with the same label"),
    ],
    ("prodigy", "prodigy.jsonl"): [
        ('"start":12,', '"text":"other words","start":12,', "foreign-span", 1, "copy the words"),
    ],
    ("labelstudio", "tasks.json"): [
        ('"start": 12,', '"start": 13,', "foreign-span", None, "offsets 12–43"),
        ('["indirect"]', '["indirect", "direct"]', "foreign-value", None, "keep one"),
    ],
    ("webannotation", f"{NAME}.jsonld"): [
        (
            f'"source": "urn:readout:{NAME}"',
            '"source": "urn:x"',
            "foreign-document",
            None,
            "page of its document",
        ),
        ('"start": 12,', '"start": 13,', "foreign-span", None, "offsets 12–43"),
    ],
    ("tei", f"{NAME}.xml"): [
        ("(text,12,31)", "(text,11,31)", "foreign-span", 2, "offsets 12–43"),
        ("(text,12,31)", "(words,12,31)", "foreign-syntax", 2, "by offset"),
        ("(text,12,31)", "(text,12,11) #string-range(text,24,19)", "foreign-span", 2, "the words"),
        (' #a.m-quill"', '"', "foreign-value", 2, "the two annotations"),
    ],
    ("csv", "annotations.csv"): [
        ("12-43", "12-23 24-43", "foreign-span", 2, "the spans or the words"),
        ("quote,q-belongs", '"quote"x,q-belongs', "foreign-syntax", 2, "quotation marks"),
        ("12-43", "13-43", "foreign-span", 2, "offsets 12–43"),
        ("12-43", "12–43", "foreign-syntax", 2, "correct the cell"),
        ("document,layer", "doc,layer", "foreign-syntax", 1, "the first row"),
        ("document,layer,", "document;layer;", "foreign-syntax", 1, "semicolons"),
    ],
    ("cas-xmi", f"{NAME}.xmi"): [
        ('label="quote"', 'label="quotation"', "foreign-value", None, "'quote'"),
        ("<cas:Sofa", "<cas:Sofa <", "foreign-syntax", None, "export"),
    ],
}


@pytest.mark.parametrize(
    ("place", "fault"), [(place, fault) for place, faults in FAULTS.items() for fault in faults]
)
def test_a_fault_is_located_and_nothing_is_written(place, fault, small, out):
    name, file = place
    old, new, code, line, hint = fault
    folder = out(name)
    if name == "labelstudio":
        submit(folder)
    path = folder / file
    content = path.read_bytes().decode()
    assert old in content
    path.write_bytes(content.replace(old, new).encode())
    before = snapshot(small)
    corpus, _ = read_corpus(small)
    files, problems = bring_files(name, folder, corpus, "ann")
    assert files == {}
    found = [problem for problem in problems if problem.code == code]
    assert found, problems
    assert found[0].path == str(path)
    assert line is None or found[0].line == line
    hints = [problem.hint or "" for problem in found]
    assert any(hint in given for given in hints), hints
    assert import_(name, folder, small, "ann").exit_code == 1
    assert snapshot(small) == before


def test_a_quotation_without_offsets_is_found_if_it_is_in_one_place(out, small):
    path = out("webannotation") / f"{NAME}.jsonld"
    page = json.loads(path.read_bytes())
    for item in page["items"]:
        del item["target"][0]["selector"][0]
    path.write_text(json.dumps(page), encoding="utf-8", newline="\n")
    corpus, _ = read_corpus(small)
    files, problems = bring_files("webannotation", path, corpus, "ann")
    gold = (small / f"annotations/gold/{NAME}.jsonl").read_bytes()
    assert (list(files.values()), problems) == ([gold], [])

    page["items"][0]["target"][0]["selector"] = [{"type": "TextQuoteSelector", "exact": "e"}]
    path.write_text(json.dumps(page), encoding="utf-8", newline="\n")
    files, (problem, *_) = bring_files("webannotation", path, corpus, "ann")
    assert (files, problem.code) == ({}, "foreign-span")
    assert "TextPositionSelector" in problem.hint


def test_a_document_that_xml_cannot_represent_is_left_out_on_request(small, tmp_path):
    path = small / f"annotations/gold/{NAME}.jsonl"
    record = json.loads(path.read_bytes().splitlines()[0])
    record["note"] = "a\u0001b"
    rest = path.read_bytes().splitlines(keepends=True)[1:]
    path.write_bytes(json.dumps(record, ensure_ascii=False).encode() + b"\n" + b"".join(rest))

    refused = export("tei", small, tmp_path / "out")
    assert (refused.exit_code, "--skip" in refused.stdout) == (1, True)
    assert not (tmp_path / "out").exists()

    done = export("tei", small, tmp_path / "out", "--skip")
    assert (done.exit_code, "U+0001" in done.stdout) == (0, True)
    written = {file.stem for file in (tmp_path / "out").glob("*.xml")}
    everything = {file.stem for file in (small / "raw/text").glob("*.txt")}
    assert everything - written == {NAME}


@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_a_character_that_no_spreadsheet_can_hold_is_refused(name, tmp_path):
    (sheet, *_) = build_outbox(read_corpus(CORPUS)[0], [NAME]).sheets
    noted = sheet._replace(records=(replace(sheet.records[0], note="a\0b"), *sheet.records[1:]))
    (problem,) = write_out(name, [noted], tmp_path)
    assert (problem.code, problem.path) == ("inexpressible", sheet.path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [*BOTH_WAYS, *TAGS])
def test_damaged_files_never_raise(name, tmp_path):
    """Change, double or remove random bytes: the import returns layers or problems, never both."""
    corpus, _ = read_corpus(CORPUS)
    sheets = build_outbox(corpus, [NAME]).sheets
    write_out(name, sheets, tmp_path / "whole")
    if name == "labelstudio":
        submit(tmp_path / "whole")
    rng = random.Random(6)
    for number in range(3 if name == "duckdb" else 25):
        with tempfile.TemporaryDirectory() as damaged:
            folder = Path(shutil.copytree(tmp_path / "whole", damaged, dirs_exist_ok=True))
            for path in sorted(folder.iterdir()):
                raw = bytearray(path.read_bytes())
                for _ in range(1 + number % 3):
                    at, size = rng.randrange(len(raw)), rng.randrange(12)
                    raw[at : at + size] = rng.choice(
                        [b"", b"[", b'"', b"\xff", b"9", b"<", raw[at : at + 40]]
                    )
                path.write_bytes(bytes(raw))
            files, problems = bring_files(name, folder, corpus, "ann")
            assert not (files and problems)
            assert {problem.code for problem in problems} <= set(CODES)
            assert all(problem.message and problem.hint for problem in problems)


def test_every_format_declares_what_it_loses():
    for each in FORMATS.values():
        assert each.losses
        assert all(loss.endswith(".") for loss in each.losses)


# ---------------------------------------------------------------- hostile files


SQL_ATTACKS = {
    "a view that reads a file": "CREATE VIEW annotations AS SELECT 1",
    "a computed column": "CREATE TABLE annotations (id TEXT, note TEXT AS (zeroblob(9)))",
    "an endless view": (
        "CREATE VIEW annotations AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT i FROM n"
    ),
}


@pytest.mark.parametrize("attack", SQL_ATTACKS)
def test_a_database_with_code_is_refused(small, out, attack):
    import sqlite3

    file = out("sqlite") / "corpus.sqlite"
    before = snapshot(small)
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE annotations")
        connection.execute(SQL_ATTACKS[attack])
    connection.close()
    done = import_("sqlite", file, small, "ben")
    assert done.exit_code == 1
    assert "foreign-syntax: " in done.output
    assert "'annotations'" in done.output
    assert snapshot(small) == before


def test_a_duckdb_view_reads_no_file(small, out, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    secret = tmp_path / "secret.txt"
    secret.write_text("password", encoding="utf-8")
    file = out("duckdb") / "corpus.duckdb"
    view = f"CREATE VIEW annotations AS SELECT content AS note FROM read_text('{secret}')"
    with duckdb.connect(str(file)) as connection:
        for table in ("links", "spans", "addressees", "boilerplate", "passages", "stances"):
            connection.execute(f"DROP TABLE {table}")
        for table in ("quotes", "mentions", "annotations"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute(view)
    done = import_("duckdb", file, small, "ben")
    assert done.exit_code == 1
    assert "'annotations' is a view" in done.output
    assert "password" not in done.output


def test_an_archive_is_read_file_by_file_and_within_bounds(small, out, monkeypatch):
    import zipfile

    from readout.interchange import archives

    folder = out("cas-xmi")
    archive = folder / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(folder.glob("*.x*")):
            packed.write(file, file.name)
        packed.writestr("bomb.bin", bytes(10**7))
    assert import_("cas-xmi", archive, small, "ben").exit_code == 0

    monkeypatch.setattr(archives, "_LARGEST", 1000)
    done = import_("cas-xmi", archive, small, "ben", options=["--replace"])
    assert done.exit_code == 1
    assert "unpacks to more than 1,000 bytes" in done.output


def test_a_damaged_archive_is_a_problem(small, out):
    import zipfile

    archive = out("cas-xmi") / "export.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.xmi", b"x" * 1000)
    archive.write_bytes(archive.read_bytes().replace(b"xxxx", b"xxxy", 1))
    done = import_("cas-xmi", archive, small, "ben")
    assert done.exit_code == 1
    assert "The archive cannot be read" in done.output


def test_an_offset_may_have_any_number_of_digits():
    assert parse_offset("0" * 5000 + "12") == 12
    assert parse_offset("0") == 0
    assert parse_offset("9" * 5000) >= 10**17


@pytest.mark.parametrize(
    "root",
    [
        '<span xmlns="http://www.tei-c.org/ns/1.0" target="#string-range(text,0,2)">No</span>',
        '<link xmlns="http://www.tei-c.org/ns/1.0" target="#a #b"/>',
        '<span target="#string-range(text,0,2)">No</span>',
        '<ab xmlns="http://www.tei-c.org/ns/1.0"/>',
    ],
)
def test_a_tei_file_with_another_root_is_a_problem(small, tmp_path, root):
    file = tmp_path / f"{NAME}.xml"
    file.write_text(root, encoding="utf-8")
    before = snapshot(small)
    done = import_("tei", file, small, "ben")
    assert (done.exit_code, "foreign-syntax: " in done.output) == (1, True), done.output
    assert snapshot(small) == before


@pytest.mark.parametrize("tag", ["span", "link"])
def test_a_tei_file_with_the_text_in_another_root_is_a_problem(small, tmp_path, tag):
    """The text is right, so the root is read as an annotation that is in no group."""
    text = (small / f"raw/text/{NAME}.txt").read_text(encoding="utf-8")
    file = tmp_path / f"{NAME}.xml"
    file.write_text(
        f'<{tag} xmlns="http://www.tei-c.org/ns/1.0" target="#string-range(text,0,9)">Northport'
        f'<ab xml:id="text" xml:space="preserve">{text}</ab></{tag}>',
        encoding="utf-8",
    )
    done = import_("tei", file, small, "ben")
    assert (done.exit_code, "foreign-value: " in done.output) == (1, True), done.output
