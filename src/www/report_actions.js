// report_actions - what can be done with reports, one or many of them
//
// Each asks first where it cannot be taken back, does it, says what came of
// it, and resolves to whether anything may have changed.
import {ask, confirm} from "./dialog.js";
import {field, h} from "./dom.js";
import {fromField, plural, toField, utc} from "./format.js";

export const TYPE = "x:TlsInternalReport";
export const MAY_UPDATE = "sysTlsInternalReportUpdate";
export const MAY_DESTROY = "sysTlsInternalReportDestroy";
export const MAY_CREATE = "sysTlsInternalReportCreate";

const reports = (n) => plural(n, "report");

function tell(ctx, {done, refused}, deed) {
  if (refused.length === 0)
    return ctx.say(`${reports(done.length)} ${deed}.`);
  const words = refused[0].error.description ?? refused[0].error.type;
  ctx.say(`${reports(done.length)} ${deed}, ${reports(refused.length)} not: `
    + words, done.length ? "warn" : "bad");
}

async function change(ctx, ids, patch, deed) {
  try {
    tell(ctx, await ctx.jmap.setMany(TYPE, ids, patch), deed);
  } catch (err) {
    ctx.fail(err);
  }
  return true;
}

export async function destroy(ctx, ids) {
  return await confirm(`Delete ${reports(ids.length)}?`,
    "Reports that are not yet delivered will not be delivered. This cannot "
    + "be undone.", {yes: "Delete", danger: true})
    && change(ctx, ids, "destroy", "deleted");
}

/** Those that are held stay so: mode = preview is the site's decision. */
export async function deliverNow(ctx, ids) {
  return change(ctx, ids, {deliverAt: utc(new Date())},
    "due now; the next run delivers those that are not held");
}

export async function reschedule(ctx, ids, now) {
  const input = h("input", {type: "datetime-local", step: "1", required: true,
    value: toField(now ?? new Date())});
  const at = await ask(`Reschedule ${reports(ids.length)}`,
    field("Deliver at (UTC)", input, {hint: "Delivery to destinations that "
      + "have not yet accepted the report starts again at this time."}),
    {yes: "Reschedule", read: () => fromField(input.value)});

  return at !== null
    && change(ctx, ids, {deliverAt: at}, `rescheduled to ${at}`);
}

/** One of the archive, to the destinations that did not get it; then it is in
 *  the outbox. */
export async function sendAgain(ctx, id) {
  if (!await confirm("Send this report again?", "It goes back to the outbox, "
    + "and from there to the destinations that did not get it.",
    {yes: "Send again"}))
    return false;
  try {
    const {refused: [no]} = await ctx.jmap.setMany("tally:SentReport", [id],
      {deliverAt: utc(new Date())});

    if (no)
      ctx.say(no.error.description ?? no.error.type, "bad");
    return !no;
  } catch (err) {
    ctx.fail(err);
    return false;
  }
}

/** As list.js and a page's buttons want them: those that the token may. */
export function actionsFor(ctx) {
  return [
    {label: "Deliver now", needs: MAY_UPDATE,
      act: (ids) => deliverNow(ctx, ids)},
    {label: "Reschedule…", needs: MAY_UPDATE,
      act: (ids, now) => reschedule(ctx, ids, now)},
    {label: "Delete…", needs: MAY_DESTROY, danger: true,
      act: (ids) => destroy(ctx, ids)},
  ].filter(({needs}) => ctx.may(needs));
}
