// words - what the API's words mean, for people
//
// The server says it: /vocabulary.js is made of its table, the same that the
// command line has its words from (src/words/words.c).
import {h} from "./dom.js";
import vocabulary from "./vocabulary.js";

const row = (of, word) => vocabulary[of][word] ?? {};

/** All words of one kind, as "marks". */
export const words = (of) => Object.keys(vocabulary[of]);

/** In short: of ["marks", "noRecord"] "without a TLSRPT record". */
export const label = (of, word) => row(of, word).label ?? word;

/** What it means, to stand behind a colon. */
export const meaning = (of, word) => row(of, word).sentence ?? "";

/** The same as a sentence of its own. */
export function sentence(of, word) {
  const text = meaning(of, word);

  return text && `${text[0].toUpperCase()}${text.slice(1)}.`;
}

export function chip(of, word) {
  return h("span", {class: `chip chip-${row(of, word).tone ?? "quiet"}`,
    title: sentence(of, word)}, label(of, word) ?? "–");
}

/** Behind a destination that gets a copy for this site. */
export const copyMark = ({copy}) => copy
  && h("span", {class: "small muted", title: "A copy for this site, which "
    + "is not counted as a delivery."}, " (copy)");
