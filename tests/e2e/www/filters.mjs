/* Every filter of every list, each of its options: none may end in an error. */
import { expect } from "../httpd_world.mjs";
import { closePage, openPage } from "./browser.mjs";

const LISTS = ["outbox", "sent", "suppression", "inbound", "domains", "days"];
const TYPED = { search: "example", date: "2026-03-02",
                "datetime-local": "2026-03-02T00:00" };

/* What the list says after a filter was set, once that has come. */
async function said(page, set) {
  const answer = page.waitForResponse((response) =>
    response.request().method() === "POST");

  await set();
  await answer;
  await page.locator('.place[aria-busy="false"]').waitFor();
  const failed = page.getByText("The list could not be loaded");
  return await failed.count() > 0 ? await failed.textContent() : "";
}

/* The ways in which one field can be set, as [words, function]. */
async function waysOf(input) {
  const tag = await input.evaluate((node) => node.tagName);
  const type = await input.getAttribute("type");

  if (tag === "SELECT")
    return (await input.locator("option").evaluateAll((options) =>
      options.map(({ value }) => value))).filter(Boolean)
      .map((value) => [value, () => input.selectOption(value)]);
  if (type === "checkbox")
    return [["checked", () => input.check()]];
  return [[TYPED[type], () => input.fill(TYPED[type])]];
}

async function clearing(input) {
  if (await input.evaluate((node) => node.tagName) === "SELECT")
    return () => input.selectOption("");
  return await input.getAttribute("type") === "checkbox"
    ? () => input.uncheck() : () => input.fill("");
}

async function tryList(page, url, name) {
  let options = 0;

  await said(page, () => page.goto(`${url}/#/${name}`));
  const fields = page.locator(".filters").locator("input, select");
  for (let i = 0; i < await fields.count(); i++) {
    const input = fields.nth(i);
    const label = await input.evaluate((node) => node.labels[0].textContent);

    /* behind "More filters" */
    await page.locator("details.more").evaluateAll((all) =>
      all.forEach((one) => { one.open = true; }));
    for (const [value, set] of await waysOf(input)) {
      options++;
      expect(`${name}: ${label}: ${value}`, "", await said(page, set));
    }
    expect(`${name}: ${label}: none`, "",
           await said(page, await clearing(input)));
  }
  return options;
}

export default async function testFilters({ server, tokens }) {
  const page = await openPage(server, { token: tokens.all });
  const counts = {};

  for (const name of LISTS)
    counts[name] = await tryList(page, server.url, name);
  expect("each list has its filters",
         { outbox: 11, sent: 13, suppression: 1, inbound: 4, domains: 26,
           days: 20 },
         counts);
  await closePage(page, "filters");
}
