/* Snapping to words, in several scripts; stepping; uniting; finding quoted words. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Points } from "../../page/segments.js";
import { Words, findWords, snap, unite } from "../../annotate/page/selection.js";

/** Return the words that a selection of part of a text becomes. */
function snapped(text, part, language = "en", refine = false) {
  const points = new Points(text);
  const units = text.indexOf(part);
  const [start, end] = [units, units + part.length].map((each) => points.toPoint(each));
  const words = new Words(points, language);

  const forward = snap(words, start, end, refine);
  assert.deepEqual(snap(words, end, start, refine), forward);
  return forward && points.slice(forward.start, forward.end);
}

const CASES = [
  ["Gantz said on Tuesday", "id o", "said on"],
  ["Gantz said on Tuesday", "said ", "said"],
  ["Gantz said on Tuesday", " said", "said"],
  ["he 👍🏽 agreed at once", "gree", "agreed"],
  ["he 👍🏽 agreed at once", "👍🏽", "👍🏽"],
  ["One said.\n\nTwo said.", "id.\n\n", "said."],
  ["One said.\n\nTwo said.", "id.\n\nTw", "said.\n\nTwo"],
  ["e\u0301te\u0301 venu", "t", "e\u0301te\u0301"],
  ["שר הביטחון אמר היום", "ביט", "הביטחון", "he"],
  ["قال الوزير اليوم", "وزي", "الوزير", "ar"],
  ["a (b) c", "(b", "(b"],
  ["no words   here", "   ", null],
];

for (const [text, part, expected, language] of CASES) {
  test(`${JSON.stringify(part)} in ${JSON.stringify(text)}`, () => {
    assert.equal(snapped(text, part, language), expected);
  });
}

test("refining keeps the edges but drops spaces", () => {
  assert.equal(snapped("Gantz said on", "id o", "en", true), "id o");
  assert.equal(snapped("Gantz said on", "id ", "en", true), "id");
});

test("an unknown language is read like English", () => {
  assert.equal(snapped("Gantz said", "ant", "no such language"), "Gantz");
});

test("steps go from word to word, over lines", () => {
  const points = new Points("One two.\n\nThree 👍 four");
  const words = new Words(points, "en");
  const walk = (at, direction, edge) => {
    const places = [];
    for (let next = words.step(at, direction, edge); next !== at; next = words.step(at, direction, edge)) {
      places.push(next);
      at = next;
    }
    return places;
  };
  assert.deepEqual(walk(0, 1, "end"), [3, 7, 15, 22]);
  assert.deepEqual(walk(22, -1, "start"), [18, 10, 4, 0]);
});

test("bounds that overlap or meet are united", () => {
  const bounds = [{ start: 8, end: 9 }, { start: 0, end: 3 }, { start: 2, end: 5 }, { start: 5, end: 6 }];
  assert.deepEqual(unite(bounds), [{ start: 0, end: 6 }, { start: 8, end: 9 }]);
});

test("quoted words are found wherever they are", () => {
  const points = new Points("👍 he said he said");
  assert.deepEqual(findWords(points, " he said "), [{ start: 2, end: 9 }, { start: 10, end: 17 }]);
  assert.deepEqual(findWords(points, " "), []);
});
