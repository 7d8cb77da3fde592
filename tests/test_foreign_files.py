"""Files that other people made: every tool's own rules, written by hand, and what comes of them.

``pytest -m published`` also reads folders of files that others published, which the variables
READOUT_BRAT, READOUT_PRODIGY, READOUT_DOCCANO, READOUT_LABELSTUDIO and READOUT_CAS (with a
TypeSystem.xml for all) name, and counts their spans by code of its own.
"""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from published import count

from readout.cli import main
from readout.corpus.read import read_corpus
from readout.interchange.mapping import find_mapping as find_mapping_file
from readout.interchange.mapping import list_shipped, parse_mapping

TEXT = "Ada Quill said no.\n"
SHIP = "🚢 Ada Quill said no.\n"
MENTIONS = (
    'labels: {"*": {type: mention, speaker: "{words}"}}\nvalues: {"*": drop}\nlinks: {"*": drop}'
)


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def take(tmp_path):
    """Return a function that imports files into an empty folder; it returns layers and output."""

    def import_files(name, files, *options, mapping=None, annotators=("ann",)):
        folder, root = tmp_path / "in", tmp_path / "corpus"
        for path, content in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        root.mkdir(exist_ok=True)
        words = [word for annotator in annotators for word in ("--annotator", annotator)]
        if mapping is not None:
            (tmp_path / "map.yaml").write_bytes(mapping.encode())
            words += ["--map", tmp_path / "map.yaml"]
        done = run("import", name, folder, "--corpus", root, "--add", *words, *options)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.output
        return done, read_layers(root)

    return import_files


def read_layers(root):
    """Return the records by annotator and text of the document."""
    if not (root / "raw").exists():
        return {}
    corpus, problems = read_corpus(root)
    assert [problem for problem in problems if problem.severity == "error"] == []
    layers = {}
    for document in corpus.documents:
        for layer in document.layers:
            layers[layer.annotator, document.text] = list(layer.records)
    return layers


def words_of(records):
    return [record.span.exact for record in records]


# ---------------------------------------------------------------- brat

EVENTS = {
    "dev/talks.txt": "Quill told us:\n  no, never.\nGo!\n",
    "dev/talks.ann": (
        "T1\tPerson 0 5\tQuill\n"
        "T2\tReport 6 10\ttold\n"
        "T3\tWords 14 14;17 27\t no, never.\n"
        "E1\tReport:T2 Speaker1:T1 What:T3\n"
        "A1\tSure E1\n"
        "A2\tMood E1 Cross\n"
        "#1\tAnnotatorNotes E1\tloud\n"
        "#2\tAnnotatorNotes A1\tof an attribute\n"
        "N1\tReference T1 Wiki:77\tQuill\n"
        "*\tEquiv T1 T3\n"
    ),
}
REPORTS = """
labels:
  Person: {type: mention, speaker: "{words}"}
  Report: {type: quote, form: inferred, spans: What, speaker: "{Speaker}"}
  Words: drop
values:
  note: note
  Report.Mood: {field: form, values: {Cross: direct}}
  "*": drop
links:
  Speaker: source
  Equiv: drop
"""


def test_events_of_brat_become_quotes(take):
    files = dict(EVENTS)
    files["dev/talks.ann"] = files["dev/talks.ann"].replace("14 14;17 27\t ", "17 27\t")
    done, layers = take("brat", files, mapping=REPORTS)
    assert done.exit_code == 0, done.output
    mention, quote = layers["ann", EVENTS["dev/talks.txt"]]
    assert (quote.content[0].exact, mention.span.exact) == ("no, never.", "Quill")
    assert (quote.form, quote.note, quote.source) == ("direct", "loud", mention.id)
    assert quote.speaker == mention.speaker
    for left_out in ("'Sure': 1", "'Wiki': 1", "'Equiv': 1", "relation or an attribute"):
        assert left_out in done.stderr


BIONLP = {
    "a.txt": TEXT,
    "a.a1": "T1\tPerson 0 9\tAda Quill\n",
    "a.a2": "T2\tSay 10 14\tsaid\nE1\tSay:T2 Who:T1\nM1\tNegation E1\n",
}
SAYS = """
labels:
  Person: {type: mention, speaker: "{words}"}
  Say: {type: quote, form: inferred, speaker: "{Who}"}
values: {Negation: drop}
links: {Who: source}
"""


