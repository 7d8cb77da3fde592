"""The pages for reviews and decisions in a real Chromium: what is clicked is what the files say."""

import json
import os
import shutil

import pytest
from browser import CHROMIUM
from workbench import opened_chromium, opened_mode, served, wait_until

from readout.workbench.annotate.modes import open_mode

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium"),
]
TOLL = "2030-02-toll-critics"


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("playwright")
    with opened_chromium() as browser:
        yield browser


def read_lines(path):
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def wait_saved(page):
    wait_until(page, "document.querySelector('.state').classList.contains('saved')")


def reviews(root):
    found = []
    for path in sorted((root / "annotations/reviews").rglob("*.jsonl")):
        found += read_lines(path)
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
        wait_until(page, "document.querySelector('.count').textContent.startsWith('2 of')")
        assert [each["verdict"] for each in reviews(small)].count("keep") == 1
        page.keyboard.press("Control+z")
        wait_until(page, "document.querySelector('.count').textContent.startsWith('1 of')")
        assert reviews(small) == [first]


def test_next_gives_no_verdict(browser, small):
    with opened_mode(browser, small, "review", draw=(3, 5)) as page:
        for _ in range(5):
            page.keyboard.press("n")
            page.wait_for_timeout(50)
        assert "3 of 3" in page.locator(".desk h2").inner_text()
        assert reviews(small) == []


def open_again(root):
    (root / f"annotations/adjudication/{TOLL}.jsonl").unlink()


def decide_first(page, key):
    page.select_option(".desk select.number", "1.1")
    page.fill(".desk textarea", "It says so.")
    page.locator(".desk h2").first.click()
    page.keyboard.press(key)
    wait_saved(page)


def test_a_place_is_decided_with_its_reason_and_undone(browser, small):
    open_again(small)
    gold = small / f"annotations/gold/{TOLL}.jsonl"
    before = gold.read_bytes()
    decisions = small / f"annotations/adjudication/{TOLL}.jsonl"
    with opened_mode(browser, small, "adjudicate") as page:
        page.keyboard.press("n")
        page.keyboard.press("p")
        page.keyboard.press("0")
        wait_until(page, "document.querySelector('.state').classList.contains('error')")
        assert gold.read_bytes() == before
        assert not decisions.exists(), "without a section and a reason nothing is written"

        decide_first(page, "0")
        (decision,) = read_lines(decisions)
        assert (decision["section"], decision["reason"]) == ("1.1", "It says so.")
        assert gold.read_bytes() != before
        # The page still counts 0 until it has listed the places again.
        wait_until(page, "document.querySelector('.count').textContent.startsWith('1 of')")
        page.keyboard.press("Control+z")
        wait_until(page, "document.querySelector('.count').textContent.startsWith('0 of')")
        assert gold.read_bytes() == before
        assert not decisions.exists()


def test_a_mixed_annotation_takes_each_field_from_a_side(browser, small):
    open_again(small)
    with opened_mode(browser, small, "adjudicate") as page:
        while "Stance" not in page.locator(".desk h2").first.inner_text():
            page.keyboard.press("n")
            page.wait_for_timeout(100)
        row = page.locator("tr", has=page.get_by_text("Polarity", exact=True))
        row.locator("select").select_option("neutral")
        decide_first(page, "m")
    gold = read_lines(small / f"annotations/gold/{TOLL}.jsonl")
    assert "neutral" in [each.get("polarity") for each in gold]
    assert len(read_lines(small / f"annotations/adjudication/{TOLL}.jsonl")) == 1


def test_names_can_be_hidden(browser, small):
    open_again(small)
    with opened_mode(browser, small, "adjudicate") as page:
        page.get_by_role("button", name="Hide names").click()
        shown = page.locator(".desk table thead").inner_text() + page.locator(".kind").inner_text()
        assert not {"ann", "ben", "gold"} & set(shown.lower().replace(",", " ").split())


@pytest.mark.skipif("READOUT_SHOTS" not in os.environ, reason="takes pictures for people")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("mode", ["review", "adjudicate"])
def test_pictures(browser, tmp_path, mode, width, scheme):
    from conftest import ROOT

    for folder in ("annotations", "raw"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for path in (tmp_path / "annotations/adjudication").glob("2020*.jsonl"):
        path.unlink()
    opened = open_mode(tmp_path, "edition-1", mode)
    with served(opened.session, opened.answers) as address:
        size = {"width": width, "height": 900}
        page = browser.new_page(viewport=size, color_scheme=scheme)
        page.goto(address + opened.page)
        wait_until(page, "document.querySelector('.desk .choices') !== null")
        page.wait_for_timeout(300)
        page.screenshot(path=f"{os.environ['READOUT_SHOTS']}/{mode}-{width}-{scheme}.png")
        page.close()
