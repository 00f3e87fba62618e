#!/usr/bin/env node
/*
 * jmap_client_ts - tlstally-httpd, asked by a second JMAP client of others
 *
 * In the build folder, the real daemon on loopback, with jmap-client-ts from
 * npm.  It follows the session, names all of its capabilities in each request,
 * takes the first account, and makes one call a request; so it sees the
 * notation of the session's apiUrl, and by an URL of its own that of /api.
 */
import { expect, given, npmImport, npmPath, token,
         withServer } from "./httpd_world.mjs";

const REPORT = "x:TlsInternalReport";

const errorOf = (promise) => promise.then(() => null, (error) => error);

async function testSession(client) {
  expect("no session before it is fetched", true,
         (await errorOf((async () => client.getSession())())) !== null);
  await client.fetchSession();
  const session = client.getSession();
  expect("the session", ["tally", ["tally"], "/jmap/"],
         [client.getFirstAccountId(), client.getAccountIds(),
          new URL(session.apiUrl).pathname]);
}

async function testReports(client) {
  const report = { ...given("alpha.example", 3), mailRua: {
    "tls@alpha.example": true } };
  report.report.policies.push({ policyType: "tlsa",
                                policyDomain: "alpha.example" });
  const set = (args) =>
    client.request(REPORT + "/set", { accountId: null, ...args });
  const made = await set({ create: { a: report, b: { domain: "a b" } } });
  expect("created, and what is refused", [["a"], "invalidProperties"],
         [Object.keys(made.created), made.notCreated.b.type]);
  const { id } = made.created.a;
  const get = async (ids) => (await client.request(
    REPORT + "/get", { accountId: null, ids })).list;
  expect("lists are objects", [["0", "1"], { "tls@alpha.example": true }],
         await get([id]).then(([one]) => [Object.keys(one.report.policies),
                                          one.mailRua]));
  const changed = await set({ ifInState: made.newState, update: { [id]: {
    "report/policies/0/totalFailedSessions": 4,
    "report/policies/1": null, "policyIdentifiers/7": true } } });
  expect("a patch into a list", [{ [id]: null }, made.newState],
         [Object.fromEntries(Object.entries(changed.updated).map(
           ([key, value]) => [key, value && null])), changed.oldState]);
  expect("it is so", [[4], { 7: true }], await get([id]).then(([one]) => [
    Object.values(one.report.policies).map((p) => p.totalFailedSessions),
    one.policyIdentifiers]));
  expect("changes since", [[], [id], []], await client.request(
    REPORT + "/changes", { accountId: null, sinceState: made.newState }).then(
    (c) => [c.created, c.updated, c.destroyed]));
  expect("query", [id], (await client.request(REPORT + "/query", {
    accountId: null, filter: { text: "alpha" } })).ids);
  return id;
}

/* The same server by the API of the letter. */
async function testArrays(client, id) {
  const [one] = (await client.request(
    REPORT + "/get", { accountId: "tally", ids: [id] })).list;
  expect("lists are arrays", [["tls@alpha.example"], 4],
         [one.mailRua, one.report.policies[0].totalFailedSessions]);
  const refused = (await client.request(REPORT + "/set", {
    accountId: "tally", update: { [id]: {
      "report/policies/0/totalFailedSessions": 5 } } })).notUpdated[id];
  expect("no pointers into arrays", "invalidPatch", refused.type);
}

async function testErrors(client) {
  expect("a type of mail, which is not there", "unknownMethod",
         (await errorOf(client.mailbox_get({ accountId: null,
                                             ids: null }))).type);
  expect("another account", "accountNotFound", (await errorOf(
    client.request(REPORT + "/get", { accountId: "x", ids: [] }))).type);
}

async function run(server, { Client }, { FetchTransport }) {
  const key = token(server, "all", "all");
  const make = (options) => new Client({
    sessionUrl: server.url + "/.well-known/jmap",
    accessToken: key,
    httpHeaders: { "Content-Type": "application/json" },
    transport: new FetchTransport(fetch), ...options });
  const client = make({});
  await testSession(client);
  const id = await testReports(client);
  const letter = make({ overriddenApiUrl: server.url + "/api" });
  await letter.fetchSession();
  await testArrays(letter, id);
  await testErrors(client);
  expect("destroyed", [id], (await client.request(REPORT + "/set", {
    accountId: null, destroy: [id] })).destroyed);
  const nobody = make({ accessToken: "tally_wrong" });
  expect("without a token", "Request failed, got http status code 401",
         (await errorOf(nobody.fetchSession())).message);
}

const library = await npmImport("jmap-client-ts");
const transport = await import(npmPath("jmap-client-ts").replace(
  /index\.js$/, "utils/fetch-transport.js"));
process.exit(await withServer((server) => run(server, library, transport)));
