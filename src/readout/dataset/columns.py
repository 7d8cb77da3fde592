"""The columns of every config: their types, and what they mean.

Each column is described once, here. The glossaries of the card, the site and Croissant are made
from these descriptions (:mod:`readout.dataset.glossary`). Users rely on them: a removed, renamed or
retyped column is a breaking change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias, get_args

from readout import model


class Labels(tuple[str, ...]):
    """The names of a ``ClassLabel``; the position of a name is its integer."""

    def numbers(self) -> dict[str, int]:
        """Return the integer of each name."""
        return {name: number for number, name in enumerate(self)}


class Column(NamedTuple):
    """A column of a config, or a field of the structs in a column.

    ``null`` completes "null if …" and is empty if the value is never null. ``joins`` is the column
    of another config that has the same ids, as ``config.column``.
    """

    type: ColumnType
    meaning: str
    null: str = ""
    joins: str = ""


ColumnType: TypeAlias = "str | Labels | list[ColumnType] | dict[str, Column]"
"""The name of a primitive type, class labels, a list of one type, or the fields of a struct."""

Config: TypeAlias = Literal[
    "stances",
    "quotes",
    "mentions",
    "topics",
    "documents",
    "tokens",
    "stance_labels",
    "speakers",
    "targets",
    "topic_definitions",
    "bench_polarity",
    "bench_stance",
    "bench_evidence",
    "bench_counter",
    "bench_tuples",
    "bench_attribution",
    "bench_quotations",
]

POLARITIES = Labels(get_args(model.Polarity))
EXPRESSIONS = Labels(get_args(model.Expression))
FORMS = Labels(get_args(model.Form))
TAGS = Labels(("O", "B", "I"))
UNANNOTATED = "not annotated"
"""The vote of an annotator who did not annotate a stance that gold or another annotator has."""
VOTES = Labels((*POLARITIES, UNANNOTATED))

# ---------------------------------------------------------------- columns of several configs


def _key(thing: str) -> Column:
    return Column("string", f"The id of the {thing}, unique in the corpus: `<doc_id>#<id>`.")


def _parts(meaning: str) -> Column:
    """Return the column of the parts of a span that may be discontinuous."""
    fields = {
        "text": Column("string", "The words of the part."),
        "start": Column("int32", "The offset of its first code point in the document's text."),
        "end": Column("int32", "The offset after its last code point."),
    }
    return Column([fields], meaning)


def _span(thing: str, many: str = "") -> dict[str, Column]:
    """Return the columns of a span; ``many`` names the column that lists its parts, if any."""
    joined = f" Several parts, listed in `{many}`, are joined by a space." if many else ""
    last = "last part" if many else "last code point"
    return {
        "text": Column("string", f"The words of the {thing}.{joined}"),
        "start": Column("int32", "The offset of its first code point in the document's text."),
        "end": Column("int32", f"The offset after its {last}, in code points."),
    }


def _speaker(meaning: str) -> Column:
    return Column("string", meaning, joins="speakers.speaker_id")


_DOC_ID = Column("string", "The document.", joins="documents.doc_id")
_EVENT = Column(
    "string",
    "The visit or meeting that the document reports. It is also the fold of the official "
    "leave-one-event-out protocol in which the row is a test item.",
)
_SPLIT = Column("string", "The split: `train`, `validation` or `test`, the same for a whole event.")
_DOCUMENT: dict[str, Column] = {"doc_id": _DOC_ID, "event": _EVENT, "split": _SPLIT}
_PARAGRAPH_ID = "`<doc_id>#p<number>`, numbered from 0."
_PARAGRAPH: dict[str, Column] = {
    "paragraph": Column(
        "string",
        f"The paragraph in which the span starts: {_PARAGRAPH_ID}",
        "the document has no words",
        "tokens.id",
    ),
}
_CONTEXT: dict[str, Column] = {
    "context": Column("string", "The text of the paragraphs that the span touches."),
    "context_start": Column(
        "int32",
        "The offset of `context` in the document's text, in code points: "
        "`context[start - context_start:]` starts with the span.",
    ),
}
_NOTE: dict[str, Column] = {
    "note": Column("string", "A remark by the annotator, for readers.", "there is none"),
}


def _role(who: str) -> Column:
    meaning = (
        f"The offices of the {who} on the day of publication, by the registry: titles joined by "
        "`; `. An office without an end counts as still held."
    )
    return Column("string", meaning, "the registry or the date does not tell")


def _basis(thing: str) -> Column:
    labels = Labels(get_args(model.Basis))
    return Column(labels, f"Whether the {thing} is stated in the text, inferred or unknown.")


def _tags(meaning: str) -> Column:
    return Column([TAGS], f"One tag per token (O outside, B first, I inside): {meaning}.")


def _share(vote: str) -> Column:
    return Column("float64", f"The share of annotators who voted `{vote}`, from 0 to 1.")


# ---------------------------------------------------------------- columns of the benchmark

_ASKED: dict[str, Column] = {
    "id": Column("string", "The opaque id of the item, which predictions name."),
    "doc_id": _DOC_ID,
    "event": _EVENT,
    "split": Column(
        "string",
        "The split of the document's rows in the other configs. The items of all documents are in "
        "the split `test`, since each event is a test fold.",
        "the corpus no longer has the document",
    ),
    "instructions": Column("string", "The instructions of the task, word for word."),
    "text": Column("string", "The text that is asked about."),
}
_ANSWER: dict[str, Column] = {
    "answer": Column(
        "string",
        "The answer in gold: a label as it is, other answers as JSON.",
        "the text does not settle it; the item is asked and not scored",
    ),
}
_ABOUT_PARAGRAPH: dict[str, Column] = {
    **_ASKED,
    "paragraph": Column("string", f"The paragraph asked about: {_PARAGRAPH_ID}", joins="tokens.id"),
    "holder": _speaker("Whose position is asked about."),
    "holder_name": Column("string", "The name of the holder."),
    "holder_kind": Column("string", "What kind of speaker the holder is."),
    "target": Column(
        "string",
        "The target that is asked about, by its id at the release of the items.",
        joins="targets.target_id",
    ),
    "target_label": Column("string", "The short name of the target."),
    "proposition": Column("string", "The sentence that the holder may favor or oppose."),
    "favor_means": Column("string", "What a holder who favors the proposition says or wants."),
    "against_means": Column("string", "What a holder who opposes it says or wants."),
    **_ANSWER,
}
_ABOUT_DOCUMENT: dict[str, Column] = {
    **_ASKED,
    "title": Column("string", "The headline.", "the file has none"),
    "published": Column("string", "The day of publication, as YYYY-MM-DD.", "it is unknown"),
    "outlet": Column("string", "The publisher.", "it is unknown", "speakers.speaker_id"),
}
_KNOWN_SPEAKERS: dict[str, Column] = {
    "speakers": Column(
        [
            {
                "speaker": Column("string", "The id that an answer may name."),
                "name": Column("string", "The name of the speaker."),
                "kind": Column("string", "What kind of speaker it is."),
                "aliases": Column(["string"], "Other names of the speaker."),
            },
        ],
        "The speakers to choose from.",
    ),
}
_KNOWN_TARGETS: dict[str, Column] = {
    "targets": Column(
        [
            {
                "target": Column("string", "The id that an answer may name."),
                "label": Column("string", "The short name of the target."),
                "proposition": Column("string", "The sentence that one can favor or oppose."),
            },
        ],
        "The targets to choose from.",
    ),
}


def _partner(what: str, task: str = "stance") -> Column:
    meaning = f"The item that differs from this one in the {what}, and in the answer."
    return Column("string", meaning, "there is none", f"bench_{task}.id")


# ---------------------------------------------------------------- configs

COLUMNS: Mapping[Config, Mapping[str, Column]] = {
    "stances": {
        "id": _key("stance"),
        **_DOCUMENT,
        **_PARAGRAPH,
        "holder": _speaker("Who takes the position; the outlet if the author does."),
        "holder_name": Column("string", "The name of the holder."),
        "holder_role": _role("holder"),
        "target": Column("string", "What the position is about.", joins="targets.target_id"),
        "target_label": Column("string", "The short name of the target."),
        "proposition": Column("string", "The sentence of the target that one can favor or oppose."),
        "polarity": Column(POLARITIES, "The position of the holder towards the proposition."),
        "expression": Column(
            EXPRESSIONS, "Whether the position is stated (explicit) or inferred (implicit)."
        ),
        **_span("evidence", "evidence"),
        "evidence": _parts("The words that show the position, part by part."),
        "quote": Column(
            "string", "The quote that expresses the position.", "none does", "quotes.id"
        ),
        **_CONTEXT,
        **_NOTE,
    },
    "quotes": {
        "id": _key("quote"),
        **_DOCUMENT,
        **_PARAGRAPH,
        "form": Column(
            FORMS,
            "How the words are reported: in quotation marks (direct), as a paraphrase (indirect) "
            "or as a paraphrase with quoted pieces (mixed).",
        ),
        "speaker": _speaker("Who said or wrote it, according to the text."),
        "speaker_name": Column("string", "The name of the speaker."),
        "speaker_role": _role("speaker"),
        "source": Column(
            "string", "The mention that names the speaker of the quote.", "none does", "mentions.id"
        ),
        "source_text": Column("string", "The words of the source.", "there is no source"),
        "source_start": Column("int32", "The offset of the source.", "there is no source"),
        "source_end": Column("int32", "The offset after the source.", "there is no source"),
        **_span("content, that is, what was said", "content"),
        "content": _parts("The reported words, part by part."),
        "cue": _parts("The words that mark the report, such as “said”; empty if there are none."),
        "addressees": Column(
            ["string"],
            "Whom the words are addressed to; empty if the text does not say.",
            joins="speakers.speaker_id",
        ),
        "within": Column(
            "string", "The quote that this one is nested in.", "it is not nested", "quotes.id"
        ),
        "statement": Column(
            "string",
            "A key that all quotes of the same statement share, also those of other documents, "
            "so it has no `doc_id`.",
            "no other quote is known to report the statement",
        ),
        **_CONTEXT,
        **_NOTE,
    },
    "mentions": {
        "id": _key("mention"),
        **_DOCUMENT,
        **_PARAGRAPH,
        "speaker": _speaker("Whom the words name or refer to."),
        "speaker_name": Column("string", "The name of the speaker."),
        "speaker_role": _role("speaker"),
        **_span("mention"),
        **_CONTEXT,
        **_NOTE,
    },
    "topics": {
        "id": _key("passage"),
        **_DOCUMENT,
        **_PARAGRAPH,
        "topic": Column("string", "The topic.", joins="topic_definitions.topic_id"),
        "topic_label": Column("string", "The short name of the topic."),
        "topic_definition": Column("string", "What counts as being about the topic."),
        **_span("passage", "spans"),
        "spans": _parts("The passage, part by part."),
        **_CONTEXT,
        **_NOTE,
    },
    "documents": {
        "doc_id": Column("string", "The id of the document: year, month and a short name."),
        "event": _EVENT,
        "split": _SPLIT,
        "title": Column("string", "The headline.", "the file has none"),
        "published": Column("string", "The day of publication, as YYYY-MM-DD.", "it is unknown"),
        "published_basis": _basis("day"),
        "outlet": Column("string", "The publisher.", "it is unknown", "speakers.speaker_id"),
        "outlet_basis": _basis("outlet"),
        "language": Column("string", "The language, as a BCP 47 tag."),
        "origin": Column("string", "The name of the file that the text was supplied as."),
        "rights": Column("string", "Who owns the text, and what may be done with it."),
        "sha256": Column("string", "The SHA-256 of the bytes of the text, in hexadecimal."),
        "annotated": Column(
            Labels(get_args(model.Annotated)),
            "How much of the text gold covers. Absence means something only in a complete text.",
        ),
        "adjudicated": Column(
            ["string"], "The annotators whose differences were decided to make gold."
        ),
        "text": Column("string", "The raw text, with its line feeds; all offsets count in it."),
        "paragraphs": Column(
            [
                {
                    "id": Column(
                        "string", "The id: `<doc_id>#p<number>`, from 0.", joins="tokens.id"
                    ),
                    "start": Column("int32", "The offset of its first code point."),
                    "end": Column("int32", "The offset after its last code point."),
                },
            ],
            "The paragraphs: the lines that are not blank.",
        ),
        "boilerplate": Column(
            [
                {
                    "id": _key("passage"),
                    "kind": Column(Labels(get_args(model.BoilerplateKind)), "What it is."),
                    **_span("passage"),
                },
            ],
            "The passages that are not the article, such as a photo credit or a script.",
        ),
        "references": Column(["string"], "Addresses of pages that support what is inferred."),
        "note": Column("string", "The reasons for inferred values.", "there are none"),
    },
    "tokens": {
        "id": Column("string", "The id of the paragraph: `<doc_id>#p<number>`, from 0."),
        **_DOCUMENT,
        "text": Column("string", "The text of the paragraph."),
        "start": Column("int32", "The offset of the paragraph in the document's text."),
        "boilerplate": Column("bool", "Whether all of it is boilerplate, so not the article."),
        "tokens": Column(["string"], "The words and signs of the paragraph."),
        "starts": Column(["int32"], "The offset of each token in the document's text."),
        "ends": Column(["int32"], "The offset after each token."),
        "content_tags": _tags("the content of quotes, of nested ones only the outermost"),
        "cue_tags": _tags("the cues of quotes"),
        "source_tags": _tags("the mentions that are the source of a quote"),
        "boilerplate_tags": _tags("boilerplate, also if only a part of the paragraph is"),
    },
    "stance_labels": {
        "id": Column(
            "string",
            "The id of the item: that of the stance in gold, or `<doc_id>#<annotator>.<id>` if "
            "only annotators have it.",
        ),
        **_DOCUMENT,
        **_PARAGRAPH,
        "holder": _speaker("Who takes the position; the outlet if the author does."),
        "holder_name": Column("string", "The name of the holder."),
        "target": Column("string", "What the position is about.", joins="targets.target_id"),
        "target_label": Column("string", "The short name of the target."),
        "proposition": Column("string", "The sentence of the target that one can favor or oppose."),
        **_span("evidence in gold, or else in the layer of the first annotator who has the item"),
        "gold": Column(VOTES, "The polarity in gold; `not annotated` if gold lacks the item."),
        "labels": Column(
            [
                {
                    "annotator": Column("string", "The id of the annotator."),
                    "annotator_kind": Column(
                        Labels(get_args(model.AnnotatorKind)), "A person or a model."
                    ),
                    "label": Column(
                        VOTES, "The polarity; `not annotated` if the annotator lacks the item."
                    ),
                    "id": Column(
                        "string",
                        "The stance in the layer of the annotator: `<doc_id>#<annotator>.<id>`.",
                        "the annotator lacks the item",
                    ),
                },
            ],
            "The label of every annotator of the document; empty if it has no layers.",
        ),
        "soft": Column(
            {name.replace(" ", "_"): _share(name) for name in VOTES},
            "The soft label: the distribution of `labels`, or all on `gold` if there are none.",
        ),
        **_CONTEXT,
    },
    "speakers": {
        "speaker_id": Column("string", "The id of the speaker."),
        "name": Column("string", "The name to show to readers."),
        "kind": Column(Labels(get_args(model.SpeakerKind)), "What kind of speaker it is."),
        "aliases": Column(["string"], "Other names of the speaker."),
        "roles": Column(
            [
                {
                    "title": Column("string", "The title of the office."),
                    "organisation": Column(
                        "string", "The body that the office belongs to.", "it is unknown"
                    ),
                    "from": Column(
                        "string", "The start, as YYYY, YYYY-MM or YYYY-MM-DD.", "it is unknown"
                    ),
                    "to": Column(
                        "string",
                        "The end, as YYYY, YYYY-MM or YYYY-MM-DD.",
                        "it is unknown or still to come",
                    ),
                },
            ],
            "The offices that the speaker held.",
        ),
        "country": Column("string", "The ISO 3166 code of the country.", "there is none"),
        "members": Column(
            ["string"],
            "The speakers who form a joint speaker, such as “the two ministers”.",
            joins="speakers.speaker_id",
        ),
        "wikidata": Column("string", "The Wikidata identifier.", "it was not verified"),
        **_NOTE,
    },
    "targets": {
        "target_id": Column("string", "The id of the target."),
        "label": Column("string", "The short name of the target."),
        "proposition": Column("string", "The sentence that one can favor or oppose."),
        "counter": Column(
            "string",
            "The negation of the proposition, as somebody who opposes it would say it.",
            "nobody wrote one",
        ),
        "favor_means": Column("string", "What a holder who favors the proposition says or wants."),
        "against_means": Column("string", "What a holder who opposes it says or wants."),
        "topics": Column(
            ["string"],
            "The topics that the proposition belongs to.",
            joins="topic_definitions.topic_id",
        ),
        **_NOTE,
    },
    "topic_definitions": {
        "topic_id": Column("string", "The id of the topic."),
        "label": Column("string", "The short name of the topic."),
        "definition": Column("string", "What counts as being about the topic."),
        "parent": Column(
            "string", "The broader topic.", "it is at the top", "topic_definitions.topic_id"
        ),
        "iptc": Column(["string"], "The matching IPTC Media Topics, as `medtop:` codes."),
        **_NOTE,
    },
    "bench_polarity": _ABOUT_PARAGRAPH,
    "bench_stance": {
        **_ABOUT_PARAGRAPH,
        "swap_holder": _partner("holder"),
        "swap_target": _partner("target"),
        "swap_paragraph": _partner("paragraph"),
    },
    "bench_evidence": _ABOUT_PARAGRAPH,
    "bench_counter": {
        **_ABOUT_PARAGRAPH,
        "swap_counter": _partner("proposition, its opposite", "counter"),
    },
    "bench_tuples": {**_ABOUT_DOCUMENT, **_KNOWN_SPEAKERS, **_KNOWN_TARGETS, **_ANSWER},
    "bench_attribution": {
        **_ASKED,
        "paragraph": Column(
            "string", f"The paragraph of the quotation's start: {_PARAGRAPH_ID}", joins="tokens.id"
        ),
        "spans": Column(
            [
                {
                    "start": Column("int32", "The offset of its first code point in `document`."),
                    "end": Column("int32", "The offset after its last code point."),
                },
            ],
            "The parts of the quotation.",
        ),
        "context": Column("string", "The text of the paragraphs of the quotation."),
        "context_start": Column("int32", "The offset of `context` in `document`, in code points."),
        "document": Column("string", "The raw text of the document."),
        **_KNOWN_SPEAKERS,
        **_ANSWER,
    },
    "bench_quotations": {**_ABOUT_DOCUMENT, **_KNOWN_SPEAKERS, **_ANSWER},
}
"""The columns of every config, in order. The first column of a config is its key.

