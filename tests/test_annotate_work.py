"""The work that people do on the pages, counted by the pages' own log, and done by touch.

`pytest -m browser -s` prints the table of actions, characters and time.
"""

import json
import threading
from contextlib import contextmanager

import pytest
from workbench import (
    DOCUMENT,
    IN_CHROMIUM,
    LAYER,
    READER,
    add_document,
    append,
    copy_real,
    find_record,
    opened_desk,
    opened_mode,
    read_files,
    read_lines,
    read_records,
    span_of,
    wait_count,
    wait_until,
)

from readout.corpus import files
from readout.workbench.format import format_corpus

pytestmark = IN_CHROMIUM

NEW = "2030-01-new"


# ------------------------------------------------------------------------------- effort


@pytest.fixture(scope="module")
def table():
    """The rows of the table of what some work takes, which is printed after the last test."""
    rows = [("work", "actions", "characters", "seconds")]
    yield rows
    print("\n")
    for work, *numbers in rows:
        print(f"  {work:<52}", *[f"{number:>10}" for number in numbers])


@pytest.fixture
def effort(table):
    """Count what is done on a page within a block."""

    @contextmanager
    def count(page, work, most):
        page.evaluate("globalThis.readout ??= {}")
        if page.evaluate("!readout.log"):
            page.evaluate("import('./log.js').then((file) => { readout.log = new file.Log(); })")
            wait_until(page, "Boolean(readout.log)")
        page.evaluate("readout.log.reset()")
        began = page.evaluate("performance.now()")
        yield
        seconds = (page.evaluate("performance.now()") - began) / 1000
        actions, characters = page.evaluate("[readout.log.actions, readout.log.characters]")
        table.append((work, actions, characters, f"{seconds:.1f}"))
        assert 0 < actions <= most

    return count


EVIDENCE = "regardless of what government is in place in Jerusalem"


def test_a_stance_with_evidence_and_quote(desk, effort):
    before = read_lines(desk.path)
    with effort(desk.page, "one stance with evidence and quote", most=6):
        desk.drag(EVIDENCE)
        desk.press("s")
        desk.page.wait_for_selector(".field.proposed[data-field=quote]")
        desk.page.keyboard.type("alliance")
        desk.press("Enter", "1", "1", "Enter")
        desk.wait_saved()

    [line] = [each for each in read_lines(desk.path) if each not in before]
    record = json.loads(line)
    assert [span["exact"] for span in record["evidence"]] == [EVIDENCE]
    assert record["target"] == "us-israel-alliance"
    assert record["quote"]
    # Lines that were not touched stay byte for byte.
    assert [each for each in read_lines(desk.path) if each != line] == before


def test_an_indirect_quote_with_its_source_and_its_cue(desk, effort):
    with effort(desk.page, "one indirect quote with source and cue", most=5):
        desk.drag("held talks with National Security Adviser Jake Sullivan")
        desk.press("q")
        desk.page.wait_for_selector(".field.proposed[data-field=source]")
        desk.drag("during a flurry")
        desk.press("+", "Control+Enter")
        desk.wait_saved()

    record = find_record(desk.path, "held talks with National Security Adviser Jake Sullivan")
    assert record["form"] == "indirect"
    assert [span["exact"] for span in record["cue"]] == ["during a flurry"]
    assert record["source"]
    assert record["speaker"] == "benny-gantz"


@pytest.fixture
def proposed(browser, tmp_path):
    """A new text with twenty suggested mentions and no annotations."""
    root = copy_real(tmp_path / "corpus")
    text = "\n\n".join(f"Gantz {number} met Austin." for number in range(10)) + "\n"
    add_document(root, NEW, text)
    suggestions = []
    for number in range(10):
        for name, speaker in (("Gantz", "benny-gantz"), ("Austin", "lloyd-austin")):
            span = span_of(text, name, text.index(f"Gantz {number}"))
            record = {"type": "mention", "id": f"m-{name.lower()}{number}"}
            record |= {"speaker": speaker, "span": span}
            reason = f"{name} is a name of {speaker}."
            suggestions.append({"type": "suggestion", "annotation": record, "reason": reason})
    folder = root / "annotations" / "suggestions"
    folder.mkdir(exist_ok=True)
    append(folder / f"{NEW}.jsonl", suggestions)
    with opened_desk(browser, root, NEW, READER, READER) as desk:
        yield desk


def test_a_click_looks_and_keys_accept_and_reject(proposed):
    proposed.page.locator(".sign.ghost").first.click()
    assert proposed.evaluate("readout.editor.sheet.chosen.isGhost")
    assert read_lines(proposed.path) == []
    proposed.press("a")
    proposed.wait_saved()
    assert len(read_lines(proposed.path)) == 1
    proposed.press("x")
    proposed.wait_saved()
    suggestions = proposed.root / "annotations" / "suggestions" / f"{NEW}.jsonl"
    assert suggestions.read_bytes().count(b'"rejected":true') == 1
    assert proposed.evaluate("readout.editor.doc.suggestions.length") == 18


