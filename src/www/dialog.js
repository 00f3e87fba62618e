// dialog - a question in a <dialog>, as a promise
//
//     if (await confirm("Delete 3 reports?", "They are not sent.",
//                       {yes: "Delete", danger: true})) ...
//     const at = await ask("Deliver at", field)
//
// Escape and Cancel resolve to false or null; the focus goes back to where it
// was.
import {button, freshId, h} from "./dom.js";

function run(title, children, yes, {danger = false} = {}, read = () => true) {
  const titleId = freshId("dialog");
  const before = document.activeElement;

  return new Promise((resolve) => {
    let answer = null;
    const form = h("form", {
      on: {
        submit: (event) => {
          event.preventDefault();
          answer = read();
          if (answer !== null)
            box.close();
        },
      },
    }, h("h2", {id: titleId}, title), children,
    h("div", {class: "buttons"},
      button("Cancel", () => box.close()),
      h("button", {type: "submit", class: danger ? "danger" : "primary"},
        yes)));
    const box = h("dialog", {"aria-labelledby": titleId}, form);

    box.addEventListener("close", () => {
      box.remove();
      if (before?.isConnected)
        before.focus();
      resolve(answer);
    });
    document.body.append(box);
    box.showModal();
  });
}

export async function confirm(title, text, {yes = "OK", danger} = {}) {
  return await run(title, h("p", {}, text), yes, {danger}) === true;
}

/** read() gives the answer, or null as long as it is none. */
export function ask(title, children, {yes = "OK", read}) {
  return run(title, children, yes, {}, read);
}
