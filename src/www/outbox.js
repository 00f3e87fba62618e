// Management > Reports > Outbox > TLS: the reports that wait to be sent
import {badCount, failuresFilter, searchFilter} from "./columns.js";
import {h} from "./dom.js";
import {count, time} from "./format.js";
import {createList} from "./list.js";
import {nameOf} from "./names.js";
import {actionsFor, MAY_CREATE, TYPE} from "./report_actions.js";
import {hash, join} from "./router.js";
import {chip, copyMark, label, words} from "./words.js";

export const title = "Outbox: TLS reports";

const columns = [
  {title: "Domain", head: true, sort: "domain",
    cell: (report) => h("a", {href: hash(join("outbox", report.id))},
      nameOf(report.domain))},
  {title: "Created", sort: "createdAt",
    cell: (report) => time(report.createdAt)},
  {title: "Deliver at", sort: "deliverAt",
    cell: (report) => time(report.deliverAt)},
  {title: "Status", cell: (report) => chip("statuses", report.status)},
  {title: "Sessions", num: true, cell: (report) =>
    count(report.successfulSessions + report.failedSessions)},
  {title: "Failures", num: true, sort: "failures", cell: (report) =>
    badCount(report.failedSessions)},
  {title: "Destinations", class: "wide", cell: (report) =>
    report.destinations.length === 0 ? h("span", {class: "muted"}, "none")
      : report.destinations.map(({uri, state, attempts, lastAnswer, copy}) =>
        h("div", {}, attempts > 0 && [chip("states", state), " "],
          uri.replace(/^mailto:/, ""), copyMark({copy}), lastAnswer
            && h("div", {class: "small muted"}, lastAnswer)))},
];

const filters = [
  searchFilter("domain or report-id"),
  {name: "status", label: "Status", kind: "select",
    // done ones have left the outbox
    options: words("statuses").filter((one) => one !== "done")
      .map((one) => [one, label("statuses", one)]),
    condition: (status) => ({status})},
  failuresFilter,
  {name: "createdAfter", label: "Created from (UTC)", kind: "time", more: true,
    condition: (createdAfter) => ({createdAfter})},
  {name: "createdBefore", label: "Created before (UTC)", kind: "time",
    more: true, condition: (createdBefore) => ({createdBefore})},
  {name: "deliverAfter", label: "Deliver from (UTC)", kind: "time", more: true,
    condition: (deliverAfter) => ({deliverAfter})},
  {name: "deliverBefore", label: "Deliver before (UTC)", kind: "time",
    more: true, condition: (deliverBefore) => ({deliverBefore})},
];

export function create(ctx) {
  const list = createList(ctx, {
    path: "outbox",
    type: TYPE,
    properties: ["id", "domain", "createdAt", "deliverAt", "status",
      "successfulSessions", "failedSessions", "destinations"],
    what: ["report", "reports"],
    sort: "-createdAt",
    columns,
    filters,
    actions: actionsFor(ctx),
    tools: ctx.may(MAY_CREATE) && h("a", {class: "button primary",
      href: hash("outbox/new")}, "New report"),
    empty: "The outbox is empty: all reports were sent, or none has been made yet.",
  });

  return {
    element: h("div", {}, h("h1", {}, "TLS reports in the outbox"),
      list.element),
    update: list.update,
    refresh: list.refresh,
  };
}
