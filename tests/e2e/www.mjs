#!/usr/bin/env node
/*
 * www - the web page in a real browser
 *
 *     tests/e2e/www.mjs [--shots FOLDER] [NAME]...
 *
 * In the build folder: the real daemon on loopback with a store filled here,
 * chromium without a window.  A test is a row below; each gets {server, tokens,
 * ids} and opens pages of its own, in order, on the same store.  NPM_FOLDER as
 * in httpd_world.mjs.  With --shots each page is photographed; those that
 * doc/Makefile.inc names are kept in doc/www.
 */
import { existsSync } from "node:fs";
import { expect, token, withServer } from "./httpd_world.mjs";
import { closeBrowser, openBrowser } from "./www/browser.mjs";
import testChange, { testKeyboard, testReader } from "./www/change.mjs";
import { fill } from "./www/data.mjs";
import testForm from "./www/form.mjs";
import testKept from "./www/kept.mjs";
import testList from "./www/list.mjs";
import testReport, { testHostile } from "./www/report.mjs";
import testSignIn, { testTokens } from "./www/signin.mjs";

const TESTS = {
  signin: testSignIn,
  tokens: testTokens,
  list: testList,
  report: testReport,
  hostile: testHostile,
  reader: testReader,
  form: testForm,
  change: testChange,
  keyboard: testKeyboard,
  kept: testKept,
};

async function run(server) {
  const tokens = {
    all: token(server, "all", "all"),
    reader: token(server, "reader", "sysTlsInternalReportGet",
                  "sysTlsInternalReportQuery", "tallyRead"),
    tally: token(server, "tally", "tallyRead"),
  };
  const ids = await fill(server, tokens.all);
  const wanted = process.argv.slice(2).filter((word) => word in TESTS);

  await openBrowser();
  try {
    for (const [name, test] of Object.entries(TESTS))
      if (wanted.length === 0 || wanted.includes(name)) {
        console.log(`-- ${name}`);
        await test({ server, tokens, ids }).catch((error) =>
          expect(`${name} comes to its end`, null, error.stack));
      }
  } finally {
    await closeBrowser();
  }
}

if (!existsSync(process.env.CHROMIUM ?? "/usr/bin/chromium")) {
  console.log("chromium is missing: apt-get install chromium");
  process.exit(77);
}
process.exit(await withServer(run));
