// Typed is kept, in this browser: what is changed in any form outlives a reload, a lost line, an error
// and the locked screen. Left out: passwords, files, forms marked data-forget.
const SENT = "draft-sent";
const NEVER = /^(hidden|password|file|submit|button|reset|image|fieldset|output)$/;
const MARKED = /^(checkbox|radio)$/;
const MOMENT = /^(date|time|datetime-local)$/;

// Whoever signs in next at the same screen finds none of it.
const me = document.querySelector("[data-me]")?.dataset.me;
if (me && sessionStorage.getItem("drafts-of") !== me) {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith("draft:")) sessionStorage.removeItem(key);
  sessionStorage.setItem("drafts-of", me);
}

/** Each field with a name of its own, also where several share theirs. */
function fieldsOf(form) {
  const seen = new Map();
  return [...form.elements]
    .filter((field) => field.name && !NEVER.test(field.type))
    .map((field) => {
      const nth = seen.get(field.name) || 0;
      seen.set(field.name, nth + 1);
      return [`${field.name}.${nth}`, field];
    });
}

const value = (field) => (MARKED.test(field.type) ? field.checked : field.value);

function given(field) {
  if (MARKED.test(field.type)) return field.defaultChecked;
  if (field.tagName !== "SELECT") return field.defaultValue;
  return ([...field.options].find((each) => each.defaultSelected) || field.options[0])?.value ?? "";
}

function put(field, typed) {
  if (MARKED.test(field.type)) field.checked = typed;
  else field.value = typed;
}

const target = (form) => form.dataset.post || form.dataset.put || form.getAttribute("action");

function place(form) {
  if (form.dataset.keep) return `draft:${form.dataset.keep}`;
  const alike = [...document.forms].filter((each) => target(each) === target(form));
  return `draft:${location.pathname}:${alike.indexOf(form)}:${target(form)}`;
}

const read = (form) => JSON.parse(sessionStorage.getItem(place(form)) || "{}");

/** Put back what was typed, unless the server has something newer to say in that field. */
function restore(form) {
  const kept = read(form);
  for (const [name, field] of fieldsOf(form)) {
    const [origin, typed] = kept[name] || [];
    if (typed === undefined || value(field) !== given(field)) continue;
    if (MOMENT.test(field.type) || given(field) === origin) put(field, typed);
  }
}

function keep(form) {
  const before = read(form);
  const typed = {};
  for (const [name, field] of fieldsOf(form)) {
    // A page that came back with an error shows what was typed: it began as something else.
    const was = before[name];
    const origin = was && was.includes(given(field)) ? was[0] : given(field);
    if (value(field) !== origin) typed[name] = [origin, value(field)];
  }
  if (Object.keys(typed).length > 0) sessionStorage.setItem(place(form), JSON.stringify(typed));
  else forget(form);
}

/** It has arrived: nothing is kept any more. */
export const forget = (form) => sessionStorage.removeItem(place(form));

// A draft is forgotten once the page after it has come, and has nothing to complain of: not when one
// came back to the form from a page that the browser or a locked screen had put in between.
const sent = sessionStorage.getItem(SENT);
sessionStorage.removeItem(SENT);
const arrived = performance.getEntriesByType("navigation")[0]?.type === "navigate" && document.referrer.startsWith(location.origin);
if (sent && arrived && !document.querySelector("main [role=alert]")) sessionStorage.removeItem(sent);

const kept = [...document.forms].filter((form) => form.method === "post" && !("forget" in form.dataset));
for (const form of kept) {
  restore(form);
  keep(form); // also what was typed before this module was here
  form.addEventListener("input", () => keep(form));
  if (form.dataset.post || form.dataset.put) continue; // forms.mjs knows what became of it
  form.addEventListener("submit", () => sessionStorage.setItem(SENT, place(form)));
}
