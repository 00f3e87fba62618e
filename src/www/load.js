// load - a part of a page that is fetched: loading, there, or why not
import {button, fill, h} from "./dom.js";

/** Fills node with what make() resolves to.  What goes wrong is said in its
 * place, with a button to try again; signal: ends it quietly. */
export async function load(ctx, node, what, make, signal = ctx.signal) {
  node.setAttribute("aria-busy", "true");
  if (!node.hasChildNodes())
    fill(node, h("p", {class: "muted", role: "status"}, "Loading…"));
  try {
    const made = await make();

    if (!signal.aborted)
      fill(node, made);
  } catch (err) {
    if (err.name === "AbortError" || signal.aborted)
      return;
    fill(node, h("div", {class: "empty bad"},
      h("p", {}, `${what} could not be loaded: `, err.message),
      button("Try again", () => {
        fill(node);
        return load(ctx, node, what, make, signal);
      })));
    if (err.kind === "unauthorized")
      ctx.fail(err);
  }
  node.setAttribute("aria-busy", "false");
}

/** A page that is one such part: {element, update}. */
export function loadedPage(ctx, what, make) {
  const element = h("div", {});

  const update = () => load(ctx, element, what, make);

  return {
    element, update,
    // not under the hands of who is reading or choosing something there
    refresh: () => {
      if (!element.contains(document.activeElement)
        && getSelection().isCollapsed)
        update();
    },
  };
}
