// @ts-check
/* Links to other annotations: what a field may name, and clicking it in the text. */

import { mainSpans } from "../../page/segments.js";
import { fill } from "./dom.js";

/** @typedef {import("./choices.js").Option} Option */
/** @typedef {import("./types.js").Annotation} Annotation */
/** @typedef {import("./types.js").Role} Role */
/** @typedef {import("../../page/render.js").Sheet} Sheet */

/**
 * Return the annotations of a type as options, those nearest to a place first.
 *
 * @param {Sheet} sheet @param {string} type @param {number} place @param {string} [self]
 * @returns {Option[]}
 */
export function listAnnotations(sheet, type, place, self) {
  const items = [...sheet.items.values()].filter(
    (item) => item.type === type && !item.isGhost && item.isChoosable && item.id !== self,
  );
  items.sort((a, b) => Math.abs(a.start - place) - Math.abs(b.start - place));
  return items.map((item) => ({ value: item.id, label: item.label, detail: item.id }));
}

/**
 * Return the entries of a registry as options.
 *
 * @param {Array<Record<string, any>>} entries @param {string} registry @returns {Option[]}
 */
export function listEntries(entries, registry) {
  const key = idFieldOf(registry);
  return entries.map((entry) => ({
    value: entry[key],
    label: entry.name ?? entry.label ?? entry[key],
    detail: entry.proposition ?? entry.kind ?? entry.parent ?? "",
    names: entry.aliases ?? [],
  }));
}

/** Return the field with the id of an entry. @param {string} registry */
export function idFieldOf(registry) {
  return `${registry.replace(/s$/, "")}_id`;
}

/**
 * Return the annotations that name some others, and in which field.
 *
 * @param {Annotation[]} annotations @param {Record<string, Record<string, Role>>} roles
 * @param {Set<string>} named
 * @returns {Array<{record: Annotation, field: string}>}
 */
export function listLinks(annotations, roles, named) {
  const links = [];
  for (const record of annotations) {
    if (named.has(record.id ?? "")) continue;
    for (const [field, role] of Object.entries(roles[record.type])) {
      if (role.kind === "annotation" && named.has(record[field])) links.push({ record, field });
    }
  }
  return links;
}

/** Fills a field of a form by a click on an annotation in the text. */
export class Picker {
  /**
   * @param {any} words Those of forms.
   * @param {(sentence: string, kind: string) => void} tell
   */
  constructor(words, tell) {
    this.words = words;
    this.tell = tell;
    /** @type {{type: string, take: (id: string) => void} | null} What waits for a click. */
    this.waiting = null;
  }

  /** Wait for a click on an annotation. @param {string} type @param {(id: string) => void} take */
  start(type, take) {
    this.waiting = { type, take };
    this.tell(fill(this.words.picking, { type: this.words.types[type] }), "picking");
  }

  /** Wait no longer; return whether a click was waited for. */
  stop() {
    if (!this.waiting) return false;
    this.waiting = null;
    this.tell("", "");
    return true;
  }

  /**
   * Take the smallest annotation of the type among those that were clicked.
   *
   * @param {Sheet} sheet @param {string[]} ids @returns {boolean} Whether the click also chooses.
   */
  pick(sheet, ids) {
    if (!this.waiting) return true;
    const { type, take } = this.waiting;
    const found = ids.find((id) => {
      const item = sheet.items.get(id);
      return item && item.type === type && !item.isGhost;
    });
    if (found !== undefined) {
      this.stop();
      take(found);
    }
    return false;
  }
}

/** @param {Record<string, any>} record @returns {number} Where the record is, or 0. */
export function placeOf(record) {
  return mainSpans(/** @type {any} */ (record))[0]?.start ?? 0;
}
