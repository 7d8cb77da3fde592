// @ts-check
/* What the pages for reviews and decisions share: the bar, the text, and the fields of a record. */

import { render } from "../../page/render.js";
import { mainSpans } from "../../page/segments.js";
import { Refused, ask } from "./api.js";
import { button, byId, element, fill, shorten } from "./dom.js";
import { findAction, showKeys } from "./keys.js";
import { Picker, idFieldOf } from "./links.js";
import { Marking, highlight } from "./marking.js";
import { explain } from "./problems.js";

/** @typedef {import("./types.js").Annotation} Annotation */
/** @typedef {import("./types.js").Corpus} Corpus */
/** @typedef {import("./types.js").Doc} Doc */
/** @typedef {import("./keys.js").Binding} Binding */

const PLACE = "readout-place";

/** In how many frames the way to a place is measured again. */
const FRAMES = 4;

/** The keys of both pages. @type {Binding[]} */
export const DESK_KEYS = [
  { name: "next", key: "n" },
  { name: "previous", key: "p" },
  { name: "undo", key: "z", ctrl: true },
  { name: "redo", key: "y", ctrl: true },
  { name: "redo", key: "Z", ctrl: true },
  { name: "help", key: "?" },
];

export class Desk {
  /** @param {Corpus} corpus @param {Record<string, any>} words Those of the mode. */
  constructor(corpus, words) {
    this.corpus = corpus;
    this.words = words;
    /** @type {Doc | null} */
    this.doc = null;
    /** @type {import("../../page/render.js").Sheet | null} */
    this.sheet = null;
    /** @type {Marking | null} */
    this.marking = null;
    this.picker = new Picker(corpus.words.form, (sentence, kind) => this.say(sentence, kind));
    /** @type {Binding[]} */
    this.bindings = [];
    /** The frame in which the text is scrolled again. */
    this.frame = 0;
    document.title = words.title;
    this.state = element("p", { class: "state", role: "status" });
    this.title = element("h1", { dir: "auto" });
    const who = element("span", { class: "soft" }, fill(words.who, { annotator: this.corpus.annotator }));
    const { helpKey, skip } = corpus.words.app;
    const help = button("?", () => void this.help(), { "aria-label": helpKey, title: helpKey });
    /** Where a page puts its own buttons. */
    this.own = element("div", { class: "actions" });
    const actions = element("div", { class: "actions" }, this.own, help);
    this.bar = element("header", { class: "bar" }, this.title, who, this.state, actions);
    this.text = element("section", { class: "reading", id: "text", "aria-label": words.text });
    this.tools = element("aside", { class: "tools desk", "aria-label": words.title });
    byId("app").replaceChildren(
      element("a", { class: "skip", href: "#text" }, skip),
      this.bar,
      element("main", { class: "work" }, this.text, this.tools),
    );
  }

  /** Say something in the bar. @param {string} sentence @param {string} kind */
  say(sentence, kind = "") {
    this.state.textContent = sentence;
    this.state.className = `state ${kind}`;
  }

  /**
   * Send something that changes files; say that it is saved when the disk has it.
   *
   * @param {string} path @param {unknown} body
   * @returns {Promise<{answer: any, refusal: string[], codes: string[]}>} The answer is null if it
   *   was refused.
   */
  async send(path, body) {
    this.say(this.words.saving);
    try {
      const answer = await ask(path, body);
      this.say(this.words.saved, "saved");
      return { answer, refusal: [], codes: [] };
    } catch (error) {
      const refusal = this.explain(error);
      this.say(refusal.join(" "), "error");
      /** @type {import("./types.js").Problem[]} */
      const problems = (error instanceof Refused && error.answer?.problems) || [];
      return { answer: null, refusal, codes: problems.map((problem) => problem.code) };
    }
  }

  /** @param {unknown} error */
  explain(error) {
    return explain(error, this.words.unsaved);
  }

