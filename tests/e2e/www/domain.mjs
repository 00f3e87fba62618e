/* One domain over time, and the list of them. */
import { expect } from "../httpd_world.mjs";
import { checkLooks, closePage, openPage, until } from "./browser.mjs";
import { domains, summary } from "./list.mjs";
import { number, RANGE, sumsOf, tableOf } from "./overview.mjs";

const HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>";

/* One row per domain for some days. */
export async function testPeriod({ server, tokens }) {
  const page = await openPage(server, { token: tokens.reader,
    hash: `#/domains?${RANGE}` });
  const days = Array.from({ length: 10 }, (_, i) =>
    sumsOf(server, `2026-03-${String(i + 1).padStart(2, "0")}`));
  const sumOf = (name, member) => days.reduce((n, { list }) => n
    + list.find(({ domain }) => domain === name)[member], 0);

  await summary(page, /^31 domains/);
  const [first] = await tableOf(page, "domains");
  const name = (await page.locator("tbody th a").first().textContent());
  expect("its sums are those of its days", [
    sumOf(name, "totalSuccessfulSessions") + sumOf(name, "totalFailedSessions"),
    sumOf(name, "totalFailedSessions")], [number(first[1]), number(first[2])]);
  await checkLooks(page, "domains");
  await page.getByLabel("Search").fill("HOST01.Example.");
  await summary(page, /^1 domain$/);
  expect("its record is there", true,
         (await tableOf(page, "domains"))[0][0].includes("v=TLSRPTv1"));
  await page.getByRole("table", { name: "domains" }).locator("td a").first()
    .click();
  await summary(page, /^10 days/);
  await page.goto(`${server.url}/#/domains?${RANGE}&text=b%C3%BCcher`);
  await page.getByText("No domains match these filters.").waitFor();
  await closePage(page, "domains of a period");
}

export async function testDomains({ server, tokens }) {
  const page = await openPage(server, { token: tokens.reader,
    hash: "#/days?from=2026-03-04&to=2026-03-04&sort=-totalFailedSessions" });

  await summary(page, /^31 days/);
  const { list } = sumsOf(server, "2026-03-04");
  const most = [...list].sort((a, b) => b.totalFailedSessions - a.totalFailedSessions)[0];
  expect("the most failures first", [most.domain, most.totalFailedSessions],
         [(await domains(page))[0],
          number((await tableOf(page, "days of domains"))[0][3])]);
  await checkLooks(page, "days");
  await page.getByLabel("Only with failures").check();
  await summary(page, new RegExp(`^${list.filter(({ totalFailedSessions }) =>
    totalFailedSessions > 0).length} days`));
  await page.goto(`${server.url}/#/days?mark=queued&size=100`);
  await summary(page, /^1–50|^90 days/);
  await page.goto(`${server.url}/#/days?text=${
    encodeURIComponent("<img")}&from=2026-03-01&to=2026-03-01`);
  await page.getByRole("link", { name: HOSTILE }).click();
  await page.getByRole("heading", { level: 1, name: HOSTILE }).waitFor();
  await page.getByText("This name cannot be looked up.").waitFor();
  expect("a hostile name is text", 0, await page.locator("img").count());
  await closePage(page, "domains day by day");
}

async function testLookup(page) {
  await page.getByText("From the policy cache").waitFor();
  await page.getByText("v=TLSRPTv1; rua=mailto:tls@host01.example").first()
    .waitFor();
  await page.getByText("mx.host01.example").first().waitFor();
  expect("a sentence a problem", true,
         await page.locator(".problems li").count() > 0);
  await checkLooks(page, "domain");
  await page.getByRole("button", { name: "Look up now" }).click();
  await page.locator(".said", { hasText: "no answer from DNS:" }).waitFor();
  await checkLooks(page, "domain-no-dns");
}

export default async function testDomain({ server, tokens }) {
  const page = await openPage(server, { token: tokens.reader, height: 1600,
    hash: `#/domain/host01.example?${RANGE}` });

  await page.getByText(/ sessions on 10 days/).waitFor();
  expect("each day as it was counted",
         sumsOf(server, "2026-03-05").list
           .find(({ domain }) => domain === "host01.example")
           .totalSuccessfulSessions,
         number((await tableOf(page, "Days"))[5][1]));
  await testLookup(page);
  expect("three reports", ["2026-03-03", "2026-03-02", "2026-03-01"],
         (await tableOf(page, "Reports")).map((row) => row[0]));
  await page.goto(`${server.url}/#/domain/host00.example?${RANGE}`);
  await page.getByRole("heading", { name: "Policies applied" }).waitFor();
  await page.locator("canvas").first().waitFor();
  await until("a hostile reason is text", true, async () =>
    (await tableOf(page, "Failures of all policies"))
      ?.some((row) => row.includes(HOSTILE)));
  await checkLooks(page, "domain-failures");
  await page.getByLabel("To (UTC)").fill("2026-03-02");
  await page.getByText(/ sessions on 2 days/).waitFor();
  await page.getByRole("table", { name: "Reports" })
    .getByRole("link", { name: "2026-03-01" }).click();
  await page.getByRole("heading", { name: "As it was sent" }).waitFor();
  await page.goto(`${server.url}/#/domain/nobody.example?${RANGE}`);
  await page.getByText("No session with this domain").waitFor();
  await closePage(page, "a domain");
}

/* More different failures than a table shows at once. */
async function manyFailures(route) {
  const answer = await route.fetch();
  const json = await answer.json();

  for (const [name, args] of json.methodResponses)
    for (const day of name === "tally:Domain/get" ? args.list : [])
      if (day.policies?.length) {
        day.foldedFailures = 1234;
        day.policies[0].failureDetails = Array.from({ length: 1200 },
          (_, i) => ({ resultType: "certificateExpired",
                       failedSessionCount: 1,
                       receivingMxHostname: `mx${i}.example` }));
      }
  await route.fulfill({ response: answer, json });
}

/* A table's cut is said, and there is more. */
export async function testCut({ server, tokens }) {
  const page = await openPage(server, { token: tokens.reader,
                                        hash: "#/suppression" });
  const rows = page.getByRole("table", { name: "Failures of all policies" })
    .locator("tbody tr");

  await page.route("**/jmap/", manyFailures);
  await page.goto(`${server.url}/#/domain/host00.example` +
                  "?from=2026-03-01&to=2026-03-01");
  await page.getByText("1,234 failures of these are counted").waitFor();
  for (const [shown, said, more] of [
    [500, "The first 500 of 1,200.", "Show 500 more"],
    [1000, "The first 1,000 of 1,200.", "Show 200 more"]]) {
    await page.getByText(said).first().waitFor();
    expect(`rows of ${shown}`, shown, await rows.count());
    await page.getByRole("button", { name: more }).first().click();
  }
  await until("all of them", 1200, () => rows.count());
  await closePage(page, "a table that is cut");
}
