// @ts-check
/* The page for reviews: one annotation of gold after another, and a verdict on each. */

import { mainSpans } from "../../page/segments.js";
import { ask } from "./api.js";
import { button, element, fill } from "./dom.js";
import { DESK_KEYS, Desk, Steps, keyed } from "./desk.js";
import { Drafts } from "./drafts.js";

/** @typedef {import("./types.js").Annotation} Annotation */
/**
 * @typedef {{doc_id: string, id: string, hash: string, start: number, end: number, type: string,
 *   verdict: string | null, remark: string | null, again: {verdict: string, remark?: string} | null,
 *   own: Annotation[] | null}} Item `own` is what the reviewer's layer says, null if it says the same.
 */
/** @typedef {{doc_id: string, id: string, number?: number | null}} Name */
/** @typedef {{value: number, low: number, high: number}} Rate */
/**
 * @typedef {{items: Item[], alone: Record<string, Annotation[]>, folder: string, reviewer: string,
 *   counts: {total: number, done: number, verdicts: Record<string, number>, rate: Rate | null},
 *   sample: {seed: number, size: number} | null, verdicts: string[]}} Listed
 */

class Review {
  /** @param {import("./types.js").Corpus} corpus @param {Listed} listed */
  constructor(corpus, listed) {
    this.words = corpus.words.review;
    this.desk = new Desk(corpus, this.words);
    this.listed = listed;
    this.items = listed.items;
    this.at = 0;
    this.isBusy = false;
    /** @type {boolean} Whether only what differs from the reviewer's own layer is gone through. */
    this.onlyDiffering = false;
    /** @type {Drafts<{key: string, remark: string}>} */
    this.drafts = new Drafts(`review ${listed.reviewer}`);
    this.remark = element("textarea", { dir: "auto" });
    this.remark.addEventListener("input", () => this.keepDraft());
    this.card = element("div", { class: "panel" });
    /** @type {Steps<Name>} */
    this.steps = new Steps(this.desk);
    const undo = button(this.words.undo, () => void this.revert("undo"));
    const redo = button(this.words.redo, () => void this.revert("redo"));
    this.desk.own.append(undo, redo);
    this.listen();
  }

  listen() {
    const given = this.listed.verdicts.map((name, number) => ({ name, key: String(number + 1) }));
    this.desk.listen([...given, ...DESK_KEYS], (action) => {
      if (action === "next") void this.step(1);
      else if (action === "previous") void this.step(-1);
      else if (action === "undo" || action === "redo") void this.revert(action);
      else void this.give(action);
    });
    this.desk.onReturn(() => void this.refresh());
  }

  get item() {
    return this.items[this.at];
  }

  /** The key of the draft: what was written about an annotation that changed is about another one. */
  get key() {
    return `${nameOf(this.item)} ${this.item.hash}`;
  }

  keepDraft() {
    if (this.remark.value === (this.item.remark ?? "")) this.drafts.drop(this.key);
    else this.drafts.keep({ key: this.key, remark: this.remark.value });
  }

  /** Go to the next or the previous item. @param {1 | -1} direction */
  step(direction) {
    const isSought = (/** @type {Item} */ each) => !this.onlyDiffering || each.own !== null;
    let at = this.at + direction;
    while (this.items[at] && !isSought(this.items[at])) at += direction;
    if (!this.items[at] && !this.isClosed && direction > 0 && this.isDone) return this.close();
    return this.go(this.items[at] && !this.isClosed ? at : this.at);
  }

  get isDone() {
    return this.listed.counts.done === this.listed.counts.total;
  }

  get isClosed() {
    return this.card.classList.contains("closing");
  }

  /** Show an item. @param {number} at @param {boolean} [anew] Read its document again. */
  async go(at, anew = false) {
    if (!this.items.length) {
      this.desk.tools.replaceChildren(element("p", {}, this.words.nothing));
      return;
    }
    this.at = Math.min(Math.max(at, 0), this.items.length - 1);
    const { doc_id, id, start, end } = this.item;
    await this.desk.show(doc_id, start, end, anew);
    const { sheet } = this.desk;
    // With a mark, the sheet does not scroll once more.
    sheet?.choose(id, sheet.marksOf(id)[0] ?? null);
    this.remark.value = this.drafts.find(this.key)?.remark ?? this.item.remark ?? "";
    const heading = this.draw();
    this.desk.announce(heading);
  }