def test_a1_and_a2_are_one_layer(take):
    done, layers = take("brat", BIONLP, mapping=SAYS)
    assert done.exit_code == 0, done.output
    mention, quote = layers["ann", TEXT]
    assert (quote.source, mention.span.exact) == (mention.id, "Ada Quill")


@pytest.mark.parametrize(
    ("file", "content", "place"),
    [
        ("a.a1", "T1\tPerson 0 9\tAda Quack\n", "a.a1:1: foreign-span"),
        ("a.a1", "#1\tNote T9\tx\nT1\tPerson 0 9\tAda Quill\n", "a.a1:1: foreign-value"),
        ("a.a2", "T2\tSay 10 14\tsaid\nM1\tNegation E9\n", "a.a2:2: foreign-value"),
        ("a.a2", "\nT1\tSay 10 14\tsaid\n", "a.a2:2: foreign-syntax"),
        ("a.a2", "T2\tSay 10 14\tsaid\nE1\tSay:T2 Who:T8\n", "a.a2:2: "),
    ],
)
def test_a_fault_in_a1_or_a2_names_its_file(file, content, place, take):
    done, _ = take("brat", BIONLP | {file: content}, mapping=SAYS)
    assert (done.exit_code, place in done.stdout) == (1, True), done.output


def test_a2_needs_its_a1(take):
    files = {name: content for name, content in BIONLP.items() if name != "a.a1"}
    done, _ = take("brat", files, mapping=SAYS)
    assert "a.a2: foreign-syntax" in done.stdout
    assert "put a.a1 into the same folder" in done.stdout


@pytest.mark.parametrize("line", ["#1\tNote\twhy", "#1\tNote", "#\twe ask: why?", "#2\tNote N1\tx"])
def test_a_note_of_nothing_is_left_out_and_told(line, take):
    files = {"a.txt": TEXT, "a.ann": f"T1\tP 0 3\tAda\n{line}\n"}
    done, layers = take("brat", files, mapping=MENTIONS)
    assert (done.exit_code, words_of(layers["ann", TEXT])) == (0, ["Ada"]), done.output
    assert "note without an annotation" in done.stderr


def test_a_broken_note_of_an_annotation_is_a_problem(take):
    files = {"a.txt": TEXT, "a.ann": "T1\tP 0 3\tAda\n#1\tNote T1 why\n"}
    done, _ = take("brat", files, mapping=MENTIONS)
    assert "a.ann:2: foreign-syntax" in done.stdout


def test_what_left_out_everything_is_said(take):
    files = {"a.txt": TEXT, "a.ann": "T1\tP 0 3\tAdo\nT2\tP 4 9\tQuell\n"}
    done, _ = take("brat", files, "--skip", mapping=MENTIONS)
    assert done.exit_code == 1
    assert "without --skip" not in done.stdout
    assert "2 × foreign-span" in done.stdout


def test_a_text_in_another_encoding_is_one_problem(take):
    files = {"a.txt": "Zoë left.\n".encode("latin-1"), "a.ann": "T1\tPerson 4 8\tleft\n"}
    done, layers = take("brat", files, mapping=MENTIONS)
    assert (done.exit_code, layers, "1 error." in done.output) == (1, {}, True), done.output
    assert "--encoding" in done.stdout


def test_documents_keep_their_published_split(take, tmp_path):
    files = {
        f"{split}/{split}-talk.{suffix}": content
        for split in ("train", "dev", "test")
        for suffix, content in (("txt", f"{split}: Quill.\n"), ("ann", "T1\tP 0 3\t" + split[:3]))
    }
    done, _ = take("brat", files, mapping=MENTIONS)
    assert done.exit_code == 0, done.output
    corpus, _ = read_corpus(tmp_path / "corpus")
    assert {each.text[:4]: each.meta.split for each in corpus.documents} == {
        "trai": "train",
        "dev:": "validation",
        "test": "test",
    }


def test_what_has_a_problem_is_left_out_only_if_asked(take):
    files = {"a.txt": TEXT, "a.ann": "T1\tP 0 9\tAda Quill\nT2\tP 10 14\tsays\nT3\tX 0 90\tno\nQ\n"}
    done, layers = take("brat", files, mapping=MENTIONS)
    assert (done.exit_code, layers) == (1, {})

    done, layers = take("brat", files, "--skip", mapping=MENTIONS)
    assert done.exit_code == 0, done.output
    assert words_of(layers["ann", TEXT]) == ["Ada Quill"]
    for place in ("a.ann:2", "a.ann:3"):
        assert place in done.stdout


