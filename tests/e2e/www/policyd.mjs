/* tlstally-policyd on the page: its state, and what Postfix is told of a
 * domain, branch by branch. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "../httpd_world.mjs";
import { checkLooks, closePage, openPage } from "./browser.mjs";
import { RANGE } from "./overview.mjs";

const DAY = 24 * 3600;

/* What the store says, and the page in its facts. */
const STATES = [
  ["it is running", ["policyd=5"], /^running$/],
  ["what it answered", ["policyd=5", "answered=dane:3", "answered=stsUntold:2"],
   /^running; answers to Postfix: 3 DANE, 2 MTA-STS, not told$/],
  ["it is not running", [`policyd=${DAY}`], /^not running since \d{4}-/],
  ["the resolver is dead", ["outage=600"],
   /^running, the resolver answers nothing since \d{4}-/],
  ["no policy host is reached", ["unreached=600"],
   /^running, it reaches no policy host \(port 443\) since \d{4}-/],
];

/* What was told of a domain, and the page in its facts. */
const TOLD = [
  ["by the view that is there", "host01", "dane",
   /^DANE: 1 of its 2 MX hosts have usable TLSA.*, since \d{4}-.* UTCdane$/],
  ["by another view", "host01", "stsEnforce",
   /^MTA-STS, enforce: an MTA-STS policy that Postfix enforces, since .* UTC$/],
  ["nothing", "host01", "none", /^nothing: there is no policy: .* UTC$/],
  ["a policy that is not told", "host01", "stsUntold",
   /^MTA-STS, not told: an MTA-STS policy that Postfix cannot be told: /],
  ["to wait", "host02", "temp",
   /^ask again later: its MTA-STS policy of mode enforce is over.* UTCtemporary failure: its MTA-STS policy/],
];

const fact = (page, name) =>
  page.locator("dt", { hasText: name }).locator("xpath=following-sibling::dd[1]");

export default async function testPolicyd({ server, tokens }) {
  const store = join(server.directory, "store");
  const page = await openPage(server, { token: tokens.all, height: 1600,
    hash: `#/overview?${RANGE}` });

  await fact(page, "Last run").waitFor();
  expect("no policy service is used, and none is shown", 0,
         await page.locator("dt", { hasText: "Policy service" }).count());
  await page.goto(`${server.url}/#/domain/host01.example?${RANGE}`);
  await page.getByText(/From the policy cache|Looked up at/).first().waitFor();
  expect("nor what it tells", 0,
         await page.locator("dt", { hasText: "Postfix is told" }).count());
  for (const [what, words, want] of STATES) {
    execFileSync("tests/e2e/doctor_store", [store, ...words]);
    await page.goto(`${server.url}/#/overview?${RANGE}`);
    await page.reload();
    await fact(page, "Policy service").waitFor();
    expect(what, true,
           want.test(await fact(page, "Policy service").textContent())
           || await fact(page, "Policy service").textContent());
  }
  await checkLooks(page, "policyd");
  execFileSync("tests/e2e/doctor_store", [store, "policyd=5"]);
  let ago = 3600;
  for (const [what, host, kind, want] of TOLD) {
    execFileSync("tests/e2e/told_row", [store, `${host}.example`, kind,
                                        String(ago -= 60)]);
    await page.goto(`${server.url}/#/domain/${host}.example?${RANGE}`);
    await page.reload();
    await fact(page, "Postfix is told").waitFor();
    expect(`told ${what}`, true,
           want.test(await fact(page, "Postfix is told").textContent())
           || await fact(page, "Postfix is told").textContent());
  }
  await checkLooks(page, "domain-told");
  execFileSync("tests/e2e/doctor_store", [store, `policyd=${3 * DAY}`]);
  await page.reload();
  await page.getByText(/From the policy cache|Looked up at/).first().waitFor();
  expect("a policy service that was given up tells nothing", 0,
         await page.locator("dt", { hasText: "Postfix is told" }).count());
  await closePage(page, "tlstally-policyd");
}
