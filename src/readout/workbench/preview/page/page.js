"use strict";
/* The script of the preview. It reads data from a JSON element of the page and shows them as text only. */

const views = [];

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

class View {
  constructor(root) {
    this.root = root;
    this.data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
    this.form = root.querySelector("form");
    this.board = root.querySelector(".board");
    this.panel = root.querySelector(".panel");
    this.panes = [...root.querySelectorAll(".pane")];
    this.fixed = !this.field("layer");
    this.chosen = null;
    this.byKey = new Map();
    this.panes.forEach((pane, number) => this.indexPane(pane, number));
    this.listen();
    this.update();
  }

  field(name) { return this.form && this.form.elements[name]; }

  indexPane(pane, number) {
    const items = this.data.layers[number].annotations;
    for (const item of items) {
      Object.assign(item, { layer: number, marks: [], signs: [], bracket: null });
      this.byKey.set(item.key, item);
    }
    for (const mark of pane.querySelectorAll("mark[data-a]")) {
      mark.covers = mark.dataset.a.split(" ").filter(Boolean).map((pair) => {
        const [index, part, ...edges] = pair.split(".");
        return { item: items[Number(index)], part, edges };
      });
      mark.keep = mark.classList.contains("changed-text") ? ["changed-text"] : [];
      mark.tabIndex = -1;
      for (const cover of mark.covers) cover.item.marks.push({ mark, part: cover.part });
    }
    for (const sign of pane.querySelectorAll(".sign")) {
      sign.item = items[Number(sign.dataset.i)];
      sign.item.signs.push(sign);
    }
  }

  listen() {
    if (this.form) {
      this.form.addEventListener("change", () => this.update());
      this.form.addEventListener("submit", (event) => event.preventDefault());
      for (const [name, step] of [["next", 1], ["previous", -1]]) {
        if (this.field(name)) this.field(name).addEventListener("click", () => this.step(step));
      }
    }
    this.board.addEventListener("click", (event) => this.click(event));
    for (const button of this.root.querySelectorAll(".changes [data-key]")) {
      button.addEventListener("click", () => this.choose(this.byKey.get(button.dataset.key)));
    }
    new ResizeObserver(() => this.drawBrackets()).observe(this.board);
  }

  /* Filters. */
  update() {
    this.comparison = this.findComparison();
    const two = this.fixed ? this.panes.length === 2 : Boolean(this.comparison);
    this.board.classList.toggle("two", two);
    if (!this.fixed) this.showPanes();
    this.findDifferences();
    for (const item of this.byKey.values()) item.visible = this.isVisible(item);
    this.paint();
    this.drawFlags();
    this.drawBrackets();
    this.describeDifferences();
    if (this.chosen && !this.chosen.visible) this.choose(null);
  }

  findComparison() {
    if (this.fixed) return this.data.comparisons[0] || null;
    const beside = this.field("beside");
    if (!beside || beside.value === "") return null;
    const pair = [Number(this.field("layer").value), Number(beside.value)];
    if (pair[0] === pair[1]) return null;
    return this.data.comparisons.find((each) => pair.includes(each.left) && pair.includes(each.right)) || null;
  }

  showPanes() {
    const first = Number(this.field("layer").value);
    const second = this.comparison ? Number(this.field("beside").value) : first;
    this.panes.forEach((pane, number) => {
      pane.hidden = number !== first && number !== second;
      pane.querySelector("h2").hidden = !this.comparison;
      pane.style.order = number === first ? 0 : 1;
    });
    for (const box of this.form.querySelectorAll('[name="kind"]')) {
      const items = this.data.layers[first].annotations.filter((item) => item.type === box.value);
      box.closest("label").querySelector("small").textContent = String(items.length);
    }
  }

  findDifferences() {
    this.differences = new Map();
    if (!this.comparison) return;
    for (const change of this.comparison.changes) {
      for (const side of ["left", "right"]) if (change[side]) this.differences.set(change[side], change);
    }
  }

  isVisible(item) {
    if (this.panes[item.layer].hidden) return false;
    const only = this.field("differences");
    if (this.comparison && only && only.checked && !this.differences.has(item.key)) return false;
    if (this.fixed) return true;
    const kinds = [...this.form.querySelectorAll('[name="kind"]:checked')].map((box) => box.value);
    const speaker = this.field("speaker").value, target = this.field("target").value;
    const fits = (chosen, names = []) => !chosen || names.includes(chosen);
    return kinds.includes(item.type) && fits(speaker, item.speakers) && fits(target, item.targets);
  }

  paint() {
    const linked = this.linkedKeys();
    for (const pane of this.panes) {
      for (const mark of pane.querySelectorAll("mark[data-a]")) {
        const classes = [...mark.keep];
        for (const { item, part, edges } of mark.covers) {
          if (!item.visible) continue;
          classes.push(...item.classes[part].split(" "), ...edges);
          if (item === this.chosen) classes.push("chosen");
          else if (linked.has(item.key)) classes.push("linked");
        }
        mark.className = classes.join(" ");
      }
    }
    for (const item of this.byKey.values()) {
      for (const sign of [...item.signs, ...(item.bracket ? [item.bracket] : [])]) {
        sign.classList.toggle("chosen", item === this.chosen);
        if (sign !== item.bracket) sign.hidden = !item.visible;
      }
    }
  }