def test_nothing_that_comes_in_is_an_error(take):
    drop = 'labels: {"*": drop}'
    done, layers = take("brat", {"a.txt": TEXT, "a.ann": "T1\tP 0 3\tAda\n"}, mapping=drop)
    assert (done.exit_code, layers) == (1, {})
    assert "no annotation" in done.stdout
    assert "'P': 1" in done.stdout


def test_a_label_that_no_line_fits_is_a_problem(take):
    mapping = MENTIONS.replace('"*"', "Person", 1)
    done, _ = take("brat", {"a.txt": TEXT, "a.ann": "T1\tP 0 3\tAda\n"}, mapping=mapping)
    assert done.exit_code == 1
    assert "foreign-map" in done.stdout


def test_inspect_writes_a_mapping_to_complete(tmp_path):
    (tmp_path / "in" / "dev").mkdir(parents=True)
    for path, content in EVENTS.items():
        content = content.replace("14 14;17 27\t ", "17 27\t")
        (tmp_path / "in" / path).write_bytes(content.encode())
    done = run("import", "brat", tmp_path / "in", "--inspect", "--corpus", tmp_path)
    assert done.exit_code == 0, done.output
    assert "(3 spans; " in done.stdout
    for name in ("Report", "Words", "Mood", "Wiki", "Speaker", "Equiv"):
        assert f"  {name}: " in done.stdout

    # It is no mapping yet: somebody must decide. Then it is one.
    _, findings = parse_mapping(done.stdout.encode())
    assert findings
    decided = done.stdout.replace('"?"', "drop")
    assert parse_mapping(decided.encode())[1] == []


def test_the_mappings_of_the_package_are_valid():
    for name in list_shipped():
        assert parse_mapping(find_mapping_file(name).read_bytes())[1] == []


def test_a_mapping_that_does_not_exist_is_wrong_usage(take, tmp_path):
    done = run("import", "brat", tmp_path, "--annotator", "a", "--map", "nowhere", "--add")
    assert done.exit_code == 2
    assert "nowhere" in done.stderr


# ---------------------------------------------------------------- doccano


def lines(*objects):
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        (SHIP, 3, 12),  # UTF-16: the ship counts as two
        ("👩‍👩‍👧 Ada Quill said no.\n", 2, 11),  # grapheme clusters: the family counts as one
        ("é Ada Quill said no.\n", 2, 11),  # the accent is a code point of its own
    ],
)
def test_offsets_of_doccano_count_what_gives_whole_words(text, start, end, take):
    content = lines({"text": text, "label": [[start, end, "P"]]})
    done, layers = take("doccano", {"all.jsonl": content}, mapping=MENTIONS)
    assert done.exit_code == 0, done.output
    assert words_of(layers["ann", text]) == ["Ada Quill"]


def test_offsets_are_asked_for_if_words_do_not_tell(take):
    # A mark follows a mark, so both are whole, however the ship counts.
    text = "🚢 ?! Ada\n"
    content = {"all.jsonl": lines({"text": text, "label": [[3, 4, "P"]]})}
    mapping = MENTIONS.replace("{words}", "ada")
    for options in ((), ("--skip",)):
        done, layers = take("doccano", content, *options, mapping=mapping)
        assert (done.exit_code, layers) == (1, {})
        assert "--offsets" in done.stdout

    for unit, words in (("utf-16", "?"), ("code-points", "!")):
        done, layers = take("doccano", content, "--offsets", unit, "--replace", mapping=mapping)
        assert (done.exit_code, words_of(layers["ann", text])) == (0, [words])


def test_entities_of_intent_projects_are_lists_and_categories_are_told(take):
    line = {"text": TEXT, "entities": [[0, 9, "P"], [9, 10, "P"]], "cats": ["news"]}
    done, layers = take("doccano", {"all.jsonl": json.dumps(line)}, mapping=MENTIONS)
    assert done.exit_code == 0, done.output
    assert words_of(layers["ann", TEXT]) == ["Ada Quill"]
    assert "category of a whole text is left out: 1" in done.stderr
    assert "nothing but white space is left out: 1" in done.stderr


