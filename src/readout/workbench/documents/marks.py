"""Draw passages of a text as static HTML, with the marks of the preview. No I/O but the style.

The script of the preview draws in a browser; notebooks, and pages without scripts, need the same
marks as plain HTML. Class names and style are those of ``workbench/page``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

from readout.model import (
    AnnotatedDocument,
    AnyAnnotation,
    Boilerplate,
    Mention,
    Quote,
    Registries,
    Stance,
    Topic,
    annotation_type,
    iter_spans,
    main_spans,
)
from readout.workbench.diff.wording import describe_annotation

_LANES = 3
"""How many lines of quotes and of stances the style has, one above the other."""
_SIGNS = {"favor": "+", "against": "−", "neutral": "○"}


def escape_text(text: str) -> str:
    """Return a text as HTML that a browser reads back character by character.

    Parsers of HTML turn a carriage return into a line feed and drop NUL. So a carriage return is
    written as a character reference, and NUL as the replacement character.
    """
    return escape(text).replace("\r", "&#13;").replace("\0", "\N{REPLACEMENT CHARACTER}")


@cache
def scoped_style() -> str:
    """Return the style of the marks, limited to what is inside of an element ``.readout``."""
    page = files("readout.workbench") / "page" / "render.css"
    rules = re.sub(r"/\*.*?\*/", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    # Nested rules (CSS Nesting, in browsers since 2023) do not touch the rest of the page.
    rules = rules.replace(":root", "&")
    own = "& { background: var(--paper); color: var(--ink); padding: .6rem 1rem; }"
    return f".readout {{ {own}\n{rules} }}"


class _Cover(NamedTuple):
    """A span of an annotation, with the classes of its mark."""

    start: int
    end: int
    classes: tuple[str, ...]
    record: AnyAnnotation
    part: str


def draw_passage(
    document: AnnotatedDocument,
    records: Sequence[AnyAnnotation],
    registries: Registries,
    places: Iterable[tuple[int, int]],
    chosen: Collection[str] = (),
    linked: Collection[str] = (),
) -> str:
    """Return HTML of some passages of a document, with the marks of some annotations.

    ``places`` are ``(start, end)`` of the passages; annotations whose ids are ``chosen`` or
    ``linked`` are highlighted. The HTML runs no script and loads nothing.
    """
    covers = _list_covers(records, chosen, linked)
    blocks = []
    for start, end in places:
        tags = [
            _draw_tag(record, registries)
            for record in records
            if isinstance(record, Topic) and start <= record.spans[0].start < end
        ]
        kicker = f'<div class="kicker">{"".join(tags)}</div>' if tags else ""
        body = "".join(_iter_pieces(document.text, start, end, covers, registries))
        blocks.append(f'<div class="block" dir="auto">{kicker}{body}</div>')

    language = escape(document.meta.language)
    style = f"<style>{scoped_style()}</style>"
    text = f'<div class="text" dir="auto" lang="{language}">{"".join(blocks)}</div>'
    return f'{style}<div class="readout"><div class="sheet">{text}</div></div>'


# ---------------------------------------------------------------- what covers the text


def _list_covers(
    records: Sequence[AnyAnnotation], chosen: Collection[str], linked: Collection[str]
) -> list[_Cover]:
    """Return the spans of all annotations but topics, the outer before the inner."""
    sources = {record.source for record in records if isinstance(record, Quote)}
    lanes = {
        **_assign_lanes([record for record in records if isinstance(record, Quote)]),
        **_assign_lanes([record for record in records if isinstance(record, Stance)]),
    }
    covers = []
    for record in records:
        states = [
            name for name, ids in (("chosen", chosen), ("linked", linked)) if record.id in ids
        ]
        if record.id in sources:
            states.append("source")
        for (part, *_), span in iter_spans(record):
            if isinstance(record, Topic) and not states:
                continue  # topics have tags above the text
            classes = (_class_of(record, str(part), lanes.get(record.id, 0)), *states)
            covers.append(_Cover(span.start, span.end, classes, record, str(part)))
    return sorted(covers, key=lambda cover: (cover.start, -cover.end))


def _assign_lanes(records: Sequence[Quote] | Sequence[Stance]) -> dict[str, int]:
    """Return the lane of each record by its id: those in one lane do not overlap."""
    ends: list[int] = []
    lanes = {}
    for record in sorted(records, key=_order):
        first, last = main_spans(record)[0].start, main_spans(record)[-1].end
        free = [lane for lane, end in enumerate(ends) if end <= first]
        lane = free[0] if free else len(ends)
        ends[lane : lane + 1] = [last]
        lanes[record.id] = min(lane, _LANES - 1)
    return lanes


def _order(record: Quote | Stance) -> tuple[int, int]:
    spans = main_spans(record)
    return spans[0].start, -spans[-1].end


def _class_of(record: AnyAnnotation, part: str, lane: int) -> str:
    """Return the class of a mark, which names what covers the text."""
    if isinstance(record, Quote):
        return "cue" if part == "cue" else f"q{lane}-{record.form}"
    if isinstance(record, Stance):
        return f"e{lane}-{record.polarity}"
    if isinstance(record, Mention | Boilerplate):
        return annotation_type(record)
    return "passage"


# ---------------------------------------------------------------- pieces of HTML


def _iter_pieces(
    text: str, start: int, end: int, covers: Sequence[_Cover], registries: Registries
) -> Iterator[str]:
    """Yield the signs and the marked runs of a passage, in order."""
    inside = [cover for cover in covers if cover.start < end and start < cover.end]
    signs: dict[int, list[Stance]] = {}
    for cover in inside:
        record = cover.record
        if isinstance(record, Stance) and cover.start == record.evidence[0].start:
            signs.setdefault(max(cover.start, start), []).append(record)

    edges = {start, end}
    for cover in inside:
        edges |= {max(cover.start, start), min(cover.end, end)}
    places = sorted(edges)
    for left, right in pairwise(places):
        named = ""
        for stance in signs.get(left, ()):
            yield _draw_sign(stance, registries, is_named=stance.holder != named)
            named = stance.holder
        active = [cover for cover in inside if cover.start <= left and right <= cover.end]
        yield _draw_mark(text[left:right], left, right, active, registries)


def _draw_mark(
    words: str, start: int, end: int, covers: Sequence[_Cover], registries: Registries
) -> str:
    shown = escape_text(words)
    if not covers:
        return shown

    classes: list[str] = []
    titles = []
    for cover in covers:
        classes += cover.classes
        if cover.part == "content":
            classes += ["open"] * (cover.start == start) + ["shut"] * (cover.end == end)
        titles.append(describe_annotation(cover.record, registries))
    names = " ".join(dict.fromkeys(classes))
    title = escape(" · ".join(dict.fromkeys(titles)))
    return f'<mark class="{names}" title="{title}">{shown}</mark>'


def _draw_sign(stance: Stance, registries: Registries, is_named: bool) -> str:
    """Return the sign of a stance, which the style shows before its first word."""
    holder = registries.speakers.get(stance.holder)
    name = holder.name if holder else stance.holder
    said = f' data-holder="{escape(name)}"' if is_named else ""
    title = escape(describe_annotation(stance, registries))
    classes = f"sign {stance.polarity} {stance.expression}"
    sign = _SIGNS[stance.polarity]
    return f'<span class="{classes}" data-sign="{sign}"{said} title="{title}"></span>'


def _draw_tag(topic: Topic, registries: Registries) -> str:
    """Return the tag of a topic, which the style shows above its first paragraph."""
    entry = registries.topics.get(topic.topic)
    label = escape(entry.label if entry else topic.topic)
    return f'<span class="tag" data-label="{label}"></span>'
