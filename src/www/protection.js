// protection - how sessions were protected, by day: DANE, MTA-STS, TLS without
// a policy, no TLS; and what a policy kept from being delivered
import {dayColumn, dayLink, numberColumn} from "./columns.js";
import {h} from "./dom.js";
import {count} from "./format.js";
import {domainLink} from "./names.js";
import {picture} from "./picture.js";
import {hash} from "./router.js";
import {byText, sortableTable} from "./table.js";
import {label, sentence} from "./words.js";

const succeeded = (type) => ({policyTypes}) =>
  policyTypes[type]?.successfulSessions ?? 0;
const failed = (type) => ({policyTypes}) =>
  policyTypes[type]?.failedSessions ?? 0;
const clear = ({policyResults}) =>
  policyResults?.noPolicyFound?.startTlsNotSupported ?? 0;

// The order of the stack, and of the table's columns.
const KINDS = [
  {name: "DANE", of: succeeded("tlsa"), color: "--series-3",
    query: {policy: "tlsa"}},
  {name: "MTA-STS", of: succeeded("sts"), color: "--series-1",
    query: {policy: "sts"}},
  {name: "TLS without policy", of: succeeded("noPolicyFound"),
    color: "--series-5", query: {policy: "noPolicyFound"}},
  {name: "not judged", of: (day) => day.notJudgedSessions,
    color: "--series-6", query: {notJudged: "1"}},
  {name: "no TLS", of: clear, color: "--series-4", hatch: true, bad: true,
    query: {clear: "1"}},
  {name: "failed under DANE", of: failed("tlsa"), color: "--series-2",
    hatch: true, bad: true, query: {policy: "tlsa", failures: "1"}},
  {name: "failed under MTA-STS", of: failed("sts"), color: "--series-7",
    hatch: true, bad: true, query: {policy: "sts", failures: "1"}},
  {name: "failed otherwise", of: (day) => failed("noPolicyFound")(day)
    + failed("other")(day) - clear(day), color: "--series-8", hatch: true,
  bad: true, query: {policy: "noPolicyFound", failures: "1"}},
];

export function protectionPicture(days, signal) {
  const kinds = KINDS.filter(({of}) => days.some((day) => of(day) > 0));

  return picture({
    title: "Protection",
    what: "stacked bars of sessions, by day, by what protected them",
    note: "A session counts with each policy that applied to it. Without TLS, "
      + "mail went out in clear text; what failed under DANE or an enforced "
      + "MTA-STS policy was not delivered to that host.",
    labels: days.map(({day}) => day),
    bands: days.map(({gap}) => Boolean(gap)),
    links: (series, i) => dayLink(days[i].day, kinds[series].query),
    series: kinds.map(({name, of, color, hatch}) =>
      ({name, color, hatch, values: days.map(of)})),
    table: sortableTable({
      caption: "Protection per day", rows: days,
      columns: [dayColumn, ...KINDS.map(({name, of, query, bad}) =>
        numberColumn(name[0].toUpperCase() + name.slice(1), of,
          {bad, link: ({day}) => dayLink(day, query)})),
      numberColumn("Domains without TLS", (day) => day.clearDomains ?? 0,
        {link: ({day}) => dayLink(day, {clear: "1"})}),
      numberColumn("Domains with a policy that failed",
        (day) => day.blockedDomains ?? 0,
        {link: ({day}) => dayLink(day, {failures: "1"})})],
    }),
  }, signal);
}

// --- what failed under a policy, by the distinct error ---

function errorsOf(days) {
  const rows = new Map();

  for (const {policyResults} of days)
    for (const policy of ["tlsa", "sts"])
      for (const [result, n] of Object.entries(policyResults?.[policy] ?? {})) {
        const key = `${policy} ${result}`;
        const row = rows.get(key) ?? {policy, result, n: 0};
        row.n += n;
        rows.set(key, row);
      }
  return [...rows.values()];
}

export function blockedTable(days, range) {
  const rows = errorsOf(days);
  const columns = [
    {title: "Error", head: true,
      compare: byText(({result}) => label("results", result)),
      cell: ({policy, result}) => [h("a", {href: hash("domains",
        {...range, policy, result})}, label("results", result)),
      h("div", {class: "small muted plain"}, sentence("results", result))]},
    {title: "Under", compare: byText(({policy}) => policy),
      cell: ({policy}) => label("policies", policy)},
    numberColumn("Sessions", ({n}) => n, {bad: true})];

  return rows.length === 0
    ? h("p", {class: "muted"}, "No session failed under DANE or MTA-STS on "
      + "these days.")
    : sortableTable({caption: "Failed under DANE or MTA-STS", columns, rows,
      sort: {column: columns[2], descending: true}});
}

// --- the domains concerned ---

function domainsTable(caption, {domains, total}, range, query, number) {
  const columns = [
    {title: "Domain", head: true, compare: byText(({domain}) => domain),
      cell: ({domain}) => domainLink(domain, range)},
    number,
    {title: "Main failure", compare: byText(({mainResult}) =>
      mainResult), cell: ({mainResult}) => label("results", mainResult)
      ?? ""}];

  return [sortableTable({caption, columns, rows: domains,
    sort: {column: number, descending: true}}),
  total > domains.length && h("p", {class: "small"},
    h("a", {href: hash("domains", {...range, ...query})},
      `All ${count(total)}`))];
}

/** The domains reached without TLS, and those with a policy that failed. */
export async function domainsConcerned(ctx, range, signal) {
  const got = await ctx.jmap.one("tally:Overview/get",
    {ids: [`d${range.from}_${range.to}`], properties: ["concerned"]}, {signal});
  const {clear, tlsa, sts} = got.list[0].concerned;
  const failed = numberColumn("Failed", (row) => row.failedSessions,
    {bad: true});
  const part = (words, of, query, number, note) => of.total > 0 && [
    h("h2", {}, words), note && h("p", {class: "small muted"}, note),
    domainsTable(words, of, range, query, number)];
  const wider = (policy) => `Domains with sessions under ${policy} and failed `
    + "sessions in this period. The failures may be under another policy; the "
    + "page of the domain lists each with its result.";

  return [
    part("Domains reached without TLS", clear, {clear: "1"}, numberColumn(
      "Sessions without TLS", (row) => row.clearSessions, {bad: true})),
    part("Domains with DANE and failures", tlsa,
      {policy: "tlsa", failures: "1"}, failed, wider("DANE")),
    part("Domains with MTA-STS and failures", sts,
      {policy: "sts", failures: "1"}, failed, wider("MTA-STS")),
  ];
}
