"""Collect the texts, speakers and targets that a published corpus adds to a corpus folder.

If the published corpus does not give a fact, the fact is unknown here too. A note marks every
value that had to be derived.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from itertools import chain
from pathlib import Path
from unicodedata import normalize

from readout.corpus.canonical import encode_records
from readout.corpus.read import DOCUMENTS, GOLD, TEXTS
from readout.interchange.inbox import Found, Inbox, build_layer_files, to_entries
from readout.interchange.mapping import LabelMapping
from readout.model import (
    Annotator,
    Corpus,
    Document,
    Record,
    RecordFile,
    Registries,
    Speaker,
    SpeakerKind,
    Split,
    Target,
    TopicDefinition,
    named_entries,
)
from readout.text.find import Unit
from readout.text.words import to_one_line

UNSTATED = "unstated-speaker"
"""The name of the speaker of quotes without a source."""
_UNRESOLVED = (
    "Represents these words wherever they are a source; "
    "the original corpus does not identify the person behind them."
)
_UNSTATED_NOTE = "Represents whoever is the source where the original corpus states none."


def to_slug(text: str, limit: int = 48) -> str:
    """Return an id made of the ASCII letters and digits of a text, or else of its hash."""
    plain = normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    joined = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:limit].strip("-")
    return joined or f"x{sha256(text.encode()).hexdigest()[:8]}"


SPLITS: Mapping[str, Split] = {
    "train": "train",
    "training": "train",
    "dev": "validation",
    "devel": "validation",
    "development": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""The splits by the names that published corpora give to them."""


def find_split(file: Path) -> Split:
    """Return the split of a file: the end of its name, or else the innermost folder of that name.

    A file that names no split is for training.
    """
    last_word = re.split(r"[-_. ]", file.stem)[-1]
    for name in (last_word, *reversed(file.parent.parts)):
        if name.lower() in SPLITS:
            return SPLITS[name.lower()]
    return "train"


