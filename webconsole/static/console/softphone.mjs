// The operator's voice: simulated (the application plays the carrier) or Twilio's Voice SDK.
import { get, post } from "./api.mjs";
import { peek } from "./store.mjs";
import { t } from "./words.mjs";
import { Refused } from "./api.mjs";

const SDK = new URL("../vendor/twilio-voice/twilio.min.js", import.meta.url).pathname;
let device = null;
let connection = null;
let silenced = false;

/** Accept the call that is offered and join it by voice. */
export async function talk(call) {
  await post(`/api/v1/calls/${call.id}/accept`);
  if (peek().board?.line?.mode === "twilio") await join(call);
}

async function join(call) {
  const ready = await device_();
  connection = await ready.connect({ params: { call: call.id } });
  connection.on("disconnect", () => {
    connection = null;
    silenced = false;
  });
}

/** One registered device, whose token is renewed before it expires. */
async function device_() {
  if (device) return device;
  await script(SDK);
  const { token, edge } = await get("/api/v1/me/phone-token");
  device = new window.Twilio.Device(token, { edge: edge || undefined, closeProtection: true });
  device.on("tokenWillExpire", async () => {
    const renewed = await get("/api/v1/me/phone-token", { background: true });
    device.updateToken(renewed.token);
  });
  device.on("error", () => {
    device?.destroy();
    device = null;
  });
  return device;
}

function script(source) {
  return new Promise((done, failed) => {
    const element = document.createElement("script");
    Object.assign(element, {
      src: source,
      onload: done,
      onerror: () => failed(new Refused(t("The telephone could not be loaded. Reload the page."))),
    });
    document.head.append(element);
  });
}

export const muted = () => connection?.isMuted() ?? silenced;

export function setMuted(on) {
  silenced = on;
  connection?.mute(on);
  return muted();
}
