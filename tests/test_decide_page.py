"""The pages for reviews and decisions in a real Chromium: what is clicked is what the files say."""

import os
import re
from contextlib import contextmanager

import pytest
from workbench import (
    IN_CHROMIUM,
    LAYER,
    READER,
    add_document,
    append,
    copy_real,
    go_on,
    go_to_cells,
    go_to_stance,
    opened_mode,
    opened_page,
    read_records,
    span_of,
    wait_count,
    wait_until,
)

from readout.workbench.format import format_corpus

pytestmark = IN_CHROMIUM
TOLL = "2030-02-toll-critics"
DECISIONS = f"annotations/adjudication/{TOLL}.jsonl"


def wait_saved(page):
    wait_until(page, "document.querySelector('.state').classList.contains('saved')")


def reviews(root):
    found = []
    for path in sorted((root / "annotations/reviews").rglob("*.jsonl")):
        found += read_records(path)
    return found


def test_reviews_are_given_by_key_and_by_click_and_undone(browser, small):
    with opened_mode(browser, small, "review") as page:
        page.fill(".desk textarea", "Too long.")
        page.keyboard.press("2")
        assert reviews(small) == [], "keys are inert in fields"
        page.fill(".desk textarea", "Too long.")
        page.locator(".desk h2").click()
        page.keyboard.press("2")
        wait_saved(page)
        (first,) = reviews(small)
        assert (first["verdict"], first["remark"]) == ("change", "Too long.")

        page.get_by_role("button", name="Keep").click()
        wait_count(page, 2)
        assert [each["verdict"] for each in reviews(small)].count("keep") == 1
        page.keyboard.press("Control+z")
        wait_count(page, 1)
        assert reviews(small) == [first]


def test_next_gives_no_verdict(browser, small):
    with opened_mode(browser, small, "review", draw=(3, 5)) as page:
        for _ in range(5):
            page.keyboard.press("n")
            page.wait_for_timeout(50)
        assert "3 of 3" in page.locator(".desk h2").inner_text()
        assert reviews(small) == []


def test_a_half_written_remark_outlives_another_item_and_a_reload(browser, small):
    with opened_mode(browser, small, "review") as page:
        page.fill(".desk textarea", "It goes on.")
        page.get_by_role("button", name="Next").click()
        wait_until(page, "document.querySelector('.desk h2').textContent.includes(' 2 of ')")
        assert page.locator(".desk textarea").input_value() == ""
        page.reload()
        wait_until(page, "document.querySelector('.desk .choices') !== null")
        assert page.locator(".desk textarea").input_value() == "It goes on."
        page.get_by_role("button", name="Keep").click()
        wait_saved(page)
        (given,) = reviews(small)
        assert given["remark"] == "It goes on."
        assert page.evaluate("Object.values(sessionStorage).join('')") == "[]"


def test_the_last_of_a_sample_shows_the_result_and_the_next_step(browser, small):
    with opened_mode(browser, small, "review", draw=(3, 5)) as page:
        for number, key in enumerate("131", start=1):
            page.keyboard.press(key)
            wait_count(page, number)
        panel = page.locator(".closing")
        assert panel.locator(".results dd").all_inner_texts() == ["2", "0", "1", "0"]
        assert "33.3%" in panel.locator(".rate").inner_text()
        assert "annotations/reviews/ann" in panel.locator("pre").inner_text()

        page.keyboard.press("1")
        assert len(reviews(small)) == 3, "no verdict is given while no annotation is shown"
        page.keyboard.press("Control+z")
        wait_until(page, "document.querySelector('.closing') === null")
        assert [each["verdict"] for each in reviews(small)].count("keep") == 1


@contextmanager
def opened_twice(browser, root):
    """Yield two windows on one server of the mode for reviews."""
    mode = opened_mode(browser, root, "review")
    with mode as page, opened_page(browser, page.url) as (other, _):
        wait_until(other, "document.querySelector('.desk .choices') !== null")
        yield page, other


