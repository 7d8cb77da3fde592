"""Pages for people: a corpus to read with its annotations, and two states of it side by side.

The pages are static, need no network and run one script of their own. Whatever comes from the corpus is shown as text:
templates escape it, the script sets it as text, and a content security policy lets no other script run.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from readout.model import AnnotatedDocument, Corpus, Layer, Registries
from readout.text.alignment import Alignment
from readout.workbench.diff.report import ChangeKind, Changes, DocumentChanges, LayerChanges
from readout.workbench.diff.states import State
from readout.workbench.diff.wording import (
    CHANGE_SIGNS,
    BothTexts,
    describe_annotation,
    format_value,
    layer_name,
    summarise_layer,
)
from readout.workbench.preview.facts import LayerScope, Statements
from readout.workbench.preview.views import (
    LANES,
    script_data,
    view_changes,
    view_document,
    view_layer,
)

PREVIEW = "build/preview"
CHANGE_NAMES: Mapping[ChangeKind, str] = {kind: kind for kind in CHANGE_SIGNS}


def check_target(folder: Path) -> None:
    """Raise where a folder holds something else than an earlier preview, which would be lost.

    Raises:
        FileExistsError: the folder is neither empty nor a preview.

    """
    index = folder / "index.html"
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        if not index.is_file() or b'content="readout preview"' not in index.read_bytes()[:1000]:
            raise FileExistsError(
                f"{str(folder)!r} is not empty and holds no preview, so it is not replaced."
            )


def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("readout.workbench.preview", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = files("readout.workbench.preview") / "page"
    script, style = (
        Markup((folder / name).read_text(encoding="utf-8")) for name in ("page.js", "page.css")
    )
    digest = b64encode(sha256(script.encode()).digest()).decode()
    environment.globals.update(
        script=script,
        style=style,
        script_hash=digest,
        lanes=range(LANES),
        script_data=script_data,
        signs=CHANGE_SIGNS,
    )
    return environment


def write_preview(folder: Path, corpus: Corpus, problems: int = 0) -> None:
    """Write one page for each document and an index into an empty folder; ``problems`` is told to the reader."""
    environment = _environment()
    template = environment.get_template("document.html")
    statements = Statements(corpus.documents)
    names = [document.meta.doc_id for document in corpus.documents]
    counts = []
    for number, document in enumerate(corpus.documents):
        view = view_document(document, corpus.registries, statements)
        neighbours = {
            "before": names[number - 1] if number else None,
            "after": names[number + 1 : number + 2],
        }
        page = template.render(
            document=view, outlet=_outlet(document, corpus), neighbours=neighbours
        )
        _write(folder / f"{document.meta.doc_id}.html", page)
        counts.append(view["layers"][0].counts)
    index = environment.get_template("index.html")
    rows = [
        (each.meta, _outlet(each, corpus), count)
        for each, count in zip(corpus.documents, counts, strict=True)
    ]
    _write(folder / "index.html", index.render(corpus=corpus, rows=rows, problems=problems))


def _outlet(document: AnnotatedDocument, corpus: Corpus) -> str:
    name = document.meta.outlet or ""
    entry = corpus.registries.speakers.get(name)
    return entry.name if entry else name or "unknown outlet"


def _write(path: Path, page: str) -> None:
    path.write_text(page, encoding="utf-8", newline="")


# ---------------------------------------------------------------- before and after


def write_changes(path: Path, changes: Changes, old: State, new: State) -> None:
    """Write a page that shows the changed documents before and after."""
    sides = [
        (side, {each.meta.doc_id: each for each in state.corpus.documents}, state.corpus.registries)
        for side, state in (("before", old), ("after", new))
    ]
    sections = [
        _view_section(
            document,
            layer,
            [(side, found.get(document.doc_id), registries) for side, found, registries in sides],
        )
        for document in changes.documents
        for layer in document.layers
    ]
    texts = BothTexts(old.corpus.documents, new.corpus.documents)
    page = _environment().get_template("changes.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(
        path,
        page.render(
            changes=changes, sections=sections, texts=texts, describe=describe_annotation, format_value=format_value,
            layer_name=layer_name, summarise=summarise_layer,
        ),
    )  # fmt: skip


def _view_section(
    changes: DocumentChanges,
    layer: LayerChanges,
    sides: Sequence[tuple[str, AnnotatedDocument | None, Registries]],
) -> dict[str, Any]:
    """Return one changed layer of a document: the text with its annotations before and after, and the changes."""
    name = f"{changes.doc_id}/{layer_name(layer)}"
    texts = [document.text if document else "" for _, document, _ in sides]
    alignment = Alignment(*texts) if changes.text_changed else None
    places = (alignment.removed_words(), alignment.inserted_words()) if alignment else ([], [])
    views = []
    for (side, document, registries), changed in zip(sides, places, strict=True):
        if document is not None:
            found = document.find_layer(layer.annotator) or Layer(
                path="", annotator=layer.annotator
            )
            views.append(
                view_layer(
                    found, LayerScope(registries, document, found, f"{name}/{side}/"), side, changed
                )
            )
    comparisons = [view_changes(layer, 0, 1, views, CHANGE_NAMES)] if len(views) == 2 else []
    return {
        "id": name,
        "document": changes,
        "layer": layer,
        "layers": views,
        "comparisons": comparisons,
    }
