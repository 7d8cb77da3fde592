// @ts-check
/* Draw a text with its annotations. The one renderer of `preview`, `diff --html` and `annotate`.

The text nodes within `.text` join to the text; labels and signs are attributes that the style shows. */
import { labelOf, Scope, SIGNS } from "./facts.js";
import { assignLanes, cutSegments, listSpans, lowerBound, mainSpans, Points } from "./segments.js";

/**
 * What to draw. Offsets are code points, end excluded.
 * @typedef {object} Drawing
 * @property {string} text  the raw text
 * @property {[number, number][]} [paragraphs]  start and end of each; lines without it
 * @property {any[]} annotations  the records of the layer, as their lines; one that is being saved
 *   has no id yet, and can't be chosen
 * @property {{id: string, annotation: any, reason?: string}[]} [suggestions]  drawn as ghosts
 * @property {{start?: number, end?: number, code: string, sentence: string,
 *   severity?: string}[]} [problems]  drawn as wavy lines
 * @property {import("./facts.js").RegistryLists} registries
 * @property {Record<string, string>} words  the words of the interface: see words.json
 * @property {string} [language]
 * @property {string} [name]  of the layer
 * @property {import("./facts.js").Decision[]} [decisions]
 * @property {Record<string, import("./facts.js").Value[]>} [elsewhere]
 * @property {string | null} [annotator]
 * @property {(item: Item, scope: Scope) => boolean} [isVisible]  without it, everything is
 * @property {Map<string, Flag>} [flags]  a sign at an annotation, by id: how two layers differ
 * @property {[number, number][]} [changed]  text that the other version does not have
 * @property {[number, number][]} [shown]  paragraphs to show; others are counted, see `gaps`
 *
 * @typedef {{kind: string, name: string}} Flag
 *
 * What the renderer calls.
 * @typedef {object} Events
 * @property {(id: string | null, sheet: Sheet) => void} [choose]  something else was chosen
 * @property {(ids: string[], event: Event) => boolean | void} [pick]  a click or Enter at a place,
 *   with the ids there, smallest first; return false to keep it from choosing
 */

const LANES = 3;
const KINDS = ["mention", "quote", "topic", "stance", "boilerplate"];

/** An annotation as it is drawn. */
export class Item {
  /**
   * @param {any} record
   * @param {string} id  that of the suggestion if it is a ghost
   * @param {boolean} isGhost
   * @param {string} reason  of a suggestion
   */
  constructor(record, id, isGhost, reason) {
    const main = mainSpans(record);
    this.record = record;
    this.spans = listSpans(record);
    this.id = id;
    this.type = /** @type {string} */ (record.type);
    this.isGhost = isGhost;
    this.reason = reason;
    this.start = main.length ? main[0].start : 0;
    this.last = main.length ? main[main.length - 1].end : 0;
    this.hasPlace = main.length > 0;
    this.size = main.reduce((sum, span) => sum + span.end - span.start, 0);
    this.lane = 0;
    this.label = "";
    this.isVisible = true;
    this.isSource = false;
  }

  /** Whether it can be chosen: what is being saved has no id yet. */
  get isChoosable() {
    return this.id !== undefined;
  }

  /**
   * Tell whether another one is the same annotation or suggestion.
   * @param {Item} other
   */
  isSame(other) {
    if (this === other) return true;
    if (this.isGhost !== other.isGhost || this.reason !== other.reason) return false;
    return JSON.stringify(this.record) === JSON.stringify(other.record);
  }

  /**
   * Return the CSS classes of the segments of a part.
   * @param {string} part
   * @returns {string[]}
   */
  classesOf(part) {
    const found = this.isGhost ? ["ghost"] : [];
    if (part === "content") found.push(`q${this.lane}-${this.record.form}`);
    else if (part === "evidence") found.push(`e${this.lane}-${this.record.polarity}`);
    else if (part === "cue") found.push("cue");
    else found.push(this.type);
    if (this.isSource) found.push("source");
    return found;
  }
}

