// The team's phone: looks at what the centre says, sends the steps, and draws one screen.
import { get, post } from "../console/api.mjs";
import { html, render, useEffect, useState } from "../console/html.mjs";
import { join } from "../console/live.mjs";
import { audible, ringFor, wakeOnGesture, watch as watchSound } from "../console/sound.mjs";
import { learnClock } from "../console/time.mjs";
import { follow } from "./position.mjs";
import * as queue from "./queue.mjs";
import { Top } from "./parts.mjs";
import { Screen } from "./screens.mjs";

const LOOK_EVERY = 20_000;
const state = {
  mine: null, // what the centre says of this team
  sheet: null, // the person of the job, once accepted
  trouble: null, // why it could not be asked
  link: "joining",
  audio: false,
  position: { state: "off", at: null },
  missed: null, // a request that went to others before we answered
  waiting: queue.waiting(), // steps that the centre does not know yet
  refused: null, // the last sentence with which the centre refused a step
};
const listeners = new Set();
const answered = new Set(queue.waiting().map((step) => step.subject));

function set(change) {
  Object.assign(state, change);
  listeners.forEach((draw) => draw({}));
}

const outcome = {
  done(step) {
    if (step.verb === "close") localStorage.removeItem(`team:note:${step.subject}`);
    look();
  },
  refused(step, sentence) {
    set({ refused: { sentence, at: step.at, verb: step.verb, note: step.body.note } });
    look();
  },
};

async function look() {
  try {
    const mine = await get("/api/v1/teams/me");
    learnClock(mine.at);
    set({ trouble: null, missed: missed(state.mine, mine), mine });
    await Promise.all([openSheet(mine.job), sayShown(mine.asked)]);
  } catch (error) {
    set({ trouble: error });
  }
}

/** The request that was here a moment ago and is gone without an answer of ours. */
function missed(before, mine) {
  if (mine.asked || mine.job) return null;
  const gone = before?.asked;
  return gone && !answered.has(gone.id) ? gone : state.missed;
}

/** The person's data: asked once per job, kept in memory only, forgotten with the job. */
async function openSheet(job) {
  if (!job) {
    if (state.sheet) set({ sheet: null });
  } else if (state.sheet?.job !== job.id) {
    const sheet = await get(`/api/v1/interventions/${job.id}/sheet`);
    set({ sheet: { ...sheet, job: job.id } });
  }
}

let shown = null;
async function sayShown(asked) {
  if (!asked || asked.id === shown || document.visibilityState !== "visible") return;
  await post(`/api/v1/offers/${asked.id}/deliver`);
  shown = asked.id;
}

const doing = {
  look,
  step(step) {
    answered.add(step.subject);
    return queue.act(step, outcome);
  },
  async duty(path, body) {
    const mine = await post(path, body);
    set({ mine });
  },
  forgetRefusal: () => set({ refused: null }),
  forgetMissed: () => set({ missed: null }),
};

function App() {
  const [, draw] = useState({});
  useEffect(() => {
    listeners.add(draw);
    return () => listeners.delete(draw);
  }, []);
  const asked = state.mine?.asked;
  const calling = Boolean(asked) && !state.waiting.some((step) => step.subject === asked.id);
  useEffect(() => {
    ringFor(calling ? ["alarm"] : []);
    if (calling) navigator.vibrate?.([400, 200, 400, 200, 400]);
  }, [calling, state.audio]);
  const onDuty = Boolean(state.mine && state.mine.standing !== "off_duty");
  useEffect(() => {
    if (!onDuty) {
      set({ position: { state: "off", at: null } });
      return undefined;
    }
    return follow((said, at = state.position.at) => set({ position: { state: said, at } }));
  }, [onDuty]);
  return html`<${Top} state=${state} /><${Screen} state=${state} doing=${doing} />`;
}

function start() {
  wakeOnGesture();
  watchSound(() => set({ audio: audible() }));
  queue.watch((waiting) => set({ waiting }));
  const place = document.getElementById("team");
  place.replaceChildren(); // the outline that stood here while the page was on its way
  render(html`<${App} />`, place);
  join(
    {
      changed: (message) => message.kind.startsWith("dispatch.") && look(),
      anew: look,
      link(link) {
        if (link === state.link) return;
        set({ link });
        if (link === "joined") queue.flush(outcome);
      },
      signedOut: () => location.assign("/entra?poi=/squadra"),
    },
    audible,
  );
  document.addEventListener("signed-out", () => location.assign("/blocco?poi=/squadra"));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
  window.addEventListener("online", () => queue.flush(outcome).then(look));
  setInterval(look, LOOK_EVERY);
  look();
  queue.flush(outcome);
}

start();
