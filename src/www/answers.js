// answers - what a person must do, and the deliveries that failed, those with
// the same answer as one line
import {h} from "./dom.js";
import {count, time} from "./format.js";
import {hash, join} from "./router.js";
import {byNumber, byText, sortableTable} from "./table.js";
import {chip} from "./words.js";

/** What `tlstally status` begins with. */
export function actionsOf(actions) {
  if (!actions?.length)
    return h("p", {class: "small muted"}, "Nothing needs action.");
  return actions.map(({what, command}) => h("p", {class: "said said-warn"},
    h("span", {}, "Needs action: ", what, command && [": ",
      h("code", {}, command)])));
}

const columns = [
  {title: "State", compare: byText(({state}) => state),
    cell: ({state}) => chip("states", state)},
  {title: "Destinations", num: true,
    compare: byNumber(({destinations}) => destinations),
    cell: ({destinations}) => count(destinations)},
  {title: "By", compare: byText(({transport}) => transport),
    cell: ({transport}) => transport},
  {title: "Such as", head: true, compare: byText(({domain}) => domain),
    cell: ({domain}) => h("a", {href: hash(join("domain", domain))}, domain)},
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
