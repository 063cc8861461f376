// The live feed: one socket that resumes where it was, beats both ways, and says when it is lost.

const BEAT = 5_000;
const LOST_AFTER = 10_000;
const SIGNED_OUT = 4401;

/**
 * Join the feed. `tell.changed(message)` for each fact, `tell.anew()` when everything must be
 * looked at again, `tell.link("joined" | "lost")`, `tell.signedOut()`; `hears()` says whether this
 * station can sound an alarm.
 */
export function join(tell, hears) {
  let socket = null;
  let position = null;
  let heard = Date.now();
  let tries = 0;
  let ended = false;

  function open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/live`);
    socket.onopen = () => {
      socket.send(JSON.stringify({ resume: position }));
      beat();
    };
    socket.onmessage = (event) => listen(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (event.code === SIGNED_OUT) {
        ended = true;
        tell.signedOut();
      } else if (!ended) {
        if (Date.now() - heard < LOST_AFTER) tell.link("joining");
        setTimeout(open, Math.min(5_000, 250 * 2 ** tries) + Math.random() * 250);
        tries += 1;
      }
    };
  }

  function listen(message) {
    heard = Date.now();
    tries = 0;
    if (message.position) position = message.position;
    tell.link("joined");
    if (message.kind === "snapshot") tell.anew();
    else if (message.kind !== "beat" && message.kind !== "resumed") tell.changed(message);
    else if (message.kind === "resumed") tell.changed(message);
  }

  function beat() {
    if (socket?.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({ beat: true, audio: hears() }));
    }
  }

  function watch() {
    if (Date.now() - heard <= LOST_AFTER) return;
    tell.link("lost");
    if (socket?.readyState === WebSocket.OPEN) socket.close();
  }

  open();
  setInterval(beat, BEAT);
  setInterval(watch, 1_000);
  window.addEventListener("online", () => socket?.readyState > 1 && open());
  return { leave: () => ((ended = true), socket?.close()) };
}
