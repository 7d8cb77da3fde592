"""Take annotations of a layer into the gold layer of one document."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from readout.checks.spans import find_subject
from readout.corpus import read
from readout.corpus.drafts import content_id
from readout.corpus.refs import Ref
from readout.corpus.schema import explain
from readout.corpus.signatures import signature
from readout.model import (
    FIELD_ROLES,
    AnyAnnotation,
    FieldRole,
    annotation_type,
    fields_of,
    iter_values,
    main_spans,
    map_values,
)
from readout.problem import RefusedError, as_sentence, nearest
from readout.workbench.uses import SHOWN, describe

Draft: TypeAlias = dict[str, Any]
"""An annotation that lacks a field, such as the suggestion of a mention without its speaker."""


class Manner(NamedTuple):
    """How to accept.

    ``replaces`` is the gold annotation whose place the accepted one takes. ``speaker`` completes
    suggestions that name none. With ``beside``, gold may have much the same at the place already.
    Without ``has_options``, no sentence names an option of the command line. ``home`` is what takes
    the annotations in: gold, or another layer that is edited in its place.
    """

    replaces: str | None = None
    speaker: str | None = None
    beside: bool = False
    has_options: bool = True
    home: str = "gold"


class Intake:
    """The gold layer of a document, and what was taken into it.

    ``gold`` has the annotations by id, and ``taken`` the ids of those that are new or different.
    Annotations are looked up by what they say and where they are, never compared with each other,
    so the time is proportional to their number.
    """

    def __init__(
        self,
        gold: Iterable[AnyAnnotation],
        manner: Manner,
        statements: Statements,
        is_strict: bool,
    ) -> None:
        self.gold = {record.id: record for record in gold}
        self.manner = manner
        self.statements = statements
        self.is_strict = is_strict
        self.taken: list[str] = []
        self._said: dict[str, list[str]] = {}

    def take(
        self, layer: str, items: Mapping[str, AnyAnnotation | Draft], ids: Sequence[str]
    ) -> dict[str, str]:
        """Take annotations of a layer into gold.

        Return the ids in gold of those that were asked for or needed, and are there now.

        Raises:
            RefusedError: if it is strict, an annotation that was asked for cannot be accepted.

        """
        self._refuse_bad_replacement(items, ids)
        plan = _Plan(layer, items, self.gold, self.manner)
        plan.choose(ids)
        if self.is_strict and plan.faults:
            raise RefusedError(_join(plan.faults.values()))

        new = plan.list_new(ids)
        names = self._name(new)
        links = {**plan.links, **names}
        links.update({name: links[first] for name, first in plan.twins.items() if first in links})
        for record in new:
            self._add(layer, record, names[record.id], links)
        self._note(plan, names, set(ids))
        present = {name: links[name] for name in ids if name in links and name not in plan.faults}
        return {**names, **present}

    def _refuse_bad_replacement(self, items: Mapping[str, Any], ids: Sequence[str]) -> None:
        """Refuse to replace an annotation that gold lacks, or that is of another type."""
        replaced = self.manner.replaces
        if replaced is None:
            return
        if replaced not in self.gold:
            hint = as_sentence(nearest(replaced, self.gold))
            raise RefusedError(f"Gold has no annotation {replaced!r}. {hint}".strip())
        got = msgspec.to_builtins(items[ids[0]])["type"]
        expected = annotation_type(self.gold[replaced])
        if got != expected:
            raise RefusedError(
                f"{replaced!r} is a {expected}, and {ids[0]!r} is a {got}. Name a {got} of gold "
                "with --replace."
            )

    def _name(self, new: Sequence[AnyAnnotation]) -> dict[str, str]:
        """Return the ids of new annotations in gold: their own, unless gold uses it already."""
        names = {}
        used = set(self.gold)
        for record in new:
            name = record.id
            if name in used:
                name = content_id(msgspec.to_builtins(record), used)
            used.add(name)
            names[record.id] = name
        if self.manner.replaces is not None and new:
            names[new[0].id] = self.manner.replaces
        return names

    def _add(self, layer: str, record: AnyAnnotation, name: str, links: Mapping[str, str]) -> None:
        """Add an annotation to gold; one that is replaced leaves what the new one lacks."""

        def rename(role: FieldRole, value: str) -> str:
            if role.kind == "annotation":
                return links.get(value, value)
            return self.statements.find(layer, value)

        added = replace(map_values(record, rename, "annotation", "key"), id=name)
        replaced = self.gold.get(name)
        for field in fields_of(type(added), "key", "text") if replaced else ():
            if getattr(added, field) is None:
                added = replace(added, **{field: getattr(replaced, field)})
        self.gold[name] = added
        self.taken.append(name)

    # ------------------------------------------------------------ sentences

    def _note(self, plan: _Plan, names: Mapping[str, str], asked: set[str]) -> None:
        replaced = self.manner.replaces
        for name, gold_id in names.items():
            shown = plan.show(name)
            known_as = "" if gold_id == name else f" as {gold_id}"
            if name not in asked:
                self._say("accepted along", f"{shown}{known_as}, which is needed")
            elif gold_id == replaced:
                self._say("replaced", f"{replaced} by {shown}")
            else:
                self._say("accepted", f"{shown}{known_as}")
        for name in plan.items:
            if name in asked and name in plan.equals:
                self._say("in gold already", f"{plan.show(name)}: it is {plan.equals[name]}")
            if name in plan.faults:
                self._say("left out", plan.faults[name])

    def _say(self, what: str, sentence: str) -> None:
        self._said.setdefault(what, []).append(sentence)

    def describe(self, doc_id: str) -> Iterator[str]:
        """Yield what was done: a heading for each kind of outcome, and its first sentences."""
        for what, sentences in self._said.items():
            if len(sentences) == 1:
                yield f"{doc_id}: {what}: {sentences[0]}"
                continue
            yield f"{doc_id}: {what}: {len(sentences)} annotations"
            for sentence in sentences[:SHOWN]:
                yield f"  {sentence}"
            if len(sentences) > SHOWN:
                yield f"  … and {len(sentences) - SHOWN} more"
        if not self._said:
            yield f"{doc_id}: there is nothing to accept"


def _join(faults: Iterable[str]) -> str:
    """Return the first faults, and how many more there are."""
    every = list(faults)
    more = [f"There are {len(every) - SHOWN} more like these."] if len(every) > SHOWN else []
    return "\n".join([*every[:SHOWN], *more])


# ---------------------------------------------------------------- what can be accepted


class _Plan:
    """Which annotations of a layer can be accepted, and why others cannot.

    ``equals`` are the ids in gold of annotations that gold has. ``links`` are these, and the ids of
    gold annotations that others can refer to in their place. ``twins`` say the same as an earlier
    annotation of the layer, whose ids they have as values. ``faults`` are sentences, by id.
    """

    def __init__(
        self,
        layer: str,
        items: Mapping[str, AnyAnnotation | Draft],
        gold: Mapping[str, AnyAnnotation],
        manner: Manner,
    ) -> None:
        self.layer = layer
        self.items = items
        self.gold = gold
        self.manner = manner
        self.new: dict[str, AnyAnnotation] = {}
        self.equals: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.twins: dict[str, str] = {}
        self.faults: dict[str, str] = {}
        self._first: dict[Any, str] = {}
        whole = {name: item for name, item in items.items() if not isinstance(item, dict)}
        # A suggestion may name what was accepted earlier, by its id in gold.
        self._scope: Mapping[str, AnyAnnotation] = ChainMap(whole, dict(gold))
        self._index(gold.values())

    def _index(self, records: Iterable[AnyAnnotation]) -> None:
        self._sayings: dict[Any, str] = {}
        self._subjects: dict[Any, str] = {}
        self._edges: dict[Any, str] = {}
        for record in records:
            self._sayings.setdefault(signature(record, self.gold), record.id)
            for key in _subject_keys(record):
                self._subjects.setdefault(key, record.id)
            for key in _edge_keys(record):
                self._edges.setdefault(key, record.id)

    def show(self, name: str) -> str:
        """Return the reference to an annotation of the layer, with its words."""
        return describe(Ref(self.layer, name), self.items[name])

    def _show_gold(self, name: str) -> str:
        return describe(Ref(None, name), self.gold[name])

    def choose(self, ids: Iterable[str]) -> None:
        """Find out which annotations can be accepted, with all that they need."""
        asked = set(ids)
        pending = list(ids)
        seen = set()
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            item = self.items[name]
            self._judge(name, item, name in asked)
            if not isinstance(item, dict) and name in self.new:
                pending += [target for target in _targets(item) if target in self.items]
        self._spread_faults()

    def _judge(self, name: str, item: AnyAnnotation | Draft, is_asked: bool) -> None:
        """Decide about one annotation, apart from what it needs."""
        if isinstance(item, dict):
            self.faults[name] = self._explain_lack(name, item)
            return
        saying = signature(item, self._scope)
        equal = self._sayings.get(saying)
        if equal is not None:
            self.equals[name] = self.links[name] = equal
            return

        near = _find(self._edges, _edge_keys(item))
        if near is not None and not is_asked:
            self.links[name] = near
            return
        fault = self._find_rival(item, near)
        if fault is None:
            first = self._first.setdefault(saying, name)
            if first == name:
                self.new[name] = item
            else:
                self.twins[name] = first
            return
        self.faults[name] = f"{self.show(name)} is not accepted: {fault}"
        if near is not None:
            self.links[name] = near

    def _find_rival(self, item: AnyAnnotation, near: str | None) -> str | None:
        """Return why gold does not take an annotation beside what it has."""
        replaced, home = self.manner.replaces, self.manner.home
        has_options = self.manner.has_options
        rival = _find(self._subjects, _subject_keys(item))
        if rival is not None and rival != replaced:
            fault = f"{home} says something else about the same words in {self._show_gold(rival)}."
            hint = f"To accept it in its place, name it alone, with --replace {rival}."
            return f"{fault} {hint}" if has_options else fault
        if near is not None and replaced is None and not self.manner.beside:
            fault = f"{home} has much the same there, {self._show_gold(near)}."
            hint = f"To accept it in its place, name it alone, with --replace {near}; "
            return f"{fault} {hint}to have both, add --beside." if has_options else fault
        return None

    def _explain_lack(self, name: str, item: Draft) -> str:
        finding = next(explain("annotation", item))
        lacks_speaker = "speaker" not in item and self.manner.has_options
        hint = "Give the speaker with --speaker ID." if lacks_speaker else ""
        return f"{self.show(name)} is not accepted: {finding.message} {hint}".strip()

    def _spread_faults(self) -> None:
        """Take out the annotations that need one which gold neither has nor can accept."""
        needing: dict[str, list[str]] = {}
        for name, item in self.new.items():
            for target in _targets(item):
                needing.setdefault(target, []).append(name)
        pending = [target for target in needing if not self._is_there(target)]
        while pending:
            target = pending.pop()
            for name in needing.get(target, ()):
                if name in self.new:
                    del self.new[name]
                    self.faults[name] = self._explain_need(name, target)
                    pending.append(name)

    def _is_there(self, target: str) -> bool:
        first = self.twins.get(target, target)
        return first in self.new or target in self.links or self._is_in_gold(target)

    def _is_in_gold(self, target: str) -> bool:
        return target not in self.items and target in self.gold

    def _explain_need(self, name: str, target: str) -> str:
        needed = str(Ref(self.layer, target))
        message = f"{self.show(name)} is not accepted: it names {needed}, which"
        if target in self.items:
            return f"{message} cannot be accepted. Accept {needed} first, or correct it."
        return f"{message} does not exist. Correct the reference in the layer first."

    def list_new(self, ids: Iterable[str]) -> list[AnyAnnotation]:
        """Return what is to be accepted, in the order of the layer: what was asked for, and needed.

        What only a refused annotation needs is left out.
        """
        needed = set()
        pending = [self.twins.get(name, name) for name in ids]
        while pending:
            name = pending.pop()
            if name not in needed and name in self.new:
                needed.add(name)
                targets = _targets(self.new[name])
                pending += [self.twins.get(target, target) for target in targets]
        return [self.new[name] for name in self.items if name in needed]


def _targets(item: AnyAnnotation) -> list[str]:
    """Return the ids of the annotations that an annotation names."""
    return [target for _, _, target in iter_values(item, "annotation")]


def _find(index: Mapping[Any, str], keys: Iterable[Any]) -> str | None:
    return next((index[key] for key in keys if key in index), None)


def _entries(record: AnyAnnotation) -> tuple[Any, ...]:
    """Return the entries of registries that an annotation names in fields for one: whose it is."""
    roles = FIELD_ROLES[type(record)]
    names = [name for name in fields_of(type(record), "entry") if not roles[name].many]
    return type(record), *[getattr(record, name) for name in names]


def _subject_keys(record: AnyAnnotation) -> Iterator[Any]:
    """Yield keys of which two annotations share one if gold can have only one of them."""
    subject = find_subject(record)
    if subject is not None:
        yield subject
    yield *_entries(record), main_spans(record)


def _edge_keys(record: AnyAnnotation) -> Iterator[Any]:
    """Yield keys of which two annotations share one if they start or end at the same place."""
    spans = main_spans(record)
    yield *_entries(record), "start", spans[0].start
    yield *_entries(record), "end", spans[-1].end


# ---------------------------------------------------------------- statements


class Statements:
    """Which statements of gold the statements of a layer are, over all documents.

    The corpus is read when the first annotation that names a statement is accepted.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[str, dict[str, str]] = {}
        self._golden: set[str] = set()
        self._others: dict[str, set[str]] = {}

    def find(self, layer: str, statement: str) -> str:
        """Return the name that a statement of a layer has in gold.

        It is that of quotes which gold and the layer share. If there are none, it is the layer's
        name; if gold has that for quotes which the layer says are no such statement, with a number.
        """
        if layer not in self._known:
            self._known[layer] = dict(self._iter_shared(layer))
        known = self._known[layer]
        if statement not in known:
            name, number = statement, 2
            taken = self._others[layer]
            while name in taken or (name != statement and name in self._golden):
                name, number = f"{statement}-{number}", number + 1
            known[statement] = name
            self._golden.add(name)
        return known[statement]

    def _iter_shared(self, layer: str) -> Iterator[tuple[str, str]]:
        """Yield the names of the statement of quotes, in a layer and in gold, that both name.

        Note the names of gold for quotes that have another name in the layer, or none.
        """
        others = self._others[layer] = set()
        index, _ = read.read_index(self.root)
        for meta in index.records:
            document, _ = read.read_document(self.root, meta, [layer])
            theirs = document.find_layer(layer) if document else None
            if document is None:
                continue
            golden = {record.id: record for record in document.gold.records}
            self._golden.update(key for record in golden.values() for key in _keys(record))
            if theirs is None:
                continue
            sayings = {signature(record, golden): record for record in golden.values()}
            by_id = {record.id: record for record in theirs.records}
            for record in theirs.records:
                equal = sayings.get(signature(record, by_id))
                ours, named = _keys(record), _keys(equal) if equal else []
                others.update(name for name in named if name not in ours)
                yield from zip(ours, named, strict=False)


def _keys(record: AnyAnnotation) -> list[str]:
    return [key for _, _, key in iter_values(record, "key")]
