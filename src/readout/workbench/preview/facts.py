"""What a reader is told about an annotation: its record in words, and its links to other annotations. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from readout.model import (
    AnnotatedDocument,
    AnnotationType,
    AnyAnnotation,
    Boilerplate,
    Layer,
    Mention,
    Quote,
    Registries,
    Span,
    Stance,
    Topic,
    annotation_type,
    iter_spans,
    iter_values,
    main_spans,
    named_entries,
)

POLARITY_SIGNS = {"favor": "+", "against": "−", "neutral": "○"}
"""The sign of each polarity: readable without colour."""


class Value(msgspec.Struct, frozen=True, omit_defaults=True):
    """One value of a fact. ``key`` is the annotation it leads to on this page, ``href`` another page."""

    text: str
    detail: str = ""
    key: str = ""
    href: str = ""
    quoted: bool = False


class Fact(msgspec.Struct, frozen=True):
    """A named property with its values."""

    name: str
    values: tuple[Value, ...]


class Statements:
    """Where in the gold layers of a corpus each statement is reported."""

    def __init__(self, documents: Iterable[AnnotatedDocument]) -> None:
        self._places: dict[str, list[tuple[str, Quote]]] = {}
        for document in documents:
            for record in document.gold.records:
                if isinstance(record, Quote) and record.statement:
                    self._places.setdefault(record.statement, []).append(
                        (document.meta.doc_id, record)
                    )

    def elsewhere(self, name: str, doc_id: str, quote_id: str) -> Iterator[Value]:
        """Yield the other reports of a statement, as links."""
        for other, quote in self._places.get(name, ()):
            if (other, quote.id) != (doc_id, quote_id):
                yield Value(
                    _shorten(quote.content[0].exact),
                    other,
                    href=f"{other}.html#{quote.id}",
                    quoted=True,
                )


class LayerScope:
    """Everything that the facts of one layer refer to. ``prefix`` stands before the ids of its annotations in links."""

    def __init__(
        self,
        registries: Registries,
        document: AnnotatedDocument,
        layer: Layer,
        prefix: str = "",
        statements: Statements | None = None,
    ) -> None:
        self.registries = registries
        self.document = document
        self.prefix = prefix
        self.statements = statements
        self.is_gold = layer.annotator is None
        self.by_id = {record.id: record for record in layer.records}
        self.reverse: dict[tuple[str, str], list[str]] = {}
        for record in layer.records:
            for pointer, _, target in iter_values(record, "annotation"):
                self.reverse.setdefault((str(pointer[0]), target), []).append(record.id)

    def link(self, name: str) -> Value:
        """Return a link to an annotation of the layer; mere words where there is none of that id."""
        record = self.by_id.get(name)
        if record is None:
            return Value(name, "no such annotation")
        return Value(self.label(record), name, key=self.prefix + name)

    def links(self, field: str, name: str) -> list[Value]:
        """Return links to the annotations whose ``field`` names an annotation."""
        return [self.link(each) for each in self.reverse.get((field, name), ())]

    def speaker(self, name: str) -> Value:
        """Return a speaker by name."""
        entry = self.registries.speakers.get(name)
        return (
            Value(entry.name, f"{name} · {entry.kind}")
            if entry
            else Value(name, "not in the registry")
        )

    def label(self, annotation: AnyAnnotation) -> str:
        """Return an annotation in a few words, by the names of the registries."""
        return _SHORT_FORMS[annotation_type(annotation)](self, annotation)


def _shorten(text: str, width: int = 70) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def _speaker_name(scope: LayerScope, name: str) -> str:
    return scope.speaker(name).text


def _label_stance(scope: LayerScope, stance: Stance) -> str:
    target = scope.registries.targets.get(stance.target)
    label = target.label if target else stance.target
    return f"{_speaker_name(scope, stance.holder)} {POLARITY_SIGNS[stance.polarity]} {label}"


def _label_quote(scope: LayerScope, quote: Quote) -> str:
    words = _shorten(quote.content[0].exact.strip("“”"), 50)
    return f"{_speaker_name(scope, quote.speaker)}: “{words}”"


def _label_topic(scope: LayerScope, topic: Topic) -> str:
    entry = scope.registries.topics.get(topic.topic)
    return entry.label if entry else topic.topic


_SHORT_FORMS: Mapping[AnnotationType, Callable[[LayerScope, Any], str]] = {
    "mention": lambda scope, each: (
        f"“{_shorten(each.span.exact, 40)}”: {_speaker_name(scope, each.speaker)}"
    ),
    "quote": _label_quote,
    "topic": _label_topic,
    "stance": _label_stance,
    "boilerplate": lambda _, each: f"{each.kind}: {_shorten(each.span.exact, 40)}",
}


# ---------------------------------------------------------------- facts


def _places(spans: Iterable[Span]) -> list[Value]:
    return [Value(span.exact, f"{span.start}–{span.end}", quoted=True) for span in spans]


def _mention_facts(scope: LayerScope, mention: Mention) -> Iterator[tuple[str, list[Value]]]:
    yield "speaker", [scope.speaker(mention.speaker)]
    yield "source of", scope.links("source", mention.id)
    yield "words", _places([mention.span])


def _quote_facts(scope: LayerScope, quote: Quote) -> Iterator[tuple[str, list[Value]]]:
    yield "speaker", [scope.speaker(quote.speaker)]
    yield "form", [Value(quote.form)]
    yield "source", [scope.link(quote.source)] if quote.source else [Value("none in the text")]
    yield "cue", _places(quote.cue)
    yield "content", _places(quote.content)
    yield "addressees", [scope.speaker(name) for name in quote.addressees]
    yield "within", [scope.link(quote.within)] if quote.within else []
    yield "holds", scope.links("within", quote.id)
    yield "stances", scope.links("quote", quote.id)
    if quote.statement:
        yield "statement", [Value(quote.statement)]
        if scope.statements and scope.is_gold:
            yield (
                "reported also",
                [
                    *scope.statements.elsewhere(
                        quote.statement, scope.document.meta.doc_id, quote.id
                    )
                ],
            )


def _topic_facts(scope: LayerScope, topic: Topic) -> Iterator[tuple[str, list[Value]]]:
    entry = scope.registries.topics.get(topic.topic)
    yield (
        "topic",
        [Value(entry.label, topic.topic) if entry else Value(topic.topic, "not in the registry")],
    )
    yield "definition", [Value(entry.definition)] if entry else []
    yield "passage", _places(topic.spans)


def _stance_facts(scope: LayerScope, stance: Stance) -> Iterator[tuple[str, list[Value]]]:
    target = scope.registries.targets.get(stance.target)
    yield "holder", [scope.speaker(stance.holder)]
    yield (
        "polarity",
        [Value(f"{POLARITY_SIGNS[stance.polarity]} {stance.polarity}", stance.expression)],
    )
    yield (
        "target",
        [
            Value(target.label, stance.target)
            if target
            else Value(stance.target, "not in the registry")
        ],
    )
    if target:
        meaning = {"favor": target.favor_means, "against": target.against_means}.get(
            stance.polarity
        )
        yield "proposition", [Value(target.proposition)]
        yield f"{stance.polarity} means", [Value(meaning)] if meaning else []
    yield "evidence", _places(stance.evidence)
    yield "quote", [scope.link(stance.quote)] if stance.quote else []


def _boilerplate_facts(
    scope: LayerScope, boilerplate: Boilerplate
) -> Iterator[tuple[str, list[Value]]]:
    yield "kind", [Value(boilerplate.kind)]
    yield "words", _places([boilerplate.span])


_FACTS: Mapping[AnnotationType, Callable[[LayerScope, Any], Iterator[tuple[str, list[Value]]]]] = {
    "mention": _mention_facts,
    "quote": _quote_facts,
    "topic": _topic_facts,
    "stance": _stance_facts,
    "boilerplate": _boilerplate_facts,
}


def iter_facts(scope: LayerScope, annotation: AnyAnnotation) -> Iterator[Fact]:
    """Yield what there is to tell about an annotation; properties without a value are left out."""
    for name, values in _FACTS[annotation_type(annotation)](scope, annotation):
        if values:
            yield Fact(name, tuple(values))
    if annotation.note:
        yield Fact("note", (Value(annotation.note),))
    if scope.is_gold:
        decisions = [
            each for each in scope.document.adjudication.records if annotation.id in each.gold
        ]
        for each in decisions:
            yield Fact(
                "adjudication",
                (Value(each.reason, f"{each.decision} · guidelines {each.section}"),),
            )
    text = scope.document.text
    if wrong := [
        span
        for _, span in iter_spans(annotation)
        if text[max(span.start, 0) : span.end] != span.exact
    ]:
        yield Fact(
            "wrong span",
            tuple(Value(f"the text at {s.start}–{s.end} is not “{s.exact}”") for s in wrong),
        )


def speakers_of(annotation: AnyAnnotation) -> list[str]:
    """Return the speakers by whom an annotation can be found: who is named, speaks, is addressed, or holds."""
    return named_entries(annotation, "speakers")


def targets_of(annotation: AnyAnnotation, scope: LayerScope) -> list[str]:
    """Return the targets by which an annotation can be found: a stance's own, and those of a quote's stances."""
    if isinstance(annotation, Stance):
        return named_entries(annotation, "targets")
    stances = (scope.by_id[name] for name in scope.reverse.get(("quote", annotation.id), ()))
    return [target for each in stances for target in named_entries(each, "targets")]


def reach(annotation: AnyAnnotation) -> tuple[int, int]:
    """Return where an annotation's main spans begin and how many characters they cover."""
    spans = main_spans(annotation)
    return spans[0].start, sum(span.end - span.start for span in spans)
