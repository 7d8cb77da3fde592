"""Format changes as text, JSON, a Markdown comment for a pull request, or a changelog section."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape

import msgspec

from readout.model import annotation_type
from readout.report.printing import escape_json, printable
from readout.report.problems import Style
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
"""The greatest length of a Markdown report; GitHub allows 65,536 characters in a comment."""


# ---------------------------------------------------------------- text


def format_changes(changes: Changes, texts: BothTexts, style: Style = lambda text, _: text) -> str:
    """Return the changes for a terminal; ``style(text, role)`` may colour the parts."""
    lines = [style(printable(f"{changes.old} → {changes.new}"), "place")]
    label = style("breaking:", "error")
    lines += [f"{label} {printable(sentence)}" for sentence in changes.breaking]
    for document in changes.documents:
        lines += ["", *_document_lines(document, texts, style)]
    if changes.entries:
        lines += ["", *(printable(_entry_line(entry)) for entry in changes.entries)]
    if not changes:
        lines.append("Nothing changed.")
    return "\n".join([*lines, *_unread_lines(changes)]) + "\n"


def _document_lines(document: DocumentChanges, texts: BothTexts, style: Style) -> Iterator[str]:
    kind = "" if document.kind == "changed" else f" {document.kind}"
    yield style(printable(document.doc_id), "place") + kind
    if document.text_changed:
        yield "  the raw text changed"
    for field in document.metadata:
        yield f"  {printable(_format_field(field))}"
    for layer in document.layers:
        yield f"  {printable(layer_name(layer))}: {summarise_layer(layer)}"
        for change in iter_shown(layer):
            yield from _change_lines(document.doc_id, change, texts, style)


def _change_lines(
    doc_id: str, change: AnnotationChange, texts: BothTexts, style: Style
) -> Iterator[str]:
    role = {"added": "hint", "removed": "error"}.get(change.kind, "warning")
    head = f"{CHANGE_SIGNS[change.kind]} {change.kind}"
    about = printable(describe_annotation(change.current))
    yield f"    {style(head, role)} {printable(change.current.id)}: {about}"

    before, marked, after = map(printable, texts.quote(doc_id, change))
    yield f"        {before}⟦{style(marked, role)}⟧{after}"
    for field in change.fields:
        yield f"        {printable(_format_field(field))}"


def _format_field(field: FieldChange) -> str:
    return f"{field.name}: {format_value(field.old)} → {format_value(field.new)}"


def _entry_line(entry: EntryChange) -> str:
    what = f"renamed to {entry.new_id}" if entry.new_id else entry.kind
    line = f"{entry.path}: {entry.id} {what}"
    fields = "; ".join(map(_format_field, entry.fields))
    return f"{line} ({fields})" if fields else line


def _unread_lines(changes: Changes) -> list[str]:
    """Return a warning for each side that could not be read completely."""
    lines = []
    for name, number in zip((changes.old, changes.new), changes.unread, strict=True):
        problems = "1 problem keeps" if number == 1 else f"{number} problems keep"
        if number:
            lines.append(
                f"In {name}, {problems} lines from being read; they are not compared. "
                "Run `readout check`."
            )
    return lines


# ---------------------------------------------------------------- JSON


def format_changes_json(changes: Changes) -> str:
    """Return the changes as one JSON object; added and removed records are in it as a whole."""
    return escape_json(msgspec.json.format(msgspec.json.encode(changes), indent=2).decode()) + "\n"


# ---------------------------------------------------------------- Markdown

_MARKDOWN = re.compile(r"[`*_\[\]|~\\#@!:$]")


def _quote(text: str) -> str:
    """Return text that Markdown and HTML show as it is: no markup, no links, nobody notified."""
    plain = escape(printable(text), quote=False)
    return _MARKDOWN.sub(lambda match: f"&#{ord(match.group())};", plain)


def format_changes_markdown(changes: Changes, texts: BothTexts) -> str:
    """Return the changes as a comment on a pull request.

    It has the breaking changes, a table of counts, and the folded details of each document.
    """
    if not changes:
        return "\n".join(["No annotation changed.", *_unread_lines(changes)]) + "\n"
    lines = [f"### Annotations: {_quote(changes.old)} → {_quote(changes.new)}", ""]
    if changes.breaking:
        lines += ["**Breaking for users of the data**", ""]
        lines += [f"- {_quote(sentence)}" for sentence in changes.breaking]
        lines.append("")
    rows = summary_rows(changes)
    if rows:
        lines.append(f"| document | layer | {' | '.join(CHANGE_SIGNS)} |")
        lines.append(f"| --- | --- {'| ---: ' * len(CHANGE_SIGNS)}|")
        for row in rows:
            cells = " | ".join(map(_quote, row))
            lines.append(f"| {cells} |")
        lines.append("")
    lines += [f"- {_quote(_entry_line(entry))}" for entry in changes.entries]
    lines += ["", *map(_quote, _unread_lines(changes))]
    blocks = ["\n".join(_document_markdown(document, texts)) for document in changes.documents]
    return _limit("\n".join(lines).rstrip(), blocks)


def _limit(head: str, blocks: list[str]) -> str:
    """Return the head and as many blocks as fit a comment, with the number of the others."""
    shown = head[:COMMENT_LIMIT]
    for number, block in enumerate(blocks):
        if len(shown) + len(block) > COMMENT_LIMIT:
            left = len(blocks) - number
            documents = "1 more document" if left == 1 else f"{left} more documents"
            shown += f"\n\nThe details of {documents} are too long for a comment."
            break
        shown += "\n\n" + block
    return shown + "\n"


def _document_markdown(document: DocumentChanges, texts: BothTexts) -> Iterator[str]:
    words = "; ".join(f"{layer_name(layer)}: {summarise_layer(layer)}" for layer in document.layers)
    kind = "" if document.kind == "changed" else f" {document.kind}"
    yield f"<details><summary><b>{_quote(document.doc_id)}</b>{kind} {_quote(words)}</summary>\n"
    if document.text_changed:
        yield "- The raw text changed."
    for field in document.metadata:
        yield f"- {_quote(_format_field(field))}"
    for layer in document.layers:
        for change in iter_shown(layer):
            yield _change_markdown(document.doc_id, layer_name(layer), change, texts)
    yield "\n</details>"


def _change_markdown(doc_id: str, layer: str, change: AnnotationChange, texts: BothTexts) -> str:
    before, marked, after = map(_quote, texts.quote(doc_id, change))
    tag = {"added": "ins", "removed": "del"}.get(change.kind, "b")
    about = _quote(describe_annotation(change.current))
    head = f"- **{change.kind}** <code>{change.current.id}</code> in {_quote(layer)}: {about}"
    fields = "".join(f"<br>{_quote(_format_field(field))}" for field in change.fields)
    return f"{head}<br><code>{before}<{tag}>{marked}</{tag}>{after}</code>{fields}"


# ---------------------------------------------------------------- changelog


def format_changelog(changes: Changes) -> str:
    """Return a section for the changelog of the next release, one sentence per line."""
    lines = ["## Next (unreleased)", ""]
    if changes.breaking:
        lines += _format_list("Breaking for users of the data:", changes.breaking)
    news = [*_document_news(changes), *_entry_news(changes)]
    if news:
        lines += _format_list("The data:", news)
    if not changes:
        lines += ["No change to the data.", ""]
    return "\n".join(map(printable, lines))


def _format_list(head: str, sentences: Sequence[str]) -> list[str]:
    return [head, "", *(f"- {sentence}" for sentence in sentences), ""]


def _document_news(changes: Changes) -> Iterator[str]:
    for document in changes.documents:
        name = f"`{document.doc_id}`"
        if document.kind != "changed":
            yield f"The document {name} is {'new' if document.kind == 'added' else 'gone'}."
            continue
        if document.text_changed:
            yield f"{name}: the raw text is corrected."
        for layer in document.layers:
            if layer.annotator:
                yield f"{name}, annotator `{layer.annotator}`: {summarise_layer(layer)}."
            elif layer.changes:
                yield f"{name}: {_count_by_type(layer.changes)}."


def _count_by_type(changes: Sequence[AnnotationChange]) -> str:
    """Return the numbers of each type and kind of change: ``2 quotes added, 1 topic moved``."""
    counts = Counter((annotation_type(change.current), change.kind) for change in changes)
    parts = [
        f"{number} {_plural(kind, number)} {what}" for (kind, what), number in counts.most_common()
    ]
    return ", ".join(parts)


def _plural(kind: str, number: int) -> str:
    ending = "" if number == 1 else "s"
    return f"piece{ending} of boilerplate" if kind == "boilerplate" else f"{kind}{ending}"


def _entry_news(changes: Changes) -> Iterator[str]:
    changed: dict[tuple[str, str], list[str]] = {}
    for entry in changes.entries:
        changed.setdefault((entry.path, entry.kind), []).append(entry.id)
    for (path, kind), names in changed.items():
        shown = ", ".join(f"`{name}`" for name in names[:8])
        if len(names) > 8:
            shown += ", …"
        yield f"`{path}`: {len(names)} {kind} ({shown})."


RENDERINGS: Mapping[str, Callable[[Changes, BothTexts], str]] = {
    "text": format_changes,
    "json": lambda changes, _: format_changes_json(changes),
    "markdown": format_changes_markdown,
    "changelog": lambda changes, _: format_changelog(changes),
}
"""The renderings by the names that ``readout diff --format`` takes."""
