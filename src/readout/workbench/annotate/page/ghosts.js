// @ts-check
/* The list of suggestions. A click looks at one; several are accepted only after they were filtered. */

import { button, element, fill, newId } from "./dom.js";
import { fold } from "./choices.js";

/** @typedef {import("../../page/render.js").Sheet} Sheet */
/** @typedef {import("../../page/render.js").Item} Item */

export class Ghosts {
  /**
   * @param {any} words
   * @param {{look: (id: string) => void, acceptAll: (ids: string[]) => void, make: () => void}} does
   */
  constructor(words, does) {
    this.words = words.suggestions;
    this.types = words.form.types;
    this.does = does;
    /** @type {Item[]} */
    this.items = [];
    const [typeId, aboutId] = [newId("type"), newId("about")];
    this.type = element("select", { id: typeId });
    this.type.addEventListener("change", () => this.show());
    this.about = element("input", { id: aboutId, type: "search", autocomplete: "off" });
    this.about.addEventListener("input", () => this.show());
    this.filters = element("div", { class: "filters" });
    this.filters.append(element("label", { for: typeId }, this.words.type), this.type);
    this.filters.append(element("label", { for: aboutId }, this.words.about), this.about);
    this.state = element("p", { class: "soft", role: "status" });
    this.all = button("", () => this.does.acceptAll(this.filtered().map((item) => item.id)));
    this.all.hidden = true; // until there is a filter; "toggle" comes only after the list is open
    this.list = element("ul", { class: "items" });
    this.title = element("summary", {}, this.words.title);
    this.root = element("details", { class: "suggestions" }, this.title);
    const make = button(this.words.make, () => this.does.make());
    this.root.append(this.filters, this.state, this.all, this.list, make);
    this.root.addEventListener("toggle", () => this.show());
  }

  /** @param {Sheet} sheet */
  update(sheet) {
    this.items = sheet.inOrder((item) => item.isGhost);
    const types = [...new Set(this.items.map((item) => item.type))];
    const chosen = this.type.value;
    this.type.replaceChildren(element("option", { value: "" }, this.words.all));
    for (const type of types) {
      this.type.append(element("option", { value: type }, this.types[type] ?? type));
    }
    this.type.value = types.includes(chosen) ? chosen : "";
    this.title.textContent = `${this.words.title} (${this.items.length})`;
    this.show();
  }

  isFiltered() {
    return this.type.value !== "" || this.about.value.trim() !== "";
  }

  filtered() {
    const sought = fold(this.about.value.trim());
    return this.items.filter((item) => {
      const says = fold(`${item.label} ${JSON.stringify(item.record)}`);
      return (!this.type.value || item.type === this.type.value) && says.includes(sought);
    });
  }

  show() {
    if (!this.root.open) return;
    const shown = this.filtered();
    const counts = { shown: shown.length, count: this.items.length };
    const filtered = this.isFiltered();
    this.filters.hidden = !this.items.length;
    this.all.hidden = !filtered || !shown.length;
    this.all.textContent = fill(this.words.acceptAll, { count: shown.length });
    const state = filtered ? this.words.shown : this.words.filterFirst;
    this.state.textContent = this.items.length ? fill(state, counts) : this.words.none;
    this.list.replaceChildren(...shown.slice(0, 200).map((item) => this.draw(item)));
  }

  /** @param {Item} item */
  draw(item) {
    const label = `${this.types[item.type] ?? item.type}: ${item.label}`;
    const look = button(label, () => this.does.look(item.id), { class: "item", dir: "auto" });
    return element("li", {}, look, element("small", {}, item.reason));
  }
}
