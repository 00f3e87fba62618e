// Overview: sessions and reports of some days over all domains, and whether
// everything is counted that should be
import {dayColumn, dayLink, gapOf, numberColumn, share, shareColumn}
  from "./columns.js";
import {daysOf, rangeForm, rangeOf} from "./days.js";
import {fill, h} from "./dom.js";
import {statusOf, statusProperties} from "./feeds.js";
import {count, plural, time} from "./format.js";
import {load} from "./load.js";
import {domainLink} from "./names.js";
import {picture} from "./picture.js";
import {blockedTable, domainsConcerned, protectionPicture}
  from "./protection.js";
import {hash} from "./router.js";
import {byNumber, byText, sortableTable} from "./table.js";
import {verdictOf} from "./verdict.js";
import {label, sentence, words} from "./words.js";

export const title = "Overview";

const num = numberColumn;

const capital = (text) => text[0].toUpperCase() + text.slice(1);
const sum = (list, of) => list.reduce((all, one) => all + of(one), 0);
const refusedOf = ({reports}) =>
  reports.failed + reports.expired + reports.bounced;

// --- the pictures ---

function sessionsPicture(days, signal) {
  return picture({
    title: "Sessions per day",
    what: "stacked bars of successful and failed sessions",
    labels: days.map(({day}) => day),
    bands: days.map(({gap}) => Boolean(gap)),
    links: (series, i) => dayLink(days[i].day,
      series === 1 ? {failures: "1"} : {}),
    series: [
      {name: "successful", color: "--series-1",
        values: days.map((day) => day.successfulSessions)},
      {name: "failed", color: "--series-2", hatch: true,
        values: days.map((day) => day.failedSessions)},
    ],
    table: sortableTable({
      caption: "Sessions per day", rows: days,
      columns: [dayColumn,
        num("Successful", (day) => day.successfulSessions,
          {link: ({day}) => dayLink(day)}),
        num("Failed", (day) => day.failedSessions,
          {bad: true, link: ({day}) => dayLink(day, {failures: "1"})}),
        failureRate,
        num("Not judged", (day) => day.notJudgedSessions,
          {link: ({day}) => dayLink(day, {notJudged: "1"})}),
        num("Too late for the report", (day) =>
          day.lateSuccessfulSessions + day.lateFailedSessions,
        {link: ({day}) => dayRows({from: day, to: day}, {mark: "late"})}),
        num("Domains", (day) => day.domains,
          {link: ({day}) => dayLink(day)}),
        num("Domains with failures", (day) => day.failingDomains,
          {bad: true, link: ({day}) => dayLink(day, {failures: "1"})})],
    }),
  }, signal);
}

// Day by day: what became of each domain's.
const dayRows = (range, query) => hash("days", {...range, ...query});

const sessionsOf = (day) => day.successfulSessions + day.failedSessions;
const shareOf = (day) => sessionsOf(day) === 0 ? null
  : 100 * day.failedSessions / sessionsOf(day);
const failureRate = shareColumn("Failure rate", (day) => day.failedSessions,
  sessionsOf);

function sharePicture(days, signal) {
  return picture({
    title: "Failure rate",
    what: "bars of the percentage of sessions that failed, by day",
    labels: days.map(({day}) => day),
    bands: days.map(({gap}) => Boolean(gap)),
    links: (_, i) => dayLink(days[i].day, {failures: "1"}),
    unit: "%",
    series: [{name: "failed", color: "--series-2", hatch: true,
      values: days.map((day) => {
        const share = shareOf(day);
        return share === null ? 0 : Number(share.toFixed(3));
      })}],
    table: sortableTable({
      caption: "Failure rate", rows: days,
      columns: [dayColumn,
        num("Sessions", sessionsOf, {link: ({day}) => dayLink(day)}),
        num("Failed", (day) => day.failedSessions,
          {bad: true, link: ({day}) => dayLink(day, {failures: "1"})}),
        failureRate],
    }),
  }, signal);
}

function policyPicture(days, range, signal) {
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
    links: (series, i) => hash("domains", {...range, policy: rows[i].type,
      failures: series === 1 ? "1" : ""}),
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
        num("Successful", ({success}) => success, {link: ({type}) =>
          hash("domains", {...range, policy: type})}),
        num("Failed", ({failure}) => failure, {bad: true, link: ({type}) =>
          hash("domains", {...range, policy: type, failures: "1"})}),
        shareColumn("Failure rate", ({failure}) => failure,
          (row) => row.success + row.failure)],
    }),
  }, signal);
}

