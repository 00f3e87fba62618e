/* The report that a day would give, and a report made of it by hand. */
import { execFileSync } from "node:child_process";
import { expect } from "../httpd_world.mjs";
import { call, checkLooks, closePage, openPage, until } from "./browser.mjs";
import { RANGE } from "./overview.mjs";

const TLSTALLY = "src/programs/tlstally";

const printed = (server, ...words) => execFileSync(TLSTALLY, ["-c",
  server.conf, "preview", "host01.example", "--day", "2026-03-05", ...words],
                                                   { encoding: "utf8" });

async function testMade(world, page) {
  const { server, tokens } = world;

  await page.getByRole("link", { name: "Make a report" }).click();
  await page.getByLabel("Domain", { exact: true }).waitFor();
  expect("the form has what was counted",
         ["host01.example", "tls@host01.example", "tls@example.com"],
         [await page.getByLabel("Domain", { exact: true }).inputValue(),
          await page.getByLabel("Mail to").inputValue(),
          await page.getByLabel("Contact").inputValue()]);
  const counted = JSON.parse(printed(server));
  expect("with its sessions", String(
    counted.policies[0].summary["total-successful-session-count"]),
         await page.getByLabel("Successful sessions").first().inputValue());
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The report was created.").waitFor();
  await page.getByRole("heading", { level: 1, name: "host01.example" })
    .waitFor();
  const id = new URL(page.url()).hash.split("/").at(-1);
  const got = (await call(server, tokens.all, "x:TlsInternalReport/get",
                          { ids: [id] })).list[0];
  expect("it is about that day", ["2026-03-05", ["tls@host01.example"]],
         [got.day, got.mailRua]);
  await call(server, tokens.all, "x:TlsInternalReport/set",
             { destroy: [id] });
}

export default async function testPreview(world) {
  const { server, tokens } = world;
  const page = await openPage(server, { token: tokens.all, height: 1600,
    hash: `#/domain/host01.example?${RANGE}` });

  await page.getByRole("table", { name: "Days" })
    .getByRole("link", { name: "2026-03-05" }).click();
  await page.getByRole("heading", { name: "host01.example, 2026-03-05" })
    .waitFor();
  expect("the JSON is that of the command line", printed(server).trim(),
         (await page.locator("pre").first().textContent()).trim());
  await page.getByText("The mail").click();
  await until("so is the mail", true, async () =>
    (await page.locator("pre").nth(1).textContent())
      .includes("TLS-Report-Domain: host01.example"));
  expect("where it would go", ["tls@host01.example"],
         await page.locator(".problems li").allTextContents());
  await checkLooks(page, "preview");
  await testMade(world, page);

  await page.goto(`${server.url}/#/preview/d20515-nobody_example`);
  await page.getByRole("heading", { name: "No such day" }).waitFor();
  await page.goto(`${server.url}/#/outbox/new`);
  await page.getByLabel("Contact").waitFor();
  expect("a report by hand begins with the settings",
         ["tls@example.com", "example.com"],
         [await page.getByLabel("Contact").inputValue(),
          await page.getByLabel("Organization").inputValue()]);
  await closePage(page, "the preview of a day");
}
