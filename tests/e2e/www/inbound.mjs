/* Inbound: how mail came in, by day, and by who sent it. */
import { expect } from "../httpd_world.mjs";
import { checkLooks, closePage, openPage, until } from "./browser.mjs";
import { summary } from "./list.mjs";
import { tableOf } from "./overview.mjs";

export default async function testInbound({ server, tokens }) {
  const page = await openPage(server, { token: tokens.reader,
                                        hash: "#/inbound" });

  await summary(page, /^10 days/);
  expect("nothing came in the last 30 days", null,
         await tableOf(page, "Messages per day") ?? null);
  await page.goto(`${server.url}/#/inbound?from=2026-02-27&to=2026-03-10`);
  await page.getByRole("heading", { name: "Messages per day" }).waitFor();
  await until("each day of the period", [12, "2026-02-27not kept, or before " +
              "the first day", "49"], async () => {
    const rows = await tableOf(page, "Messages per day");
    return rows && [rows.length, rows[0][0], rows.at(-1)[1]];
  });
  await page.locator("canvas").first().waitFor();
  expect("who comes without TLS", [["from.example", "15", "2026-03-09",
                                    "ours.example"]],
         await tableOf(page, "Who still sends without TLS"));
  await checkLooks(page, "inbound-period");
  await page.getByRole("table", { name: "Who still sends without TLS" })
    .getByRole("link", { name: "2026-03-09" }).click();
  await summary(page, /^1 day of a domain$/);
  await page.goto(`${server.url}/#/inbound`);
  await summary(page, /^10 days/);
  expect("the last day first", ["ours.example", "2026-03-10", "49", "0", "0 %"],
         (await tableOf(page, "days of domains"))[0]);
  await checkLooks(page, "inbound");
  await page.getByLabel("Only with weak messages").check();
  await summary(page, /^5 days/);
  await page.goto(`${server.url}/#/inbound?from=2026-03-02&to=2026-03-04` +
                  "&sort=messages");
  await summary(page, /^3 days/);
  expect("sorted by messages", ["41", "43", "45"],
         (await tableOf(page, "days of domains")).map((row) => row[2]));
  await page.getByRole("table", { name: "days of domains" })
    .getByRole("link", { name: "ours.example" }).nth(1).click();
  await page.getByRole("heading", { name: "ours.example, 2026-03-04" })
    .or(page.getByRole("heading", { name: "ours.example, 2026-03-03" }))
    .waitFor();
  await page.goto(`${server.url}/#/inbound/d20515-ours_example`);
  await page.getByRole("heading", { name: "ours.example, 2026-03-03" })
    .waitFor();
  expect("each way in", [
    ["from.example", "another site", "TLSv1.3",
     "TLS_AES_256_GCM_SHA384, 256 bits", "none", "42"],
    ["from.example", "another site", "clear text", "–", "none", "3"]],
  await tableOf(page, "Messages by sender, client and TLS"));
  await checkLooks(page, "inbound-day");
  await page.goto(`${server.url}/#/inbound/x`);
  await page.getByRole("heading", { name: "No such day" }).waitFor();
  await closePage(page, "inbound");
}
