// What must be seen at once: no connection, no sound; said aloud to readers; and the list of keys.
import { html, useEffect, useRef, useState } from "./html.mjs";
import { ACTIONS, bindings } from "./keys.mjs";
import { Icon } from "./parts.mjs";
import { test } from "./sound.mjs";
import { use } from "./store.mjs";
import { clock } from "./time.mjs";
import { t, tn } from "./words.mjs";

export function Banners() {
  const link = use((state) => state.link);
  const audio = use((state) => state.audio);
  const openings = use((state) => state.openings);
  const reports = use((state) => state.reports);
  const doors = use((state) => state.board?.doors) || [];
  return html`
    ${link === "lost" &&
    html`<div class="banner" role="alert">
      <${Icon} name="unlinked" />
      <span>${t("No connection for more than 10 s: what you see may be old. What you write is kept here and sent on return.")}</span>
    </div>`}
    ${audio === "silent" &&
    html`<div class="banner warn" role="alert">
      <${Icon} name="silent" />
      <span>${t("This station is silent: alarms do not sound here.")}</span>
      <button class="button small" onClick=${() => test("alarm")}>${t("Turn the sound on")}</button>
    </div>`}
    ${openings > 0 &&
    html`<div class="banner warn" role="alert">
      <${Icon} name="lock" />
      <span>${tn("%(n)s reserved file was opened with a reason.", "%(n)s reserved files were opened with a reason.", openings)}</span>
      <a class="button small" href="/aperture">${t("See which")}</a>
    </div>`}
    ${reports.unread > 0 &&
    html`<div class="banner calm" role="status">
      <${Icon} name="flag" />
      <span>${tn("The report of unusual readings of a week is to be read.", "%(n)s weekly reports of unusual readings are to be read.", reports.unread)}</span>
      <a class="button small" href=${`/revisione/letture?settimana=${reports.weeks_ago}`}>${t("Open the report")}</a>
    </div>`}
    ${doors.length > 0 &&
    html`<div class="banner warn" role="alert">
      <${Icon} name="warning" />
      <span>${t("Our own test does not come through since %(time)s: %(doors)s. Units that use it are not heard here. Tell the technician.", {
        time: clock(doors[0].since),
        doors: doors.map((door) => door.name).join(", "),
      })}</span>
    </div>`}
    <${Spoken} />
  `;
}

/** New gravest arrivals are said at once, the rest now and then. */
function Spoken() {
  const board = use((state) => state.board);
  const [said, setSaid] = useState({ at: 0, urgent: "", calm: "" });
  const known = useRef(null);
  useEffect(() => {
    if (!board) return;
    const urgent = board.waiting.filter((item) => item.priority === "A");
    const fresh = known.current ? urgent.filter((item) => !known.current.has(item.id)) : [];
    known.current = new Set(urgent.map((item) => item.id));
    const calm = Date.now() - said.at > 15_000;
    if (fresh.length > 0 || calm) {
      setSaid({
        at: Date.now(),
        urgent: fresh.map((item) => item.title).join(", "),
        calm: t("%(n)s waiting", { n: board.waiting.length }),
      });
    }
  }, [board]);
  return html`<div class="sr"><p aria-live="assertive">${said.urgent}</p><p aria-live="polite">${said.calm}</p></div>`;
}

let open = null;
export const showKeys = () => open?.();

export function KeyHelp() {
  const dialog = useRef(null);
  open = () => dialog.current.showModal();
  const keys = bindings();
  return html`<dialog ref=${dialog} aria-labelledby="keys-title">
    <div class="dialog-head">
      <h2 id="keys-title">${t("Keys")}</h2>
      <button class="button plain round" aria-label=${t("Close")} onClick=${() => dialog.current.close()}><${Icon} name="close" /></button>
    </div>
    ${ACTIONS.map(({ name, says }) => html`<div class="key-row"><span>${says()}</span><span><kbd>${keys[name] || "–"}</kbd></span></div>`)}
    <p class="help"><a href="/tasti">${t("Change the keys or switch letters off")}</a></p>
  </dialog>`;
}
