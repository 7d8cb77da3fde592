// @ts-check
/* One open document: its text, what is selected and chosen, the form, and the saving of edits. */

import { factsOf } from "../../page/facts.js";
import { drawLegend, drawTable } from "../../page/overview.js";
import { render } from "../../page/render.js";
import { listSpans, mainSpans } from "../../page/segments.js";
import { Refused, ask } from "./api.js";
import { askConflict, askDecision, askRemoval } from "./dialogs.js";
import { button, element, fill } from "./dom.js";
import { Drafts } from "./drafts.js";
import { Edges } from "./edges.js";
import { makeEntry } from "./entries.js";
import { Form } from "./form.js";
import { Ghosts } from "./ghosts.js";
import { Picker, listAnnotations, listEntries, placeOf } from "./links.js";
import { Marking, highlight, moveEdge } from "./marking.js";
import { Problems, explain } from "./problems.js";
import { findWords } from "./selection.js";

/** @typedef {import("./types.js").Annotation} Annotation */
/** @typedef {import("./types.js").Corpus} Corpus */
/** @typedef {import("./types.js").Decision} Decision */
/** @typedef {import("./types.js").Doc} Doc */
/** @typedef {import("./types.js").Edit} Edit */
/** @typedef {import("./types.js").Problem} Problem */
/** @typedef {import("./types.js").Role} Role */
/** @typedef {import("./types.js").Span} Span */
/** @typedef {import("./drafts.js").Draft} Draft */
/** @typedef {import("../../page/render.js").Sheet} Sheet */

/** The field of each type that takes the words with which a new annotation is made. */
const MAIN_FIELDS = /** @type {Record<string, string>} */ ({
  mention: "span",
  quote: "content",
  topic: "spans",
  stance: "evidence",
  boilerplate: "span",
});

const TYPES = Object.keys(MAIN_FIELDS);

/** The name of the highlight on the words that the open form has. */
const WRITTEN = "readout-written";

/** The key of the draft of a decision: there is one. */
const LAST = "last";

/** Keys that move an edge: the edge, the direction, whether by character. */
const MOVES = /** @type {Record<string, ["start" | "end", 1 | -1, boolean]>} */ ({
  startEarlier: ["start", -1, false],
  startLater: ["start", 1, false],
  endEarlier: ["end", -1, false],
  endLater: ["end", 1, false],
  startEarlierByCharacter: ["start", -1, true],
  startLaterByCharacter: ["start", 1, true],
  endEarlierByCharacter: ["end", -1, true],
  endLaterByCharacter: ["end", 1, true],
});

export class Editor {
  /**
   * @param {Corpus} corpus
   * @param {string} name The id of the document.
   * @param {Doc} doc
   * @param {HTMLElement} text Where the text is drawn.
   * @param {HTMLElement} tools Where everything else is drawn.
   * @param {(message: string, kind: string) => void} tell
   * @param {(editor: Editor) => void} changed
   */
  constructor(corpus, name, doc, text, tools, tell, changed) {
    this.corpus = corpus;
    this.words = corpus.words;
    this.name = name;
    this.doc = doc;
    /** @type {Map<number, Doc>} The document after each number of steps, to show what undo will. */
    this.seen = new Map([[doc.undo, doc]]);
    /** The document that is drawn: `doc`, or what it is expected to become. */
    this.shown = doc;
    this.tell = tell;
    this.changed = changed;
    this.address = `api/document/${encodeURIComponent(name)}`;
    /** @type {Drafts<Draft>} */
    this.drafts = new Drafts(`${corpus.layer} ${name}`);
    /** @type {Form | null} */
    this.form = null;
    /** @type {Draft | null} */
    this.draft = null;
    this.picker = new Picker(this.words.form, tell);
    /** @type {Drafts<Decision & {key: string}>} The last decision, also if it is half-written. */
    this.decisions = new Drafts(`decision ${name}`);
    /** @type {Promise<unknown>} */
    this.queue = Promise.resolve();
    this.waiting = 0;
    /** @type {(() => unknown)[]} What keys ask for that were pressed before a change was saved. */
    this.pressed = [];
    this.isPressing = false;
    this.number = 0;
    /** @type {Set<string>} The types that are not shown. */
    this.hidden = new Set();

    this.sheet = render(text, this.drawing(), {
      choose: () => this.showChosen(),
      pick: (ids) => this.picker.pick(this.sheet, ids),
    });
    const language = doc.meta.language ?? "en";
    this.marking = new Marking(this.sheet, language, () => this.showSelected());
    this.edges = new Edges(this.sheet, this.marking.words, (part, span, moved) =>
      void this.inTurn(() => this.moveSpan(part, span, moved)),
    );
    // Keys that wait are about what was chosen before.
    text.addEventListener("pointerdown", () => this.dropPressed(), { capture: true });
    this.makeTools(tools);
    this.showAll();
  }