  /** Draw the item, and return its heading. */
  draw() {
    const { words, desk, item } = this;
    const { counts, sample } = this.listed;
    const record = desk.doc?.annotations.find((each) => each.id === item.id);
    const type = desk.corpus.words.form.types[item.type] ?? item.type;
    const said = fill(words.item, { type, n: this.at + 1, total: this.items.length });
    const heading = element("h2", {}, said);
    const card = element("section", { class: "item-card" }, heading);
    if (record) card.append(desk.factsOf(record));
    card.append(...this.drawAgain(), ...this.drawOwn());

    const choices = element("div", { class: "choices", role: "group", "aria-label": words.verdict });
    this.listed.verdicts.forEach((verdict, number) => {
      const made = keyed(words.verdicts[verdict], String(number + 1), () => void this.give(verdict));
      made.setAttribute("aria-pressed", String(item.verdict === verdict));
      choices.append(made);
    });
    const moves = element("div", { class: "choices" });
    moves.append(keyed(words.previous, "p", () => void this.step(-1)));
    moves.append(keyed(words.next, "n", () => void this.step(1)));
    const address = `../../#${encodeURIComponent(item.doc_id)}`;
    const mend = element("a", { href: address, target: "_blank", rel: "noopener" }, words.mend);
    moves.append(mend);

    this.card = element("div", { class: "panel" }, desk.progress(counts.done, counts.total));
    if (sample) this.card.append(element("p", { class: "note" }, fill(words.sample, sample)));
    this.card.append(card, element("label", {}, words.remark, this.remark), choices, moves);
    this.card.append(...this.drawFilter(), ...this.drawAlone());
    desk.tools.replaceChildren(this.card);
    return heading;
  }

  /** Return what was said before gold changed. */
  drawAgain() {
    const { words, item } = this;
    if (!item.again) return [];
    const { verdict, remark } = item.again;
    const said = fill(words.again, { verdict: words.verdicts[verdict] });
    return [element("p", { class: "again", dir: "auto" }, remark ? `${said} ${remark}` : said)];
  }

  /** Return what the reviewer's own layer says, if it differs. */
  drawOwn() {
    const { words, item, desk } = this;
    if (!item.own) return [];
    if (!item.own.length) return [element("p", { class: "own" }, words.ownNothing)];
    return item.own.map((own) =>
      element("div", { class: "own" }, element("strong", {}, words.own), desk.factsOf(own)),
    );
  }

  /** Return the choice to go only through what differs, if there is an own layer. */
  drawFilter() {
    const differing = this.items.filter((each) => each.own !== null).length;
    if (!differing) return [];
    const box = element("input", { type: "checkbox" });
    box.checked = this.onlyDiffering;
    box.addEventListener("change", () => {
      this.onlyDiffering = box.checked;
    });
    const said = fill(this.words.onlyDiffering, { count: differing });
    return [element("label", { class: "check" }, box, said)];
  }

  /** Return what only the reviewer's own layer has in this document, to look at. */
  drawAlone() {
    const alone = this.listed.alone[this.item.doc_id] ?? [];
    if (!alone.length) return [];
    const { desk, words } = this;
    const list = element("ul", { class: "items" });
    for (const record of alone) {
      const [main] = mainSpans(/** @type {any} */ (record));
      const type = desk.corpus.words.form.types[record.type];
      const look = button(`${type}: ${main.exact}`, () => desk.reveal(main.start, main.end), { class: "item", dir: "auto" });
      list.append(element("li", {}, look));
    }
    const summary = element("summary", {}, fill(words.alone, { count: alone.length }));
    return [element("details", { class: "alone" }, summary, list)];
  }

  /** @param {string} verdict */
  async give(verdict) {
    if (this.isBusy || !this.items.length || this.isClosed) return;
    this.isBusy = true;
    const { key, at } = this;
    const { doc_id, id, hash } = this.item;
    const given = { verdict: this.item.verdict, remark: this.item.remark };
    const remark = this.remark.value.trim() || null;
    const body = { doc_id, about: id, hash, verdict, remark, given };
    const { answer, refusal } = await this.desk.send("api/review", body);
    this.isBusy = false;
    if (!answer) {
      // It may have changed in another window; the remark is kept as a draft.
      await this.refresh();
      this.desk.say(refusal.join(" "), "error");
      return;
    }
    // What was written after the verdict was given stays.
    const written = this.drafts.find(key)?.remark.trim() ?? "";
    if (written === (remark ?? "")) this.drafts.drop(key);
    this.steps.add({ doc_id, id, number: answer.step });
    this.listed.counts = answer.counts;
    if (answer.item) this.items[at] = answer.item;
    if (this.isDone) return this.close();
    if (this.at !== at) {
      // The reader went on meanwhile.
      this.draw();
      return;
    }
    const next = this.items.findIndex((each, number) => number > this.at && !each.verdict);
    const first = this.items.findIndex((each) => !each.verdict);
    await this.go(next >= 0 ? next : first);
  }

