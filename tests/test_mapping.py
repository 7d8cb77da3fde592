"""A mapping translates foreign labels, values and links, and says what it leaves out."""

import re

import pytest
from conftest import CORPUS, ROOT

from readout.corpus.read import read_registries
from readout.interchange.graph import Graph, Link, Node
from readout.interchange.inbox import Inbox, Tally, to_entries
from readout.interchange.mapping import parse_mapping
from readout.model import Span
from readout.text.forms import infer_form

REGISTRIES, _ = read_registries(CORPUS)
TEXT = "Ada Quill said the quay stays. Noam Levi disagreed.\n"
NAME = "2030-03-generated"
EVENTS = """
labels:
  Attribution: {type: quote, spans: Content, form: inferred, speaker: ["{Source}", ada-quill]}
  Source: {type: mention, speaker: "{words}"}
  Content: drop
  Cue: cue
  Disc*: drop
values:
  Note: note
  Sure: drop
links:
  Source: source
  Cue: cue
"""


def node(key, label, words, **values):
    start = TEXT.index(words)
    return Node(key, label, (Span(start, start + len(words), words),), values, 1)


def take(mapping, graph, skips=False):
    """Return an inbox with a graph, translated by a mapping."""
    rules, findings = parse_mapping(mapping.encode())
    assert findings == []
    inbox = Inbox(to_entries(REGISTRIES), {NAME: TEXT}, {"": "ann"}, rules, skips)
    inbox.add_layer("a.ann", NAME, graph)
    return inbox


def codes(problems):
    return [problem.code for problem in problems]


def build_events():
    nodes = [
        node("E1", "Attribution", "said", Note="a note", Sure="no"),
        node("T1", "Source", "Ada Quill"),
        node("T2", "Cue", "said"),
        node("T3", "Content", "the quay stays"),
        node("T4", "Content", "disagreed"),
        node("T5", "Discuss", "quay"),
    ]
    links = [Link("Source", "E1", "T1"), Link("Cue", "E1", "T2"), Link("Content", "E1", "T3")]
    return Graph(nodes, links)


def test_events_become_quotes():
    inbox = take(EVENTS, build_events())
    assert inbox.problems == []
    quote, mention = inbox.layers["ann", NAME]
    assert (quote.content[0].exact, quote.cue[0].exact) == ("the quay stays", "said")
    assert (quote.speaker, mention.speaker, quote.source) == ("ada-quill", "ada-quill", mention.id)
    assert (quote.form, quote.note) == ("indirect", "a note")
    counts = {kind: tally.count for kind, tally in inbox.told.items()}
    assert sorted(counts.values()) == [1, 1, 1]
    assert all(any(word in kind for kind in counts) for word in ("Discuss", "Content", "Sure"))


def test_what_no_line_fits_is_a_problem_or_is_left_out():
    nodes = [node("1", "Person", "Ada Quill"), node("2", "Source", "Noam Levi", Odd="x")]
    graph = Graph(nodes, [Link("knows", "1", "2")])
    assert codes(take(EVENTS, graph).problems) == ["foreign-map"] * 3

    inbox = take(EVENTS, graph, skips=True)
    assert (codes(inbox.skipped), inbox.problems) == (["foreign-map"] * 3, [])
    assert [record.speaker for record in inbox.layers["ann", NAME]] == ["noam-levi"]


def test_what_is_left_out_takes_its_links_along():
    nodes = [
        node("1", "mention", "Ada Quill", speaker="nobody"),
        node("2", "quote", "the quay stays", form="direct", speaker="ada-quill"),
        node("3", "quote", "disagreed", form="loud", speaker="ada-quill"),
        node("4", "cue", "said"),
    ]
    links = [Link("source", "2", "1"), Link("cue", "3", "4"), Link("within", "2", "9")]
    inbox = Inbox(to_entries(REGISTRIES), {NAME: TEXT}, {"": "ann"}, skips=True)
    inbox.add_layer("a.ann", NAME, Graph(nodes, links))
    (quote,) = inbox.layers["ann", NAME]
    assert (quote.content[0].exact, quote.source, quote.within) == ("the quay stays", None, None)
    assert codes(inbox.skipped) == ["foreign-value"] * 4
    assert [tally.count for tally in inbox.told.values()] == [1, 1]


