// The first page of a person's file, asked for once while one looks: each opening is in the journal.
import { get } from "./api.mjs";
import { useEffect, useState } from "./html.mjs";

const KEEP = 5 * 60_000;
const known = new Map();

/** `{person, trouble}` of the id; both empty while it comes, or when there is no id. */
export function usePerson(id) {
  const [, redraw] = useState(0);
  useEffect(() => {
    if (!id) return undefined;
    const kept = known.get(id);
    if (kept && Date.now() - kept.at < KEEP) return undefined;
    let gone = false;
    get(`/api/v1/board/people/${id}`)
      .then((person) => known.set(id, { at: Date.now(), person }))
      .catch((trouble) => known.set(id, { at: 0, trouble }))
      .finally(() => gone || redraw((count) => count + 1));
    return () => (gone = true);
  }, [id]);
  return known.get(id) || {};
}

export const forgetPerson = (id) => known.delete(id);
