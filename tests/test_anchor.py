"""Offsets between units, quotations, paragraphs and tokens."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readout.text.find import find_exact, find_nearest, find_respelled, map_offsets
from readout.text.tokens import Paragraphs, iter_paragraphs, iter_tokens

texts = st.text(
    st.sampled_from("ab “”\n\r😀é\u0301שلa🇮🇱\t") | st.characters(exclude_categories=["Cs"]),
    max_size=60,
)


@given(texts, st.data())
def test_quotation_is_found_where_it_stands(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    if start == end:
        return
    assert start in find_exact(text, text[start:end])
    assert find_exact(text, text[start:end], text[:start], text[end:]) == [start]


def test_occurrences_may_overlap():
    assert find_exact("aaaa", "aa") == [0, 1, 2]
    assert find_exact("aaaa", "aa", prefix="a", suffix="a") == [1]
    assert find_exact("aaaa", "b") == []


@pytest.mark.parametrize(
    ("unit", "encoding", "width"), [("utf-8", "utf-8", 1), ("utf-16", "utf-16-le", 2)]
)
@given(text=texts)
def test_offsets_map_both_ways(unit, encoding, width, text):
    offsets = map_offsets(text, unit)
    for offset in range(len(text) + 1):
        foreign = len(text[:offset].encode(encoding)) // width
        assert offsets.foreign[offset] == foreign
        assert offsets.from_foreign(foreign) == offset


def test_offset_inside_a_character_is_refused():
    offsets = map_offsets("a😀b", "utf-16")
    with pytest.raises(ValueError, match="does not fall between"):
        offsets.from_foreign(2)
    with pytest.raises(ValueError, match="does not fall between"):
        offsets.from_foreign(5)


def test_grapheme_clusters_are_what_readers_see_as_letters():
    # A family of five code points, an accent of its own, a flag of two, and a line end of two.
    text = "👩‍👩‍👧e\u0301🇮🇱\r\nb"
    offsets = map_offsets(text, "graphemes")
    starts = [offsets.from_foreign(number) for number in range(6)]
    assert [text[start:end] for start, end in pairwise(starts)] == [
        "👩‍👩‍👧",
        "e\u0301",
        "🇮🇱",
        "\r\n",
        "b",
    ]
    with pytest.raises(ValueError, match="does not fall between"):
        offsets.from_foreign(6)


@given(texts)
def test_paragraphs_hold_every_visible_character(text):
    spans = list(iter_paragraphs(text))
    covered = {offset for start, end in spans for offset in range(start, end)}
    assert all(offset in covered or char.isspace() for offset, char in enumerate(text))
    assert all("\n" not in text[start:end] for start, end in spans)


@given(texts, st.data())
def test_context_holds_the_span(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = Paragraphs(text).cover(start, end)
    assert first <= start <= end <= last <= len(text)


@given(texts)
def test_tokens_cover_what_is_visible_and_do_not_overlap(text):
    tokens = list(iter_tokens(text))
    assert all(left[1] <= right[0] for left, right in pairwise(tokens))
    assert all(not text[start:end].isspace() for start, end in tokens)


def test_tokens_keep_inner_marks():
    text = "O'Brien said vis-à-vis “U.S. aid”."
    assert [text[a:b] for a, b in iter_tokens(text)] == [
        "O'Brien",
        "said",
        "vis-à-vis",
        "“",
        "U.S",
        ".",
        "aid",
        "”",
        ".",
    ]


def test_nearest_passage():
    assert find_nearest("we welcomed the ferry", "welcomed a ferry") == (3, 21)
    assert find_nearest("abc", "xyz") is None


def test_respelled_words_are_found_only_where_they_stand_once():
    assert find_respelled("met the “iron toll” – there", '"Iron toll" - there') == (8, 27)
    assert find_respelled("a “b” and a “b”", '"b"') is None
    # A letter whose lower case is longer keeps its offsets.
    assert find_respelled("İstanbul’da", "İstanbul'da") == (0, 11)


@given(texts, st.data())
def test_nearest_passage_lies_in_the_text(text, data):
    exact = data.draw(texts)
    if place := find_nearest(text, exact):
        assert 0 <= place[0] <= place[1] <= len(text)
