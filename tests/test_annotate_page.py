"""The annotate page in a real Chromium: selecting, forms, links, suggestions, saving, keys."""

import json
import re

import pytest
from workbench import (
    DOCUMENT,
    IN_CHROMIUM,
    LAYER,
    READER,
    add_document,
    copy_real,
    find_record,
    opened_desk,
    read_files,
    read_lines,
    read_records,
    span_of,
    wait_until,
)

pytestmark = IN_CHROMIUM


@pytest.fixture(scope="module")
def shared(browser, tmp_path_factory):
    """The same layer on a page for all tests that save nothing, since opening it takes longest."""
    root = copy_real(tmp_path_factory.mktemp("shared") / "corpus")
    before = read_files(root)
    with opened_desk(browser, root, DOCUMENT, LAYER, LAYER) as desk:
        yield desk
    assert read_files(root) == before


@pytest.fixture
def still(shared):
    """The shared page, with nothing selected, chosen or open."""
    shared.clear()
    return shared


# ------------------------------------------------------------------------------- selecting

WORDS = "lightning visit to the United States"


@pytest.mark.parametrize("backward", [False, True])
def test_words_snap_whole_whichever_way_they_are_dragged(still, backward):
    still.drag(WORDS, trim=2, backward=backward)
    start = still.text.index(WORDS)
    assert still.selected() == [[start, start + len(WORDS), WORDS]]


def test_the_snapped_span_is_shown_before_the_button_is_released(still):
    start = still.text.index(WORDS)
    left, top, right, bottom = still.box(start + 2, start + len(WORDS) - 2)
    still.page.mouse.move(left, top)
    still.page.mouse.down()
    still.page.mouse.move(right, bottom, steps=4)
    shown = "[...CSS.highlights.get('readout-selected')].map((range) => range.toString())"
    wait_until(still.page, f"{shown}.length === 1")
    assert still.evaluate(shown) == [WORDS]
    still.page.mouse.up()


def test_alt_selects_by_character(still):
    still.drag(WORDS, trim=2, modifiers=["Alt"])
    [[_, _, exact]] = still.selected()
    assert exact in WORDS
    assert len(exact) < len(WORDS)


def test_a_double_click_takes_the_word_and_a_triple_click_the_paragraph(still):
    start = still.text.index("lightning")
    left, top, right, _ = still.box(start, start + len("lightning"))
    still.page.mouse.dblclick((left + right) / 2, top)
    assert [exact for _, _, exact in still.selected()] == ["lightning"]

    still.page.mouse.click((left + right) / 2, top, click_count=3)
    paragraph = next(each for each in still.text.split("\n") if "lightning visit" in each)
    assert [exact for _, _, exact in still.selected()] == [paragraph.strip()]


def test_ctrl_adds_a_span_and_overlapping_ones_are_united(still):
    still.drag("lightning visit")
    still.drag("United States, where", modifiers=["Control"])
    assert [exact for _, _, exact in still.selected()] == [
        "lightning visit",
        "United States, where",
    ]

    still.drag(WORDS, modifiers=["Control"])
    assert [exact for _, _, exact in still.selected()] == [WORDS + ", where"]


def test_a_selection_over_paragraphs_has_their_text(still):
    paragraphs = [each for each in still.text.split("\n") if each.strip()]
    first, second = paragraphs[0], paragraphs[1]
    end = still.text.index(second) + 8
    words = still.text[still.text.index(first[-12:]) : end]
    still.drag(words)
    [[start, stop, exact]] = still.selected()
    assert still.text[start:stop] == exact
    assert "\n" in exact


def select(desk, start, end):
    """Select a range of the text as the system does, without the mouse."""
    desk.evaluate(
        """([start, end]) => {
          const range = readout.editor.sheet.rangeOf(start, end);
          getSelection().removeAllRanges();
          getSelection().addRange(range);
        }""",
        [start, end],
    )
    wait_until(desk.page, "readout.editor.marking.current !== null")


def test_a_double_click_with_a_trailing_space_takes_the_word(still):
    """Windows selects the space behind a word too."""
    start = still.text.index("lightning visit")
    select(still, start, start + len("lightning "))
    assert still.selected() == [[start, start + len("lightning"), "lightning"]]