/**
 * @typedef {object} Block  a paragraph with the blank lines after it
 * @property {number} start
 * @property {number} end
 * @property {HTMLElement} element
 * @property {import("./segments.js").Cover[] | null} covers  those that are drawn
 * @property {SignView[]} views  the signs that are drawn
 * @property {{start: number, end: number, node: Text}[]} nodes
 * @property {Mark[]} marks
 * @property {HTMLElement[]} signs
 * @property {boolean} isSkipped  whether the browser leaves it out, since it is far from the window
 *
 * @typedef {{element: HTMLElement, start: number, end: number, items: Item[]}} Mark
 */

/**
 * Draw a text with its annotations into an element, instead of what it contains.
 * @param {HTMLElement} root
 * @param {Drawing} drawing
 * @param {Events} [events]
 * @returns {Sheet}
 */
export function render(root, drawing, events = {}) {
  return new Sheet(root, drawing, events);
}

/** A text that is drawn. Ids are those of annotations and, for ghosts, of suggestions. */
export class Sheet {
  /**
   * @param {HTMLElement} root
   * @param {Drawing} drawing
   * @param {Events} events
   */
  constructor(root, drawing, events) {
    this.root = root;
    this.drawing = drawing;
    this.events = events;
    this.points = new Points(drawing.text);
    /** @type {Map<Node, {start: number, end: number, node: Text}>} */
    this.byNode = new Map();
    /** @type {Map<string, Item>} */
    this.items = new Map();
    /** @type {import("./facts.js").RegistryLists | null} those with which items have their labels */
    this.named = null;
    /** @type {Item | null} */
    this.chosen = null;
    /** @type {Mark | null} the mark at which it was chosen */
    this.place = null;
    /** @type {WeakMap<Element, Mark>} */
    this.byMark = new WeakMap();
    /** @type {WeakMap<Element, Item>} */
    this.bySign = new WeakMap();
    /** @type {Map<string, HTMLElement>} by the id of the topic */
    this.brackets = new Map();
    /** @type {Element[]} the elements that show what is chosen */
    this.painted = [];
    /** @type {string[]} */
    this.alsoLinked = [];
    /** @type {Map<string, {top: number, height: number} | null>} where brackets are, by the id */
    this.bracketPlaces = new Map();
    this.isWaiting = false;
    /** @type {Set<Block>} the blocks whose brackets are to be measured in the next frame */
    this.moved = new Set();

    const { annotations, registries, language, words, name } = drawing;
    this.scope = new Scope(registries, annotations, words, { ...drawing, points: this.points });
    this.gutter = element("div", { class: "gutter" });
    this.text = element("div", {
      class: "text",
      dir: "auto",
      lang: language || "und",
      tabindex: "0",
      role: "group",
      "aria-label": (words["text.label"] || "").replace("{layer}", name || ""),
    });
    this.blocks = this.cutBlocks();
    this.starts = this.blocks.map((block) => block.start);
    this.text.append(...this.listChildren());
    root.classList.add("sheet");
    root.replaceChildren(this.gutter, this.text);
    this.update({});
    this.listen();
  }

  /** @returns {Block[]} */
  cutBlocks() {
    const { text, paragraphs } = this.drawing;
    let starts = (paragraphs || []).map(([start]) => start);
    if (!paragraphs) {
      for (const match of text.matchAll(/[^\n]*\S[^\n]*/g)) {
        starts.push(this.points.toPoint(match.index || 0));
      }
    }
    starts = [0, ...starts.slice(1)];
    const ends = [...starts.slice(1), this.points.length];
    return starts.map((start, at) => (
      {
        start,
        end: ends[at],
        element: element("div", { class: "block" }),
        covers: null,
        views: [],
        nodes: [],
        marks: [],
        signs: [],
        isSkipped: false,
      }
    ));
  }

