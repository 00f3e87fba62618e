// Overview: sessions and reports of some days over all domains, and whether
// everything is counted that should be
import {rangeForm, rangeOf, daysOf} from "./days.js";
import {fill, h} from "./dom.js";
import {statusOf, statusProperties} from "./feeds.js";
import {count, percent, plural, time} from "./format.js";
import {load} from "./load.js";
import {picture} from "./picture.js";
import {hash, join} from "./router.js";
import {byNumber, byText, sortableTable} from "./table.js";
import {label, sentence, words} from "./words.js";

export const title = "Overview";

const num = (name, of, more) => ({title: name, num: true, compare: byNumber(of),
  cell: (row) => count(of(row)), ...more});
const dayColumn = {title: "Day (UTC)", head: true,
  compare: byText(({day}) => day), cell: ({day}) => day};

const sum = (list, of) => list.reduce((all, one) => all + of(one), 0);
const refusedOf = ({reports}) =>
  reports.failed + reports.expired + reports.bounced;

// --- the pictures ---

function sessionsPicture(days, signal) {
  return picture({
    title: "Sessions per day",
    what: "stacked bars of successful and failed sessions",
    labels: days.map(({day}) => day),
    series: [
      {name: "successful", color: "--series-1",
        values: days.map((day) => day.successfulSessions)},
      {name: "failed", color: "--series-2", hatch: true,
        values: days.map((day) => day.failedSessions)},
    ],
    table: sortableTable({
      caption: "Sessions per day", rows: days,
      columns: [dayColumn,
        num("Successful", (day) => day.successfulSessions),
        num("Failed", (day) => day.failedSessions),
        {title: "Failure rate", num: true,
          compare: byNumber((day) => shareOf(day) ?? -1),
          cell: (day) => percent(day.failedSessions, sessionsOf(day))},
        num("Not judged", (day) => day.notJudgedSessions),
        num("Too late for the report", (day) =>
          day.lateSuccessfulSessions + day.lateFailedSessions),
        num("Domains", (day) => day.domains),
        num("Domains with failures", (day) => day.failingDomains)],
    }),
  }, signal);
}

const sessionsOf = (day) => day.successfulSessions + day.failedSessions;
const shareOf = (day) => sessionsOf(day) === 0 ? null
  : 100 * day.failedSessions / sessionsOf(day);

function sharePicture(days, signal) {
  return picture({
    title: "Failure rate",
    what: "bars of the percentage of sessions that failed, by day",
    labels: days.map(({day}) => day),
    unit: "%",
    series: [{name: "failed", color: "--series-2", hatch: true,
      values: days.map((day) => {
        const share = shareOf(day);
        return share === null ? 0 : Number(share.toFixed(3));
      })}],
    table: sortableTable({
      caption: "Failure rate", rows: days,
      columns: [dayColumn,
        num("Sessions", sessionsOf),
        num("Failed", (day) => day.failedSessions),
        {title: "Failure rate", num: true,
          compare: byNumber((day) => shareOf(day) ?? -1),
          cell: (day) => percent(day.failedSessions, sessionsOf(day))}],
    }),
  }, signal);
}

function policyPicture(days, signal) {
  const rows = words("policies").map((type) => ({
    type,
    success: sum(days, (day) => day.policyTypes[type]?.successfulSessions ?? 0),
    failure: sum(days, (day) => day.policyTypes[type]?.failedSessions ?? 0),
  })).filter((row) => row.success + row.failure > 0);

  return rows.length > 0 && picture({
    title: "By policy type",
    what: "bars of successful and failed sessions for each type of policy",
    note: "A session counts with each policy that applied to it.",
    flat: true,
    labels: rows.map(({type}) => label("policies", type)),
    series: [
      {name: "successful", color: "--series-1",
        values: rows.map(({success}) => success)},
      {name: "failed", color: "--series-2", hatch: true,
        values: rows.map(({failure}) => failure)},
    ],
    table: sortableTable({
      caption: "Sessions by policy type", rows,
      columns: [
        {title: "Policy", head: true, compare: byText(({type}) => type),
          cell: ({type}) => label("policies", type)},
        num("Successful", ({success}) => success),
        num("Failed", ({failure}) => failure),
        {title: "Failure rate", num: true,
          compare: byNumber((row) => row.failure / (row.success + row.failure)),
          cell: (row) => percent(row.failure, row.success + row.failure)}],
    }),
  }, signal);
}

