"""The annotate page in a real Chromium: selecting, forms, links, suggestions, saving, keys."""

import json

import pytest
from browser import CHROMIUM
from workbench import (
    READER,
    add_document,
    copy_real,
    find_record,
    opened_chromium,
    opened_desk,
    read_lines,
    span_of,
    wait_until,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium"),
]

DOCUMENT = "2021-06-gantz-washington"
LAYER = "edition-1"


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("playwright")
    with opened_chromium() as browser:
        yield browser


@pytest.fixture
def desk(browser, tmp_path):
    """The layer of an annotator on the longest real text."""
    root = copy_real(tmp_path / "corpus")
    with opened_desk(browser, root, DOCUMENT, LAYER, LAYER) as desk:
        yield desk


# ------------------------------------------------------------------------------- selecting

WORDS = "lightning visit to the United States"


@pytest.mark.parametrize("backward", [False, True])
def test_words_snap_whole_whichever_way_they_are_dragged(desk, backward):
    desk.drag(WORDS, trim=2, backward=backward)
    start = desk.text.index(WORDS)
    assert desk.selected() == [[start, start + len(WORDS), WORDS]]


def test_the_snapped_span_is_shown_before_the_button_is_released(desk):
    start = desk.text.index(WORDS)
    left, top, right, bottom = desk.box(start + 2, start + len(WORDS) - 2)
    desk.page.mouse.move(left, top)
    desk.page.mouse.down()
    desk.page.mouse.move(right, bottom, steps=4)
    shown = "[...CSS.highlights.get('readout-selected')].map((range) => range.toString())"
    wait_until(desk.page, f"{shown}.length === 1")
    assert desk.evaluate(shown) == [WORDS]
    desk.page.mouse.up()


def test_alt_selects_by_character(desk):
    desk.drag(WORDS, trim=2, modifiers=["Alt"])
    [[_, _, exact]] = desk.selected()
    assert exact in WORDS
    assert len(exact) < len(WORDS)


def test_a_double_click_takes_the_word_and_a_triple_click_the_paragraph(desk):
    start = desk.text.index("lightning")
    left, top, right, _ = desk.box(start, start + len("lightning"))
    desk.page.mouse.dblclick((left + right) / 2, top)
    assert [exact for _, _, exact in desk.selected()] == ["lightning"]

    desk.page.mouse.click((left + right) / 2, top, click_count=3)
    paragraph = next(each for each in desk.text.split("\n") if "lightning visit" in each)
    assert [exact for _, _, exact in desk.selected()] == [paragraph.strip()]


def test_ctrl_adds_a_span_and_overlapping_ones_are_united(desk):
    desk.drag("lightning visit")
    desk.drag("United States, where", modifiers=["Control"])
    assert [exact for _, _, exact in desk.selected()] == ["lightning visit", "United States, where"]

    desk.drag(WORDS, modifiers=["Control"])
    assert [exact for _, _, exact in desk.selected()] == [WORDS + ", where"]


def test_a_selection_over_paragraphs_has_their_text(desk):
    paragraphs = [each for each in desk.text.split("\n") if each.strip()]
    first, second = paragraphs[0], paragraphs[1]
    end = desk.text.index(second) + 8
    words = desk.text[desk.text.index(first[-12:]) : end]
    desk.drag(words)
    [[start, stop, exact]] = desk.selected()
    assert desk.text[start:stop] == exact
    assert "\n" in exact


def test_words_are_selected_with_keys_alone(desk):
    desk.evaluate("readout.editor.sheet.text.focus()")
    desk.press("Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight")
    [[start, end, exact]] = desk.selected()
    assert desk.text[start:end] == exact
    assert len(exact.split()) == 2

    desk.press("Alt+Shift+ArrowLeft")
    assert desk.selected()[0][2] == exact[:-1]


