// Management > Reports > Outbox > TLS: the reports that wait to be sent
import {h} from "./dom.js";
import {count, time} from "./format.js";
import {createList} from "./list.js";
import {statusChip, statuses, statusWhat} from "./words.js";

export const title = "Outbox: TLS reports";

const TYPE = "x:TlsInternalReport";

export function create(ctx) {
  const list = createList(ctx, {
    path: "outbox",
    type: TYPE,
    properties: ["id", "domain", "createdAt", "deliverAt", "status",
      "successfulSessions", "failedSessions", "destinations"],
    what: ["report", "reports"],
    sort: "-createdAt",
    columns: [
      {title: "Domain", head: true, sort: "domain",
        cell: (report) => report.domain},
      {title: "Created", sort: "createdAt",
        cell: (report) => time(report.createdAt)},
      {title: "Deliver at", sort: "deliverAt",
        cell: (report) => time(report.deliverAt)},
      {title: "Status", cell: (report) => statusChip(report.status)},
      {title: "Sessions", num: true, cell: (report) =>
        count(report.successfulSessions + report.failedSessions)},
      {title: "Failures", num: true, sort: "failures",
        cell: (report) => h("span",
          {class: report.failedSessions > 0 ? "bad" : "muted"},
          count(report.failedSessions))},
      {title: "Destinations", cell: (report) =>
        report.destinations.map(({uri}) => uri).join(", ")},
    ],
    filters: [
      {name: "text", label: "Search", kind: "search",
        condition: (text) => ({text})},
      {name: "status", label: "Status", kind: "select",
        options: statuses.filter((one) => one !== "done")
          .map((one) => [one, `${one}: ${statusWhat(one)}`]),
        condition: (status) => ({status})},
      {name: "failures", label: "Only with failures", kind: "check",
        condition: () => ({hasFailures: true})},
    ],
    empty: "The outbox is empty: every report is sent, or none was made yet.",
  });

  return {
    element: h("div", {}, h("h1", {}, "TLS reports in the outbox"),
      list.element),
    update: list.update,
  };
}