def test_two_windows_keep_the_verdicts_of_both(browser, small):
    with opened_twice(browser, small) as (page, other):
        page.keyboard.press("2")
        wait_saved(page)
        for _ in range(3):
            other.keyboard.press("n")
        wait_until(other, "document.querySelector('.desk h2').textContent.includes(' 4 of ')")
        other.keyboard.press("3")
        wait_saved(other)
        page.keyboard.press("1")
        wait_count(page, 3)
        assert sorted(each["verdict"] for each in reviews(small)) == ["change", "drop", "keep"]

        # Each window takes back its own steps, whatever the other one did since.
        other.keyboard.press("Control+z")
        wait_count(other, 2)
        page.keyboard.press("Control+z")
        wait_count(page, 1)
        assert [each["verdict"] for each in reviews(small)] == ["change"]
        page.keyboard.press("Control+y")
        wait_count(page, 2)
        other.keyboard.press("Control+y")
        wait_count(other, 3)
        assert sorted(each["verdict"] for each in reviews(small)) == ["change", "drop", "keep"]
        assert len({each["about"] for each in reviews(small)}) == 3


def test_a_verdict_of_another_window_is_not_overwritten_unseen(browser, small):
    with opened_twice(browser, small) as (page, other):
        page.fill(".desk textarea", "Too long.")
        page.locator(".desk h2").click()
        page.keyboard.press("2")
        wait_saved(page)
        other.fill(".desk textarea", "Fine.")
        other.locator(".desk h2").click()
        other.keyboard.press("1")
        wait_until(other, "document.querySelector('.state.error') !== null")
        (given,) = reviews(small)
        assert (given["verdict"], given["remark"]) == ("change", "Too long.")
        pressed = other.locator("[aria-pressed=true]").inner_text()
        assert "Change" in pressed or "change" in pressed
        assert other.locator(".desk textarea").input_value() == "Fine."

        other.locator(".desk h2").click()
        other.keyboard.press("1")
        wait_saved(other)
        (given,) = reviews(small)
        assert (given["verdict"], given["remark"]) == ("keep", "Fine.")


def test_what_changed_on_disk_comes_again(browser, small):
    with opened_mode(browser, small, "review") as page:
        go_to_stance(page)
        page.fill(".desk textarea", "It is neutral.")
        page.locator(".desk h2").click()
        page.keyboard.press("2")
        wait_saved(page)
        (given,) = reviews(small)
        page.keyboard.press("p")
        wait_until(page, "document.querySelector('[aria-pressed=true]') !== null")
        for gold in (small / "annotations/gold").glob("*.jsonl"):
            raw = gold.read_bytes()
            gold.write_bytes(raw.replace(b"favor", b"neutral").replace(b"against", b"neutral"))
        page.evaluate("dispatchEvent(new Event('focus'))")
        wait_until(page, "document.querySelector('.again') !== null")
        assert "It is neutral." in page.locator(".again").inner_text()
        assert page.locator("[aria-pressed=true]").count() == 0
        assert reviews(small) == [given]


def test_the_keys_of_each_page_are_shown(browser, undecided):
    for mode, some in (("review", {"1", "4", "n"}), ("adjudicate", {"0", "m", "e"})):
        with opened_mode(browser, undecided, mode) as page:
            page.keyboard.press("?")
            page.wait_for_selector("dialog .keys")
            shown = set(page.locator("dialog .keys kbd").all_inner_texts())
            assert some <= shown
            before = page.locator(".desk h2").inner_text()
            page.keyboard.press("n")
            assert page.locator(".desk h2").inner_text() == before, "keys are inert in a dialog"
            page.keyboard.press("Escape")
            wait_until(page, "document.querySelector('dialog') === null")
            page.evaluate(COMPOSED)
            assert page.locator(".desk h2").inner_text() == before, "and while one composes"


COMPOSED = """document.body.dispatchEvent(
    new KeyboardEvent("keydown", {key: "n", isComposing: true, bubbles: true}))"""


def give_grounds(page, reason="It says so."):
    page.select_option(".desk select.number", "1.1")
    page.fill(".desk textarea[id^=reason]", reason)


def decide_first(page, key):
    give_grounds(page)
    page.locator(".desk h2").first.click()
    page.keyboard.press(key)
    wait_saved(page)


def test_a_place_is_decided_with_its_reason_and_undone(browser, undecided):
    gold = undecided / f"annotations/gold/{TOLL}.jsonl"
    before = gold.read_bytes()
    decisions = undecided / DECISIONS
    with opened_mode(browser, undecided, "adjudicate") as page:
        page.keyboard.press("n")
        page.keyboard.press("p")
        page.keyboard.press("0")
        wait_until(page, "document.querySelector('.state').classList.contains('error')")
        assert gold.read_bytes() == before
        assert not decisions.exists(), "without a section and a reason nothing is written"

        decide_first(page, "0")
        (decision,) = read_records(decisions)
        assert (decision["section"], decision["reason"]) == ("1.1", "It says so.")
        assert gold.read_bytes() != before
        # The page still counts 0 until it has listed the places again.
        wait_count(page, 1)
        page.keyboard.press("Control+z")
        wait_count(page, 0)
        assert gold.read_bytes() == before
        assert not decisions.exists()


