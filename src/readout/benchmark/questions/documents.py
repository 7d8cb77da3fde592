"""The questions about whole documents and their quotes: tuples, attribution and quotations."""

from __future__ import annotations

from collections.abc import Iterator

from readout.benchmark.questions.items import (
    iter_gold,
    make_item,
    show_document,
    show_speakers,
    show_targets,
    to_offsets,
)
from readout.model import AnnotatedDocument, Item, Mention, Quote, Registries, Stance
from readout.text.tokens import Paragraphs


def iter_tuples(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    """Yield one item per document; its answer is the stances of gold."""
    gold = [
        {
            "holder": record.holder,
            "target": record.target,
            "polarity": record.polarity,
            "evidence": to_offsets(record.evidence),
        }
        for record in iter_gold(document, Stance)
    ]
    inputs = {
        **show_document(document),
        "speakers": show_speakers(registries),
        "targets": show_targets(registries),
    }
    yield make_item("tuples", document, (), inputs, gold)


def iter_attribution(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    """Yield one item per quote; its answer is the speaker."""
    paragraphs = Paragraphs(document.text)
    speakers = show_speakers(registries)
    for record in iter_gold(document, Quote):
        content = record.content
        start, end = paragraphs.cover(content[0].start, content[-1].end)
        inputs = {
            "text": " ".join(span.exact for span in content),
            "spans": to_offsets(content),
            "context": document.text[start:end],
            "context_start": start,
            "document": document.text,
            "speakers": speakers,
        }
        yield make_item("attribution", document, (record.id,), inputs, record.speaker)


def iter_quotations(document: AnnotatedDocument, registries: Registries) -> Iterator[Item]:
    """Yield one item per document; its answer is the quotes of gold."""
    mentions = {record.id: record.span for record in iter_gold(document, Mention)}
    gold = []
    for record in iter_gold(document, Quote):
        source = mentions.get(record.source or "")
        gold.append(
            {
                "source": [source.start, source.end] if source else None,
                "cue": to_offsets(record.cue),
                "content": to_offsets(record.content),
                "speaker": record.speaker,
            }
        )

    inputs = {**show_document(document), "speakers": show_speakers(registries)}
    yield make_item("quotations", document, (), inputs, gold)
