/* A report made and edited by hand: what the API says of what is wrong. */
import { expect } from "../httpd_world.mjs";
import { call, checkAccess, checkLooks, closePage, openPage,
         until } from "./browser.mjs";

const TYPE = "x:TlsInternalReport";

async function marked(page, label, words) {
  const input = page.getByLabel(label, { exact: true });

  await page.locator("p.error", { hasText: words }).last().waitFor();
  const said = (await input.getAttribute("aria-describedby")).split(" ").at(-1);
  expect(`${label}: marked, and the words beside it`, ["true", true],
         [await input.getAttribute("aria-invalid"),
          (await page.locator(`#${said}`).textContent()).includes(words)]);
}

async function testCreate({ server, tokens }) {
  const page = await openPage(server, { token: tokens.all });
  const save = page.getByRole("button", { name: "Save" });

  await page.getByRole("link", { name: "New report" }).click();
  await page.getByLabel("Domain", { exact: true }).fill("new.example");
  await page.getByLabel("Mail to").fill("tls@new.example\nno address");
  await page.getByLabel("Policy domain").fill("new.example");
  await save.click();
  await marked(page, "Mail to", "rua");
  await checkLooks(page, "create");
  await page.getByLabel("Mail to").fill("tls@new.example");
  await page.getByLabel("Successful sessions").fill("many");
  await save.click();
  await marked(page, "Successful sessions", "");
  expect("one error at a time", 1, await page.locator(
    ".field p.error").count());
  await page.getByLabel("Successful sessions").fill("12");
  await page.getByRole("button", { name: "Add failure" }).click();
  await page.getByLabel("Receiving IP").fill("192.0.2.256");
  await save.click();
  await marked(page, "Receiving IP", "address");
  await page.getByLabel("Receiving IP").fill("192.0.2.25");
  await save.click();
  await page.getByRole("heading", { level: 1, name: "new.example",
                                    exact: true }).waitFor();
  await page.getByText("192.0.2.25").waitFor();
  await page.getByText("The report was created.").waitFor();
  const id = new URL(page.url()).hash.split("/")[2];
  const made = (await call(server, tokens.all, `${TYPE}/get`,
                           { ids: [id] })).list[0];
  const day = new Date(Date.now() - 86400e3).toISOString().slice(0, 10)
    .replaceAll("-", "");
  expect("the rest is the settings'", ["example.com", "tls@example.com", true],
         [made.report.organizationName, made.report.contactInfo,
          new RegExp(`^${day}\\.new\\.example\\.[0-9a-f]{8}@example\\.com$`)
            .test(made.report.reportId)]);
  expect("it is what was written", [["tls@new.example"], 12, "192.0.2.25"],
         [made.mailRua, made.report.policies[0].totalSuccessfulSessions,
          made.report.policies[0].failureDetails[0].receivingIp]);
  await closePage(page, "create");
}

async function testEdit({ server, tokens, ids }) {
  const page = await openPage(server, { token: tokens.all,
    hash: `#/outbox/${ids.r21}/edit` });
  const other = (patch) => call(server, tokens.all, `${TYPE}/set`,
                                { update: { [ids.r21]: patch } });
  const get = async () => (await call(server, tokens.all, `${TYPE}/get`,
                                      { ids: [ids.r21] })).list[0];

  await page.getByLabel("Organization").fill("Edited");
  await checkAccess(page, "edit");
  /* another report changes: no reason to refuse */
  await call(server, tokens.all, `${TYPE}/set`,
             { update: { [ids.r22]: { policyIdentifiers: [9] } } });
  const before = await get();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { level: 1, name: "host-021.example",
                                    exact: true }).waitFor();
  const after = await get();
  expect("changed, and nothing else was",
         { ...before.report, organizationName: "Edited" }, after.report);

  /* a contact that is no address: the file is named by the settings' */
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Contact", { exact: true }).fill("Ask at the desk");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Ask at the desk").waitFor();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download .json.gz" }).click(),
  ]);
  expect("the submitter is the settings'", true, file.suggestedFilename()
    .startsWith("example.com!host-021.example!"));
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Organization").fill("Lost");
  await other({ mailRua: ["other@host-021.example"] });
  await page.getByRole("button", { name: "Save" }).click();
  const dialog = page.getByRole("dialog", { name: /changed by someone else/ });
  await dialog.getByRole("button", { name: "Load it" }).click();
  await until("what somebody else did is not overwritten",
              ["Edited", "other@host-021.example"], async () =>
                [await page.getByLabel("Organization").inputValue(),
                 await page.getByLabel("Mail to").inputValue()]);
  expect("nor in the store", "Edited", (await get()).report.organizationName);
  await closePage(page, "edit");
}

export default async function testForm(world) {
  await testCreate(world);
  await testEdit(world);
}
