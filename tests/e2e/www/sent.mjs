/* Sent: the archive as the delivery run left it. */
import { expect } from "../httpd_world.mjs";
import { checkLooks, closePage, openPage, until } from "./browser.mjs";
import { domains, summary } from "./list.mjs";
import { number, sumsOf, tableOf } from "./overview.mjs";

async function testDetail(server, page) {
  await page.getByRole("link", { name: "host03.example" }).first().click();
  await page.getByRole("heading", { level: 1, name: "host03.example" })
    .waitFor();
  await page.getByText(/no reports here/).first().waitFor();
  await page.getByText("refused", { exact: true }).waitFor();
  await checkLooks(page, "sent-report");
  await page.getByText("RFC 8460 JSON").click();
  await until("the archived report is shown", "host03.example", async () => {
    const pre = page.locator("details[open] pre");
    return await pre.count()
      ? JSON.parse(await pre.textContent()).policies[0].policy["policy-domain"]
      : null;
  });
  await page.getByRole("link", { name: "This domain" }).click();
  await page.getByRole("heading", { name: "Reports", exact: true }).waitFor();
}

/* What was refused goes back to the outbox, when asked twice. */
async function testAgain(server, token) {
  const page = await openPage(server, { token, hash: "#/sent?text=host03" });

  await summary(page, /^3 reports$/);
  await page.getByRole("link", { name: "host03.example" }).first().click();
  await page.getByRole("button", { name: "Send again" }).click();
  await checkLooks(page, "send-again");
  await page.getByRole("dialog").getByRole("button", { name: "Send again" })
    .click();
  await page.getByText("The report is in the outbox again.").waitFor();
  await until("it is in the outbox", true, () =>
    new URL(page.url()).hash.startsWith("#/outbox/"));
  await page.getByRole("heading", { level: 1, name: "host03.example" })
    .waitFor();
  await page.goto(`${server.url}/#/sent?text=host03`);
  await summary(page, /^2 reports$/);
  await closePage(page, "a report that is sent again");
}

export default async function testSent({ server, tokens }) {
  const page = await openPage(server, { token: tokens.reader,
                                        hash: "#/sent?sort=domain&size=100" });

  await summary(page, /^90 reports$/);
  expect("sorted by domain", ["host00.example", "host29.example"], [
    (await domains(page))[0], (await domains(page)).at(-1)]);
  await checkLooks(page, "sent");
  await page.getByLabel("From (UTC)", { exact: true }).fill("2026-03-03");
  await summary(page, /^30 reports$/);
  await page.getByLabel("Search").fill("host03");
  await summary(page, /^1 report$/);
  expect("the row", ["host03.example", "2026-03-03", "refused", "mail"],
         (await tableOf(page, "reports"))[0].filter((_, i) => i !== 2)
           .slice(0, 4).map((text) => text.trim()));
  await page.goto(`${server.url}/#/sent?size=25&sort=day&page=4`);
  await summary(page, "76–90 of 90 reports");
  await page.goto(`${server.url}/#/sent?failures=1&sort=-failures`);
  const failing = ["2026-03-01", "2026-03-02", "2026-03-03"]
    .flatMap((day) => sumsOf(server, day).list
      .map(({ totalFailedSessions }) => totalFailedSessions)).filter((n) => n > 0)
    .sort((a, b) => b - a);
  await summary(page, new RegExp(`^${failing.length} reports$`));
  const failures = (await tableOf(page, "reports")).map((row) =>
    number(row[6]));
  expect("as were counted, the most failures first", failing, failures);
  for (const [query, want] of [
    ["answer=550", /^6 reports$/], ["answer=5.1.1", /^3 reports$/],
    ["answer=550+5.2.1", /^1 report$/], ["host=host03.example", /^3 reports$/],
    ["host=HOST03.example.", /^3 reports$/], ["host=host03", /^No reports/],
    ["host=host03.example&to=2026-03-02", /^2 reports$/],
    ["host=host06.example&answer=5.1.0", /^No reports/],
    ["state=delivered&host=host03.example", /^No reports/],
    ["state=delivered", /84 reports$/]]) {
    await page.goto(`${server.url}/#/sent?${query}`);
    await summary(page, want);
  }
  await page.goto(`${server.url}/#/sent?text=host03`);
  await summary(page, /^3 reports$/);
  await testDetail(server, page);
  await page.goto(`${server.url}/#/sent/a000000000000`);
  await page.getByRole("heading", { name: "No such report" }).waitFor();
  await page.goto(`${server.url}/#/sent?from=yesterday`);
  await page.getByText(/could not be loaded: filter: dayAfter/).waitFor();
  await page.goto(`${server.url}/#/sent?text=host03`);
  await summary(page, /^3 reports$/);
  await page.getByRole("link", { name: "host03.example" }).first().click();
  await page.getByText(/no reports here/).first().waitFor();
  expect("who only reads sends nothing again", 0,
         await page.getByRole("button", { name: "Send again" }).count());
  await closePage(page, "sent reports");

  const overview = await openPage(server, { token: tokens.reader,
                                            hash: "#/overview" });
  await overview.getByRole("heading", { name: "Reports sent and refused" })
    .waitFor();
  const today = (await tableOf(overview, "Reports sent and refused")).at(-1);
  expect("reports settled, delivered, refused and suppressed today",
         [90, 84, 3, 3],
         [today[1], today[2], today[3], today[6]].map(number));
  await closePage(overview, "what was sent today");
  await testAgain(server, tokens.all);
}
