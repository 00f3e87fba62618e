// a report of the outbox made anew, or changed
import {confirm} from "./dialog.js";
import {button, fill, h} from "./dom.js";
import {choiceField, clearErrors, countField, group, linesField, listOf,
  showError, textField, timeField} from "./form.js";
import {utc} from "./format.js";
import {TYPE} from "./report_actions.js";
import {hash, join} from "./router.js";
import {label, words} from "./words.js";

export const title = "Edit report";

const HOUR = 3600 * 1000;
// of an object, what a person may change, in the form's order
const FIELDS = ["domain", "mailRua", "httpRua", "createdAt", "deliverAt",
  "report", "policyIdentifiers"];

// --- what a new one begins with ---

function blankDetail() {
  return {resultType: "validationFailure", failedSessionCount: 1};
}

function blankPolicy() {
  return {policyType: "noPolicyFound", policyDomain: "", policyStrings: [],
    mxHosts: [], totalSuccessfulSessions: 0, totalFailedSessions: 0,
    failureDetails: []};
}

function blankReport() {
  const now = new Date();
  const day = new Date(now - 24 * HOUR).toISOString().slice(0, 10);

  return {
    domain: "", mailRua: [], httpRua: [], policyIdentifiers: [],
    createdAt: utc(now), deliverAt: utc(new Date(now.getTime() + HOUR)),
    report: {
      organizationName: "", contactInfo: "", reportId: "",
      dateRangeStart: `${day}T00:00:00Z`, dateRangeEnd: `${day}T23:59:59Z`,
      policies: [blankPolicy()],
    },
  };
}

// --- the form ---

function detailGroup(detail) {
  return group({
    resultType: choiceField("Result", detail.resultType,
      words("results").map((type) => [type, label("results", type)])),
    failedSessionCount: countField("Failed sessions",
      detail.failedSessionCount),
    receivingMxHostname: textField("Receiving MX", detail.receivingMxHostname),
    receivingMxHelo: textField("HELO", detail.receivingMxHelo),
    receivingIp: textField("Receiving IP", detail.receivingIp),
    sendingMtaIp: textField("Sending IP", detail.sendingMtaIp),
    failureReasonCode: textField("Reason", detail.failureReasonCode),
    additionalInformation: textField("Additional information",
      detail.additionalInformation),
  }, {legend: "Failure", row: true});
}

function policyGroup(policy) {
  return group({
    policyType: choiceField("Kind", policy.policyType,
      words("policies").map((type) => [type, label("policies", type)])),
    policyDomain: textField("Policy domain", policy.policyDomain),
    totalSuccessfulSessions: countField("Successful sessions",
      policy.totalSuccessfulSessions),
    totalFailedSessions: countField("Failed sessions",
      policy.totalFailedSessions),
    policyStrings: linesField("Policy, one line each", policy.policyStrings),
    mxHosts: linesField("MX patterns, one per line", policy.mxHosts),
    failureDetails: listOf("Failures", policy.failureDetails, detailGroup,
      {one: "failure", blank: blankDetail}),
  }, {legend: "Policy", row: true});
}

function reportGroup(report) {
  return group({
    reportId: textField("Report-ID", report.reportId,
      {hint: "unique@domain, as in a Message-ID; if empty, an id is generated"}),
    organizationName: textField("Organization", report.organizationName,
      {hint: "if empty, a new report uses the setting"}),
    contactInfo: textField("Contact", report.contactInfo,
      {hint: "a mail address; if this is not a mail address, the setting is "
        + "sent instead"}),
    dateRangeStart: timeField("From", report.dateRangeStart),
    dateRangeEnd: timeField("To", report.dateRangeEnd),
    policies: listOf("Policies", report.policies, policyGroup,
      {one: "policy", blank: blankPolicy}),
  }, {legend: "Report", row: true});
}

function objectGroup(object) {
  return group({
    domain: textField("Domain", object.domain,
      {hint: "the domain that the report is about"}),
    mailRua: linesField("Mail to", object.mailRua,
      {hint: "addresses, one per line"}),
    httpRua: linesField("Post to", object.httpRua,
      {hint: "https: URLs, one per line"}),
    createdAt: timeField("Created", object.createdAt),
    deliverAt: timeField("Deliver at", object.deliverAt),
    policyIdentifiers: linesField("Policy identifiers",
      object.policyIdentifiers, {hint: "numbers, one per line; usually none",
        read: (line) => /^\d{1,15}$/.test(line) ? Number(line) : line}),
    report: reportGroup(object.report),
  }, {row: true});
}

// --- what is sent ---

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// What the form would give for the object untouched; so that only what a
// person has changed is sent.
function patchOf(before, after) {
  return Object.fromEntries(Object.entries(after).filter(
    ([name, value]) => !same(before[name], value)));
}

// The server's words begin with the property, whose label stands there.
function wordsOf(error) {
  const words = error.description ?? error.type;
  const at = words.indexOf(": ");

  return error.properties?.length && at > 0 && !/\s/.test(words.slice(0, at))
    ? words.slice(at + 2) : words;
}

