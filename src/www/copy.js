// copy - a text with a button that copies it
import {button, h} from "./dom.js";

/** what: for the button's name, "the object id". */
export function copyable(text, what) {
  const shown = h("span", {class: "mono"}, text);
  const said = h("span", {class: "small muted", role: "status"});

  return [shown, " ", button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = " copied";
    } catch {
      // without TLS a browser has no clipboard: it is marked to be copied
      getSelection().selectAllChildren(shown);
      said.textContent = " marked";
    }
  }, {class: "quiet", "aria-label": `Copy ${what}`}), said];
}
