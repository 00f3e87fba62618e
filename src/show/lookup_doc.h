/*
 * lookup_doc - what a domain says about mail and TLS, as a document
 *
 * For `tlstally lookup` and tally:Lookup: domain, checkedAt, tlsrpt, mtaSts,
 * mx, postfix, and problems, each a sentence.
 */
#ifndef TLSTALLY_SHOW_LOOKUP_DOC_H
#define TLSTALLY_SHOW_LOOKUP_DOC_H

#include <stdbool.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "domain/domain_view.h"
#include "domain/policy_answer.h"

void lookup_doc(const struct domain_view *view, struct arena *arena,
                json_t *doc);

/* Adds what tlstally-policyd answers, and why: "kind"; "answer", which is
 * missing where Postfix gets NOTFOUND, or "temporary", the reason where it gets
 * TEMP; "why", "failure".  `tlsrpt`: Postfix reads all of it, else what is for
 * one before 3.10. */
void lookup_doc_told(const struct policy_answer *answer, bool tlsrpt,
                     json_t *object);

/* A domain of which nothing could be found out is a failure (ERR_BUSY); one
 * that says little, or something odd, is none. */
int lookup_doc_verdict(const struct domain_view *view, struct err *err);

#endif