  drawing(doc = this.doc) {
    const { text, paragraphs, annotations, suggestions, problems, meta } = doc;
    const words = this.words.text ?? {};
    const { registries, layer } = this.corpus;
    const marked = /** @type {any[]} */ (problems.filter((each) => Number.isInteger(each.start)));
    const name = layer === "gold" ? this.words.app.gold : layer;
    return {
      text,
      paragraphs,
      annotations,
      suggestions,
      problems: marked,
      registries,
      words,
      language: meta.language,
      name,
    };
  }

  stop() {
    this.marking.stop();
    this.edges.stop();
  }

  /* What is beside the text. */

  /** @param {HTMLElement} tools */
  makeTools(tools) {
    this.selectedBox = element("section", { class: "selected" });
    this.formBox = element("div", { class: "forms" });
    this.chosenBox = element("section", { class: "chosen-box" });
    this.draftBox = element("section", { class: "drafts" });
    this.ghosts = new Ghosts(this.words, {
      look: (id) => this.sheet.choose(id),
      acceptAll: (ids) => void this.acceptAll(ids),
      make: () => void this.suggest(),
    });
    this.problems = new Problems(this.words.problems, {
      look: (problem) => this.look(problem),
      keep: (problem) => this.keepWithNote(problem),
    });
    this.listTitle = element("summary", {}, this.words.list.title);
    this.listBox = element("ul", { class: "items" });
    this.listRoot = element("details", { class: "list" }, this.listTitle, this.listBox);
    this.listRoot.addEventListener("toggle", () => this.showList());
    this.holdersBox = element("section", { class: "overview" });
    /** @type {string} the stances that the table shows */
    this.holdersState = "";
    tools.replaceChildren(
      this.selectedBox,
      this.formBox,
      this.chosenBox,
      this.draftBox,
      this.problems.root,
      this.ghosts.root,
      this.makeFinder(),
      this.makeFilter(),
      this.listRoot,
      this.holdersBox,
      drawLegend(this.words.text ?? {}),
    );
  }

  /** Return the types of annotations that are shown, to choose from, with their counts. */
  makeFilter() {
    const root = element("details", { class: "filter" });
    this.filterBox = element("div", { class: "labels" });
    root.append(element("summary", {}, this.words.list.show), this.filterBox);
    return root;
  }

  showFilter() {
    const { types } = this.words.form;
    const counts = this.sheet.count();
    const kinds = [...counts.map((each) => each.type), "suggestion"];
    const boxes = kinds.map((kind) => {
      const box = element("input", { type: "checkbox", checked: !this.hidden.has(kind) });
      box.addEventListener("change", () => {
        if (box.checked) this.hidden.delete(kind);
        else this.hidden.add(kind);
        this.sheet.update({ isVisible: (item) => this.isShown(item) });
        this.showAll();
        box.focus();
      });
      const found = counts.find((each) => each.type === kind);
      const count = found ? found.all : this.shown.suggestions.length;
      const name = types[kind] ?? this.words.chosen.suggestion;
      return element("label", {}, box, ` ${name} `, element("small", {}, String(count)));
    });
    // The boxes stay while one of them has the focus.
    if (!this.filterBox?.contains(document.activeElement)) this.filterBox?.replaceChildren(...boxes);
  }

  /** @param {import("../../page/render.js").Item} item */
  isShown(item) {
    if (item.isGhost && this.hidden.has("suggestion")) return false;
    return !this.hidden.has(item.type);
  }

