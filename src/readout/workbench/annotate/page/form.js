// @ts-check
/* A form for one record, made from its JSON Schema and from what each field names. */

import { Choice } from "./choices.js";
import { button, element, fill, newId } from "./dom.js";

/** @typedef {import("./types.js").Role} Role */
/** @typedef {import("./types.js").Span} Span */
/** @typedef {import("./choices.js").Option} Option */

/**
 * @typedef {object} FormSettings
 * @property {string} type What the record is: a type of annotation, or a registry.
 * @property {any} schema
 * @property {Record<string, Role>} roles
 * @property {Record<string, any>} values The record as it is so far.
 * @property {any} words
 * @property {(role: Role) => Option[]} options What a field may name.
 * @property {(role: Role, typed: string) => Promise<string | null>} create Makes a new entry.
 * @property {() => Span[]} selected The words that are selected in the text.
 * @property {(role: Role, take: (id: string) => void) => void} pick Waits for a click on another
 *   annotation.
 * @property {(sentence: string) => void} tell Says why nothing happens.
 * @property {(span: Span) => void} show
 * @property {(values: Record<string, any>, field: string) => void} changed
 * @property {(values: Record<string, any>) => Promise<unknown>} save
 * @property {() => void} close Puts the form aside as a draft.
 * @property {() => void} discard
 */

/**
 * Return the schema that a `$ref` names, with what stands beside it.
 *
 * @param {any} root @param {any} schema @returns {any}
 */
