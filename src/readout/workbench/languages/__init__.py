"""Read what suggestions need to know of a language, from one JSON file per language.

Each file has these fields:

- ``name``: the English name of the language.
- ``marks``: one text per kind of quotation marks, the opening mark followed by those that close it.
- ``verbs``: the forms of verbs of speech, one text per verb.
- ``phrases``: other cues, such as "according to".
- ``prefixes``: letters that may be written before a cue as one word with it, such as an "and".
- ``that``: words between a cue and an indirect quote.
- ``that_before``: the same for words or letters that are written as one word with the next one.
  Each has a list of the words that may follow; in it, ``*`` stands for any letters, and an empty
  list for any word.
- ``that_within``: words that contain a "that" but belong to the quote.
- ``pronouns``: pronouns that may be the subject of a verb of speech.

To add a language, add a file that is named after its BCP 47 tag.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import msgspec


class Language(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of one file; see the fields above."""

    name: str
    marks: tuple[str, ...]
    verbs: tuple[str, ...]
    phrases: tuple[str, ...]
    prefixes: tuple[str, ...]
    that: tuple[str, ...]
    that_before: dict[str, tuple[str, ...]]
    that_within: tuple[str, ...]
    pronouns: tuple[str, ...]

    @property
    def cues(self) -> tuple[str, ...]:
        """All forms of the verbs, and the other cues."""
        forms = [form for verb in self.verbs for form in verb.split()]
        return (*forms, *self.phrases)

    @property
    def closing_marks(self) -> dict[str, str]:
        """The marks that close a quotation, by the mark that opens it."""
        return _join_marks(self.marks)


@cache
def read_languages() -> Mapping[str, Language]:
    """Return all languages by their tags, in the order of the tags."""
    found = {}
    for file in sorted(files(__name__).iterdir(), key=lambda file: file.name):
        tag, _, ending = file.name.partition(".")
        if ending == "json":
            found[tag] = msgspec.json.decode(file.read_bytes(), type=Language)
    return found


def find_language(tag: str) -> Language | None:
    """Return the language of a BCP 47 tag, such as ``de-AT``; None if there is no file for it."""
    primary = tag.lower().partition("-")[0]
    return read_languages().get(primary)


@cache
def all_marks() -> Mapping[str, str]:
    """Return the quotation marks of all languages, for texts of other languages."""
    marks = [mark for language in read_languages().values() for mark in language.marks]
    return _join_marks(marks)


def _join_marks(marks: Iterable[str]) -> dict[str, str]:
    closing: dict[str, str] = {}
    for mark in marks:
        opening, ends = mark[0], mark[1:]
        present = closing.get(opening, "")
        closing[opening] = present + "".join([end for end in ends if end not in present])
    return closing


def describe_gap(tag: str) -> str:
    """Return a sentence about suggestions in a language without a file; empty if it has one."""
    if find_language(tag):
        return ""
    names = [f"{each.name} ({known})" for known, each in read_languages().items()]
    return (
        f"There is no list of verbs of speech for the language {tag!r}, so only names and "
        f"quotation marks are suggested. There are lists for {', '.join(names)}."
    )