  /** Return the entry by quoted words, for readers who can't or don't want to select. */
  makeFinder() {
    const words = this.words.marking;
    this.finder = element("input", {
      type: "search",
      "aria-label": words.find,
      autocomplete: "off",
      dir: "auto",
    });
    const state = element("p", { class: "soft", role: "status" }, words.findHelp);
    let number = 0;
    const show = () => {
      const found = findWords(this.sheet.points, this.finder?.value ?? "");
      if (!found.length) {
        state.textContent = this.finder?.value ? words.notFound : words.findHelp;
        return;
      }
      number %= found.length;
      this.marking.select(found[number]);
      state.textContent = fill(words.found, { n: number + 1, count: found.length });
    };
    this.finder.addEventListener("input", () => {
      number = 0;
      show();
    });
    const next = () => {
      number += 1;
      show();
    };
    this.finder.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      // The keys of the layers act in the text, where the words are now selected.
      this.sheet.text.focus({ preventScroll: true });
    });
    this.finderRoot = element("details", { class: "finder" }, element("summary", {}, words.find));
    this.finderRoot.append(this.finder, button(words.nextPlace, next), state);
    return this.finderRoot;
  }

  showAll() {
    this.ghosts?.update(this.sheet);
    this.problems?.update(this.shown.problems);
    this.showSelected();
    this.showChosen();
    this.showWritten();
    this.showDrafts();
    this.showList();
    this.showFilter();
    this.showHolders();
    this.changed(this);
  }

  /** Show who holds what, anew only if a stance changed, so that the focus stays in the table. */
  showHolders() {
    if (!this.holdersBox) return;
    const stances = this.sheet.drawing.annotations.filter((record) => record.type === "stance");
    /** @type {string} */
    const state = JSON.stringify(
      stances.map(({ id, holder, target, polarity, expression }) => [id, holder, target, polarity, expression]),
    );
    if (state === this.holdersState) return;
    this.holdersState = state;
    this.holdersBox.replaceChildren(drawTable(this.sheet, (id) => this.sheet.choose(id)));
  }

  showSelected() {
    if (!this.selectedBox) return;
    const words = this.words.marking;
    const spans = this.marking?.spans() ?? [];
    const said = spans.map((span) => span.exact).join(" … ");
    this.selectedBox.classList.toggle("some", spans.length > 0);
    if (!spans.length) {
      if (this.selectedBox.dataset.said === "") return;
      this.selectedBox.dataset.said = "";
      this.selectedBox.replaceChildren(element("p", { class: "soft" }, words.none));
      return;
    }

    // Long words scroll, so the keyboard must reach them.
    const state = element("p", { role: "status", dir: "auto", class: "words", tabindex: "0" });
    state.textContent = fill(words.selected, { words: said });
    if (this.selectedBox.dataset.said) {
      // Only the words change while the reader drags.
      this.selectedBox.firstElementChild?.replaceWith(state);
      this.selectedBox.dataset.said = said;
      return;
    }
    this.selectedBox.dataset.said = said;
    const buttons = TYPES.map((type) => {
      const label = `${this.words.form.types[type]} `;
      const made = button(label, () => void this.start(type), { class: "type" });
      made.append(element("kbd", { "aria-hidden": "true" }, type[0]));
      return made;
    });
    buttons.push(button(words.add, () => this.marking.keep()));
    buttons.push(button(words.clear, () => this.marking.clear()));
    this.selectedBox.replaceChildren(state, element("div", { class: "actions" }, ...buttons));
  }

  showChosen() {
    if (!this.chosenBox) return;
    this.edges?.draw();
    const item = this.sheet.chosen;
    if (!item) {
      this.chosenBox.replaceChildren();
      return;
    }
    const words = this.words.chosen;
    const type = this.words.form.types[item.type];
    const kind = item.isGhost ? `${words.suggestion}: ${type}` : type;
    const head = element("h2", { dir: "auto" }, element("small", {}, `${kind} `), item.label);
    const actions = element("div", { class: "actions" });
    if (item.isGhost) {
      actions.append(button(words.accept, () => void this.accept(), { class: "primary" }));
      actions.append(button(words.change, () => this.edit()));
      actions.append(button(words.reject, () => void this.reject()));
    } else {
      actions.append(button(words.edit, () => this.edit()));
      actions.append(button(words.remove, () => void this.remove()));
    }
    const parts = [head, actions, this.drawStack(), this.drawOwnProblems(item.id)];
    this.chosenBox.replaceChildren(...parts.filter((part) => part !== null), this.drawFacts());
  }

  /** Return the annotations at the place that was clicked, smallest first. */
  drawStack() {
    const { place, chosen } = this.sheet;
    const ids = place ? this.sheet.idsAt(place) : [];
    if (ids.length < 2 || !chosen) return null;
    const list = element("ul", { class: "stack" });
    list.setAttribute("aria-label", fill(this.words.chosen.stack, { count: ids.length }));
    for (const id of ids) {
      const item = this.sheet.items.get(id);
      if (!item) continue;
      const label = `${this.words.form.types[item.type]}: ${item.label}`;
      const choose = button(label, () => this.sheet.choose(id, place), { dir: "auto" });
      choose.setAttribute("aria-current", String(item === chosen));
      list.append(element("li", {}, choose));
    }
    return list;
  }

  /** @param {string} id */
  drawOwnProblems(id) {
    const own = this.shown.problems.filter((problem) => problem.id === id);
    if (!own.length) return null;
    const list = element("ul", { class: "own-problems" });
    for (const problem of own) {
      const said = element("li", { class: problem.severity, dir: "auto" }, problem.sentence);
      if (problem.hint) said.append(element("small", {}, ` ${problem.hint}`));
      list.append(said);
    }
    return list;
  }

  drawFacts() {
    const list = element("dl", { class: "facts" });
    const item = this.sheet.chosen;
    if (!item) return list;
    if (item.reason) list.append(element("dd", { class: "soft" }, item.reason));
    for (const fact of factsOf(item.record, /** @type {any} */ (this.sheet.scope))) {
      list.append(element("dt", {}, fact.name));
      for (const value of fact.values) {
        const line = element("dd", { dir: "auto" });
        const id = value.id;
        if (id) line.append(button(value.text, () => this.sheet.choose(id), { class: "item" }));
        else line.append(value.text);
        if (value.detail) line.append(element("small", {}, ` ${value.detail}`));
        list.append(line);
      }
    }
    return list;
  }

  /** Show in the text which words the open form has. */
  showWritten() {
    const { draft } = this;
    const record = /** @type {any} */ ({ ...draft?.values, type: draft?.type });
    const parts = draft ? listSpans(record) : [];
    highlight(this.sheet, WRITTEN, parts.map((part) => part.span));
  }

  showDrafts() {
    const words = this.words.form;
    const drafts = this.drafts.list().filter((draft) => draft.key !== this.draft?.key);
    if (!drafts.length) {
      this.draftBox?.replaceChildren();
      return;
    }
    const list = element("ul", { class: "items" });
    for (const draft of drafts) {
      const [span] = mainSpans(/** @type {any} */ ({ ...draft.values, type: draft.type }));
      const label = `${words.types[draft.type]} “${span?.exact ?? ""}”`;
      const open = button(fill(words.reopen, { label }), () => this.open(draft), { class: "item" });
      const drop = button("×", () => this.dropDraft(draft), {
        "aria-label": `${words.discard}: ${label}`,
      });
      list.append(element("li", {}, open, drop));
    }
    this.draftBox?.replaceChildren(element("h2", {}, words.drafts), list);
  }

  /** @param {Draft} draft */
  dropDraft(draft) {
    this.drafts.drop(draft.key);
    this.showDrafts();
  }

  showList() {
    const count = this.sheet.count().reduce((sum, each) => sum + each.visible, 0);
    if (this.listTitle) this.listTitle.textContent = `${this.words.list.title} (${count})`;
    if (!this.listRoot?.open) return;
    const lines = this.sheet.inOrder((item) => !item.isGhost).map((item) => {
      const label = `${this.words.form.types[item.type]}: ${item.label}`;
      const choose = button(label, () => this.sheet.choose(item.id), { class: "item", dir: "auto" });
      return element("li", {}, choose);
    });
    this.listBox?.replaceChildren(...lines);
  }

  /** @param {Problem} problem */
  look(problem) {
    if (problem.id && this.sheet.items.has(problem.id)) this.sheet.choose(problem.id);
    else if (Number.isInteger(problem.start)) this.marking.reveal(problem.start ?? 0);
  }

  /** @param {Problem} problem */
  keepWithNote(problem) {
    this.look(problem);
    this.edit();
    this.form?.fields.get("note")?.focus();
  }

  /* Forms. */

  /** Begin an annotation with the selected words. @param {string} type */
  async start(type) {
    const spans = this.marking.spans();
    if (!spans.length) {
      this.tell(this.words.form.noWords, "warning");
      return;
    }
    const field = MAIN_FIELDS[type];
    const many = this.corpus.roles[type][field].many;
    const values = { type, [field]: many ? spans : spans[0] };
    const last = spans[spans.length - 1];
    this.marking.clear();
    this.number += 1;
    this.open({ key: `new ${Date.now()} ${this.number}`, type, values });

    const query = new URLSearchParams({
      type,
      start: String(spans[0].start),
      end: String(last.end),
    });
    const form = this.form;
    const proposed = await ask(`${this.address}/proposals?${query}`).catch(() => ({}));
    if (this.form !== form || !form) return;
    if (type === "quote") proposed.form ??= guessForm(this.sheet.points, spans);
    form.propose(proposed);
    // The reader may be typing already.
    if (!form.touched.size) form.advance();
  }

  /** Open the form of an annotation or of a suggestion that is chosen. */
  edit() {
    const item = this.sheet.chosen;
    if (!item) return;
    const values = structuredClone(item.record);
    if (item.isGhost) delete values.id;
    const found = this.drafts.find(item.id);
    const accept = item.isGhost ? item.id : undefined;
    this.open(found ?? { key: item.id, type: item.type, values, accept });
    this.form?.advance();
  }

  /** @param {Draft} draft */
  open(draft) {
    this.close();
    this.draft = draft;
    const { type } = draft;
    /** @type {Form} */
    const form = new Form({
      type,
      schema: this.corpus.forms[type],
      roles: this.corpus.roles[type],
      values: draft.values,
      words: this.words.form,
      options: (role) => this.listOptions(role),
      create: (role, typed) => this.createEntry(role, typed),
      selected: () => this.marking.take(),
      pick: (role, take) => this.picker.start(role.of, take),
      tell: (sentence) => this.tell(sentence, "warning"),
      show: (span) => this.marking.reveal(span.start),
      changed: (values, field) => this.changeForm(values, field),
      save: (values) => this.save(values),
      close: () => this.close(true),
      discard: () => this.discard(),
    });
    this.form = form;
    this.edges.pause(true);
    this.formBox?.replaceChildren(form.root);
    this.showWritten();
    this.showDrafts();
    form.root.scrollIntoView({ block: "nearest" });
  }

  /** @param {Role} role */
  listOptions(role) {
    if (role.kind === "entry") {
      const entries = this.corpus.registries[role.of] ?? [];
      return listEntries(entries, role.of);
    }
    const values = { ...(this.draft?.values ?? {}), type: this.draft?.type };
    return listAnnotations(this.sheet, role.of, placeOf(values), this.draft?.values.id);
  }

  /** @param {Record<string, any>} values @param {string} field */
  changeForm(values, field) {
    if (!this.draft || !this.form) return;
    this.draft = { ...this.draft, values };
    this.showWritten();
    // A link that was chosen brings the person with it.
    const person = { source: "speaker", quote: "holder" }[field];
    const linked = person && this.sheet.items.get(values[field]);
    if (person && linked) this.form.propose({ [person]: linked.record.speaker });
    if (this.form.touched.size) this.drafts.keep(this.draft);
  }

  /** Put the form aside. @param {boolean} [always] Also if nothing was entered. */
  close(always = false) {
    const { form, draft } = this;
    if (!form || !draft) return;
    if (form.touched.size || (always && !draft.values.id)) this.drafts.keep(draft);
    this.drop();
  }

  discard() {
    if (this.draft) this.drafts.drop(this.draft.key);
    this.drop();
  }

  drop() {
    this.form = null;
    this.draft = null;
    this.picker.stop();
    this.edges.pause(false);
    this.formBox?.replaceChildren();
    this.showWritten();
    this.showDrafts();
    if (!document.activeElement || document.activeElement === document.body) {
      this.sheet.focusPlace();
    }
  }

  /** @param {Record<string, any>} values */
  async save(values) {
    const { form, draft } = this;
    if (!form || !draft) return;
    this.picker.stop();
    const record = /** @type {Annotation} */ (values);
    const before = new Set(this.doc.annotations.map((each) => each.id));
    /** @type {any} */
    const edit = draft.accept ? { accept: draft.accept, put: record } : { put: record };
    const refusal = await this.send([edit]);
    if (refusal) {
      if (this.form !== form) return;
      form.refuse(refusal);
      // What was only proposed is kept too, should the page be loaded again.
      if (this.draft) this.drafts.keep(this.draft);
      return;
    }
    this.drafts.drop(draft.key);
    if (this.form === form) this.drop();
    else this.showDrafts();
    // The reader may be writing in the next form already.
    if (this.form) return;
    const made = this.doc.annotations.find((each) => !before.has(each.id) && isSame(each, record));
    this.chooseInPlace(record.id ?? made?.id ?? null);
  }

  /** Choose without scrolling: the words are where the reader looks. @param {string | null} id */
  chooseInPlace(id) {
    const [mark] = id ? this.sheet.marksOf(id) : [];
    this.sheet.choose(id, mark ?? null);
  }

  /**
   * Make an entry of a registry in a form of its own, and return its id.
   *
   * @param {Role} role @param {string} typed @returns {Promise<string | null>}
   */
  createEntry(role, typed) {
    const waiting = this.form?.root;
    if (!waiting) return Promise.resolve(null);
    return makeEntry({
      registry: role.of,
      typed,
      document: this.name,
      corpus: this.corpus,
      waiting,
      options: (inner) => this.listOptions(inner),
      explain: (error) => this.explain(error),
      made: () => {
        this.sheet.update({ registries: this.corpus.registries });
        this.tell(this.words.app.saved, "saved");
        this.refresh();
      },
    });
  }

  /* Edits. */

  /**
   * Save edits as one step. Edits are sent one batch after another, each on the newest version.
   *
   * @param {Edit[]} edits @returns {Promise<string[] | null>} Why they aren't saved, or null.
   */
  send(edits) {
    return this.inTurn(() => this.sendNow({ edits }));
  }

  /**
   * @template Answer
   * @param {() => Promise<Answer>} does
   * @returns {Promise<Answer>}
   */
  inTurn(does) {
    this.waiting += 1;
    const done = this.queue.then(does).finally(() => {
      this.waiting -= 1;
    });
    this.queue = done.catch(() => undefined);
    return done;
  }

  /** @param {Record<string, any>} body @returns {Promise<string[] | null>} */
  async sendNow(body) {
    this.tell(this.words.app.saving, "saving");
    try {
      const version = this.doc.version;
      const request = { version, brief: true, ...body };
      const expected = applyEdits(this.doc, body.edits);
      await this.receive(`${this.address}/edits`, request, expected);
      this.tell(this.words.app.saved, "saved");
      return null;
    } catch (error) {
      return this.answerRefusal(error, body);
    }
  }

  /**
   * Ask what is missing and send again, or return why the edits aren't saved.
   *
   * @param {unknown} error @param {Record<string, any>} body @returns {Promise<string[] | null>}
   */
  async answerRefusal(error, body) {
    const answer = error instanceof Refused ? error.answer : null;
    const problems = answer?.problems ?? [];
    if (problems.some((/** @type {Problem} */ each) => each.code === "undecided")) {
      this.tell(this.words.app.unsaved, "warning");
      const { sections } = this.corpus;
      const last = this.decisions.find(LAST) ?? { section: "", reason: "" };
      const keep = (/** @type {Decision} */ each) => this.decisions.keep({ key: LAST, ...each });
      const decision = await askDecision(sections, last, this.words.decision, keep);
      if (!decision) return [problems[0].sentence];
      keep(decision);
      return this.sendNow({ ...body, decision });
    }
    if (answer && (await this.isTextChanged())) {
      const { textChanged } = this.words.app;
      this.tell(textChanged, "error");
      return [textChanged];
    }
    if (answer?.conflict?.length) return this.answerConflict(answer, body);

    // The server no longer knows the version: what is on disk is shown, and the form stays.
    if (answer?.document) this.adopt(answer.document);
    const sentences = this.explain(error);
    const said = fill(this.words.app.failed, { reason: sentences.join(" ") });
    this.tell(error instanceof Refused ? said : sentences[0], "error");
    return sentences;
  }

  /** Return whether the text on disk is another one than the page shows. */
  async isTextChanged() {
    const doc = await ask(this.address).catch(() => null);
    return doc !== null && doc.text !== this.doc.text;
  }

  /** @param {any} answer @param {Record<string, any>} body */
  async answerConflict(answer, body) {
    this.tell(this.words.app.unsaved, "warning");
    const side = await askConflict(answer.conflict, this.words.conflict);
    if (side) {
      // The other edits of the batch are saved too.
      const keep = /** @type {Record<string, string>} */ ({});
      for (const { id } of answer.conflict) keep[id] = side;
      return this.sendNow({ ...body, keep });
    }
    if (answer.document) this.adopt(answer.document);
    return [this.words.conflict.later];
  }

  /** @param {unknown} error @returns {string[]} */
  explain(error) {
    return explain(error, fill(this.words.app.unreachable, { port: location.port }));
  }

  /**
   * Send something, and show the document that answers it. What is expected is drawn meanwhile, and
   * taken back if the server refuses.
   *
   * @param {string} path @param {any} body @param {Doc | null} [expected]
   */
  async receive(path, body, expected = null) {
    let isAnswered = false;
    const answered = ask(path, body).finally(() => {
      isAnswered = true;
    });

    /** @type {string | null} What was chosen, if it is expected to go. */
    let gone = null;
    void this.marking.released.then(() => {
      if (!expected || isAnswered) return;
      const chosen = this.sheet.chosen;
      this.draw(expected);
      if (chosen && !this.sheet.chosen) gone = chosen.id;
    });

    let answer;
    try {
      answer = await answered;
    } catch (error) {
      await this.marking.released;
      this.draw(this.doc);
      if (gone && !this.sheet.chosen) this.chooseInPlace(gone);
      throw error;
    }
    await this.marking.released;
    this.adopt(answer);
  }

  /**
   * Draw a document, the one that the server has or the one that is expected, unless the page shows
   * the same already.
   *
   * @param {Doc} doc
   */
  draw(doc) {
    const before = this.shown;
    this.shown = doc;
    const { annotations, suggestions, problems, registries } = this.drawing(doc);
    const isShown =
      registries === this.sheet.drawing.registries &&
      areSame(doc.annotations, before.annotations) &&
      areSame(doc.suggestions, before.suggestions) &&
      areSame(doc.problems, before.problems);
    if (isShown) {
      this.changed(this);
      return;
    }
    this.sheet.update({ annotations, suggestions, problems, registries });
    this.showAll();
  }

  /**
   * Show a document as the server has it. A brief answer says which annotations changed; all others
   * stay the same objects, and are not drawn again.
   *
   * @param {Doc & {registries?: any, changed?: {start: number, gone: number, new: Annotation[]}}} answer
   */
  adopt(answer) {
    const { changed, registries: entries, ...doc } = answer;
    // The same object stays as long as the entries do, so that no label is made anew.
    const isNamedAnew = JSON.stringify(entries) !== JSON.stringify(this.corpus.registries);
    if (entries && isNamedAnew) this.corpus.registries = entries;
    if (changed) {
      doc.annotations = [...this.doc.annotations];
      doc.annotations.splice(changed.start, changed.gone, ...changed.new);
    }
    // After steps of another window or a change on disk, undo shows something else.
    const isStep = Math.abs(doc.undo - this.doc.undo) === 1;
    if (!isStep && doc.version !== this.doc.version) this.seen.clear();

    // The fields keep their order, so that the document can be compared with another answer.
    this.doc = { ...this.doc, ...doc };
    this.seen.set(doc.undo, this.doc);
    this.draw(this.doc);
  }

  /** @param {"undo" | "redo"} way */
  revert(way) {
    if (!this.doc[way]) return Promise.resolve();
    return this.inTurn(async () => {
      this.tell(this.words.app.saving, "saving");
      try {
        const { version, undo } = this.doc;
        const expected = this.seen.get(way === "undo" ? undo - 1 : undo + 1);
        await this.receive(`${this.address}/${way}`, { version, brief: true }, expected);
        this.tell(way === "undo" ? this.words.app.undone : this.words.app.redone, "saved");
      } catch (error) {
        const reason = this.explain(error).join(" ");
        this.tell(fill(this.words.app.failed, { reason }), "error");
      }
    });
  }

  suggest() {
    return this.inTurn(async () => {
      try {
        await this.receive(`${this.address}/suggest`, {});
        this.tell(this.words.app.saved, "saved");
      } catch (error) {
        const reason = this.explain(error).join(" ");
        this.tell(fill(this.words.app.failed, { reason }), "error");
      }
    });
  }

  /** Read the document again, if no edit is on its way; say so if it changed on disk. */
  async refresh() {
    if (this.waiting) return;
    const before = this.doc;
    /** @type {Doc | null} */
    const doc = await ask(this.address).catch(() => null);
    await this.marking.released;
    if (!doc || this.waiting || this.doc !== before) return;
    const isSame = JSON.stringify(doc) === JSON.stringify(before);
    if (isSame) return;
    if (doc.text !== before.text) {
      location.reload();
      return;
    }
    this.adopt(doc);
    if (doc.version !== before.version) this.tell(this.words.app.reread, "warning");
  }

  async remove() {
    const item = this.sheet.chosen;
    if (!item || item.isGhost) return;
    if (!(await askRemoval(this.corpus, this.doc.annotations, [item.id]))) return;
    await this.send([{ remove: item.id }]);
  }

  /** Remove what is chosen, unless the reader is in a form, which is about something else. */
  async removeByKey() {
    if (!this.form?.root.contains(document.activeElement)) await this.remove();
  }

  async accept() {
    const item = this.sheet.chosen;
    if (!item?.isGhost) return;
    const refusal = await this.send([{ accept: item.id }]);
    // What is missing for it to be accepted as it is can be filled in.
    if (refusal && this.sheet.chosen?.isGhost) this.openWith(refusal);
    else this.nextGhost(item.start, 1);
  }

  /** Accept suggestions as one step, and say how many cannot be accepted as they are. @param {string[]} ids */
  async acceptAll(ids) {
    const refusal = await this.send(ids.map((id) => ({ accept: id })));
    const left = this.doc.suggestions.filter((each) => ids.includes(each.id)).length;
    if (refusal || !left) return;
    const counts = { accepted: ids.length - left, left };
    this.tell(fill(this.words.suggestions.left, counts), "saved");
  }

  /** @param {string[]} refusal */
  openWith(refusal) {
    this.edit();
    this.form?.refuse(refusal);
  }

  async reject() {
    const item = this.sheet.chosen;
    if (!item?.isGhost) return;
    const refusal = await this.send([{ reject: item.id }]);
    if (!refusal) this.nextGhost(item.start, 1);
  }

  /** @param {number} place @param {1 | -1} direction */
  nextGhost(place, direction) {
    const ghosts = this.sheet.inOrder((item) => item.isGhost);
    if (!ghosts.length) return;
    const chosen = this.sheet.chosen;
    const at = chosen ? ghosts.indexOf(chosen) : -1;
    let next = ghosts[(at + direction + ghosts.length) % ghosts.length];
    if (at < 0) {
      const behind = ghosts.filter((item) => (item.start - place) * direction >= 0);
      next = (direction > 0 ? behind[0] : behind.at(-1)) ?? ghosts[0];
    }
    this.sheet.choose(next.id);
  }

  /** @param {string} part @param {{start: number, end: number}} span
   * @param {{start: number, end: number}} moved */
  moveSpan(part, span, moved) {
    const item = this.sheet.chosen;
    if (!item || item.isGhost) return Promise.resolve(null);
    const record = structuredClone(item.record);
    const exact = this.sheet.points.slice(moved.start, moved.end);
    const change = (/** @type {Span} */ each) =>
      each.start === span.start && each.end === span.end ? { ...moved, exact } : each;
    const value = record[part];
    record[part] = Array.isArray(value) ? value.map(change) : change(value);
    return this.sendNow({ edits: [{ put: record }] });
  }

  /** @param {string} name */
  moveByKey(name) {
    const [edge, direction, byCharacter] = MOVES[name];
    if (this.marking.current) {
      this.marking.move(edge, direction, byCharacter);
      return null;
    }
    // The form would put the old words back when it is saved.
    if (this.form) return null;
    // Each step starts from what the step before it saved.
    return this.inTurn(async () => {
      const item = this.sheet.chosen;
      if (!item || item.isGhost) return;
      const spans = mainSpans(item.record);
      const span = edge === "start" ? spans[0] : spans[spans.length - 1];
      const moved = moveEdge(this.marking.words, span, edge, direction, byCharacter);
      if (moved.start === span.start && moved.end === span.end) return;
      await this.moveSpan(MAIN_FIELDS[item.type], span, moved);
    });
  }

  /**
   * Do what a key means; return whether it means something here.
   *
   * @param {string} name
   */
  act(name) {
    const does = this.findAction(name);
    if (!does) return false;
    if (!this.waiting && !this.isPressing) void does();
    else {
      this.pressed.push(does);
      if (!this.isPressing) void this.pressAll();
    }
    return true;
  }

  /** Do what waits, one after another, each when all before it is saved and shown. */
  async pressAll() {
    this.isPressing = true;
    try {
      while (this.pressed.length) {
        while (this.waiting) await this.queue;
        await new Promise((resolve) => setTimeout(resolve));
        await this.pressed.shift()?.();
      }
    } finally {
      this.isPressing = false;
    }
  }

  dropPressed() {
    if (!this.pressed.length) return;
    this.pressed = [];
    this.tell(this.words.app.dropped, "warning");
  }

  /** Wait until all is saved, or refused. */
  async settle() {
    while (this.waiting || this.isPressing) {
      await this.queue;
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  /** @param {string} name @returns {(() => unknown) | null} What a key does, or null. */
  findAction(name) {
    if (TYPES.includes(name)) return () => this.start(name);
    if (name in MOVES) return () => this.moveByKey(name);
    const actions = /** @type {Record<string, () => unknown>} */ ({
      addSpan: () => this.form?.addSelected(),
      keepSpan: () => this.marking.keep(),
      byCharacter: () => this.tell(this.marking.switchUnit(this.words.marking), ""),
      find: () => this.openFinder(),
      next: () => this.sheet.step(1),
      previous: () => this.sheet.step(-1),
      same: () => this.nextHere(),
      edit: () => this.edit(),
      remove: () => this.removeByKey(),
      nextSuggestion: () => this.nextGhost(this.sheet.chosen?.start ?? 0, 1),
      previousSuggestion: () => this.nextGhost(this.sheet.chosen?.start ?? Infinity, -1),
      accept: () => this.accept(),
      reject: () => this.reject(),
      nextProblem: () => this.problems?.next(),
      undo: () => this.revert("undo"),
      redo: () => this.revert("redo"),
      save: () => this.form?.save(),
      close: () => this.escape(),
    });
    return actions[name] ?? null;
  }

  openFinder() {
    if (!this.finderRoot || !this.finder) return;
    this.finderRoot.open = true;
    this.finder.focus();
    this.finder.select();
  }

  nextHere() {
    const { place, chosen } = this.sheet;
    if (!place || !chosen) return;
    const ids = this.sheet.idsAt(place);
    this.sheet.choose(ids[(ids.indexOf(chosen.id) + 1) % ids.length] ?? null, place);
  }

  escape() {
    if (this.picker.stop() || this.marking.take().length) return;
    if (this.form) this.close(true);
    else this.sheet.choose(null);
  }
}

/**
 * Return a document after edits, as it is expected to be. A new annotation gets its id when it is
 * saved. What suggestions become is for the server to say: then, it is null.
 *
 * @param {Doc} doc @param {Edit[]} edits @returns {Doc | null}
 */
function applyEdits(doc, edits) {
  const annotations = [...doc.annotations];
  for (const edit of edits) {
    if ("accept" in edit || "reject" in edit) return null;
    const id = "put" in edit ? edit.put.id : edit.remove;
    const at = annotations.findIndex((each) => each.id === id);
    const isNew = id === undefined || at < 0;
    if (!isNew) annotations.splice(at, 1);
    const place = isNew ? annotations.length : at;
    if ("put" in edit) annotations.splice(place, 0, edit.put);
  }
  return { ...doc, annotations };
}

/**
 * Return whether a saved record is the one that was sent: the same words of the text in the same
 * field.
 *
 * @param {Annotation} saved @param {Annotation} sent
 */
function isSame(saved, sent) {
  const field = MAIN_FIELDS[sent.type];
  const first = (/** @type {any} */ value) => (Array.isArray(value) ? value[0] : value);
  const [one, other] = [first(saved[field]), first(sent[field])];
  return saved.type === sent.type && one?.start === other?.start && one?.end === other?.end;
}

/**
 * Return whether two lists say the same.
 *
 * @param {any[]} one @param {any[]} other
 */
function areSame(one, other) {
  const isAlike = (/** @type {any} */ a, /** @type {any} */ b) =>
    a === b || JSON.stringify(a) === JSON.stringify(b);
  return one.length === other.length && one.every((value, at) => isAlike(value, other[at]));
}

const MARKS = /["“”„«»‘’]/u;

/**
 * Return the form that quotation marks in and around the words of a quote speak for.
 *
 * @param {import("../../page/segments.js").Points} points @param {Span[]} spans
 */
function guessForm(points, spans) {
  const [first] = spans;
  const last = spans[spans.length - 1];
  const opens = MARKS.test(points.slice(Math.max(first.start - 1, 0), first.start + 1));
  const closes = MARKS.test(points.slice(last.end - 1, Math.min(last.end + 1, points.length)));
  if (opens && closes) return "direct";
  const inside = /["“”„«»]/u.test(spans.map((span) => span.exact).join(" "));
  return inside ? "mixed" : "indirect";
}
