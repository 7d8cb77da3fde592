"""Write HTML pages that show a corpus with its annotations, or two states of it side by side.

The pages are static, need no network and run one script of their own: the renderer in
``workbench/page``, which draws the records that a page contains as data. Everything from the corpus
is shown as text: the templates escape it, the script sets it as text, and a content security policy
blocks every other script.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, NamedTuple

from readout.corpus.outputs import write_page
from readout.model import (
    ANNOTATION_CLASSES,
    AnnotatedDocument,
    Corpus,
    Layer,
    Registries,
    Suggestion,
    iter_spans,
)
from readout.text.alignment import Alignment
from readout.text.tokens import Paragraphs, iter_paragraphs
from readout.workbench.diff.report import ChangeKind, Changes, DocumentChanges, LayerChanges
from readout.workbench.diff.states import State
from readout.workbench.diff.wording import (
    CHANGE_SIGNS,
    Background,
    format_value,
    layer_name,
    summarise_layer,
)
from readout.workbench.preview.data import (
    RECORD_FIELDS,
    Statements,
    html_text,
    pack_changes,
    pack_document,
    pack_layer,
    pack_registries,
    script_data,
)

PREVIEW = "build/preview"
"""The folder of the pages inside a corpus folder, by default."""
CHANGE_NAMES: Mapping[ChangeKind, str] = {kind: kind for kind in CHANGE_SIGNS}


_MODULES = ("segments.js", "facts.js", "render.js", "overview.js")
"""The modules of the renderer; each imports only from those before it."""
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=const|class|function)", re.MULTILINE)
_COMMENT = re.compile(r"^ *(?:/\*(?:[^*]|\*(?!/))*\*/|// .*)\n", re.MULTILINE)


def join_script() -> str:
    """Return the modules of the renderer and the script of the pages as one script.

    A page from a file may not load modules, so their imports and exports are taken out, and the
    comments with them, to keep pages small.
    """
    shared = files("readout.workbench") / "page"
    sources = [(shared / name).read_text(encoding="utf-8") for name in _MODULES]
    page = files("readout.workbench.preview") / "page" / "page.js"
    sources.append(page.read_text(encoding="utf-8"))
    words = json.loads((shared / "words.json").read_text(encoding="utf-8"))

    script = f'"use strict";\nconst WORDS = {json.dumps(words)};\n'
    for source in sources:
        script += _COMMENT.sub("", _EXPORT.sub("", _IMPORT.sub("", source)))
    return script


def _environment() -> Any:
    """Return the templates with the style, the script and its hash for the security policy."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("readout.workbench.preview", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shared = files("readout.workbench") / "page" / "render.css"
    own = files("readout.workbench.preview") / "page" / "page.css"
    script = Markup(join_script())
    style = Markup(shared.read_text(encoding="utf-8") + own.read_text(encoding="utf-8"))
    digest = b64encode(sha256(script.encode()).digest()).decode()
    environment.globals.update(
        script=script,
        style=style,
        script_hash=digest,
        script_data=script_data,
        html_text=html_text,
        signs=CHANGE_SIGNS,
    )
    return environment


def list_suggestions(corpus: Corpus) -> dict[str, Sequence[Suggestion]]:
    """Return the suggestions for each document; none if not every line of the file is read."""
    found: dict[str, Sequence[Suggestion]] = {}
    for document in corpus.documents:
        file = document.suggestions
        if file.is_whole:
            found[document.meta.doc_id] = file.records
    return found


def write_preview(
    folder: Path,
    corpus: Corpus,
    problems: int = 0,
    suggestions: Mapping[str, Sequence[Suggestion]] | None = None,
    home: str | None = None,
) -> None:
    """Write one page per document and an index into an empty folder.

    ``problems`` is the number of problems that kept records from being read; the index shows it.
    ``suggestions`` are those of each document, by its id; rejected ones are not shown. ``home`` is
    the address of the site that the pages are a part of.
    """
    environment = _environment()
    environment.globals.update(home=home)
    template = environment.get_template("document.html")
    statements = Statements(corpus.documents)
    names = [document.meta.doc_id for document in corpus.documents]
    rows = []
    for number, document in enumerate(corpus.documents):
        proposed = (suggestions or {}).get(document.meta.doc_id, ())
        data = pack_document(document, corpus.registries, statements, proposed)
        outlet = _outlet(document, corpus)
        neighbours = {
            "before": names[number - 1] if number else None,
            "after": names[number + 1 : number + 2],
        }
        counts = _count_types(document.gold)
        page = template.render(
            document=document, data=data, counts=counts, outlet=outlet, neighbours=neighbours
        )
        _write(folder / f"{document.meta.doc_id}.html", page)
        rows.append((document.meta, outlet, counts))

    index = environment.get_template("index.html")
    _write(folder / "index.html", index.render(corpus=corpus, rows=rows, problems=problems))


def _count_types(layer: Layer) -> dict[str, int]:
    """Return the number of annotations of each type."""
    types = [type(record) for record in layer.records]
    return {kind: types.count(each) for kind, each in ANNOTATION_CLASSES.items()}


def _outlet(document: AnnotatedDocument, corpus: Corpus) -> str:
    """Return the name of a document's outlet."""
    name = document.meta.outlet or ""
    entry = corpus.registries.speakers.get(name)
    return entry.name if entry else name or "unknown outlet"


def _write(path: Path, page: str) -> None:
    path.write_text(page, encoding="utf-8", newline="")


# ---------------------------------------------------------------- before and after


