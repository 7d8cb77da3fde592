"""Show places at which gold and layers differ, as text, Markdown or JSON. No I/O."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from readout.corpus.read import DOCUMENTS
from readout.model import Decision
from readout.problem import join_words
from readout.report.tables import escape_markdown
from readout.workbench.differences.places import Place, Variant

_WIDTH = 79
_MARGIN = "    "


def format_text(places: Sequence[Place]) -> str:
    """Return places as lines of at most 79 characters, ids that are longer apart."""
    blocks = ["\n".join(_iter_lines(place)) for place in places]
    return "\n\n".join(blocks)


def _iter_lines(place: Place) -> Iterator[str]:
    yield _title(place)
    yield from _iter_fields(place.same, "  ")
    for variant in place.variants:
        yield from _wrap(f"{_who_says(variant)}: {' '.join(variant.refs)}", "  ")
        yield from _iter_fields(variant.fields, _MARGIN)
    for line in (_say_silent(place), _say_differ(place), _say_to_decide(place)):
        if line:
            yield from _wrap(line, "  ")
    for decision in place.decisions:
        yield from _wrap(_say_decision(decision), "  ")


def _iter_fields(fields: Mapping[str, str], margin: str) -> Iterator[str]:
    for name, value in fields.items():
        yield from _wrap(f"{name} {value}", margin)


def _wrap(line: str, margin: str) -> list[str]:
    return textwrap.wrap(
        line,
        _WIDTH,
        initial_indent=margin,
        subsequent_indent=margin + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def format_markdown(places: Sequence[Place]) -> str:
    """Return places as sections with a table each."""
    return "\n\n".join(_format_section(place) for place in places)


def _format_section(place: Place) -> str:
    lines = [f"### {_title(place)}", ""]
    if place.same:
        lines += [escape_markdown(_join(place.same)), ""]
    lines += ["| who | reference | says |", "| --- | --- | --- |"]
    for variant in place.variants:
        refs = " ".join(f"`{ref}`" for ref in variant.refs)
        says = escape_markdown(_join(variant.fields))
        lines.append(f"| {_who_says(variant)} | {refs} | {says} |")
    said = [_say_silent(place), _say_differ(place), _say_to_decide(place)]
    said += [_say_decision(decision) for decision in place.decisions]
    lines += ["", *[f"- {escape_markdown(line)}" for line in said if line]]
    return "\n".join(lines)


def _join(fields: Mapping[str, str]) -> str:
    return " · ".join(f"{name} {value}" for name, value in fields.items())


def format_json(places: Sequence[Place]) -> str:
    """Return places as a JSON list of objects with the fields of :class:`Place`."""
    return msgspec.json.format(msgspec.json.encode(places), indent=2).decode()


RENDERINGS: Mapping[str, Callable[[Sequence[Place]], str]] = {
    "text": format_text,
    "json": format_json,
    "markdown": format_markdown,
}
"""How the places can be printed, by the value of ``--format``."""


# ---------------------------------------------------------------- words


def _title(place: Place) -> str:
    return f"{place.document}, characters {place.start}–{place.end}: {place.type}"


def _who_says(variant: Variant) -> str:
    names = ["gold", *variant.layers] if variant.gold else variant.layers
    return ", ".join(names)


def _say_silent(place: Place) -> str:
    names = ", ".join(name or "gold" for name in place.silent)
    verb = "has" if len(place.silent) == 1 else "have"
    return f"{names} {verb} nothing like it." if names else ""


def _say_differ(place: Place) -> str:
    return f"They differ in {join_words(place.differ)}." if place.differ else ""


def _say_to_decide(place: Place) -> str:
    refs = [ref for variant in place.variants for ref in variant.to_decide]
    return f"To decide: {' '.join(refs)}" if refs else ""


def _say_decision(decision: Decision) -> str:
    about = " ".join(decision.about)
    return (
        f"{decision.id} by {decision.by}, section {decision.section}: {decision.reason} [{about}]"
    )


def summarise_places(places: Sequence[Place], layers: Sequence[str] = ()) -> str:
    """Return how many places there are, how many references need decisions, and the next step.

    ``layers`` are those that were asked for, adjudicated or not.
    """
    count = 0
    for place in places:
        count += sum(len(variant.to_decide) for variant in place.variants)
    said = f"places: {len(places)}, to decide: {count}."
    if count:
        said += " Decide with `readout decide REF... --section N --reason TEXT --by ID`."
    elif layers:
        named = ", ".join(layers)
        said += f" Documents in {DOCUMENTS} may name {named} in 'adjudicated' now."
    return said
