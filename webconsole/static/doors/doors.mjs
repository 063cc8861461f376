// The doors, live: what comes in, what is refused, who is not known, which units are in trouble.
import { get, post } from "../console/api.mjs";
import { html, render, useEffect, useState } from "../console/html.mjs";
import { Icon, Since, Trouble, useAction } from "../console/parts.mjs";
import { atTime, exact, learnClock, length, secondsSince, toTheSecond, useNow } from "../console/time.mjs";
import { read, t, tn } from "../console/words.mjs";

const EVERY = 3_000;
const DAY = 86_400;
const codes = read("codes");
const say = (table, code) => codes[table]?.[code] ?? String(code).replaceAll("_", " ");
const unitAddress = (each) =>
  `/segnali?ricevitore=${encodeURIComponent(each.protocol)}&unita=${encodeURIComponent(each.account)}`;

function Doors() {
  const [seen, setSeen] = useState(null);
  const [trouble, setTrouble] = useState(null);
  async function look() {
    try {
      const found = await get("/api/v1/doors", { background: true });
      learnClock(found.at);
      setSeen(found);
      setTrouble(null);
    } catch (error) {
      setTrouble(error);
    }
  }
  useEffect(() => {
    let ended = false;
    const again = async () => {
      await look();
      if (!ended) setTimeout(again, EVERY);
    };
    again();
    return () => (ended = true);
  }, []);
  return html`
    <div class="page-head">
      <h1>${t("Doors")}</h1>
      <div class="tools"><a class="button plain" href="/voce">${t("Voice of home units")}</a> <a class="button" href="/segnali">${t("All signals")}</a></div>
    </div>
    <${Trouble} error=${trouble} />
    ${!seen && !trouble && html`<div class="panel"><div class="inside stack"><div class="skeleton"></div><div class="skeleton"></div></div></div>`}
    ${seen && html`
      <${Outages} outages=${seen.outages} />
      <${Table} doors=${seen.doors} />
      <div class="halves">
        <${Unknown} unknown=${seen.unknown} look=${look} />
        <${Faults} faults=${seen.faults} open=${seen.faults_open} />
      </div>
      <${Processes} processes=${seen.processes} />
    `}
  `;
}

/** How long ago something was, where `Since` says for how long something has lasted. */
const Ago = ({ moment }) => {
  const at = useNow();
  const seconds = secondsSince(moment, at);
  return html`<time datetime=${moment} title=${exact(moment)}>${seconds < DAY ? t("%(time)s ago", { time: length(seconds) }) : atTime(moment, at)}</time>`;
};

const Outages = ({ outages }) =>
  outages.length > 0 &&
  html`<ul class="stack outages" aria-label=${t("Outages")}>
    ${outages.map(
      (each) => html`<li key=${each.id} class="notice crit">
        <${Icon} name="unlinked" large />
        <span class="grow">
          <b>${each.by === "carrier" ? t("Carrier %(name)s", { name: each.name }) : t("Area %(name)s", { name: each.name })}</b>
          ${" · "}${say("outage", each.cause)}: ${t("%(n)s of %(all)s", { n: each.devices, all: each.units })}
        </span>
        <${Since} moment=${each.began_at} />
      </li>`,
    )}
  </ul>`;

