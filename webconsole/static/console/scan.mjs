// A label read with the phone's camera, where the browser can: its code goes into the field and away.
import { t } from "./words.mjs";

const EVERY = 200; // milliseconds between two looks

/** The code of our own address, or what is written as it is; what else a picture says is not for us. */
function codeIn(text) {
  if (URL.canParse(text)) return new URL(text).searchParams.get("codice") || "";
  return /^[A-Z0-9-]{4,40}$/i.test(text) ? text : "";
}

async function able() {
  if (!window.BarcodeDetector || !navigator.mediaDevices?.getUserMedia) return false;
  return (await window.BarcodeDetector.getSupportedFormats()).includes("qr_code");
}

/** Looks through the camera until a code is seen or the window is closed. */
async function look(dialog, video) {
  const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
  while (dialog.open) {
    const seen = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA ? await detector.detect(video) : [];
    const code = seen.map((each) => codeIn(each.rawValue)).find(Boolean);
    if (code) return code;
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
  return "";
}

async function read(button) {
  const dialog = document.getElementById("scan");
  const video = dialog.querySelector("video");
  const told = dialog.querySelector("[role=status]");
  const field = document.getElementById(button.dataset.scan);
  told.textContent = t("Hold the label in front of the camera.");
  dialog.showModal();
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.srcObject = stream;
    await video.play();
    field.value = (await look(dialog, video)) || field.value;
  } catch {
    told.textContent = t("The camera cannot be used. Write the code that stands on the label.");
    return;
  } finally {
    for (const track of stream?.getTracks() || []) track.stop();
    video.srcObject = null;
  }
  if (!dialog.open) return;
  dialog.close();
  field.form.requestSubmit();
}

for (const button of document.querySelectorAll("[data-scan]")) {
  able().then((can) => {
    button.hidden = !can;
  });
  button.addEventListener("click", () => read(button));
}
document.querySelector("#scan .close")?.addEventListener("click", () => document.getElementById("scan").close());