export function resolve(root, schema) {
  if (!schema?.$ref) return schema ?? {};
  const steps = schema.$ref.replace(/^#\/?/, "").split("/").filter(Boolean);
  const found = steps.reduce((/** @type {any} */ at, /** @type {string} */ step) => at?.[step], root);
  return { ...resolve(root, found), ...schema };
}

/**
 * Return a record without the fields that say nothing.
 *
 * @param {Record<string, any>} values @returns {Record<string, any>}
 */
export function trim(values) {
  /** @type {Record<string, any>} */
  const kept = {};
  for (const [field, value] of Object.entries(values)) {
    const empty = value === null || value === undefined || value === "";
    if (!empty && !(Array.isArray(value) && !value.length)) kept[field] = value;
  }
  return kept;
}

export class Form {
  /** @param {FormSettings} settings */
  constructor(settings) {
    this.settings = settings;
    this.words = settings.words;
    this.values = structuredClone(settings.values);
    this.required = new Set(settings.schema.required ?? []);
    /** @type {Set<string>} Fields that the reader has filled; a proposal doesn't change them. */
    this.touched = new Set();
    /** @type {Map<string, {root: HTMLElement, focus: () => void, draw: () => void}>} */
    this.fields = new Map();
    /** @type {string | null} The field that takes the next selected words. */
    this.spanField = null;
    /** A second click or key while the first is answered must not save the record twice. */
    this.isSaving = false;

    const heading = newId("form");
    // Below the buttons: a help that came and went above them would move them away from a click.
    this.help = element("p", { class: "help soft", "aria-live": "polite" });
    this.problems = element("div", { class: "refused", role: "alert" });
    this.saveButton = button(this.words.save, () => void this.save(), { class: "primary" });
    this.root = element("section", { class: "form", "aria-labelledby": heading });
    this.root.append(element("h2", { id: heading }, this.title()));
    for (const [field, part] of Object.entries(settings.schema.properties ?? {})) {
      this.addField(field, part);
    }
    const actions = element("div", { class: "actions" }, this.saveButton);
    actions.append(button(this.words.close, () => settings.close()));
    actions.append(button(this.words.discard, () => settings.discard()));
    this.root.append(this.problems, actions, this.help);
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.chooseSpanField();
  }

  title() {
    const name = this.words.types[this.settings.type] ?? this.settings.type;
    return fill(this.values.id ? this.words.editing : this.words.making, { type: name });
  }

  /** @param {string} field @param {any} part Its schema. */
  addField(field, part) {
    const role = this.settings.roles[field];
    const schema = resolve(this.settings.schema, part);
    if (!role || role.kind === "id" || role.kind === "parts") return;

    const label = newId("label");
    const name = element("span", { id: label, class: "label" }, this.words.fields[field] ?? field);
    if (!this.required.has(field)) name.append(element("small", {}, ` ${this.words.optional}`));
    const help = schema.description ?? "";
    const box = element("div", { class: `field role-${role.kind}`, "data-field": field }, name);
    const parts = this.makeControl(field, role, schema, label);
    box.append(parts.control);
    box.addEventListener("focusin", () => (this.help.textContent = help));
    this.fields.set(field, { root: box, focus: parts.focus, draw: parts.draw });
    this.root.append(box);
    parts.draw();
  }

  /**
   * @param {string} field @param {Role} role @param {any} schema @param {string} label
   * @returns {{control: HTMLElement, focus: () => void, draw: () => void}}
   */
  makeControl(field, role, schema, label) {
    if (role.kind === "spans") return this.makeSpans(field, role, label);
    if (role.kind === "label") return this.makeLabels(field, schema, label);
    if (role.kind === "entry" && role.many) return this.makeEntries(field, role, label);
    if (role.kind === "entry" || role.kind === "annotation") {
      return this.makeEntry(field, role, label);
    }
    return this.makeText(field, role, schema, label);
  }

  /** @param {string} field @param {Role} role @param {string} label */
  makeSpans(field, role, label) {
    const list = element("ul", { class: "spans", "aria-labelledby": label });
    const add = button(this.words.addSelected, () => this.takeSelected(field, true));
    const replace = button(this.words.useSelected, () => this.takeSelected(field, false));
    const control = element("div", { role: "group", "aria-labelledby": label }, list);
    if (role.many) control.append(add);
    control.append(replace);
    control.addEventListener("focusin", () => this.markSpanField(field));
    const draw = () => {
      list.replaceChildren(...this.spansOf(field).map((span) => this.drawSpan(field, role, span)));
    };
    return { control, focus: () => replace.focus(), draw };
  }

  /** @param {string} field @param {Role} role @param {Span} span */
  drawSpan(field, role, span) {
    const words = button(span.exact, () => this.settings.show(span), { class: "words", dir: "auto" });
    const item = element("li", {}, words);
    if (role.many) {
      const rest = () => this.spansOf(field).filter((each) => each !== span);
      const label = fill(this.words.takeAway, { words: span.exact });
      item.append(button("×", () => this.set(field, rest()), { "aria-label": label, title: label }));
    }
    return item;
  }

  /** @param {string} field @returns {Span[]} */
  spansOf(field) {
    const value = this.values[field];
    if (!value) return [];
    return Array.isArray(value) ? value : [value];
  }

  /** @param {string} field @param {any} schema @param {string} label */
  makeLabels(field, schema, label) {
    const group = newId(field);
    const control = element("div", { class: "labels", role: "radiogroup", "aria-labelledby": label });
    const names = this.words.values[field] ?? {};
    /** @type {HTMLInputElement[]} */
    const boxes = [];
    (schema.enum ?? []).forEach((/** @type {string} */ value, /** @type {number} */ number) => {
      const box = element("input", { type: "radio", name: group, value });
      box.addEventListener("change", () => this.set(field, value));
      boxes.push(box);
      const key = element("kbd", { "aria-hidden": "true" }, String(number + 1));
      control.append(element("label", {}, box, ` ${names[value] ?? value} `, key));
    });

    // A digit chooses and goes on; arrows only move, as in every group of radio buttons.
    control.addEventListener("keydown", (event) => {
      const box = boxes[Number(event.key) - 1];
      if (!box || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      box.checked = true;
      this.set(field, box.value);
      this.advance();
    });
    const draw = () => boxes.forEach((box) => (box.checked = box.value === this.values[field]));
    const focus = () => (boxes.find((box) => box.checked) ?? boxes[0])?.focus();
    return { control, focus, draw };
  }

  /** @param {string} field @param {Role} role @param {string} label */
  makeEntry(field, role, label) {
    const choice = this.makeChoice(role, label, (value) => {
      this.set(field, value);
      if (value !== null) this.advance();
    });
    const control = element("div", {}, choice.root);
    if (role.kind === "annotation") {
      const take = (/** @type {string} */ id) => this.set(field, id);
      const takeClicked = (/** @type {string} */ id) => {
        take(id);
        this.advance();
      };
      const pick = button(this.words.pick, () => this.settings.pick(role, takeClicked));
      const none = button(this.words.none, () => this.set(field, null));
      control.append(pick, none);
    }
    const draw = () => choice.set(this.values[field] ?? null);
    return { control, focus: () => choice.input.focus(), draw };
  }

  /** @param {string} field @param {Role} role @param {string} label */
  makeEntries(field, role, label) {
    const list = element("ul", { class: "entries", "aria-labelledby": label });
    const choice = this.makeChoice(role, label, (value) => {
      if (value === null) return;
      this.set(field, [...new Set([...(this.values[field] ?? []), value])]);
      choice.set(null);
    });
    const draw = () => {
      const options = this.settings.options(role);
      const items = (this.values[field] ?? []).map((/** @type {string} */ value) => {
        const name = options.find((each) => each.value === value)?.label ?? value;
        const away = fill(this.words.takeAway, { words: name });
        const rest = () =>
          this.values[field].filter((/** @type {string} */ each) => each !== value);
        const remove = button("×", () => this.set(field, rest()), { "aria-label": away });
        return element("li", {}, name, remove);
      });
      list.replaceChildren(...items);
    };
    return { control: element("div", {}, list, choice.root), focus: () => choice.input.focus(), draw };
  }

  /** @param {Role} role @param {string} label @param {(value: string | null) => void} choose */
  makeChoice(role, label, choose) {
    const create = async (/** @type {string} */ typed) => {
      const made = await this.settings.create(role, typed);
      if (made === null) choice.input.focus();
      else choice.choose(made);
    };
    const choice = new Choice({
      options: () => this.settings.options(role),
      labelledBy: label,
      words: this.words,
      choose,
      create: ["speakers", "topics", "targets"].includes(role.of) ? create : null,
    });
    return choice;
  }

  /** @param {string} field @param {Role} role @param {any} schema @param {string} label */
  makeText(field, role, schema, label) {
    const long = field === "note" || field === "definition";
    const attributes = { "aria-labelledby": label, dir: "auto" };
    const control = long
      ? element("textarea", { ...attributes, rows: 2 })
      : element("input", { ...attributes, type: "text", autocomplete: "off" });
    if (schema.pattern) control.setAttribute("pattern", schema.pattern);
    if (schema.maxLength) control.setAttribute("maxlength", schema.maxLength);
    const many = role.many || schema.type === "array";
    control.addEventListener("input", () => {
      const parts = control.value.split(",").map((part) => part.trim());
      this.values[field] = many ? parts.filter(Boolean) : control.value;
      this.touch(field);
    });
    const draw = () => {
      const value = this.values[field] ?? "";
      control.value = Array.isArray(value) ? value.join(", ") : value;
    };
    return { control, focus: () => control.focus(), draw };
  }

  /** @param {string} field @param {any} value */
  set(field, value) {
    this.values[field] = value;
    this.fields.get(field)?.draw();
    this.touch(field);
  }

  /** @param {string} field */
  touch(field) {
    this.touched.add(field);
    this.fields.get(field)?.root.classList.remove("proposed", "missing");
    this.settings.changed(this.values, field);
  }

  /**
   * Fill fields that the reader has left alone, and mark them as proposed.
   *
   * @param {Record<string, any>} proposals
   */
  propose(proposals) {
    for (const [field, value] of Object.entries(proposals)) {
      const shown = this.fields.get(field);
      if (!shown || this.touched.has(field) || value === null || value === undefined) continue;
      if (this.values.id && this.values[field] !== undefined) continue;
      this.values[field] = value;
      shown.root.classList.add("proposed");
      shown.draw();
    }
    this.settings.changed(this.values, "");
  }

  /** Put the selected words into a field. @param {string} field @param {boolean} more */
  takeSelected(field, more) {
    const selected = this.settings.selected();
    if (!selected.length) return this.settings.tell(this.words.noWords);
    const many = this.settings.roles[field]?.many;
    if (!many) this.set(field, selected[0]);
    else this.set(field, [...(more ? this.spansOf(field) : []), ...selected].sort(byStart));
    this.chooseSpanField();
  }

  /** Put the selected words into the field that takes them next; return whether there was one. */
  addSelected() {
    if (!this.spanField) return false;
    this.takeSelected(this.spanField, true);
    return true;
  }

  /** Let the first field without words take the next ones. */
  chooseSpanField() {
    const fields = [...this.fields.keys()].filter(
      (field) => this.settings.roles[field].kind === "spans",
    );
    const empty = fields.find((field) => !this.spansOf(field).length);
    const field = empty ?? this.spanField ?? fields[0];
    if (field) this.markSpanField(field);
  }

  /** @param {string} field */
  markSpanField(field) {
    this.spanField = field;
    for (const [name, each] of this.fields) each.root.classList.toggle("taking", name === field);
  }

  /** @returns {string[]} The fields that must be filled and are not. */
  missing() {
    const trimmed = trim(this.values);
    return [...this.required].filter((field) => this.fields.has(field) && !(field in trimmed));
  }

  /** Go to the first field that must be filled, or to the button that saves. */
  advance() {
    const [field] = this.missing();
    if (field) this.fields.get(field)?.focus();
    else this.saveButton.focus();
  }

  async save() {
    if (this.isSaving) return;
    const missing = this.missing();
    for (const [field, each] of this.fields) {
      each.root.classList.toggle("missing", missing.includes(field));
    }
    if (missing.length) {
      const names = missing.map((field) => this.words.fields[field] ?? field).join(", ");
      this.refuse([fill(this.words.missing, { fields: names })]);
      this.advance();
      return;
    }
    this.refuse([]);
    this.setSaving(true);
    try {
      await this.settings.save(trim(this.values));
    } finally {
      this.setSaving(false);
    }
  }

  /** Let nothing be written that would not be saved. @param {boolean} isSaving */
  setSaving(isSaving) {
    this.isSaving = isSaving;
    for (const field of this.root.querySelectorAll("input, textarea")) {
      /** @type {HTMLInputElement | HTMLTextAreaElement} */ (field).readOnly = isSaving;
    }
  }

  /** Show why the record isn't saved. @param {string[]} sentences */
  refuse(sentences) {
    this.problems.replaceChildren(...sentences.map((sentence) => element("p", {}, sentence)));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.isComposing || event.defaultPrevented) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      void this.save();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.settings.close();
    }
  }
}

/** @param {Span} a @param {Span} b */
function byStart(a, b) {
  return a.start - b.start || a.end - b.end;
}
