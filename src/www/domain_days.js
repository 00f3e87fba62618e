// Domains day by day: what was counted, and what became of each day
import {badCount, checkFilter, dayFilters, failureRateColumn, failuresFilter,
  notJudgedFilter, searchFilter} from "./columns.js";
import {h} from "./dom.js";
import {count} from "./format.js";
import {createList} from "./list.js";
import {asciiOf, domainLink} from "./names.js";
import {hash} from "./router.js";
import {label, words} from "./words.js";

export const title = "Domains day by day";

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
        cell: (row) => badCount(row.totalFailedSessions)},
      failureRateColumn,
      {title: "Policies", num: true, cell: ({policyCount}) =>
        count(policyCount)},
      {title: "Outcome", class: "wide", cell: ({mark, reason}) =>
        [label("marks", mark), reason && h("div", {class: "small muted"}, reason)]},
    ],
    filters: [
      searchFilter("domain"), ...dayFilters,
      {name: "mark", label: "Outcome", kind: "select",
        options: words("marks").map((mark) => [mark, label("marks", mark)]),
        condition: (mark) => ({mark})},
      failuresFilter, notJudgedFilter,
      {name: "domain", label: "Only the domain", kind: "search", more: true,
        hint: "example.com", condition: (domain) =>
          ({domain: asciiOf(domain)})},
      checkFilter("late", "Failures counted too late", "hasLateFailures",
        {more: true}),
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
