/* One domain over time, and the list of them. */
import { expect } from "../httpd_world.mjs";
import { checkLooks, closePage, openPage, until } from "./browser.mjs";
import { domains, summary } from "./list.mjs";
import { number, RANGE, sumsOf, tableOf } from "./overview.mjs";

const HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>";

export async function testDomains({ server, tokens }) {
  const page = await openPage(server, { token: tokens.reader,
    hash: "#/domains?from=2026-03-04&to=2026-03-04&sort=-totalFailedSessions" });

  await summary(page, /^31 days/);
  const { list } = sumsOf(server, "2026-03-04");
  const most = [...list].sort((a, b) => b.totalFailedSessions - a.totalFailedSessions)[0];
  expect("the most failures first", [most.domain, most.totalFailedSessions],
         [(await domains(page))[0],
          number((await tableOf(page, "days of domains"))[0][3])]);
  await checkLooks(page, "domains");
  await page.getByLabel("Only with failures").check();
  await summary(page, new RegExp(`^${list.filter(({ totalFailedSessions }) =>
    totalFailedSessions > 0).length} days`));
  await page.goto(`${server.url}/#/domains?mark=queued&size=100`);
  await summary(page, /^1–50|^90 days/);
  await page.goto(`${server.url}/#/domains?text=${
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
