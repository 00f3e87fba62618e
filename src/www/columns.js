// columns - what tables of days and domains have in common: a number that is
// a link to the rows behind it, a share with a small bar, a day
import {h} from "./dom.js";
import {count, percent} from "./format.js";
import {hash} from "./router.js";
import {byNumber, byText} from "./table.js";

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
