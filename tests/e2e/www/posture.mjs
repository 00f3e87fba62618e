/* Posture: what others report of a domain of ours, and what that means. */
import { expect } from "../httpd_world.mjs";
import { checkLooks, closePage, openPage } from "./browser.mjs";
import { receive } from "./inbox.mjs";
import { tableOf } from "./overview.mjs";

const DAYS = "from=2026-03-01&to=2026-03-05";

export default async function testPosture({ server, tokens }) {
  receive(server);
  const page = await openPage(server, {
    token: tokens.reader, hash: `#/posture/ours.example?${DAYS}` });

  await page.getByRole("heading", { name: /^Ready for enforce\?/ }).waitFor();
  const [day] = await tableOf(page,
    "By day: what others report, and what the milter saw");
  expect("a day", ["2026-03-01", "1", "100", "7"], day.slice(0, 4));
  const fails = await tableOf(page, "What fails");
  expect("what fails, at which host and since when",
    ["mx.ours.example", "7", "2026-03-01"],
    fails.find((row) => row[0] === "Certificate expired").slice(1, 4));
  const senders = await tableOf(page, "Who reports");
  expect("who says so", true, senders.some((row) => row[0] === "Sender Inc."
    && row[2] === "150"));
  const reports = page.getByRole("table", { name: "Who reports" })
    .getByRole("row", { name: /^Sender Inc\./ }).getByRole("link");
  expect("no link for who may not read reports", 0, await reports.count());
  await page.getByRole("heading", { name: "DNS and MTA-STS policy" }).waitFor();
  await checkLooks(page, "posture-domain");
  await page.goto(`${server.url}/#/posture/ours.example?from=2026-03-03`
    + "&to=2026-03-01");
  await page.getByText("The first day is after the last day.").waitFor();

  await page.goto(`${server.url}/#/posture?${DAYS}`);
  await page.getByRole("heading", { level: 1, name: "How our domains stand" })
    .waitFor();
  await checkLooks(page, "posture");
  await closePage(page, "posture");
  await testLinks({ server, tokens });
}

/* From what it comes to to the reports that say so, and back. */
async function testLinks({ server, tokens }) {
  const page = await openPage(server, {
    token: tokens.all, hash: `#/posture/ours.example?${DAYS}` });
  const row = page.getByRole("table", { name: "Who reports" })
    .getByRole("row", { name: /^Sender Inc\./ });
  const reports = await row.getByRole("link").textContent();

  await row.getByRole("link").click();
  await page.getByRole("link", { name: "ours.example" }).first().waitFor();
  expect("as many as were counted", reports,
         String(await page.locator("tbody tr").count()));
  await page.getByRole("link", { name: "ours.example" }).first().click();
  await page.getByRole("heading", { level: 1, name: "ours.example, by Sender" })
    .waitFor();
  await page.getByRole("link", { name: "posture", exact: true }).first()
    .click();
  await page.getByRole("heading", { name: /^Ready for enforce\?/ }).waitFor();
  await closePage(page, "posture: links");
}
