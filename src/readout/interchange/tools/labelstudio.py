r"""Label Studio: the labelling configuration, tasks with pre-annotations, and its JSON export with every annotator.

Offsets in a ``Text`` tag are code points, and ``\\r\\n`` counts as two. A span is a region of type ``labels``; closed
vocabularies are choices and all else is text areas of the same region; links are relations.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import msgspec

from readout.interchange.graph import (
    LINKS,
    LISTS,
    NODE_LABELS,
    PART,
    VALUE_ROLES,
    VALUES,
    Graph,
    Link,
    Node,
)
from readout.interchange.inbox import Inbox, find_files, parse_json, read_foreign_text
from readout.interchange.outbox import Outbox, Sheet
from readout.interchange.pieces import to_pieces
from readout.model import Registries, Span

LOSSES = (
    "Pre-annotations have no annotator in Label Studio: the layer is their model version.",
    "Only what was submitted as an annotation is imported, by the id of the one who completed it.",
    "Ids of annotations that were first made in Label Studio are its own; the import gives them new ones.",
)
_COLOURS = dict(zip(NODE_LABELS, ("#1f77b4", "#2ca02c", "#98df8a", "#9467bd", "#d62728", "#7f7f7f"), strict=True))


# ---------------------------------------------------------------- out


def export_labelstudio(outbox: Outbox) -> None:
    """Write the labelling configuration and one task a document and layer."""
    outbox.add("config.xml", format_configuration(outbox.registries))
    tasks: dict[str, dict[str, Any]] = {}
    for sheet in outbox.sheets:
        data = {"text": sheet.text, "document": sheet.name}
        task = tasks.setdefault(sheet.name, {"data": data, "predictions": []})
        task["predictions"].append({"model_version": sheet.layer, "result": list(_iter_results(sheet))})
    outbox.add("tasks.json", msgspec.json.format(msgspec.json.encode(list(tasks.values())), indent=1) + b"\n")


def _iter_results(sheet: Sheet) -> Iterator[dict[str, Any]]:
    pieces, links = to_pieces(sheet)
    for node, span in pieces:
        place = {"start": span.start, "end": span.end, "text": span.exact}
        yield _region(node.key, "label", "labels", {**place, "labels": [node.label]})
        for name, value in node.values.items():
            content = value.split() if name in LISTS else [value]
            kind = "textarea" if find_choices(name, None) is None else "choices"
            yield _region(node.key, name, kind, {**place, "text" if kind == "textarea" else kind: content})
    for link in links:
        ends = {"from_id": link.tail, "to_id": link.head}
        yield {"type": "relation", **ends, "direction": "right", "labels": [link.label]}


def _region(key: str, name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"id": key, "from_name": name, "to_name": "text", "type": kind, "value": value}


def find_choices(name: str, registries: Registries | None) -> list[str] | None:
    """Return the values that may be chosen for a field; None for free text. Without registries their part is empty."""
    role = VALUE_ROLES[name]
    if role.kind == "entry":
        return list(getattr(registries, role.of)) if registries else []
    return list(role.values) or None


def format_configuration(registries: Registries) -> str:
    """Return the labelling configuration for the vocabularies of a corpus."""
    labels = "".join(f'    <Label value="{label}" background="{_COLOURS[label]}"/>\n' for label in NODE_LABELS)
    relations = "".join(f'    <Relation value="{name}"/>\n' for name in (*LINKS, PART))
    controls = "".join(_format_control(name, find_choices(name, registries)) for name in VALUE_ROLES)
    return (
        "<View>\n"
        f'  <Relations>\n{relations}  </Relations>\n  <Labels name="label" toName="text">\n{labels}  </Labels>\n'
        '  <Text name="text" value="$text" granularity="symbol"/>\n'
        f"{controls}</View>\n"
    )


def _format_control(name: str, choices: list[str] | None) -> str:
    labels = ",".join(label for label, names in VALUES.items() if name in names)
    shown = f'perRegion="true" whenTagName="label" whenLabelValue="{labels}"'
    if choices is None:
        return f'  <TextArea name="{name}" toName="text" {shown} editable="true" maxSubmissions="1"/>\n'
    many = "multiple" if name in LISTS else "single"
    values = "".join(f"    <Choice value={quoteattr(value)}/>\n" for value in choices)
    return f'  <Choices name="{name}" toName="text" choice="{many}" {shown}>\n{values}  </Choices>\n'


# ---------------------------------------------------------------- in


class StudioValue(msgspec.Struct):
    """What a result says about a region."""

    start: int = -1
    end: int = -1
    labels: list[str] = []
    choices: list[str] = []
    text: str | list[str] | None = None

    @property
    def given(self) -> list[str]:
        """The choices or the text of a control."""
        return self.choices or ([self.text] if isinstance(self.text, str) else self.text or [])


class Result(msgspec.Struct):
    """A region, a control of a region, or a relation."""

    type: str
    id: str = ""
    from_name: str = ""
    value: StudioValue = msgspec.field(default_factory=StudioValue)
    from_id: str = ""
    to_id: str = ""
    labels: list[str] = []
    direction: str = "right"


class Author(msgspec.Struct):
    """Who completed an annotation, where the export spells it out."""

    id: int | str
    email: str = ""


class Annotated(msgspec.Struct):
    """What one annotator submitted for a task."""

    result: list[Result] = []
    completed_by: int | str | Author | None = None
    was_cancelled: bool = False

    @property
    def author(self) -> str:
        """The annotator as ``--annotator`` may name him or her: the e-mail address if the export has it, or the id."""
        by = self.completed_by
        return (by.email or str(by.id)) if isinstance(by, Author) else "" if by is None else str(by)


class Data(msgspec.Struct):
    """The data of a task."""

    text: str
    document: str


class StudioTask(msgspec.Struct):
    """A task of a JSON export; keys that are of no use here are left alone."""

    data: Data
    annotations: list[Annotated] = []


def import_labelstudio(inbox: Inbox, path: Path) -> None:
    """Read JSON exports: every annotation that was submitted, by its annotator."""
    for file in find_files(path, ".json"):
        content = read_foreign_text(inbox, file)
        tasks = parse_json(inbox, str(file), content, list[StudioTask]) if content is not None else None
        for task in tasks or []:
            name = task.data.document
            text = inbox.find_text(str(file), name)
            if text is None or not inbox.check_text(str(file), text, task.data.text):
                continue
            for annotated in task.annotations:
                if annotated.was_cancelled:
                    message = f"{annotated.author} skipped the task of {name!r}."
                    inbox.report("foreign-value", str(file), message, "submit the task, or remove the annotation.")
                else:
                    graph = _results_to_graph(inbox, str(file), text, annotated.result)
                    inbox.add_layer(str(file), name, graph, annotated.author)


def _results_to_graph(inbox: Inbox, path: str, text: str, results: list[Result]) -> Graph:
    nodes: dict[str, Node] = {}
    links = []
    for result in results:
        if result.type == "labels":
            for label in result.value.labels:
                if span := _region_span(inbox, path, text, result.value):
                    nodes[result.id] = Node(result.id, label, (span,), {})
        elif result.type == "relation":
            tail, head = (result.from_id, result.to_id)[:: -1 if result.direction == "left" else 1]
            links.append(Link(result.labels[0] if result.labels else "", tail, head))
    for result in results:
        if result.type not in ("labels", "relation"):
            _set_value(inbox, path, nodes, result)
    return Graph(list(nodes.values()), links)


def _region_span(inbox: Inbox, path: str, text: str, value: StudioValue) -> Span | None:
    words = value.text if isinstance(value.text, str) else None
    if words is not None:  # the editor shows line feeds in a region's text as two characters, a backslash and an n
        there = text[max(value.start, 0) : max(value.end, 0)]
        words = there if words in (there, there.replace("\n", "\\n")) else words
    return inbox.anchor(text, value.start, value.end, words, path)


def _set_value(inbox: Inbox, path: str, nodes: dict[str, Node], result: Result) -> None:
    node = nodes.get(result.id)
    given = result.value.given
    if node is None:
        message = f"The {result.from_name} {given!r} belongs to no region."
        inbox.report("foreign-value", path, message, "choose it for a region, or remove it.")
    elif len(given) > 1 and result.from_name not in LISTS and result.type == "choices":
        message = f"Got {len(given)} values for {result.from_name!r}. Expected one."
        inbox.report("foreign-value", path, message, "keep one of them.", about=f"{node.label} {node.key!r}")
    else:
        joined = (" " if result.from_name in LISTS else "\n").join(given)
        nodes[node.key] = node._replace(values={**node.values, result.from_name: joined})
