"""The site: its recipes run, its links lead somewhere, and it asks nothing of another host."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import browser
import pytest
from conftest import ROOT

SITE = ROOT / "docs/site"
sys.path.insert(0, str(SITE))

from cells import RUN_PAGES, fill_outputs, iter_blocks, run_block  # noqa: E402
from reviews import NOBODY, format_reviews, report_reviews  # noqa: E402

import readout  # noqa: E402
from readout.workbench.annotate.reviews import Draw, Reviewing  # noqa: E402
from readout.workbench.annotate.session import Session  # noqa: E402

RECIPES = (ROOT / "docs/recipes.md").read_text(encoding="utf-8")
WIDTHS = (1280, 400)


# ---------------------------------------------------------------- code on pages


def list_recipes():
    """Yield each block with the heading that it is under."""
    for section in RECIPES.split("\n## ")[1:]:
        title = section.partition("\n")[0]
        for number, code in enumerate(iter_blocks(section)):
            yield pytest.param(code, id=f"{title} {number}")


@pytest.mark.slow
@pytest.mark.parametrize("code", list(list_recipes()))
def test_every_recipe_runs_on_its_own_and_shows_something(code):
    printed, value = run_block(code, {})
    assert printed.strip() or value is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN_PAGES)
def test_the_blocks_of_a_page_run_in_a_row(name):
    page = (ROOT / f"{name}.md").read_text(encoding="utf-8")
    filled = fill_outputs(page)
    assert list(iter_blocks(filled)) == list(iter_blocks(page))
    assert len(filled) > len(page)


def test_a_block_gives_what_a_cell_of_a_notebook_gives():
    names = {}
    assert run_block("x = 1\nprint(x)\n", names) == ("1\n", None)
    assert run_block("print(x + 1)\nx + 2\n", names) == ("2\n", 3)


def test_outputs_are_put_below_their_blocks():
    class Drawn:
        def _repr_html_(self):
            return "<b>drawn</b>"

    page = "a\n\n```python\nprint('<1>')\n```\n\n```python\n[2]\n```\n\n```sh\nexit\n```\n"
    filled = fill_outputs(page)
    assert re.findall(r"^```text\n(.*?)\n```$", filled, re.MULTILINE) == ["<1>", "[2]"]
    assert run_block("Drawn()\n", {"Drawn": Drawn})[1]._repr_html_() == "<b>drawn</b>"


@pytest.mark.slow
def test_the_notebook_runs(tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.read(ROOT / "docs/tour.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    nbclient.NotebookClient(notebook, resources={"metadata": {"path": tmp_path}}).execute()
    shown = [cell for cell in notebook.cells if cell.get("outputs")]
    assert len(shown) == sum(cell.cell_type == "code" for cell in notebook.cells)


# ---------------------------------------------------------------- reviews


def give_verdicts(root, who, verdicts):
    """Review a random sample of gold."""
    desk = Reviewing(Session(root, who, None, "review"), Draw(len(verdicts), 5))
    for item, verdict in zip(desk.describe()["items"], verdicts, strict=True):
        desk.review(item["doc_id"], item["id"], item["hash"], verdict, None)


def test_the_site_says_how_much_of_gold_people_reviewed_and_with_what_result(small):
    assert format_reviews(small) == NOBODY

    give_verdicts(small, "ben", ["drop", "drop"])
    sentences, _ = report_reviews(small)
    assert sentences == [NOBODY], "a model is no person"
    assert "| ben | model | 2 |" in format_reviews(small)

    give_verdicts(small, "ann", ["keep", "change", "keep"])
    (extent, result), report = report_reviews(small)
    assert extent.startswith("Ann reviewed 3 of the ")
    (row,) = [each for each in report.data["samples"] if each["reviewer"] == "ann"]
    assert row["rate"] == "33.3%"
    assert row["rate"] in result
    assert row["95 % interval"] in result
    assert {extent, result} <= set(re.split(r"(?<=\.)\s", format_reviews(small)))


@pytest.mark.slow
@pytest.mark.xdist_group("site")
@pytest.mark.parametrize("page", ["index.html", "docs/texts.html"])
def test_pages_of_the_site_say_it(site, page):
    shown = (site / page).read_text(encoding="utf-8")
    assert all(sentence in shown for sentence in report_reviews()[0])
    assert 'id="reviews-by-people"' in (site / "docs/texts.html").read_text(encoding="utf-8")


# ---------------------------------------------------------------- the site as a whole


class Page(HTMLParser):
    """The ids of a page, its links, what it loads, and tags that are not closed as opened."""

    VOID = frozenset(("br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"))
    LOADING = frozenset({("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src")})

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loaded, self.images, self.faults = [], [], [], [], []
        self._open = []
        self.feed(text)
        self.close()
        # HTML lets these two end with the file.
        self.faults += [tag for tag in self._open if tag not in ("html", "body")]

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids += [values["id"]] if "id" in values else []
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        for name, value in values.items():
            if (tag, name) in self.LOADING and not (tag == "link" and is_plain(values)):
                self.loaded.append(value)
        if tag == "img":
            self.images.append(values)
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        # HTML lets these two end without a tag of their own.
        while self._open and self._open[-1] in ("p", "li") and self._open[-1] != tag:
            self._open.pop()
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.faults.append(f"/{tag}")


def is_plain(link):
    """Return whether a ``link`` element names a page and loads nothing."""
    return link.get("rel") in ("next", "prev", "index", "search", "canonical", "author")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, str(SITE / "build.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    paths = sorted(site.rglob("*.html"))
    return {path: Page(path.read_bytes().decode()) for path in paths}


@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_no_link_is_dead(site, pages):
    dead = []
    for path, page in pages.items():
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            anchor = unquote(parts.fragment)
            is_known = target.is_file() and (
                not anchor or target not in pages or anchor in pages[target].ids
            )
            if not is_known:
                dead.append((str(path.relative_to(site)), link))
    assert dead == []


@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_every_page_leads_home(site, pages):
    home = site / "index.html"
    for path, page in pages.items():
        targets = [(path.parent / unquote(urlsplit(link).path)).resolve() for link in page.links]
        assert path == home or home in targets, path


@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_pages_are_sound_html_and_load_nothing_from_elsewhere(site, pages):
    for path, page in pages.items():
        name = str(path.relative_to(site))
        assert page.faults == [], name
        assert [url for url in page.loaded if urlsplit(url).netloc] == [], name
        assert all("alt" in image for image in page.images), name
        assert len(page.ids) == len(set(page.ids)), name


@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_the_reference_has_every_public_name(site):
    text = (site / "docs/api.html").read_text(encoding="utf-8")
    names = set(readout.__all__) - {"__version__"}
    assert [name for name in names if name not in text] == []


@pytest.mark.browser
@pytest.mark.skipif(not browser.CHROMIUM, reason="no Chromium is installed")
@pytest.mark.xdist_group("site")
def test_pages_fit_any_window_and_ask_for_nothing(site, tmp_path):
    with browser.opened_browser(tmp_path / "profile") as page:
        for path in sorted(site.rglob("*.html")):
            for width in WIDTHS:
                page.look(width=width)
                page.open(Path(path).as_uri())
                assert page.run("document.documentElement.scrollWidth") <= width, (path, width)
                asked = [url for url in page.requests if not url.startswith(("file:", "data:"))]
                assert [url for url in asked if url != "about:blank"] == [], path
                assert page.errors == [], path
