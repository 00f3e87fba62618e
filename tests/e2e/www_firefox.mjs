#!/usr/bin/env node
/*
 * www_firefox - the web page in Debian's Firefox
 *
 *     tests/e2e/www_firefox.mjs
 *
 * As www.mjs, by WebDriver BiDi (puppeteer-core): sign in, each page of the
 * menu by axe-core, on a phone and at 200 %, light and dark, an edit that is
 * saved and one that is asked about, two tabs, a change that shows itself.
 */
import { existsSync, readFileSync } from "node:fs";
import { WAIT_MS, expect, given, npmImport, npmPath, token,
         withServer } from "./httpd_world.mjs";
import { call } from "./www/browser.mjs";

const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
const TYPE = "x:TlsInternalReport";

async function follow(page, hash, heading) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await page.waitForSelector(`::-p-xpath(//h1[.="${heading}"])`);
}

async function accessible(page, what) {
  await page.waitForFunction(() =>
    !document.querySelector('main [aria-busy="true"]'));
  const found = await page.evaluate(() => globalThis.axe.run(document, {
    resultTypes: ["violations"],
  }));
  expect(`${what}: accessible`, [], found.violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes[0].html}`));
}

async function eachPage(page) {
  const links = await page.$$eval("nav#nav a", (all) =>
    all.map((link) => link.getAttribute("href")));

  expect("the menu has its pages", true, links.length >= 6);
  await page.evaluate(readFileSync(npmPath("axe-core/axe.min.js"), "utf8"));
  for (const link of links) {
    await page.evaluate((to) => { location.hash = to; }, link);
    await page.waitForFunction((to) => document.querySelector(
      `nav a[aria-current="page"][href="${to}"]`) &&
      document.querySelector("main h1"), {}, link);
    await accessible(page, link);
    for (const [what, width, height] of [["a phone", 360, 740],
                                         ["200 %", 640, 400]]) {
      await page.setViewport({ width, height });
      expect(`${link}: fits ${what}`, true, await page.evaluate(() =>
        document.documentElement.scrollWidth <=
        document.documentElement.clientWidth));
      await accessible(page, `${link}, ${what}`);
    }
    await page.setViewport({ width: 1280, height: 800 });
  }
}

async function edit(page, server, all) {
  const made = await call(server, all, `${TYPE}/set`,
                          { create: { n: given("firefox.example", 3) } });
  const { id } = made.created.n;
  const mail = "::-p-aria([name=\"Mail to\"][role=\"textbox\"])";

  await follow(page, `#/outbox/${id}/edit`,
               "Edit the report for firefox.example");
  const field = await page.waitForSelector(mail);
  await field.evaluate((node) => node.setSelectionRange(0, 0));
  await field.type("second@firefox.example\n");
  await page.evaluate(() => history.back());
  await (await page.waitForSelector("::-p-aria([name=\"Cancel\"]" +
    "[role=\"button\"])")).click();
  expect("Back asks, and the edit stays", true, (await page.$eval(mail,
    (node) => node.value)).includes("second@"));
  await (await page.waitForSelector("::-p-text(Save)")).click();
  await page.waitForSelector("::-p-text(The report was saved.)");
  const got = await call(server, all, `${TYPE}/get`, { ids: [id] });
  expect("an edit is saved", true,
         got.list[0].mailRua.includes("second@firefox.example"));
}

async function signIn(browser, server, all, seen) {
  const page = await browser.newPage();

  page.setDefaultTimeout(WAIT_MS);
  page.on("pageerror", (error) => seen.push(error.message));
  await page.setViewport({ width: 1280, height: 800 });
  await page.goto(server.url + "/");
  await (await page.waitForSelector("::-p-aria(Token)")).type(all);
  await page.keyboard.press("Enter");
  await page.waitForSelector("::-p-text(Sign out)");
  return page;
}

async function tabs(browser, server, all) {
  const second = await browser.newPage();

  second.setDefaultTimeout(WAIT_MS);
  await second.goto(`${server.url}/#/suppression`);
  await second.waitForSelector("::-p-text(Suppressed addresses)");
  expect("a second tab is signed in", true, true);
  await call(server, all, "tally:Suppression/set",
             { create: { n: { address: "seen@firefox.example" } } });
  await second.waitForSelector("::-p-text(seen@firefox.example)");
  expect("a change shows itself", true, true);
}

/* Firefox has its theme from a setting: 0 is dark. */
async function inTheme(server, all, dark) {
  const { launch } = await npmImport("puppeteer-core");
  const browser = await launch({
    browser: "firefox", executablePath: FIREFOX, headless: true,
    timeout: WAIT_MS, extraPrefsFirefox: {
      "layout.css.prefers-color-scheme.content-override": dark ? 0 : 1 },
  });
  const seen = [];

  try {
    const page = await signIn(browser, server, all, seen);

    expect("the theme", dark, await page.evaluate(() =>
      matchMedia("(prefers-color-scheme: dark)").matches));
    await eachPage(page);
    if (!dark) {
      await edit(page, server, all);
      await tabs(browser, server, all);
    }
    expect("no exception", [], seen);
  } finally {
    await browser.close();
  }
}

async function run(server) {
  const all = token(server, "all", "all");

  for (const dark of [false, true]) {
    console.log(dark ? "-- dark" : "-- light");
    await inTheme(server, all, dark);
  }
}

if (!existsSync(FIREFOX)) {
  console.log("firefox-esr is missing: apt-get install firefox-esr");
  process.exit(77);
}
process.exit(await withServer(run));
