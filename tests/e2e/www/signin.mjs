/* Signing in and out, and what a token may. */
import { expect } from "../httpd_world.mjs";
import { checkLooks, closePage, openPage } from "./browser.mjs";

export default async function testSignIn({ server, tokens }) {
  const page = await openPage(server);
  const token = page.getByLabel("Token");

  await token.waitFor();
  expect("the token's field has the focus", "token", await page.evaluate(() =>
    document.activeElement.id));
  await checkLooks(page, "signin");
  await token.fill("tally_nonsense");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "not known" }).waitFor();
  expect("a wrong token is kept nowhere", null, await page.evaluate(() =>
    sessionStorage.getItem("tlstally.token")));
  await token.fill(` ${tokens.all} `);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "TLS reports" }).waitFor();
  expect("the address names the page", "#/outbox", new URL(page.url()).hash);
  expect("nothing outlives the tab", [0, ""], await page.evaluate(() =>
    [localStorage.length, document.cookie]));
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "TLS reports" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await token.waitFor();
  expect("signed out: the token is gone", 0, await page.evaluate(() =>
    sessionStorage.length));
  await closePage(page, "sign in");
}

export async function testTokens({ server, tokens }) {
  const none = await openPage(server, { token: tokens.tally,
                                        hash: "#/outbox" });
  await none.getByText(/needs the permission sysTlsInternalReportQuery/)
    .waitFor();
  await closePage(none, "a token without the permission");

  const gone = await openPage(server, { token: "tally_gone" });
  await gone.getByRole("alert").filter({ hasText: "not known" }).waitFor();
  await closePage(gone, "a token that was removed");
}
