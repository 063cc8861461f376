// The keys of this station: each can be changed; single letters can be switched off.
import { html, render, useState } from "./html.mjs";
import { ACTIONS, bind, bindings, forgetChanges, lettersOff, setLettersOff, written } from "./keys.mjs";
import { t } from "./words.mjs";

const LONE = new Set(["Control", "Alt", "Shift", "Meta", "Tab", "Escape"]);

function Keys() {
  const [keys, setKeys] = useState(bindings());
  const [off, setOff] = useState(lettersOff());
  const learn = (name) => (event) => {
    if (LONE.has(event.key)) return;
    event.preventDefault();
    bind(name, event.key === "Backspace" || event.key === "Delete" ? "" : written(event));
    setKeys(bindings());
  };
  const toggle = (event) => {
    setLettersOff(event.target.checked);
    setOff(event.target.checked);
  };
  return html`
    <label class="line key-row">
      <span>${t("Switch single letters off")}</span>
      <span><input type="checkbox" checked=${off} onChange=${toggle} /></span>
    </label>
    ${ACTIONS.map(
      ({ name, says, fixed }) => html`<div class="key-row">
        ${fixed ? html`<span>${says()}</span>` : html`<label for=${`key-${name}`}>${says()}</label>`}
        ${fixed
          ? html`<span><kbd>${keys[name]}</kbd></span>`
          : html`<input id=${`key-${name}`} value=${keys[name]} placeholder=${t("none")} onKeyDown=${learn(name)} onInput=${(event) => (event.target.value = keys[name])} />`}
      </div>`,
    )}
    <p class="help">${t("Click a field and press the new key; Backspace takes the key away.")}</p>
    <button class="button" type="button" onClick=${() => { forgetChanges(); setKeys(bindings()); }}>${t("As they were")}</button>
  `;
}

render(html`<${Keys} />`, document.getElementById("keys"));
