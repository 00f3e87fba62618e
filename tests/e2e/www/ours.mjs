/* A day on which our own CA file was old: all domains fail, by several results,
 * and the page says that it is us. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "../httpd_world.mjs";
import { checkLooks, closePage, openPage } from "./browser.mjs";
import { summary } from "./list.mjs";
import { tableOf } from "./overview.mjs";
import { checkVerdict, deliver, openReceivers } from "./trouble.mjs";

const dayAgo = (days) =>
  new Date(Date.now() - days * 86400000).toISOString().slice(0, 10);

export default async function testOurs(world) {
  const { server, tokens } = world;
  const receivers = await openReceivers(server);
  const page = await openPage(server, { token: tokens.all, height: 1200 });
  const yesterday = dayAgo(1);

  try {
    execFileSync("tests/e2e/fill_www", [join(server.directory, "store"),
      dayAgo(10), "all-fail"]);
    await deliver(world, receivers.mailPort);
    await checkVerdict(world, page, new RegExp("^trouble on this site: 30 of " +
      `31 domains failed on ${yesterday} with whatever results, at different ` +
      "receivers; on a usual day 5"), "all domains fail");
    await checkLooks(page, "overview-ours");
    await page.getByRole("link", { name: "Show the domains" }).first().click();
    await summary(page, /^30 domains$/);
    const rows = await tableOf(page, "domains");
    expect("all of them by a cause of ours", 30,
           rows.filter((row) => row.some((cell) =>
             /cause: ours/.test(cell))).length);
    expect("and by several results", true,
           new Set(rows.map((row) => row[5].split("cause")[0])).size > 3);
    await page.goto(`${server.url}/#/domains?from=${dayAgo(10)}&to=${
      dayAgo(2)}&failures=1`);
    await summary(page, /^10 domains$/);
    expect("before, those that failed were not ours", 0,
           (await tableOf(page, "domains")).filter((row) =>
             /cause: ours/.test(row.join())).length);
  } finally {
    receivers.close();
  }
  await closePage(page, "a day that fails");
}
