/*
 * www_paint - how long a person waits for the list of the outbox
 *
 * usage: www_paint.mjs DIRECTORY   (in its folder "store" is what is shown)
 *
 * In the build folder, with tlstally-httpd and chromium on loopback, as the
 * tests do it (tests/e2e/www.mjs).  Milliseconds, the median of several: from
 * the navigation to the first rows that are painted, of a browser that has
 * nothing of the page yet, then of what changes the list.
 */
import { closeBrowser, openBrowser,
         openPage } from "../tests/e2e/www/browser.mjs";
import { token, withServer } from "../tests/e2e/httpd_world.mjs";

const TRIES = 7;
const STEPS = {
  "sorted by failures": "#/outbox?sort=-failures",
  "filtered by text": "#/outbox?text=host-0999",
  "the last page": "#/outbox?page=2000",
};

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

/* Runs in the page: when the rows are there and painted. */
function rowsPainted(hash) {
  const begun = hash ? performance.now() : 0;

  if (hash)
    location.hash = hash;
  return new Promise((done) => {
    const look = () => {
      const there = document.querySelector(
        '.place[aria-busy="false"] tbody tr') &&
        (!hash || location.hash === hash);
      requestAnimationFrame(there
        ? () => setTimeout(() => done(performance.now() - begun)) : look);
    };
    /* the page hears of its new address a moment later */
    setTimeout(look, hash ? 10 : 0);
  });
}

async function run(server) {
  const all = token(server, "bench", "all");
  const first = [];
  const times = Object.fromEntries(Object.keys(STEPS).map((name) =>
    [name, []]));

  await openBrowser();
  const nothing = [];
  for (let i = 0; i < TRIES; i++) {
    const empty = await openPage(server, { hash: "icon.svg" });
    nothing.push(await empty.evaluate(() => new Promise((done) =>
      requestAnimationFrame(() => setTimeout(() =>
        done(performance.now()))))));
    await empty.context().close();
    const page = await openPage(server, { token: all });
    first.push(await page.evaluate(rowsPainted));
    if (i === 0)
      console.log(`shown: ${await page.locator(".summary").textContent()}`);
    for (const [name, hash] of Object.entries(STEPS))
      times[name].push(await page.evaluate(rowsPainted, hash));
    await page.context().close();
  }
  await closeBrowser();
  console.log(`for comparison, the icon alone: ${
    Math.round(median(nothing))} ms`);
  console.log(`first rows: ${Math.round(median(first))} ms`);
  for (const [name, list] of Object.entries(times))
    console.log(`${name}: ${Math.round(median(list))} ms`);
}

process.exit(await withServer(run, process.argv[2]));
