/* Segments join to the text and to each cover; lines of one lane do not overlap. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { assignLanes, cutSegments } from "../../page/segments.js";

/* A small generator of numbers, so that a failure can be repeated. */
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

function makeCovers(next, size) {
  return Array.from({ length: next(9) }, (_, number) => {
    const start = next(size);
    return { start, end: start + 1 + next(20), item: { number }, part: "span" };
  });
}

test("segments join to the text and to each cover", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const next = numbers(seed);
    const [start, end] = [next(10), 20 + next(30)];
    const covers = makeCovers(next, 50);
    const segments = cutSegments(start, end, covers);
    assert.equal(segments[0].start, start);
    assert.equal(segments.at(-1).end, end);
    for (const [at, segment] of segments.slice(1).entries()) assert.equal(segment.start, segments[at].end);

    for (const cover of covers) {
      const inside = segments.filter((segment) => segment.covers.includes(cover));
      const [first, last] = [Math.max(cover.start, start), Math.min(cover.end, end)];
      if (first >= last) assert.deepEqual(inside, []);
      else assert.deepEqual([inside[0].start, inside.at(-1).end], [first, last]);
    }
  }
});

test("the outer of two covers comes first", () => {
  const inner = { start: 2, end: 4, item: {}, part: "span" };
  const outer = { start: 2, end: 9, item: {}, part: "span" };
  const [, both] = cutSegments(0, 10, [inner, outer]);
  assert.deepEqual(both.covers, [outer, inner]);
});

test("lines of one lane do not overlap", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const covers = makeCovers(numbers(seed), 40);
    const items = covers.map(({ start, end }) => ({ start, last: end }));
    const lanes = assignLanes(items, 99);
    for (const lane of new Set(lanes.values())) {
      const here = items.filter((item) => lanes.get(item) === lane).sort((a, b) => a.start - b.start);
      for (const [at, item] of here.slice(1).entries()) assert.ok(here[at].last <= item.start);
    }
  }
});
