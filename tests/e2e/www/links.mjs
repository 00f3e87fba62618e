/* Every link that a page has leads to a page that shows something, and so does
 * every kind of bar of its charts. */
import { expect } from "../httpd_world.mjs";
import { closePage, openPage, until } from "./browser.mjs";
import { RANGE } from "./overview.mjs";

const BAD = /could not be loaded|There is no such page|Permission denied/;
const MOST = 120; // of one kind, "#/domain/...", two are enough
const KIND = 2;
const NAMED = /^(from|to|settledFrom|settledTo|text|domain|host|answer|page)$/;

/* The page and its filters, of whatever days and names. */
function kindOf(hash) {
  const [path, query = ""] = hash.split("?");
  const filters = [...new URLSearchParams(query)].map(([name, value]) =>
    NAMED.test(name) ? name : `${name}=${value}`);

  return [...path.split("/").slice(0, 2), ...filters.sort()].join("/");
}

async function linksOf(page, hash) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await page.waitForFunction(() => document.querySelector("main h1") &&
    !document.querySelector('main [aria-busy="true"]'));
  const text = await page.locator("main").innerText();

  expect(`${hash} shows something`, false, BAD.test(text));
  return page.$$eval('a[href^="#/"]', (all) =>
    all.map((link) => link.getAttribute("href")));
}

/* --- bars --- */

/* Of each chart the first bar of each series that is not nothing. */
const barsOf = (page) => page.evaluate(() =>
  [...document.querySelectorAll(".picture")].flatMap((picture) => {
    const chart = globalThis.Chart?.getChart(picture.querySelector("canvas"));

    return (chart?.data.datasets ?? []).map(({ label, data }, series) => ({
      title: picture.querySelector("h2").textContent, label, series,
      at: data.findIndex((n) => n > 0) })).filter(({ at }) => at >= 0);
  }));

/* Where on the screen it is. */
const placeOf = (page, bar) => page.evaluate(({ title, series, at }) => {
  const canvas = [...document.querySelectorAll(".picture")].find((one) =>
    one.querySelector("h2").textContent === title).querySelector("canvas");

  canvas.scrollIntoView({ block: "center" });
  const box = canvas.getBoundingClientRect();
  const { x, y } = globalThis.Chart.getChart(canvas).getDatasetMeta(series)
    .data[at].getCenterPoint();
  return [box.x + x, box.y + y];
}, bar);

async function allDrawn(page) {
  await page.getByRole("heading", { name: "Domains with most failures" })
    .waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll(".picture")]
    .every((one) => globalThis.Chart?.getChart(one.querySelector("canvas"))));
}

async function testBars({ server, tokens }) {
  const page = await openPage(server, { token: tokens.all, height: 1500,
                                        hash: `#/overview?${RANGE}` });

  await allDrawn(page);
  const bars = await barsOf(page);
  expect("charts with bars", true,
         new Set(bars.map(({ title }) => title)).size >= 5);
  for (const bar of bars) {
    await page.mouse.click(...await placeOf(page, bar));
    await until(`${bar.title}, ${bar.label}: leads to rows`, true, () =>
      page.evaluate(() => !location.hash.startsWith("#/overview") &&
        /^[1-9]/.test(document.querySelector(".summary")?.textContent ?? "")));
    await page.goBack();
    await allDrawn(page);
  }
  await closePage(page, "bars");
}

export default async function testLinks({ server, tokens }) {
  const page = await openPage(server, { token: tokens.all, hash: "#/overview" });
  const toVisit = ["#/overview", `#/overview?${RANGE}`];
  const known = new Set(toVisit);
  const kinds = new Map();
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
  expect("there are links of many kinds", true, kinds.size >= 20);
  await closePage(page, "links");
  await testBars({ server, tokens });
}
