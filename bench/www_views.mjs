/*
 * www_views - how long a person waits for each view of the page, with many
 * domains
 *
 * usage: www_views.mjs DIRECTORY   (in its folder "store" is what is shown)
 *
 * In the build folder, with tlstally-httpd and chromium on loopback.  For each
 * view a server that was just started, so that nobody has asked before, and a
 * browser that has nothing of the page.  Milliseconds from the navigation until
 * all of it is there and painted; then what the server took for its slowest
 * request, by the browser's clock, and of the processor for all requests of the
 * view: other work on the machine does not count in that.
 */
import { readFileSync } from "node:fs";
import { closeBrowser, openBrowser,
         openPage } from "../tests/e2e/www/browser.mjs";
import { token, withServer } from "../tests/e2e/httpd_world.mjs";

const SETTINGS = "[store]\nmap_size = 64G\nrehearsal = yes\n";
const day = (ago) =>
  new Date(Date.now() - ago * 86400000).toISOString().slice(0, 10);
const DAY = `from=${day(1)}&to=${day(1)}`;
const TODAY = `from=${day(0)}&to=${day(0)}`;
const FAILING = "d000010.example";

/* The first is warm-up, for the files of the disk and the browser. */
const VIEWS = {
  "warm-up": "#/overview",
  "Overview": "#/overview",
  "Domains": "#/domains",
  "Domains by name": "#/domains?sort=domain",
  "Domains, page 1000": "#/domains?sort=domain&page=1000",
  "Domains, search": "#/domains?text=d09",
  "Domains, a result": "#/domains?result=certificateExpired",
  "Domains, theirs": "#/domains?fault=theirs",
  "Domains of yesterday": `#/domains?${DAY}`,
  "Domains of today": `#/domains?${TODAY}`,
  "Day by day": "#/days",
  "Day by day, one domain": `#/days?domain=${FAILING}`,
  "A domain": `#/domain/${FAILING}`,
  "Inbound": "#/inbound",
  "Outbox": "#/outbox",
  "Sent": "#/sent",
  "Sent, a receiver": "#/sent?host=big.example",
  "Sent, an answer": "#/sent?answer=550",
  "Sent, refused": "#/sent?state=failed",
};

/* Runs in the page: all is there, and painted. */
function allPainted() {
  return new Promise((done) => {
    const look = () => {
      const waits = !document.querySelector("main h1") ||
        document.querySelector('main [aria-busy="true"], .skeleton') ||
        /Adding up|Loading…/.test(document.querySelector("main").textContent);

      requestAnimationFrame(waits ? look
        : () => setTimeout(() => done(performance.now())));
    };
    look();
  });
}

/* Milliseconds; a tick is ten. */
function cpuOf({ daemon }) {
  const fields = readFileSync(`/proc/${daemon.pid}/stat`, "utf8")
    .split(") ")[1].split(" ");

  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/* The server's part of each request: until the first byte of its answer. */
function timesOf(page) {
  const times = [];

  page.on("requestfinished", async (request) => {
    if (!request.url().endsWith("/jmap/"))
      return;
    const { requestStart, responseStart } = request.timing();
    const calls = JSON.parse(request.postData()).methodCalls;
    times.push({ ms: responseStart - requestStart,
                 what: calls.map(([name]) => name).join(" ") });
  });
  return times;
}

async function measure(server, all, name, hash) {
  const page = await openPage(server, { token: all, hash: "icon.svg" });
  const times = timesOf(page);

  const before = cpuOf(server);
  await page.goto(`${server.url}/${hash}`);
  const ms = await page.evaluate(allPainted);
  const slowest = times.sort((a, b) => b.ms - a.ms)[0] ?? { ms: 0, what: "" };
  if (name !== "warm-up")
    console.log(`${name}: ${Math.round(ms)} ms, the server ${
      Math.round(slowest.ms)} ms (${slowest.what}), ${
      cpuOf(server) - before} ms of processor`);
  await page.context().close();
}

const [directory, ...wanted] = process.argv.slice(2);
let all = null;

await openBrowser();
for (const [name, hash] of Object.entries(VIEWS))
  if (wanted.length === 0 || wanted.includes(name) || name === "warm-up")
    await withServer((server) => {
      all ??= token(server, `bench-${Date.now()}`, "all");
      return measure(server, all, name, hash);
    }, directory, SETTINGS).catch((error) =>
      console.log(`${name}: not measured: ${error.message}`));
await closeBrowser();
