#!/usr/bin/env node
/*
 * jmap_client - tlstally-httpd, asked by a JMAP client that is not ours
 *
 * In the build folder, the real daemon on loopback, with jmap-jam from npm:
 * its session, its request builder with result references, its createdIds and
 * its errors.
 */
import { expect, given, npmImport, token,
         withServer } from "./httpd_world.mjs";

const REPORT = "x:TlsInternalReport";
const STALWART = { using: ["urn:stalwart:jmap"] };
const TALLY = { using: ["urn:tlstally:jmap"] };

/* What the client throws: a method's error, several, or a problem. */
async function errorOf(promise) {
  try {
    return { none: (await promise)[0] };
  } catch (error) {
    return Array.isArray(error) ? error[0] : error;
  }
}

async function testSession(jam) {
  const session = await jam.session;
  const core = session.capabilities["urn:ietf:params:jmap:core"];

  expect("the session, through /.well-known/jmap",
         [true, true, "tally", 500],
         ["urn:stalwart:jmap" in session.capabilities,
          "urn:tlstally:jmap" in session.accounts.tally.accountCapabilities,
          session.primaryAccounts["urn:stalwart:jmap"],
          core.maxObjectsInGet]);
  return session;
}

/* Three reports, and their ids by their creation ids. */
async function testCreate(jam, accountId, session) {
  const [made, meta] = await jam.api[REPORT].set(
    { accountId, create: { a: given("alpha.example", 0),
                           b: given("beta.example", 3),
                           c: given("gamma.example", 7) } },
    { ...STALWART, createdIds: {} });

  expect("created", ["a", "b", "c"], Object.keys(made.created));
  expect("createdIds come back", Object.fromEntries(
    Object.entries(made.created).map(([k, v]) => [k, v.id])),
         meta.createdIds);
  expect("sessionState is the session's", session.state, meta.sessionState);
  return { ids: meta.createdIds, state: made.newState };
}

async function testReferences(jam, accountId, { ids, state }) {
  const [{ found, got }] = await jam.requestMany((t) => {
    const found = t[REPORT].query({
      accountId, filter: { hasFailures: true },
      sort: [{ property: "failures", isAscending: false }],
      calculateTotal: true });
    const got = t[REPORT].get({
      accountId, ids: found.$ref("/ids"), properties: ["domain", "status"] });
    return { found, got };
  }, STALWART);
  expect("query", { ids: [ids.c, ids.b], total: 2, state },
         { ids: found.ids, total: found.total, state: found.queryState });
  expect("get of what query found", [
    { id: ids.c, domain: "gamma.example", status: "pending" },
    { id: ids.b, domain: "beta.example", status: "pending" }], got.list);

  const [{ all }] = await jam.requestMany((t) => {
    const some = t[REPORT].get({ accountId, ids: [ids.a, ids.b],
                                 properties: ["domain"] });
    const all = t[REPORT].get({ accountId, ids: some.$ref("/list/*/id"),
                                properties: [] });
    return { some, all };
  }, STALWART);
  expect("a reference with *", [{ id: ids.a }, { id: ids.b }], all.list);
}

async function testChanges(jam, accountId, { ids, state }) {
  const [{ changed, changes, updated }] = await jam.requestMany((t) => {
    const changed = t[REPORT].set({
      accountId, ifInState: state, destroy: [ids.c],
      update: { [ids.a]: { policyIdentifiers: [7],
                           "report/organizationName": "Us" } } });
    const changes = t[REPORT].changes({ accountId, sinceState: state });
    const updated = t[REPORT].get({ accountId, ids: changes.$ref("/updated"),
                                    properties: ["policyIdentifiers",
                                                 "report"] });
    return { changed, changes, updated };
  }, STALWART);
  expect("set: updated and destroyed", [[ids.a], [ids.c]],
         [Object.keys(changed.updated), changed.destroyed]);
  expect("changes", [state, changed.newState, [], [ids.a], [ids.c], false],
         [changes.oldState, changes.newState, changes.created,
          changes.updated, changes.destroyed, changes.hasMoreChanges]);
  expect("get of what changed", [{ 7: true }, "Us"],
         [updated.list[0].policyIdentifiers,
          updated.list[0].report.organizationName]);
  expect("ifInState of before", "stateMismatch", (await errorOf(
    jam.api[REPORT].set({ accountId, ifInState: state, destroy: [ids.a] },
                        STALWART))).type);
}

