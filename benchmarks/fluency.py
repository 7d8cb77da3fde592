"""Measure the annotate page: from an action to the paint that shows it, on a long text.

A change is drawn before it is saved, so it has two times: to the paint that shows it in the text,
and to the paint of "Saved".

The text has 100,000 characters and 2,000 annotations. A Chromium without a window does what an
annotator does, in rounds of one action of each kind; the last tenth of the rounds is compared with
the first, since a page that grows gets slower. CPU time, of the page's main thread and of the
server, says what an action costs if other programs use the machine, too. The server is measured by
itself, too, on the longest text of this corpus.

``python benchmarks/fluency.py [--rounds N]`` prints tables.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tests"))

import msgspec  # noqa: E402
from workbench import (  # noqa: E402
    READER,
    add_document,
    copy_real,
    opened_chromium,
    opened_desk,
    span_of,
)

from readout.corpus.canonical import encode_layer  # noqa: E402
from readout.model import AnyAnnotation  # noqa: E402
from readout.workbench.annotate.server import spare_collector  # noqa: E402
from readout.workbench.annotate.session import Session  # noqa: E402

DOCUMENT = "2030-01-long"
SENTENCE = "Gantz told Austin on day {n} that the alliance with the State holds firm. "
SENTENCES = 1_350
ANNOTATED = 500
"""How many sentences have four annotations each."""
PARAGRAPH = 5
"""How many sentences a paragraph has."""

_WATCH = """
globalThis.watch = (...conditions) => {
  const watching = new AbortController();
  let begin;
  const begun = new Promise((resolve) => { begin = resolve; });
  for (const name of ["keydown", "click"]) {
    const start = (event) => {
      watching.abort();
      begin(event.timeStamp);
    };
    addEventListener(name, start, {capture: true, signal: watching.signal});
  }
  const paint = async (isDone) => {
    const started = await begun;
    if (isDone && !isDone()) {
      await new Promise((resolve) => {
        const observer = new MutationObserver(() => {
          if (!isDone()) return;
          observer.disconnect();
          resolve();
        });
        const parts = {subtree: true, childList: true, attributes: true, characterData: true};
        observer.observe(document, parts);
      });
    }
    await new Promise((resolve) => {
      // A message that is sent in the frame after a change arrives when this is painted.
      const channel = new MessageChannel();
      channel.port1.onmessage = resolve;
      requestAnimationFrame(() => channel.port2.postMessage(null));
    });
    return performance.now() - started;
  };
  const late = new Promise((resolve) => setTimeout(() => resolve(null), 10000));
  globalThis.painted = Promise.race([Promise.all(conditions.map(paint)), late]);
};
null;
"""

_CHOSEN = "readout.editor.sheet.chosen?.id !== before.chosen"
_DRAWN = "drawn() !== before.drawn"
_SAVED = (
    "readout.editor.doc.version !== before.version && readout.state.className === 'state saved'"
)
_BEFORE = """({
  chosen: readout.editor.sheet.chosen?.id,
  drawn: drawn(),
  version: readout.editor.doc.version,
})"""
_FIND_DRAWN = """
globalThis.drawn = () => {
  const marks = [...document.querySelectorAll("mark.boilerplate")];
  return marks.map((mark) => mark.textContent).join("|");
};
null;
"""
"""What the text shows of the annotations that are made, moved and removed: boilerplate."""

Times: TypeAlias = dict[str, list[float]]


def write_long_text(root: Path) -> str:
    """Add a text with two mentions, a quote and a topic in each of some of its sentences."""
    paragraphs = []
    for number in range(0, SENTENCES, PARAGRAPH):
        numbers = range(number, number + PARAGRAPH)
        paragraphs.append("".join(SENTENCE.format(n=each) for each in numbers).strip())
    text = "\n\n".join(paragraphs) + "\n"

    records: list[dict[str, Any]] = []
    for number in range(ANNOTATED):
        at = text.index(f"on day {number} ") - len("Gantz told Austin ")
        records += _annotate(text, at, f"{number:04}")
    add_document(root, DOCUMENT, text)
    layer = root / "annotations" / "by" / READER / f"{DOCUMENT}.jsonl"
    annotations = [msgspec.convert(record, AnyAnnotation) for record in records]
    layer.write_bytes(encode_layer(annotations))
    return text


def _annotate(text: str, at: int, name: str) -> list[dict[str, Any]]:
    """Return the annotations of one sentence."""
    source: dict[str, Any] = {"type": "mention", "id": f"m-{name}a", "speaker": "benny-gantz"}
    source["span"] = span_of(text, "Gantz", at)
    other: dict[str, Any] = {"type": "mention", "id": f"m-{name}b", "speaker": "lloyd-austin"}
    other["span"] = span_of(text, "Austin", at)
    quote: dict[str, Any] = {"type": "quote", "id": f"q-{name}", "speaker": "benny-gantz"}
    quote["content"] = [span_of(text, "the alliance with the State holds firm", at)]
    quote["cue"] = [span_of(text, "told", at)]
    quote |= {"form": "indirect", "source": source["id"], "addressees": ["lloyd-austin"]}
    topic: dict[str, Any] = {"type": "topic", "id": f"t-{name}", "topic": "us-israel-relations"}
    topic["spans"] = [span_of(text, "the alliance with the State", at)]
    return [source, other, quote, topic]


# ---------------------------------------------------------------- page


class Reader:
    """Somebody who works at the page; every action is timed."""

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.times: Times = defaultdict(list)
        self.costs: Times = defaultdict(list)
        self.tools = desk.page.context.new_cdp_session(desk.page)
        self.tools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def time(self, kind: str, is_done: Sequence[str], act: Callable[[], Any]) -> None:
        """Do something, and note how long it took until each of its results was painted.

        Without a condition in ``is_done``, the next paint is taken for that of the result.
        """
        conditions = ", ".join(f"() => {each}" for each in is_done) or "null"
        watch = f"(() => {{ const before = {_BEFORE}; watch({conditions}); }})()"
        self.desk.evaluate(watch)
        started = self._read_cpu()
        act()
        painted = self.desk.evaluate("painted")
        if painted is None:
            state = self.desk.evaluate("readout.state.textContent")
            print(f"Nothing was painted after {kind!r}: {state}", file=sys.stderr)
            return
        for name, milliseconds in zip((kind, f'{kind}: to "Saved"'), painted, strict=False):
            self.times[name].append(milliseconds)
        self.costs[kind].append(self._read_cpu() - started)

    def _read_cpu(self) -> float:
        """Return the milliseconds of CPU time of the page and of this process, the server's."""
        metrics = self.tools.send("Performance.getMetrics")["metrics"]
        page = next(each["value"] for each in metrics if each["name"] == "TaskDuration")
        return 1000 * float(page + time.process_time())

    def press(self, kind: str, key: str, *is_done: str) -> None:
        self.time(kind, is_done, lambda: self.desk.press(key))

    def work(self, number: int) -> None:
        """Do one action of each kind, in another sentence each time."""
        self.press("choose the next one by key", "n", _CHOSEN)
        self._click(number)
        self.press("select a word by key", "ArrowRight")
        self.press("extend the selection", "Shift+ArrowRight")
        self.press("open a form", "b", "readout.editor.form !== null")
        self.desk.evaluate("readout.editor.form.propose({kind: 'other'})")
        self.press("save a new annotation", "Control+Enter", _DRAWN, _SAVED)
        self.press("save a moved edge", "l", _DRAWN, _SAVED)
        self.press("undo", "Control+z", _DRAWN, _SAVED)
        self.press("remove an annotation", "Delete", _DRAWN, _SAVED)
        self.desk.press("Escape")

    def _click(self, number: int) -> None:
        """Click on a mention that is in view."""
        name = f"m-{number % ANNOTATED:04}b"
        place = self.desk.evaluate(
            """async (name) => {
              const {element} = readout.editor.sheet.marksOf(name)[0];
              element.scrollIntoView({block: "center", behavior: "instant"});
              // A paragraph that was far can be clicked once it is drawn.
              const frame = () => new Promise((done) => requestAnimationFrame(done));
              await frame();
              await frame();
              const box = element.getBoundingClientRect();
              return [box.left + box.width / 2, box.top + box.height / 2];
            }""",
            name,
        )
        done = f"readout.editor.sheet.chosen?.id === '{name}'"
        self.time("choose by click", [done], lambda: self.desk.page.mouse.click(*place))


