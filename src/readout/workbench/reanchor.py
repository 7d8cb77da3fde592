"""When a raw text is corrected, its annotations move along; what has no place any more is kept aside, never lost.

A diff of the two texts says which characters survived. A span whose words survived whole moves silently; one whose
words changed takes the most similar words at its place; one without similar words there is left to a person.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from readout.corpus import read
from readout.corpus.canonical import encode_layer, encode_records
from readout.corpus.parse import parse_layer
from readout.model import SPAN_FIELDS, AnyAnnotation, Document, Span, iter_spans
from readout.problem import Problem, RefusedError
from readout.text.alignment import Alignment
from readout.text.find import find_exact, is_inside_word, trim_space, widen_to_words
from readout.workbench.format import format_layer

Outcome: TypeAlias = Literal["kept", "moved", "changed", "unplaced"]
OUTCOMES: tuple[Outcome, ...] = ("kept", "moved", "changed", "unplaced")
"""From untouched to lost; an annotation fares as the worst of its spans."""

SIMILAR = 60.0
"""Words less similar than this (normalised Indel similarity, per cent) are not taken for a corrected spelling."""
_CONTEXT_LENGTH = 16


# ---------------------------------------------------------------- spans


class Placement(NamedTuple):
    """Where a span stands in the new text, or None, and how it fared."""

    span: Span | None
    outcome: Outcome


def reanchor_span(span: Span, alignment: Alignment) -> Placement:
    """Return the place of a span of the old text in the new one; a span that was wrong in the old text has none."""
    if alignment.old[span.start : span.end] != span.exact:
        return Placement(None, "unplaced")
    place = _survived_whole(span, alignment)
    if place is None:
        place = _same_words_near(span, alignment)
    if place is None:
        place = _moved_with_its_passage(span, alignment)
    if place is not None and _cuts_no_word(span, alignment, place):
        moved = Span(place, place + len(span.exact), span.exact)
        return Placement(moved, "kept" if moved == span else "moved")
    similar = _similar_words(span, alignment)
    if similar is None and place is not None:  # the words are there, but inside longer ones
        similar = Span(place, place + len(span.exact), span.exact)
    return Placement(similar, "changed" if similar else "unplaced")


def _cuts_no_word(span: Span, alignment: Alignment, place: int) -> bool:
    """Tell whether a span that ended at whole words still does: "the plan" is not what became of it in "the plans"."""
    edges = ((span.start, place), (span.end, place + len(span.exact)))
    return all(
        is_inside_word(alignment.old, old) or not is_inside_word(alignment.new, new)
        for old, new in edges
    )


def _survived_whole(span: Span, alignment: Alignment) -> int | None:
    survivors = list(alignment.survivors(span.start, span.end))
    if len(survivors) == 1 and survivors[0].length == len(span.exact):
        return survivors[0].place
    return None


def _same_words_near(span: Span, alignment: Alignment) -> int | None:
    """Find the words around a surviving part of them, or once between their neighbours; a diff may cut anywhere."""
    new, length = alignment.new, len(span.exact)
    for block in alignment.survivors(span.start, span.end):
        place = block.place - (block.start - span.start)
        if place >= 0 and new[place : place + length] == span.exact:
            return place
    left, right = alignment.room(span.start, span.end)
    starts = find_exact(new[left:right], span.exact)
    return left + starts[0] if len(starts) == 1 else None


def _moved_with_its_passage(span: Span, alignment: Alignment) -> int | None:
    """Find the words, with what stood before or after them, in passages that the old text did not have."""
    old = alignment.old
    gaps = list(alignment.gaps())
    for prefix, suffix in (
        (old[max(0, span.start - _CONTEXT_LENGTH) : span.start], ""),
        ("", old[span.end : span.end + _CONTEXT_LENGTH]),
    ):
        if len((prefix + suffix).strip()) < _CONTEXT_LENGTH // 2:
            continue
        found = [
            start + at
            for start, end in gaps
            for at in find_exact(alignment.new[start:end], span.exact, prefix, suffix)
        ]
        if len(found) == 1:
            return found[0]
    return None


def _similar_words(span: Span, alignment: Alignment) -> Span | None:
    from rapidfuzz import fuzz

    new = alignment.new
    candidates = list(_iter_candidates(span, alignment))
    scored = [
        (fuzz.ratio(span.exact, new[start:end]), -start, end)
        for start, end in candidates
        if start < end
    ]
    if not scored or max(scored)[0] < SIMILAR:
        return None
    _, start, end = max(scored)
    return Span(-start, end, new[-start:end])


def _iter_candidates(span: Span, alignment: Alignment) -> Iterator[tuple[int, int]]:
    """Yield stretches of the new text, in whole words, that may be what became of a span."""
    from rapidfuzz import fuzz

    new = alignment.new
    left, right = alignment.room(span.start, span.end)
    yield trim_space(new, left, right)
    if survivors := list(alignment.survivors(span.start, span.end)):
        inner = survivors[0].place, survivors[-1].place + survivors[-1].length
        whole = not any(is_inside_word(alignment.old, at) for at in (span.start, span.end))
        yield trim_space(new, *(widen_to_words(new, *inner) if whole else inner))
    if right - left > len(span.exact) and (
        found := fuzz.partial_ratio_alignment(span.exact, new[left:right])
    ):
        yield trim_space(new, *widen_to_words(new, left + found.dest_start, left + found.dest_end))


# ---------------------------------------------------------------- annotations


class Move(NamedTuple):
    """How one annotation fared: its new self, or None where a span has no place; and the words that changed."""

    before: AnyAnnotation
    after: AnyAnnotation | None
    outcome: Outcome
    changes: tuple[tuple[str, str | None], ...] = ()


def reanchor_annotation(annotation: AnyAnnotation, alignment: Alignment) -> Move:
    """Move an annotation of the old text into the new one. All its spans are placed, or none is."""
    placed = [
        (pointer, span, reanchor_span(span, alignment)) for pointer, span in iter_spans(annotation)
    ]
    outcome = max((placement.outcome for *_, placement in placed), key=OUTCOMES.index)
    changes = tuple(
        (span.exact, placement.span.exact if placement.span else None)
        for _, span, placement in placed
        if placement.outcome in ("changed", "unplaced")
    )
    if outcome == "unplaced":
        return Move(annotation, None, outcome, changes)
    fields: dict[str, Any] = {}
    for pointer, _, placement in placed:
        name = str(pointer[0])
        fields[name] = (
            placement.span if len(pointer) == 1 else (*fields.get(name, ()), placement.span)
        )
    return Move(annotation, replace(annotation, **fields), outcome, changes)


def encode_unplaced(annotation: AnyAnnotation) -> bytes:
    """Return the line of an annotation without a place: offsets left out, so that it can be mended and put back."""
    record = msgspec.to_builtins(annotation)
    for name in SPAN_FIELDS[type(annotation)]:
        spans = record.get(name, [])
        for span in [spans] if isinstance(spans, dict) else spans:
            del span["start"], span["end"]
    return msgspec.json.encode(record) + b"\n"


# ---------------------------------------------------------------- files


class Reanchored(NamedTuple):
    """What became of one document: the files to write, how each annotation fared by file, or why nothing was done."""

    doc_id: str
    files: Mapping[str, bytes]
    moves: Mapping[str, tuple[Move, ...]]
    problems: tuple[Problem, ...] = ()


def find_corrected(root: Path, only: str | None = None) -> list[Document]:
    """Return the documents whose raw text is not the one that their metadata describe."""
    index, _ = read.read_index(root)
    return [
        meta
        for meta in index.records
        if only in (None, meta.doc_id)
        and read.read_text(root, meta.doc_id)[1] not in ("", meta.sha256)
    ]


def reanchor_document(root: Path, meta: Document, old: str) -> Reanchored:
    """Move every layer of a document from its old text to the one that the corpus folder holds now."""
    text, _, problems = read.read_text(root, meta.doc_id)
    if text is None:
        return Reanchored(meta.doc_id, {}, {}, tuple(problems))
    alignment = Alignment(old, text)
    files: dict[str, bytes] = {}
    moves: dict[str, tuple[Move, ...]] = {}
    found: list[Problem] = []
    for layer, annotator in _iter_layers(root):
        path = f"annotations/{layer}/{meta.doc_id}.jsonl"
        if not (root / path).is_file():
            continue
        formatted = format_layer(path, (root / path).read_bytes(), annotator, old)
        found += formatted.problems
        records = parse_layer(path, formatted.raw, annotator)[0].records
        moves[path] = tuple(reanchor_annotation(record, alignment) for record in records)
        files[path] = encode_layer(move.after for move in moves[path] if move.after)
        if lines := [encode_unplaced(move.before) for move in moves[path] if not move.after]:
            aside = f"{read.UNPLACED}/{layer}/{meta.doc_id}.jsonl"
            earlier = (root / aside).read_bytes() if (root / aside).is_file() else b""
            files[aside] = earlier + b"".join(lines)
    return Reanchored(meta.doc_id, {} if found else files, {} if found else moves, tuple(found))


def _iter_layers(root: Path) -> Iterator[tuple[str, str | None]]:
    yield "gold", None
    for annotator in read.iter_annotators(root):
        yield f"by/{annotator}", annotator


def reanchor_corpus(
    root: Path, documents: Iterable[Document], find_old: Callable[[Document], str]
) -> list[Reanchored]:
    """Move the layers of documents, and describe their new texts in the metadata; no file is written here."""
    done = [reanchor_document(root, meta, find_old(meta)) for meta in documents]
    moved = {each.doc_id for each in done if not each.problems}
    if moved:
        index, _ = read.read_index(root)
        records = [
            replace(meta, sha256=read.read_text(root, meta.doc_id)[1])
            if meta.doc_id in moved
            else meta
            for meta in index.records
        ]
        done.append(Reanchored("", {read.DOCUMENTS: encode_records(records)}, {}))
    return done


def read_old_text(root: Path, meta: Document, revision: str, file: Path | None = None) -> str:
    """Return the text that a document's metadata describe: from a file, or from a revision of git.

    Raises:
        RefusedError: there is no such text, or it is not the one described.

    """
    where = str(file) if file else f"revision {revision!r}"
    raw = file.read_bytes() if file else _read_revision(root, meta, revision)
    if sha256(raw).hexdigest() != meta.sha256:
        raise RefusedError(
            f"The text of {meta.doc_id!r} in {where} is not the one that {read.DOCUMENTS} describes. Name an earlier "
            "revision with --old-revision, or give the old text with --old FILE --document DOC_ID."
        )
    return raw.decode()


def _read_revision(root: Path, meta: Document, revision: str) -> bytes:
    path = f"{revision}:./{read.TEXTS}/{meta.doc_id}.txt"
    done = subprocess.run(
        ["git", "-C", str(root), "show", "--end-of-options", path], capture_output=True, check=False
    )
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise RefusedError(
            f"git has no old text of {meta.doc_id!r} ({''.join(reason)}). Give it with --old FILE --document DOC_ID."
        )
    return done.stdout


def report_lines(done: Reanchored) -> Iterator[str]:
    """Yield the lines that tell how a document's annotations fared, what changed and what must be looked at."""
    for path, moves in done.moves.items():
        counts = {name: sum(move.outcome == name for move in moves) for name in OUTCOMES}
        yield f"{path}: " + ", ".join(f"{count} {name}" for name, count in counts.items())
        for move in moves:
            for before, after in move.changes:
                if after is not None and move.outcome == "changed":
                    yield f"  changed: {move.before.id}: {before!r} → {after!r}"
                elif after is None:
                    yield f"  look at: {move.before.id}: {before!r} has no place in the new text"
    for path in done.files:
        if path.startswith(read.UNPLACED):
            yield f"{path}: what has no place; mend the words and put each line back into its layer, or delete it"
