// app - sign in, the frame around every page, and which page is shown
import {button, fill, freshId, h} from "./dom.js";
import {hash, parse} from "./router.js";
import {home, routes} from "./routes.js";
import {confirm} from "./dialog.js";
import {follow} from "./events.js";
import {findToken, forgetToken, openClient, shareToken, showSignIn,
  signInAgain} from "./signin.js";

let client = null;
let shell = null;
let current = null; // {key, page, leave, hash}
let pending = ""; // to be said on the next page; null: what is said stays
let following = null; // the server's events
let askingAgain = null; // for a token
let askingToLeave = false;
const lists = new Map(); // path of a page of the menu: its last address

// --- the frame ---

/** The rows that have a place in the menu, as a tree of headings. */
function menuTree() {
  const top = {items: []};

  for (const row of routes.filter((one) => one.menu)) {
    let at = top;

    for (const word of row.menu.slice(0, -1)) {
      let next = at.items.find((item) => item.items && item.word === word);
      if (!next)
        at.items.push(next = {word, items: []});
      at = next;
    }
    at.items.push({word: row.menu.at(-1), row});
  }
  return top;
}

function menuList(node, labelledBy) {
  return h("ul", {"aria-labelledby": labelledBy}, node.items.map((item) => {
    const id = freshId("menu");

    return item.row
      ? h("li", {}, h("a", {href: hash(item.row.path),
        "data-path": item.row.path}, item.word))
      : h("li", {}, h("span", {id, class: "heading"}, item.word),
        menuList(item, id));
  }));
}

function makeShell() {
  const main = h("main", {id: "main", tabindex: "-1"});
  const said = h("div", {class: "notice", role: "status",
    "aria-live": "polite"});
  const nav = h("nav", {id: "nav", "aria-label": "Pages"},
    menuList(menuTree()));
  const toggle = button("Menu", () => {
    const open = nav.classList.toggle("open");
    toggle.setAttribute("aria-expanded", String(open));
  }, {class: "menu", "aria-expanded": "false", "aria-controls": "nav"});
  // a link into the page would be taken for a page's address
  const skip = h("a", {href: "#main", class: "skip", on: {
    click: (event) => {
      event.preventDefault();
      main.focus();
    },
  }}, "Skip to content");

  fill(document.body, skip,
    h("header", {class: "top"}, h("a", {href: "#/", class: "brand"},
      "tlstally"), toggle,
    h("span", {class: "who"}, h("span", {class: "muted"}, "Token "),
      client.session.username),
    button("Sign out", async () => {
      if (await mayLeave())
        signOut("Signed out.", true);
    }, {class: "quiet"})),
    h("div", {class: "frame"}, nav, h("div", {class: "content"}, said, main)));
  return {main, nav, said, toggle};
}

function markMenu(row) {
  const path = row?.under ?? row?.path;

  for (const link of shell.nav.querySelectorAll("a"))
    if (link.dataset.path === path)
      link.setAttribute("aria-current", "page");
    else
      link.removeAttribute("aria-current");
  shell.nav.classList.remove("open");
  shell.toggle.setAttribute("aria-expanded", "false");
}

// --- what pages may use ---

function say(text, kind = "good") {
  fill(shell.said, text && h("p", {class: `said said-${kind}`}, text,
    button("Dismiss", () => fill(shell.said), {class: "quiet"})));
}

function fail(err) {
  if (err.name === "AbortError")
    return;
  if (err.kind === "unauthorized")
    signInOver(err.message);
  else
    say(err.message, "bad");
}

/** The page stays, with all that was written on it. */
async function signInOver(why) {
  if (askingAgain)
    return;
  askingAgain = signInAgain(client, `You were signed out: ${why}.`);
  const done = await askingAgain;

  askingAgain = null;
  if (!done)
    return signOut(`Signed out: ${why}.`);
  say("Signed in again.");
  current?.page?.update(parse(location.hash));
}

function back(path) {
  pending = null;
  location.hash = lists.get(path) ?? hash(path);
}

function go(path, query, {replace = false, words = ""} = {}) {
  const to = hash(path, query);

  if (to === location.hash)
    return;
  pending = words;
  if (replace) {
    history.replaceState(null, "", to);
    show();
  } else {
    location.hash = to;
  }
}

// --- pages ---

