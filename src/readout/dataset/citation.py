"""Turn the file CITATION.cff of a corpus into its authors and BibTeX. No I/O."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from readout.corpus.settings import parse_settings
from readout.problem import Finding

CITATION = "CITATION.cff"
"""A file in the Citation File Format, version 1.2."""


class Author(NamedTuple):
    """Who made a corpus: a person, or a group that has no given names."""

    name: str
    given: str = ""
    is_person: bool = True


def parse_authors(raw: bytes) -> list[Author]:
    """Return the authors in the content of a CITATION.cff; none if it is no such file."""
    found = parse_settings(raw)
    return [] if isinstance(found, Finding) else _list_authors(found)


def _list_authors(found: dict[str, Any]) -> list[Author]:
    entries = found.get("authors")
    authors = []
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            continue
        if "name" in entry:
            authors.append(Author(str(entry["name"]), is_person=False))
        else:
            family, given = entry.get("family-names"), entry.get("given-names")
            authors.append(Author(str(family or ""), str(given or "")))
    return authors


def format_bibtex(raw: bytes) -> str:
    """Return the BibTeX entry for the content of a CITATION.cff; empty if it has no title."""
    found = parse_settings(raw)
    if isinstance(found, Finding) or not found.get("title"):
        return ""

    title = str(found["title"])
    date = str(found.get("date-released") or "")
    fields = {
        "title": f"{{{title}}}",
        "author": " and ".join(map(_format_author, _list_authors(found))),
        "year": date[:4],
        "version": found.get("version"),
        "doi": found.get("doi"),
        "url": found.get("url") or found.get("repository-code"),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    key = re.split(r"\W+", title.lower())[0]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def _format_author(author: Author) -> str:
    """Return an author as BibTeX reads it; braces keep the name of a group in one piece."""
    if not author.is_person:
        return f"{{{author.name}}}"
    return ", ".join(filter(None, (author.name, author.given)))


def format_citation(raw: bytes) -> str:
    """Return the section of the card with the BibTeX entry for the content of a CITATION.cff."""
    bibtex = format_bibtex(raw)
    return f"```bibtex\n{bibtex}\n```" if bibtex else "None."
