"""Where words end, in scripts with and without spaces between them."""

import pytest

from readout.text.words import splits_word


@pytest.mark.parametrize(
    ("text", "words", "splits"),
    [
        ("The man", "he", True),
        ("The man", "The", False),
        ("the harbour's end", "harbour", False),
        ("harbours", "harbour", True),
        ("caf\u00e9", "caf", True),
        ("well-known", "known", False),
        ("והממשלה אמרה", "ממשלה", False),
        ("לגנץ", "גנץ", False),
        ("ממשלות", "ממש", True),
        ("والحكومة", "حكومة", False),
        ("بغانتس", "غانتس", False),
        ("山水火", "水", False),
        ("รัฐมนตรีกล่าว", "กล่าว", False),
        ("장관은", "장관", False),
    ],
)
def test_a_span_splits_a_word_or_does_not(text, words, splits):
    start = text.index(words)
    assert splits_word(text, start, start + len(words)) == splits
