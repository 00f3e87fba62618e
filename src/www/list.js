// list - objects of one kind: filters, sorting, pages, selection
//
// The server filters, sorts and cuts; the address says what is shown, so that
// Back, a reload and a bookmark work:
//
//     #/outbox?status=deferred&sort=-failures&page=3&size=100
//
// createList(ctx, {
//   path: "outbox", type: "x:TlsInternalReport", properties: [...],
//   what: ["report", "reports"],
//   columns: [...],                        // table.js; sort: a property
//   sort: "-createdAt",                    // when the address names none
//   filters: [{name, label, kind, options, condition(value)}],
//   actions: [{label, danger, act(ids)}],  // for what is selected
//   empty: "words for a list without any filter",
//   tools: [...],                          // buttons beside the filters
// }) is {element, update(route), reload()}.
//
// A filter with more: true stands behind "More filters".  kind of a filter:
// "search", "select" (options: [value, words]), "check" (its value is "1"),
// "time" (a moment in UTC), "day".  condition() gives members of a JMAP
// FilterCondition.
import {button, field, fill, freshId, h} from "./dom.js";
import {count, fromField, plural, toField} from "./format.js";
import {hash, join} from "./router.js";
import {tableHead, tableOf, tableRow} from "./table.js";

const SIZES = [25, 50, 100, 500];
const SIZE = 50;
const TYPING_MS = 300;

// --- the address ---

function sortOf(query, spec) {
  const text = query.get("sort") ?? spec.sort;
  const descending = text.startsWith("-");
  const name = descending ? text.slice(1) : text;
  const column = spec.columns.find((one) => one.sort === name);

  return column ? {column, descending} : null;
}

function positive(text, otherwise) {
  const n = Number.parseInt(text, 10);
  return n > 0 ? n : otherwise;
}

function readState(query, spec) {
  const size = positive(query.get("size"), SIZE);

  return {
    query,
    sorted: sortOf(query, spec),
    page: positive(query.get("page"), 1),
    size: SIZES.includes(size) ? size : SIZE,
  };
}

function requestOf(state, spec) {
  const filter = {};

  for (const one of spec.filters ?? []) {
    const value = state.query.get(one.name);
    if (value)
      Object.assign(filter, one.condition(value));
  }
  return {
    filter,
    sort: state.sorted ? [{property: state.sorted.column.sort,
      isAscending: !state.sorted.descending}] : [],
    position: (state.page - 1) * state.size,
    limit: state.size,
  };
}

// --- filters ---

function control(filter) {
  switch (filter.kind) {
    case "select":
      return h("select", {}, h("option", {value: ""}, filter.any ?? "any"),
        filter.options.map(([value, words]) => h("option", {value}, words)));
    case "check":
      return h("input", {type: "checkbox"});
    case "day":
      return h("input", {type: "date"});
    case "time":
      return h("input", {type: "datetime-local", step: "1"});
    default:
      return h("input", {type: "search", spellcheck: "false",
        autocapitalize: "off", placeholder: filter.hint});
  }
}

function valueOf(filter, input) {
  if (filter.kind === "check")
    return input.checked ? "1" : "";
  if (filter.kind === "time")
    return fromField(input.value) ?? "";
  return input.value.trim();
}

// What an address says that is no day is the server's to refuse.
const asDay = (value) => /^\d{4}-\d\d-\d\d$/.test(value) ? value : "";

function showValue(filter, input, value, typed) {
  if (filter.kind === "check")
    input.checked = value === "1";
  else if (!typed || input !== document.activeElement)
    input.value = filter.kind === "time" ? toField(value)
      : filter.kind === "day" ? asDay(value) : value;
}

function filterForm(spec, onChange) {
  const inputs = new Map();
  let timer = null;
  const change = (filter, input) => {
    clearTimeout(timer);
    onChange(filter, valueOf(filter, input));
  };
  const make = (filter) => {
    const input = control(filter);

    inputs.set(filter, input);
    input.addEventListener("change", () => change(filter, input));
    if (filter.kind === "search")
      input.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(() => change(filter, input), TYPING_MS);
      });
    const made = field(filter.label, input);
    made.classList.add(`field-${filter.kind}`);
    return made;
  };
  const more = spec.filters.filter((filter) => filter.more);
  const rest = more.length ? h("details", {class: "more"},
    h("summary", {}, "More filters"), h("div", {class: "filters"},
      more.map(make))) : null;
  const form = h("form", {role: "search",
    on: {submit: (event) => event.preventDefault()}},
  h("div", {class: "filters"},
    spec.filters.filter((filter) => !filter.more).map(make),
    spec.tools && h("div", {class: "tools"}, spec.tools)), rest);

  return {
    form,
    // typed: here, and not by Back
    sync: (query, typed) => {
      if (more.some(({name}) => query.get(name)))
        rest.open = true;
      for (const [filter, input] of inputs)
        showValue(filter, input, query.get(filter.name) ?? "", typed);
    },
  };
}

