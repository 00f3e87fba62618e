// one report about us: what it says, what was odd in it, and as it came
import {sessionsOf} from "./columns.js";
import {copyable} from "./copy.js";
import {button, h} from "./dom.js";
import {bytes, count, percent, time} from "./format.js";
import {actionsFor, trustOf, TYPE} from "./inbox.js";
import {loadedPage} from "./load.js";
import {nameOf} from "./names.js";
import {figure} from "./report.js";
import {download, indented, policyCards, viewer} from "./report_parts.js";
import {hash, join} from "./router.js";
import {label} from "./words.js";

export const title = "Received report";
const MAY_DOWNLOAD = "sysTlsExternalReportDownload";

const text = (value) => value ?? "–";

function figures(object) {
  const sessions = sessionsOf(object);
  const {totalSuccessfulSessions: good, totalFailedSessions: bad} = object;

  return h("div", {class: "figures"},
    figure(count(sessions), "sessions"),
    figure(count(good), "met the policy"),
    figure(count(bad), `failed, ${percent(bad, sessions)}`,
      bad > 0 ? "bad" : null),
    figure(count(object.ownPolicies), "policies of our domains"),
    object.otherPolicies > 0
      && figure(count(object.otherPolicies), "policies of others"));
}

function facts(object) {
  const {report} = object;
  const rows = [
    ["Organization", text(object.organization)],
    ["Submitter", text(object.submitter)],
    ["Sender", trustOf(object)],
    ["Period", [time(report.dateRangeStart, {seconds: true}), " to ",
      time(report.dateRangeEnd, {seconds: true}), " UTC"]],
    ["Report-ID", object.reportId
      ? h("span", {class: "mono"}, object.reportId) : "–"],
    ["Contact", text(report.contactInfo)],
    ["From", text(object.from)],
    ["To", object.to.length > 0 ? object.to.join(", ") : "–"],
    ["Subject", text(object.subject)],
    ["Received", [time(object.receivedAt, {seconds: true}), " UTC, ",
      label("received_ways", object.receivedBy)]],
    ["Kept until", object.expiresAt
      ? [time(object.expiresAt, {seconds: true}), " UTC"] : "for ever"],
    ["Object id", copyable(object.id, "the object id")],
  ];

  return h("dl", {class: "facts"}, rows.map(([word, value]) =>
    [h("dt", {}, word), h("dd", {}, value)]));
}

function problems(object) {
  return object.problems.length > 0 && [
    h("h2", {}, "What was odd"),
    h("p", {class: "small muted"}, "The report does not follow RFC 8460 here; "
      + "it was read all the same."),
    h("ul", {class: "problems"}, object.problems.map((problem) =>
      h("li", {}, problem))),
  ];
}

function policies(ctx, {report, otherDomains}) {
  const others = new Set(otherDomains);
  // a policy of DANE is about a host
  const mark = ({policyDomain, policyType}) =>
    policyDomain === null || others.has(policyDomain)
      ? h("span", {class: "chip chip-quiet"}, "not a domain of ours")
      : policyType !== "tlsa" && ctx.may("tallyRead")
        && h("a", {href: hash(join("posture", policyDomain))}, "posture");

  return [
    h("h2", {}, "Policies"),
    report.policies.length === 0
      ? h("p", {class: "muted"}, "The report has none.")
      : policyCards(report.policies, mark),
  ];
}

function asItCame(ctx, object) {
  const name = `${object.submitter ?? "report"}!${object.domain ?? "none"}!${
    object.day}`.replace(/[^\w.!-]/g, "_");

  return [
    h("h2", {}, "As it came"),
    h("p", {class: "small muted"}, `${bytes(object.size)} of JSON`),
    ctx.may(MAY_DOWNLOAD) ? [
      h("div", {class: "buttons head"},
        download(ctx, "Download .json.gz", object.gzipBlobId,
          "application/tlsrpt+gzip", `${name}.json.gz`),
        download(ctx, "Download .json", object.jsonBlobId,
          "application/tlsrpt+json", `${name}.json`)),
      viewer(ctx, "RFC 8460 JSON, indented for reading", object.jsonBlobId,
        "application/tlsrpt+json", indented)]
      : h("p", {class: "muted"},
        `To see it requires the permission ${MAY_DOWNLOAD}.`),
  ];
}

function gone() {
  return h("div", {class: "empty"}, h("h1", {}, "No such report"),
    h("p", {}, "It was deleted, or it was purged."),
    h("a", {href: hash("inbox")}, "Inbox"));
}

function show(ctx, object) {
  const name = object.domain ?? "no domain";

  document.title = `${name} – tlstally`;
  return [
    h("h1", {}, object.domain ? nameOf(object.domain) : "No domain",
      object.organization && `, by ${object.organization}`),
    h("p", {class: "buttons head"}, actionsFor(ctx).map(({label: words, act}) =>
      button(words, async () => {
        if (await act([object.id]))
          ctx.back("inbox");
      }, {class: "danger"}))),
    figures(object), facts(object), problems(object),
    policies(ctx, object),
    asItCame(ctx, object),
  ];
}

export function create(ctx) {
  return loadedPage(ctx, "The report", async () => {
    const got = await ctx.jmap.get(TYPE, ctx.route.args.id, null,
      {signal: ctx.signal});
    return got ? show(ctx, got.object) : gone();
  });
}
