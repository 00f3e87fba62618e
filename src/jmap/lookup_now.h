/*
 * lookup_now - what a domain publishes, for views that show it
 *
 * What was looked up for somebody lately will do, or what the policy cache has
 * fresh; else DNS is asked, which is not waited for: "state" is "underWay"
 * then, and whoever asks again learns more.
 */
#ifndef TLSTALLY_JMAP_LOOKUP_NOW_H
#define TLSTALLY_JMAP_LOOKUP_NOW_H

#include <jansson.h>

#include "jmap/jmap_view.h"

/* Adds the members of show/lookup_doc.h, "state", and "source" or "failure".
 * look->refresh: asks anew.  ERR_BUSY, in words: it cannot be asked now. */
int lookup_now(struct jmap_look *look, const char *domain, json_t *doc,
               struct err *err);

/* The same without asking anybody: 1; 0: nothing is known; negative. */
int lookup_known(const struct jmap *jmap, const char *domain, json_t *doc,
                 struct err *err);

#endif
