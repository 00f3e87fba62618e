// days - a range of UTC days, and where it stands in the address
//
//     #/overview?from=2026-03-01&to=2026-03-30
//
// Without both it is the last DAYS days, today included.
import {button, field, fill, h} from "./dom.js";

const DAYS = 30;
const MOST = 400;
const DAY_MS = 24 * 3600 * 1000;
const CHOICES = [7, 30, 90];
const FORM = /^\d{4}-\d{2}-\d{2}$/;

function read(text) {
  const time = FORM.test(text ?? "") ? Date.parse(`${text}T00:00:00Z`) : NaN;

  return Number.isNaN(time) ? null : time;
}

const write = (time) => new Date(time).toISOString().slice(0, 10);

export function today() {
  return write(Date.now());
}

function lastDays(n) {
  const to = read(today());
  return {from: write(to - (n - 1) * DAY_MS), to: write(to)};
}

/** {from, to}; error: words, when the address names no range. */
export function rangeOf(query) {
  const [a, b] = [query.get("from"), query.get("to")];
  const [from, to] = [read(a), read(b)];

  if (!a && !b)
    return lastDays(DAYS);
  if (from === null || to === null)
    return {...lastDays(DAYS), error: "A day must be written like 2026-03-01."};
  if (from > to)
    return {from: a, to: b, error: "The first day is after the last day."};
  if ((to - from) / DAY_MS >= MOST)
    return {from: a, to: b, error: `At most ${MOST} days can be shown.`};
  return {from: a, to: b};
}

/** "2026-03-01" to "2026-03-03": each of them. */
export function daysOf({from, to}) {
  const days = [];

  for (let time = read(from); time <= read(to); time += DAY_MS)
    days.push(write(time));
  return days;
}

/** The day after, for filters that end before a day. */
export function dayAfter(day) {
  const time = read(day);
  return time === null ? day : write(time + DAY_MS);
}

/** The selector: {element, sync(range)}; change({from, to}) goes there. */
export function rangeForm(change) {
  const input = () => h("input", {type: "date", required: true});
  const from = input();
  const to = input();
  const said = h("p", {class: "error", role: "alert"});
  const go = () => from.value && to.value
    && change({from: from.value, to: to.value});
  const choices = CHOICES.map((n) => button(`${n} days`, () =>
    change(lastDays(n))));

  from.addEventListener("change", go);
  to.addEventListener("change", go);
  return {
    element: h("form", {on: {submit: (event) => event.preventDefault()},
      "aria-label": "Days"},
    h("div", {class: "filters"}, field("From (UTC)", from),
      field("To (UTC)", to),
      h("div", {class: "choices", role: "group", "aria-label": "The last"},
        choices)), said),
    sync: (range) => {
      from.value = range.from;
      to.value = range.to;
      fill(said, range.error);
      CHOICES.forEach((n, i) => {
        const last = lastDays(n);
        choices[i].setAttribute("aria-pressed",
          String(last.from === range.from && last.to === range.to));
      });
    },
  };
}
