/* Nothing that somebody has written is lost, and pages show what is now. */
import { expect, removeToken, token } from "../httpd_world.mjs";
import { call, checkAccess, closePage, openPage, until } from "./browser.mjs";

const TYPE = "x:TlsInternalReport";
const heading = (page, name) => page.getByRole("heading", { level: 1, name });

const make = async (server, all, domain) => (await call(server, all,
  `${TYPE}/set`, { create: { n: {
    domain, mailRua: [`tls@${domain}`], httpRua: [], policyIdentifiers: [],
    createdAt: "2026-03-02T00:15:00Z", deliverAt: "2036-03-02T01:00:00Z",
    report: { reportId: `kept.${domain}@example.com`, policies: [],
              dateRangeStart: "2026-03-01T00:00:00Z",
              dateRangeEnd: "2026-03-01T23:59:59Z" },
  } } })).created.n.id;

/* Back, a link and a reload ask first. */
async function testUnsaved({ server, tokens }) {
  const id = await make(server, tokens.all, "unsaved.example");
  const page = await openPage(server, { token: tokens.all,
                                        hash: `#/outbox/${id}` });
  const field = page.getByLabel("Mail to");
  const asked = page.getByRole("heading", { name: "Leave without saving?" });

  await page.getByRole("link", { name: "Edit" }).click();
  await field.fill("new@unsaved.example");
  await page.goBack();
  await asked.waitFor();
  await checkAccess(page, "asked before an edit is lost");
  await page.getByRole("button", { name: "Cancel" }).click();
  expect("Back: the edit stays", ["new@unsaved.example", `#/outbox/${id}/edit`],
         [await field.inputValue(), new URL(page.url()).hash]);
  await page.getByRole("link", { name: "Suppression" }).click();
  await asked.waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  expect("a link: the edit stays", "new@unsaved.example",
         await field.inputValue());
  page.removeAllListeners("dialog");
  const told = new Promise((done) => page.once("dialog", async (dialog) => {
    const type = dialog.type();
    await dialog.dismiss();
    done(type);
  }));
  await page.evaluate(() => setTimeout(() => location.reload(), 0));
  expect("a reload asks", "beforeunload", await told);
  expect("and the edit stays", "new@unsaved.example",
         await field.inputValue());
  await page.getByRole("link", { name: "Suppression" }).click();
  await page.getByRole("button", { name: "Leave", exact: true }).click();
  await heading(page, "Suppressed addresses").waitFor();
  await page.getByText("Suppress an address").click();
  await page.getByLabel("Address").fill("half@done.example");
  await page.getByRole("link", { name: "Sent" }).click();
  await asked.waitFor();
  await page.getByRole("button", { name: "Leave", exact: true }).click();
  await heading(page, "Sent reports").waitFor();
  await closePage(page, "an edit that is not saved");
}

/* The token is gone while somebody writes: he goes on where he was. */
async function testExpired({ server, tokens }) {
  const id = await make(server, tokens.all, "expired.example");
  const page = await openPage(server, {
    token: token(server, "expires", "all"), hash: `#/outbox/${id}/edit` });

  await page.getByLabel("Mail to").fill("kept@expired.example");
  removeToken(server, "expires");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Sign in again" }).waitFor();
  await page.getByLabel("Token").fill("tally_nonsense");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").filter({ hasText: "unknown" }).first()
    .waitFor();
  await page.getByLabel("Token").fill(tokens.all);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Signed in again.").waitFor();
  expect("signing in again comes back to the form", "kept@expired.example",
         await page.getByLabel("Mail to").inputValue());
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The report was saved.").waitFor();
  await closePage(page, "a token that expires");
}

/* One sign-in for all tabs; signing out of one is of all. */
async function testTabs({ server, tokens }) {
  const page = await openPage(server);
  await page.getByLabel("Token").fill(tokens.all);
  await page.getByRole("button", { name: "Sign in" }).click();
  await heading(page, "TLS reports").waitFor();
  const second = await page.context().newPage();
  // the first one answers no other until it is let go
  await page.evaluate(() => {
    const real = BroadcastChannel.prototype.postMessage;

    BroadcastChannel.prototype.postMessage = function (data) {
      const channel = this;

      window.letGo = () => {
        BroadcastChannel.prototype.postMessage = real;
        channel.postMessage(data);
      };
    };
  });
  await second.goto(`${server.url}/#/sent`);
  await second.getByLabel("Token").waitFor();
  await page.waitForFunction(() => window.letGo);
  await page.evaluate(() => window.letGo());
  await heading(second, "Sent reports").waitFor();
  expect("a second tab is signed in", true,
         await second.evaluate(() => sessionStorage.length === 1));
  await page.getByRole("button", { name: "Sign out" }).click();
  await second.getByText("Signed out in another tab.").waitFor();
  expect("and signed out with the first", 0,
         await second.evaluate(() => sessionStorage.length));
  await closePage(page, "two tabs");
}

/* The first page that the token may read. */
async function testHome({ server, tokens }) {
  for (const [what, who, want] of [
    ["all", tokens.all, "#/overview"],
    ["reports", token(server, "only-reports", "sysTlsInternalReportGet",
                      "sysTlsInternalReportQuery"), "#/outbox"]]) {
    const page = await openPage(server, { token: who, hash: "" });
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(`home with a token for ${what}`, want, new URL(page.url()).hash);
    await closePage(page, "home");
  }
}

