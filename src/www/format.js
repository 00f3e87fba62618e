// format - numbers, times and names as they are shown
import {h} from "./dom.js";

const numbers = new Intl.NumberFormat("en");

export function count(value) {
  return value === null || value === undefined ? "–" : numbers.format(value);
}

/** "1 report", "3 reports" */
export function plural(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** A share as "0.3 %"; never 0 or 100 unless it is. */
export function percent(part, whole) {
  if (!whole)
    return "–";
  const share = 100 * part / whole;

  if (share > 0 && share < 0.1)
    return "< 0.1 %";
  if (share < 100 && share > 99.9)
    return "> 99.9 %";
  return `${share.toFixed(share === 0 || share === 100 ? 0 : 1)} %`;
}

/** "2026-03-01T10:00:00Z" as "2026-03-01 10:00", UTC; the reader's own time
 * when the pointer rests on it. */
export function time(text, {seconds = false} = {}) {
  if (!text)
    return h("span", {class: "muted"}, "–");
  const date = new Date(text);

  if (Number.isNaN(date.getTime()))
    return h("span", {}, text);
  const iso = date.toISOString();
  return h("time", {
    datetime: iso,
    title: `${date.toLocaleString()} (your time)`,
  }, `${iso.slice(0, 10)} ${iso.slice(11, seconds ? 19 : 16)}`);
}

/** For a field of type datetime-local, which here always means UTC. */
export function toField(text) {
  return text ? new Date(text).toISOString().slice(0, 19) : "";
}

/** And back; null when the field is empty or no time. */
export function fromField(value) {
  if (!value)
    return null;
  const date = new Date(`${value}Z`);
  return Number.isNaN(date.getTime()) ? null : utc(date);
}

/** A Date as the API takes it, without fractions of a second. */
export function utc(date) {
  return `${date.toISOString().slice(0, 19)}Z`;
}

export function bytes(n) {
  if (n < 1024)
    return plural(n, "byte");
  return n < 1024 * 1024 ? `${(n / 1024).toFixed(1)} KiB`
    : `${(n / 1024 / 1024).toFixed(1)} MiB`;
}
