// Time as people say it: "da 42 s", "alle 03:12", "tra 5 min".
import { useEffect, useState } from "./html.mjs";
import { t } from "./words.mjs";

const page = document.documentElement;
const zone = page.dataset.zone || "Europe/Rome";
const language = page.lang || "it";
const clockFace = new Intl.DateTimeFormat(language, {
  timeZone: zone,
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const secondsFace = new Intl.DateTimeFormat(language, {
  timeZone: zone,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const dayFace = new Intl.DateTimeFormat(language, { timeZone: zone, day: "2-digit", month: "2-digit" });
const exactFace = new Intl.DateTimeFormat(language, {
  timeZone: zone,
  dateStyle: "full",
  timeStyle: "medium",
  hourCycle: "h23",
});

// How far this station's clock is behind the server's, in milliseconds.
let behind = 0;

export function learnClock(serverMoment) {
  behind = new Date(serverMoment).getTime() - Date.now();
}

export function now() {
  return Date.now() + behind;
}

const watchers = new Set();
setInterval(() => watchers.forEach((tell) => tell(now())), 1000);

/** The present, in milliseconds, renewed each second. */
export function useNow() {
  const [moment, setMoment] = useState(now());
  useEffect(() => {
    watchers.add(setMoment);
    return () => watchers.delete(setMoment);
  }, []);
  return moment;
}

export function secondsSince(moment, at = now()) {
  return Math.max(0, Math.floor((at - new Date(moment).getTime()) / 1000));
}

/** A length of time: 42 s, 1:10, 24 min, 3 h 12 min. */
export function length(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 600) return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  const minutes = Math.floor(seconds / 60) % 60;
  return minutes ? `${Math.floor(seconds / 3600)} h ${minutes} min` : `${Math.floor(seconds / 3600)} h`;
}

export function since(moment, at = now()) {
  const seconds = secondsSince(moment, at);
  return seconds < 86400 ? t("for %(time)s", { time: length(seconds) }) : atTime(moment, at);
}

export function until(moment, at = now()) {
  const seconds = Math.floor((new Date(moment).getTime() - at) / 1000);
  return seconds >= 0
    ? t("in %(time)s", { time: length(seconds) })
    : t("%(time)s late", { time: length(-seconds) });
}

export function atTime(moment, at = now()) {
  const when = new Date(moment);
  const face = clockFace.format(when);
  const sameDay = dayFace.format(when) === dayFace.format(new Date(at));
  return sameDay ? t("at %(time)s", { time: face }) : `${dayFace.format(when)} ${face}`;
}

const share = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
/** A share of a hundred: "98,1 %". */
export const percent = (hundredths) => `${share.format(hundredths)}\u00a0%`;

/** For a narrow column: the hour if it was today, else the day. */
export function brief(moment) {
  const day = dayFace.format(new Date(moment));
  return day === dayFace.format(new Date(now())) ? clock(moment) : day;
}

export const clock = (moment) => clockFace.format(new Date(moment));
export const toTheSecond = (moment) => secondsFace.format(new Date(moment));
export const exact = (moment) => exactFace.format(new Date(moment));
