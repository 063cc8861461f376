// Whose drafts these are: whoever signs in at the same screen finds none of the one before.
const OWNER = "drafts-of";
const me = document.querySelector("[data-me]")?.dataset.me;

if (me && sessionStorage.getItem(OWNER) !== me) {
  const all = Array.from({ length: sessionStorage.length }, (_, at) => sessionStorage.key(at));
  for (const key of all) if (key.startsWith("draft:")) sessionStorage.removeItem(key);
  sessionStorage.setItem(OWNER, me);
}
