"""List the facts about an annotation that a page shows: its fields in words, its links. No I/O."""

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
"""The sign of each polarity, readable without colour."""


class Value(msgspec.Struct, frozen=True, omit_defaults=True):
    """One value of a fact.

    ``detail`` is set in small type. A link has the ``key`` of an annotation on the same page, or
    the ``href`` of another page. A ``quoted`` value repeats words of the text.
    """

    text: str
    detail: str = ""
    key: str = ""
    href: str = ""
    quoted: bool = False


class Fact(msgspec.Struct, frozen=True):
    """A named property with its values."""

    name: str
    values: tuple[Value, ...]


_UNKNOWN = "not in the registry"


class Statements:
    """The quotes in the gold layers of a corpus, by the statement that they report."""

    def __init__(self, documents: Iterable[AnnotatedDocument]) -> None:
        self._places: dict[str, list[tuple[str, Quote]]] = {}
        for document in documents:
            for record in document.gold.records:
                if isinstance(record, Quote) and record.statement:
                    places = self._places.setdefault(record.statement, [])
                    places.append((document.meta.doc_id, record))

    def elsewhere(self, name: str, doc_id: str, quote_id: str) -> Iterator[Value]:
        """Yield links to the reports of a statement by other quotes than this one."""
        for other, quote in self._places.get(name, ()):
            if (other, quote.id) != (doc_id, quote_id):
                words = _shorten(quote.content[0].exact)
                yield Value(words, other, href=f"{other}.html#{quote.id}", quoted=True)


class LayerScope:
    """The records that the annotations of one layer refer to.

    ``prefix`` makes an annotation's id unique on the page. ``reverse`` has the ids of the
    annotations that name an annotation, by field and id.
    """

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
        """Return a link to an annotation of the layer, or only its id if there is none."""
        record = self.by_id.get(name)
        if record is None:
            return Value(name, "no such annotation")
        return Value(self.label(record), name, key=self.prefix + name)

    def links(self, field: str, name: str) -> list[Value]:
        """Return links to the annotations whose ``field`` names an annotation."""
        return [self.link(each) for each in self.reverse.get((field, name), ())]

    def speaker(self, name: str) -> Value:
        """Return the name of a speaker with their id and kind."""
        entry = self.registries.speakers.get(name)
        if entry is None:
            return Value(name, _UNKNOWN)
        return Value(entry.name, f"{name} · {entry.kind}")

    def label(self, annotation: AnyAnnotation) -> str:
        """Return the labels of an annotation in a few words, with the names of the registries."""
        return _LABELS[annotation_type(annotation)](self, annotation)


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


def _label_mention(scope: LayerScope, mention: Mention) -> str:
    words = _shorten(mention.span.exact, 40)
    return f"“{words}”: {_speaker_name(scope, mention.speaker)}"


def _label_boilerplate(_: LayerScope, boilerplate: Boilerplate) -> str:
    return f"{boilerplate.kind}: {_shorten(boilerplate.span.exact, 40)}"


_LABELS: Mapping[AnnotationType, Callable[[LayerScope, Any], str]] = {
    "mention": _label_mention,
    "quote": _label_quote,
    "topic": _label_topic,
    "stance": _label_stance,
    "boilerplate": _label_boilerplate,
}


# ---------------------------------------------------------------- facts

# Each function yields the names of the facts of one annotation type with their values.


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
    yield "contains", scope.links("within", quote.id)
    yield "stances", scope.links("quote", quote.id)
    if quote.statement:
        yield "statement", [Value(quote.statement)]
        if scope.statements and scope.is_gold:
            doc_id = scope.document.meta.doc_id
            yield "also reported", [*scope.statements.elsewhere(quote.statement, doc_id, quote.id)]


def _topic_facts(scope: LayerScope, topic: Topic) -> Iterator[tuple[str, list[Value]]]:
    entry = scope.registries.topics.get(topic.topic)
    if entry is None:
        yield "topic", [Value(topic.topic, _UNKNOWN)]
    else:
        yield "topic", [Value(entry.label, topic.topic)]
        yield "definition", [Value(entry.definition)]
    yield "passage", _places(topic.spans)


def _stance_facts(scope: LayerScope, stance: Stance) -> Iterator[tuple[str, list[Value]]]:
    polarity = f"{POLARITY_SIGNS[stance.polarity]} {stance.polarity}"
    yield "holder", [scope.speaker(stance.holder)]
    yield "polarity", [Value(polarity, stance.expression)]

    target = scope.registries.targets.get(stance.target)
    if target is None:
        yield "target", [Value(stance.target, _UNKNOWN)]
    else:
        meanings = {"favor": target.favor_means, "against": target.against_means}
        meaning = meanings.get(stance.polarity)
        yield "target", [Value(target.label, stance.target)]
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
    """Yield the facts about an annotation that have a value."""
    for name, values in _FACTS[annotation_type(annotation)](scope, annotation):
        if values:
            yield Fact(name, tuple(values))
    if annotation.note:
        yield Fact("note", (Value(annotation.note),))
    if scope.is_gold:
        for each in scope.document.adjudication.records:
            if annotation.id in each.about:
                decision = f"guidelines {each.section} · by {each.by}"
                yield Fact("adjudication", (Value(each.reason, decision),))

    text = scope.document.text
    wrong = [
        Value(f"the text at {span.start}–{span.end} is not “{span.exact}”")
        for _, span in iter_spans(annotation)
        if text[max(span.start, 0) : span.end] != span.exact
    ]
    if wrong:
        yield Fact("wrong span", tuple(wrong))


def find_speakers(annotation: AnyAnnotation) -> list[str]:
    """Return the ids of the speakers to filter an annotation by.

    They are those mentioned, the speaker and addressees of a quote, and the holder of a stance.
    """
    return named_entries(annotation, "speakers")


def find_targets(annotation: AnyAnnotation, scope: LayerScope) -> list[str]:
    """Return the ids of the targets to filter an annotation by.

    They are the target of a stance, or the targets of a quote's stances.
    """
    if isinstance(annotation, Stance):
        return named_entries(annotation, "targets")
    targets = []
    for name in scope.reverse.get(("quote", annotation.id), ()):
        targets += named_entries(scope.by_id[name], "targets")
    return targets


def measure_extent(annotation: AnyAnnotation) -> tuple[int, int]:
    """Return the start of an annotation's main spans and their total length in code points."""
    spans = main_spans(annotation)
    return spans[0].start, sum(span.end - span.start for span in spans)