  linkedKeys() {
    const keys = new Set();
    if (!this.chosen) return keys;
    for (const fact of this.chosen.facts) for (const value of fact.values) if (value.key) keys.add(value.key);
    const change = this.differences && this.differences.get(this.chosen.key);
    if (change) [change.left, change.right].filter(Boolean).forEach((key) => keys.add(key));
    return keys;
  }

  drawFlags() {
    for (const flag of this.root.querySelectorAll(".flag")) flag.remove();
    for (const [key, change] of this.differences) {
      const item = this.byKey.get(key);
      if (!item || !item.visible || !item.marks.length) continue;
      const text = `${change.name}: ${item.label}`;
      const flag = element("button", {
        type: "button",
        class: `sign flag ${change.kind}`,
        "data-sign": change.name,
        title: text,
        "aria-label": text,
        tabindex: -1,
      });
      flag.item = item;
      item.marks[0].mark.before(flag);
    }
  }

  describeDifferences() {
    const box = this.field("differences");
    if (!box) return;
    const label = box.closest("label");
    label.hidden = !this.comparison;
    if (this.comparison) label.querySelector("small").textContent = String(this.comparison.changes.length);
  }

  /* Topics are brackets in the margin, each in the first lane that is free at its height. */
  drawBrackets() {
    const wide = matchMedia("(min-width: 901px)").matches;
    const step = wide ? 20 : 8;
    for (const pane of this.panes) {
      if (pane.hidden) continue;
      const gutter = pane.querySelector(".gutter");
      const layer = this.data.layers[this.panes.indexOf(pane)];
      const topics = layer.annotations.filter((item) => item.type === "topic" && item.visible && item.marks.length);
      gutter.replaceChildren();
      layer.annotations.forEach((item) => { item.bracket = null; });
      const lanes = this.countLanes(topics);
      pane.style.setProperty("--gutter", lanes ? `${lanes * step + 8}px` : "0px");
      const origin = gutter.getBoundingClientRect().top;
      for (const item of topics) this.drawBracket(gutter, item, origin, step);
    }
  }

  countLanes(topics) {
    const ends = [];
    for (const item of topics) {
      const first = item.start, last = item.start + item.size;
      let lane = ends.findIndex((end) => end <= first);
      if (lane < 0) lane = ends.length;
      ends[lane] = last;
      item.lane = lane;
    }
    return ends.length;
  }

  drawBracket(gutter, item, origin, step) {
    const boxes = item.marks.flatMap(({ mark }) => [...mark.getClientRects()]);
    const top = Math.min(...boxes.map((box) => box.top)) - origin + 8;
    const bottom = Math.max(...boxes.map((box) => box.bottom)) - origin - 9;
    const bracket = element("button", {
      type: "button",
      class: "bracket",
      title: item.label,
      "aria-label": `Topic: ${item.label}`,
      tabindex: -1,
    });
    const label = element("span", { "aria-hidden": "true" });
    label.textContent = item.label;
    bracket.append(label);
    bracket.style.top = `${top}px`;
    bracket.style.height = `${Math.max(bottom - top, 12)}px`;
    bracket.style.insetInlineStart = `${item.lane * step}px`;
    bracket.classList.toggle("chosen", item === this.chosen);
    bracket.item = item;
    item.bracket = bracket;
    gutter.append(bracket);
  }

  /* Choosing. */
  click(event) {
    const direct = event.target.closest(".sign, .bracket");
    if (direct && direct.item) return this.choose(direct.item);
    const mark = event.target.closest("mark[data-a]");
    if (mark && !String(getSelection())) this.chooseAt(mark);
  }

  itemsAt(mark) {
    const items = [...new Set(mark.covers.map((cover) => cover.item))].filter((item) => item.visible);
    return items.sort((a, b) => a.size - b.size);
  }

  chooseAt(mark) {
    const items = this.itemsAt(mark);
    if (!items.length) return;
    const again = mark === this.place ? items.indexOf(this.chosen) : -1;
    this.choose(items[(again + 1) % items.length], mark);
  }

  choose(item, mark = null) {
    for (const view of views) if (view !== this && item) view.choose(null);
    this.chosen = item || null;
    this.place = item ? mark || (item.marks[0] && item.marks[0].mark) || null : null;
    this.paint();
    this.showPanel();
    if (!item) return;
    setHash(item.key);
    if (!mark && this.place) {
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.place.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
    }
    if (this.place) this.place.focus({ preventScroll: true });
  }

  reveal(key) {
    const item = this.byKey.get(key);
    if (!item) return false;
    if (!item.visible && !this.fixed) {
      for (const box of this.form.querySelectorAll('[name="kind"]')) box.checked = true;
      this.field("speaker").value = this.field("target").value = "";
      if (this.field("beside")) this.field("beside").value = "";
      this.field("layer").value = String(item.layer);
      this.update();
    } else if (!item.visible && this.field("differences")) {
      this.field("differences").checked = false;
      this.update();
    }
    this.choose(item);
    return true;
  }

