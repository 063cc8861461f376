// An alarm in hand: what it is, the next thing to do, what was done, the note, the closing.
import { html } from "./html.mjs";
import { forget } from "./drafts.mjs";
import { Closing, Note, TeamForm, useClosing, useFocus } from "./work.mjs";
import { Bar, Icon, Key, Mark, Trouble, useAction } from "./parts.mjs";
import { clock, exact, since, toTheSecond, useNow } from "./time.mjs";
import { t, tn } from "./words.mjs";
import { useState } from "./html.mjs";
import { Rings, Strangers, Voice } from "./unit.mjs";
import * as verbs from "./verbs.mjs";

export function Alarm({ item }) {
  const [busy, trouble, act] = useAction();
  const [asking, setAsking] = useState(false);
  // Ticked for those on the screen: one that comes afterwards is looked at by itself.
  const [ticked, setTicked] = useState("");
  const others = item.others.map((each) => each.id);
  const ids = others.join();
  const together = Boolean(ids) && ticked === ids;
  const close = (one, outcome, note) => verbs.closeAlarm(one, outcome, note, together ? others : []);
  const closing = useClosing(item, verbs.noteAlarm, close, act);
  const article = useFocus();
  const line = item.voice || item.rings;
  const current = item.steps.find((step) => step.state === "now");
  const next = closing.outcome || line ? null : current;
  // While the line is up its button stays where the hand is, and does nothing.
  const kept = line && current?.verb?.startsWith("call") ? current : null;
  // One line at a time: while it is up, no other call can be made.
  const possible = (step) => step.verb && !(item.voice && step.verb.startsWith("call"));
  const doStep = (step) => act(step.key, () => steps[step.verb](item, step));
  const steps = {
    call_home: () => verbs.callHome(item),
    call_contact: (_, step) => verbs.callContact(item, { id: step.contact_id }),
    ask_for_team: () => setAsking(true),
    tick: (_, step) => verbs.tickStep(item, step),
  };
  return html`<article class="held" ref=${article} tabindex="-1" aria-label=${item.title}>
    <section class=${`card${item.priority === "A" ? " urgent" : ""}`}>
      <${Head} item=${item} />
      <${Bar} moment=${item.since} target=${item.target_s} />
      <div class="actions">
        ${next && html`<button class="button main" data-main disabled=${Boolean(busy)} onClick=${() => doStep(next)}>
          <${Icon} name=${next.icon} />${next.does}<${Key}>Ctrl ↵<//>
        </button>`}
        ${kept && html`<button class="button" disabled><${Icon} name=${kept.icon} />${kept.does}</button>`}
        ${item.steps
          .filter((step) => step !== next && step !== kept && possible(step) && !["call_contact", "tick"].includes(step.verb) && step.state !== "done")
          .map((step) => html`<button class="button" disabled=${Boolean(busy)} onClick=${() => doStep(step)}>
            <${Icon} name=${step.icon} />${step.label}
          </button>`)}
        ${item.ladder.able > 0 && html`<button class="button" data-ladder disabled=${Boolean(busy)} onClick=${() => act("ladder", () => verbs.callLadder(item))}>
          <${Icon} name="people" />${t("Let the system call the contacts")}
        </button>`}
        ${item.sheet && html`<a class="button" href=${item.sheet} target="_blank" rel="noopener"><${Icon} name="print" />${t("118 sheet")}</a>`}
        <button class="button plain" disabled=${Boolean(busy)} onClick=${() => act("back", async () => { await closing.settle(); await verbs.handBack(item); forget(`outcome:${item.id}`); })}>
          <${Icon} name="return" />${t("Put back in the queue")}
        </button>
      </div>
      ${item.told.map((each) => html`<p class=${`line told ${each.tone || ""}`}><${Icon} name=${each.icon} /><span>${each.href ? html`<a href=${each.href} target="_blank" rel="noopener noreferrer">${each.text}</a>` : each.text}</span></p>`)}
      ${item.rings && !item.voice && html`<${Rings} call=${item.rings} busy=${busy} act=${act} />`}
      ${item.voice && html`<${Voice} item=${item} busy=${busy} act=${act} />`}
      ${item.strangers.length > 0 && html`<${Strangers} item=${item} busy=${busy} act=${act} />`}
      <${Trouble} error=${trouble} />
    </section>
    ${item.ladder.round && html`<${Ladder} round=${item.ladder.round} busy=${busy} stop=${() => act("stop", () => verbs.stopLadder(item))} />`}
    ${asking && html`<${TeamForm} item=${item} done=${() => setAsking(false)} />`}
    <section class="card">
      <h2>${item.plan}</h2>
      <ol class="steps">
        ${item.steps.map((step, at) => html`<${Step} step=${step} n=${at + 1} busy=${busy} run=${possible(step) && step !== next && doStep} />`)}
      </ol>
    </section>
    <${Note} note=${closing.note} />
    <${Closing} item=${item} closing=${closing} busy=${busy} label=${t("Close the alarm")} main=${Boolean(closing.outcome)} blocked=${closing.note.value.trim().length < 3 ? t("Write in the note, in a few words, what happened.") : ""}>
      ${ids && html`<${Others} others=${item.others} on=${together} tick=${(on) => setTicked(on ? ids : "")} />`}
    <//>
  </article>`;
}

