r"""Write tasks with pre-annotations for Label Studio, and read its JSON export.

The labelling configuration is written too. An export of Label Studio may contain several
annotators. Offsets in a ``Text`` tag are code points, and ``\r\n`` counts as two. A span is a
region of type ``labels``. Its values with a closed vocabulary are choices of the same region, and
all other values are text areas. Links are relations.

An export is a list of tasks. A file with a single task, or with an annotation and its task, is one
of the folders to which a project is synced. Exports of versions before 1.0 are read too.

The text of a task is its only text or the one called ``text``; the task may name its ``document``.
Words are compared without regard to white space, as the editor shows several spaces as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import msgspec

from readout.interchange.graph import (
    LINKS,
    LIST_VALUES,
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
from readout.interchange.units import Place
from readout.model import Registries, Span

LOSSES = (
    "Pre-annotations have no annotator; the name of the layer is their model version.",
    "Only submitted annotations are imported, by the id of the annotator who completed them.",
    "Choices for a whole task, and regions of HTML, dialogues and images, are left out and listed.",
    "Annotations first made in Label Studio get new ids; the ids of Label Studio are dropped.",
)
_COLOUR_CODES = ("#1f77b4", "#2ca02c", "#98df8a", "#9467bd", "#d62728", "#7f7f7f")
_COLOURS = dict(zip(NODE_LABELS, _COLOUR_CODES, strict=True))


# ---------------------------------------------------------------- out


def export_labelstudio(outbox: Outbox) -> None:
    """Write the labelling configuration, and one task per document with a prediction per layer."""
    outbox.add("config.xml", format_configuration(outbox.registries))
    tasks: dict[str, dict[str, Any]] = {}
    for sheet in outbox.sheets:
        data = {"text": sheet.text, "document": sheet.doc_id}
        task = tasks.setdefault(sheet.doc_id, {"data": data, "predictions": []})
        results = list(_iter_results(sheet))
        task["predictions"].append({"model_version": sheet.layer, "result": results})

    content = msgspec.json.encode(list(tasks.values()))
    outbox.add("tasks.json", msgspec.json.format(content, indent=1) + b"\n")


def _iter_results(sheet: Sheet) -> Iterator[dict[str, Any]]:
    pieces, links = to_pieces(sheet)
    for node, span in pieces:
        place = {"start": span.start, "end": span.end, "text": span.exact}
        yield _build_region(node.key, "label", "labels", {**place, "labels": [node.label]})

        for name, value in node.values.items():
            content = value.split() if name in LIST_VALUES else [value]
            if find_choices(name, None) is None:
                kind, content_key = "textarea", "text"
            else:
                kind, content_key = "choices", "choices"
            yield _build_region(node.key, name, kind, {**place, content_key: content})

    for link in links:
        ends = {"from_id": link.tail, "to_id": link.head}
        yield {"type": "relation", **ends, "direction": "right", "labels": [link.label]}


def _build_region(key: str, name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"id": key, "from_name": name, "to_name": "text", "type": kind, "value": value}


def find_choices(name: str, registries: Registries | None) -> list[str] | None:
    """Return the allowed values of a field; None if it is free text.

    Without registries, the list for a field that names registry entries is empty.
    """
    role = VALUE_ROLES[name]
    if role.kind == "entry":
        return list(getattr(registries, role.of)) if registries else []
    return list(role.values) or None


def format_configuration(registries: Registries) -> str:
    """Return the labelling configuration for the vocabularies of a corpus."""
    labels = "".join(
        f'    <Label value="{label}" background="{_COLOURS[label]}"/>\n' for label in NODE_LABELS
    )
    relations = "".join(f'    <Relation value="{name}"/>\n' for name in (*LINKS, PART))
    controls = ""
    for name in VALUE_ROLES:
        controls += _format_control(name, find_choices(name, registries))

    return (
        "<View>\n"
        f"  <Relations>\n{relations}  </Relations>\n"
        f'  <Labels name="label" toName="text">\n{labels}  </Labels>\n'
        '  <Text name="text" value="$text" granularity="symbol"/>\n'
        f"{controls}</View>\n"
    )


def _format_control(name: str, choices: list[str] | None) -> str:
    labels = ",".join(label for label, names in VALUES.items() if name in names)
    shown = f'perRegion="true" whenTagName="label" whenLabelValue="{labels}"'
    target = f'name="{name}" toName="text"'
    if choices is None:
        return f'  <TextArea {target} {shown} editable="true" maxSubmissions="1"/>\n'

    many = "multiple" if name in LIST_VALUES else "single"
    values = "".join(f"    <Choice value={quoteattr(value)}/>\n" for value in choices)
    return f'  <Choices {target} choice="{many}" {shown}>\n{values}  </Choices>\n'


# ---------------------------------------------------------------- in


class StudioValue(msgspec.Struct):
    """The value of a result: the place of its region, and its labels, choices or texts."""

    start: int | float | str = -1
    end: int | float | str = -1
    labels: list[str] = []
    choices: list[str] = []
    text: str | list[str] | None = None
    number: int | float | None = None
    rating: int | float | None = None
    taxonomy: list[list[str]] = []

    @property
    def given(self) -> list[str]:
        """Return the choices, numbers or texts of a control."""
        if self.choices:
            return self.choices
        if self.taxonomy:
            return [" / ".join(path) for path in self.taxonomy]
        number = self.rating if self.number is None else self.number
        if number is not None:
            return [str(number)]
        return [self.text] if isinstance(self.text, str) else self.text or []

    @property
    def has_place(self) -> bool:
        """Return whether the value belongs to a passage of a text."""
        return isinstance(self.start, int) and isinstance(self.end, int) and self.end > 0


class StudioResult(msgspec.Struct):
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
    """The annotator who completed an annotation, in exports that contain more than the id."""

    id: int | str
    email: str = ""


class StudioAnnotation(msgspec.Struct):
    """The results that one annotator submitted for a task."""

    result: list[StudioResult] = []
    completed_by: int | str | Author | None = None
    created_username: str = ""
    was_cancelled: bool = False

    @property
    def author(self) -> str:
        """Return the name for ``--annotator``: the e-mail address if there is one, or the id."""
        if isinstance(self.completed_by, Author):
            return self.completed_by.email or str(self.completed_by.id)
        return self.created_username if self.completed_by is None else str(self.completed_by)


class StudioTask(msgspec.Struct):
    """A task of a JSON export; other keys are ignored.

    Versions before 1.0 call the annotations ``completions``.
    """

    data: dict[str, Any]
    annotations: list[StudioAnnotation] = []
    completions: list[StudioAnnotation] = []
    drafts: list[Any] = []
    predictions: list[Any] = []

    @property
    def submitted(self) -> list[StudioAnnotation]:
        """Return the annotations, of any version."""
        return self.annotations or self.completions

    @property
    def document(self) -> str | None:
        """Return the document that the task names."""
        name = self.data.get("document")
        return name if isinstance(name, str) else None

    @property
    def text(self) -> str | None:
        """Return the text: that of the key ``text``, or else the only text."""
        text = self.data.get("text")
        if isinstance(text, str):
            return text
        texts = [
            value
            for name, value in self.data.items()
            if isinstance(value, str) and name != "document"
        ]
        return texts[0] if len(texts) == 1 else None


def import_labelstudio(inbox: Inbox, path: Path) -> None:
    """Read the annotations of JSON exports that were submitted, each for its annotator."""
    for file in find_files(path, ".json"):
        content = read_foreign_text(inbox, file)
        if content is None or _is_other_export(inbox, file, content):
            continue
        tasks = _parse_tasks(inbox, str(file), content)
        if tasks and not any(task.submitted for task in tasks):
            _report_unsubmitted(inbox, str(file), tasks)
        inbox.settle_unit(str(file), list(_iter_places(tasks)), "code-points")
        for task in tasks:
            _read_task(inbox, str(file), task)


def _parse_tasks(inbox: Inbox, path: str, content: str) -> list[StudioTask]:
    """Return the tasks of an export, or of a file of the folders to which projects are synced.

    Such a file has a single task or, since version 1.0, one annotation with its task in it.
    """
    if not content.lstrip().startswith("{"):
        return parse_json(inbox, path, content, list[StudioTask]) or []

    plain = parse_json(inbox, path, content, dict[str, Any]) or {}
    task = plain.pop("task", None)
    if isinstance(task, dict) and "result" in plain:
        content = msgspec.json.encode({**task, "annotations": [plain]}).decode()
    found = parse_json(inbox, path, content, StudioTask)
    return [] if found is None else [found]


def _iter_places(tasks: list[StudioTask]) -> Iterator[Place]:
    """Yield the places whose words the file states; old versions counted UTF-16 code units."""
    for task in tasks:
        for annotation in task.submitted:
            for result in annotation.result:
                value = result.value
                is_region = result.type == "labels" and isinstance(value.text, str)
                if is_region and value.has_place and task.text is not None:
                    words = str(value.text)
                    # The editor writes a line feed as these two characters; a text may have them.
                    if "\\n" not in task.text:
                        words = words.replace("\\n", " ")
                    yield Place(task.text, int(value.start), int(value.end), words)


def _is_other_export(inbox: Inbox, file: Path, content: str) -> bool:
    """Return whether a file is an export in JSON-MIN, which has no ids and relations; report it."""
    start = content[:10_000]
    is_minimal = '"annotation_id"' in start and '"annotations"' not in start
    if is_minimal:
        message = "The file is an export of Label Studio in JSON-MIN, without ids and relations."
        hint = "export the project as JSON."
        inbox.report("foreign-syntax", str(file), message, hint)
    return is_minimal


def _report_unsubmitted(inbox: Inbox, path: str, tasks: list[StudioTask]) -> None:
    predictions = sum(len(task.predictions) for task in tasks)
    drafts = sum(len(task.drafts) for task in tasks)
    found = f"{predictions} predictions and {drafts} drafts"
    message = f"None of the {len(tasks)} tasks has a submitted annotation. They have {found}."
    hint = "submit the tasks in Label Studio, and export the project again."
    inbox.report("foreign-value", path, message, hint)


def _read_task(inbox: Inbox, path: str, task: StudioTask) -> None:
    if task.text is None:
        message = f"The task has no text. Its data are {', '.join(task.data) or 'empty'}."
        hint = "put the text of the task under the key 'text'."
        inbox.report("foreign-document", path, message, hint)
        return

    found = inbox.find_document(path, task.document, task.text)
    if found is None:
        return
    for annotation in task.submitted:
        if annotation.was_cancelled:
            inbox.tell("A task that its annotator skipped is left out.", path)
            continue
        graph = _results_to_graph(inbox, path, found.text, annotation.result)
        inbox.add_layer(path, found.doc_id, graph, annotation.author)


def _results_to_graph(inbox: Inbox, path: str, text: str, results: list[StudioResult]) -> Graph:
    regions: dict[str, list[Node]] = {}
    links = []

    for result in results:
        if result.type == "labels":
            span = _anchor_region(inbox, path, text, result.value)
            if span is not None:
                _add_region(regions, result, span)
        elif result.type == "relation":
            label = result.labels[0] if result.labels else ""
            tail, head = result.from_id, result.to_id
            if result.direction == "left":
                tail, head = head, tail
            links.append(Link(label, tail, head))

    # Controls may come before the region that they belong to.
    for result in results:
        is_other_region = result.type.endswith("labels") and result.type != "labels"
        if is_other_region:
            inbox.tell(f"A region of the type {result.type!r} is left out.", path)
        elif result.type not in ("labels", "relation"):
            _set_value(inbox, path, regions, result)
    nodes = [node for group in regions.values() for node in group]
    return Graph(nodes, links)


def _add_region(regions: dict[str, list[Node]], result: StudioResult, span: Span) -> None:
    """Add an annotation for each label of a region."""
    group = regions.setdefault(result.id, [])
    for label in result.value.labels:
        key = f"{result.id}/label {len(group) + 1}" if group else result.id
        group.append(Node(key, label, (span,), {}))


def _anchor_region(inbox: Inbox, path: str, text: str, value: StudioValue) -> Span | None:
    if not isinstance(value.start, int) or not isinstance(value.end, int):
        inbox.tell("A region of HTML or of a recording is left out.", path)
        return None

    words = value.text if isinstance(value.text, str) else None
    pair = inbox.to_code_points(text, value.start, value.end)
    if words is not None and pair is not None:
        # The editor writes a line feed in a region's text as two characters, a backslash and an n,
        # and shows white space as HTML does: several spaces are one.
        exact = text[slice(*pair)]
        if words.replace("\\n", " ").split() == exact.replace("\\n", " ").split():
            words = exact
        elif _is_end_included(text, value, words):
            inbox.tell("The end of a region is the offset of its last character.", path)
            return inbox.anchor_span(text, value.start, value.end + 1, words, path)
    return inbox.anchor_span(text, value.start, value.end, words, path)


def _is_end_included(text: str, value: StudioValue, words: str) -> bool:
    """Return whether a region has its words only with the character at its end.

    Versions before 1.0 wrote such regions. What the words do not tell stays a problem.
    """
    start, end = int(value.start), int(value.end) + 1
    return 0 <= start < end <= len(text) and text[start:end] == words


def _set_value(
    inbox: Inbox, path: str, regions: dict[str, list[Node]], result: StudioResult
) -> None:
    """Give a value to the annotations of its region."""
    group = regions.get(result.id)
    name, given = result.from_name, result.value.given
    is_list = name in LIST_VALUES

    if group is None and not result.value.has_place:
        inbox.tell(f"A value of {name!r} for a whole task is left out.", path)
    elif group is None:
        message = f"The {name} {given!r} belongs to no region."
        hint = "choose it for a region, or remove it."
        inbox.report("foreign-value", path, message, hint)
    elif len(given) > 1 and not is_list and result.type == "choices" and not inbox.is_mapped:
        message = f"Got {len(given)} values for {name!r}. Expected one."
        about = f"{group[0].label} {group[0].key!r}"
        inbox.report("foreign-value", path, message, "keep one of them.", about=about)
    else:
        separator = " " if is_list else "\n"
        value = separator.join(given)
        regions[result.id] = [node._replace(values={**node.values, name: value}) for node in group]
