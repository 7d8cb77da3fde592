/* Both counts of positions, in texts whose characters take one unit or two, or combine. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Points } from "../../page/segments.js";

const TEXTS = {
  latin: "Gantz said so.",
  emoji: "👍🏽 said 👩‍👩‍👧 twice 🇮🇱.",
  combining: "e\u0301te\u0301 et ñ n\u0303",
  hebrew: "שָׁלוֹם עֲלֵיכֶם",
  arabic: "قَالَ الوزيرُ لـ«الشرق»",
  mixed: "𝔊antz אמר 👍 قال",
  empty: "",
};

for (const [name, text] of Object.entries(TEXTS)) {
  test(`positions go there and back: ${name}`, () => {
    const points = new Points(text);
    const characters = Array.from(text);
    assert.equal(points.length, characters.length);

    for (let start = 0; start <= characters.length; start += 1) {
      const before = characters.slice(0, start).join("");
      assert.equal(points.toUnit(start), before.length);
      assert.equal(points.toPoint(before.length), start);
      assert.equal(points.slice(start, points.length), characters.slice(start).join(""));
    }
  });
}

test("a position inside a character becomes the position behind it", () => {
  const points = new Points("a👍b👍");
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map((units) => points.toPoint(units)), [0, 1, 2, 2, 3, 4, 4]);
});
