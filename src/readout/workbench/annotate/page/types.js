// @ts-check
/* The shapes of what the server sends. Positions are code points, end excluded. */

/** @typedef {{start: number, end: number, exact: string}} Span */
/** @typedef {{type: string, id?: string, [field: string]: any}} Annotation */
/** @typedef {{id: string, annotation: Annotation, reason: string}} Suggestion */
/**
 * @typedef {{code: string, line?: number, id?: string, sentence: string, hint?: string,
 *   severity: string, start?: number, end?: number}} Problem
 */
/**
 * @typedef {{meta: Record<string, any>, text: string, paragraphs: [number, number][],
 *   annotations: Annotation[], suggestions: Suggestion[], problems: Problem[], version: string,
 *   undo: number, redo: number}} Doc
 */
/**
 * @typedef {{kind: string, of: string, values?: string[], many: boolean}} Role What the values of a
 *   field are, as `readout.model.FieldRole` says it.
 */
/**
 * @typedef {{mode: string, layer: string, annotator: string,
 *   documents: Array<{doc_id: string, title?: string, language: string, annotated: string | null,
 *     counts: Record<string, number>}>,
 *   registries: Record<string, Array<Record<string, any>>>, forms: Record<string, any>,
 *   roles: Record<string, Record<string, Role>>,
 *   sections: Array<{number: string, title: string, text: string}>, words: any}} Corpus
 */
/** @typedef {{put: Annotation} | {remove: string} | {accept: string} | {reject: string}} Edit */
/** @typedef {{section: string, reason: string}} Decision */

export {};
