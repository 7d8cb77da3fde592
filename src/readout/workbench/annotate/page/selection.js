// @ts-check
/* From what the reader selects to spans of whole words. Positions are code points, end excluded. */

/** @typedef {{start: number, end: number}} Bounds */
/** @typedef {import("../../page/segments.js").Points} Points */

const SPACE = /^[\s\u200e\u200f\u202a-\u202e\u2066-\u2069]$/u;

/** The words of a text, found paragraph by paragraph when they are asked for. */
export class Words {
  /**
   * @param {Points} points
   * @param {string} language BCP 47; an unknown one is read as English.
   */
  constructor(points, language) {
    this.points = points;
    this.segmenter = makeSegmenter(language);
    /** @type {Map<number, Bounds[]>} */
    this.lines = new Map();
  }

  /**
   * Return the words of the line that contains a position.
   *
   * @param {number} position @returns {Bounds[]}
   */
  around(position) {
    const text = this.points.text;
    const units = this.points.toUnit(position);
    const start = units === 0 ? 0 : text.lastIndexOf("\n", units - 1) + 1;
    const known = this.lines.get(start);
    if (known) return known;

    const stop = text.indexOf("\n", start);
    const line = text.slice(start, stop < 0 ? text.length : stop);
    /** @type {Bounds[]} */
    const words = [];
    for (const { segment, index, isWordLike } of this.segmenter.segment(line)) {
      if (!isWordLike) continue;
      const first = this.points.toPoint(start + index);
      const last = this.points.toPoint(start + index + segment.length);
      words.push({ start: first, end: last });
    }
    this.lines.set(start, words);
    return words;
  }

  /** @param {number} position @returns {Bounds | undefined} The word with the position inside it. */
  inside(position) {
    return this.around(position).find((word) => word.start < position && position < word.end);
  }

  /**
   * Return the start of the next word behind a position, or the end of the last one before it.
   *
   * @param {number} position @param {1 | -1} direction @param {"start" | "end"} edge
   */
  step(position, direction, edge) {
    const text = this.points.text;
    let place = position;
    while (place >= 0 && place <= this.points.length) {
      const words = this.around(place);
      const edges = words.map((word) => word[edge]);
      const found =
        direction > 0
          ? edges.find((each) => each > position)
          : edges.reverse().find((each) => each < position);
      if (found !== undefined) return found;

      const units = this.points.toUnit(place);
      const next =
        direction > 0
          ? text.indexOf("\n", units) + 1
          : units === 0
            ? -1
            : text.lastIndexOf("\n", units - 1);
      if (direction > 0 ? next === 0 : next < 0) break;
      place = this.points.toPoint(next);
    }
    return position;
  }
}

/** @param {string} language */
function makeSegmenter(language) {
  try {
    return new Intl.Segmenter(language, { granularity: "word" });
  } catch {
    return new Intl.Segmenter("en", { granularity: "word" });
  }
}

/**
 * Return the span that a selection means: without spaces at its edges, and of whole words.
 *
 * @param {Words} words @param {number} anchor @param {number} focus In either order.
 * @param {boolean} refine Keep edges within words, as the reader asked.
 * @returns {Bounds | null} Null if only space is selected.
 */
export function snap(words, anchor, focus, refine = false) {
  let start = Math.min(anchor, focus);
  let end = Math.max(anchor, focus);
  const points = words.points;
  while (start < end && SPACE.test(points.slice(start, start + 1))) start += 1;
  while (end > start && SPACE.test(points.slice(end - 1, end))) end -= 1;
  if (start === end) return null;
  if (refine) return { start, end };

  return {
    start: words.inside(start)?.start ?? start,
    end: words.inside(end)?.end ?? end,
  };
}

/**
 * Return bounds in text order, those that overlap or meet united.
 *
 * @param {Bounds[]} bounds @returns {Bounds[]}
 */
export function unite(bounds) {
  /** @type {Bounds[]} */
  const united = [];
  for (const each of [...bounds].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const last = united.at(-1);
    if (last && each.start <= last.end) last.end = Math.max(last.end, each.end);
    else united.push({ start: each.start, end: each.end });
  }
  return united;
}

/**
 * Return where quoted words are in a text.
 *
 * @param {Points} points @param {string} quoted @returns {Bounds[]}
 */
export function findWords(points, quoted) {
  const sought = quoted.trim();
  /** @type {Bounds[]} */
  const found = [];
  if (!sought) return found;
  for (let at = points.text.indexOf(sought); at >= 0; at = points.text.indexOf(sought, at + 1)) {
    found.push({
      start: points.toPoint(at),
      end: points.toPoint(at + sought.length),
    });
  }
  return found;
}
