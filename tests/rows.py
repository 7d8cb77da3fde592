"""Reference implementation of the rows of every config, one by one in plain Python."""

from functools import cached_property

from readout import model
from readout.dataset.arrow import ContentHash, to_arrow_table
from readout.dataset.columns import UNANNOTATED, VOTES, Labels
from readout.dataset.features import FEATURES, REGISTRY_CONFIGS, is_tags
from readout.dataset.stance_items import iter_stance_items
from readout.model import Mention, Quote, Stance, Topic
from readout.text.tokens import Paragraphs, Tokens, iter_tokens, tag_tokens


class DocumentRows:
    """The rows of one document in every config."""

    def __init__(self, document, registries):
        self.meta = document.meta
        self.text = document.text
        self.document = document
        self.registries = registries
        self.paragraphs = Paragraphs(document.text)
        self.gold = document.gold.records
        self.by_id = {record.id: record for record in self.gold}

    def iter_rows(self, config):
        """Yield the rows of the document in a config."""
        return _ROWS[config](self)

    def qualified(self, id_):
        """Return an annotation id in the form that is unique in the corpus."""
        return f"{self.meta.doc_id}#{id_}" if id_ else None

    def head(self, id_):
        """Return the columns that identify a row."""
        return self.qualified(id_), self.meta.doc_id, self.meta.event, self.meta.split

    def head_at(self, id_, start):
        """Return the columns that identify a row whose first span has this start."""
        number = self.paragraphs.index_at(start)
        return *self.head(id_), self.qualified(f"p{number}" if self.paragraphs.spans else None)

    def role(self, speaker_id):
        """Return the offices of a speaker on the day of publication."""
        day = self.meta.published
        roles = self.registries.speakers[speaker_id].roles
        return "; ".join(role.title for role in roles if day and role.is_held_on(day)) or None

    def context(self, start, end):
        """Return the text of the paragraphs around a span, and the offset of this text."""
        left, right = self.paragraphs.cover(start, end)
        return self.text[left:right], left

    def tagged_spans(self):
        """Return the spans of the tags: content of outer quotes, cues, sources, boilerplate."""
        quotes = self.of_type.get(Quote, [])
        named = {quote.source for quote in quotes}
        return (
            [span for quote in quotes if quote.within is None for span in quote.content],
            [span for quote in quotes for span in quote.cue],
            [mention.span for mention in self.of_type.get(Mention, ()) if mention.id in named],
            [record.span for record in self.of_type.get(model.Boilerplate, ())],
        )

    def speaker_name(self, speaker_id):
        """Return the name of a speaker."""
        return self.registries.speakers[speaker_id].name

    @cached_property
    def of_type(self):
        """The gold annotations by class."""
        groups = {}
        for record in self.gold:
            groups.setdefault(type(record), []).append(record)
        return groups


def parts(spans):
    """Return the text and the offsets of each span."""
    return [(span.exact, span.start, span.end) for span in spans]


def joined(spans):
    """Return the texts of spans joined by spaces, and their first and last offset."""
    if len(spans) == 1:
        return spans[0].exact, spans[0].start, spans[0].end
    return " ".join([span.exact for span in spans]), spans[0].start, spans[-1].end


def _iter_stances(rows):
    targets = rows.registries.targets
    for record in rows.of_type.get(Stance, ()):
        text, start, end = joined(record.evidence)
        target = targets[record.target]
        yield (
            *rows.head_at(record.id, start),
            record.holder,
            rows.speaker_name(record.holder),
            rows.role(record.holder),
            record.target,
            target.label,
            target.proposition,
            record.polarity,
            record.expression,
            text,
            start,
            end,
            parts(record.evidence),
            rows.qualified(record.quote),
            *rows.context(start, end),
            record.note,
        )


def _iter_quotes(rows):
    for record in rows.of_type.get(Quote, ()):
        text, start, end = joined(record.content)
        source = rows.by_id.get(record.source or "")
        span = source.span if isinstance(source, Mention) else None
        yield (
            *rows.head_at(record.id, start),
            record.form,
            record.speaker,
            rows.speaker_name(record.speaker),
            rows.role(record.speaker),
            rows.qualified(record.source),
            *((span.exact, span.start, span.end) if span else (None, None, None)),
            text,
            start,
            end,
            parts(record.content),
            parts(record.cue),
            record.addressees,
            rows.qualified(record.within),
            record.statement,
            *rows.context(start, end),
            record.note,
        )


def _iter_mentions(rows):
    for record in rows.of_type.get(Mention, ()):
        span = record.span
        yield (
            *rows.head_at(record.id, span.start),
            record.speaker,
            rows.speaker_name(record.speaker),
            rows.role(record.speaker),
            span.exact,
            span.start,
            span.end,
            *rows.context(span.start, span.end),
            record.note,
        )


