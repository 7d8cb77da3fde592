// @ts-check
/* Half-written forms. They outlive a click elsewhere, another document, and loading the page again. */

/** @typedef {{key: string, type: string, values: Record<string, any>, accept?: string}} Draft */

export class Drafts {
  /** @param {string} document */
  constructor(document) {
    this.name = `readout-drafts ${document}`;
  }

  /** @returns {Draft[]} */
  list() {
    try {
      return JSON.parse(sessionStorage.getItem(this.name) ?? "[]");
    } catch {
      return [];
    }
  }

  /** @param {Draft} draft */
  keep(draft) {
    this.write([...this.list().filter((each) => each.key !== draft.key), draft]);
  }

  /** @param {string} key */
  drop(key) {
    this.write(this.list().filter((each) => each.key !== key));
  }

  /** @param {Draft[]} drafts */
  write(drafts) {
    try {
      sessionStorage.setItem(this.name, JSON.stringify(drafts));
    } catch {
      // A browser that stores nothing still keeps the open form.
    }
  }
}
