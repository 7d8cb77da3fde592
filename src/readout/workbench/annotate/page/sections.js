// @ts-check
/* The sections of the guidelines, to choose from: their headings, and beside them the text of one. */

import { element, newId } from "./dom.js";

/** @typedef {{number: string, title: string, text: string}} Section */

/** How many headings are in sight. */
const SHOWN = 6;

export class Sections {
  /**
   * @param {Section[]} sections
   * @param {Record<string, string>} words
   * @param {string} [chosen] The number of the section that is chosen.
   */
  constructor(sections, words, chosen = "") {
    this.sections = sections;
    const [label, id] = [newId("sections"), newId("section")];
    this.select = element("select", { id, class: "number", size: SHOWN, required: true });
    for (const { number, title } of sections) {
      this.select.append(element("option", { value: number }, `${number} ${title}`));
    }
    this.text = element("p", {
      class: "guideline",
      dir: "auto",
      tabindex: "0",
      role: "region",
      "aria-label": words.guideline,
    });
    const heading = element("label", { id: label, for: id }, words.section);
    const beside = element("div", { class: "beside" }, this.select, this.text);
    this.root = element("div", { class: "sections" }, heading, beside);
    this.select.addEventListener("change", () => this.show());
    this.value = chosen;
  }

  get value() {
    return this.select.value;
  }

  set value(number) {
    this.select.value = number;
    this.show();
  }

  show() {
    const found = this.sections.find((each) => each.number === this.value);
    // Lines of a paragraph are joined; lists and paragraphs stay apart.
    this.text.textContent = (found?.text ?? "").replace(/(?<=\S)\n(?=[^\s\-*|#>0-9])/g, " ");
    this.text.hidden = !found?.text;
    this.text.scrollTop = 0;
  }
}
