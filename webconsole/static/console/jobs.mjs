// Interventions under way: which team, in which state, for how long.
import { html } from "./html.mjs";
import { Mark, Since } from "./parts.mjs";
import { use } from "./store.mjs";
import { until, useNow } from "./time.mjs";
import { t } from "./words.mjs";

export function Jobs() {
  const board = use((state) => state.board);
  if (!board) return null;
  return html`<section class="jobs" aria-label=${t("Interventions")}>
    <h2 class="section">${t("Interventions")} <span class="count muted">${board.interventions.length || ""}</span></h2>
    ${board.interventions.length === 0
      ? html`<p class="empty">${t("No team is out.")}</p>`
      : html`<ul>${board.interventions.map((job) => html`<${Job} key=${job.id} job=${job} />`)}</ul>`}
  </section>`;
}

function Job({ job }) {
  return html`<li class="job">
    <${Mark} priority=${job.priority} />
    <div class="pair">
      <a class="clip" href=${`/interventi/${job.id}`} title=${job.title}>${job.title}</a>
      ${job.eta_at && html`<${Eta} moment=${job.eta_at} />`}
    </div>
    <div class="pair small muted">
      <span class=${job.state === "escalated" ? "clip crit" : "clip"}>${[job.team?.name, job.state_text].filter(Boolean).join(" · ")}</span>
      <${Since} moment=${job.since} />
    </div>
  </li>`;
}

function Eta({ moment }) {
  const at = useNow();
  return html`<span class="small" title=${t("Estimated arrival")}>${until(moment, at)}</span>`;
}
