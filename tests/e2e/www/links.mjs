/* Every link that a page has leads to a page that shows something. */
import { expect } from "../httpd_world.mjs";
import { closePage, openPage } from "./browser.mjs";

const BAD = /could not be loaded|There is no such page|Permission denied/;
const MOST = 60; // of one kind, "#/domain/...", three are enough
const KIND = 3;

const kindOf = (hash) => hash.replace(/\?.*/, "?").split("/").slice(0, 2)
  .join("/") + (hash.includes("?") ? "?" : "");

async function linksOf(page, hash) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await page.waitForFunction(() => document.querySelector("main h1") &&
    !document.querySelector('main [aria-busy="true"]'));
  const text = await page.locator("main").innerText();

  expect(`${hash} shows something`, false, BAD.test(text));
  return page.$$eval('a[href^="#/"]', (all) =>
    all.map((link) => link.getAttribute("href")));
}

export default async function testLinks({ server, tokens }) {
  const page = await openPage(server, { token: tokens.all, hash: "#/overview" });
  const known = new Set(["#/overview"]);
  const kinds = new Map();
  const toVisit = ["#/overview"];
  let visited = 0;

  await page.getByRole("heading", { level: 1 }).waitFor();
  while (toVisit.length > 0 && visited < MOST) {
    visited++;
    for (const link of await linksOf(page, toVisit.shift())) {
      const kind = kindOf(link);
      const many = kinds.get(kind) ?? 0;

      if (known.has(link) || many === KIND)
        continue;
      known.add(link);
      kinds.set(kind, many + 1);
      toVisit.push(link);
    }
  }
  expect("there are links of many kinds", true, kinds.size >= 6);
  await closePage(page, "links");
}