def test_a_line_without_a_text_is_no_empty_document(take):
    task = {"text": TEXT, "label": [[0, 3, "P"]]}
    files = {"all.jsonl": lines(task, {"id": 2, "label": []})}
    done, layers = take("doccano", files, mapping=MENTIONS)
    assert (done.exit_code, layers, "all.jsonl:2: " in done.stdout) == (1, {}, True)
    done, layers = take("doccano", files, "--skip", mapping=MENTIONS)
    assert (done.exit_code, list(layers)) == (0, [("ann", TEXT)])


def test_inspect_never_takes_the_words_of_a_quote_for_its_speaker(tmp_path):
    entities = [
        {"id": 1, "label": "PERSON", "start_offset": 0, "end_offset": 9},
        {"id": 2, "label": "Quote", "start_offset": 15, "end_offset": 17},
        {"id": 3, "label": "Stance", "start_offset": 15, "end_offset": 17},
    ]
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": TEXT, "entities": entities}))
    done = run("import", "doccano", tmp_path / "a.jsonl", "--inspect", "--corpus", tmp_path)
    assert 'PERSON: {type: mention, speaker: "{words}"}' in done.stdout
    assert 'Quote: {type: quote, form: inferred, speaker: "?"}' in done.stdout
    assert 'Stance: {type: stance, holder: "?", ' in done.stdout


def test_inspect_says_that_no_file_is_of_the_format(tmp_path):
    (tmp_path / "eng.testa").write_text("Ada B-PER\n")
    done = run("import", "conll", tmp_path, "--inspect", "--corpus", tmp_path)
    assert done.exit_code == 1
    assert "There is no annotation to import." in done.stdout
    assert "give the path of a file itself" in done.stdout
    done = run("import", "conll", tmp_path / "eng.testa", "--inspect", "--corpus", tmp_path)
    assert (done.exit_code, "PER: " in done.stdout) == (0, True)


def test_a_speaker_whom_nobody_states_has_a_note_that_says_so(take, tmp_path):
    mapping = 'labels: {"*": {type: quote, form: inferred, speaker: unstated-speaker}}'
    take("brat", {"a.txt": TEXT, "a.ann": "T1\tQ 15 17\tno\n"}, mapping=mapping)
    speakers = (tmp_path / "corpus" / "annotations" / "speakers.jsonl").read_text("utf-8")
    assert "states none" in speakers
    assert "these words" not in speakers


def test_corenlp_output_is_named_after_its_text(take, tmp_path):
    tokens = [{"originalText": "no", "characterOffsetBegin": 15, "characterOffsetEnd": 17}]
    quote = {"text": "no", "beginIndex": 15, "endIndex": 17}
    output = json.dumps({"sentences": [{"tokens": tokens}], "quotes": [quote]})
    files = {"story.txt": TEXT, "story.txt.json": output}
    done, layers = take("corenlp", files, mapping=find_mapping_file("corenlp").read_text("utf-8"))
    assert (done.exit_code, list(layers)) == (0, [("ann", TEXT)]), done.output
    assert (tmp_path / "corpus/raw/text/0000-00-story.txt").is_file()


def test_a_form_that_is_inferred_passes_the_check(take, tmp_path):
    mapping = 'labels: {"*": {type: quote, form: inferred, speaker: unstated-speaker}}'
    files = {"a.txt": "Ada said `` no '' .\n", "a.ann": "T1\tQ 9 17\t`` no ''\n"}
    _, layers = take("brat", files, mapping=mapping)
    assert [record.form for record in next(iter(layers.values()), [])] == ["direct"]
    done = run("check", "--corpus", tmp_path / "corpus")
    assert (done.exit_code, "form-marks" in done.stdout) == (0, False), done.output


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (1, 4, "The span 1–4 starts or ends within a character."),
        (3, 99, "Expected 0 ≤ start < end ≤ 22."),
    ],
)
def test_what_is_wrong_with_offsets_is_said_in_their_unit(take, start, end, words):
    line = json.dumps({"text": SHIP, "label": [[start, end, "PER"]]})
    done, _ = take("doccano", {"a.jsonl": line}, "--offsets", "utf-16", mapping=MENTIONS)
    assert done.exit_code == 1
    assert words in done.stdout
    assert "they count utf-16, " in done.stdout


