// On every signed-in page: the live link, the sounds, the keys, the clock and the banners.
import { html, render, useEffect } from "./html.mjs";
import "./keep.mjs";
import { Banners, KeyHelp, showKeys } from "./banners.mjs";
import { listen } from "./keys.mjs";
import { join } from "./live.mjs";
import { Icon } from "./parts.mjs";
import { audible, quiet, ringFor, wakeOnGesture, watch } from "./sound.mjs";
import { peek, set, use } from "./store.mjs";
import { clock, useNow } from "./time.mjs";
import { get, post } from "./api.mjs";
import { t } from "./words.mjs";
import { look, take } from "./verbs.mjs";
import "./leaving.mjs";

// Whoever answers nothing has no board to look at, and no alarm to hear.
const station = document.querySelector("[data-station]") !== null;
const coordinates = document.querySelector("[data-coordinates]") !== null;
const revises = document.querySelector("[data-revises]") !== null;
const OPENINGS = ["registry.glass_broken", "registry.opening_seen"];
const LISTENS = /^(callcenter|telecare|dispatch)\./;

function Link() {
  const link = use((state) => state.link);
  if (link === "lost") return html`<span class="link-state lost"><${Icon} name="unlinked" />${t("not connected")}</span>`;
  const word = link === "joined" ? t("connected") : t("connecting…");
  return html`<${Icon} name="linked" /><span class="wide-only">${word}</span>`;
}

const Clock = () => html`${clock(useNow())}`;

/** What sounds: the families of what waits, and of the call that is offered to me. */
function sounding(board) {
  if (!board) return [];
  const offered = board.hand.filter((item) => item.stage === "offered").map(() => "call");
  return [...board.waiting.map((item) => item.sound).filter(Boolean), ...offered];
}

/** Reserved files opened with a reason that no coordinator has seen yet. */
const countOpenings = () =>
  coordinates && get("/api/v1/openings", { background: true }).then(({ unseen }) => set({ openings: unseen }), () => undefined);

/** Weekly reports of unusual readings that I have not opened. */
const countReports = () =>
  revises && get("/api/v1/unusual-reports", { background: true }).then((reports) => set({ reports }), () => undefined);

function start() {
  const place = (id) => document.getElementById(id);
  render(html`<${Link} />`, place("link"));
  render(html`<${Clock} />`, place("clock"));
  render(html`<${Banners} />`, place("banners"));
  render(html`<${KeyHelp} />`, place("dialogs"));

  if (station) {
    wakeOnGesture();
    watch(() => set({ audio: audible() ? (quiet() ? "quiet" : "on") : "silent" }));
    set({ audio: audible() ? "on" : "silent" });
  }

  let soon = 0;
  const lookSoon = () => {
    if (!station) return;
    soon ||= setTimeout(() => {
      soon = 0;
      look();
    }, 80);
  };
  join(
    {
      changed: (message) => {
        if (OPENINGS.includes(message.kind)) countOpenings();
        if (message.kind === "resumed" || LISTENS.test(message.kind)) lookSoon();
      },
      anew: lookSoon,
      link: (link) => link !== peek().link && set({ link }),
      signedOut: () => location.assign("/entra"),
    },
    audible,
  );
  document.addEventListener("signed-out", () => location.assign(`/blocco?poi=${encodeURIComponent(location.pathname)}`));
  lookSoon();
  countOpenings();
  countReports();
  setInterval(lookSoon, 30_000);

  listen({
    search: () => place("seek")?.focus(),
    help: showKeys,
    answer: () => document.querySelector('[data-do="answer"]')?.click(),
    take: () => {
      const first = peek().board?.waiting.find((item) => item.takeable);
      const button = document.querySelector('[data-do="take"]');
      if (button) button.click();
      else if (first) take(first).then(() => location.assign("/"), () => location.assign("/"));
    },
  });
}

/** Rows of a list: up and down walk from one to the next. */
function walkRows(event) {
  const rows = event.target.closest?.('table[data-list="rows"]');
  if (!rows || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  const links = [...rows.querySelectorAll("tbody tr")].map((row) => row.querySelector("a")).filter(Boolean);
  const here = links.findIndex((link) => link.closest("tr") === document.activeElement.closest("tr"));
  const next = links[here + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}
document.addEventListener("keydown", walkRows);

// On a phone the row of pages is longer than the screen: the one that is open comes into view.
const row = document.querySelector(".nav");
const current = row?.querySelector('[aria-current="page"]');
if (current) row.scrollLeft = current.offsetLeft + current.offsetWidth / 2 - row.clientWidth / 2;
const printed = document.getElementById("print");
printed?.addEventListener("click", () => window.print());
// However the printing was asked for: that it went to paper is written down, and who was on it.
const { page, shown } = document.querySelector(".frame").dataset;
const told = printed?.dataset.person ? `/api/v1/people/${printed.dataset.person}/printed` : "/api/v1/printed";
window.addEventListener("beforeprint", () => post(told, { where: page, shown: shown?.split(" ") ?? [] }).catch(() => undefined));

let wasRinging = "";
function Ears() {
  const board = use((state) => state.board);
  const audio = use((state) => state.audio);
  const families = sounding(board);
  const all = `${audio}:${families.join()}`;
  useEffect(() => {
    if (all !== wasRinging) ringFor(families);
    wasRinging = all;
  }, [all]);
  return null;
}

const ears = document.createElement("div");
render(html`<${Ears} />`, ears);
start();