  /** Return the elements of the blocks; a run of those that are not shown becomes a gap. */
  listChildren() {
    const { shown, words } = this.drawing;
    if (!shown) return this.blocks.map((block) => block.element);
    /** @type {HTMLElement[]} */
    const children = [];
    let left = 0;
    const close = () => {
      const text = words[left === 1 ? "gap.one" : "gap.many"].replace("{count}", String(left));
      if (left) children.push(element("div", { class: "gap", "data-label": text, role: "note", "aria-label": text }));
      left = 0;
    };
    for (const block of this.blocks) {
      const isShown = shown.some(([start, end]) => start < block.end && block.start < end);
      if (isShown) {
        close();
        children.push(block.element);
      } else left += 1;
    }
    close();
    return children;
  }

  /**
   * Draw what changed. What is left out stays as it was; the text can't change.
   * @param {Partial<Drawing>} changes
   */
  update(changes) {
    Object.assign(this.drawing, changes);
    const { annotations, registries, words } = this.drawing;
    this.scope = new Scope(registries, annotations, words, { ...this.drawing, points: this.points });
    this.makeItems();
    const drawn = this.drawBlocks();
    const chosen = this.chosen && this.items.get(this.chosen.id);
    if (this.chosen && !(chosen && chosen.isVisible)) this.choose(null);
    else this.chosen = chosen || null;
    this.paint();
    this.drawBrackets(drawn);
  }

  /** Make the items; those that are drawn as before stay the same objects. */
  makeItems() {
    const { annotations, suggestions, isVisible, registries } = this.drawing;
    const items = annotations.map((record) => this.makeItem(record, record.id, false, ""));
    for (const each of suggestions || []) {
      items.push(this.makeItem(each.annotation, each.id, true, each.reason || ""));
    }
    /** @type {Map<Item, number>} */
    const lanes = new Map();
    for (const type of ["quote", "stance"]) {
      const found = assignLanes(items.filter((item) => item.type === type), LANES);
      for (const [item, lane] of found) lanes.set(item, lane);
    }

    const isNamed = registries === this.named;
    /** @type {Map<string, Item>} */
    const made = new Map();
    for (const item of items) {
      const label = item.label && isNamed ? item.label : labelOf(item.record, this.scope);
      const isSource = this.scope.naming("source", item.id).length > 0;
      const kept = this.keepItem(item, lanes.get(item) || 0, label, isSource);
      kept.isVisible = isVisible ? isVisible(kept, this.scope) : true;
      made.set(item.id, kept);
    }
    this.items = made;
    this.named = registries;
  }

  /**
   * Return the item of an annotation or a suggestion, which is known if its record is the same object.
   * @param {any} record
   * @param {string} id
   * @param {boolean} isGhost
   * @param {string} reason
   */
  makeItem(record, id, isGhost, reason) {
    const before = this.items.get(id);
    const isKnown = before && before.record === record && before.isGhost === isGhost;
    return isKnown && before.reason === reason ? before : new Item(record, id, isGhost, reason);
  }

  /**
   * Return the item that is drawn already if it looks the same, or a new one.
   * @param {Item} item
   * @param {number} lane
   * @param {string} label
   * @param {boolean} isSource
   */
  keepItem(item, lane, label, isSource) {
    const before = this.items.get(item.id);
    const isAlike = before && before.lane === lane && before.label === label
      && before.isSource === isSource;
    if (isAlike && before.isSame(item)) {
      // The next update knows it by the record.
      before.record = item.record;
      return before;
    }
    const made = item === before ? new Item(item.record, item.id, item.isGhost, item.reason) : item;
    return Object.assign(made, { lane, label, isSource });
  }

  /* Blocks. */

  /** Draw the blocks in which something differs, and return them. */
  drawBlocks() {
    const covers = this.coversByBlock();
    const signs = this.signsByBlock();
    const drawn = [];
    for (const [at, block] of this.blocks.entries()) {
      const isSame = block.covers && areSame(block.covers, covers[at], isSameCover)
        && areSame(block.views, signs[at], isSameSign);
      if (isSame) continue;
      this.drawBlock(block, covers[at], signs[at]);
      block.covers = covers[at];
      block.views = signs[at];
      drawn.push(block);
    }
    return drawn;
  }

