// Domain: all of one domain over time, and what it publishes now
//
// What its DNS says is asked by the server when this page asks the server, and
// that may take a while: lookup.js.
import {gapOf, sessionsOf, shareColumn} from "./columns.js";
import {dayAfter, daysOf, rangeForm, rangeOf} from "./days.js";
import {fill, h} from "./dom.js";
import {count, percent, plural, time} from "./format.js";
import {load} from "./load.js";
import {lookupPart} from "./lookup.js";
import {nameOf} from "./names.js";
import {picture} from "./picture.js";
import {failureTable, policyCards} from "./report_parts.js";
import {hash, join} from "./router.js";
import {byNumber, byText, cutList, sortableTable} from "./table.js";
import {chip, copyMark, label} from "./words.js";

export const title = "Domain";

const RECORDS = 20; // that are shown at once

const num = (name, of) => ({title: name, num: true, compare: byNumber(of),
  cell: (row) => count(of(row))});

// --- what we saw ---

function daysTable(days) {
  const columns = [
    {title: "Day (UTC)", head: true, compare: byText(({day}) => day),
      cell: ({id, day, gap}) => [id ? h("a", {href: hash(join("preview", id))},
        day) : day, gap && h("div", {class: "small muted plain"}, gap)]},
    num("Successful", (day) => day.totalSuccessfulSessions),
    num("Failed", (day) => day.totalFailedSessions),
    shareColumn("Failure rate", (day) => day.totalFailedSessions, sessionsOf),
    num("Not judged", (day) => day.notJudgedSessions),
    num("Too late", (day) => day.lateSuccessfulSessions
      + day.lateFailedSessions),
    {title: "Outcome", class: "wide",
      compare: byText(({mark}) => label("marks", mark)),
      cell: ({mark, reason}) => [mark && label("marks", mark),
        reason && h("div", {class: "small muted"}, reason)]},
  ];

  return sortableTable({caption: "Days", columns, rows: days,
    sort: {column: columns[0], descending: true}});
}

// Every day of the range has its place, also one without a session.
function everyDay(days, range, overview) {
  const counted = new Map(days.map((day) => [day.day, day]));
  const ofAll = new Map(overview.days.map((day) => [day.day, day]));

  return daysOf(range).map((day) => counted.get(day) ?? {
    day, totalSuccessfulSessions: 0, totalFailedSessions: 0,
    notJudgedSessions: 0, lateSuccessfulSessions: 0, lateFailedSessions: 0,
    gap: ofAll.has(day) && gapOf(ofAll.get(day), overview)});
}

function daysPicture(rows, signal) {
  return picture({
    title: "Sessions per day",
    what: "stacked bars of successful and failed sessions",
    labels: rows.map(({day}) => day),
    bands: rows.map(({gap}) => Boolean(gap)),
    links: (_, i) => rows[i].id && hash(join("preview", rows[i].id)),
    series: [
      {name: "successful", color: "--series-1",
        values: rows.map((day) => day.totalSuccessfulSessions)},
      {name: "failed", color: "--series-2", hatch: true,
        values: rows.map((day) => day.totalFailedSessions)},
    ],
    open: true,
    note: "Select a date to see the report of that day.",
    table: daysTable(rows),
  }, signal);
}

// Each record once, the latest first; days are sorted that way.
function recordsSeen(days) {
  const seenOn = new Map();

  for (const {day, record} of days)
    seenOn.set(record, [...seenOn.get(record) ?? [], day]);
  return [...seenOn];
}

const recordList = (records) => h("dl", {class: "facts"},
  records.map(([record, on]) => [
    h("dt", {}, on.length === 1 ? on[0] : `${on.at(-1)} to ${on[0]}`),
    h("dd", {}, record ? h("span", {class: "mono"}, record) : "none")]));

// The same thing on several days is one thing.
function merge(list, keyOf, add) {
  const merged = new Map();

  for (const one of list) {
    const key = JSON.stringify(keyOf(one));
    const before = merged.get(key);
    if (before)
      add(before, one);
    else
      merged.set(key, structuredClone(one));
  }
  return [...merged.values()];
}

const mergeDetails = (details) => merge(details,
  ({failedSessionCount, ...rest}) => rest,
  (to, one) => {
    to.failedSessionCount += one.failedSessionCount;
  });

function mergePolicies(days) {
  const policies = merge(days.flatMap(({policies: list}) => list),
    (one) => [one.policyType, one.policyDomain, one.policyStrings, one.mxHosts],
    (to, one) => {
      to.totalSuccessfulSessions += one.totalSuccessfulSessions;
      to.totalFailedSessions += one.totalFailedSessions;
      to.failureDetails.push(...one.failureDetails);
    });

  for (const policy of policies)
    policy.failureDetails = mergeDetails(policy.failureDetails);
  return policies.sort((a, b) => b.totalFailedSessions - a.totalFailedSessions);
}