function resultPicture(days, range, signal) {
  const rows = words("results").map((type) => ({
    type, failed: sum(days, (day) => day.resultTypes[type] ?? 0),
  })).filter(({failed}) => failed > 0).sort((a, b) => b.failed - a.failed);
  const columns = [
    {title: "Result", head: true, compare: byText(({type}) => label("results", type)),
      cell: ({type}) => [label("results", type),
        h("div", {class: "small muted plain"}, sentence("results", type))]},
    num("Failed sessions", ({failed}) => failed, {bad: true, link: ({type}) =>
      hash("domains", {...range, result: type})})];

  return rows.length > 0 && picture({
    title: "By result type",
    what: "bars of failed sessions for each kind of failure",
    flat: true,
    labels: rows.map(({type}) => label("results", type)),
    links: (_, i) => hash("domains", {...range, result: rows[i].type}),
    series: [{name: "failed sessions", color: "--series-2", hatch: true,
      values: rows.map(({failed}) => failed)}],
    table: sortableTable({caption: "Failed sessions by result type", columns,
      rows, sort: {column: columns[1], descending: true}}),
  }, signal);
}

// By what became of a destination.
const SETTLED = ["delivered", "failed", "expired", "bounced", "suppressed"]
  .map((state) => [state, capital(label("states", state))]);
const sentOn = (day, state) => hash("sent", {settledFrom: day, settledTo: day,
  state});

function reportsPicture(days, signal) {
  const settled = days.filter(({reports}) => reports.settled > 0);

  return settled.length > 0 && picture({
    title: "Reports sent and refused",
    what: "stacked bars, by day, of destinations that accepted a report and of "
      + "those that did not",
    note: "Destinations of the reports that were settled on that day.",
    labels: days.map(({day}) => day),
    links: (series, i) => sentOn(days[i].day,
      ["delivered", "failed", "suppressed"][series]),
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
        num("Reports settled", ({reports}) => reports.settled,
          {link: ({day}) => sentOn(day)}),
        ...SETTLED.map(([state, words]) => num(words, ({reports}) =>
          reports[state], {bad: !["delivered", "suppressed"].includes(state),
          link: ({day}) => sentOn(day, state)}))],
    }),
  }, signal);
}

// --- tables of their own ---

function worstTable(list, range) {
  if (list.length === 0)
    return h("p", {class: "muted"}, "No session failed on these days.");
  const columns = [
    {title: "Domain", head: true, compare: byText(({domain}) => domain),
      cell: ({domain}) => domainLink(domain, range)},
    num("Failed", (row) => row.failedSessions, {bad: true}),
    num("Sessions", sessionsOf),
    failureRate];

  return [sortableTable({caption: "Domains with most failures", columns,
    rows: list, sort: {column: columns[1], descending: true}}),
  h("p", {class: "small"}, h("a", {href: hash("domains",
    {...range, failures: "1"})}, "All domains with failures"))];
}

function marksTable(days, range) {
  const marks = {};

  for (const day of days)
    for (const [mark, n] of Object.entries(day.marks))
      marks[mark] = (marks[mark] ?? 0) + n;
  const rows = Object.entries(marks).map(([mark, n]) => ({mark, n}));
  const columns = [
    {title: "Outcome", head: true,
      compare: byText(({mark}) => label("marks", mark)),
      cell: ({mark}) => label("marks", mark)},
    num("Number", ({n}) => n, {link: ({mark}) => dayRows(range, {mark})})];

  return rows.length > 0 && [h("h2", {}, "Outcomes"),
    sortableTable({caption: "Outcomes of the domains' days", columns, rows,
      sort: {column: columns[1], descending: true}})];
}

function figure(value, what, {kind, link} = {}) {
  return h("div", {class: "figure"},
    h("span", {class: kind ? `value ${kind}` : "value"},
      link ? h("a", {href: link}, value) : value),
    h("span", {class: "what"}, what));
}

function figures(days, range) {
  const all = sum(days, sessionsOf);
  const failed = sum(days, (day) => day.failedSessions);
  const busiest = days.reduce((a, b) => b.domains > a.domains ? b : a);
  const settled = (state) => hash("sent", {settledFrom: range.from,
    settledTo: range.to, state});

  return h("div", {class: "figures"},
    figure(count(all), "sessions", {link: hash("domains", range)}),
    figure(count(failed), ["failed", all > 0 && [", ", share(failed, all)]],
      {kind: failed > 0 ? "bad" : null,
        link: hash("domains", {...range, failures: "1"})}),
    figure(count(busiest.domains), "domains on the busiest day",
      {link: dayLink(busiest.day)}),
    figure(count(sum(days, ({reports}) => reports.settled)),
      "reports settled", {link: settled()}),
    figure(count(sum(days, ({reports}) => reports.delivered)),
      "deliveries accepted", {link: settled("delivered")}),
    SETTLED.slice(1, 4).map(([state, words]) => {
      const n = sum(days, ({reports}) => reports[state]);

      return n > 0 && figure(count(n), words.toLowerCase(),
        {kind: "bad", link: settled(state)});
    }));
}

