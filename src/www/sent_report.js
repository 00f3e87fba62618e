// one report that was sent: as report.js; it can be sent again, and nothing else
// can be done to it
import {button, h} from "./dom.js";
import {loadedPage} from "./load.js";
import {nameOf} from "./names.js";
import {facts, figures} from "./report.js";
import {MAY_UPDATE, sendAgain} from "./report_actions.js";
import {destinationsTable, policyCards, sentAs} from "./report_parts.js";
import {hash, join} from "./router.js";

export const title = "Sent report";

function gone() {
  return h("div", {class: "empty"}, h("h1", {}, "No such report"),
    h("p", {}, "It is not in the archive: it is still in the outbox, or it "
      + "was purged."),
    h("a", {href: hash("sent")}, "Sent reports"));
}

function show(ctx, object) {
  document.title = `${object.domain} – tlstally`;
  return [
    h("h1", {}, nameOf(object.domain)),
    h("p", {class: "buttons head"}, h("a", {class: "button",
      href: hash(join("domain", object.domain))}, "This domain"),
    ctx.may(MAY_UPDATE)
      && object.destinations.some(({state}) => state !== "delivered")
      && button("Send again…", async () => {
        if (await sendAgain(ctx, object.id))
          ctx.go(join("outbox", object.id), {},
            {words: "The report is in the outbox again."});
      })),
    figures(object), facts(object),
    h("h2", {}, "Destinations"), destinationsTable(object),
    h("h2", {}, "Policies"), policyCards(object.report.policies),
    h("h2", {}, "As it was sent"), sentAs(ctx, object),
  ];
}

export function create(ctx) {
  return loadedPage(ctx, "The report", async () => {
    const got = await ctx.jmap.get("tally:SentReport", ctx.route.args.id, null,
      {signal: ctx.signal});
    return got ? show(ctx, got.object) : gone();
  });
}