  /** @returns {import("./segments.js").Cover[][]} */
  coversByBlock() {
    const found = this.blocks.map(() => /** @type {import("./segments.js").Cover[]} */ ([]));
    /** @param {import("./segments.js").Cover} cover */
    const add = (cover) => {
      const start = Math.max(cover.start, 0);
      const end = Math.min(cover.end, this.points.length);
      if (start >= end) return;
      for (let at = this.blockAt(start); at < found.length && this.starts[at] < end; at += 1) {
        found[at].push({ start, end, item: cover.item, part: cover.part });
      }
    };
    for (const item of this.items.values()) {
      if (!item.isVisible) continue;
      for (const { part, span: { start, end } } of item.spans) add({ start, end, item, part });
    }
    for (const [start, end] of this.drawing.changed || []) {
      add({ start, end, item: null, part: "changed-text" });
    }
    for (const { start, end, severity } of this.drawing.problems || []) {
      if (start === undefined || end === undefined) continue;
      add({ start, end, item: null, part: severity === "error" ? "problem" : "problem doubt" });
    }
    return found;
  }

  /**
   * Return the number of the block with a code point.
   * @param {number} point
   */
  blockAt(point) {
    return Math.max(lowerBound(this.starts, point + 1) - 1, 0);
  }

  /** Return the signs of each block: they stand before the first word of an annotation. */
  signsByBlock() {
    const found = this.blocks.map(() => /** @type {SignView[]} */ ([]));
    const flags = this.drawing.flags;
    for (const item of this.items.values()) {
      if (!item.isVisible || !item.hasPlace) continue;
      const start = Math.min(Math.max(item.start, 0), Math.max(this.points.length - 1, 0));
      const place = found[this.blockAt(start)];
      const flag = flags && flags.get(item.id);
      if (flag) place.push({ item, start, kind: "flag", flag });
      if (item.isGhost) place.push({ item, start, kind: "ghost" });
      else if (item.type === "stance") place.push({ item, start, kind: "stance" });
      if (item.type === "topic") place.push({ item, start, kind: "topic" });
    }
    return found;
  }

  /**
   * @param {Block} block
   * @param {import("./segments.js").Cover[]} covers
   * @param {SignView[]} signs
   */
  drawBlock(block, covers, signs) {
    for (const { node } of block.nodes) this.byNode.delete(node);
    block.nodes = [];
    block.marks = [];
    block.signs = [];
    const tags = signs.filter((sign) => sign.kind === "topic");
    const others = signs.filter((sign) => sign.kind !== "topic").sort((a, b) => a.start - b.start);
    /** @type {Element[]} */
    const children = [];
    if (tags.length) {
      const kicker = element("div", { class: "kicker" });
      kicker.append(...tags.map((tag) => this.drawSign(block, tag, null)));
      children.push(kicker);
    }
    const points = others.map((sign) => ({ start: sign.start, end: sign.start, item: null, part: "" }));
    /** @type {SignView | null} */
    let before = null;
    for (const segment of cutSegments(block.start, block.end, covers, points)) {
      while (others.length && others[0].start <= segment.start) {
        const sign = /** @type {SignView} */ (others.shift());
        const beside = before && before.start === sign.start ? before : null;
        children.push(this.drawSign(block, sign, beside));
        before = sign;
      }
      children.push(this.drawSegment(block, segment));
    }
    block.element.replaceChildren(...children);
  }

  /**
   * @param {Block} block
   * @param {import("./segments.js").Segment} segment
   * @returns {any}
   */
  drawSegment(block, segment) {
    const { start, end, covers } = segment;
    const node = document.createTextNode(this.points.slice(start, end));
    const place = { start, end, node };
    block.nodes.push(place);
    this.byNode.set(node, place);
    if (!covers.length) return node;
    const classes = new Set();
    for (const cover of covers) {
      const { item, part } = cover;
      for (const name of item ? item.classesOf(part) : part.split(" ")) classes.add(name);
      if (part === "content" && cover.start === start) classes.add("open");
      if (part === "content" && cover.end === end) classes.add("shut");
    }
    const items = [...new Set(covers.map((cover) => cover.item).filter(Boolean))];
    const made = element("mark", { class: [...classes].join(" ") });
    if (items.length) {
      made.dataset.ids = items.map((item) => item.id).join(" ");
    }
    made.append(node);
    const mark = { element: made, start, end, items };
    block.marks.push(mark);
    this.byMark.set(made, mark);
    return made;
  }

