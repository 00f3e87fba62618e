/*
 * need_policyd - what tlstally-policyd needs of Postfix: rows of setup/needs.c
 *
 * Once Postfix asks a policy service, no mail leaves without its answer, and
 * what it enforces needs certificates to verify with.  So the daemon runs, and
 * answers, before Postfix is told to ask it.
 */
#ifndef TLSTALLY_SETUP_NEED_POLICYD_H
#define TLSTALLY_SETUP_NEED_POLICYD_H

#include "setup/needs.h"

/* Was it asked for, or does Postfix ask it already? */
bool need_policyd_wanted(struct setup *setup);

/* Why DANE would not do anything: the resolver of Postfix, or ours, does not
 * validate.  NULL: both do.  Asks them. */
const char *need_policyd_no_dnssec(const struct conf *conf,
                                   const struct postfix_site *site,
                                   struct arena *arena);

/* --- rows: is it needed, which value, is it good as it is --- */

bool need_policyd_is(const struct need_of *of);

bool need_policyd_dnssec_is(const struct need_of *of);
const char *need_policyd_dnssec(struct need_of *of);

const char *need_policyd_ca(struct need_of *of);
bool need_policyd_ca_fits(const struct need_of *of);

bool need_policyd_mx_is(const struct need_of *of);

const char *need_policyd_map(struct need_of *of);
bool need_policyd_map_fits(const struct need_of *of);
/* The item of smtp_tls_policy_maps that ours takes the place of: ours in
 * another form, or another policy service.  NULL: none. */
const char *need_policyd_map_instead(const struct need_of *of);
/* Asks the daemon.  Why Postfix must not be told yet; NULL: it may. */
const char *need_policyd_map_wait(const struct need_of *of);

/* What the administrator should know beside; how many. */
enum { NEED_POLICYD_NOTES = 8 };
size_t need_policyd_notes(const struct need_of *of,
                          const char *notes[NEED_POLICYD_NOTES]);

#endif
