"""The pages show the whole text, escape everything, have no dead link and load nothing."""

import json
import re
import sys
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from click.testing import CliRunner
from conftest import CORPUS
from hostile import BAD, make_hostile
from hypothesis import given
from hypothesis import strategies as st

from readout.cli import main
from readout.model import Quote, Span
from readout.workbench.diff.states import read_state
from readout.workbench.preview import write_preview
from readout.workbench.preview.segments import Cover, assign_lanes, cut_segments
from readout.workbench.preview.views import html_text


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


# ---------------------------------------------------------------- segments

texts = st.text(alphabet=st.sampled_from("ab \n\r\t\0<>&\"'🚢שלام\u0301\u200f"), max_size=40)
covers = st.lists(
    st.builds(
        lambda start, size, number: Cover(start, start + size, number, "span"),
        st.integers(0, 30), st.integers(1, 20), st.integers(0, 3),
    ),
    max_size=8,
)  # fmt: skip


@given(texts, covers)
def test_segments_join_to_the_text_and_to_each_cover(text, covers):
    covers = [
        each._replace(end=min(each.end, len(text))) for each in covers if each.start < len(text)
    ]
    segments = cut_segments(text, covers)
    assert "".join(segment.text for segment in segments) == text
    for cover in covers:
        inside = [segment for segment in segments if cover in segment.covers]
        assert "".join(segment.text for segment in inside) == text[cover.start : cover.end]
        assert (inside[0].start, inside[-1].end) == cover[:2]


@given(texts)
def test_html_gives_the_text_back(text):
    assert Reader(f'<div class="text">{html_text(text)}</div>').texts == [
        text.replace("\0", "\ufffd")
    ]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=8))
def test_lines_of_one_lane_do_not_overlap(places):
    spans = [Span(start, start + size, "") for start, size in places]
    quotes = [
        Quote(id=str(n), form="direct", speaker="s", content=(span,))
        for n, span in enumerate(spans)
    ]
    lanes = assign_lanes(quotes, Quote, most=99)
    for lane in set(lanes.values()):
        spans = sorted(
            (quotes[n].content[0].start, quotes[n].content[0].end)
            for n in lanes
            if lanes[n] == lane
        )
        assert all(left[1] <= right[0] for left, right in pairwise(spans))


# ---------------------------------------------------------------- pages


def test_the_text_of_every_layer_is_the_raw_text(pages):
    found, corpus, _ = pages
    assert "\r" in "".join(document.text for document in corpus.documents)
    for document in corpus.documents:
        assert found[document.meta.doc_id].texts == [document.text] * (1 + len(document.layers))


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
    return {
        a["key"] for data in page.data for layer in data["layers"] for a in layer["annotations"]
    }


def test_every_link_leads_to_an_annotation(pages):
    found, _, folder = pages
    keys = {name: keys_of(page) for name, page in found.items()}
    values = [
        (name, value)
        for name, page in found.items()
        for data in page.data
        for layer in data["layers"]
        for annotation in layer["annotations"]
        for fact in annotation["facts"]
        for value in fact["values"]
    ]
    assert all(value["key"] in keys[name] for name, value in values if "key" in value)
    hrefs = [value["href"].split("#") for _, value in values if "href" in value]
    assert hrefs
    assert all(anchor in keys[(folder / path).stem] for path, anchor in hrefs)


def test_layers_side_by_side_name_their_differences():
    from readout.workbench.preview.facts import Statements
    from readout.workbench.preview.views import view_document

    corpus = read_state(str(CORPUS)).corpus
    document = next(each for each in corpus.documents if each.layers)
    view = view_document(document, corpus.registries, Statements(corpus.documents))
    between = next(each for each in view["comparisons"] if (each["left"], each["right"]) == (1, 2))
    assert [(change["name"], change["left"], change["right"]) for change in between["changes"]] == [
        ("other labels", "ann/s-iron", "ben/s-fyi3rn"),
        ("only here", "ann/s-ferry", ""),
    ]
    assert [field[0] for field in between["changes"][0]["fields"]] == ["polarity", "evidence"]


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
