// jmap - the page's only way to the server (RFC 8620)
//
// A Client belongs to one token.  Whatever goes wrong is thrown as a JmapError
// whose message is fit to be shown:
//
//     unauthorized  the token is unknown or has expired: sign in again
//     forbidden     a permission is missing; the message names it
//     stateMismatch somebody else changed it meanwhile
//     method        another method-level error
//     problem       the request as a whole was refused (RFC 7807)
//     network       there was no answer

const CORE = "urn:ietf:params:jmap:core";
const STALWART = "urn:stalwart:jmap";
const OURS = "urn:tlstally:jmap";

export class JmapError extends Error {
  constructor(kind, message, type = "") {
    super(message);
    this.kind = kind;
    this.type = type;
  }
}

const KINDS = {forbidden: "forbidden", stateMismatch: "stateMismatch"};

function methodError(args) {
  return new JmapError(KINDS[args.type] ?? "method",
    args.description || `The server answered: ${args.type}.`, args.type);
}

async function problemOf(response) {
  const problem = await response.json().catch(() => ({}));
  const wait = response.headers.get("Retry-After");
  const words = problem.detail || `The server answered ${response.status}.`;

  if (response.status === 401)
    return new JmapError("unauthorized", words);
  return new JmapError(response.status === 403 ? "forbidden" : "problem",
    wait ? `${words}; try again in ${wait} seconds` : words,
    problem.type ?? "");
}

// The page talks to whoever served it, whatever name the server knows itself
// by behind a proxy; the paths are the session's.
function here(url) {
  const at = new URL(url, location.href);
  return at.pathname + at.search;
}

// Lists as the session's apiUrl has them: {"item": true}, {"0": {...}}.
const LISTS = new Set(["policyIdentifiers", "mailRua", "httpRua", "policies",
  "policyStrings", "mxHosts", "failureDetails", "destinations", "history",
  "to", "problems", "otherDomains"]);

// Of an answer: the same with arrays.  What has arrays already stays.
function withArrays(value, list = "") {
  if (value === null || typeof value !== "object")
    return value;
  if (Array.isArray(value))
    return value.map((item) => withArrays(item));
  const items = Object.entries(value);

  if (!LISTS.has(list))
    return Object.fromEntries(items.map(([name, member]) =>
      [name, withArrays(member, name)]));
  if (items.some(([, item]) => item !== true))
    return items.sort(([a], [b]) => a - b).map(([, item]) => withArrays(item));
  // greater ones than this are texts in arrays, too
  return items.map(([item]) => list === "policyIdentifiers" &&
    Number.isSafeInteger(Number(item)) ? Number(item) : item);
}

// "{name}" of a URI template, level 1 (RFC 6570).
function expand(template, values) {
  return template.replace(/\{(\w+)\}|%7B(\w+)%7D/gi,
    (_, plain, coded) => encodeURIComponent(values[plain ?? coded] ?? ""));
}

export class Client {
  #token;

  constructor(token) {
    this.#token = token;
    this.session = null;
  }

  async #fetch(url, options = {}) {
    let response;

