// Where the phone is, said to the centre while the team is on duty and this page is open.
import { post } from "../console/api.mjs";
import { now } from "../console/time.mjs";

const EVERY = 20_000;

/** Follow the phone; `tell(state, at)`: asking, sent, unsent, refused or missing. Returns its end. */
export function follow(tell) {
  if (!navigator.geolocation) {
    tell("missing");
    return () => {};
  }
  let sentAt = 0;
  let busy = false;
  tell("asking");
  async function report({ coords, timestamp }) {
    if (busy || Date.now() - sentAt < EVERY) return;
    busy = true;
    try {
      await post("/api/v1/teams/me/position", {
        latitude: coords.latitude,
        longitude: coords.longitude,
        accuracy_m: Math.min(100_000, coords.accuracy),
        taken_at: new Date(Math.min(timestamp, Date.now())).toISOString(),
      });
      sentAt = Date.now();
      tell("sent", new Date(now()).toISOString());
    } catch {
      tell("unsent"); // said on the screen; the next fix tries again
    } finally {
      busy = false;
    }
  }
  const failed = (error) => tell(error.code === error.PERMISSION_DENIED ? "refused" : "missing");
  const watching = navigator.geolocation.watchPosition(report, failed, {
    enableHighAccuracy: true,
    maximumAge: 10_000,
  });
  return () => navigator.geolocation.clearWatch(watching);
}
