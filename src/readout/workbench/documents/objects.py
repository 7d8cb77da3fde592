"""The texts of a corpus as objects that are linked to each other.

An annotation knows its document, its paragraphs and the annotations and registry entries that it
names; each of these knows the annotations that name it. ``record`` is the line of the file. Offsets
are code points of the document's text, end excluded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, overload

from readout import model
from readout.dataset.columns import Config
from readout.dataset.features import DEFAULT_CONFIG
from readout.interchange.outbox import GOLD_LAYER, Sheet
from readout.interchange.tools.spacy_docbin import to_doc
from readout.problem import RefusedError, find_close, nearest
from readout.text.tokens import Paragraphs
from readout.workbench.documents.annotations import (
    CLASSES,
    Annotation,
    Boilerplate,
    Mention,
    N,
    Quote,
    Stance,
    Topic,
)
from readout.workbench.documents.entries import Speaker, Target, TopicEntry
from readout.workbench.documents.frames import to_frame
from readout.workbench.documents.marks import draw_passage
from readout.workbench.documents.passages import Paragraph, Sentence

if TYPE_CHECKING:
    import pandas as pd
    from spacy.tokens import Doc
    from spacy.vocab import Vocab


class Document:
    """A text with its annotations of one layer, by default gold."""

    def __init__(
        self, source: model.AnnotatedDocument, layer: model.Layer, documents: Documents
    ) -> None:
        self._source = source
        self._layer = layer
        self.documents = documents

    @property
    def record(self) -> model.Document:
        """The line of ``documents.jsonl``, with title, outlet, date, event and split."""
        return self._source.meta

    @property
    def id(self) -> str:
        """The id of the document."""
        return self.record.doc_id

    @property
    def title(self) -> str | None:
        """The title, if the text has one."""
        return self.record.title

    @property
    def outlet(self) -> Speaker | None:
        """Who published the text."""
        return self.documents.speakers.get(self.record.outlet or "")

    @property
    def text(self) -> str:
        """The raw text."""
        return self._source.text

    @cached_property
    def paragraphs(self) -> list[Paragraph]:
        """The paragraphs, in order."""
        spans = enumerate(Paragraphs(self.text).spans)
        return [Paragraph(self, start, end, number) for number, (start, end) in spans]

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The sentences of all paragraphs, in order."""
        return [each for paragraph in self.paragraphs for each in paragraph.sentences]

    @cached_property
    def annotations(self) -> list[Annotation]:
        """All annotations, by position."""
        return [CLASSES[type(record)](record, self) for record in self._layer.records]

    @cached_property
    def mentions(self) -> list[Mention]:
        """The mentions, by position."""
        return self._of_class(Mention)

    @cached_property
    def quotes(self) -> list[Quote]:
        """The quotes, by position."""
        return self._of_class(Quote)

    @cached_property
    def topics(self) -> list[Topic]:
        """The passages about topics, by position."""
        return self._of_class(Topic)

    @cached_property
    def stances(self) -> list[Stance]:
        """The stances, by position."""
        return self._of_class(Stance)

    @cached_property
    def boilerplate(self) -> list[Boilerplate]:
        """The passages that are not the article, by position."""
        return self._of_class(Boilerplate)

    def _of_class(self, annotation_class: type[N]) -> list[N]:
        return [each for each in self.annotations if isinstance(each, annotation_class)]

    @cached_property
    def _by_id(self) -> dict[str, Annotation]:
        return {each.record.id: each for each in self.annotations}

    def __getitem__(self, name: str) -> Annotation:
        """Return an annotation by its id, with or without that of the document."""
        found = self._by_id.get(name.removeprefix(f"{self.id}#"))
        if found is None:
            hint = nearest(name.removeprefix(f"{self.id}#"), self._by_id)
            raise KeyError(f"There is no annotation {name!r} in {self.id!r}: {hint}".rstrip(": "))
        return found

    def find(self, name: str | None, annotation_class: type[N]) -> N | None:
        """Return an annotation of a class by its id; None if there is none."""
        found = self._by_id.get(name or "")
        return found if isinstance(found, annotation_class) else None

    def to_pandas(self, config: Config = DEFAULT_CONFIG) -> pd.DataFrame:
        """Return the rows that this document has in a config, with labels as words.

        They are those of its gold layer. The columns are those of ``readout.load(config)``.

        Raises:
            ValueError: the config has no rows of documents.

        """
        return to_frame(config, [self._source], self.documents.registries)

    def to_spacy(self, vocab: Vocab | None = None) -> Doc:
        """Return the text as a spaCy ``Doc`` with one span group per type of annotation.

        It needs spaCy (``pip install "readout-corpus[interchange]"``). Values and links are in
        ``doc.user_data["readout"]``.
        """
        try:
            from spacy.vocab import Vocab
        except ModuleNotFoundError as error:
            message = 'This needs spacy: pip install "readout-corpus[interchange]"'
            raise ModuleNotFoundError(message, name=error.name) from error

        layer = self._layer.annotator or GOLD_LAYER
        records = self._layer.records
        sheet = Sheet(self.record, self.text, layer, records, self._layer.path, self.id)
        if vocab is None:
            vocab = Vocab()
        doc: Doc = to_doc(vocab, sheet)
        return doc

    def draw(
        self,
        places: Iterable[tuple[int, int]] | None = None,
        chosen: Annotation | None = None,
    ) -> str:
        """Return HTML that shows the text, or some passages of it, with the marks of the preview.

        It runs no script and loads nothing. ``places`` are ``(start, end)`` of passages; ``chosen``
        is highlighted, and what it is linked to as well.
        """
        if places is None:
            places = [(each.start, each.end) for each in self.paragraphs]
        picked = [] if chosen is None else [chosen.record.id]
        linked = [
            each.record.id
            for found in (chosen.links.values() if chosen else ())
            for each in found
            if each.document is self
        ]
        return draw_passage(
            self._source,
            self._layer.records,
            self.documents.registries,
            places,
            picked,
            linked,
        )

    def __repr__(self) -> str:
        counts = f"{len(self.paragraphs)} paragraphs, {len(self.annotations)} annotations"
        return f"<Document {self.id!r}: {counts}>"

    def _repr_html_(self) -> str:
        return self.draw()


