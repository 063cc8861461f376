// Asking the server: JSON, our CSRF token, and a sentence for the person when it does not work.
import { t } from "./words.mjs";

const token = document.querySelector('meta[name="csrf"]')?.content || "";
const PATIENCE = 10_000;

/** What went wrong, in words for the person at the screen. */
export class Refused extends Error {
  constructor(sentence, { status = 0, fields = [], candidates = [], proof = "", done = false } = {}) {
    super(sentence);
    this.status = status;
    this.fields = fields;
    this.candidates = candidates;
    // Where it can be shown first that it is still the same person.
    this.proof = proof;
    // It was sent before, and what was asked is done.
    this.done = done;
  }

  /** Nobody knows whether it arrived: trying again is right. */
  get unreachable() {
    return this.status === 0 || this.status >= 500;
  }
}

export const get = (path, { background = false } = {}) => ask("GET", path, undefined, background);
/** `key`: the name of this request; sent again with the same name, it happens once. `form`: the same
 *  for a form, which gets no second answer but is told that it is done. */
export const post = (path, body = {}, { key, form } = {}) => ask("POST", path, body, false, key, form);
export const patch = (path, body) => ask("PATCH", path, body);
/** `form`: a FormData with a file in it. */
export const put = (path, form) => ask("PUT", path, form);

async function ask(method, path, body, background = false, key = undefined, form = undefined) {
  const headers = { Accept: "application/json", "X-CSRF-Token": token };
  const file = body instanceof FormData;
  if (body !== undefined && !file) headers["Content-Type"] = "application/json";
  if (background) headers["X-Background"] = "1";
  if (key) headers["Idempotency-Key"] = key;
  if (form) headers["X-Form-Key"] = form;
  const answer = await send(path, { method, headers, body: file ? body : body && JSON.stringify(body) });
  const said = await answer.json().catch(() => null);
  if (answer.ok) return said;
  if (answer.status === 401) signInAgain();
  throw new Refused(said?.detail || t("The server answered in a way we do not understand."), {
    status: answer.status,
    fields: said?.errors || [],
    candidates: said?.candidates || [],
    proof: said?.proof || "",
    done: said?.done || false,
  });
}

async function send(path, request) {
  try {
    return await fetch(path, {
      ...request,
      credentials: "same-origin",
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch (error) {
    throw new Refused(
      error.name === "TimeoutError"
        ? t("The server does not answer. Nothing is lost: try again.")
        : t("There is no connection. What you wrote is kept here."),
    );
  }
}

function signInAgain() {
  document.dispatchEvent(new CustomEvent("signed-out"));
}