def test_a_selection_that_ends_before_the_next_paragraph_ends_with_its_own(still):
    """A triple click of some browsers ends at the start of the next block."""
    first, second = [each for each in still.text.split("\n") if each.strip()][1:3]
    start = still.text.index(first)
    select(still, start, still.text.index(second))
    assert [exact for _, _, exact in still.selected()] == [first.strip()]


def test_a_selection_across_marks_has_the_words_of_the_text(still):
    """It begins within one annotation and ends within another one."""
    records = read_records(still.path)
    one, other = [each["span"] for each in records if each["type"] == "mention"][2:4]
    select(still, one["start"] + 1, other["end"] - 1)
    start, end = one["start"], other["end"]
    assert still.selected() == [[start, end, still.text[start:end]]]


def test_several_ranges_of_one_selection_are_all_taken_and_united(still):
    """Firefox selects several ranges; this page is told of three, two of which overlap."""
    words = ["lightning visit", "visit to the United States", "flurry of security"]
    bounds = [[still.text.index(each), still.text.index(each) + len(each)] for each in words]
    still.evaluate(
        """(bounds) => {
          const ranges = bounds.map(([start, end]) => readout.editor.sheet.rangeOf(start, end));
          const real = globalThis.getSelection;
          globalThis.getSelection = () => ({
            rangeCount: ranges.length,
            anchorNode: ranges[0].startContainer,
            getRangeAt: (number) => ranges[number],
          });
          readout.editor.marking.read();
          globalThis.getSelection = real;
        }""",
        bounds,
    )
    found = [exact for _, _, exact in still.selected()]
    assert sorted(found) == ["flurry of security", "lightning visit to the United States"]


def test_words_are_selected_with_keys_alone(still):
    still.evaluate("readout.editor.sheet.text.focus()")
    still.press("Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight")
    [[start, end, exact]] = still.selected()
    assert still.text[start:end] == exact
    assert len(exact.split()) == 2

    still.press("Alt+Shift+ArrowLeft")
    assert still.selected()[0][2] == exact[:-1]


def test_quoted_words_are_selected_from_a_field(still):
    still.press("/")
    still.page.keyboard.type("lightning visit")
    still.press("Enter", "t")
    form = still.page.locator(".form")
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
    mentions = read_records(desk.path)
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
    records = read_records(desk.path)
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


def test_a_form_that_lacks_something_is_not_sent(still):
    before = still.path.read_bytes()
    still.drag(EVIDENCE)
    still.press("s")
    still.page.wait_for_selector(".field.proposed")
    still.press("Control+Enter")
    assert still.page.locator(".refused p").count() == 1
    assert still.page.locator(".field.missing").count() == 3
    assert still.path.read_bytes() == before


# ------------------------------------------------------------------------------- changing

CHOOSE = "([id]) => readout.editor.sheet.choose(id)"


@pytest.fixture
def mention(desk):
    """A mention that a quote has as its source, with a note."""
    records = read_records(desk.path)
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


def test_words_beside_what_is_chosen_are_selected_for_an_open_form(desk, mention):
    before = desk.path.read_bytes()
    end = mention["span"]["end"]
    beside = re.compile(r"\w+").search(desk.text, end)
    desk.drag(WORDS)
    desk.press("b")
    desk.page.wait_for_selector(".form")
    assert desk.page.locator(".edge").count() == 0

    left, top, right, bottom = desk.box(beside.start(), beside.end())
    desk.page.mouse.move(left + 1, top)
    desk.page.mouse.down()
    desk.page.mouse.move(right - 1, bottom, steps=4)
    desk.page.mouse.up()
    assert desk.selected() == [[beside.start(), beside.end(), beside[0]]]
    assert desk.path.read_bytes() == before


def test_keys_leave_what_is_chosen_alone_while_its_form_is_open(desk, mention):
    before = desk.path.read_bytes()
    desk.press("e")
    desk.evaluate("document.querySelector('.form .primary').focus()")
    desk.press("l", "Delete")
    desk.evaluate("readout.editor.queue")
    assert desk.path.read_bytes() == before


