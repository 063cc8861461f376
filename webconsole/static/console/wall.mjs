// Six numbers and two charts for the wall, readable at five metres; nobody's name.
import { html, render } from "./html.mjs";
import { use } from "./store.mjs";
import { length, percent, secondsSince, useNow } from "./time.mjs";
import { t } from "./words.mjs";

function Wall() {
  const board = use((state) => state.board);
  const at = useNow();
  if (!board) return html`<p class="empty">${t("Loading")}</p>`;
  const { counts, waiting, interventions, teams } = board;
  const late = waiting.filter((item) => item.target_s && secondsSince(item.since, at) > item.target_s).length;
  const free = teams.filter((team) => team.state === "free").length;
  return html`
    <div class="numbers">
      <${Number_} value=${counts.waiting} word=${t("waiting")} />
      <${Number_} value=${counts.oldest_since ? length(secondsSince(counts.oldest_since, at)) : "–"} word=${t("the longest wait")} bad=${late > 0} />
      <${Number_} value=${late} word=${t("over their time")} bad=${late > 0} />
      <${Number_} value=${counts.operators} word=${t("operators available")} bad=${counts.operators === 0} />
      <${Number_} value=${free} word=${t("teams free")} bad=${teams.length > 0 && free === 0} />
      <${Number_} value=${counts.service_today === null ? "–" : percent(counts.service_today)} word=${t("answered within %(n)s s today", { n: counts.target_s })} />
    </div>
    <div class="charts">
      <${Bars} title=${t("Who waits, by priority")} rows=${byPriority(waiting)} />
      <${Bars} title=${t("Interventions, by state")} rows=${byState(interventions)} />
    </div>
  `;
}

const Number_ = ({ value, word, bad }) => html`<div class=${bad ? "number bad" : "number"}>
  <b>${bad ? "▲ " : ""}${value}</b><span>${word}</span>
</div>`;

function Bars({ title, rows }) {
  const most = Math.max(1, ...rows.map(([, count]) => count));
  return html`<section class="chart" aria-label=${title}>
    <h2>${title}</h2>
    ${rows.length === 0 && html`<p class="muted">${t("none")}</p>`}
    ${rows.map(
      ([word, count, kind]) => html`<div class="chart-row">
        <span>${word}</span>
        <span class="chart-bar"><i class=${kind || ""} style=${{ width: `${(100 * count) / most}%` }}></i></span>
        <b>${count}</b>
      </div>`,
    )}
  </section>`;
}

function byPriority(waiting) {
  return ["A", "B", "C", "D"].map((letter) => [letter, waiting.filter((item) => item.priority === letter).length, letter]);
}

function byState(interventions) {
  const counted = new Map();
  for (const job of interventions) counted.set(job.state_text, (counted.get(job.state_text) || 0) + 1);
  return [...counted];
}

render(html`<${Wall} />`, document.getElementById("wall"));
