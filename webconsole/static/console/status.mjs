// What I chose to be, available or on a break, and whether the telephone line is ready.
import { html } from "./html.mjs";
import { Icon, useAction } from "./parts.mjs";
import { use } from "./store.mjs";
import { t } from "./words.mjs";
import { choose } from "./verbs.mjs";

export function Status() {
  const board = use((state) => state.board);
  const [busy, trouble, act] = useAction();
  if (!board) return null;
  const { me, line } = board;
  const pick = (event) => act("status", () => choose(event.target.value));
  return html`<span class="line">
    <label class="sr" for="my-status">${t("My status")}</label>
    <select id="my-status" class=${`status ${me.status}`} value=${me.status} disabled=${Boolean(busy)} onChange=${pick}>
      <option value="available">● ${t("Available")}</option>
      <option value="paused">◐ ${t("On a break")}</option>
      ${me.status === "away" && html`<option value="away">○ ${t("Away")}</option>`}
    </select>
    <span class="line wide-only small muted"><${Icon} name="phone" />${line.ready ? t("line ready") : t("line not ready")}</span>
    ${trouble && html`<span class="wrong" role="alert">${trouble.message}</span>`}
  </span>`;
}