def test_saving_twice_makes_one_annotation(desk):
    before = read_lines(desk.path)
    desk.drag(WORDS)
    desk.press("b")
    desk.page.wait_for_selector(".form")
    desk.page.get_by_role("radio", name="other").check()
    # The answer to the first comes after the second.
    held = []
    desk.page.route("**/edits", lambda route: held.append(route))
    desk.press("Control+Enter", "Control+Enter")
    desk.page.wait_for_timeout(100)
    held[0].continue_()
    wait_until(desk.page, "readout.editor.form === null")
    desk.page.wait_for_timeout(100)
    assert len(held) == 1
    assert len(read_lines(desk.path)) == len(before) + 1


def test_an_answer_leaves_the_selection_that_is_being_made(browser, tmp_path):
    text = "Advertisement. The minister said that the talks went well.\n"
    root = copy_real(tmp_path / "corpus")
    add_document(root, "2030-01-new", text)
    held = []
    with opened_desk(browser, root, "2030-01-new", READER, READER) as desk:
        desk.drag("Advertisement")
        desk.press("b")
        desk.page.wait_for_selector(".form")
        desk.page.get_by_role("radio", name="other").check()
        desk.page.route("**/edits", lambda route: held.append(route))
        desk.press("Control+Enter")
        desk.page.wait_for_timeout(100)

        start = text.index("minister")
        left, top, right, bottom = desk.box(start, start + len("minister said"))
        desk.page.mouse.move(left + 1, top)
        desk.page.mouse.down()
        desk.page.mouse.move((left + right) / 2, top)
        with desk.page.expect_response("**/edits"):
            held[0].continue_()
        desk.page.wait_for_timeout(100)
        desk.page.mouse.move(right - 1, bottom, steps=2)
        desk.page.mouse.up()
        desk.wait_saved()
        assert desk.selected() == [[start, start + len("minister said"), "minister said"]]


def test_a_person_is_offered_before_the_groups_with_the_person(still):
    names = ["Benny Gantz and Lloyd Austin", "Lloyd Austin", "Austin"]
    offered = still.evaluate(
        """async (names) => {
          const { matchOptions } = await import(`${location.pathname}annotate/page/choices.js`);
          const options = names.map((name) => ({ value: name, label: name }));
          return matchOptions(options, "aus").map((option) => option.label);
        }""",
        names,
    )
    assert offered == names[::-1]


def test_removing_says_which_links_go_and_undo_restores_all_in_one_step(desk, mention):
    before = desk.path.read_bytes()
    linked = [
        line for line in read_lines(desk.path) if f'"source":"{mention["id"]}"' in line.decode()
    ]
    desk.press("Delete")
    listed = desk.page.locator("dialog .links li").all_inner_texts()
    assert len(listed) == len(linked)
    first = json.loads(linked[0])["content"][0]["exact"].split()[0]
    assert any(first in each for each in listed)

    desk.press("Escape")
    wait_until(desk.page, "document.querySelector('dialog') === null")
    assert desk.path.read_bytes() == before
    desk.press("Delete", "Enter")
    desk.wait_saved()
    assert f'"{mention["id"]}"'.encode() not in desk.path.read_bytes()
    desk.press("Control+z")
    wait_until(desk.page, "readout.editor.doc.redo === 1 && !readout.editor.waiting")
    assert desk.path.read_bytes() == before


def test_removing_is_undone(desk):
    before = desk.path.read_bytes()
    topic = next(each for each in read_records(desk.path) if each["type"] == "topic")
    desk.evaluate(CHOOSE, [topic["id"]])
    desk.press("Delete")
    desk.wait_saved()
    assert not any(is_of(line, topic["id"]) for line in read_lines(desk.path))
    desk.press("Control+z")
    wait_until(desk.page, "readout.editor.doc.redo === 1 && !readout.editor.waiting")
    assert desk.path.read_bytes() == before