def test_offsets_are_suggested_in_their_unit(take):
    line = json.dumps({"text": SHIP, "spans": [{"start": 13, "end": 17, "text": "Ada Quill"}]})
    line = line.replace('"text": "Ada', '"label": "PER", "text": "Ada')
    done, _ = take("prodigy", {"a.jsonl": line}, "--offsets", "utf-16", mapping=MENTIONS)
    assert "use the offsets 3–12, " in done.stdout


def test_inspect_writes_lines_that_fit_any_label(take, tmp_path):
    labels = ["Person [PER]", "a[b=c]", "*", "**"]
    files = {"all.jsonl": lines({"text": TEXT, "label": [[0, 3, label] for label in labels]})}
    take("doccano", files)
    done = run("import", "doccano", tmp_path / "in", "--inspect", "--corpus", tmp_path)
    mapping = done.stdout.replace(': "?"', ": drop").replace('"Person ?PER?": drop', "{}")
    mapping = mapping.format('"Person ?PER?": {type: mention, speaker: "{words}"}')
    done, layers = take("doccano", files, mapping=mapping)
    assert (done.exit_code, words_of(layers["ann", TEXT])) == (0, ["Ada"]), done.output


def test_a_list_or_an_indented_object_is_read_like_lines(take):
    task = {"text": TEXT, "entities": [{"id": 1, "label": "P", "start_offset": 0, "end_offset": 3}]}
    for content in (json.dumps([task]), json.dumps(task, indent=1)):
        done, layers = take("doccano", {"all.jsonl": content}, "--replace", mapping=MENTIONS)
        assert (done.exit_code, words_of(layers["ann", TEXT])) == (0, ["Ada"])


def test_files_of_several_annotators_are_several_layers(take):
    files = {
        "alice.jsonl": lines({"text": TEXT, "label": [[0, 3, "P"]]}),
        "bob.jsonl": lines({"text": TEXT, "label": [[4, 9, "P"]]}),
    }
    done, layers = take("doccano", files, mapping=MENTIONS)
    assert done.exit_code == 0, done.output
    assert {annotator: words_of(records) for (annotator, _), records in layers.items()} == {
        "ann-alice": ["Ada"],
        "ann-bob": ["Quill"],
    }


def test_a_file_of_another_format_is_named(take):
    content = lines({"text": TEXT, "spans": [{"start": 0, "end": 3, "label": "P"}]})
    done, _ = take("labelstudio", {"a.json": "[" + content.strip() + "]"})
    assert done.exit_code == 1
    assert "'spans'" in done.stdout
    done, _ = take("brat", {"b.jsonl": content})
    assert "prodigy" in done.output


# ---------------------------------------------------------------- Prodigy


def span(start, end, words=None, label="P"):
    return {"start": start, "end": end, "label": label} | ({"text": words} if words else {})


def test_words_that_prodigy_states_are_compared(take):
    files = {"a.jsonl": lines({"text": TEXT, "spans": [span(10, 14, "Ada Quill")]})}
    done, _ = take("prodigy", files, mapping=MENTIONS)
    assert done.exit_code == 1
    assert "foreign-span" in done.stdout


def test_words_that_prodigy_states_tell_the_unit(take):
    files = {"a.jsonl": lines({"text": SHIP, "spans": [span(3, 12, "Ada Quill")]})}
    done, layers = take("prodigy", files, mapping=MENTIONS)
    assert (done.exit_code, words_of(layers["ann", SHIP])) == (0, ["Ada Quill"])
    assert "utf-16" in done.stderr


def test_one_wrong_offset_does_not_hide_the_unit(take):
    text = SHIP * 12
    spans = [span(start, start + 9, "Ada Quill") for start in range(3, 12 * 22, 22)]
    spans.append(span(3, 12, "Noam Levi"))
    files = {"a.jsonl": lines({"text": text, "spans": spans})}
    done, layers = take("prodigy", files, "--skip", mapping=MENTIONS)
    assert (done.exit_code, words_of(layers["ann", text])) == (0, ["Ada Quill"] * 12)


def test_names_and_notes_become_one_line(take, tmp_path):
    text = "Ada\x83\nQuill said no.\n"
    task = {"text": text, "spans": [{**span(0, 10), "values": {"note": "so\nit \x07is"}}]}
    mapping = MENTIONS.replace('"*": drop}', 'note: note, "*": drop}', 1)
    done, layers = take(
        "prodigy", {"a.jsonl": lines({**task, "answer": "accept"})}, mapping=mapping
    )
    assert done.exit_code == 0, done.output
    assert [record.note for record in layers["ann", text]] == ["so it  is"]
    assert run("check", tmp_path / "corpus").exit_code == 0


