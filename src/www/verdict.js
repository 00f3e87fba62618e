// verdict - how it goes in all: what `tlstally status` begins with, and what
// else a person must do
import {h} from "./dom.js";
import {time} from "./format.js";
import {hash} from "./router.js";
import {label} from "./words.js";

// The list on which the reports stand that something is about; the names of
// its filters are those of the API.
const LISTS = {"x:TlsInternalReport": "outbox", "tally:SentReport": "sent"};

export function reportsLink({reports}, words = "Show the reports") {
  const path = LISTS[reports?.type];

  return path && h("a", {href: hash(path, reports.filter)}, words);
}

/** The list of the domains that something is about. */
const domainsLink = ({domains}) => domains && h("a", {href:
  hash("domains", {fault: domains.filter.fault, from: domains.filter.day,
    to: domains.filter.day})}, "Show the domains");

const commandOf = ({command}) => command && ["; see: ",
  h("code", {}, command)];
const sinceOf = ({since}) => since && ["; since ", time(since), " UTC"];
const capital = (text) => text && text[0].toUpperCase() + text.slice(1);

function actionLine(action) {
  return h("li", {class: action.tone}, action.what, sinceOf(action),
    commandOf(action), action.reports && ["; ", reportsLink(action)],
    action.domains && ["; ", domainsLink(action)]);
}

/** Of tally:Status or tally:Doctor: {verdict, actions}. */
export function verdictOf({verdict, actions}) {
  const more = (actions ?? []).filter(({what}) => what !== verdict.what);

  return [h("p", {class: `said said-${verdict.tone} verdict`}, h("span", {},
    h("strong", {}, capital(label("overall", verdict.kind)), ": "),
    verdict.what, verdict.advice && `; ${verdict.advice}`, sinceOf(verdict),
    commandOf(verdict), ". ", reportsLink(verdict), domainsLink(verdict))),
  more.length > 0 && [h("p", {}, "Also needs action:"),
    h("ul", {class: "problems"}, more.map(actionLine))]];
}
