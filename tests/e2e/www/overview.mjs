/* Overview: the tables have the store's sums, a range of days, feeds; and what
 * every page of these shows when there is nothing, or no answer. */
import { execFileSync, spawnSync } from "node:child_process";
import { expect } from "../httpd_world.mjs";
import { checkLooks, closePage, openPage, until } from "./browser.mjs";
import { summary } from "./list.mjs";

const TLSTALLY = "src/programs/tlstally";
export const RANGE = "from=2026-03-01&to=2026-03-10";

const PAGES = {
  overview: [`#/overview?${RANGE}`, "Nothing was counted on these days."],
  domains: ["#/domains", "Nothing was counted in the last 30 days."],
  days: ["#/days", "Nothing has been counted yet."],
  domain: [`#/domain/host09.example?${RANGE}`, "No session with this domain"],
  inbound: ["#/inbound", "No mail was counted."],
  sent: ["#/sent", "No report has been settled yet."],
  suppression: ["#/suppression", "No addresses are suppressed"],
};

/* What the command line says of a day, domain by domain. */
export function sumsOf(server, day) {
  const { domains } = JSON.parse(execFileSync(TLSTALLY, ["-c", server.conf,
    "domains", "--day", day, "--json"], { encoding: "utf8" }));
  const sum = (name) => domains.reduce((n, one) => n + one[name], 0);

  return { domains: domains.length, success: sum("totalSuccessfulSessions"),
           failure: sum("totalFailedSessions"), list: domains };
}

export const number = (text) => Number(text.replaceAll(",", ""));

/* The cells of a table of that name, also of one that is folded up. */
export function tableOf(page, name) {
  return page.evaluate((caption) => {
    const table = [...document.querySelectorAll("table")]
      .find((one) => one.caption?.textContent === caption);
    return table && [...table.tBodies[0].rows].map((row) =>
      [...row.cells].map((cell) => cell.textContent));
  }, name);
}

export async function testEmpty({ server, tokens }) {
  const page = await openPage(server, { token: tokens.all,
                                        hash: PAGES.overview[0] });

  for (const [name, [hash, words]] of Object.entries(PAGES)) {
    await page.goto(`${server.url}/${hash}`);
    await page.getByText(words).first().waitFor();
    if (name === "overview") {
      await page.getByText("No events yet.").waitFor();
      await checkLooks(page, "overview-empty");
    }
  }
  await closePage(page, "pages without data");
}

/* No answer, and no permission. */
export async function testErrors({ server, tokens }) {
  const page = await openPage(server, { token: tokens.all,
                                        hash: "#/outbox" });
  const refuse = (route) => route.fulfill({ status: 503,
    contentType: "application/problem+json",
    body: '{"type":"about:blank","status":503,"detail":"the store is full"}' });

  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.route("**/jmap/", refuse);
  for (const [name, [hash]] of Object.entries(PAGES)) {
    await page.goto(`${server.url}/${hash}`);
    await page.getByText("could not be loaded: the store is full").first()
      .waitFor();
    await until(`${name} can be tried again`, true, async () =>
      await page.getByRole("button", { name: "Try again" }).count() > 0);
  }
  await checkLooks(page, "error");
  await page.unroute("**/jmap/", refuse);
  await page.getByRole("button", { name: "Try again" }).first().click();
  await summary(page, /^1 address$/);
  await closePage(page, "pages without an answer");

  const none = await openPage(server, { token: tokens.reports });
  for (const [hash] of Object.values(PAGES)) {
    await none.goto(`${server.url}/${hash}`);
    await none.getByText("requires the permission tallyRead").waitFor();
  }
  await closePage(none, "pages without the permission");
}

