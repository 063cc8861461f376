// The job in hand: where, how to get in, what to mind; then set out, arrive, close.
import { html, useState } from "../console/html.mjs";
import { Map } from "../console/map.mjs";
import { Icon, Mark } from "../console/parts.mjs";
import { since, until, useNow } from "../console/time.mjs";
import { t } from "../console/words.mjs";
import { Fact, Notices, Phone, useKeptHere } from "./parts.mjs";
import { Reasons } from "./reasons.mjs";

const AFTER = { "set-out": "en_route", arrive: "on_scene", close: "closed" };

/** The state that the team is in, steps not yet sent included. */
function felt(job, waiting) {
  return waiting.filter((step) => step.subject === job.id).reduce((state, step) => AFTER[step.verb] || state, job.state);
}

export function Job({ state, doing }) {
  const [screen, setScreen] = useState("job");
  const { job } = state.mine;
  const at = felt(job, state.waiting);
  const step = (verb, body = {}) => {
    setScreen("job");
    return doing.step({ verb, subject: job.id, path: `/api/v1/interventions/${job.id}/${verb}`, body });
  };
  const back = () => setScreen("job");
  if (screen === "closing" && at === "on_scene") return html`<${Closing} job=${job} step=${step} back=${back} />`;
  if (screen === "giving back" && at !== "on_scene") {
    return html`<${Reasons} back=${back} choose=${(reason) => step("give-back", { reason })} />`;
  }
  return html`<main class="phone-main">
      <${Notices} state=${state} doing=${doing} />
      <${Where} job=${job} at=${at} />
      <${Person} sheet=${state.sheet?.job === job.id ? state.sheet : null} />
      <${Around} job=${job} />
    </main>
    <footer class="phone-foot">
      <${Next} at=${at} step=${step} close=${() => setScreen("closing")} giveBack=${() => setScreen("giving back")} />
    </footer>`;
}

function Where({ job, at }) {
  const moment = useNow();
  const given = at === job.state;
  return html`<section class="card">
    <div class="line">
      <${Mark} priority=${job.priority} />
      <h1 class="grow">${job.title}</h1>
      <span class="muted small">${t("no. %(n)s", { n: job.number })}</span>
    </div>
    <p class="place">${job.place.text}${job.place.town && html`<br /><span class="muted">${job.place.town}</span>`}</p>
    ${job.reason && html`<p class="reason">${job.reason}</p>`}
    ${job.needs.length > 0 && html`<p class="chips">${job.needs.map((need) => html`<span key=${need} class="chip">${need}</span>`)}</p>`}
    <p class="small muted">
      ${job.state_text} ${since(job.since, moment)}
      ${given && job.expected_at && html` · ${t("arrival %(when)s (estimate)", { when: until(job.expected_at, moment) })}`}
    </p>
  </section>`;
}

function Person({ sheet }) {
  if (!sheet) return html`<section class="card" aria-busy="true"><div class="skeleton"></div></section>`;
  const nothing = !sheet.name && !sheet.alerts.length && !sheet.how_to_get_in && !sheet.near.length;
  if (nothing) return html`<section class="card"><p class="muted">${t("Nothing is known of the person yet.")}</p></section>`;
  return html`<section class="card facts">
    ${sheet.alerts.length > 0 &&
    html`<div class="fact alerts"><${Icon} name="flag" /><ul class="grow">${sheet.alerts.map((each) => html`<li key=${each} class="strong">${each}</li>`)}</ul></div>`}
    ${sheet.name &&
    html`<${Fact} icon="person" label=${t("Person")}>
      <p class="strong">${sheet.name}${sheet.age != null && `, ${t("%(n)s years", { n: sheet.age })}`}</p>
      ${sheet.phones.map((number) => html`<${Phone} key=${number.dial} number=${number.dial}>${number.spoken}<//>`)}
    <//>`}
    ${sheet.how_to_get_in && html`<${Fact} icon="home" label=${t("How to get in")}><p>${sheet.how_to_get_in}</p><//>`}
    ${sheet.near.map(
      (near) =>
        html`<${Fact} key=${near.phone.dial} icon=${near.holds_keys ? "key" : "people"} label=${near.holds_keys ? t("Has the keys") : t("Nearby")}>
          <p>${near.name}${near.relation && html` <span class="muted">${near.relation}</span>`}</p>
          <${Phone} number=${near.phone.dial}>${near.phone.spoken}<//>
        <//>`,
    )}
  </section>`;
}

function Around({ job }) {
  if (job.place.latitude == null) return null;
  return html`<section class="card around" aria-label=${t("Map")}><${Map} home=${job.place} teams=${[]} /></section>`;
}

function Next({ at, step, close, giveBack }) {
  if (at === "closed") return html`<p class="muted centred">${t("Closed here; the centre does not know it yet.")}</p>`;
  if (at === "on_scene") return html`<button class="button main" onClick=${close}><${Icon} name="check" />${t("Close the intervention")}</button>`;
  const [verb, word, icon] = at === "assigned" ? ["set-out", t("We are leaving"), "next"] : ["arrive", t("We have arrived"), "pin"];
  return html`<button class="button main" onClick=${() => step(verb)}><${Icon} name=${icon} />${word}</button>
    <button class="button plain" onClick=${giveBack}>${t("We cannot go on")}</button>`;
}

function Closing({ job, step, back }) {
  const [note, write] = useKeptHere(job.id);
  const [outcome, setOutcome] = useState("");
  const outcomes = [
    ["helped", t("Helped on the spot")],
    ["accompanied", t("Accompanied to a service or shelter")],
    ["handed_over", t("Handed over to another body")],
    ["not_found", t("Nobody found")],
    ["refused", t("Help refused")],
    ["moved_on", t("The person had moved on")],
    ["already_known", t("Already followed by the services")],
    ["not_needed", t("No help was needed")],
  ];
  return html`<main class="phone-main">
      <h1>${t("How did it end?")}</h1>
      <fieldset class="outcomes">
        <legend class="sr">${t("Outcome")}</legend>
        ${outcomes.map(
          ([code, word]) =>
            html`<label key=${code} class="choice">
              <input type="radio" name="outcome" checked=${outcome === code} onChange=${() => setOutcome(code)} />
              <span>${word}</span>
            </label>`,
        )}
      </fieldset>
      <div class="field">
        <label for="note">${t("What you found, what you did")}</label>
        <textarea id="note" rows="4" maxlength="4000" value=${note} onInput=${(event) => write(event.target.value)}></textarea>
        <p class="help">${t("Kept in this phone until the centre has it.")}</p>
      </div>
    </main>
    <footer class="phone-foot">
      <button class="button main" disabled=${!outcome} onClick=${() => step("close", { outcome, note })}>
        <${Icon} name="check" />${outcome ? t("Close the intervention") : t("Choose the outcome first.")}
      </button>
      <button class="button plain" onClick=${back}><${Icon} name="back" />${t("Back")}</button>
    </footer>`;
}
