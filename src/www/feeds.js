// feeds - is counted what happens?  The health of the intake, and the outbox
import {answersOf, troubleOf} from "./answers.js";
import {h} from "./dom.js";
import {bytes, count, plural, time} from "./format.js";
import {hash} from "./router.js";
import {tableHead, tableOf, tableRow} from "./table.js";
import {chip, label, meaning} from "./words.js";

export const statusProperties = ["now", "mode", "store", "feeds", "waiting",
  "lines", "events", "outbox", "coverage", "policyd", "hosts", "suppressions", "clock",
  "lastRun", "verdict", "actions", "answers", "trouble", "troubleCount"];

const secs = (text) => text ? new Date(text).getTime() / 1000 : 0;

/** "12 s", "5 min", "3 h", "2 days" */
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));

  if (s < 120)
    return `${s} s`;
  if (s < 2 * 3600)
    return `${Math.round(s / 60)} min`;
  return s < 48 * 3600 ? `${Math.round(s / 3600)} h`
    : plural(Math.round(s / 86400), "day");
}

const columns = (now) => [
  {title: "Feed", head: true, cell: ({name}) => name},
  {title: "State", cell: (feed) => {
    return [chip("feeds", feed.state), feed.state !== "counting"
      && h("div", {class: "small muted"}, feed.words)];
  }},
  {title: "Last event", cell: (feed) => feed.lastEvent
    ? time(feed.lastEvent, {seconds: true})
    : h("span", {class: "muted"}, "none yet")},
  {title: "Counted until", cell: (feed) => feed.countedUntil
    ? time(feed.countedUntil, {seconds: true})
    : h("span", {class: "muted"}, "not yet")},
  {title: "Lag", num: true, cell: (feed) => feed.countedUntil
    ? span(now - secs(feed.countedUntil)) : ""},
  {title: "Events", num: true, cell: (feed) => count(feed.events)},
];

const hostColumns = [
  {title: "Host", head: true, cell: ({name}) => name},
  {title: "State", cell: (host) => [chip("hosts", host.state), host.words
    && h("div", {class: "small muted"}, host.words)]},
  {title: "Last day", cell: ({lastDay}) => lastDay
    ?? h("span", {class: "muted"}, "none")},
  {title: "Came", cell: ({importedAt}) => importedAt ? time(importedAt) : ""},
  {title: "Domains", num: true, cell: ({domains}) => domains === undefined ? ""
    : count(domains)},
  {title: "Sessions", num: true, cell: ({sessions}) => sessions === undefined
    ? "" : count(sessions)},
  {title: "Failed", num: true, cell: ({failedSessions}) =>
    failedSessions === undefined ? "" : count(failedSessions)},
];

function warning(kind, ...text) {
  return h("p", {class: `said said-${kind}`}, h("span", {}, text));
}

function coverageWarnings(status) {
  return (status.coverage ?? []).map((day) => {
    // the verdict tells it
    if (day.broken)
      return null;
    return day.uncovered > 0 && warning("warn",
      `Mail on ${day.day} went to ${plural(day.uncovered, "domain")} of `
      + `${count(day.domains)} without a TLS session counted: `,
      day.uncoveredDomains.slice(0, 5).map(({domain}) => domain).join(", "),
      day.uncovered > 5 && " …");
  });
}

function dropWarnings(status) {
  return (status.events ?? []).map((day) => {
    const bad = Object.entries(day.badInput ?? {});
    const words = [
      day.withoutDomain > 0 && `${plural(day.withoutDomain, "session")} counted `
        + "without their domain because memory was full",
      bad.length > 0 && "bad input: "
        + bad.map(([kind, n]) => `${count(n)} ${kind}`).join(", "),
    ].filter(Boolean);

    return words.length > 0
      && warning("warn", `On ${day.day}: ${words.join("; ")}.`);
  });
}

