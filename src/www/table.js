// table - tables that become cards on a phone
//
// A column is {title, cell(row), num, head, sort, compare}: num for numbers,
// head for the one that names the row, sort a word for the address (of a list
// that the server sorts), compare(a, b) for a table that is all here.  The
// roles stand there in words because a table that is laid out as cards would
// lose them.
import {button, fill, h} from "./dom.js";
import {count} from "./format.js";

const FIRST = 500; // rows of a table that are shown at once

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
  // on a card the cell's parts are one beside its title
  const partsOf = (made) => Array.isArray(made) ? h("div", {}, made) : made;

  return h("tr", {role: "row", ...props}, columns.map((column) =>
    h(column.head ? "th" : "td", {
      role: column.head ? "rowheader" : "cell",
      scope: column.head ? "row" : null,
      class: classOf(column),
      "data-label": column.title,
    }, partsOf(column.cell(row)))));
}

/** What one table is made of; caption is for those who cannot see it. */
export function tableOf(caption, head, body) {
  return h("div", {class: "scroll"}, h("table", {role: "table"},
    h("caption", {class: "unseen"}, caption), head, body));
}

/** Of many things the first ones, how many there are, and a button for more.
 * show(shown) makes an element of a part of them; it is made anew. */
export function cutList(all, most, show) {
  const place = h("div", {});
  let n = most;

  const make = () => fill(place, show(all.slice(0, n)), all.length > n
    && h("p", {class: "small"}, `The first ${count(n)} of `
      + `${count(all.length)}. `, button(`Show ${count(Math.min(most,
      all.length - n))} more`, () => {
      n += most;
      make();
    })));

  make();
  return place;
}

/** A table whose rows are all here, sorted where the columns can be. */
export function sortableTable({caption, columns, rows, sort = null}) {
  let sorted = sort;
  const place = h("div", {});

  const show = () => {
    const order = [...rows];

    if (sorted)
      order.sort((a, b) => (sorted.descending ? -1 : 1)
        * sorted.column.compare(a, b));
    fill(place, cutList(order, FIRST, (part) => tableOf(caption,
      tableHead(columns, sorted, onSort), h("tbody", {role: "rowgroup"},
        part.map((row) => tableRow(columns, row))))));
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
