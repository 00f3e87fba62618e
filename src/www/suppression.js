// Suppression: addresses that no report is sent to
import {confirm} from "./dialog.js";
import {button, fill, h} from "./dom.js";
import {clearErrors, group, showError, textField, timeField} from "./form.js";
import {plural, time} from "./format.js";
import {createList} from "./list.js";

export const title = "Suppression";

const TYPE = "tally:Suppression";
const MAY = "tallyManage";

async function remove(ctx, ids) {
  if (!await confirm(`Remove ${plural(ids.length, "address", "addresses")}?`,
    "Reports will be sent to them again.", {yes: "Remove", danger: true}))
    return false;
  try {
    const {done, refused} = await ctx.jmap.setMany(TYPE, ids, "destroy");

    ctx.say(`${plural(done.length, "address", "addresses")} removed.`
      + (refused.length ? ` Not: ${refused[0].error.description}` : ""),
    refused.length ? "warn" : "good");
  } catch (err) {
    ctx.fail(err);
  }
  return true;
}

function makeForm(ctx, added) {
  const widgets = () => group({
    address: textField("Address", "",
      {hint: "the mail address that gets no reports"}),
    until: timeField("Until", null, {hint: "if empty, no end"}),
    reason: textField("Reason", "", {hint: "shown in the list"}),
  }, {row: true});
  const said = h("p", {class: "error", role: "alert"});
  const submit = h("button", {type: "submit", class: "primary"}, "Suppress");
  const place = h("div", {});
  let form = null;

  const begin = () => {
    form = widgets();
    fill(place, form.element);
  };
  const tell = (error) => {
    const words = error.type === "alreadyExists"
      ? "the address is already on the suppression list" : error.description ?? error.type;
    const property = error.properties?.[0] ?? "address";

    if (!showError(form, property, words))
      fill(said, words);
  };
  const onSubmit = async (event) => {
    event.preventDefault();
    clearErrors(place);
    fill(said);
    submit.disabled = true;
    try {
      const given = form.read();
      const got = await ctx.jmap.one(`${TYPE}/set`, {create: {new: {
        ...given, address: given.address ?? "",
      }}});
      const error = got.notCreated?.new;

      if (error)
        return tell(error);
      ctx.say(`${got.created.new.address ?? given.address} is now `
        + "suppressed.");
      begin();
      await added();
    } catch (err) {
      ctx.fail(err);
    } finally {
      submit.disabled = false;
    }
  };

  begin();
  const element = h("details", {class: "card"}, h("summary", {}, "Suppress an address"),
    h("form", {on: {submit: onSubmit}}, place, said,
      h("div", {class: "buttons"}, submit)));
  return {element,
    unsaved: () => Object.values(form.read()).some((value) => value)};
}

export function create(ctx) {
  const may = ctx.may(MAY);
  const form = may ? makeForm(ctx, () => list.reload()) : null;
  const list = createList(ctx, {
    path: "suppression",
    type: TYPE,
    properties: ["id", "address", "since", "until", "by", "reason"],
    what: ["address", "addresses"],
    sort: "-since",
    columns: [
      {title: "Address", head: true, sort: "address",
        cell: ({address}) => address},
      {title: "Since", sort: "since", cell: ({since}) => time(since)},
      {title: "Until", sort: "until", cell: ({until}) => until ? time(until)
        : h("span", {class: "muted"}, "no end")},
      {title: "By", cell: ({by}) => by === "hand" ? "an operator"
        : "the receiver's answer"},
      {title: "Reason", class: "wide", cell: ({reason}) => reason
        ?? h("span", {class: "muted"}, "–")},
      ...may ? [{title: "", cell: ({id, address}) => button("Remove",
        async () => {
          if (await remove(ctx, [id]))
            await list.reload();
        }, {"aria-label": `Remove ${address}`})}] : [],
    ],
    filters: [
      {name: "text", label: "Search", kind: "search",
        hint: "address or reason", condition: (text) => ({text})},
    ],
    actions: may ? [{label: "Remove…", danger: true,
      act: (ids) => remove(ctx, ids)}] : [],
    empty: "No addresses are suppressed.",
  });

  return {
    element: h("div", {}, h("h1", {}, "Suppressed addresses"),
      form?.element, list.element),
    update: list.update,
    refresh: list.refresh,
    unsaved: () => form?.unsaved() ?? false,
  };
}
