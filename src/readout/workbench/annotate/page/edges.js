// @ts-check
/* Edges of an annotation that can be dragged. The handles lie over the text and are no part of it. */

import { element } from "./dom.js";
import { highlight, pointAt } from "./marking.js";
import { listSpans } from "../../page/segments.js";

/** @typedef {import("./selection.js").Bounds} Bounds */
/** @typedef {import("../../page/render.js").Sheet} Sheet */

const MOVED = "readout-moved";

export class Edges {
  /**
   * @param {Sheet} sheet
   * @param {import("./selection.js").Words} words
   * @param {(part: string, span: Bounds, moved: Bounds) => void} move
   */
  constructor(sheet, words, move) {
    this.sheet = sheet;
    this.words = words;
    this.move = move;
    /** Whether a form is open: what is dragged beside it is a selection for the form. */
    this.isPaused = false;
    this.layer = element("div", { class: "edges", "aria-hidden": "true" });
    sheet.root.append(this.layer);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(sheet.root);
  }

  stop() {
    this.observer.disconnect();
    this.layer.remove();
  }

  /** @param {boolean} isPaused */
  pause(isPaused) {
    this.isPaused = isPaused;
    this.draw();
  }

  /** Draw the handles of what is chosen. */
  draw() {
    const item = this.sheet.chosen;
    /** @type {HTMLElement[]} */
    const handles = [];
    if (item && !item.isGhost && !this.isPaused) {
      for (const { part, span } of listSpans(item.record)) {
        handles.push(this.drawHandle(part, span, "start"), this.drawHandle(part, span, "end"));
      }
    }
    this.layer.replaceChildren(...handles);
  }

  /** @param {string} part @param {Bounds} span @param {"start" | "end"} edge */
  drawHandle(part, span, edge) {
    const boxes = [...this.sheet.rangeOf(span.start, span.end).getClientRects()];
    const handle = element("span", { class: `edge ${edge}` });
    const box = edge === "start" ? boxes[0] : boxes[boxes.length - 1];
    if (!box) return handle;
    const origin = this.sheet.root.getBoundingClientRect();
    const point = edge === "start" ? span.start : span.end - 1;
    const isMirrored = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u.test(
      this.sheet.points.slice(point, point + 1),
    );
    const isRight = (edge === "start") === isMirrored;
    handle.classList.add(isRight ? "right" : "left");
    const side = isRight ? box.right : box.left;
    handle.style.left = `${side - origin.left}px`;
    handle.style.top = `${box.top - origin.top}px`;
    handle.style.height = `${box.height}px`;
    handle.addEventListener("pointerdown", (event) => this.drag(event, handle, part, span, edge));
    return handle;
  }

  /**
   * @param {PointerEvent} event @param {HTMLElement} handle @param {string} part
   * @param {Bounds} span @param {"start" | "end"} edge
   */
  drag(event, handle, part, span, edge) {
    event.preventDefault();
    event.stopPropagation();
    handle.setPointerCapture(event.pointerId);
    let moved = span;
    // The place below the pointer is asked for; the handles must not be there.
    this.layer.classList.add("dragging");
    const follow = (/** @type {PointerEvent} */ move) => {
      const point = pointAt(this.sheet, move.clientX, move.clientY);
      if (point === null) return;
      const word = move.altKey ? undefined : this.words.inside(point);
      const place = word ? word[edge] : point;
      moved =
        edge === "start"
          ? { start: Math.min(place, span.end - 1), end: span.end }
          : { start: span.start, end: Math.max(place, span.start + 1) };
      highlight(this.sheet, MOVED, [moved]);
    };
    const finish = (/** @type {PointerEvent} */ up) => {
      handle.removeEventListener("pointermove", follow);
      this.layer.classList.remove("dragging");
      highlight(this.sheet, MOVED, []);
      const isSame = moved.start === span.start && moved.end === span.end;
      if (up.type === "pointerup" && !isSame) this.move(part, span, moved);
    };
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("pointerup", finish, { once: true });
    handle.addEventListener("pointercancel", finish, { once: true });
  }
}