  /**
   * Show a document, and a place in it.
   *
   * @param {string} docId @param {number} start @param {number} end
   * @param {boolean} [anew] Read it again, since it may have changed.
   */
  async show(docId, start, end, anew = false) {
    if (anew || this.doc?.meta.doc_id !== docId) {
      this.adopt(/** @type {Doc} */ (await ask(`api/document/${encodeURIComponent(docId)}`)));
    }
    this.reveal(start, end);
  }

  /** Show a place in the text. @param {number} start @param {number} end */
  reveal(start, end) {
    if (!this.sheet) return;
    highlight(this.sheet, PLACE, [{ start, end }]);
    this.scrollTo(this.sheet.rangeOf(start, end), FRAMES);
  }

  /**
   * Scroll to the first line of a range. Paragraphs get their height when they come near, and the
   * names above them a frame later, so the way is measured again in the next frames.
   *
   * @param {Range} range @param {number} frames
   */
  scrollTo(range, frames) {
    const [line] = range.getClientRects();
    if (!line) return;
    // On a narrow screen the tools lie over the lower part of the text.
    const isCovered = getComputedStyle(this.tools).position === "fixed";
    const top = this.bar.getBoundingClientRect().bottom;
    const bottom = isCovered ? this.tools.getBoundingClientRect().top : innerHeight;
    scrollBy({ top: line.top - (top + (bottom - top) / 3) });
    cancelAnimationFrame(this.frame);
    if (frames) this.frame = requestAnimationFrame(() => this.scrollTo(range, frames - 1));
  }

  /** Draw a document, or only what changed if its text is drawn already. @param {Doc} doc */
  adopt(doc) {
    const before = this.doc;
    this.doc = doc;
    const { text, paragraphs, annotations, meta } = doc;
    const { registries, words } = this.corpus;
    this.title.textContent = meta.title ?? meta.doc_id;
    if (this.sheet && before?.meta.doc_id === meta.doc_id && before?.text === text) {
      this.sheet.update({ annotations, registries });
      return;
    }
    this.marking?.stop();
    const root = element("div", { lang: meta.language ?? "" });
    this.text.replaceChildren(root);
    const drawing = { text, paragraphs, annotations, suggestions: [], registries, words: words.text };
    const named = { language: meta.language, name: words.app.gold };
    const pick = (/** @type {string[]} */ ids) => !this.sheet || this.picker.pick(this.sheet, ids);
    this.sheet = render(root, { ...drawing, ...named }, { pick });
    this.marking = new Marking(this.sheet, meta.language ?? "en", () => undefined);
  }

  /** Return the fields of a type that say something, in order. @param {string} type */
  fieldsOf(type) {
    const roles = this.corpus.roles[type];
    return Object.keys(roles).filter((name) => !["id", "text", "key"].includes(roles[name].kind));
  }

  /** @param {string} field */
  nameOf(field) {
    return this.corpus.words.form.fields[field] ?? field;
  }

  /** Return the value of a field in words. @param {Annotation} record @param {string} field */
  valueOf(record, field) {
    const role = this.corpus.roles[record.type][field];
    const value = record[field];
    if (value === undefined || value === null || (Array.isArray(value) && !value.length)) return "—";
    const values = Array.isArray(value) ? value : [value];
    return values.map((/** @type {any} */ each) => this.nameValue(field, role, each)).join(" · ");
  }

  /**
   * @param {string} field @param {import("./types.js").Role} role @param {any} value
   * @returns {string}
   */
  nameValue(field, role, value) {
    if (role.kind === "spans") return `“${shorten(value.exact)}”`;
    if (role.kind === "entry") {
      const entries = this.corpus.registries[role.of] ?? [];
      const found = entries.find((each) => each[idFieldOf(role.of)] === value);
      return found ? String(found.name ?? found.label) : String(value);
    }
    if (role.kind === "annotation") {
      const other = this.doc?.annotations.find((each) => each.id === value);
      const [span] = other ? mainSpans(/** @type {any} */ (other)) : [];
      return span?.exact ? `“${shorten(span.exact)}”` : String(value);
    }
    return this.corpus.words.form.values[field]?.[value] ?? String(value);
  }

