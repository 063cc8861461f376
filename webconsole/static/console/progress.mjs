// An import that goes on: its figures while one looks, and the page anew when it has ended.
import { get } from "./api.mjs";

const EVERY = 1_500;
const bar = document.querySelector("progress[data-watch]");

async function look() {
  const job = await get(bar.dataset.watch, { background: true }).catch(() => null);
  if (job) {
    bar.value = job.done;
    for (const name of ["done", "made", "already", "refused"]) document.getElementById(name).textContent = job[name];
    if (job.state !== "checking" && job.state !== "running") {
      location.reload();
      return;
    }
  }
  setTimeout(look, EVERY);
}

setTimeout(look, EVERY);
