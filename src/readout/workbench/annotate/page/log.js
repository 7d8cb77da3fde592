// @ts-check
/* What the reader did, counted: actions (a click, a drag, a key) apart from typed characters, and
   the time from each action to the next paint. Kept in the page only; tests read it. */

export class Log {
  constructor() {
    this.actions = 0;
    this.characters = 0;
    /** @type {string[]} */
    this.kinds = [];
    /** @type {number[]} Milliseconds. */
    this.times = [];
    // Capturing sees each event before anything can stop it.
    addEventListener("pointerdown", () => this.count("pointer"), true);
    addEventListener("keydown", (event) => this.key(event), true);
  }

  reset() {
    this.actions = 0;
    this.characters = 0;
    this.kinds = [];
    this.times = [];
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (["Shift", "Control", "Alt", "Meta", "AltGraph"].includes(event.key)) return;
    const target = event.target;
    const field = target instanceof HTMLInputElement && /^(text|search)$/.test(target.type);
    const writing = field || target instanceof HTMLTextAreaElement;
    const plain = !event.ctrlKey && !event.metaKey && Array.from(event.key).length === 1;
    if (writing && plain) this.characters += 1;
    else this.count(event.key);
  }

  /** @param {string} kind */
  count(kind) {
    this.actions += 1;
    this.kinds.push(kind);
    const before = performance.now();
    // The second frame starts when the first one has been painted.
    requestAnimationFrame(() => {
      requestAnimationFrame(() => this.times.push(performance.now() - before));
    });
  }
}
