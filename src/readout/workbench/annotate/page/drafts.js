// @ts-check
/* What is half-written. It outlives a click elsewhere, another document, and loading the page again. */

/**
 * @typedef {{key: string, type: string, values: Record<string, any>, accept?: string}} Draft
 *   A form of the editor.
 */

/** @template {{key: string}} Kept */
export class Drafts {
  /** @param {string} name Of what the drafts belong to: a document, or a page. */
  constructor(name) {
    this.name = `readout-drafts ${name}`;
  }

  /** @returns {Kept[]} */
  list() {
    try {
      return JSON.parse(sessionStorage.getItem(this.name) ?? "[]");
    } catch {
      return [];
    }
  }

  /** @param {string} key @returns {Kept | undefined} */
  find(key) {
    return this.list().find((each) => each.key === key);
  }

  /** @param {Kept} draft */
  keep(draft) {
    this.write([...this.list().filter((each) => each.key !== draft.key), draft]);
  }

  /** @param {string} key */
  drop(key) {
    this.write(this.list().filter((each) => each.key !== key));
  }

  /** @param {Kept[]} drafts */
  write(drafts) {
    try {
      sessionStorage.setItem(this.name, JSON.stringify(drafts));
    } catch {
      // A browser that stores nothing still keeps the open form.
    }
  }
}
