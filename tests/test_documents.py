"""Texts as objects: everything is linked both ways, joins the tables, and shows itself safely."""

import sys
from html.parser import HTMLParser

import pytest
from browser import CHROMIUM, opened_browser
from conftest import CORPUS, ROOT

import readout
from readout.problem import RefusedError
from readout.workbench.documents.marks import draw_passage, scoped_style
from readout.workbench.documents.objects import Documents, find_annotation

FORBIDDEN_TAGS = {"script", "link", "img", "iframe", "object", "embed", "form", "a"}


@pytest.fixture(scope="module")
def texts():
    return readout.documents(CORPUS)


@pytest.fixture(scope="module")
def real_texts(real):
    return Documents(real[0])


def test_annotations_know_what_they_name(texts):
    stance = texts["2030-01-harbour-brief"]["s-toll"]
    assert stance.quote.speaker.name == "Café owners' group"
    assert stance.quote.source.text == "The café owners' group"
    assert stance.target.proposition
    assert stance.holder is stance.quote.speaker
    assert stance.polarity == "against"
    assert stance.document.outlet is None or stance.document.outlet.kind == "outlet"


def test_links_run_both_ways(real_texts):
    for text in real_texts:
        for stance in text.stances:
            assert stance in stance.holder.stances
            assert stance in stance.target.stances
            assert stance.quote is None or stance in stance.quote.stances
        for quote in text.quotes:
            assert quote in quote.speaker.quotes
            assert quote.source is None or quote in quote.source.quotes
            assert quote.within is None or quote in quote.within.parts
            assert all(quote in other.elsewhere for other in quote.elsewhere)
        for mention in text.mentions:
            assert mention in mention.speaker.mentions
        for topic in text.topics:
            assert topic in topic.topic.passages


def test_the_same_statement_is_found_in_other_texts(texts):
    quote = texts["2030-01-harbour-brief"]["q-belongs"]
    assert [each.document.id for each in quote.elsewhere] == ["2030-01-harbour-talks"]


def test_paragraphs_and_sentences_lie_in_each_other(real_texts):
    for text in real_texts:
        for paragraph in text.paragraphs:
            sentences = paragraph.sentences
            assert "".join(paragraph.text.split()) == "".join(
                "".join(each.text.split()) for each in sentences
            )
            assert all(text.text[each.start : each.end] == each.text for each in sentences)
        for annotation in text.annotations:
            assert annotation.paragraph in text.paragraphs
            assert annotation in annotation.paragraph.annotations
            assert all(annotation in each.annotations for each in annotation.sentences)


def test_a_sentence_does_not_end_after_an_initial_or_a_title(small):
    path = small / "raw/text/2030-01-harbour-brief.txt"
    source, _ = readout.read_corpus(small)
    (meta,) = [each for each in source.documents if each.meta.doc_id == path.stem]
    import msgspec

    text = "The U.S. Secretary met Lt. Gen. Ray. “Fine.” He left in 2020. Who?"
    changed = msgspec.structs.replace(meta, text=text)
    texts = Documents(msgspec.structs.replace(source, documents=(changed,)))
    assert [each.text for each in texts[0].sentences] == [
        "The U.S. Secretary met Lt. Gen. Ray.",
        "“Fine.”",
        "He left in 2020.",
        "Who?",
    ]


def test_a_layer_can_be_read_instead_of_gold(texts):
    layer = readout.documents(CORPUS, annotator="ann")
    assert [each.id for each in layer] == ["2030-02-toll-critics"]
    assert {each.record for each in layer[0].annotations} != {
        each.record for each in texts["2030-02-toll-critics"].annotations
    }


def test_an_unknown_annotator_is_explained():
    with pytest.raises(ValueError, match="'ann'"):
        readout.documents(CORPUS, annotator="anne")


