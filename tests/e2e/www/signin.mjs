/* Signing in and out, and what a token may. */
import { expect, removeToken, token } from "../httpd_world.mjs";
import { checkAccess, checkLooks, closePage, openPage } from "./browser.mjs";

export default async function testSignIn({ server, tokens }) {
  const page = await openPage(server);
  const field = page.getByLabel("Token");

  await field.waitFor();
  expect("the token's field has the focus", "token", await page.evaluate(() =>
    document.activeElement.id));
  await checkLooks(page, "signin");
  await field.fill("tally_nonsense");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "unknown or has expired" }).waitFor();
  expect("a wrong token is kept nowhere", null, await page.evaluate(() =>
    sessionStorage.getItem("tlstally.token")));
  await field.fill(` ${tokens.all} `);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "TLS reports" }).waitFor();
  expect("the address names the page", "#/outbox", new URL(page.url()).hash);
  expect("nothing outlives the tab", [0, ""], await page.evaluate(() =>
    [localStorage.length, document.cookie]));
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "TLS reports" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await field.waitFor();
  expect("signed out: the token is gone", 0, await page.evaluate(() =>
    sessionStorage.length));
  await closePage(page, "sign in");
}

/* A token that is taken away while its page is open. */
async function testRemoved({ server }) {
  const page = await openPage(server, {
    token: token(server, "short-lived", "all") });

  await page.getByRole("link", { name: "host-059.example" }).waitFor();
  removeToken(server, "short-lived");
  await page.getByRole("link", { name: "host-059.example" }).click();
  await page.getByRole("alert").filter({ hasText: "You were signed out: the " +
    "token is unknown or has expired" }).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("alert").filter({ hasText: "Signed out: the token is " +
    "unknown or has expired" }).waitFor();
  expect("and it is kept no more", 0, await page.evaluate(() =>
    sessionStorage.length));
  await closePage(page, "a token that is taken away");
}

/* What a page shows may be refused all the same, and it is said which
 * permission was missing. */
async function testForbidden({ server, tokens }) {
  const page = await openPage(server);

  await page.route("**/jmap/session", async (route) => {
    const response = await route.fetch();
    const session = await response.json();
    session.accounts.tally.accountCapabilities["urn:tlstally:jmap"]
      .permissions.push("sysTlsInternalReportDestroy");
    await route.fulfill({ response, json: session });
  });
  await page.getByLabel("Token").fill(tokens.reader);
  await page.keyboard.press("Enter");
  await page.getByLabel("Select host-059.example").check();
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("destroy requires the permission " +
    "sysTlsInternalReportDestroy").waitFor();
  await closePage(page, "a method that is forbidden");
}

export async function testTokens(world) {
  const { server, tokens } = world;

  const none = await openPage(server, { token: tokens.tally,
                                        hash: "#/outbox" });
  await none.getByText(/requires the permission sysTlsInternalReportQuery/)
    .waitFor();
  await checkAccess(none, "not with this token");
  await closePage(none, "a token without the permission");

  const gone = await openPage(server, { token: "tally_gone" });
  await gone.getByRole("alert").filter({ hasText: "unknown or has expired" }).waitFor();
  await closePage(gone, "a token that was removed");
  await testRemoved(world);
  await testForbidden(world);
}