/** Whom the system rings by itself, and what came of each call: folded once it is over. */
function Ladder({ round, busy, stop }) {
  const [open] = useState(round.live);
  return html`<details class="card ladder" aria-live="polite" open=${open}>
  <summary class="line">
    <${Icon} name="down" />
    <h2 class="grow">${round.whom}</h2>
    <span class=${`chip ${{ accepted: "ok", exhausted: "crit", calling: "info" }[round.state] || ""}`}>${round.state_text}</span>
  </summary>
  <ol class="steps">
    ${round.tries.map((each, at) => html`<li class=${`step ${each.went === "accepted" ? "done" : each.went ? "" : "now"}`} key=${each.id}>
      <span class="n">${at + 1}</span>
      ${each.went === "accepted" ? html`<${Icon} name="check" />` : html`<${Icon} name="phone" />`}
      <span>${each.name} <span class="muted">${each.text}</span></span>
      <span class="muted small"><time datetime=${each.at} title=${exact(each.at)}>${clock(each.at)}</time></span>
      <span></span>
    </li>`)}
  </ol>
  ${round.stoppable && html`<button class="button small" data-stop disabled=${Boolean(busy)} onClick=${stop}>${t("Stop")}</button>`}
</details>`;
}

function Head({ item }) {
  const at = useNow();
  return html`<div class="held-title">
    <${Mark} priority=${item.priority} />
    <div class="clip">
      <h1>${item.title}${item.who && ` · ${item.who}`}</h1>
      <p class="muted clip">${[item.where, item.state_text].filter(Boolean).join(" · ")}</p>
    </div>
    <div class="held-time">
      <b>${since(item.since, at)}</b>
      <p class="muted small" title=${exact(item.since)}>${toTheSecond(item.since)}</p>
    </div>
  </div>`;
}

function Step({ step, n, busy, run }) {
  return html`<li class=${`step ${step.state}${step.vain ? " vain" : ""}`}>
    <span class="n">${n}</span>
    ${step.vain ? html`<${Icon} name="close" />` : step.state === "done" ? html`<${Icon} name="check" />` : html`<span class="dot"></span>`}
    <span><span class="sr">${step.vain ? t("Tried:") : stateWord(step.state)}</span>${step.label}${step.holds_keys && html` <span class="chip"><${Icon} name="key" />${t("keys")}</span>`}${step.says && step.says !== step.label && html` <span class="muted">${step.says}</span>`}${step.detail && html` ${step.href ? html`<a href=${step.href}>${step.detail}</a>` : html`<span class="muted">${step.detail}</span>`}`}</span>
    <span class="muted small">${step.done_at && html`<time datetime=${step.done_at} title=${exact(step.done_at)}>${clock(step.done_at)}</time>`}</span>
    ${run
      ? html`<button class="button small" data-step=${n} disabled=${Boolean(busy)} aria-label=${spoken(step)} onClick=${() => run(step)}>${step.button}</button>`
      : html`<span></span>`}
  </li>`;
}

/** The name of a step's button, in which its own word is heard too. */
const spoken = (step) => (step.label.includes(step.button) ? step.label : `${step.button}: ${step.label}`);

const stateWord = (state) =>
  ({ done: t("Done:"), now: t("Now:"), todo: t("Then:"), waits: t("Waiting:") })[state];

/** What the same unit has said besides: it waits in the list, and may end with this one. */
function Others({ others, on, tick }) {
  const said = others.map((each) => `${each.title} ${clock(each.since)}`).join(" · ");
  return html`<label class="others">
    <input type="checkbox" checked=${on} onChange=${(event) => tick(event.target.checked)} />
    <span>${tn("Close with it one more alarm of this unit", "Close with it %(n)s more alarms of this unit", others.length)}
      <small>${said}</small></span>
  </label>`;
}
