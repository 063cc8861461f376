// The operator's board: fixed places, three areas and a last line.
import { Foot } from "./foot.mjs";
import { Hand } from "./hand.mjs";
import { html, render, useEffect } from "./html.mjs";
import { Jobs } from "./jobs.mjs";
import { keepVoice } from "./softphone.mjs";
import { Status } from "./status.mjs";
import { set, use } from "./store.mjs";
import { Waiting } from "./waiting.mjs";
import { Who } from "./who.mjs";
import { t } from "./words.mjs";

function Board() {
  const tab = use((state) => state.tab);
  const board = use((state) => state.board);
  const offered = Boolean(board?.hand.some((item) => item.stage === "offered"));
  useEffect(() => void (offered && set({ tab: "hand" })), [offered]);
  useEffect(() => void keepVoice(board).catch((trouble) => set({ trouble })), [board]);
  const shown = (name) => (tab === name ? "area shown" : "area");
  return html`
    <div class="tabs" role="tablist" aria-label=${t("Areas of the board")}>
      ${tabs(board).map(
        ([name, word]) => html`<button role="tab" aria-selected=${String(tab === name)} onClick=${() => set({ tab: name })}>${word}</button>`,
      )}
    </div>
    <section class=${shown("waiting")} aria-label=${t("Waiting")}><${Waiting} /><${Jobs} /></section>
    <section class=${`${shown("hand")} hand`} aria-label=${t("In hand")}><${Hand} /></section>
    <aside class=${shown("who")} aria-label=${t("Who and where")}><${Who} /></aside>
    <${Foot} />
  `;
}

const tabs = (board) => [
  ["waiting", `${t("Waiting")} ${board?.waiting.length || ""}`],
  ["hand", `${t("In hand")} ${board?.hand.length || ""}`],
  ["who", t("Who and where")],
];

const place = document.getElementById("board");
place.replaceChildren(); // the outline that stood here while the console was on its way
render(html`<${Board} />`, place);
place.removeAttribute("aria-busy");
render(html`<${Status} />`, document.getElementById("status"));
