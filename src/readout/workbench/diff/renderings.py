"""Format changes as text, JSON, a Markdown comment for a pull request, or a changelog section."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import PurePosixPath

import msgspec

from readout.corpus.read import ADJUDICATION
from readout.model import annotation_type
from readout.problem import format_count
from readout.report.printing import escape_json, printable
from readout.report.problems import Style
from readout.workbench.diff.report import (
    AnnotationChange,
    Changes,
    DocumentChanges,
    EntryChange,
    FieldChange,
    LayerChanges,
)
from readout.workbench.diff.wording import (
    CHANGE_SIGNS,
    Background,
    format_value,
    iter_shown,
    layer_name,
    summarise_layer,
    summary_rows,
)

SUMMARY_LIMIT = 1_000_000
"""The greatest size of a Markdown report in bytes; GitHub allows 1 MiB in the summary of a step."""


# ---------------------------------------------------------------- text


def format_changes(
    changes: Changes, background: Background, style: Style = lambda text, _: text
) -> str:
    """Return the changes for a terminal; ``style(text, role)`` may colour the parts."""
    lines = [style(printable(f"{changes.old} → {changes.new}"), "place")]
    label = style("breaking:", "error")
    lines += [f"{label} {printable(sentence)}" for sentence in changes.breaking]
    decided, others = _part_entries(changes)
    for document in _add_decided(changes, decided):
        lines += ["", *_document_lines(document, background, style)]
        for entry in decided.get(document.doc_id, ()):
            lines += map(printable, _decision_lines(entry, background))
    if others:
        lines += ["", *[printable(_entry_line(entry)) for entry in others]]
    if not changes:
        lines.append("Nothing changed.")
    return "\n".join([*lines, *_unread_lines(changes)]) + "\n"


def _part_entries(changes: Changes) -> tuple[dict[str, list[EntryChange]], list[EntryChange]]:
    """Return the changes of decisions by document, and those of all other entries."""
    decided: dict[str, list[EntryChange]] = {}
    others = []
    for entry in changes.entries:
        path = PurePosixPath(entry.path)
        if str(path.parent) == ADJUDICATION:
            decided.setdefault(path.stem, []).append(entry)
        else:
            others.append(entry)
    return decided, others


def _add_decided(changes: Changes, decided: Iterable[str]) -> list[DocumentChanges]:
    """Return the changes of documents, with those of which only decisions changed."""
    documents = {document.doc_id: document for document in changes.documents}
    for doc_id in decided:
        documents.setdefault(doc_id, DocumentChanges(doc_id=doc_id, kind="changed"))
    return [documents[doc_id] for doc_id in sorted(documents)]


def _decision_lines(entry: EntryChange, background: Background) -> list[str]:
    """Return what a changed decision says, and what it is about."""
    what = f"renamed to {entry.new_id}" if entry.new_id else entry.kind
    said = "; ".join(map(_format_field, entry.fields)) or background.say_decision(entry)
    about = background.describe_decided(entry)
    return [f"  decision {entry.id} {what}: {said}", *[f"      {each}" for each in about]]


def _document_lines(
    document: DocumentChanges, background: Background, style: Style
) -> Iterator[str]:
    kind = "" if document.kind == "changed" else f" {document.kind}"
    yield style(printable(document.doc_id), "place") + kind
    if document.text_changed:
        yield "  the raw text changed"
    for field in document.metadata:
        yield f"  {printable(_format_field(field))}"
    for layer in document.layers:
        yield f"  {printable(layer_name(layer))}: {summarise_layer(layer)}"
        for change in iter_shown(layer):
            yield from _change_lines(document.doc_id, layer, change, background, style)


def _change_lines(
    doc_id: str,
    layer: LayerChanges,
    change: AnnotationChange,
    background: Background,
    style: Style,
) -> Iterator[str]:
    role = {"added": "hint", "removed": "error"}.get(change.kind, "warning")
    head = f"{CHANGE_SIGNS[change.kind]} {change.kind}"
    about = printable(background.describe(change))
    yield f"    {style(head, role)} {printable(change.current.id)}: {about}"

    before, marked, after = map(printable, background.quote(doc_id, change))
    yield f"        {before}⟦{style(marked, role)}⟧{after}"
    for field in change.fields:
        yield f"        {printable(_format_field(field))}"
    for reason in background.explain(doc_id, layer, change):
        yield f"        {printable(reason)}"


def _format_field(field: FieldChange) -> str:
    return f"{field.name}: {format_value(field.old)} → {format_value(field.new)}"


def _entry_line(entry: EntryChange) -> str:
    what = f"renamed to {entry.new_id}" if entry.new_id else entry.kind
    line = f"{entry.path}: {entry.id} {what}"
    details = "; ".join(map(_format_field, entry.fields))
    return f"{line} ({details})" if details else line


def _unread_lines(changes: Changes) -> list[str]:
    """Return a warning for each side that could not be read completely."""
    lines = []
    for name, number in zip((changes.old, changes.new), changes.unread, strict=True):
        problems = format_count(number, "problem keeps", "problems keep")
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


def format_changes_markdown(changes: Changes, background: Background) -> str:
    """Return the changes as a summary of a pull request.

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
    decided, others = _part_entries(changes)
    lines += [f"- {_quote(_entry_line(entry))}" for entry in others]
    lines += ["", *map(_quote, _unread_lines(changes))]
    blocks = []
    for document in _add_decided(changes, decided):
        entries = decided.get(document.doc_id, ())
        blocks.append("\n".join(_document_markdown(document, entries, background)))
    return _limit("\n".join(lines).rstrip(), blocks, changes)


