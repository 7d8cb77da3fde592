"""The annotate page by the rules of axe-core, which npm brings into a folder of the test."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from browser import CHROMIUM
from conftest import LAYERS
from workbench import copy_real, opened_chromium, opened_desk, served, wait_until

from readout.workbench.annotate.modes import open_mode

NPM = shutil.which("npm")
AXE = "axe-core@4"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium"),
]

OPEN_ALL = "document.querySelectorAll('details').forEach((each) => (each.open = {}))"


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """Return the script of axe-core, from READOUT_AXE or else from the registry of npm."""
    if "READOUT_AXE" in os.environ:
        return Path(os.environ["READOUT_AXE"]).read_text(encoding="utf-8")
    if NPM is None:
        pytest.skip("needs npm or READOUT_AXE")
    folder = tmp_path_factory.mktemp("axe")
    command = [NPM, "install", "--silent", "--no-save", "--prefix", str(folder), AXE]
    if subprocess.run(command, capture_output=True, timeout=120, check=False).returncode:
        pytest.skip("axe-core cannot be fetched")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_axe_finds_nothing_serious(axe, tmp_path, width, scheme):
    root = copy_real(tmp_path / "corpus")
    document, layer = "2021-06-gantz-washington", LAYERS[0]
    context = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    context["reduced_motion"] = "reduce"  # colours are judged when they have stopped changing
    with (
        opened_chromium() as browser,
        opened_desk(browser, root, document, layer, layer, **context) as desk,
    ):
        desk.evaluate(axe)
        judged = [judge(desk)]
        desk.drag("lightning visit to the United States")
        judged.append(judge(desk))
        desk.press("s")
        desk.page.wait_for_selector(".form")
        desk.page.locator("[data-field=target] input").fill("alliance")
        judged.append(judge(desk))
        desk.press("Escape", "Escape", "n")
        desk.evaluate(OPEN_ALL.format("true"))
        judged.append(judge(desk))
        desk.evaluate(OPEN_ALL.format("false"))
        desk.press("?")
        judged.append(judge(desk))

    assert all(passed for passed, _ in judged)
    assert [found for _, found in judged if found] == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
@pytest.mark.parametrize("mode", ["review", "adjudicate"])
def test_axe_finds_nothing_serious_in_reviews_and_decisions(axe, tmp_path, mode, width, scheme):
    root = copy_real(tmp_path / "corpus")
    for path in (root / "annotations/adjudication").glob("2020*.jsonl"):
        path.unlink()
    draw = (2, 1) if mode == "review" else None
    opened = open_mode(root, LAYERS[0], mode, None, draw)
    with opened_chromium() as browser, served(opened.session, opened.answers) as address:
        size = {"width": width, "height": 900}
        page = browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce")
        page.goto(address + opened.page)
        wait_until(page, "document.querySelector('.desk .choices') !== null")
        page.evaluate(axe)
        judged = [judge(page)]
        page.keyboard.press("?")
        judged.append(judge(page))
        page.keyboard.press("Escape")
        if mode == "adjudicate":
            show_cells(page)
            page.select_option(".desk select.number", "1.1")
            page.locator(".cell").first.click()
            page.keyboard.press("e")
            page.wait_for_selector(".form")
            judged.append(judge(page))
        else:
            for number in (1, 2):
                page.keyboard.press("2")
                wait_until(page, f"document.querySelector('progress').value === {number}")
            judged.append(judge(page))

    assert all(passed for passed, _ in judged)
    assert [found for _, found in judged if found] == []


def show_cells(page, most=100):
    """Go on to a place whose versions differ in fields, which are cells to choose from."""
    for _ in range(most):
        if page.locator(".cell").count():
            return
        page.keyboard.press("n")


def judge(page):
    """Return how many rules the page passes, and the serious ones that it breaks."""
    answer = page.evaluate("axe.run(document)")
    serious = [each for each in answer["violations"] if each["impact"] in ("serious", "critical")]
    broken = [(each["id"], each["nodes"][0]["html"][:200]) for each in serious]
    return len(answer["passes"]), broken