/* Two clients who saw the same state, ten times: one of them wins. */
async function testAtOnce(jams, accountId, { ids }) {
  const winners = [];

  for (let i = 0; i < 10; i++) {
    const [{ state }] = await jams[0].api[REPORT].get(
      { accountId, ids: [] }, STALWART);
    const answers = await Promise.all(jams.map((jam, n) => errorOf(
      jam.api[REPORT].set({ accountId, ifInState: state, update: {
        [ids.b]: { policyIdentifiers: [100 + 10 * i + n] } } }, STALWART))));
    winners.push(answers.map((a) => a.type ?? "won").sort().join());
  }
  expect("concurrent set with ifInState: one wins each time",
         Array(10).fill("stateMismatch,won"), winners);
}

async function testCreatedIds(jam, accountId, { ids }) {
  const [{ list }, meta] = await jam.api[REPORT].get(
    { accountId, ids: ["#mine"], properties: ["domain"] },
    { ...STALWART, createdIds: { mine: ids.b } });

  expect("createdIds of an earlier request", [ids.b, { mine: ids.b }],
         [list[0].id, meta.createdIds]);
}

async function testErrors(jam, accountId) {
  const of = (call, options) => errorOf(jam.request(call, options));
  const type = async (call, options) => (await of(call, options)).type;
  const urn = "urn:ietf:params:jmap:error:";

  expect("unknownMethod", "unknownMethod",
         await type([REPORT + "/copy", { accountId }], STALWART));
  expect("not in `using`", "unknownMethod",
         await type([REPORT + "/get", { accountId }]));
  expect("accountNotFound", "accountNotFound",
         await type([REPORT + "/get", { accountId: "other" }], STALWART));
  expect("unsupportedFilter", "unsupportedFilter",
         await type([REPORT + "/query", { accountId, filter: { x: 1 } }],
                    STALWART));
  expect("unknownCapability", urn + "unknownCapability",
         await type(["Core/echo", {}], { using: ["urn:nobody"] }));
  const many = await errorOf(jam.requestMany((t) => Object.fromEntries(
    Array.from({ length: 33 }, (_, i) => ["e" + i, t.Core.echo({ i })]))));
  expect("maxCallsInRequest", [400, urn + "limit", "maxCallsInRequest"],
         [many.status, many.type, many.limit]);
  const [{ notCreated }] = await jam.api[REPORT].set(
    { accountId, create: { k: { domain: "a b", nix: 1 } } }, STALWART);
  expect("a SetError", "invalidProperties", notCreated.k.type);
}

async function testTokens(make, accountId) {
  const reader = make("reader", "tallyRead");
  const refused = await errorOf(
    reader.api[REPORT].get({ accountId, ids: [] }, STALWART));

  expect("forbidden names the permission", ["forbidden", true],
         [refused.type,
          refused.description.includes("sysTlsInternalReportGet")]);
  expect("the session tells what may not be written", true,
         (await reader.session).accounts.tally.isReadOnly);
}

async function testTallyTypes(jam, accountId) {
  const [{ made, listed }] = await jam.requestMany((t) => {
    const made = t["tally:Suppression"].set({ accountId, create: {
      s: { address: "dead@example.com", reason: "gone" } } });
    const found = t["tally:Suppression"].query({ accountId, filter: {
      text: "dead" } });
    const listed = t["tally:Suppression"].get({ accountId,
                                                ids: found.$ref("/ids") });
    return { made, found, listed };
  }, TALLY);
  expect("tally:Suppression", [made.created.s.id, "dead@example.com", "hand"],
         [listed.list[0].id, listed.list[0].address, listed.list[0].by]);
  for (const name of ["tally:Domain", "tally:SentReport", "tally:Inbound"]) {
    const [{ got, since }] = await jam.requestMany((t) => {
      const found = t[name].query({ accountId });
      const got = t[name].get({ accountId, ids: found.$ref("/ids") });
      const since = t[name].changes({ accountId,
                                      sinceState: got.$ref("/state") });
      return { found, got, since };
    }, TALLY);
    expect(name, [[], got.state, got.state],
           [got.list, since.oldState, since.newState]);
  }
}

async function run(server, JamClient) {
  const make = (name, permission) => new JamClient({
    sessionUrl: server.url + "/.well-known/jmap",
    bearerToken: token(server, name, permission) });
  const jam = make("one", "all"), other = make("two", "all");
  const session = await testSession(jam);
  const accountId = session.primaryAccounts["urn:stalwart:jmap"];
  const made = await testCreate(jam, accountId, session);

  await testReferences(jam, accountId, made);
  await testChanges(jam, accountId, made);
  await testAtOnce([jam, other], accountId, made);
  await testCreatedIds(jam, accountId, made);
  await testErrors(jam, accountId);
  await testTokens(make, accountId);
  await testTallyTypes(jam, accountId);
}

const { default: JamClient } = await npmImport("jmap-jam");
process.exit(await withServer((server) => run(server, JamClient)));