def test_annotations_at_one_place_are_each_reached_by_click_and_key(still):
    start = still.text.index("security of Israel remains ironclad")
    left, top, *_ = still.box(start, start + 20)
    ids = still.evaluate(f"readout.editor.sheet.idsAt({start + 2})")
    assert len(ids) > 2
    reached = []
    for _ in ids:
        still.page.mouse.click(left + 20, top)
        still.page.wait_for_timeout(600)
        reached.append(still.evaluate("readout.editor.sheet.chosen.id"))
        left, top, *_ = still.box(start, start + 20)
    assert reached == ids

    still.press(".")
    assert still.evaluate("readout.editor.sheet.chosen.id") == ids[0]


def test_nested_crossing_and_identical_spans_are_each_reached(browser, tmp_path):
    """By clicks at one place, the smallest first, and by the key for annotations at one place."""
    text = "Gantz met Lloyd Austin in Tel Aviv on Thursday.\n"
    spans = {
        "t-outer": "Gantz met Lloyd Austin in Tel Aviv on Thursday",
        "t-left": "Gantz met Lloyd Austin",
        "t-right": "Lloyd Austin in Tel Aviv on",
        "m-same": "Lloyd Austin",
        "b-same": "Lloyd Austin",
        "t-inner": "Austin",
    }
    fields = {"t": {"type": "topic", "topic": "diplomatic-visits"}}
    fields["m"] = {"type": "mention", "speaker": "lloyd-austin"}
    fields["b"] = {"type": "boilerplate", "kind": "script"}
    records = []
    for name, words in spans.items():
        span = span_of(text, words)
        place = {"spans": [span]} if name[0] == "t" else {"span": span}
        records.append({**fields[name[0]], "id": name, **place})
    root = copy_real(tmp_path / "corpus")
    add_document(root, "2030-01-new", text, "en", records)
    with opened_desk(browser, root, "2030-01-new", READER, READER) as desk:
        start = text.index("Austin")
        clicked, keyed, walked = [], [], set()
        for _ in spans:
            left, top, *_ = desk.box(start, start + 6)
            desk.page.mouse.click(left + 10, top)
            desk.page.wait_for_timeout(600)  # sooner, it would be a double click
            clicked.append(desk.evaluate("readout.editor.sheet.chosen.id"))
        for _ in spans:
            desk.press(".")
            keyed.append(desk.evaluate("readout.editor.sheet.chosen.id"))
        desk.press("Escape")
        for _ in spans:
            desk.press("n")
            walked.add(desk.evaluate("readout.editor.sheet.chosen.id"))
    lengths = [len(spans[name]) for name in clicked]
    assert lengths == sorted(lengths)
    assert sorted(clicked) == sorted(keyed) == sorted(walked) == sorted(spans)


def test_keys_do_nothing_in_fields_and_while_text_is_composed(still):
    still.press("/")
    still.page.keyboard.type("snmq?")
    assert still.page.locator("dialog, .form").count() == 0
    composing = (
        """() => dispatchEvent(new KeyboardEvent("keydown", {key: "?", isComposing: true}))"""
    )
    still.evaluate(composing)
    assert still.page.locator("dialog").count() == 0
    still.evaluate("readout.editor.sheet.text.focus()")
    still.press("?")
    assert still.page.locator("dialog .keys dt").count() > 20


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


def test_a_conflict_that_is_put_off_shows_what_is_on_disk(desk, mention):
    line = next(line for line in read_lines(desk.path) if is_of(line, mention["id"]))
    theirs = line.replace(b"}\n", b',"note":"theirs"}\n')
    if b'"note"' in line:
        theirs = re.sub(rb'"note":"[^"]*"', b'"note":"theirs"', line)
    raw = desk.path.read_bytes().replace(line, theirs)
    desk.path.write_bytes(raw)
    put = {"put": {**mention, "note": "mine"}}
    desk.evaluate("([edit]) => void readout.editor.send([edit])", [put])
    desk.page.wait_for_selector("dialog .compare")
    assert desk.page.locator("dialog .actions button").count() == 3
    desk.press("Escape")
    wait_until(desk.page, "!readout.editor.waiting")
    assert desk.path.read_bytes() == raw
    shown = "([id]) => readout.editor.doc.annotations.find((each) => each.id === id).note"
    assert desk.evaluate(shown, [mention["id"]]) == "theirs"


