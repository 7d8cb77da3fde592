// @ts-check
/* The page for decisions: one place after another at which layers differ, side by side. */

import { ask } from "./api.js";
import { button, element, fill, newId } from "./dom.js";
import { Desk, keyed } from "./desk.js";

/** @typedef {import("./types.js").Annotation} Annotation */
/**
 * @typedef {{doc_id: string, kind: string, type: string, start: number, end: number,
 *   refs: string[], speaking: string[], sides: Array<{layer: string, records: Annotation[]}>,
 *   fields: string[], is_open: boolean,
 *   decisions: Array<{section: string, reason: string, by: string}>}} Place
 */

class Decide {
  /** @param {import("./types.js").Corpus} corpus @param {any} listed */
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
    /** @type {Record<string, any>} The fields of an annotation that is put together here. */
    this.mixed = {};
    /** @type {string[]} The documents of the decisions made here, the last one last. */
    this.made = [];
    /** @type {string[]} */
    this.undone = [];
    const undo = button(this.words.undo, () => void this.revert("undo"));
    const redo = button(this.words.redo, () => void this.revert("redo"));
    this.hide = button(this.words.hide, () => {
      this.isHidden = !this.isHidden;
      this.hide.setAttribute("aria-pressed", String(this.isHidden));
      this.draw();
    }, { "aria-pressed": "false" });
    this.desk.actions.append(this.hide, undo, redo);
    this.section = this.drawSections();
    this.reason = element("textarea", { dir: "auto" });
    this.desk.listen({
      n: () => void this.go(this.at + 1),
      p: () => void this.go(this.at - 1),
      0: () => void this.choose({ side: "neither" }),
      m: () => void this.chooseMixed(),
      "Ctrl+z": () => void this.revert("undo"),
      "Ctrl+y": () => void this.revert("redo"),
      ...Object.fromEntries([...Array(9).keys()].map((number) => [
        String(number + 1), () => void this.chooseSide(number),
      ])),
    });
  }

  /** @param {{places: Place[], total: number, decided: number}} listed */
  take(listed) {
    this.places = listed.places;
    this.total = listed.total;
    this.decided = listed.decided;
  }

  get place() {
    return this.places[this.at];
  }

  /** Show a place; what is half written for another one is dropped. @param {number} at */
  async go(at, anew = false) {
    if (!this.places.length) {
      this.desk.tools.replaceChildren(element("p", {}, this.words.nothing));
      return;
    }
    const next = Math.min(Math.max(at, 0), this.places.length - 1);
    if (next !== this.at) this.reason.value = "";
    this.at = next;
    this.mixed = {};
    const { doc_id, start, end } = this.place;
    await this.desk.show(doc_id, start, end, "", anew);
    this.draw();
  }

  /** Return the sides that have something, those that say the same as one, in the order in which
   * they are shown: with names hidden, a shuffled one.
   *
   * @returns {Array<{layer: string, layers: string[], records: Annotation[]}>}
   */
  sides() {
    /** @type {Map<string, {layer: string, layers: string[], records: Annotation[]}>} */
    const found = new Map();
    for (const { layer, records } of this.place.sides.filter((each) => each.records.length)) {
      const said = JSON.stringify(records.map((record) => this.desk
        .fieldsOf(record.type).map((field) => record[field] ?? null)));
      const known = found.get(said);
      if (known) known.layers.push(layer);
      else found.set(said, { layer, layers: [layer], records });
    }
    const sides = [...found.values()];
    if (!this.isHidden) return sides;
    // The order depends on the place alone, so it stays while one thinks.
    const mark = (/** @type {string} */ layer) => shuffle(layer + this.place.refs.join());
    return sides.sort((one, other) => mark(one.layer) - mark(other.layer));
  }

  /** @param {{layers: string[]}} side @param {number} number */
  nameOf(side, number) {
    if (this.isHidden) return fill(this.words.side, { n: number + 1 });
    return this.nameLayers(side.layers);
  }

  /** @param {string[]} layers */
  nameLayers(layers) {
    const gold = this.desk.corpus.words.app.gold;
    return layers.map((layer) => (layer === "gold" ? gold : layer)).join(", ");
  }

  draw() {
    const { words, desk, place } = this;
    if (!place) return;
    const type = desk.corpus.words.form.types[place.type] ?? place.type;
    const card = element("section");
    const speaking = place.speaking.filter((each) => each !== "gold").join(", ");
    const kind = fill(words.kinds[place.kind], { layers: this.isHidden ? "…" : speaking });
    card.append(element("h2", {}, fill(words.place, { type, n: this.at + 1, total: this.places.length })));
    card.append(element("p", { class: "kind" }, kind));
    const silent = place.sides.filter((each) => !each.records.length).map((each) => each.layer);
    if (silent.length && !this.isHidden) {
      card.append(element("p", { class: "note" }, fill(words.silent, { layers: this.nameLayers(silent) })));
    }
    for (const each of place.decisions) {
      card.append(element("p", { class: "again" }, fill(words.decision, { ...each })));
    }
    card.append(element("div", { class: "sides", tabindex: 0 }, this.drawTable()));

    const choices = element("div", { class: "choices", role: "group", "aria-label": words.choices });
    this.sides().forEach((side, number) => {
      const label = fill(words.take, { side: this.nameOf(side, number) });
      const made = keyed(label, String(number + 1), () => void this.chooseSide(number));
      choices.append(made);
    });
    choices.append(keyed(words.neither, "0", () => void this.choose({ side: "neither" })));
    choices.append(keyed(words.mixed, "m", () => void this.chooseMixed()));
    const moves = element("div", { class: "choices" });
    moves.append(keyed(words.previous, "p", () => void this.go(this.at - 1)));
    moves.append(keyed(words.next, "n", () => void this.go(this.at + 1)));

    const reason = element("label", {}, words.reason, this.reason);
    desk.tools.replaceChildren(
      desk.progress(this.decided, this.total), card, this.section, reason, choices, moves,
    );
  }

  /** Return the table of fields and sides, with a column for anything else. */
  drawTable() {
    const { words, desk, place } = this;
    const sides = this.sides();
    const head = element("tr", {}, element("th", { scope: "col" }, words.field));
    sides.forEach((side, number) => head.append(element("th", { scope: "col" }, this.nameOf(side, number))));
    head.append(element("th", { scope: "col" }, words.other));
    const body = element("tbody");
    for (const field of desk.fieldsOf(place.type)) {
      const name = desk.nameOf(field);
      const row = element("tr", { class: place.fields.includes(field) ? "differs" : "" });
      row.append(element("th", { scope: "row" }, name));
      if (!place.fields.includes(field)) {
        const said = sides[0]?.records[0] ? desk.valueOf(sides[0].records[0], field) : "—";
        const cell = element("td", { colspan: sides.length, dir: "auto", title: said }, shorten(said));
        row.append(cell);
        row.append(element("td", {}, this.drawOther(field, name)));
        body.append(row);
        continue;
      }
      const group = newId("field");
      sides.forEach((side, number) => {
        const cell = element("td");
        side.records.forEach((record) => {
          const pick = element("input", { type: "radio", name: group });
          pick.addEventListener("change", () => { this.mixed[field] = record[field] ?? null; });
          pick.checked = field in this.mixed && same(this.mixed[field], record[field] ?? null);
          pick.setAttribute("aria-label", `${name}: ${this.nameOf(side, number)}`);
          const value = desk.valueOf(record, field);
          const said = element("span", { dir: "auto", title: value }, shorten(value));
          cell.append(element("label", {}, pick, said));
        });
        row.append(cell);
      });
      row.append(element("td", {}, this.drawOther(field, name)));
      body.append(row);
    }
    return element("table", {}, element("thead", {}, head), body);
  }

  /** Return what sets a field to something that no side says. @param {string} field @param {string} name */
  drawOther(field, name) {
    const { desk, place, words } = this;
    const role = desk.corpus.roles[place.type][field];
    if (role.kind === "spans") {
      return button(words.selected, () => {
        const span = desk.selected();
        if (!span) return desk.say(words.noWords, "error");
        const many = [...(Array.isArray(this.mixed[field]) ? this.mixed[field] : [])];
        this.mixed[field] = role.many ? [...many.filter((each) => each.picked), { ...span, picked: true }] : span;
        desk.say(`${name}: “${span.exact}”`);
      });
    }
    const entries = (desk.corpus.registries[role.of] ?? []).map((each) => [
      String(Object.values(each)[0]), String(each.name ?? each.label),
    ]);
    const options = role.kind === "label" ? (role.values ?? []).map((each) => [each, each]) : entries;
    if (!options.length || role.many) return element("span", {}, "—");
    const select = element("select", { "aria-label": `${name}: ${words.other}` });
    select.append(element("option", { value: "" }, "—"));
    for (const [value, label] of options) select.append(element("option", { value }, label));
    select.addEventListener("change", () => {
      if (select.value) this.mixed[field] = select.value;
      else delete this.mixed[field];
    });
    return select;
  }

  drawSections() {
    const { words, desk } = this;
    const text = element("div", { class: "section", tabindex: 0, role: "region", "aria-label": words.guideline });
    const select = element("select", { class: "number" });
    select.append(element("option", { value: "" }, words.chooseSection));
    for (const { number, title } of desk.corpus.sections) {
      select.append(element("option", { value: number }, `${number} ${title}`));
    }
    const show = () => {
      const found = desk.corpus.sections.find((each) => each.number === select.value);
      text.hidden = !found;
      text.textContent = found ? found.text : "";
    };
    select.addEventListener("change", show);
    show();
    this.number = select;
    return element("div", {}, element("label", {}, words.section, select), text);
  }

  /** @param {number} number */
  async chooseSide(number) {
    const side = this.sides()[number];
    if (side) await this.choose({ side: side.layer });
  }

  /** Put the chosen cells together; what is not chosen is as gold has it, or the first side. */
  async chooseMixed() {
    const { place, desk, words } = this;
    const golden = place.sides.find((each) => each.layer === "gold")?.records ?? [];
    const first = golden[0] ?? place.sides.find((each) => each.records.length)?.records[0];
    if (!first || !Object.keys(this.mixed).length) return desk.say(words.nothingMixed, "error");

    const record = { ...first, ...this.mixed };
    if (!golden.length) delete record.id;
    for (const [field, value] of Object.entries(record)) {
      if (value === null || (Array.isArray(value) && !value.length)) delete record[field];
      if (Array.isArray(value) && value[0]?.exact) {
        record[field] = value
          .map(({ start, end, exact }) => ({ start, end, exact }))
          .sort((one, other) => one.start - other.start);
      }
    }
    await this.choose({ edits: [{ put: record }, ...golden.slice(1).map((each) => ({ remove: each.id }))] });
  }

  /** Decide. Nothing is sent without a section and a reason. @param {Record<string, any>} choice */
  async choose(choice) {
    const { desk, words, place } = this;
    if (this.isBusy || !place) return;
    const section = this.number?.value ?? "";
    const reason = this.reason.value.trim();
    if (!section || !reason) {
      desk.say(words.missing, "error");
      (section ? this.reason : this.number)?.focus();
      return;
    }
    this.isBusy = true;
    const { doc_id, refs } = place;
    const answer = await desk.send("api/decide", { doc_id, refs, choice, section, reason });
    this.isBusy = false;
    if (!answer) return;
    this.made.push(doc_id);
    this.undone = [];
    this.reason.value = "";
    await this.goOn(answer);
  }

  /** Show the next open place. @param {any} listed */
  async goOn(listed) {
    this.take(listed);
    const next = this.places.findIndex((each, number) => number >= this.at && each.is_open);
    const first = this.places.findIndex((each) => each.is_open);
    await this.go(next >= 0 ? next : first >= 0 ? first : this.at, true);
    if (first < 0) this.desk.say(this.words.done, "saved");
  }

  /** @param {"undo" | "redo"} way */
  async revert(way) {
    const [from, to] = way === "undo" ? [this.made, this.undone] : [this.undone, this.made];
    const docId = from.pop();
    if (!docId) return;
    const answer = await this.desk.send(`api/document/${encodeURIComponent(docId)}/${way}`, {});
    if (!answer) return void from.push(docId);
    to.push(docId);
    await this.goOn(await ask("api/places"));
  }
}

/** Return long words without their middle: most versions differ at the ends. @param {string} value */
function shorten(value) {
  const letters = [...value];
  if (letters.length <= 90) return value;
  return `${letters.slice(0, 40).join("")} … ${letters.slice(-40).join("")}`;
}

/** @param {any} one @param {any} other */
function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Return a number that depends on a text (FNV-1a). @param {string} text */
function shuffle(text) {
  let hash = 0x811c9dc5;
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}

const [corpus, listed] = await Promise.all([ask("api/corpus"), ask("api/places")]);
const page = new Decide(corpus, listed);
await page.go(page.at);
