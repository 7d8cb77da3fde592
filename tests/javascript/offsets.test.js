/* Both counts of positions, in texts whose characters take one unit or two, or combine. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Offsets } from "../../page/offsets.js";

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
    const offsets = new Offsets(text);
    const points = Array.from(text);
    assert.equal(offsets.length, points.length);

    for (let start = 0; start <= points.length; start += 1) {
      const before = points.slice(0, start).join("");
      assert.equal(offsets.toUnits(start), before.length);
      assert.equal(offsets.toPoints(before.length), start);
      assert.equal(offsets.slice(start, points.length), points.slice(start).join(""));
    }
  });
}

test("a position inside a character becomes the position before it", () => {
  const offsets = new Offsets("a👍b👍");
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map((units) => offsets.toPoints(units)), [0, 1, 1, 2, 3, 3, 4]);
});