def test_documents_are_found_by_number_and_id(texts):
    assert texts["2030-01-harbour-brief"] is next(
        each for each in texts if each.id == "2030-01-harbour-brief"
    )
    assert len(texts) == len(texts[:]) == 3
    with pytest.raises(KeyError, match="harbour-brief"):
        texts["2030-01-harbour-brie"]
    with pytest.raises(KeyError, match="s-ferry"):
        texts[0]["s-fery"]
    with pytest.raises(KeyError, match=": did you mean 's-ferry'"):
        texts[0][f"{texts[0].id}#s-fery"]
    assert readout.document("2030-02-toll-critics", CORPUS).id == "2030-02-toll-critics"


def test_the_installed_corpus_is_read_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [each.id for each in readout.documents()] == [
        each.meta.doc_id for each in readout.read_corpus(ROOT)[0].documents
    ]


def test_frames_are_the_tables_with_labels_as_words(texts):
    rows = [row for each in readout.load("stances", CORPUS).values() for row in each]
    frame = texts.to_pandas()
    assert list(frame.columns) == list(readout.FEATURES["stances"])
    assert set(frame["id"]) == {row["id"] for row in rows}
    assert set(frame["polarity"]) <= {"favor", "against", "neutral"}

    text = texts["2030-01-harbour-brief"]
    quotes = text.to_pandas("quotes")
    assert list(quotes["id"]) == [each.id for each in text.quotes]
    assert list(quotes["form"]) == [each.form for each in text.quotes]
    tags = text.to_pandas("tokens")["cue_tags"]
    assert {tag for row in tags for tag in row} <= {"B", "I", "O"}
    with pytest.raises(ValueError, match="'stances'"):
        text.to_pandas("stance")
    for config in ("speakers", "bench_stance"):
        with pytest.raises(ValueError, match=rf"readout\.load\('{config}'\)"):
            text.to_pandas(config)


def test_a_missing_spacy_is_explained(texts, monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy.vocab", None)
    with pytest.raises(ModuleNotFoundError, match=r"readout-corpus\[interchange\]"):
        texts[0].to_spacy()


@pytest.mark.slow
def test_a_spacy_doc_has_the_text_and_the_spans(texts):
    text = texts["2030-01-harbour-brief"]
    doc = text.to_spacy()
    assert doc.text == text.text
    found = {(span.id_, span.start_char, span.end_char) for span in doc.spans["stance"]}
    assert found == {(each.record.id, each.start, each.end) for each in text.stances}
    assert text.to_spacy(doc.vocab).vocab is doc.vocab


# ---------------------------------------------------------------- HTML


class Reader(HTMLParser):
    """Collects the text and the tags of HTML; that of the style is left out."""

    def __init__(self):
        super().__init__()
        self.text, self.tags, self.attributes, self.marked = "", [], [], {}
        self.open = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.open.append((tag, dict(attrs).get("class", "")))

    def handle_endtag(self, tag):
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1][0] == "style":
            return
        self.text += data
        if self.open[-1][0] == "mark":
            for name in self.open[-1][1].split():
                self.marked[name] = self.marked.get(name, "") + data


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def test_notebooks_show_the_text_with_its_marks(real_texts):
    for text in real_texts:
        reader = read(text._repr_html_())
        assert reader.text == "".join(each.text for each in text.paragraphs)
        # A cue that continues in a second span is not joined; order is that of the text.
        cues = {offset for each in text.quotes for span in each.cue
                for offset in range(span.start, span.end)}  # fmt: skip
        assert reader.marked.get("cue", "") == "".join(text.text[at] for at in sorted(cues))
        signs = [value for name, value in reader.attributes if name == "data-sign"]
        assert len(signs) == len(text.stances)


def test_an_annotation_is_highlighted_in_its_paragraphs(texts):
    stance = texts["2030-01-harbour-brief"]["s-toll"]
    reader = read(stance._repr_html_())
    assert reader.text == stance.paragraph.text
    assert reader.marked["chosen"] == stance.text
    assert stance.quote.cue[0].exact in reader.marked["linked"]
    assert read(stance.sentences[0]._repr_html_()).text == stance.sentences[0].text


