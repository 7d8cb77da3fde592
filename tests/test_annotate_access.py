"""The annotate page by the rules of axe-core, which npm brings into a folder of the test."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from workbench import (
    DOCUMENT,
    IN_CHROMIUM,
    LAYER,
    copy_real,
    go_to_cells,
    opened_desk,
    opened_mode,
    wait_until,
)

NPM = shutil.which("npm")
AXE = "axe-core@4"

pytestmark = [*IN_CHROMIUM, pytest.mark.slow]

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
def test_axe_finds_nothing_serious(browser, axe, tmp_path, width, scheme):
    root = copy_real(tmp_path / "corpus")
    context = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    context["reduced_motion"] = "reduce"  # colours are judged when they have stopped changing
    with opened_desk(browser, root, DOCUMENT, LAYER, LAYER, **context) as desk:
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
def test_axe_finds_nothing_serious_in_reviews_and_decisions(
    browser, axe, tmp_path, mode, width, scheme
):
    root = copy_real(tmp_path / "corpus")
    for path in (root / "annotations/adjudication").glob("2020*.jsonl"):
        path.unlink()
    draw = (2, 1) if mode == "review" else None
    context = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    context["reduced_motion"] = "reduce"
    with opened_mode(browser, root, mode, LAYER, draw, **context) as page:
        page.evaluate(axe)
        judged = [judge(page)]
        page.keyboard.press("?")
        judged.append(judge(page))
        page.keyboard.press("Escape")
        if mode == "adjudicate":
            go_to_cells(page)
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


def judge(page):
    """Return how many rules the page passes, and the serious ones that it breaks."""
    answer = page.evaluate("axe.run(document)")
    serious = [each for each in answer["violations"] if each["impact"] in ("serious", "critical")]
    broken = [(each["id"], each["nodes"][0]["html"][:200]) for each in serious]
    return len(answer["passes"]), broken
