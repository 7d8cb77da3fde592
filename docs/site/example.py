"""List the texts of the corpus, and choose a passage that shows every kind of annotation."""

from __future__ import annotations

from html import escape
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


def format_texts() -> str:
    """Return an HTML list of the texts, as Markdown, with links to their pages."""
    lines = []
    for text in readout.documents(ROOT):
        outlet = text.outlet.name if text.outlet else "unknown outlet"
        title = escape(text.title or text.id)
        link = f'<a href="../texts/{text.id}.html">{title}</a>'
        facts = f"{escape(outlet)}, {text.record.published or 'undated'}"
        lines.append(f"<li>{link}<br>{facts}</li>")
    return f"```{{raw}} html\n<ul>{''.join(lines)}</ul>\n```"