def test_quoted_words_are_selected_from_a_field(desk):
    desk.press("/")
    desk.page.keyboard.type("lightning visit")
    desk.press("Enter", "t")
    form = desk.page.locator(".form")
    assert form.locator(".spans .words").all_inner_texts() == ["lightning visit"]


# ------------------------------------------------------------------------------- forms

EVIDENCE = "regardless of what government is in place in Jerusalem"


def test_a_link_is_made_by_clicking_the_other_annotation(desk):
    desk.drag("a flurry of security meetings")
    desk.press("q")
    desk.page.wait_for_selector(".field.proposed[data-field=source]")
    desk.page.locator("[data-field=source] button").first.click()
    words = "National Security Adviser Jake Sullivan"
    start = desk.text.index(words)
    left, top, *_ = desk.box(start, start + len(words))
    desk.page.mouse.click(left + 5, top)
    desk.press("Control+Enter")
    desk.wait_saved()

    record = find_record(desk.path, "a flurry of security meetings")
    mentions = [json.loads(line) for line in read_lines(desk.path)]
    source = next(each for each in mentions if each["id"] == record["source"])
    assert source["span"]["exact"] == words
    # The person comes with the mention.
    assert record["speaker"] == source["speaker"]


def test_a_speaker_is_made_on_the_spot(desk):
    desk.drag("American Israel Public Affairs Committee")
    desk.press("m")
    field = desk.page.locator("[data-field=speaker] input")
    field.fill("Committee of Tests")
    desk.page.locator("[role=option].new").click()
    form = desk.page.locator(".form:not([hidden])")
    form.locator("[data-field=kind] input").first.check()
    form.locator("button.primary").click()
    desk.page.wait_for_selector("[data-field=span]")
    desk.page.locator("button.primary").click()
    desk.wait_saved()

    registry = (desk.root / "annotations" / "speakers.jsonl").read_text(encoding="utf-8")
    [entry] = [json.loads(line) for line in registry.splitlines() if "Committee of Tests" in line]
    records = [json.loads(line) for line in read_lines(desk.path)]
    assert any(each.get("speaker") == entry["speaker_id"] for each in records)


def test_a_half_written_form_outlives_a_click_elsewhere_and_a_reload(desk):
    desk.drag(EVIDENCE)
    desk.press("s")
    desk.page.locator("[data-field=note] textarea").fill("half")
    desk.press("Escape")
    desk.evaluate("readout.editor.sheet.choose(readout.editor.doc.annotations[3].id)")
    desk.page.reload()
    wait_until(desk.page, "globalThis.readout?.editor")
    desk.page.locator(".drafts .item").click()
    assert desk.page.locator("[data-field=note] textarea").input_value() == "half"
    assert desk.page.locator("[data-field=evidence] .words").all_inner_texts() == [EVIDENCE]


def test_a_form_that_lacks_something_is_not_sent(desk):
    before = desk.path.read_bytes()
    desk.drag(EVIDENCE)
    desk.press("s")
    desk.page.wait_for_selector(".field.proposed")
    desk.press("Control+Enter")
    assert desk.page.locator(".refused p").count() == 1
    assert desk.page.locator(".field.missing").count() == 3
    assert desk.path.read_bytes() == before


# ------------------------------------------------------------------------------- changing

CHOOSE = "([id]) => readout.editor.sheet.choose(id)"


@pytest.fixture
def mention(desk):
    """A mention that a quote has as its source, with a note."""
    records = [json.loads(line) for line in read_lines(desk.path)]
    sources = {each.get("source") for each in records}
    record = next(each for each in records if each["id"] in sources and each["type"] == "mention")
    desk.evaluate(CHOOSE, [record["id"]])
    return record


