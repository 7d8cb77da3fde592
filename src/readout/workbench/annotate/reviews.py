"""Go through gold one annotation at a time: what there is to review, and the verdicts."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple, get_args

import msgspec
from msgspec.structs import replace

from readout.corpus import read
from readout.corpus.canonical import encode_records
from readout.corpus.drafts import content_id
from readout.corpus.files import Change, FileChanges
from readout.corpus.refs import iter_documents
from readout.corpus.signatures import hash_gold, hash_layer, signature
from readout.dataset.statistics import estimate_error_rate
from readout.model import (
    AnnotatedDocument,
    AnyAnnotation,
    Layer,
    Review,
    ReviewFile,
    Sample,
    Verdict,
    main_spans,
)
from readout.workbench.annotate.edits import refuse
from readout.workbench.annotate.session import Session, State
from readout.workbench.annotate.shapes import Json

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


class Draw(NamedTuple):
    """A random sample to draw: its size, and the seed."""

    size: int
    seed: int


class Given(msgspec.Struct, frozen=True):
    """The verdict that a page shows as given before; None if none was."""

    verdict: Verdict | None
    remark: str | None


class _Item(NamedTuple):
    """An annotation of gold to review, with its hash and the verdicts of the reviewer on it."""

    document: AnnotatedDocument
    annotation: AnyAnnotation
    hash: str
    reviews: Sequence[Review]

    @property
    def key(self) -> tuple[str, str]:
        return self.document.meta.doc_id, self.annotation.id


class Reviewing:
    """The reviews that one annotator gives of gold, of all of it or of a random sample."""

    def __init__(self, session: Session, draw: Draw | None = None) -> None:
        self.session = session
        self.draw = draw

    def describe(self) -> Json:
        """Return what there is to review, and the verdicts so far.

        What was reviewed and changed since comes first, then what nobody has reviewed.
        """
        with self.session.lock:
            items = self._list_items()
            sample = self._find_sample(items)
            if sample:
                items = _choose(items, sample)
            shown = [self._show(item, sample) for item in items]
            alone = self._list_alone(items)
        shown.sort(key=lambda item: (item["verdict"] is not None, not item["again"]))
        return {
            "reviewer": self.session.annotator,
            "sample": msgspec.to_builtins(sample) if sample else None,
            "verdicts": list(VERDICTS),
            "items": shown,
            "alone": alone,
            "counts": _count(shown, sample),
            "folder": f"{read.REVIEWS}/{self.session.annotator}",
        }

    def review(
        self,
        doc_id: str,
        about: str,
        said: str,
        verdict: str,
        remark: str | None,
        given: Given | None = None,
    ) -> Json:
        """Save a verdict on an annotation that said ``said`` (its hash) when it was shown.

        With ``given``, a verdict that was given in another window since is not overwritten. Return
        the item, what is counted now, and the number of the step.

        Raises:
            RefusedEditError: the annotation or its verdict changed since, or the verdict is none.

        """
        if verdict not in VERDICTS:
            raise refuse("no-verdict", f"Got {verdict!r}. Expected one of {', '.join(VERDICTS)}.")
        remark = unicodedata.normalize("NFC", remark or "").strip() or None

        with self.session.lock:
            sample = self._find_sample(self._list_items())

            def make(state: State) -> FileChanges:
                file = _find_file(state.document, self.session.annotator)
                if given and given != _find_given(file, about, said, sample):
                    message = "You gave a verdict on it in another window meanwhile."
                    raise refuse("changed-meanwhile", message, "look at it again.")
                return self._to_changes(state.document, about, said, verdict, remark, sample)

            number = self.session.save(doc_id, make)
        described = self.describe()
        place = (doc_id, about)
        found = [each for each in described["items"] if (each["doc_id"], each["id"]) == place]
        item = found[0] if found else None
        return {"item": item, "counts": described["counts"], "step": number}

    def _to_changes(
        self,
        document: AnnotatedDocument,
        about: str,
        said: str,
        verdict: Verdict,
        remark: str | None,
        sample: Sample | None,
    ) -> FileChanges:
        """Return the change of the reviewer's file: one verdict for all reviews of the same."""
        if hash_layer(document.gold).get(about) != said:
            message = f"{about!r} changed since it was shown, so it was not reviewed."
            raise refuse("changed-meanwhile", message, "look at it again.", document.gold.path)

        reviewer, doc_id = self.session.annotator, document.meta.doc_id
        path = f"{read.REVIEWS}/{reviewer}/{doc_id}.jsonl"
        file = _find_file(document, reviewer)
        if file and not file.is_whole:
            raise refuse("broken-file", f"{path} has a problem.", "mend it, and try again.", path)

        records = []
        samples = []
        for record in file.records if file else ():
            if record.about == about and record.hash == said:
                samples.append(record.sample)
                record = replace(record, verdict=verdict, remark=remark)
            records.append(record)
        if not samples or sample not in samples:
            meaning = {"type": "review", "about": about, "hash": said}
            if sample:
                meaning["sample"] = f"{sample.seed} {sample.size} {sample.population}"
            name = content_id(meaning, {record.id for record in records})
            new = Review(
                id=name, about=about, hash=said, verdict=verdict, remark=remark, sample=sample
            )
            records.append(new)
        return {path: Change(file.raw if file else None, encode_records(records))}

    # ------------------------------------------------------------ what there is to review

    def _list_items(self) -> list[_Item]:
        """Return all annotations of gold, in text order, with this reviewer's reviews."""
        items = []
        for document in iter_documents(self.session.root, None):
            reviews: dict[str, list[Review]] = {}
            for file in document.reviews:
                if file.reviewer == self.session.annotator:
                    for record in file.records:
                        reviews.setdefault(record.about, []).append(record)
            hashes = hash_layer(document.gold)
            for annotation in document.gold.records:
                name = annotation.id
                own = reviews.get(name, [])
                items.append(_Item(document, annotation, hashes[name], own))
        return items

    def _find_sample(self, items: Sequence[_Item]) -> Sample | None:
        """Return the sample: one of this seed and size that is unfinished goes on.

        So the mending of what was reviewed does not begin another sample.
        """
        if self.draw is None:
            return None
        size = min(self.draw.size, len(items))
        begun: Counter[str] = Counter()
        for item in items:
            for record in item.reviews:
                if record.sample and record.sample.seed == self.draw.seed:
                    if record.sample.size == size:
                        begun[record.sample.population] += 1
        unfinished = [name for name, number in begun.items() if number < size]
        documents = {item.document.meta.doc_id: item.document for item in items}
        population = unfinished[0] if unfinished else hash_gold(documents.values())
        return Sample(seed=self.draw.seed, size=size, population=population)

    # ------------------------------------------------------------ what is shown of it

    def _show(self, item: _Item, sample: Sample | None) -> Json:
        """Return an annotation with the verdict on what it says now, and the one before."""
        current = _list_current(item.reviews, item.hash, sample)
        before = [each for each in item.reviews if each not in current]
        last = current[0] if current else None
        again = before[-1] if before and not current else None
        doc_id, name = item.key
        return {
            "doc_id": doc_id,
            "id": name,
            "hash": item.hash,
            "start": main_spans(item.annotation)[0].start,
            "end": main_spans(item.annotation)[-1].end,
            "type": msgspec.to_builtins(item.annotation)["type"],
            "verdict": last.verdict if last else None,
            "remark": last.remark if last else None,
            "again": {"verdict": again.verdict, "remark": again.remark} if again else None,
            "own": self._find_own(item),
        }

    def _find_own(self, item: _Item) -> list[Json] | None:
        """Return what the reviewer's own layer says at the place; None if it says the same.

        It is None too if the reviewer has no layer of the document.
        """
        layer = item.document.find_layer(self.session.annotator)
        if layer is None:
            return None
        said = signature(item.annotation, item.document.gold.by_id)
        same_place = list(_iter_overlapping(layer, item.annotation))
        if any(signature(each, layer.by_id) == said for each in same_place):
            return None
        return [msgspec.to_builtins(each) for each in same_place]

    def _list_alone(self, items: Iterable[_Item]) -> dict[str, list[Json]]:
        """Return, by document, what the reviewer's layer has at places where gold has nothing."""
        documents = {item.document.meta.doc_id: item.document for item in items}
        alone: dict[str, list[Json]] = {}
        for name, document in documents.items():
            layer = document.find_layer(self.session.annotator)
            for own in layer.records if layer else ():
                if not any(_iter_overlapping(document.gold, own)):
                    alone.setdefault(name, []).append(msgspec.to_builtins(own))
        return alone


