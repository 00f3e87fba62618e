/* The list of the outbox: what it shows, filters, sorting, pages. */
import { expect } from "../httpd_world.mjs";
import { checkLooks, closePage, openPage } from "./browser.mjs";

export const domains = (page) =>
  page.locator("tbody tr th").allTextContents();

/* When the list is through with what it was asked for last. */
export async function settled(page) {
  await page.locator('.place[aria-busy="false"]').waitFor();
}

export default async function testList({ server, tokens }) {
  const page = await openPage(server, { token: tokens.all });

  await settled(page);
  await page.getByText("1–50 of 61 reports").waitFor();
  await checkLooks(page, "outbox");
  await closePage(page, "the list");
}
