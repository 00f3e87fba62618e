/* What is done with reports: one, many, and what a token may not. */
import { expect } from "../httpd_world.mjs";
import { call, checkAccess, closePage, openPage, shot,
         until } from "./browser.mjs";
import { summary } from "./list.mjs";

const TYPE = "x:TlsInternalReport";

async function valueOf({ server, tokens }, id, name) {
  const got = await call(server, tokens.all, `${TYPE}/get`, { ids: [id] });
  return got.list[0]?.[name] ?? null;
}

async function testReschedule(world, page) {
  const id = world.ids.r1;

  await page.getByLabel("Select host-001.example").check();
  await page.getByLabel("Select host-002.example").check();
  await page.getByText("2 selected").waitFor();
  await page.getByRole("button", { name: "Reschedule…" }).click();
  const dialog = page.getByRole("dialog", { name: "Reschedule 2 reports" });
  await dialog.getByLabel("Deliver at (UTC)").fill("2036-05-06T07:08:09");
  await checkAccess(page, "the dialog");
  await shot(page, "reschedule");
  await dialog.getByRole("button", { name: "Reschedule" }).click();
  await page.getByText("2 reports rescheduled to 2036-05-06T07:08:09Z")
    .waitFor();
  expect("rescheduled", "2036-05-06T07:08:09Z",
         await valueOf(world, id, "deliverAt"));
}

async function testDeliverNow(world, page) {
  const before = Date.now();

  await page.getByRole("link", { name: "host-003.example" }).click();
  await page.getByRole("heading", { level: 1, name: "host-003.example" })
    .waitFor();
  await page.getByRole("button", { name: "Deliver now" }).click();
  await page.getByText(/1 report due now/).waitFor();
  const at = Date.parse(await valueOf(world, world.ids.r3, "deliverAt"));
  expect("due now", true, Math.abs(at - before) < 60000);
  await page.goBack();
}

async function testDelete(world, page) {
  await summary(page, /^10 reports$/);
  await page.getByLabel("Select all on this page").check();
  await page.getByText("10 selected").waitFor();
  await page.getByLabel("Select host-004.example").uncheck();
  await page.getByRole("button", { name: "Delete…" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete 9 reports?" });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  expect("cancelled: nothing is gone", "host-001.example",
         await valueOf(world, world.ids.r1, "domain"));
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Delete…" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByText("9 reports deleted.").waitFor();
  await summary(page, /^1 report$/);
  expect("deleted", null, await valueOf(world, world.ids.r1, "domain"));
}

export default async function testChange(world) {
  const page = await openPage(world.server, { token: world.tokens.all,
    hash: "#/outbox?text=host-00&sort=domain" });

  await summary(page, /^10 reports$/);
  await testReschedule(world, page);
  await testDeliverNow(world, page);
  await testDelete(world, page);
  await closePage(page, "changes");
}

/* A token that may look only sees nothing that it can't use. */
export async function testReader({ server, tokens, ids }) {
  const page = await openPage(server, { token: tokens.reader });

  await summary(page, /reports$/);
  expect("no checkbox but the filter's, no new report", [1, 0], [
    await page.getByRole("checkbox").count(),
    await page.getByRole("link", { name: "New report" }).count()]);
  await page.goto(server.url + `/#/outbox/${ids.r40}`);
  await page.getByRole("button", { name: "Download .json.gz" }).waitFor();
  for (const name of ["Deliver now", "Reschedule…", "Delete…"])
    expect(`no ${name}`, 0, await page.getByRole("button", { name }).count());
  expect("no Edit", 0, await page.getByRole("link", { name: "Edit" }).count());
  await page.goto(server.url + `/#/outbox/${ids.r40}/edit`);
  await page.getByText(/permission sysTlsInternalReportUpdate/).waitFor();
  await closePage(page, "a token that reads");
}

/* All of it without a mouse. */
export async function testKeyboard(world) {
  const page = await openPage(world.server, { token: world.tokens.all,
    hash: "#/outbox?text=host-01&sort=domain" });
  const focused = () => page.evaluate(() => {
    const node = document.activeElement;
    return node.getAttribute("aria-label") || node.textContent.trim() ||
      node.id;
  });
  const tabTo = async (name) => {
    for (let i = 0; i < 60 && !(await focused()).startsWith(name); i++)
      await page.keyboard.press("Tab");
    expect(`Tab gets to ${name}`, true, (await focused()).startsWith(name));
  };

  await summary(page, /^10 reports$/);
  await page.keyboard.press("Tab");
  expect("first of all, past the menu", "Skip to content", await focused());
  await page.keyboard.press("Enter");
  expect("into the content", "main", await page.evaluate(() =>
    document.activeElement.id));
  await tabTo("Domain");
  expect("the focus is seen", "solid", await page.evaluate(() =>
    getComputedStyle(document.activeElement).outlineStyle));
  await page.keyboard.press("Enter");
  await until("sorted, and the focus is where it was", "Domain",
              async () => (await focused()).slice(0, 6));
  await tabTo("Select host-018.example");
  await page.keyboard.press("Space");
  await page.getByText("1 selected").waitFor();
  expect("selected, and the focus is where it was", "Select host-018.example",
         await focused());
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "host-018.example" })
    .waitFor();
  await tabTo("Delete…");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await tabTo("Delete");
  await page.keyboard.press("Enter");
  await page.getByText("1 report deleted.").waitFor();
  await summary(page, /^9 reports$/);
  await until("the focus is on the list", "main", () => page.evaluate(() =>
    document.activeElement.id));
  await closePage(page, "the keyboard");
}
