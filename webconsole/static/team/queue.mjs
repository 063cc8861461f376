// What the team did and the centre does not know yet: kept in the phone, sent in order, once each.
import { Refused, post } from "../console/api.mjs";
import { now } from "../console/time.mjs";

const PLACE = "team:queue";
const AGAIN = 4_000;

let steps = read();
let sending = false;
let timer = 0;
const watchers = new Set();

function read() {
  try {
    return JSON.parse(localStorage.getItem(PLACE)) || [];
  } catch {
    return []; // what an older page wrote and this one cannot read
  }
}

function keep(next) {
  steps = next;
  localStorage.setItem(PLACE, JSON.stringify(steps));
  watchers.forEach((tell) => tell(steps));
}

export const waiting = () => steps;

export function watch(tell) {
  watchers.add(tell);
  return () => watchers.delete(tell);
}

/**
 * Do a step now, or as soon as there is a line. `step`: verb, subject (whose steps stop when one
 * is refused), path, body. It resolves when the centre has answered or the line is missing.
 */
export function act(step, outcome) {
  const at = new Date(now()).toISOString();
  keep([...steps, { ...step, key: crypto.randomUUID(), body: { ...step.body, at }, at }]);
  return flush(outcome);
}

/** Send what waits, in order; `outcome.done()` after each, `outcome.refused(step, sentence)`. */
export async function flush(outcome) {
  if (sending) return;
  sending = true;
  clearTimeout(timer);
  try {
    while (steps.length > 0) {
      const [first] = steps;
      try {
        await post(first.path, first.body, { key: first.key });
        keep(steps.slice(1));
        outcome.done(first);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (error.unreachable || error.status === 401 || error.status === 429) break;
        keep(steps.filter((each) => each.subject !== first.subject));
        outcome.refused(first, error.message);
      }
    }
  } finally {
    sending = false;
    if (steps.length > 0) timer = setTimeout(() => flush(outcome), AGAIN);
  }
}
