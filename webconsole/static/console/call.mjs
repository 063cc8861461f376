// A call in hand: offered, talking, then the outcome; who it is, found by number or written now.
import { html, useEffect, useRef, useState } from "./html.mjs";
import { useKept } from "./drafts.mjs";
import { bindings, writing } from "./keys.mjs";
import { Closing, Mute, Note, TeamForm, useClosing, useFocus } from "./work.mjs";
import { Bar, Icon, Key, Mark, Trouble, useAction } from "./parts.mjs";
import { since, toTheSecond, until, useNow } from "./time.mjs";
import { t } from "./words.mjs";
import * as verbs from "./verbs.mjs";

/** A call that is offered stands above whatever is in hand; `alone` says that nothing is. */
export function Offer({ item, alone }) {
  const [busy, trouble, act] = useAction();
  const at = useNow();
  const button = useRef(null);
  useEffect(() => {
    // The hands are on the keyboard: unless they are at work on something, Enter answers.
    if (alone && !writing(document.activeElement)) button.current?.focus();
  }, []);
  return html`<article class="strip" aria-label=${t("A call for you")}>
    <section class="card offer arrive">
      <div class="held-title">
        <${Mark} priority=${item.priority} />
        <div class="clip">
          <h1>${t("A call for you")}</h1>
          <p class="muted clip">${[item.who, item.where].filter(Boolean).join(" · ")}</p>
        </div>
        <div class="held-time">
          <b>${until(item.offered_until, at)}</b>
          <p class="muted small">${t("then it goes to someone else")}</p>
        </div>
      </div>
      <${Bar} moment=${item.offered_at} target=${(new Date(item.offered_until) - new Date(item.offered_at)) / 1000} />
      <div class="actions">
        <button class="button main" data-do="answer" data-main=${alone || undefined} ref=${button} disabled=${Boolean(busy)} onClick=${() => act("answer", () => verbs.answer(item))}>
          <${Icon} name="phone" />${t("Answer")}<${Key}>${bindings().answer}<//>
        </button>
        <button class="button" disabled=${Boolean(busy)} onClick=${() => act("decline", () => verbs.decline(item))}>
          <${Icon} name="next" />${t("Pass it on")}
        </button>
      </div>
      <${Trouble} error=${trouble} />
    </section>
  </article>`;
}

export function Call({ item }) {
  const [busy, trouble, act] = useAction();
  const [asking, setAsking] = useState(false);
  const closing = useClosing(item, verbs.noteCall, verbs.closeCall, act);
  const live = item.stage !== "wrap_up";
  const article = useFocus();
  return html`<article class="held" ref=${article} tabindex="-1" aria-label=${item.title}>
    <section class="card">
      <${Head} item=${item} live=${live} />
      <div class="actions">
        ${live && html`<button class="button main" data-main disabled=${Boolean(busy)} onClick=${() => act("hang", () => verbs.hangUp(item))}>
          <${Icon} name="hangup" />${t("Hang up")}<${Key}>Ctrl ↵<//>
        </button>`}
        ${live && html`<${Mute} />`}
        <button class="button" disabled=${Boolean(busy)} onClick=${() => setAsking(true)}>
          <${Icon} name="team" />${t("Send a team")}
        </button>
        ${item.person_id && html`<a class="button plain" href=${`/persone/${item.person_id}`}><${Icon} name="case" />${t("Open the file")}</a>`}
        <a class="button plain" href=${`/richieste/nuova?chiamata=${item.id}${item.person_id ? `&persona=${item.person_id}` : ""}`}><${Icon} name="note" />${t("Request")}</a>
      </div>
      <${Trouble} error=${trouble} />
    </section>
    ${asking && html`<${TeamForm} item=${item} done=${() => setAsking(false)} />`}
    ${!item.person_id && html`<${Caller} item=${item} />`}
    <${Note} note=${closing.note} />
    <${Closing}
      item=${item}
      closing=${closing}
      busy=${busy}
      label=${t("Close the call")}
      main=${!live}
      blocked=${live ? t("Hang up first.") : ""}
    />
  </article>`;
}

function Head({ item, live }) {
  const at = useNow();
  return html`<div class="held-title">
    <${Mark} priority=${item.priority} />
    <div class="clip">
      <h1>${item.who || item.number || t("Hidden number")}</h1>
      <p class="muted clip">${[item.title, item.who !== item.number && item.number, item.where].filter(Boolean).join(" · ")}</p>
    </div>
    <div class="held-time">
      <b>${!live ? t("write the outcome") : item.answered_at ? since(item.answered_at, at) : item.state_text}</b>
      <p class="muted small">${toTheSecond(item.answered_at || item.since)}</p>
    </div>
  </div>`;
}

/** Who is calling: those with this number, or a new file in two fields. */
function Caller({ item }) {
  const [busy, trouble, act] = useAction();
  const [given, setGiven, clearGiven] = useKept(`given:${item.id}`);
  const [family, setFamily, clearFamily] = useKept(`family:${item.id}`);
  const [alike, setAlike] = useState([]);
  const save = (event, another = false) => {
    event.preventDefault();
    act("person", async () => {
      const facts = { given_name: given, family_name: family, phone: item.phone };
      try {
        await verbs.newPerson(item, facts, another);
      } catch (error) {
        if (!error.candidates?.length) throw error;
        setAlike((await verbs.similarPeople(facts)).items);
        return;
      }
      clearGiven();
      clearFamily();
    });
  };
  return html`<section class="card stack">
    <h2>${t("Who is calling")}</h2>
    ${item.candidates.length > 0 &&
    html`<div class="line wrap">
      ${item.candidates.map(
        (person) => html`<button class="button" disabled=${Boolean(busy)} onClick=${() => act(person.id, () => verbs.nameCaller(item, person.id))}>
          <${Icon} name="person" />${person.name}${person.age && `, ${person.age}`}
        </button>`,
      )}
    </div>`}
    <form class="stack" onSubmit=${save}>
      <div class="pair-fields">
        <div class="field">
          <label for="given">${t("Given name")}</label>
          <input id="given" autocomplete="off" value=${given} onInput=${(event) => setGiven(event.target.value)} />
        </div>
        <div class="field">
          <label for="family">${t("Family name")}</label>
          <input id="family" autocomplete="off" value=${family} onInput=${(event) => setFamily(event.target.value)} />
        </div>
      </div>
      <div class="line">
        <button class="button" disabled=${Boolean(busy) || !(given || family).trim()}><${Icon} name="plus" />${t("New file with this number")}</button>
        <span class="help">${t("A call may also stay without a name.")}</span>
      </div>
    </form>
    ${alike.length > 0 &&
    html`<div class="stack" role="status">
      <p>${t("Perhaps there is a file already:")}</p>
      <div class="line wrap">
        ${alike.map(
          (person) => html`<button class="button" disabled=${Boolean(busy)} onClick=${() => act(person.id, () => verbs.nameCaller(item, person.id))}>
            <${Icon} name="person" />${person.name}${person.birth_year && `, ${person.birth_year}`}
          </button>`,
        )}
        <button class="button plain" disabled=${Boolean(busy)} onClick=${(event) => save(event, true)}>
          <${Icon} name="plus" />${t("It is somebody else: new file")}
        </button>
      </div>
    </div>`}
    <${Trouble} error=${trouble} />
  </section>`;
}
