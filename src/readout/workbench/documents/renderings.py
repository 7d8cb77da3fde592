"""Show annotations in the terminal, as Markdown and as JSON. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import msgspec

from readout.model import FIELD_ROLES, Span, iter_spans
from readout.report.printing import printable
from readout.report.problems import Style
from readout.report.tables import escape_markdown
from readout.workbench.diff.wording import cut_excerpt
from readout.workbench.documents.annotations import Annotation, shorten
from readout.workbench.documents.passages import Paragraph

_LONGEST = 80


# ---------------------------------------------------------------- what is told of an annotation


class _Fact(NamedTuple):
    """A line below the paragraph: the field, what is in it, and the ids to look further."""

    name: str
    text: str
    id: str = ""


def _iter_facts(annotation: Annotation) -> Iterator[_Fact]:
    """Yield the labels of an annotation, its other spans and what it is linked to."""
    record = annotation.record
    registries = annotation.document.documents.registries
    for name, role in FIELD_ROLES[type(record)].items():
        value = getattr(record, name)
        if not value or role.kind in ("id", "annotation"):
            continue
        for each in value if role.many else (value,):
            if role.kind == "entry":
                yield _Fact(name, _name_entry(getattr(registries, role.of).get(each), each), each)
            elif isinstance(each, Span):
                yield _Fact(name, f"{each.exact} ({each.start}–{each.end})")
            else:
                yield _Fact(name, str(each))
            if name == "target":
                yield _Fact("proposition", registries.targets[each].proposition)

    for name, linked in annotation.links.items():
        for other in linked:
            yield _Fact(name, f"{other.describe()}: {shorten(other.text, _LONGEST)}", other.id)


def _name_entry(entry: Any, name: str) -> str:
    title = getattr(entry, "name", None) or getattr(entry, "label", None)
    return str(title or name)


# ---------------------------------------------------------------- one annotation


def show_coloured(annotation: Annotation, style: Style) -> str:
    """Return an annotation in its paragraphs, with a line for each fact.

    Its words are in brackets, which a terminal shows in colour; ``style(text, role)`` colours the
    words of an annotation as ``chosen`` and those it is linked to as ``linked``.
    """
    kind = style(annotation.type, "place")
    lines = [f"{kind} {printable(annotation.id)}", ""]
    for paragraph in _list_shown(annotation):
        runs = [_format_run(run, style) for run in _iter_runs(paragraph, annotation)]
        lines += ["".join(runs).strip(), ""]

    facts = list(_iter_facts(annotation))
    width = max([len(fact.name) for fact in facts], default=0)
    for fact in facts:
        ident = f" ({fact.id})" if fact.id else ""
        name = style(fact.name.ljust(width), "hint")
        lines.append(f"{name}  {printable(fact.text)}{printable(ident)}")
    return "\n".join(lines)


def _list_shown(annotation: Annotation) -> list[Paragraph]:
    """Return the paragraphs with a span of an annotation, also with one that is not a main span."""
    spans = [span for _, span in iter_spans(annotation.record)]
    return [
        paragraph
        for paragraph in annotation.document.paragraphs
        if any(span.start < paragraph.end and paragraph.start < span.end for span in spans)
    ]


class _Run(NamedTuple):
    """Words of one paragraph: those of an annotation, of one it is linked to, or others.

    ``opens`` and ``closes`` say whether the words of the annotation begin and end with the run.
    """

    words: str
    role: Literal["chosen", "linked", ""] = ""
    opens: bool = False
    closes: bool = False


def _iter_runs(paragraph: Paragraph, annotation: Annotation) -> Iterator[_Run]:
    """Yield the runs of a paragraph, in order."""
    chosen = list(annotation.spans)
    linked = [span for _, span in iter_spans(annotation.record) if span not in chosen]
    for others in annotation.links.values():
        for other in others:
            if other.document is annotation.document:
                linked += other.spans

    edges = {paragraph.start, paragraph.end}
    for span in (*chosen, *linked):
        edges |= {_clip(span.start, paragraph), _clip(span.end, paragraph)}
    places = sorted(edges)
    for start, end in pairwise(places):
        words = annotation.document.text[start:end]
        if _covers(chosen, start):
            opens = start == paragraph.start or not _covers(chosen, start - 1)
            closes = end == paragraph.end or not _covers(chosen, end)
            yield _Run(words, "chosen", opens, closes)
        elif _covers(linked, start):
            yield _Run(words, "linked")
        else:
            yield _Run(words)


def _format_run(run: _Run, style: Style) -> str:
    words = "[" * run.opens + printable(run.words) + "]" * run.closes
    return style(words, run.role) if run.role else words


def _clip(offset: int, paragraph: Paragraph) -> int:
    return min(max(offset, paragraph.start), paragraph.end)


def _covers(spans: Iterable[Span], offset: int) -> bool:
    return any(span.start <= offset < span.end for span in spans)


def show_markdown(annotation: Annotation) -> str:
    """Return an annotation in its paragraphs, and a list of the facts, as Markdown."""
    lines = [f"### {annotation.type} `{annotation.id}`", ""]
    for paragraph in _list_shown(annotation):
        runs = [_mark_run(run) for run in _iter_runs(paragraph, annotation)]
        lines += [f"> {''.join(runs).strip()}", ""]
    for fact in _iter_facts(annotation):
        ident = f" (`{fact.id}`)" if fact.id else ""
        lines.append(f"- {fact.name}: {_plain_markdown(fact.text)}{ident}")
    return "\n".join(lines)


def _mark_run(run: _Run) -> str:
    bold = "**"
    return bold * run.opens + _plain_markdown(run.words) + bold * run.closes


def _plain_markdown(text: str) -> str:
    return escape_markdown(text).replace("<", "&lt;").replace("*", "\\*")


def _to_data(annotation: Annotation) -> dict[str, Any]:
    """Return an annotation as plain data, in its place."""
    return {
        "id": annotation.id,
        "type": annotation.type,
        "document": annotation.document.id,
        "paragraph": annotation.paragraph.id,
        "start": annotation.start,
        "end": annotation.end,
        "text": annotation.text,
        "description": annotation.describe(),
        "record": annotation.to_dict(),
    }


def show_json(annotation: Annotation) -> str:
    """Return an annotation with its paragraphs and what it is linked to as JSON."""
    data = _to_data(annotation)
    data["paragraphs"] = [
        {"id": each.id, "start": each.start, "end": each.end, "text": each.text}
        for each in _list_shown(annotation)
    ]
    links = {}
    for name, linked in annotation.links.items():
        links[name] = [_to_data(other) for other in linked]
    data["links"] = links
    return _format_json(data)


def _format_json(data: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


# ---------------------------------------------------------------- lists of annotations


def list_coloured(annotation: Annotation, style: Style) -> str:
    """Return the id and the labels of an annotation, and its words between their context."""
    excerpt = cut_excerpt(annotation.document.text, annotation.record)
    marked = style(f"[{printable(excerpt.marked)}]", "chosen")
    words = f"{printable(excerpt.before)}{marked}{printable(excerpt.after)}"
    head = style(printable(annotation.id), "place")
    return f"{head}  {printable(annotation.describe())}\n    {words}"


def list_markdown(found: Sequence[Annotation]) -> str:
    """Return a Markdown list of annotations with their labels and words."""
    lines = []
    for annotation in found:
        labels = _plain_markdown(annotation.describe())
        words = _plain_markdown(shorten(annotation.text, _LONGEST))
        lines.append(f"- `{annotation.id}` {labels}: {words}")
    return "\n".join(lines) or "None."


def list_json(found: Sequence[Annotation]) -> str:
    """Return annotations in their places as a JSON list."""
    return _format_json([_to_data(annotation) for annotation in found])
