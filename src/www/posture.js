// Management > Reports > Inbox > Posture: how each domain of ours stands
import {badCount} from "./columns.js";
import {rangeForm, rangeOf} from "./days.js";
import {h} from "./dom.js";
import {count} from "./format.js";
import {load} from "./load.js";
import {nameOf} from "./names.js";
import {hash, join} from "./router.js";
import {byNumber, byText, sortableTable} from "./table.js";
import {label} from "./words.js";

export const title = "Posture";

const number = (name, of, cell = (row) => count(of(row))) => ({title: name,
  num: true, compare: byNumber(of), cell});

const columns = [
  {title: "Domain", head: true, compare: byText(({domain}) => domain),
    cell: ({domain}) => h("a", {href: hash(join("posture", domain))},
      nameOf(domain))},
  number("Reports", (row) => row.reports),
  number("Successful", (row) => row.successfulSessions),
  number("Failed", (row) => row.failedSessions, (row) =>
    badCount(row.failedSessions)),
  number("Messages", (row) => row.messages),
  number("Clear text", (row) => row.clear),
  {title: "MTA-STS", compare: byText(({mode}) => mode),
    cell: ({mode}) => mode ?? "–"},
  {title: "Ready for enforce?", compare: byText(({ready}) => ready),
    cell: ({ready}) => label("readiness", ready)},
];

function show({domains, isComplete}) {
  return domains.length === 0
    ? h("p", {class: "empty"}, "Section [received] names no domains.")
    : [sortableTable({caption: "Domains of ours", columns, rows: domains}),
      !isComplete && h("p", {class: "small muted"},
        "There was no time for all domains.")];
}

export function create(ctx) {
  const node = h("div", {});
  const form = rangeForm((range) => ctx.go("posture", range));

  const update = (route) => {
    const {from, to, error} = rangeOf(route.query);

    form.sync({from, to, error});
    return error ? null : load(ctx, node, "The domains", async () => {
      const got = await ctx.jmap.one("tally:PostureOverview/get",
        {ids: [`d${from}_${to}`]}, {signal: ctx.signal});

      return show(got.list[0]);
    });
  };

  return {
    element: h("div", {}, h("h1", {}, "How our domains stand"), form.element,
      h("p", {class: "small muted"}, "Sessions that others report, beside "
        + "messages that the milter saw. Ready for enforce: by what was "
        + "looked up lately; the domain's page looks it up."), node),
    update,
  };
}
