// @ts-check
/* Links to other annotations: what a field may name, and clicking it in the text. */

import { mainSpans } from "../../page/segments.js";

/** @typedef {import("./choices.js").Option} Option */
/** @typedef {import("../../page/render.js").Sheet} Sheet */

/**
 * Return the annotations of a type as options, those nearest to a place first.
 *
 * @param {Sheet} sheet @param {string} type @param {number} place @param {string} [self]
 * @returns {Option[]}
 */
export function listAnnotations(sheet, type, place, self) {
  const items = [...sheet.items.values()].filter(
    (item) => item.type === type && !item.isGhost && item.id !== self,
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

/** Waits for a click on an annotation of one type. */
export class Picking {
  /** @param {string} type @param {(id: string) => void} take */
  constructor(type, take) {
    this.type = type;
    this.take = take;
  }

  /**
   * Take the smallest annotation of the type among those that were clicked.
   *
   * @param {Sheet} sheet @param {string[]} ids @returns {boolean} Whether there was one.
   */
  choose(sheet, ids) {
    const found = ids.find((id) => {
      const item = sheet.items.get(id);
      return item && item.type === this.type && !item.isGhost;
    });
    if (found === undefined) return false;
    this.take(found);
    return true;
  }
}

/** @param {Record<string, any>} record @returns {number} Where the record is, or 0. */
export function placeOf(record) {
  return mainSpans(/** @type {any} */ (record))[0]?.start ?? 0;
}
