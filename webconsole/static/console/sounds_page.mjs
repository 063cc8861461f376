// The sounds of this station: how loud each family is, and a test of each.
import { html, render, useState } from "./html.mjs";
import { Icon } from "./parts.mjs";
import { FAMILIES, setVolume, test, volume } from "./sound.mjs";
import { t } from "./words.mjs";

const NAMES = { panic: t("Panic"), alarm: t("Alarm"), call: t("Phone call") };

function Sounds() {
  return FAMILIES.map((family) => html`<${Row} family=${family} />`);
}

function Row({ family }) {
  const [level, setLevel] = useState(volume(family));
  const change = (event) => {
    setVolume(family, Number(event.target.value));
    setLevel(volume(family));
  };
  return html`<div class="sound-row">
    <label for=${`volume-${family}`}>${NAMES[family]}</label>
    <input
      id=${`volume-${family}`}
      type="range"
      min=${family === "panic" ? 0.5 : 0}
      max="1"
      step="0.1"
      value=${level}
      aria-valuetext=${t("%(n)s of 10", { n: Math.round(level * 10) })}
      onInput=${change}
    />
    <button class="button" type="button" onClick=${() => test(family)}><${Icon} name="sound" />${t("Try")}</button>
  </div>`;
}

render(html`<${Sounds} />`, document.getElementById("sounds"));
