// report_parts - the parts of one report: destinations, policies, failures,
// and the very bytes that go out
import {button, fill, h} from "./dom.js";
import {bytes, count, plural, time} from "./format.js";
import {byNumber, byText, cutList, sortableTable, tableHead, tableOf, tableRow}
  from "./table.js";
import {chip, copyMark, label, sentence} from "./words.js";

// --- destinations ---

const answerOf = (answer) => answer ? h("span", {class: "mono"}, answer)
  : h("span", {class: "muted"}, "–");

// The server keeps the last ones.
function attemptList({history, attempts}) {
  const n = plural(attempts, "attempt");

  return h("details", {},
    h("summary", {}, attempts > history.length
      ? `The last ${history.length} of ${n}` : n),
    h("ol", {class: "small"}, history.map(({at, answer}) =>
      h("li", {}, time(at, {seconds: true}), " ",
        answer ? answerOf(answer) : "no answer"))));
}

const destinationColumns = [
  {title: "Destination", head: true, class: "wide", cell: (one) =>
    [one.uri, copyMark(one)]},
  {title: "State", cell: ({state}) => [chip("states", state),
    h("div", {class: "small muted"}, sentence("states", state))]},
  {title: "Attempts", num: true, cell: ({attempts}) => count(attempts)},
  {title: "Last attempt", cell: ({lastAttempt}) =>
    time(lastAttempt, {seconds: true})},
  {title: "Next attempt", cell: ({nextAttempt}) =>
    time(nextAttempt, {seconds: true})},
  {title: "Last answer", class: "wide", cell: (one) => [
    answerOf(one.lastAnswer),
    one.history.length > 1 ? attemptList(one) : null]},
];

export function destinationsTable(object) {
  if (object.destinations.length === 0)
    return h("p", {class: "muted"}, "None: the report is kept until it is "
      + "deleted or gets a destination.");
  return tableOf("Destinations", tableHead(destinationColumns),
    h("tbody", {role: "rowgroup"}, object.destinations.map((one) =>
      tableRow(destinationColumns, one))));
}

// --- policies ---

const text = (value) => value ?? h("span", {class: "muted"}, "–");
const mono = (value) => value ? h("span", {class: "mono"}, value)
  : text(null);

function detailColumn(title, name, show, props = {}) {
  return {title, name, cell: (one) => show(one[name]),
    compare: byText((one) => one[name]), ...props};
}

const detailColumns = [
  {title: "Result", head: true, compare: byText((one) =>
    label("results", one.resultType)), cell: (one) => [label("results", one.resultType),
    h("div", {class: "small muted plain"}, sentence("results", one.resultType))]},
  {title: "Sessions", num: true, cell: (one) => count(one.failedSessionCount),
    compare: byNumber((one) => one.failedSessionCount)},
  detailColumn("Receiving MX", "receivingMxHostname", text, {class: "wide"}),
  detailColumn("HELO", "receivingMxHelo", text, {class: "wide"}),
  detailColumn("Receiving IP", "receivingIp", mono),
  detailColumn("Sending IP", "sendingMtaIp", mono),
  detailColumn("Reason", "failureReasonCode", text, {class: "wide"}),
  detailColumn("Additional information", "additionalInformation", text, {class: "wide"}),
];

export function failureTable(details, caption) {
  // a column in which no row has anything takes room from those that have
  const columns = detailColumns.filter(({name}) =>
    !name || details.some((one) => one[name]));

  return sortableTable({
    caption, columns, rows: details,
    sort: {column: columns[1], descending: true},
  });
}

function lines(word, list) {
  return list.length === 0 ? null : [h("dt", {}, word),
    h("dd", {}, list.map((line) => h("div", {class: "mono"}, line)))];
}

function policyCard(policy, mark) {
  const failed = policy.totalFailedSessions;
  const domain = policy.policyDomain ?? "no domain";

  return h("section", {class: "card"},
    h("h3", {}, `${label("policies", policy.policyType)} for `, domain,
      mark && [" ", mark]),
    h("p", {class: "small muted"}, sentence("policies", policy.policyType)),
    h("dl", {class: "facts"},
      h("dt", {}, "Successful"), h("dd", {},
        plural(policy.totalSuccessfulSessions, "session")),
      h("dt", {}, "Failed"), h("dd", {class: failed > 0 ? "bad" : null},
        plural(failed, "session")),
      lines("MX patterns", policy.mxHosts),
      lines("Policy", policy.policyStrings)),
    policy.failureDetails.length > 0 && failureTable(policy.failureDetails,
      `Failures of ${domain}`));
}

const CARDS = 20; // at once

/** markOf(policy): what stands behind its heading, or nothing. */
export const policyCards = (policies, markOf = () => null) =>
  cutList(policies, CARDS, (part) => part.map((policy) =>
    policyCard(policy, markOf(policy))));

// --- what goes out ---

function save(blob, name) {
  const url = URL.createObjectURL(blob);

  h("a", {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

const NAME_MAX = 100; // two of them and the rest: less than 255

// RFC 8460 section 5.1, without the unique-id, which is optional; a contact
// that is no address says nothing about who sends
function fileName(ctx, object) {
  const {contactInfo, dateRangeStart, dateRangeEnd} = object.report;
  const seconds = (moment) => Math.floor(new Date(moment).getTime() / 1000);
  const [, own] = /^[^\s@<>,]+@([a-z0-9.-]+)$/i.exec(contactInfo ?? "") ?? [];
  const submitter = own?.toLowerCase() ?? ctx.jmap.submitter;

  return [submitter.slice(0, NAME_MAX), object.domain.slice(0, NAME_MAX),
    seconds(dateRangeStart), seconds(dateRangeEnd)].join("!");
}

export function download(ctx, label, blobId, type, name) {
  return button(label, async () => {
    try {
      save(await ctx.jmap.download(blobId, type, name), name);
    } catch (err) {
      ctx.fail(err);
    }
  });
}

/** Fetched when it is opened first: a report may have megabytes. */
export function viewer(ctx, label, blobId, type, show) {
  const body = h("div", {class: "viewer"});
  const open = async () => {
    if (!box.open || body.hasChildNodes())
      return;
    fill(body, h("p", {class: "muted", role: "status"}, "Loading…"));
    try {
      const blob = await ctx.jmap.download(blobId, type, "view");
      fill(body, h("p", {class: "small muted"}, bytes(blob.size)),
        h("pre", {tabindex: "0"}, show(await blob.text())));
    } catch (err) {
      fill(body);
      box.open = false;
      ctx.fail(err);
    }
  };
  const box = h("details", {class: "card", on: {toggle: open}},
    h("summary", {}, label), body);

  return box;
}

export function indented(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

export function sentAs(ctx, object) {
  const name = fileName(ctx, object);
  const mails = object.destinations.filter(({uri}) =>
    uri.startsWith("mailto:"));
  const to = ({uri}) => uri.replace(/^mailto:/, "");

  return [
    h("div", {class: "buttons head"},
      download(ctx, "Download .json.gz", object.gzipBlobId,
        "application/tlsrpt+gzip", `${name}.json.gz`),
      mails.map((mail) => download(ctx, mails.length === 1 ? "Download .eml"
        : `Download .eml to ${to(mail)}`, mail.blobId, "message/rfc822",
      `${name}.eml`))),
    viewer(ctx, "RFC 8460 JSON, indented for reading", object.jsonBlobId,
      "application/tlsrpt+json", indented),
    mails.map((mail) => viewer(ctx, `Mail to ${to(mail)}`, mail.blobId,
      "message/rfc822", (mailText) => mailText)),
  ];
}
