"""Translate the labels, values and links of a foreign file by a mapping that somebody wrote.

A reader makes a :class:`Graph` with the words of its format: foreign labels, attribute names and
link labels. ``Inbox.add_layer`` translates it, so no reader knows of mappings. docs/interchange.md
explains the file; its head is in ``readout.cli.pages``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from readout.corpus.settings import parse_settings
from readout.interchange.graph import (
    CUE,
    LINKS,
    NODE_LABELS,
    PART,
    VALUE_ROLES,
    VALUES,
    Fault,
    Graph,
    Link,
    Node,
    format_node,
)
from readout.model import Span
from readout.problem import Finding, nearest
from readout.text.forms import infer_form

DROP = "drop"
INFERRED = "inferred"
UNDECIDED = "?"
"""What ``--inspect`` writes for whoever completes a mapping."""

Resolver: TypeAlias = Callable[[str, str], str]
"""Returns the id of the entry of a registry that has an id, a name or an alias."""


class LabelRule(NamedTuple):
    """What annotations with a label become: a type, and defaults of its fields.

    ``conditions`` are patterns of attributes that must fit too. ``type`` may be ``drop``. ``spans``
    is the label of the links that lead to the spans, or empty.
    """

    pattern: re.Pattern[str]
    conditions: tuple[tuple[str, re.Pattern[str]], ...]
    type: str
    spans: str
    defaults: Mapping[str, tuple[str, ...]]

    def fits(self, node: Node) -> bool:
        """Return whether the rule is for a node."""
        if not self.pattern.fullmatch(node.label):
            return False
        given = node.values
        return all(each.fullmatch(given.get(name, "")) for name, each in self.conditions)

    @property
    def names(self) -> set[str]:
        """Return the attributes and links that the conditions and the defaults name."""
        found = {self.spans} | {name for name, _ in self.conditions}
        for templates in self.defaults.values():
            for template in templates:
                found.update(_PLACE.findall(template))
        return found


class ValueRule(NamedTuple):
    """What an attribute becomes: a field, and the value for each foreign value; or ``drop``."""

    label: re.Pattern[str]
    name: re.Pattern[str]
    field: str
    values: tuple[tuple[re.Pattern[str], str], ...]


class LinkRule(NamedTuple):
    """What a link becomes: a link of this corpus, perhaps reversed; or ``drop``."""

    pattern: re.Pattern[str]
    link: str
    reverse: bool


class Told(NamedTuple):
    """Something that was left out or changed on purpose: its kind, and the line of the file."""

    kind: str
    line: int | None


class Translation(NamedTuple):
    """A graph in the words of this corpus, its faults, and what was left out or changed."""

    graph: Graph
    faults: list[Fault]
    told: list[Told]


class LabelMapping(NamedTuple):
    """The rules of a mapping file, in their order."""

    labels: tuple[LabelRule, ...] = ()
    values: tuple[ValueRule, ...] = ()
    links: tuple[LinkRule, ...] = ()

    def translate(self, graph: Graph, text: str, resolve: Resolver) -> Translation:
        """Return a foreign graph of a text in the words of this corpus."""
        return _Translator(self, graph, text, resolve).run()

    def find_label_rule(self, node: Node) -> LabelRule | None:
        """Return the first rule that fits a node."""
        return next((rule for rule in self.labels if rule.fits(node)), None)

    def find_value_rule(self, label: str, name: str) -> ValueRule | None:
        """Return the first rule that fits an attribute of a label."""
        for rule in self.values:
            if rule.label.fullmatch(label) and rule.name.fullmatch(name):
                return rule
        return None

    def find_link_rule(self, label: str) -> LinkRule | None:
        """Return the first rule that fits a link."""
        return next((rule for rule in self.links if rule.pattern.fullmatch(label)), None)


# ---------------------------------------------------------------- translate


class _Translator:
    """Translates one graph."""

    def __init__(self, mapping: LabelMapping, graph: Graph, text: str, resolve: Resolver) -> None:
        self.mapping, self.graph, self.text, self.resolve = mapping, graph, text, resolve
        self.nodes = {node.key: node for node in graph.nodes}
        self.rules = {node.key: mapping.find_label_rule(node) for node in graph.nodes}
        self.outgoing: dict[str, list[Link]] = {}
        for link in graph.links:
            self.outgoing.setdefault(link.tail, []).append(link)
        self.used: set[str] = set()
        self.made: dict[str, str] = {}
        self.result = Translation(Graph([], []), [], [])

    def run(self) -> Translation:
        # Nodes that lend their spans to others come first: then they are not missed if dropped.
        for node in self.graph.nodes:
            self.used.update(link.head for link in self._span_links(node))

        for node in self.graph.nodes:
            self._translate_node(node)
        seen: set[tuple[str, str]] = set()
        for link in self.graph.links:
            self._translate_link(link, seen)
        return self.result

    def _tell(self, kind: str, line: int | None) -> None:
        self.result.told.append(Told(kind, line))

    def _blame(self, message: str, hint: str, node: Node) -> None:
        self.result.faults.append(Fault(node.line, message, hint, format_node(node)))

    def _span_links(self, node: Node) -> list[Link]:
        rule = self.rules[node.key]
        links = self.outgoing.get(node.key, ())
        return [link for link in links if rule is not None and link.label == rule.spans]

    def _translate_node(self, node: Node) -> None:
        rule = self.rules[node.key]
        if rule is None:
            message = f"The mapping has no line for the label {node.label!r}."
            self._blame(message, _HINT.format("labels"), node)
        elif rule.type == DROP:
            if node.key not in self.used:
                self._tell(f"The mapping drops the label {node.label!r}.", node.line)
        else:
            self._make_nodes(rule, node)

    def _make_nodes(self, rule: LabelRule, node: Node) -> None:
        spans = join_spans(self.text, self._find_spans(rule, node))
        if not spans:
            message = f"The {node.label} {node.key!r} has no {rule.spans}."
            self._blame(message, "give it one, or remove it.", node)
            return

        values = self._translate_values(rule, node, spans)
        one_each = rule.type in ("mention", "boilerplate") and len(spans) > 1
        if not one_each:
            self.result.graph.nodes.append(Node(node.key, rule.type, spans, values, node.line))
        else:
            kind = f"A {rule.type} of several pieces became one {rule.type} per piece."
            self._tell(kind, node.line)
            for number, span in enumerate(spans):
                key = node.key if number == 0 else f"{node.key}/{number + 1}"
                own = {name: value for name, value in values.items() if number == 0 or name != "id"}
                self.result.graph.nodes.append(Node(key, rule.type, (span,), own, node.line))
        self.made[node.key] = rule.type

    def _find_spans(self, rule: LabelRule, node: Node) -> list[Span]:
        if not rule.spans:
            return list(node.spans)
        found: list[Span] = []
        for link in self._span_links(node):
            head = self.nodes.get(link.head)
            found += head.spans if head else ()
        return found

    def _translate_values(
        self, rule: LabelRule, node: Node, spans: Sequence[Span]
    ) -> dict[str, str]:
        values: dict[str, str] = {}
        for field, templates in rule.defaults.items():
            value = self._fill(field, templates, node, spans)
            if value is not None:
                values[field] = value

        used = rule.names
        for name, given in node.values.items():
            field, value = self._translate_value(node, rule, name, given, used)
            if field and value:
                values[field] = value

        for field, value in values.items():
            role = VALUE_ROLES[field]
            if role.kind == "entry":
                parts = value.split("\n") if role.many else [value]
                values[field] = " ".join(self.resolve(role.of, part) for part in parts)
        return values

    def _fill(
        self, field: str, templates: Iterable[str], node: Node, spans: Sequence[Span]
    ) -> str | None:
        """Return the first default that can be filled."""
        for template in templates:
            if field == "form" and template == INFERRED:
                return infer_form(spans, self.text)

            parts = {name: self._find_part(name, node, spans) for name in _PLACE.findall(template)}
            if all(parts.values()):
                return _fill_template(template, parts)
        return None

    def _find_part(self, name: str, node: Node, spans: Sequence[Span]) -> str:
        """Return what a name in braces means for a node, or an empty string."""
        if name == "words":
            return _join_words(spans)
        if name == "label":
            return node.label
        if name in node.values:
            return node.values[name]
        for link in self.outgoing.get(node.key, ()):
            if link.label == name and link.head in self.nodes:
                return _join_words(self.nodes[link.head].spans)
        return ""

    def _translate_value(
        self, node: Node, rule: LabelRule, name: str, given: str, used: set[str]
    ) -> tuple[str, str]:
        """Return the field and the value that an attribute becomes; an empty field for none."""
        found = self.mapping.find_value_rule(node.label, name)
        if found is None:
            if name not in used:
                message = f"The mapping has no line for the attribute {name!r} of {node.label!r}."
                self._blame(message, _HINT.format("values"), node)
            return "", ""

        kind = ""
        if found.field == DROP:
            kind = f"The mapping drops the attribute {name!r}."
        elif found.field not in VALUES[rule.type]:
            kind = f"The attribute {name!r} is dropped, as a {rule.type} has no {found.field}."
        if kind:
            if name not in used:
                self._tell(kind, node.line)
            return "", ""
        return found.field, self._look_up(found, node, name, given)

    def _look_up(self, rule: ValueRule, node: Node, name: str, given: str) -> str:
        """Return the value that a foreign value becomes; an empty string for none."""
        if not rule.values:
            return given

        ours = next((ours for each, ours in rule.values if each.fullmatch(given)), None)
        if ours is None:
            message = f"The mapping has no line for the value {given!r} of {name!r}."
            self._blame(message, _HINT.format(f"values, {name}, values"), node)
        elif ours == DROP:
            self._tell(f"The mapping drops the value {given!r} of {name!r}.", node.line)
        return "" if ours in (None, DROP) else str(ours)

    def _translate_link(self, link: Link, seen: set[tuple[str, str]]) -> None:
        rule = self.mapping.find_link_rule(link.label)
        tail_rule = self.rules.get(link.tail)
        is_used = tail_rule is not None and link.label in tail_rule.names

        if rule is None:
            if not is_used:
                message = f"The mapping has no line for the link {link.label!r}."
                self.result.faults.append(Fault(link.line, message, _HINT.format("links")))
            return
        if rule.link == DROP:
            if not is_used:
                self._tell(f"The mapping drops the link {link.label!r}.", link.line)
            return

        tail, head = (link.head, link.tail) if rule.reverse else (link.tail, link.head)
        if tail not in self.made or head not in self.made:
            self._tell(f"A link {link.label!r} of a dropped annotation is dropped.", link.line)
        elif rule.link not in (CUE, PART) and (rule.link, tail) in seen:
            self._tell(f"Of several links {link.label!r}, the first is kept.", link.line)
        else:
            seen.add((rule.link, tail))
            self.result.graph.links.append(Link(rule.link, tail, head, link.line))


_PLACE = re.compile(r"\{([^{}]+)\}")
_HINT = "add a line under {}: write the pattern and what it becomes, or drop."


def _fill_template(template: str, parts: Mapping[str, str]) -> str:
    """Return a template with the names in braces replaced by what they mean."""
    return _PLACE.sub(lambda found: parts[found[1]], template)


def _join_words(spans: Iterable[Span]) -> str:
    """Return the words of spans on one line."""
    return " ".join(" ".join(span.exact for span in spans).split())


def join_spans(text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans in text order, as one if at most white space separates them."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        if joined and not text[joined[-1].end : span.start].strip():
            last = joined.pop()
            end = max(last.end, span.end)
            span = Span(last.start, end, text[last.start : end])
        joined.append(span)
    return tuple(joined)


# ---------------------------------------------------------------- read


SHIPPED = Path(__file__).parent / "mappings"
"""The mappings that come with the package, one per published corpus."""


def find_mapping(name: str) -> Path | None:
    """Return the path of a mapping: a file, or one that comes with the package."""
    path = Path(name)
    if path.is_file():
        return path
    shipped = SHIPPED / f"{path.name}.yaml"
    return shipped if shipped.is_file() else None


def list_shipped() -> list[str]:
    """Return the names of the mappings that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def parse_mapping(raw: bytes) -> tuple[LabelMapping, list[Finding]]:
    """Return the rules in the bytes of a mapping file, and what is wrong with the file."""
    settings = parse_settings(raw)
    if isinstance(settings, Finding):
        return LabelMapping(), [settings]

    parser = _Parser()
    parser.check_names("The mapping", settings, ("labels", "values", "links"))
    labels = list(parser.parse_section(settings, "labels", parser.parse_label))
    values = list(parser.parse_section(settings, "values", parser.parse_value))
    links = list(parser.parse_section(settings, "links", parser.parse_link))
    if not settings.get("labels"):
        parser.blame("The mapping has no labels.", "give a section 'labels'.")
    return LabelMapping(tuple(labels), tuple(values), tuple(links)), parser.findings


