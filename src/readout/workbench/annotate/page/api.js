// @ts-check
/* Requests to the server, which answers only under the address that carries the token. */

const HOME = new URL("../../", import.meta.url);

/** An answer that is no success; `answer` is what the server says about it. */
export class Refused extends Error {
  /** @param {number} status @param {any} answer */
  constructor(status, answer) {
    super(`The server answered ${status}.`);
    this.status = status;
    this.answer = answer;
  }
}

/**
 * Send a request and return the answer. `body` makes it a POST.
 *
 * @param {string} path Below the token, such as `api/corpus`.
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function ask(path, body) {
  /** @type {RequestInit} */
  const request = { cache: "no-store", redirect: "error" };
  if (body !== undefined) {
    request.method = "POST";
    request.headers = { "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }

  const response = await fetch(new URL(path, HOME), request);
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}
