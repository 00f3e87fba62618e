// how a domain of ours stands: what others report of it beside what the milter
// saw and what it publishes, and whether it is ready for enforce
import {badCount} from "./columns.js";
import {rangeForm, rangeOf} from "./days.js";
import {h} from "./dom.js";
import {count} from "./format.js";
import {load} from "./load.js";
import {idOf, lookupPart} from "./lookup.js";
import {nameOf} from "./names.js";
import {hash, join} from "./router.js";
import {byNumber, byText, sortableTable} from "./table.js";
import {label} from "./words.js";

export const title = "Posture";
const AGAIN_MS = 1000;

const wait = (ms) => new Promise((done) => {
  setTimeout(done, ms);
});

const text = (name, of, more) => ({title: name, compare: byText(of), cell: of,
  ...more});
const number = (name, of, cell = (row) => count(of(row))) => ({title: name,
  num: true, compare: byNumber(of), cell});
const good = number("Successful", (row) => row.successfulSessions);
const bad = number("Failed", (row) => row.failedSessions, (row) =>
  badCount(row.failedSessions));
const reports = number("Reports", (row) => row.reports);
const READ = ["sysTlsExternalReportQuery", "sysTlsExternalReportGet"];

function list(heading, texts, kind) {
  return texts.length > 0 && [heading && h("h3", {}, heading),
    h("ul", {class: kind}, texts.map((one) => h("li", {}, one)))];
}

function verdict(object) {
  return h("section", {class: "card"},
    h("h2", {}, "Ready for enforce? ", label("readiness", object.ready)),
    h("p", {}, object.sentence),
    list(null, object.reasons, "problems"),
    list(null, object.notes, "notes"),
    list(object.ready === "failing" ? "Cut off, according to themselves"
      : "Would be cut off, according to themselves", object.cutOff, "hosts"));
}

function publish(items) {
  return items.length > 0 && h("section", {class: "card"},
    h("h2", {}, "To publish"), items.map(({why, lines}) => [h("p", {}, why),
      h("pre", {tabindex: "0"}, lines.join("\n"))]));
}

function table(heading, columns, rows) {
  return rows.length > 0 && [h("h2", {}, heading),
    sortableTable({caption: heading, columns, rows})];
}

/** How many reports, as a link to those that say so of this domain. */
function reportsOf(ctx, domain, range, of) {
  return number("Reports", (row) => row.reports, (row) =>
    READ.every(ctx.may) ? h("a", {href: hash("inbox", {domain, counted: "1",
      ...range, ...of(row)})}, count(row.reports)) : count(row.reports));
}

function show(ctx, object, range) {
  const linked = (of) => reportsOf(ctx, object.domain, range, of);
  const seen = (name, member) => number(name, (row) => row.seen[member]);

  return [
    verdict(object),
    publish(object.publish),
    table("What fails", [
      text("Result", ({result}) => label("results", result), {head: true}),
      text("MX host", ({host}) => host ?? "–"),
      number("Sessions", ({sessions}) => sessions),
      text("Since", ({since}) => since),
      text("Last day", ({lastDay}) => lastDay),
      text("According to", ({organizations, hasMore}) =>
        organizations.join(", ") + (hasMore ? " and others" : "")),
    ], object.faults),
    table("Who reports", [
      text("Organization", ({organization}) => organization ?? "–",
        {head: true}),
      linked(({organization}) => ({organization})), good, bad,
      text("Last day", ({lastDay}) => lastDay),
    ], object.organizations),
    table("Reports about its MX hosts (DANE)", [
      text("MX host", ({host}) => host, {head: true}),
      reports, good, bad, text("Seen in DNS", ({lastSeen}) => lastSeen),
    ], object.hosts),
    table("By day: what others report, and what the milter saw", [
      text("Day (UTC)", ({day}) => day, {head: true}),
      linked(({day}) => ({from: day, to: day})), good, bad,
      seen("Messages", "messages"), seen("Clear text", "clear"),
      seen("TLS < 1.2", "oldTls"), seen("TLS 1.2", "tls12"),
      seen("TLS 1.3", "tls13"),
    ], object.days.filter((day) => day.reports + day.seen.messages > 0)),
  ];
}

// What it publishes is looked up meanwhile; whoever asks again learns more.
async function ask(ctx, domain, {from, to}) {
  for (;;) {
    const got = await ctx.jmap.one("tally:Posture/get",
      {ids: [`d${from}_${to}-${idOf(domain)}`]}, {signal: ctx.signal});
    const [found] = got.list;

    if (found?.published?.state !== "underWay")
      return found;
    await wait(AGAIN_MS);
    if (ctx.signal.aborted)
      throw new DOMException("left", "AbortError");
  }
}

export function create(ctx) {
  const domain = ctx.route.args.domain;
  const node = h("div", {});
  const form = rangeForm((range) => ctx.go(join("posture", domain), range));

  const update = (route) => {
    const range = rangeOf(route.query);

    form.sync(range);
    return range.error ? null : load(ctx, node, "The posture", async () => {
      const found = await ask(ctx, domain, range);
      return found ? show(ctx, found, range)
        : h("p", {class: "muted"}, "This is not a domain.");
    });
  };

  return {
    element: h("div", {}, h("h1", {}, nameOf(domain)), form.element, node,
      lookupPart(ctx, domain)),
    update,
  };
}
