"""The pages in a headless Chromium: clicks, filters and keys work; foreign scripts don't run."""

import json

import pytest
from browser import CHROMIUM, opened_browser
from conftest import CORPUS, ROOT
from hostile import TEXT, make_hostile

from readout.model import Suggestion
from readout.workbench.diff import compare_states
from readout.workbench.diff.states import read_state
from readout.workbench.preview import write_changes, write_preview

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)"
    ),
]
HOSTILE = "2030-02-toll-critics"
TALKS = "2030-01-harbour-talks"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page of a browser that serves all tests of this file."""
    with opened_browser(tmp_path_factory.mktemp("profile")) as page:
        page.look()
        yield page


@pytest.fixture
def folder(small, tmp_path):
    """The pages of a corpus with a hostile document, and the page of the changes to it."""
    make_hostile(small)
    talks = small / f"annotations/gold/{TALKS}.jsonl"
    talks.write_text(
        talks.read_text(encoding="utf-8").replace('"neutral"', '"favor"'),
        encoding="utf-8",
        newline="\n",
    )
    old, new = read_state(str(CORPUS)), read_state(str(small))
    pages = tmp_path / "pages"
    pages.mkdir()
    write_preview(pages, new.corpus)
    write_changes(pages / "changes.html", compare_states(old, new), old, new)
    return pages


@pytest.fixture
def open_page(page, folder):
    """Open a page of the folder; it must meet no error and request no other address."""
    opened = []

    def open_(name):
        page.open(
            (folder / f"{name.partition('#')[0]}.html").as_uri()
            + name[len(name.partition("#")[0]) :]
        )
        opened.append(name)
        return page

    yield open_
    assert opened
    assert page.errors == []
    assert all(url.startswith("file:") for url in page.requests)


def panel(page):
    return page.run("document.querySelector('.panel').innerText")


def choose(page, name, value):
    page.run(
        f"(() => {{ const field = document.querySelector('[name={name}]');"
        f" field.value = {json.dumps(value)};"
        " field.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )


def shown(page):
    return set(page.run("views[0].sheets[0].inOrder().map((item) => item.id)"))


def test_the_text_is_the_raw_text_and_nothing_foreign_runs(open_page):
    page = open_page(HOSTILE)
    assert page.run("document.querySelector('.text').textContent") == TEXT
    assert page.run("typeof window.hacked") == "undefined"
    assert (
        page.run("document.images.length + document.querySelectorAll('.text script').length") == 0
    )
    page.run("views[0].reveal('m-levi')")
    assert "<script>window.hacked" in panel(page)
    assert page.run("typeof window.hacked") == "undefined"
    assert "onerror" in page.run("document.querySelector('h1').textContent")


def test_an_injected_script_would_not_run(open_page, page):
    open_page(HOSTILE)
    page.run(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {textContent: 'window.hacked = 1'}))"
    )
    assert page.run("typeof window.hacked") == "undefined"
    page.events.clear()  # the refusal is reported as an error of the page, and wanted


def test_a_click_shows_the_record_and_marks_what_it_is_linked_to(open_page):
    page = open_page(TALKS)
    page.click(".text mark.cue")
    words = panel(page)
    assert "QUOTE" in words
    assert page.run("views[0].chosen.item.id") in words
    assert page.run("document.querySelectorAll('mark.chosen').length") >= 2
    assert page.run(
        "[...document.querySelectorAll('mark.source.linked')]"
        ".map((mark) => mark.textContent).join('')"
    )
    page.click(".panel dd button")
    assert page.run("views[0].chosen.item.type") == "mention"
    page.click("button.close")
    assert page.run("views[0].chosen") is None


def test_clicks_at_one_place_go_round(open_page):
    page = open_page(TALKS)
    page.run("views[0].reveal('q-crane')")
    place = (
        "[...document.querySelectorAll('.text mark')]"
        ".indexOf(views[0].sheets[0].marksOf('q-crane')[0].element)"
    )
    number = page.run(place)
    page.press("Escape")
    seen = []
    for _ in range(3):
        page.click(".text mark", number)
        seen.append(page.run("views[0].chosen.item.id"))
    assert set(seen[:2]) == {"q-crane", "q-recalled"}
    assert seen[2] == seen[0]


def test_a_stance_shows_its_proposition_by_sign_and_words(open_page):
    page = open_page(TALKS)
    page.click(".text .sign.against")
    words = panel(page)
    assert "− against" in words
    assert "proposition" in words


def test_keys(open_page):
    page = open_page(TALKS)
    page.run("document.querySelector('.text').focus()")
    keys = []
    for key in "nnp":
        page.press(key, key)
        keys.append(page.run("views[0].key()"))
    assert keys[0] == keys[2] != keys[1]
    assert page.run("document.activeElement.matches('mark.chosen')")
    page.press("Escape")
    assert page.run("views[0].chosen") is None
    assert page.run("location.hash") == ""


def test_filters_change_the_counts_and_the_address(open_page):
    page = open_page(TALKS)
    everything = shown(page)
    page.click("[name=kind][value=mention]")
    assert not any(key.startswith("m-") for key in shown(page))
    assert page.run("document.querySelectorAll('.text mark.mention').length") == 0
    page.click("[name=kind][value=mention]")
    assert shown(page) == everything
    choose(page, "speaker", "noam-levi")
    assert "m-levi" in shown(page) < everything
    choose(page, "speaker", "")
    choose(page, "target", "ferry")
    assert shown(page) == {"s-ferry", "q-ferry"}
    count = "document.querySelector('[name=kind][value=stance] + small').textContent"
    assert page.run(count).startswith("1 of ")
    address = page.run("location.hash")

    page = open_page(TALKS + address)
    assert shown(page) == {"s-ferry", "q-ferry"}
    assert page.run("document.querySelector('[name=target]').value") == "ferry"


def test_holders_and_targets_are_seen_without_a_click(open_page):
    page = open_page(TALKS)
    stances = page.run("views[0].data.layers[0].annotations.filter((each) => each.holder)")
    names = page.run("[...document.querySelectorAll('.holders th')].map((th) => th.textContent)")
    speakers = page.run("views[0].data.registries.speakers")
    held = {
        each["name"] for each in speakers if each["speaker_id"] in {s["holder"] for s in stances}
    }
    assert held <= set(names)
    signs = page.run(
        "[...document.querySelectorAll('.text .sign')].map((sign) => sign.dataset.holder)"
    )
    assert held == set(signs) - {None}
    page.click(".holders .sign")
    assert page.run("views[0].chosen.item.type") == "stance"
    assert page.run("document.querySelector('details.legend').open")


def test_labels_of_topics_are_whole_and_do_not_collide(open_page, page):
    for width, media in ((1280, ""), (400, ""), (800, "print")):
        page.look(width=width, media=media)
        open_page(TALKS)
        boxes = page.run(
            "[...document.querySelectorAll('.tag')].filter((tag) => tag.closest('.text'))"
            ".map((tag) => { const box = tag.getBoundingClientRect();"
            " return [box.left, box.top, box.right, box.bottom, tag.scrollWidth - tag.clientWidth,"
            " tag.dataset.label]; })"
        )
        topics = page.run("views[0].data.layers[0].annotations.filter((a) => a.type === 'topic')")
        assert len(boxes) == len(topics) > 1
        for left, top, right, bottom, hidden, label in boxes:
            assert label
            assert right - left > 10
            assert hidden <= 0
            others = [box for box in boxes if box[:4] != [left, top, right, bottom]]
            assert len(others) == len(boxes) - 1
            for other in others:
                is_beside = other[2] <= left or right <= other[0]
                assert is_beside or other[3] <= top or bottom <= other[1]
    page.look()


def test_positions_in_the_page_are_code_points(open_page):
    page = open_page(HOSTILE)
    for word in ("world", "𝔘nicode", "لعبّارة", "family"):
        start = TEXT.index(word)
        got = page.run(
            "(() => { const [sheet] = views[0].sheets;"
            f" const range = sheet.rangeOf({start}, {start + len(word)});"
            " return [range.toString(), sheet.at(range.startContainer, range.startOffset),"
            " sheet.at(range.endContainer, range.endOffset)]; })()"
        )
        assert got == [word, start, start + len(word)]


def test_each_paragraph_has_its_own_direction(open_page):
    page = open_page(HOSTILE)
    sides = page.run(
        "views[0].sheets[0].blocks.map((block) => {"
        " const range = document.createRange(); range.selectNodeContents(block.element);"
        " const words = range.getClientRects()[0], box = block.element.getBoundingClientRect();"
        " return words.left - box.left < 60 ? 'left' : 'right'; })"
    )
    assert set(sides) == {"left", "right"}
    texts = page.run("views[0].sheets[0].blocks.map((block) => block.element.textContent)")
    for side, text in zip(sides, texts, strict=True):
        is_hebrew_or_arabic = text[:1] in "הق"
        assert (side == "right") == is_hebrew_or_arabic


def test_suggestions_are_drawn_as_such(page, tmp_path):
    corpus = read_state(str(CORPUS)).corpus
    document = next(each for each in corpus.documents if each.meta.doc_id == TALKS)
    annotation = {
        "type": "mention",
        "id": "m-new",
        "speaker": "ada-quill",
        "span": {"start": 0, "end": 5, "exact": document.text[:5]},
    }
    suggestion = Suggestion(annotation=annotation, reason="a known name")
    write_preview(tmp_path, corpus, suggestions={TALKS: [suggestion]})
    page.open((tmp_path / f"{TALKS}.html").as_uri())
    page.click(".text .sign.ghost")
    assert page.run("views[0].chosen.item.isGhost")
    assert "a known name" in panel(page)
    count = "document.querySelector('[name=kind][value=mention] + small').textContent"
    gold = sum(record.id.startswith("m-") for record in document.gold.records)
    assert page.run(count) == str(gold)
    assert page.run("document.querySelector('.text mark.ghost').textContent") == document.text[:5]
    assert page.errors == []


def test_an_update_draws_only_what_changed(open_page):
    page = open_page(TALKS)
    assert page.run(
        "(() => { const [sheet] = views[0].sheets; const before = sheet.blocks"
        ".map((block) => block.element.firstChild);"
        " const left = sheet.drawing.annotations.filter((each) => each.id !== 's-ferry');"
        " sheet.update({annotations: left});"
        " const same = sheet.blocks.filter((block, at) => block.element.firstChild === before[at]);"
        " return [sheet.items.has('s-ferry'), same.length === sheet.blocks.length - 1]; })()"
    ) == [False, True]
    assert page.run("document.querySelectorAll('.text mark[data-ids~=s-ferry]').length") == 0


def test_deep_links(open_page):
    page = open_page(f"{TALKS}#q-crane")
    assert page.run("views[0].chosen.item.id") == "q-crane"
    page.run("location.hash = '#s-toll'")
    page.run("new Promise((done) => setTimeout(done, 50))")
    assert page.run("views[0].chosen.item.id") == "s-toll"
    page = open_page(f"{HOSTILE}#ann/m-levi")
    assert page.run("views[0].key()") == "ann/m-levi"
    assert page.run("document.querySelector('[name=layer]').value") == "1"


def test_two_layers_side_by_side(open_page):
    page = open_page(HOSTILE)
    choose(page, "layer", "1")
    choose(page, "beside", "2")
    assert page.run("[...document.querySelectorAll('.pane:not([hidden])')].length") == 2
    flags = page.run(
        "[...document.querySelectorAll('.flag')].map((flag) => flag.getAttribute('aria-label'))"
    )
    assert any(flag.startswith("other labels: polarity") for flag in flags)
    tops = page.run(
        "views[0].sheets.map((sheet) => sheet.blocks"
        ".map((block) => Math.round(block.element.getBoundingClientRect().top)))"
    )
    assert tops[0] == tops[1]
    page.click(".text .flag.relabelled")
    assert "polarity" in panel(page)
    assert page.run("document.querySelector('.pane:not([hidden]) .text').textContent").startswith(
        "Levi"
    )


def test_page_of_changes(open_page):
    page = open_page("changes")
    page.click(".changes .relabelled [data-key]")
    assert "neutral" in page.run(
        "[...document.querySelectorAll('.panel')].map((panel) => panel.innerText).join('')"
    )
    assert page.run("document.querySelectorAll('.flag.relabelled').length") >= 2
    assert page.run("typeof window.hacked") == "undefined"


@pytest.mark.parametrize("name", [TALKS, HOSTILE, "changes", "index"])
def test_narrow_windows_do_not_scroll_sideways(open_page, page, name):
    page.look(width=400, height=800, dark=True)
    try:
        open_page(name)
        assert page.run("document.documentElement.scrollWidth") <= 400
    finally:
        page.look()


def test_every_annotation_of_the_real_corpus_can_be_chosen(page, tmp_path):
    state = read_state(str(ROOT))
    write_preview(tmp_path, state.corpus)
    for document in state.corpus.documents:
        page.open((tmp_path / f"{document.meta.doc_id}.html").as_uri())
        assert page.run("document.querySelector('.text').textContent") == document.text
        assert page.run(
            "[...views[0].sheets[0].items.values()].every((item) => {"
            " views[0].reveal(item.id); return views[0].sheets[0].marksOf(item).length"
            " && document.querySelector('.panel').textContent.includes(item.id); })"
        )
        assert page.errors == []
        assert (tmp_path / f"{document.meta.doc_id}.html").stat().st_size < 300_000