function resultPicture(days, signal) {
  const rows = words("results").map((type) => ({
    type, failed: sum(days, (day) => day.resultTypes[type] ?? 0),
  })).filter(({failed}) => failed > 0).sort((a, b) => b.failed - a.failed);
  const columns = [
    {title: "Result", head: true, compare: byText(({type}) => label("results", type)),
      cell: ({type}) => [label("results", type),
        h("div", {class: "small muted plain"}, sentence("results", type))]},
    num("Failed sessions", ({failed}) => failed)];

  return rows.length > 0 && picture({
    title: "By result type",
    what: "bars of failed sessions for each kind of failure",
    flat: true,
    labels: rows.map(({type}) => label("results", type)),
    series: [{name: "failed sessions", color: "--series-2", hatch: true,
      values: rows.map(({failed}) => failed)}],
    table: sortableTable({caption: "Failed sessions by result type", columns,
      rows, sort: {column: columns[1], descending: true}}),
  }, signal);
}

function reportsPicture(days, signal) {
  const settled = days.filter(({reports}) => reports.settled > 0);

  return settled.length > 0 && picture({
    title: "Reports sent and refused",
    what: "stacked bars, by day, of destinations that accepted a report and of "
      + "those that did not",
    note: "Destinations of the reports that were settled on that day.",
    labels: days.map(({day}) => day),
    series: [
      {name: "delivered", color: "--series-3",
        values: days.map(({reports}) => reports.delivered)},
      {name: "refused or given up", color: "--series-2", hatch: true,
        values: days.map(refusedOf)},
      {name: "suppressed", color: "--series-6",
        values: days.map(({reports}) => reports.suppressed)},
    ],
    table: sortableTable({
      caption: "Reports sent and refused", rows: days,
      columns: [dayColumn,
        num("Reports", ({reports}) => reports.settled),
        num("Delivered", ({reports}) => reports.delivered),
        num("Refused", ({reports}) => reports.failed),
        num("Given up", ({reports}) => reports.expired),
        num("Bounced", ({reports}) => reports.bounced),
        num("Suppressed", ({reports}) => reports.suppressed)],
    }),
  }, signal);
}

// --- tables of their own ---

function worstTable(list) {
  if (list.length === 0)
    return h("p", {class: "muted"}, "No session failed on these days.");
  const columns = [
    {title: "Domain", head: true, compare: byText(({domain}) => domain),
      cell: ({domain}) => h("a", {href: hash(join("domain", domain))},
        domain)},
    num("Failed", (row) => row.failedSessions),
    num("Sessions", sessionsOf),
    {title: "Failure rate", num: true, compare: byNumber(shareOf),
      cell: (row) => percent(row.failedSessions, sessionsOf(row))}];

  return sortableTable({caption: "Domains with most failures", columns, rows: list,
    sort: {column: columns[1], descending: true}});
}

function marksTable(days) {
  const marks = {};

  for (const day of days)
    for (const [mark, n] of Object.entries(day.marks))
      marks[mark] = (marks[mark] ?? 0) + n;
  const rows = Object.entries(marks).map(([mark, n]) => ({mark, n}));
  const columns = [
    {title: "Outcome", head: true,
      compare: byText(({mark}) => label("marks", mark)),
      cell: ({mark}) => label("marks", mark)},
    num("Number", ({n}) => n)];

  return rows.length > 0 && [h("h2", {}, "Outcomes"),
    sortableTable({caption: "Outcomes of the domains' days", columns, rows,
      sort: {column: columns[1], descending: true}})];
}

function figure(value, what, kind) {
  return h("div", {class: "figure"},
    h("span", {class: kind ? `value ${kind}` : "value"}, value),
    h("span", {class: "what"}, what));
}

function figures(days) {
  const all = sum(days, sessionsOf);
  const failed = sum(days, (day) => day.failedSessions);
  const refused = sum(days, refusedOf);

  return h("div", {class: "figures"},
    figure(count(all), "sessions"),
    figure(count(failed), `failed, ${percent(failed, all)}`,
      failed > 0 ? "bad" : null),
    figure(count(Math.max(0, ...days.map((day) => day.domains))),
      "domains on the busiest day"),
    figure(count(sum(days, ({reports}) => reports.delivered)),
      "reports delivered"),
    figure(count(refused), "refused or given up", refused > 0 ? "bad" : null));
}

