// Typed is kept: every field is saved as it is typed, and what is not saved yet is said and kept here.
import "./keep.mjs";
import { useEffect, useRef, useState } from "./html.mjs";

const PAUSE = 600;
const AGAIN = 3_000;
const place = (key) => `draft:${key}`;

export const kept = (key) => sessionStorage.getItem(place(key));

export function forget(key) {
  sessionStorage.removeItem(place(key));
}

/** A field kept in this browser only, until its form is sent: `[value, write, clear]`. */
export function useKept(key, first = "") {
  const [value, setValue] = useState(() => kept(key) ?? first);
  const at = useRef(key);
  if (at.current !== key) {
    at.current = key;
    setValue(kept(key) ?? first);
  }
  const write = (text) => {
    sessionStorage.setItem(place(key), text);
    setValue(text);
  };
  const clear = () => {
    forget(key);
    setValue(first);
  };
  return [value, write, clear];
}

/**
 * A field saved on the server while it is typed: `{value, write, state, trouble, settle}`.
 * `state` is saved, typing, saving or unsaved; `settle()` resolves once the server has it all.
 */
export function useSaved(key, server, save) {
  const [value, setValue] = useState(() => kept(key) ?? server);
  const [state, setState] = useState(() => (kept(key) === null ? "saved" : "unsaved"));
  const [trouble, setTrouble] = useState("");
  const work = useRef({ timer: 0, text: kept(key), busy: null }).current;

  async function push() {
    clearTimeout(work.timer);
    if (work.busy) await work.busy.catch(() => {});
    const text = kept(key);
    if (text === null) return;
    setState("saving");
    work.busy = save(text);
    try {
      await work.busy;
      if (kept(key) === text) {
        forget(key);
        setState("saved");
      }
      setTrouble("");
    } catch (error) {
      setState("unsaved");
      setTrouble(error.message);
      if (error.unreachable) work.timer = setTimeout(() => push().catch(() => {}), AGAIN);
      throw error;
    } finally {
      work.busy = null;
    }
  }
  const quietly = () => push().catch(() => {}); // the field itself shows the trouble

  function write(text) {
    sessionStorage.setItem(place(key), text);
    setValue(text);
    setState("typing");
    clearTimeout(work.timer);
    work.timer = setTimeout(quietly, PAUSE);
  }

  useEffect(() => {
    if (kept(key) !== null) quietly();
    const online = () => kept(key) !== null && quietly();
    window.addEventListener("online", online);
    return () => {
      window.removeEventListener("online", online);
      clearTimeout(work.timer);
      if (kept(key) !== null) quietly();
    };
  }, [key]);

  // Somebody else, or another screen of mine, wrote: take it only while nothing waits here.
  useEffect(() => {
    if (kept(key) === null) setValue(server);
  }, [server]);

  return { value, write, state, trouble, settle: push };
}
