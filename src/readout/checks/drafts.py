"""Rules about drafts: annotations whose ids or offsets have not been written yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from readout.corpus.drafts import (
    Unanchored,
    anchor_draft,
    find_passage,
    iter_draft_spans,
    nearest_passage,
)
from readout.corpus.schema import write_integers
from readout.model import (
    Layer,
    Pointer,
)
from readout.problem import Finding, Problem, Rule, locate_record, rule
from readout.text.find import find_exact
from readout.text.lookalikes import describe_lookalikes


@rule("unformatted", "span")
def unformatted(layer: Layer, text: str) -> Iterator[Finding]:
    """Every record has its id and every span its offsets before it is built."""
    for line, record in layer.drafts:
        if not anchor_draft(record, text)[1]:
            what = "an id" if "id" not in record else "offsets"
            yield Finding(
                f"The {record['type']} still lacks {what}.", line=line, hint="run `readout format`."
            )


@rule("exact-not-found", "span")
def exact_not_found(layer: Layer, text: str) -> Iterator[Finding]:
    """The words of a span without offsets are in the text, between its prefix and suffix."""
    for line, record in layer.drafts:
        for unanchored in anchor_draft(record, text)[1]:
            if not unanchored.candidates:
                finding = _describe_unanchored(unanchored, text)
                if not finding.hint:
                    finding = _propose_passage(finding, unanchored.exact, text)
                yield replace(finding, line=line)


@rule("exact-ambiguous", "span")
def exact_ambiguous(layer: Layer, text: str) -> Iterator[Finding]:
    """The words of a span without offsets, with its prefix and suffix, are in one place only."""
    for line, record in layer.drafts:
        for unanchored in anchor_draft(record, text)[1]:
            if unanchored.candidates:
                finding = _describe_unanchored(unanchored, text)
                yield replace(finding, line=line, hint=_context_hint(unanchored, text))


def _context_hint(unanchored: Unanchored, text: str) -> str:
    """Return a hint whose example is the shortest context that names only the first candidate."""
    exact, start = unanchored.exact, unanchored.candidates[0]
    end = start + len(exact)
    examples = []
    before = text[max(0, start - _CONTEXT) : start]
    examples += [("prefix", before[match.start() :]) for match in re.finditer(r"\S+\s*", before)]
    after = text[end : end + _CONTEXT]
    examples += [("suffix", after[: match.end()]) for match in re.finditer(r"\s*\S+", after)]
    for name, words in sorted(examples, key=lambda example: len(example[1])):
        if len(find_exact(text, exact, **{name: words})) == 1:
            example = f'"{name}":{msgspec.json.encode(words).decode()}'
            return (
                "decide which place is meant, and add the words directly before it as 'prefix' or "
                f"after it as 'suffix'; for the first place: {example}."
            )
    return "decide which place is meant, and write its 'start' and 'end'."


_CONTEXT = 60
"""How many characters around a span an example of its context may have."""


def _describe_unanchored(unanchored: Unanchored, text: str) -> Finding:
    """Return the finding for a span whose place is not certain, with the places it may have."""
    exact, pointer = unanchored.exact, (*unanchored.pointer, "exact")
    starts = unanchored.candidates or unanchored.inside or find_exact(text, exact)
    places = [_show_place(text, start, exact) for start in starts[:_SHOWN]]
    if len(starts) > _SHOWN:
        places.append(f"and {len(starts) - _SHOWN} more")

    hint = None
    if unanchored.candidates:
        message = f"The words {exact!r} are in {len(starts)} places."
    elif unanchored.inside:
        message = f"The words {exact!r} are in the text only as parts of longer words."
        hint = (
            "write whole words; if a part of a word is meant, add 'prefix' or 'suffix' to name it."
        )
    elif places:
        message = f"The words {exact!r} are in the text, but not with this 'prefix' and 'suffix'."
        hint = "copy the words directly before or after one of these places."
    else:
        message = f"The words {exact!r} are not in the text."
    return Finding(message, pointer, context=tuple(places), hint=hint)


def _propose_passage(finding: Finding, exact: str, text: str) -> Finding:
    """Return a finding with the passage that may be meant; say how it differs if it looks alike."""
    place = find_passage(exact, text)
    alike = describe_lookalikes(exact, text[slice(*place)]) if place else ()
    return replace(finding, hint=nearest_passage(exact, text), context=alike)


def _show_place(text: str, start: int, exact: str) -> str:
    left, right = text[max(0, start - 25) : start], text[start + len(exact) :][:25]
    return f"at {start}: …{left}⟦{exact}⟧{right}…"


_SHOWN = 12


@rule("contradictory-context", "span")
def contradictory_context(layer: Layer, text: str) -> Iterator[Finding]:
    """A span with offsets has its prefix directly before it and its suffix directly after it."""
    if b'fix"' not in layer.raw:
        return
    lines = layer.raw.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for index, number in enumerate(layer.lines):
        for finding in _compare_contexts(lines[number - 1], text):
            yield replace(finding, index=index)
    for number, _ in layer.drafts:
        for finding in _compare_contexts(lines[number - 1], text):
            yield replace(finding, line=number)


def _compare_contexts(line: bytes, text: str) -> Iterator[Finding]:
    if b'fix"' in line:
        for pointer, span in iter_draft_spans(write_integers(msgspec.json.decode(line))):
            yield from _compare_context(pointer, span, text)


def _compare_context(pointer: Pointer, span: Mapping[str, Any], text: str) -> Iterator[Finding]:
    if "start" not in span:
        return
    there = {"prefix": text[: span["start"]], "suffix": text[span["end"] :]}
    fits = {"prefix": str.endswith, "suffix": str.startswith}
    for name, part in there.items():
        given = span.get(name, "")
        if not fits[name](part, given):
            where = "before" if name == "prefix" else "after"
            message = f"The {name} is {given!r}, but these words are not {where} the span."
            hint = (
                "decide which is right: remove 'prefix' and 'suffix' if the offsets are right, or "
                "'start' and 'end' if the words around the span are, and run `readout format`."
            )
            yield Finding(message, (*pointer, name), hint=hint)


DRAFT_RULES: tuple[Rule, ...] = (
    unformatted,
    exact_not_found,
    exact_ambiguous,
    contradictory_context,
)


def check_drafts(layer: Layer, text: str) -> Iterator[Problem]:
    """Yield the problems of the records of a layer that lack ids or offsets."""
    for each in DRAFT_RULES:
        for finding in each.find(layer, text):
            yield locate_record(each, finding, layer)