function showDays(ctx, overview, range, signal) {
  const days = overview.days.map((day) =>
    ({...day, gap: gapOf(day, overview)}));
  const concerned = h("div", {});

  if (sum(days, ({domains}) => domains) === 0
      && sum(days, ({reports}) => reports.settled) === 0)
    return h("div", {class: "empty"},
      h("p", {}, "Nothing was counted on these days."));
  const oldest = days.filter(({domains}) => domains > 0)
    .map(({summedAt}) => summedAt).sort().at(-1);

  load(ctx, concerned, "The domains", () =>
    domainsConcerned(ctx, range, signal), signal);
  return [
    figures(days, range),
    h("div", {class: "pictures"}, protectionPicture(days, signal),
      sessionsPicture(days, signal),
      sharePicture(days, signal), policyPicture(days, range, signal),
      resultPicture(days, range, signal), reportsPicture(days, signal)),
    h("h2", {}, "Failed under DANE or MTA-STS"), blockedTable(days, range),
    concerned,
    h("h2", {}, "Domains with most failures"),
    worstTable(overview.worstDomains, range),
    marksTable(days, range),
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

  const grades = gradeOrder.map((grade) => [grade,
    checks.filter((check) => check.grade === grade).length])
    .filter(([, n]) => n > 0);

  return h("details", {open: checks.some(({grade}) => grade === "bad")},
    h("summary", {}, h("h2", {}, "Checks"), ": ", grades.map(([grade, n], i) =>
      [i > 0 && ", ", h("span", {class: gradeClass[grade] ?? "muted"},
        `${n} ${grade}`)])),
    sortableTable({caption: "Checks", columns, rows: checks,
      sort: {column: columns[0], descending: false}}),
    h("p", {class: "small muted"}, "The command ",
      h("code", {}, "tlstally doctor"), " on the host runs all checks."));
}

// --- the page ---

// What is not complete was summed up as far as one request may take.
async function fetchOverview(ctx, range, progress, signal) {
  const id = `d${range.from}_${range.to}`;

  for (;;) {
    const got = await ctx.jmap.one("tally:Overview/get", {ids: [id],
      properties: ["firstDay", "lastDay", "firstCountedDay", "isComplete",
        "days", "worstDomains"]}, {signal});
    const [overview] = got.list;

    if (overview.isComplete)
      return overview;
    progress(overview.days.length);
  }
}

export function create(ctx) {
  const form = rangeForm(({from, to}) => ctx.go("overview", {from, to}));
  const place = h("div", {class: "place"});
  const verdict = h("section", {"aria-label": "Summary", role: "status"});
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
      showDays(ctx, await fetchOverview(ctx, range, (n) =>
        say(`Adding up: ${n} of ${all}…`), signal), range, signal), signal);
  }

  const loadStatus = () => load(ctx, status, "The state of the feeds",
    async () => {
      const got = await ctx.jmap.one("tally:Status/get",
        {ids: null, properties: statusProperties}, {signal: ctx.signal});
      fill(verdict, verdictOf(got.list[0]));
      return statusOf(got.list[0]);
    });

  loadStatus();
  load(ctx, checks, "The checks", async () => {
    const got = await ctx.jmap.one("tally:Doctor/get", {ids: null},
      {signal: ctx.signal});
    return checksTable(got.list[0].checks);
  });
  return {
    element: h("div", {}, h("h1", {}, "Overview"), verdict,
      h("section", {class: "card", "aria-label": "Feeds"}, status),
      form.element, place,
      h("section", {class: "card", "aria-label": "Checks"}, checks)),
    update: (route) => {
      const range = rangeOf(route.query);

      form.sync(range);
      if (!range.error)
        return loadDays(range);
      showing?.abort();
      return fill(place, h("div", {class: "empty"}, h("p", {}, range.error)));
    },
    // the days stay as they are until somebody asks for them again
    refresh: () => {
      const used = [verdict, status].some((node) =>
        node.contains(document.activeElement));

      if (!used && getSelection().isCollapsed)
        loadStatus();
    },
    close: () => showing?.abort(),
  };
}
