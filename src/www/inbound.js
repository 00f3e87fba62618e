// Inbound: how mail came in for our own domains in a period, and who still
// sends it without TLS
import {badCount, checkFilter, dayFilters, gapOf, numberColumn, searchFilter,
  share, shareColumn} from "./columns.js";
import {rangeOf, today} from "./days.js";
import {h} from "./dom.js";
import {count, plural} from "./format.js";
import {createList} from "./list.js";
import {load} from "./load.js";
import {nameOf} from "./names.js";
import {picture} from "./picture.js";
import {hash, join} from "./router.js";
import {byText, sortableTable} from "./table.js";

export const title = "Inbound";

// Messages of other sites by how they came, the best first; then our own.
const KINDS = [
  {name: "TLS 1.3", of: ({tls13}) => tls13, color: "--series-3"},
  {name: "TLS 1.2", of: ({tls12}) => tls12, color: "--series-1"},
  {name: "other TLS", of: ({otherTls}) => otherTls, color: "--series-5"},
  {name: "TLS before 1.2", of: ({oldTls}) => oldTls, color: "--series-4",
    hatch: true, bad: true},
  {name: "clear text", of: ({clear}) => clear, color: "--series-2",
    hatch: true, bad: true},
  {name: "submitted here", of: ({submitted}) => submitted,
    color: "--series-6"},
  {name: "from a filter", of: ({filtered}) => filtered, color: "--series-8"},
];

const ofDay = (day, query) => hash("inbound", {from: day, to: day, ...query});

function periodPicture(days, signal) {
  const kinds = KINDS.filter(({of}) => days.some((day) => of(day) > 0));
  const columns = [
    {title: "Day (UTC)", head: true, compare: byText(({day}) => day),
      cell: ({day, gap}) => [h("a", {href: ofDay(day)}, day),
        gap && h("div", {class: "small muted plain"}, gap)]},
    numberColumn("Messages", ({messages}) => messages,
      {link: ({day}) => ofDay(day)}),
    ...KINDS.map(({name, of, bad}) =>
      numberColumn(name[0].toUpperCase() + name.slice(1), of, {bad,
        link: ({day}) => ofDay(day, bad ? {weak: "1"} : {})})),
    shareColumn("Weak share", (day) => day.weakMessages,
      (day) => day.messages)];

  return picture({
    title: "Messages per day",
    what: "stacked bars of messages by TLS version, or clear text",
    labels: days.map(({day}) => day),
    bands: days.map(({gap}) => Boolean(gap)),
    links: (series, i) => ofDay(days[i].day,
      kinds[series].bad ? {weak: "1"} : {}),
    series: kinds.map(({name, of, color, hatch}) =>
      ({name, color, hatch, values: days.map(of)})),
    table: sortableTable({caption: "Messages per day", columns, rows: days}),
  }, signal);
}

function sendersTable({senders, senderCount}) {
  const columns = [
    {title: "Sending domain", head: true,
      compare: byText(({sender}) => sender),
      cell: ({sender, otherSenders}) => otherSenders ? "(other senders)"
        : sender ? nameOf(sender) : "<>"},
    numberColumn("Messages in clear text", ({messages}) => messages,
      {bad: true}),
    {title: "The last day (UTC)", compare: byText(({day}) => day),
      cell: ({day}) => h("a", {href: ofDay(day, {weak: "1"})}, day)},
    {title: "To", compare: byText(({domain}) => domain),
      cell: ({domain, day}) => h("a", {href: ofDay(day, {text: domain})},
        nameOf(domain))}];

  return senders.length === 0
    ? h("p", {class: "muted"}, "No site sent in clear text on these days.")
    : [sortableTable({caption: "Who still sends without TLS", columns,
      rows: senders, sort: {column: columns[1], descending: true}}),
    senderCount > senders.length && h("p", {class: "small muted"},
      `${count(senders.length)} of ${plural(senderCount, "sender")}, those `
      + "with most messages.")];
}

function showPeriod(found, signal) {
  const days = found.days.map((day) =>
    ({...day, gap: gapOf({day: day.day, domains: day.messages}, found)}));

  if (days.every(({messages}) => messages === 0))
    return null;
  return [
    !found.isComplete && h("p", {class: "said said-warn"}, h("span", {},
      `There are too many messages: only days until ${days.at(-1)?.day} are `
      + "in the chart. Choose fewer days.")),
    h("div", {class: "pictures"}, periodPicture(days, signal)),
    h("h2", {}, "Who still sends without TLS"), sendersTable(found),
    h("h2", {}, "Days of domains"),
  ];
}

// One end alone is a range up to today, or of that day.
function periodOf(query) {
  const [from, to] = [query.get("from"), query.get("to")];

  return rangeOf(!from === !to ? query : new URLSearchParams(
    from ? {from, to: from > today() ? from : today()} : {from: to, to}));
}

function makeList(ctx) {
  return createList(ctx, {
    path: "inbound",
    type: "tally:Inbound",
    properties: ["id", "day", "domain", "messages", "weakMessages"],
    what: ["day of a domain", "days of domains"],
    sort: "-day",
    columns: [
      {title: "Domain", head: true, sort: "domain", cell: ({id, domain}) =>
        h("a", {href: hash(join("inbound", id))}, nameOf(domain))},
      {title: "Day (UTC)", sort: "day", cell: ({day}) => day},
      {title: "Messages", num: true, sort: "messages", cell: ({messages}) =>
        count(messages)},
      {title: "Weak", num: true, sort: "weakMessages", cell: (row) =>
        badCount(row.weakMessages)},
      {title: "Weak share", num: true, cell: (row) =>
        share(row.weakMessages, row.messages)},
    ],
    filters: [
      searchFilter("our domain"), ...dayFilters,
      checkFilter("weak", "Only with weak messages", "hasWeak"),
    ],
    empty: "No mail was counted. Is tlstally-milter running, and listed in "
      + "smtpd_milters in Postfix's main.cf?",
  });
}

export function create(ctx) {
  const list = makeList(ctx);
  const period = h("div", {});
  let shown = null; // the days that the chart has
  let showing = null;

  function loadPeriod(range) {
    const id = `d${range.from}_${range.to}`;

    if (range.error || id === shown)
      return;
    showing?.abort();
    const {signal} = showing = new AbortController();
    shown = id;
    load(ctx, period, "The chart", async () => {
      const got = await ctx.jmap.one("tally:InboundOverview/get",
        {ids: [id]}, {signal});
      return showPeriod(got.list[0], signal);
    }, signal);
  }

  return {
    element: h("div", {}, h("h1", {}, "Inbound mail"),
      h("p", {class: "muted"}, "How messages for your own domains came in. If "
        + "no days are chosen, the last 30 days are shown. Weak: in clear text, "
        + "or with TLS before 1.2."), period,
      list.element),
    update: (route) => {
      loadPeriod(periodOf(route.query));
      return list.update(route);
    },
    refresh: list.refresh,
    close: () => showing?.abort(),
  };
}