// Lines of the log that count for nothing.
function lineWarnings(status) {
  return (status.lines ?? []).map((day) => {
    const words = [
      day.notUnderstood > 0 && `${plural(day.notUnderstood, "log line")} `
        + `not understood, the first: ${day.firstNotUnderstood}`,
      day.unclear > 0 && `${plural(day.unclear, "delivery", "deliveries")} `
        + `with ambiguous or truncated log lines, the first: ${day.firstUnclear}`,
      ...(day.leftOut ?? []).map(({of, lines, first}) =>
        `${plural(lines, "log line")} of ${of} ignored, the first: ${first}`),
    ].filter(Boolean);

    return words.length > 0
      && warning("warn", `On ${day.day}: ${words.join("; ")}.`);
  });
}

function policydFacts(policyd) {
  const answers = Object.entries(policyd.answers).filter(([, n]) => n > 0);

  return [policyd.isUp ? "running" : ["not running since ",
    time(policyd.seenAt, {seconds: true})],
  policyd.outageSince && [", the resolver answers nothing since ",
    time(policyd.outageSince, {seconds: true})],
  policyd.unreachedSince && [", it reaches no policy host (port 443) since ",
    time(policyd.unreachedSince, {seconds: true})],
  answers.length > 0 && ["; answers to Postfix: ",
    answers.map(([kind, n]) => `${count(n)} ${label("told", kind)}`)
      .join(", ")]];
}

// What is overdue is bad; what is due now comes with the next run.
function dueWords({outbox, lastRun, now}) {
  const wait = secs(outbox?.nextDue) - secs(now);

  if (lastRun?.overdueSince)
    return h("a", {class: "bad", href: hash("outbox", {sort: "deliverAt"})},
      "overdue since ", time(lastRun.overdueSince));
  if (!outbox?.nextDue)
    return null;
  return wait <= 0 ? "the next is due now"
    : ["the next is due ", time(outbox.nextDue), `, in ${span(wait)}`];
}

function outboxFacts(status) {
  const counts = Object.entries(status.outbox?.reports ?? {});
  const due = dueWords(status);

  return counts.length === 0 ? "empty" : [
    counts.map(([state, n], i) => [i > 0 && ", ",
      h("a", {href: hash("outbox", {status: state})}, count(n)), " ",
      chip("statuses", state)]),
    due && [", ", due]];
}

/** What tally:Status says. */
export function statusOf(status) {
  const now = secs(status.now);
  const row = columns(now);
  const waiting = status.waiting?.sessions > 0
    && `${plural(status.waiting.sessions, "session")} from the log will be `
      + "counted when the policies are known.";

  return [coverageWarnings(status),
    lineWarnings(status), dropWarnings(status),
    status.feeds?.length > 0 && tableOf("Feeds", tableHead(row),
      h("tbody", {role: "rowgroup"}, status.feeds.map((feed) =>
        tableRow(row, feed)))),
    !status.feeds?.some((feed) => feed.countsSessions)
      && warning("warn", "No events yet. Is tlstallyd running, and is "
        + "smtp_tlsrpt_enable = yes in Postfix's main.cf? With a Postfix that "
        + "was built without TLSRPT, run tlstally-logd instead."),
    waiting && h("p", {class: "small muted"}, waiting),
    status.hosts?.length > 0 && tableOf("Other hosts", tableHead(hostColumns),
      h("tbody", {role: "rowgroup"}, status.hosts.map((host) =>
        tableRow(hostColumns, host)))),
    h("dl", {class: "facts below"},
      h("dt", {}, "Outbox"), h("dd", {}, outboxFacts(status)),
      status.policyd && [h("dt", {}, "Policy service"),
        h("dd", {}, policydFacts(status.policyd))],
      h("dt", {}, "Last run"), h("dd", {}, status.lastRun?.at
        ? time(status.lastRun.at, {seconds: true}) : "none yet"),
      h("dt", {}, "Mode"), h("dd", {}, status.mode, ": ",
        meaning("modes", status.mode)),
      h("dt", {}, "Suppressed"), h("dd", {},
        h("a", {href: hash("suppression")},
          plural(status.suppressions ?? 0, "address", "addresses"))),
      h("dt", {}, "Store"), h("dd", {}, bytes(status.store?.usedBytes ?? 0),
        " in use")),
    answersOf(status.answers), troubleOf(status)];
}