def test_a_failure_is_not_called_saved(desk, mention):
    before = desk.path.read_bytes()
    desk.page.route("**/edits", lambda route: route.fulfill(status=507, json=FULL))
    desk.press("l")
    desk.page.wait_for_selector(".state.error")
    assert desk.page.locator(".state.saved").count() == 0
    assert desk.path.read_bytes() == before
    desk.errors.clear()


FULL = {"problems": [{"code": "not-saved", "sentence": "Nothing was saved.", "severity": "error"}]}


# What the text shows, whatever is chosen.
SHOWN = """
  () => [...document.querySelectorAll("mark")].map((mark) => {
    const names = [...mark.classList].filter((name) => !["chosen", "linked"].includes(name));
    return [mark.textContent, mark.dataset.ids ?? "", names.sort().join(" ")];
  })
"""
CHOSEN = "readout.editor.sheet.chosen?.id ?? null"


def hold(desk, pattern="**/edits"):
    """Keep the next request from the server, and return the list that it will be in."""
    held = []
    desk.page.route(pattern, lambda route: held.append(route), times=1)
    return held


def wait_held(desk, held):
    for _ in range(100):
        if held:
            return held.pop()
        desk.page.wait_for_timeout(20)
    raise AssertionError("nothing was sent")


@pytest.mark.parametrize("key", ["l", "Delete"])
def test_a_change_is_drawn_at_once_and_taken_back_if_it_is_refused(desk, key):
    topic = next(each for each in read_records(desk.path) if each["type"] == "topic")
    desk.evaluate(CHOOSE, [topic["id"]])
    files, shown = read_files(desk.root), desk.evaluate(SHOWN)
    held = hold(desk)
    desk.press(key)
    request = wait_held(desk, held)
    assert desk.evaluate(SHOWN) != shown
    assert desk.page.locator(".state.saving").count() == 1
    assert desk.page.locator(".state.saved").count() == 0

    request.fulfill(status=507, json=FULL)
    desk.page.wait_for_selector(".state.error")
    assert desk.evaluate(SHOWN) == shown
    assert desk.evaluate(CHOSEN) == topic["id"]
    assert read_files(desk.root) == files
    desk.errors.clear()


@pytest.mark.parametrize("is_refused", [False, True])
def test_a_new_annotation_is_drawn_at_once_and_can_be_chosen_when_it_is_saved(desk, is_refused):
    shown, count = desk.evaluate(SHOWN), len(read_lines(desk.path))
    desk.drag(WORDS)
    desk.press("b")
    desk.page.wait_for_selector(".form")
    desk.page.get_by_role("radio", name="other").check()
    held = hold(desk)
    desk.press("Control+Enter")
    request = wait_held(desk, held)
    drawn = desk.page.locator("mark.boilerplate", has_text=WORDS)
    assert drawn.count() == 1
    assert len(read_lines(desk.path)) == count
    drawn.click()
    assert desk.evaluate("readout.editor.sheet.chosen.type") == "topic"  # around the words
    assert desk.evaluate("readout.editor.sheet.inOrder().every((item) => item.id)")

    if is_refused:
        request.fulfill(status=507, json=FULL)
        desk.page.wait_for_selector(".form .refused p")
        assert desk.evaluate(SHOWN) == shown
        desk.errors.clear()
    else:
        request.continue_()
        desk.wait_saved()
        assert desk.evaluate(CHOSEN) in drawn.get_attribute("data-ids").split()
        assert desk.evaluate("readout.editor.sheet.chosen.type") == "boilerplate"
        assert len(read_lines(desk.path)) == count + 1


