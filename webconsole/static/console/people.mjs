// The first page of a person's file, asked for once while one looks: each opening is in the journal.
import { get } from "./api.mjs";
import { useEffect, useState } from "./html.mjs";

const KEEP = 5 * 60_000;
const known = new Map();

/**
 * `{person, trouble}` of the id; both empty while it comes, or when there is no id. What is kept
 * serves one occasion: with another alarm there is more to be seen, such as how to get in.
 */
export function usePerson(id, occasion = "") {
  const [, redraw] = useState(0);
  useEffect(() => {
    if (!id) return undefined;
    const kept = known.get(id);
    if (kept?.occasion === occasion && Date.now() - kept.at < KEEP) return undefined;
    let gone = false;
    get(`/api/v1/board/people/${id}`)
      .then((person) => known.set(id, { at: Date.now(), occasion, person }))
      .catch((trouble) => known.set(id, { at: 0, occasion, trouble }))
      .finally(() => gone || redraw((count) => count + 1));
    return () => (gone = true);
  }, [id, occasion]);
  return known.get(id) || {};
}

export const forgetPerson = (id) => known.delete(id);
