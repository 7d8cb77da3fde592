"""Rules for quotations: who said it, by the nearest name with a verb of speech; and where quotations are.

Names and aliases come from the inputs. The rules are the common ones of the field (Elson and McKeown 2010; Pareti et
al. 2013, baselines), written for English news; they learn nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from readout.text.tokens import Paragraphs, iter_tokens

# Frozen: another list would change the baseline's answers, and with them every comparison to it. The
# suggestions for annotators have a list of their own, which may grow.
_VERB = re.compile(
    r"\b(?:sa(?:id|ys|ying)|stat(?:ed|es|ing)|add(?:ed|s|ing)|stress(?:ed|es|ing)|emphasi[sz](?:ed|es|ing)|told|tells"
    r"|not(?:ed|es|ing)|warn(?:ed|s|ing)|insist(?:ed|s|ing)|declar(?:ed|es|ing)|announc(?:ed|es|ing)"
    r"|reiterat(?:ed|es|ing)|express(?:ed|es|ing)|thank(?:ed|s|ing)|discuss(?:ed|es|ing)|agre(?:ed|es|eing)"
    r"|pledg(?:ed|es|ing)|claim(?:ed|s|ing)|ask(?:ed|s|ing)|repl(?:ied|ies|ying)|explain(?:ed|s|ing)"
    r"|accus(?:ed|es|ing)|charg(?:ed|es|ing)|affirm(?:ed|s|ing)|underscor(?:ed|es|ing)|tweeted|wrote)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[“\"][^“”\"\n]{3,}[”\"]")
_REPORTED = re.compile(r"(?P<that>\s+that)?\s+(?P<content>[^\s.:,\"“”][^.\"“”\n]{10,}?)(?=[.\n]|$)")
_PRONOUN = re.compile(r"\b(?:He|She|he|she|They|they)\b")
NEAR = 60
"""A verb of speech within this many characters makes a name a likely source."""
BEFORE = 12
"""So does one within this many characters before it ("said Gantz")."""


class NamedPlace(NamedTuple):
    """A place where the text names a speaker."""

    start: int
    end: int
    speaker: str


def find_names(text: str, speakers: Iterable[Mapping[str, Any]]) -> list[NamedPlace]:
    """Return the places where names or aliases stand, the longest first where they overlap, in text order.

    A pronoun of the third person stands for the last person that is named before it.
    """
    forms = {form: entry for entry in speakers for form in (*entry["aliases"], entry["name"])}
    if not forms:
        return []
    longest = sorted(forms, key=lambda form: (-len(form), form))
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest)) + r")(?!\w)")
    named = [(match, forms[match.group()]) for match in pattern.finditer(text)]
    people = [NamedPlace(*match.span(), entry["speaker"]) for match, entry in named if entry["kind"] == "person"]
    names = [NamedPlace(*match.span(), entry["speaker"]) for match, entry in named]
    return sorted({*names, *_iter_pronouns(text, people)})


def _iter_pronouns(text: str, people: Sequence[NamedPlace]) -> Iterator[NamedPlace]:
    for match in _PRONOUN.finditer(text):
        before = [name for name in people if name.end <= match.start()]
        if before:
            yield NamedPlace(*match.span(), before[-1].speaker)


def find_source(text: str, spans: Sequence[Sequence[int]], names: Sequence[NamedPlace]) -> NamedPlace | None:
    """Return the name that is the likely source of a quote's content: in its paragraph, beside a verb of speech, near.

    Names inside the content do not count. Without a name in the paragraph it is the last one before it.
    """
    start, end = Paragraphs(text).cover(spans[0][0], spans[-1][1])
    outside = [name for name in names if not any(a <= name.start < b for a, b in spans)]
    within = [name for name in outside if start <= name.start < end]
    before = [name for name in outside if name.end <= spans[0][0]]
    if within:
        return min(within, key=lambda name: (not _has_verb(text, name), _distance(name, spans), name.start))
    return before[-1] if before else None


def _has_verb(text: str, name: NamedPlace) -> bool:
    return bool(
        _VERB.search(text[name.end : name.end + NEAR]) or _VERB.search(text[max(0, name.start - BEFORE) : name.start])
    )


def _distance(name: NamedPlace, spans: Sequence[Sequence[int]]) -> int:
    return min(max(start - name.end, name.start - end, 0) for start, end in spans)


def attribute(inputs: Mapping[str, Any]) -> str | None:
    """Return the likely speaker of a quote's content; the name that is most frequent in the text where none is near."""
    names = find_names(inputs["document"], inputs["speakers"])
    if source := find_source(inputs["document"], inputs["spans"], names):
        return source.speaker
    return most_named(names)


def most_named(names: Sequence[NamedPlace]) -> str | None:
    """Return the speaker who is named most often, the first of the alphabet among equals."""
    counts = Counter(name.speaker for name in names)
    return min(counts, key=lambda speaker: (-counts[speaker], speaker)) if counts else None


def attribute_to_most_named(inputs: Mapping[str, Any]) -> str | None:
    """Return the speaker whom the document names most often, whatever the quote."""
    return most_named(find_names(inputs["document"], inputs["speakers"]))


def find_quotations(inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the likely quotations of a document: quoted segments, and clauses that follow a name and a verb."""
    text = inputs["text"]
    names = find_names(text, inputs["speakers"])
    contents = sorted({*_iter_quoted(text), *_iter_reported(text, names)})
    return [_make_quotation(text, content, names) for content in contents]


def _iter_quoted(text: str) -> Iterator[tuple[int, int]]:
    for match in _QUOTED.finditer(text):
        if sum(1 for _ in iter_tokens(match.group())) > 5:
            yield match.span()


def _iter_reported(text: str, names: Sequence[NamedPlace]) -> Iterator[tuple[int, int]]:
    for name in names:
        verb = _VERB.search(text, name.end, name.end + NEAR)
        match = _REPORTED.match(text, verb.end()) if verb else None
        if match and "\n" not in text[name.end : match.end()]:
            yield match.span("content")


def _make_quotation(text: str, content: tuple[int, int], names: Sequence[NamedPlace]) -> dict[str, Any]:
    source = find_source(text, [content], names)
    verb = _VERB.search(text, source.end, source.end + NEAR) if source else None
    return {
        "source": [source.start, source.end] if source else None,
        "cue": [list(verb.span())] if verb else [],
        "content": [list(content)],
        "speaker": source.speaker if source else None,
    }