def _iter_topics(rows):
    for record in rows.of_type.get(Topic, ()):
        topic = rows.registries.topics[record.topic]
        text, start, end = joined(record.spans)
        yield (
            *rows.head_at(record.id, start),
            record.topic,
            topic.label,
            topic.definition,
            text,
            start,
            end,
            parts(record.spans),
            *rows.context(start, end),
            record.note,
        )


def _iter_documents(rows):
    meta = rows.meta
    yield (
        meta.doc_id,
        meta.event,
        meta.split,
        meta.title,
        meta.published,
        meta.published_basis,
        meta.outlet,
        meta.outlet_basis,
        meta.language,
        meta.origin,
        meta.rights,
        meta.sha256,
        meta.annotated or "complete",
        meta.adjudicated,
        rows.text,
        [
            (rows.qualified(f"p{number}"), *span)
            for number, span in enumerate(rows.paragraphs.spans)
        ],
        [
            (
                rows.qualified(record.id),
                record.kind,
                record.span.exact,
                record.span.start,
                record.span.end,
            )
            for record in rows.of_type.get(model.Boilerplate, ())
        ],
        meta.references,
        meta.note,
    )


def _iter_token_rows(rows):
    places = list(iter_tokens(rows.text))
    texts, starts, ends = (
        [rows.text[s:e] for s, e in places],
        [s for s, _ in places],
        [e for _, e in places],
    )
    tokens = Tokens(texts, starts, ends)
    paragraphs = rows.paragraphs.spans
    content, cues, sources, noise = (
        tag_tokens(tokens, paragraphs, spans) for spans in rows.tagged_spans()
    )
    for number, (start, end) in enumerate(paragraphs):
        inside = [index for index, at in enumerate(starts) if start <= at < end]
        part = slice(inside[0], inside[-1] + 1) if inside else slice(0)
        yield (
            *rows.head(f"p{number}"),
            rows.text[start:end],
            start,
            "O" not in noise[part],
            texts[part],
            starts[part],
            ends[part],
            content[part],
            cues[part],
            sources[part],
            noise[part],
        )


def _iter_stance_labels(rows):
    annotators = rows.registries.annotators
    for item in iter_stance_items(rows.document):
        target = rows.registries.targets[item.target]
        text, start, end = joined(item.evidence)
        votes = [
            (
                annotator,
                annotators[annotator].kind,
                stance.polarity if stance else UNANNOTATED,
                rows.qualified(f"{annotator}.{stance.id}") if stance else None,
            )
            for annotator, stance in item.by_annotator.items()
        ]
        gold = item.gold.polarity if item.gold else UNANNOTATED
        yield (
            *rows.head_at(item.name, start),
            item.holder,
            rows.speaker_name(item.holder),
            item.target,
            target.label,
            target.proposition,
            text,
            start,
            end,
            gold,
            votes,
            soft_label([label for _, _, label, _ in votes] or [gold]),
            *rows.context(start, end),
        )


def soft_label(given):
    """Return the share of each vote in labels."""
    return tuple(given.count(label) / len(given) for label in VOTES)


_ROWS = {
    "stances": _iter_stances,
    "quotes": _iter_quotes,
    "mentions": _iter_mentions,
    "topics": _iter_topics,
    "documents": _iter_documents,
    "tokens": _iter_token_rows,
    "stance_labels": _iter_stance_labels,
}


def iter_registry_rows(config, registries):
    """Yield the rows of a registry config."""
    if config == "speakers":
        for speaker in registries.speakers.values():
            roles = [
                (role.title, role.organisation, role.start, role.end) for role in speaker.roles
            ]
            yield (
                speaker.speaker_id,
                speaker.name,
                speaker.kind,
                speaker.aliases,
                roles,
                speaker.country,
                speaker.members,
                speaker.wikidata,
                speaker.note,
            )
    else:
        entries = registries.targets if config == "targets" else registries.topics
        for entry in entries.values():
            yield tuple(getattr(entry, name) for name in FEATURES[config])


def iter_config_rows(corpus, config, split):
    """Yield the rows of one split of a config, in the order of ``documents.jsonl``."""
    if config in REGISTRY_CONFIGS:
        yield from iter_registry_rows(config, corpus.registries)
        return
    for document in corpus.documents:
        if document.meta.split == split:
            yield from DocumentRows(document, corpus.registries).iter_rows(config)


# ---------------------------------------------------------------- loaded rows


def to_row(config, loaded):
    """Return the row that a loaded dictionary was compiled from, with label names for integers."""
    return tuple(_to_value(feature, loaded[name]) for name, feature in FEATURES[config].items())


def _to_value(feature, value):
    if isinstance(feature, Labels):
        return feature[value]
    if isinstance(feature, str):
        return value
    if isinstance(feature, list):
        values = [_to_value(feature[0], item) for item in value]
        return "".join(values) if is_tags(feature[0]) else values
    return [_to_value(child, value[name]) for name, child in feature.items()]


def hash_rows(config, rows):
    """Return the content hash of rows."""
    content = ContentHash(config)
    content.update(to_arrow_table(config, rows))
    return content.hexdigest()
