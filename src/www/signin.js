// signin - the token, kept for the tabs of this browser session
//
// Each tab keeps it in its own sessionStorage; a new one asks the others, which
// must be of the same origin and path.  With the last tab it is gone.
import {Client} from "./jmap.js";
import {ask} from "./dialog.js";
import {field, fill, h} from "./dom.js";

const KEY = "tlstally.token";
const ASK_MS = 300;

const tabs = new BroadcastChannel(
  `tlstally ${new URL("./", location.href).pathname}`);

/** Of this tab, or of another one; null.  late(token): a busy tab answered
 * after that. */
export function findToken(late) {
  const own = sessionStorage.getItem(KEY);

  if (own)
    return Promise.resolve(own);
  return new Promise((done) => {
    let tell = done;
    const timer = setTimeout(() => {
      tell = late;
      done(null);
    }, ASK_MS);
    const hear = ({data}) => {
      if (!data.token)
        return;
      clearTimeout(timer);
      tabs.removeEventListener("message", hear);
      tell(data.token);
    };

    tabs.addEventListener("message", hear);
    tabs.postMessage({wanted: true});
  });
}

/** Answers other tabs; gone() when one of them signs out. */
export function shareToken(gone) {
  tabs.addEventListener("message", ({data}) => {
    const token = sessionStorage.getItem(KEY);

    if (data.wanted && token)
      tabs.postMessage({token});
    if (data.out && data.out === token)
      gone();
  });
}

/** everywhere: in the other tabs, too. */
export function forgetToken(everywhere = false) {
  const token = sessionStorage.getItem(KEY);

  sessionStorage.removeItem(KEY);
  if (everywhere && token)
    tabs.postMessage({out: token});
}

const tokenInput = () => h("input", {
  type: "password", name: "token", required: true, autocomplete: "off",
  spellcheck: "false", autocapitalize: "off",
});

/** Over the page that is open, which stays as it is; false: not wanted. */
export async function signInAgain(client, why) {
  for (let words = why; ;) {
    const input = tokenInput();
    const token = await ask("Sign in again", [
      h("p", {role: "alert"}, words),
      h("p", {class: "muted"}, "The page stays as it is."),
      field("Token", input)],
    {yes: "Sign in", read: () => input.value.trim() || null});

    if (token === null)
      return false;
    try {
      await client.renew(token);
      sessionStorage.setItem(KEY, token);
      return true;
    } catch (err) {
      words = err.message;
    }
  }
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
  const input = tokenInput();
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

  input.id = "token";
  document.title = "Sign in – tlstally";
  fill(document.body, h("main", {id: "main", class: "signin"},
    h("h1", {}, "tlstally"),
    h("p", {class: "muted"}, "SMTP TLS reports: sessions counted, reports "
      + "sent and refused."),
    h("form", {on: {submit: onSubmit}},
      field("Token", input, {
        hint: "“tlstally token add NAME --permission all” creates a token. "
          + "The browser forgets it when the last tab of this page is "
          + "closed.",
      }),
      said, submit)));
  input.focus();
}