/* Back after a search, and after a delete the list as it was. */
async function testBack({ server, tokens }) {
  const id = await make(server, tokens.all, "deleted.example");
  const page = await openPage(server, { token: tokens.all });
  const search = page.getByRole("searchbox", { name: "Search" });
  const hash = () => new URL(page.url()).hash;

  await heading(page, "TLS reports").waitFor();
  await search.pressSequentially("deleted", { delay: 400 });
  await until("a search is in the address", "#/outbox?text=deleted", hash);
  await page.goBack();
  await until("Back leads to the list before it", ["#/outbox", ""],
              async () => [hash(), await search.inputValue()]);
  await page.goForward();
  await until("Forward to the search", "deleted", () => search.inputValue());
  await page.getByRole("link", { name: "deleted.example" }).click();
  await heading(page, "deleted.example").waitFor();
  expect("the object id is shown", 1, await page.getByText(id).count());
  await page.getByRole("button", { name: "Copy the object id" }).click();
  await page.getByText(/ (copied|marked)$/).waitFor();
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await heading(page, "TLS reports").waitFor();
  expect("after a delete the list is as it was", "#/outbox?text=deleted",
         hash());
  await page.getByText("1 report deleted.").waitFor();
  const other = await make(server, tokens.all, "by-id.example");
  await search.fill(other);
  await page.getByRole("link", { name: `Open the report with the id ${other}` })
    .click();
  await heading(page, "by-id.example").waitFor();
  await closePage(page, "back");
}

/* What others change is seen without a reload: told, and asked for where
 * events do not come through. */
async function testRefresh({ server, tokens }) {
  for (const way of ["told", "asked for"]) {
    const page = await openPage(server, { token: tokens.tally,
                                          hash: "#/suppression" });
    if (way === "asked for") {
      await page.route("**/jmap/eventsource*", (route) => route.abort());
      await page.reload();
    }
    await page.getByText(/No addresses|addresses?$/).first().waitFor();
    const address = `${way.replaceAll(" ", "-")}@refresh.example`;
    await call(server, tokens.all, "tally:Suppression/set",
               { create: { n: { address } } });
    await page.getByRole("rowheader", { name: address }).waitFor();
    expect(`a change is seen: ${way}`, 1,
           await page.getByRole("rowheader", { name: address }).count());
    page.seen = page.seen.filter((line) => !/ERR_FAILED/.test(line));
    await closePage(page, "a page that refreshes itself");
  }
}

/* What fails can be tried again; what works is busy. */
async function testAgain({ server, tokens }) {
  const page = await openPage(server, { token: tokens.all,
                                        hash: "#/suppression" });
  await heading(page, "Suppressed addresses").waitFor();
  await page.route("**/sent.js", (route) => route.abort());
  await page.getByRole("link", { name: "Sent" }).click();
  await heading(page, "The page could not be loaded").waitFor();
  await page.unroute("**/sent.js");
  await page.getByRole("button", { name: "Try again" }).click();
  await heading(page, "Sent reports").waitFor();
  await page.route("**/jmap/session", (route) => route.abort());
  await page.reload();
  await page.getByText("tlstally-httpd does not answer").waitFor();
  await page.unroute("**/jmap/session");
  await page.getByRole("button", { name: "Try again" }).click();
  await heading(page, "Sent reports").waitFor();
  page.seen = page.seen.filter((line) => !/ERR_FAILED/.test(line));

  let go;
  const held = new Promise((done) => { go = done; });
  await page.locator('nav a[data-path="outbox"]').click();
  await page.getByLabel(/^Select host-/).first().check();
  await page.route("**/jmap/", async (route) => {
    await held;
    await route.continue();
  });
  await page.getByRole("button", { name: "Deliver now" }).click();
  expect("a button that works is busy", "true", await page.getByRole("button",
    { name: "Deliver now" }).getAttribute("aria-busy"));
  go();
  await page.getByText("1 report due now").waitFor();
  await closePage(page, "again");
}

/* Runs in the page: listens for many rounds, without the waits between them;
 * how often the signal was listened to at the same time. */
async function followForLong() {
  const { follow } = await import("./events.js");
  const end = new AbortController();
  const { signal } = end;
  const { setTimeout: later } = globalThis;
  let [rounds, now, most] = [0, 0, 0];

  for (const [name, step] of [["addEventListener", 1],
                              ["removeEventListener", -1]])
    signal[name] = (...args) => {
      now += step;
      most = Math.max(most, now);
      AbortSignal.prototype[name].apply(signal, args);
    };
  globalThis.setTimeout = (act) => later(act, 0);
  await follow({
    may: () => false, account: "tally", call: async () => [],
    events: async () => {
      rounds += 1;
      if (rounds === 50)
        end.abort();
    },
  }, () => {}, signal);
  globalThis.setTimeout = later;
  return most;
}

/* Who leaves a page open for a year costs his browser no more each round. */
async function testFollows({ server, tokens }) {
  const page = await openPage(server, { token: tokens.all });

  await heading(page, "TLS reports").waitFor();
  expect("what listens to the end of a page is taken away", 1,
         await page.evaluate(followForLong));
  await closePage(page, "listening for long");
}

export default async function testKept(world) {
  await testHome(world);
  await testUnsaved(world);
  await testExpired(world);
  await testTabs(world);
  await testBack(world);
  await testRefresh(world);
  await testAgain(world);
  await testFollows(world);
}
