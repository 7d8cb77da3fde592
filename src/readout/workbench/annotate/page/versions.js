// @ts-check
/* What layers say at one place, side by side: each version once, with the fields that differ. */

import { element, newId, shorten } from "./dom.js";

/** @typedef {import("./types.js").Annotation} Annotation */
/** @typedef {import("./types.js").Span} Span */
/** @typedef {import("./desk.js").Desk} Desk */
/**
 * @typedef {{doc_id: string, kind: string, type: string, start: number, end: number,
 *   refs: string[], only_in: string[],
 *   sides: Array<{layer: string, records: Annotation[]}>, fields: string[], is_open: boolean,
 *   decisions: Array<{section: string, reason: string, by: string}>}} Place
 */
/** @typedef {{layer: string, layers: string[], records: Annotation[]}} Version */

/**
 * Return the versions of a place: layers that say the same are one.
 *
 * @param {Place} place @param {string[]} fields Those that count.
 * @returns {Version[]}
 */
export function listVersions(place, fields) {
  /** @type {Map<string, Version>} */
  const found = new Map();
  for (const { layer, records } of place.sides.filter((each) => each.records.length)) {
    const said = JSON.stringify(
      records.map((record) => fields.map((field) => record[field] ?? null)),
    );
    const known = found.get(said);
    if (known) known.layers.push(layer);
    else found.set(said, { layer, layers: [layer], records });
  }
  return [...found.values()];
}

/**
 * Return versions in an order that does not tell whose they are.
 *
 * It depends on the place alone, so it stays while one thinks.
 *
 * @param {Version[]} versions @param {Place} place
 */
export function shuffleVersions(versions, place) {
  const rank = (/** @type {Version} */ each) => hash(each.layer + place.refs.join());
  return [...versions].sort((one, other) => rank(one) - rank(other));
}

/**
 * Return a table with a column per version; each cell of a field that differs can be chosen.
 *
 * @param {Desk} desk @param {Place} place @param {Version[]} versions
 * @param {(version: Version, number: number) => string} nameOf
 * @param {Record<string, any>} picked The values that are chosen, by field.
 * @param {(field: string, value: any) => void} pick
 */
export function drawVersions(desk, place, versions, nameOf, picked, pick) {
  const heads = versions.map(() => newId("version"));
  const head = element("tr");
  versions.forEach((version, number) => {
    const key = element("kbd", { "aria-hidden": "true" }, String(number + 1));
    head.append(element("th", { id: heads[number], scope: "col" }, key, " ", nameOf(version, number)));
  });
  const table = element("table", { class: "versions" }, element("thead", {}, head));
  for (const field of desk.fieldsOf(place.type)) {
    if (!place.fields.includes(field)) continue;
    const attributes = { id: newId("field"), scope: "rowgroup", colspan: versions.length };
    const heading = element("th", attributes, desk.nameOf(field));
    const cells = element("tr", { "data-field": field });
    versions.forEach((version, number) => {
      const cell = element("td");
      for (const record of version.records) {
        const value = record[field] ?? null;
        const said = drawValue(desk, record, field, versions);
        const made = element("button", { type: "button", class: "cell", dir: "auto" }, ...said);
        made.setAttribute("aria-describedby", `${heading.id} ${heads[number]}`);
        const isPicked = field in picked && isSame(picked[field], value);
        made.setAttribute("aria-pressed", String(isPicked));
        made.addEventListener("click", () => pick(field, value));
        cell.append(made);
      }
      cells.append(cell);
    });
    table.append(element("tbody", {}, element("tr", { class: "differs" }, heading), cells));
  }
  return element("div", { class: "sides", tabindex: "0", role: "region", "aria-label": desk.words.versions }, table);
}

/**
 * @param {Desk} desk @param {Annotation} record @param {string} field @param {Version[]} versions
 * @returns {Array<Node | string>}
 */
function drawValue(desk, record, field, versions) {
  if (desk.corpus.roles[record.type][field].kind !== "spans") return [desk.valueOf(record, field)];
  const own = spansOf(record[field]);
  if (!own.length) return ["—"];
  const others = versions.flatMap((version) => version.records)
    .filter((each) => !isSame(each[field], record[field]))
    .map((each) => spansOf(each[field]));
  return own.flatMap((span, number) => [...(number ? [" · "] : []), ...drawSpan(span, others)]);
}

/**
 * Return the words of a span; those that another version does not have are marked.
 *
 * @param {Span} span @param {Span[][]} others The spans of each other version.
 * @returns {Array<Node | string>}
 */
function drawSpan(span, others) {
  let { start, end } = span;
  for (const spans of others) {
    const near = spans.filter((each) => each.start < span.end && span.start < each.end);
    start = Math.max(start, Math.min(...near.map((each) => each.start)));
    end = Math.min(end, Math.max(...near.map((each) => each.end)));
  }
  const letters = [...span.exact];
  const cut = (/** @type {number} */ from, /** @type {number} */ to) => letters.slice(from, to).join("");
  // Another version has none of it: then all of it differs.
  if (start >= end) return [extra(span.exact)];
  const [first, last] = [start - span.start, end - span.start];
  /** @type {Array<Node | string>} */
  const said = [cut(0, first), shorten(cut(first, last)), cut(last, letters.length)];
  if (said[0]) said[0] = extra(String(said[0]));
  if (said[2]) said[2] = extra(String(said[2]));
  return said.filter(Boolean);
}

/** @param {string} words */
function extra(words) {
  return element("em", { class: "extra" }, shorten(words));
}

/** @param {any} value @returns {Span[]} */
function spansOf(value) {
  if (!value) return [];
  return Array.isArray(value) ? value : [value];
}

/** @param {any} one @param {any} other */
export function isSame(one, other) {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

/** Return a number that depends on a text (FNV-1a). @param {string} text */
function hash(text) {
  let number = 0x811c9dc5;
  for (const letter of text) {
    number = Math.imul(number ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return number;
}
