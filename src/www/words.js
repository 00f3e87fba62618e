// words - what the API's words mean, for people
import {h} from "./dom.js";

// kind: which colours it has; what: a sentence
const STATUS = {
  held: ["held", "quiet", "Made and held: mode = preview in the settings."],
  pending: ["pending", "wait", "Waits for the time it is to be delivered at."],
  sending: ["sending", "wait", "A delivery run has it in its hands."],
  deferred: ["deferred", "warn",
    "A receiver did not take it; it will be tried again."],
  idle: ["idle", "quiet", "Has no destination, so nothing happens to it."],
  done: ["done", "good", "Every destination is settled."],
};

const STATE = {
  pending: ["pending", "wait", "Not tried yet."],
  inflight: ["in flight", "wait", "A delivery run has it in its hands."],
  delivered: ["delivered", "good", "The receiver took it."],
  deferred: ["deferred", "warn", "Not taken; it will be tried again."],
  failed: ["failed", "bad", "Refused for good."],
  expired: ["expired", "bad", "Given up: it was tried for long enough."],
  suppressed: ["suppressed", "quiet",
    "Not tried: the address is on the suppression list."],
  bounced: ["bounced", "bad", "Taken first, and then it came back."],
};

const POLICY = {
  tlsa: ["DANE", "TLSA records in a zone signed by DNSSEC (RFC 7672)."],
  sts: ["MTA-STS", "A policy fetched over HTTPS (RFC 8461)."],
  noPolicyFound: ["no policy", "Neither DANE nor MTA-STS: opportunistic TLS."],
  other: ["other", "A policy of another kind."],
};

// RFC 8460 section 4.3
const RESULT = {
  startTlsNotSupported: ["STARTTLS not offered",
    "The server did not offer STARTTLS, or refused it."],
  certificateHostMismatch: ["Certificate for another name",
    "The certificate names other hosts than the policy allows."],
  certificateExpired: ["Certificate expired",
    "The certificate's time was over."],
  certificateNotTrusted: ["Certificate not trusted",
    "No authority that the sender trusts has signed the certificate."],
  validationFailure: ["Validation failed",
    "The TLS handshake or a check failed in another way; the reason has more."],
  tlsaInvalid: ["TLSA records unusable",
    "No TLSA record could be used, or none matches the certificate (DANE)."],
  dnssecInvalid: ["DNSSEC invalid",
    "DNSSEC did not validate for the domain (DANE)."],
  daneRequired: ["DANE required",
    "The sender insists on DANE, and there are no TLSA records for it."],
  stsPolicyFetchError: ["MTA-STS policy not fetched",
    "The policy could not be had: no answer, a bad certificate of the policy "
    + "host, or no such file."],
  stsPolicyInvalid: ["MTA-STS policy invalid",
    "The policy was fetched and is not well-formed."],
  stsWebpkiInvalid: ["MTA-STS policy host's certificate",
    "The policy host's certificate could not be validated."],
  other: ["Other failure", "None of the others; sent as validation-failure."],
};

// What became of a domain's day
const MARK = {
  open: "still counting",
  queued: "with a report",
  noRecord: "without a TLSRPT record",
  badRecord: "with a malformed TLSRPT record, or several",
  noRua: "without a usable rua",
  denied: "denied by the settings",
  byMode: "left out by mode",
  self: "with sessions of our own reports only",
  tooOld: "too old to report",
  badDomain: "with a name that is no domain",
  late: "counted too late",
  unsent: "read from an old log",
};

export const marks = Object.keys(MARK);
export const markWord = (mark) => MARK[mark] ?? mark;
export const statuses = Object.keys(STATUS);
export const policyTypes = Object.keys(POLICY);
export const resultTypes = Object.keys(RESULT);

function chip([word, kind, what]) {
  return h("span", {class: `chip chip-${kind}`, title: what}, word);
}

export function statusChip(status) {
  return chip(STATUS[status] ?? [status ?? "–", "quiet", ""]);
}

export function stateChip(state) {
  return chip(STATE[state] ?? [state ?? "–", "quiet", ""]);
}

export const statusWhat = (status) => STATUS[status]?.[2] ?? "";
export const stateWhat = (state) => STATE[state]?.[2] ?? "";
export const policyWord = (type) => POLICY[type]?.[0] ?? type;
export const policyWhat = (type) => POLICY[type]?.[1] ?? "";
export const resultWord = (type) => RESULT[type]?.[0] ?? type;
export const resultWhat = (type) => RESULT[type]?.[1] ?? "";