  step(direction) {
    const order = (item) => (this.panes[item.layer].style.order === "1" ? 1 : 0);
    const items = [...this.byKey.values()].filter((item) => item.visible && item.marks.length);
    items.sort((a, b) => order(a) - order(b) || a.layer - b.layer || a.start - b.start || b.size - a.size);
    if (!items.length) return;
    const at = items.indexOf(this.chosen);
    const next = at < 0 ? (direction > 0 ? 0 : items.length - 1) : (at + direction + items.length) % items.length;
    this.choose(items[next]);
  }

  /* The panel. */
  showPanel() {
    this.panel.classList.toggle("open", Boolean(this.chosen));
    if (!this.chosen) {
      const words = "Choose a marked passage to see its record and its links.";
      this.panel.replaceChildren(element("p", { class: "empty" }, words));
      return;
    }
    const item = this.chosen;
    const title = this.panelStack() || element("h2", { dir: "auto" }, item.label);
    const parts = [this.panelHead(item), title, this.panelChange(item), this.panelFacts(item)];
    const record = element("details", {}, element("summary", {}, "record"), element("pre", {}, item.record));
    this.panel.replaceChildren(...parts.filter(Boolean), record);
    this.panel.scrollTop = 0;
  }

  panelHead(item) {
    const close = element("button", { type: "button", class: "close", "aria-label": "Close", title: "Close (Esc)" }, "×");
    close.addEventListener("click", () => this.close());
    const name = this.data.layers.length > 1 ? ` · ${this.data.layers[item.layer].name}` : "";
    const link = element("a", { href: `#${item.key}` }, item.id);
    return element("div", { class: "kind" }, element("b", {}, item.type + name), link, close);
  }

  panelStack() {
    const items = this.place ? this.itemsAt(this.place) : [];
    if (items.length < 2 || !items.includes(this.chosen)) return null;
    const list = element("ul", { class: "stack", "aria-label": `${items.length} annotations at this place` });
    for (const item of items) {
      const current = String(item === this.chosen);
      const button = element("button", { type: "button", "aria-current": current }, `${item.type}: ${item.label}`);
      button.addEventListener("click", () => this.choose(item, this.place));
      list.append(element("li", {}, button));
    }
    return list;
  }

  panelChange(item) {
    const change = this.differences.get(item.key);
    if (!change) return null;
    const box = element("div", { class: "change" }, element("b", {}, change.name));
    for (const [name, before, after] of change.fields) {
      const values = [element("del", {}, before), " → ", element("ins", {}, after)];
      box.append(element("div", { class: "field" }, `${name}: `, ...values));
    }
    return box;
  }

  panelFacts(item) {
    const list = element("dl");
    for (const fact of item.facts) {
      list.append(element("dt", {}, fact.name));
      for (const value of fact.values) list.append(this.panelValue(value));
    }
    return list;
  }

  panelValue(value) {
    const line = element("dd", value.quoted ? { class: "words", dir: "auto" } : {});
    if (value.key) {
      const button = element("button", { type: "button" }, value.text);
      button.addEventListener("click", () => this.reveal(value.key));
      line.append(button);
    } else if (value.href) line.append(element("a", { href: value.href }, value.text));
    else line.append(value.text);
    if (value.detail) line.append(element("small", {}, value.detail));
    return line;
  }

  close() {
    const place = this.place;
    this.choose(null);
    setHash("");
    if (place) place.closest(".text").focus({ preventScroll: true });
  }
}

let ownHash = null;

function setHash(key) {
  ownHash = key;
  history.replaceState(null, "", key ? `#${key}` : location.pathname + location.search);
}

function openHash() {
  const key = decodeURIComponent(location.hash.slice(1));
  if (key && !(views.some((view) => view.chosen && view.chosen.key === key))) views.some((view) => view.reveal(key));
}

function current() {
  return views.find((view) => view.root.contains(document.activeElement)) || views.find((view) => view.chosen) || views[0];
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !views.length) return;
  const view = current();
  if (event.key === "Escape") return view.chosen ? view.close() : undefined;
  if (event.target.closest("input[type=search], select")) return;
  if (event.key === "n") view.step(1);
  else if (event.key === "p") view.step(-1);
  else if (event.key === "Enter" && event.target.matches("mark[data-a]")) view.chooseAt(event.target);
  else return;
  event.preventDefault();
}

function listenToSearch(field) {
  const rows = [...document.querySelectorAll("tbody tr")];
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/);
    for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  });
}

document.querySelectorAll("[data-find]").forEach(listenToSearch);
document.querySelectorAll("[data-view]").forEach((root) => views.push(new View(root)));
document.addEventListener("keydown", onKey);
addEventListener("hashchange", openHash);
addEventListener("beforeprint", () => views.forEach((view) => view.drawBrackets()));
matchMedia("print").addEventListener("change", () => views.forEach((view) => view.drawBrackets()));
if (location.hash) openHash();
