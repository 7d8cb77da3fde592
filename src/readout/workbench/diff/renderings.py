"""Renderings of changes: text for the terminal, JSON for programs, Markdown for a pull request, a changelog section."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape

import msgspec

from readout.model import annotation_type
from readout.report.problems import Style, printable
from readout.workbench.diff.report import (
    AnnotationChange,
    Changes,
    DocumentChanges,
    EntryChange,
    FieldChange,
)
from readout.workbench.diff.wording import (
    CHANGE_SIGNS,
    BothTexts,
    describe_annotation,
    format_value,
    iter_shown,
    layer_name,
    summarise_layer,
    summary_rows,
)

COMMENT_LIMIT = 60_000
"""Characters of a Markdown report; GitHub takes 65,536 in a comment."""


# ---------------------------------------------------------------- text


def render_text(changes: Changes, texts: BothTexts, style: Style = lambda text, _: text) -> str:
    """Return the changes for a terminal; ``style(text, role)`` may colour the parts."""
    lines = [style(f"{changes.old} → {changes.new}", "place")]
    lines += [
        style("breaking:", "error") + " " + printable(sentence) for sentence in changes.breaking
    ]
    for document in changes.documents:
        lines += ["", *_document_lines(document, texts, style)]
    if changes.entries:
        lines += ["", *(printable(_entry_line(entry)) for entry in changes.entries)]
    if not changes:
        lines.append("Nothing changed.")
    return "\n".join([*lines, *_unread_lines(changes)]) + "\n"


def _document_lines(document: DocumentChanges, texts: BothTexts, style: Style) -> Iterator[str]:
    yield style(printable(document.doc_id), "place") + (
        "" if document.kind == "changed" else f" {document.kind}"
    )
    if document.text_changed:
        yield "  the raw text changed"
    yield from (f"  {printable(_field_words(field))}" for field in document.metadata)
    for layer in document.layers:
        yield f"  {layer_name(layer)}: {summarise_layer(layer)}"
        for change in iter_shown(layer):
            yield from _change_lines(document.doc_id, change, texts, style)


def _change_lines(
    doc_id: str, change: AnnotationChange, texts: BothTexts, style: Style
) -> Iterator[str]:
    role = {"added": "hint", "removed": "error"}.get(change.kind, "warning")
    head = f"{CHANGE_SIGNS[change.kind]} {change.kind}"
    yield f"    {style(head, role)} {change.current.id}: {printable(describe_annotation(change.current))}"
    before, marked, after = map(printable, texts.quote(doc_id, change))
    yield f"        {before}⟦{style(marked, role)}⟧{after}"
    yield from (f"        {printable(_field_words(field))}" for field in change.fields)


def _field_words(field: FieldChange) -> str:
    return f"{field.name}: {format_value(field.old)} → {format_value(field.new)}"


def _entry_line(entry: EntryChange) -> str:
    what = f"renamed to {entry.new_id}" if entry.new_id else entry.kind
    fields = "; ".join(map(_field_words, entry.fields))
    return f"{entry.path}: {entry.id} {what}" + (f" ({fields})" if fields else "")


def _unread_lines(changes: Changes) -> list[str]:
    return [
        f"{name} has {number} problem{'' if number == 1 else 's'} that keep lines from being read; "
        "what they hold is not compared. Run `readout check`."
        for name, number in zip((changes.old, changes.new), changes.unread, strict=True)
        if number
    ]


# ---------------------------------------------------------------- JSON


def render_json(changes: Changes) -> str:
    """Return the changes as one JSON object; a record that was added or removed is whole."""
    return msgspec.json.format(msgspec.json.encode(changes), indent=2).decode() + "\n"


# ---------------------------------------------------------------- Markdown

_MARKDOWN = re.compile(r"[`*_\[\]|~\\#@!:$]")


def _quote(text: str) -> str:
    """Return text that Markdown and HTML show as it is: no markup, no links, nobody notified."""
    return _MARKDOWN.sub(
        lambda match: f"&#{ord(match.group())};", escape(printable(text), quote=False)
    )


def render_markdown(changes: Changes, texts: BothTexts) -> str:
    """Return the changes as a pull-request comment: a table, what breaks, and the details folded away."""
    if not changes:
        return "\n".join(["No annotation changed.", *_unread_lines(changes)]) + "\n"
    lines = [f"### Annotations: {_quote(changes.old)} → {_quote(changes.new)}", ""]
    if changes.breaking:
        lines += ["**Breaking for users of the data**", ""]
        lines += [*(f"- {_quote(sentence)}" for sentence in changes.breaking), ""]
    if rows := summary_rows(changes):
        lines += [
            f"| document | layer | {' | '.join(CHANGE_SIGNS)} |",
            f"| --- | --- {'| ---: ' * len(CHANGE_SIGNS)}|",
        ]
        lines += [*("| " + " | ".join(map(_quote, row)) + " |" for row in rows), ""]
    lines += [f"- {_quote(_entry_line(entry))}" for entry in changes.entries]
    lines += ["", *map(_quote, _unread_lines(changes))]
    blocks = ["\n".join(_document_markdown(document, texts)) for document in changes.documents]
    return _limit("\n".join(lines).rstrip(), blocks)


def _limit(head: str, blocks: list[str]) -> str:
    shown = head[:COMMENT_LIMIT]
    for number, block in enumerate(blocks):
        if len(shown) + len(block) > COMMENT_LIMIT:
            left = len(blocks) - number
            shown += f"\n\nThe details of {left} more document{'' if left == 1 else 's'} are too long for a comment."
            break
        shown += "\n\n" + block
    return shown + "\n"


def _document_markdown(document: DocumentChanges, texts: BothTexts) -> Iterator[str]:
    words = "; ".join(f"{layer_name(layer)}: {summarise_layer(layer)}" for layer in document.layers)
    kind = "" if document.kind == "changed" else f" {document.kind}"
    yield f"<details><summary><b>{_quote(document.doc_id)}</b>{kind} {_quote(words)}</summary>\n"
    if document.text_changed:
        yield "- The raw text changed."
    yield from (f"- {_quote(_field_words(field))}" for field in document.metadata)
    for layer in document.layers:
        for change in iter_shown(layer):
            yield _change_markdown(document.doc_id, layer_name(layer), change, texts)
    yield "\n</details>"


def _change_markdown(doc_id: str, layer: str, change: AnnotationChange, texts: BothTexts) -> str:
    before, marked, after = map(_quote, texts.quote(doc_id, change))
    tag = {"added": "ins", "removed": "del"}.get(change.kind, "b")
    about = _quote(describe_annotation(change.current))
    head = f"- **{change.kind}** <code>{change.current.id}</code> in {_quote(layer)}: {about}"
    fields = "".join(f"<br>{_quote(_field_words(field))}" for field in change.fields)
    return f"{head}<br><code>{before}<{tag}>{marked}</{tag}>{after}</code>{fields}"


# ---------------------------------------------------------------- changelog


def format_changelog(changes: Changes) -> str:
    """Return a section for the changelog of the next release, one sentence a line."""
    lines = ["## Next (unreleased)", ""]
    if changes.breaking:
        lines += [
            "Breaking for users of the data:",
            "",
            *(f"- {sentence}" for sentence in changes.breaking),
            "",
        ]
    news = [*_document_news(changes), *_entry_news(changes)]
    if news:
        lines += ["The data:", "", *(f"- {sentence}" for sentence in news), ""]
    if not changes:
        lines += ["No change to the data.", ""]
    return "\n".join(map(printable, lines))


def _document_news(changes: Changes) -> Iterator[str]:
    for document in changes.documents:
        gold = next((layer for layer in document.layers if layer.annotator is None), None)
        counts = _count_by_type(gold.changes) if gold else ""
        if document.kind != "changed":
            yield f"The document `{document.doc_id}` is {'new' if document.kind == 'added' else 'gone'}."
            continue
        if document.text_changed:
            yield f"`{document.doc_id}`: the raw text is corrected."
        if counts:
            yield f"`{document.doc_id}`: {counts}."
        for layer in document.layers:
            if layer.annotator:
                yield f"`{document.doc_id}`, annotator `{layer.annotator}`: {summarise_layer(layer)}."


def _count_by_type(changes: tuple[AnnotationChange, ...]) -> str:
    counts: dict[tuple[str, str], int] = {}
    for change in changes:
        key = (annotation_type(change.current), change.kind)
        counts[key] = counts.get(key, 0) + 1
    return ", ".join(
        f"{number} {_plural(kind, number)} {what}"
        for (kind, what), number in sorted(counts.items(), key=lambda item: -item[1])
    )


def _plural(kind: str, number: int) -> str:
    ending = "" if number == 1 else "s"
    return f"piece{ending} of boilerplate" if kind == "boilerplate" else f"{kind}{ending}"


def _entry_news(changes: Changes) -> Iterator[str]:
    counts: dict[tuple[str, str], list[str]] = {}
    for entry in changes.entries:
        counts.setdefault((entry.path, entry.kind), []).append(entry.id)
    for (path, kind), names in counts.items():
        shown = ", ".join(f"`{name}`" for name in names[:8]) + (", …" if len(names) > 8 else "")
        yield f"`{path}`: {len(names)} {kind} ({shown})."


RENDERINGS: Mapping[str, Callable[[Changes, BothTexts], str]] = {
    "text": render_text,
    "json": lambda changes, _: render_json(changes),
    "markdown": render_markdown,
    "changelog": lambda changes, _: format_changelog(changes),
}
"""Every rendering by its name."""
