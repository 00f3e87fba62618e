// Domains day by day: what was counted, and what became of each day
import {dayAfter} from "./days.js";
import {h} from "./dom.js";
import {count} from "./format.js";
import {share} from "./columns.js";
import {createList} from "./list.js";
import {asciiOf, domainLink} from "./names.js";
import {hash} from "./router.js";
import {label, words} from "./words.js";

export const title = "Domains day by day";

const sessions = (row) => row.totalSuccessfulSessions
  + row.totalFailedSessions;

export function create(ctx) {
  const list = createList(ctx, {
    path: "days",
    type: "tally:Domain",
    properties: ["id", "day", "domain", "totalSuccessfulSessions",
      "totalFailedSessions", "policyCount", "mark", "reason"],
    what: ["day of a domain", "days of domains"],
    sort: "-day",
    columns: [
      {title: "Domain", head: true, sort: "domain", cell: ({domain, day}) =>
        domainLink(domain, {from: day, to: day})},
      {title: "Day (UTC)", sort: "day", cell: ({day}) => day},
      {title: "Successful", num: true, sort: "totalSuccessfulSessions",
        cell: (row) => count(row.totalSuccessfulSessions)},
      {title: "Failed", num: true, sort: "totalFailedSessions",
        cell: (row) => h("span",
          {class: row.totalFailedSessions > 0 ? "bad" : "muted"},
          count(row.totalFailedSessions))},
      {title: "Failure rate", num: true, cell: (row) =>
        share(row.totalFailedSessions, sessions(row))},
      {title: "Policies", num: true, cell: ({policyCount}) =>
        count(policyCount)},
      {title: "Outcome", class: "wide", cell: ({mark, reason}) =>
        [label("marks", mark), reason && h("div", {class: "small muted"}, reason)]},
    ],
    filters: [
      {name: "text", label: "Search", kind: "search", hint: "domain",
        condition: (text) => ({text: asciiOf(text)})},
      {name: "from", label: "From (UTC)", kind: "day",
        condition: (day) => ({dayAfter: day})},
      {name: "to", label: "To (UTC)", kind: "day",
        condition: (day) => ({dayBefore: dayAfter(day)})},
      {name: "mark", label: "Outcome", kind: "select",
        options: words("marks").map((mark) => [mark, label("marks", mark)]),
        condition: (mark) => ({mark})},
      {name: "failures", label: "Only with failures", kind: "check",
        condition: () => ({hasFailures: true})},
      {name: "notJudged", label: "Sessions not judged",
        kind: "check", more: true, condition: () => ({hasNotJudged: true})},
      {name: "late", label: "Failures counted too late",
        kind: "check", more: true, condition: () => ({hasLateFailures: true})},
    ],
    empty: "Nothing has been counted yet.",
  });

  return {
    element: h("div", {}, h("h1", {}, "Domains day by day"),
      h("p", {class: "small"}, h("a", {href: hash("domains")},
        "One row per domain")), list.element),
    update: list.update,
    refresh: list.refresh,
  };
}
