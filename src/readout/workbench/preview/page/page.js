// @ts-check
/* The script of the pages of `preview` and `diff --html`: reads the data of a page and shows them. */
import { factsOf, speakersOf, targetsOf } from "../../page/facts.js";
import { drawLegend, drawTable } from "../../page/overview.js";
import { element, render } from "../../page/render.js";

/**
 * The kind of a change, the numbers of the annotations on both sides (or -1), the fields.
 * @typedef {[string, number, number, string[]]} PackedChange
 *
 * @typedef {{kind: string, name: string, left: any, right: any, fields: string[]}} Change
 */

/** @type {View[]} */
const views = [];

/** What the address says: the key of an annotation and the filters, as `#key?name=value`. */
function readAddress() {
  const [key, query = ""] = location.hash.slice(1).split("?");
  return { key: decodeURIComponent(key), filters: new URLSearchParams(query) };
}

/**
 * Put what is chosen and the filters into the address.
 * @param {string} key
 * @param {URLSearchParams | null} filters
 */
function writeAddress(key, filters) {
  const query = filters ? String(filters) : "";
  const hash = encodeURI(key) + (query && `?${query}`);
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

/**
 * Return a record from its type and its values; a span that is packed as `[start, end]` gets its words.
 * @param {any[]} packed
 * @param {Record<string, string[]>} fields  of each type
 * @param {(start: number, end: number) => string} slice
 */
function unpack([type, ...values], fields, slice) {
  /** @param {any} value @returns {any} */
  const open = (value) => {
    const isPacked = Array.isArray(value) && typeof value[0] === "number";
    if (!isPacked) return Array.isArray(value) ? value.map(open) : value;
    return { start: value[0], end: value[1], exact: slice(value[0], value[1]) };
  };
  /** @type {any} */
  const record = { type };
  for (const [at, value] of values.entries()) {
    if (value !== null) record[fields[type][at]] = open(value);
  }
  return record;
}

/**
 * Return a field's value on one line, as the command line shows it.
 * @param {any} value
 * @returns {string}
 */
function formatValue(value) {
  if (value === undefined || value === null || (Array.isArray(value) && !value.length)) return "—";
  if (Array.isArray(value)) return value.map(formatValue).join(", ");
  if (typeof value === "object" && "start" in value) return `${value.start}–${value.end}`;
  return String(value);
}

/** A document, or one changed layer of a document. */
class View {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.data = JSON.parse(find(root, 'script[type="application/json"]').textContent || "");
    this.form = /** @type {HTMLFormElement | null} */ (root.querySelector("form"));
    this.board = find(root, ".board");
    this.panes = [...root.querySelectorAll(".pane")];
    this.panel = find(root, ".panel");
    this.overview = find(root, ".overview");
    this.isFixed = !this.field("layer");
    /** @type {import("../../page/render.js").Sheet[]} */
    this.sheets = [];
    /** @type {{sheet: import("../../page/render.js").Sheet, item: any} | null} */
    this.chosen = null;
    /** @type {Change[]} */
    this.changes = [];
    /** @type {Map<string, import("../../page/render.js").Flag>[]} of each pane */
    this.flags = [];
    this.texts = this.panes.map((pane) => this.readText(pane));
    for (const layer of this.data.layers) this.openLayer(layer);
    this.fillForm();
    this.readFilters();
    this.arrange();
    this.listen();
  }

  /**
   * Return a field of the form.
   * @param {string} name
   * @returns {any}
   */
  field(name) { return this.form && this.form.elements.namedItem(name); }

  /**
   * Return the text of a pane. Words that the page leaves out become spaces.
   * @param {Element} pane
   * @returns {string}
   */
  readText(pane) {
    const text = pane.querySelector(".text");
    const pieces = text ? [...text.querySelectorAll("[data-start]")] : [];
    if (!text || (!pieces.length && !text.querySelector(".gap"))) return text ? text.textContent || "" : "";
    const { size } = this.data.layers[this.panes.indexOf(pane)];
    const letters = Array(size).fill(" ");
    for (const piece of /** @type {HTMLElement[]} */ (pieces)) {
      const start = Number(piece.dataset.start);
      for (const [at, letter] of [...(piece.textContent || "")].entries()) {
        if (start + at < size) letters[start + at] = letter;
      }
    }
    return letters.join("");
  }

  /** @param {any} layer */
  openLayer(layer) {
    const at = this.isFixed ? this.data.layers.indexOf(layer) : 0;
    const { fields } = this.data;
    const letters = [...this.texts[at]];
    /** @param {number} start @param {number} end */
    const slice = (start, end) => letters.slice(start, end).join("");
    layer.text = this.texts[at];
    layer.annotations = layer.annotations.map((/** @type {any[]} */ record) => unpack(record, fields, slice));
    for (const each of layer.suggestions || []) each.annotation = unpack(each.annotation, fields, slice);
  }

  /* Filters. */

  fillForm() {
    if (this.isFixed) return;
    const { registries } = this.data;
    for (const [name, entries, id, label] of [
      ["speaker", registries.speakers, "speaker_id", "name"],
      ["target", registries.targets, "target_id", "label"],
    ]) {
      const sorted = [...entries].sort((a, b) => a[label].localeCompare(b[label]));
      this.field(name).append(...sorted.map((each) => element("option", { value: each[id] }, each[label])));
    }
  }

  /** @returns {HTMLInputElement[]} */
  kindBoxes() { return this.form ? [...this.form.querySelectorAll('[name="kind"]')].map((box) => /** @type {any} */ (box)) : []; }

  readFilters() {
    if (this.isFixed) return;
    const { filters } = readAddress();
    const kinds = filters.has("kinds") ? (filters.get("kinds") || "").split(" ") : null;
    for (const box of this.kindBoxes()) box.checked = kinds === null || kinds.includes(box.value);
    for (const name of ["speaker", "target", "layer", "beside"]) {
      const field = this.field(name);
      if (!field) continue;
      field.value = filters.get(name) || "";
      if (field.selectedIndex < 0) field.selectedIndex = 0;
    }
    if (this.field("differences")) this.field("differences").checked = filters.get("differences") !== "no";
  }

  /** Return the filters that are set, for the address. */
  filters() {
    const filters = new URLSearchParams();
    if (this.isFixed) return null;
    const boxes = this.kindBoxes();
    const checked = boxes.filter((box) => box.checked);
    if (checked.length < boxes.length) filters.set("kinds", checked.map((box) => box.value).join(" "));
    for (const name of ["speaker", "target", "layer", "beside"]) {
      const value = this.field(name) ? this.field(name).value : "";
      if (value && !(name === "layer" && value === "0")) filters.set(name, value);
    }
    const only = this.field("differences");
    if (only && filters.has("beside") && !only.checked) filters.set("differences", "no");
    return filters;
  }

  /** Return the numbers of the layers to show. */
  shownLayers() {
    if (this.isFixed) return this.data.layers.map((/** @type {any} */ _, /** @type {number} */ at) => at);
    const first = Number(this.field("layer").value);
    const beside = this.field("beside") ? this.field("beside").value : "";
    return beside === "" || Number(beside) === first ? [first] : [first, Number(beside)];
  }

  /** Draw the chosen layers anew. */
  arrange() {
    const shown = this.shownLayers();
    this.layers = shown.map((/** @type {number} */ at) => this.data.layers[at]);
    this.changes = this.findChanges(shown);
    this.flags = [0, 1].map((at) => this.flagsOf(at));
    const isTwo = this.layers.length > 1;
    this.chosen = null;
    this.board.classList.toggle("two", isTwo);
    this.sheets = this.layers.map((/** @type {any} */ layer, /** @type {number} */ at) => this.drawPane(layer, at));
    this.align();
    for (const [at, pane] of this.panes.entries()) /** @type {HTMLElement} */ (pane).hidden = at >= shown.length;
    const only = this.field("differences");
    if (only) only.closest("label").hidden = !isTwo;
    this.showCounts();
    this.showPanel();
  }

  /**
   * @param {any} layer
   * @param {number} at
   */
  drawPane(layer, at) {
    const pane = this.panes[at];
    const title = find(pane, "h2");
    title.textContent = layer.name;
    title.hidden = this.layers.length < 2;
    pane.setAttribute("aria-label", `Layer ${layer.name}`);
    /** @type {import("../../page/render.js").Drawing} */
    const drawing = {
      text: layer.text,
      paragraphs: layer.paragraphs || this.data.paragraphs,
      annotations: layer.annotations,
      suggestions: layer.suggestions || [],
      registries: layer.registries || this.data.registries,
      words: WORDS,
      language: this.data.language,
      name: layer.name,
      annotator: layer.annotator,
      decisions: this.data.decisions,
      elsewhere: layer.elsewhere,
      changed: layer.changed,
      shown: layer.shown || undefined,
      flags: this.flags[at],
      isVisible: (item, scope) => this.isVisible(item, scope, at),
    };
    return render(find(pane, ".sheet"), drawing, {
      choose: (id, sheet) => this.onChoose(id, sheet),
    });
  }

  /** Let the paragraphs of two panes begin at one height. */
  align() {
    const [left, right] = this.sheets;
    const rows = left ? left.text.children.length : 0;
    const isAligned = Boolean(right) && right.text.children.length === rows;
    this.board.classList.toggle("aligned", isAligned);
    find(this.board, ".panes").style.setProperty("--rows", String(rows));
  }

  /**
   * @param {number[]} shown
   * @returns {Change[]}
   */
  findChanges(shown) {
    if (shown.length < 2) return [];
    const [first, second] = shown;
    const found = this.data.comparisons.find((/** @type {any} */ each) => (
      [each.left, each.right].includes(first) && [each.left, each.right].includes(second)
    ));
    if (!found) return [];
    const isTurned = found.left !== first;
    const [left, right] = [found.left, found.right].map((at) => this.data.layers[at].annotations);
    return found.changes.map((/** @type {PackedChange} */ [kind, a, b, fields]) => {
      const sides = [left[a], right[b]];
      if (isTurned) sides.reverse();
      return { kind, name: this.data.names[kind], left: sides[0], right: sides[1], fields };
    });
  }

  /**
   * Return the flags of a pane: what differs there, and in which fields.
   * @param {number} at
   */
  flagsOf(at) {
    const flags = new Map();
    for (const change of this.changes) {
      const record = at ? change.right : change.left;
      const name = change.fields.length ? `${change.name}: ${change.fields.join(", ")}` : change.name;
      if (record) flags.set(record.id, { kind: change.kind, name });
    }
    return flags;
  }

  /**
   * @param {import("../../page/render.js").Item} item
   * @param {import("../../page/facts.js").Scope} scope
   * @param {number} at
   */
  isVisible(item, scope, at) {
    const only = this.field("differences");
    const isOnly = this.layers.length > 1 && only && only.checked;
    if (isOnly && !this.flags[at].has(item.id)) return false;
    if (this.isFixed) return true;
    const boxes = this.kindBoxes();
    const { record } = item;
    const [speaker, target] = [this.field("speaker").value, this.field("target").value];
    return boxes.some((box) => box.checked && box.value === record.type)
      && (!speaker || speakersOf(record).includes(speaker))
      && (!target || targetsOf(record, scope).includes(target));
  }

  /** Draw what the filters leave, and say how much it is. */
  filter() {
    for (const sheet of this.sheets) sheet.update({});
    this.showCounts();
    this.showPanel();
    writeAddress(this.key(), this.filters());
  }

  showCounts() {
    const [sheet] = this.sheets;
    if (this.isFixed || !sheet) {
      const small = this.root.querySelector('[name="differences"] ~ small');
      if (small) small.textContent = String(this.changes.length);
      return;
    }
    const counts = new Map(sheet.count().map((each) => [each.type, each]));
    for (const box of this.kindBoxes()) {
      const count = counts.get(box.value);
      if (!count || !box.parentElement) continue;
      const text = count.visible === count.all ? String(count.all) : `${count.visible} of ${count.all}`;
      find(box.parentElement, "small").textContent = text;
    }
    const only = this.field("differences");
    if (only) find(only.parentElement, "small").textContent = String(this.changes.length);
    this.drawOverview();
  }

  drawOverview() {
    const legend = this.overview.querySelector(".legend") || drawLegend(WORDS);
    this.overview.replaceChildren(drawTable(this.sheets[0], (id) => this.sheets[0].choose(id)), legend);
  }

  listen() {
    for (const button of /** @type {HTMLElement[]} */ ([...this.root.querySelectorAll(".changes [data-key]")])) {
      button.addEventListener("click", () => this.reveal(button.dataset.key || ""));
    }
    if (!this.form) return;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("change", (event) => {
      const { name } = /** @type {HTMLInputElement} */ (event.target);
      if (name === "layer" || name === "beside") this.arrange();
      this.filter();
    });
    for (const [name, step] of /** @type {[string, number][]} */ ([["next", 1], ["previous", -1]])) {
      if (this.field(name)) this.field(name).addEventListener("click", () => this.step(step));
    }
  }

  /* Choosing. */

  /**
   * @param {string | null} id
   * @param {import("../../page/render.js").Sheet} sheet
   */
  onChoose(id, sheet) {
    const item = id === null ? undefined : sheet.items.get(id);
    if (!item) {
      if (this.chosen && this.chosen.sheet === sheet) this.chosen = null;
    } else {
      for (const view of views) if (view !== this) view.unchoose();
      for (const other of this.sheets) if (other !== sheet && other.chosen) other.choose(null);
      this.chosen = { sheet, item };
    }
    this.linkPartner();
    this.showPanel();
    if (item) writeAddress(this.key(), this.filters());
  }

  unchoose() {
    for (const sheet of this.sheets) if (sheet.chosen) sheet.choose(null);
  }

  /** Mark what the other pane has in the place of what is chosen. */
  linkPartner() {
    const change = this.changeOfChosen();
    for (const [at, sheet] of this.sheets.entries()) {
      const isOther = this.chosen !== null && sheet !== this.chosen.sheet;
      const record = change && (at ? change.right : change.left);
      sheet.link(isOther && record ? [record.id] : []);
    }
  }

  changeOfChosen() {
    if (!this.chosen) return null;
    const { sheet, item } = this.chosen;
    const side = this.sheets.indexOf(sheet) ? "right" : "left";
    return this.changes.find((change) => change[side] && change[side].id === item.id) || null;
  }

  /** Return the key of what is chosen: its id with the prefix of its layer. */
  key() {
    if (!this.chosen) return "";
    return this.layers[this.sheets.indexOf(this.chosen.sheet)].prefix + this.chosen.item.id;
  }

  /**
   * Choose an annotation by its key; lift the filters that hide it.
   * @param {string} key
   */
  reveal(key) {
    const at = this.data.layers.findIndex((/** @type {any} */ layer) => (
      key.startsWith(layer.prefix) && this.hasId(layer, key.slice(layer.prefix.length))
    ));
    if (at < 0) return false;
    const id = key.slice(this.data.layers[at].prefix.length);
    if (!this.layers.includes(this.data.layers[at])) {
      this.field("layer").value = String(at);
      if (this.field("beside")) this.field("beside").value = "";
      this.arrange();
    }
    const sheet = this.sheets[this.layers.indexOf(this.data.layers[at])];
    if (!sheet.items.get(id)?.isVisible) this.liftFilters();
    sheet.choose(id);
    return true;
  }

  /**
   * @param {any} layer
   * @param {string} id
   */
  hasId(layer, id) {
    const isIt = (/** @type {any} */ each) => each.id === id;
    return layer.annotations.some(isIt) || (layer.suggestions || []).some(isIt);
  }

  liftFilters() {
    for (const box of this.kindBoxes()) box.checked = true;
    for (const name of ["speaker", "target"]) if (this.field(name)) this.field(name).value = "";
    if (this.field("differences")) this.field("differences").checked = false;
    this.filter();
  }

  /** @param {number} direction */
  step(direction) {
    const sheet = this.chosen ? this.chosen.sheet : this.sheets[0];
    if (!sheet) return;
    const items = sheet.inOrder();
    const at = sheet.chosen ? items.indexOf(sheet.chosen) + direction : -1;
    const isOver = sheet.chosen && (at < 0 || at >= items.length);
    const next = this.sheets[this.sheets.indexOf(sheet) + direction]
      || this.sheets[direction > 0 ? 0 : this.sheets.length - 1];
    if (isOver && next !== sheet && next.inOrder().length) {
      sheet.choose(null);
      next.step(direction);
    } else sheet.step(direction);
  }

  close() {
    const sheet = this.chosen && this.chosen.sheet;
    this.unchoose();
    writeAddress("", this.filters());
    if (sheet) sheet.text.focus({ preventScroll: true });
  }

  /* The panel. */

  showPanel() {
    this.panel.classList.toggle("open", Boolean(this.chosen));
    if (!this.chosen) {
      this.panel.replaceChildren(element("p", { class: "empty" }, WORDS["panel.empty"]));
      return;
    }
    const { item } = this.chosen;
    const title = this.panelStack() || element("h2", { dir: "auto" }, item.label);
    const parts = [this.panelHead(), title, this.panelChange(), this.panelFacts()];
    const line = element("pre", {}, JSON.stringify(item.record));
    const record = element("details", {}, element("summary", {}, WORDS["panel.record"]), line);
    this.panel.replaceChildren(.../** @type {HTMLElement[]} */ (parts.filter(Boolean)), record);
    this.panel.scrollTop = 0;
  }

  panelHead() {
    const { sheet, item } = /** @type {NonNullable<View["chosen"]>} */ (this.chosen);
    const close = element("button", {
      type: "button",
      class: "close",
      "aria-label": WORDS["panel.close"],
      title: WORDS["panel.close.key"],
    }, "×");
    close.addEventListener("click", () => this.close());
    const layer = this.layers[this.sheets.indexOf(sheet)];
    const name = this.data.layers.length > 1 ? ` · ${layer.name}` : "";
    const kind = item.isGhost ? `${WORDS["panel.suggestion"]}: ${item.type}` : item.type;
    const link = element("a", { href: `#${this.key()}` }, item.id);
    return element("div", { class: "kind" }, element("b", {}, kind + name), link, close);
  }

  panelStack() {
    const { sheet, item } = /** @type {NonNullable<View["chosen"]>} */ (this.chosen);
    const ids = sheet.place ? sheet.idsAt(sheet.place) : [];
    if (ids.length < 2 || !ids.includes(item.id)) return null;
    const label = WORDS["panel.stack"].replace("{count}", String(ids.length));
    const list = element("ul", { class: "stack", "aria-label": label });
    for (const id of ids) {
      const other = sheet.items.get(id);
      if (!other) continue;
      const button = element(
        "button",
        { type: "button", "aria-current": String(id === item.id) },
        `${other.type}: ${other.label}`,
      );
      button.addEventListener("click", () => sheet.choose(id, sheet.place));
      list.append(element("li", {}, button));
    }
    return list;
  }

  panelChange() {
    const change = this.changeOfChosen();
    if (!change) return null;
    const box = element("div", { class: "change" }, element("b", {}, change.name));
    for (const name of change.fields) {
      const before = element("del", {}, formatValue(change.left && change.left[name]));
      const after = element("ins", {}, formatValue(change.right && change.right[name]));
      box.append(element("div", { class: "field" }, `${name}: `, before, " → ", after));
    }
    return box;
  }

  panelFacts() {
    const { sheet, item } = /** @type {NonNullable<View["chosen"]>} */ (this.chosen);
    const list = element("dl");
    const facts = factsOf(item.record, sheet.scope);
    if (item.reason) facts.push({ name: WORDS["panel.reason"], values: [{ text: item.reason }] });
    for (const fact of facts) {
      list.append(element("dt", {}, fact.name));
      for (const value of fact.values) list.append(this.panelValue(value, sheet));
    }
    return list;
  }

  /**
   * @param {import("../../page/facts.js").Value} value
   * @param {import("../../page/render.js").Sheet} sheet
   */
  panelValue(value, sheet) {
    const line = element("dd", value.quoted ? { class: "words", dir: "auto" } : {});
    const { id } = value;
    if (id) {
      const button = element("button", { type: "button" }, value.text);
      const layer = this.layers[this.sheets.indexOf(sheet)];
      button.addEventListener("click", () => this.reveal(layer.prefix + id));
      line.append(button);
    } else if (value.href) line.append(element("a", { href: value.href }, value.text));
    else line.append(value.text);
    if (value.detail) line.append(element("small", {}, value.detail));
    return line;
  }
}

