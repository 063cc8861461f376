// Waits until the test of the unit has really been received, then shows the page anew.
import { get } from "./api.mjs";

const EVERY = 2_000; // milliseconds

async function look() {
  const id = document.getElementById("waits").dataset.job;
  const job = await get(`/api/v1/tech-jobs/${id}`).catch(() => null);
  if (job?.tested_at) location.reload();
  else setTimeout(look, EVERY);
}

setTimeout(look, EVERY);