Offsets are code points of the document's text, end excluded. Lists are never null.
"""

ROWS: Mapping[Config, str] = {
    "stances": "A holder's position towards a target, with its evidence.",
    "quotes": "A quotation with its form, source, cue, content and speaker.",
    "mentions": "A place that names or refers to a speaker.",
    "topics": "A passage about a topic.",
    "documents": "A text with its metadata, paragraphs and boilerplate.",
    "tokens": "A tokenised paragraph, with BIO tags for content, cue, source and boilerplate.",
    "stance_labels": "A stance item with the label of every annotator and the soft label.",
    "speakers": "An entry of the registry of speakers.",
    "targets": "An entry of the registry of targets.",
    "topic_definitions": "An entry of the registry of topics.",
    "bench_polarity": "A question of the benchmark: is a stance in a paragraph for or against?",
    "bench_stance": "A question of the benchmark: what stance, if any, is in a paragraph?",
    "bench_evidence": "A question of the benchmark: which words show a stance?",
    "bench_counter": "A question of the benchmark: a stance on a proposition or its opposite.",
    "bench_tuples": "A question of the benchmark: which stances are in a document?",
    "bench_attribution": "A question of the benchmark: who said a quotation?",
    "bench_quotations": "A question of the benchmark: which quotations are in a document?",
}
"""What one row of each config is."""