function Table({ doors }) {
  const [open, setOpen] = useState(null);
  return html`<section class="panel">
    <div class="table-wrap">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">${t("Door")}</th>
            <th scope="col" class="number-cell">${t("Frames a minute")}</th>
            <th scope="col" class="number-cell">${t("Connections")}</th>
            <th scope="col">${t("Refused in the last hour")}</th>
            <th scope="col">${t("Own test")}</th>
            <th scope="col">${t("Last frame")}</th>
            <th scope="col"><span class="sr">${t("Frames")}</span></th>
          </tr>
        </thead>
        <tbody>
          ${doors.map(
            (door) => html`<${Row}
              key=${door.protocol}
              door=${door}
              open=${open === door.protocol}
              toggle=${() => setOpen(open === door.protocol ? null : door.protocol)}
            />`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function Row({ door, open, toggle }) {
  const ways = Object.entries(door.minute);
  const sum = ways.reduce((all, [, frames]) => all + frames, 0);
  return html`
    <tr>
      <td data-label=${t("Door")} class="strong">${say("protocol", door.protocol)}</td>
      <td data-label=${t("Frames a minute")} class="number-cell">
        <span><b>${sum}</b>${ways.length > 0 && html` <span class="muted small">${ways.map(([way, frames]) => `${way} ${frames}`).join(" · ")}</span>`}</span>
      </td>
      <td data-label=${t("Connections")} class="number-cell">${door.connections ?? html`<span class="muted" title=${t("not counted here")}>–</span>`}</td>
      <td data-label=${t("Refused in the last hour")}>
        <span class="line wrap">
          ${door.refused.length === 0 && html`<span class="muted">${t("no frame")}</span>`}
          ${door.refused.map(
            (each) => html`<span class="chip warn" title=${say("verdict", each.verdict)}>
              ${each.frames} × ${say("reason", each.reason || each.verdict)}
            </span>`,
          )}
          <${Away} away=${door.turned_away} />
        </span>
      </td>
      <td data-label=${t("Own test")}><span class="line wrap"><${Tests} tests=${door.tests} /></span></td>
      <td data-label=${t("Last frame")} class="time">${door.heard_at ? html`<${Ago} moment=${door.heard_at} />` : html`<span class="muted">${t("never")}</span>`}</td>
      <td class="row-action">
        ${door.last.length > 0 &&
        html`<button class="button small" aria-expanded=${open} onClick=${toggle}>
          <${Icon} name=${open ? "up" : "down"} />${t("Last frames")}
        </button>`}
      </td>
    </tr>
    ${open &&
    html`<tr class="frames-row">
      <td colspan="7"><ul class="frames">${door.last.map((each) => html`<${Frame} key=${each.id} frame=${each} />`)}</ul></td>
    </tr>`}
  `;
}

const Away = ({ away }) =>
  Object.keys(away).length > 0 &&
  html`<details class="away">
    <summary>${t("Turned away: %(n)s", { n: Object.values(away).reduce((all, times) => all + times, 0) })}</summary>
    <ul>${Object.entries(away).map(([why, times]) => html`<li key=${why}><b>${times}</b> × ${say("away", why)}</li>`)}</ul>
    <p class="muted">${t("Since the processes that run now began; nothing of it is kept.")}</p>
  </details>`;

const Tests = ({ tests }) =>
  tests.length === 0
    ? html`<span class="muted">${t("not tested")}</span>`
    : tests.map((each) =>
        each.failing_since
          ? html`<span class="chip crit" title=${say("test", each.reason)}><${Icon} name="warning" />${each.door} <${Since} moment=${each.failing_since} /><span class="small">${say("test", each.reason)}</span></span>`
          : html`<span class="chip ok"><${Icon} name="check" />${each.door}${each.took_ms !== null && ` ${Math.round(each.took_ms)} ms`}</span>`,
      );

const Frame = ({ frame }) => html`<li>
  <time datetime=${frame.arrived_at}>${toTheSecond(frame.arrived_at)}</time>
  <span class="frame-what">
    ${frame.account ? html`<a href=${unitAddress(frame)}>${frame.account}</a>` : html`<span class="muted">${t("no account")}</span>`}
    ${" "}${frame.kind && say("kind", frame.kind)}
    ${" "}<span class=${frame.verdict === "good" ? "chip" : "chip warn"}>
      ${frame.verdict === "good" ? say("became", frame.became) : say("reason", frame.reason || frame.verdict)}
    </span>
    ${frame.repeats > 0 && html` <span class="muted small">${tn("%(n)s time again", "%(n)s times again", frame.repeats)}</span>`}
  </span>
  ${frame.veiled
    ? html`<span class="muted"><${Icon} name="lock" /> ${t("says something of a person: not shown to you")}</span>`
    : html`<code>${frame.raw}</code>`}
</li>`;

function Unknown({ unknown, look }) {
  const [busy, trouble, act] = useAction();
  const [adopted, setAdopted] = useState([]);
  const adopt = (each) =>
    act(each.account, async () => {
      const made = await post("/api/v1/doors/adopt", { protocol: each.protocol, account: each.account });
      setAdopted((before) => [made, ...before].slice(0, 5));
      await look();
    });
  return html`<section class="panel">
    <h2>${t("Unknown accounts")}${unknown.length > 0 && html` <span class="chip warn">${unknown.length}</span>`}</h2>
    <${Trouble} error=${trouble} />
    ${adopted.map(
      (made) => html`<p class="notice ok" role="status" key=${made.id}>
        <${Icon} name="check" /><span>${t("Unit %(account)s is a device now: assign it to a home.", { account: made.account })} <a href=${unitAddress(made)}>${t("See it")}</a></span>
      </p>`,
    )}
    ${unknown.length === 0 && html`<p class="inside muted">${t("Every account that speaks with us has its device.")}</p>`}
    <ul class="lines">
      ${unknown.map(
        (each) => html`<li key=${`${each.protocol} ${each.account}`}>
          <span class="grow">
            <a class="strong" href=${unitAddress(each)}>${each.account}</a> <span class="muted">${say("protocol", each.protocol)} · ${each.path}</span>
            ${" "}${each.sealed && html`<span class="chip warn"><${Icon} name="lock" />${t("encrypted: it needs its key")}</span>`}
            <br /><span class="muted small">${tn("%(n)s frame", "%(n)s frames", each.frames)} · ${each.kind && `${say("kind", each.kind)} · `}<${Ago} moment=${each.last_at} /> · ${each.peer}</span>
          </span>
          <button class="button small" disabled=${busy === each.account} onClick=${() => adopt(each)} aria-label=${t("Adopt %(account)s", { account: each.account })}>${t("Adopt")}</button>
        </li>`,
      )}
    </ul>
  </section>`;
}

const Faults = ({ faults, open }) => html`<section class="panel">
  <h2>${t("Open faults")}${open > 0 && html` <span class="chip">${open}</span>`}</h2>
  ${faults.length === 0 && html`<p class="inside muted">${t("No single unit is in trouble.")}</p>`}
  <ul class="lines">
    ${faults.map(
      (each) => html`<li key=${each.id}>
        <span class="grow">
          <b>${say("kind", each.cause)}</b> · <a href=${unitAddress(each)}>${each.account}</a>${each.label && html` <span class="muted">${each.label}</span>`}
          ${each.times > 1 && html` <span class="muted small">${tn("told %(n)s time", "told %(n)s times", each.times)}</span>`}
        </span>
        <${Since} moment=${each.began_at} />
      </li>`,
    )}
  </ul>
  ${open > faults.length && html`<p class="more muted small">${tn("%(n)s more: in an outage, or older", "%(n)s more: in an outage, or older", open - faults.length)}</p>`}
</section>`;

const Processes = ({ processes }) =>
  processes.length === 0
    ? html`<p class="notice crit" role="alert"><${Icon} name="warning" />${t("No process receives: nothing can come in.")}</p>`
    : html`<p class="muted small processes">
        ${processes.map(
          (each) =>
            html`<span>${each.process} · ${t("%(n)s waiting for a commit", { n: each.backlog ?? 0 })} · ${t("slowest commit %(n)s ms", { n: Math.round(1000 * (each.slowest_commit ?? 0)) })} · ${t("left unanswered %(n)s", { n: each.left_unanswered ?? 0 })}</span>`,
        )}
      </p>`;

render(html`<${Doors} />`, document.getElementById("doors"));
