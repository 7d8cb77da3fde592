"""List the formats by name, export to them and import from them, and describe them in a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

from readout.corpus.files import Change, FileBytes, FileChanges
from readout.corpus.read import BY, find_root
from readout.interchange.corpora import parc, pdnc, polnear, semeval
from readout.interchange.corpora.newcomers import CorpusInbox, build_corpus_files
from readout.interchange.inbox import CODES, Inbox, build_layer_files, to_entries
from readout.interchange.inspection import Inspector, guess_formats
from readout.interchange.mapping import LabelMapping
from readout.interchange.outbox import Outbox, build_outbox
from readout.interchange.tools import (
    booknlp,
    brat,
    cas,
    conll,
    conllu,
    corenlp,
    doccano,
    inception,
    labelstudio,
    prodigy,
    spacy_docbin,
    spreadsheet,
    sqlite,
    tei,
    token_rows,
    webanno_tsv,
    webannotation,
)
from readout.model import Corpus, Registries
from readout.problem import Problem, nearest
from readout.text.find import Unit

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
    "inception": Format("INCEpTION project", inception, read=inception.import_inception),
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
    "conll": Format("CoNLL columns", conll, conll.export_conll, conll.import_conll),
    "conllu": Format("CoNLL-U (CorefUD)", conllu, conllu.export_conllu, conllu.import_conllu),
    "tokens": Format(
        "Hugging Face token classification",
        token_rows,
        token_rows.export_token_rows,
        token_rows.import_token_rows,
    ),
    "booknlp": Format("BookNLP", booknlp, read=booknlp.import_booknlp),
    "corenlp": Format("Stanford CoreNLP (JSON)", corenlp, read=corenlp.import_corenlp),
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


def find_destination(name: str, folder: Path | None, adds: bool = False) -> Path:
    """Return the root of the corpus to import into: a named folder, or that around the current one.

    If the import brings texts, an empty folder is a root too.

    Raises:
        UnreadableCorpusError: the named folder is no corpus, or the current one is in none.

    """
    brings_texts = adds or FORMATS[name].read_corpus is not None
    place = folder or Path()
    if brings_texts and not any(place.iterdir()):
        return place
    return find_root(folder)


class Choices(NamedTuple):
    """How foreign files are imported.

    ``annotators`` maps the names that the files give to their annotators to ids, and ``""`` to the
    id for all others. Unless ``replaces`` is true, an existing layer is a problem. If ``adds`` is
    true, documents and registry entries that the corpus lacks are added. ``mapping``,
    ``skips``, ``unit`` and ``encoding`` are those of an :class:`Inbox`.
    """

    annotators: Mapping[str, str]
    replaces: bool = False
    adds: bool = False
    mapping: LabelMapping | None = None
    skips: bool = False
    unit: Unit | None = None
    encoding: str | None = None


def import_files(
    name: str, path: Path, corpus: Corpus | None, choices: Choices
) -> tuple[FileBytes, Inbox]:
    """Return the files that an import writes, by path, and the inbox with what it found.

    ``corpus`` is None for an empty folder. If the inbox has any problem, there are no files. A
    published corpus always adds its documents.
    """
    chosen = FORMATS[name]
    read: Callable[[Any, Path], None] | None = chosen.read or chosen.read_corpus
    if chosen.read_corpus is not None or choices.adds or corpus is None:
        inbox: Inbox = CorpusInbox(
            corpus, choices.annotators, chosen.title, choices.mapping, choices.skips, choices.unit
        )
    else:
        texts = {document.meta.doc_id: document.text for document in corpus.documents}
        entries = to_entries(corpus.registries)
        inbox = Inbox(
            entries, texts, choices.annotators, choices.mapping, choices.skips, choices.unit
        )
        _check_annotators(inbox, path, corpus)

    inbox.encoding = choices.encoding
    if read is not None and not inbox.problems:
        read(inbox, path)
        _check_layers(inbox, path, corpus, choices.replaces)
    if isinstance(inbox, CorpusInbox):
        return build_corpus_files(inbox), inbox
    return build_layer_files(inbox), inbox


def inspect_files(name: str, path: Path, corpus: Corpus | None, unit: Unit | None) -> Inspector:
    """Return what foreign files contain; nothing is imported."""
    registries = corpus.registries if corpus else Registries()
    documents = corpus.documents if corpus else ()
    texts = {document.meta.doc_id: document.text for document in documents}
    inspector = Inspector(to_entries(registries), texts, unit)
    read = FORMATS[name].read
    if read is not None:
        read(inspector, path)
    if not inspector.documents and not inspector.problems:
        inspector.problems.append(_describe_nothing(inspector, path))
    return inspector


def _check_annotators(inbox: Inbox, path: Path, corpus: Corpus) -> None:
    """Report annotators who are not registered."""
    registered = corpus.registries.annotators
    for annotator in inbox.annotators.values():
        if annotator not in registered:
            message = f"There is no annotator {annotator!r} in annotations/annotators.jsonl."
            hint = nearest(annotator, registered) or "add the annotator to the file first."
            inbox.report("foreign-annotator", str(path), message, hint)


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
    """Report an import without annotations, and layers that would overwrite existing ones."""
    if not any(inbox.layers.values()) and not inbox.problems:
        inbox.problems.append(_describe_nothing(inbox, path))
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


def _describe_nothing(inbox: Inbox, path: Path) -> Problem:
    """Return the problem of an import that brings in no annotation."""
    message = "There is no annotation to import."
    hint = "give the path of a file in this format, or of its folder."
    if path.is_dir() and not inbox.layers:
        hint = "give the path of a file itself if its name does not end as this format expects."
    guessed = guess_formats(path)
    if guessed:
        hint = f"the files look like {' or '.join(guessed)}; {hint}"
    if inbox.layers or inbox.told:
        hint = "look with --inspect at what the files contain; --map says what their labels mean."
    if inbox.skipped:
        hint = _describe_skipped(inbox.skipped)
    told = [f"{kind.rstrip('.')}: {tally.count}." for kind, tally in inbox.told.items()]
    return Problem(
        code="foreign-syntax",
        severity="error",
        path=str(path),
        message=message,
        hint=hint,
        context=tuple(told),
    )


def _describe_skipped(skipped: Iterable[Problem]) -> str:
    """Return the remedy of the problem that was skipped most often, with its first place."""
    kinds = Counter((problem.code, problem.hint) for problem in skipped)
    kind, count = kinds.most_common(1)[0]
    first = next(problem for problem in skipped if (problem.code, problem.hint) == kind)
    place = f"{first.path}:{first.line}" if first.line else first.path
    remedy = first.hint or "correct it."
    return f"--skip left out all of it; most often ({count} × {first.code}, {place}): {remedy}"


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
