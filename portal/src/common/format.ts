/* Times, distances and sizes as people say them. */
import { words } from "../words";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

/** "14:02"; with the day when it is not today. */
export function clock(at: number, now = Date.now()): string {
  const time = clockFormat.format(at);
  return new Date(at).toDateString() === new Date(now).toDateString() ? time : `${dayFormat.format(at)}, ${time}`;
}

/** "2 h 10 min", "40 min", "3 days": a length of time, cut down to two parts. */
export function span(length: number): string {
  const minutes = Math.max(0, Math.round(length / MINUTE));
  if (minutes < 60) {
    return words.time.minutes(minutes);
  }
  const rounded = minutes * MINUTE;
  if (rounded < DAY) {
    const rest = minutes % 60;
    return words.time.hours(Math.floor(rounded / HOUR)) + (rest && rounded < 6 * HOUR ? ` ${words.time.minutes(rest)}` : "");
  }
  return words.time.days(Math.round(rounded / DAY));
}

/** "just now", "5 min ago". */
export function age(at: number, now: number): string {
  return now - at < MINUTE ? words.time.justNow : words.time.ago(span(now - at));
}

/** "ends in 2 h"; "ended" when it is past; "" when no end was told. */
export function remaining(until: number, now: number): string {
  return !until ? "" : until <= now ? words.time.over : words.time.endsIn(span(Math.max(MINUTE, until - now)));
}

/** "here", "about 400 m", "about 1.2 km": places are cells, so nothing finer would be true. */
export function away(metres: number): string {
  if (metres < 50) {
    return words.place.here;
  }
  return metres < 1000 ? words.place.about(`${Math.max(50, Math.round(metres / 50) * 50)} m`) : words.place.about(`${radius(metres)}`);
}

/** "400 m", "1.6 km". */
export function radius(metres: number): string {
  return metres < 1000 ? `${metres} m` : `${(metres / 1000).toFixed(metres % 1000 && metres < 10_000 ? 1 : 0)} km`;
}

/** "34.07° N, 118.03° W": as fine as a cell. */
export function coordinates(latitude: number, longitude: number): string {
  return `${Math.abs(latitude).toFixed(3)}° ${latitude < 0 ? "S" : "N"}, ${Math.abs(longitude).toFixed(3)}° ${longitude < 0 ? "W" : "E"}`;
}

/** "0.36 km²", "12 km²": to two digits; whole from 100 on. */
export function areaText(km2: number): string {
  return `${km2 >= 100 ? Math.round(km2).toLocaleString() : km2.toPrecision(2)} km²`;
}
