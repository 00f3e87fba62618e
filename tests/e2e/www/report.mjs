/* One report: what is shown of it, and the bytes that go out. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect } from "../httpd_world.mjs";
import { checkLooks, closePage, openPage, until } from "./browser.mjs";
import { HOSTILE } from "./data.mjs";

async function download(page, name) {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name }).click(),
  ]);
  return { name: file.suggestedFilename(),
           data: readFileSync(await file.path()) };
}

async function testSent(page, domain) {
  const packed = await download(page, "Download .json.gz");
  expect("the file's name is the RFC's",
         `example.com!${domain}!1772323200!1772409599.json.gz`, packed.name);
  const json = JSON.parse(gunzipSync(packed.data));
  expect("the report's JSON", `20260301.${domain}@example.com`,
         json["report-id"]);
  const mail = await download(page, "Download .eml");
  expect("the mail", [true, true],
         [mail.name.endsWith(".eml"),
          mail.data.includes(`\r\nTLS-Report-Domain: ${domain}\r\n`)]);
  await page.getByText("RFC 8460 JSON").click();
  await until("the JSON is shown", json, async () => {
    const pre = page.locator("details[open] pre");
    return await pre.count() ? JSON.parse(await pre.textContent()) : null;
  });
  await page.getByText(`Mail to tls@${domain}`).click();
  await until("and the mail", true, async () =>
    (await page.locator("details[open] pre").last().textContent())
      .includes("Content-Type: multipart/report"));
}

export default async function testReport({ server, tokens, ids }) {
  const domain = "host-039.example";
  const page = await openPage(server, { token: tokens.all,
                                        hash: "#/outbox?text=host-039" });

  await page.getByRole("link", { name: domain }).click();
  await page.getByRole("heading", { level: 1, name: domain }).waitFor();
  expect("its address", `#/outbox/${ids.r39}`, new URL(page.url()).hash);
  expect("the window's title", `${domain} – tlstally`, await page.title());
  await page.getByText("mode: enforce").waitFor();
  const rows = page.getByRole("table", { name: /Failures of/ })
    .getByRole("row");
  expect("failures in words, the most first",
         [true, true], [
           (await rows.nth(1).textContent()).startsWith("Certificate expired"),
           (await rows.nth(2).textContent()).startsWith(
             "STARTTLS not offered")]);
  await page.getByRole("button", { name: "Result" }).click();
  await page.getByRole("button", { name: "Result" }).click();
  expect("sorted here", true, (await rows.nth(1).textContent())
    .startsWith("STARTTLS"));
  await checkLooks(page, "report");
  await testSent(page, domain);
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "TLS reports" }).waitFor();
  expect("Back has the filter", "host-039",
         await page.getByLabel("Search").inputValue());
  await page.goto(server.url + "/#/outbox/a000000000000");
  await page.getByRole("heading", { name: "No such report" }).waitFor();
  await closePage(page, "a report");
}

/* Nothing of a stranger's text is more than text. */
export async function testHostile({ server, tokens, ids }) {
  const page = await openPage(server, { token: tokens.all,
                                        hash: `#/outbox/${ids.hostile}` });

  await page.getByRole("heading", { level: 1, name: "hostile.example" }).waitFor();
  expect("organization, HELO, reason and the rest are shown as they are", 6,
         await page.getByText(HOSTILE, { exact: true }).count());
  await page.getByText("RFC 8460 JSON").click();
  await page.locator("pre").waitFor();
  expect("no element came of it", [0, 0], [
    await page.locator("img").count(),
    await page.locator("body script").count()]);
  await page.goto(server.url + "/#/outbox/" + encodeURIComponent(HOSTILE) +
                  "?text=" + encodeURIComponent(HOSTILE));
  await page.getByRole("heading", { name: "No such report" }).waitFor();
  await page.goto(server.url + "/#/outbox?text=" +
                  encodeURIComponent(HOSTILE));
  await page.getByText("No reports match").waitFor();
  await closePage(page, "hostile strings");
}
