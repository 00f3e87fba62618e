/* What the pages show in the tests: reports of every kind. */
import { given } from "../httpd_world.mjs";
import { call } from "./browser.mjs";

/* What a stranger may have his domain, HELO and reasons be. */
export const HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)" +
  "</script>${alert(3)}{{7*7}}\u202ejavascript:alert(4)";

function detail(i) {
  return [
    { resultType: "certificateExpired", sendingMtaIp: "192.0.2.25",
      receivingMxHostname: `mx${i}.example.net`, receivingIp: "2001:db8::25",
      failedSessionCount: 3 + i, failureReasonCode: "certificate has expired" },
    { resultType: "startTlsNotSupported", failedSessionCount: 2,
      receivingMxHostname: "old-mx.example.net",
      receivingMxHelo: "old-mx.example.net" },
  ];
}

function report(i) {
  const domain = `host-${String(i).padStart(3, "0")}.example`;
  const made = given(domain, 0);
  const [policy] = made.report.policies;

  made.createdAt = `2026-03-02T00:${String(i % 60).padStart(2, "0")}:00Z`;
  made.report.contactInfo = "tls-reports@example.com";
  policy.totalSuccessfulSessions = 10 * i;
  policy.policyStrings = ["version: STSv1", "mode: enforce",
    `mx: *.${domain}`, "max_age: 604800"];
  policy.mxHosts = [`*.${domain}`];
  if (i % 3 === 0) {
    policy.failureDetails = detail(i);
    policy.totalFailedSessions = 5 + i;
  }
  if (i % 10 === 9)
    made.httpRua = [`https://reports.${domain}/v1/tls`];
  if (i % 20 === 7)
    made.mailRua = [];
  return made;
}

function hostile() {
  const made = given("hostile.example", 1);
  const [policy] = made.report.policies;

  made.report.organizationName = HOSTILE;
  policy.policyStrings = [HOSTILE];
  policy.failureDetails = [{
    resultType: "other", failedSessionCount: 1, receivingMxHelo: HOSTILE,
    receivingMxHostname: HOSTILE, additionalInformation: HOSTILE,
    failureReasonCode: HOSTILE,
  }];
  return made;
}

export async function fill(server, token) {
  const create = { hostile: hostile() };

  for (let i = 0; i < 60; i++)
    create[`r${i}`] = report(i);
  const got = await call(server, token, "x:TlsInternalReport/set", { create });
  if (got.notCreated)
    throw new Error(JSON.stringify(got.notCreated));
  return Object.fromEntries(Object.entries(got.created).map(
    ([name, { id }]) => [name, id]));
}
