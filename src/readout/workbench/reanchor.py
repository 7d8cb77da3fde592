"""Move annotations to a corrected raw text.

A diff of the two texts finds the characters that they share. If the words of a span are unchanged,
the span moves without a report. If they changed, it takes the most similar words at its place. If
there are none, the annotation is set aside for a person to look at, and is never lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from readout.corpus import read
from readout.corpus.canonical import encode_layer, encode_records
from readout.corpus.drafts import to_annotation
from readout.corpus.files import Change, FileChanges
from readout.corpus.parse import parse_layer
from readout.model import SPAN_FIELDS, AnyAnnotation, Document, Span, Suggestion, iter_spans
from readout.problem import Problem, RefusedError, as_sentence, nearest, refuse_broken
from readout.text.alignment import Alignment
from readout.text.find import find_exact, is_inside_word, trim_space, widen_to_words
from readout.workbench.format import format_layer
from readout.workbench.git import run_git

Outcome: TypeAlias = Literal["kept", "moved", "changed", "unplaced"]
OUTCOMES: tuple[Outcome, ...] = ("kept", "moved", "changed", "unplaced")
"""From best to worst; the outcome of an annotation is the worst of its spans."""

SIMILAR = 60.0
"""The least similarity of a corrected spelling to the old one: normalised Indel, per cent."""
_CONTEXT_LENGTH = 16
"""How many characters before or after a span identify it in a new passage."""


# ---------------------------------------------------------------- spans


class Placement(NamedTuple):
    """A span in the new text, or None if it has no place there, and its outcome."""

    span: Span | None
    outcome: Outcome


def reanchor_span(span: Span, alignment: Alignment) -> Placement:
    """Return the place of a span of the old text in the new one.

    A span whose ``exact`` is not in the old text at its offsets is unplaced.
    """
    if alignment.old[span.start : span.end] != span.exact:
        return Placement(None, "unplaced")

    start = _find_survivor(span, alignment)
    if start is None:
        start = _find_nearby(span, alignment)
    if start is None:
        start = _find_in_new_passage(span, alignment)

    same = None if start is None else Span(start, start + len(span.exact), span.exact)
    if same is not None and _keeps_word_edges(span, same, alignment):
        outcome: Outcome = "kept" if same == span else "moved"
        return Placement(same, outcome)

    # The same words inside longer ones count as a change, and only if nothing is more similar.
    similar = _find_similar(span, alignment) or same
    return Placement(similar, "changed") if similar else Placement(None, "unplaced")


def _keeps_word_edges(old: Span, new: Span, alignment: Alignment) -> bool:
    """Return whether a span that began and ended at whole words still does.

    In a text that now says "the plans", "the plan" is not the same span any more.
    """
    for before, after in ((old.start, new.start), (old.end, new.end)):
        was_inside = is_inside_word(alignment.old, before)
        if is_inside_word(alignment.new, after) and not was_inside:
            return False
    return True


def _find_survivor(span: Span, alignment: Alignment) -> int | None:
    """Return the new offset of a span that survived as one block."""
    survivors = list(alignment.survivors(span.start, span.end))
    if len(survivors) == 1 and survivors[0].length == len(span.exact):
        return survivors[0].place
    return None


def _find_nearby(span: Span, alignment: Alignment) -> int | None:
    """Return the new offset of the same words around a surviving part, or between the neighbours.

    A diff may cut words that are still there, since it may cut anywhere. Between the neighbours,
    the words must occur exactly once.
    """
    new, length = alignment.new, len(span.exact)
    for block in alignment.survivors(span.start, span.end):
        start = block.place - (block.start - span.start)
        if start >= 0 and new[start : start + length] == span.exact:
            return start

    left, right = alignment.room(span.start, span.end)
    starts = find_exact(new[left:right], span.exact)
    return left + starts[0] if len(starts) == 1 else None


def _find_in_new_passage(span: Span, alignment: Alignment) -> int | None:
    """Return the new offset of the same words, with their context, in the passages that are new.

    The context is the text before the span or, failing that, the text after it.
    """
    old = alignment.old
    before = old[max(0, span.start - _CONTEXT_LENGTH) : span.start]
    after = old[span.end : span.end + _CONTEXT_LENGTH]

    for prefix, suffix in ((before, ""), ("", after)):
        context = prefix + suffix
        if len(context.strip()) < _CONTEXT_LENGTH // 2:
            continue

        found = []
        for start, end in alignment.gaps():
            passage = alignment.new[start:end]
            found += [start + at for at in find_exact(passage, span.exact, prefix, suffix)]
        if len(found) == 1:
            return found[0]
    return None


def _find_similar(span: Span, alignment: Alignment) -> Span | None:
    """Return the most similar words at the place of a span, the first of equals."""
    from rapidfuzz import fuzz

    new = alignment.new
    scored = [
        (fuzz.ratio(span.exact, new[start:end]), -start, end)
        for start, end in _iter_candidates(span, alignment)
        if start < end
    ]
    if not scored:
        return None

    score, minus_start, end = max(scored)
    start = -minus_start
    return Span(start, end, new[start:end]) if score >= SIMILAR else None


def _iter_candidates(span: Span, alignment: Alignment) -> Iterator[tuple[int, int]]:
    """Yield the passages of the new text that a span may have become."""
    from rapidfuzz import fuzz

    new = alignment.new
    left, right = alignment.room(span.start, span.end)
    yield trim_space(new, left, right)

    survivors = list(alignment.survivors(span.start, span.end))
    if survivors:
        start, end = survivors[0].place, survivors[-1].place + survivors[-1].length
        if not any(is_inside_word(alignment.old, at) for at in (span.start, span.end)):
            start, end = widen_to_words(new, start, end)
        yield trim_space(new, start, end)

    if right - left <= len(span.exact):
        return
    found = fuzz.partial_ratio_alignment(span.exact, new[left:right])
    if found:
        start, end = widen_to_words(new, left + found.dest_start, left + found.dest_end)
        yield trim_space(new, start, end)


# ---------------------------------------------------------------- annotations


class Move(NamedTuple):
    """An annotation before and after, its outcome, and the words that changed.

    ``after`` is None if a span has no place. ``changes`` are pairs of old and new words; the new
    words are None if they have no place.
    """

    before: AnyAnnotation
    after: AnyAnnotation | None
    outcome: Outcome
    changes: tuple[tuple[str, str | None], ...] = ()


def reanchor_annotation(annotation: AnyAnnotation, alignment: Alignment) -> Move:
    """Move an annotation of the old text to the new one, with all its spans or not at all."""
    placements: list[Placement] = []
    changes: list[tuple[str, str | None]] = []
    fields: dict[str, Any] = {}
    for pointer, span in iter_spans(annotation):
        placement = reanchor_span(span, alignment)
        placements.append(placement)
        if placement.outcome in ("changed", "unplaced"):
            words = placement.span.exact if placement.span else None
            changes.append((span.exact, words))

        name = str(pointer[0])
        in_list = len(pointer) > 1
        fields[name] = (*fields.get(name, ()), placement.span) if in_list else placement.span

    outcome = max((placement.outcome for placement in placements), key=OUTCOMES.index)
    moved = None if outcome == "unplaced" else replace(annotation, **fields)
    return Move(annotation, moved, outcome, tuple(changes))


def encode_unplaced(annotation: AnyAnnotation) -> bytes:
    """Return the line of an unplaced annotation, without offsets.

    It is a draft: once its words are corrected, ``readout format`` finds their offsets.
    """
    record = msgspec.to_builtins(annotation)
    for name in SPAN_FIELDS[type(annotation)]:
        spans = record.get(name, [])
        for span in [spans] if isinstance(spans, dict) else spans:
            del span["start"], span["end"]
    return msgspec.json.encode(record) + b"\n"


# ---------------------------------------------------------------- files


class Reanchored(NamedTuple):
    """A reanchored document: files to write and moves, each by path, or its problems."""

    doc_id: str
    files: Mapping[str, Change]
    moves: Mapping[str, tuple[Move, ...]]
    problems: tuple[Problem, ...] = ()


def find_corrected(root: Path, only: str | None = None) -> list[Document]:
    """Return the documents whose raw text differs from the checksum in their metadata.

    A text that cannot be read counts as different. ``only`` is the id of the one document to look
    at.

    Raises:
        RefusedError: there is no such document.

    """
    index, _ = read.read_index(root)
    chosen = index.records
    if only is not None:
        chosen = tuple(meta for meta in index.records if meta.doc_id == only)
        if not chosen:
            known = [meta.doc_id for meta in index.records]
            hint = as_sentence(nearest(only, known))
            raise RefusedError(f"There is no document {only!r}. {hint}".strip())
    return [meta for meta in chosen if read.read_text(root, meta.doc_id)[1] != meta.sha256]


def reanchor_document(
    root: Path, meta: Document, find_old: Callable[[Document], str]
) -> Reanchored:
    """Move every layer of a document, and its suggestions, from its old text to the new one."""
    text, _, problems = read.read_text(root, meta.doc_id)
    if text is None:
        return Reanchored(meta.doc_id, {}, {}, tuple(problems))

    old = find_old(meta)
    alignment = Alignment(old, text)
    aside: FileChanges = {}
    files: FileChanges = {}
    moves: dict[str, tuple[Move, ...]] = {}
    found: list[Problem] = []
    for layer, annotator in _iter_layers(root):
        path = f"annotations/{layer}/{meta.doc_id}.jsonl"
        if not os.path.lexists(root / path):
            continue
        raw, unreadable = read.read_bytes(root, path)
        if raw is None:
            found += unreadable
            continue

        # Drafts get their offsets in the old text first.
        formatted = format_layer(path, raw, annotator, old)
        found += formatted.problems
        records = parse_layer(path, formatted.raw, annotator)[0].records
        moves[path] = tuple(reanchor_annotation(record, alignment) for record in records)
        kept = [move.after for move in moves[path] if move.after]
        files[path] = Change(raw, encode_layer(kept))

        lines = [encode_unplaced(move.before) for move in moves[path] if not move.after]
        if lines:
            place = f"{read.UNPLACED}/{layer}/{meta.doc_id}.jsonl"
            earlier, unreadable = read.read_bytes(root, place)
            if os.path.lexists(root / place):
                found += unreadable
            aside[place] = Change(earlier, _append_lines(earlier or b"", lines))

    suggestions, unreadable = read.read_suggestions(root, meta.doc_id)
    found += unreadable
    if suggestions.records and not found:
        path = suggestions.path
        proposed = map(to_annotation, suggestions.records)
        moves[path] = tuple(reanchor_annotation(each, alignment) for each in proposed)
        files[path] = Change(suggestions.raw, _encode_moved(suggestions.records, moves[path]))

    if found:
        return Reanchored(meta.doc_id, {}, {}, tuple(found))
    return Reanchored(meta.doc_id, {**aside, **files}, moves)


def _encode_moved(suggestions: Iterable[Suggestion], moves: Iterable[Move]) -> bytes:
    """Return the lines of the suggestions that have a place in the new text.

    The others are left out: ``readout add suggestions`` proposes what the new text has.
    """
    lines = []
    for suggestion, move in zip(suggestions, moves, strict=True):
        if move.after:
            record = msgspec.to_builtins(move.after)
            names = [name for name in SPAN_FIELDS[type(move.after)] if name in record]
            spans = {name: record[name] for name in names}
            moved = replace(suggestion, annotation={**suggestion.annotation, **spans})
            lines.append(msgspec.json.encode(moved) + b"\n")
    return b"".join(lines)


def _append_lines(earlier: bytes, lines: Iterable[bytes]) -> bytes:
    """Return a file with more lines; its last line may lack its line feed."""
    if earlier and not earlier.endswith(b"\n"):
        earlier += b"\n"
    return earlier + b"".join(lines)


def _iter_layers(root: Path) -> Iterator[tuple[str, str | None]]:
    """Yield the folder of each layer, below ``annotations``, with its annotator."""
    yield "gold", None
    for annotator in read.iter_annotators(root):
        yield f"by/{annotator}", annotator


def reanchor_corpus(
    root: Path, documents: Iterable[Document], find_old: Callable[[Document], str]
) -> list[Reanchored]:
    """Move the layers of documents to their new texts, and update the checksums. Write nothing.

    The last item, without a ``doc_id``, has the updated metadata file.

    Raises:
        RefusedError: the metadata file has problems, so some of its lines would be lost.

    """
    index, problems = read.read_index(root)
    refuse_broken(read.DOCUMENTS, problems)
    done = [reanchor_document(root, meta, find_old) for meta in documents]
    moved = {each.doc_id for each in done if not each.problems}
    if not moved:
        return done

    records = []
    for meta in index.records:
        if meta.doc_id in moved:
            digest = read.read_text(root, meta.doc_id)[1]
            records.append(replace(meta, sha256=digest))
        else:
            records.append(meta)
    metadata = Change(index.raw, encode_records(records))
    return [*done, Reanchored("", {read.DOCUMENTS: metadata}, {})]


def merge_changes(done: Iterable[Reanchored]) -> FileChanges:
    """Return the changes of all documents, to be written together.

    A layer that is moved while the checksum is still that of the old text would be moved again.
    """
    changes: FileChanges = {}
    for each in done:
        changes.update(each.files)
    return changes


def read_old_text(root: Path, meta: Document, revision: str, file: Path | None = None) -> str:
    """Return the text that a document's checksum describes, from a file or a git revision.

    Raises:
        RefusedError: there is no such text, or its checksum is another.

    """
    where = str(file) if file else f"revision {revision!r}"
    raw = file.read_bytes() if file else _read_revision(root, meta, revision)
    if sha256(raw).hexdigest() != meta.sha256:
        raise RefusedError(
            f"The text of {meta.doc_id!r} in {where} does not have the sha256 that "
            f"{read.DOCUMENTS} names. Name an earlier revision with --old-revision, or give the "
            "old text with --old FILE --document DOC_ID."
        )
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        present = read.read_text(root, meta.doc_id)[1]
        raise RefusedError(
            f"The old text of {meta.doc_id!r} is not UTF-8 (byte {error.start}), so no annotation "
            "can be moved from it. If the annotations are those of the new text, write its "
            f"checksum as 'sha256' in {read.DOCUMENTS}: {present}"
        ) from error


def _read_revision(root: Path, meta: Document, revision: str) -> bytes:
    path = f"{revision}:./{read.TEXTS}/{meta.doc_id}.txt"
    done = run_git(root, "show", "--end-of-options", path)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise RefusedError(
            f"git has no old text of {meta.doc_id!r} ({''.join(reason)}). Give the old text with "
            "--old FILE --document DOC_ID."
        )
    return done.stdout


def report_lines(done: Reanchored) -> Iterator[str]:
    """Yield the lines to print about a document: counts of outcomes, changes, what needs a look."""
    for path, moves in done.moves.items():
        outcomes = [move.outcome for move in moves]
        counts = ", ".join(f"{outcomes.count(name)} {name}" for name in OUTCOMES)
        yield f"{path}: {counts}"
        for move in moves:
            yield from _change_lines(move)

    for path in done.files:
        if path.startswith(read.UNPLACED):
            yield (
                f"{path}: annotations without a place; correct the words of each line and move it "
                "back into its layer, or delete it"
            )


def _change_lines(move: Move) -> Iterator[str]:
    for before, after in move.changes:
        if after is None:
            yield f"  look at: {move.before.id}: {before!r} has no place in the new text"
        elif move.outcome == "changed":
            yield f"  changed: {move.before.id}: {before!r} → {after!r}"