function message(title, ...text) {
  return {
    title,
    create: () => ({
      element: h("div", {class: "empty"}, h("h1", {}, title),
        text.map((line) => h("p", {}, line))),
      update: () => {},
    }),
  };
}

/** False: something was written here, and it is to stay. */
async function mayLeave() {
  if (!current?.page?.unsaved?.())
    return true;
  if (askingToLeave)
    return false;
  askingToLeave = true;
  const leaves = await confirm("Leave without saving?",
    "What you have entered on this page will be lost.",
    {yes: "Leave", danger: true});

  askingToLeave = false;
  return leaves;
}

async function moduleOf(route) {
  if (!route.row)
    return message("There is no such page", "Use the menu to open a page.");
  const missing = (route.row.needs ?? []).filter((word) => !client.may(word));

  if (missing.length)
    return message("Permission denied",
      `This page requires the permission ${missing.join(" and ")}. `
      + "Sign in with a token that has it.");
  return route.row.load();
}

function leave() {
  current?.leave.abort();
  current?.page?.close?.();
  current = null;
}

async function show() {
  const route = parse(location.hash);

  if (!client)
    return;
  if (!route) {
    history.replaceState(null, "", hash(home((word) => client.may(word))));
    return show();
  }
  const key = JSON.stringify([route.row?.path, route.path]);
  const asked = location.hash;

  if (current && current.key !== key && current.page?.unsaved?.()) {
    const here = current.hash;

    // the address is that of the page that is seen, until it is another
    history.pushState(null, "", here);
    if (!await mayLeave())
      return;
    history.replaceState(null, "", asked);
    leave();
  }
  markMenu(route.row);
  if (route.row?.menu)
    lists.set(route.row.path, asked);
  if (current?.key === key) {
    current.hash = asked;
    return current.page?.update(route);
  }
  const first = shell.main.childElementCount === 0;
  leave();
  const mine = current = {key, page: null, leave: new AbortController(),
    hash: asked};
  let module;

  if (pending !== null)
    say(pending);
  pending = "";
  try {
    module = await moduleOf(route);
  } catch {
    module = message("The page could not be loaded",
      "tlstally-httpd did not answer.", button("Try again", () =>
        location.reload()));
  }
  if (current !== mine)
    return;
  const ctx = {
    jmap: client, may: (permission) => client.may(permission),
    signal: mine.leave.signal, route, go, back, say, fail,
  };
  mine.page = module.create(ctx);
  document.title = `${module.title} – tlstally`;
  fill(shell.main, crumbs(route.row), mine.page.element);
  window.scrollTo(0, 0);
  if (!first)
    shell.main.focus();
  mine.page.update(parse(location.hash));
}

function crumbs(row) {
  const menu = row?.menu
    ?? routes.find((one) => one.path === row?.under)?.menu;

  return menu && menu.length > 1
    ? h("p", {class: "crumbs"}, menu.join(" › ")) : null;
}

// --- signing in and out ---

function signOut(why, everywhere = false) {
  leave();
  following?.abort();
  forgetToken(everywhere);
  client = shell = null;
  showSignIn(begin, why);
}

function begin(opened) {
  client = opened;
  shell = makeShell();
  following = new AbortController();
  follow(client, (types) => {
    if (!document.querySelector("dialog[open]"))
      current?.page?.refresh?.(types);
  }, following.signal);
  show();
}

/** No answer is no reason to type the token again. */
function showUnreachable(err) {
  document.title = "tlstally";
  fill(document.body, h("main", {id: "main", class: "signin"},
    h("h1", {}, "tlstally"), h("p", {class: "said", role: "alert"},
      err.message), button("Try again", open, {class: "primary"})));
}

async function open() {
  const token = await findToken((late) => client ?? enter(late));

  if (!token)
    return showSignIn(begin);
  await enter(token);
}

async function enter(token) {
  try {
    begin(await openClient(token));
  } catch (err) {
    if (err.kind !== "unauthorized")
      return showUnreachable(err);
    forgetToken();
    showSignIn(begin, err.message);
  }
}

window.addEventListener("hashchange", show);
window.addEventListener("beforeunload", (event) => {
  if (current?.page?.unsaved?.())
    event.preventDefault();
});
shareToken(() => signOut("Signed out in another tab."));
open();
