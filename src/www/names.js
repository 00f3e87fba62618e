// names - domains as people write them, and as they are
//
// The store has A-labels in lower case without a final dot; whoever searches
// may write "Bücher.example.", and whoever reads xn--bcher-kva.example sees
// bücher.example beside it.
import {h} from "./dom.js";
import {hash, join} from "./router.js";

/** What was typed, as the API has it: it may be a part of a name. */
export function asciiOf(text) {
  const name = text.trim().toLowerCase().replace(/[.\u3002]$/u, "");

  if (/^[\x21-\x7e]*$/.test(name))
    return name;
  try {
    return new URL(`http://${name}`).hostname;
  } catch {
    return name;
  }
}

// --- RFC 3492, decoding ---

const [BASE, TMIN, TMAX, SKEW, DAMP] = [36, 1, 26, 38, 700];
const DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789";

function adapt(delta, points, first) {
  let d = Math.floor(delta / (first ? DAMP : 2));
  let k = 0;

  for (d += Math.floor(d / points); d > (BASE - TMIN) * TMAX / 2; k += BASE)
    d = Math.floor(d / (BASE - TMIN));
  return k + Math.floor((BASE - TMIN + 1) * d / (d + SKEW));
}

// null: it is not in that form
function decode(text) {
  const at = text.lastIndexOf("-");
  const out = [...text.slice(0, Math.max(at, 0))];
  let [n, i, bias] = [128, 0, 72];

  for (let pos = at + 1; pos < text.length;) {
    const before = i;

    for (let w = 1, k = BASE; ; k += BASE) {
      const digit = DIGITS.indexOf(text[pos++] ?? " ");
      const t = Math.min(Math.max(k - bias, TMIN), TMAX);

      i += digit * w;
      if (digit < 0 || i > 0x7fffffff)
        return null;
      if (digit < t)
        break;
      w *= BASE - t;
    }
    bias = adapt(i - before, out.length + 1, before === 0);
    n += Math.floor(i / (out.length + 1));
    i %= out.length + 1;
    if (n > 0x10ffff || (n >= 0xd800 && n < 0xe000))
      return null;
    out.splice(i, 0, String.fromCodePoint(n));
    i += 1;
  }
  return out.join("");
}

/** "bücher.example" of "xn--bcher-kva.example"; null when it has no other form,
 * or one with what is no letter, mark or digit. */
export function unicodeOf(domain) {
  const labels = domain.split(".").map((label) =>
    label.startsWith("xn--") ? decode(label.slice(4)) : label);

  return labels.join(".") !== domain
    && labels.every((label) => label !== null
      && /^[\p{L}\p{M}\p{N}_-]+$/u.test(label)) ? labels.join(".") : null;
}

/** The name, and its U-labels beside it. */
export function nameOf(domain) {
  const unicode = unicodeOf(domain);

  return [domain, unicode && h("bdi", {class: "unicode"}, ` ${unicode}`)];
}

/** The same as a link to the domain's page. */
export function domainLink(domain, query) {
  return h("a", {href: hash(join("domain", domain), query)}, nameOf(domain));
}
