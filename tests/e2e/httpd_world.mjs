/*
 * httpd_world - tlstally-httpd for tests in JavaScript
 *
 * In the build folder: the real daemon on a loopback port of its own, with an
 * empty store in a temporary folder.  NPM_FOLDER names a folder with
 * node_modules that scripts/check has filled from tests/e2e/npm.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync,
         writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";

const HTTPD = "src/programs/tlstally-httpd";
const TLSTALLY = "src/programs/tlstally";
const HERE = dirname(fileURLToPath(import.meta.url));
const WWW = join(HERE, "../../src/www");
const NPM = process.env.NPM_FOLDER ?? "";
let failed = 0;

export const failures = () => failed;

export function expect(what, want, got) {
  if (isDeepStrictEqual(want, got)) {
    console.log("ok:", what);
    return;
  }
  console.log(`FAIL: ${what}: wanted ${JSON.stringify(want)}, ` +
              `got ${JSON.stringify(got)}`);
  failed++;
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/* For what must come; how long it takes is the machine's affair. */
export const WAIT_MS = 60000;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function start(directory, settings) {
  const port = await freePort();
  const conf = join(directory, "tlstally.conf");
  mkdirSync(join(directory, "store"), { recursive: true });
  writeFileSync(conf, `[report]
contact_info = tls@example.com
mode = all
[store]
directory = ${directory}/store
${settings.includes("map_size") ? "" : "map_size = 1G"}
[http]
listen = inet:127.0.0.1:${port}
www = ${WWW}
metrics =
${settings}
`);
  const daemon = spawn(HTTPD, ["-f", "-c", conf],
                       { stdio: ["ignore", "ignore", "inherit"] });
  const url = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + WAIT_MS; Date.now() < end;) {
    try {
      if ((await fetch(url + "/healthz")).ok)
        return { daemon, conf, url, directory };
    } catch {
      await sleep(50);
    }
  }
  daemon.kill("SIGKILL");
  throw new Error("tlstally-httpd does not start");
}

export function token(server, name, ...permissions) {
  const words = permissions.flatMap((word) => ["--permission", word]);

  return execFileSync(TLSTALLY,
                      ["-c", server.conf, "token", "add", name, ...words],
                      { encoding: "utf8" }).trim();
}

export function removeToken(server, name) {
  execFileSync(TLSTALLY, ["-c", server.conf, "token", "remove", name]);
}

export function given(domain, failures) {
  return {
    domain, mailRua: [`tls@${domain}`], httpRua: [], policyIdentifiers: [],
    createdAt: "2026-03-02T00:15:00Z", deliverAt: "2036-03-02T01:00:00Z",
    report: {
      reportId: `20260301.${domain}@example.com`,
      dateRangeStart: "2026-03-01T00:00:00Z",
      dateRangeEnd: "2026-03-01T23:59:59Z",
      policies: [{ policyType: "sts", policyDomain: domain,
                   totalSuccessfulSessions: 5,
                   totalFailedSessions: failures }],
    },
  };
}

async function stop({ daemon }) {
  const ended = new Promise((done) => daemon.once("exit", done));

  daemon.kill("SIGTERM");
  expect("tlstally-httpd ends in order", 0, await ended);
}

/* The path of a package of tests/e2e/npm, or of a file of it. */
export function npmPath(name) {
  if (!existsSync(join(NPM, "node_modules", name.split("/")[0])))
    throw new Error(`no ${name}: npm ci in a copy of tests/e2e/npm, and ` +
                    "NPM_FOLDER names the copy");
  return createRequire(join(NPM, "/")).resolve(name);
}

export const npmImport = (name) => import(pathToFileURL(npmPath(name)));

/* Starts a daemon, with these settings too, runs test(server) and ends it; the
 * status to exit with.  The store is empty, or the one in that folder, which
 * stays. */
export async function withServer(test, folder = null, settings = "") {
  const directory = folder ?? mkdtempSync(join(tmpdir(), "tlstally-httpd."));
  let server;

  try {
    server = await start(directory, settings);
    await test(server);
    await stop(server);
  } finally {
    server?.daemon.kill("SIGKILL");
    if (!folder)
      rmSync(directory, { recursive: true });
  }
  console.log(failed, "failed");
  return failed ? 1 : 0;
}
