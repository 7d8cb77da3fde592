"""Corpora of others, which bring texts, speakers and targets of their own: what they add to a corpus folder.

Whatever the foreign corpus does not say is unknown here too; what had to be derived says so in a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from itertools import chain
from unicodedata import normalize

from readout.corpus.canonical import encode_records
from readout.corpus.read import DOCUMENTS, GOLD, TEXTS
from readout.interchange.inbox import Inbox, entries_of, layer_files
from readout.model import (
    Annotator,
    Corpus,
    Document,
    Form,
    Record,
    RecordFile,
    Registries,
    Span,
    Speaker,
    SpeakerKind,
    Split,
    Target,
    named_entries,
)
from readout.text.find import iter_quotation_marks

UNSTATED = "unstated-speaker"
_UNRESOLVED = (
    "Stands for these words wherever they are a source; the corpus that they come from does not say who is meant."
)


def slug(text: str, limit: int = 48) -> str:
    """Return an id made of the letters and digits of a text; a hash of the text where it has none."""
    plain = normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    joined = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:limit].strip("-")
    return joined or f"x{sha256(text.encode()).hexdigest()[:8]}"


def form_of(spans: Iterable[Span]) -> Form:
    """Return the form of a quote by its quotation marks: all within one pair, none, or some of it."""
    spans = list(spans)
    words = [span.exact.strip() for span in spans]
    if not any(True for word in words for _ in iter_quotation_marks(word)):
        return "indirect"
    closed = all(set(iter_quotation_marks(word)) >= {0} for word in words)
    inner = any(0 < at < len(word) - 1 for word in words for at in iter_quotation_marks(word))
    return "direct" if closed and not inner else "mixed"


class CorpusInbox(Inbox):
    """An inbox for corpora of others: it also collects documents and entries that the corpus lacks."""

    def __init__(self, corpus: Corpus | None, annotator: str, title: str) -> None:
        self.corpus, self.annotator, self.title = corpus, annotator, title
        self.documents: dict[str, tuple[Document, str]] = {}
        self.known = entries_of(corpus.registries if corpus else Registries())
        texts = {document.meta.doc_id: document.text for document in corpus.documents} if corpus else {}
        super().__init__(self.known, texts, {"": annotator})

    def add_document(
        self,
        path: str,
        name: str,
        text: str,
        month: str,
        split: Split = "train",
        published: str | None = None,
        outlet: str | None = None,
    ) -> str:
        """Add a text; return the id of its document, made of a month (``0000-00`` if unknown) and a name."""
        doc_id = f"{month}-{slug(name, 50)}"
        number = 2
        while doc_id in self.documents:
            doc_id = f"{month}-{slug(name, 50)}-{number}"
            number += 1
        meta = Document(
            doc_id=doc_id,
            published=published,
            published_basis="stated" if published else "unknown",
            outlet=self.add_speaker(outlet, "outlet") if outlet else None,
            outlet_basis="stated" if outlet else "unknown",
            event=doc_id,
            language="en",
            split=split,
            origin=name,
            rights=f"As {self.title} states.",
            sha256=sha256(text.encode()).hexdigest(),
        )
        if doc_id in self.texts and not self.check_text(path, self.texts[doc_id], text):
            return doc_id
        self.texts[doc_id] = text
        self.documents[doc_id] = meta, text
        return doc_id

    def add_speaker(
        self,
        name: str,
        kind: SpeakerKind = "unnamed",
        aliases: Iterable[str] = (),
        members: Iterable[str] = (),
        scope: str = "",
    ) -> str:
        """Return the id of a speaker by name; a new entry is made where there is none.

        Speakers that are known by the words of a text alone have ids that start with ``unnamed``, so that they are not
        taken for the persons whose names the words may be. Names of one ``scope``, such as a novel, are no names of
        another.
        """
        name = normalize("NFC", name)
        base = slug(f"{'unnamed' if kind == 'unnamed' else scope} {name}", 58)
        speaker_id, number = base, 2
        while (old := self.known["speakers"].get(speaker_id)) and getattr(old, "name", None) != name:
            speaker_id, number = f"{base}-{number}", number + 1
        entry = Speaker(
            speaker_id=speaker_id,
            name=name,
            kind=kind,
            aliases=tuple(sorted({normalize("NFC", alias) for alias in aliases} - {name})),
            members=tuple(members),
            note=_UNRESOLVED if kind == "unnamed" else None,
        )
        self.known["speakers"].setdefault(speaker_id, entry)
        return speaker_id

    def add_target(self, label: str) -> str:
        """Return the id of a target by its label; a new entry is made where there is none."""
        target_id = slug(label)
        entry = Target(
            target_id=target_id,
            label=label,
            proposition=f"{label} is to be supported.",
            favor_means="supports the target",
            against_means="opposes the target",
            note=f"Made of the label in {self.title}, which states no proposition.",
        )
        self.known["targets"].setdefault(target_id, entry)
        return target_id


def corpus_files(inbox: CorpusInbox) -> dict[str, bytes]:
    """Return the files that an inbox adds to a corpus folder, or changes in it; none while it holds a problem."""
    files = layer_files(inbox)
    if inbox.problems:
        return {}
    _add_annotator(inbox)
    kept_speakers = _find_used(inbox) | _list_registered(inbox)
    for name, entries in inbox.known.items():
        kept = [entry for key, entry in entries.items() if name != "speakers" or key in kept_speakers]
        files[f"annotations/{name}.jsonl"] = encode_records(kept)
    index: RecordFile[Document] | None = inbox.corpus.index if inbox.corpus else None
    metas = {meta.doc_id: meta for meta in (index.records if index else ())}
    for doc_id, (meta, text) in inbox.documents.items():
        if doc_id not in metas:
            metas[doc_id] = meta
            files[f"{TEXTS}/{doc_id}.txt"] = text.encode()
            files[f"{GOLD}/{doc_id}.jsonl"] = b""  # a document has a gold layer, though nobody has decided on it yet
    files[DOCUMENTS] = encode_records(metas.values())
    return files


def _list_registered(inbox: CorpusInbox) -> set[str]:
    return set(inbox.corpus.registries.speakers) if inbox.corpus else set()


def _find_used(inbox: CorpusInbox) -> set[str]:
    records: list[Record] = [meta for meta, _ in inbox.documents.values()]
    records += chain.from_iterable(inbox.layers.values())
    used = _find_speakers(records)
    speakers = inbox.known["speakers"]
    return used | _find_speakers(speakers[name] for name in used if name in speakers)


def _find_speakers(records: Iterable[Record]) -> set[str]:
    """Return the speakers whom records name."""
    return {name for record in records for name in named_entries(record, "speakers")}


def _add_annotator(inbox: CorpusInbox) -> None:
    entry = Annotator(
        annotator_id=inbox.annotator,
        kind="human",
        name=f"Annotators of {inbox.title}",
        guidelines_version=f"those of {inbox.title}",
        saw="what the publication of the corpus says",
    )
    inbox.known["annotators"].setdefault(inbox.annotator, entry)
