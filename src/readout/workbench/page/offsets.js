// @ts-check
/* Positions of a text: JavaScript counts UTF-16 units, the corpus counts code points. Only `convert`
   goes from one count to the other, and only `TextIndex` reads positions from the page. */

/**
 * Convert a position from one count to the other.
 *
 * A position between the two halves of a character of two units becomes the position before it.
 *
 * @param {number[]} wide The places of the characters of two units, in the count of `position`.
 * @param {number} position
 * @param {1 | -1} direction 1 from code points to units, -1 from units to code points.
 * @returns {number}
 */
export function convert(wide, position, direction) {
  let low = 0;
  let high = wide.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (wide[middle] < position) low = middle + 1;
    else high = middle;
  }

  return position + direction * low;
}

/** A text with both counts of its positions. */
export class Offsets {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    /** @type {number[]} */
    this.wideUnits = [];
    /** @type {number[]} */
    this.widePoints = [];
    for (const match of text.matchAll(/[\u{10000}-\u{10ffff}]/gu)) {
      this.widePoints.push(match.index - this.wideUnits.length);
      this.wideUnits.push(match.index);
    }
    /** The length of the text in code points. */
    this.length = this.toPoints(text.length);
  }

  /** @param {number} units @returns {number} Code points before the position. */
  toPoints(units) {
    return convert(this.wideUnits, units, -1);
  }

  /** @param {number} points @returns {number} UTF-16 units before the position. */
  toUnits(points) {
    return convert(this.widePoints, points, 1);
  }

  /** @param {number} start @param {number} end Code points, end excluded. @returns {string} */
  slice(start, end) {
    return this.text.slice(this.toUnits(start), this.toUnits(end));
  }
}

/** The text nodes below an element, which together are one text. */
export class TextIndex {
  /** @param {Node} root @param {Offsets} offsets */
  constructor(root, offsets) {
    this.offsets = offsets;
    /** @type {Text[]} */
    this.nodes = [];
    /** @type {number[]} */
    this.starts = [];
    /** @type {Map<Node, number>} */
    this.numbers = new Map();
    let length = 0;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = /** @type {Text} */ (node);
      this.numbers.set(text, this.nodes.length);
      this.nodes.push(text);
      this.starts.push(length);
      length += text.data.length;
    }

    // A label among the text nodes would move every position behind it.
    if (length !== offsets.text.length) {
      throw new Error(`The page shows ${length} units of text, not ${offsets.text.length}.`);
    }
  }

  /**
   * Return the position of a boundary point of the page, in code points.
   *
   * A boundary outside the text is the beginning or the end of the text.
   *
   * @param {Node} node @param {number} offset
   */
  at(node, offset) {
    const number = this.numbers.get(node);
    if (number !== undefined) return this.offsets.toPoints(this.starts[number] + offset);

    // A triple click ends at the element of the next block: find the first text node behind it.
    const boundary = document.createRange();
    boundary.setStart(node, offset);
    let low = 0;
    let high = this.nodes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (boundary.comparePoint(this.nodes[middle], 0) < 0) low = middle + 1;
      else high = middle;
    }
    const units = low < this.starts.length ? this.starts[low] : this.offsets.text.length;
    return this.offsets.toPoints(units);
  }

  /**
   * Return the range of a span of the text.
   *
   * @param {number} start @param {number} end Code points, end excluded.
   * @returns {Range}
   */
  rangeOf(start, end) {
    const range = document.createRange();
    const first = this.place(this.offsets.toUnits(start), false);
    const last = this.place(this.offsets.toUnits(end), true);
    range.setStart(first.node, first.offset);
    range.setEnd(last.node, last.offset);
    return range;
  }

  /**
   * Return the text node and the offset in it of a position in UTF-16 units.
   *
   * @param {number} units @param {boolean} closing Prefer the end of a node to the start of the next.
   * @returns {{node: Text, offset: number}}
   */
  place(units, closing) {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const before = closing ? this.starts[middle] < units : this.starts[middle] <= units;
      if (before) low = middle + 1;
      else high = middle;
    }
    const number = Math.max(low - 1, 0);
    return { node: this.nodes[number], offset: units - this.starts[number] };
  }
}
