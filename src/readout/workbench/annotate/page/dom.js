// @ts-check
/* Elements made from data. Text enters the page only as text, never as markup. */

/**
 * Return a new element.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string | number | boolean>} [attributes] True sets an empty attribute, false none.
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false) made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/**
 * Return a button that does something.
 *
 * @param {string} label @param {() => void} action
 * @param {Record<string, string | number | boolean>} [attributes]
 */
export function button(label, action, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", action);
  return made;
}

/**
 * Return a sentence with its gaps filled: `fill("{n} of {m}", {n: 1, m: 2})`.
 *
 * @param {string} sentence @param {Record<string, string | number>} values
 */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (gap, name) => String(values[name] ?? gap));
}

/**
 * Return the element of the page with an id.
 *
 * @param {string} id @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element ${id}.`);
  return found;
}

/** How many characters of words are shown outside the text; longer ones lose their middle. */
const SHOWN = 90;

/** Return long words without their middle: versions differ at the ends. @param {string} words */
export function shorten(words) {
  const letters = [...words];
  if (letters.length <= SHOWN) return words;
  const first = letters.slice(0, SHOWN / 2).join("").replace(/\s+\S*$/u, "");
  const last = letters.slice(-SHOWN / 2).join("").replace(/^\S*\s+/u, "");
  return `${first} … ${last}`;
}

let last = 0;

/** Return an id that no other element of the page has. @param {string} prefix */
export function newId(prefix) {
  last += 1;
  return `${prefix}-${last}`;
}
