// lookup - what a domain publishes now, as `tlstally lookup` tells it
import {button, fill, h} from "./dom.js";
import {plural, time} from "./format.js";
import {load} from "./load.js";
import {label} from "./words.js";

const AGAIN_MS = 500;

/** The id of a domain in the API (jmap/id_text.h). */
export function idOf(domain) {
  return [...new TextEncoder().encode(domain)].map((byte, i) => {
    const c = String.fromCharCode(byte);

    if (/[a-pr-z]/.test(c) || (i > 0 && /[0-9-]/.test(c)))
      return c;
    return c === "." && i > 0 ? "_"
      : `Q${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

const wordsOf = (status) => label("lookups", status);
const mono = (text) => h("div", {class: "mono"}, text);
const lines = (list, word) => (list ?? []).map((one) =>
  h("div", {class: "small"}, word, h("span", {class: "mono"}, one)));

function tlsrpt(part) {
  return [part.record ? mono(part.record) : wordsOf(part.status),
    lines(part.destinations, "reports go to "), lines(part.leftOut, "ignored: ")];
}

function mtaSts(part) {
  const words = part.policy === "ok"
    ? `mode ${part.mode}, max_age ${plural(part.maxAge, "second")}`
    : part.record !== "ok" ? wordsOf(part.record)
      : part.policy === "no-answer" ? "the policy was not fetched"
        : wordsOf(part.policy);

  return [words, part.id && [", id ", h("span", {class: "mono"}, part.id)],
    lines(part.mx, "mx: ")];
}

function host(one) {
  return h("li", {}, h("span", {class: "mono"},
    `${one.preference} ${one.host}`), ": ",
  label("tlsa", one.tlsa),
  one.inPolicy === undefined ? null : one.inPolicy
    ? ", in the MTA-STS policy"
    : h("span", {class: "bad"}, ", not in the MTA-STS policy"),
  lines(one.tlsaRecords, ""));
}

function mx(part) {
  if (part.nullMx)
    return "null: the domain does not accept mail";
  return [part.status !== "ok" ? wordsOf(part.status)
    : part.secure ? "signed by DNSSEC"
      : "not signed by DNSSEC, according to the resolver",
  part.hosts?.length > 0 && h("ul", {class: "hosts"}, part.hosts.map(host))];
}

// What tlstally-policyd tells Postfix, if that asks it.
function told(part) {
  return [label("told", part.kind), ": ", part.why,
    part.since && [", since ", time(part.since, {seconds: true}), " UTC"],
    part.answer && mono(part.answer),
    part.temporary && h("div", {class: "bad"}, "temporary failure: ",
      part.temporary)];
}

function problems(list) {
  return list.length === 0
    ? h("p", {class: "good"}, "No problems found.")
    : [h("h3", {}, "Possible problems"),
      h("ul", {class: "problems"}, list.map((text) => h("li", {}, text)))];
}

function show(found) {
  return [
    found.state === "failed" && h("p", {class: "said said-bad"},
      found.failure),
    h("dl", {class: "facts"},
      h("dt", {}, "TLSRPT"), h("dd", {}, tlsrpt(found.tlsrpt ?? {})),
      h("dt", {}, "MTA-STS"), h("dd", {}, mtaSts(found.mtaSts ?? {})),
      h("dt", {}, "MX"), h("dd", {}, mx(found.mx ?? {})),
      found.postfix && [h("dt", {}, "Postfix is told"),
        h("dd", {}, told(found.postfix))]),
    problems(found.problems ?? []),
    h("p", {class: "small muted"}, found.source === "cache"
      ? "From the policy cache, as of " : "Looked up at ",
    time(found.checkedAt, {seconds: true}), " UTC."),
  ];
}

const wait = (ms) => new Promise((done) => {
  setTimeout(done, ms);
});

// Under way at first; whoever asks again learns more.
async function ask(ctx, domain, refresh, signal) {
  for (let first = true; ; first = false) {
    const got = await ctx.jmap.one("tally:Lookup/get",
      {ids: [idOf(domain)], refresh: refresh && first}, {signal});
    const [found] = got.list;

    if (!found || found.state !== "underWay")
      return found;
    await wait(AGAIN_MS);
    if (signal.aborted)
      throw new DOMException("left", "AbortError");
  }
}

/** The part of a page. */
export function lookupPart(ctx, domain) {
  const node = h("div", {});
  const again = button("Look up now", () => look(true));

  async function look(refresh) {
    again.disabled = true;
    fill(node, h("p", {class: "muted", role: "status"},
      "Querying DNS and the policy host; this may take a while…"));
    await load(ctx, node, "The lookup", async () => {
      const found = await ask(ctx, domain, refresh, ctx.signal);
      return found ? show(found)
        : h("p", {class: "muted"}, "This name cannot be looked up.");
    });
    again.disabled = false;
  }

  look(false);
  return h("section", {class: "card"},
    h("div", {class: "bar"}, h("h2", {}, "DNS and MTA-STS policy"), again), node);
}
