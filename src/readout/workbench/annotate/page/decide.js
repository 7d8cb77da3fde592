// @ts-check
/* The page for decisions: one place after another at which layers differ, side by side. */

import { ask } from "./api.js";
import { button, element, fill, newId } from "./dom.js";
import { askRemoval } from "./dialogs.js";
import { DESK_KEYS, Desk, Steps, keyed } from "./desk.js";
import { Drafts } from "./drafts.js";
import { makeEntry } from "./entries.js";
import { Form, trim } from "./form.js";
import { listAnnotations, listEntries } from "./links.js";
import { Sections } from "./sections.js";
import { drawVersions, isSame, listVersions, shuffleVersions } from "./versions.js";

/** @typedef {import("./types.js").Annotation} Annotation */
/** @typedef {import("./types.js").Role} Role */
/** @typedef {import("./versions.js").Place} Place */
/** @typedef {import("./versions.js").Version} Version */
/**
 * @typedef {{key: string, section: string, reason: string, picked: Record<string, any>,
 *   form: Record<string, any> | null}} Draft What is half-decided about a place.
 */
/** @typedef {{places: Place[], total: number, decided: number}} Listed */

const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** @type {import("./keys.js").Binding[]} */
const KEYS = [
  ...DIGITS.map((key) => ({ name: "take", key })),
  { name: "neither", key: "0" },
  { name: "mixed", key: "m" },
  { name: "write", key: "e" },
  { name: "addSpan", key: "+" },
  { name: "byCharacter", key: "c" },
  { name: "save", key: "Enter", ctrl: true },
  { name: "close", key: "Escape" },
  ...DESK_KEYS,
];

class Decide {
  /** @param {import("./types.js").Corpus} corpus @param {Listed} listed */
  constructor(corpus, listed) {
    this.words = corpus.words.decide;
    this.desk = new Desk(corpus, this.words);
    /** @type {Place[]} */
    this.places = listed.places;
    this.total = listed.total;
    this.decided = listed.decided;
    this.at = Math.max(this.places.findIndex((each) => each.is_open), 0);
    this.isHidden = false;
    this.isBusy = false;
    /** @type {Drafts<Draft>} */
    this.drafts = new Drafts(`decide ${corpus.annotator}`);
    /** @type {Record<string, any>} The chosen values, by field. */
    this.picked = {};
    /** @type {Form | null} The form in which another version is written. */
    this.form = null;
    /** @type {Record<string, any> | null} What the form has, also while it is put aside. */
    this.written = null;
    /** @type {Steps<import("./desk.js").Step>} */
    this.steps = new Steps(this.desk);
    this.makeBar();
    this.formBox = element("div", { class: "forms" });
    this.sections = new Sections(corpus.sections, this.words);
    this.sections.select.addEventListener("change", () => this.keepDraft());
    this.reason = element("textarea", { dir: "auto", rows: 2 });
    this.reason.addEventListener("input", () => this.keepDraft());
    this.desk.listen(KEYS, (action, key) => this.act(action, key));
    this.desk.onReturn(() => void this.refresh());
  }

  makeBar() {
    const { words } = this;
    this.hide = button(words.hide, () => this.hideNames(), { "aria-pressed": "false" });
    const undo = button(words.undo, () => void this.revert("undo"));
    const redo = button(words.redo, () => void this.revert("redo"));
    this.desk.own.append(this.hide, undo, redo);
  }

  /** @param {string} action @param {string} key */
  act(action, key) {
    if (action === "take") void this.take(Number(key) - 1);
    else if (action === "neither") void this.choose({ side: "neither" });
    else if (action === "mixed") void this.chooseMixed();
    else if (action === "write") this.write();
    else if (action === "addSpan") this.form?.addSelected();
    else if (action === "save") this.form?.save();
    else if (action === "close") this.escape();
    else if (action === "next") void this.go(this.at + 1);
    else if (action === "previous") void this.go(this.at - 1);
    else if (action === "undo" || action === "redo") void this.revert(action);
  }

  escape() {
    const { picker, marking } = this.desk;
    if (!picker.stop() && !marking?.take().length) this.putAside();
  }

  get place() {
    return this.places[this.at];
  }

  get key() {
    return keyOf(this.place);
  }

  keepDraft() {
    const reason = this.reason.value;
    const { key, picked, written } = this;
    if (!reason && !written && !Object.keys(picked).length) this.drafts.drop(key);
    else this.drafts.keep({ key, section: this.sections.value, reason, picked, form: written });
  }

