// one day of mail for one domain of ours: who sent it, and how
import {h} from "./dom.js";
import {count, percent} from "./format.js";
import {loadedPage} from "./load.js";
import {nameOf} from "./names.js";
import {hash} from "./router.js";
import {byNumber, byText, sortableTable} from "./table.js";
import {label} from "./words.js";

export const title = "Inbound";

const clientOf = ({client}) => label("clients", client) ?? "–";
const senderOf = (row) => row.otherSenders ? "(other senders)"
  : row.sender ?? "<>";

const column = (name, of, more) => ({title: name, compare: byText(of),
  cell: of, ...more});

function outcomeTable(rows) {
  const columns = [
    column("Sending domain", senderOf, {head: true,
      cell: (row) => nameOf(senderOf(row))}),
    column("Came from", clientOf),
    column("TLS", ({tls}) => label("tls", tls) ?? "–"),
    column("Cipher", ({cipher, cipherBits}) => cipher
      ? `${cipher}${cipherBits ? `, ${cipherBits} bits` : ""}` : "–",
    {class: "wide"}),
    column("Client certificate", ({certificate}) => certificate ?? "–"),
    {title: "Messages", num: true, compare: byNumber(({messages}) => messages),
      cell: ({messages}) => count(messages)},
  ];

  return sortableTable({caption: "Messages by sender, client and TLS", columns, rows,
    sort: {column: columns.at(-1), descending: true}});
}

function show(object) {
  return [
    h("h1", {}, nameOf(object.domain), `, ${object.day}`),
    h("div", {class: "figures"},
      h("div", {class: "figure"}, h("span", {class: "value"},
        count(object.messages)), h("span", {class: "what"}, "messages")),
      h("div", {class: "figure"}, h("span", {class: object.weakMessages > 0
        ? "value bad" : "value"}, count(object.weakMessages)),
      h("span", {class: "what"}, "in clear text or with TLS before 1.2, "
        + percent(object.weakMessages, object.messages)))),
    outcomeTable(object.outcomes),
  ];
}

function gone() {
  return h("div", {class: "empty"}, h("h1", {}, "No such day"),
    h("a", {href: hash("inbound")}, "All days"));
}

export function create(ctx) {
  return loadedPage(ctx, "The day", async () => {
    const got = await ctx.jmap.get("tally:Inbound", ctx.route.args.id, null,
      {signal: ctx.signal});
    return got ? show(got.object) : gone();
  });
}
