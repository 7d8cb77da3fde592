"""Find the passage of a text that the selectors of a W3C Web Annotation select.

Several selectors of one target are alternatives: a position is taken first, and a quotation beside
it must have its words. A selector that is refined by another selects within its own selection, as
https://www.w3.org/TR/annotation-model/#refinement-of-selection says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from readout.interchange.inbox import Inbox, parse_offset
from readout.interchange.units import Place
from readout.model import Span
from readout.text.find import find_exact

Selector: TypeAlias = Mapping[str, Any]

POSITION = "TextPositionSelector"
QUOTE = "TextQuoteSelector"
FRAGMENT = "FragmentSelector"
_RANGE = "RangeSelector"
_TAKEN = f"{POSITION}, {QUOTE}, {_RANGE} and a {FRAGMENT} of characters"
_CHARACTERS = re.compile(r"char=([0-9]+),([0-9]+)(;.*)?")
"""A range of characters of a plain text, https://www.rfc-editor.org/rfc/rfc5147."""


def find_selected(inbox: Inbox, path: str, text: str, selectors: Sequence[Selector]) -> Span | None:
    """Return the passage that selectors select; report a problem and return None if none does."""
    position = next((each for each in selectors if _find_offsets(each) is not None), None)
    quote = next((each for each in selectors if _find_words(each)), None)
    if position is not None:
        chosen, found = position, _take_position(inbox, path, text, position, quote)
    elif quote is not None:
        chosen, found = quote, _take_quote(inbox, path, text, quote)
    else:
        ranges = [each for each in selectors if _has_type(each, _RANGE)]
        if not ranges:
            _report_selectors(inbox, path, selectors)
            return None
        chosen, found = ranges[0], _take_range(inbox, path, text, ranges[0])

    finer = _list_refinements(chosen)
    if found is None or not finer:
        return found
    part = find_selected(inbox, path, found.exact, finer)
    return None if part is None else _shift(part, found.start)


def iter_stated_places(text: str, selectors: Sequence[Selector]) -> Iterator[Place]:
    """Yield the offsets of a target that states the words between them too."""
    words = [_find_words(each) for each in selectors if not _list_refinements(each)]
    for selector in selectors:
        offsets = _find_offsets(selector)
        if offsets is not None and not _list_refinements(selector):
            for stated in filter(None, words):
                yield Place(text, *offsets, stated)


def _take_position(
    inbox: Inbox, path: str, text: str, position: Selector, quote: Selector | None
) -> Span | None:
    offsets = _find_offsets(position)
    assert offsets is not None
    is_refined = bool(_list_refinements(position)) or (quote and _list_refinements(quote))
    words = None if quote is None or is_refined else _find_words(quote)
    return inbox.anchor_span(text, *offsets, words, path)


def _take_quote(inbox: Inbox, path: str, text: str, quote: Selector) -> Span | None:
    exact = _find_words(quote)
    around = [str(quote.get(name) or "") for name in ("prefix", "suffix")]
    starts = find_exact(text, exact, *around)
    if len(starts) == 1:
        return Span(starts[0], starts[0] + len(exact), exact)

    message = f"The text has the words {exact!r} in {len(starts)} places. Expected one."
    hint = f"add a {POSITION}, or a prefix and a suffix."
    inbox.report("foreign-span", path, message, hint)
    return None


def _take_range(inbox: Inbox, path: str, text: str, selector: Selector) -> Span | None:
    """Return the passage from the start of one selection to the start of another."""
    ends = []
    for name in ("startSelector", "endSelector"):
        selection = find_selected(inbox, path, text, list_selectors(selector.get(name)))
        if selection is None:
            return None
        ends.append(selection.start)

    start, end = ends
    if start < end:
        return Span(start, end, text[start:end])
    message = f"Got a range from {start} to {end}. Expected 0 ≤ start < end ≤ {len(text)}."
    hint = "let the endSelector select what follows the range."
    inbox.report("foreign-span", path, message, hint)
    return None


def _report_selectors(inbox: Inbox, path: str, selectors: Sequence[Selector]) -> None:
    names = ", ".join(str(each.get("type", "one without a type")) for each in selectors)
    message = f"The selector cannot be followed: {names or 'none'}. Expected {_TAKEN}."
    hint = f"add a {QUOTE} with the words, which most tools can write."
    inbox.report("foreign-span", path, message, hint)


def list_selectors(value: Any) -> list[Selector]:
    """Return selectors, of which the model allows one, a list, or the address of one."""
    each = value if isinstance(value, list) else [value]
    described = [{"type": one} if isinstance(one, str) else one for one in each]
    return [selector for selector in described if isinstance(selector, dict)]


def _list_refinements(selector: Selector) -> list[Selector]:
    return list_selectors(selector.get("refinedBy"))


def _has_type(selector: Selector, name: str) -> bool:
    kinds = selector.get("type")
    return name in kinds if isinstance(kinds, list) else name == kinds


def _find_words(selector: Selector) -> str:
    """Return the words of a quotation; empty for any other selector."""
    exact = selector.get("exact")
    return exact if _has_type(selector, QUOTE) and isinstance(exact, str) else ""


def _find_offsets(selector: Selector) -> tuple[int, int] | None:
    """Return the offsets that a selector gives, or None."""
    start, end = selector.get("start"), selector.get("end")
    if _has_type(selector, POSITION) and isinstance(start, int) and isinstance(end, int):
        return start, end

    value = selector.get("value")
    if _has_type(selector, FRAGMENT) and isinstance(value, str):
        found = _CHARACTERS.fullmatch(value)
        return (parse_offset(found[1]), parse_offset(found[2])) if found else None
    return None


def _shift(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by, span.exact)
