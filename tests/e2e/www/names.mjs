/* Names as people write them: U-labels beside A-labels, a search for either; and
 * days on which nothing was counted. */
import { expect, given } from "../httpd_world.mjs";
import { call, closePage, openPage, until } from "./browser.mjs";
import { domains, summary } from "./list.mjs";
import { tableOf } from "./overview.mjs";

const NAME = "xn--bcher-kva.example";

/* The samples of RFC 3492 section 7.1, and what must stay as it is. */
const LABELS = {
  "xn--bcher-kva.example": "bücher.example",
  "xn--ihqwcrb4cv8a8dqg056pqjye.example": "他们为什么不说中文.example",
  "xn--fiqs8s": "中国",
  "xn--e1afmkfd.xn--p1ai": "пример.рф",
  "mx.xn--mgbh0fb.example": "mx.مثال.example",
  "example.com": null,
  "xn--": null,
  "xn--a b.example": null,
  "xn--99999999.example": null,
  /* a sign that is no letter could be taken for another */
  "xn--n3h.example": null,
};

async function testLabels(page) {
  const got = await page.evaluate(async (all) => {
    const { unicodeOf } = await import("./names.js");
    return all.map(unicodeOf);
  }, Object.keys(LABELS));

  for (const [i, name] of Object.keys(LABELS).entries())
    expect(`the U-labels of ${name}`, LABELS[name], got[i]);
}

async function testSearch(page, server) {
  for (const text of ["Bücher.Example.", "bücher.example", "BCHER-KVA",
                      NAME]) {
    await page.goto(`${server.url}/#/outbox?text=${encodeURIComponent(text)}`);
    await summary(page, /^1 report$/);
    expect(`${text}: is found`, [`${NAME} bücher.example`], await domains(page));
  }
}

/* All days are on the axis, and of those without sessions it is said why. */
async function testGaps(page, server) {
  await page.goto(`${server.url}/#/overview?from=2026-02-26&to=2026-03-12`);
  await page.getByText("Grey: nothing was counted, or it is not kept.").first()
    .waitFor();
  await until("each day has its row", 15, async () =>
    (await tableOf(page, "Sessions per day"))?.length);
  const first = (await tableOf(page, "Sessions per day")).map(([day]) => day);
  expect("before the first day", "2026-02-28not kept, or before the first day",
         first[2]);
  expect("a day that was counted", "2026-03-01", first[3]);
  expect("a day of an outage", "2026-03-11nothing was counted", first[13]);
  expect("the chart has them, too", 15, await page.evaluate(() =>
    globalThis.Chart.getChart(document.querySelector("canvas")).data.labels
      .length));
}

export default async function testNames({ server, tokens }) {
  const page = await openPage(server, { token: tokens.all });

  await call(server, tokens.all, "x:TlsInternalReport/set",
             { create: { n: given(NAME, 1) } });
  await page.getByRole("heading", { level: 1 }).waitFor();
  await testLabels(page);
  await testSearch(page, server);
  await testGaps(page, server);
  await closePage(page, "names");
}
