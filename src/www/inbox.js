// Management > Reports > Inbox > TLS: what others report about us
import {badCount, checkFilter, dayFilters, failuresFilter, searchFilter,
  sessionsOf} from "./columns.js";
import {confirm} from "./dialog.js";
import {h} from "./dom.js";
import {count, plural, time} from "./format.js";
import {createList} from "./list.js";
import {asciiOf, nameOf} from "./names.js";
import {hash, join} from "./router.js";
import {label, words} from "./words.js";

export const title = "Inbox: TLS reports";
export const TYPE = "x:TlsExternalReport";
const MAY_DESTROY = "sysTlsExternalReportDestroy";

const QUIET = "chip chip-quiet";

/** Who vouches for it, and whether it is in the sums. */
export function trustOf({isAuthenticated, isCounted, ownPolicies,
  receivedBy}) {
  return [
    isAuthenticated ? h("span", {class: "chip chip-good"}, "authenticated")
      : h("span", {class: "chip chip-warn"}, receivedBy === "https"
        ? "by HTTPS, unauthenticated" : "unauthenticated"),
    !isCounted && [" ", h("span", {class: QUIET}, ownPolicies === 0
      ? "not about our domains" : "not counted")],
  ];
}

/** Asks first; true: they are gone, or some are. */
export async function destroy(ctx, ids) {
  if (!await confirm(`Delete ${plural(ids.length, "report")}?`,
    "What they say is taken out of the sums, too. Their senders do not send "
    + "them again.", {yes: "Delete", danger: true}))
    return false;
  try {
    const {done, refused} = await ctx.jmap.setMany(TYPE, ids, "destroy");
    const deed = `${plural(done.length, "report")} deleted`;

    ctx.say(refused.length === 0 ? `${deed}.` : `${deed}, `
      + `${refused.length} not: ${refused[0].error.description
        ?? refused[0].error.type}`, refused.length === 0 ? "good" : "bad");
  } catch (err) {
    ctx.fail(err);
  }
  return true;
}

export const actionsFor = (ctx) => ctx.may(MAY_DESTROY) ? [
  {label: "Delete…", danger: true, act: (ids) => destroy(ctx, ids)}] : [];

const columns = [
  {title: "Domain", head: true, sort: "domain", cell: ({id, domain}) =>
    h("a", {href: hash(join("inbox", id))},
      domain ? nameOf(domain) : "no domain")},
  {title: "Organization", class: "wide", sort: "organization",
    cell: ({organization, submitter}) => [organization ?? "–", submitter
      && h("div", {class: "small muted"}, submitter)]},
  {title: "Day (UTC)", sort: "day", cell: ({day}) => day},
  {title: "Received", sort: "receivedAt", cell: ({receivedAt}) =>
    time(receivedAt)},
  {title: "Sender", cell: trustOf},
  {title: "Sessions", num: true, sort: "sessions", cell: (report) =>
    count(sessionsOf(report))},
  {title: "Failures", num: true, sort: "failures", cell: (report) =>
    badCount(report.totalFailedSessions)},
];

const filters = [
  searchFilter("domain or organization"),
  {name: "result", label: "Result", kind: "select",
    options: words("results").map((one) => [one, label("results", one)]),
    condition: (result) => ({result})},
  ...dayFilters,
  failuresFilter,
  {name: "domain", label: "Domain", kind: "search", more: true,
    hint: "example.com", condition: (domain) => ({domain: asciiOf(domain)})},
  {name: "organization", label: "Organization", kind: "search", more: true,
    hint: "Google Inc.", condition: (organization) => ({organization})},
  {name: "sessions", label: "Sessions, at least", kind: "search", more: true,
    hint: "100", condition: (n) => ({minSessions: Number(n)})},
  {name: "authenticated", label: "Sender", kind: "select", more: true,
    options: [["true", "authenticated"], ["false", "unauthenticated"]],
    condition: (is) => ({isAuthenticated: is === "true"})},
  {name: "by", label: "Received", kind: "select", more: true,
    options: words("received_ways").map((one) =>
      [one, label("received_ways", one)]),
    condition: (receivedBy) => ({receivedBy})},
  checkFilter("counted", "Only what counts", "isCounted", {more: true}),
  checkFilter("odd", "Something was odd", "hasProblems", {more: true}),
];

export function create(ctx) {
  const list = createList(ctx, {
    path: "inbox",
    type: TYPE,
    properties: ["id", "domain", "organization", "submitter", "day",
      "receivedAt", "receivedBy", "isAuthenticated", "isCounted",
      "ownPolicies", "totalSuccessfulSessions", "totalFailedSessions"],
    what: ["report", "reports"],
    sort: "-receivedAt",
    columns,
    filters,
    actions: actionsFor(ctx),
    empty: "No report has been received. See tlstally receive in tlstally(1) "
      + "for how they come in.",
  });

  return {
    element: h("div", {}, h("h1", {}, "TLS reports from others"),
      list.element),
    update: list.update,
    refresh: list.refresh,
  };
}
