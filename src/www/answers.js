// answers - deliveries that failed: those with the same answer as one line, and
// the latest of the outbox one by one
import {h} from "./dom.js";
import {count, time} from "./format.js";
import {domainLink, nameOf} from "./names.js";
import {hash, join} from "./router.js";
import {byNumber, byText, sortableTable} from "./table.js";
import {chip} from "./words.js";

// Those of the outbox are tried again; the others have left it.
const listOf = ({state}) => state === "deferred"
  ? hash("outbox", {status: state}) : hash("sent", {state});

const columns = [
  {title: "State", compare: byText(({state}) => state),
    cell: ({state}) => chip("states", state)},
  {title: "Destinations", num: true,
    compare: byNumber(({destinations}) => destinations),
    cell: (group) => h("a", {href: listOf(group)},
      count(group.destinations))},
  {title: "By", compare: byText(({transport}) => transport),
    cell: ({transport}) => transport},
  {title: "For example", head: true, compare: byText(({domain}) => domain),
    cell: ({domain}) => domainLink(domain)},
  {title: "Last answer", cell: ({answer, ownFault}) => [answer,
    ownFault && h("div", {class: "small"}, "A problem of this site.")]},
  {title: "Day or next attempt (UTC)",
    compare: byText(({day, nextAttempt}) => nextAttempt ?? day ?? ""),
    cell: ({day, nextAttempt}) => nextAttempt ? time(nextAttempt) : day}];

/** Of the outbox, today and yesterday; false: all were delivered. */
export function answersOf(answers) {
  return answers?.length > 0 && [h("h2", {}, "Not delivered"),
    sortableTable({caption: "Not delivered", columns, rows: answers})];
}

const tried = [
  {title: "Domain", head: true, compare: byText(({domain}) => domain),
    cell: ({id, domain}) => h("a", {href: id ? hash(join("outbox", id))
      : hash("outbox", {text: domain})}, nameOf(domain))},
  {title: "Destination", class: "wide", compare: byText(({uri}) => uri),
    cell: ({uri}) => uri.replace(/^mailto:/, "")},
  {title: "Attempts", num: true, compare: byNumber(({attempts}) => attempts),
    cell: ({attempts}) => count(attempts)},
  {title: "Last attempt (UTC)", compare: byText((one) => one.lastAttempt),
    cell: ({lastAttempt}) => time(lastAttempt)},
  {title: "Next attempt (UTC)", compare: byText((one) => one.nextAttempt),
    cell: ({nextAttempt}) => time(nextAttempt)},
  {title: "Last answer", class: "wide", compare: byText((one) =>
    one.lastAnswer),
  cell: ({lastAnswer, uncertain}) => [lastAnswer, uncertain
    && h("div", {class: "small"}, "It may have been delivered.")]}];

/** The latest of the outbox that were tried, and how many there are. */
export function troubleOf({trouble, troubleCount}) {
  return trouble?.length > 0 && [h("h2", {}, "To be tried again"),
    sortableTable({caption: "To be tried again", columns: tried, rows: trouble}),
    troubleCount > trouble.length && h("p", {class: "small"},
      h("a", {href: hash("outbox", {status: "deferred"})},
        `All ${count(troubleCount)}`))];
}
