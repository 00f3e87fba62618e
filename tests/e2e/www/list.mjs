/* The list of the outbox: what it shows, filters, sorting, pages. */
import { expect } from "../httpd_world.mjs";
import { checkLooks, closePage, openPage, until } from "./browser.mjs";

export const domains = (page) =>
  page.locator("tbody tr th").allTextContents();

/* The words above the list, once they are these and the list has come. */
export async function summary(page, words) {
  await page.locator(".summary", { hasText: words }).waitFor();
  await page.locator('.place[aria-busy="false"]').waitFor();
}

const host = (i) => `host-${String(i).padStart(3, "0")}.example`;

async function testShown(page) {
  await summary(page, "1–50 of 61 reports");
  const cells = await page.getByRole("row").filter({ hasText: host(39) })
    .getByRole("cell").allTextContents();
  expect("a row", ["", "2026-03-02 00:39", "2036-03-02 01:00", "pending",
                   "434", "44",
                   `tls@${host(39)}https://reports.${host(39)}/v1/tls`],
         cells);
  const time = page.getByRole("row").filter({ hasText: host(39) })
    .locator("time").first();
  expect("its time is UTC, and the reader's own when pointed at",
         ["2026-03-02T00:39:00.000Z", "02/03/2026, 01:39:00 (your time)"],
         [await time.getAttribute("datetime"),
          await time.getAttribute("title")]);
}

async function testFilters(page) {
  const search = page.getByLabel("Search");

  await search.fill("HOST-01");
  await summary(page, /^10 reports$/);
  expect("the address has the filter", "#/outbox?text=HOST-01",
         await page.evaluate(() => location.hash));
  expect("the focus stays while typing", true, await search.evaluate(
    (node) => node === document.activeElement));
  await page.getByLabel("Only with failures").check();
  await summary(page, /^3 reports$/);
  await page.reload();
  await summary(page, /^3 reports$/);
  expect("a reload shows the same", ["HOST-01", true],
         [await search.inputValue(),
          await page.getByLabel("Only with failures").isChecked()]);
  await page.getByLabel("Status").selectOption("deferred");
  await page.getByText("No reports match these filters.").waitFor();
  await page.getByRole("button", { name: "Show all" }).click();
  await summary(page, "of 61 reports");
  await page.getByLabel("Status").selectOption("idle");
  await summary(page, /^3 reports$/);
  await page.getByLabel("Status").selectOption("");
  await summary(page, "of 61 reports");
  await page.getByText("More filters").click();
  await page.getByLabel("Created from").fill("2026-03-02T00:50");
  await page.getByLabel("Created before").fill("2026-03-02T00:55");
  await summary(page, /^5 reports$/);
  await page.goto(page.url().split("#")[0] + "#/outbox");
  await summary(page, "of 61 reports");
}

async function testSort(page) {
  await page.getByRole("button", { name: "Domain" }).click();
  await until("sorted by domain", "host-000.example",
              async () => (await domains(page))[0]);
  expect("the header tells", "ascending", await page.getByRole(
    "columnheader", { name: "Domain" }).getAttribute("aria-sort"));
  await page.getByRole("button", { name: "Domain" }).click();
  await until("and the other way", "hostile.example",
              async () => (await domains(page))[0]);
  await page.getByRole("button", { name: "Failures" }).click();
  await until("numbers: the most first", host(57),
              async () => (await domains(page))[0]);
  await page.goBack();
  await until("Back", "hostile.example",
              async () => (await domains(page))[0]);
}

async function testPages(page) {
  await page.getByRole("button", { name: "Next page" }).click();
  await summary(page, "51–61 of 61 reports");
  expect("the last page", [true, true],
         [await page.getByRole("button", { name: "Next page" }).isDisabled(),
          await page.getByRole("button", { name: "Last page" }).isDisabled()]);
  await page.getByLabel("Rows").selectOption("25");
  await summary(page, "1–25 of 61 reports");
  await page.getByLabel("Page, of 3").fill("3");
  await page.keyboard.press("Enter");
  await summary(page, "51–61 of 61 reports");
  await page.goto(page.url().replace("page=3", "page=99"));
  await summary(page, "51–61 of 61 reports");
  expect("past the end is the end", "3", new URLSearchParams(
    new URL(page.url()).hash.split("?")[1]).get("page"));
}

/* A server that is away, and comes back. */
async function testFailure(page) {
  await page.route("**/jmap/", (route) => route.abort());
  await page.getByRole("button", { name: "Previous page" }).click();
  await page.getByText("tlstally-httpd does not answer").waitFor();
  await page.unroute("**/jmap/");
  await page.getByRole("button", { name: "Try again" }).click();
  await summary(page, "26–50 of 61 reports");
  page.seen = page.seen.filter((line) => !/ERR_FAILED/.test(line));
}

/* On a phone the menu folds, and rows are cards that name their values. */
async function testPhone(server, token) {
  const page = await openPage(server, { token, width: 360, height: 740,
    hash: "#/outbox?text=host-039" });
  const menu = page.getByRole("button", { name: "Menu" });
  const link = page.locator('nav a[data-path="outbox"]');

  await summary(page, /^1 report$/);
  expect("the menu is folded", [false, "false"],
         [await link.isVisible(), await menu.getAttribute("aria-expanded")]);
  await menu.click();
  expect("and opens", [true, "true"],
         [await link.isVisible(), await menu.getAttribute("aria-expanded")]);
  const labels = await page.getByRole("cell").evaluateAll((cells) =>
    cells.map((cell) => getComputedStyle(cell, "::before").content));
  expect("a card's values have their names", ["none", '"Created"',
    '"Deliver at"', '"Status"', '"Sessions"', '"Failures"', '"Destinations"'],
         labels);
  await link.click();
  await summary(page, "of 61 reports");
  expect("and folds again", false, await link.isVisible());
  await page.getByLabel("Select host-059.example").check();
  await page.getByText("1 selected").waitFor();
  expect("all of it fits", 360, await page.evaluate(() =>
    document.documentElement.scrollWidth));
  await closePage(page, "a phone");
}

/* Before anything has come, and when there is nothing. */
async function testStates(server, token) {
  const page = await openPage(server, { token, hash: "#/no-page" });
  let answer;
  const waits = new Promise((done) => { answer = done; });

  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  await page.route("**/jmap/", async (route) => {
    await waits;
    const response = await route.fetch();
    const json = await response.json();
    Object.assign(json.methodResponses[0][1], { ids: [], total: 0 });
    await route.fulfill({ response, json });
  });
  await page.locator('nav a[data-path="outbox"]').click();
  await page.locator(".skeleton").waitFor();
  expect("loading is told", "Loading…",
         await page.locator(".summary").textContent());
  await checkLooks(page, "outbox-loading");
  answer();
  await page.getByText("The outbox is empty").waitFor();
  expect("and that there is nothing", "No reports",
         await page.locator(".summary").textContent());
  await checkLooks(page, "outbox-empty");
  await closePage(page, "loading and empty");
}

export default async function testList({ server, tokens }) {
  const page = await openPage(server, { token: tokens.all });

  await testShown(page);
  await checkLooks(page, "outbox");
  await testFilters(page);
  await testSort(page);
  await testPages(page);
  await testFailure(page);
  await closePage(page, "the list");
  await testPhone(server, tokens.all);
  await testStates(server, tokens.all);
}
