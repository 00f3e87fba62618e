// Domains: one row per domain for a period: is it well, since when is it not,
// why, and whose fault does it look like
import {badCount, checkFilter, dayFilters, failureRateColumn, failuresFilter,
  notJudgedFilter, searchFilter, sessionsOf} from "./columns.js";
import {h} from "./dom.js";
import {count, plural} from "./format.js";
import {createList} from "./list.js";
import {domainLink, nameOf} from "./names.js";
import {hash} from "./router.js";
import {chip, label, words} from "./words.js";

export const title = "Domains";

const daysOfRow = (row) => ({from: row.firstDay, to: row.lastDay});

function faultWords({fault, failingWith, failingAt}) {
  return fault && fault !== "none" && h("div", {class: "small muted"},
    "cause: ", chip("faults", fault), failingWith > 1
      && [` ${plural(failingWith, "domain")} failed like it on one day`,
        failingAt && [", most at ", nameOf(failingAt)]]);
}

function since({failingSince, lastFailedDay, failingDays}) {
  return lastFailedDay && [failingSince
    ? h("span", {class: "bad"}, `since ${failingSince}`)
    : `until ${lastFailedDay}`,
  h("div", {class: "small muted"}, plural(failingDays, "day"))];
}

const options = (of) => words(of).map((word) => [word, label(of, word)]);

export function create(ctx) {
  const list = createList(ctx, {
    path: "domains",
    type: "tally:DomainPeriod",
    properties: ["id", "domain", "firstDay", "lastDay", "countedDays",
      "totalSuccessfulSessions", "totalFailedSessions", "notJudgedSessions",
      "clearSessions", "failingDays", "failingSince", "lastFailedDay",
      "mainResult", "policyTypes", "fault", "failingWith", "failingAt",
      "record"],
    what: ["domain", "domains"],
    sort: "-totalFailedSessions",
    columns: [
      {title: "Domain", head: true, sort: "domain", cell: (row) => [
        domainLink(row.domain, daysOfRow(row)),
        h("div", {class: "small muted plain mono"},
          row.record ?? "no TLSRPT record")]},
      {title: "Sessions", num: true, sort: "totalSessions", cell: (row) =>
        h("a", {href: hash("days", {...daysOfRow(row), domain: row.domain})},
          count(sessionsOf(row)))},
      {title: "Failed", num: true, sort: "totalFailedSessions", cell: (row) =>
        badCount(row.totalFailedSessions, hash("days", {...daysOfRow(row),
          domain: row.domain, failures: "1"}))},
      failureRateColumn,
      {title: "Failing", class: "whole", sort: "failingSince", cell: since},
      {title: "Main failure", class: "wide", cell: (row) =>
        row.mainResult && [label("results", row.mainResult), faultWords(row)]},
      {title: "Without TLS", num: true, cell: ({clearSessions}) =>
        badCount(clearSessions)},
      {title: "Policies", class: "whole", cell: ({policyTypes}) =>
        policyTypes.map((type) => h("div", {}, label("policies", type)))},
    ],
    filters: [
      searchFilter("domain"), ...dayFilters,
      {name: "result", label: "Failed with", kind: "select",
        options: options("results"), condition: (result) => ({result})},
      {name: "policy", label: "Policy", kind: "select",
        options: options("policies"),
        condition: (policyType) => ({policyType})},
      failuresFilter,
      {name: "fault", label: "Cause", kind: "select", more: true,
        options: options("faults"), condition: (fault) => ({fault})},
      checkFilter("clear", "Reached without TLS", "hasClear", {more: true}),
      notJudgedFilter,
    ],
    empty: "Nothing was counted in the last 30 days.",
  });

  return {
    element: h("div", {}, h("h1", {}, "Domains"),
      h("p", {class: "small"}, "One row per domain. If no days are chosen, the "
        + "last 30 days are shown. ",
      h("a", {href: hash("days")}, "Day by day")), list.element),
    update: list.update,
    refresh: (types) => types.has("tally:Domain")
      && list.refresh(new Set(["tally:DomainPeriod"])),
  };
}
