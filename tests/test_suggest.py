"""Suggestions find quotations and reports in several languages; all sentences are invented."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readout.corpus.schema import is_valid
from readout.model import Speaker
from readout.workbench.languages import all_marks, describe_gap, find_language, read_languages
from readout.workbench.suggest import iter_quotations, suggest

SPEAKERS = [
    Speaker(speaker_id="quill", name="Quill", kind="person"),
    Speaker(speaker_id="levi", name="לוי", kind="person"),
    Speaker(speaker_id="moss", name="موس", kind="person"),
]


def find_quotes(text, language):
    """Return form, contents, cue and source of each suggested quote."""
    annotations = [each.annotation for each in suggest(text, SPEAKERS, language)]
    words = {each["id"]: each["span"]["exact"] for each in annotations if "span" in each}
    found = []
    for each in annotations:
        if each["type"] == "quote":
            content = [span["exact"] for span in each["content"]]
            cue = [span["exact"] for span in each.get("cue", [])]
            found.append((each["form"], content, *(cue or [None]), words.get(each.get("source"))))
    return found


ONE_QUOTE = {
    # English
    ("en", "“The ferry sails,” Quill said."): ("direct", ["“The ferry sails,”"], "said", "Quill"),
    ("en", "Quill said: 'The ferry sails.'"): ("direct", ["'The ferry sails.'"], "said", "Quill"),
    ("en", "‘It’s the boys’ boat,’ she added."): (
        "direct", ["‘It’s the boys’ boat,’"], "added", "she",
    ),
    ("en", "'It's the workers' boat,' he added."): (
        "direct", ["'It's the workers' boat,'"], "added", "he",
    ),
    ("en", "In the '90s, Quill said that boats don't sink."): (
        "indirect", ["boats don't sink"], "said", "Quill",
    ),
    # German
    ("de", "„Die Fähre fährt“, sagte Quill."): ("direct", ["„Die Fähre fährt“"], "sagte", "Quill"),
    ("de", "»Die Fähre fährt«, sagte sie."): ("direct", ["»Die Fähre fährt«"], "sagte", "sie"),
    ("de", "Quill erklärte: ‚Die Fähre fährt.‘"): (
        "direct", ["‚Die Fähre fährt.‘"], "erklärte", "Quill",
    ),
    ("de-AT", "Quill betonte am Montag, dass die Fähre fährt."): (
        "indirect", ["die Fähre fährt"], "betonte", "Quill",
    ),
    ("de", "Quill fügte hinzu: „Die Fähre fährt.“"): (
        "direct", ["„Die Fähre fährt.“"], "fügte hinzu", "Quill",
    ),
    ("de", "Quill teilte mit, dass die Fähre fährt."): (
        "indirect", ["die Fähre fährt"], "teilte mit", "Quill",
    ),
    # French, with spaces that do not break
    ("fr", "«\u00a0Le bac part.\u00a0», a déclaré Quill."): (
        "direct", ["«\u00a0Le bac part.\u00a0»"], "déclaré", "Quill",
    ),
    ("fr", "«\u202fLe bac part-il\u202f?\u202f» a-t-elle demandé."): (
        "direct", ["«\u202fLe bac part-il\u202f?\u202f»"], "demandé", "elle",
    ),
    ("fr", "Quill affirme qu’il partira."): ("indirect", ["il partira"], "affirme", "Quill"),
    # Spanish
    ("es", "«El barco sale», dijo Quill."): ("direct", ["«El barco sale»"], "dijo", "Quill"),
    ("es", "Quill afirmó el lunes que el barco saldrá."): (
        "indirect", ["el barco saldrá"], "afirmó", "Quill",
    ),
    # Hebrew, with an abbreviation that has the same mark
    ("he", "״המעבורת של צה״ל תצא״, אמר לוי."): (
        "direct", ["״המעבורת של צה״ל תצא״"], "אמר", "לוי",
    ),
    ("he", 'לוי הוסיף: "רה"מ יפליג".'): ("direct", ['"רה"מ יפליג"'], "הוסיף", "לוי"),
    ("he", "לוי טען כי המעבורת תצא."): ("indirect", ["המעבורת תצא"], "טען", "לוי"),
    ("he", "לוי אמר שהמעבורת תצא."): ("indirect", ["המעבורת תצא"], "אמר", "לוי"),
    # Arabic, with an "and" in one word with the verb
    ("ar", "«العبارة تبحر»، قال موس."): ("direct", ["«العبارة تبحر»"], "قال", "موس"),
    ("ar", "وأضاف موس: “العبارة تبحر”."): ("direct", ["“العبارة تبحر”"], "وأضاف", "موس"),
    ("ar", "قال موس إن العبارة تبحر."): ("indirect", ["العبارة تبحر"], "قال", "موس"),
    ("ar", "أكد موس أنها تبحر."): ("indirect", ["أنها تبحر"], "أكد", "موس"),
}  # fmt: skip


@pytest.mark.parametrize(("language", "text"), ONE_QUOTE)
def test_one_quote_is_found(language, text):
    assert find_quotes(text, language) == [ONE_QUOTE[language, text]]


INTERRUPTED = {
    ("en", "“The ferry,” Quill said, “sails.”"): ["“The ferry,”", "“sails.”"],
    ("en", "“As far as boats go,” he said that, “we wait.”"): [
        "“As far as boats go,”", "“we wait.”",
    ],
    ("de", "»Die Fähre«, sagte Quill, »fährt.«"): ["»Die Fähre«", "»fährt.«"],
    ("de", "„Die Fähre“, erklärte sie, „fährt.“"): ["„Die Fähre“", "„fährt.“"],
    ("fr", "«\u00a0Le bac\u00a0», répond Quill, «\u00a0part.\u00a0»"): [
        "«\u00a0Le bac\u00a0»", "«\u00a0part.\u00a0»",
    ],
    ("es", "«El barco», dijo ella, «sale»."): ["«El barco»", "«sale»"],
    ("he", "״המעבורת״, אמר לוי, ״תצא״."): ["״המעבורת״", "״תצא״"],
    ("ar", "«العبارة»، قال موس، «تبحر»."): ["«العبارة»", "«تبحر»"],
}  # fmt: skip


@pytest.mark.parametrize(("language", "text"), INTERRUPTED)
def test_an_interrupted_quotation_is_one_quote(language, text):
    ((_, content, _, source),) = find_quotes(text, language)
    assert content == INTERRUPTED[language, text]
    assert source


@pytest.mark.parametrize(
    "text",
    [
        "“It sails,” Quill said, adding, “It is late.”",  # a new cue
        "“It sails,” Quill said. “It is late.”",  # a new sentence
        "“It sails,” Quill said.\n“It is late,” he added, ",  # a new paragraph
        "“It sails,” and “it is late,” Quill said.",  # no cue between
    ],
)
def test_two_quotations_stay_two_quotes(text):
    assert len(find_quotes(text, "en")) == 2


def test_an_unknown_language_has_names_and_marks_only_and_says_so():
    text = "„Lautta lähtee“, sanoi Quill. »Niin«, “no”, ‘ei’ said Quill."
    quotes = find_quotes(text, "fi")
    contents = [content for _, (content,), *_ in quotes]
    assert contents == ["„Lautta lähtee“", "»Niin«", "“no”", "‘ei’"]
    assert {cue for *_, cue, _ in quotes} == {None}
    assert "'fi'" in describe_gap("fi")
    assert "German (de)" in describe_gap("fi")
    assert describe_gap("de-CH") == ""


@pytest.mark.parametrize("tag", read_languages())
def test_the_file_of_a_language_can_be_used(tag):
    language = find_language(tag)
    assert all(len(mark) >= 2 for mark in language.marks)
    forms = [form for verb in language.verbs for form in verb.split()]
    assert len(forms) == len(set(forms))
    assert all(form == form.strip() and form for form in language.cues)
    assert set(language.closing_marks) <= set(all_marks())


@given(
    st.text(st.sampled_from("ab. “”\"„«»'‘’‚s,\nsaid that Quill")),
    st.sampled_from(["und", *read_languages()]),
)
def test_suggestions_repeat_the_text_and_fit_their_schema(text, language):
    for suggestion in suggest(text, SPEAKERS, language):
        annotation = suggestion.annotation
        spans = [*annotation.get("content", []), *annotation.get("cue", [])]
        spans += [annotation["span"]] if "span" in annotation else []
        assert spans
        for span in spans:
            assert text[span["start"] : span["end"]] == span["exact"] != ""
        line = {"type": "suggestion", "annotation": annotation, "reason": suggestion.reason}
        assert is_valid("suggestion", line)


@given(st.text(st.sampled_from("ab “”\"'’s,\n")))
def test_quotations_are_disjoint_and_ordered(text):
    places = list(iter_quotations(text, all_marks()))
    assert places == sorted(places)
    assert all(left.end <= right.start for left, right in pairwise(places))
