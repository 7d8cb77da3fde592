// @ts-check
/* Say in words what an annotation says: its label, its fields, its links. No DOM. */
import { listSpans, Points } from "./segments.js";

/**
 * One value of a fact. `detail` is set in small type. A link has the `id` of an annotation of the
 * same layer, or the `href` of another page. A `quoted` value repeats words of the text.
 * @typedef {{text: string, detail?: string, id?: string, href?: string, quoted?: boolean}} Value
 *
 * @typedef {{name: string, values: Value[]}} Fact
 *
 * The registries: lists of the entries as their lines.
 * @typedef {{speakers?: any[], topics?: any[], targets?: any[]}} RegistryLists
 *
 * A decision of the adjudicators.
 * @typedef {{about: string[], section: string, reason: string, by: string}} Decision
 */

/** The sign of each polarity, readable without colour. */
export const SIGNS = /** @type {Record<string, string>} */ ({ favor: "+", against: "−", neutral: "○" });

/** The fields that name another annotation of the layer. */
const LINKS = ["source", "within", "quote"];

/** The records that the annotations of one layer refer to. */
export class Scope {
  /**
   * @param {RegistryLists} registries
   * @param {any[]} records
   * @param {Record<string, string>} words
   * @param {{points?: Points, decisions?: Decision[], elsewhere?: Record<string, Value[]>,
   *   annotator?: string | null}} extra  `points` are those of the text, to tell wrong spans
   */
  constructor(registries, records, words, extra = {}) {
    this.speakers = indexEntries(registries.speakers, "speaker_id");
    this.topics = indexEntries(registries.topics, "topic_id");
    this.targets = indexEntries(registries.targets, "target_id");
    this.words = words;
    this.extra = extra;
    this.points = extra.points;
    this.records = new Map(records.map((record) => [record.id, record]));
    /** @type {Map<string, string[]>} */
    this.reverse = new Map();
    for (const record of records) {
      for (const field of LINKS) {
        if (!record[field]) continue;
        const key = `${field} ${record[field]}`;
        this.reverse.set(key, [...(this.reverse.get(key) || []), record.id]);
      }
    }
  }

  /** @param {string} id */
  speakerName(id) { return this.speakers.get(id)?.name || id; }

  /** @param {string} id */
  targetName(id) { return this.targets.get(id)?.label || id; }

  /** @param {string} id */
  topicName(id) { return this.topics.get(id)?.label || id; }

  /**
   * Return the ids of the annotations whose field names an annotation.
   * @param {string} field
   * @param {string} id
   */
  naming(field, id) { return this.reverse.get(`${field} ${id}`) || []; }

  /**
   * Return the ids of the annotations that an annotation names or is named by.
   * @param {any} record
   * @returns {string[]}
   */
  linked(record) {
    const ids = LINKS.map((field) => record[field]).filter(Boolean);
    for (const field of LINKS) ids.push(...this.naming(field, record.id));
    return ids;
  }
}

/**
 * @param {any} entries
 * @param {string} key
 * @returns {Map<string, any>}
 */
function indexEntries(entries, key) {
  const list = Array.isArray(entries) ? entries : Object.values(entries || {});
  return new Map(list.map((entry) => [entry[key], entry]));
}

/**
 * @param {string} text
 * @param {number} width
 */
function shorten(text, width = 70) {
  const letters = [...text];
  return letters.length <= width ? text : `${letters.slice(0, width - 1).join("").trimEnd()}…`;
}

/**
 * Return the words of a record's first main span.
 * @param {any} record
 */
function firstWords(record) {
  const spans = listSpans(record);
  return spans.length ? String(spans[0].span.exact ?? "") : "";
}

/**
 * Return what an annotation says in a few words, with the names of the registries.
 * @param {any} record
 * @param {Scope} scope
 * @returns {string}
 */
export function labelOf(record, scope) {
  if (record.type === "stance") {
    const sign = SIGNS[record.polarity] || "?";
    return `${scope.speakerName(record.holder)} ${sign} ${scope.targetName(record.target)}`;
  }
  if (record.type === "quote") {
    const words = shorten(firstWords(record).replace(/^[“”]+|[“”]+$/g, ""), 50);
    return `${scope.speakerName(record.speaker)}: “${words}”`;
  }
  if (record.type === "topic") return scope.topicName(record.topic);
  if (record.type === "mention") {
    return `“${shorten(firstWords(record), 40)}”: ${scope.speakerName(record.speaker)}`;
  }
  return `${record.kind}: ${shorten(firstWords(record), 40)}`;
}

