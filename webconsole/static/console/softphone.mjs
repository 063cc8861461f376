// The operator's voice: simulated (the application plays the carrier) or Twilio's Voice SDK.
import { get, post, Refused } from "./api.mjs";
import { library } from "./trusted.mjs";
import { t } from "./words.mjs";

const SDK = new URL("../vendor/twilio-voice/twilio.min.js", import.meta.url).pathname;
let device = null;
let connection = null;
let joining = null; // the id of the call whose voice is being set up
let silenced = false;

/** Say yes to the call that is offered; its voice follows, see keepVoice. */
export const talk = (call) => post(`/api/v1/calls/${call.id}/accept`);

/** Join by voice whatever line of mine is being set up. The simulated carrier does it for us. */
export async function keepVoice(board) {
  if (board?.line.mode !== "twilio") return;
  const lines = board.hand.map((item) => (item.kind === "alarm" ? item.voice : item)).filter(Boolean);
  const wanted = lines.find((line) => line.stage === "calling");
  if (!wanted || connection || joining === wanted.id) return;
  joining = wanted.id;
  try {
    const ready = await registered();
    connection = await ready.connect({ params: { call: wanted.id } });
    connection.on("disconnect", () => {
      connection = null;
      joining = null;
      silenced = false;
    });
  } catch (error) {
    joining = null;
    throw error;
  }
}

/** One registered device, whose token is renewed before it expires. */
async function registered() {
  if (device) return device;
  await library(SDK).catch(() => {
    throw new Refused(t("The telephone could not be loaded. Reload the page."));
  });
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

export const muted = () => connection?.isMuted() ?? silenced;

export function setMuted(on) {
  silenced = on;
  connection?.mute(on);
  return muted();
}
