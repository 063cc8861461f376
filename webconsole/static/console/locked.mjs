// A locked screen tells nobody's name, and still sounds what waits.
import { join } from "./live.mjs";
import { audible, ringFor, wakeOnGesture } from "./sound.mjs";
import { t } from "./words.mjs";

const waiting = new Map();
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
  ringFor([...waiting.values()]);
  state.textContent = waiting.size
    ? t("%(n)s alarms came in while this screen was locked.", { n: waiting.size })
    : t("Alarms still sound on this station.");
}

wakeOnGesture();
join(
  {
    changed: hear,
    anew: () => {},
    link: (link) => {
      if (link === "lost") state.textContent = t("No connection: alarms cannot sound here.");
    },
    signedOut: () => location.assign("/entra"),
  },
  audible,
);
