// What the room hears: three families apart by rhythm and pitch, one at a time, until taken.

const PEEP = {
  // [start s, length s, pitch Hz]; `every` is when the pattern begins again
  call: { every: 4, wave: "sine", notes: [[0, 0.4, 440], [0.6, 0.4, 440]] },
  alarm: { every: 3, wave: "triangle", notes: [[0, 0.16, 660], [0.22, 0.16, 830], [0.44, 0.3, 990]] },
  panic: {
    every: 1,
    wave: "square",
    notes: [[0, 0.12, 1180], [0.16, 0.12, 880], [0.32, 0.12, 1180], [0.48, 0.12, 880], [0.64, 0.12, 1180]],
  },
};
export const FAMILIES = ["panic", "alarm", "call"]; // the gravest first: one sound at a time
const LOUDEST = { call: 0.25, alarm: 0.35, panic: 0.3 };
const PANIC_FLOOR = 0.5; // of its loudest: a mute never silences panic

let context = null;
let ringing = null;
let timer = 0;
const watchers = new Set();

export function volume(family) {
  const kept = Number(localStorage.getItem(`volume:${family}`) ?? 0.8);
  return family === "panic" ? Math.max(PANIC_FLOOR, kept) : kept;
}

export function setVolume(family, value) {
  localStorage.setItem(`volume:${family}`, String(value));
}

export const quiet = () => localStorage.getItem("quiet") === "1";

export function setQuiet(on) {
  localStorage.setItem("quiet", on ? "1" : "0");
  tell();
}

/** Whether this station can be heard: running, or blocked by the browser until a gesture. */
export const audible = () => context?.state === "running";

export function watch(listener) {
  watchers.add(listener);
  return () => watchers.delete(listener);
}
const tell = () => watchers.forEach((listener) => listener());

/** Wake the sound; true when it runs. Browsers allow it only after a press of a button or key. */
export async function wake() {
  if (!context) {
    context = new AudioContext();
    context.onstatechange = tell;
  }
  if (context.state !== "running") {
    await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 400))]);
  }
  tell();
  return audible();
}

/** Wake by itself at the first press anywhere. */
export function wakeOnGesture() {
  wake();
  const again = () => audible() || wake();
  // At the click, not at the press before it: the banner goes, the page moves up, and a press that
  // ends elsewhere than it began is no click.
  document.addEventListener("click", again, { capture: true });
  document.addEventListener("keydown", again);
}

/** Play each family once, or the one named: the test at log-in and in the settings. */
export async function test(family) {
  if (!(await wake())) return false;
  play(family || "alarm", 0);
  return true;
}

/** Ring for what waits: `families` holds the family of each; nothing stops the sound. */
export function ringFor(families) {
  const next = FAMILIES.find((family) => families.includes(family) && (family === "panic" || !quiet()));
  if (next === ringing) return;
  ringing = next || null;
  clearInterval(timer);
  if (!ringing) return;
  play(ringing, 0);
  timer = setInterval(() => play(ringing, 0), PEEP[ringing].every * 1000);
}

function play(family, delay) {
  if (!audible()) return;
  const { notes, wave } = PEEP[family];
  const gain = LOUDEST[family] * volume(family);
  for (const [start, length, pitch] of notes) {
    const from = context.currentTime + delay + start;
    const tone = context.createOscillator();
    const shape = context.createGain();
    tone.type = wave;
    tone.frequency.value = pitch;
    shape.gain.setValueAtTime(0, from);
    shape.gain.linearRampToValueAtTime(gain, from + 0.015);
    shape.gain.setValueAtTime(gain, from + length - 0.03);
    shape.gain.linearRampToValueAtTime(0, from + length);
    tone.connect(shape).connect(context.destination);
    tone.start(from);
    tone.stop(from + length);
  }
}
