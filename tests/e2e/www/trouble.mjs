/* Every state of a destination, made by deliveries to servers of our own: what
 * the verdict, the outbox and the archive say of each, and that the links lead
 * to the reports that they are about. */
import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer as createHttps } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, given } from "../httpd_world.mjs";
import { call, checkLooks, closePage, openPage, until } from "./browser.mjs";
import { domains, summary } from "./list.mjs";
import { tableOf } from "./overview.mjs";

const TLSTALLY = "src/programs/tlstally";
const TYPE = "x:TlsInternalReport";
const run = promisify(execFile);

/* --- receivers --- */

const listen = (server) => new Promise((done) => {
  server.listen(0, "127.0.0.1", () => done(server.address().port));
});

/* A relay that refuses addresses at refused.example for good. */
function answerMail(socket) {
  const say = (text) => socket.writable && socket.write(`${text}\r\n`);
  let text = "";
  let data = false;

  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    text += bytes;
    for (let at; (at = text.indexOf("\r\n")) >= 0;) {
      const line = text.slice(0, at);

      text = text.slice(at + 2);
      if (data) {
        data = line !== ".";
        if (!data)
          say("250 taken");
      } else if (/^DATA/i.test(line)) {
        data = true;
        say("354 go on");
      } else if (/^RCPT.*@refused\.example/i.test(line)) {
        say("550 5.1.1 no such user");
      } else if (/^QUIT/i.test(line)) {
        say("221 bye");
        socket.end();
      } else {
        say("250 ok");
      }
    }
  });
  say("220 relay");
}

export async function openReceivers({ directory }) {
  const file = (name) => join(directory, name);

  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt",
    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
    "/CN=localhost", "-keyout", file("key.pem"), "-out", file("cert.pem")],
               { stdio: "ignore" });
  const relay = createServer(answerMail);
  const https = createHttps({ key: readFileSync(file("key.pem")),
    cert: readFileSync(file("cert.pem")) }, (request, response) => {
    request.resume();
    request.on("end", () => {
      response.writeHead(Number(request.url.slice(1)));
      response.end();
    });
  });
  return { relay, https, mailPort: await listen(relay),
           httpsPort: await listen(https),
           close: () => [relay, https].forEach((one) => one.close()) };
}

/* --- the site --- */

async function create(world, domain, mailRua, httpRua) {
  const object = { ...given(domain, 1), mailRua, httpRua,
                   deliverAt: "2026-03-02T01:00:00Z" };
  const got = await call(world.server, world.tokens.all, `${TYPE}/set`,
                         { create: { new: object } });
  expect(`${domain}: a report is made`, true, !!got.created?.new);
}

/* As the timer does it, with a feed that counts. */
export async function deliver(world, mailPort) {
  const { server } = world;

  execFileSync("tests/e2e/put_feed",
               [join(server.directory, "store"), "events"]);
  await run(TLSTALLY, ["-c", server.conf,
    "-o", `deliver.mail=smtp://127.0.0.1:${mailPort}`,
    "-o", "deliver.https_verify=no", "-o", "deliver.https_allow_private=yes",
    "run"]);
}

/* The first line of status, of doctor and of the page are the same. */
export async function checkVerdict(world, page, want, what) {
  const { server } = world;

  execFileSync("tests/e2e/put_feed",
               [join(server.directory, "store"), "events"]);
  const first = execFileSync(TLSTALLY, ["-c", server.conf, "status"],
                             { encoding: "utf8" }).split("\n")[0];
  expect(`status: ${what}`, want, first.match(want) ? want : first);
  const { verdict } = JSON.parse(execFileSync(TLSTALLY, ["-c", server.conf,
    "status", "--json"], { encoding: "utf8" }));
  const [doctor] = (await call(server, world.tokens.reader,
                               "tally:Doctor/get", { ids: null })).list;
  expect(`doctor: ${what}`, [verdict.kind, verdict.cause, verdict.what],
         [doctor.verdict.kind, doctor.verdict.cause, doctor.verdict.what]);
  await page.goto(`${server.url}/#/suppression`);
  await page.goto(`${server.url}/#/overview`);
  /* the page before may be there for another moment */
  await until(`the page: ${what}`, [true, true], () => page.evaluate(
    ({ words, tone }) => {
      const shown = document.querySelector(".verdict");
      return [Boolean(shown?.textContent.includes(words)),
              Boolean(shown?.classList.contains(`said-${tone}`))];
    }, { words: verdict.what, tone: verdict.tone }));
  return verdict;
}

