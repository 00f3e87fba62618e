// router - "#/outbox/a1b2?sort=-domain" to a row of routes.js and back
import {routes} from "./routes.js";

function match(pattern, segments) {
  const want = pattern.split("/");
  const args = {};

  if (want.length !== segments.length)
    return null;
  for (let i = 0; i < want.length; i += 1)
    if (want[i].startsWith(":"))
      args[want[i].slice(1)] = segments[i];
    else if (want[i] !== segments[i])
      return null;
  return args;
}

function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** {row, path, args, query}; row is null when there is no such page.  An
 * address without "#/", or with nothing behind it, is no page's: null. */
export function parse(hash) {
  if (!hash.startsWith("#/") || hash === "#/")
    return null;
  const [path, query = ""] = hash.slice(2).split("?", 2);
  const segments = path.split("/").map(decode);
  const route = {row: null, path, args: {}, query: new URLSearchParams(query)};

  for (const row of routes) {
    const args = match(row.path, segments);

    if (args) {
      route.row = row;
      route.args = args;
      break;
    }
  }
  return route;
}

/** "#/outbox?status=held"; segments of path that are not ours to be encoded
 * already: hash("outbox", id) does it. */
export function hash(path, query = {}) {
  const params = query instanceof URLSearchParams ? query
    : new URLSearchParams(Object.entries(query).filter(([, value]) =>
      value !== null && value !== undefined && value !== ""));
  const text = params.toString();

  return `#/${path}${text ? `?${text}` : ""}`;
}

/** "outbox", "a/b" as "outbox/a%2Fb" */
export function join(...segments) {
  return segments.map(encodeURIComponent).join("/");
}
