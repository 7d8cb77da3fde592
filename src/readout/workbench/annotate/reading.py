"""Read a corpus again and again; only what changed is parsed, judged and put into JSON anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from readout.checks import check_adjudication, check_layer, find_metadata_faults, spans
from readout.corpus import read
from readout.corpus.parse import count_equal, parse_changed_layer, parse_layer
from readout.model import (
    AnnotatedDocument,
    AnyAnnotation,
    Document,
    Layer,
    Registries,
)
from readout.problem import Problem, is_failure
from readout.workbench.annotate.shapes import Json, list_json

_SHARED = (
    *[f"annotations/{name}.jsonl" for name in read.REGISTRY_FILES],
    read.IPTC,
    read.GUIDELINES,
)
"""The files that registries are read from."""


class _Parsed(NamedTuple):
    """A layer, its problems up to the schema rung, and those that rules found in it."""

    layer: Layer
    problems: list[Problem]


class _Listed(NamedTuple):
    """Annotations, and what they are in JSON."""

    records: Sequence[AnyAnnotation]
    listed: list[Json]


class _Judged(NamedTuple):
    layer: Layer
    text: str
    registries: Registries
    problems: list[Problem]


class _Compared(NamedTuple):
    """What the problems of decisions depend on."""

    objects: list[Layer | Registries]
    decisions: bytes
    meta: Document

    def is_same(self, other: _Compared) -> bool:
        """Tell whether the objects are the same ones, and all else is equal."""
        is_as_long = len(self.objects) == len(other.objects)
        pairs = zip(self.objects, other.objects, strict=False)
        is_equal = self.decisions == other.decisions and self.meta == other.meta
        return is_as_long and is_equal and all(one is two for one, two in pairs)


class Reader:
    """What was read of a corpus, and what the rules found in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._shared: list[bytes | None] = []
        self._registries = Registries()
        self._parsed: dict[str, _Parsed] = {}
        self._listed: dict[str, _Listed] = {}
        self._judged: dict[str, _Judged] = {}
        self._decided: dict[str, tuple[_Compared, list[Problem]]] = {}

    def read_registries(self) -> Registries:
        """Return the registries; the same object as long as no file of them changes."""
        shared = [read.read_bytes(self.root, path)[0] for path in _SHARED]
        if shared != self._shared:
            self._registries, _ = read.read_registries(self.root)
            self._shared = shared
        return self._registries

    def parse_layer(
        self, path: str, raw: bytes, annotator: str | None
    ) -> tuple[Layer, list[Problem]]:
        """Return an annotation file and its problems up to the schema rung."""
        known = self._parsed.get(path)
        if known is None or known.layer.raw != raw:
            known = _parse_anew(known, path, raw, annotator)
            self._parsed[path] = known
        return known

    def list_annotations(self, layer: Layer) -> list[Json]:
        """Return the annotations of a layer in JSON; those that did not change are shared."""
        before = self._listed.get(layer.path, _Listed((), []))
        start, end = count_equal(before.records, layer.records)
        changed = list_json(layer.records[start : len(layer.records) - end])
        kept = before.listed[len(before.listed) - end :]
        listed = [*before.listed[:start], *changed, *kept]
        self._listed[layer.path] = _Listed(layer.records, listed)
        return listed

    def read_document(
        self, meta: Document, annotators: Iterable[str], has_gold: bool
    ) -> tuple[AnnotatedDocument | None, list[Problem]]:
        """Return a document with some layers, as :func:`readout.corpus.read.read_document`."""
        return read.read_document(self.root, meta, annotators, self.parse_layer, has_gold)

    def check_layer(
        self, layer: Layer, document: AnnotatedDocument, registries: Registries
    ) -> list[Problem]:
        """Return the problems of an annotation file above the schema rung."""
        known = self._judged.get(layer.path)
        is_known = known is not None and (
            known.layer is layer and known.registries is registries and known.text == document.text
        )
        if known is None or not is_known:
            problems = list(check_layer(layer, document, registries))
            known = _Judged(layer, document.text, registries, problems)
            self._judged[layer.path] = known
        return known.problems

    def check_gold(self, document: AnnotatedDocument, registries: Registries) -> list[Problem]:
        """Return the problems of all layers of a document and of the decisions about them.

        They are those of :func:`readout.checks.check_document`, apart from problems of metadata.
        """
        if any(each is spans.checksum for each, _ in find_metadata_faults(document)):
            return []  # the text is not the one that was annotated
        problems = []
        sound = set()
        for layer in (document.gold, *document.layers):
            found = self.check_layer(layer, document, registries)
            problems += found
            if layer.is_whole and not is_failure(found):
                sound.add(layer.path)
        if document.adjudication.raw or document.meta.adjudicated:
            problems += self._check_decisions(document, registries, sound)
        return problems

    def _check_decisions(
        self, document: AnnotatedDocument, registries: Registries, sound: set[str]
    ) -> list[Problem]:
        """Return the problems of decisions; comparing all layers costs more than all else."""
        read_now: list[Layer | Registries] = [document.gold, *document.layers, registries]
        key = _Compared(read_now, document.adjudication.raw, document.meta)
        known = self._decided.get(document.meta.doc_id)
        if known is None or not known[0].is_same(key):
            known = key, list(check_adjudication(document, registries, sound))
            self._decided[document.meta.doc_id] = known
        return known[1]


def _parse_anew(known: _Parsed | None, path: str, raw: bytes, annotator: str | None) -> _Parsed:
    """Return a file of which another version is known, if any."""
    if known is not None and not known.problems:
        changed = parse_changed_layer(known.layer, raw)
        if changed is not None:
            return _Parsed(changed, [])
    return _Parsed(*parse_layer(path, raw, annotator))