// --- selection ---

function selectColumn(selection, objects, onChange) {
  return {
    title: "Select",
    class: "select",
    header: () => {
      const all = h("input", {
        type: "checkbox", "aria-label": "Select all on this page",
        disabled: objects.length === 0,
        checked: objects.length > 0 && selection.size === objects.length,
        indeterminate: selection.size > 0 && selection.size < objects.length,
      });
      all.addEventListener("change", () => {
        selection.clear();
        if (all.checked)
          objects.forEach((object) => selection.add(object.id));
        onChange();
      });
      return all;
    },
    cell: (object) => {
      const box = h("input", {
        type: "checkbox", "data-id": object.id,
        checked: selection.has(object.id),
        "aria-label": `Select ${object.domain ?? object.id}`,
      });
      box.addEventListener("change", () => {
        if (box.checked)
          selection.add(object.id);
        else
          selection.delete(object.id);
        onChange();
      });
      return box;
    },
  };
}

// --- pages ---

function pager(state, total, go) {
  const last = Math.max(1, Math.ceil(total / state.size));
  const to = (label, page, word) => button(label, () => go({page}), {
    disabled: page < 1 || page > last || page === state.page,
    "aria-label": word,
  });
  const at = h("input", {
    type: "number", min: "1", max: String(last), value: String(state.page),
    "aria-label": `Page, of ${last}`,
    on: {change: () => go({page: Math.min(last, positive(at.value, 1))})},
  });
  const size = h("select", {
    value: String(state.size),
    on: {change: () => go({size: size.value, page: ""})},
  }, SIZES.map((n) => h("option", {value: String(n)}, String(n))));
  size.id = freshId("size");

  return h("nav", {class: "pager", "aria-label": "Pages of the list"},
    to("«", 1, "First page"), to("‹", state.page - 1, "Previous page"),
    h("span", {class: "at"}, at, ` of ${count(last)}`),
    to("›", state.page + 1, "Next page"), to("»", last, "Last page"),
    h("label", {for: size.id}, "Rows"), size);
}

// --- the list ---

function skeleton(columns) {
  const bones = Array.from({length: 10}, () => h("tr", {},
    columns.map(() => h("td", {}, h("span", {class: "bone"})))));

  // what is loading is told by the summary
  return h("div", {"aria-hidden": "true"}, tableOf("", tableHead(columns),
    h("tbody", {class: "skeleton"}, bones)));
}

