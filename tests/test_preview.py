"""The pages show the whole text, escape everything, have no dead link and load nothing."""

import json
import re
import sys
from html.parser import HTMLParser

import msgspec
import pytest
from click.testing import CliRunner
from conftest import CORPUS
from hostile import BAD, make_hostile
from hypothesis import given
from hypothesis import strategies as st

from readout.cli import main
from readout.model import Quote, Span, Suggestion, named_entries
from readout.workbench.diff.states import read_state
from readout.workbench.preview import write_preview
from readout.workbench.preview.data import (
    RECORD_FIELDS,
    Statements,
    html_text,
    pack_document,
    pack_record,
)


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


class Reader(HTMLParser):
    """The texts of the layers of a page, its JSON, and the elements it has."""

    def __init__(self, page):
        super().__init__()
        self.texts, self.data, self.tags = [], [], []
        self._depth = 0
        self._json = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._json = dict(attributes).get("type") == "application/json"
        if tag == "div":
            self._depth += bool(self._depth)
            if dict(attributes).get("class") == "text":
                self._depth = 1
                self.texts.append("")

    def handle_endtag(self, tag):
        self._json = False
        if tag == "div" and self._depth:
            self._depth -= 1

    def handle_data(self, data):
        if self._depth:
            self.texts[-1] += data
        if self._json:
            self.data.append(json.loads(data))


@pytest.fixture
def pages(small, tmp_path):
    """The pages of a corpus whose every text field is hostile, by name, and the corpus."""
    make_hostile(small)
    state = read_state(str(small))
    folder = tmp_path / "pages"
    folder.mkdir()
    write_preview(folder, state.corpus, state.unread)
    return (
        {path.stem: Reader(path.read_bytes().decode()) for path in folder.iterdir()},
        state.corpus,
        folder,
    )


# ---------------------------------------------------------------- texts and records

texts = st.text(alphabet=st.sampled_from("ab \n\r\t\0<>&\"'🚢שלام\u0301\u200f"), max_size=40)


@given(texts)
def test_html_gives_the_text_back(text):
    assert Reader(f'<div class="text">{html_text(text)}</div>').texts == [
        text.replace("\0", "\ufffd")
    ]


def test_packed_records_are_short_and_lose_nothing():
    text = "Ada \N{SHIP} said yes."
    true, false = Span(0, 3, "Ada"), Span(4, 5, "boat")
    quote = Quote(id="q", form="direct", speaker="ada", content=(true, false), note="n")
    packed = pack_record(msgspec.to_builtins(quote), text)
    assert packed[0] == "quote"
    named = dict(zip(RECORD_FIELDS["quote"], packed[1:], strict=False))
    assert named["content"] == [[0, 3], {"start": 4, "end": 5, "exact": "boat"}]
    assert (named["id"], named["speaker"], named["note"]) == ("q", "ada", "n")


# ---------------------------------------------------------------- pages


def test_the_text_of_a_page_is_the_raw_text(pages):
    found, corpus, _ = pages
    assert "\r" in "".join(document.text for document in corpus.documents)
    for document in corpus.documents:
        assert found[document.meta.doc_id].texts == [document.text]
        assert len(found[document.meta.doc_id].data[0]["layers"]) == 1 + len(document.layers)


def test_nothing_of_the_corpus_becomes_markup(pages):
    found, _, folder = pages
    for page in found.values():
        assert [
            tag for tag, _ in page.tags if tag in ("img", "iframe", "link", "object", "svg")
        ] == []
        scripts = [attributes for tag, attributes in page.tags if tag == "script"]
        assert [each for each in scripts if each and each != {"type": "application/json"}] == []
        assert not [
            name for _, attributes in page.tags for name in attributes if name.startswith("on")
        ]
    raw = b"".join(path.read_bytes() for path in folder.iterdir())
    assert BAD.encode() not in raw
    assert BAD in json.dumps([page.data for page in found.values()], ensure_ascii=False).replace(
        '\\"', '"'
    )


def test_pages_load_nothing(pages):
    found, _, folder = pages
    for name, page in found.items():
        assert not [
            attributes
            for _, attributes in page.tags
            if {"src", "srcset", "action"} & set(attributes)
        ]
        assert not [
            attributes for _, attributes in page.tags if ":" in (attributes.get("href") or "")
        ]
        raw = (folder / f"{name}.html").read_text(encoding="utf-8")
        assert "default-src 'none'" in raw
        assert not re.search(r"url\(|@import", raw)


def keys_of(page):
    keys = set()
    for data in page.data:
        for layer in data["layers"]:
            keys |= {layer["prefix"] + record[1] for record in layer["annotations"]}
    return keys


def test_every_link_to_another_page_leads_to_an_annotation(pages):
    found, _, folder = pages
    keys = {name: keys_of(page) for name, page in found.items()}
    hrefs = []
    for page in found.values():
        for data in page.data:
            for values in data["layers"][0]["elsewhere"].values():
                hrefs += [value["href"].split("#") for value in values]
    assert hrefs
    assert all(anchor in keys[(folder / path).stem] for path, anchor in hrefs)