def test_accepted_tasks_with_the_same_text_are_one_layer(take):
    tasks = [
        {"text": TEXT, "spans": [span(0, 3)], "answer": "accept"},
        {"text": TEXT, "spans": [span(0, 3), span(4, 9)], "answer": "accept"},
        {"text": TEXT, "spans": [span(10, 14)], "answer": "reject"},
    ]
    done, layers = take("prodigy", {"a.jsonl": lines(*tasks)}, mapping=MENTIONS)
    assert (done.exit_code, words_of(layers["ann", TEXT])) == (0, ["Ada", "Quill"])
    assert "'reject'" in done.stderr


# ---------------------------------------------------------------- Label Studio


def region(key, start, end, words, labels):
    value = {"start": start, "end": end, "text": words, "labels": labels}
    return {"id": key, "type": "labels", "from_name": "l", "to_name": "t", "value": value}


def task(results, data=None, **fields):
    annotation = {"result": results, "completed_by": 1, **fields}
    return {"id": 1, "data": data or {"body": TEXT}, "annotations": [annotation]}


def studio(*tasks):
    return {"export.json": json.dumps(tasks)}


def test_a_region_with_several_labels_is_several_annotations(take):
    rating = {"id": "r", "type": "rating", "from_name": "sure", "value": {"rating": 4}}
    whole = {"id": "w", "type": "choices", "from_name": "tone", "value": {"choices": ["calm"]}}
    results = [region("r", 0, 9, "Ada Quill", ["P", "Q"]), rating, whole]
    done, layers = take("labelstudio", studio(task(results)), mapping=MENTIONS)
    assert done.exit_code == 0, done.output
    assert words_of(layers["ann-1", TEXT]) == ["Ada Quill"] * 2
    assert "'sure': 2" in done.stderr
    assert "'tone'" in done.stderr


def test_a_skipped_task_is_left_out(take):
    kept = task([region("r", 0, 3, "Ada", ["P"])])
    skipped = task([region("r", 0, 3, "Ada", ["P"])], {"body": SHIP}, was_cancelled=True)
    done, layers = take("labelstudio", studio(kept, skipped), mapping=MENTIONS)
    assert done.exit_code == 0, done.output
    assert layers["ann-1", TEXT]
    assert "skipped" in done.stderr


@pytest.mark.parametrize(
    ("files", "word"),
    [
        (studio({"id": 1, "data": {"text": TEXT}, "predictions": [{"result": []}]}), "submit"),
        (studio({"id": 1, "text": TEXT, "annotation_id": 2, "label": []}), "as JSON"),
        (studio(task([], {"a": "x", "b": "y"})), "'text'"),
    ],
)
def test_an_export_that_cannot_come_in_says_why(files, word, take):
    done, _ = take("labelstudio", files, mapping=MENTIONS)
    assert done.exit_code == 1
    assert word in done.stdout


def test_completions_of_the_first_versions(take):
    """Their ends are offsets of the last character, as in the tool's own examples."""
    result = region("r", 0, 8, "Ada Quill", ["P"])
    old = {"data": {"text": TEXT}, "completions": [{"result": [result], "created_username": "eva"}]}
    done, layers = take("labelstudio", {"1.json": json.dumps(old)}, mapping=MENTIONS)
    assert done.exit_code == 0, done.output
    assert words_of(layers["ann-eva", TEXT]) == ["Ada Quill"]
    assert "last character: 1" in done.stderr


def test_an_annotation_of_a_synced_folder_has_its_task_in_it(take):
    other = {**region("s", 0, 3, "Ada", []), "type": "paragraphlabels"}
    annotation = {
        "result": [region("r", 0, 3, "Ada", ["P"]), other],
        "completed_by": {"id": 1, "email": "eva@harbour.example"},
        "task": {"id": 7, "data": {"text": TEXT}},
    }
    done, layers = take(
        "labelstudio", {"7": "", "7.json": json.dumps(annotation)}, mapping=MENTIONS
    )
    assert done.exit_code == 0, done.output
    assert words_of(layers["ann-eva-harbour-example", TEXT]) == ["Ada"]
    assert "'paragraphlabels' is left out: 1" in done.stderr


