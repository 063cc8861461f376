// The keyboard: every key can be changed or switched off; single letters never while one writes.
import { t } from "./words.mjs";

const PLACE = "keys";
export const ACTIONS = [
  { name: "search", key: "/", says: () => t("Search people") },
  { name: "help", key: "?", says: () => t("This list of keys") },
  { name: "take", key: "n", says: () => t("Take the first that waits") },
  { name: "go", key: "g", says: () => t("Go: then a alarms, c calls, i interventions, p people, s room") },
  { name: "main", key: "Ctrl+Enter", says: () => t("The main action of what is in hand") },
  { name: "answer", key: "Alt+0", says: () => t("Answer the call that is offered") },
  { name: "unit", key: "Alt+v", says: () => t("Command to the unit on the line: then a listen, p talk, d both, + − volume, o door") },
  { name: "step", key: "Alt+1…9", fixed: true, says: () => t("That step of the plan") },
  { name: "open", key: "Enter", fixed: true, says: () => t("Open the row") },
  { name: "back", key: "Esc", fixed: true, says: () => t("Back, losing nothing") },
  { name: "walk", key: "↑ ↓", fixed: true, says: () => t("The row before and after") },
];

export function bindings() {
  const changed = JSON.parse(localStorage.getItem(PLACE) || "{}");
  return Object.fromEntries(ACTIONS.map(({ name, key }) => [name, changed[name] ?? key]));
}

export function bind(name, key) {
  const changed = JSON.parse(localStorage.getItem(PLACE) || "{}");
  localStorage.setItem(PLACE, JSON.stringify({ ...changed, [name]: key }));
}

export const forgetChanges = () => localStorage.removeItem(PLACE);
export const lettersOff = () => localStorage.getItem("letters-off") === "1";
export const setLettersOff = (off) => localStorage.setItem("letters-off", off ? "1" : "0");

/** How a pressed key is written in the list: "n", "Ctrl+Enter". */
export function written(event) {
  const parts = [event.ctrlKey && "Ctrl", event.altKey && "Alt", event.metaKey && "Meta", event.key];
  return parts.filter(Boolean).join("+");
}

/** Whether the keys pressed there are words. */
export const writing = (element) =>
  Boolean(element?.matches?.("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=range])"));

let going = 0;
let commanding = 0;

/** Listen to the whole page; `does` maps the name of an action to what it does. */
export function listen(does) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const pressed = written(event);
    if (pressed === "Escape") return back();
    if (event.altKey && /^Digit[1-9]$/.test(event.code)) return click(event, `[data-step="${event.code[5]}"]`);
    if (commanding && Date.now() - commanding < 1500 && pressed.length === 1) return command(event, pressed);
    const keys = bindings();
    const name = ACTIONS.find((action) => keys[action.name] === pressed)?.name;
    const single = pressed.length === 1;
    if (single && (writing(event.target) || lettersOff())) return undefined;
    if (single && going && Date.now() - going < 1500) return go(event, pressed);
    if (name === "go") going = Date.now();
    else if (name === "unit") {
      event.preventDefault();
      commanding = Date.now();
    }
    else if (name === "main") finish(event);
    else if (name && does[name]) {
      event.preventDefault();
      does[name]();
    }
    return undefined;
  });
}

/** The form one is writing in is sent, not another of the page. */
function finish(event) {
  const form = event.target.closest?.('form[method="post"]');
  const button = form?.querySelector("[data-main]") || form?.querySelector("[type=submit]");
  if (!button) return click(event, "dialog[open] [data-main], form[aria-label] [data-main], [data-main]");
  event.preventDefault();
  return button.disabled || form.requestSubmit(button);
}

function go(event, letter) {
  going = 0;
  click(event, `[data-go="${letter}"]`);
}

/** Also while one writes: the letter is the unit's, and never gets into the words. */
function command(event, letter) {
  commanding = 0;
  event.preventDefault();
  click(event, `[data-command="${CSS.escape(letter)}"]`);
}

function click(event, selector) {
  for (const each of selector.split(", ")) {
    const target = document.querySelector(each);
    if (target && !target.disabled) {
      event.preventDefault();
      if (target.dataset.step) target.focus();
      target.click();
      return;
    }
  }
}

/** Close what floats, else leave the field for the row it belongs to. */
function back() {
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (writing(document.activeElement)) document.activeElement.blur();
}