    try {
      response = await fetch(url, {
        ...options,
        cache: "no-store",
        credentials: "omit",
        headers: {...options.headers, Authorization: `Bearer ${this.#token}`},
      });
    } catch (err) {
      if (err.name === "AbortError")
        throw err;
      throw new JmapError("network",
        "tlstally-httpd does not answer. Is it running?");
    }
    if (!response.ok)
      throw await problemOf(response);
    return response;
  }

  async open() {
    const response = await this.#fetch("jmap/session");

    this.session = await response.json();
    this.account = this.session.primaryAccounts[CORE];
    this.limits = this.session.capabilities[CORE];
    const caps = this.session.accounts[this.account].accountCapabilities;
    this.permissions = new Set(caps[OURS]?.permissions ?? []);
    this.submitter = caps[OURS]?.submitter ?? "";
    return this.session;
  }

  /** Another token in the place of one that is good no more; when it is
   * refused the old one stays. */
  async renew(token) {
    const before = this.#token;

    this.#token = token;
    try {
      await this.open();
    } catch (err) {
      this.#token = before;
      throw err;
    }
  }

  may(permission) {
    return this.permissions.has(permission);
  }

  /** Each call is [method, arguments]; resolves to their responses'
   * arguments, in order.  The first method error is thrown. */
  async call(calls, {signal} = {}) {
    const body = {
      using: [CORE, STALWART, OURS],
      methodCalls: calls.map(([name, args], i) =>
        [name, {accountId: this.account, ...args}, String(i)]),
    };
    const response = await this.#fetch(here(this.session.apiUrl), {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify(body),
      signal,
    });
    const {methodResponses} = await response.json();

    return methodResponses.map(([name, args]) => {
      if (name === "error")
        throw methodError(args);
      return name.startsWith("x:") ? withArrays(args) : args;
    });
  }

  async one(name, args, options) {
    return (await this.call([[name, args]], options))[0];
  }

  /** /query and the /get of what it found; the objects in the query's
   * order. */
  async list(type, query, properties, options) {
    const [found, got] = await this.call([
      [`${type}/query`, {calculateTotal: true, ...query}],
      [`${type}/get`, {
        "#ids": {resultOf: "0", name: `${type}/query`, path: "/ids"},
        properties,
      }],
    ], options);
    const byId = new Map(got.list.map((object) => [object.id, object]));

    return {
      total: found.total,
      position: found.position,
      state: got.state,
      objects: found.ids.map((id) => byId.get(id)).filter(Boolean),
    };
  }

  /** One object and the state it was seen in; null when there is none. */
  async get(type, id, properties, options) {
    const got = await this.one(`${type}/get`,
      {ids: [id], properties: properties ?? null}, options);

    return got.list.length ? {object: got.list[0], state: got.state} : null;
  }

  /** The same change for many objects, in as many /set as the server's limit
   * asks for.  Resolves to {done: [id], refused: [{id, error}]}; what one /set
   * has done stays done when a later one fails. */
  async setMany(type, ids, change) {
    const done = [];
    const refused = [];
    const at = Math.min(this.limits.maxObjectsInSet, 500);

    for (let i = 0; i < ids.length; i += at) {
      const part = ids.slice(i, i + at);
      const args = change === "destroy" ? {destroy: part}
        : {update: Object.fromEntries(part.map((id) => [id, change]))};
      const got = await this.one(`${type}/set`, args);

      done.push(...(got.destroyed ?? []), ...Object.keys(got.updated ?? {}));
      for (const [id, error] of Object.entries(
        {...got.notDestroyed, ...got.notUpdated}))
        refused.push({id, error});
    }
    return {done, refused};
  }

  /** Calls told({event, data}) for each event of the server's (RFC 8620
   * section 7.3), until it ends the stream. */
  async events(ping, told, signal) {
    const url = here(expand(this.session.eventSourceUrl,
      {types: "*", closeafter: "no", ping}));
    const response = await this.#fetch(url, {signal});
    const reader = response.body.pipeThrough(new TextDecoderStream())
      .getReader();
    let text = "";

    for (;;) {
      const {done, value} = await reader.read();

      if (done)
        return;
      const parts = (text + value).split("\n\n");

      text = parts.pop();
      for (const part of parts) {
        const lines = new Map(part.split("\n").map((line) => {
          const at = line.indexOf(":");
          return [line.slice(0, at), line.slice(at + 1).trim()];
        }));

        if (lines.has("event"))
          told({event: lines.get("event"),
            data: JSON.parse(lines.get("data") ?? "null")});
      }
    }
  }

  /** The bytes of a blob (section 6.2). */
  async download(blobId, type, name) {
    const url = here(expand(this.session.downloadUrl,
      {accountId: this.account, blobId, type, name}));

    return (await this.#fetch(url)).blob();
  }
}