def _list_current(reviews: Iterable[Review], said: str, sample: Sample | None) -> list[Review]:
    """Return the reviews of what an annotation says now or, with a sample, those of the sample."""
    if sample:
        return [each for each in reviews if each.sample == sample]
    return [each for each in reviews if each.hash == said]


def _find_file(document: AnnotatedDocument, reviewer: str) -> ReviewFile | None:
    return next((each for each in document.reviews if each.reviewer == reviewer), None)


def _find_given(file: ReviewFile | None, about: str, said: str, sample: Sample | None) -> Given:
    """Return the verdict on an annotation that the page shows as given."""
    reviews = [each for each in (file.records if file else ()) if each.about == about]
    for each in _list_current(reviews, said, sample):
        return Given(each.verdict, each.remark)
    return Given(None, None)


def _choose(items: Sequence[_Item], sample: Sample) -> list[_Item]:
    """Return a random sample, in its random order.

    An annotation's place in the order depends on the seed and its name alone, so what was drawn
    stays so when other annotations come or go.
    """

    def rank(item: _Item) -> tuple[bool, bytes]:
        is_begun = any(each.sample == sample for each in item.reviews)
        name = " ".join([str(sample.seed), *item.key])
        return not is_begun, sha256(name.encode()).digest()

    return sorted(items, key=rank)[: sample.size]


def _iter_overlapping(layer: Layer, annotation: AnyAnnotation) -> Iterator[AnyAnnotation]:
    """Yield the annotations of the same type whose main words overlap those of another."""
    places = [(span.start, span.end) for span in main_spans(annotation)]
    for other in layer.by_class[type(annotation)]:
        for span in main_spans(other):
            if any(start < span.end and span.start < end for start, end in places):
                yield other
                break


def _count(items: Sequence[Mapping[str, Any]], sample: Sample | None) -> Json:
    """Return how many items there are, how many are reviewed, and the number of each verdict.

    With a random sample, ``rate`` is the rate of errors and its interval, once all is reviewed.
    """
    given = Counter(item["verdict"] for item in items if item["verdict"])
    verdicts: dict[str, int] = {name: given[name] for name in VERDICTS}
    rate = estimate_error_rate(verdicts, sample.size) if sample else None
    counts = {"total": len(items), "done": given.total(), "verdicts": verdicts}
    return {**counts, "rate": rate._asdict() if rate else None}
