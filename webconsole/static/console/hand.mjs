// What I hold: an alarm or a call in front, the others as tabs, or the quiet when there is nothing.
import { Alarm } from "./alarm.mjs";
import { Call, Offer } from "./call.mjs";
import { html } from "./html.mjs";
import { Icon, Mark, Trouble, useAction } from "./parts.mjs";
import { keyOf, set, use } from "./store.mjs";
import { percent } from "./time.mjs";
import { t } from "./words.mjs";
import * as verbs from "./verbs.mjs";

export function Hand() {
  const board = use((state) => state.board);
  const trouble = use((state) => state.trouble);
  const held = use((state) => state.held);
  if (!board) return trouble ? html`<${Broken} error=${trouble} />` : html`<${Skeleton} />`;
  const offer = board.hand.find((item) => item.stage === "offered");
  const mine = board.hand.filter((item) => item !== offer);
  const front = mine.find((item) => keyOf(item) === held) || mine[0];
  // The home's own call is answered in its alarm, not above it.
  const home = offer && front?.rings?.id === offer.id;
  const View = front?.kind === "alarm" ? Alarm : Call;
  return html`
    ${trouble && html`<div class="strip"><${Trouble} error=${trouble} /></div>`}
    ${board.me.paused_by_rule && html`<${Paused} />`}
    ${offer && !home && html`<${Offer} key=${keyOf(offer)} item=${offer} alone=${!front} />`}
    ${mine.length > 1 && html`<${Tabs} items=${mine} front=${front} />`}
    ${front
      ? html`<div class="scroll" data-area="hand"><${View} key=${keyOf(front)} item=${front} /></div>`
      : !offer && html`<${Idle} board=${board} />`}
  `;
}

const Tabs = ({ items, front }) => html`<div class="held-tabs" role="tablist" aria-label=${t("What I hold")}>
  ${items.map(
    (item) => html`<button
      role="tab"
      aria-selected=${String(item === front)}
      onClick=${() => set({ held: keyOf(item), selected: keyOf(item) })}
    >
      <${Mark} priority=${item.priority} /><span class="clip">${item.title}${item.who ? ` · ${item.who}` : ""}</span>
    </button>`,
  )}
</div>`;

/** Two calls were let pass in silence: a rule has put this person on a break, and says so. */
function Paused() {
  const [busy, trouble, act] = useAction();
  return html`<div class="strip">
    <p class="notice warn">
      <${Icon} name="clock" />
      <span class="grow">${t("You are on a break: two calls passed without an answer.")}</span>
      <button class="button" disabled=${Boolean(busy)} onClick=${() => act("back", () => verbs.choose("available"))}>${t("I am here")}</button>
    </p>
    <${Trouble} error=${trouble} />
  </div>`;
}

function Idle({ board }) {
  const { counts, me } = board;
  const paused = me.status !== "available";
  return html`<div class="scroll"><div class="idle empty">
    <${Icon} name=${paused ? "clock" : "check"} />
    <h1>${paused ? t("You are on a break") : t("You are free")}</h1>
    <p>
      ${paused
        ? t("No call is offered to you. Alarms still sound here.")
        : counts.waiting > 0
          ? t("Take the first on the left, or press n.")
          : t("The next call rings here by itself.")}
    </p>
    <div class="figures">
      <div><b>${counts.waiting}</b><span>${t("waiting")}</span></div>
      <div><b>${board.interventions.filter((job) => job.team).length}</b><span>${t("teams out")}</span></div>
      ${counts.service_today !== null &&
      html`<div><b>${percent(counts.service_today)}</b><span>${t("answered within %(n)s s today", { n: counts.target_s })}</span></div>`}
    </div>
  </div></div>`;
}

const Broken = ({ error }) => html`<div class="idle empty" role="alert">
  <${Icon} name="warning" />
  <h1>${t("The board cannot be shown now")}</h1>
  <p>${error.message}</p>
  <button class="button main" onClick=${() => verbs.look({ background: false })}>${t("Try again")}</button>
</div>`;

const Skeleton = () => html`<div class="held" role="status" aria-busy="true" aria-label=${t("Loading")}>
  <div class="card stack">
    ${[40, 90, 70, 30].map((width) => html`<div class="skeleton" style=${{ width: `${width}%` }}></div>`)}
  </div>
</div>`;