/**
 * Return the element that a selector finds.
 * @param {Element} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
function find(root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`The page has no ${selector}.`);
  return found;
}

function openAddress() {
  const { key } = readAddress();
  if (key && !views.some((view) => view.key() === key)) views.some((view) => view.reveal(key));
}

function onHashChange() {
  for (const view of views) {
    if (view.isFixed) continue;
    view.readFilters();
    view.arrange();
  }
  openAddress();
}

function currentView() {
  return views.find((view) => view.root.contains(document.activeElement))
    || views.find((view) => view.chosen) || views[0];
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !views.length) return;
  const view = currentView();
  const target = /** @type {Element} */ (event.target);
  if (event.key === "Escape") {
    if (view.chosen) view.close();
    return;
  }
  if (target.closest("input[type=search], select")) return;
  const sheet = view.sheets.find((each) => each.text.contains(target));
  if (event.key === "n") view.step(1);
  else if (event.key === "p") view.step(-1);
  else if (event.key === "Enter" && sheet && target.matches("mark")) sheet.pickAt(target, event);
  else return;
  event.preventDefault();
}

/** @param {HTMLInputElement} field */
function listenToSearch(field) {
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("tbody tr")]);
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const text = (row.textContent || "").toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
}

function onPrint() {
  for (const view of views) for (const sheet of view.sheets) sheet.drawBracketsNow();
}

for (const field of document.querySelectorAll("[data-find]")) listenToSearch(/** @type {any} */ (field));
for (const place of document.querySelectorAll("[data-legend]")) place.append(drawLegend(WORDS));
for (const root of document.querySelectorAll("[data-view]")) views.push(new View(/** @type {any} */ (root)));
document.addEventListener("keydown", onKey);
addEventListener("hashchange", onHashChange);
addEventListener("beforeprint", onPrint);
matchMedia("print").addEventListener("change", onPrint);
if (location.hash) openAddress();
