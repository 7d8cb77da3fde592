// @ts-check
/* Words that the reader selects in the text, by mouse, touch or keys. They are kept as code points, so
   that drawing the text again does not lose them. */

import { Words, snap, unite } from "./selection.js";

/** @typedef {import("./selection.js").Bounds} Bounds */
/** @typedef {import("../../page/render.js").Sheet} Sheet */

const SELECTED = "readout-selected";
const CURSOR = "readout-cursor";
const MODIFIERS = /** @type {const} */ (["ctrlKey", "metaKey"]);
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u;

/**
 * Return the code point at a place of the window, or null.
 *
 * @param {Sheet} sheet @param {number} x @param {number} y
 */
export function pointAt(sheet, x, y) {
  /** @type {any} */
  const page = document;
  if (page.caretPositionFromPoint) {
    const place = page.caretPositionFromPoint(x, y);
    return place && sheet.at(place.offsetNode, place.offset);
  }
  const range = page.caretRangeFromPoint?.(x, y);
  return range ? sheet.at(range.startContainer, range.startOffset) : null;
}

/**
 * Show spans of the text without changing the page's elements.
 *
 * @param {Sheet} sheet @param {string} name @param {Bounds[]} bounds
 */
export function highlight(sheet, name, bounds) {
  /** @type {any} */
  const registry = CSS;
  /** @type {any} */
  const global = globalThis;
  if (!registry.highlights || !global.Highlight) return;
  // To set a highlight costs a look at the style of the whole page, even if it is empty.
  if (!bounds.length && !registry.highlights.get(name)?.size) return;
  const ranges = bounds.map((each) => sheet.rangeOf(each.start, each.end));
  registry.highlights.set(name, new global.Highlight(...ranges));
}

export class Marking {
  /**
   * @param {Sheet} sheet
   * @param {string} language
   * @param {() => void} changed
   */
  constructor(sheet, language, changed) {
    this.sheet = sheet;
    this.points = sheet.points;
    this.words = new Words(sheet.points, language);
    this.changed = changed;
    /** @type {Bounds[]} Spans that further ones are added to. */
    this.kept = [];
    /** @type {Bounds | null} */
    this.current = null;
    this.refine = false;
    this.byCharacter = false;
    /** Where a selection by keys began, and where it is. */
    this.anchor = 0;
    /** @type {number | null} */
    this.focus = null;
    /** @type {Promise<unknown>} Resolves when the pointer is up: words that are drawn anew meanwhile
     * would move the start of the selection. */
    this.released = Promise.resolve();
    this.stopping = new AbortController();
    this.listen();
  }

  listen() {
    const signal = this.stopping.signal;
    const options = { signal };
    document.addEventListener("selectionchange", () => this.read(), options);
    const text = this.sheet.text;
    text.addEventListener("pointerdown", (event) => this.press(event), options);
    text.addEventListener("pointermove", (event) => this.hold(event), options);
    text.addEventListener("keydown", (event) => this.key(event), options);
  }

