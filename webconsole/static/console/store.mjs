// What the console knows, in one place; views read a part of it and are told when it changes.
import { useEffect, useState } from "./html.mjs";

const state = {
  board: null, // the last snapshot: see webconsole/board.py for its shape
  trouble: null, // why the snapshot could not be fetched
  link: "joining", // joining | joined | lost
  selected: null, // "alarm:ID" or "call:ID" of the waiting row looked at
  held: null, // which of the things I hold is in front
  tab: "waiting", // the area shown on a narrow screen
  openings: 0, // reserved files opened with a reason and not yet seen, for the coordinator
  reports: { unread: 0 }, // weekly reports not yet opened, for whoever reads the journal
  audio: "unknown", // unknown | on | silent
};
const listeners = new Set();

export function set(change) {
  Object.assign(state, change);
  listeners.forEach((listener) => listener());
}

export const peek = () => state;

/** The part of the state that `choose` picks; the view is drawn again when it changes. */
export function use(choose) {
  const [, redraw] = useState(0);
  const part = choose(state);
  useEffect(() => {
    let last = part;
    const listener = () => {
      const next = choose(state);
      if (next !== last) {
        last = next;
        redraw((count) => count + 1);
      }
    };
    listeners.add(listener);
    listener();
    return () => listeners.delete(listener);
  }, []);
  return part;
}

export const keyOf = (item) => `${item.kind}:${item.id}`;
