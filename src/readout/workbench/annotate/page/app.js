// @ts-check
/* The annotate page: the bar, the list of documents, the keys. */

import { ask } from "./api.js";
import { button, byId, element, fill } from "./dom.js";
import { Editor } from "./editor.js";
import { findAction, showKeys } from "./keys.js";
import { Log } from "./log.js";
import { explain } from "./problems.js";

/** @typedef {import("./types.js").Corpus} Corpus */

class App {
  /** @param {Corpus} corpus */
  constructor(corpus) {
    this.corpus = corpus;
    this.words = corpus.words;
    this.log = new Log();
    /** @type {Editor | null} */
    this.editor = null;
    this.opening = 0;
    this.draw();
    this.listen();
  }

  draw() {
    const words = this.words.app;
    const { layer, annotator } = this.corpus;
    document.title = words.title;
    const layerName = layer === "gold" ? words.gold : layer;
    const who = fill(words.layer, { layer: layerName, annotator });
    this.title = element("h1", { dir: "auto" });
    this.documents = element("details", { class: "documents" });
    this.undo = button(words.undo, () => void this.editor?.revert("undo"), { class: "undo" });
    this.redo = button(words.redo, () => void this.editor?.revert("redo"), { class: "redo" });
    this.state = element("p", { class: "state", role: "status" });
    const help = button("?", () => void this.help(), {
      "aria-label": words.helpKey,
      title: words.helpKey,
    });
    const bar = element("header", { class: "bar" }, this.documents, this.title);
    bar.append(element("span", { class: "soft", title: layer !== "gold" && words.local }, who), this.state);
    bar.append(element("div", { class: "actions" }, this.undo, this.redo, help));

    this.text = element("section", { class: "reading", id: "text", "aria-label": words.text });
    this.tools = element("aside", { class: "tools", "aria-label": words.tools });
    const skip = element("a", { class: "skip", href: "#text" }, words.skip);
    byId("app").replaceChildren(
      skip,
      bar,
      element("main", { class: "work" }, this.text, this.tools),
    );
    this.drawDocuments();
  }

  drawDocuments() {
    const words = this.words.app;
    const all = this.corpus.documents;
    const list = element("ul", { class: "items" });
    for (const each of all) {
      const open = button(each.title ?? each.doc_id, () => void this.open(each.doc_id), {
        class: "item",
        dir: "auto",
      });
      open.setAttribute("aria-current", String(each.doc_id === this.editor?.name));
      const said = fill(words.counts, { count: sum(each.counts) });
      const status = each.annotated && sum(each.counts) ? `${each.annotated} · ` : "";
      list.append(element("li", {}, open, element("small", {}, status + said)));
    }
    const summary = element("summary", {}, `${words.documents} · ${this.progress()}`);
    this.documents?.replaceChildren(summary, list);
  }

  /** Return how far the layer is: only of gold is it recorded whether a text is complete. */
  progress() {
    const { documents, layer } = this.corpus;
    const begun = documents.filter((each) => sum(each.counts));
    const isGold = layer === "gold";
    const done = isGold ? begun.filter((each) => each.annotated === "complete") : begun;
    const words = isGold ? this.words.app.progress : this.words.app.begun;
    return fill(words, { done: done.length, all: documents.length });
  }

  listen() {
    addEventListener("keydown", (event) => {
      if (document.querySelector("dialog[open]")) return;
      const action = event.defaultPrevented ? null : findAction(event);
      if (action && this.act(action)) event.preventDefault();
    });
    addEventListener("focus", () => void this.editor?.refresh());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.editor?.refresh();
    });
    addEventListener("hashchange", () => void this.open(this.named()));
    addEventListener("beforeunload", (event) => {
      if (this.editor?.waiting || this.editor?.isPressing) event.preventDefault();
    });
  }

  /** @param {string} action */
  act(action) {
    if (action === "help") void this.help();
    else if (action === "nextDocument") this.step(1);
    else if (action === "previousDocument") this.step(-1);
    else return this.editor?.act(action) ?? false;
    return true;
  }

  /** @returns {string} The document that the address names, or the first one. */
  named() {
    const name = decodeURIComponent(location.hash.slice(1));
    const known = this.corpus.documents.some((each) => each.doc_id === name);
    return known ? name : (this.corpus.documents[0]?.doc_id ?? "");
  }

  /** @param {1 | -1} direction */
  step(direction) {
    const names = this.corpus.documents.map((each) => each.doc_id);
    const at = names.indexOf(this.editor?.name ?? "");
    void this.open(names[(at + direction + names.length) % names.length]);
  }

  /** @param {string} name */
  async open(name) {
    if (!name || name === this.editor?.name) return;
    this.opening += 1;
    const turn = this.opening;
    // What still waits is about the text that is left.
    await this.editor?.settle();
    this.tell(this.words.app.loading, "saving");
    let doc;
    try {
      doc = await ask(`api/document/${encodeURIComponent(name)}`);
    } catch (error) {
      const unreachable = fill(this.words.app.unreachable, { port: location.port });
      if (turn === this.opening) this.tell(explain(error, unreachable).join(" "), "error");
      return;
    }
    if (turn !== this.opening) return;
    this.editor?.close();
    this.editor?.stop();
    history.replaceState(null, "", `#${encodeURIComponent(name)}`);
    if (this.title) this.title.textContent = doc.meta.title ?? name;
    if (this.documents) this.documents.open = false;
    const [text, tools] = [this.text, this.tools];
    if (!text || !tools) return;
    const root = element("div");
    text.replaceChildren(root);
    const tell = this.tell.bind(this);
    this.editor = new Editor(this.corpus, name, doc, root, tools, tell, (editor) =>
      this.show(editor),
    );
    this.tell("", "");
    this.drawDocuments();
    scrollTo(0, 0);
    this.editor.sheet.text.focus({ preventScroll: true });
  }

  /** @param {Editor} editor */
  show(editor) {
    const { undo, redo, annotations } = editor.doc;
    if (this.undo) this.undo.disabled = !undo;
    if (this.redo) this.redo.disabled = !redo;
    const entry = this.corpus.documents.find((each) => each.doc_id === editor.name);
    if (!entry) return;
    /** @type {Record<string, number>} */
    const counts = {};
    for (const each of annotations) counts[each.type] = (counts[each.type] ?? 0) + 1;
    entry.counts = counts;
    this.drawDocuments();
  }

  /** @param {string} message @param {string} kind */
  tell(message, kind) {
    if (!this.state) return;
    this.state.className = `state ${kind}`;
    this.state.textContent = message;
  }

  help() {
    return showKeys(this.words, this.words.keys, this.words.gestures);
  }
}

/** @param {Record<string, number>} counts */
function sum(counts) {
  return Object.values(counts).reduce((all, count) => all + count, 0);
}

const corpus = /** @type {Corpus} */ (await ask("api/corpus"));
const app = new App(corpus);
// Tests read what the reader did and how long the page took.
/** @type {any} */ (globalThis).readout = app;
await app.open(app.named());