def test_edges_move_by_key_and_by_drag_and_keep_id_and_links(desk, mention):
    linked = [line for line in read_lines(desk.path) if mention["id"].encode() in line]
    desk.press("l")
    desk.wait_saved()
    moved = json.loads(next(line for line in read_lines(desk.path) if is_of(line, mention["id"])))
    assert moved["span"]["start"] == mention["span"]["start"]
    assert moved["span"]["end"] > mention["span"]["end"]
    assert moved["speaker"] == mention["speaker"]

    box = desk.page.locator(".edge.end").first.bounding_box()
    left, top, right, _ = desk.box(moved["span"]["end"] + 1, moved["span"]["end"] + 4)
    box = desk.page.locator(".edge.end").first.bounding_box()
    desk.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    desk.page.mouse.down()
    desk.page.mouse.move((left + right) / 2, top, steps=4)
    desk.page.mouse.up()
    desk.wait_saved()
    dragged = json.loads(next(line for line in read_lines(desk.path) if is_of(line, mention["id"])))
    assert dragged["span"]["end"] > moved["span"]["end"]
    still = [line for line in read_lines(desk.path) if mention["id"].encode() in line]
    assert len(still) == len(linked)

    desk.press("Control+z")
    wait_until(desk.page, "readout.editor.doc.redo === 1 && !readout.editor.waiting")
    desk.press("Control+z")
    wait_until(desk.page, "readout.editor.doc.redo === 2 && !readout.editor.waiting")
    assert [line for line in read_lines(desk.path) if mention["id"].encode() in line] == linked
    desk.press("Control+y")
    wait_until(desk.page, "readout.editor.doc.redo === 1 && !readout.editor.waiting")


def is_of(line, name):
    return f'"id":"{name}"'.encode() in line


def test_removing_is_undone(desk):
    before = desk.path.read_bytes()
    topic = next(json.loads(line) for line in read_lines(desk.path) if b'"type":"topic"' in line)
    desk.evaluate(CHOOSE, [topic["id"]])
    desk.press("Delete")
    desk.wait_saved()
    assert not any(is_of(line, topic["id"]) for line in read_lines(desk.path))
    desk.press("Control+z")
    wait_until(desk.page, "readout.editor.doc.redo === 1 && !readout.editor.waiting")
    assert desk.path.read_bytes() == before


def test_annotations_at_one_place_are_each_reached_by_click_and_key(desk):
    start = desk.text.index("security of Israel remains ironclad")
    left, top, *_ = desk.box(start, start + 20)
    ids = desk.evaluate(f"readout.editor.sheet.idsAt({start + 2})")
    assert len(ids) > 2
    reached = []
    for _ in ids:
        desk.page.mouse.click(left + 20, top)
        desk.page.wait_for_timeout(600)
        reached.append(desk.evaluate("readout.editor.sheet.chosen.id"))
        left, top, *_ = desk.box(start, start + 20)
    assert reached == ids

    desk.press(".")
    assert desk.evaluate("readout.editor.sheet.chosen.id") == ids[0]


def test_keys_do_nothing_in_fields_and_while_text_is_composed(desk):
    desk.press("/")
    desk.page.keyboard.type("snmq?")
    assert desk.page.locator("dialog, .form").count() == 0
    composing = (
        """() => dispatchEvent(new KeyboardEvent("keydown", {key: "?", isComposing: true}))"""
    )
    desk.evaluate(composing)
    assert desk.page.locator("dialog").count() == 0
    desk.evaluate("readout.editor.sheet.text.focus()")
    desk.press("?")
    assert desk.page.locator("dialog .keys dt").count() > 20


# ------------------------------------------------------------------------------- saving