function seen(days, range, overview, signal) {
  if (days.length === 0)
    return h("div", {class: "empty"},
      h("p", {}, "No session with this domain was counted on these days."));
  const failed = days.reduce((n, day) => n + day.totalFailedSessions, 0);
  const all = days.reduce((n, day) => n + sessionsOf(day), 0);
  const details = mergeDetails(days.flatMap(({policies}) =>
    policies.flatMap(({failureDetails}) => failureDetails)));
  const folded = days.reduce((n, day) => n + day.foldedFailures, 0);

  return [
    h("p", {}, plural(all, "session"), " on ", plural(days.length, "day"),
      ", ", h("span", {class: failed > 0 ? "bad" : null},
        `${count(failed)} failed, ${percent(failed, all)}`), "."),
    daysPicture(everyDay(days, range, overview), signal),
    h("h2", {}, "Failures"),
    details.length > 0 ? failureTable(details, "Failures of all policies")
      : h("p", {class: "muted"}, "None on these days."),
    folded > 0 && h("p", {class: "small"}, `${plural(folded, "failure")} of `
      + "these are counted with fewer details: a day had more different ones "
      + "than are kept (max_details)."),
    h("h2", {}, "TLSRPT records seen"),
    cutList(recordsSeen(days), RECORDS, recordList),
    h("h2", {}, "Policies applied"),
    policyCards(mergePolicies(days)),
  ];
}

// --- what we sent ---

const reportColumns = [
  {title: "Day (UTC)", head: true, compare: byText(({day}) => day),
    cell: ({day, id, where}) => where
      ? h("a", {href: hash(join(where, id))}, day) : day},
  {title: "Status", compare: byText(({status}) => status),
    cell: ({status}) => chip("statuses", status)},
  {title: "Settled", compare: byText(({doneAt}) => doneAt),
    cell: ({doneAt}) => time(doneAt)},
  {title: "Destinations", class: "wide",
    compare: byText(({destinations}) => destinations[0]?.uri),
    cell: ({destinations}) => destinations.map(({uri, state, lastAnswer, copy}) =>
      h("div", {}, chip("states", state), " ", uri, copyMark({copy}),
        lastAnswer && h("div", {class: "small muted"}, lastAnswer)))},
];

async function fetchReports(ctx, days, signal) {
  const ids = days.map(({reportObjectId}) => reportObjectId).filter(Boolean);
  const get = async (type, where) => {
    const got = await ctx.jmap.one(`${type}/get`, {ids, properties: ["id",
      "day", "status", "doneAt", "destinations"]}, {signal});
    return got.list.map((report) => ({...report, where}));
  };

  if (ids.length === 0)
    return [];
  return [...await get("tally:SentReport", "sent"),
    ...ctx.may("sysTlsInternalReportGet")
      ? await get("x:TlsInternalReport", "outbox") : []];
}

function sent(reports) {
  return reports.length === 0
    ? h("p", {class: "muted"}, "No reports for these days.")
    : sortableTable({caption: "Reports", columns: reportColumns, rows: reports,
      sort: {column: reportColumns[0], descending: true}});
}

// --- the page ---

const properties = ["id", "day", "domain", "totalSuccessfulSessions",
  "totalFailedSessions", "notJudgedSessions", "lateSuccessfulSessions",
  "lateFailedSessions",
  "foldedFailures", "mark", "reason", "record", "reportObjectId", "policies"];

export function create(ctx) {
  const {name} = ctx.route.args;
  const form = rangeForm(({from, to}) =>
    ctx.go(join("domain", name), {from, to}));
  const saw = h("div", {});
  const went = h("div", {});
  let showing = null;

  async function fetchDays(range, signal) {
    const got = await ctx.jmap.list("tally:Domain", {
      filter: {domain: name, dayAfter: range.from,
        dayBefore: dayAfter(range.to)},
      sort: [{property: "day", isAscending: false}],
    }, properties, {signal});
    return got.objects;
  }

  async function fetchOverview({from, to}, signal) {
    const got = await ctx.jmap.one("tally:Overview/get",
      {ids: [`d${from}_${to}`], properties: ["days", "firstCountedDay"]},
      {signal});
    return got.list[0];
  }

  function update(route) {
    const range = rangeOf(route.query);

    document.title = `${name} – tlstally`;
    form.sync(range);
    showing?.abort();
    const {signal} = showing = new AbortController();
    if (range.error) {
      fill(went);
      return fill(saw, h("div", {class: "empty"}, h("p", {}, range.error)));
    }
    const days = fetchDays(range, signal);
    load(ctx, went, "The reports", async () =>
      sent(await fetchReports(ctx, await days, signal)), signal);
    return load(ctx, saw, "The sessions", async () =>
      seen(await days, range, await fetchOverview(range, signal), signal),
    signal);
  }

  return {
    element: h("div", {}, h("h1", {}, nameOf(name)),
      lookupPart(ctx, name),
      h("h2", {}, "Sessions"), form.element, saw,
      h("h2", {}, "Reports"), went),
    update,
    close: () => showing?.abort(),
  };
}