def test_seconds_of_a_recording_do_not_stop_an_export(take):
    seconds = {"start": 0.5, "end": 2.25, "labels": ["Speech"]}
    audio = {"id": "s", "type": "labels", "from_name": "l", "to_name": "a", "value": seconds}
    results = [region("r", 0, 3, "Ada", ["P"]), audio]
    done, layers = take("labelstudio", studio(task(results)), mapping=MENTIONS)
    assert done.exit_code == 0, done.output
    assert words_of(layers["ann-1", TEXT]) == ["Ada"]


# ---------------------------------------------------------------- UIMA CAS

TYPES = """<typeSystemDescription xmlns="http://uima.apache.org/resourceSpecifier"><types>
<typeDescription><name>webanno.custom.Quote</name>
<supertypeName>uima.tcas.Annotation</supertypeName><features>
<featureDescription><name>mode</name><rangeTypeName>uima.cas.String</rangeTypeName>
</featureDescription>
<featureDescription><name>by</name><rangeTypeName>webanno.custom.Who</rangeTypeName>
</featureDescription></features></typeDescription>
<typeDescription><name>webanno.custom.Who</name>
<supertypeName>uima.tcas.Annotation</supertypeName></typeDescription>
<typeDescription><name>webanno.custom.Says</name>
<supertypeName>uima.tcas.Annotation</supertypeName><features>
<featureDescription><name>Governor</name><rangeTypeName>webanno.custom.Who</rangeTypeName>
</featureDescription>
<featureDescription><name>Dependent</name><rangeTypeName>webanno.custom.Quote</rangeTypeName>
</featureDescription></features></typeDescription>
</types></typeSystemDescription>"""
# The offsets count UTF-16 code units, as UIMA does.
CAS = """<xmi:XMI xmlns:xmi="http://www.omg.org/XMI" xmlns:cas="http:///uima/cas.ecore"
 xmlns:custom="http:///webanno/custom.ecore" xmi:version="2.0"><cas:NULL xmi:id="0"/>
<custom:Who xmi:id="4" sofa="1" begin="3" end="12"/>
<custom:Quote xmi:id="5" sofa="1" begin="18" end="20" mode="plain" by="4"/>
<custom:Says xmi:id="6" sofa="1" begin="18" end="20" Governor="4" Dependent="5"/>
<cas:Sofa xmi:id="1" sofaNum="1" sofaID="_InitialView" mimeType="text/plain"
 sofaString="🚢 Ada Quill said no.&#10;"/><cas:View sofa="1" members="4 5 6"/></xmi:XMI>"""
LAYERS = """
labels:
  Who: {type: mention, speaker: "{words}"}
  Quote[mode=plain]: {type: quote, form: indirect, speaker: "{by}"}
values: {"*": drop}
links:
  Says: {link: source, reverse: true}
  by: drop
"""


def test_layers_relations_and_references_of_a_cas(take):
    done, layers = take("cas-xmi", {"a.xmi": CAS, "TypeSystem.xml": TYPES}, mapping=LAYERS)
    assert done.exit_code == 0, done.output
    quote, mention = sorted(layers["ann", SHIP], key=lambda record: record.id, reverse=True)
    assert (quote.content[0].exact, mention.span.exact) == ("no", "Ada Quill")
    assert (quote.speaker, quote.source) == (mention.speaker, mention.id)


def test_layers_that_only_a_mapping_reads_are_named(take):
    done, _ = take("cas-xmi", {"a.xmi": CAS, "TypeSystem.xml": TYPES})
    assert done.exit_code == 1
    assert "'webanno.custom.Quote' is left out: 1" in done.stdout


def test_a_cas_without_its_types_says_which(take):
    done, _ = take("cas-xmi", {"a.xmi": CAS}, mapping=LAYERS)
    assert done.exit_code == 1
    assert "webanno.custom.Quote" in done.stdout