export function createList(ctx, spec) {
  const selection = new Set();
  const summary = h("p", {class: "summary", role: "status", tabindex: "-1",
    "aria-live": "polite"}, "Loading…");
  const actions = h("div", {class: "actions"});
  const place = h("div", {class: "place"});
  const pages = h("div", {});
  const many = (n) => plural(n, ...spec.what);
  let state = null;
  let typing = null; // the filter that made the last address
  let typed = false; // it is being made now
  let shown = null; // what the server said last
  let loading = null;

  const goto = (changes, options) => {
    const query = new URLSearchParams(state.query);

    for (const [name, value] of Object.entries(changes))
      if (value === "" || value === null)
        query.delete(name);
      else
        query.set(name, value);
    ctx.go(spec.path, query, options);
  };
  // what is typed is one step back, and not one for each letter
  const filters = spec.filters?.length ? filterForm(spec, (filter, value) => {
    const goesOn = filter.kind === "search" && typing === filter.name;

    typing = filter.name;
    typed = (state.query.get(filter.name) ?? "") !== value;
    goto({[filter.name]: value, page: ""}, {replace: goesOn});
  }) : null;
  const onSort = (column) => goto({
    sort: state.sorted?.column === column
      ? (state.sorted.descending ? "" : "-") + column.sort
      : (column.num ? "-" : "") + column.sort,
    page: "",
  });
  const columns = () => spec.actions?.length
    ? [selectColumn(selection, shown?.objects ?? [], show), ...spec.columns]
    : spec.columns;

  function showActions() {
    fill(actions, selection.size > 0 && [
      h("span", {}, `${count(selection.size)} selected`),
      spec.actions.map(({label, danger, act}) =>
        button(label, async () => {
          if (!await act([...selection]))
            return;
          selection.clear();
          await reload();
          // the buttons are gone, and the focus with them
          summary.focus();
        }, {class: danger ? "danger" : null})),
    ]);
  }

  // An object's id is no word of it, but people have it from a log.
  async function offerById(place) {
    const id = state.query.get("text");

    if (!/^[a-z][0-9a-z]{9,}$/.test(id ?? ""))
      return;
    const got = await ctx.jmap.get(spec.type, id, ["id"],
      {signal: ctx.signal}).catch(() => null);

    if (got)
      fill(place, h("a", {href: hash(join(spec.path, id))},
        `Open the ${spec.what[0]} with the id ${id}`));
  }

  function showEmpty() {
    const filtered = (spec.filters ?? []).some(({name}) =>
      state.query.get(name));

    const found = h("p", {});

    offerById(found);
    return h("div", {class: "empty"}, h("p", {}, filtered
      ? `No ${spec.what[1]} match these filters.` : spec.empty),
    found, filtered && button("Show all", () => goto(Object.fromEntries(
      spec.filters.map(({name}) => [name, ""])))));
  }

  function show() {
    const focus = document.activeElement;
    const id = place.contains(focus) ? focus.dataset.id : null;
    const label = place.contains(focus) ? focus.getAttribute("aria-label")
      ?? focus.textContent : null;

    place.setAttribute("aria-busy", "false");
    showActions();
    fill(place, shown.objects.length === 0 ? showEmpty()
      : tableOf(spec.what[1], tableHead(columns(), state.sorted, onSort),
        h("tbody", {role: "rowgroup"}, shown.objects.map((object) =>
          tableRow(columns(), object, {
            class: selection.has(object.id) ? "selected" : null})))));
    fill(pages, shown.total > SIZES[0] && pager(state, shown.total, goto));
    if (label !== null)
      [...place.querySelectorAll("input,button,a")].find((one) =>
        (id && one.dataset.id === id)
        || (!id && (one.getAttribute("aria-label") ?? one.textContent)
          .replace(/[▲▼]/g, "") === label.replace(/[▲▼]/g, "")))?.focus();
  }

  function showSummary() {
    const first = shown.position + 1;

    fill(summary, shown.objects.length === 0 ? `No ${spec.what[1]}`
      : shown.total <= state.size ? many(shown.total)
        : `${count(first)}–${count(first + shown.objects.length - 1)} of `
          + many(shown.total));
  }

  async function reload() {
    loading?.abort();
    const mine = loading = new AbortController();
    const signal = AbortSignal.any ? AbortSignal.any([mine.signal, ctx.signal])
      : mine.signal;

    if (shown === null)
      fill(place, skeleton(columns()));
    place.setAttribute("aria-busy", "true");
    try {
      const got = await ctx.jmap.list(spec.type, requestOf(state, spec),
        spec.properties, {signal});
      const last = Math.max(1, Math.ceil(got.total / state.size));
      if (state.page > last)
        return goto({page: last}, {replace: true});
      shown = got;
      for (const id of [...selection])
        if (!shown.objects.some((object) => object.id === id))
          selection.delete(id);
      showSummary();
      show();
    } catch (err) {
      showFailure(err);
    }
  }

  function showFailure(err) {
    if (err.name === "AbortError")
      return;
    shown = null;
    place.setAttribute("aria-busy", "false");
    fill(summary, "Not loaded");
    fill(place, h("div", {class: "empty bad"},
      h("p", {}, "The list could not be loaded: ", err.message),
      button("Try again", reload)));
    fill(pages);
    if (err.kind === "unauthorized")
      ctx.fail(err);
  }

  return {
    element: h("div", {class: "list"}, filters?.form,
      h("div", {class: "bar"}, summary, actions), place, pages),
    update: (route) => {
      state = readState(route.query, spec);
      if (!typed)
        typing = null;
      filters?.sync(state.query, typed);
      typed = false;
      return reload();
    },
    reload,
    /** When objects of these types have changed. */
    refresh: (types) => {
      if (types.has(spec.type) && place.getAttribute("aria-busy") !== "true")
        reload();
    },
  };
}
