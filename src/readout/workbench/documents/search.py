"""Find annotations by their words and their labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from readout.model import AnnotationType, Polarity, Speaker, Target
from readout.problem import RefusedError, find_close
from readout.text.find import fold_text
from readout.workbench.documents.annotations import Annotation, Mention, Quote, Stance
from readout.workbench.documents.objects import Documents


class Query(NamedTuple):
    """What to look for; None or an empty tuple means anything.

    ``speaker`` and ``target`` are ids, or parts of names.
    """

    words: tuple[str, ...] = ()
    speaker: str | None = None
    target: str | None = None
    polarity: Polarity | None = None
    types: tuple[AnnotationType, ...] = ()


def find_annotations(documents: Documents, query: Query) -> list[Annotation]:
    """Return the annotations that fit a query, in the order of the texts.

    Raises:
        RefusedError: the query is empty, or no speaker or target has such a name.

    """
    if query == Query():
        raise RefusedError(
            "Say what to look for: words, --speaker, --target, --polarity or --type."
        )

    speakers = targets = None
    if query.speaker is not None:
        known = documents.registries.speakers
        speakers = _match_entries("speaker", query.speaker, _name_speakers(known))
    if query.target is not None:
        known_targets = documents.registries.targets
        targets = _match_entries("target", query.target, _name_targets(known_targets))

    words = [_compile_words(each) for each in query.words]

    def fits(annotation: Annotation) -> bool:
        return (
            (not query.types or annotation.type in query.types)
            and (speakers is None or _speaker_of(annotation) in speakers)
            and (targets is None or _target_of(annotation) in targets)
            and (query.polarity is None or _polarity_of(annotation) == query.polarity)
            and _has_words(annotation, words)
        )

    found: list[Annotation] = []
    for document in documents:
        found += filter(fits, document.annotations)
    return found


def _compile_words(typed: str) -> re.Pattern[str]:
    """Return what finds some words where a word begins, so that "ran" is not in "Iran"."""
    words = r"\s+".join([re.escape(word) for word in fold_text(typed).split()])
    return re.compile(rf"(?<!\w){words}" if words[:1].isalnum() else words)


def _has_words(annotation: Annotation, words: Iterable[re.Pattern[str]]) -> bool:
    text = fold_text(annotation.text)
    return all(pattern.search(text) for pattern in words)


def _speaker_of(annotation: Annotation) -> str | None:
    if isinstance(annotation, Stance):
        return annotation.record.holder
    return annotation.record.speaker if isinstance(annotation, Mention | Quote) else None


def _target_of(annotation: Annotation) -> str | None:
    return annotation.record.target if isinstance(annotation, Stance) else None


def _polarity_of(annotation: Annotation) -> Polarity | None:
    return annotation.polarity if isinstance(annotation, Stance) else None


# ---------------------------------------------------------------- names


def _name_speakers(speakers: Mapping[str, Speaker]) -> dict[str, tuple[str, ...]]:
    return {name: (entry.name, *entry.aliases) for name, entry in speakers.items()}


def _name_targets(targets: Mapping[str, Target]) -> dict[str, tuple[str, ...]]:
    return {name: (entry.label,) for name, entry in targets.items()}


def _match_entries(kind: str, typed: str, names: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return the entry with an id or, if there is none, the entries whose names contain a text.

    Raises:
        RefusedError: there is no such entry.

    """
    if typed in names:
        return {typed}

    wanted = fold_text(typed)
    found = set()
    for name, titles in names.items():
        if any(wanted in fold_text(title) for title in titles):
            found.add(name)
    if not found:
        close = find_close(typed, names)
        hint = f"Did you mean {close!r}?" if close else "Use an id or a part of a name."
        raise RefusedError(f"There is no {kind} {typed!r} in the corpus. {hint}")
    return found
