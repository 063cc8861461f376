// Who it is and where: file, what to know first, whom to call, the map and what happened lately.
import { html } from "./html.mjs";
import { Map } from "./map.mjs";
import { Icon, Trouble, useAction } from "./parts.mjs";
import { usePerson } from "./people.mjs";
import { keyOf, use } from "./store.mjs";
import { brief, exact } from "./time.mjs";
import { t } from "./words.mjs";
import * as verbs from "./verbs.mjs";

export function Who() {
  const board = use((state) => state.board);
  const selected = use((state) => state.selected);
  const held = use((state) => state.held);
  const item = looked(board, selected, held);
  return html`
    <div class="area-head"><h2>${t("Who and where")}</h2></div>
    <div class="scroll" tabindex="0" role="region" aria-label=${t("Who and where")}>
      ${!item
        ? html`<div class="who"><p class="muted">${t("Choose a row to see who it is. This is the territory now.")}</p><${Map} teams=${board?.teams || []} /></div>`
        : item.person_id
          ? html`<${Known} key=${keyOf(item)} item=${item} teams=${board.teams} />`
          : html`<${Unknown} item=${item} teams=${board.teams} />`}
    </div>
  `;
}

/** The thing looked at: the row chosen, else what is in my hand. */
function looked(board, selected, held) {
  if (!board) return null;
  const all = [...board.hand, ...board.waiting];
  return (
    all.find((item) => keyOf(item) === selected) ||
    board.hand.find((item) => keyOf(item) === held) ||
    board.hand[0] ||
    null
  );
}

function Known({ item, teams }) {
  const { person, trouble } = usePerson(item.person_id, keyOf(item));
  if (person) return html`<${Person} item=${item} person=${person} teams=${teams} />`;
  return html`<div class="who">
    <p class="who-name">${item.who}</p>
    ${trouble ? html`<${Trouble} error=${trouble} />` : html`<div class="skeleton"></div><div class="skeleton"></div>`}
  </div>`;
}

function Person({ item, person, teams }) {
  return html`<div class="who">
    <div>
      <a class="who-name" href=${`/persone/${person.id}`}>${person.name}</a>
      <p class="muted">${[person.age && t("%(n)s years old", { n: person.age }), person.language_text].filter(Boolean).join(" · ")}</p>
    </div>
    ${person.alerts.length > 0 &&
    html`<ul class="alerts" aria-label=${t("To know first")}>
      ${person.alerts.map((alert) => html`<li class="chip warn"><${Icon} name="flag" />${alert.text}</li>`)}
    </ul>`}
    <${Facts} person=${person} />
    <${Near} item=${item} person=${person} />
    <${Map} home=${item.place || person.address} teams=${teams} />
    <${Story} story=${item.story?.length ? item.story : person.story} />
  </div>`;
}

const Facts = ({ person }) => html`<div class="facts">
  ${person.address &&
  html`<div><${Icon} name="home" /><p>${person.address.street}<br /><span class="muted">${person.address.town}</span></p></div>`}
  ${person.way_in.map((line) => html`<div><${Icon} name="key" /><p>${line}</p></div>`)}
  ${person.door &&
  html`<a href=${`/api/v1/subscribers/${person.id}/door-picture`} target="_blank" rel="noopener"><img width="160" src=${person.door} alt=${t("Photo of the door, larger")} /></a>`}
  ${person.has_way_in &&
  !person.door &&
  person.way_in.length === 0 &&
  html`<div><${Icon} name="key" /><p><a href=${`/persone/${person.id}#way-in`}>${t("How to get in: with a reason")}</a></p></div>`}
  ${person.phones.map((phone) => html`<div><${Icon} name="phone" /><p>${phone.shown} <span class="muted">${phone.label}</span>${phone.cautions.map((said) => html` <span class="chip warn">${said}</span>`)}</p></div>`)}
</div>`;

function Near({ item, person }) {
  const [busy, trouble, act] = useAction();
  if (person.contacts.length === 0) return null;
  const mine = item.mine;
  return html`<section aria-label=${t("Whom to call")}>
    <h3>${t("Whom to call")}</h3>
    <ol>
      ${person.contacts.map(
        (near, at) => html`<li class="kin">
          <span class="n">${at + 1}</span>
          <span class="near-name" title=${`${near.name}, ${near.relation}`}>
            <span class="clip">${near.name} <span class="muted">${near.relation}</span></span>
            ${near.holds_keys && html`<span class="chip"><${Icon} name="key" />${t("keys")}</span>`}
          </span>
          ${mine && !item.voice
            ? html`<button class="button small" disabled=${Boolean(busy)} onClick=${() => act(near.id, () => verbs.callContact(item, near))}>
                <${Icon} name="phone" />${t("Call")}
              </button>`
            : html`<span class="small muted">${near.shown}</span>`}
        </li>`,
      )}
    </ol>
    <${Trouble} error=${trouble} />
  </section>`;
}

const Unknown = ({ item, teams }) => html`<div class="who">
  <div>
    <p class="who-name">${item.who || t("Not known yet")}</p>
    <p class="muted">${item.number !== item.who && item.number}</p>
  </div>
  <p>${unknownWords(item)}</p>
  ${item.hidden && html`<p><a class="button" href="/allarmi/${item.id}/apertura">${t("Open the file with a reason")}</a></p>`}
  <${Map} home=${item.place} teams=${teams} />
</div>`;

function unknownWords(item) {
  if (item.hidden) return t("This person is reserved. Call the coordinator, who may open the file.");
  if (item.kind === "call") return t("Nobody in the registry has this number.");
  return t("This device belongs to nobody yet. Tell the technician.");
}

function Story({ story }) {
  if (story.length === 0) return null;
  return html`<section aria-label=${t("What happened")}>
    <h3>${t("What happened")}</h3>
    <ol class="story">
      ${story.map((line) => html`<li><time datetime=${line.at} title=${exact(line.at)}>${brief(line.at)}</time><span>${line.text}</span></li>`)}
    </ol>
  </section>`;
}
