// Sent: reports that left the outbox, and what became of them
import {badCount, dayFilters, failuresFilter, searchFilter}
  from "./columns.js";
import {dayAfter} from "./days.js";
import {h} from "./dom.js";
import {count, time} from "./format.js";
import {createList} from "./list.js";
import {asciiOf, nameOf} from "./names.js";
import {hash, join} from "./router.js";
import {chip, label, words} from "./words.js";

export const title = "Sent reports";

// In the archive nothing is tried any more.
const FINAL = words("states").filter((state) =>
  !["pending", "inflight", "deferred"].includes(state));

const transportOf = (uri) => uri.startsWith("mailto:") ? "mail"
  : uri.startsWith("https:") ? "HTTPS" : "directory";

function transports({destinations}) {
  return [...new Set(destinations.map(({uri}) => transportOf(uri)))]
    .join(", ") || "–";
}

// One chip a state; how many of them when there are several destinations.
function results({destinations}) {
  const states = new Map();

  for (const {state} of destinations)
    states.set(state, (states.get(state) ?? 0) + 1);
  return [...states].map(([state, n]) => [
    chip("states", state), destinations.length > 1 && ` ${n} of `
      + `${destinations.length}`, " "]);
}

export function create(ctx) {
  const list = createList(ctx, {
    path: "sent",
    type: "tally:SentReport",
    properties: ["id", "domain", "day", "doneAt", "successfulSessions",
      "failedSessions", "destinations"],
    what: ["report", "reports"],
    sort: "-doneAt",
    columns: [
      {title: "Domain", head: true, sort: "domain", cell: ({id, domain}) =>
        h("a", {href: hash(join("sent", id))}, nameOf(domain))},
      {title: "Day (UTC)", sort: "day", cell: ({day}) => day},
      {title: "Settled", sort: "doneAt", cell: ({doneAt}) => time(doneAt)},
      {title: "Result", cell: results},
      {title: "By", cell: transports},
      {title: "Sessions", num: true, cell: (report) =>
        count(report.successfulSessions + report.failedSessions)},
      {title: "Failures", num: true, sort: "failures", cell: (report) =>
        badCount(report.failedSessions)},
    ],
    filters: [
      searchFilter("domain or report-id"),
      {name: "state", label: "A destination is", kind: "select",
        options: FINAL.map((state) => [state, label("states", state)]),
        condition: (state) => ({state})},
      {name: "settledFrom", label: "Settled from (UTC)", kind: "day",
        more: true, condition: (day) => ({doneAfter: `${day}T00:00:00Z`})},
      {name: "settledTo", label: "Settled to (UTC)", kind: "day", more: true,
        condition: (day) => ({doneBefore: `${dayAfter(day)}T00:00:00Z`})},
      {name: "answer", label: "Last answer", kind: "search", more: true,
        hint: "550 5.1.1", condition: (answer) => ({answer})},
      {name: "host", label: "Receiver", kind: "search", more: true,
        hint: "reports.example.com", condition: (host) => ({host: asciiOf(host)})},
      ...dayFilters, failuresFilter,
    ],
    empty: "No report has been settled yet.",
  });

  return {
    element: h("div", {}, h("h1", {}, "Sent reports"), list.element),
    update: list.update,
    refresh: list.refresh,
  };
}
