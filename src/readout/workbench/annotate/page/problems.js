// @ts-check
/* The problems of a document, in the words of `readout check`. */

import { Refused } from "./api.js";
import { button, element, fill } from "./dom.js";

/** @typedef {import("./types.js").Problem} Problem */

/**
 * Return one problem: what is wrong, and what to do.
 *
 * @param {Problem} problem @param {Record<string, string>} words
 * @param {{look: (problem: Problem) => void, keep: (problem: Problem) => void}} does
 */
export function drawProblem(problem, words, does) {
  const kind = problem.severity === "error" ? words.error : words.warning;
  const item = element("li", { class: `problem ${problem.severity}` });
  item.append(element("b", {}, `${kind} `), element("code", {}, problem.code), " ");
  const hasPlace = problem.start !== undefined && problem.start !== null;
  if (problem.id || hasPlace) {
    const look = () => does.look(problem);
    item.append(button(problem.sentence, look, { class: "item", dir: "auto" }));
  } else item.append(element("span", { dir: "auto" }, problem.sentence));
  if (problem.hint) {
    item.append(element("small", { dir: "auto" }, fill(words.hint, { hint: problem.hint })));
  }
  if (problem.id && problem.severity !== "error") {
    item.append(button(words.keep, () => does.keep(problem), { class: "small" }));
  }
  return item;
}

/** Return what a refused edit says. @param {Problem[]} problems @returns {string[]} */
function listSentences(problems) {
  return problems.map((problem) => {
    const hint = problem.hint ? ` (${problem.hint})` : "";
    return `${problem.sentence}${hint}`;
  });
}

/**
 * Return why something was not done.
 *
 * @param {unknown} error @param {string} unreachable What is said if the server doesn't answer.
 * @returns {string[]}
 */
export function explain(error, unreachable) {
  if (!(error instanceof Refused)) return [unreachable];
  const { answer, message } = error;
  if (answer?.problems?.length) return listSentences(answer.problems);
  return [answer?.message ?? message];
}

export class Problems {
  /**
   * @param {Record<string, string>} words
   * @param {{look: (problem: Problem) => void, keep: (problem: Problem) => void}} does
   */
  constructor(words, does) {
    this.words = words;
    this.does = does;
    /** @type {Problem[]} */
    this.problems = [];
    this.place = -1;
    this.title = element("summary", {}, words.title);
    this.list = element("ul", { class: "items" });
    this.root = element("details", { class: "problems" }, this.title, this.list);
  }

  /** @param {Problem[]} problems */
  update(problems) {
    this.problems = problems;
    this.title.textContent = `${this.words.title} (${problems.length})`;
    if (problems.some((problem) => problem.severity === "error")) this.root.open = true;
    const items = problems.map((problem) => drawProblem(problem, this.words, this.does));
    this.list.replaceChildren(...items);
    if (!items.length) this.list.append(element("li", { class: "soft" }, this.words.none));
  }

  /** Look at the next problem; return whether there is one. */
  next() {
    if (!this.problems.length) return false;
    this.root.open = true;
    this.place = (this.place + 1) % this.problems.length;
    this.does.look(this.problems[this.place]);
    return true;
  }
}
