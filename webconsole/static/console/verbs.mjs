// What an operator does, as requests; afterwards the board is looked at anew.
import { get, post, patch } from "./api.mjs";
import { talk } from "./softphone.mjs";
import { keyOf, peek, set } from "./store.mjs";
import { learnClock } from "./time.mjs";

const alarms = (item, verb) => `/api/v1/alarms/${item.id}/${verb}`;
const calls = (item, verb) => `/api/v1/calls/${item.id}/${verb}`;

const AGAIN = 3_000; // a board that could not be fetched is stale, and says so, until it can

let looking = null;
let again = false;

/** Fetch the board; asked while a fetch runs, it fetches once more afterwards. */
export async function look({ background = true } = {}) {
  if (looking) {
    again = true;
    return looking;
  }
  looking = fetchBoard(background).finally(() => {
    looking = null;
    if (again) {
      again = false;
      setTimeout(look, 150);
    }
  });
  return looking;
}

async function fetchBoard(background) {
  try {
    const board = await get("/api/v1/board", { background });
    learnClock(board.at);
    const { held } = peek();
    const keys = board.hand.map(keyOf);
    set({ board, trouble: null, held: keys.includes(held) ? held : keys[0] || null });
  } catch (error) {
    set({ trouble: error });
    if (error.unreachable) setTimeout(look, AGAIN);
  }
}

async function did(request) {
  const answer = await request;
  await look();
  return answer;
}

export async function take(item) {
  if (item.kind === "alarm") await did(post(alarms(item, "claim")));
  else await answer(item);
  const key = keyOf(item);
  set({ held: key, selected: key, tab: "hand" });
}

export async function answer(item) {
  await talk(item);
  await look();
}

export const decline = (item) => did(post(calls(item, "decline")));
export const hangUp = (item) => did(post(calls(item, "hang-up")));
export const closeCall = (item, outcome, note) => did(post(calls(item, "close"), { outcome, note }));
export const noteCall = (item, note) => patch(`/api/v1/calls/${item.id}`, { note });
export const nameCaller = (item, person_id) => did(patch(`/api/v1/calls/${item.id}`, { person_id }));

export const handBack = (item) => did(post(alarms(item, "hand-back")));
export const callHome = (item) => did(post(alarms(item, "call-home")));
export const callContact = (item, near) =>
  did(
    item.kind === "alarm"
      ? post(alarms(item, "call-contact"), { contact_id: near.id })
      : post("/api/v1/calls", { to: near.phone, purpose: "contact", case_id: item.case_id, person_id: item.person_id }),
  );
export const commandUnit = (item, command) => did(post(alarms(item, "voice"), { command }));
export const attachCall = (item, call) => did(post(alarms(item, "attach-call"), { call_id: call.id }));
export const closeAlarm = (item, outcome, note, others = []) => did(post(alarms(item, "close"), { outcome, note, others }));
export const noteAlarm = (item, note) => patch(`/api/v1/alarms/${item.id}`, { note });

export const tickStep = (item, step) => did(post(alarms(item, "steps"), { position: step.position, how: "done" }));
export const callLadder = (item) => did(post(alarms(item, "call-ladder")));
export const stopLadder = (item) => did(post(alarms(item, "stop-ladder")));

export const askForTeam = (item, wish) =>
  did(
    item.kind === "alarm"
      ? post(alarms(item, "ask-for-team"), wish)
      : post(`/api/v1/board/calls/${item.id}/ask-for-team`, wish),
  );

/** `another`: we were told who may be the same, and it is somebody else. */
export async function newPerson(item, facts, another = false) {
  const person = await post(`/api/v1/people${another ? "?force=true" : ""}`, facts);
  await nameCaller(item, person.id);
  return person;
}

export const similarPeople = (facts) => post("/api/v1/people/similar", facts);
export const findPeople = (words) => get(`/api/v1/people?q=${encodeURIComponent(words)}`);
export const choose = (status) => did(post("/api/v1/me/status", { status }));