  stop() {
    this.stopping.abort();
    highlight(this.sheet, SELECTED, []);
    highlight(this.sheet, CURSOR, []);
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0) return;
    this.refine = event.altKey;
    if (MODIFIERS.some((key) => event[key])) this.keep();
    this.focus = null;
    this.released = new Promise((resolve) => {
      const options = { once: true };
      for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, resolve, options);
    });
  }

  /**
   * Select by character, or by word again; return what to say.
   *
   * @param {{byCharacter: string, byWord: string}} words
   */
  switchUnit(words) {
    this.byCharacter = !this.byCharacter;
    return this.byCharacter ? words.byCharacter : words.byWord;
  }

  /** @param {PointerEvent} event */
  hold(event) {
    if (!event.buttons || event.altKey === this.refine) return;
    this.refine = event.altKey;
    this.read();
  }

  /** Read the selection of the page; one outside the text leaves the selected words as they are. */
  read() {
    const selection = getSelection();
    if (!selection || !selection.rangeCount || !selection.anchorNode) return;
    if (!this.sheet.text.contains(selection.getRangeAt(0).startContainer)) return;

    /** @type {Bounds[]} */
    const found = [];
    // Firefox selects several ranges with Ctrl.
    for (let number = 0; number < selection.rangeCount; number += 1) {
      const range = selection.getRangeAt(number);
      const start = this.sheet.at(range.startContainer, range.startOffset);
      // A triple click in the last paragraph may end behind the text.
      const end = this.sheet.at(range.endContainer, range.endOffset) ?? this.points.length;
      const bounds =
        start === null || range.collapsed ? null : snap(this.words, start, end, this.fine());
      if (bounds) found.push(bounds);
    }
    if (!found.length && !this.current) return;
    this.current = found.at(-1) ?? null;
    this.kept = unite([...this.kept, ...found.slice(0, -1)]);
    this.focus = null;
    this.show();
  }

  fine() {
    return this.refine || this.byCharacter;
  }

  /** @returns {import("./types.js").Span[]} */
  spans() {
    const bounds = unite([...this.kept, ...(this.current ? [this.current] : [])]);
    return bounds.map(({ start, end }) => ({ start, end, exact: this.points.slice(start, end) }));
  }

  /** Keep the selected words, so that the next ones are added to them. */
  keep() {
    if (!this.current) return;
    this.kept = unite([...this.kept, this.current]);
    this.current = null;
    this.show();
  }

  /** Return the selected words, and select nothing. */
  take() {
    const spans = this.spans();
    if (spans.length) this.clear();
    return spans;
  }

  clear() {
    this.kept = [];
    this.current = null;
    this.focus = null;
    this.byCharacter = false;
    this.refine = false;
    const selection = getSelection();
    if (selection?.anchorNode && this.sheet.text.contains(selection.anchorNode)) {
      selection.removeAllRanges();
    }
    this.show();
  }

  /** Select words that were found otherwise. @param {Bounds} bounds */
  select(bounds) {
    this.current = bounds;
    this.anchor = bounds.start;
    this.focus = bounds.end;
    this.show();
    this.reveal(bounds.start);
  }

  /** Move an edge of the selected words by one word or character. @param {"start" | "end"} edge
   * @param {1 | -1} direction @param {boolean} byCharacter */
  move(edge, direction, byCharacter) {
    if (!this.current) return;
    this.current = moveEdge(this.words, this.current, edge, direction, byCharacter);
    this.show();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.isComposing) return;
    const place = this.findTarget(event);
    if (place === null) return;
    event.preventDefault();
    if (!event.shiftKey) this.anchor = place;
    this.focus = place;
    getSelection()?.removeAllRanges();
    // Whole words in both directions: an anchor before a word, taken backwards, is its end.
    const refine = event.altKey || this.byCharacter;
    this.current = event.shiftKey ? snap(this.words, this.anchor, place, refine) : null;
    this.show();
    this.reveal(place);
  }

  /** @param {KeyboardEvent} event @returns {number | null} Where an arrow key leads. */
  findTarget(event) {
    const arrows = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];
    if (!arrows.includes(event.key)) return null;
    const from = this.focus ?? this.current?.end ?? this.findStart();
    if (event.key === "Home" || event.key === "End") return this.findLine(from, event.key);
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      return this.findBeside(from, event.key === "ArrowDown" ? 1 : -1);
    }
    if (this.focus === null && !event.shiftKey) return from;

    const forward = (event.key === "ArrowRight") !== this.isRightToLeft(from);
    const direction = forward ? 1 : -1;
    if (event.altKey || this.byCharacter) {
      return Math.min(Math.max(from + direction, 0), this.points.length);
    }
    return this.words.step(from, direction, event.shiftKey && forward ? "end" : "start");
  }

  /** @returns {number} Where a selection by keys begins: at what is chosen, or in sight. */
  findStart() {
    if (this.sheet.chosen) return this.sheet.chosen.start;
    const box = this.sheet.text.getBoundingClientRect();
    const top = Math.max(box.top, 0) + 20;
    return pointAt(this.sheet, box.left + 20, top) ?? 0;
  }

  /** @param {number} from @param {string} key */
  findLine(from, key) {
    const text = this.points.text;
    const units = this.points.toUnit(from);
    const before = units === 0 ? 0 : text.lastIndexOf("\n", units - 1) + 1;
    const after = text.indexOf("\n", units);
    if (key === "Home") return this.points.toPoint(before);
    return this.points.toPoint(after < 0 ? text.length : after);
  }

  /** @param {number} from @param {1 | -1} direction @returns {number} The place one line away. */
  findBeside(from, direction) {
    const last = Math.max(this.points.length - 1, 0);
    const box = this.sheet.rangeOf(Math.min(from, last), Math.min(from + 1, last + 1));
    const { left, top, bottom, height } = box.getBoundingClientRect();
    for (let lines = 1; lines <= 4; lines += 1) {
      const away = lines * Math.max(height, 12);
      const y = direction > 0 ? bottom + away : top - away;
      const found = pointAt(this.sheet, left + 1, y);
      if (found !== null && (found - from) * direction > 0) return found;
    }
    const line = this.findLine(from, direction > 0 ? "End" : "Home");
    return Math.min(Math.max(line + direction, 0), this.points.length);
  }

  /** @param {number} point */
  isRightToLeft(point) {
    const [start, end] = [this.findLine(point, "Home"), this.findLine(point, "End")];
    const letter = this.points.slice(start, end).match(/\p{L}/u);
    return letter !== null && RIGHT_TO_LEFT.test(letter[0]);
  }

  /** @param {number} point */
  reveal(point) {
    const { node } = this.sheet.nodeAt(point, false) ?? {};
    if (!node) return;
    const last = Math.min(point + 1, this.points.length);
    const box = this.sheet.rangeOf(Math.max(last - 1, 0), last).getBoundingClientRect();
    if (box.top < 80 || box.bottom > innerHeight - 40) {
      scrollBy({ top: box.top - innerHeight / 2 });
    }
  }

  show() {
    highlight(this.sheet, SELECTED, this.spans());
    const word = this.focus === null || this.current ? null : this.wordAt(this.focus);
    highlight(this.sheet, CURSOR, word ? [word] : []);
    this.changed();
  }

  /** @param {number} point @returns {Bounds} */
  wordAt(point) {
    const word = this.words.around(point).find((each) => each.start <= point && point < each.end);
    return word ?? { start: point, end: Math.min(point + 1, this.points.length) };
  }
}

/**
 * Return bounds with one edge moved; they keep at least one character.
 *
 * @param {Words} words @param {Bounds} bounds @param {"start" | "end"} edge
 * @param {1 | -1} direction @param {boolean} byCharacter
 * @returns {Bounds}
 */
export function moveEdge(words, bounds, edge, direction, byCharacter) {
  const place = bounds[edge];
  const moved = byCharacter ? place + direction : words.step(place, direction, edge);
  if (edge === "start") return { start: Math.max(Math.min(moved, bounds.end - 1), 0), end: bounds.end };
  const last = words.points.length;
  return { start: bounds.start, end: Math.min(Math.max(moved, bounds.start + 1), last) };
}
