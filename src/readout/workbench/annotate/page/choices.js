// @ts-check
/* A field in which one of many named things is found by typing: a combobox as WAI-ARIA describes it. */

import { element, fill, newId } from "./dom.js";

/**
 * @typedef {object} Option
 * @property {string} value
 * @property {string} label
 * @property {string} [detail] Shown beside the label.
 * @property {string[]} [names] Other names by which it is found.
 */

const SHOWN = 50;

/** Return a name as it is compared: without case and accents. @param {string} name */
export function fold(name) {
  return name
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase();
}

/**
 * Return the options that a typed text may mean, those whose label begins with it first, and a
 * person before the groups that name the person among others.
 *
 * Each typed word must begin a word of one name of the option.
 *
 * @param {Option[]} options @param {string} typed @returns {Option[]}
 */
export function matchOptions(options, typed) {
  const sought = fold(typed).split(/[\s-]+/).filter(Boolean);
  if (!sought.length) return options;

  /** @type {Array<{option: Option, rank: number, length: number}>} */
  const found = [];
  for (const option of options) {
    const names = [option.label, option.value, ...(option.names ?? [])].map(fold);
    const fitting = names.findIndex((name) => {
      const parts = name.split(/[\s\p{P}]+/u);
      return sought.every((word) => parts.some((part) => part.startsWith(word)));
    });
    if (fitting < 0) continue;
    const first = names[0].startsWith(sought.join(" ")) ? 0 : 1;
    const { length } = names[fitting].split(/\s+/);
    found.push({ option, rank: first + fitting, length });
  }
  found.sort((a, b) => a.rank - b.rank || a.length - b.length);
  return found.map((each) => each.option);
}

export class Choice {
  /**
   * @param {object} settings
   * @param {() => Option[]} settings.options
   * @param {string} settings.labelledBy
   * @param {Record<string, string>} settings.words
   * @param {(value: string | null) => void} settings.choose
   * @param {((typed: string) => void) | null} settings.create Makes a new entry of what was typed.
   */
  constructor({ options, labelledBy, words, choose, create }) {
    this.options = options;
    this.words = words;
    this.report = choose;
    this.create = create;
    /** @type {string | null} */
    this.value = null;
    /** @type {Array<Option | "new">} */
    this.shown = [];
    this.active = -1;

    const list = newId("choices");
    this.input = element("input", {
      type: "text",
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": list,
      "aria-labelledby": labelledBy,
    });
    this.list = element("ul", { id: list, role: "listbox", "aria-labelledby": labelledBy });
    this.list.hidden = true;
    this.root = element("div", { class: "choice" }, this.input, this.list);
    this.listen();
  }

  listen() {
    this.input.addEventListener("input", () => this.open());
    this.input.addEventListener("click", () => this.open(""));
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.leave());
    // The field keeps the focus while the list is clicked.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const item = /** @type {Element} */ (event.target).closest("[role=option]");
      if (item) this.take(this.shown[[...this.list.children].indexOf(item)]);
    });
  }

  /** @param {string | null} value */
  set(value) {
    this.value = value;
    const option = this.options().find((each) => each.value === value);
    this.input.value = option ? option.label : (value ?? "");
  }

  /** @param {string} [typed] */
  open(typed = this.input.value) {
    /** @type {Array<Option | "new">} */
    const shown = matchOptions(this.options(), typed).slice(0, SHOWN);
    if (this.create && typed.trim()) shown.push("new");
    this.shown = shown;
    this.active = typed && shown.length ? 0 : -1;
    this.list.replaceChildren(...shown.map((each) => this.drawOption(each)));
    this.list.hidden = !shown.length;
    this.input.setAttribute("aria-expanded", String(shown.length > 0));
    this.mark();
  }

  /** @param {Option | "new"} option */
  drawOption(option) {
    const id = newId("option");
    if (option === "new") {
      const label = fill(this.words.create, { name: this.input.value.trim() });
      return element("li", { id, role: "option", class: "new", "aria-selected": "false" }, label);
    }
    const item = element("li", { id, role: "option", "aria-selected": "false", dir: "auto" });
    item.append(option.label);
    if (option.detail) item.append(element("small", {}, option.detail));
    return item;
  }

  close() {
    this.list.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  /** Forget what was typed without choosing: a field shows only what will be saved. */
  leave() {
    this.close();
    if (!this.input.value.trim() && this.value !== null) this.choose(null);
    else this.set(this.value);
  }

  mark() {
    [...this.list.children].forEach((item, number) => {
      item.setAttribute("aria-selected", String(number === this.active));
      if (number === this.active) {
        this.input.setAttribute("aria-activedescendant", item.id);
        item.scrollIntoView({ block: "nearest" });
      }
    });
    if (this.active < 0) this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) this.open("");
      const step = event.key === "ArrowDown" ? 1 : -1;
      const count = this.shown.length;
      if (count) this.active = (this.active + step + count) % count;
      this.mark();
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (this.active >= 0) this.take(this.shown[this.active]);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.stopPropagation();
      this.set(this.value);
      this.close();
    }
  }

  /** @param {Option | "new"} option */
  take(option) {
    const typed = this.input.value.trim();
    this.close();
    if (option === "new") this.create?.(typed);
    else this.choose(option.value);
  }

  /** @param {string | null} value */
  choose(value) {
    this.set(value);
    this.report(value);
  }
}
