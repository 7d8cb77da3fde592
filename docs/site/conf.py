"""Configure Sphinx: which files of the repository are pages of the site, and how they look."""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

from cells import RUN_PAGES, fill_outputs
from example import draw_example, format_texts
from plots import THEMES
from reviews import format_reviews, report_reviews

from readout import __version__

project = "Readout"
author = "The Readout developers"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

# The whole repository is the source, so that links between its files work as they are written.
root_doc = "docs/index"
include_patterns = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "DATACARD.md",
    "README.md",
    "annotations/GUIDELINES.md",
    "benchmarks/README.md",
    "benchmarks/agreement/README.md",
    "benchmarks/results/*.md",
    "docs/*.md",
    "schema/README.md",
    "submissions/LEADERBOARD.md",
    "submissions/README.md",
]
exclude_patterns = [".*", "benchmarks/data", "build", "dist", "docs/site", "src", "tests"]

myst_heading_anchors = 6
myst_enable_extensions = ["colon_fence", "deflist"]
# Code that mixes languages, such as a diff in a diff, is shown without colours.
suppress_warnings = ["misc.highlighting_failure"]
autodoc_typehints = "description"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = "Readout"
html_additional_pages = {"index": "home.html"}
html_copy_source = False
html_show_copyright = False
html_show_sourcelink = False
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]


def fill_page(app: Sphinx, name: str, source: list[str]) -> None:
    """Show what the code of a page gives, and its plots."""
    if name in RUN_PAGES:
        source[0] = fill_outputs(source[0])
    source[0] = _PLOT.sub(_format_plot, source[0])
    if _TEXTS in source[0]:
        source[0] = source[0].replace(_TEXTS, format_texts())
    if _REVIEWS in source[0]:
        source[0] = source[0].replace(_REVIEWS, format_reviews())


_TEXTS = "<!-- texts -->"
_REVIEWS = "<!-- reviews -->"
_PLOT = re.compile(r"<!-- plot: (?P<name>\w+): (?P<title>.*) -->")


def _format_plot(match: re.Match[str]) -> str:
    title = escape(match["title"])
    images = [
        f'<img class="only-{theme}" src="../plots/{match["name"]}-{theme}.svg" alt="{title}">'
        for theme in THEMES
    ]
    # It can be scrolled in a narrow window, and so needs the focus of the keyboard.
    figure = f'<figure class="plot" tabindex="0">{"".join(images)}</figure>'
    return f"```{{raw}} html\n{figure}\n```"


def fill_home(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Give the home page a passage with its marks, and let every page lead to it."""
    context["master_doc"] = context["root_doc"] = "index"
    if page == "index":
        context["passage"] = draw_example()
        context["reviews"] = " ".join(report_reviews()[0])


def setup(app: Sphinx) -> None:
    """Connect what fills the pages."""
    app.connect("source-read", fill_page)
    app.connect("html-page-context", fill_home)
