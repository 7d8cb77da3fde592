"""Write CoNLL-style columns with BIO tags, which the ``conll`` builder of ``datasets`` loads.

Each paragraph is a block. The columns, separated by a space, are the token, its start and end in
code points, and one tag each for mention, content, cue, source and boilerplate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from readout.interchange.outbox import Outbox, Sheet
from readout.model import AnyAnnotation, Boilerplate, Mention, Quote, Span
from readout.text.tokens import Paragraphs, Tokens, iter_tokens, tag_tokens

LOSSES = (
    "Ids, speakers, forms, topics, stances, links and notes are not written.",
    "Of nested quotes only the outermost is tagged, and of overlapping mentions only the first.",
    "The pieces of a discontinuous span are separate spans.",
    "A span that starts or ends within a token covers the whole token.",
    "White space is not written, except paragraph breaks.",
)
CONLL_COLUMNS = ("tokens", "start", "end", "mention", "content", "cue", "source", "boilerplate")


def export_conll(outbox: Outbox) -> None:
    """Write one file per document."""
    for sheet in outbox.sheets:
        outbox.add(f"{sheet.stem}.conll", "".join(_iter_blocks(sheet)))


def _iter_blocks(sheet: Sheet) -> Iterator[str]:
    columns = list_tagged_spans(sheet.records)
    yield f"-DOCSTART- {sheet.doc_id}\n\n"

    for paragraph in Paragraphs(sheet.text).spans:
        places = list(iter_tokens(sheet.text, *paragraph))
        if not places:
            continue

        words = [sheet.text[start:end] for start, end in places]
        starts = [start for start, _ in places]
        ends = [end for _, end in places]
        tokens = Tokens(words, starts, ends)
        tags = [tag_tokens(tokens, [paragraph], spans) for spans in columns]
        for word, start, end, *row in zip(words, starts, ends, *tags, strict=True):
            yield " ".join((word, str(start), str(end), *row)) + "\n"
        yield "\n"


def list_tagged_spans(records: Iterable[AnyAnnotation]) -> list[list[Span]]:
    """Return the spans of each column of tags, in the order of the columns."""
    records = list(records)
    quotes = [record for record in records if isinstance(record, Quote)]
    outer_quotes = [quote for quote in quotes if quote.within is None]
    mentions = [record for record in records if isinstance(record, Mention)]
    source_ids = {quote.source for quote in quotes}
    return [
        [mention.span for mention in mentions],
        [span for quote in outer_quotes for span in quote.content],
        [span for quote in quotes for span in quote.cue],
        [mention.span for mention in mentions if mention.id in source_ids],
        [record.span for record in records if isinstance(record, Boilerplate)],
    ]
