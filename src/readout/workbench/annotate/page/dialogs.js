// @ts-check
/* Questions that must be answered before something is saved. */

import { mainSpans } from "../../page/segments.js";
import { button, element, fill, newId, shorten } from "./dom.js";
import { listLinks } from "./links.js";
import { Sections } from "./sections.js";

/** @typedef {import("./types.js").Decision} Decision */
/** @typedef {import("./types.js").Annotation} Annotation */
/**
 * @typedef {{id: string, base: Annotation | null, ours: Annotation | null,
 *   theirs: Annotation | null}} Conflict
 */

/**
 * Show a dialog until it is answered; Escape answers with null.
 *
 * @template Answer
 * @param {string} title
 * @param {(dialog: HTMLDialogElement, answer: (value: Answer | null) => void) => void} draw
 * @returns {Promise<Answer | null>}
 */
export function showDialog(title, draw) {
  const before = document.activeElement;
  const heading = newId("dialog");
  const dialog = element("dialog", { "aria-labelledby": heading }, element("h2", { id: heading }, title));
  document.body.append(dialog);
  return new Promise((resolve) => {
    /** @type {Answer | null} */
    let given = null;
    draw(dialog, (value) => {
      given = value;
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
      resolve(given);
    });
    dialog.showModal();
  });
}

/**
 * Ask for the section and the reason of a change of adjudicated gold.
 *
 * @param {import("./sections.js").Section[]} choices
 * @param {Decision} last Proposed again.
 * @param {Record<string, string>} words
 * @param {(decision: Decision) => void} changed Is told what is half-written.
 * @returns {Promise<Decision | null>}
 */
export function askDecision(choices, last, words, changed) {
  return showDialog(words.title, (dialog, answer) => {
    const sections = new Sections(choices, words, last.section);
    const reasonId = newId("reason");
    const reason = element("textarea", { id: reasonId, rows: 3, required: true, dir: "auto" });
    reason.value = last.reason;
    const keep = () => changed({ section: sections.value, reason: reason.value });
    sections.select.addEventListener("change", keep);
    reason.addEventListener("input", keep);
    const finish = () => {
      const fields = [sections.select, reason];
      const missing = fields.find((each) => !each.value.trim());
      if (missing) missing.focus();
      else answer({ section: sections.value, reason: reason.value.trim() });
    };
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) finish();
    });
    dialog.append(
      element("p", {}, words.help),
      sections.root,
      element("label", { for: reasonId }, words.reason),
      reason,
      element(
        "div",
        { class: "actions" },
        button(words.save, finish, { class: "primary" }),
        button(words.cancel, () => answer(null)),
      ),
    );
  });
}

/**
 * Ask whether annotations are removed to which others link, since the links go with them.
 *
 * @param {import("./types.js").Corpus} corpus
 * @param {Annotation[]} annotations All of the layer.
 * @param {string[]} removed The ids of those that go.
 * @returns {Promise<boolean | null>} True also if nothing links to them.
 */
export async function askRemoval({ roles, words }, annotations, removed) {
  const links = listLinks(annotations, roles, new Set(removed));
  if (!links.length) return true;
  const { removal, form } = words;
  return showDialog(fill(removal.title, { count: links.length }), (dialog, answer) => {
    const list = element("ul", { class: "links" });
    for (const { record, field } of links) {
      const [span] = mainSpans(/** @type {any} */ (record));
      const named = { type: form.types[record.type], field: form.fields[field] ?? field };
      const said = fill(removal.link, { ...named, words: shorten(span?.exact ?? "") });
      list.append(element("li", { dir: "auto" }, said));
    }
    const remove = button(removal.remove, () => answer(true), { class: "primary" });
    const cancel = button(removal.cancel, () => answer(null));
    const actions = element("div", { class: "actions" }, remove, cancel);
    dialog.append(element("p", {}, removal.help), list, actions);
  });
}

/**
 * Show what two sides say about the same annotations, and ask which one is kept.
 *
 * @param {Conflict[]} conflicts @param {Record<string, string>} words
 * @returns {Promise<"ours" | "theirs" | null>}
 */
export function askConflict(conflicts, words) {
  return showDialog(words.title, (dialog, answer) => {
    dialog.append(element("p", {}, words.help));
    for (const conflict of conflicts) dialog.append(compare(conflict, words));
    dialog.append(
      element(
        "div",
        { class: "actions" },
        button(words.mine, () => answer("ours")),
        button(words.theirs, () => answer("theirs")),
        button(words.cancel, () => answer(null)),
      ),
    );
  });
}

/** @param {Conflict} conflict @param {Record<string, string>} words */
function compare(conflict, words) {
  const { ours, theirs } = conflict;
  const head = element("tr");
  for (const name of [words.field, words.yours, words.disk]) {
    head.append(element("th", { scope: "col" }, name));
  }
  const table = element("table", { class: "compare" }, element("caption", {}, conflict.id));
  table.append(element("thead", {}, head));
  const body = element("tbody");
  for (const field of new Set([...Object.keys(ours ?? {}), ...Object.keys(theirs ?? {})])) {
    const [mine, other] = [describe(ours?.[field]), describe(theirs?.[field])];
    if (ours && theirs && mine === other) continue;
    const row = element("tr", {}, element("th", { scope: "row" }, field));
    row.append(element("td", { dir: "auto" }, ours ? mine : words.gone));
    row.append(element("td", { dir: "auto" }, theirs ? other : words.gone));
    body.append(row);
  }
  table.append(body);
  return table;
}

/** @param {any} value @returns {string} */
function describe(value) {
  if (value === undefined || value === null) return "–";
  if (Array.isArray(value)) return value.map(describe).join(" · ");
  if (typeof value === "object") return `${value.exact} (${value.start}–${value.end})`;
  return String(value);
}