def test_pages_name_every_entry_that_an_annotation_names(pages):
    found, corpus, _ = pages
    for document in corpus.documents:
        (data,) = found[document.meta.doc_id].data
        speakers = {entry["speaker_id"] for entry in data["registries"]["speakers"]}
        for layer in (document.gold, *document.layers):
            for record in layer.records:
                assert set(named_entries(record, "speakers")) <= speakers


def test_layers_side_by_side_name_their_differences():
    corpus = read_state(str(CORPUS)).corpus
    document = next(each for each in corpus.documents if each.layers)
    data = pack_document(document, corpus.registries, Statements(corpus.documents))
    between = next(each for each in data["comparisons"] if (each["left"], each["right"]) == (1, 2))
    ids = [[record[1] for record in layer["annotations"]] for layer in data["layers"]]
    named = []
    for kind, left, right, _ in between["changes"]:
        ann = "" if left < 0 else ids[1][left]
        ben = "" if right < 0 else ids[2][right]
        named.append((data["names"][kind], ann, ben))
    assert named == [("other labels", "s-iron", "s-fyi3rn"), ("only here", "s-ferry", "")]
    assert between["changes"][0][3] == ["polarity", "evidence"]


def test_suggestions_that_nobody_rejected_are_shown():
    corpus = read_state(str(CORPUS)).corpus
    document = corpus.documents[0]
    annotation = {
        "type": "mention",
        "id": "m-new",
        "speaker": "noam-levi",
        "span": {"start": 0, "end": 4, "exact": document.text[:4]},
    }
    proposed = [
        Suggestion(annotation=annotation, reason="a name"),
        Suggestion(annotation=annotation | {"id": "m-no"}, reason="a name", rejected=True),
    ]
    statements = Statements(corpus.documents)
    data = pack_document(document, corpus.registries, statements, proposed)
    (shown,) = data["layers"][0]["suggestions"]
    assert shown == {
        "id": "m-new",
        "annotation": ["mention", "m-new", "noam-levi", [0, 4]],
        "reason": "a name",
    }


# ---------------------------------------------------------------- the commands


def test_preview_replaces_only_a_preview(small, tmp_path):
    done = run("preview", small)
    assert done.exit_code == 0
    assert (small / "build/preview/index.html").is_file()
    assert run("preview", small).exit_code == 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("Dear", encoding="utf-8", newline="\n")
    done = run("preview", small, "--output", tmp_path / "mine")
    assert done.exit_code == 2
    assert "letter.txt" in done.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_preview_shows_what_can_be_read_and_says_so(small):
    (small / "annotations/gold/2030-02-toll-critics.jsonl").write_bytes(b'{"type":"mention"}\n')
    assert run("preview", small).exit_code == 0
    assert "has problems (2)" in (small / "build/preview/index.html").read_text(encoding="utf-8")


def test_page_of_changes(small, tmp_path):
    make_hostile(small)
    done = run("diff", CORPUS, small, "--html", tmp_path / "out/diff.html")
    assert done.exit_code == 0, done.output
    page = Reader((tmp_path / "out/diff.html").read_bytes().decode())
    assert BAD not in (tmp_path / "out/diff.html").read_text(encoding="utf-8")
    assert len(page.texts) == sum(len(data["layers"]) for data in page.data)
    buttons = [attributes["data-key"] for _, attributes in page.tags if "data-key" in attributes]
    assert buttons
    assert set(buttons) <= keys_of(page)


def test_the_page_of_changes_leaves_out_what_did_not_change(small, tmp_path):
    path = small / "annotations/gold/2030-01-harbour-talks.jsonl"
    raw = path.read_text(encoding="utf-8")
    path.write_text(raw.replace('"polarity":"neutral"', '"polarity":"favor"'), encoding="utf-8")
    done = run("diff", CORPUS, small, "--html", tmp_path / "diff.html")
    assert done.exit_code == 0, done.output
    page = Reader((tmp_path / "diff.html").read_bytes().decode())
    whole = (small / "raw/text/2030-01-harbour-talks.txt").read_text(encoding="utf-8")
    paragraphs = [line for line in whole.split("\n") if line.strip()]
    before, after = page.texts
    for text in (before, after):
        shown = [each for each in paragraphs if each in text]
        assert 0 < len(shown) < len(paragraphs)
        left_out = map(int, re.findall(r"(\d+) paragraphs? without", text))
        assert sum(left_out) == len(paragraphs) - len(shown)


def test_a_missing_library_is_named_with_its_extra(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "markupsafe", None)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    for name in [name for name in sys.modules if name.startswith("readout.workbench.preview")]:
        monkeypatch.delitem(sys.modules, name)
    done = run("preview", small)
    assert done.exit_code == 2
    assert 'pip install "readout-corpus[' in done.stderr


def test_no_corpus_is_wrong_usage(tmp_path):
    assert run("preview", tmp_path).exit_code == 2
    assert run("diff", tmp_path, CORPUS).exit_code == 2
