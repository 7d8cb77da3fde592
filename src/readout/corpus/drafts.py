"""Give drafts the ids and offsets that people leave out."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Container, Iterator, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from readout.corpus.schema import write_integers
from readout.model import (
    ANNOTATION_CLASSES,
    SPAN_FIELDS,
    AnyAnnotation,
    Pointer,
    Suggestion,
)
from readout.text.find import find_exact, find_nearest, find_respelled
from readout.text.words import splits_word


class Unanchored(msgspec.Struct, frozen=True):
    """A span without offsets whose ``exact`` is nowhere in the text, or in several places.

    ``candidates`` are the starts of these places, ``inside`` those where the words are a part of
    longer words and nowhere else.
    """

    pointer: Pointer
    exact: str
    candidates: tuple[int, ...]
    inside: tuple[int, ...] = ()


def iter_draft_spans(record: Mapping[str, Any]) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    """Yield the spans of a valid but perhaps incomplete record, with their pointers."""
    for name in SPAN_FIELDS[ANNOTATION_CLASSES[record["type"]]]:
        value = record.get(name, [])
        if isinstance(value, dict):
            yield (name,), value
        else:
            for index, span in enumerate(value):
                yield (name, index), span


def anchor_draft(record: Mapping[str, Any], text: str) -> tuple[dict[str, Any], list[Unanchored]]:
    """Return a copy of a draft with all certain offsets, and the spans whose place is not certain.

    Words are looked for as whole words: "he" is not in "the". A prefix or a suffix says that a part
    of a word is meant; boilerplate may be glued to other words.
    """
    anchored = write_integers(dict(record))
    unanchored = []
    for pointer, span in iter_draft_spans(anchored):
        context = {name: span.pop(name, "") for name in ("prefix", "suffix")}
        if "start" in span:
            continue
        exact = span["exact"]
        starts = find_exact(text, exact, **context)
        inside: list[int] = []
        if not any(context.values()) and record["type"] != "boilerplate":
            inside = [start for start in starts if splits_word(text, start, start + len(exact))]
            starts = [start for start in starts if start not in set(inside)]
        if len(starts) == 1:
            span.update(start=starts[0], end=starts[0] + len(exact))
        else:
            parts = () if starts else tuple(inside)
            unanchored.append(Unanchored(pointer, exact, tuple(starts), parts))
    return anchored, unanchored


def to_annotation(suggestion: Suggestion) -> AnyAnnotation:
    """Return the annotation that a valid suggestion proposes.

    Its speaker is empty if the suggestion names none.
    """
    record = {"speaker": "", **write_integers(suggestion.annotation)}
    return msgspec.convert(record, AnyAnnotation)  # type: ignore[no-any-return]


def content_id(record: Mapping[str, Any], taken: Container[str]) -> str:
    """Return a short id that depends on what the record says, not on its place in the file.

    It is the type's first letter and six base-32 digits of the SHA-256 of the record without id and
    note. Where that is taken, by an equal record or by chance, a number follows.
    """
    meaning = {
        key: value for key, value in sorted(record.items()) if key not in ("id", "note") and value
    }
    digest = sha256(msgspec.json.encode(meaning, order="sorted")).digest()
    base = f"{record['type'][0]}-{b32encode(digest)[:6].decode().lower()}"
    number = 1
    while (candidate := base if number == 1 else f"{base}-{number}") in taken:
        number += 1
    return candidate


def find_passage(exact: str, text: str) -> tuple[int, int] | None:
    """Return the passage of a text that is most like words that are not in it."""
    return find_respelled(text, exact) or find_nearest(text, exact)


def nearest_passage(exact: str, text: str) -> str:
    """Return a hint with the passage of a text that is most like words that it lacks."""
    place = find_passage(exact, text)
    if place is None:
        return "copy the words from the raw text, with its own quotation marks and spelling."
    start, end = place
    return f"if the words at {start}–{end} are meant, copy them: {text[start:end]!r}."