const outboxRow = async (page, domain) =>
  (await tableOf(page, "reports")).find((row) => row.includes(domain));

/* --- what happens --- */

async function relayDown(world, page) {
  await create(world, "later.example", ["tls@later.example"], []);
  /* nobody listens on the port of a server that was closed */
  const gone = createServer();
  const port = await listen(gone);
  await new Promise((done) => gone.close(done));
  await deliver(world, port);
  await checkVerdict(world, page, /^trouble on this site: the mail relay has/,
                     "our relay is down");
  await checkLooks(page, "overview-relay-down");
  expect("no receiver is blamed", 0,
         await page.getByText("receiver did not").count());
  await page.getByRole("heading", { name: "To be tried again" }).waitFor();
  expect("what was tried is shown", ["later.example", "tls@later.example"],
         (await tableOf(page, "To be tried again"))[0].slice(0, 2));
  await page.locator(".verdict a").click();
  await summary(page, /^1 report$/);
  const row = await outboxRow(page, "later.example");
  expect("the outbox has the state and the last answer", [true, true], [
    row.some((cell) => cell.includes("deferred")),
    row.some((cell) => cell.includes(`127.0.0.1:${port}`))]);
}

/* The operator has mended it, and sends what waits. */
async function relayUp(world, page, mailPort) {
  await page.getByLabel("Select later.example").check();
  await page.getByRole("button", { name: "Deliver now" }).click();
  await page.getByText("1 report due now").waitFor();
  await deliver(world, mailPort);
  await checkVerdict(world, page, /^all is well: 1 delivery was accepted/,
                     "the relay is up again");
  await checkLooks(page, "overview-well");
}

async function receiversRefuse(world, page, { mailPort, httpsPort }) {
  const url = (status) => `https://127.0.0.1:${httpsPort}/${status}`;

  await create(world, "busy.example", [], [url(503)]);
  await deliver(world, mailPort);
  await checkVerdict(world, page, /^trouble at receivers: .*1 not accepted yet/,
                     "a receiver is busy");
  await page.locator(".verdict a").click();
  await summary(page, /^1 report$/);
  expect("503 is tried again", true,
         (await outboxRow(page, "busy.example")).some((cell) =>
           cell.includes("deferred") && cell.includes("503")));

  await create(world, "gone.example", [], [url(404)]);
  await create(world, "refused.example", ["tls@refused.example"], []);
  await create(world, "fine.example", ["tls@fine.example"], [url(200)]);
  await deliver(world, mailPort);
  await checkVerdict(world, page, 
                     /1 refused, 1 refused and suppressed, 1 not accepted/,
                     "receivers refuse");
  await checkLooks(page, "overview-receivers");
  const answers = await tableOf(page, "Not delivered");
  expect("each answer once", ["404", "503", "550"].map((code) => [code, 1]),
         ["404", "503", "550"].map((code) => [code,
           answers.filter((row) => row[4].includes(code)).length]));
  expect("what became of them", ["deferred", "refused", "suppressed"],
         [...new Set(answers.map((row) => row[0]))].sort());
  await page.locator(".verdict a").click();
  await until("the link has the refused one", ["gone.example"],
              () => domains(page));
  expect("and the address says so", "#/sent?state=failed",
         new URL(page.url()).hash);
  await page.goBack();
  await page.getByRole("row").filter({ hasText: "no such user" })
    .getByRole("link", { name: "1" }).click();
  await until("a group's number has its reports", ["refused.example"],
              () => domains(page));
}

export default async function testTrouble(world) {
  const receivers = await openReceivers(world.server);
  const page = await openPage(world.server, { token: world.tokens.all,
                                              height: 1200 });

  try {
    await deliver(world, receivers.mailPort);
    await checkVerdict(world, page, /^all is well: 0 deliveries/, "nothing yet");
    await relayDown(world, page);
    await relayUp(world, page, receivers.mailPort);
    await receiversRefuse(world, page, receivers);
  } finally {
    receivers.close();
  }
  await closePage(page, "deliveries that fail");
}
