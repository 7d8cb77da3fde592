"""Choose a passage of the corpus that shows every kind of annotation, for the home page."""

from __future__ import annotations

from pathlib import Path

import readout

LONGEST = 450
"""The most characters of a passage that is shown."""
ROOT = Path(__file__).resolve().parents[2]


def draw_example() -> str:
    """Return the short paragraph with the most kinds of marks as HTML, then with the most marks."""
    paragraphs = []
    for text in readout.documents(ROOT):
        for paragraph in text.paragraphs:
            if paragraph.end - paragraph.start <= LONGEST:
                annotations = paragraph.annotations
                kinds: set[str] = {each.type for each in annotations if each.type != "boilerplate"}
                kinds |= {stance.polarity for stance in paragraph.stances}
                kinds |= {quote.form for quote in paragraph.quotes}
                paragraphs.append((len(kinds), len(annotations), paragraph))
    best = max(paragraphs, key=lambda entry: entry[:2])
    return str(best[2]._repr_html_())
