"""Rules about drafts: annotations whose ids or offsets have not been written yet."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from readout.corpus.drafts import Unanchored, anchor_draft, nearest_passage
from readout.model import (
    Layer,
)
from readout.problem import Finding, Problem, Rule, locate_record, rule
from readout.text.find import find_exact


@rule("unformatted", "span")
def unformatted(layer: Layer, text: str) -> Iterator[Finding]:
    """Every record has its id and every span its offsets before it is built."""
    for line, record in layer.drafts:
        if not anchor_draft(record, text)[1]:
            what = "an id" if "id" not in record else "offsets"
            yield Finding(f"The {record['type']} still lacks {what}.", line=line, hint="run `readout format`.")


@rule("exact-not-found", "span")
def exact_not_found(layer: Layer, text: str) -> Iterator[Finding]:
    """The words of a span without offsets stand in the text, between its prefix and suffix."""
    for line, record in layer.drafts:
        for unanchored in anchor_draft(record, text)[1]:
            if not unanchored.candidates:
                finding = _describe_unanchored(unanchored, text)
                hint = finding.hint or nearest_passage(unanchored.exact, text)
                yield replace(finding, line=line, hint=hint)


@rule("exact-ambiguous", "span")
def exact_ambiguous(layer: Layer, text: str) -> Iterator[Finding]:
    """The words of a span without offsets stand in one place only, if need be by their prefix and suffix."""
    for line, record in layer.drafts:
        for unanchored in anchor_draft(record, text)[1]:
            if unanchored.candidates:
                finding = _describe_unanchored(unanchored, text)
                yield replace(finding, line=line, hint=_context_hint(unanchored, text))


def _context_hint(unanchored: Unanchored, text: str) -> str:
    """Return the shortest prefix, in whole words, that tells the first candidate from the others, as an example."""
    start = unanchored.candidates[0]
    for match in reversed(list(re.finditer(r"\S+\s*", text[max(0, start - 60) : start]))):
        prefix = text[max(0, start - 60) + match.start() : start]
        if len(find_exact(text, unanchored.exact, prefix)) == 1:
            example = msgspec.json.encode(prefix).decode()
            return f'add the words directly before or after; for the first place: "prefix":{example}.'
    return "add 'prefix' or 'suffix': the words directly before or after."


def _describe_unanchored(unanchored: Unanchored, text: str) -> Finding:
    """Return the finding for a span without a certain place, with the candidates and their surroundings."""
    exact, pointer = unanchored.exact, (*unanchored.pointer, "exact")
    starts = unanchored.candidates or find_exact(text, exact)
    places = tuple(
        f"at {start}: …{text[max(0, start - 25) : start]}⟦{exact}⟧{text[start + len(exact) :][:25]}…"
        for start in starts[:_SHOWN]
    )
    if len(starts) > _SHOWN:
        places = (*places, f"and {len(starts) - _SHOWN} more")
    if unanchored.candidates:
        return Finding(f"The words {exact!r} stand in {len(starts)} places.", pointer, context=places)
    if places:
        message = f"The words {exact!r} stand in the text, but not with the 'prefix' and 'suffix' given."
        return Finding(message, pointer, context=places, hint="copy the words directly before or after one of them.")
    return Finding(f"The words {exact!r} do not stand in the text.", pointer)


_SHOWN = 12


DRAFT_RULES: tuple[Rule, ...] = (unformatted, exact_not_found, exact_ambiguous)


def check_drafts(layer: Layer, text: str) -> Iterator[Problem]:
    """Yield the problems of the records of a layer that lack ids or offsets."""
    for each in DRAFT_RULES:
        for finding in each.find(layer, text):
            yield locate_record(each, finding, layer)
