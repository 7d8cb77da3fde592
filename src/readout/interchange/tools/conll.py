"""CoNLL-style columns with BIO tags, one block a paragraph; the ``conll`` builder of ``datasets`` loads it.

Columns, parted by a space: token, start, end (code points), and a tag for mention, content, cue, source, boilerplate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from readout.interchange.outbox import Outbox, Sheet
from readout.model import AnyAnnotation, Boilerplate, Mention, Quote, Span
from readout.text.tokens import Paragraphs, Tokens, iter_tokens, tag_tokens

LOSSES = (
    "Of annotations only their tokens remain: ids, speakers, forms, topics, stances, links and notes are not written.",
    "A token has one tag a column: of nested quotes the outermost is tagged, of overlapping mentions the first.",
    "The pieces of a discontinuous span are spans of their own, and one that starts within a token takes all of it.",
    "White space is not written, apart from paragraph breaks.",
)
CONLL_COLUMNS = ("tokens", "start", "end", "mention", "content", "cue", "source", "boilerplate")


def export_conll(outbox: Outbox) -> None:
    """Write one file a document."""
    for sheet in outbox.sheets:
        outbox.add(f"{sheet.stem}.conll", "".join(_iter_blocks(sheet)))


def _iter_blocks(sheet: Sheet) -> Iterator[str]:
    layers = find_tagged(sheet.records)
    yield f"-DOCSTART- {sheet.name}\n\n"
    for start, end in Paragraphs(sheet.text).spans:
        places = list(iter_tokens(sheet.text, start, end))
        texts = [sheet.text[left:right] for left, right in places]
        tokens = Tokens(texts, [left for left, _ in places], [right for _, right in places])
        tags = [tag_tokens(tokens, [(start, end)], spans) for spans in layers]
        for (left, right), text, *row in zip(places, texts, *tags, strict=True):
            yield " ".join((text, str(left), str(right), *row)) + "\n"
        yield "\n" if places else ""


def find_tagged(records: Iterable[AnyAnnotation]) -> list[list[Span]]:
    """Return the spans of each column of tags."""
    records = list(records)
    quotes = [record for record in records if isinstance(record, Quote)]
    mentions = [record for record in records if isinstance(record, Mention)]
    sources = {quote.source for quote in quotes}
    return [
        [record.span for record in mentions],
        [span for quote in quotes if quote.within is None for span in quote.content],
        [span for quote in quotes for span in quote.cue],
        [record.span for record in mentions if record.id in sources],
        [record.span for record in records if isinstance(record, Boilerplate)],
    ]
