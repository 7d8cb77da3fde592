"""Generate a synthetic corpus of any size: ``python benchmarks/generate.py DIR --documents 20000``.

The same number of documents gives the same bytes. A document is about 4 KB of text in one of five
languages and four scripts, with 40 to 80 spans. Its words are random syllables, so it contains no
text by anybody.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from readout.corpus.canonical import encode, encode_layer, encode_records
from readout.model import (
    Annotator,
    AnyAnnotation,
    Boilerplate,
    Document,
    Mention,
    Quote,
    Span,
    Speaker,
    Stance,
    Target,
    Topic,
    TopicDefinition,
)

SYLLABLES = {
    "en": ["ta", "ver", "lo", "min", "ash", "ner", "pol", "ick", "und", "eth"],
    "de": ["gen", "schär", "tun", "maß", "ver", "löß", "ung", "keit", "bau", "über"],
    "he": ["של", "מע", "רב", "נה", "לו", "דב", "יר", "כת"],
    "ar": ["سلا", "مرب", "نهد", "كتا", "بيت", "عرو", "شمس"],
    "zh": ["山", "水", "火", "木", "金", "土", "日", "月"],
}
LANGUAGES = tuple(SYLLABLES)
SPEAKERS = 200
TARGETS = 60
TOPICS = 30


def make_registries() -> dict[str, bytes]:
    """Return the files of the registries."""
    outlet = Speaker(speaker_id="outlet", name="Outlet", kind="outlet")
    speakers = [
        Speaker(speaker_id=f"speaker-{n:03}", name=f"Speaker {n}", kind="person")
        for n in range(SPEAKERS)
    ]
    topics = [
        TopicDefinition(topic_id=f"topic-{n:02}", label=f"Topic {n}", definition="Made up.")
        for n in range(TOPICS)
    ]
    targets = [
        Target(
            target_id=f"target-{n:02}",
            label=f"Target {n}",
            proposition=f"Plan {n} should be carried out.",
            favor_means="wants it",
            against_means="does not want it",
            topics=(f"topic-{n % TOPICS:02}",),
        )
        for n in range(TARGETS)
    ]
    annotator = Annotator(
        annotator_id="generator",
        kind="model",
        name="Generator",
        guidelines_version="0",
        saw="nothing",
    )
    return {
        "annotations/speakers.jsonl": encode_records([outlet, *speakers]),
        "annotations/topics.jsonl": encode_records(topics),
        "annotations/targets.jsonl": encode_records(targets),
        "annotations/annotators.jsonl": encode_records([annotator]),
    }


class Writer:
    """A document under construction: its text so far, and its annotations."""

    def __init__(self, number: int) -> None:
        self.random = random.Random(number)
        self.language = LANGUAGES[number % len(LANGUAGES)]
        self.parts: list[str] = []
        self.length = 0
        self.annotations: list[AnyAnnotation] = []

    def add(self, text: str) -> Span:
        """Append text and return its span."""
        start = self.length
        self.parts.append(text)
        self.length += len(text)
        return Span(start, self.length, text)

    def words(self, least: int, most: int) -> str:
        """Return from ``least`` to ``most`` nonsense words."""
        syllables = SYLLABLES[self.language]
        choice = self.random.choice
        count = self.random.randint(least, most)
        return " ".join([choice(syllables) + choice(syllables) for _ in range(count)])

    def pick(self, kind: str, count: int, width: int) -> str:
        """Return the id of a random registry entry."""
        return f"{kind}-{self.random.randrange(count):0{width}}"

    def add_paragraph(self, number: int) -> None:
        """Append a paragraph with annotations of all types, and one without any."""
        speaker = self.pick("speaker", SPEAKERS, 3)
        first = self.add("“" + self.words(8, 14) + "”")
        self.add(" ")
        source = self.add(self.words(1, 3))
        self.add(" ")
        cue = self.add(self.words(1, 1))
        self.add(", ")
        second = self.add("“" + self.words(8, 14) + " 🙂”")
        end = self.add(".")
        passage = "".join(self.parts)[first.start : end.end]
        self.annotations += [
            Mention(id=f"m-{number}", speaker=speaker, span=source),
            Quote(
                id=f"q-{number}",
                form="direct",
                speaker=speaker,
                content=(first, second),
                cue=(cue,),
                source=f"m-{number}",
                addressees=(self.pick("speaker", SPEAKERS, 3),),
            ),
            self.stance(f"s-{number}-a", speaker, first, f"q-{number}"),
            self.stance(f"s-{number}-b", speaker, second, f"q-{number}"),
            Topic(
                id=f"t-{number}",
                topic=self.pick("topic", TOPICS, 2),
                spans=(Span(first.start, end.end, passage),),
            ),
        ]
        self.add("\n\n")
        self.add(self.words(20, 30) + ".\n\n")

    def stance(self, name: str, holder: str, evidence: Span, quote: str) -> Stance:
        """Return a stance whose evidence is a quotation without its quotation marks."""
        inner = Span(evidence.start + 1, evidence.end - 1, evidence.exact[1:-1])
        return Stance(
            id=name,
            holder=holder,
            target=self.pick("target", TARGETS, 2),
            polarity=self.random.choice(("favor", "favor", "against", "neutral")),
            expression=self.random.choice(("explicit", "implicit")),
            evidence=(inner,),
            quote=quote,
        )


def make_document(number: int) -> tuple[Document, bytes, bytes]:
    """Return the metadata, the text and the gold layer of a document."""
    writer = Writer(number)
    for paragraph in range(writer.random.randint(7, 12)):
        writer.add_paragraph(paragraph)
    furniture = writer.add("© " + writer.words(3, 5))
    writer.annotations.append(Boilerplate(id="b-0", kind="photo-credit", span=furniture))
    raw = ("".join(writer.parts) + "\n").encode()
    year, month = 2000 + number // 12 % 30, number % 12 + 1
    doc_id = f"{year}-{month:02}-text-{number:08}"
    meta = Document(
        doc_id=doc_id,
        published_basis="unknown",
        outlet="outlet",
        outlet_basis="stated",
        event=f"event-{number // 4}",
        language=writer.language,
        split=("train", "train", "train", "validation", "test")[number // 4 % 5],
        origin=f"{number}.txt",
        rights="Nonsense without rights.",
        sha256=sha256(raw).hexdigest(),
        annotated="complete",
    )
    return meta, raw, encode_layer(writer.annotations)


def iter_files(documents: int) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the bytes of every file of a corpus."""
    yield from make_registries().items()
    index = []
    for number in range(documents):
        meta, raw, layer = make_document(number)
        index.append(meta)
        yield f"raw/text/{meta.doc_id}.txt", raw
        yield f"annotations/gold/{meta.doc_id}.jsonl", layer

    index.sort(key=lambda meta: meta.doc_id)
    yield "raw/documents.jsonl", b"".join([encode(meta) + b"\n" for meta in index])


def main() -> None:
    """Write a corpus to a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=20_000)
    arguments = parser.parse_args()
    for path, raw in iter_files(arguments.documents):
        target = arguments.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(raw)


if __name__ == "__main__":
    main()