/**
 * Return the ids of the speakers to filter an annotation by.
 * @param {any} record
 * @returns {string[]}
 */
export function speakersOf(record) {
  return [record.speaker, record.holder, ...(record.addressees || [])].filter(Boolean);
}

/**
 * Return the ids of the targets to filter an annotation by: a quote has those of its stances.
 * @param {any} record
 * @param {Scope} scope
 * @returns {string[]}
 */
export function targetsOf(record, scope) {
  if (record.type === "stance") return [record.target];
  return scope.naming("quote", record.id).map((id) => scope.records.get(id).target);
}

/**
 * Return the facts about an annotation that have a value.
 * @param {any} record
 * @param {Scope} scope
 * @returns {Fact[]}
 */
export function factsOf(record, scope) {
  const { words, extra } = scope;
  /** @type {Fact[]} */
  const facts = [];
  /** @param {string} name @param {Value[]} values */
  const add = (name, values) => {
    if (values.length) facts.push({ name: words[`fact.${name}`] || name, values });
  };
  /** @param {string} id */
  const link = (id) => {
    const other = scope.records.get(id);
    if (!other) return { text: id, detail: words["fact.nowhere"] };
    return { text: labelOf(other, scope), detail: id, id };
  };
  /** @param {string} id */
  const speaker = (id) => {
    const entry = scope.speakers.get(id);
    if (!entry) return { text: id, detail: words["fact.unknown"] };
    return { text: entry.name, detail: `${id} · ${entry.kind}` };
  };
  /** @param {string} part */
  const places = (part) => {
    const spans = listSpans(record).filter((each) => each.part === part);
    return spans.map(({ span }) => (
      { text: span.exact ?? "", detail: `${span.start}–${span.end}`, quoted: true }
    ));
  };

  if (record.type === "mention") {
    add("speaker", [speaker(record.speaker)]);
    add("source of", scope.naming("source", record.id).map(link));
    add("words", places("span"));
  } else if (record.type === "quote") {
    add("speaker", [speaker(record.speaker)]);
    add("form", [{ text: record.form }]);
    add("source", [record.source ? link(record.source) : { text: words["fact.no source"] }]);
    add("cue", places("cue"));
    add("content", places("content"));
    add("addressees", (record.addressees || []).map(speaker));
    add("within", record.within ? [link(record.within)] : []);
    add("contains", scope.naming("within", record.id).map(link));
    add("stances", scope.naming("quote", record.id).map(link));
    add("statement", record.statement ? [{ text: record.statement }] : []);
    add("also reported", (extra.elsewhere || {})[record.id] || []);
  } else if (record.type === "topic") {
    const entry = scope.topics.get(record.topic);
    add("topic", [{
      text: scope.topicName(record.topic),
      detail: entry ? record.topic : words["fact.unknown"],
    }]);
    add("definition", entry ? [{ text: entry.definition }] : []);
    add("passage", places("spans"));
  } else if (record.type === "stance") {
    const entry = scope.targets.get(record.target);
    const meaning = entry && entry[`${record.polarity}_means`];
    add("holder", [speaker(record.holder)]);
    const polarity = `${SIGNS[record.polarity] || "?"} ${record.polarity}`;
    add("polarity", [{ text: polarity, detail: record.expression }]);
    add("target", [{
      text: scope.targetName(record.target),
      detail: entry ? record.target : words["fact.unknown"],
    }]);
    add("proposition", entry ? [{ text: entry.proposition }] : []);
    add(`${record.polarity} means`, meaning ? [{ text: meaning }] : []);
    add("evidence", places("evidence"));
    add("quote", record.quote ? [link(record.quote)] : []);
  } else {
    add("kind", [{ text: record.kind }]);
    add("words", places("span"));
  }
  add("note", record.note ? [{ text: record.note }] : []);

  const ref = extra.annotator ? `${extra.annotator}#${record.id}` : record.id;
  const decisions = (extra.decisions || []).filter((each) => each.about.includes(ref));
  add("decision", decisions.map((each) => (
    { text: each.reason, detail: `guidelines ${each.section} · by ${each.by}` }
  )));

  /** @param {{start: number, end: number, exact?: string}} span */
  const isWrong = (span) => scope.points && scope.points.slice(span.start, span.end) !== span.exact;
  const wrong = listSpans(record).map((each) => each.span).filter(isWrong);
  add("wrong span", wrong.map((span) => (
    { text: `the text at ${span.start}–${span.end} is not “${span.exact}”` }
  )));
  return facts;
}
