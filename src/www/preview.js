// preview - the report that a domain's day would give now, as `tlstally preview`
// prints it; and a report of the outbox made of it by hand
import {h} from "./dom.js";
import {loadedPage} from "./load.js";
import {nameOf} from "./names.js";
import {MAY_CREATE} from "./report_actions.js";
import {hash, join} from "./router.js";

export const title = "Preview";

const folded = (words, text) => text && h("details", {class: "card"},
  h("summary", {}, words), h("pre", {tabindex: "0"}, text));

function goesTo({object, reason}) {
  const list = [...object?.mailRua ?? [], ...object?.httpRua ?? []];

  return list.length > 0
    ? [h("p", {}, "It would go to:"), h("ul", {class: "problems"},
      list.map((uri) => h("li", {class: "mono"}, uri)))]
    : h("p", {class: "said said-warn"}, h("span", {},
      "It would not be sent: ", reason ?? "there is no destination", "."));
}

function show(ctx, found, id) {
  document.title = `${found.domain} – tlstally`;
  return [
    h("h1", {}, nameOf(found.domain), `, ${found.day}`),
    h("p", {class: "buttons head"},
      h("a", {class: "button", href: hash(join("domain", found.domain),
        {from: found.day, to: found.day})}, "This domain"),
      found.object && ctx.may(MAY_CREATE) && h("a", {class: "button primary",
        href: hash("outbox/new", {from: id})}, "Make a report…")),
    h("p", {class: "muted"}, "The report that would be made of the counters "
      + "of this day now. Nothing is sent by looking at it."),
    goesTo(found),
    h("details", {class: "card", open: true},
      h("summary", {}, "RFC 8460 JSON"),
      h("pre", {tabindex: "0"}, found.json ?? "There is none.")),
    folded("The mail", found.mail),
  ];
}

function gone() {
  return h("div", {class: "empty"}, h("h1", {}, "No such day"),
    h("p", {}, "Nothing was counted of this domain on this day, or it was "
      + "purged."), h("a", {href: hash("domains")}, "Domains"));
}

export function create(ctx) {
  return loadedPage(ctx, "The preview", async () => {
    const {id} = ctx.route.args;
    const got = await ctx.jmap.one("tally:Preview/get", {ids: [id]},
      {signal: ctx.signal});

    return got.list[0] ? show(ctx, got.list[0], id) : gone();
  });
}
