// form - controls that read back what they show, as JSON
//
// A widget is {element, read(), find(path)}.  Widgets nest: a group is an
// object, a list an array, so read() of the outermost is the value to send,
// and the path of a SetError ("report/policies/0/policyType") finds the
// control that it is about.
//
//     const form = group({domain: textField("Domain", "example.com"),
//                         mailRua: linesField("Mail to", [])});
//     form.read()                         // {domain: "example.com", ...}
//     showError(form, "mailRua/0", "no address") // beside it; true
import {button, field, freshId, h} from "./dom.js";
import {fromField, toField} from "./format.js";

function single(label, input, read, hint) {
  const element = field(label, input, {hint});

  return {element, read, find: () => ({element, input})};
}

export function textField(label, value, {hint} = {}) {
  const input = h("input", {type: "text", spellcheck: "false",
    autocapitalize: "off", autocomplete: "off", value: value ?? ""});

  return single(label, input, () => input.value.trim() || null, hint);
}

/** What is no whole number is sent as it is: the server has the words. */
export function countField(label, value, {hint} = {}) {
  const input = h("input", {type: "text", inputmode: "numeric",
    autocomplete: "off", class: "num", value: String(value ?? 0)});

  return single(label, input, () => {
    const text = input.value.trim();
    return /^\d{1,15}$/.test(text) ? Number(text) : text || 0;
  }, hint);
}

export function timeField(label, value, {hint} = {}) {
  const input = h("input", {type: "datetime-local", step: "1",
    value: toField(value)});

  return single(`${label} (UTC)`, input, () => fromField(input.value), hint);
}

export function choiceField(label, value, options) {
  const input = h("select", {value}, options.map(([word, words]) =>
    h("option", {value: word}, words)));

  return single(label, input, () => input.value);
}

/** One item a line. */
export function linesField(label, values, {hint, read = (line) => line} = {}) {
  const input = h("textarea", {
    rows: String(Math.min(10, Math.max(2, values.length + 1))),
    spellcheck: "false", value: values.join("\n"),
  });

  return single(label, input, () => input.value.split("\n")
    .map((line) => line.trim()).filter(Boolean).map(read), hint);
}

/** An object; words: a legend around it. */
export function group(widgets, {legend, row} = {}) {
  const parts = Object.values(widgets).map(({element}) => element);
  const element = legend
    ? h("fieldset", {class: row ? "columns" : null},
      h("legend", {}, legend), parts)
    : h("div", {class: row ? "columns" : null}, parts);

  return {
    element,
    read: () => Object.fromEntries(Object.entries(widgets).map(
      ([name, widget]) => [name, widget.read()])),
    find: ([name, ...rest]) => widgets[name]?.find(rest) ?? null,
  };
}

/** An array: make(value) is the widget of an item. */
export function listOf(title, values, make, {one, blank}) {
  const items = [];
  const place = h("div", {class: "items"});
  const heading = h("p", {class: "label", id: freshId("list")}, title);

  const add = (value) => {
    const widget = make(value);
    const item = {widget, element: h("div", {class: "item"}, widget.element,
      button(`Remove ${one}`, () => {
        items.splice(items.indexOf(item), 1);
        item.element.remove();
        more.focus();
      }, {class: "danger"}))};

    items.push(item);
    place.append(item.element);
    return item;
  };
  const more = button(`Add ${one}`, () => add(blank()).element
    .querySelector("input,select,textarea")?.focus());

  values.forEach(add);
  const element = h("div", {class: "list-of", role: "group",
    "aria-labelledby": heading.id}, heading, place, more);
  return {
    element,
    read: () => items.map(({widget}) => widget.read()),
    find: ([index, ...rest]) => items[index]?.widget.find(rest)
      ?? {element, input: more},
  };
}

export function clearErrors(root) {
  for (const note of root.querySelectorAll("p.error")) {
    note.control.removeAttribute("aria-invalid");
    note.control.setAttribute("aria-describedby", note.before);
    note.remove();
  }
}

/** The words beside the control of that property, which gets the focus;
 * false when there is none. */
export function showError(widget, property, words) {
  const found = widget.find(property.split("/"));

  if (!found?.input)
    return false;
  const note = h("p", {class: "error", id: freshId("error")}, words);

  note.control = found.input;
  note.before = found.input.getAttribute("aria-describedby") ?? "";
  found.element.append(note);
  found.input.setAttribute("aria-invalid", "true");
  found.input.setAttribute("aria-describedby",
    `${note.before} ${note.id}`.trim());
  found.input.focus();
  return true;
}