  /**
   * Return fields of a record as a list.
   *
   * @param {Annotation} record @param {string[]} [fields]
   */
  factsOf(record, fields = this.fieldsOf(record.type)) {
    const facts = element("dl", { class: "facts" });
    const add = (/** @type {string} */ field, /** @type {string} */ value) => {
      const name = element("dt", {}, this.nameOf(field));
      facts.append(element("div", {}, name, element("dd", { dir: "auto" }, value)));
    };
    for (const field of fields) {
      const value = this.valueOf(record, field);
      if (value !== "—") add(field, value);
    }
    if (record.note) add("note", record.note);
    return facts;
  }

  /** Return how far one is. @param {number} done @param {number} total */
  progress(done, total) {
    const said = fill(this.words.progress, { done, total });
    const bar = element("progress", { max: Math.max(total, 1), value: done, "aria-label": said });
    return element("div", { class: "progress" }, element("p", { class: "soft count" }, said), bar);
  }

  /** Go on reading at a heading, so that a screen reader says what is new. @param {HTMLElement} heading */
  announce(heading) {
    heading.tabIndex = -1;
    // Who is writing goes on writing.
    if (!document.activeElement?.closest("textarea, input, select")) {
      heading.focus({ preventScroll: true });
    }
  }

  /**
   * Let keys act, except in fields, while composing, and while a dialog is open.
   *
   * @param {Binding[]} bindings @param {(action: string, key: string) => unknown} act
   */
  listen(bindings, act) {
    this.bindings = bindings;
    addEventListener("keydown", (event) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      const action = findAction(event, bindings);
      if (!action) return;
      event.preventDefault();
      if (action === "help") void this.help();
      else if (action === "byCharacter") this.selectByCharacter();
      else act(action, event.key);
    });
  }

  selectByCharacter() {
    if (this.marking) this.say(this.marking.switchUnit(this.corpus.words.marking));
  }

  help() {
    const { words } = this.corpus;
    const names = { ...words.keys, ...this.words.keys };
    return showKeys(words, names, this.words.gestures, this.bindings);
  }

  /** Look at the files again when the reader comes back to the page. @param {() => void} look */
  onReturn(look) {
    addEventListener("focus", look);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) look();
    });
  }
}

/**
 * @typedef {{doc_id: string, number?: number | null}} Step A step that was saved in a document. With
 *   its number, it is taken back even if another window went on after it.
 */

/** The steps that were made on a page, to take them back and to repeat them. @template {Step} Made */
export class Steps {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Record<"undo" | "redo", Made[]>} The next one to undo, or to redo, last. */
    this.known = { undo: [], redo: [] };
  }

  /** @param {Made} step Without a number if it changed nothing. */
  add(step) {
    if (!step.number) return;
    this.known.undo.push(step);
    this.known.redo = [];
  }

  /**
   * Take the last step back, or repeat it; return the step and the answer, or null if there is none.
   *
   * After the page was loaded again, the server still knows the steps in the document that is shown.
   *
   * @param {"undo" | "redo"} way @param {Made | null} shown Names the document that is shown.
   * @returns {Promise<{step: Made, answer: any} | null>}
   */
  async revert(way, shown) {
    const step = this.known[way].at(-1) ?? (this.desk.doc?.[way] ? shown : null);
    if (!step) return null;
    const path = `api/document/${encodeURIComponent(step.doc_id)}/${way}`;
    const { answer, codes } = await this.desk.send(path, { step: step.number ?? null });
    if (answer || codes.includes("no-such-step")) this.known[way].pop();
    if (!answer) return null;
    this.known[way === "undo" ? "redo" : "undo"].push(step);
    return { step, answer };
  }
}

/** Return a button that shows its key. @param {string} label @param {string} key @param {() => void} act */
export function keyed(label, key, act) {
  const made = button(label, act, { "aria-keyshortcuts": key });
  made.append(" ", element("kbd", { "aria-hidden": "true" }, key));
  return made;
}