def test_ten_suggestions_are_accepted_one_by_one_or_as_one_step(proposed, effort):
    with effort(proposed.page, "ten suggestions, looked at one by one", most=11):
        proposed.press("g")
        for number in range(10):
            proposed.press("a")
            left = 19 - number
            wait_until(proposed.page, f"readout.editor.doc.suggestions.length === {left}")
            proposed.wait_saved()
    assert len(read_lines(proposed.path)) == 10
    for step in range(10):
        proposed.press("Control+z")
        wait_until(proposed.page, f"readout.editor.doc.redo === {step + 1}")
    proposed.press("Escape")

    details = proposed.page.locator(".suggestions")
    with effort(proposed.page, "ten suggestions, filtered and accepted at once", most=3):
        details.locator("summary").click()
        assert details.locator("button:not(.item):visible").count() == 1
        details.locator("input").click()
        proposed.page.keyboard.type("Gantz")
        details.locator("button", has_text="10").click()
        proposed.wait_saved()
    speakers = [each["speaker"] for each in read_records(proposed.path)]
    assert speakers == ["benny-gantz"] * 10
    proposed.press("Control+z")
    wait_until(proposed.page, "readout.editor.doc.redo === 1 && !readout.editor.waiting")
    assert read_lines(proposed.path) == []


def test_three_differences_are_decided(browser, tmp_path, effort):
    root = copy_real(tmp_path / "corpus")
    for path in (root / "annotations/adjudication").glob("*.jsonl"):
        path.unlink()
    work = "three differences decided, with section and reason"
    with opened_mode(browser, root, "adjudicate", LAYER) as page, effort(page, work, most=14):
        # If gold takes what all layers say, no decision is left to write.
        page.locator(".desk > select").select_option(index=1)
        # A list chooses by the keys typed within a second, so slow typing would choose another one.
        page.locator(".desk select.number").click()
        page.locator(".desk select.number").select_option("1.1")
        page.keyboard.press("Escape")
        for number in range(3):
            page.locator(".desk textarea").click()
            page.keyboard.type("It says so.")
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            wait_count(page, number + 1)
    decisions = []
    for path in (root / "annotations/adjudication").glob("*.jsonl"):
        decisions += read_records(path)
    assert len(decisions) == 3
    assert {(each["section"], each["reason"]) for each in decisions} == {("1.1", "It says so.")}


# ------------------------------------------------------------------------------- what is saved


def test_every_kind_of_edit_leaves_what_format_would_write(desk):
    """Untouched lines stay byte for byte; after undoing all of it, every byte is as before."""
    first = read_files(desk.root)
    touched = set()

    def judge(steps):
        desk.wait_saved()
        wait_until(desk.page, f"readout.editor.doc.undo === {steps}")
        assert format_corpus(desk.root) == {}
        before = [line for line in read_lines_of(first) if _id_of(line) not in touched]
        assert [line for line in read_lines(desk.path) if line in before] == before

    def read_lines_of(state):
        return state[desk.path.relative_to(desk.root).as_posix()].splitlines(keepends=True)

    records = read_records(desk.path)
    linked = {each.get("source") for each in records}
    mention = next(each for each in records if each["type"] == "mention" and each["id"] in linked)

    desk.drag("a flurry of security meetings")  # create
    desk.press("t")
    desk.page.locator("[data-field=topic] input").fill("iran")
    desk.press("Enter", "Control+Enter")
    judge(1)

    desk.evaluate("([id]) => readout.editor.sheet.choose(id)", [mention["id"]])  # resize
    touched.add(mention["id"])
    desk.press("l")
    judge(2)

    desk.evaluate("([id]) => readout.editor.sheet.choose(id)", [mention["id"]])  # remove
    touched.update(each["id"] for each in records if mention["id"] in each.values())
    desk.press("Delete", "Enter")  # the links to it go too
    judge(3)

    quote, other = find_link(records, touched)
    desk.evaluate("([id]) => readout.editor.sheet.choose(id)", [quote["id"]])  # link
    touched.add(quote["id"])
    desk.press("e")
    desk.page.locator("[data-field=source] button").first.click()
    left, top, *_ = desk.box(other["span"]["start"], other["span"]["end"])
    desk.page.mouse.click(left + 5, top)
    desk.press("Control+Enter")
    judge(4)
    line = next(line for line in read_lines(desk.path) if _id_of(line) == quote["id"])
    assert json.loads(line)["source"] == other["id"]

    for step in range(4):
        desk.press("Control+z")
        wait_until(desk.page, f"readout.editor.doc.redo === {step + 1} && !readout.editor.waiting")
    assert read_files(desk.root) == first


def find_link(records, touched):
    """Return a quote without a source, and a mention of its speaker."""
    mentions = {each["speaker"]: each for each in records if each["type"] == "mention"}
    for each in records:
        is_free = each["type"] == "quote" and not each.get("source") and each["id"] not in touched
        if is_free and each["speaker"] in mentions:
            return each, mentions[each["speaker"]]
    raise AssertionError("no quote can be linked")


