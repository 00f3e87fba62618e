#!/usr/bin/env node
/*
 * www_pages - the pages beside the outbox, in a real browser
 *
 *     tests/e2e/www_pages.mjs [--shots FOLDER] [NAME]...
 *
 * As www.mjs, with a store of its own: fill_www counts ten days, and tlstally
 * itself makes reports of three of them and delivers them by a program that
 * refuses some.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, token, withServer } from "./httpd_world.mjs";
import { closeBrowser, openBrowser } from "./www/browser.mjs";
import testDomain, { testCut, testDomains, testPeriod } from "./www/domain.mjs";
import testFilters from "./www/filters.mjs";
import testInbound from "./www/inbound.mjs";
import testInbox from "./www/inbox.mjs";
import testPosture from "./www/posture.mjs";
import testLinks from "./www/links.mjs";
import testNames from "./www/names.mjs";
import testOurs from "./www/ours.mjs";
import testOverview, { testEmpty, testErrors } from "./www/overview.mjs";
import testPolicyd from "./www/policyd.mjs";
import testPreview from "./www/preview.mjs";
import testSent from "./www/sent.mjs";
import testSuppression from "./www/suppression.mjs";
import testTrouble from "./www/trouble.mjs";

export const FIRST = "2026-03-01";
const TLSTALLY = "src/programs/tlstally";

/* Nobody answers DNS. */
const SETTINGS = `[policy]
resolver = inet:127.0.0.1:9
timeout = 1s
`;

const TESTS = {
  empty: testEmpty,
  errors: testErrors,
  overview: testOverview,
  sent: testSent,
  suppression: testSuppression,
  inbound: testInbound,
  inbox: testInbox,
  posture: testPosture,
  domains: testDomains,
  period: testPeriod,
  domain: testDomain,
  cut: testCut,
  policyd: testPolicyd,
  preview: testPreview,
  filters: testFilters,
  links: testLinks,
  names: testNames,
};

/* With a store of their own. */
const OTHERS = { trouble: testTrouble, ours: testOurs };

/* Reports of the first three days: what goes to host03 is refused for good, in
 * words that leave the address in doubt, but not three times alike; to host06
 * for the address. */
function deliver(server) {
  const conf = join(server.directory, "deliver.conf");
  const sendmail = join(server.directory, "sendmail");

  writeFileSync(sendmail, `#!/bin/sh
cat >/dev/null
for rcpt; do :; done
case $rcpt in
*@host03.example)
	# several run at once; each takes the next number
	n=1
	until mkdir "${sendmail}.$n" 2>/dev/null; do n=$((n + 1)); done
	case $n in
	2) echo "550 5.2.1 no reports here" >&2; exit 67 ;;
	*) echo "550 5.1.0 no reports here" >&2; exit 67 ;;
	esac ;;
*@host06.example) echo "550 5.1.1 no such user" >&2; exit 67 ;;
esac
`);
  chmodSync(sendmail, 0o755);
  writeFileSync(conf, readFileSync(server.conf, "utf8") +
                      `[deliver]\nmail = sendmail:${sendmail}\n`);
  for (const day of ["2026-03-01", "2026-03-02", "2026-03-03"])
    execFileSync(TLSTALLY, ["-c", conf, "rollup", "--day", day]);
  execFileSync(TLSTALLY, ["-c", conf, "deliver", "--now"]);
}

const wanted = process.argv.slice(2).filter((word) =>
  word in TESTS || word in OTHERS);

async function attempt(tests, name, world) {
  if (wanted.length > 0 && !wanted.includes(name))
    return;
  console.log(`-- ${name}`);
  await tests[name](world).catch((error) =>
    expect(`${name} comes to its end`, null, error.stack));
}

function worldOf(server) {
  return { server, tokens: {
    all: token(server, "all", "all"),
    reader: token(server, "reader", "tallyRead"),
    reports: token(server, "reports", "sysTlsInternalReportGet",
                   "sysTlsInternalReportQuery"),
    inbox: token(server, "inbox", "sysTlsExternalReportGet",
                 "sysTlsExternalReportQuery", "sysTlsExternalReportDownload"),
  } };
}

async function runOther(server, name) {
  const world = worldOf(server);

  await openBrowser();
  try {
    await attempt(OTHERS, name, world);
  } finally {
    await closeBrowser();
  }
}

async function run(server) {
  const world = worldOf(server);

  await openBrowser();
  try {
    for (const name of Object.keys(TESTS)) {
      await attempt(TESTS, name, world);
      if (name === "empty") {
        execFileSync("tests/e2e/fill_www",
                     [join(server.directory, "store"), FIRST]);
        deliver(server);
      }
    }
  } finally {
    await closeBrowser();
  }
}

if (!existsSync(process.env.CHROMIUM ?? "/usr/bin/chromium")) {
  console.log("chromium is missing: apt-get install chromium");
  process.exit(77);
}
let status = 0;
if (wanted.length === 0 || wanted.some((word) => word in TESTS))
  status = await withServer(run, null, SETTINGS);
for (const name of Object.keys(OTHERS))
  if (wanted.length === 0 || wanted.includes(name))
    status = await withServer((server) => runOther(server, name), null,
                              SETTINGS) || status;
process.exit(status);
