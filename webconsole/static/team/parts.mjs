// Parts that every screen of the phone uses: the state on top, notices, countdown, big buttons.
import { html, useEffect, useRef, useState } from "../console/html.mjs";
import { Icon } from "../console/parts.mjs";
import { wake } from "../console/sound.mjs";
import { atTime, clock, now, toTheSecond, useNow } from "../console/time.mjs";
import { t, tn } from "../console/words.mjs";

const SOON = 1_500;
const page = document.getElementById("team");

/** Who we are, how we stand, and whether the centre hears us: on top, whatever happens. */
export function Top({ state }) {
  const mine = state.mine;
  return html`<header class="phone-top">
    <div class="grow">
      <p class="clip strong">${mine?.name || page.dataset.name}</p>
      <p class=${`standing ${mine?.standing || ""}`}>${mine ? standingOf(state) : t("connecting…")}</p>
    </div>
    <p class=${state.link === "lost" ? "link-state lost" : "link-state"} role="status">
      <${Icon} name=${state.link === "lost" ? "unlinked" : "linked"} />${linkWord(state.link)}
    </p>
    <${Menu} mine=${mine} />
  </header>`;
}

function standingOf(state) {
  const unsent = state.waiting.length;
  if (unsent && state.mine.standing === "offered") return t("Answer to be sent");
  const word = standingWord(state.mine);
  return unsent ? t("%(state)s · to be sent: %(n)s", { state: word, n: unsent }) : word;
}

function standingWord({ standing, standing_text: known }) {
  if (standing === "offered") return t("A request: answer");
  if (standing === "assigned") return t("Accepted, to set out");
  return known;
}

function linkWord(link) {
  if (link === "lost") return t("no line");
  return link === "joined" ? t("connected") : t("connecting…");
}

function Menu({ mine }) {
  const csrf = document.querySelector('meta[name="csrf"]').content;
  return html`<details class="menu">
    <summary class="button plain" aria-label=${t("Menu")}><${Icon} name="menu" /></summary>
    <div class="sheet">
      ${mine?.room_phone && html`<a class="item" href=${`tel:${mine.room_phone}`}><${Icon} name="phone" />${t("Call the centre")}</a>`}
      <a class="item" href="/preferenze?tema=light&poi=/squadra"><${Icon} name="sun" />${t("Light colours")}</a>
      <a class="item" href="/preferenze?tema=dark&poi=/squadra"><${Icon} name="moon" />${t("Dark colours")}</a>
      <form method="post" action="/esci">
        <input type="hidden" name="csrf" value=${csrf} />
        <button class="item"><${Icon} name="leave" />${t("Sign out")}</button>
      </form>
    </div>
  </details>`;
}

/** What stands between the team and the centre, in order of weight. */
export function Notices({ state, doing }) {
  return html`<div class="notices">
    ${state.refused &&
    html`<div class="notice warn" role="alert">
      <${Icon} name="warning" />
      <div class="grow">
        <p class="strong">${state.refused.sentence}</p>
        ${state.refused.note && html`<p class="small">${t("You had written:")}</p><p class="reason">${state.refused.note}</p>`}
      </div>
      <button class="button" onClick=${doing.forgetRefusal}>${t("Understood")}</button>
    </div>`}
    ${state.waiting.length > 0 && html`<${Unsent} steps=${state.waiting} />`}
    ${state.missed && html`<${Missed} asked=${state.missed} doing=${doing} />`}
    ${state.mine && state.trouble && html`<p class="notice warn"><${Icon} name="unlinked" /><span>${stale(state)}</span></p>`}
    ${!state.audio &&
    state.mine?.standing !== "off_duty" &&
    html`<button class="notice warn silent" onClick=${wake}>
      <${Icon} name="silent" /><span class="grow">${t("The sound is off: press here to hear the calls")}</span>
    </button>`}
  </div>`;
}

function stale({ mine, trouble }) {
  if (trouble.unreachable) return t("No line: what you see is from %(time)s.", { time: toTheSecond(mine.at) });
  return trouble.message;
}

/** The answer did not come in time: another team is asked, but who can still go may say so. */
function Missed({ asked, doing }) {
  const accept = () => {
    doing.forgetMissed();
    doing.step({ verb: "accept", subject: asked.id, path: `/api/v1/offers/${asked.id}/accept`, body: {} });
  };
  return html`<div class="notice warn column" role="status">
    <p class="line"><${Icon} name="clock" /><span class="strong">${t("The request “%(title)s” is no longer yours: time was over, or the centre chose another team.", { title: asked.title })}</span></p>
    <div class="line wrap">
      <button class="button" onClick=${accept}>${t("We can still go")}</button>
      <button class="button" onClick=${doing.forgetMissed}>${t("Understood")}</button>
    </div>
  </div>`;
}

function Unsent({ steps }) {
  const at = useNow();
  // While the line is good a step is under way for a moment: that is no news.
  if (at - new Date(steps[0].at) < SOON) return null;
  return html`<div class="notice warn" role="status">
    <${Icon} name="clock" />
    <div class="grow">
      <p class="strong">
        ${tn("%(n)s step not sent yet", "%(n)s steps not sent yet", steps.length)}
      </p>
      <ul>
        ${steps.map((step) => html`<li key=${step.key}>${stepWord(step.verb)} · ${clock(step.at)}</li>`)}
      </ul>
      <p class="small">${t("Kept here and sent by itself as soon as there is a line.")}</p>
    </div>
  </div>`;
}

export function stepWord(verb) {
  return {
    accept: t("Accepted"),
    decline: t("Declined"),
    "set-out": t("Set out"),
    arrive: t("Arrived"),
    close: t("Closed"),
    "give-back": t("Given back"),
  }[verb];
}

/** Time left to answer, as a number and a bar; over it, in words. */
export function Countdown({ from, to }) {
  const at = useNow();
  const total = new Date(to) - new Date(from);
  const left = Math.floor((new Date(to) - at) / 1000);
  const face = left >= 0 ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "0:00";
  const part = Math.min(1, Math.max(0.01, (left * 1000) / total));
  const near = left <= 30;
  return html`<div class=${near ? "countdown near" : "countdown"}>
    <p class="face" role="timer" aria-live="off">${face}</p>
    <p>${left >= 0 ? t("to answer") : t("Time is over: another team is being asked")}</p>
    <div class="left" aria-hidden="true"><i style=${{ transform: `scaleX(${part})` }}></i></div>
  </div>`;
}

/** A field kept in the phone until the centre has it. */
export function useKeptHere(key) {
  const place = `team:note:${key}`;
  const [value, setValue] = useState(() => localStorage.getItem(place) ?? "");
  const write = (text) => {
    localStorage.setItem(place, text);
    setValue(text);
  };
  return [value, write];
}

/** Run one thing at a time; what the centre refuses is said beside the button. */
export function useBusy() {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const alive = useRef(true);
  useEffect(() => () => (alive.current = false), []);
  async function run(work) {
    setBusy(true);
    setTrouble("");
    try {
      await work();
    } catch (error) {
      if (alive.current) setTrouble(error.message);
    } finally {
      if (alive.current) setBusy(false);
    }
  }
  return [busy, trouble, run];
}

export const Fact = ({ icon, label, children }) =>
  html`<div class="fact">
    <${Icon} name=${icon} />
    <div class="grow"><p class="label muted">${label}</p><div>${children}</div></div>
  </div>`;

export const Phone = ({ number, children }) =>
  html`<a class="button tel" href=${`tel:${number}`}><${Icon} name="phone" />${children}</a>`;

export const whenSaid = (moment) => atTime(moment, now());
