// dom - elements are made here and nowhere else
//
//     h("p", {class: "muted"}, "Reports for ", h("strong", {}, domain))
//
// What comes from outside is a child or an attribute's value, never markup:
// children become text nodes, a link leads into this page or to a blob of it,
// and there is no style attribute (the Content-Security-Policy forbids it).

const AS_PROPERTY = new Set(["value", "checked", "disabled", "hidden",
  "indeterminate", "selected", "required", "open", "readOnly", "multiple"]);
const LINKS = /^(#|blob:)/;

function setProp(node, name, value) {
  if (name === "on")
    for (const [event, act] of Object.entries(value))
      node.addEventListener(event, act);
  else if (name === "style" || name.startsWith("on"))
    throw new Error(`h: ${name} is not an attribute that can be set here`);
  else if (name === "href" && !LINKS.test(value))
    throw new Error("h: a link to another site");
  else if (AS_PROPERTY.has(name))
    node[name] = value;
  else if (value === true)
    node.setAttribute(name, "");
  else
    node.setAttribute(name, String(value));
}

function add(node, child) {
  if (child === null || child === undefined || child === false)
    return;
  if (Array.isArray(child))
    child.forEach((one) => add(node, one));
  else
    node.append(child instanceof Node ? child : String(child));
}

export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  let value;

  for (const [name, given] of Object.entries(props ?? {}))
    if (name === "value")
      value = given; // after the children: an <option> must be there
    else if (given !== null && given !== undefined && given !== false)
      setProp(node, name, given);
  add(node, children);
  if (value !== null && value !== undefined)
    node.value = value;
  return node;
}

/** Other children for a node. */
export function fill(node, ...children) {
  node.replaceChildren();
  add(node, children);
  return node;
}

let lastId = 0;
/** An id for label and description that nobody else has. */
export function freshId(word) {
  lastId += 1;
  return `${word}-${lastId}`;
}

/** A labelled control: the label, the control, its hint and its error. */
export function field(label, control, {hint, error} = {}) {
  const id = control.id || (control.id = freshId("field"));
  const about = [];
  const note = (kind, text) => {
    const node = h("p", {id: freshId(kind), class: kind}, text);
    about.push(node.id);
    return node;
  };
  const hintNode = hint ? note("hint", hint) : null;
  const errorNode = error ? note("error", error) : null;

  if (about.length)
    control.setAttribute("aria-describedby", about.join(" "));
  if (error)
    control.setAttribute("aria-invalid", "true");
  return h("div", {class: "field"}, h("label", {for: id}, label), control,
    hintNode, errorNode);
}

/** While what it began goes on, it is busy and begins nothing else. */
export function button(label, act, props = {}) {
  const node = h("button", {type: "button", on: {click: async (event) => {
    if (node.getAttribute("aria-busy") === "true")
      return;
    const doing = act(event);

    if (!(doing instanceof Promise))
      return;
    node.setAttribute("aria-busy", "true");
    try {
      await doing;
    } finally {
      node.removeAttribute("aria-busy");
    }
  }}, ...props}, label);

  return node;
}