function showDays(overview, signal) {
  const {days} = overview;

  if (sum(days, ({domains}) => domains) === 0
      && sum(days, ({reports}) => reports.settled) === 0)
    return h("div", {class: "empty"},
      h("p", {}, "Nothing was counted on these days."));
  const oldest = days.filter(({domains}) => domains > 0)
    .map(({summedAt}) => summedAt).sort().at(-1);

  return [
    figures(days),
    h("div", {class: "pictures"}, sessionsPicture(days, signal),
      sharePicture(days, signal), policyPicture(days, signal),
      resultPicture(days, signal), reportsPicture(days, signal)),
    h("h2", {}, "Domains with most failures"),
    worstTable(overview.worstDomains),
    marksTable(days),
    oldest && h("p", {class: "small muted"}, "Totals as of ",
      time(oldest, {seconds: true}), " UTC."),
  ];
}

// What `tlstally doctor` finds. What only the host itself can look
// at comes before what is good: nobody says that it is.
const gradeClass = {good: "good", bad: "bad"};
const gradeOrder = ["bad", "note", "unknown", "good"];

function checksTable(checks) {
  const columns = [
    {title: "Grade", compare: byNumber(({grade}) => gradeOrder.indexOf(grade)),
      cell: ({grade}) => h("span", {class: gradeClass[grade] ?? "muted"},
        grade)},
    {title: "Check", head: true, compare: byText(({check}) => check),
      cell: ({check}) => check},
    {title: "Since", compare: byText(({since}) => since ?? ""),
      cell: ({since}) => since && time(since)},
    {title: "Finding", cell: ({about, words, command}) => [
      about && `${about}: `, words,
      command && h("div", {class: "small"}, h("code", {}, command))]}];

  return [h("h2", {}, "Checks"),
    sortableTable({caption: "Checks", columns, rows: checks,
      sort: {column: columns[0], descending: false}}),
    h("p", {class: "small muted"}, "The command ",
      h("code", {}, "tlstally doctor"), " on the host runs all checks.")];
}

// --- the page ---

// What is not complete was summed up as far as one request may take.
async function fetchOverview(ctx, range, progress, signal) {
  const id = `d${range.from}_${range.to}`;

  for (;;) {
    const got = await ctx.jmap.one("tally:Overview/get", {ids: [id]}, {signal});
    const [overview] = got.list;

    if (overview.isComplete)
      return overview;
    progress(overview.days.length);
  }
}

export function create(ctx) {
  const form = rangeForm(({from, to}) => ctx.go("overview", {from, to}));
  const place = h("div", {class: "place"});
  const status = h("div", {});
  const checks = h("div", {});
  let showing = null;

  function loadDays(range) {
    showing?.abort();
    const {signal} = showing = new AbortController();
    const all = plural(daysOf(range).length, "day");
    const say = (words) => !signal.aborted
      && fill(place, h("p", {class: "muted", role: "status"}, words));

    say(`Adding up ${all}…`);
    return load(ctx, place, "The overview", async () =>
      showDays(await fetchOverview(ctx, range, (n) =>
        say(`Adding up: ${n} of ${all}…`), signal), signal), signal);
  }

  load(ctx, status, "The state of the feeds", async () => {
    const got = await ctx.jmap.one("tally:Status/get",
      {ids: null, properties: statusProperties}, {signal: ctx.signal});
    return statusOf(got.list[0]);
  });
  load(ctx, checks, "The checks", async () => {
    const got = await ctx.jmap.one("tally:Doctor/get", {ids: null},
      {signal: ctx.signal});
    return checksTable(got.list[0].checks);
  });
  return {
    element: h("div", {}, h("h1", {}, "Overview"),
      h("section", {class: "card", "aria-label": "Feeds"}, status),
      h("section", {class: "card", "aria-label": "Checks"}, checks),
      form.element, place),
    update: (route) => {
      const range = rangeOf(route.query);

      form.sync(range);
      if (!range.error)
        return loadDays(range);
      showing?.abort();
      return fill(place, h("div", {class: "empty"}, h("p", {}, range.error)));
    },
    close: () => showing?.abort(),
  };
}
