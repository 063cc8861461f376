// The last line of the room: how many wait, since when, who answers, how well today, the sounds.
import { html } from "./html.mjs";
import { Icon } from "./parts.mjs";
import { setQuiet, quiet } from "./sound.mjs";
import { use } from "./store.mjs";
import { length, percent, secondsSince, useNow } from "./time.mjs";
import { t, tn } from "./words.mjs";

export function Foot() {
  const board = use((state) => state.board);
  const audio = use((state) => state.audio);
  const at = useNow();
  if (!board) return html`<footer class="foot"></footer>`;
  const { counts } = board;
  return html`<footer class="foot" aria-label=${t("State of the room")}>
    <span><b>${counts.waiting}</b> ${t("waiting")}</span>
    ${counts.oldest_since && html`<span>${t("oldest %(time)s", { time: length(secondsSince(counts.oldest_since, at)) })}</span>`}
    <span><${Icon} name="people" />${tn("%(n)s operator available", "%(n)s operators available", counts.operators)}</span>
    ${counts.service_today !== null &&
    html`<span>${t("today %(share)s within %(n)s s", { share: percent(counts.service_today), n: counts.target_s })}</span>`}
    <span class="right">
      <button class="button plain small" aria-pressed=${String(audio === "quiet")} onClick=${() => setQuiet(!quiet())}>
        <${Icon} name=${audio === "on" ? "sound" : "silent"} />
        ${audio === "on" ? t("sounds on") : audio === "quiet" ? t("sounds off, panic still sounds") : t("this station is silent")}
      </button>
    </span>
  </footer>`;
}