function editor(ctx, object, submit) {
  const form = objectGroup(object);
  const said = h("p", {class: "said error", role: "alert"});
  const save = h("button", {type: "submit", class: "primary"}, "Save");
  const showRefusal = (error) => {
    const words = wordsOf(error);
    const beside = (error.properties ?? []).filter((property) =>
      showError(form, property, words)).length;

    fill(said, beside ? "The report was not saved: see the marked fields." : words);
  };
  const onSubmit = async (event) => {
    event.preventDefault();
    clearErrors(form.element);
    fill(said);
    save.disabled = true;
    try {
      const error = await submit(form.read());
      if (error)
        showRefusal(error);
    } catch (err) {
      if (err.kind === "unauthorized")
        ctx.fail(err);
      else
        fill(said, err.message);
    } finally {
      save.disabled = false;
    }
  };

  const element = h("form", {class: "editor", novalidate: true,
    on: {submit: onSubmit}}, form.element, said, h("div", {class: "buttons"},
    save, h("a", {class: "button", href: hash(ctx.route.args.id
      ? join("outbox", ctx.route.args.id) : "outbox")}, "Cancel")));
  return {element, form};
}

async function createReport(ctx, given, saved) {
  const got = await ctx.jmap.one(`${TYPE}/set`, {create: {new: given}});
  const made = got.created?.new;

  if (!made)
    return got.notCreated.new;
  saved();
  ctx.go(join("outbox", made.id), {}, {words: "The report was created."});
  return null;
}

// The state is that of all reports, so others may have changed and this one
// not: then the change is made with the new state.
async function updateReport(ctx, seen, patch) {
  const id = seen.object.id;

  for (;;) {
    try {
      const got = await ctx.jmap.one(`${TYPE}/set`,
        {ifInState: seen.state, update: {[id]: patch}});
      return got.notUpdated?.[id] ?? null;
    } catch (err) {
      if (err.kind !== "stateMismatch")
        throw err;
      const now = await ctx.jmap.get(TYPE, id);
      if (!now)
        return {description: "The report is no longer in the outbox."};
      if (!same(content(now.object), content(seen.object)))
        return {changed: now};
      seen = now;
    }
  }
}

const content = (object) => FIELDS.map((name) => object[name]);

export function create(ctx) {
  const {id} = ctx.route.args;
  const element = h("div", {}, h("p", {role: "status"}, "Loading…"));

  let written = () => false;

  function show(seen, given = seen.object) {
    const {element: form, form: widget} = editor(ctx,
      given, async (after) => {
        if (!seen)
          return createReport(ctx, after, saved);
        const error = await updateReport(ctx, seen, patchOf(before, after));
        if (error?.changed)
          return changedMeanwhile(error.changed);
        if (!error) {
          saved();
          ctx.go(join("outbox", id), {}, {words: "The report was saved."});
        }
        return error;
      });
    const before = widget.read();

    written = () => !same(before, widget.read());

    fill(element, h("h1", {}, seen ? `Edit the report for ${
      seen.object.domain}` : "New report"), form);
  }

  const saved = () => {
    written = () => false;
  };

  async function changedMeanwhile(now) {
    if (await confirm("The report was changed by someone else",
      "Your changes were not saved. Load the current report? Your changes "
      + "will be lost.", {yes: "Load it"}))
      show(now);
    return {description: "The report was changed by someone else; your "
      + "changes were not saved."};
  }

  // From the counters of a day, or with what the settings say.
  async function begin() {
    const from = ctx.route.query.get("from");
    const options = {signal: ctx.signal};

    if (from) {
      const {list: [found]} = await ctx.jmap.one("tally:Preview/get",
        {ids: [from], properties: ["object"]}, options);
      if (!found?.object)
        throw new Error("Nothing was counted on that day.");
      return found.object;
    }
    const blank = blankReport();
    if (ctx.may("tallyRead")) {
      const {list: [site]} = await ctx.jmap.one("tally:Status/get", {ids: null,
        properties: ["contactInfo", "organizationName"]}, options);
      blank.report.contactInfo = site.contactInfo ?? "";
      blank.report.organizationName = site.organizationName ?? "";
    }
    return blank;
  }

  async function load() {
    try {
      if (!id)
        return show(null, await begin());
      const seen = await ctx.jmap.get(TYPE, id, null, {signal: ctx.signal});
      if (seen)
        return show(seen);
      fill(element, h("h1", {}, "No such report"), h("p", {},
        "It is not in the outbox: it was settled or deleted."));
    } catch (err) {
      if (err.name === "AbortError")
        return;
      fill(element, h("div", {class: "empty bad"}, h("p", {}, err.message),
        button("Try again", load)));
      if (err.kind === "unauthorized")
        ctx.fail(err);
    }
  }

  // what is being written stays when the query changes
  return {
    element,
    update: () => element.querySelector("form") || load(),
    unsaved: () => written(),
  };
}
