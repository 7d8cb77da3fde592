/* Which entries a typed text may mean. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { matchOptions } from "../../annotate/page/choices.js";
import { resolve, trim } from "../../annotate/page/form.js";

const OPTIONS = [
  { value: "us-government", label: "Government of the United States", names: ["Washington", "US"] },
  { value: "benny-gantz", label: "Benny Gantz", names: ["the defence minister"] },
  { value: "emile-zola", label: "Émile Zola", names: [] },
  { value: "washington-post", label: "Washington Post", names: [] },
];

const CASES = [
  ["gantz", ["benny-gantz"]],
  ["def min", ["benny-gantz"]],
  ["EMILE", ["emile-zola"]],
  ["washington", ["washington-post", "us-government"]],
  ["us gov", ["us-government"]],
  ["antz", []],
  ["", ["us-government", "benny-gantz", "emile-zola", "washington-post"]],
];

for (const [typed, expected] of CASES) {
  test(`${JSON.stringify(typed)} may mean ${expected.length} entries`, () => {
    assert.deepEqual(matchOptions(OPTIONS, typed).map((each) => each.value), expected);
  });
}

test("a reference in a schema is followed, and what is beside it counts", () => {
  const root = { $defs: { id: { type: "string", description: "an id" } } };
  const part = { $ref: "#/$defs/id", description: "the speaker" };
  assert.deepEqual(resolve(root, part), { type: "string", ...part });
});

test("fields that say nothing are not sent", () => {
  assert.deepEqual(trim({ a: "x", b: "", c: null, d: [], e: [1] }), { a: "x", e: [1] });
});
