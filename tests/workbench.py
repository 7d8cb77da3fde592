"""The workbench's server with a page of a real Chromium on it, for the tests of its pages."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest
import uvicorn
from browser import CHROMIUM
from conftest import LAYERS, ROOT

from readout.workbench.annotate.modes import open_mode
from readout.workbench.annotate.server import build_app
from readout.workbench.annotate.session import Session

IN_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium"),
]
"""The marks of tests that open a page."""
TOKEN = "secret"
READER = "reader"
DOCUMENT = "2021-06-gantz-washington"
"""The longest real text."""
LAYER = LAYERS[0]


def copy_corpus(source, target):
    """Return a copy of the folders of a corpus that the workbench reads."""
    for folder in ("annotations", "raw"):
        shutil.copytree(source / folder, target / folder)
    return target


def copy_real(target):
    return copy_corpus(ROOT, target)


def read_files(root):
    """Return what all files of annotations say, by their paths."""
    paths = [root / "raw/documents.jsonl", *sorted((root / "annotations").rglob("*.jsonl"))]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


@contextmanager
def served(session, answers=()):
    """Yield the address at which a session is served."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # who comes before the server has started waits
    port = listening.getsockname()[1]
    app = build_app(session, TOKEN, port, answers)
    config = uvicorn.Config(app, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/{TOKEN}/"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


class Server:
    """The command `readout annotate` in a process of its own."""

    def __init__(self, root, *options, who="ann"):
        command = [sys.executable, "-m", "readout", "annotate", str(root), "--no-browser"]
        home = {"HOME": str(root.parent), "XDG_CONFIG_HOME": str(root.parent)}
        self.process = subprocess.Popen(
            [*command, "--as", who, *options],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **home, "PYTHONUNBUFFERED": "1"},
            cwd=ROOT,
            text=True,
        )
        line = self.process.stdout.readline()
        self.address = re.search(r"http://[^/\s]+/[^/\s]+/", line)[0]
        self.origin = re.match(r"http://[^/]+", self.address)[0]

    def request(self, path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Origin": self.origin, "Content-Type": "application/json", **headers}
        asked = urllib.request.Request(self.address + path, data, headers)
        for wait in (0.2, 0.4, 0.8, 1.6, 3.2, 0):
            try:
                with urllib.request.urlopen(asked, timeout=30) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                return error.code, error.read()
            except urllib.error.URLError:  # it does not listen yet
                if not wait or self.process.poll() is not None:
                    raise
                time.sleep(wait)
        return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def _end(self, how):
        self.process.send_signal(how)  # nothing, if it has ended
        self.process.wait(30)
        self.process.stdout.close()


@contextmanager
def opened_chromium():
    """Yield a browser of Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


def wait_until(page, code):
    """Wait until an expression is true. The page's policy forbids Playwright's own way."""
    for _ in range(400):
        if page.evaluate(code):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"never true: {code}")


class Desk:
    """A page on a document, and what the files say meanwhile."""

    def __init__(self, page, root, layer, doc_id):
        self.page, self.root, self.doc_id = page, root, doc_id
        folder = "gold" if layer is None else f"by/{layer}"
        self.path = root / "annotations" / folder / f"{doc_id}.jsonl"
        self.text = (root / "raw" / "text" / f"{doc_id}.txt").read_text(encoding="utf-8")

    def open(self, doc_id):
        """Show another document of the corpus on the same page."""
        self.path = self.path.with_name(f"{doc_id}.jsonl")
        self.text = (self.root / "raw" / "text" / f"{doc_id}.txt").read_text(encoding="utf-8")
        self.doc_id = doc_id
        self.evaluate(f"location.hash = {doc_id!r}")
        wait_until(self.page, f"readout.editor?.name === {doc_id!r}")
        self.clear()

    def clear(self):
        """Let nothing be selected, chosen or open, as on a page that was loaded anew."""
        self.evaluate(
            """() => {
              for (const dialog of document.querySelectorAll("dialog")) dialog.close();
              document.activeElement?.blur();
              readout.editor.discard();
              readout.editor.marking.clear();
              readout.editor.sheet.choose(null);
            }"""
        )

    def box(self, start, end):
        """Return where a span of the text is in the window, in view."""
        return self.page.evaluate(
            """([start, end]) => {
              const sheet = readout.editor.sheet;
              const range = sheet.rangeOf(start, end);
              range.startContainer.parentElement.scrollIntoView({block: "center"});
              // In a narrow window, the lower half shows what is beside the text.
              scrollBy(0, innerWidth < 800 ? innerHeight / 4 : 0);
              const boxes = [...range.getClientRects()].filter((box) => box.width);
              const first = boxes[0], last = boxes[boxes.length - 1];
              return [first.left, first.top + first.height / 2,
                      last.right, last.top + last.height / 2];
            }""",
            [start, end],
        )

    def drag(self, words, trim=0, backward=False, modifiers=()):
        """Select words by mouse; with `trim`, the edges are that many characters inside them."""
        start = self.text.index(words)
        left, top, right, bottom = self.box(start + trim, start + len(words) - trim)
        ends = [(left + 1, top), (right - 1, bottom)]
        if backward:
            ends.reverse()
        mouse = self.page.mouse
        for key in modifiers:
            self.page.keyboard.down(key)
        mouse.move(*ends[0])
        mouse.down()
        mouse.move(*ends[1], steps=4)
        mouse.up()
        for key in modifiers:
            self.page.keyboard.up(key)

    def selected(self):
        # The page hears of a selection only after the event that made it.
        self.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        return self.page.evaluate(
            "readout.editor.marking.spans().map((span) => [span.start, span.end, span.exact])"
        )

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def wait_saved(self):
        wait_until(self.page, "!readout.editor.waiting && !readout.editor.isPressing")
        self.page.wait_for_selector(".state.saved")

    def log(self):
        return self.page.evaluate("[readout.log.actions, readout.log.characters]")

    def evaluate(self, code, *arguments):
        return self.page.evaluate(code, *arguments)


@contextmanager
def opened_page(browser, address, **context):
    """Yield a page in a window of its own, and the errors that it reports from now on."""
    window = browser.new_context(**context)
    page = window.new_page()
    page.set_default_timeout(8000)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: said.type == "error" and errors.append(said.text))
    page.goto(address)
    yield page, errors
    window.close()


@contextmanager
def opened_desk(browser, root, doc_id, layer=None, annotator="adjudicator", **context):
    """Yield the desk of an annotator on a document; errors of the page fail the test."""
    options = {"viewport": {"width": 1280, "height": 900}, **context}
    with served(Session(root, annotator, layer)) as address:
        with opened_page(browser, f"{address}#{doc_id}", **options) as (page, errors):
            wait_until(page, f"globalThis.readout?.editor?.name === {doc_id!r}")
            desk = Desk(page, root, layer, doc_id)
            desk.errors = errors
            yield desk
        unexpected = [each for each in errors if "409" not in each and "422" not in each]
        assert unexpected == []


@contextmanager
def opened_mode(browser, root, mode, who="ann", draw=None, **context):
    """Yield the page of a mode that is not editing; errors of the page fail the test."""
    opened = open_mode(root, who, mode, None, draw)
    with served(opened.session, opened.answers) as address:
        with opened_page(browser, address + opened.page, **context) as (page, errors):
            wait_until(page, "document.querySelector('.desk .choices') !== null")
            yield page
        assert errors == []


def go_on(page, is_there, most=100):
    """Go on in a mode that is not editing until a place or an annotation is as it is sought."""
    for _ in range(most):
        if is_there():
            return
        page.keyboard.press("n")
        page.wait_for_timeout(100)
    raise AssertionError("no place is as it is sought")


def go_to_cells(page):
    """Go on to a place whose versions differ in fields, which are cells to choose from."""
    go_on(page, lambda: page.locator(".versions .cell").count())


def go_to_stance(page):
    go_on(page, lambda: "Stance" in page.locator(".desk h2").first.inner_text())


def list_speaking(place):
    """Return the layers that have something at a place where layers differ."""
    return [side["layer"] for side in place["sides"] if side["records"]]


def wait_count(page, number):
    """Wait until the page says that a number of reviews or decisions are there."""
    wait_until(page, f"document.querySelector('.count').textContent.startsWith('{number} ')")


def add_document(root, doc_id, text, language="en", records=()):
    """Add a document with a layer of `reader`, who is new too, to a corpus."""
    data = text.encode()
    (root / "raw" / "text" / f"{doc_id}.txt").write_bytes(data)
    documents = root / "raw" / "documents.jsonl"
    meta = json.loads(documents.read_bytes().splitlines()[0])
    for name in ("title", "adjudicated", "note", "references"):
        meta.pop(name, None)
    meta |= {"doc_id": doc_id, "origin": f"{doc_id}.txt", "language": language}
    meta |= {"sha256": hashlib.sha256(data).hexdigest(), "annotated": "none"}
    append(documents, [meta])
    reader = {"annotator_id": READER, "kind": "human", "name": "A reader"}
    annotators = root / "annotations" / "annotators.jsonl"
    if READER.encode() not in annotators.read_bytes():
        append(annotators, [reader])
    folder = root / "annotations" / "by" / READER
    folder.mkdir(exist_ok=True)
    append(folder / f"{doc_id}.jsonl", records)


def append(path, records):
    with path.open("ab") as file:
        for record in records:
            line = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
            file.write(line.encode() + b"\n")


def span_of(text, words, start=0):
    """Return the span of words in a text, the first ones at or after a place."""
    at = text.index(words, start)
    return {"start": at, "end": at + len(words), "exact": words}


def read_lines(path):
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


def read_records(path):
    return [json.loads(line) for line in read_lines(path)]


def find_record(path, words, field="exact"):
    """Return the only record of a layer with a span of these words."""
    quoted = json.dumps({field: words}, ensure_ascii=False)[1:-1].replace('": "', '":"')
    lines = [line for line in read_lines(path) if quoted in line.decode()]
    assert len(lines) == 1, lines
    return json.loads(lines[0])
