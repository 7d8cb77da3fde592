// @ts-check
/* The page for reviews: one annotation of gold after another, and a verdict on each. */

import { ask } from "./api.js";
import { button, element, fill } from "./dom.js";
import { Desk, keyed } from "./desk.js";

/**
 * @typedef {{doc_id: string, id: string, hash: string, start: number, end: number, type: string,
 *   verdict: string | null, remark: string | null, again: {verdict: string, remark?: string} | null,
 *   own: import("./types.js").Annotation[]}} Item
 */

class Review {
  /** @param {import("./types.js").Corpus} corpus @param {any} listed */
  constructor(corpus, listed) {
    this.words = corpus.words.review;
    this.desk = new Desk(corpus, this.words);
    /** @type {Item[]} */
    this.items = listed.items;
    this.counts = listed.counts;
    this.sample = listed.sample;
    /** @type {string[]} */
    this.verdicts = listed.verdicts;
    this.at = 0;
    this.isBusy = false;
    this.remark = element("textarea", { dir: "auto" });
    /** @type {Array<{doc_id: string, id: string}>} The reviews given here, the last one last. */
    this.given = [];
    /** @type {Array<{doc_id: string, id: string}>} */
    this.undone = [];
    const undo = button(this.words.undo, () => void this.revert("undo"));
    const redo = button(this.words.redo, () => void this.revert("redo"));
    this.desk.actions.append(undo, redo);
    /** @type {Record<string, () => void>} */
    const keys = {
      n: () => void this.go(this.at + 1),
      p: () => void this.go(this.at - 1),
      "Ctrl+z": () => void this.revert("undo"),
      "Ctrl+y": () => void this.revert("redo"),
    };
    this.verdicts.forEach((verdict, number) => {
      keys[String(number + 1)] = () => void this.give(verdict);
    });
    this.desk.listen(keys);
  }

  get item() {
    return this.items[this.at];
  }

  /** Show an item; beyond the ends, it is the last or the first. @param {number} at */
  async go(at, anew = false) {
    if (!this.items.length) {
      this.desk.tools.replaceChildren(element("p", {}, this.words.nothing));
      return;
    }
    this.at = Math.min(Math.max(at, 0), this.items.length - 1);
    const { doc_id, id, start, end } = this.item;
    await this.desk.show(doc_id, start, end, id, anew);
    this.draw();
  }

  draw() {
    const { words, desk, item } = this;
    const record = desk.doc?.annotations.find((each) => each.id === item.id);
    const card = element("section", { class: "item-card" });
    const type = desk.corpus.words.form.types[item.type] ?? item.type;
    card.append(element("h2", {}, fill(words.item, { type, n: this.at + 1, total: this.items.length })));
    if (record) card.append(desk.factsOf(record));
    if (item.again) {
      const { verdict, remark } = item.again;
      const said = fill(words.again, { verdict: words.verdicts[verdict] });
      card.append(element("p", { class: "again" }, remark ? `${said} ${remark}` : said));
    }
    for (const own of item.own) {
      card.append(element("div", { class: "own" }, element("strong", {}, words.own), desk.factsOf(own)));
    }

    this.remark = element("textarea", { dir: "auto" });
    this.remark.value = item.remark ?? "";
    const choices = element("div", { class: "choices", role: "group", "aria-label": words.verdict });
    this.verdicts.forEach((verdict, number) => {
      const made = keyed(words.verdicts[verdict], String(number + 1), () => void this.give(verdict));
      made.setAttribute("aria-pressed", String(item.verdict === verdict));
      choices.append(made);
    });
    const moves = element("div", { class: "choices" });
    moves.append(keyed(words.previous, "p", () => void this.go(this.at - 1)));
    moves.append(keyed(words.next, "n", () => void this.go(this.at + 1)));
    const mend = element("a", { href: `../../#${encodeURIComponent(item.doc_id)}`, target: "_blank", rel: "noopener" }, words.mend);

    /** @type {HTMLElement[]} */
    const sections = [desk.progress(this.counts.done, this.counts.total)];
    if (this.sample) sections.push(element("p", { class: "note" }, fill(words.sample, this.sample)));
    sections.push(card, element("label", {}, words.remark, this.remark), choices, moves, element("p", {}, mend));
    desk.tools.replaceChildren(...sections);
  }

  /** @param {string} verdict */
  async give(verdict) {
    if (this.isBusy || !this.items.length) return;
    this.isBusy = true;
    const { doc_id, id, hash } = this.item;
    const remark = this.remark.value.trim() || null;
    const answer = await this.desk.send("api/review", { doc_id, about: id, hash, verdict, remark });
    this.isBusy = false;
    if (!answer) return;
    this.given.push({ doc_id, id });
    this.undone = [];
    this.counts = answer.counts;
    if (answer.item) this.items[this.at] = answer.item;
    const next = this.items.findIndex((each, number) => number > this.at && !each.verdict);
    const first = this.items.findIndex((each) => !each.verdict);
    await this.go(next >= 0 ? next : first >= 0 ? first : this.at);
    if (first < 0) this.desk.say(this.words.done, "saved");
  }

  /** @param {"undo" | "redo"} way */
  async revert(way) {
    const [from, to] = way === "undo" ? [this.given, this.undone] : [this.undone, this.given];
    const step = from.pop();
    if (!step) return;
    const path = `api/document/${encodeURIComponent(step.doc_id)}/${way}`;
    if (!(await this.desk.send(path, {}))) return void from.push(step);
    to.push(step);
    const listed = await ask("api/reviews");
    this.counts = listed.counts;
    // The order on the page stays: only the verdicts are taken over.
    for (const each of this.items) {
      const now = listed.items.find((/** @type {Item} */ it) => it.doc_id === each.doc_id && it.id === each.id);
      if (now) Object.assign(each, now);
    }
    await this.go(this.items.findIndex((each) => each.doc_id === step.doc_id && each.id === step.id), true);
  }
}

const [corpus, listed] = await Promise.all([ask("api/corpus"), ask("api/reviews")]);
const page = new Review(corpus, listed);
await page.go(0);
