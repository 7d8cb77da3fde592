// @ts-check
/* What the pages for reviews and decisions share: the bar, the text, and the fields of a record. */

import { render } from "../../page/render.js";
import { ask, Refused } from "./api.js";
import { button, byId, element, fill } from "./dom.js";

/** @typedef {import("./types.js").Annotation} Annotation */
/** @typedef {import("./types.js").Corpus} Corpus */
/** @typedef {import("./types.js").Doc} Doc */

const PLACE = "readout-selected";
const FIELDS = "input, textarea, select, [contenteditable]";

export class Desk {
  /** @param {Corpus} corpus @param {Record<string, any>} words Those of the mode. */
  constructor(corpus, words) {
    this.corpus = corpus;
    this.words = words;
    /** @type {Doc | null} */
    this.doc = null;
    /** @type {any} */
    this.sheet = null;
    document.title = words.title;
    this.state = element("p", { class: "state", role: "status" });
    this.title = element("h1", { dir: "auto" });
    const who = element("span", { class: "soft" }, fill(words.who, { annotator: this.corpus.annotator }));
    this.actions = element("div", { class: "actions" });
    const bar = element("header", { class: "bar" }, this.title, who, this.state, this.actions);
    this.text = element("section", { class: "reading", id: "text", "aria-label": words.text });
    this.tools = element("aside", { class: "tools desk", "aria-label": words.title });
    byId("app").replaceChildren(bar, element("main", { class: "work" }, this.text, this.tools));
  }

  /** Say something in the bar. @param {string} sentence @param {"saved" | "error" | ""} kind */
  say(sentence, kind = "") {
    this.state.textContent = sentence;
    this.state.className = `state ${kind}`;
  }

  /**
   * Send something that changes files; say that it is saved when the disk has it.
   *
   * @param {string} path @param {unknown} body @returns {Promise<any>} Null if it was refused.
   */
  async send(path, body) {
    this.say(this.words.saving);
    try {
      const answer = await ask(path, body);
      this.say(this.words.saved, "saved");
      return answer;
    } catch (error) {
      const problems = error instanceof Refused ? (error.answer?.problems ?? []) : [];
      const said = problems.map((/** @type {any} */ each) => [each.sentence, each.hint].filter(Boolean).join(" "));
      this.say(said.join(" ") || this.words.unsaved, "error");
      return null;
    }
  }

  /**
   * Show a document, and a place in it.
   *
   * @param {string} docId @param {number} start @param {number} end @param {string} [id]
   * @param {boolean} [anew] Read it again, since it changed.
   */
  async show(docId, start, end, id = "", anew = false) {
    if (anew || this.doc?.meta.doc_id !== docId) {
      this.doc = /** @type {Doc} */ (await ask(`api/document/${encodeURIComponent(docId)}`));
      const { text, paragraphs, annotations, meta } = this.doc;
      this.text.lang = meta.language ?? "";
      this.sheet = render(this.text, {
        text,
        paragraphs,
        annotations,
        suggestions: [],
        registries: this.corpus.registries,
        words: this.corpus.words.text,
        language: meta.language,
        name: this.corpus.words.app.gold,
      });
      this.title.textContent = meta.title ?? docId;
    }
    if (id) this.sheet.choose(id);
    const range = this.sheet.rangeOf(start, end);
    if ("highlights" in CSS) CSS.highlights.set(PLACE, new Highlight(range));
    range.startContainer.parentElement?.scrollIntoView({ block: "center" });
  }

  /** Return the words that are selected in the text as a span, or null. */
  selected() {
    const selection = getSelection();
    if (!this.doc || !selection?.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    if (!this.text.contains(range.commonAncestorContainer)) return null;
    const points = [...this.doc.text];
    let start = this.sheet.at(range.startContainer, range.startOffset);
    let end = this.sheet.at(range.endContainer, range.endOffset);
    while (start < end && /\s/u.test(points[start])) start += 1;
    while (end > start && /\s/u.test(points[end - 1])) end -= 1;
    return start < end ? { start, end, exact: points.slice(start, end).join("") } : null;
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
    return values.map((/** @type {any} */ each) => this.nameValue(role, each)).join(" · ");
  }

  /** @param {import("./types.js").Role} role @param {any} value @returns {string} */
  nameValue(role, value) {
    if (role.kind === "spans") return `“${value.exact}” (${value.start}–${value.end})`;
    if (role.kind === "entry") {
      const entries = this.corpus.registries[role.of] ?? [];
      const found = entries.find((each) => Object.values(each)[0] === value);
      return found ? String(found.name ?? found.label) : String(value);
    }
    if (role.kind === "annotation") {
      const other = this.doc?.annotations.find((each) => each.id === value);
      const span = other && [other.span, other.content?.[0]].find(Boolean);
      return span ? `“${span.exact}”` : String(value);
    }
    return String(value);
  }

  /** Return the fields of a record as a list. @param {Annotation} record */
  factsOf(record) {
    const facts = element("dl", { class: "facts" });
    for (const field of this.fieldsOf(record.type)) {
      const value = this.valueOf(record, field);
      if (value !== "—") {
        facts.append(element("dt", {}, this.nameOf(field)), element("dd", { dir: "auto" }, value));
      }
    }
    if (record.note) facts.append(element("dt", {}, this.nameOf("note")), element("dd", { dir: "auto" }, record.note));
    return facts;
  }

  /** Return how far one is. @param {number} done @param {number} total */
  progress(done, total) {
    const said = fill(this.words.progress, { done, total });
    const bar = element("progress", { max: Math.max(total, 1), value: done, "aria-label": said });
    return element("div", {}, element("p", { class: "soft count" }, said), bar);
  }

  /**
   * Let keys act, except in fields, while composing, and with Ctrl or Alt.
   *
   * @param {Record<string, () => void>} keys
   */
  listen(keys) {
    addEventListener("keydown", (event) => {
      if (event.isComposing || event.keyCode === 229 || event.altKey) return;
      const target = /** @type {Element} */ (event.target);
      const ctrl = event.ctrlKey || event.metaKey;
      if (target instanceof Element && target.closest(FIELDS) && !ctrl) return;
      const act = keys[ctrl ? `Ctrl+${event.key}` : event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
  }
}

/** Return a button that shows its key. @param {string} label @param {string} key @param {() => void} act */
export function keyed(label, key, act) {
  const made = button(label, act, { "aria-keyshortcuts": key });
  made.append(" ", element("kbd", { "aria-hidden": "true" }, key));
  return made;
}