def test_conditions_values_and_reversed_links():
    mapping = """
labels:
  Span[kind=per*]: {type: mention, speaker: "{who}"}
  Span[kind=topic]: {type: topic, topic: "{who}"}
  "*": {type: quote, form: direct, speaker: "{who}"}
values:
  kind: drop
  Said.mood: {field: form, values: {calm: indirect, "*": drop}}
links:
  utters: {link: source, reverse: true}
"""
    nodes = [
        node("1", "Span", "Ada Quill", kind="person", who="Mayor Quill"),
        node("2", "Span", "the quay", kind="topic", who="harbour"),
        node("3", "Said", "stays", who="ada-quill", mood="calm"),
        node("4", "Said", "quay", who="ada-quill", mood="odd"),
    ]
    links = [Link("utters", "1", "3"), Link("utters", "1", "4")]
    inbox = take(mapping, Graph(nodes, links), skips=True)
    records = {record.id: record for record in inbox.layers["ann", NAME]}
    quotes = [record for record in records.values() if hasattr(record, "form")]
    assert sorted(quote.form for quote in quotes) == ["direct", "indirect"]


def test_pieces_are_joined_and_white_space_is_trimmed():
    start = TEXT.index("Noam")
    middle, end = start + len("Noam "), start + len("Noam Levi ")
    spans = (Span(start, middle, "Noam "), Span(middle, end, "Levi "))
    graph = Graph([Node("1", "Source", spans, {}, 4)], [])
    inbox = take(EVENTS, graph)
    (mention,) = inbox.layers["ann", NAME]
    assert mention.span.exact == "Noam Levi"
    ((kind, tally),) = inbox.told.items()
    assert ("White space" in kind, tally.count, tally.format_places()) == (True, 1, "a.ann:4")


def test_places_are_in_three_files_and_the_others_are_counted():
    tally = Tally()
    for number, file in enumerate("aabbbcde", 1):
        tally.add(file, number)
    assert (tally.count, tally.format_places()) == (8, "a:1, b:3, c:6 and 2 more files")


@pytest.mark.parametrize(
    "mapping",
    [
        "labels: {}",
        "labels: {A: '?'}",
        "labels: {A: mentoin}",
        "labels: {A: {type: mention, polarity: favor}}",
        "labels: {A: {type: quote, form: loud}}",
        "labels: {'A[': drop}",
        "labels: {A: drop}\nvalues: {b: sauce}",
        "labels: {A: drop}\nvalues: {b: {field: form, values: {x: loud}}}",
        "labels: {A: drop}\nlinks: {b: sauce}",
        "labels: {A: drop}\nlabel: {}",
        "labels: [A]",
        "labels: {A: drop",
    ],
)
def test_a_wrong_mapping_is_refused_with_a_remedy(mapping):
    _, findings = parse_mapping(mapping.encode())
    assert findings
    assert all(finding.hint for finding in findings)


def test_the_mapping_of_the_documentation_is_valid():
    page = (ROOT / "docs/interchange.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(labels:.*?)```", page, re.DOTALL)
    rules, findings = parse_mapping(example.encode())
    assert findings == []
    assert [len(section) for section in rules] == [6, 3, 3]


@pytest.mark.parametrize(
    ("text", "words", "form"),
    [
        ("`` no ''", "`` no ''", "direct"),
        ("`` no ''", "no", "direct"),
        ("“no”", "no", "direct"),
        ("“We stay,", "“We stay,", "direct"),
        ("'Don't go,'", "'Don't go,'", "direct"),
        ("`no'", "`no'", "direct"),
        ("the `` big '' man", "the `` big '' man", "mixed"),
        ("“a” and “b”", "“a” and “b”", "mixed"),
        ("'no' and 'yes'", "'no' and 'yes'", "mixed"),
        ("no", "no", "indirect"),
        ("the dogs' owner", "the dogs' owner", "indirect"),
        ("“no” is “yes”", "is", "indirect"),
        ('"no" is "yes"', "is", "indirect"),
        ("“that it is safe,” he said", "it is safe,", "indirect"),
    ],
)
def test_a_form_is_inferred_from_marks_in_and_around_the_content(text, words, form):
    start = text.index(words)
    assert infer_form([Span(start, start + len(words), words)], text) == form