  /**
   * @param {Block} block
   * @param {SignView} sign
   * @param {SignView | null} before  the sign before it at the same place
   */
  drawSign(block, sign, before) {
    const { item, kind, flag } = sign;
    const words = this.drawing.words;
    const { record } = item;
    let classes = `sign ${kind}`;
    let label = item.label;
    /** @type {Record<string, string>} */
    const data = {};
    if (kind === "stance") {
      classes = `sign ${record.polarity} ${record.expression}`;
      data["data-sign"] = SIGNS[record.polarity] || "?";
      const isSame = before && before.kind === "stance" && before.item.record.holder === record.holder;
      if (!isSame) data["data-holder"] = this.scope.speakerName(record.holder);
    } else if (kind === "topic") {
      classes = item.isGhost ? "tag ghost" : "tag";
      data["data-label"] = item.label;
    } else if (kind === "ghost") {
      data["data-sign"] = "?";
      label = `${item.type}: ${item.label}`;
    } else if (flag) {
      classes = `sign flag ${flag.kind}`;
      data["data-sign"] = flag.name;
    }
    const said = flag && kind === "flag" ? `${flag.name}: ${label}` : `${words[`sign.${kind}`] || kind}: ${label}`;
    const made = element("button", {
      type: "button",
      class: classes,
      title: label,
      "aria-label": said,
      tabindex: "-1",
      ...data,
    });
    this.bySign.set(made, item);
    block.signs.push(made);
    return made;
  }

  /* Brackets in the margin: one for each topic that is near, in the first lane that is free at its
     height. To measure the place of a bracket that is far would lay out the text beside it. */

