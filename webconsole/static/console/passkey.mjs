// Passkeys: signing in with one, showing that it is still you, making a new one.
import { post } from "./api.mjs";
import { t } from "./words.mjs";

const WAYS = { enter: "/entra/passkey", prove: "/conferma/passkey", enrol: "/accesso/passkey" };

/** Old browsers, and addresses that are only a number, have no passkeys. */
function able() {
  if (typeof window.PublicKeyCredential?.parseRequestOptionsFromJSON !== "function")
    return t("This browser does not know passkeys.");
  if (/^[\d.]+$|:/.test(location.hostname)) return t("Passkeys work only where Centrale has a name, not a number, for an address.");
  return "";
}

async function answer(way, options) {
  if (way === "enrol") {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return navigator.credentials.get({ publicKey });
}

async function run(button, form) {
  const way = button.dataset.passkey;
  const options = await post(`${WAYS[way]}/inizio`);
  const credential = await answer(way, options);
  const facts = { credential: credential.toJSON(), name: form.elements.name?.value || "", poi: form.elements.poi?.value || "" };
  const said = await post(WAYS[way], facts);
  // A proof is shown: the form goes on without a password.
  if (way === "prove") HTMLFormElement.prototype.submit.call(form);
  else location.assign(said.then);
}

function sentence(error) {
  if (error.name === "NotAllowedError") return t("No passkey was used: it took too long, or was called off.");
  if (error.name === "InvalidStateError") return t("This device already has a passkey for you.");
  return error.message || t("It did not work. Try again.");
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  const form = button.closest("form");
  const line = form.querySelector("[data-passkey-said]");
  const say = (words) => {
    line.textContent = words;
    line.hidden = !words;
    if (words) line.setAttribute("role", "alert");
  };
  button.addEventListener("click", async () => {
    const cannot = able() || (button.dataset.passkey === "enrol" && !form.elements.name.value.trim() ? t("Write a name") : "");
    say(cannot);
    if (cannot) return;
    button.disabled = true;
    try {
      await run(button, form);
    } catch (error) {
      if (error.proof) location.assign(`${error.proof}?poi=${encodeURIComponent(location.pathname)}`);
      else say(sentence(error));
    } finally {
      button.disabled = false;
    }
  });
}
