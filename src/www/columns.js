// columns - what tables and lists of days and domains have in common: a number
// that is a link to the rows behind it, a share with a small bar, a day, the
// filters of both
import {dayAfter} from "./days.js";
import {h} from "./dom.js";
import {count, percent} from "./format.js";
import {asciiOf} from "./names.js";
import {hash} from "./router.js";
import {byNumber, byText} from "./table.js";

/** What is bad unless it is 0; to: the address of what it counts. */
export function badCount(n, to) {
  const tone = n > 0 ? "bad" : "muted";

  return n > 0 && to ? h("a", {href: to, class: tone}, count(n))
    : h("span", {class: tone}, count(n));
}

/** A number; link(row): the address of what it counts. */
export const numberColumn = (name, of, {link, bad = false, ...more} = {}) => ({
  title: name, num: true, compare: byNumber(of), cell: (row) => {
    const n = of(row);
    const tone = bad && n > 0 ? "bad" : null;

    return n > 0 && link ? h("a", {href: link(row), class: tone}, count(n))
      : h("span", {class: tone}, count(n));
  }, ...more});

/** The words say it; the bar beside them is for the eye alone. */
export function share(part, whole) {
  return [h("span", {class: "share"}, percent(part, whole)), whole > 0
    && h("meter", {"aria-hidden": "true", min: "0", max: String(whole),
      value: String(part)})];
}

export const shareColumn = (name, part, whole) => ({title: name, num: true,
  compare: byNumber((row) => whole(row) > 0 ? part(row) / whole(row) : -1),
  cell: (row) => share(part(row), whole(row))});

/** What was counted on that day. */
export const dayLink = (day, query) =>
  hash("domains", {from: day, to: day, ...query});

export const dayColumn = {title: "Day (UTC)", head: true,
  compare: byText(({day}) => day), cell: ({day, gap}) => [
    h("a", {href: dayLink(day)}, day),
    gap && h("div", {class: "small muted plain"}, gap)]};

/** Why there is nothing of a day, or null. */
export function gapOf({day, domains, withoutDomain}, {firstCountedDay}) {
  if (domains + (withoutDomain ?? 0) > 0)
    return null;
  if (!firstCountedDay || day > new Date().toISOString().slice(0, 10))
    return "not counted";
  return day < firstCountedDay ? "not kept, or before the first day"
    : "nothing was counted";
}

// --- of lists ---

/** Sessions of an object of the API that has sums. */
export const sessionsOf = (row) => row.totalSuccessfulSessions
  + row.totalFailedSessions;

export const failureRateColumn = {title: "Failure rate", num: true,
  cell: (row) => share(row.totalFailedSessions, sessionsOf(row))};

export const searchFilter = (hint) => ({name: "text", label: "Search",
  kind: "search", hint, condition: (text) => ({text: asciiOf(text)})});

export const dayFilters = [
  {name: "from", label: "From (UTC)", kind: "day",
    condition: (day) => ({dayAfter: day})},
  {name: "to", label: "To (UTC)", kind: "day",
    condition: (day) => ({dayBefore: dayAfter(day)})},
];

export const checkFilter = (name, label, property, more = {}) => ({name, label,
  kind: "check", condition: () => ({[property]: true}), ...more});

export const failuresFilter = checkFilter("failures", "Only with failures",
  "hasFailures");
export const notJudgedFilter = checkFilter("notJudged", "Sessions not judged",
  "hasNotJudged", {more: true});
