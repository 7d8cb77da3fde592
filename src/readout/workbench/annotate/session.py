"""Read, edit and save the layer that one person annotates, with undo and redo.

Every request reads the files anew, since an editor or git may have changed them. Edits name the
version that they were made on: if the file changed since, both changes are merged by annotation.
What was written is on disk before a method returns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any, Literal, NamedTuple, TypeAlias

from msgspec.structs import replace

from readout.checks import references
from readout.checks.references import record_id
from readout.corpus import read
from readout.corpus.files import (
    Change,
    ChangedMeanwhileError,
    FileChanges,
    check_name,
    locked_corpus,
)
from readout.corpus.refs import Ref
from readout.corpus.schema import Kind, propose_id
from readout.model import (
    ANNOTATION_CLASSES,
    AnnotatedDocument,
    Document,
    Layer,
    RecordFile,
    Registries,
)
from readout.problem import Problem, locate_record
from readout.text.tokens import iter_paragraphs
from readout.workbench.add import add_entry, add_suggestions
from readout.workbench.annotate.edits import (
    Edit,
    Edited,
    RefusedEditError,
    apply_edits,
    refuse,
)
from readout.workbench.annotate.ghosts import (
    change_suggestions,
    list_left,
    name_accepted,
    read_suggestions,
    take_suggestions,
)
from readout.workbench.annotate.proposals import propose
from readout.workbench.annotate.reading import Reader
from readout.workbench.annotate.shapes import (
    Json,
    find_id,
    to_forms,
    to_json,
    to_problem,
    to_registries,
    to_roles,
    to_sections,
)
from readout.workbench.annotate.versions import Versions, hash_version, pack, unpack
from readout.workbench.decide import Grounds
from readout.workbench.gold import apply_changes, settle_documents
from readout.workbench.merge.records import Conflict, Side, merge_records
from readout.workbench.remove import remove_entries
from readout.workbench.uses import Sheet, find_record

Mode: TypeAlias = Literal["annotate", "adjudicate", "review"]

_TRIES = 3
"""How often a write is tried if a program that takes no lock changes a file at the same time."""


class ConflictError(Exception):
    """The file on disk and the edit say different things about the same annotations."""

    def __init__(self, message: str, conflicts: Sequence[Conflict] = ()) -> None:
        super().__init__(message)
        self.conflicts = tuple(conflicts)


class State(NamedTuple):
    """What is on disk about one document. ``suggestions`` is None if they cannot be read."""

    document: AnnotatedDocument
    layer: Layer
    registries: Registries
    metas: RecordFile[Document]
    read_problems: tuple[Problem, ...]
    suggestions: Sheet | None


class Step(NamedTuple):
    """What a step changed, and the number that names it in this session."""

    number: int
    changes: FileChanges


class Session:
    """One person at work on one layer of a corpus.

    ``layer`` is the annotator whose layer is edited; None for gold.
    """

    def __init__(
        self, root: Path, annotator: str, layer: str | None = None, mode: Mode = "annotate"
    ) -> None:
        self.root = root
        self.annotator = annotator
        self.layer = layer if layer is None else check_name("annotator", layer)
        self.mode = mode
        self.lock = RLock()
        self.reader = Reader(root)
        self.versions = Versions()
        self._undo: dict[str, list[Step]] = {}
        self._redo: dict[str, list[Step]] = {}
        self._steps = 0
        self._current = ""

    # ------------------------------------------------------------ reading

    def describe_corpus(self) -> Json:
        """Return the documents, the registries and the forms of the corpus."""
        registries, _ = read.read_registries(self.root)
        index, _ = read.read_index(self.root)
        guidelines, _ = read.read_bytes(self.root, read.GUIDELINES)
        return {
            "mode": self.mode,
            "layer": self.layer or "gold",
            "annotator": self.annotator,
            "documents": [self._describe_document(meta) for meta in index.records],
            "registries": to_registries(registries),
            "forms": to_forms(),
            "roles": to_roles(),
            "sections": to_sections(guidelines or b""),
        }

    def _describe_document(self, meta: Document) -> Json:
        raw, _ = read.read_bytes(self.root, self._layer_path(meta.doc_id))
        counts = {}
        for name in ANNOTATION_CLASSES:
            counts[name] = (raw or b"").count(b'"type":"%b"' % name.encode())
        return {
            "doc_id": meta.doc_id,
            "title": meta.title,
            "language": meta.language,
            # It is recorded of gold only, and an annotator's mode tells nothing of gold.
            "annotated": meta.completeness if self.layer is None else None,
            "counts": counts,
        }

    def _layer_path(self, doc_id: str) -> str:
        folder = read.GOLD if self.layer is None else f"{read.BY}/{self.layer}"
        return f"{folder}/{doc_id}.jsonl"

    def show_document(self, doc_id: str) -> Json:
        """Return a document with its annotations, suggestions and problems."""
        with self.lock:
            return self._show(self._read(doc_id))

    def _read(self, doc_id: str) -> State:
        """Return what is on disk; in the mode of an annotator, no other layer is in it.

        Raises:
            LookupError: there is no such document.
            RefusedError: its text cannot be read.

        """
        index, _ = read.read_index(self.root)
        meta = next((each for each in index.records if each.doc_id == doc_id), None)
        if meta is None:
            raise LookupError(doc_id)

        registries = self.reader.read_registries()
        annotators = [self.layer] if self.layer else list(read.iter_annotators(self.root))
        has_gold = self.layer is None
        found, problems = self.reader.read_document(meta, annotators, has_gold)
        document = read.demand_document(found, problems)
        missing = Layer(path=self._layer_path(doc_id), annotator=self.layer, is_read=False)
        layer = document.find_layer(self.layer) or missing
        self._current = doc_id
        suggestions = read_suggestions(self.root, doc_id)
        return State(document, layer, registries, index, tuple(problems), suggestions)

    def _show(self, state: State) -> Json:
        document, layer = state.document, state.layer
        doc_id = document.meta.doc_id
        annotations = self.reader.list_annotations(layer)
        version = self.versions.remember(doc_id, layer.raw, annotations)

        left = list_left(state.suggestions, layer.records)
        suggestions = []
        for each in left:
            name = each.annotation["id"]
            suggestions.append({"id": name, "annotation": each.annotation, "reason": each.reason})
        problems = [to_problem(each, layer) for each in self._judge(state)]
        return {
            "meta": to_json(document.meta),
            "text": document.text,
            "paragraphs": list(iter_paragraphs(document.text)),
            "annotations": annotations,
            "suggestions": suggestions,
            "problems": problems,
            "version": version,
            "undo": len(self._undo.get(doc_id, ())),
            "redo": len(self._redo.get(doc_id, ())),
        }

    def _judge(self, state: State) -> list[Problem]:
        """Return the problems of the layer and, for gold, of the decisions about it."""
        document, layer, registries = state.document, state.layer, state.registries
        paths = {layer.path}
        if self.layer is None:
            paths.add(document.adjudication.path)
            found = self.reader.check_gold(document, registries)
        else:
            found = self.reader.check_layer(layer, document, registries)
        problems = [*state.read_problems, *found]
        if self.layer:
            rule = references.unknown_annotator
            faults = rule.find(layer, registries)
            problems += [locate_record(rule, finding, layer) for finding in faults]
        return [problem for problem in problems if problem.path in paths]

    def propose(self, doc_id: str, annotation_type: str, start: int, end: int) -> Json:
        """Return the obvious links of an annotation of a type at a place."""
        with self.lock:
            state = self._read(doc_id)
        document, speakers = state.document, state.registries.speakers.values()
        paragraphs = list(iter_paragraphs(document.text))
        return propose(
            annotation_type,
            (start, end),
            document.text,
            paragraphs,
            state.layer.records,
            speakers,
            document.meta.outlet,
        )

    # ------------------------------------------------------------ editing

    def edit(
        self,
        doc_id: str,
        version: str,
        edits: Sequence[Edit],
        decision: Mapping[str, str] | None = None,
        keep: Mapping[str, Side] | None = None,
    ) -> Json:
        """Apply edits as one step, save them, and return the document as it is then.

        ``keep`` names the side of annotations that were in conflict before: "ours" or "theirs".

        Raises:
            RefusedEditError: the edits would break the corpus.
            ConflictError: the file changed on disk, and both versions cannot be merged.
            RefusedError: the edits are impossible for another reason.

        """

        def make(state: State) -> FileChanges:
            edited, accepted = self._apply(state, version, edits, keep or {})
            changes = self._to_changes(state, edits, edited, accepted)
            self._settle(state, changes, edited, decision)
            self.refuse_new_errors(state, changes)
            return changes

        with self.lock:
            self.save(doc_id, make)
            return self._show(self._read(doc_id))

    def save(self, doc_id: str, make: Callable[[State], FileChanges]) -> int | None:
        """Write the changes that ``make`` returns for what is on disk, as one step to undo.

        Return the number of the step, or None if nothing changed.
        """
        with self.lock:
            changes = self._write(doc_id, make)
            return self._remember(doc_id, changes)

    def _write(self, doc_id: str, make: Callable[[State], FileChanges]) -> FileChanges:
        """Write the changes that ``make`` returns for what is on disk, and return them.

        Programs that take no lock may change a file between reading and writing; then it is read
        again.
        """
        for tried in range(1, _TRIES + 1):
            with locked_corpus(self.root) as write:
                changes = make(self._read(doc_id))
                try:
                    write(changes)
                except ChangedMeanwhileError:
                    if tried == _TRIES:
                        raise
                    continue
            break
        return {path: change for path, change in changes.items() if change.old != change.new}

    def _remember(self, doc_id: str, changes: FileChanges) -> int | None:
        if not changes:
            return None
        self._steps += 1
        self._undo.setdefault(doc_id, []).append(Step(self._steps, pack(changes)))
        self._redo[doc_id] = []
        return self._steps

    def _apply(
        self, state: State, version: str, edits: Sequence[Edit], keep: Mapping[str, Side]
    ) -> tuple[Edited, dict[str, str]]:
        """Return the layer after the edits, and the ids of accepted suggestions in it."""
        layer = state.layer
        base = layer.raw
        if version != hash_version(layer.raw):
            known = self.versions.find(state.document.meta.doc_id, version)
            if known is None:
                raise ConflictError("The document changed since it was loaded. Load it again.")
            base = known

        text = state.document.text
        edited = apply_edits(layer.path, base, text, list(map(name_accepted, edits)))
        if base != layer.raw:
            merged = _merge(base, edited.raw, layer.raw, keep)
            edited = edited._replace(raw=merged)
        return take_suggestions(self.root, layer, state.suggestions, text, edited, edits)

    def _to_changes(
        self, state: State, edits: Sequence[Edit], edited: Edited, accepted: Mapping[str, str]
    ) -> FileChanges:
        """Return the changes of the layer and of the suggestions."""
        layer = state.layer
        changes: FileChanges = {}
        if edited.raw != layer.raw:
            old = layer.raw if layer.is_read else None
            changes[layer.path] = Change(old, edited.raw)
        sheet = state.suggestions
        suggestions = change_suggestions(sheet, edits, edited, accepted, self.layer is None)
        if sheet is not None and suggestions is not None:
            changes[sheet.place.path] = suggestions
        return changes

    def _settle(
        self,
        state: State,
        changes: FileChanges,
        edited: Edited,
        decision: Mapping[str, str] | None,
    ) -> None:
        """Add what follows from changes of gold: its decision, and the status of the document."""
        meta = state.document.meta
        if self.layer is not None or state.layer.path not in changes:
            return
        grounds = None
        if decision:
            section, reason = str(decision.get("section", "")), str(decision.get("reason", ""))
            grounds = Grounds(section, reason, self.annotator)
        elif meta.adjudicated and not edited.is_remark:
            message = f"The gold layer of {meta.doc_id!r} is adjudicated."
            hint = "give the section of the guidelines that the change follows, and the reason."
            raise refuse("undecided", message, hint, state.layer.path)
        self.settle(state, changes, edited.taken, grounds)

    def settle(
        self,
        state: State,
        changes: FileChanges,
        taken: Collection[str],
        grounds: Grounds | None,
        also: Collection[Ref] = (),
    ) -> None:
        """Add what follows from changes of gold, as :func:`readout.workbench.gold.settle_gold`."""
        before, registries, metas = state.document, state.registries, state.metas
        after = apply_changes(before, changes, self.reader.parse_layer)
        about = {before.meta.doc_id: taken}
        edited = [(before, after)]
        settle_documents(edited, registries, metas, changes, about, grounds, also)

    def refuse_new_errors(self, state: State, changes: FileChanges) -> None:
        """Refuse edits after which ``readout check`` would find an error that it does not find now.

        An annotation that had an error may have another one: it may take several edits to mend it.
        """
        if state.layer.path not in changes:
            return
        before = [problem for problem in self._judge(state) if problem.severity == "error"]
        broken = {find_id(problem, state.layer) for problem in before}
        known = {(problem.code, problem.message) for problem in before}

        after = self._change(state, changes)
        new = []
        for problem in self._judge(after):
            is_new = (problem.code, problem.message) not in known
            is_broken = find_id(problem, after.layer) in broken - {None}
            if problem.severity == "error" and is_new and not is_broken:
                new.append(problem)
        if new:
            raise RefusedEditError(new)

    def _change(self, state: State, changes: FileChanges) -> State:
        """Return what would be on disk after some changes."""
        document, metas = state.document, state.metas
        if change := changes.get(read.DOCUMENTS):
            metas, _ = read.parse_records(read.DOCUMENTS, change.new or b"")
            name = document.meta.doc_id
            meta = next(each for each in metas.records if each.doc_id == name)
            document = replace(document, meta=meta)
        document = apply_changes(document, changes, self.reader.parse_layer)
        path, annotator = state.layer.path, state.layer.annotator
        layer, problems = self.reader.parse_layer(path, changes[path].new or b"", annotator)
        found = [problem for problem in state.read_problems if problem.path != path]
        return state._replace(
            document=document, layer=layer, metas=metas, read_problems=(*found, *problems)
        )

    # ------------------------------------------------------------ undo and redo

    def undo(
        self, doc_id: str, keep: Mapping[str, Side] | None = None, number: int | None = None
    ) -> Json:
        """Take back the last step, or the one of a number; return the document as it is then.

        What others changed in the same files meanwhile is kept. ``keep`` names the side of
        annotations that were in conflict before: "ours" is the version without the step.

        Raises:
            ConflictError: somebody changed the same annotations since.
            RefusedEditError: no step has the number.
            RefusedError: a new registry entry is used by now.

        """
        return self._revert(doc_id, self._undo, self._redo, keep or {}, number)

    def redo(
        self, doc_id: str, keep: Mapping[str, Side] | None = None, number: int | None = None
    ) -> Json:
        """Repeat the step that was taken back last, or the one of a number."""
        return self._revert(doc_id, self._redo, self._undo, keep or {}, number)

    def _revert(
        self,
        doc_id: str,
        steps: dict[str, list[Step]],
        others: dict[str, list[Step]],
        keep: Mapping[str, Side],
        number: int | None,
    ) -> Json:
        with self.lock:
            stack = steps.get(doc_id, [])
            if number is None and stack:
                number = stack[-1].number
            if number is not None:
                step = _find_step(stack, number)
                changes = unpack(step.changes)
                reverted = self._write(doc_id, lambda _: self._to_reverted(changes, keep))
                stack.remove(step)
                others.setdefault(doc_id, []).append(Step(number, pack(reverted)))
            state = self._read(doc_id)
            return {**self._show(state), "registries": to_registries(state.registries)}

    def _to_reverted(self, step: FileChanges, keep: Mapping[str, Side]) -> FileChanges:
        """Return the changes that undo those of a step, in the files as they are now."""
        changes: FileChanges = {}
        for path, change in step.items():
            now = read.read_bytes(self.root, path)[0]
            target = change.old
            if now != change.new:
                target = _merge(change.new or b"", change.old or b"", now or b"", keep)
                if change.old is None and not target:
                    target = None
            changes[path] = Change(now, target)
            self._refuse_used(path, now or b"", target or b"")
        return changes

    def _refuse_used(self, path: str, now: bytes, target: bytes) -> None:
        """Refuse to take back a registry entry that something names."""
        registry = Path(path).stem
        if path != f"annotations/{registry}.jsonl" or registry not in read.REGISTRY_FILES:
            return
        kept = {record_id(record) for record in read.parse_records(path, target)[0].records}
        names = {record_id(record) for record in read.parse_records(path, now)[0].records}
        gone = sorted(names - kept)
        kind, _ = read.REGISTRY_FILES[registry]
        if gone:
            remove_entries(self.root, kind, gone)

    # ------------------------------------------------------------ registries and suggestions

    def add_entry(self, kind: Kind, fields: Mapping[str, Any], doc_id: str | None = None) -> Json:
        """Add an entry to a registry, and return it with all registries.

        Its id is made from its name if it has none. It is a step of the document that was open.

        Raises:
            RefusedError: as :func:`readout.workbench.add.add_entry`.

        """
        registry, id_field = f"{kind}s", f"{kind}_id"
        named = dict(fields)
        named.setdefault(id_field, propose_id(str(fields.get("name") or fields.get("label") or "")))
        with self.lock:
            with locked_corpus(self.root) as write:
                changes = add_entry(self.root, kind, named)
                write(changes)
            number = self._remember(doc_id or self._current, changes)
            registries, _ = read.read_registries(self.root)
            entry = find_record(registries.files[registry], kind, named[id_field])
            return {
                "entry": to_json(entry),
                "registries": to_registries(registries),
                "step": number,
            }

    def suggest(self, doc_id: str) -> Json:
        """Write the suggestions for a document anew, and return it."""
        with self.lock:
            self.save(doc_id, lambda _: add_suggestions(self.root, doc_id).changes)
            return self._show(self._read(doc_id))


def _find_step(stack: Sequence[Step], number: int) -> Step:
    """Return the step of a number, or refuse one that was taken back, or repeated, elsewhere."""
    for step in stack:
        if step.number == number:
            return step
    raise refuse("no-such-step", "Another window took this step back, or went on after it.")


def _merge(base: bytes, ours: bytes, theirs: bytes, keep: Mapping[str, Side]) -> bytes:
    """Return what two changed versions of a file make together.

    Raises:
        ConflictError: they say different things about the same annotations.

    """
    merged = merge_records(base, ours, theirs, keep)
    if merged.conflicts:
        message = "The file changed on disk, in the same annotations."
        raise ConflictError(message, merged.conflicts)
    return merged.raw
