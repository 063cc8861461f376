// What calls and alarms share while in hand: the note, the outcome, asking for a team.
import { html, useEffect, useRef, useState } from "./html.mjs";
import { forget, useKept, useSaved } from "./drafts.mjs";
import { writing } from "./keys.mjs";
import { Icon, Trouble, useAction } from "./parts.mjs";
import { t } from "./words.mjs";
import { muted, setMuted } from "./softphone.mjs";
import * as verbs from "./verbs.mjs";

/** The note and the outcome of one item, kept while typed: what `Note` and `Closing` show. */
export function useClosing(item, saveNote, close, act) {
  const note = useSaved(`note:${item.id}`, item.note, (text) => saveNote(item, text));
  const [outcome, setOutcome] = useKept(`outcome:${item.id}`);
  const finish = () =>
    act("close", async () => {
      await close(item, outcome, note.value);
      forget(`outcome:${item.id}`);
      forget(`note:${item.id}`);
    });
  return { note, outcome, setOutcome, finish, settle: note.settle };
}

/** What has just come into the hand takes the focus, unless somebody is writing elsewhere. */
export function useFocus() {
  const place = useRef(null);
  useEffect(() => {
    if (!writing(document.activeElement)) place.current?.focus({ preventScroll: true });
  }, []);
  return place;
}

export function Note({ note }) {
  return html`<section class="card field">
    <div class="line"><label class="label" for="note">${t("Note")}</label><${NoteState} note=${note} /></div>
    <textarea id="note" rows="4" value=${note.value} onInput=${(event) => note.write(event.target.value)}></textarea>
  </section>`;
}

function NoteState({ note }) {
  if (note.state === "unsaved") {
    return html`<span class="note-state unsaved" role="status"><${Icon} name="warning" />${t("not saved yet: it is kept here and sent on return")}</span>`;
  }
  const word = { saved: note.value ? t("saved") : "", typing: t("writing…"), saving: t("saving…") }[note.state];
  return html`<span class="note-state">${word}</span>`;
}

export function Closing({ item, closing, busy, label, main, blocked = "", children }) {
  const missing = !closing.outcome ? t("Choose the outcome first.") : blocked;
  return html`<section class="card closing">
    <div class="field">
      <label for="outcome">${t("Outcome")}</label>
      <select id="outcome" value=${closing.outcome} onChange=${(event) => closing.setOutcome(event.target.value)}>
        <option value="">${t("Choose how it ended")}</option>
        ${item.outcomes.map((each) => html`<option value=${each.code}>${each.label}</option>`)}
      </select>
    </div>
    ${children}
    <button
      class=${main ? "button main" : "button"}
      data-main=${main || undefined}
      data-close
      title=${missing}
      disabled=${Boolean(missing) || Boolean(busy)}
      onClick=${closing.finish}
    >
      <${Icon} name="check" />${label}
    </button>
    ${closing.outcome && blocked && html`<p class="help">${blocked}</p>`}
    ${closing.outcome && item.job && html`<p class="help">${item.job.text} <a href=${item.job.href}>${t("Open the intervention")}</a></p>`}
  </section>`;
}

/** Asking for a team: where, why and how urgent, already filled with what is known. */
export function TeamForm({ item, done }) {
  const [busy, trouble, act] = useAction();
  const known = item.place;
  const [where, setWhere, clearWhere] = useKept(`team-where:${item.id}`, known?.street || "");
  const [town, setTown, clearTown] = useKept(`team-town:${item.id}`, known?.town || "");
  const [why, setWhy, clearWhy] = useKept(`team-why:${item.id}`, item.title);
  const [priority, setPriority, clearPriority] = useKept(`team-priority:${item.id}`, item.priority);
  const first = useRef(null);
  useEffect(() => first.current?.focus(), []);

  const send = (event) => {
    event.preventDefault();
    act("team", async () => {
      const same = known && where === known.street && town === known.town;
      await verbs.askForTeam(item, {
        priority,
        reason: why,
        place: {
          text: where,
          town,
          latitude: same ? known.latitude : null,
          longitude: same ? known.longitude : null,
        },
      });
      [clearWhere, clearTown, clearWhy, clearPriority].forEach((clear) => clear());
      done();
    });
  };
  return html`<form class="card form" aria-label=${t("Send a team")} onSubmit=${send}>
    <h2>${t("Send a team")}</h2>
    <div class="pair-fields">
      <div class="field">
        <label for="team-where">${t("Address")}</label>
        <input id="team-where" ref=${first} required value=${where} onInput=${(event) => setWhere(event.target.value)} />
      </div>
      <div class="field">
        <label for="team-town">${t("Town")}</label>
        <input id="team-town" required=${!known?.label} value=${town} onInput=${(event) => setTown(event.target.value)} />
      </div>
      <div class="field">
        <label for="team-why">${t("Reason, for the team")}</label>
        <input id="team-why" required value=${why} onInput=${(event) => setWhy(event.target.value)} />
      </div>
      <div class="field">
        <label for="team-priority">${t("Priority")}</label>
        <select id="team-priority" value=${priority} onChange=${(event) => setPriority(event.target.value)}>
          <option value="A">${t("A · at once")}</option>
          <option value="B">${t("B · soon")}</option>
          <option value="C">${t("C · today")}</option>
          <option value="D">${t("D · when possible")}</option>
        </select>
      </div>
    </div>
    <div class="line">
      <button class="button main" data-main disabled=${Boolean(busy)}><${Icon} name="team" />${t("Send the team")}</button>
      <button type="button" class="button plain" onClick=${done}>${t("Not now")}</button>
    </div>
    <${Trouble} error=${trouble} />
  </form>`;
}

export function Mute() {
  const [on, setOn] = useState(muted());
  const toggle = () => setOn(setMuted(!on));
  return html`<button class="button" aria-pressed=${String(on)} onClick=${toggle}>
    <${Icon} name=${on ? "mute" : "mic"} />${on ? t("Speak again") : t("Mute")}
  </button>`;
}