def test_a_mixed_annotation_takes_each_field_from_a_side(browser, undecided):
    with opened_mode(browser, undecided, "adjudicate") as page:
        go_to_cells(page)
        field = page.locator(".versions tr[data-field]").first.get_attribute("data-field")
        cells = page.locator(f".versions tr[data-field={field}] .cell")
        wanted = cells.last.inner_text()
        cells.first.click()
        cells.last.click()
        pressed = page.locator(".cell[aria-pressed=true]")
        assert pressed.all_inner_texts() == [f"{wanted}"], "one value of a field is chosen"
        decide_first(page, "m")
    decisions = read_records(undecided / DECISIONS)
    assert len(decisions) == 1


def test_another_version_is_written_in_a_form_of_the_schema(browser, undecided):
    with opened_mode(browser, undecided, "adjudicate") as page:
        go_to_stance(page)
        page.keyboard.press("e")
        page.wait_for_selector(".form")
        page.locator("[data-field=polarity] input[value=neutral]").check()
        page.locator("[data-field=target] input").fill("fer")
        page.keyboard.press("Enter")
        page.locator(".form .primary").click()
        wait_until(page, "document.querySelector('.refused').textContent !== ''")
        assert not (undecided / DECISIONS).exists(), "no reason, no edit"

        page.reload()
        page.wait_for_selector(".desk .choices")
        go_to_stance(page)
        assert page.locator("[data-field=polarity] input[value=neutral]").is_checked()
        give_grounds(page)
        page.locator(".form .primary").click()
        wait_saved(page)
    gold = read_records(undecided / f"annotations/gold/{TOLL}.jsonl")
    assert ("neutral", "ferry") in [(each.get("polarity"), each.get("target")) for each in gold]
    assert len(read_records(undecided / DECISIONS)) == 1


def test_words_in_the_form_snap_to_whole_words(browser, undecided):
    with opened_mode(browser, undecided, "adjudicate") as page:
        go_to_stance(page)
        page.keyboard.press("e")
        page.wait_for_selector(".form")
        text = page.locator("#text .text").evaluate("(text) => text.textContent")
        word = next(each for each in text.split() if len(each) > 6 and each.isalpha())
        page.evaluate(SELECT_INSIDE, word)
        page.get_by_role("button", name="Use selected words").first.click()
        assert page.locator("[data-field=evidence] .words").all_inner_texts() == [word]
        assert not page.evaluate("getSelection().toString()")


SELECT_INSIDE = """(word) => {
    const walker = document.createTreeWalker(document.querySelector("#text .text"), 4);
    while (walker.nextNode()) {
        const at = walker.currentNode.data.indexOf(word);
        if (at < 0) continue;
        const {currentNode: node} = walker;
        getSelection().setBaseAndExtent(node, at + 2, node, at + word.length - 2);
        return;
    }
}"""


def test_a_half_written_reason_outlives_another_place_and_a_reload(browser, undecided):
    with opened_mode(browser, undecided, "adjudicate") as page:
        page.select_option(".desk select.number", "1.1")
        assert page.locator(".sections .guideline").inner_text()
        page.fill(".desk textarea[id^=reason]", "It goes")
        page.locator(".desk h2").click()
        page.keyboard.press("n")
        wait_until(page, "document.querySelector('.desk h2').textContent.includes(' 2 of ')")
        assert page.locator(".desk textarea[id^=reason]").input_value() == ""
        page.reload()
        page.wait_for_selector(".desk .choices")
        assert page.locator(".desk textarea[id^=reason]").input_value() == "It goes"
        assert page.locator(".desk select.number").input_value() == "1.1"
        page.keyboard.press("1")
        wait_saved(page)
        (decision,) = read_records(undecided / DECISIONS)
        assert decision["reason"] == "It goes"


def test_names_can_be_hidden(browser, undecided):
    with opened_mode(browser, undecided, "adjudicate") as page:
        go_to_cells(page)
        marked = page.locator("#text mark").count()
        page.get_by_role("button", name="Hide names").click()
        shown = page.locator(".desk").inner_text().lower()
        assert not {"ann", "ben", "gold"} & set(re.findall(r"[a-z]+", shown))
        assert page.locator("#text mark").count() < marked, "the text does not tell gold's version"