@pytest.mark.parametrize(("button", "kept"), [(0, "mine"), (1, "theirs")])
def test_a_change_on_disk_is_merged_or_asked_about(desk, mention, button, kept):
    lines = read_lines(desk.path)
    topic = next(line for line in lines if b'"type":"topic"' in line)
    desk.path.write_bytes(b"".join(line for line in lines if line != topic))
    desk.press("l")
    desk.wait_saved()
    assert topic not in read_lines(desk.path)
    assert not any(line in read_lines(desk.path) for line in lines if is_of(line, mention["id"]))

    mine = next(line for line in read_lines(desk.path) if is_of(line, mention["id"]))
    other = mine.replace(b"}\n", b',"note":"theirs"}\n')
    record = json.loads(mine)
    record["note"] = "mine"
    desk.path.write_bytes(desk.path.read_bytes().replace(mine, other))
    desk.evaluate("(record) => void readout.editor.send([{put: record}])", record)
    desk.page.wait_for_selector("dialog .compare")
    cells = desk.page.locator("dialog .compare tbody td").all_inner_texts()
    assert cells == ["mine", "theirs"]
    assert other in read_lines(desk.path)
    desk.page.locator("dialog .actions button").nth(button).click()
    desk.wait_saved()
    line = next(line for line in read_lines(desk.path) if is_of(line, mention["id"]))
    assert json.loads(line)["note"] == kept


def test_a_failure_is_not_called_saved(desk, mention):
    before = desk.path.read_bytes()
    desk.page.route("**/edits", lambda route: route.fulfill(status=507, json=FULL))
    desk.press("l")
    desk.page.wait_for_selector(".state.error")
    assert desk.page.locator(".state.saved").count() == 0
    assert desk.path.read_bytes() == before
    desk.errors.clear()


FULL = {"problems": [{"code": "not-saved", "sentence": "Nothing was saved.", "severity": "error"}]}


def test_adjudicated_gold_asks_for_section_and_reason_and_writes_both(browser, tmp_path):
    root = copy_real(tmp_path / "corpus")
    with opened_desk(browser, root, DOCUMENT) as desk:
        adjudication = root / "annotations" / "adjudication" / f"{DOCUMENT}.jsonl"
        before = adjudication.read_bytes(), desk.path.read_bytes()
        topic = next(line for line in read_lines(desk.path) if b'"type":"topic"' in line)
        desk.evaluate(CHOOSE, [json.loads(topic)["id"]])
        desk.press("l")
        desk.page.wait_for_selector("dialog")
        assert (adjudication.read_bytes(), desk.path.read_bytes()) == before

        desk.page.locator("dialog select").select_option(index=3)
        desk.page.locator("dialog textarea").fill("The passage goes on.")
        desk.page.locator("dialog button.primary").click()
        desk.wait_saved()
        assert topic not in read_lines(desk.path)
        assert b"The passage goes on." in adjudication.read_bytes()


# ------------------------------------------------------------------------------- hostile texts

