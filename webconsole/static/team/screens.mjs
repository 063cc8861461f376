// One screen at a time: off duty, free, asked, at work, closing.
import { html, useState } from "../console/html.mjs";
import { Icon, Mark } from "../console/parts.mjs";
import { now, since, useNow } from "../console/time.mjs";
import { t } from "../console/words.mjs";
import { Job } from "./job.mjs";
import { Countdown, Notices, useBusy, whenSaid } from "./parts.mjs";
import { Reasons } from "./reasons.mjs";

const HOURS = [4, 6, 8, 12];

export function Screen({ state, doing }) {
  const { mine, trouble } = state;
  if (!mine && trouble) return html`<${NoAnswer} trouble=${trouble} doing=${doing} />`;
  if (!mine) return html`<main class="phone-main" aria-busy="true"><div class="skeleton tall"></div><div class="skeleton"></div></main>`;
  if (mine.job) return html`<${Job} key=${mine.job.id} state=${state} doing=${doing} />`;
  if (mine.asked) return html`<${Asked} key=${mine.asked.id} state=${state} doing=${doing} />`;
  if (mine.standing === "off_duty") return html`<${OffDuty} state=${state} doing=${doing} />`;
  return html`<${Free} state=${state} doing=${doing} />`;
}

function NoAnswer({ trouble, doing }) {
  return html`<main class="phone-main">
      <div class="notice crit" role="alert"><${Icon} name="unlinked" /><span>${trouble.message}</span></div>
      <p class="muted">${t("Until the line is back, answer the centre by voice.")}</p>
    </main>
    <footer class="phone-foot"><button class="button main" onClick=${doing.look}>${t("Try again")}</button></footer>`;
}

function OffDuty({ state, doing }) {
  const [hours, setHours] = useState(8);
  const [busy, trouble, run] = useBusy();
  const start = () =>
    run(() => {
      const until = new Date(now() + hours * 3600_000).toISOString();
      return doing.duty("/api/v1/teams/me/sign-on", { until });
    });
  return html`<main class="phone-main">
      <${Notices} state=${state} doing=${doing} />
      <div class="still">
        <${Icon} name="moon" large />
        <h1>${t("Off duty")}</h1>
        <p class="muted">${t("The centre does not call you and does not see where you are.")}</p>
      </div>
      <fieldset class="hours">
        <legend class="label">${t("On duty for")}</legend>
        ${HOURS.map(
          (each) =>
            html`<label key=${each} class="choice">
              <input type="radio" name="hours" checked=${hours === each} onChange=${() => setHours(each)} />
              <span>${t("%(n)s hours", { n: each })}</span>
            </label>`,
        )}
      </fieldset>
      <${Said} trouble=${trouble} />
    </main>
    <footer class="phone-foot">
      <button class="button main" disabled=${busy} onClick=${start}>${t("Go on duty")}</button>
    </footer>`;
}

function Free({ state, doing }) {
  const [busy, trouble, run] = useBusy();
  const { mine } = state;
  return html`<main class="phone-main">
      <${Notices} state=${state} doing=${doing} />
      <${Last} last=${mine.last} />
      <div class="still">
        <${Icon} name="check" large />
        <h1>${t("Free")}</h1>
        <p>${t("When the centre needs you, this phone rings.")}</p>
        ${mine.on_duty_until && html`<p class="muted">${t("On duty until %(time)s", { time: whenSaid(mine.on_duty_until) })}</p>`}
        <${Position} state=${state} />
      </div>
      <${Said} trouble=${trouble} />
    </main>
    <footer class="phone-foot">
      <button class="button" disabled=${busy} onClick=${() => run(() => doing.duty("/api/v1/teams/me/sign-off"))}>
        ${t("End the duty")}
      </button>
    </footer>`;
}

/** How the last one ended, if that is news: called off by the centre, or just closed. */
function Last({ last }) {
  const [seen, setSeen] = useState(() => localStorage.getItem("team:seen"));
  if (!last || seen === last.id || now() - new Date(last.ended_at) > 3600_000) return null;
  const understood = () => {
    localStorage.setItem("team:seen", last.id);
    setSeen(last.id);
  };
  const calledOff = last.state === "cancelled";
  return html`<div class=${calledOff ? "notice warn" : "notice ok"} role="status">
    <${Icon} name=${calledOff ? "warning" : "check"} />
    <div class="grow">
      <p class="strong">
        ${calledOff
          ? t("The centre has called off intervention %(n)s", { n: last.number })
          : t("Intervention %(n)s closed: %(outcome)s", { n: last.number, outcome: last.outcome_text })}
      </p>
      <p class="small muted">${whenSaid(last.ended_at)}</p>
    </div>
    <button class="button" onClick=${understood}>${t("Understood")}</button>
  </div>`;
}

function Position({ state }) {
  const at = useNow();
  const { position } = state;
  const said = {
    asking: t("Looking for the position…"),
    sent: position.at && t("Position sent, %(time)s", { time: since(position.at, at) }),
    unsent: t("The position could not be sent"),
    refused: t("This phone does not give its position: allow it in the browser, or the centre estimates from your base."),
    missing: t("No position: the centre estimates from your base."),
  }[position.state];
  return said ? html`<p class="small muted">${said}</p>` : null;
}

function Asked({ state, doing }) {
  const [declining, setDeclining] = useState(false);
  const asked = state.mine.asked;
  const mineStep = state.waiting.find((step) => step.subject === asked.id);
  const send = (verb, body) =>
    doing.step({ verb, subject: asked.id, path: `/api/v1/offers/${asked.id}/${verb}`, body });
  if (declining && !mineStep) {
    return html`<${Reasons} back=${() => setDeclining(false)} choose=${(reason) => send("decline", { reason })} />`;
  }
  return html`<main class="phone-main">
      <${Notices} state=${state} doing=${doing} />
      ${mineStep
        ? html`<p class="notice warn" role="status"><${Icon} name="clock" /><span>${mineStep.verb === "accept" ? t("You have accepted, but the centre has not confirmed it yet: wait before you leave.") : t("Your answer is not with the centre yet.")}</span></p>`
        : html`<${Countdown} from=${asked.offered_at} to=${asked.answer_by} />`}
      <div class="line">
        <${Mark} priority=${asked.priority} />
        <h1>${asked.title}</h1>
      </div>
      <p class="where">
        <${Icon} name="pin" /><span>${asked.town || t("Place in the details")}${asked.minutes != null && html` · <b>${t("about %(n)s min", { n: asked.minutes })}</b>`}</span>
      </p>
      ${asked.reason && html`<p class="reason">${asked.reason}</p>`}
      ${asked.needs.length > 0 && html`<p class="chips">${asked.needs.map((need) => html`<span key=${need} class="chip">${need}</span>`)}</p>`}
      <p class="small muted">${t("Address and person are shown once you accept.")}</p>
    </main>
    <footer class="phone-foot">
      <button class="button main" disabled=${Boolean(mineStep)} onClick=${() => send("accept", {})}>
        <${Icon} name="check" />${t("We accept")}
      </button>
      <button class="button" disabled=${Boolean(mineStep)} onClick=${() => setDeclining(true)}>${t("We cannot")}</button>
    </footer>`;
}

export const Said = ({ trouble }) =>
  trouble ? html`<p class="notice crit" role="alert"><${Icon} name="warning" /><span>${trouble}</span></p>` : null;