class Documents(Sequence[Document]):
    """The documents of a corpus, in order, with the registries that they share.

    ``documents[0]`` is the first one, and ``documents["<doc_id>"]`` the one with this id.
    """

    def __init__(self, corpus: model.Corpus, annotator: str | None = None) -> None:
        self.registries = corpus.registries
        speakers, topics = corpus.registries.speakers, corpus.registries.topics
        targets = corpus.registries.targets
        self.speakers = {name: Speaker(each, self) for name, each in speakers.items()}
        self.topics = {name: TopicEntry(each, self) for name, each in topics.items()}
        self.targets = {name: Target(each, self) for name, each in targets.items()}
        self._items: list[Document] = []
        for source in corpus.documents:
            layer = source.find_layer(annotator)
            if layer is not None:
                self._items.append(Document(source, layer, self))

    @overload
    def __getitem__(self, key: int | str) -> Document: ...
    @overload
    def __getitem__(self, key: slice) -> list[Document]: ...
    def __getitem__(self, key: int | str | slice) -> Document | list[Document]:
        """Return a document by its number or its id."""
        if not isinstance(key, str):
            return self._items[key]
        if key not in self._by_id:
            hint = nearest(key, self._by_id)
            raise KeyError(f"There is no document {key!r}: {hint}".rstrip(": "))
        return self._by_id[key]

    @cached_property
    def _by_id(self) -> dict[str, Document]:
        return {each.id: each for each in self._items}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Document]:
        return iter(self._items)

    def to_pandas(self, config: Config = DEFAULT_CONFIG) -> pd.DataFrame:
        """Return the rows of a config for these documents, with labels as words.

        Raises:
            ValueError: the config has no rows of documents.

        """
        sources = [each._source for each in self._items]
        return to_frame(config, sources, self.registries)

    def __repr__(self) -> str:
        names = ", ".join([repr(each.id) for each in self._items[:3]])
        more = ", …" if len(self) > 3 else ""
        return f"<{len(self)} documents: {names}{more}>"


def find_annotation(corpus: model.Corpus, name: str) -> Annotation:
    """Return the annotation that an id names: ``ID``, ``DOCUMENT#ID`` or ``ANNOTATOR#ID``.

    Raises:
        RefusedError: there is no such annotation, or several documents have one.

    """
    place, mark, local = name.rpartition("#")
    is_document = any(each.meta.doc_id == place for each in corpus.documents)
    documents = Documents(corpus, place if mark and not is_document else None)
    named = [each for each in documents if not is_document or each.id == place]
    found = [each for text in named for each in text.annotations if each.record.id == local]

    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join([each.id for each in found])
        raise RefusedError(f"Several documents have an annotation {name!r}. Write {names}.")
    raise RefusedError(_explain_unknown(name, local, corpus, documents))


def _explain_unknown(name: str, local: str, corpus: model.Corpus, documents: Documents) -> str:
    if any(each.meta.doc_id == name for each in corpus.documents):
        return (
            f"{name!r} is a document. Name one of its annotations, which `readout search` lists, "
            "or look at all of them with `readout preview`."
        )
    ids = {each.record.id for document in documents for each in document.annotations}
    close = find_close(local, ids)
    hint = f"Did you mean {close!r}?" if close else "`readout search` lists annotations."
    return f"There is no annotation {name!r}. {hint}"
