// @ts-check
/* A new entry of a registry, made in a form of its own while another form waits for it. */

import { ask } from "./api.js";
import { Form } from "./form.js";
import { idFieldOf } from "./links.js";

/**
 * @typedef {object} EntrySettings
 * @property {string} registry
 * @property {string} typed The name that was typed for the entry.
 * @property {string} document The id of the document whose step it becomes.
 * @property {import("./types.js").Corpus} corpus Gets the new registries.
 * @property {HTMLElement} waiting The form that waits.
 * @property {(role: import("./types.js").Role) => import("./choices.js").Option[]} options
 * @property {(error: unknown) => string[]} explain Says why the entry is refused.
 * @property {(step: number) => void} made Is called once the entry is saved.
 */

/** Return the id of the new entry, or null if none was made. @param {EntrySettings} settings @returns {Promise<string | null>} */
export function makeEntry({ registry, typed, document, corpus, waiting, options, explain, made }) {
  const name = registry === "speakers" ? "name" : "label";
  return new Promise((resolve) => {
    const finish = (/** @type {string | null} */ id) => {
      form.root.remove();
      waiting.hidden = false;
      resolve(id);
    };
    const save = async (/** @type {Record<string, any>} */ fields) => {
      try {
        const answer = await ask(`api/registry/${registry}`, { fields, document });
        corpus.registries = answer.registries;
        made(answer.step);
        finish(answer.entry[idFieldOf(registry)]);
      } catch (error) {
        form.refuse(explain(error));
      }
    };
    const form = new Form({
      type: registry,
      schema: corpus.forms[registry],
      roles: corpus.roles[registry],
      values: { [name]: typed },
      words: corpus.words.form,
      options,
      create: async () => null,
      selected: () => [],
      pick: () => undefined,
      tell: () => undefined,
      show: () => undefined,
      changed: () => undefined,
      save,
      close: () => finish(null),
      discard: () => finish(null),
    });
    waiting.hidden = true;
    waiting.after(form.root);
    form.advance();
  });
}
