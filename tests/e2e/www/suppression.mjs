/* Suppression: who is on it, add with the API's words, remove. */
import { expect } from "../httpd_world.mjs";
import { call, checkAccess, checkLooks, closePage, openPage,
         shot } from "./browser.mjs";
import { domains, summary } from "./list.mjs";

const TYPE = "tally:Suppression";

async function addresses({ server, tokens }) {
  const got = await call(server, tokens.all, `${TYPE}/get`, { ids: null });
  return got.list.map(({ address }) => address).sort();
}

async function testAdd(world, page) {
  const address = page.getByLabel("Address", { exact: true });

  await page.getByText("Suppress an address").click();
  await address.fill("nonsense@");
  await page.keyboard.press("Enter");
  const error = page.locator(".field").filter({ has: address })
    .locator("p.error");
  await error.waitFor();
  expect("the words are the API's", true,
         (await error.textContent()).startsWith("address: "));
  expect("the field is marked and has the focus", ["true", true], [
    await address.getAttribute("aria-invalid"),
    await address.evaluate((node) => node === document.activeElement)]);
  await checkAccess(page, "suppression, refused");
  await shot(page, "suppression-refused");
  await address.fill("someone@example.org");
  await page.getByLabel("Until (UTC)").fill("2036-05-06T07:08:09");
  await page.getByLabel("Reason").fill("<b>asked</b> us");
  await page.keyboard.press("Enter");
  await page.getByText(/someone@example.org is now suppressed/).waitFor();
  await page.getByRole("rowheader", { name: "someone@example.org" }).waitFor();
  await page.getByRole("cell", { name: "<b>asked</b> us" }).waitFor();
  await address.fill("someone@example.org");
  await page.keyboard.press("Enter");
  await page.getByText("the address is already on the suppression list").waitFor();
}

async function testRemove(world, page) {
  await page.getByRole("button", { name: "Remove someone@example.org" })
    .click();
  const dialog = page.getByRole("dialog", { name: "Remove 1 address?" });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  expect("cancelled: it is still there", true,
         (await addresses(world)).includes("someone@example.org"));
  await page.getByRole("button", { name: "Remove someone@example.org" })
    .click();
  await dialog.getByRole("button", { name: "Remove" }).click();
  await page.getByText("1 address removed.").waitFor();
  expect("removed", ["tls@host06.example"], await addresses(world));
}

export default async function testSuppression(world) {
  const { server, tokens } = world;
  const page = await openPage(server, { token: tokens.all,
                                        hash: "#/suppression" });

  await summary(page, /^1 address$/);
  expect("the delivery run put it there", ["tls@host06.example"],
         await domains(page));
  await page.getByText("the receiver's answer").waitFor();
  await testAdd(world, page);
  await page.getByText("Suppress an address").click();
  await checkLooks(page, "suppression");
  await testRemove(world, page);
  await page.goto(`${server.url}/#/suppression?text=nobody`);
  await page.getByText("No addresses match these filters.").waitFor();
  await closePage(page, "suppression");

  const reader = await openPage(server, { token: tokens.reader,
                                          hash: "#/suppression" });
  await summary(reader, /^1 address$/);
  expect("who may only read has no button for more", [0, 0, 0], [
    await reader.getByText("Suppress an address").count(),
    await reader.getByRole("button", { name: /Remove/ }).count(),
    await reader.getByRole("checkbox").count()]);
  await closePage(reader, "suppression, read only");
}
