// Small parts that every area uses: icons, priority marks, waiting bars, actions that may be refused.
import { html, useRef, useState } from "./html.mjs";
import { exact, length, secondsSince, since, useNow } from "./time.mjs";
import { t } from "./words.mjs";

const SPRITE = new URL("../icons.svg", import.meta.url).pathname;

export const Icon = ({ name, large }) =>
  html`<svg class=${large ? "icon large" : "icon"} aria-hidden="true">
    <use href=${`${SPRITE}#${name}`} />
  </svg>`;

const SHAPES = {
  A: html`<path d="M12 0 24 12 12 24 0 12Z" /><text x="12" y="16.2">A</text>`,
  B: html`<path d="M12 1 24 23H0Z" /><text x="12" y="19.5">B</text>`,
  C: html`<circle cx="12" cy="12" r="11" /><text x="12" y="16.2">C</text>`,
  D: html`<circle cx="12" cy="12" r="10" /><text x="12" y="16.2">D</text>`,
};

/** Priority as shape, letter and colour. */
export const Mark = ({ priority }) =>
  html`<svg
    class=${`mark ${priority}`}
    viewBox="0 0 24 24"
    role="img"
    aria-label=${t("Priority %(letter)s", { letter: priority })}
  >
    ${SHAPES[priority] || SHAPES.D}
  </svg>`;

/** How long it has waited, in words; over its target the words change. */
export function Waited({ moment, target }) {
  const at = useNow();
  const late = target > 0 && secondsSince(moment, at) > target;
  return html`<time class=${late ? "waited late" : "waited"} datetime=${moment} title=${exact(moment)}>
    ${late ? t("over · %(time)s", { time: length(secondsSince(moment, at)) }) : since(moment, at)}
  </time>`;
}

/** A bar that fills towards its target and becomes a hatched band once it is over. */
export function Bar({ moment, target }) {
  const at = useNow();
  if (!target) return null;
  const part = (at - new Date(moment).getTime()) / 1000 / target;
  const shape = part >= 1 ? "bar late" : part > 0.66 ? "bar near" : "bar";
  const width = Math.min(1, Math.max(0.02, part));
  return html`<div class=${shape} aria-hidden="true"><i style=${{ transform: `scaleX(${width})` }}></i></div>`;
}

export const Since = ({ moment }) => {
  const at = useNow();
  return html`<time datetime=${moment} title=${exact(moment)}>${since(moment, at)}</time>`;
};

/**
 * Doing things one at a time: `[busy, trouble, act]`. A refusal becomes a sentence beside the
 * action, and nothing typed is touched.
 */
export function useAction() {
  const [busy, setBusy] = useState("");
  const [trouble, setTrouble] = useState(null);
  const running = useRef(false);
  async function act(name, work) {
    if (running.current) return;
    running.current = true;
    setBusy(name);
    setTrouble(null);
    try {
      await work();
    } catch (error) {
      setTrouble(error);
    } finally {
      running.current = false;
      setBusy("");
    }
  }
  return [busy, trouble, act];
}

/** Why it did not work, and what to do. */
export const Trouble = ({ error }) =>
  error &&
  html`<p class="notice crit" role="alert">
    <${Icon} name="warning" /><span>${error.message}</span>
  </p>`;

export const Key = ({ children }) => html`<kbd aria-hidden="true">${children}</kbd>`;