def _id_of(line):
    return json.loads(line)["id"]


@pytest.fixture
def slow_disk(monkeypatch):
    """A disk that keeps nothing until it is told to."""
    ready = threading.Event()
    fsync = files.os.fsync

    def wait(descriptor):
        assert ready.wait(20)
        fsync(descriptor)

    monkeypatch.setattr(files.os, "fsync", wait)
    yield ready
    ready.set()


def test_an_edit_is_called_saved_when_a_slow_disk_has_it(desk, slow_disk):
    before = desk.path.read_bytes()
    topic = next(each for each in read_records(desk.path) if each["type"] == "topic")
    desk.evaluate("([id]) => readout.editor.sheet.choose(id)", [topic["id"]])
    desk.press("Delete")
    desk.page.wait_for_selector(".state.saving")
    desk.page.wait_for_timeout(300)
    assert desk.page.locator(".state.saved").count() == 0
    assert desk.path.read_bytes() == before
    slow_disk.set()
    desk.wait_saved()
    assert desk.path.read_bytes() != before


@pytest.mark.parametrize("mode", ["adjudicate", "review"])
def test_verdicts_are_called_saved_when_a_slow_disk_has_them(browser, undecided, slow_disk, mode):
    before = read_files(undecided)
    with opened_mode(browser, undecided, mode) as page:
        if mode == "adjudicate":
            page.select_option(".desk select.number", "1.1")
            page.fill(".desk textarea", "It says so.")
            page.locator(".desk h2").first.click()
        page.keyboard.press("1")
        page.wait_for_timeout(300)
        assert page.locator(".state.saved").count() == 0
        assert read_files(undecided) == before
        slow_disk.set()
        page.wait_for_selector(".state.saved")
        assert read_files(undecided) != before


# ------------------------------------------------------------------------------- touch

TOUCH = {"viewport": {"width": 400, "height": 800}, "has_touch": True, "is_mobile": True}


def hold(page, x, y):
    """Touch a place and hold it, and select the word there as the system of a phone does.

    A Chromium without a phone's system makes no selection of its own from a long touch.
    """
    session = page.context.new_cdp_session(page)
    point = [{"x": x, "y": y}]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": point})
    page.evaluate(
        """([x, y]) => {
          const place = document.caretPositionFromPoint(x, y);
          const selection = getSelection();
          selection.collapse(place.offsetNode, place.offset);
          selection.modify("move", "backward", "word");
          selection.modify("extend", "forward", "word");
        }""",
        [x, y],
    )
    session.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})
    session.detach()


def test_words_are_marked_by_touch_in_a_narrow_window(browser, tmp_path):
    root = copy_real(tmp_path / "corpus")
    with opened_desk(browser, root, DOCUMENT, LAYER, LAYER, **TOUCH) as desk:
        start = desk.text.index("flurry of security")
        left, top, right, _ = desk.box(start, start + len("flurry"))
        hold(desk.page, (left + right) / 2, top)
        wait_until(desk.page, "readout.editor.marking.spans().length === 1")
        assert [exact for _, _, exact in desk.selected()] == ["flurry"]
        # Drawing a handle of the selection tells the page no more than where the end is now.
        for _ in range(2):
            desk.evaluate("getSelection().modify('extend', 'forward', 'word')")
        wait_until(desk.page, "readout.editor.marking.spans()[0].exact.includes('security')")

        desk.page.locator(".selected button.type").nth(2).tap()
        desk.page.locator("[data-field=topic] input").tap()
        desk.page.keyboard.type("iran")
        desk.page.locator("[role=option]").first.tap()
        desk.page.locator(".form button.primary").tap()
        desk.wait_saved()
        assert find_record(desk.path, "flurry of security")["type"] == "topic"
        assert desk.evaluate("document.documentElement.scrollWidth") <= 400


def test_an_annotation_is_chosen_by_a_tap(browser, tmp_path):
    root = copy_real(tmp_path / "corpus")
    with opened_desk(browser, root, DOCUMENT, LAYER, LAYER, **TOUCH) as desk:
        desk.page.locator(".text mark.mention").first.tap()
        wait_until(desk.page, "readout.editor.sheet.chosen !== null")


@pytest.mark.parametrize("mode", ["adjudicate", "review"])
def test_choices_are_tapped_in_a_narrow_window(browser, undecided, mode):
    before = read_files(undecided)
    with opened_mode(browser, undecided, mode, **TOUCH) as page:
        if mode == "adjudicate":
            page.select_option(".desk select.number", "1.1")
            page.locator(".desk textarea").tap()
            page.keyboard.type("It says so.")
        page.locator(".desk .choices button").first.tap()
        page.wait_for_selector(".state.saved")
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert read_files(undecided) != before
    assert format_corpus(undecided) == {}
