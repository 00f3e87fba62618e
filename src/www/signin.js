// signin - the token, kept for this tab only
import {Client} from "./jmap.js";
import {field, fill, h} from "./dom.js";

const KEY = "tlstally.token";

export function keptToken() {
  return sessionStorage.getItem(KEY);
}

export function forgetToken() {
  sessionStorage.removeItem(KEY);
}

/** Resolves to an open Client. */
export async function openClient(token) {
  const client = new Client(token);

  await client.open();
  sessionStorage.setItem(KEY, token);
  return client;
}

/** Shows the form; done(client) when a token was taken.  why: a message. */
export function showSignIn(done, why = "") {
  const input = h("input", {
    id: "token", type: "password", name: "token", required: true,
    autocomplete: "off", spellcheck: "false", autocapitalize: "off",
  });
  const said = h("p", {class: "said", role: "alert"}, why);
  const submit = h("button", {type: "submit", class: "primary"}, "Sign in");

  const onSubmit = async (event) => {
    event.preventDefault();
    fill(said);
    submit.disabled = true;
    try {
      done(await openClient(input.value.trim()));
    } catch (err) {
      fill(said, err.message);
      input.focus();
      input.select();
    } finally {
      submit.disabled = false;
    }
  };

  document.title = "Sign in – tlstally";
  fill(document.body, h("main", {id: "main", class: "signin"},
    h("h1", {}, "tlstally"),
    h("p", {class: "muted"}, "SMTP TLS reports: sessions counted, reports "
      + "sent and refused."),
    h("form", {on: {submit: onSubmit}},
      field("Token", input, {
        hint: "“tlstally token add NAME --permission all” creates a token. "
          + "The browser forgets it when this tab is closed.",
      }),
      said, submit)));
  input.focus();
}
