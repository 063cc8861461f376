// Typed is kept: the fields of a page's form survive a reload, a lost line or an error, in this browser.
const place = (form) => `draft:${form.dataset.keep}`;
const SENT = "draft-sent";
const KINDS = "input:not([type=hidden]):not([type=checkbox]), textarea, select";

function restore(form) {
  const kept = JSON.parse(sessionStorage.getItem(place(form)) || "{}");
  for (const field of form.querySelectorAll(KINDS)) {
    // What the server sends back is newer: it is what was sent, or what was just chosen.
    if (field.name in kept && (field.value === "" || field.tagName === "SELECT")) field.value = kept[field.name];
  }
}

function keep(form) {
  const typed = {};
  for (const field of form.querySelectorAll(KINDS)) if (field.name) typed[field.name] = field.value;
  sessionStorage.setItem(place(form), JSON.stringify(typed));
}

// A draft is forgotten once the page after it has come, and has nothing to complain of.
const sent = sessionStorage.getItem(SENT);
sessionStorage.removeItem(SENT);
if (sent && !document.querySelector("[role=alert]")) sessionStorage.removeItem(sent);

for (const form of document.querySelectorAll("form[data-keep]")) {
  restore(form);
  form.addEventListener("input", () => keep(form));
  form.addEventListener("submit", () => sessionStorage.setItem(SENT, place(form)));
}

// Ctrl+Enter: the main action of the page.
document.addEventListener("keydown", (event) => {
  if (!event.ctrlKey || event.key !== "Enter") return;
  const form = event.target.closest?.("form[data-keep]");
  (form || document.querySelector("[data-main]")?.form)?.requestSubmit();
});
