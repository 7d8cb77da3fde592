"""The formats by name, what is done with them, and the page that describes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, TypeAlias

from readout.corpus.files import FileBytes
from readout.corpus.read import BY, find_root
from readout.interchange.corpora import parc, pdnc, polnear, semeval
from readout.interchange.corpora.newcomers import CorpusInbox, corpus_files
from readout.interchange.inbox import CODES, Inbox, entries_of, layer_files
from readout.interchange.outbox import Outbox, UnknownChoiceError, pack
from readout.interchange.tools import (
    brat,
    cas,
    conll,
    doccano,
    labelstudio,
    prodigy,
    spacy_docbin,
    spreadsheet,
    sqlite,
    tei,
    webannotation,
)
from readout.model import Corpus
from readout.problem import Problem, nearest

Exporter: TypeAlias = Callable[[Outbox], None]
Importer: TypeAlias = Callable[[Inbox, Path], None]
CorpusImporter: TypeAlias = Callable[[CorpusInbox, Path], None]


class Format(NamedTuple):
    """A foreign format: its module, and how it is written and read; ``read_corpus`` brings texts too."""

    title: str
    module: ModuleType
    write: Exporter | None = None
    read: Importer | None = None
    read_corpus: CorpusImporter | None = None

    @property
    def losses(self) -> tuple[str, ...]:
        """What the format does not carry."""
        losses: tuple[str, ...] = self.module.LOSSES
        return losses


FORMATS: Mapping[str, Format] = {
    "brat": Format("brat standoff", brat, brat.export_brat, brat.import_brat),
    "cas-xmi": Format("UIMA CAS XMI (INCEpTION)", cas, cas.export_cas_xmi, cas.import_cas_xmi),
    "cas-json": Format("UIMA CAS JSON (INCEpTION)", cas, cas.export_cas_json, cas.import_cas_json),
    "labelstudio": Format("Label Studio", labelstudio, labelstudio.export_labelstudio, labelstudio.import_labelstudio),
    "doccano": Format("doccano JSONL", doccano, doccano.export_doccano, doccano.import_doccano),
    "prodigy": Format("Prodigy spans (JSONL)", prodigy, prodigy.export_prodigy, prodigy.import_prodigy),
    "spacy": Format("spaCy DocBin", spacy_docbin, spacy_docbin.export_spacy, spacy_docbin.import_spacy),
    "webannotation": Format(
        "W3C Web Annotation", webannotation, webannotation.export_webannotation, webannotation.import_webannotation
    ),
    "tei": Format("TEI P5 standOff", tei, tei.export_tei, tei.import_tei),
    "conll": Format("CoNLL columns", conll, conll.export_conll),
    "csv": Format("CSV", spreadsheet, spreadsheet.export_csv, spreadsheet.import_csv),
    "tsv": Format("TSV", spreadsheet, spreadsheet.export_tsv, spreadsheet.import_tsv),
    "sqlite": Format("SQLite", sqlite, sqlite.export_sqlite, sqlite.import_sqlite),
    "duckdb": Format("DuckDB", sqlite, sqlite.export_duckdb, sqlite.import_duckdb),
    "polnear": Format(polnear.TITLE, polnear, read_corpus=polnear.import_polnear),
    "parc": Format(parc.TITLE, parc, read_corpus=parc.import_parc),
    "pdnc": Format(pdnc.TITLE, pdnc, read_corpus=pdnc.import_pdnc),
    "semeval": Format(semeval.TITLE, semeval, read_corpus=semeval.import_semeval),
}
COMMON_LOSSES = (
    "Registries, metadata, guidelines and adjudication stay in the corpus; an import takes annotations alone.",
    "The order of lines, keys and annotations is that of the canonical form.",
)


# ---------------------------------------------------------------- out and in


def export_corpus(name: str, corpus: Corpus, documents: Iterable[str] = (), layers: Iterable[str] = ()) -> Outbox:
    """Return an outbox with the files of a format for the chosen documents and layers.

    Raises:
        UnknownChoiceError: the corpus has no such document or layer.

    """
    outbox = pack(corpus, documents, layers)
    write = FORMATS[name].write
    if write is not None:
        write(outbox)
    return outbox


def find_destination(name: str, folder: Path) -> Path:
    """Return the root of the corpus to import into: an empty folder itself, if the format brings texts.

    Raises:
        UnreadableCorpusError: the folder is in no corpus.

    """
    brings_texts = FORMATS[name].read_corpus is not None
    return folder if brings_texts and not any(folder.iterdir()) else find_root(folder)


def import_files(
    name: str, path: Path, corpus: Corpus | None, annotators: Mapping[str, str], replace: bool = False
) -> tuple[FileBytes, list[Problem]]:
    """Return what ``import_layers`` or ``import_corpus`` returns, whichever the format is for.

    Raises:
        UnknownChoiceError: a foreign corpus is imported for several annotators.

    """
    if corpus is not None and FORMATS[name].read is not None:
        return import_layers(name, path, corpus, annotators, replace)
    if len(annotators) > 1:
        raise UnknownChoiceError("A foreign corpus is imported as the layer of one annotator.")
    (annotator,) = annotators.values()
    return import_corpus(name, path, corpus, annotator, replace)


def import_layers(
    name: str, path: Path, corpus: Corpus, annotators: Mapping[str, str], replace: bool = False
) -> tuple[FileBytes, list[Problem]]:
    """Return the annotation files that foreign files make, by path, and the problems; with problems no files.

    ``annotators`` maps the names that the files give their annotators to ids, and ``""`` to the id for all others.
    """
    texts = {document.meta.doc_id: document.text for document in corpus.documents}
    inbox = Inbox(entries_of(corpus.registries), texts, annotators)
    for annotator in annotators.values():
        if annotator not in corpus.registries.annotators:
            message = f"There is no annotator {annotator!r} in annotations/annotators.jsonl."
            hint = nearest(annotator, corpus.registries.annotators) or "add the annotator first."
            inbox.report("foreign-annotator", str(path), message, hint)
    read = FORMATS[name].read
    if read is not None and not inbox.problems:
        read(inbox, path)
        _check_arrivals(inbox, path, corpus, replace)
    return layer_files(inbox), inbox.problems


def import_corpus(
    name: str, path: Path, corpus: Corpus | None, annotator: str, replace: bool = False
) -> tuple[FileBytes, list[Problem]]:
    """Return the files that a foreign corpus adds to a corpus folder, or to an empty one, and the problems."""
    inbox = CorpusInbox(corpus, annotator, FORMATS[name].title)
    read = FORMATS[name].read_corpus
    if read is not None:
        read(inbox, path)
        _check_arrivals(inbox, path, corpus, replace)
    return corpus_files(inbox), inbox.problems


def _check_arrivals(inbox: Inbox, path: Path, corpus: Corpus | None, replace: bool) -> None:
    """Report an import of nothing, and layers that would take the place of others."""
    if not inbox.layers and not inbox.problems:
        hint = "name a file of the format, or its folder."
        inbox.report("foreign-syntax", str(path), "There is nothing to import.", hint)
    if replace or corpus is None:
        return
    present = {(layer.annotator, document.meta.doc_id) for document in corpus.documents for layer in document.layers}
    for annotator, name in sorted(inbox.layers):
        if (annotator, name) in present:
            message = f"The annotator {annotator!r} has a layer of {name!r} already."
            place = f"{BY}/{annotator}/{name}.jsonl"
            inbox.report("foreign-annotator", place, message, "give --replace to overwrite it.")


# ---------------------------------------------------------------- the page


def format_reference() -> str:
    """Return the formats with what they lose, and the problems, as Markdown."""
    rows = "".join(f"| `{name}` | {each.title} | {_directions(each)} |\n" for name, each in FORMATS.items())
    modules: dict[ModuleType, list[str]] = {}
    for name, each in FORMATS.items():
        modules.setdefault(each.module, []).append(name)
    sections = "".join(_format_module(module, names) for module, names in modules.items())
    codes = "".join(f"| `{code}` | {demand} |\n" for code, demand in CODES.items())
    return (
        f"| format | what it is | directions |\n| --- | --- | --- |\n{rows}\nWhat every format leaves behind:\n\n"
        f"{_bullets(COMMON_LOSSES)}{sections}\n## Problems\n\n| code | what it demands |\n| --- | --- |\n{codes}"
    )


def _format_module(module: ModuleType, names: Iterable[str]) -> str:
    about = (module.__doc__ or "").strip().replace("``", "`")
    title = ", ".join(f"`{name}`" for name in names)
    return f"\n## {title}\n\n{about}\n\nWhat is lost:\n\n{_bullets(module.LOSSES)}"


def _directions(each: Format) -> str:
    ways = (("export", each.write), ("import", each.read), ("import of texts and annotations", each.read_corpus))
    return ", ".join(name for name, way in ways if way)


def _bullets(lines: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in lines)
