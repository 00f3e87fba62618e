/*
 * browser - the web page in Debian's chromium, driven by playwright-core
 *
 * Everything that must never happen is watched for on every page: an error on
 * the console (a violation of the Content-Security-Policy is one), an
 * exception, a request to another host, a dialog of the browser's own (which a
 * hostile string that ran would open).
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { WAIT_MS, expect, npmImport, npmPath, sleep } from "../httpd_world.mjs";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/* --shots FOLDER: pictures of the pages, for doc/ and for who changes them. */
const at = process.argv.indexOf("--shots");
const SHOTS = at > 0 ? process.argv[at + 1] : null;

let browser;

export async function openBrowser() {
  const { chromium } = (await npmImport("playwright-core")).default;

  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"],
  });
}

export const closeBrowser = () => browser?.close();

function watch(page, url, seen) {
  page.on("console", (message) => {
    /* a request that is refused is told there, too */
    if (["error", "warning"].includes(message.type()) &&
        !/status of (400|401|403|404|429|503)/.test(message.text()))
      seen.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => seen.push(`exception: ${error.message}`));
  page.on("dialog", (dialog) => {
    seen.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url + "/") &&
        !request.url().startsWith("blob:" + url))
      seen.push(`request: ${request.url()}`);
  });
}

/* Waits until value() is what is wanted. */
export async function until(what, want, value) {
  let got;

  for (const end = Date.now() + WAIT_MS; Date.now() < end;) {
    got = await value();
    if (isDeepStrictEqual(got, want))
      break;
    await sleep(50);
  }
  expect(what, want, got);
}

/* A page of a context of its own: nobody else's token or storage. */
export async function openPage(server, { token = null, width = 1280,
  height = 800, dark = false, hash = "#/outbox" } = {}) {
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: dark ? "dark" : "light",
    timezoneId: "Europe/Berlin", locale: "en-GB", acceptDownloads: true,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  page.seen = [];
  watch(page, server.url, page.seen);
  if (token)
    await page.addInitScript((value) =>
      sessionStorage.getItem("tlstally.token") ??
        sessionStorage.setItem("tlstally.token", value), token);
  await page.goto(server.url + "/" + hash);
  return page;
}

/* Ends a page; nothing unwanted may have been seen on it. */
export async function closePage(page, what) {
  expect(`${what}: no error, no violation, no stranger`, [], page.seen);
  await page.context().close();
}

/* Nothing serious by axe-core, in the theme that the page has now. */
export async function checkAccess(page, what) {
  await page.evaluate(readFileSync(npmPath("axe-core/axe.min.js"), "utf8"));
  const found = await page.evaluate(() => globalThis.axe.run(document, {
    resultTypes: ["violations"],
  }));
  expect(`${what}: accessible`, [], found.violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes[0].html} ` +
                            nodes[0].failureSummary));
}

/* Both themes, and that nothing sticks out of a phone. */
export async function checkLooks(page, what) {
  const size = page.viewportSize();

  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await checkAccess(page, `${what}, ${colorScheme}`);
    await shot(page, `${what}-${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
  /* a window of 1280 at 200 % */
  await page.setViewportSize({ width: 640, height: 400 });
  expect(`${what}: fits at 200 %`, 640, await page.evaluate(() =>
    document.documentElement.scrollWidth));
  await page.setViewportSize({ width: 360, height: 740 });
  expect(`${what}: fits a phone`, 360, await page.evaluate(() =>
    document.documentElement.scrollWidth));
  await checkAccess(page, `${what}, phone`);
  await shot(page, `${what}-phone`);
  await page.setViewportSize(size);
}

export async function shot(page, name) {
  if (SHOTS === null)
    return;
  mkdirSync(SHOTS, { recursive: true });
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

/* A request of the API's, as a test prepares its data. */
export async function call(server, token, name, args) {
  const answer = await fetch(server.url + "/api", {
    method: "POST",
    headers: { "Content-Type": "application/json",
               Authorization: `Bearer ${token}` },
    body: JSON.stringify({
      using: ["urn:ietf:params:jmap:core", "urn:stalwart:jmap",
              "urn:tlstally:jmap"],
      methodCalls: [[name, args, "0"]],
    }),
  });
  return (await answer.json()).methodResponses[0][1];
}