@pytest.mark.parametrize("width", [1280, 400])
def test_the_place_is_in_the_free_part_of_the_window(browser, tmp_path, width):
    root = copy_real(tmp_path)
    options = {"viewport": {"width": width, "height": 900}, "reduced_motion": "reduce"}
    with opened_mode(browser, root, "review", draw=(6, 1), who=LAYER, **options) as page:
        for number in range(1, 7):
            wait_until(
                page, f"document.querySelector('.desk h2').textContent.includes(' {number} ')"
            )
            wait_until(page, IN_SIGHT)
            page.keyboard.press("n")


IN_SIGHT = """(() => {
    const [range] = CSS.highlights.get("readout-place");
    const box = range.getClientRects()[0];
    const seen = document.elementFromPoint(box.left + 2, box.top + box.height / 2);
    return document.querySelector("#text").contains(seen);
})()"""


HEBREW = "שר הביטחון בני גנץ אמר אתמול: ״אנחנו תומכים בהסכם״.\n\nבני גנץ נחת בוושינגטון."
DOC = "2030-03-hebrew"


def add_hebrew(root, speaker="noam-levi"):
    """Add a Hebrew document in which gold and the layer of a reader differ in the words."""

    def mention(name, words):
        return {
            "type": "mention",
            "id": name,
            "speaker": speaker,
            "span": span_of(HEBREW, words),
        }

    add_document(root, DOC, HEBREW, "he", [mention("m-own", "בני גנץ"), mention("m-city", "נחת")])
    append(root / f"annotations/gold/{DOC}.jsonl", [mention("m-gold", "שר הביטחון בני גנץ")])
    index = root / "raw/documents.jsonl"
    metas = read_records(index)
    metas[-1] |= {"adjudicated": [READER]}
    index.write_bytes(b"")
    append(index, metas)
    format_corpus(root)


def test_right_to_left_words_are_decided_as_they_are_read(browser, undecided):
    add_hebrew(undecided)
    with opened_mode(browser, undecided, "adjudicate") as page:
        go_on(page, lambda: DOC in page.locator("h1").inner_text())
        go_on(page, lambda: page.locator(".versions").count())
        cell = page.locator(".cell", has_text="שר הביטחון")
        assert cell.locator(".extra").inner_text().strip() == "שר הביטחון"
        style = "(cell) => [getComputedStyle(cell).direction, cell.scrollWidth <= cell.clientWidth]"
        assert cell.evaluate(style) == ["rtl", True]
        page.keyboard.press("e")
        page.evaluate(SELECT_INSIDE, "בוושינגטון")
        page.get_by_role("button", name="Use selected words").click()
        give_grounds(page, "כך כתוב.")
        page.locator(".form .primary").click()
        wait_saved(page)
    (record,) = read_records(undecided / f"annotations/gold/{DOC}.jsonl")
    assert record["span"] == span_of(HEBREW, "בוושינגטון")


@pytest.mark.skipif("READOUT_SHOTS" not in os.environ, reason="takes pictures for people")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_pictures(browser, tmp_path, width, scheme):
    root = copy_real(tmp_path)
    add_hebrew(root, "benny-gantz")
    for path in (root / "annotations/adjudication").glob("2020*.jsonl"):
        path.unlink()
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}

    def take(page, name):
        page.wait_for_timeout(300)
        page.screenshot(path=f"{os.environ['READOUT_SHOTS']}/{name}-{width}-{scheme}.png")

    with opened_mode(browser, root, "adjudicate", who=LAYER, **options) as page:
        take(page, "decide-hebrew")
        page.locator(".desk > select").select_option(index=1)
        wait_until(page, f"!document.querySelector('h1').textContent.includes('{DOC}')")
        take(page, "decide")
        page.select_option(".desk select.number", "1.1")
        page.keyboard.press("e")
        take(page, "decide-form")
        page.locator(".sections").scroll_into_view_if_needed()
        take(page, "decide-section")
        page.locator(".form").get_by_role("button", name="Discard").click()
        page.locator(".desk h2").click()
        page.keyboard.press("?")
        take(page, "decide-keys")
        page.keyboard.press("Escape")
    with opened_mode(browser, root, "review", draw=(4, 1), who=LAYER, **options) as page:
        take(page, "review")
        for number, key in enumerate("1213", start=1):
            page.keyboard.press(key)
            wait_count(page, number)
        take(page, "review-closing")
