"""The annotate page in a real Chromium: selecting, forms, links, suggestions, saving, keys."""

import json

import pytest
from browser import CHROMIUM
from workbench import copy_real, opened_chromium, opened_desk, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium"),
]

DOCUMENT = "2021-06-gantz-washington"
LAYER = "edition-1"


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("playwright")
    with opened_chromium() as browser:
        yield browser


@pytest.fixture
def desk(browser, tmp_path):
    """The layer of an annotator on the longest real text."""
    root = copy_real(tmp_path / "corpus")
    with opened_desk(browser, root, DOCUMENT, LAYER, LAYER) as desk:
        yield desk


def read_lines(path):
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


# ------------------------------------------------------------------------------- selecting

WORDS = "lightning visit to the United States"


@pytest.mark.parametrize("backward", [False, True])
def test_words_snap_whole_whichever_way_they_are_dragged(desk, backward):
    desk.drag(WORDS, trim=2, backward=backward)
    start = desk.text.index(WORDS)
    assert desk.selected() == [[start, start + len(WORDS), WORDS]]


def test_the_snapped_span_is_shown_before_the_button_is_released(desk):
    start = desk.text.index(WORDS)
    left, top, right, bottom = desk.box(start + 2, start + len(WORDS) - 2)
    desk.page.mouse.move(left, top)
    desk.page.mouse.down()
    desk.page.mouse.move(right, bottom, steps=4)
    shown = "[...CSS.highlights.get('readout-selected')].map((range) => range.toString())"
    wait_until(desk.page, f"{shown}.length === 1")
    assert desk.evaluate(shown) == [WORDS]
    desk.page.mouse.up()


def test_alt_selects_by_character(desk):
    desk.drag(WORDS, trim=2, modifiers=["Alt"])
    [[_, _, exact]] = desk.selected()
    assert exact in WORDS
    assert len(exact) < len(WORDS)


def test_a_double_click_takes_the_word_and_a_triple_click_the_paragraph(desk):
    start = desk.text.index("lightning")
    left, top, right, _ = desk.box(start, start + len("lightning"))
    desk.page.mouse.dblclick((left + right) / 2, top)
    assert [exact for _, _, exact in desk.selected()] == ["lightning"]

    desk.page.mouse.click((left + right) / 2, top, click_count=3)
    paragraph = next(each for each in desk.text.split("\n") if "lightning visit" in each)
    assert [exact for _, _, exact in desk.selected()] == [paragraph.strip()]


def test_ctrl_adds_a_span_and_overlapping_ones_are_united(desk):
    desk.drag("lightning visit")
    desk.drag("United States, where", modifiers=["Control"])
    assert [exact for _, _, exact in desk.selected()] == ["lightning visit", "United States, where"]

    desk.drag(WORDS, modifiers=["Control"])
    assert [exact for _, _, exact in desk.selected()] == [WORDS + ", where"]


def test_a_selection_over_paragraphs_has_their_text(desk):
    paragraphs = [each for each in desk.text.split("\n") if each.strip()]
    first, second = paragraphs[0], paragraphs[1]
    end = desk.text.index(second) + 8
    words = desk.text[desk.text.index(first[-12:]) : end]
    desk.drag(words)
    [[start, stop, exact]] = desk.selected()
    assert desk.text[start:stop] == exact
    assert "\n" in exact


def test_words_are_selected_with_keys_alone(desk):
    desk.evaluate("readout.editor.sheet.text.focus()")
    desk.press("Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight")
    [[start, end, exact]] = desk.selected()
    assert desk.text[start:end] == exact
    assert len(exact.split()) == 2

    desk.press("Alt+Shift+ArrowLeft")
    assert desk.selected()[0][2] == exact[:-1]


def test_quoted_words_are_selected_from_a_field(desk):
    desk.press("/")
    desk.page.keyboard.type("lightning visit")
    desk.press("Enter", "t")
    form = desk.page.locator(".form")
    assert form.locator(".spans .words").all_inner_texts() == ["lightning visit"]


# ------------------------------------------------------------------------------- forms

EVIDENCE = "regardless of what government is in place in Jerusalem"


def test_a_stance_with_evidence_and_quote_takes_eight_actions(desk):
    before = read_lines(desk.path)
    desk.evaluate("readout.log.reset()")
    desk.drag(EVIDENCE)
    desk.press("s")
    desk.page.wait_for_selector(".field.proposed[data-field=quote]")
    desk.page.keyboard.type("alliance")
    desk.press("Enter", "1", "1", "Enter")
    desk.wait_saved()

    actions, characters = desk.log()
    print(f"one stance: {actions} actions, {characters} characters")
    assert actions <= 8
    [line] = [each for each in read_lines(desk.path) if each not in before]
    record = json.loads(line)
    assert [span["exact"] for span in record["evidence"]] == [EVIDENCE]
    assert record["target"] == "us-israel-alliance"
    assert record["quote"]
    # Lines that were not touched stay byte for byte.
    assert [each for each in read_lines(desk.path) if each != line] == before