  /** Show a place, with what is half-decided about it. @param {number} at */
  async go(at, anew = false) {
    if (!this.places.length) {
      this.desk.tools.replaceChildren(element("p", {}, this.words.nothing));
      return;
    }
    this.closeForm();
    this.at = Math.min(Math.max(at, 0), this.places.length - 1);
    const { doc_id, start, end } = this.place;
    await this.desk.show(doc_id, start, end, anew);
    this.showGold();

    const draft = this.drafts.find(this.key);
    this.reason.value = draft?.reason ?? "";
    // The section of the last decision is proposed again.
    if (draft?.section) this.sections.value = draft.section;
    this.picked = draft?.picked ?? {};
    this.written = draft?.form ?? null;
    const heading = this.draw();
    if (this.written) this.openForm(this.written);
    this.desk.announce(heading);
  }

  hideNames() {
    this.isHidden = !this.isHidden;
    this.hide?.setAttribute("aria-pressed", String(this.isHidden));
    this.showGold();
    this.draw();
  }

  /** Show gold in the text; with names hidden, the text must not tell which version is gold's. */
  showGold() {
    const hidden = new Set(this.isHidden ? this.golden().map((each) => each.id) : []);
    this.desk.sheet?.update({ isVisible: (item) => !hidden.has(item.id) });
  }

  /** @returns {Annotation[]} What gold has at the place. */
  golden() {
    return this.place?.sides.find((each) => each.layer === "gold")?.records ?? [];
  }

  /** @returns {Version[]} In the order in which they are shown. */
  versions() {
    const versions = listVersions(this.place, this.desk.fieldsOf(this.place.type));
    return this.isHidden ? shuffleVersions(versions, this.place) : versions;
  }

  /** @param {{layers: string[]}} version @param {number} number */
  nameOf(version, number) {
    if (this.isHidden) return fill(this.words.side, { n: number + 1 });
    return this.nameLayers(version.layers);
  }

  /** Return the names of layers; what no layer has is in gold alone. @param {string[]} layers */
  nameLayers(layers) {
    if (this.isHidden) return "…";
    const { gold } = this.desk.corpus.words.app;
    if (!layers.length) return gold;
    return layers.map((layer) => (layer === "gold" ? gold : layer)).join(", ");
  }

  /** Draw the place, and return its heading. */
  draw() {
    const { words, desk, place } = this;
    const type = desk.corpus.words.form.types[place.type] ?? place.type;
    const said = fill(words.place, { type, n: this.at + 1, total: this.places.length });
    const heading = element("h2", {}, said);
    const card = element("section", {}, heading, ...this.drawKind());

    const versions = this.versions();
    const same = desk.fieldsOf(place.type).filter((field) => !place.fields.includes(field));
    const [record] = versions[0]?.records ?? [];
    if (record) card.append(desk.factsOf({ ...record, note: undefined }, same));
    if (place.fields.length) {
      const nameOf = this.nameOf.bind(this);
      const pick = this.pick.bind(this);
      card.append(drawVersions(desk, place, versions, nameOf, this.picked, pick));
    }

    const id = newId("reason");
    this.reason.id = id;
    const reason = element("div", {}, element("label", { for: id }, words.reason), this.reason);
    desk.tools.replaceChildren(
      desk.progress(this.decided, this.total),
      this.drawGroups(),
      card,
      this.formBox,
      this.sections.root,
      reason,
      this.drawChoices(versions),
      this.drawMoves(),
    );
    return heading;
  }

  /** Return how the layers differ, and what was decided about it. */
  drawKind() {
    const { words, place } = this;
    const kind = fill(words.kinds[place.kind], { layers: this.nameLayers(place.only_in) });
    const said = [element("p", { class: "kind" }, kind)];
    const silent = place.sides.filter((each) => !each.records.length).map((each) => each.layer);
    if (silent.length && !this.isHidden) {
      said.push(element("p", { class: "note" }, fill(words.silent, { layers: this.nameLayers(silent) })));
    }
    for (const each of place.decisions) {
      said.push(element("p", { class: "again", dir: "auto" }, fill(words.decision, { ...each })));
    }
    return said;
  }

