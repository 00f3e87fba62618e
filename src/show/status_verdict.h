/*
 * status_verdict - how it goes in all, in one sentence
 *
 * `tlstally status`, `tlstally doctor` and the page begin with it, and all have
 * it from here.  It is made of what the document of status says, and of the
 * doctor's findings when there are any, and looks at nothing itself:
 *
 *     "verdict":{"kind":"site","cause":"relay","tone":"bad",
 *       "what":"the mail relay has not taken 57 deliveries, ...",
 *       "since":"2026-03-01T10:00:00Z","command":"tlstally doctor",
 *       "reports":{"type":"x:TlsInternalReport",
 *                  "filter":{"status":"deferred"}},"more":1}
 *
 * kind is of words_overall.  A cause is a row of causes[]: the first that has
 * something to tell is the verdict, for trouble of this site comes before that
 * of receivers: who cannot send does not know whether they would accept.
 * `actions` are all things that a person must do, the verdict's own first;
 * `more` are those beside the verdict.  What mends itself (a receiver that is
 * down, an address that was suppressed) is no action.
 */
#ifndef TLSTALLY_SHOW_STATUS_VERDICT_H
#define TLSTALLY_SHOW_STATUS_VERDICT_H

#include <stdbool.h>

#include <jansson.h>

/* The members of status that it is made of, an array of names. */
json_t *status_verdict_wants(void);

/* Adds `verdict` and `actions` to doc.  status: NULL, nothing is known of the
 * store; checks: the doctor's, or NULL. */
void status_verdict(const json_t *status, const json_t *checks, json_t *doc);

#endif
