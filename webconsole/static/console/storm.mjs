// A storm: hundreds of units in the same trouble are one line above what waits, never rows among it.
import { html } from "./html.mjs";
import { Icon, Since } from "./parts.mjs";
import { tn } from "./words.mjs";

export const Storm = ({ storm }) =>
  storm &&
  html`<a class="storm" href=${storm.href}>
    <${Icon} name="unlinked" />
    <span class="grow">
      <b class="clip">${storm.title} · ${storm.where}</b>
      <span class="clip small">
        ${tn("%(n)s unit down", "%(n)s units down", storm.devices)}
        ${storm.pressed > 0 && html` · <b>${tn("%(n)s press there", "%(n)s presses there", storm.pressed)}</b>`}
      </span>
    </span>
    <${Since} moment=${storm.since} />
  </a>`;