HOSTILE = {
    "markup": (
        "en",
        "<script>alert(1)</script> said <img src=x onerror=alert(2)> &amp; so.",
        "said",
    ),
    "bidi": ("en", "He \u202esaid\u202c it: \u2067שלום\u2069 and \u200fgo.", "said"),
    "emoji": ("en", "👍🏽 Gantz 👩‍👩‍👧 said 🇮🇱 so.", "said 🇮🇱 so"),
    "hebrew": ("he", "שר הביטחון אמר היום כי הברית חזקה.", "אמר היום"),
    "arabic": ("ar", "قال الوزير اليوم إن التحالف قوي.", "الوزير اليوم"),
    "combining": ("fr", "Il a e\u0301te\u0301 dit que n\u0303a va.", "e\u0301te\u0301 dit"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_text_and_their_words_are_selected(browser, tmp_path, name):
    language, text, words = HOSTILE[name]
    root = copy_real(tmp_path / "corpus")
    record = {"type": "topic", "id": "t-first", "topic": "diplomatic-visits"}
    record["spans"] = [span_of(text, words)]
    add_document(root, "2030-01-new", text + "\n", language, [record])
    with opened_desk(browser, root, "2030-01-new", READER, READER) as desk:
        asked = []
        desk.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        assert desk.evaluate("readout.editor.sheet.text.textContent") == text + "\n"
        desk.evaluate("readout.editor.sheet.text.focus()")
        start = text.index(words)
        place = f"readout.editor.marking.select({{start: {start}, end: {start + len(words)}}})"
        desk.evaluate(place)
        desk.press("t")
        desk.page.locator("[data-field=topic] input").fill("iran")
        desk.press("Enter", "Control+Enter")
        desk.wait_saved()
        records = [json.loads(line) for line in read_lines(desk.path)]
        assert [each["spans"][0]["exact"] for each in records] == [words, words]
        assert asked == []


@pytest.mark.parametrize("name", ["emoji", "hebrew", "arabic", "combining"])
def test_words_of_other_scripts_are_dragged_and_double_clicked(browser, tmp_path, name):
    language, text, words = HOSTILE[name]
    root = copy_real(tmp_path / "corpus")
    add_document(root, "2030-01-new", text + "\n", language)
    with opened_desk(browser, root, "2030-01-new", READER, READER) as desk:
        place = desk.box(text.index(words), text.index(words) + len(words))
        [left, top, right, bottom] = place
        desk.page.mouse.move(left + 1, top)
        desk.page.mouse.down()
        desk.page.mouse.move(right - 1, bottom, steps=5)
        desk.page.mouse.up()
        [[start, end, exact]] = desk.selected()
        assert text[start:end] == exact == words


# ------------------------------------------------------------------------------- for all


def make_long(root):
    """Add a text of 100,000 characters with 2,000 annotations."""
    sentence = "Gantz told Austin on day {n} that the alliance with the State holds firm. "
    paragraphs = []
    for number in range(0, 1350, 5):
        day = "".join(sentence.format(n=each) for each in range(number, number + 5))
        paragraphs.append(day.strip())
    text = "\n\n".join(paragraphs) + "\n"
    records = []
    for number in range(1000):
        at = text.index(f"on day {number} ")
        name = f"{number:05}"
        speaker = {"type": "mention", "id": f"m-{name}", "speaker": "lloyd-austin"}
        speaker["span"] = span_of(text, "Austin", at - 7)
        topic = {"type": "topic", "id": f"t-{name}", "topic": "us-israel-relations"}
        topic["spans"] = [span_of(text, "the alliance with the State holds firm", at)]
        records += [speaker, topic]
    records.sort(key=lambda each: (each.get("span") or each["spans"][0])["start"])
    add_document(root, "2030-01-long", text, "en", records)
    return text


@pytest.mark.slow
def test_a_long_text_is_whole_and_the_page_does_not_grow(browser, tmp_path):
    root = copy_real(tmp_path / "corpus")
    text = make_long(root)
    assert len(text) > 100_000
    with opened_desk(browser, root, "2030-01-long", READER, READER) as desk:
        assert desk.evaluate("readout.editor.sheet.text.textContent") == text
        desk.evaluate("readout.editor.sheet.text.focus()")
        size = count_elements(desk)
        desk.evaluate("readout.log.reset()")
        for _ in range(60):
            desk.press("n", "ArrowRight", "Shift+ArrowRight")
        desk.page.wait_for_timeout(200)
        times = sorted(desk.evaluate("readout.log.times"))
        middle, most = times[len(times) // 2], times[int(len(times) * 0.95)]
        # How long it takes depends on the machine, so it is printed and not judged.
        print(f"action to paint: median {middle:.0f} ms, 95th percentile {most:.0f} ms")
        desk.press("Escape", "Escape")
        assert count_elements(desk) <= size + 20


def count_elements(desk):
    return desk.evaluate("document.querySelectorAll('*').length")


def test_nothing_is_asked_of_any_network(desk):
    asked = []
    desk.page.on("request", lambda request: asked.append(request.url))
    desk.page.reload()
    wait_until(desk.page, "globalThis.readout?.editor")
    assert asked
    assert all(url.startswith("http://127.0.0.1:") for url in asked if not url.startswith("data:"))
