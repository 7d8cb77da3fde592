"""Hypothesis strategies for texts and layers of every shape that a corpus allows."""

import unicodedata
from pathlib import Path

from conftest import CORPUS
from hypothesis import strategies as st

from readout.corpus.canonical import encode_layer
from readout.corpus.read import read_registries
from readout.interchange.formats import FORMATS, Choices, import_files
from readout.interchange.inbox import Inbox, to_entries
from readout.interchange.outbox import Outbox, Sheet, write_outbox
from readout.model import Boilerplate, Document, Mention, Quote, Span, Stance, Topic
from readout.text.find import trim_space

REGISTRIES, _ = read_registries(CORPUS)
NAME = "2030-03-generated"
META = Document(
    doc_id=NAME,
    published_basis="unknown",
    outlet_basis="unknown",
    event="generated",
    language="en",
    split="train",
    origin="generated",
    rights="Made by a test.",
    sha256="0" * 64,
    annotated="complete",
)
PIECES = [
    "Quill", " said ", "“no", "”", "é", "e\u0301", "🚢", "👩‍👩‍👧", "נועם לוי",
    "\u202bاب\u202c", "\n", "\r\n", "\r", "\t", "  ", " ", "a", "<&>\"'", "\\n", "\u2028",
    "\x85", "=1+1", "\ufeff", "中文", "-DOCSTART-", "#", "\x01",
]  # fmt: skip
ids = st.from_regex(r"[a-z0-9][a-z0-9-]{0,6}", fullmatch=True)
notes = st.one_of(st.sampled_from(PIECES), st.text(max_size=8)).map(
    lambda text: unicodedata.normalize("NFC", text)
)
notes = notes.filter(lambda text: text and not any(0xD800 <= ord(char) <= 0xDFFF for char in text))
speakers = st.sampled_from(sorted(REGISTRIES.speakers))


def texts():
    """Generate texts with emoji, combining marks, several scripts, all line ends and markup."""
    joined = st.lists(st.sampled_from(PIECES), min_size=1, max_size=14).map("".join)
    return joined.filter(str.strip)


def spans(draw, text, most=3):
    """Draw spans without outer white space, in text order; they do not overlap but may touch."""
    limit = min(most, len(text)) * 2
    edges = draw(
        st.lists(st.integers(0, len(text)), min_size=2, max_size=limit, unique=True).map(sorted)
    )
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    trimmed = [trim_space(text, start, end) for start, end in pairs]
    kept = [Span(start, end, text[start:end]) for start, end in trimmed if start < end]
    if not kept:
        start, end = trim_space(text, 0, len(text))
        kept = [Span(start, end, text[start:end])]
    return tuple(kept)


@st.composite
def layers(draw, text):
    """Generate layers with valid references; spans of different annotations may overlap."""
    names = draw(st.lists(ids, max_size=7, unique=True))
    records, mentions, quotes = [], [], []
    for name in names:
        note = draw(st.none() | notes)
        kind = draw(st.sampled_from(["mention", "quote", "topic", "stance", "boilerplate"]))
        if kind == "mention":
            records.append(
                Mention(id=name, speaker=draw(speakers), span=spans(draw, text, 1)[0], note=note)
            )
            mentions.append(name)
        elif kind == "quote":
            quote = Quote(
                id=name,
                form=draw(st.sampled_from(["direct", "indirect", "mixed"])),
                speaker=draw(speakers),
                content=spans(draw, text),
                cue=spans(draw, text, 2) if draw(st.booleans()) else (),
                source=draw(st.sampled_from([None, *mentions])),
                addressees=tuple(draw(st.lists(speakers, max_size=2, unique=True))),
                within=draw(st.sampled_from([None, *quotes])),
                statement=draw(st.none() | ids),
                note=note,
            )
            records.append(quote)
            quotes.append(name)
        elif kind == "topic":
            topic = draw(st.sampled_from(sorted(REGISTRIES.topics)))
            records.append(Topic(id=name, topic=topic, spans=spans(draw, text), note=note))
        elif kind == "stance":
            stance = Stance(
                id=name,
                holder=draw(speakers),
                target=draw(st.sampled_from(sorted(REGISTRIES.targets))),
                polarity=draw(st.sampled_from(["favor", "against", "neutral"])),
                expression=draw(st.sampled_from(["explicit", "implicit"])),
                evidence=spans(draw, text),
                quote=draw(st.sampled_from([None, *quotes])),
                note=note,
            )
            records.append(stance)
        else:
            records.append(
                Boilerplate(id=name, kind="other", span=spans(draw, text, 1)[0], note=note)
            )
    return tuple(records)


@st.composite
def sheets(draw):
    """Generate sheets: one layer of one document."""
    text = draw(texts())
    return Sheet(META, text, "gold", draw(layers(text)), "annotations/gold/generated.jsonl", NAME)


def write_out(name, sheets, folder, registries=REGISTRIES):
    """Export sheets into a folder; return the problems."""
    outbox = Outbox(registries, list(sheets))
    FORMATS[name].write(outbox)
    if not outbox.problems:
        write_outbox(outbox, Path(folder))
    return outbox.problems


def read_in(name, path, sheets, registries=REGISTRIES, annotators=None):
    """Import a path; return the canonical bytes of each layer, and the problems."""
    texts = {sheet.doc_id: sheet.text for sheet in sheets}
    inbox = Inbox(to_entries(registries), texts, annotators or {"": "ann"})
    FORMATS[name].read(inbox, Path(path))
    return {key: encode_layer(layer) for key, layer in inbox.layers.items()}, inbox.problems


def bring_files(name, path, corpus, annotator):
    """Import a path for one annotator; return the files and the problems."""
    files, inbox = import_files(name, path, corpus, Choices({"": annotator}))
    return files, inbox.problems
