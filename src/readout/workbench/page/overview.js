// @ts-check
/* Draw what stands beside a text: the legend, and the table of holders and targets. */
import { SIGNS } from "./facts.js";
import { element } from "./render.js";

/** The samples of the legend: the words' key, the classes of a mark, and those of a sign. */
const SAMPLES = [
  ["mention", "mention", ""],
  ["source", "mention source", ""],
  ["cue", "cue", ""],
  ["direct", "q0-direct", ""],
  ["mixed", "q0-mixed", ""],
  ["indirect", "q0-indirect", ""],
  ["nested", "q0-mixed q1-direct", ""],
  ["favor", "e0-favor", "favor explicit"],
  ["against", "e0-against", "against explicit"],
  ["neutral", "e0-neutral", "neutral explicit"],
  ["implicit", "", "favor implicit"],
  ["topic", "", "tag"],
  ["ghost", "ghost", ""],
  ["boilerplate", "boilerplate", ""],
];

/**
 * Return the legend, open.
 * @param {Record<string, string>} words
 * @param {string} keys  the keys to name
 */
export function drawLegend(words, keys = words["legend.keys"]) {
  const list = element("ul");
  for (const [name, mark, sign] of SAMPLES) {
    const line = element("li");
    const polarity = sign.split(" ")[0];
    if (sign === "tag") line.append(element("span", { class: sign, "data-label": words["legend.topic.name"] }));
    else if (sign) {
      const data = { "data-sign": SIGNS[polarity], "data-holder": words["legend.holder"] };
      line.append(element("span", { class: `sign ${sign}`, ...data }));
    }
    line.append(mark ? element("mark", { class: mark }, words[`legend.${name}`]) : words[`legend.${name}`]);
    list.append(line);
  }
  const title = element("summary", {}, words["legend.title"]);
  const legend = element("details", { class: "legend", open: "" }, title, list);
  if (keys) legend.append(element("p", {}, keys));
  return legend;
}

/**
 * Return the table of the stances that a sheet shows: a row per target, a column per holder.
 * @param {import("./render.js").Sheet} sheet
 * @param {(id: string) => void} choose  what a click on a sign does
 */
export function drawTable(sheet, choose) {
  const { scope, drawing: { words } } = sheet;
  const stances = sheet.inOrder().filter((item) => item.type === "stance" && !item.isGhost);
  const holders = rank(stances.map((item) => item.record.holder));
  const targets = rank(stances.map((item) => item.record.target));
  const head = element("tr", {}, element("th", { scope: "col" }, words["table.target"]));
  for (const holder of holders) {
    head.append(element("th", { scope: "col", class: "holder" }, element("span", {}, scope.speakerName(holder))));
  }
  /** @type {Map<string, import("./render.js").Item[]>} */
  const cells = new Map();
  for (const item of stances) {
    const key = `${item.record.holder} ${item.record.target}`;
    cells.set(key, [...(cells.get(key) || []), item]);
  }
  const body = element("tbody");
  for (const target of targets) {
    const row = element("tr", {}, element("th", { scope: "row" }, scope.targetName(target)));
    for (const holder of holders) {
      const cell = element("td");
      const here = cells.get(`${holder} ${target}`) || [];
      for (const items of groupBy(here, ({ record }) => `${record.polarity} ${record.expression}`)) {
        cell.append(drawCount(items, sheet, choose));
      }
      row.append(cell);
    }
    body.append(row);
  }
  const title = element("h2", {}, words["table.title"]);
  if (!stances.length) {
    return element("section", { class: "holders" }, title, element("p", { class: "empty" }, words["table.empty"]));
  }
  const table = element("table", {}, element("thead", {}, head), body);
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": words["table.title"] }, table);
  return element("section", { class: "holders" }, title, scroll);
}

/**
 * Return a sign for some stances; each click chooses the next one of them.
 * @param {import("./render.js").Item[]} items
 * @param {import("./render.js").Sheet} sheet
 * @param {(id: string) => void} choose
 */
function drawCount(items, sheet, choose) {
  const [{ record, label }] = items;
  const count = items.length > 1 ? ` × ${items.length}` : "";
  const sign = element("button", {
    type: "button",
    class: `sign ${record.polarity} ${record.expression}`,
    "data-sign": SIGNS[record.polarity] || "?",
    title: `${label}${count}`,
    "aria-label": `${label}, ${record.polarity}, ${record.expression}${count}`,
  });
  if (items.length > 1) sign.dataset.count = String(items.length);
  sign.addEventListener("click", () => {
    const ids = items.map((item) => item.id);
    const at = sheet.chosen ? ids.indexOf(sheet.chosen.id) : -1;
    choose(ids[(at + 1) % ids.length]);
  });
  return sign;
}

/**
 * Return values in groups of equal keys.
 * @template T
 * @param {T[]} values
 * @param {(value: T) => string} keyOf
 * @returns {T[][]}
 */
function groupBy(values, keyOf) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const value of values) {
    const key = keyOf(value);
    groups.set(key, [...(groups.get(key) || []), value]);
  }
  return [...groups.values()];
}

/**
 * Return the distinct values, the most frequent first.
 * @param {string[]} values
 */
function rank(values) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([value]) => value);
}
