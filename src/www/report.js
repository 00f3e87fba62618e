// one report of the outbox: all of it, and what can be done with it
import {copyable} from "./copy.js";
import {button, fill, h} from "./dom.js";
import {count, percent, time} from "./format.js";
import {nameOf} from "./names.js";
import {actionsFor, MAY_UPDATE, TYPE} from "./report_actions.js";
import {destinationsTable, policyCards, sentAs} from "./report_parts.js";
import {hash, join} from "./router.js";
import {chip, sentence} from "./words.js";

export const title = "Report";

export function figure(value, what, kind) {
  return h("div", {class: "figure"},
    h("span", {class: kind ? `value ${kind}` : "value"}, value),
    h("span", {class: "what"}, what));
}

export function figures(object) {
  const sessions = object.successfulSessions + object.failedSessions;

  return h("div", {class: "figures"},
    figure(count(sessions), "sessions"),
    figure(count(object.successfulSessions), "met the policy"),
    figure(count(object.failedSessions),
      `failed, ${percent(object.failedSessions, sessions)}`,
      object.failedSessions > 0 ? "bad" : null),
    figure(count(object.report.policies.length),
      object.report.policies.length === 1 ? "policy" : "policies"));
}

export function facts(object) {
  const {report} = object;
  const rows = [
    ["Period", [time(report.dateRangeStart, {seconds: true}), " to ",
      time(report.dateRangeEnd, {seconds: true}), " UTC"]],
    ["Object id", copyable(object.id, "the object id")],
    ["Report-ID", h("span", {class: "mono"}, report.reportId)],
    ["Organization", report.organizationName ?? "–"],
    ["Contact", report.contactInfo ?? "–"],
    ["Created", [time(object.createdAt, {seconds: true}), " UTC"]],
    ["Deliver at", [time(object.deliverAt, {seconds: true}), " UTC"]],
    ["Status", [chip("statuses", object.status), " ",
      h("span", {class: "muted"}, sentence("statuses", object.status))]],
    object.missingHosts && ["Missing hosts", [object.missingHosts, " ",
      h("span", {class: "muted"},
        "had not sent the day: what they counted is not in the report")]],
  ].filter(Boolean);

  return h("dl", {class: "facts"}, rows.map(([word, value]) =>
    [h("dt", {}, word), h("dd", {}, value)]));
}

function toolbar(ctx, object, reload) {
  const make = ({label, danger, act}) => button(label, async () => {
    if (await act([object.id], object.deliverAt))
      await reload(danger);
  }, {class: danger ? "danger" : null});

  return h("div", {class: "buttons head"},
    ctx.may(MAY_UPDATE) && h("a", {class: "button",
      href: hash(join("outbox", object.id, "edit"))}, "Edit"),
    actionsFor(ctx).map(make));
}

function gone() {
  return h("div", {class: "empty"}, h("h1", {tabindex: "-1"}, "No such report"),
    h("p", {}, "It is not in the outbox: it was settled or deleted."),
    h("a", {href: hash("outbox")}, "Outbox"));
}

export function create(ctx) {
  const element = h("div", {"aria-busy": "true"},
    h("p", {class: "muted", role: "status"}, "Loading…"));

  async function reload(deleted = false) {
    try {
      const got = await ctx.jmap.get(TYPE, ctx.route.args.id, null,
        {signal: ctx.signal});
      if (!got && deleted === true)
        return ctx.back("outbox");
      const held = element.contains(document.activeElement);
      fill(element, got ? show(got.object) : gone());
      // the button that had the focus is another one now, or none
      if (held)
        element.querySelector("h1").focus();
    } catch (err) {
      if (err.name === "AbortError")
        return;
      fill(element, h("div", {class: "empty bad"},
        h("p", {}, "The report could not be loaded: ", err.message),
        button("Try again", () => reload())));
      if (err.kind === "unauthorized")
        ctx.fail(err);
    } finally {
      element.setAttribute("aria-busy", "false");
    }
  }

  function show(object) {
    document.title = `${object.domain} – tlstally`;
    return [
      h("h1", {tabindex: "-1"}, nameOf(object.domain)),
      toolbar(ctx, object, reload),
      figures(object),
      facts(object),
      h("h2", {}, "Destinations"),
      destinationsTable(object),
      h("h2", {}, "Policies"),
      object.report.policies.length === 0
        ? h("p", {class: "muted"}, "The report has none.")
        : policyCards(object.report.policies),
      h("h2", {}, "As it is sent"),
      sentAs(ctx, object),
    ];
  }

  return {
    element,
    update: () => reload(),
    refresh: (types) => {
      if (types.has(TYPE) && !element.contains(document.activeElement)
        && getSelection().isCollapsed)
        reload();
    },
  };
}
