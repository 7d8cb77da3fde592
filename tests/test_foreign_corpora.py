"""Import published layouts: complete corpora pass the checks, and faults have their lines."""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from layers import bring_files

from readout.checks import check_corpus
from readout.cli import main
from readout.corpus.read import read_corpus
from readout.interchange.formats import FORMATS, Choices, import_files
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
    joint = corpus.registries.speakers["thequay-ben-levi-and-noam-levi"]
    assert (joint.kind, joint.members) == ("group", ("thequay-ben-levi", "thequay-noam-levi"))
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
        ("[[44, 52]]", "5", [("foreign-syntax", 3), ("foreign-value", 3)]),
        ("[[44, 52]]", "[5]", [("foreign-span", 3)]),
        (
            "[[44, 52]]",
            "[[0x" + "f" * 4000 + ", 5]]",
            [("foreign-syntax", 3), ("foreign-value", 3)],
        ),
        ("['Noam Levi'],Explicit", "5,Explicit", [("foreign-syntax", 2)]),
        ('"[[], [[19, 21], [27, 41]]]"', "7", [("foreign-syntax", 2), ("foreign-value", 2)]),
        ("[],Explicit,,[[]],[[]],[[]]", "[],Explicit,,[[]],[5],[[]]", [("foreign-value", 3)]),
        ("[],Explicit,,[[]],[[]]", "[],Explicit,,[[]],[]", [("foreign-value", 3)]),
        ("quoteByteSpans", "spans", [("foreign-syntax", 1)]),
    ],
    ("pdnc", "character_info.csv"): [
        ("{'Noam'}", "7", [("foreign-syntax", 3)]),
    ],
    ("semeval", "testdata*"): [
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


def test_each_annotator_of_one_text_has_a_layer(tmp_path):
    folder, path = change_polnear(tmp_path)
    shutil.copy(path, path.with_name(path.name.replace("_a1b2", "_c3d4")))
    choices = Choices({"": "theirs", "c3d4": "carla"})
    files, inbox = import_files("polnear", folder, None, choices)
    assert inbox.problems == []
    assert len(inbox.documents) == 1
    first, second = inbox.layers.values()
    assert first == second
    assert [annotator for annotator, _ in inbox.layers] == ["theirs-a1b2", "carla"]
    assert files

    choices = Choices({"a1b2": "theirs", "c3d4": "theirs"})
    files, inbox = import_files("polnear", folder, None, choices)
    assert ([problem.code for problem in inbox.problems], files) == (["foreign-annotator"], {})
    _, inbox = import_files("polnear", folder, None, choices._replace(skips=True))
    assert [problem.code for problem in inbox.skipped] == ["foreign-annotator"]
    assert list(inbox.layers.values()) == [first]


def change_polnear(tmp_path, old="", new=""):
    """Return a copy of the PolNeAR fixture, and its annotation file with a passage replaced."""
    folder = Path(shutil.copytree(FOREIGN / "polnear", tmp_path / "foreign"))
    (path,) = folder.rglob("*.ann")
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8", newline="\n")
    return folder, path


def skim(name, folder):
    """Import a folder, leaving out what has problems; return the inbox and all records by type."""
    _, inbox = import_files(name, folder, None, Choices({"": "theirs"}, skips=True))
    assert inbox.problems == []
    records = {}
    for layer in inbox.layers.values():
        for record in layer:
            records.setdefault(type(record), []).append(record)
    return inbox, records


def test_an_attribution_without_content_is_left_out_on_request(tmp_path):
    folder, path = change_polnear(tmp_path, "E3\t", "E4\tAttribution:T4 Cue:T2\nE3\t")
    _, (problem,) = bring_files("polnear", folder, None, "theirs")
    assert (problem.code, problem.path) == ("foreign-value", str(path))
    inbox, records = skim("polnear", folder)
    assert len(inbox.skipped) == 1
    assert len(records[Quote]) == 3


def test_a_part_that_cannot_be_read_takes_its_attribution_with_it_and_says_so(tmp_path):
    folder, _ = change_polnear(tmp_path, "Mayor Ada Quill", "Major Ada Quill")
    inbox, records = skim("polnear", folder)
    assert [problem.code for problem in inbox.skipped] == ["foreign-span"]
    assert [tally.count for tally in inbox.told.values()] == [2]
    assert len(records[Quote]) == 1


def test_notes_and_labels_outside_attributions(tmp_path):
    extra = "#1\tAnnotatorNotes T3\tsure?\n#2\tAnnotatorNotes T90\tlost\nT90\tDiscuss 0 5\tQuill\n"
    folder, _ = change_polnear(tmp_path, "E3\t", f"{extra}E3\t")
    inbox, records = skim("polnear", folder)
    assert [quote.note for quote in records[Quote] if quote.note] == ["sure?"]
    assert [tally.count for tally in inbox.told.values()] == [1, 1]
    assert "'Discuss'" in next(iter(inbox.told))


def test_words_on_several_lines_and_fragments_of_one_line(tmp_path):
    old = "T3\tContent 48 69\t“We 🚢 will not sell,”"
    new = "T3\tContent 48 58;59 69\t“We 🚢 will\nnot sell,”"
    folder, _ = change_polnear(tmp_path, old, new)
    _, records = skim("polnear", folder)
    assert ("“We 🚢 will\nnot sell,”",) in [words(quote) for quote in records[Quote]]


def test_a_folder_without_a_published_split_is_a_problem(tmp_path):
    folder, _ = change_polnear(tmp_path)
    (folder / "dev").rename(folder / "annotator-training")
    _, (problem,) = bring_files("polnear", folder, None, "theirs")
    assert problem.code == "foreign-document"


def test_titles_come_from_the_tables_of_a_corpus(tmp_path):
    folder, path = change_polnear(tmp_path)
    name = path.stem.rpartition("_")[0]
    (folder / "metadata.tsv").write_text(f"filename\ttitle\n{name}\tQuill talks\n", "utf-8")
    inbox, _ = skim("polnear", folder / "dev")
    assert [meta.title for meta, _ in inbox.documents.values()] == ["Quill talks"]


def _shift(annotations, after):
    """Return a brat file with offsets one larger, from an offset on."""

    def add_one(found):
        offset = int(found[0])
        return str(offset + 1 if offset >= after else offset)

    lines = []
    for line in annotations.split("\n"):
        name, _, rest = line.partition("\t")
        places, _, words = rest.partition("\t")
        is_span = name.startswith("T")
        lines.append(f"{name}\t{re.sub('[0-9]+', add_one, places)}\t{words}" if is_span else line)
    return "\n".join(lines)


@pytest.mark.parametrize("control", ["\x01", "\x7f", "\x9a", "\u2028"])
def test_a_control_character_is_kept_in_the_words_and_not_in_the_name(control, tmp_path):
    words, changed = "Mayor Ada Quill", f"Mayor {control}Ada Quill"
    folder, annotations = change_polnear(tmp_path, words, changed)
    (path,) = folder.rglob("*.txt")
    path.write_bytes(path.read_bytes().replace(words.encode(), changed.encode()))
    # The offsets after the name are those of a text that is one longer.
    annotations.write_text(_shift(annotations.read_text("utf-8"), 41), "utf-8", newline="\n")

    corpus, problems = bring_in("polnear", tmp_path / "corpus", folder)
    assert [problem for problem in problems if problem.severity == "error"] == []
    mentions = records_of(corpus, Mention)
    sources = [each for each in mentions if each.span.exact == changed]
    speakers = {corpus.registries.speakers[each.speaker].name for each in sources}
    assert speakers == {words}


def change_pdnc(tmp_path, old, new):
    """Return a copy of one novel of the PDNC fixture with a passage of its table replaced."""
    folder = Path(shutil.copytree(FOREIGN / "pdnc" / "TheQuay", tmp_path / "TheQuay"))
    table = folder / "quotations.csv"
    content = table.read_text(encoding="utf-8")
    assert old in content
    table.write_text(content.replace(old, new), encoding="utf-8", newline="\n")
    return folder


def test_white_space_around_a_quotation_is_no_part_of_it(tmp_path):
    folder = change_pdnc(tmp_path, "[0, 7]", "[0, 8]")
    inbox, records = skim("pdnc", folder)
    assert inbox.skipped == []
    assert [tally.count for tally in inbox.told.values()] == [1]
    assert "“Well,”" in [words(quote)[0] for quote in records[Quote]]


def test_an_alias_is_the_character_and_no_name_is_nobody(tmp_path):
    folder = change_pdnc(tmp_path, '[[44, 52]]",Noam Levi', '[[44, 52]]",Noam')
    _, records = skim("pdnc", folder)
    assert {quote.speaker for quote in records[Quote]} == {"thequay-ada-quill", "thequay-noam-levi"}
    folder = change_pdnc(tmp_path / "more", '[[44, 52]]",Noam Levi', '[[44, 52]]",_unknowable')
    _, records = skim("pdnc", folder)
    speakers = {quote.speaker for quote in records[Quote]}
    assert speakers == {"thequay-ada-quill", "unnamed-unstated-speaker"}


def test_mentions_whose_entities_do_not_match_are_left_out(tmp_path):
    folder = change_pdnc(tmp_path, "[['Ben Levi'], [", "[['Ben Levi'], [], [")
    _, (problem,) = bring_files("pdnc", folder, None, "theirs")
    assert (problem.code, problem.line) == ("foreign-value", 2)
    _, records = skim("pdnc", folder)
    assert set(records) == {Quote}


def test_a_tweet_keeps_its_published_split(tmp_path):
    corpus, _ = bring_in("semeval", tmp_path / "corpus")
    splits = [document.meta.split for document in corpus.documents]
    assert splits == ["test", "test", "test", "train"]


def test_a_folder_may_contain_other_text_files(tmp_path):
    folder = Path(shutil.copytree(FOREIGN / "semeval", tmp_path / "foreign"))
    (folder / "testdata-ids.txt").write_text("ID\tTweet ID\n1\t5\n", "utf-8")
    inbox, records = skim("semeval", folder)
    assert [tally.count for tally in inbox.told.values()] == [1]
    assert len(records[Stance]) == 4


def test_a_table_without_its_first_row_is_a_problem(tmp_path):
    folder = Path(shutil.copytree(FOREIGN / "semeval", tmp_path / "foreign"))
    path = folder / "testdata-all-annotations.txt"
    path.write_bytes(path.read_bytes().partition(b"\n")[2])
    _, (problem,) = bring_files("semeval", folder, None, "theirs")
    assert (problem.code, problem.path, problem.line) == ("foreign-syntax", str(path), 1)


def test_a_row_that_is_not_utf8_is_left_out_alone(tmp_path):
    folder = Path(shutil.copytree(FOREIGN / "semeval", tmp_path / "foreign"))
    path = folder / "testdata-all-annotations.txt"
    path.write_bytes(path.read_bytes().replace(b"Good", b"G\x91d"))
    _, (problem,) = bring_files("semeval", folder, None, "theirs")
    assert (problem.code, problem.line) == ("foreign-syntax", 4)
    _, records = skim("semeval", folder)
    assert len(records[Stance]) == 3
    root = tmp_path / "corpus"
    root.mkdir()
    command = ["import", "semeval", folder, "--corpus", root, "--annotator", "a", "--encoding"]
    assert run(*command, "cp1252").exit_code == 0
    texts = [path.read_text("utf-8") for path in root.rglob("raw/text/*.txt")]
    assert "G‘d morning" in texts
    assert run(*command, "none-such").exit_code == 2


def test_tables_of_no_split_are_a_problem(tmp_path):
    folder = Path(shutil.copytree(FOREIGN / "semeval", tmp_path / "foreign"))
    (folder / "trialdata.txt").rename(folder / "more.txt")
    _, (problem,) = bring_files("semeval", folder, None, "theirs")
    assert problem.code == "foreign-document"


def test_escapes_of_the_treebank(tmp_path):
    folder = Path(shutil.copytree(FOREIGN / "parc", tmp_path / "foreign"))
    (path,) = folder.iterdir()
    content = path.read_text(encoding="utf-8")
    content = content.replace('text="“"', 'text="``"').replace('text="”"', "text=\"''\"")
    path.write_text(content.replace('text="Levi"', 'text="-LRB-"'), encoding="utf-8")
    inbox, records = skim("parc", folder)
    (text,) = inbox.texts.values()
    assert text == "Quill said the quay stays.\n“Never,” she told (.\n"
    assert [quote.form for quote in records[Quote]] == ["indirect", "direct"]


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