def test_steps_back_and_forth_are_drawn_at_once_and_as_the_server_says(desk, mention):
    before = desk.evaluate(SHOWN)
    problems = desk.page.locator(".problems .problem")
    assert problems.count() == 0
    desk.evaluate("readout.editor.act('endEarlierByCharacter')")  # it splits a word
    desk.wait_saved()
    assert problems.count() == 1
    moved = desk.evaluate(SHOWN)
    for way, shown, count in [("undo", before, 0), ("redo", moved, 1)]:
        held = hold(desk, f"**/{way}")
        desk.press("Control+z" if way == "undo" else "Control+y")
        request = wait_held(desk, held)
        assert desk.evaluate(SHOWN) == shown
        request.continue_()
        desk.wait_saved()
        assert desk.evaluate(SHOWN) == shown
        assert problems.count() == len(desk.evaluate("readout.editor.doc.problems")) == count

    # A change on disk stays, which the page didn't know when it did the step.
    lines = read_lines(desk.path)
    topic = next(line for line in lines if b'"type":"topic"' in line)
    desk.path.write_bytes(b"".join(line for line in lines if line != topic))
    desk.press("Control+z")
    wait_until(desk.page, "!readout.editor.waiting")
    ids = desk.evaluate("readout.editor.sheet.drawing.annotations.map((each) => each.id)")
    assert ids == [each["id"] for each in read_records(desk.path)]
    assert json.loads(topic)["id"] not in ids


def test_an_answer_that_says_what_is_drawn_draws_nothing(desk, mention):
    held = hold(desk)
    desk.press("l")
    request = wait_held(desk, held)
    desk.evaluate(
        """() => {
          globalThis.changes = 0;
          const observer = new MutationObserver((all) => { changes += all.length; });
          const parts = {subtree: true, childList: true, characterData: true};
          for (const part of document.querySelectorAll(".sheet, .chosen-box")) {
            observer.observe(part, parts);
          }
        }"""
    )
    request.continue_()
    desk.wait_saved()
    assert desk.evaluate("changes") == 0


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

        # What is half-written outlives Escape, and loading the page again.
        desk.page.locator("dialog select").select_option(index=3)
        desk.page.locator("dialog textarea").fill("The passage goes on.")
        desk.press("Escape")
        wait_until(desk.page, "document.querySelector('dialog') === null")
        desk.page.reload()
        wait_until(desk.page, "globalThis.readout?.editor")
        desk.evaluate(CHOOSE, [json.loads(topic)["id"]])
        desk.press("l")
        desk.page.wait_for_selector("dialog")
        assert desk.page.locator("dialog textarea").input_value() == "The passage goes on."
        assert (adjudication.read_bytes(), desk.path.read_bytes()) == before
        desk.page.locator("dialog button.primary").click()
        desk.wait_saved()
        assert topic not in read_lines(desk.path)
        assert b"The passage goes on." in adjudication.read_bytes()


def test_a_text_that_changed_meanwhile_is_to_be_loaded_again(desk):
    raw = desk.root / "raw/text" / f"{DOCUMENT}.txt"
    before = desk.path.read_bytes()
    desk.drag(WORDS)
    desk.press("b")
    desk.page.wait_for_selector(".form")
    desk.page.get_by_role("radio", name="other").check()
    raw.write_bytes(b"Corrected. " + raw.read_bytes())
    desk.press("Control+Enter")
    desk.page.wait_for_selector(".form .refused p")
    assert "Load the page again" in desk.page.locator(".form .refused").inner_text()
    assert desk.path.read_bytes() == before

    desk.page.reload()
    wait_until(desk.page, "globalThis.readout?.editor")
    assert desk.evaluate("readout.editor.doc.text").startswith("Corrected. ")
    assert desk.page.locator(".drafts .item").count() == 1
    desk.errors.clear()


def test_an_own_layer_is_begun_and_only_gold_complete(browser, tmp_path):
    root = copy_real(tmp_path / "corpus")
    add_document(root, "2030-01-new", "The minister said so.\n")
    total = len(read_lines(root / "raw/documents.jsonl"))
    progress = "document.querySelector('.documents summary').textContent"
    with opened_desk(browser, root, "2030-01-new", READER, READER) as desk:
        assert f"0 of {total} begun" in desk.evaluate(progress)
        desk.drag("minister")
        desk.press("m")
        desk.page.wait_for_selector(".form")
        desk.page.locator("[data-field=speaker] input").fill("gantz")
        desk.press("Enter", "Control+Enter")
        desk.wait_saved()
        assert f"1 of {total} begun" in desk.evaluate(progress)
        assert desk.evaluate("readout.corpus.documents.every((each) => each.annotated === null)")
    with opened_desk(browser, root, "2030-01-new") as desk:
        assert f"{total - 1} of {total} complete" in desk.evaluate(progress)


