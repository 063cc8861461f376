// Why a team cannot go: one press, no typing.
import { html } from "../console/html.mjs";
import { Icon } from "../console/parts.mjs";
import { t } from "../console/words.mjs";

export function Reasons({ back, choose }) {
  const reasons = [
    ["busy", t("We are busy")],
    ["too_far", t("We are too far")],
    ["not_suited", t("We lack what it takes")],
    ["not_safe", t("It is not safe for us alone")],
    ["vehicle", t("The vehicle cannot go")],
    ["other", t("Another reason")],
  ];
  return html`<main class="phone-main">
      <h1>${t("Why can you not go?")}</h1>
      <p class="muted">${t("Another team is asked at once.")}</p>
      <div class="stack">
        ${reasons.map(([code, word]) => html`<button key=${code} class="button reasoned" onClick=${() => choose(code)}>${word}</button>`)}
      </div>
    </main>
    <footer class="phone-foot"><button class="button plain" onClick=${back}><${Icon} name="back" />${t("Back")}</button></footer>`;
}