def _limit(head: str, blocks: list[str], changes: Changes) -> str:
    """Return the head and as many blocks as fit a summary, and say what is left out."""
    shown = head
    room = SUMMARY_LIMIT - len(head.encode())
    if room < 0:
        shown = head.encode()[:SUMMARY_LIMIT].decode(errors="ignore")
        blocks = [*blocks, ""]

    left = len(blocks)
    for block in blocks:
        room -= len(block.encode()) + 2
        if room < 0:
            break
        shown += f"\n\n{block}"
        left -= 1
    if left:
        documents = format_count(left, "document")
        shown += (
            f"\n\nThis summary is cut: the details of {documents} are left out. The whole is in "
            f"<code>readout diff {_quote(changes.old)} {_quote(changes.new)}</code>, and in the "
            "page that its option <code>--html</code> writes."
        )
    return shown + "\n"


def _document_markdown(
    document: DocumentChanges, decided: Sequence[EntryChange], background: Background
) -> Iterator[str]:
    parts = [f"{layer_name(layer)}: {summarise_layer(layer)}" for layer in document.layers]
    if decided:
        parts.append(format_count(len(decided), "decision"))
    words = "; ".join(parts)
    kind = "" if document.kind == "changed" else f" {document.kind}"
    yield f"<details><summary><b>{_quote(document.doc_id)}</b>{kind} {_quote(words)}</summary>\n"
    if document.text_changed:
        yield "- The raw text changed."
    for field in document.metadata:
        yield f"- {_quote(_format_field(field))}"
    for layer in document.layers:
        for change in iter_shown(layer):
            yield _change_markdown(document.doc_id, layer, change, background)
    for entry in decided:
        yield "- " + "<br>".join(map(_quote, _decision_lines(entry, background)))
    yield "\n</details>"


def _change_markdown(
    doc_id: str, layer: LayerChanges, change: AnnotationChange, background: Background
) -> str:
    before, marked, after = map(_quote, background.quote(doc_id, change))
    tag = {"added": "ins", "removed": "del"}.get(change.kind, "b")
    about = _quote(f"{layer_name(layer)}: {background.describe(change)}")
    head = f"- **{change.kind}** <code>{change.current.id}</code> in {about}"
    details = [_format_field(field) for field in change.fields]
    details += background.explain(doc_id, layer, change)
    fields = "".join([f"<br>{_quote(detail)}" for detail in details])
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
    parts = []
    for (kind, what), number in counts.most_common():
        noun, nouns = _NOUNS.get(kind, (kind, ""))
        parts.append(f"{format_count(number, noun, nouns)} {what}")
    return ", ".join(parts)


_NOUNS = {"boilerplate": ("piece of boilerplate", "pieces of boilerplate")}


def _entry_news(changes: Changes) -> Iterator[str]:
    changed: dict[tuple[str, str], list[str]] = {}
    for entry in changes.entries:
        changed.setdefault((entry.path, entry.kind), []).append(entry.id)
    for (path, kind), names in changed.items():
        shown = ", ".join(f"`{name}`" for name in names[:8])
        if len(names) > 8:
            shown += ", …"
        yield f"`{path}`: {len(names)} {kind} ({shown})."


RENDERINGS: Mapping[str, Callable[[Changes, Background], str]] = {
    "text": format_changes,
    "json": lambda changes, _: format_changes_json(changes),
    "markdown": format_changes_markdown,
    "changelog": lambda changes, _: format_changelog(changes),
}
"""The renderings by the names that ``readout diff --format`` takes."""