def test_what_is_far_is_left_out_and_stays_at_its_place(browser, tmp_path):
    root = copy_real(tmp_path / "corpus")
    passages = [f"On day {number} the ministers met again." for number in range(200)]
    text = "\n\n".join(passages) + "\n"
    records = []
    for number in range(0, 200, 10):
        record = {"type": "topic", "id": f"t-{number}", "topic": "diplomatic-visits"}
        record["spans"] = [span_of(text, passages[number])]
        records.append(record)
    add_document(root, "2030-01-long", text, "en", records)

    with opened_desk(browser, root, "2030-01-long", READER, READER) as desk:
        wait_until(desk.page, "0 < document.querySelectorAll('.bracket').length")
        wait_until(desk.page, "document.querySelectorAll('.bracket').length < 20")
        height = desk.evaluate("readout.editor.sheet.text.scrollHeight")
        desk.evaluate(CHOOSE, ["t-190"])
        wait_until(desk.page, "document.querySelector('.bracket.chosen') !== null")
        wait_until(
            desk.page,
            """(() => {
              const words = readout.editor.sheet.marksOf("t-190")[0].element;
              const bracket = document.querySelector(".bracket.chosen");
              const [one, other] = [words, bracket].map((each) => each.getBoundingClientRect());
              const isBeside = one.top < other.bottom && other.top < one.bottom;
              return 0 < one.top && one.bottom < innerHeight && isBeside;
            })()""",
        )
        assert desk.evaluate("readout.editor.sheet.text.scrollHeight") == height
        assert desk.evaluate("readout.editor.sheet.text.textContent") == text


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


@pytest.fixture(scope="module")
def scripts(browser, tmp_path_factory):
    """A page on a corpus with a document of each hostile text."""
    root = copy_real(tmp_path_factory.mktemp("scripts") / "corpus")
    for name, (language, text, words) in HOSTILE.items():
        record = {"type": "topic", "id": "t-first", "topic": "diplomatic-visits"}
        record["spans"] = [span_of(text, words)]
        add_document(root, f"2030-01-{name}", text + "\n", language, [record])
    with opened_desk(browser, root, "2030-01-markup", READER, READER) as desk:
        asked = []
        desk.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        yield desk
        assert asked == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_text_and_their_words_are_selected(scripts, name):
    _, text, words = HOSTILE[name]
    scripts.open(f"2030-01-{name}")
    assert scripts.evaluate("readout.editor.sheet.text.textContent") == text + "\n"
    scripts.evaluate("readout.editor.sheet.text.focus()")
    start = text.index(words)
    place = f"readout.editor.marking.select({{start: {start}, end: {start + len(words)}}})"
    scripts.evaluate(place)
    scripts.press("t")
    scripts.page.locator("[data-field=topic] input").fill("iran")
    scripts.press("Enter", "Control+Enter")
    wait_until(scripts.page, "readout.editor.doc.annotations.length === 2")
    records = read_records(scripts.path)
    assert [each["spans"][0]["exact"] for each in records] == [words, words]


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("name", ["emoji", "hebrew", "arabic", "combining"])
def test_words_of_other_scripts_are_dragged(scripts, name, backward):
    _, text, words = HOSTILE[name]
    scripts.open(f"2030-01-{name}")
    scripts.drag(words, backward=backward)
    [[start, end, exact]] = scripts.selected()
    assert text[start:end] == exact == words


@pytest.mark.parametrize("name", ["emoji", "hebrew", "arabic", "combining"])
def test_words_of_other_scripts_are_double_clicked(scripts, name):
    _, text, words = HOSTILE[name]
    scripts.open(f"2030-01-{name}")
    word = words.split()[0]
    start = text.index(word)
    left, top, right, _ = scripts.box(start, start + len(word))
    scripts.page.mouse.dblclick((left + right) / 2, top)
    assert scripts.selected() == [[start, start + len(word), word]]