  /**
   * Draw the brackets in the next frame. Only those beside some blocks are measured anew.
   * @param {Iterable<Block>} blocks
   */
  drawBrackets(blocks) {
    const isWaiting = this.isWaiting;
    this.isWaiting = true;
    for (const block of blocks) this.moved.add(block);
    if (isWaiting) return;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.drawBracketsNow(this.moved);
      this.moved = new Set();
    });
  }

  /** @param {Set<Block>} moved  whose words may be elsewhere now */
  drawBracketsNow(moved = new Set(this.blocks)) {
    const topics = [...this.items.values()].filter((item) => item.type === "topic" && item.isVisible);
    const lanes = assignLanes(topics, 99);
    const count = String(Math.max(0, ...[...lanes.values()].map((lane) => lane + 1)));
    if (this.root.style.getPropertyValue("--lanes") !== count) {
      this.root.style.setProperty("--lanes", count);
    }
    const near = topics.filter((item) => this.blocksOf(item).some((block) => !block.isSkipped));
    // All are measured before any is moved, so that the page is laid out once.
    const origin = this.gutter.getBoundingClientRect().top;
    const places = near.map((item) => this.placeBracket(item, moved, origin));
    this.bracketPlaces = new Map(near.map((item, at) => [item.id, places[at]]));
    const kept = new Map();
    for (const [at, item] of near.entries()) {
      const place = places[at];
      if (!place) continue;
      const bracket = this.brackets.get(item.id) || this.makeBracket(item);
      kept.set(item.id, bracket);
      const style = `${place.top} ${place.height} ${lanes.get(item)}`;
      if (bracket.dataset.place === style && this.bySign.get(bracket) === item) continue;
      if (bracket.dataset.place !== style) {
        bracket.dataset.place = style;
        bracket.style.top = `${place.top}px`;
        bracket.style.height = `${place.height}px`;
        bracket.style.setProperty("--lane", String(lanes.get(item)));
      }
      if (bracket.title !== item.label) this.nameBracket(bracket, item);
      bracket.classList.toggle("ghost", item.isGhost);
      this.bySign.set(bracket, item);
      if (item === this.chosen) {
        bracket.classList.add("chosen");
        this.painted.push(bracket);
      }
    }
    for (const [id, bracket] of this.brackets) if (!kept.has(id)) bracket.remove();
    this.brackets = kept;
  }

  /**
   * Return the place of a topic's bracket in the gutter; null if no word of it is shown.
   * @param {Item} item
   * @param {Set<Block>} moved
   * @param {number} origin
   */
  placeBracket(item, moved, origin) {
    const known = this.bracketPlaces.get(item.id);
    const isMoved = this.blocksOf(item).some((block) => moved.has(block));
    return known === undefined || isMoved ? this.measureBracket(item, origin) : known;
  }

  /**
   * @param {Item} item
   * @param {number} origin
   */
  measureBracket(item, origin) {
    const marks = this.marksOf(item);
    if (!marks.length) return null;
    const first = marks[0].element.getClientRects()[0];
    const last = [...marks[marks.length - 1].element.getClientRects()].pop();
    if (!first || !last) return null;
    const top = first.top - origin + 8;
    return { top, height: Math.max(last.bottom - origin - 9 - top, 12) };
  }

  /** @param {Item} item */
  makeBracket(item) {
    const bracket = element("button", { type: "button", class: "bracket", tabindex: "-1" });
    this.nameBracket(bracket, item);
    this.gutter.append(bracket);
    return bracket;
  }

  /**
   * @param {HTMLElement} bracket
   * @param {Item} item
   */
  nameBracket(bracket, item) {
    bracket.title = item.label;
    bracket.setAttribute("aria-label", `${this.drawing.words["sign.topic"] || "topic"}: ${item.label}`);
  }

  /* Choosing. */

  listen() {
    this.root.addEventListener("click", (event) => this.onClick(event));
    // A block that got higher moves those below it.
    const observer = new ResizeObserver(() => this.drawBrackets(this.blocks));
    for (const each of [this.root, ...this.blocks.map((block) => block.element)]) observer.observe(each);
    this.settle();
  }

  /**
   * Let the style leave out the blocks that are far from the window (`content-visibility`), once all
   * were drawn: then the browser knows their heights, so that the text does not move when they come
   * near.
   */
  settle() {
    const byElement = new Map(this.blocks.map((block) => [block.element, block]));
    this.text.addEventListener("contentvisibilityautostatechange", (event) => {
      const block = byElement.get(/** @type {HTMLElement} */ (event.target));
      if (!block) return;
      block.isSkipped = /** @type {any} */ (event).skipped;
      this.drawBrackets([block]);
    });
    requestAnimationFrame(() => requestAnimationFrame(() => this.root.classList.add("settled")));
  }

  /** @param {MouseEvent} event */
  onClick(event) {
    const target = /** @type {Element} */ (event.target);
    const sign = target.closest(".sign, .tag, .bracket");
    const item = sign && this.bySign.get(sign);
    if (item && item.isChoosable) {
      const isKept = this.events.pick && this.events.pick([item.id], event) === false;
      if (!isKept) this.choose(item.id);
      return;
    }
    const selection = getSelection();
    if (selection && !selection.isCollapsed) return;
    this.pickAt(target, event);
  }

  /**
   * Choose at a mark: the smallest annotation, or the next one if one of them is chosen there.
   * @param {Element} target
   * @param {Event} event
   */
  pickAt(target, event) {
    const made = target.closest("mark");
    const mark = made && this.byMark.get(made);
    if (!mark) return;
    const ids = this.idsAt(mark);
    if (!ids.length) return;
    if (this.events.pick && this.events.pick(ids, event) === false) return;
    const isAgain = this.place !== null && this.place.element === mark.element && this.chosen;
    const next = isAgain && this.chosen ? ids.indexOf(this.chosen.id) + 1 : 0;
    this.choose(ids[next % ids.length], mark);
  }

  /**
   * Return the ids of the annotations at a mark or a code point, smallest first.
   * @param {Mark | number} place
   * @returns {string[]}
   */
  idsAt(place) {
    let mark = /** @type {Mark | undefined} */ (typeof place === "number" ? undefined : place);
    if (typeof place === "number") {
      const block = this.blocks[this.blockAt(place)];
      mark = block.marks.find((each) => each.start <= place && place < each.end);
    }
    const items = mark ? mark.items.filter((item) => item.isVisible && item.isChoosable) : [];
    return [...items].sort((a, b) => a.size - b.size).map((item) => item.id);
  }

  /**
   * Choose an annotation, or nothing.
   * @param {string | null} id
   * @param {Mark | null} [mark]  where; without it, the page scrolls to its first words
   */
  choose(id, mark = null) {
    const item = id === null ? null : this.items.get(id) || null;
    const marks = item ? this.marksOf(item) : [];
    this.chosen = item;
    this.place = item ? mark || marks[0] || null : null;
    this.paint();
    if (this.place) {
      const made = this.place.element;
      const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (!mark) made.scrollIntoView({ block: "center", behavior: isStill ? "auto" : "smooth" });
      this.focusPlace();
    }
    if (this.events.choose) this.events.choose(item ? item.id : null, this);
  }

  /**
   * Give the focus to the place of what is chosen, or else to the text. Marks take no focus from the
   * mouse: Chromium would then drop a selection that begins before the first letter of a mark.
   */
  focusPlace() {
    const made = this.place?.element ?? this.text;
    if (made !== this.text) {
      made.tabIndex = -1;
      made.addEventListener("blur", () => made.removeAttribute("tabindex"), { once: true });
    }
    made.focus({ preventScroll: true });
  }

  /**
   * Mark annotations as linked to what is chosen elsewhere, for example in a layer beside.
   * @param {string[]} ids
   */
  link(ids) {
    this.alsoLinked = ids;
    this.paint();
  }

  paint() {
    for (const made of this.painted) made.classList.remove("chosen", "linked");
    this.painted = [];
    const linked = new Set(this.alsoLinked);
    if (this.chosen) for (const id of this.scope.linked(this.chosen.record)) linked.add(id);
    for (const id of linked) {
      const item = this.items.get(id);
      if (item && item !== this.chosen) this.paintItem(item, "linked");
    }
    if (this.chosen) this.paintItem(this.chosen, "chosen");
  }

  /**
   * @param {Item} item
   * @param {string} name
   */
  paintItem(item, name) {
    const marks = this.marksOf(item).map((mark) => mark.element);
    const signs = this.blocksOf(item).flatMap((block) => block.signs);
    const own = signs.filter((sign) => this.bySign.get(sign)?.id === item.id);
    const bracket = this.brackets.get(item.id);
    for (const made of [...marks, ...own, ...(bracket ? [bracket] : [])]) {
      made.classList.add(name);
      this.painted.push(made);
    }
  }

  /**
   * Return the blocks with words of an annotation, in the order of the text.
   * @param {Item} item
   */
  blocksOf(item) {
    const numbers = new Set();
    for (const { span: { start, end } } of item.spans) {
      const last = this.blockAt(Math.max(end - 1, start));
      for (let at = this.blockAt(start); at <= last; at += 1) numbers.add(at);
    }
    return [...numbers].sort((a, b) => a - b).map((at) => this.blocks[at]);
  }

  /**
   * Return the marks of an annotation in the order of the text.
   * @param {Item | string} which
   * @returns {Mark[]}
   */
  marksOf(which) {
    const item = typeof which === "string" ? this.items.get(which) : which;
    if (!item) return [];
    const marks = this.blocksOf(item).flatMap((block) => block.marks);
    return marks.filter((mark) => mark.items.some((each) => each.id === item.id));
  }

  /**
   * Return the visible annotations in the order of the text, outer ones first.
   * @param {(item: Item) => boolean} [isWanted]  without it, all are
   */
  inOrder(isWanted = () => true) {
    const isFound = (/** @type {Item} */ item) => item.isVisible && item.isChoosable && isWanted(item);
    const items = [...this.items.values()].filter(isFound);
    return items.sort((a, b) => a.start - b.start || b.size - a.size);
  }

  /**
   * Choose the next (1) or the previous (-1) annotation.
   * @param {number} direction
   */
  step(direction) {
    const items = this.inOrder();
    if (!items.length) return;
    const at = this.chosen ? items.indexOf(this.chosen) : direction > 0 ? -1 : 0;
    this.choose(items[(at + direction + items.length) % items.length].id);
  }

  /* Places. */

  /**
   * Return the code point at a place in the document: a node with an offset in UTF-16 units or, in
   * an element, a number of children. Return null outside this text.
   * @param {Node} node
   * @param {number} offset
   * @returns {number | null}
   */
  at(node, offset) {
    const place = this.byNode.get(node);
    if (place) {
      const unit = this.points.toUnit(place.start) + offset;
      return Math.min(this.points.toPoint(unit), place.end);
    }
    if (!this.text.contains(node)) return null;
    const next = node.childNodes[offset] || null;
    for (const block of this.blocks) {
      for (const each of block.nodes) {
        const isAfter = next
          ? next === each.node || next.contains(each.node)
            || next.compareDocumentPosition(each.node) & Node.DOCUMENT_POSITION_FOLLOWING
          : node.compareDocumentPosition(each.node) & Node.DOCUMENT_POSITION_FOLLOWING
            && !node.contains(each.node);
        if (isAfter) return each.start;
      }
    }
    return this.points.length;
  }

  /**
   * Return the range of the document from one code point to another.
   * @param {number} start
   * @param {number} end
   * @returns {Range}
   */
  rangeOf(start, end) {
    const range = document.createRange();
    const [from, to] = [this.nodeAt(start, false), this.nodeAt(end, start < end)];
    if (from) range.setStart(from.node, from.offset);
    if (to) range.setEnd(to.node, to.offset);
    return range;
  }

  /**
   * Return the text node at a code point. At an edge of two, `isEnd` says to take the first.
   * @param {number} point
   * @param {boolean} isEnd
   */
  nodeAt(point, isEnd) {
    const bounded = Math.min(Math.max(point, 0), this.points.length);
    const block = this.blocks[this.blockAt(isEnd ? Math.max(bounded - 1, 0) : bounded)];
    const found = block.nodes.find((each) => (isEnd ? bounded <= each.end : bounded < each.end))
      || block.nodes[block.nodes.length - 1];
    if (!found) return null;
    const offset = this.points.toUnit(bounded) - this.points.toUnit(found.start);
    return { node: found.node, offset };
  }

  /** Return how many annotations of each type are visible, and how many there are. */
  count() {
    const counts = KINDS.map((type) => ({ type, all: 0, visible: 0 }));
    const byType = new Map(counts.map((count) => [count.type, count]));
    for (const item of this.items.values()) {
      const count = item.isGhost ? undefined : byType.get(item.type);
      if (!count) continue;
      count.all += 1;
      if (item.isVisible) count.visible += 1;
    }
    return counts;
  }
}

/**
 * @typedef {{item: Item, start: number, kind: string, flag?: Flag}} SignView
 */

/**
 * Tell whether two lists have the same values.
 * @template T
 * @param {T[]} one
 * @param {T[]} other
 * @param {(one: T, other: T) => boolean} isSame
 */
function areSame(one, other, isSame) {
  return one.length === other.length && one.every((value, at) => isSame(value, other[at]));
}

/**
 * @param {import("./segments.js").Cover} one
 * @param {import("./segments.js").Cover} other
 */
function isSameCover(one, other) {
  return one.item === other.item && one.start === other.start && one.end === other.end
    && one.part === other.part;
}

/**
 * @param {SignView} one
 * @param {SignView} other
 */
function isSameSign(one, other) {
  const isAlike = one.item === other.item && one.start === other.start && one.kind === other.kind;
  return isAlike && one.flag?.kind === other.flag?.kind && one.flag?.name === other.flag?.name;
}

/**
 * Make an element. Strings among the children become text.
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