async function checkTables(server, page, days) {
  const sums = days.map((day) => sumsOf(server, day));
  const rows = await tableOf(page, "Sessions per day");

  expect("each day's sums are the store's",
         days.map((day, i) => [day, sums[i].success, sums[i].failure,
                               sums[i].domains]),
         rows.map((row) => [row[0], number(row[1]), number(row[2]),
                            number(row[6])]));
  const all = sums.reduce((n, day) => n + day.success, 0);
  const failed = sums.reduce((n, day) => n + day.failure, 0);
  const policies = await tableOf(page, "Sessions by policy type");
  expect("by policy type it is as many", [all, failed],
         [1, 2].map((at) => policies.reduce((n, row) => n + number(row[at]),
                                            0)));
  const results = await tableOf(page, "Failed sessions by result type");
  expect("and by result type", failed,
         results.reduce((n, row) => n + number(row[1]), 0));
  return sums;
}

function worstOf(sums) {
  const failed = new Map();

  for (const { list } of sums)
    for (const { domain, totalFailedSessions } of list)
      failed.set(domain,
                 (failed.get(domain) ?? 0) + totalFailedSessions);
  return [...failed].filter(([, n]) => n > 0)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/* What Chart.js drew is what the table has. */
function drawn(page, title) {
  return page.evaluate((name) => {
    const section = [...document.querySelectorAll(".picture")]
      .find((one) => one.querySelector("h2").textContent === name);
    const chart = globalThis.Chart?.getChart(section.querySelector("canvas"));
    return chart?.data.datasets.map(({ data }) => [...data]) ?? null;
  }, title);
}

/* As the command line has them from the same server. */
async function checkChecks(server, page, key) {
  const said = spawnSync(TLSTALLY, ["-c", server.conf, "doctor", "--json",
    "--url", server.url, "--api-key", key], { encoding: "utf8" }).stdout;
  const { checks } = JSON.parse(said);
  const byName = (a, b) => a[1] < b[1] ? -1 : 1;

  await page.getByRole("heading", { name: "Checks" }).waitFor();
  const rows = await tableOf(page, "Checks");
  expect("the checks are those of doctor",
         checks.map(({ grade, check }) => [grade, check]).sort(byName),
         rows.map((row) => row.slice(0, 2)).sort(byName));
  expect("what a server cannot look at is not good", ["secrets", "unknown"],
         [rows.find((row) => row[1] === "secrets")[1],
          rows.find((row) => row[1] === "secrets")[0]]);
}

/* What a person must do, and each answer once, as the command line has them. */
async function checkAnswers(server, page) {
  const { actions, answers } = JSON.parse(execFileSync(TLSTALLY,
    ["-c", server.conf, "status", "--json"], { encoding: "utf8" }));

  await page.getByRole("heading", { name: "Not delivered" }).waitFor();
  const rows = await tableOf(page, "Not delivered");
  expect("some were refused", true, answers.length > 1);
  expect("the answers are those of status",
         answers.map(({ destinations, domain, answer }) =>
           [destinations, domain, answer]),
         rows.map((row) => [number(row[1]), row[3], row[4]]));
  await until("what needs action is said", actions.map(({ what }) => what),
    async () => (await page.locator(".verdict, .verdict + p + ul li")
      .allTextContents()).map((text, i) => text.includes(actions[i]?.what)
      ? actions[i].what : text));
}

/* Every failure stands under what it failed, and so do the errors; a number
 * leads to as many domains. */
async function checkProtection(server, page, sums) {
  const rows = await tableOf(page, "Protection per day");
  const all = (from, to) => rows.reduce((n, row) => n + row.slice(from, to)
    .reduce((m, text) => m + number(text), 0), 0);

  expect("by protection it is as many", [
    sums.reduce((n, day) => n + day.success, 0),
    sums.reduce((n, day) => n + day.failure, 0)], [all(1, 4), all(5, 9)]);
  const errors = await tableOf(page, "Failed under DANE or MTA-STS");
  expect("what failed under a policy, by its error", all(6, 8),
         errors.reduce((n, row) => n + number(row[2]), 0));
  const wider = page.getByText("The failures may be under another policy");
  const lists = page.getByRole("heading",
                               { name: /^Domains with .* and failures$/ });
  expect("a list that is wider than its errors says so",
         await lists.count(), await wider.count());
  expect("there is such a list", true, await wider.count() > 0);
  const worst = rows.find((row) => number(row[10]) > 1);
  await page.getByText("The numbers").first().click();
  await page.getByRole("table", { name: "Protection per day" })
    .getByRole("row", { name: worst[0] }).getByRole("link").last().click();
  await summary(page, new RegExp(`^${worst[10]} domains$`));
  await page.goBack();
  await page.getByRole("heading", { name: "Domains with most failures" })
    .waitFor();
}

/* The bars are links, too. */
async function checkBar(page) {
  const at = await page.evaluate(() => {
    const canvas = [...document.querySelectorAll(".picture")].find((one) =>
      one.querySelector("h2").textContent === "Sessions per day")
      .querySelector("canvas");
    const chart = globalThis.Chart.getChart(canvas);
    const bar = chart.getDatasetMeta(0).data[4];

    canvas.scrollIntoView({ block: "center" });
    const box = canvas.getBoundingClientRect();
    return [box.x + bar.x, box.y + (bar.y + bar.base) / 2];
  });

  await page.mouse.click(...at);
  await until("a bar leads to the domains of its day",
              "#/domains?from=2026-03-05&to=2026-03-05",
              () => new URL(page.url()).hash);
  await summary(page, /^31 domains$/);
  await page.goBack();
  await page.getByRole("heading", { name: "Domains with most failures" })
    .waitFor();
}

export default async function testOverview({ server, tokens }) {
  const page = await openPage(server, { token: tokens.reader,
                                        hash: `#/overview?${RANGE}`,
                                        height: 1500 });
  const days = Array.from({ length: 10 }, (_, i) =>
    `2026-03-${String(i + 1).padStart(2, "0")}`);

  await page.getByRole("heading", { name: "Domains with most failures" }).waitFor();
  await page.getByText("counting", { exact: true }).waitFor();
  await checkChecks(server, page, tokens.reader);
  await checkAnswers(server, page);
  const sums = await checkTables(server, page, days);
  await until("the chart has the same numbers",
              [sums.map(({ success }) => success),
               sums.map(({ failure }) => failure)],
              () => drawn(page, "Sessions per day"));
  const worst = worstOf(sums);
  expect("the worst, of all days", worst,
         (await tableOf(page, "Domains with most failures"))
           .map((row) => [row[0], number(row[1])]));
  await checkProtection(server, page, sums);
  await checkBar(page);
  await page.goto(`${server.url}/#/overview`);
  await page.goto(`${server.url}/#/overview?${RANGE}`);
  await page.getByRole("heading", { name: "Domains with most failures" }).waitFor();
  await page.locator("canvas").first().waitFor();
  await checkLooks(page, "overview");

  await page.getByText("The numbers").first().click();
  await page.getByLabel("From (UTC)").fill("2026-03-09");
  await until("the address has the range", "#/overview?from=2026-03-09&" +
              "to=2026-03-10", () => new URL(page.url()).hash);
  await until("two days are shown", ["2026-03-09", "2026-03-10"], async () =>
    (await tableOf(page, "Sessions per day"))?.map((row) => row[0]));
  await checkTables(server, page, days.slice(8));
  await page.goBack();
  await until("Back has ten", 10, async () =>
    (await tableOf(page, "Sessions per day"))?.length);
  await page.getByRole("button", { name: "7 days" }).click();
  await page.getByText("Nothing was counted on these days.").or(
    page.getByRole("heading", { name: "Reports sent and refused" })).waitFor();
  expect("the button is pressed", "true", await page.getByRole("button",
    { name: "7 days" }).getAttribute("aria-pressed"));
  await page.goto(`${server.url}/#/overview?from=2026-03-10&to=2026-03-01`);
  await page.getByRole("alert").filter({ hasText: "is after the last day" }).waitFor();
  await page.goto(`${server.url}/#/overview?from=x&to=2026-03-01`);
  await page.getByRole("alert").filter({ hasText: "written like" }).waitFor();
  await closePage(page, "the overview");
}
