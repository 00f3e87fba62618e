// routes - one row a page
//
// path    "outbox", or with arguments "outbox/:id"; "#/outbox/a1b2" leads there
// menu    where it stands in the navigation: headings, then its own word;
//         none: a page that others lead to
// under   such a page's own place: the path that stays marked in the menu
// needs   the permissions without which it shows nothing (and says which)
// load    its module, which exports
//             title             words, for the window
//             create(ctx)       makes {element, update(route), close?(),
//                               unsaved?(), refresh?(types)}
//         update() is called at once and whenever the query of the same page
//         changes; unsaved() is asked before the page is left, refresh() is
//         called when objects of these types have changed; route is {path,
//         args, query: URLSearchParams}.  ctx has
//             jmap              the Client (jmap.js)
//             may(permission)   what this token can do: no buttons for the rest
//             signal            aborted when the page is left
//             go(path, query, {replace, words})   words: to be said there
//             back(path)        to a list as it was seen last
//             say(text, kind)   a line for everybody to see and hear
//             fail(error)       the same for what was thrown; 401 signs out
//
// To add a page: src/www/NAME.js, a row here, a line in src/www/Makefile.inc, and
// a test in tests/e2e/www.

const TLS = ["Management", "Reports", "Outbox", "TLS"];
const READ = ["tallyRead"];

export const routes = [
  {
    path: "overview",
    menu: ["Overview"],
    needs: READ,
    load: () => import("./overview.js"),
  },
  {
    path: "domains",
    menu: ["Domains"],
    needs: READ,
    load: () => import("./domains.js"),
  },
  {
    path: "days",
    under: "domains",
    needs: READ,
    load: () => import("./domain_days.js"),
  },
  {
    path: "domain/:name",
    under: "domains",
    needs: READ,
    load: () => import("./domain.js"),
  },
  {
    path: "preview/:id",
    under: "domains",
    needs: READ,
    load: () => import("./preview.js"),
  },
  {
    path: "inbound",
    menu: ["Inbound"],
    needs: READ,
    load: () => import("./inbound.js"),
  },
  {
    path: "inbound/:id",
    under: "inbound",
    needs: READ,
    load: () => import("./inbound_day.js"),
  },
  {
    path: "outbox",
    menu: TLS,
    needs: ["sysTlsInternalReportQuery", "sysTlsInternalReportGet"],
    load: () => import("./outbox.js"),
  },
  {
    path: "outbox/new",
    under: "outbox",
    needs: ["sysTlsInternalReportCreate"],
    load: () => import("./report_form.js"),
  },
  {
    path: "outbox/:id/edit",
    under: "outbox",
    needs: ["sysTlsInternalReportGet", "sysTlsInternalReportUpdate"],
    load: () => import("./report_form.js"),
  },
  {
    path: "outbox/:id",
    under: "outbox",
    needs: ["sysTlsInternalReportGet"],
    load: () => import("./report.js"),
  },
  {
    path: "sent",
    menu: ["Management", "Reports", "Sent"],
    needs: READ,
    load: () => import("./sent.js"),
  },
  {
    path: "sent/:id",
    under: "sent",
    needs: READ,
    load: () => import("./sent_report.js"),
  },
  {
    path: "inbox",
    menu: ["Management", "Reports", "Inbox", "TLS"],
    needs: ["sysTlsExternalReportQuery", "sysTlsExternalReportGet"],
    load: () => import("./inbox.js"),
  },
  {
    path: "inbox/:id",
    under: "inbox",
    needs: ["sysTlsExternalReportGet"],
    load: () => import("./inbox_report.js"),
  },
  {
    path: "posture",
    menu: ["Management", "Reports", "Inbox", "Posture"],
    needs: READ,
    load: () => import("./posture.js"),
  },
  {
    path: "posture/:domain",
    under: "posture",
    needs: READ,
    load: () => import("./posture_domain.js"),
  },
  {
    path: "suppression",
    menu: ["Management", "Reports", "Suppression"],
    needs: READ,
    load: () => import("./suppression.js"),
  },
];

/** Where the page begins when the address names none: the first that the token
 * may read. */
export function home(may) {
  return (routes.find((row) => row.menu && (row.needs ?? []).every(may))
    ?? routes[0]).path;
}
