// @ts-check
/* The keys of a page: one table, shown under `?`. */

import { showDialog } from "./dialogs.js";
import { button, element } from "./dom.js";

/**
 * @typedef {object} Binding
 * @property {string} name The name of the action, by which its words are found.
 * @property {string} key As `KeyboardEvent.key` has it.
 * @property {boolean} [ctrl] Together with Ctrl or the command key.
 */

/** The keys of the editor. @type {Binding[]} */
export const BINDINGS = [
  { name: "mention", key: "m" },
  { name: "quote", key: "q" },
  { name: "topic", key: "t" },
  { name: "stance", key: "s" },
  { name: "boilerplate", key: "b" },
  { name: "addSpan", key: "+" },
  { name: "keepSpan", key: "v" },
  { name: "byCharacter", key: "c" },
  { name: "find", key: "/" },
  { name: "next", key: "n" },
  { name: "previous", key: "p" },
  { name: "same", key: "." },
  { name: "edit", key: "e" },
  { name: "remove", key: "Delete" },
  { name: "remove", key: "Backspace" },
  { name: "startEarlier", key: "h" },
  { name: "startLater", key: "j" },
  { name: "endEarlier", key: "k" },
  { name: "endLater", key: "l" },
  { name: "startEarlierByCharacter", key: "H" },
  { name: "startLaterByCharacter", key: "J" },
  { name: "endEarlierByCharacter", key: "K" },
  { name: "endLaterByCharacter", key: "L" },
  { name: "nextSuggestion", key: "g" },
  { name: "previousSuggestion", key: "G" },
  { name: "accept", key: "a" },
  { name: "reject", key: "x" },
  { name: "nextProblem", key: "r" },
  { name: "nextDocument", key: "]" },
  { name: "previousDocument", key: "[" },
  { name: "undo", key: "z", ctrl: true },
  { name: "redo", key: "y", ctrl: true },
  { name: "redo", key: "Z", ctrl: true },
  { name: "save", key: "Enter", ctrl: true },
  { name: "close", key: "Escape" },
  { name: "help", key: "?" },
];

/** Keys that act also while the reader is in a field. */
const EVERYWHERE = new Set(["save", "close"]);

const FIELDS = "input, textarea, select, [contenteditable], [role=combobox], [role=listbox]";

/**
 * Return the action of a key event, or null. Composing text and typing in fields mean no action.
 *
 * @param {KeyboardEvent} event @param {Binding[]} [bindings] @returns {string | null}
 */
export function findAction(event, bindings = BINDINGS) {
  if (event.isComposing || event.keyCode === 229) return null;
  const ctrl = event.ctrlKey || event.metaKey;
  // AltGr, which many keyboards need for brackets, reports Ctrl and Alt together.
  const graph = event.getModifierState("AltGraph");
  const found = bindings.find(
    (each) => each.key === event.key && Boolean(each.ctrl) === (ctrl && !graph),
  );
  if (!found) return null;

  const target = /** @type {Element} */ (event.target);
  const typing = target instanceof Element && target.closest(FIELDS);
  if (typing && !EVERYWHERE.has(found.name)) return null;
  return found.name;
}

/** @param {Binding} binding @returns {string} */
export function describeKey(binding) {
  if (!binding.ctrl) return binding.key;
  const isCapital = binding.key.length === 1 && binding.key !== binding.key.toLowerCase();
  const key = binding.key.length === 1 ? binding.key.toUpperCase() : binding.key;
  return isCapital ? `Ctrl+Shift+${key}` : `Ctrl+${key}`;
}

/**
 * Return the table of keys.
 *
 * @param {Record<string, string>} names What each action does.
 * @param {Array<[string, string]>} gestures Keys of the text and of fields, and what they do.
 * @param {Binding[]} bindings
 */
function drawKeys(names, gestures, bindings) {
  const table = element("dl", { class: "keys" });
  for (const [keys, meaning] of gestures) {
    table.append(element("div", {}, element("dt", {}, keys), element("dd", {}, meaning)));
  }
  for (const name of new Set(bindings.map((binding) => binding.name))) {
    const key = element("dt");
    for (const binding of bindings.filter((each) => each.name === name)) {
      key.append(element("kbd", {}, describeKey(binding)), " ");
    }
    table.append(element("div", {}, key, element("dd", {}, names[name] ?? name)));
  }
  return table;
}

/**
 * Show the table of keys until it is closed.
 *
 * @param {any} words All words of the page.
 * @param {Record<string, string>} names What each action does.
 * @param {Array<[string, string]>} gestures Keys of the text and of fields, and what they do.
 * @param {Binding[]} [bindings]
 */
export function showKeys(words, names, gestures, bindings = BINDINGS) {
  return showDialog(words.keys.title, (dialog, answer) => {
    dialog.append(
      button(words.app.close, () => answer(null)),
      element("p", {}, words.keys.inert),
      drawKeys(names, gestures, bindings),
    );
  });
}
