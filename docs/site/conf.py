"""Configure Sphinx: which files of the repository are pages of the site, and how they look."""

from __future__ import annotations

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
html_show_sourcelink = False
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]
