// The home on the line of an alarm: its call that waits, its unit's commands, the line itself.
import { html, useEffect, useState } from "./html.mjs";
import { Icon, Key } from "./parts.mjs";
import { since, toTheSecond, useNow } from "./time.mjs";
import { Mute } from "./work.mjs";
import { t } from "./words.mjs";
import * as verbs from "./verbs.mjs";

const SURE_FOR = 5_000; // a door asked for is opened by a second press, within this time

/** Letters of the commands, pressed after Alt+v: also while one writes. */
export const LETTERS = { listen: "a", talk: "p", duplex: "d", softer: "-", louder: "+", door: "o" };

/** The home rings: the next thing to do is to speak with it. */
export function Rings({ call, busy, act }) {
  const at = useNow();
  return html`<div class="notice voice" role="status">
    <${Icon} name="phone" />
    <span class="grow">${t("The home is on the line")} <span title=${toTheSecond(call.since)}>${since(call.since, at)}</span></span>
    <button class="button main" data-main data-do="answer" disabled=${Boolean(busy)} onClick=${() => act("speak", () => verbs.answer(call))}>
      <${Icon} name="phone" />${t("Speak with the home")}<${Key}>Ctrl ↵<//>
    </button>
  </div>`;
}

/** Calls of unknown numbers that came about when the alarm did: one of them may be the home. */
export const Strangers = ({ item, busy, act }) => html`<div class="notice" role="group" aria-label=${t("Which call is the home's?")}>
  <${Icon} name="phone" />
  <div class="grow">
    <p>${t("Which call is the home's?")}</p>
    ${item.strangers.map((call) => html`<p class="line" key=${call.id}>
      <span class="grow">${call.number} · <span class="muted">${toTheSecond(call.since)}</span></span>
      <button class="button small" disabled=${Boolean(busy)} onClick=${() => act("attach", () => verbs.attachCall(item, call))}>${t("It is this home")}</button>
    </p>`)}
  </div>
</div>`;

/** The line that is up for this alarm, and what its unit understands. */
export function Voice({ item, busy, act }) {
  const { voice } = item;
  const at = useNow();
  const talking = voice.stage === "talking";
  return html`<div class="notice voice" role="group" aria-label=${t("The line")}>
    <${Icon} name="phone" />
    <span class="grow" role="status">${voice.number} · ${voice.state_text}${talking && ` ${since(voice.since, at)}`}${voice.told && html`<br /><span class="muted small" data-told>${voice.told}</span>`}</span>
    <${Mute} />
    <button class="button main" data-main disabled=${Boolean(busy)} onClick=${() => act("hang", () => verbs.hangUp(voice))}>
      <${Icon} name="hangup" />${t("Hang up")}<${Key}>Ctrl ↵<//>
    </button>
    ${talking && voice.commands.length > 0 && html`<div class="commands" role="group" aria-label=${t("Commands to the unit")}>
      ${voice.commands.map((each) => html`<${Command} each=${each} key=${each.code} busy=${busy} run=${() => act(each.code, () => verbs.commandUnit(item, each.code))} />`)}
    </div>`}
  </div>`;
}

/** A door is somebody's home: it wants a second press. */
function Command({ each, busy, run }) {
  const [sure, setSure] = useState(false);
  useEffect(() => {
    if (!sure) return undefined;
    const timer = setTimeout(() => setSure(false), SURE_FOR);
    return () => clearTimeout(timer);
  }, [sure]);
  const ask = each.code === "door" && !sure;
  const press = () => {
    setSure(ask);
    if (!ask) run();
  };
  return html`<button class=${`button small${sure ? " danger" : ""}`} data-command=${LETTERS[each.code]} disabled=${Boolean(busy)} onClick=${press}>
    ${sure ? t("Press again: open the door") : each.label}<${Key}>${LETTERS[each.code]}<//>
  </button>`;
}
