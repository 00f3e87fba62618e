// Inbound: how mail came in for our own domains
import {dayAfter} from "./days.js";
import {h} from "./dom.js";
import {count, percent} from "./format.js";
import {createList} from "./list.js";
import {hash, join} from "./router.js";

export const title = "Inbound";

export function create(ctx) {
  const list = createList(ctx, {
    path: "inbound",
    type: "tally:Inbound",
    properties: ["id", "day", "domain", "messages", "weakMessages"],
    what: ["day of a domain", "days of domains"],
    sort: "-day",
    columns: [
      {title: "Domain", head: true, sort: "domain", cell: ({id, domain}) =>
        h("a", {href: hash(join("inbound", id))}, domain)},
      {title: "Day (UTC)", sort: "day", cell: ({day}) => day},
      {title: "Messages", num: true, sort: "messages", cell: ({messages}) =>
        count(messages)},
      {title: "Weak", num: true, sort: "weakMessages", cell: (row) =>
        h("span", {class: row.weakMessages > 0 ? "bad" : "muted"},
          count(row.weakMessages))},
      {title: "Weak share", num: true, cell: (row) =>
        percent(row.weakMessages, row.messages)},
    ],
    filters: [
      {name: "text", label: "Search", kind: "search", hint: "our domain",
        condition: (text) => ({text})},
      {name: "from", label: "From (UTC)", kind: "day",
        condition: (day) => ({dayAfter: day})},
      {name: "to", label: "To (UTC)", kind: "day",
        condition: (day) => ({dayBefore: dayAfter(day)})},
      {name: "weak", label: "Only with weak messages", kind: "check",
        condition: () => ({hasWeak: true})},
    ],
    empty: "No mail was counted. Is tlstally-milter running, and listed in "
      + "smtpd_milters in Postfix's main.cf?",
  });

  return {
    element: h("div", {}, h("h1", {}, "Inbound mail"),
      h("p", {class: "muted"}, "How messages for your own domains came in. "
        + "Weak: in clear text, or with TLS before 1.2."), list.element),
    update: list.update,
    refresh: list.refresh,
  };
}
