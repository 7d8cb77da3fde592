"""Rules that find quotations and their speakers: the nearest name with a verb of speech.

Names and aliases come from the inputs. The rules are those of common baselines (Elson and McKeown
2010; Pareti et al. 2013), written for English news; they learn nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from readout.text.tokens import Paragraphs, iter_tokens

# Frozen: another list would change the baseline's answers, and with them every comparison with it.
# The suggestions for annotators have their own list, which may grow.
_VERB = re.compile(
    r"\b(?:sa(?:id|ys|ying)|stat(?:ed|es|ing)|add(?:ed|s|ing)|stress(?:ed|es|ing)"
    r"|emphasi[sz](?:ed|es|ing)|told|tells|not(?:ed|es|ing)|warn(?:ed|s|ing)"
    r"|insist(?:ed|s|ing)|declar(?:ed|es|ing)|announc(?:ed|es|ing)|reiterat(?:ed|es|ing)"
    r"|express(?:ed|es|ing)|thank(?:ed|s|ing)|discuss(?:ed|es|ing)|agre(?:ed|es|eing)"
    r"|pledg(?:ed|es|ing)|claim(?:ed|s|ing)|ask(?:ed|s|ing)|repl(?:ied|ies|ying)"
    r"|explain(?:ed|s|ing)|accus(?:ed|es|ing)|charg(?:ed|es|ing)|affirm(?:ed|s|ing)"
    r"|underscor(?:ed|es|ing)|tweeted|wrote)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[“\"][^“”\"\n]{3,}[”\"]")
_REPORTED = re.compile(r"(?P<that>\s+that)?\s+(?P<content>[^\s.:,\"“”][^.\"“”\n]{10,}?)(?=[.\n]|$)")
_PRONOUN = re.compile(r"\b(?:He|She|he|she|They|they)\b")
NEAR = 60
"""A name is a likely source if a verb of speech is within this many characters after it."""
BEFORE = 12
"""So is a name with a verb of speech within this many characters before it ("said Gantz")."""


class NameMatch(NamedTuple):
    """A passage that names a speaker: its offsets, end excluded, and the speaker's id."""

    start: int
    end: int
    speaker: str


def find_names(text: str, speakers: Iterable[Mapping[str, Any]]) -> list[NameMatch]:
    """Return the names and aliases of speakers in a text, in text order.

    If names overlap, the longest wins. A third-person pronoun refers to the last person named
    before it.
    """
    forms = {form: entry for entry in speakers for form in (*entry["aliases"], entry["name"])}
    if not forms:
        return []

    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    alternatives = "|".join(map(re.escape, longest_first))
    pattern = re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")

    names, people = [], []
    for match in pattern.finditer(text):
        entry = forms[match.group()]
        name = NameMatch(*match.span(), entry["speaker"])
        names.append(name)
        if entry["kind"] == "person":
            people.append(name)
    return sorted({*names, *_iter_pronouns(text, people)})


def _iter_pronouns(text: str, people: Sequence[NameMatch]) -> Iterator[NameMatch]:
    for match in _PRONOUN.finditer(text):
        before = [name for name in people if name.end <= match.start()]
        if before:
            yield NameMatch(*match.span(), before[-1].speaker)


def find_source(
    text: str, spans: Sequence[Sequence[int]], names: Sequence[NameMatch]
) -> NameMatch | None:
    """Return the name that is the likely source of a quote's content.

    Among the names in the content's paragraph, prefer those with a verb of speech, then the
    nearest. If the paragraph has no name, return the last name before it. Names inside the content
    do not count.
    """
    start, end = Paragraphs(text).cover(spans[0][0], spans[-1][1])
    outside = [name for name in names if not any(a <= name.start < b for a, b in spans)]
    within = [name for name in outside if start <= name.start < end]
    before = [name for name in outside if name.end <= spans[0][0]]

    def preference(name: NameMatch) -> tuple[bool, int, int]:
        return not _has_verb(text, name), _measure_distance(name, spans), name.start

    if within:
        return min(within, key=preference)
    return before[-1] if before else None


def _has_verb(text: str, name: NameMatch) -> bool:
    after = text[name.end : name.end + NEAR]
    before = text[max(0, name.start - BEFORE) : name.start]
    return bool(_VERB.search(after) or _VERB.search(before))


def _measure_distance(name: NameMatch, spans: Sequence[Sequence[int]]) -> int:
    return min(max(start - name.end, name.start - end, 0) for start, end in spans)


def attribute(inputs: Mapping[str, Any]) -> str | None:
    """Return the likely speaker of a quote's content.

    If no name qualifies as its source, return the speaker that the document names most often.
    """
    names = find_names(inputs["document"], inputs["speakers"])
    source = find_source(inputs["document"], inputs["spans"], names)
    return source.speaker if source else _find_most_named(names)


def attribute_to_most_named(inputs: Mapping[str, Any]) -> str | None:
    """Return the speaker that the document names most often, whatever the quote."""
    return _find_most_named(find_names(inputs["document"], inputs["speakers"]))


def _find_most_named(names: Sequence[NameMatch]) -> str | None:
    """Return the speaker named most often; ties go to the first id in alphabetical order."""
    counts = Counter(name.speaker for name in names)
    if not counts:
        return None
    return min(counts, key=lambda speaker: (-counts[speaker], speaker))


def find_quotations(inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the likely quotations of a document.

    These are passages in quotation marks, and clauses after a name and a verb of speech.
    """
    text = inputs["text"]
    names = find_names(text, inputs["speakers"])
    contents = sorted({*_iter_quoted(text), *_iter_reported(text, names)})
    return [_make_quotation(text, content, names) for content in contents]


def _iter_quoted(text: str) -> Iterator[tuple[int, int]]:
    for match in _QUOTED.finditer(text):
        # The marks count as two tokens, so at least four tokens must be between them.
        if len(list(iter_tokens(match.group()))) > 5:
            yield match.span()


def _iter_reported(text: str, names: Sequence[NameMatch]) -> Iterator[tuple[int, int]]:
    for name in names:
        verb = _VERB.search(text, name.end, name.end + NEAR)
        match = _REPORTED.match(text, verb.end()) if verb else None
        if match and "\n" not in text[name.end : match.end()]:
            yield match.span("content")


def _make_quotation(
    text: str, content: tuple[int, int], names: Sequence[NameMatch]
) -> dict[str, Any]:
    source = find_source(text, [content], names)
    verb = _VERB.search(text, source.end, source.end + NEAR) if source else None
    return {
        "source": [source.start, source.end] if source else None,
        "cue": [list(verb.span())] if verb else [],
        "content": [list(content)],
        "speaker": source.speaker if source else None,
    }
