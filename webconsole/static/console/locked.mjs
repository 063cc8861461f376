// A locked screen tells nobody's name, and still sounds what waits.
import { get } from "./api.mjs";
import { join } from "./live.mjs";
import { audible, ringFor, wakeOnGesture } from "./sound.mjs";
import { t, tn } from "./words.mjs";
import "./leaving.mjs";

let waiting = new Map();
const RISES = {
  "telecare.alarm_raised": "alarm",
  "telecare.alarm_handed_back": "alarm",
  "telecare.alarm_escalated": "alarm",
};
const ENDS = new Set(["telecare.alarm_claimed", "telecare.alarm_closed"]);
const state = document.querySelector("#locked-state span");

function hear({ kind, ids = {} }) {
  const id = ids.alarm_id;
  if (RISES[kind] && id) waiting.set(id, RISES[kind]);
  else if (ENDS.has(kind)) waiting.delete(id);
  else return;
  sound();
}

/** What waited before this screen was locked, or while it was away, sounds as well. */
const look = () =>
  get("/blocco/attesa", { background: true }).then(
    ({ alarms }) => {
      waiting = new Map(alarms.map((id) => [id, "alarm"]));
      sound();
    },
    () => undefined,
  );

function sound() {
  ringFor([...waiting.values()]);
  state.textContent = waiting.size
    ? tn("%(n)s alarm waits for somebody.", "%(n)s alarms wait for somebody.", waiting.size)
    : t("Alarms still sound on this station.");
}

wakeOnGesture();
join(
  {
    changed: hear,
    anew: look,
    link: (link) => {
      if (link === "lost") state.textContent = t("No connection: alarms cannot sound here.");
    },
    signedOut: () => location.assign("/entra"),
  },
  audible,
);
look();