def measure_page(rounds: int) -> tuple[Times, Times]:
    """Return the milliseconds from each action to its paint, and those of CPU time, by its kind."""
    with tempfile.TemporaryDirectory() as folder, opened_chromium() as browser:
        root = copy_real(Path(folder) / "corpus")
        write_long_text(root)
        with opened_desk(browser, root, DOCUMENT, READER, READER) as desk:
            spare_collector()
            desk.evaluate(_FIND_DRAWN)
            desk.evaluate(_WATCH)
            reader = Reader(desk)
            for number in range(rounds):
                reader.work(number)
            return reader.times, reader.costs


# ---------------------------------------------------------------- server


def measure_server(rounds: int) -> Times:
    """Return the milliseconds of CPU time that the server takes for each change."""
    spare_collector()
    with tempfile.TemporaryDirectory() as folder:
        root = copy_real(Path(folder) / "corpus")
        write_long_text(root)
        texts = (root / "raw" / "text").glob("202?-*.txt")
        longest = max(texts, key=lambda path: path.stat().st_size).stem
        times: Times = {}
        _measure_edits(
            times, "longest text of the corpus, gold", Session(root, "adjudicator"), longest, rounds
        )
        long_session = Session(root, READER, READER)
        _measure_edits(
            times, "100,000 characters, a person's layer", long_session, DOCUMENT, rounds
        )
        return times