  /** Return a list of the kinds of differences, to go to the first open place of one. */
  drawGroups() {
    /** @type {Map<string, {first: number, label: string, open: number, count: number}>} */
    const groups = new Map();
    this.places.forEach((place, number) => {
      const key = groupOf(place);
      const label = fill(this.words.groups[place.kind], { layers: this.nameLayers(place.only_in) });
      const group = groups.get(key) ?? { first: number, label, open: 0, count: 0 };
      if (place.is_open && !group.open) group.first = number;
      group.open += place.is_open ? 1 : 0;
      group.count += 1;
      groups.set(key, group);
    });
    const select = element("select", { "aria-label": this.words.group });
    const current = groupOf(this.place);
    for (const [key, { label, open, count }] of groups) {
      const said = fill(this.words.groupCount, { group: label, open, count });
      select.append(element("option", { value: key, selected: key === current }, said));
    }
    select.addEventListener("change", () => void this.go(groups.get(select.value)?.first ?? this.at));
    return select;
  }

  /** @param {Version[]} versions */
  drawChoices(versions) {
    const { words } = this;
    const choices = element("div", { class: "choices", role: "group", "aria-label": words.choices });
    versions.forEach((version, number) => {
      const label = fill(words.take, { side: this.nameOf(version, number) });
      choices.append(keyed(label, String(number + 1), () => void this.take(number)));
    });
    choices.append(keyed(words.neither, "0", () => void this.choose({ side: "neither" })));
    if (this.place.fields.length) {
      choices.append(keyed(words.mixed, "m", () => void this.chooseMixed()));
    }
    choices.append(keyed(words.write, "e", () => this.write()));
    return choices;
  }

  drawMoves() {
    const moves = element("div", { class: "choices" });
    moves.append(keyed(this.words.previous, "p", () => void this.go(this.at - 1)));
    moves.append(keyed(this.words.next, "n", () => void this.go(this.at + 1)));
    return moves;
  }

  /** Choose the value of a field, or no longer choose it. @param {string} field @param {any} value */
  pick(field, value) {
    if (field in this.picked && isSame(this.picked[field], value)) delete this.picked[field];
    else this.picked[field] = value;
    this.keepDraft();
    const listCells = () => [...this.desk.tools.querySelectorAll("button.cell")];
    const at = listCells().findIndex((each) => each === document.activeElement);
    this.draw();
    const again = listCells()[at];
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  }

  /* Another version, written in a form. */

  /** Return an annotation as gold would have it: the first version with the chosen values. */
  put() {
    const golden = this.golden();
    const record = { ...(golden[0] ?? this.versions()[0].records[0]), ...this.picked };
    if (!golden.length) delete record.id;
    return /** @type {Annotation} */ (trim(record));
  }

  /** Write another version; what was put aside goes on. */
  write() {
    if (!this.place || this.form) return;
    this.openForm(this.written ?? this.put()).advance();
  }

  /** @param {Record<string, any>} values */
  openForm(values) {
    const { desk, place } = this;
    const form = new Form({
      type: place.type,
      schema: desk.corpus.forms[place.type],
      roles: desk.corpus.roles[place.type],
      values,
      words: { ...desk.corpus.words.form, save: this.words.saveForm },
      options: (role) => this.listOptions(role),
      create: (role, typed) => this.createEntry(role, typed),
      selected: () => desk.marking?.take() ?? [],
      pick: (role, take) => desk.picker.start(role.of, take),
      tell: (sentence) => desk.say(sentence, "error"),
      show: (span) => desk.reveal(span.start, span.end),
      changed: (changed) => {
        this.written = changed;
        this.keepDraft();
      },
      save: (record) => this.choose(this.toEdits(/** @type {Annotation} */ (record))),
      close: () => this.putAside(),
      discard: () => this.discard(),
    });
    this.form = form;
    this.formBox.replaceChildren(form.root);
    form.root.scrollIntoView({ block: "nearest" });
    return form;
  }

  closeForm() {
    this.form = null;
    this.desk.picker.stop();
    this.formBox.replaceChildren();
  }

  /** Close the form; it comes back with the place, or with the key. */
  putAside() {
    if (!this.form) return;
    this.closeForm();
    this.keepDraft();
  }

  discard() {
    this.closeForm();
    this.written = null;
    this.keepDraft();
  }

  /** @param {Role} role */
  listOptions(role) {
    const { desk, place } = this;
    if (role.kind === "entry") return listEntries(desk.corpus.registries[role.of] ?? [], role.of);
    if (!desk.sheet) return [];
    return listAnnotations(desk.sheet, role.of, place.start, this.golden()[0]?.id);
  }

