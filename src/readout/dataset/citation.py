"""Turn the file CITATION.cff of a corpus into BibTeX. No I/O."""

from __future__ import annotations

import re
from typing import Any

from readout.corpus.settings import parse_settings
from readout.problem import Finding

CITATION = "CITATION.cff"


def format_bibtex(raw: bytes) -> str:
    """Return the BibTeX entry for the content of a CITATION.cff; empty if it has no title."""
    found = parse_settings(raw)
    if isinstance(found, Finding) or not found.get("title"):
        return ""

    title = str(found["title"])
    date = str(found.get("date-released") or "")
    fields = {
        "title": f"{{{title}}}",
        "author": " and ".join(_format_authors(found)),
        "year": date[:4],
        "version": found.get("version"),
        "doi": found.get("doi"),
        "url": found.get("url") or found.get("repository-code"),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    key = re.split(r"\W+", title.lower())[0]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def _format_authors(found: dict[str, Any]) -> list[str]:
    """Return the authors as BibTeX reads them; braces keep the name of a group in one piece."""
    authors = []
    for author in found.get("authors") or ():
        if "name" in author:
            authors.append(f"{{{author['name']}}}")
        else:
            names = (author.get("family-names"), author.get("given-names"))
            authors.append(", ".join(filter(None, names)))
    return authors
