// Forms of the other pages: sent as JSON; a refusal stands beside its field, and nothing typed is lost.
//
//   data-post   where to; on success the page is looked at anew. Such a form has method="post" too:
//               sent before this module is there, it must not put what was typed into an address
//   data-put    where a file goes, instead of data-post
//   data-show   the id of the place where the answer's texts appear instead; data-picture: where the
//               picture is that belongs to them, asked for with the same reason
//   data-sure   a question to be answered first
//   data-join   on a fieldset: its ticked values as one text; data-list on a field: its commas make a list
import { post, put } from "./api.mjs";
import { forget } from "./keep.mjs";
import { t } from "./words.mjs";

/** data-rows: each line that chose a "what" becomes one fact of a list. */
function rows(form) {
  const chosen = [...form.querySelectorAll("[data-row]")].map((row) => {
    const say = (name) => row.querySelector(`[name=${name}]`).value;
    return { what: say("what"), says: say("says"), minutes: Number(say("minutes") || 0) };
  });
  return chosen.filter((each) => each.what);
}

/** What the fields say, by their names; an empty date or hour says nothing. */
function said(form) {
  const facts = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.closest("[data-row]")) continue;
    if (field.type === "checkbox") facts[field.name] = field.checked;
    else if ("list" in field.dataset) facts[field.name] = field.value.split(",").filter(Boolean);
    else if (field.type === "number") facts[field.name] = field.value === "" ? null : Number(field.value);
    else if (field.value !== "" || !/date|time/.test(field.type)) facts[field.name] = field.value;
  }
  for (const group of form.querySelectorAll("[data-join]")) {
    const ticked = [...group.querySelectorAll("input:checked")].map((each) => each.value);
    facts[group.dataset.join] = ticked.join("");
  }
  if (form.dataset.rows) facts[form.dataset.rows] = rows(form);
  return facts;
}

function tell(form, place, sentence) {
  const line = form.querySelector(`[data-wrong="${CSS.escape(place)}"]`) || form.querySelector('[data-wrong=""]');
  if (!line) return;
  line.textContent = sentence;
  line.hidden = false;
  line.setAttribute("role", "alert");
  form.elements[place]?.setAttribute?.("aria-invalid", "true");
}

function clear(form) {
  for (const line of form.querySelectorAll("[data-wrong]")) {
    line.hidden = true;
    line.textContent = "";
  }
  for (const field of form.elements) field.removeAttribute("aria-invalid");
}

function show(form, answer) {
  const place = document.getElementById(form.dataset.show);
  const lines = Object.values(answer).filter((each) => each && typeof each === "string");
  const shown = (lines.length || answer.door ? lines : [form.dataset.lacking || ""]).map((text, at) => {
    const line = document.createElement("p");
    line.textContent = text;
    if (at === 0) line.className = "strong";
    return line;
  });
  place.replaceChildren(...shown, ...(answer.door ? [picture(form)] : []));
}

function picture(form) {
  const image = document.createElement("img");
  image.className = "door";
  image.src = `${form.dataset.picture}?why=${encodeURIComponent(form.elements.why.value)}`;
  image.alt = form.dataset.pictureAlt;
  return image;
}

/** One name for one sending: after a lost answer the same name, so that it is done once. */
function keyOf(form) {
  form.dataset.key ||= crypto.randomUUID();
  return form.dataset.key;
}

async function send(form) {
  if (form.dataset.sure && !window.confirm(form.dataset.sure)) return;
  clear(form);
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    const answer = form.dataset.put
      ? await put(form.dataset.put, new FormData(form))
      : await post(form.dataset.post, said(form), { form: keyOf(form) });
    delete form.dataset.key;
    forget(form);
    if (form.dataset.show) show(form, answer);
    else if (form.dataset.then) location.assign(form.dataset.then);
    else location.reload();
  } catch (error) {
    if (error.done) {
      forget(form);
      return location.reload();
    }
    if (!error.unreachable) delete form.dataset.key;
    const [first] = error.fields || [];
    const known = first && form.querySelector(`[data-wrong="${CSS.escape(first.field)}"]`);
    tell(form, known ? first.field : "", known ? first.message : error.message || t("It did not work. Try again."));
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.post && !event.target.dataset.put) return;
  event.preventDefault();
  send(event.target);
});