  /** @param {Role} role @param {string} typed @returns {Promise<string | null>} */
  createEntry(role, typed) {
    const { desk, form } = this;
    if (!form) return Promise.resolve(null);
    return makeEntry({
      registry: role.of,
      typed,
      document: this.place.doc_id,
      corpus: desk.corpus,
      waiting: form.root,
      options: (inner) => this.listOptions(inner),
      explain: (error) => desk.explain(error),
      made: (number) => {
        this.steps.add({ doc_id: this.place.doc_id, number });
        desk.sheet?.update({ registries: desk.corpus.registries });
        desk.say(this.words.saved, "saved");
      },
    });
  }

  /* Decisions. */

  /** Take a version as it is. @param {number} number */
  async take(number) {
    const version = this.place && this.versions()[number];
    if (version) await this.choose({ side: version.layer });
  }

  /** Put the chosen values together; what is not chosen is as gold has it, or the first version. */
  async chooseMixed() {
    if (!this.place) return;
    if (!Object.keys(this.picked).length) return this.desk.say(this.words.nothingMixed, "error");
    await this.choose(this.toEdits(this.put()));
  }

  /** Return the choice that puts one annotation in the place of all that gold has there. @param {Annotation} record */
  toEdits(record) {
    const others = this.golden().slice(1).map((each) => ({ remove: each.id }));
    return { edits: [{ put: record }, ...others] };
  }

  /** Decide. Nothing is sent without a section and a reason. @param {Record<string, any>} choice */
  async choose(choice) {
    const { desk, words, place, form } = this;
    if (this.isBusy || !place) return;
    const section = this.sections.value;
    const reason = this.reason.value.trim();
    if (!section || !reason) {
      desk.say(words.missing, "error");
      form?.refuse([words.missing]);
      (section ? this.reason : this.sections.select).focus();
      return;
    }
    this.isBusy = true;
    desk.picker.stop();
    const gone = choice.side === "neither" ? this.golden().map((each) => each.id ?? "") : [];
    if (!(await askRemoval(desk.corpus, desk.doc?.annotations ?? [], gone))) {
      this.isBusy = false;
      return;
    }
    const { key } = this;
    const { doc_id, refs } = place;
    const body = { doc_id, refs, choice, section, reason };
    const { answer, refusal } = await desk.send("api/decide", body);
    this.isBusy = false;
    if (!answer) return form?.refuse(refusal);
    this.drafts.drop(key);
    this.steps.add({ doc_id, number: answer.step });
    this.adopt(answer);
    await this.goOn();
  }

  /** @param {Listed} listed */
  adopt(listed) {
    this.places = listed.places;
    this.total = listed.total;
    this.decided = listed.decided;
  }

  /** Show the next open place. */
  async goOn() {
    const next = this.places.findIndex((each, number) => number >= this.at && each.is_open);
    const first = this.places.findIndex((each) => each.is_open);
    await this.go(next >= 0 ? next : first >= 0 ? first : this.at, true);
    if (first < 0) this.desk.say(this.words.done, "saved");
  }

  /** @param {"undo" | "redo"} way */
  async revert(way) {
    if (this.isBusy) return;
    this.isBusy = true;
    const { doc } = this.desk;
    const reverted = await this.steps.revert(way, doc && { doc_id: doc.meta.doc_id });
    this.isBusy = false;
    if (!reverted) return;
    this.desk.corpus.registries = reverted.answer.registries ?? this.desk.corpus.registries;
    this.adopt(await ask("api/places"));
    await this.goOn();
  }

  /** Read again what others changed meanwhile, unless a form is open. */
  async refresh() {
    if (this.isBusy || this.form || !this.places.length) return;
    const before = this.places;
    /** @type {Listed | null} */
    const listed = await ask("api/places").catch(() => null);
    if (!listed || this.isBusy || this.form || this.places !== before) return;
    if (isSame(listed.places, before)) return;
    const { key } = this;
    this.adopt(listed);
    const at = this.places.findIndex((each) => keyOf(each) === key);
    await this.go(at >= 0 ? at : this.at, true);
    this.desk.say(this.desk.corpus.words.app.reread);
  }
}

/** Return what tells a place from all others. @param {Place} place */
function keyOf(place) {
  return `${place.doc_id} ${place.refs.join(" ")}`;
}

/** Return the group of a place: how the layers differ. @param {Place} place */
function groupOf(place) {
  return `${place.kind} ${place.only_in.join()}`;
}

const [corpus, listed] = await Promise.all([ask("api/corpus"), ask("api/places")]);
const page = new Decide(corpus, listed);
await page.go(page.at);