class _Parser:
    """Parses the sections of a mapping, and collects what is wrong."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def blame(self, message: str, hint: str) -> None:
        self.findings.append(Finding(message, hint=hint))

    def parse_section(
        self, settings: Mapping[str, Any], name: str, parse: Callable[[str, Any], Any]
    ) -> Iterator[Any]:
        section = settings.get(name) or {}
        if not isinstance(section, dict):
            self.blame(f"The section {name!r} has no fields.", "write pattern: meaning lines.")
            return
        for key, value in section.items():
            rule = parse(key, value)
            if rule is not None:
                yield rule

    def check_names(self, where: str, fields: Mapping[str, Any], allowed: Iterable[str]) -> bool:
        allowed = tuple(allowed)
        unknown = [name for name in fields if name not in allowed]
        for name in unknown:
            hint = nearest(name, allowed) or "remove it."
            self.blame(f"{where} has the field {name!r}.", hint)
        return not unknown

    def find_choice(self, where: str, value: Any, allowed: Iterable[str]) -> str | None:
        allowed = tuple(allowed)
        if value in allowed:
            return str(value)
        if value == UNDECIDED:
            self.blame(f"{where} is undecided.", f"write one of {', '.join(allowed)}.")
        else:
            hint = nearest(str(value), allowed) or f"write one of {', '.join(allowed)}."
            self.blame(f"{where} is {value!r}.", hint)
        return None

    def parse_label(self, key: str, value: Any) -> LabelRule | None:
        where = f"The label {key!r}"
        fields = value if isinstance(value, dict) else {"type": value}
        kind = self.find_choice(where, fields.get("type"), (*NODE_LABELS, DROP))
        selector = _SELECTOR.fullmatch(key)
        if selector is None:
            hint = "write LABEL or LABEL[ATTRIBUTE=VALUE], and ? for a bracket in LABEL."
            self.blame(f"{where} is no pattern.", hint)
        if kind is None or selector is None:
            return None

        allowed = ("type", "spans", *VALUES.get(kind, ()))
        if not self.check_names(where, fields, allowed):
            return None
        defaults = {
            name: tuple(map(str, given if isinstance(given, list) else [given]))
            for name, given in fields.items()
            if name not in ("type", "spans")
        }
        self._check_defaults(where, defaults)
        conditions = tuple(
            (name, to_pattern(pattern)) for name, pattern in _CONDITION.findall(selector[2])
        )
        spans = str(fields.get("spans", ""))
        return LabelRule(to_pattern(selector[1]), conditions, kind, spans, defaults)

    def _check_defaults(self, where: str, defaults: Mapping[str, tuple[str, ...]]) -> None:
        for name, templates in defaults.items():
            vocabulary = VALUE_ROLES[name].values
            for template in templates:
                if template == UNDECIDED:
                    self.blame(f"{where}: the {name} is undecided.", "write a value.")
                elif vocabulary and not _PLACE.search(template):
                    allowed = (*vocabulary, INFERRED) if name == "form" else vocabulary
                    self.find_choice(f"{where}: the {name}", template, allowed)

    def parse_value(self, key: str, value: Any) -> ValueRule | None:
        where = f"The attribute {key!r}"
        fields = value if isinstance(value, dict) else {"field": value}
        field = self.find_choice(where, fields.get("field"), (*VALUE_ROLES, DROP))
        if field is None or not self.check_names(where, fields, ("field", "values")):
            return None

        table = fields.get("values") or {}
        if not isinstance(table, dict):
            self.blame(f"{where}: the values have no fields.", "write foreign: ours lines.")
            return None
        vocabulary = VALUE_ROLES[field].values if field != DROP else ()
        for theirs, ours in table.items():
            if ours == UNDECIDED or (vocabulary and ours != DROP):
                self.find_choice(f"{where}: the value {theirs!r}", ours, vocabulary or (DROP,))
        label, dot, name = key.rpartition(".")
        values = tuple((to_pattern(theirs), str(ours)) for theirs, ours in table.items())
        return ValueRule(to_pattern(label if dot else "*"), to_pattern(name), field, values)

    def parse_link(self, key: str, value: Any) -> LinkRule | None:
        where = f"The link {key!r}"
        fields = value if isinstance(value, dict) else {"link": value}
        link = self.find_choice(where, fields.get("link"), (*LINKS, PART, DROP))
        if link is None or not self.check_names(where, fields, ("link", "reverse")):
            return None
        return LinkRule(to_pattern(key), link, bool(fields.get("reverse", False)))


_SELECTOR = re.compile(r"([^\[\]]+)((?:\[[^\[\]=]+=[^\[\]]*\])*)")
_CONDITION = re.compile(r"\[([^\[\]=]+)=([^\[\]]*)\]")


def to_pattern(pattern: str) -> re.Pattern[str]:
    """Return a pattern in which ``*`` matches any text and ``?`` any character."""
    parts = re.split(r"([*?])", pattern)
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(part, re.escape(part)) for part in parts), re.DOTALL)
