/* Inbox: what others report about us, one of them with all that is odd. */
import { execFileSync } from "node:child_process";
import { writeFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "../httpd_world.mjs";
import { checkLooks, closePage, openPage, until } from "./browser.mjs";
import { HOSTILE } from "./data.mjs";
import { domains, summary } from "./list.mjs";
import { tableOf } from "./overview.mjs";

const TLSTALLY = "src/programs/tlstally";
const SERVER = "mx.ours.example";

function policy(domain, good, bad, result = "certificate-expired") {
  return {
    policy: { "policy-type": "sts", "policy-string": ["version: STSv1"],
              "policy-domain": domain, "mx-host": ["mx.ours.example"] },
    summary: { "total-successful-session-count": good,
               "total-failure-session-count": bad },
    "failure-details": bad === 0 ? [] : [{
      "result-type": result, "failed-session-count": bad,
      "receiving-mx-hostname": "mx.ours.example" }],
  };
}

function report(id, day, policies, more = {}) {
  return {
    "organization-name": "Sender Inc.",
    "date-range": { "start-datetime": `${day}T00:00:00Z`,
                    "end-datetime": `${day}T23:59:59Z` },
    "contact-info": "tls@sender.example", "report-id": id, policies, ...more,
  };
}

const REPORTS = [
  ["sender.example", report("1", "2026-03-01",
    [policy("ours.example", 100, 7), policy("theirs.example", 3, 0)])],
  ["sender.example", report("2", "2026-03-02", [policy("ours.example", 50, 0)])],
  ["other.example", report("3", "2026-03-02",
    [policy("ours.example", 9, 9, "starttls-not-supported")],
    { "organization-name": "Other" })],
  ["sender.example", report("4", "2026-03-03", [policy("theirs.example", 1, 0)])],
  ["other.example", report(HOSTILE, "2026-03-04", [{
    ...policy(HOSTILE, 2, 1, HOSTILE) }], {
    "organization-name": HOSTILE, "contact-info": null })],
];

function mail(signer, body) {
  return `Authentication-Results: ${SERVER}; dkim=pass header.d=${signer}
Received: from a by ${SERVER}; x
From: tls@sender.example
To: tls-reports@ours.example
Subject: ${body["organization-name"]}
MIME-Version: 1.0
Content-Type: application/tlsrpt+json

${JSON.stringify(body)}
`;
}

export function receive(server) {
  const conf = join(server.directory, "inbox.conf");

  writeFileSync(conf, readFileSync(server.conf, "utf8") +
    `[received]\ndomains = ours.example\nauthserv_id = ${SERVER}\n`);
  for (const [signer, body] of REPORTS)
    execFileSync(TLSTALLY, ["-c", conf, "receive"],
                 { input: mail(signer, body) });
}

async function testFilters(server, page) {
  for (const [query, want] of [
    ["text=sender", 3], ["text=OURS", 3], ["domain=theirs.example", 2],
    ["organization=Other", 1], ["result=startTlsNotSupported", 1],
    ["from=2026-03-02&to=2026-03-03", 3], ["failures=1", 3],
    ["authenticated=true", 3], ["authenticated=false", 2],
    ["counted=1", 2], ["odd=1", 1], ["sessions=50", 2], ["by=mail", 5], ["by=https", 0]]) {
    await page.goto(`${server.url}/#/inbox?${query}`);
    await summary(page, want === 0 ? /^No reports$/
      : new RegExp(`^${want} reports?$`));
  }
}

async function testDetail(server, page) {
  await page.goto(`${server.url}/#/inbox?text=ours&sort=day`);
  await summary(page, /^3 reports$/);
  await page.getByRole("link", { name: "ours.example" }).first().click();
  await page.getByRole("heading", { level: 1, name: "ours.example, by Sender" })
    .waitFor();
  expect("authenticated, and counted", [1, 0], [
    await page.getByText("authenticated", { exact: true }).count(),
    await page.getByText("not counted").count()]);
  expect("whom the policies are about",
    ["MTA-STS for ours.example",
     "MTA-STS for theirs.example not a domain of ours"],
    await page.getByRole("heading", { level: 3 }).allTextContents());
  expect("the failures", ["7", "mx.ours.example"],
    (await tableOf(page, "Failures of ours.example"))[0].slice(1, 3));
  await checkLooks(page, "inbox-report");
  const [saved] = await Promise.all([page.waitForEvent("download"),
    page.getByRole("button", { name: "Download .json", exact: true }).click()]);
  expect("what is downloaded", [
    "sender.example!ours.example!2026-03-01.json", REPORTS[0][1]], [
    saved.suggestedFilename(),
    JSON.parse(readFileSync(await saved.path(), "utf8"))]);
  await page.getByText("RFC 8460 JSON").click();
  await until("and looked at", "1", async () => {
    const pre = page.locator("details[open] pre");
    return await pre.count() ? JSON.parse(await pre.textContent())["report-id"]
      : null;
  });
}

async function testOdd(server, page) {
  await page.goto(`${server.url}/#/inbox?odd=1`);
  await summary(page, /^1 report$/);
  await checkLooks(page, "inbox-hostile");
  await page.locator("tbody a").first().click();
  await page.getByRole("heading", { name: "What was odd" }).waitFor();
  const said = await page.locator("ul.problems li").allTextContents();
  expect("what was odd is told", [true, true], [
    said.some((line) => line.includes("contact-info")),
    said.some((line) => line.includes("result-type: unknown"))]);
  await page.getByText("unauthenticated", { exact: true }).waitFor();
  await checkLooks(page, "inbox-odd");
}

async function testDelete(server, token) {
  const page = await openPage(server, { token, hash: "#/inbox?text=Other" });

  await summary(page, /^1 report$/);
  await page.locator("tbody a").first().click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" })
    .click();
  await page.getByText("1 report deleted.").waitFor();
  await summary(page, /^No reports$/);
  await page.goto(`${server.url}/#/inbox`);
  await summary(page, /^4 reports$/);
  await page.getByLabel("Select all on this page").check();
  await page.getByRole("button", { name: "Delete" }).click();
  await checkLooks(page, "inbox-delete");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" })
    .click();
  await closePage(page, "inbox: delete");
}

export default async function testInbox({ server, tokens }) {
  const none = await openPage(server, { token: tokens.inbox,
                                        hash: "#/inbox" });
  await none.getByText("No report has been received.").waitFor();
  await closePage(none, "an empty inbox");

  receive(server);
  const page = await openPage(server, { token: tokens.inbox,
                                        hash: "#/inbox?sort=domain" });
  await summary(page, /^5 reports$/);
  expect("sorted by domain", ["ours.example", "theirs.example"],
    (await domains(page)).slice(-4).filter((_, i) => i % 3 === 0));
  await checkLooks(page, "inbox");
  expect("who only reads deletes nothing", 0,
    await page.getByRole("checkbox", { name: /^Select/ }).count());
  await testFilters(server, page);
  await testDetail(server, page);
  await testOdd(server, page);
  await page.goto(`${server.url}/#/inbox/a000000000000`);
  await page.getByRole("heading", { name: "No such report" }).waitFor();
  await closePage(page, "inbox");

  const reader = await openPage(server, { token: tokens.reader,
                                          hash: "#/inbox" });
  await reader.getByText(/requires the permission sysTlsExternalReportQuery/)
    .waitFor();
  await closePage(reader, "inbox: permissions of its own");
  await testDelete(server, tokens.all);
}