def _measure_edits(times: Times, name: str, session: Session, doc_id: str, rounds: int) -> None:
    """Change the note of one annotation after another, and take each change back."""
    shown = session.show_document(doc_id)
    edits, undos = [], []
    decision = {"section": "4.2", "reason": "A measurement."}
    for number in range(rounds):
        records = shown["annotations"]
        record = {**records[number * 7 % len(records)], "note": f"Note {number}."}
        started = time.process_time()
        shown = session.edit(doc_id, shown["version"], [{"put": record}], decision)
        edits.append(1000 * (time.process_time() - started))

        started = time.process_time()
        shown = session.undo(doc_id)
        undos.append(1000 * (time.process_time() - started))
    times[f"{name}: edit"] = edits
    times[f"{name}: undo"] = undos


# ---------------------------------------------------------------- tables


def format_table(title: str, times: Times) -> str:
    """Return a table with a row per kind of action."""
    rows = [
        f"| {title} | n | median | 95 % | last tenth / first |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for kind, values in times.items():
        tenth = max(len(values) // 10, 1)
        ratio = statistics.median(values[-tenth:]) / statistics.median(values[:tenth])
        median, most = statistics.median(values), _find_percentile(values, 0.95)
        rows.append(f"| {kind} | {len(values)} | {median:.0f} | {most:.0f} | {ratio:.2f} |")
    return "\n".join(rows)


def _find_percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="rounds of all actions of the page")
    rounds = parser.parse_args().rounds
    times, costs = measure_page(rounds)
    print(format_table("ms from action to paint", times), flush=True)
    print()
    print(format_table("ms of CPU, page and server", costs), flush=True)
    print()
    print(format_table("ms of CPU, server alone", measure_server(rounds)))


if __name__ == "__main__":
    main()