def test_the_page_around_is_not_touched_and_nothing_is_loaded(real_texts):
    html = real_texts[0]._repr_html_()
    reader = read(html)
    assert not FORBIDDEN_TAGS & set(reader.tags)
    names = {name for name, _ in reader.attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"src", "href", "style"}
    style = scoped_style()
    assert style.startswith(".readout {")
    assert style.count("{") == style.count("}")
    assert ":root" not in style
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_browser_draws_the_marks_and_nothing_else(texts, tmp_path):
    """The style is nested: it must apply inside of the output, and leave the notebook alone."""
    page = tmp_path / "notebook.html"
    output = texts["2030-01-harbour-brief"]["s-toll"]._repr_html_()
    page.write_text(f"<meta charset=utf-8><mark>x</mark>{output}", encoding="utf-8")
    color = "getComputedStyle(document.querySelector({})).backgroundColor"
    with opened_browser(tmp_path / "profile") as browser:
        for dark, paper in ((False, "rgb(251, 250, 247)"), (True, "rgb(21, 23, 26)")):
            browser.look(dark=dark)
            browser.open(page.as_uri())
            assert browser.run(color.format("'.readout'")) == paper
            assert browser.run(color.format("'.readout mark'")) == "rgba(0, 0, 0, 0)"
            assert browser.run(color.format("'body > mark'")) != "rgba(0, 0, 0, 0)"
            image = "getComputedStyle(document.querySelector('mark.chosen')).backgroundImage"
            assert "linear-gradient" in browser.run(image)
            assert browser.requests[-1:] == [page.as_uri()]
            assert browser.errors == []


def test_hostile_texts_and_names_are_shown_as_text(texts):
    import msgspec

    text = '<script>alert(1)</script>\r"&amp;\N{LATIN SMALL LETTER E WITH ACUTE}'
    source = texts["2030-01-harbour-brief"]._source
    speaker = readout.model.Speaker(speaker_id="x", name='"><img src=x onerror=y>', kind="person")
    span = readout.model.Span(0, len(text), text)
    stance = readout.model.Stance(
        id='"><b>', holder="x", target="t", polarity="favor", expression="explicit",
        evidence=(span,), note="<i>",
    )  # fmt: skip
    topic = readout.model.Topic(id="t", topic='"><u>', spans=(span,))
    registries = msgspec.structs.replace(texts.registries, speakers={"x": speaker})
    document = msgspec.structs.replace(source, text=text)
    html = draw_passage(document, [stance, topic], registries, [(0, len(text))])
    reader = read(html)
    assert reader.text == text
    assert set(reader.tags) <= {"style", "div", "mark", "span"}
    assert ("data-holder", speaker.name) in reader.attributes


# ---------------------------------------------------------------- by id


def test_ids_name_annotations_of_gold_and_of_layers():
    corpus, _ = readout.read_corpus(CORPUS)
    assert find_annotation(corpus, "q-unfair").id == "2030-01-harbour-brief#q-unfair"
    assert find_annotation(corpus, "2030-02-toll-critics#s-ferry").holder.id == "noam-levi"
    layer = corpus.documents[-1].find_layer("ann")
    first = layer.records[0].id
    assert find_annotation(corpus, f"ann#{first}").record == layer.records[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s-ferry", "2030-02-toll-critics#s-ferry"),
        ("s-tol", "'s-toll'"),
        ("2030-02-toll-critics#s-toll", "'s-toll'"),
        ("2030-02-toll-critics", "is a document"),
        ("nobody#s-toll", "no annotation"),
    ],
)
def test_unknown_and_ambiguous_ids_are_explained(name, expected):
    corpus, _ = readout.read_corpus(CORPUS)
    with pytest.raises(RefusedError, match=expected):
        find_annotation(corpus, name)
