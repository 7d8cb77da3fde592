"""The authors of a corpus and its BibTeX entry, from its ``CITATION.cff``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from readout.corpus.settings import parse_settings
from readout.problem import Finding

CITATION = "CITATION.cff"
"""A file in the Citation File Format, version 1.2."""


class Author(NamedTuple):
    """Who made a corpus: a person or a body."""

    name: str
    is_person: bool


class Citation(NamedTuple):
    """The authors of a corpus, and how to cite it; empty if nothing says so."""

    authors: tuple[Author, ...] = ()
    bibtex: str = ""


def parse_citation(raw: bytes) -> Citation:
    """Return the citation in the bytes of a file; an empty one if they are not such a file."""
    fields = parse_settings(raw)
    if isinstance(fields, Finding):
        return Citation()

    entries = fields.get("authors")
    listed = entries if isinstance(entries, list) else []
    authors = tuple([_to_author(entry) for entry in listed if isinstance(entry, dict)])
    return Citation(authors, _format_bibtex(fields, authors))


def format_citation(raw: bytes) -> str:
    """Return the section of the card with the BibTeX entry in the bytes of a file."""
    bibtex = parse_citation(raw).bibtex
    return f"```bibtex\n{bibtex}\n```" if bibtex else "None."


def _to_author(entry: Mapping[str, Any]) -> Author:
    names = [str(entry[key]) for key in ("given-names", "family-names") if key in entry]
    if names:
        return Author(" ".join(names), is_person=True)
    return Author(str(entry.get("name", "")), is_person=False)


def _format_bibtex(fields: Mapping[str, Any], authors: tuple[Author, ...]) -> str:
    """Return the entry; empty without a title."""
    title = str(fields.get("title", ""))
    if not title:
        return ""

    # BibTeX takes the words of a body for given and family names unless they are in braces.
    names = [author.name if author.is_person else f"{{{author.name}}}" for author in authors]
    values = {
        "title": f"{{{title}}}",
        "author": " and ".join(names),
        "year": str(fields.get("date-released", ""))[:4],
        "version": str(fields.get("version", "")),
        "doi": str(fields.get("doi", "")),
        "url": str(fields.get("url", "")),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in values.items() if value]
    words = re.findall(r"\w+", title.lower())
    return "\n".join([f"@misc{{{words[0] if words else 'corpus'},", *lines, "}"])
