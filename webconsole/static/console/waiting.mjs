// What waits: calls and alarms in one order. A new row never moves the row under the pointer.
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.mjs";
import { Bar, Icon, Key, Mark, useAction, Trouble, Waited } from "./parts.mjs";
import { keyOf, set, use } from "./store.mjs";
import { Storm } from "./storm.mjs";
import { t, tn } from "./words.mjs";
import * as verbs from "./verbs.mjs";

const ROW = 64;
const MANY = 60; // above this only the rows in view are drawn

export function Waiting() {
  const board = use((state) => state.board);
  const selected = use((state) => state.selected);
  const [busy, trouble, act] = useAction();
  const list = useRef(null);
  const [rows, news, settle] = useSettled(board?.waiting, list);
  const first = rows.find((item) => !item.gone && item.takeable);
  if (!board) return html`<${Skeleton} />`;

  const take = (item) => act(keyOf(item), () => verbs.take(item));
  return html`
    <div class="area-head">
      <h2>${t("Waiting")} <span class="count">${board.waiting.length || ""}</span></h2>
      <button
        class="button main"
        data-do="take"
        disabled=${!first || Boolean(busy)}
        onClick=${() => first && take(first)}
      >
        ${t("Take the first")} <${Key}>n<//>
      </button>
    </div>
    <${Storm} storm=${board.storm} />
    ${news > 0 &&
    html`<div class="over">
      <button class="news" onClick=${settle}>
        ${tn("%(n)s new: show it", "%(n)s new: show them", news)}
      </button>
    </div>`}
    <div class="scroll" ref=${list} data-list="waiting" onKeyDown=${walk}>
      ${rows.length === 0
        ? html`<${Nobody} />`
        : html`<${Rows} rows=${rows} scroller=${list} selected=${selected} first=${first} take=${take} busy=${busy} />`}
    </div>
    <${Trouble} error=${trouble} />
  `;
}

/** Rows in the server's order, held still while the pointer or the focus is among them. */
function useSettled(waiting, list) {
  const [held, setHeld] = useState(null);
  const current = useRef(waiting || []);
  current.current = waiting || [];
  const hold = () => setHeld((was) => was || current.current);
  const settle = () => setHeld(null);
  useEffect(() => {
    const area = list.current;
    if (!area) return undefined;
    const leave = () => !area.contains(document.activeElement) && settle();
    const blur = (event) => !area.contains(event.relatedTarget) && !area.matches(":hover") && settle();
    area.addEventListener("pointerenter", hold);
    area.addEventListener("pointerleave", leave);
    area.addEventListener("focusin", hold);
    area.addEventListener("focusout", blur);
    return () => {
      area.removeEventListener("pointerenter", hold);
      area.removeEventListener("pointerleave", leave);
      area.removeEventListener("focusin", hold);
      area.removeEventListener("focusout", blur);
    };
  }, [Boolean(waiting)]);
  if (!held) return [current.current, 0, settle];
  const fresh = new Map(current.current.map((item) => [keyOf(item), item]));
  const rows = held.map((item) => fresh.get(keyOf(item)) || { ...item, gone: true });
  const known = new Set(held.map(keyOf));
  const arrived = current.current.filter((item) => !known.has(keyOf(item)));
  // Below everything there is room: a newcomer joins at the edge without moving anything.
  const urgent = arrived.filter((item) => item.priority === "A").length;
  return [[...rows, ...arrived], urgent, settle];
}

function Rows({ rows, scroller, selected, first, take, busy }) {
  const [from, setFrom] = useState(0);
  const many = rows.length > MANY;
  useLayoutEffect(() => {
    if (!many) return undefined;
    const area = scroller.current;
    const look = () => setFrom(Math.max(0, Math.floor(area.scrollTop / ROW) - 8));
    area.addEventListener("scroll", look, { passive: true });
    return () => area.removeEventListener("scroll", look);
  }, [many]);
  const shown = many ? rows.slice(from, from + 40) : rows;
  const before = many ? from * ROW : 0;
  const after = many ? Math.max(0, (rows.length - from - shown.length) * ROW) : 0;
  return html`<ol class="rows" style=${{ paddingTop: `${before}px`, paddingBottom: `${after}px` }}>
    ${shown.map(
      (item) =>
        html`<${Entry}
          key=${keyOf(item)}
          item=${item}
          current=${selected === keyOf(item)}
          first=${item === first}
          take=${take}
          busy=${busy}
        />`,
    )}
  </ol>`;
}

function Entry({ item, current, take, busy }) {
  const key = keyOf(item);
  const name = [item.title, item.who].filter(Boolean).join(" · ");
  return html`<li class=${`entry ${item.gone ? "gone" : item.priority}`} aria-current=${String(current)}>
    <${Mark} priority=${item.priority} />
    <button class="what clip" title=${name} onClick=${() => set({ selected: key, tab: "who" })} onFocus=${() => set({ selected: key })}>
      <b>${item.title}</b>${item.who && html` · ${item.who}`}
    </button>
    <div class="where">
      <span class="clip" title=${item.where}>${item.where}</span>
      ${item.with && html`<span class="chip" title=${t("%(who)s is with this home", { who: item.with })}><${Icon} name="person" />${item.with}</span>`}
      ${item.repeats > 1 && html`<span class="chip">${t("%(n)s times", { n: item.repeats })}</span>`}
      ${item.gone
        ? html`<span class="waited">${t("taken")}</span>`
        : html`<${Waited} moment=${item.since} target=${item.target_s} />`}
    </div>
    ${item.takeable &&
    !item.gone &&
    html`<button
      class="button small take"
      disabled=${Boolean(busy)}
      aria-label=${t("Take: %(what)s", { what: name })}
      onClick=${() => take(item)}
    >
      ${t("Take")}
    </button>`}
    ${!item.gone && html`<${Bar} moment=${item.since} target=${item.target_s} />`}
  </li>`;
}

function walk(event) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const buttons = [...event.currentTarget.querySelectorAll(".what")];
  const at = buttons.indexOf(document.activeElement);
  const next = buttons[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}

const Nobody = () => html`<div class="empty">
  <${Icon} name="check" />
  <h2>${t("Nobody is waiting")}</h2>
  <p>${t("Calls and alarms appear here by themselves.")}</p>
</div>`;

const Skeleton = () => html`
  <div class="area-head"><h2>${t("Waiting")}</h2></div>
  <div class="who" aria-busy="true">
    ${[80, 60, 70].map((width) => html`<div class="skeleton" style=${{ width: `${width}%` }}></div>`)}
  </div>
`;
