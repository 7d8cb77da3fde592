// @ts-check
/* Cut a text wherever an annotation begins or ends, to show overlapping annotations. No DOM. */

/**
 * A place in the text: code points of the raw text, end excluded.
 * @typedef {{start: number, end: number, exact?: string}} Span
 *
 * An annotation, exactly as its line in the file.
 * @typedef {{id: string, type: string, note?: string, [field: string]: any}} AnnotationRecord
 *
 * A span of an item; `part` is the field that it is in.
 * @typedef {{start: number, end: number, item: any, part: string}} Cover
 *
 * A run of text in which no span begins or ends, and its covers, the outer before the inner.
 * @typedef {{start: number, end: number, covers: Cover[]}} Segment
 */

/** The fields with the spans of each type; the first one has the main spans. */
export const SPAN_FIELDS = /** @type {Record<string, string[]>} */ ({
  mention: ["span"],
  quote: ["content", "cue"],
  topic: ["spans"],
  stance: ["evidence"],
  boilerplate: ["span"],
});

/**
 * Return the spans of a record, each with its field, in the order of the fields.
 * @param {AnnotationRecord} record
 * @returns {{part: string, span: Span}[]}
 */
export function listSpans(record) {
  const found = [];
  for (const part of SPAN_FIELDS[record.type] || []) {
    for (const span of [record[part] || []].flat()) {
      if (Number.isInteger(span.start) && Number.isInteger(span.end)) found.push({ part, span });
    }
  }
  return found;
}

/**
 * Return the main spans of a record, by position.
 * @param {AnnotationRecord} record
 * @returns {Span[]}
 */
export function mainSpans(record) {
  const [main] = SPAN_FIELDS[record.type] || [];
  const spans = listSpans(record).filter((each) => each.part === main).map((each) => each.span);
  return spans.sort((a, b) => a.start - b.start || a.end - b.end);
}

/** Convert between code points and UTF-16 code units of one text. */
export class Points {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    /** The code points beyond the basic plane, by position: each takes two units. */
    this.wide = /** @type {number[]} */ ([]);
    for (const match of text.matchAll(/[\u{10000}-\u{10ffff}]/gu)) {
      this.wide.push((match.index || 0) - this.wide.length);
    }
    this.length = text.length - this.wide.length;
  }

  /**
   * Return the unit at which a code point begins.
   * @param {number} point
   */
  toUnit(point) {
    return point + lowerBound(this.wide, point);
  }

  /**
   * Return the code point that begins at a unit. Within a pair, it is the one after the pair.
   * @param {number} unit
   */
  toPoint(unit) {
    let low = 0;
    let high = this.wide.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.wide[middle] + middle + 1 <= unit) low = middle + 1;
      else high = middle;
    }
    const isWithin = low > 0 && this.wide[low - 1] + low - 1 + 1 === unit;
    return unit - low + Number(isWithin);
  }

  /**
   * Return the text between two code points.
   * @param {number} start
   * @param {number} end
   */
  slice(start, end) {
    return this.text.slice(this.toUnit(start), this.toUnit(end));
  }
}

/**
 * Return how many of some sorted numbers are less than a value.
 * @param {number[]} numbers
 * @param {number} value
 */
export function lowerBound(numbers, value) {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Return the segments of the text from `start` to `end`, in order.
 * @param {number} start
 * @param {number} end
 * @param {Cover[]} covers
 * @param {{start: number, end: number}[]} [points]  where to cut, too
 * @returns {Segment[]}
 */
export function cutSegments(start, end, covers, points = []) {
  const sorted = covers
    .filter((cover) => cover.start < end && cover.end > start)
    .sort((a, b) => a.start - b.start || b.end - a.end);
  const edges = new Set([start, end]);
  for (const cover of [...sorted, ...points]) {
    edges.add(Math.max(cover.start, start));
    edges.add(Math.min(cover.end, end));
  }
  const places = [...edges].sort((a, b) => a - b);

  const segments = [];
  /** @type {Cover[]} */
  let active = [];
  let waiting = 0;
  for (let at = 0; at + 1 < places.length; at += 1) {
    const from = places[at];
    active = active.filter((cover) => cover.end > from);
    while (waiting < sorted.length && sorted[waiting].start <= from) active.push(sorted[waiting++]);
    segments.push({ start: from, end: places[at + 1], covers: [...active] });
  }
  return segments;
}

/**
 * Return the lane of each item: the lines in one lane do not overlap, outer items come first.
 *
 * If more than `most` overlap, several share the last lane.
 * @template {{start: number, last: number}} T
 * @param {T[]} items
 * @param {number} most
 * @returns {Map<T, number>}
 */
export function assignLanes(items, most) {
  const order = [...items].sort((a, b) => a.start - b.start || b.last - a.last);
  /** @type {number[]} */
  const ends = [];
  const lanes = new Map();
  for (const item of order) {
    let lane = ends.findIndex((end) => end <= item.start);
    if (lane < 0) lane = ends.length;
    ends[lane] = item.last;
    lanes.set(item, Math.min(lane, most - 1));
  }
  return lanes;
}