def write_changes(path: Path, changes: Changes, old: State, new: State) -> None:
    """Write a page that shows the changed documents before and after."""
    before = {each.meta.doc_id: each for each in old.corpus.documents}
    after = {each.meta.doc_id: each for each in new.corpus.documents}
    sections = []
    for document in changes.documents:
        sides = [
            Side("before", before.get(document.doc_id), old.corpus.registries),
            Side("after", after.get(document.doc_id), new.corpus.registries),
        ]
        sections += [_view_section(document, layer, sides) for layer in document.layers]

    unchanged = {*before, *after} - {each.doc_id for each in changes.documents}
    template = _environment().get_template("changes.html")
    page = template.render(
        changes=changes,
        sections=sections,
        unchanged=len(unchanged),
        background=Background(old.corpus, new.corpus),
        format_value=format_value,
        layer_name=layer_name,
        summarise=summarise_layer,
    )
    write_page(path, page, "diff")


class Side(NamedTuple):
    """A document before or after the changes; None if that state does not have it."""

    name: Literal["before", "after"]
    document: AnnotatedDocument | None
    registries: Registries


def _view_section(
    changes: DocumentChanges, layer: LayerChanges, sides: Sequence[Side]
) -> dict[str, Any]:
    """Return a changed layer of a document: its text before and after, and the changes."""
    name = f"{changes.doc_id}/{layer_name(layer)}"
    packed = []
    found_layers: list[Layer] = []
    for side, changed in zip(sides, _find_changed_text(changes, sides), strict=True):
        if side.document is None:
            continue
        empty = Layer(path="", annotator=layer.annotator)
        found = side.document.find_layer(layer.annotator) or empty
        text = side.document.text
        shown = None
        if changes.kind == "changed" and not layer.whole:
            touched = [*changed, *_iter_changed_places(changes, layer, side)]
            shown = _find_paragraphs(text, touched)
            found = _select_shown(found, shown, layer)
        pieces = _cut_pieces(text, shown)
        data = pack_layer(found, side.name, _blank(text, pieces), f"{name}/{side.name}/")
        data |= {
            "size": len(text),
            "paragraphs": list(iter_paragraphs(text)),
            "shown": shown,
            "changed": changed,
            "registries": pack_registries(side.registries, found.records),
        }
        packed.append((data, pieces))
        found_layers.append(found)

    comparisons = []
    if len(found_layers) == 2:
        comparison = pack_changes(layer, found_layers, CHANGE_NAMES)
        comparisons.append({"left": 0, "right": 1, "changes": comparison})
    return {
        "id": name,
        "document": changes,
        "layer": layer,
        "sides": packed,
        "data": {
            "id": name,
            "layers": [data for data, _ in packed],
            "comparisons": comparisons,
            "names": CHANGE_NAMES,
            "fields": RECORD_FIELDS,
        },
    }


def _cut_pieces(text: str, shown: Sequence[tuple[int, int]] | None) -> list[tuple[int, str] | int]:
    """Return the text to show in pieces, each with its start.

    A number stands for so many paragraphs that are left out.
    """
    if shown is None:
        return [(0, text)]
    pieces: list[tuple[int, str] | int] = []
    left = 0
    for start, end in iter_paragraphs(text):
        if (start, end) not in shown:
            left += 1
            continue
        if left:
            pieces.append(left)
        left = 0
        pieces.append((start, text[start:end] + "\n"))
    if left:
        pieces.append(left)
    return pieces


def _blank(text: str, pieces: Iterable[tuple[int, str] | int]) -> str:
    """Return a text of the same length that has only the words of some pieces."""
    blank = [" "] * len(text)
    for piece in pieces:
        if isinstance(piece, tuple):
            start, words = piece
            blank[start : start + len(words)] = words
    return "".join(blank)[: len(text)]


def _iter_changed_places(
    changes: DocumentChanges, layer: LayerChanges, side: Side
) -> Iterator[tuple[int, int]]:
    """Yield the spans of the changed annotations in the text of one side.

    If the texts are equal, both sides show the same paragraphs.
    """
    for change in layer.changes:
        ours, theirs = change.new, change.old
        if side.name == "before":
            ours, theirs = theirs, ours
        both = (ours,) if changes.text_changed else (ours, theirs)
        for annotation in both:
            spans = iter_spans(annotation) if annotation else ()
            for _, span in spans:
                yield span.start, span.end


def _select_shown(layer: Layer, shown: Sequence[tuple[int, int]], changes: LayerChanges) -> Layer:
    """Return a layer with the annotations only that changed or have words in some paragraphs."""
    sides = [each for change in changes.changes for each in (change.old, change.new) if each]
    changed = {each.id for each in sides}
    kept = []
    for record in layer.records:
        spans = [span for _, span in iter_spans(record)]
        is_shown = any(
            span.start < end and start < span.end for span in spans for start, end in shown
        )
        if is_shown or record.id in changed:
            kept.append(record)
    return Layer(path=layer.path, annotator=layer.annotator, records=tuple(kept))


def _find_paragraphs(text: str, places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ``(start, end)`` of the paragraphs that contain a part of some places."""
    paragraphs = Paragraphs(text)
    numbers: set[int] = set()
    for start, end in places:
        first, last = paragraphs.index_at(start), paragraphs.index_at(max(start, end - 1))
        numbers.update(range(first, last + 1))
    return [span for at, span in enumerate(paragraphs.spans) if at in numbers]


def _find_changed_text(
    changes: DocumentChanges, sides: Sequence[Side]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return ``(start, end)`` of the words that only the old or only the new text has."""
    if not changes.text_changed:
        return [], []
    old, new = (side.document.text if side.document else "" for side in sides)
    alignment = Alignment(old, new)
    return alignment.removed_words(), alignment.inserted_words()