  /** Say what came out, and how it enters the card. */
  close() {
    const { words, desk } = this;
    const { counts, sample, folder } = this.listed;
    const heading = element("h2", {}, fill(words.closing, { total: counts.total }));
    const results = element("dl", { class: "results" });
    for (const verdict of this.listed.verdicts) {
      const count = String(counts.verdicts[verdict]);
      results.append(
        element("div", {}, element("dt", {}, words.verdicts[verdict]), element("dd", {}, count)),
      );
    }
    this.card = element("div", { class: "panel closing" }, desk.progress(counts.done, counts.total));
    const said = element("section", {}, heading, results);
    const { rate } = counts;
    if (rate && sample) {
      const values = { rate: share(rate.value), low: share(rate.low), high: share(rate.high) };
      said.append(element("p", { class: "rate" }, fill(words.rate, values)));
      if (counts.verdicts.unsure) said.append(element("p", { class: "note" }, words.rateUnsure));
    }
    const commands = `git add ${folder}\ngit commit --message "${words.commit}"`;
    said.append(element("h3", {}, words.nextStep), element("p", {}, words.enters));
    said.append(element("pre", { tabindex: "0" }, commands));
    const returned = counts.verdicts.change + counts.verdicts.drop;
    if (returned) said.append(element("p", {}, fill(words.returned, { count: returned })));
    this.card.append(said, keyed(words.lookAgain, "p", () => void this.go(this.at)));
    desk.tools.replaceChildren(this.card);
    desk.say(words.done, "saved");
    desk.announce(heading);
  }

  /** @param {"undo" | "redo"} way */
  async revert(way) {
    if (this.isBusy) return;
    this.isBusy = true;
    const reverted = await this.steps.revert(way, this.item ?? null);
    this.isBusy = false;
    if (!reverted) return;
    this.take(await ask("api/reviews"));
    await this.go(this.find(reverted.step), true);
  }

  /** @param {Name} sought @returns {number} */
  find(sought) {
    return this.items.findIndex((each) => nameOf(each) === nameOf(sought));
  }

  /** Take a new list over. Its order is the page's; what is new comes last. @param {Listed} listed */
  take(listed) {
    const { item } = this;
    const left = new Map(listed.items.map((each) => [nameOf(each), each]));
    const kept = this.items.flatMap((each) => left.get(nameOf(each)) ?? []);
    for (const each of kept) left.delete(nameOf(each));
    this.items = [...kept, ...left.values()];
    this.listed = { ...listed, items: this.items };
    if (item) this.at = Math.max(this.find(item), 0);
  }

  /** Read again what others, or the reviewer in another window, changed meanwhile. */
  async refresh() {
    if (this.isBusy || !this.items.length) return;
    const before = this.item;
    /** @type {Listed | null} */
    const listed = await ask("api/reviews").catch(() => null);
    if (!listed || this.isBusy || this.item !== before) return;
    const { at } = this;
    this.take(listed);
    const isSame = JSON.stringify(this.item) === JSON.stringify(before);
    if (isSame && this.at === at) return;
    await this.go(this.at, true);
    this.desk.say(this.desk.corpus.words.app.reread);
  }
}

/** Return what tells an annotation from all others. @param {Name} item */
function nameOf({ doc_id, id }) {
  return `${doc_id} ${id}`;
}

/** @param {number} rate @returns {string} As the tables of `readout stats` write it. */
function share(rate) {
  return `${(rate * 100).toFixed(1)}%`;
}

const [corpus, listed] = await Promise.all([ask("api/corpus"), ask("api/reviews")]);
const page = new Review(corpus, listed);
if (page.isDone && page.items.length) {
  await page.go(page.items.length - 1);
  page.close();
} else await page.go(0);