class CorpusInbox(Inbox):
    """An inbox that also collects documents and registry entries that the corpus does not have.

    An annotator whom a file names, and who is given no id, gets a layer of the own: its id is that
    of the annotator of all other layers, followed by the name.
    """

    def __init__(
        self,
        corpus: Corpus | None,
        annotators: Mapping[str, str],
        title: str,
        mapping: LabelMapping | None = None,
        skips: bool = False,
        unit: Unit | None = None,
    ) -> None:
        self.corpus, self.title = corpus, title
        self.documents: dict[str, tuple[Document, str]] = {}
        registries = corpus.registries if corpus else Registries()
        self.known = to_entries(registries)
        documents = corpus.documents if corpus else ()
        texts = {document.meta.doc_id: document.text for document in documents}
        super().__init__(self.known, texts, annotators, mapping, skips, unit)

    def find_annotator(self, path: str, author: str) -> str | None:
        """Return the id of the annotator whom a file calls ``author``."""
        if author and author not in self.annotators and "" in self.annotators:
            return f"{self.annotators['']}-{to_slug(author)}"
        return super().find_annotator(path, author)

    def find_entry(self, registry: str, name: str) -> str:
        """Return the id of the entry with an id, a name or an alias; add one if there is none."""
        entry_id = super().find_entry(registry, name)
        has_words = any(char.isalnum() for char in name)
        if entry_id in self.known[registry] or not has_words:
            return entry_id
        if registry == "speakers":
            return self.add_speaker(name)
        if registry == "targets":
            return self.add_target(name)
        if registry == "topics":
            return self.add_topic(name)
        return name

    def _find_unknown(
        self, path: str, name: str | None, text: str | None, line: int | None
    ) -> Found | None:
        """Add a document that the corpus does not have, if the file gives its text."""
        if text is None:
            return super()._find_unknown(path, name, text, line)

        split = find_split(Path(path))
        is_id = name is not None and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[a-z0-9-]+", name)
        if name is not None and is_id:
            month, title = name[:7], name[8:]
        else:
            month, title = "0000-00", name or Path(path).stem
        same_text = self._find_ids_by_text(text)
        if same_text:
            return Found(same_text[0], text)
        doc_id = self.add_document(path, title, text, month, split)
        self._ids_by_text.setdefault(text, []).append(doc_id)
        return Found(doc_id, text)

    def add_document(
        self,
        path: str,
        name: str,
        text: str,
        month: str,
        split: Split = "train",
        published: str | None = None,
        outlet: str | None = None,
        title: str | None = None,
    ) -> str:
        """Add a text, and return the id of its document: the month and a slug of the name.

        ``month`` is ``yyyy-mm``, or ``0000-00`` if it is unknown. A number is appended if the
        import has a document with the same id already.
        """
        base = f"{month}-{to_slug(name, 50)}"
        doc_id, number = base, 2
        while doc_id in self.documents:
            doc_id, number = f"{base}-{number}", number + 1

        meta = Document(
            doc_id=doc_id,
            title=normalize("NFC", to_one_line(title)) if title else None,
            published=published,
            published_basis="stated" if published else "unknown",
            outlet=self.add_speaker(outlet, "outlet") if outlet else None,
            outlet_basis="stated" if outlet else "unknown",
            event=doc_id,
            language="en",
            split=split,
            origin=to_one_line(name),
            rights=f"As {self.title} states.",
            sha256=sha256(text.encode()).hexdigest(),
            annotated="none",
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
        """Return the id of the speaker with a name; add an entry if there is none.

        The id of a speaker of kind ``unnamed``, known only by words of a text, starts with
        ``unnamed``, so it differs from the id of a person with that name. The same name in two
        scopes, such as two novels, means two speakers.
        """
        name = _to_name(name)
        prefix = "unnamed" if kind == "unnamed" else scope
        base = to_slug(f"{prefix} {name}", 58)
        speakers = self.known["speakers"]
        speaker_id, number = base, 2
        while speaker_id in speakers and getattr(speakers[speaker_id], "name", None) != name:
            speaker_id, number = f"{base}-{number}", number + 1

        other_names = {_to_name(alias) for alias in aliases} - {name}
        unresolved = _UNSTATED_NOTE if name == UNSTATED else _UNRESOLVED
        entry = Speaker(
            speaker_id=speaker_id,
            name=name,
            kind=kind,
            aliases=tuple(sorted(other_names)),
            members=tuple(members),
            note=unresolved if kind == "unnamed" else None,
        )
        speakers.setdefault(speaker_id, entry)
        return speaker_id

    def add_topic(self, label: str) -> str:
        """Return the id of the topic with a label; add an entry if there is none."""
        label = to_one_line(label)
        topic_id = to_slug(label)
        entry = TopicDefinition(
            topic_id=topic_id,
            label=label,
            definition=f"What {self.title} calls {label!r}.",
            note=f"Made from the label in {self.title}, which states no definition.",
        )
        self.known["topics"].setdefault(topic_id, entry)
        return topic_id

    def add_target(self, label: str) -> str:
        """Return the id of the target with a label; add an entry if there is none."""
        label = to_one_line(label)
        target_id = to_slug(label)
        entry = Target(
            target_id=target_id,
            label=label,
            proposition=f"{label} is to be supported.",
            favor_means="supports the target",
            against_means="opposes the target",
            note=f"Made from the label in {self.title}, which states no proposition.",
        )
        self.known["targets"].setdefault(target_id, entry)
        return target_id


def _to_name(words: str) -> str:
    """Return words as the name of an entry: on one line, with single spaces."""
    return normalize("NFC", " ".join(to_one_line(words).split()))


def build_corpus_files(inbox: CorpusInbox) -> dict[str, bytes]:
    """Return the files that an inbox adds to a corpus folder or changes in it, by path.

    There are none if the inbox has a problem.
    """
    files = build_layer_files(inbox)
    if inbox.problems:
        return {}

    _add_annotators(inbox)
    kept_speakers = _find_used_speakers(inbox) | _list_registered_speakers(inbox)
    for name, entries in inbox.known.items():
        if name == "speakers":
            kept = [entry for key, entry in entries.items() if key in kept_speakers]
        else:
            kept = list(entries.values())
        files[f"annotations/{name}.jsonl"] = encode_records(kept)

    index: RecordFile[Document] | None = inbox.corpus.index if inbox.corpus else None
    metas = {meta.doc_id: meta for meta in index.records} if index else {}
    for doc_id, (meta, text) in inbox.documents.items():
        if doc_id not in metas:
            metas[doc_id] = meta
            files[f"{TEXTS}/{doc_id}.txt"] = text.encode()
            # Every document has a gold layer, even if nobody has adjudicated it yet.
            files[f"{GOLD}/{doc_id}.jsonl"] = b""

    files[DOCUMENTS] = encode_records(metas.values())
    return files


def _list_registered_speakers(inbox: CorpusInbox) -> set[str]:
    return set(inbox.corpus.registries.speakers) if inbox.corpus else set()


def _find_used_speakers(inbox: CorpusInbox) -> set[str]:
    """Return the speakers whom documents and layers name, and the members of groups among them."""
    records: list[Record] = [meta for meta, _ in inbox.documents.values()]
    records += chain.from_iterable(inbox.layers.values())
    used = _list_speakers(records)

    speakers = inbox.known["speakers"]
    entries = [speakers[name] for name in used if name in speakers]
    return used | _list_speakers(entries)


def _list_speakers(records: Iterable[Record]) -> set[str]:
    """Return the ids of the speakers whom records name."""
    return {name for record in records for name in named_entries(record, "speakers")}


def _add_annotators(inbox: CorpusInbox) -> None:
    """Add entries for the annotators of the layers who have none."""
    for annotator in sorted({annotator for annotator, _ in inbox.layers}):
        entry = Annotator(
            annotator_id=annotator,
            kind="human",
            name=f"Annotators of {inbox.title}",
            guidelines_version=f"those of {inbox.title}",
            saw="what the publication of the corpus says",
        )
        inbox.known["annotators"].setdefault(annotator, entry)