def test_a_cas_may_have_features_that_its_types_lack(take):
    """The published type system of REDEWIEDERGABE lacks some; it marks places without words too."""
    cas = CAS.replace('mode="plain"', 'mode="plain" added="x"').replace(
        "<cas:Sofa", '<custom:Who xmi:id="7" sofa="1" begin="5" end="5"/><cas:Sofa'
    )
    cas = cas.replace('members="4 5 6"', 'members="4 5 6 7"')
    done, layers = take("cas-xmi", {"a.xmi": cas, "TypeSystem.xml": TYPES}, mapping=LAYERS)
    assert done.exit_code == 0, done.output
    assert "'added': 1" in done.stderr
    assert "without words is left out: 1" in done.stderr
    assert len(layers["ann", SHIP]) == 2


def test_a_cas_may_have_types_that_its_type_system_lacks(take):
    """Test suites of INCEpTION define such types in code; cassis drops what has one."""
    types = TYPES.replace("webanno.custom.Says", "webanno.custom.Other")
    types = types.replace("<name>webanno.custom.Who<", "<name>webanno.custom.Whom<")
    types = types.replace("webanno.custom.Who<", "uima.cas.String<")
    done, layers = take("cas-xmi", {"a.xmi": CAS, "TypeSystem.xml": types}, mapping=LAYERS)
    assert done.exit_code == 0, done.output
    by_type = {type(record).__name__: record for record in layers["ann", SHIP]}
    assert by_type["Quote"].source == by_type["Mention"].id


# ---------------------------------------------------------------- published files


def published(name):
    folder = os.environ.get(f"READOUT_{name}")
    if not folder:
        pytest.skip(f"READOUT_{name} names no folder")
    return Path(folder)


def bring(name, path, root):
    mapping = MENTIONS.replace("{words}", "anybody")
    (root / "map.yaml").write_bytes(mapping.encode())
    corpus = root / "corpus"
    corpus.mkdir()
    given = ["--annotator", "ann", "--map", root / "map.yaml", "--add", "--skip"]
    done = run("import", name, path, "--corpus", corpus, *given)
    assert done.exit_code == 0, done.output[-2000:]
    found = []
    for (_, text), records in read_layers(corpus).items():
        found += [(text, record.span.start, record.span.end) for record in records]
    return found


@pytest.mark.published
def test_published_files_of_brat(tmp_path):
    """Count the text-bound annotations and events with a regular expression."""
    folder = published("BRAT")
    expected = set()
    for file in folder.rglob("*.ann"):
        text_file = file.with_suffix(".txt")
        if text_file.is_file():
            text = text_file.read_bytes().decode()
            for start, end in re.findall(
                r"^T\w+\t\S+ (\d+) (\d+)\t", file.read_text("utf-8"), re.M
            ):
                expected.add((text, int(start), int(end)))
    assert expected == set(bring("brat", folder, tmp_path))


@pytest.mark.published
def test_published_files_of_prodigy(tmp_path):
    folder = published("PRODIGY")
    expected = set()
    for file in folder.rglob("*.jsonl"):
        for line in file.read_text("utf-8").splitlines():
            task = json.loads(line)
            if task.get("answer", "accept") == "accept":
                spans = task.get("spans", [])
                expected |= {(task["text"], each["start"], each["end"]) for each in spans}
    assert expected == set(bring("prodigy", folder, tmp_path))


@pytest.mark.published
@pytest.mark.parametrize(
    ("name", "variable", "suffix"),
    [
        ("doccano", "DOCCANO", ".jsonl"),
        ("labelstudio", "LABELSTUDIO", ".json"),
        ("cas-xmi", "CAS", ".xmi"),
    ],
)
def test_nothing_of_published_files_comes_in_wrong(name, variable, suffix, tmp_path):
    """Import each file alone, since test suites have the same text in many."""
    folder = published(variable)
    (tmp_path / "map.yaml").write_bytes(MENTIONS.replace("{words}", "anybody").encode())
    taken = 0
    for number, file in enumerate(sorted(folder.rglob(f"*{suffix}"))):
        source, corpus = tmp_path / f"in-{number}", tmp_path / f"corpus-{number}"
        source.mkdir()
        corpus.mkdir()
        shutil.copy(file, source)
        for types in folder.glob("TypeSystem.xml"):
            shutil.copy(types, source)

        given = ["--annotator", "ann", "--map", tmp_path / "map.yaml", "--add", "--skip"]
        done = run("import", name, source, "--corpus", corpus, *given)
        if done.exit_code == 0:
            counts = count(name, source, corpus)
            assert counts["spans", "wrong"] == 0, file
            taken += counts["spans", "in"]
        else:
            assert "foreign-" in done.output, file
    assert taken
