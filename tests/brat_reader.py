"""Read brat standoff strictly, without the package, following the published description.

A reader raises if brat's own parser would refuse the line, or if the words of a line differ from
the text.
"""

import itertools
import re

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def read_document(text, ann):
    """Return, by kind of line (T, R, A, N, #), the contents of the lines by name."""
    found = {kind: {} for kind in "TRAN#"}
    for line in ann.splitlines():  # as brat does
        name, tab, rest = line.partition("\t")
        assert tab, line
        assert re.fullmatch(r"[TRAN#][0-9]+", name), name
        assert name not in found[name[0]], name
        found[name[0]][name] = READERS[name[0]](rest, text)
    for relation in found["R"].values():
        assert {relation[1], relation[2]} <= set(found["T"])
    for kind in "AN#":
        assert {each[1] for each in found[kind].values()} <= set(found["T"])
    return found


def read_text_bound(rest, text):
    head, words = rest.split("\t", 1)
    label, offsets = head.split(" ", 1)
    pairs = [tuple(int(each) for each in pair.split(" ")) for pair in offsets.split(";")]
    for start, end in pairs:
        assert 0 <= start < end <= len(text)
        assert text[start:end].splitlines() == [text[start:end]], "a fragment lies in one line"
    assert pairs == sorted(pairs)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(pairs))
    assert words == " ".join(text[start:end] for start, end in pairs)
    return label, pairs


def read_relation(rest, text):
    found = re.fullmatch(r"(\S+) Arg1:(T[0-9]+) Arg2:(T[0-9]+)", rest)
    return found[1], found[2], found[3]


def read_attribute(rest, text):
    found = re.fullmatch(r"(\S+) (T[0-9]+) (\S+)", rest)
    return found[1], found[2], found[3]


def read_normalisation(rest, text):
    found = re.fullmatch(r"Reference (T[0-9]+) ([^:\s]+):(\S+)\t(.+)", rest)
    return found[2], found[1], found[3]


def read_note(rest, text):
    head, words = rest.split("\t", 1)
    found = re.fullmatch(r"(\S+) (T[0-9]+)", head)
    assert not CONTROL.search(words)
    return found[1], found[2], words


READERS = {
    "T": read_text_bound,
    "R": read_relation,
    "A": read_attribute,
    "N": read_normalisation,
    "#": read_note,
}


def read_configuration(text):
    """Return the sections of ``annotation.conf`` as lists of lines."""
    sections = {}
    for line in text.splitlines():
        if found := re.fullmatch(r"\[(\w+)\]", line):
            current = sections.setdefault(found[1], [])
        elif line.strip():
            current.append(line)
    assert set(sections) == {"entities", "relations", "events", "attributes"}
    return sections