def test_a_mark_within_an_arabic_word_does_not_change_its_shape(browser, tmp_path):
    """Letters that join are as wide as without the mark; letters cut apart would be wider."""
    word = "الوزير"
    text = f"قال {word} إن {word} قوي.\n"
    root = copy_real(tmp_path / "corpus")
    record = {"type": "topic", "id": "t-half", "topic": "diplomatic-visits"}
    record["spans"] = [span_of(text, word[:-2])]
    add_document(root, "2030-01-new", text, "ar", [record])
    first, second = text.index(word), text.rindex(word)
    with opened_desk(browser, root, "2030-01-new", READER, READER) as desk:
        places = [[start, start + len(word)] for start in (first, second)]
        widths = [desk.evaluate(WIDTH, place) for place in places]
    assert widths[0] == pytest.approx(widths[1], abs=0.5)


WIDTH = """([start, end]) => {
  const boxes = [...readout.editor.sheet.rangeOf(start, end).getClientRects()];
  return Math.max(...boxes.map((box) => box.right)) - Math.min(...boxes.map((box) => box.left));
}"""


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


IDLE = "!readout.editor.waiting && !readout.editor.isPressing"


def find_line(desk, id_):
    return next(line for line in read_lines(desk.path) if is_of(line, id_))


@pytest.mark.parametrize("keys", [["n"], ["Escape"], ["e"]])
def test_keys_act_on_what_was_chosen_when_all_before_them_is_saved(desk, mention, keys):
    before = read_lines(desk.path)
    held = hold(desk)
    for key in ("l", "l", *keys):
        desk.page.keyboard.press(key)
    assert desk.page.evaluate("readout.editor.sheet.chosen.id") == mention["id"]
    wait_held(desk, held).continue_()
    wait_until(desk.page, IDLE)

    changed = [line for line in read_lines(desk.path) if line not in before]
    (moved,) = [json.loads(line) for line in changed]
    assert moved["id"] == mention["id"]
    assert desk.page.evaluate("readout.editor.doc.undo") == 2
    if keys == ["e"]:
        written = desk.page.evaluate("readout.editor.draft.values.span.end")
        assert written == moved["span"]["end"]


def test_the_first_change_can_be_undone_before_it_is_saved(desk, mention):
    before = read_lines(desk.path)
    held = hold(desk)
    desk.page.keyboard.press("l")
    request = wait_held(desk, held)
    desk.page.keyboard.press("Control+z")
    request.continue_()
    wait_until(desk.page, f"{IDLE} && readout.editor.doc.redo === 1")
    assert read_lines(desk.path) == before


def test_keys_that_wait_are_dropped_with_a_word_if_something_else_is_chosen(desk, mention):
    held = hold(desk)
    for key in "lll":
        desk.page.keyboard.press(key)
    request = wait_held(desk, held)
    left, top, right, bottom = desk.box(0, 3)
    desk.page.mouse.click((left + right) / 2, (top + bottom) / 2)
    assert desk.page.evaluate("readout.editor.pressed.length") == 0
    request.continue_()
    wait_until(desk.page, IDLE)
    assert desk.page.evaluate("readout.editor.doc.undo") == 1


def test_another_text_opens_when_all_is_saved(desk, mention):
    held = hold(desk)
    for key in "ll":
        desk.page.keyboard.press(key)
    request = wait_held(desk, held)
    desk.page.keyboard.press("]")
    name = desk.page.evaluate("readout.editor.name")
    request.continue_()
    wait_until(desk.page, f"readout.editor.name !== {json.dumps(name)}")
    moved = json.loads(find_line(desk, mention["id"]))
    assert moved["span"]["end"] > mention["span"]["end"]
    desk.page.keyboard.press("[")
    wait_until(desk.page, f"readout.editor.name === {json.dumps(name)}")
    assert desk.page.evaluate("readout.editor.doc.undo") == 2
