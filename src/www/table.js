// table - tables that become cards on a phone
//
// A column is {title, cell(row), num, head, sort, compare}: num for numbers,
// head for the one that names the row, sort a word for the address (of a list
// that the server sorts), compare(a, b) for a table that is all here.  The
// roles stand there in words because a table that is laid out as cards would
// lose them.
import {button, fill, h} from "./dom.js";

function classOf(column) {
  return column.num ? "num" : column.class ?? null;
}

/** sorted: {column, descending} or null; onSort(column). */
export function tableHead(columns, sorted, onSort) {
  return h("thead", {role: "rowgroup"}, h("tr", {role: "row"},
    columns.map((column) => {
      const is = sorted?.column === column;
      const order = sorted?.descending ? "descending" : "ascending";
      const can = onSort && (column.sort || column.compare);

      return h("th", {
        role: "columnheader", scope: "col", class: classOf(column),
        "aria-sort": is ? order : null,
      }, can ? button([column.title, h("span", {
        class: "arrow", "aria-hidden": "true",
      }, is ? (sorted.descending ? "▼" : "▲") : "")], () => onSort(column))
        : column.header ? column.header() : column.title);
    })));
}

export function tableRow(columns, row, props = {}) {
  return h("tr", {role: "row", ...props}, columns.map((column) =>
    h(column.head ? "th" : "td", {
      role: column.head ? "rowheader" : "cell",
      scope: column.head ? "row" : null,
      class: classOf(column),
      "data-label": column.title,
    }, column.cell(row))));
}

/** What one table is made of; caption is for those who cannot see it. */
export function tableOf(caption, head, body) {
  return h("div", {class: "scroll"}, h("table", {role: "table"},
    h("caption", {class: "unseen"}, caption), head, body));
}

/** A table whose rows are all here, sorted where the columns can be. */
export function sortableTable({caption, columns, rows, sort = null}) {
  let sorted = sort;
  const body = h("tbody", {role: "rowgroup"});
  const place = h("div", {});

  const show = () => {
    const order = [...rows];

    if (sorted)
      order.sort((a, b) => (sorted.descending ? -1 : 1)
        * sorted.column.compare(a, b));
    fill(body, order.map((row) => tableRow(columns, row)));
    fill(place, tableOf(caption, tableHead(columns, sorted, onSort), body));
  };
  const onSort = (column) => {
    sorted = {column,
      descending: sorted?.column === column ? !sorted.descending : column.num};
    show();
    for (const th of place.querySelectorAll("th[aria-sort]"))
      th.querySelector("button").focus();
  };

  show();
  return place;
}

/** For columns: by a number, or by a text. */
export const byNumber = (of) => (a, b) => of(a) - of(b);
export const byText = (of) => (a, b) =>
  String(of(a) ?? "").localeCompare(String(of(b) ?? ""), "en");
