// Domains: one row per domain for a period: is it well, since when is it not,
// why, and whose fault does it look like
import {share} from "./columns.js";
import {dayAfter} from "./days.js";
import {h} from "./dom.js";
import {count, plural} from "./format.js";
import {createList} from "./list.js";
import {asciiOf, domainLink, nameOf} from "./names.js";
import {hash} from "./router.js";
import {chip, label, words} from "./words.js";

export const title = "Domains";

const sessions = (row) => row.totalSuccessfulSessions
  + row.totalFailedSessions;

const daysOfRow = (row) => ({from: row.firstDay, to: row.lastDay});

function faultWords({fault, failingWith, failingAt}) {
  return fault && fault !== "none" && h("div", {class: "small muted"},
    chip("faults", fault), failingWith > 1
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
        h("a", {href: hash("days", {...daysOfRow(row), text: row.domain})},
          count(sessions(row)))},
      {title: "Failed", num: true, sort: "totalFailedSessions",
        cell: (row) => row.totalFailedSessions > 0
          ? h("a", {class: "bad", href: hash("days", {...daysOfRow(row),
            text: row.domain, failures: "1"})},
          count(row.totalFailedSessions)) : h("span", {class: "muted"}, "0")},
      {title: "Failure rate", num: true, cell: (row) =>
        share(row.totalFailedSessions, sessions(row))},
      {title: "Fails", sort: "failingSince", cell: since},
      {title: "Most of its failures", class: "wide", cell: (row) =>
        row.mainResult && [label("results", row.mainResult), faultWords(row)]},
      {title: "Without TLS", num: true, cell: ({clearSessions}) =>
        h("span", {class: clearSessions > 0 ? "bad" : "muted"},
          count(clearSessions))},
      {title: "Policies", cell: ({policyTypes}) =>
        policyTypes.map((type) => label("policies", type)).join(", ")},
    ],
    filters: [
      {name: "text", label: "Search", kind: "search", hint: "domain",
        condition: (text) => ({text: asciiOf(text)})},
      {name: "from", label: "From (UTC)", kind: "day",
        condition: (day) => ({dayAfter: day})},
      {name: "to", label: "To (UTC)", kind: "day",
        condition: (day) => ({dayBefore: dayAfter(day)})},
      {name: "result", label: "Most of its failures", kind: "select",
        options: options("results"), condition: (result) => ({result})},
      {name: "policy", label: "Policy", kind: "select",
        options: options("policies"),
        condition: (policyType) => ({policyType})},
      {name: "failures", label: "Only with failures", kind: "check",
        condition: () => ({hasFailures: true})},
      {name: "fault", label: "It looks like", kind: "select", more: true,
        options: options("faults"), condition: (fault) => ({fault})},
      {name: "clear", label: "Reached without TLS", kind: "check",
        more: true, condition: () => ({hasClear: true})},
      {name: "notJudged", label: "Sessions not judged",
        kind: "check", more: true, condition: () => ({hasNotJudged: true})},
    ],
    empty: "Nothing was counted in the last 30 days.",
  });

  return {
    element: h("div", {}, h("h1", {}, "Domains"),
      h("p", {class: "small"}, "One row per domain for the days chosen, the "
        + "last 30 if none are. ",
      h("a", {href: hash("days")}, "Day by day")), list.element),
    update: list.update,
    refresh: (types) => types.has("tally:Domain")
      && list.refresh(new Set(["tally:DomainPeriod"])),
  };
}
