"""List the formats by name, export to them and import from them, and describe them in a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, TypeAlias

from readout.corpus.files import Change, FileBytes, FileChanges
from readout.corpus.read import BY, find_root
from readout.interchange.corpora import parc, pdnc, polnear, semeval
from readout.interchange.corpora.newcomers import CorpusInbox, build_corpus_files
from readout.interchange.inbox import CODES, Inbox, build_layer_files, to_entries
from readout.interchange.outbox import Outbox, UnknownChoiceError, build_outbox
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
    webanno_tsv,
    webannotation,
)
from readout.model import Corpus
from readout.problem import Problem, nearest

Exporter: TypeAlias = Callable[[Outbox], None]
Importer: TypeAlias = Callable[[Inbox, Path], None]
CorpusImporter: TypeAlias = Callable[[CorpusInbox, Path], None]


class Format(NamedTuple):
    """A foreign format: its title, its module, and the functions that write and read it.

    ``read`` imports annotations of existing documents; ``read_corpus`` imports texts too.
    """

    title: str
    module: ModuleType
    write: Exporter | None = None
    read: Importer | None = None
    read_corpus: CorpusImporter | None = None

    @property
    def losses(self) -> tuple[str, ...]:
        """Return the sentences that say what the format cannot represent."""
        losses: tuple[str, ...] = self.module.LOSSES
        return losses


FORMATS: Mapping[str, Format] = {
    "brat": Format("brat standoff", brat, brat.export_brat, brat.import_brat),
    "cas-xmi": Format("UIMA CAS XMI (INCEpTION)", cas, cas.export_cas_xmi, cas.import_cas_xmi),
    "cas-json": Format("UIMA CAS JSON (INCEpTION)", cas, cas.export_cas_json, cas.import_cas_json),
    "webanno-tsv": Format(
        "WebAnno TSV 3 (INCEpTION)",
        webanno_tsv,
        webanno_tsv.export_webanno,
        webanno_tsv.import_webanno,
    ),
    "labelstudio": Format(
        "Label Studio",
        labelstudio,
        labelstudio.export_labelstudio,
        labelstudio.import_labelstudio,
    ),
    "doccano": Format("doccano JSONL", doccano, doccano.export_doccano, doccano.import_doccano),
    "prodigy": Format(
        "Prodigy spans (JSONL)", prodigy, prodigy.export_prodigy, prodigy.import_prodigy
    ),
    "spacy": Format(
        "spaCy DocBin", spacy_docbin, spacy_docbin.export_spacy, spacy_docbin.import_spacy
    ),
    "webannotation": Format(
        "W3C Web Annotation",
        webannotation,
        webannotation.export_webannotation,
        webannotation.import_webannotation,
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
    "Registries, metadata, guidelines and adjudication are not imported from annotation tools.",
    "Imported lines, keys and annotations are in canonical order.",
)


# ---------------------------------------------------------------- export and import


def export_corpus(
    name: str, corpus: Corpus, documents: Iterable[str] = (), layers: Iterable[str] = ()
) -> Outbox:
    """Return an outbox with the chosen documents and layers in a format.

    Raises:
        UnknownChoiceError: the corpus has no such document or layer.

    """
    outbox = build_outbox(corpus, documents, layers)
    write = FORMATS[name].write
    if write is not None:
        write(outbox)
    return outbox


def find_destination(name: str, folder: Path) -> Path:
    """Return the root of the corpus to import into.

    If the format brings texts, an empty folder is a root too.

    Raises:
        UnreadableCorpusError: the folder is in no corpus.

    """
    brings_texts = FORMATS[name].read_corpus is not None
    if brings_texts and not any(folder.iterdir()):
        return folder
    return find_root(folder)


def import_files(
    name: str,
    path: Path,
    corpus: Corpus | None,
    annotators: Mapping[str, str],
    replace: bool = False,
) -> tuple[FileBytes, list[Problem]]:
    """Return the result of ``import_layers`` or ``import_corpus``, depending on the format.

    Raises:
        UnknownChoiceError: a published corpus is imported for several annotators.

    """
    if corpus is not None and FORMATS[name].read is not None:
        return import_layers(name, path, corpus, annotators, replace)

    if len(annotators) > 1:
        raise UnknownChoiceError(
            "A published corpus becomes the layer of one annotator. Give --annotator ID once."
        )
    (annotator,) = annotators.values()
    return import_corpus(name, path, corpus, annotator, replace)


def import_layers(
    name: str, path: Path, corpus: Corpus, annotators: Mapping[str, str], replace: bool = False
) -> tuple[FileBytes, list[Problem]]:
    """Return the annotation files made from foreign files, by path, and the problems.

    If there is any problem, there are no files. ``annotators`` maps the names that the foreign
    files give to their annotators to ids, and ``""`` to the id for all others. Unless ``replace``
    is true, an existing layer is a problem.
    """
    texts = {document.meta.doc_id: document.text for document in corpus.documents}
    inbox = Inbox(to_entries(corpus.registries), texts, annotators)

    registered = corpus.registries.annotators
    for annotator in annotators.values():
        if annotator not in registered:
            message = f"There is no annotator {annotator!r} in annotations/annotators.jsonl."
            hint = nearest(annotator, registered) or "add the annotator to the file first."
            inbox.report("foreign-annotator", str(path), message, hint)

    read = FORMATS[name].read
    if read is not None and not inbox.problems:
        read(inbox, path)
        _check_layers(inbox, path, corpus, replace)
    return build_layer_files(inbox), inbox.problems


def import_corpus(
    name: str, path: Path, corpus: Corpus | None, annotator: str, replace: bool = False
) -> tuple[FileBytes, list[Problem]]:
    """Return the files that a published corpus adds to a corpus folder, by path, and the problems.

    ``corpus`` is None for an empty folder. If there is any problem, there are no files.
    """
    inbox = CorpusInbox(corpus, annotator, FORMATS[name].title)
    read = FORMATS[name].read_corpus
    if read is not None:
        read(inbox, path)
        _check_layers(inbox, path, corpus, replace)
    return build_corpus_files(inbox), inbox.problems


def to_changes(files: FileBytes, corpus: Corpus | None, replace: bool) -> FileChanges:
    """Return imported files as changes of what was read.

    Registries and metadata are added to; layers are overwritten only if ``replace`` is true. Any
    other file that exists already is not overwritten.
    """
    present: FileBytes = {}
    if corpus is not None:
        records = [*corpus.registries.files.values(), corpus.index]
        layers = [layer for document in corpus.documents for layer in document.layers]
        read = [*records, *layers] if replace else records
        present = {file.path: file.raw for file in read}
    return {path: Change(present.get(path), raw) for path, raw in files.items()}


def _check_layers(inbox: Inbox, path: Path, corpus: Corpus | None, replace: bool) -> None:
    """Report an import without layers, and layers that would overwrite existing ones."""
    if not inbox.layers and not inbox.problems:
        hint = "give the path of a file in this format, or of its folder."
        inbox.report("foreign-syntax", str(path), "There is nothing to import.", hint)
    if replace or corpus is None:
        return

    present = {
        (layer.annotator, document.meta.doc_id)
        for document in corpus.documents
        for layer in document.layers
    }
    for annotator, doc_id in sorted(inbox.layers):
        if (annotator, doc_id) in present:
            place = f"{BY}/{annotator}/{doc_id}.jsonl"
            message = f"The annotator {annotator!r} has a layer of {doc_id!r} already."
            inbox.report("foreign-annotator", place, message, "give --replace to overwrite it.")


# ---------------------------------------------------------------- the page


def format_reference() -> str:
    """Return the formats, their losses and the problems of imports and exports as Markdown."""
    rows = [
        f"| `{name}` | {each.title} | {_list_directions(each)} |\n"
        for name, each in FORMATS.items()
    ]
    names_of: dict[ModuleType, list[str]] = {}
    for name, each in FORMATS.items():
        names_of.setdefault(each.module, []).append(name)

    sections = [_format_module(module, names) for module, names in names_of.items()]
    codes = [f"| `{code}` | {demand} |\n" for code, demand in CODES.items()]
    parts = [
        "| format | what it is | directions |\n| --- | --- | --- |\n",
        *rows,
        "\nLosses of every format:\n\n",
        _format_bullets(COMMON_LOSSES),
        *sections,
        "\n## Problems\n\n| code | what it demands |\n| --- | --- |\n",
        *codes,
    ]
    return "".join(parts)


def _format_module(module: ModuleType, names: Iterable[str]) -> str:
    title = ", ".join(f"`{name}`" for name in names)
    about = (module.__doc__ or "").strip().replace("``", "`")
    return f"\n## {title}\n\n{about}\n\nLosses:\n\n{_format_bullets(module.LOSSES)}"


def _list_directions(each: Format) -> str:
    directions = {
        "export": each.write,
        "import": each.read,
        "import of texts and annotations": each.read_corpus,
    }
    return ", ".join(name for name, function in directions.items() if function)


def _format_bullets(lines: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in lines)
