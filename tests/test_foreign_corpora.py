"""Import published layouts: complete corpora pass the checks, and faults have their lines."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from layers import bring_files

from readout.checks import check_corpus
from readout.cli import main
from readout.corpus.read import read_corpus
from readout.interchange.formats import FORMATS
from readout.model import Mention, Quote, Stance, main_spans

FOREIGN = Path(__file__).parent / "foreign"
CORPORA = [name for name, each in FORMATS.items() if each.read_corpus]


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def bring_in(name, root, path=None):
    """Import a corpus into an empty folder by the command; return it with its problems."""
    root.mkdir(exist_ok=True)
    done = run("import", name, path or FOREIGN / name, "--corpus", root, "--annotator", "theirs")
    assert done.exit_code == 0, done.output
    corpus, problems = read_corpus(root)
    return corpus, [*problems, *check_corpus(corpus)]


def words(record):
    return tuple(span.exact for span in main_spans(record))


def records_of(corpus, kind):
    layers = [document.layers[0] for document in corpus.documents]
    return [record for layer in layers for record in layer.records if isinstance(record, kind)]


@pytest.mark.parametrize("name", CORPORA)
def test_what_comes_in_is_a_sound_corpus(name, tmp_path):
    corpus, problems = bring_in(name, tmp_path / "corpus")
    assert [p for p in problems if p.severity == "error"] == []
    assert all(document.gold.records == () for document in corpus.documents)
    assert all(layer.records for document in corpus.documents for layer in document.layers)
    assert run("format", "--check", tmp_path / "corpus").exit_code == 0


@pytest.mark.parametrize("name", CORPORA)
def test_a_second_import_is_refused_and_changes_nothing(name, tmp_path):
    root = tmp_path / "corpus"
    bring_in(name, root)
    before = {path: path.read_bytes() for path in root.rglob("*.*")}
    arguments = ["import", name, FOREIGN / name, "--corpus", root, "--annotator", "theirs"]
    done = run(*arguments)
    assert done.exit_code == 1
    assert "--replace" in done.output
    assert {path: path.read_bytes() for path in root.rglob("*.*")} == before
    assert run(*arguments, "--replace").exit_code == 0
    assert {path: path.read_bytes() for path in root.rglob("*.*")} == before


def test_a_foreign_corpus_joins_another(small):
    done = run("import", "semeval", FOREIGN / "semeval", "--corpus", small, "--annotator", "crowd")
    assert done.exit_code == 0
    corpus, problems = read_corpus(small)
    assert [p for p in (*problems, *check_corpus(corpus)) if p.severity == "error"] == []
    assert len(corpus.documents) == 7
    assert "ada-quill" in corpus.registries.speakers


def test_polnear(tmp_path):
    corpus, _ = bring_in("polnear", tmp_path / "corpus")
    (document,) = corpus.documents
    assert (document.meta.published, document.meta.split, document.meta.outlet) == (
        "2030-01-07",
        "validation",
        "northport-courier",
    )
    quotes = {words(record): record for record in records_of(corpus, Quote)}
    direct = quotes[("“We 🚢 will\nnot sell,”",)]
    mixed = quotes[("“no” is no",)]
    assert (direct.form, mixed.form) == ("direct", "mixed")
    assert direct.source == mixed.source == records_of(corpus, Mention)[0].id
    lone = quotes[("Quill", "again")]
    assert (lone.form, lone.source, lone.speaker) == ("indirect", None, "unnamed-unstated-speaker")
    assert [span.exact for span in lone.cue] == ["talks"]


def test_parc(tmp_path):
    corpus, _ = bring_in("parc", tmp_path / "corpus")
    assert corpus.documents[0].text == "Quill said the quay stays.\n“Never,” she told Levi.\n"
    assert [(words(quote), quote.form) for quote in records_of(corpus, Quote)] == [
        (("the quay stays",), "indirect"),
        (("“Never,”",), "direct"),
    ]
    assert [words(mention) for mention in records_of(corpus, Mention)] == [("Quill",), ("she",)]


def test_pdnc_in_both_layouts_and_both_units(tmp_path):
    corpus, _ = bring_in("pdnc", tmp_path / "corpus")
    assert len(corpus.documents) == 2
    first, second = (list(document.layers[0].records) for document in corpus.documents)
    assert [words(record) for record in first] == [words(record) for record in second]
    quote = next(record for record in first if isinstance(record, Quote))
    assert (words(quote), quote.speaker, quote.addressees) == (
        ("“Well,”", "“he told Noam’s brother.”"),
        "oldlayout-ada-quill",
        ("oldlayout-noam-levi",),
    )
    joint = corpus.registries.speakers["thequay-noam-levi-and-ben-levi"]
    assert (joint.kind, joint.members) == ("group", ("thequay-noam-levi", "thequay-ben-levi"))
    assert corpus.registries.speakers["thequay-ada-quill"].aliases == ("Ada", "Quill")


def test_semeval(tmp_path):
    corpus, _ = bring_in("semeval", tmp_path / "corpus")
    stances = records_of(corpus, Stance)
    assert [(words(s)[0], s.target, s.polarity, s.expression) for s in stances] == [
        ("No toll on the 🚢! #quay", "harbour-toll", "against", "explicit"),
        ("Levi is right.", "harbour-toll", "favor", "implicit"),
        ("Good morning", "new-ferry", "neutral", "implicit"),
        ("We want it", "new-ferry", "favor", "implicit"),
    ]


BREAKS = {
    ("polnear", "*.ann"): [
        ("Mayor Ada Quill", "Major Ada Quill", [("foreign-span", 1)]),
        ("Content:T3", "Content:T99", [("foreign-value", 5), ("foreign-value", 5)]),
        ("E1\t", "X1\t", [("foreign-syntax", 5)]),
        ("Cue 74 79", "Cue 74 7900", [("foreign-span", 6)]),
    ],
    ("parc", "*.xml"): [
        ('roleValue="cue"', 'roleValue="cure"', [("foreign-value", 5), ("foreign-value", 17)]),
        ('ByteCount="11,14"', 'ByteCount="1,14"', [("foreign-span", 6)]),
        ("</root>", "</rot>", [("foreign-syntax", 21)]),
    ],
    ("pdnc", "quotations.csv"): [
        ('“Never!”"', '“Ever!”"', []),
        ("[[44, 52]]", "[[4, 12]]", [("foreign-span", 3)]),
        ("[[44, 52]]", "__import__('os')", [("foreign-syntax", 3), ("foreign-value", 3)]),
        ("[[44, 52]]", "[[44]]", [("foreign-span", 3)]),
        ("[],Explicit,,[[]],[[]],[[]]", "[],Explicit,,[[]],[5],[[]]", [("foreign-value", 3)]),
        ("[],Explicit,,[[]],[[]]", "[],Explicit,,[[]],[]", [("foreign-value", 3)]),
        ("quoteByteSpans", "spans", [("foreign-syntax", 1)]),
    ],
    ("semeval", "all*"): [
        ("AGAINST", "AGAINTS", [("foreign-value", 2)]),
        ("3\tNew Ferry\t", "3\t", [("foreign-syntax", 4)]),
        ("Stance", "Label", [("foreign-syntax", 1)]),
    ],
}


@pytest.mark.parametrize(
    ("place", "fault"), [(place, fault) for place, faults in BREAKS.items() for fault in faults]
)
def test_faults_are_located_and_nothing_comes_in(place, fault, tmp_path):
    name, pattern = place
    old, new, expected = fault
    folder = Path(shutil.copytree(FOREIGN / name, tmp_path / "foreign"))
    (path,) = folder.rglob(pattern)
    content = path.read_bytes().decode()
    assert old in content or not expected
    path.write_bytes(content.replace(old, new).encode())
    files, problems = bring_files(name, folder, None, "theirs")
    assert [(problem.code, problem.line) for problem in problems] == expected
    assert bool(files) == (not expected)
    assert all(problem.hint and problem.path == str(path) for problem in problems)


@pytest.mark.parametrize(("name", "pattern"), [("pdnc", "text.txt"), ("polnear", "*.txt")])
def test_a_table_without_its_text_is_a_problem(name, pattern, tmp_path):
    folder = Path(shutil.copytree(FOREIGN / name, tmp_path / "foreign"))
    (path,) = folder.rglob(pattern)
    path.write_bytes(b"\xff")
    _, (problem,) = bring_files(name, folder, None, "theirs")
    assert (problem.code, problem.path) == ("foreign-syntax", str(path))
    path.unlink()
    files, (problem,) = bring_files(name, folder, None, "theirs")
    assert (problem.code, files) == ("foreign-document", {})


def test_a_second_annotator_of_one_text_is_a_problem(tmp_path):
    folder = Path(shutil.copytree(FOREIGN / "polnear", tmp_path / "foreign"))
    (path,) = folder.rglob("*.ann")
    shutil.copy(path, path.with_name(path.name.replace("_a1b2", "_c3d4")))
    files, (problem,) = bring_files("polnear", folder, None, "theirs")
    assert (problem.code, files) == ("foreign-annotator", {})


def test_a_moved_span_gets_its_offsets(tmp_path):
    folder = Path(shutil.copytree(FOREIGN / "polnear", tmp_path / "foreign"))
    (path,) = folder.rglob("*.ann")
    content = path.read_text(encoding="utf-8")
    moved = content.replace("T1\tSource 26 41", "T1\tSource 24 39")
    path.write_text(moved, encoding="utf-8", newline="\n")
    _, (problem,) = bring_files("polnear", folder, None, "theirs")
    assert "offsets 26–41" in problem.hint


@pytest.mark.parametrize("name", CORPORA)
def test_bytes_that_are_not_utf8_are_a_problem(name, tmp_path):
    folder = Path(shutil.copytree(FOREIGN / name, tmp_path / "foreign"))
    for path in folder.rglob("*.*"):
        if path.is_file():
            path.write_bytes(b"\xff\xfe" + path.read_bytes())
    files, problems = bring_files(name, folder, None, "theirs")
    assert files == {}
    assert {problem.code for problem in problems} <= {"foreign-syntax"}
    assert problems
