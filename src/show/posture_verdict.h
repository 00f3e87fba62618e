/*
 * posture_verdict - ready for enforce?
 *
 * Reads the document of a posture (show/posture.h), with what the domain
 * publishes as its member "published" (show/lookup_doc.h), and adds in words
 * what that means:
 *
 *     ready      a word of words_readiness, with its sentence
 *     reasons    what speaks against it, or what is wrong while it is enforced
 *     notes      what else is to be known
 *     cutOff     organizations whose mail does not come, or would not
 *     publish    what is to be published, as lines for a zone or a file
 *
 * A sender that knows an MTA-STS policy with mode enforce does not deliver to a
 * host that is not in the policy, or without TLS, or whose certificate is not
 * valid (RFC 8461 section 5).  Before that his reports tell what would happen.
 * A sender that does not do MTA-STS, or no TLS at all, delivers as before.
 */
#ifndef TLSTALLY_SHOW_POSTURE_VERDICT_H
#define TLSTALLY_SHOW_POSTURE_VERDICT_H

#include <stdint.h>

#include <jansson.h>

#include "conf/conf.h"
#include "words/words.h"

/* So many days with reports, without a fault, before it is "yes". */
enum { POSTURE_DAYS_WANTED = 7 };

/* The addresses are those to which reports may go ([received] addresses); of
 * what is proposed it is that of the domain itself, else the first, and where
 * there is none, tls-reports of the domain. */
void posture_judge(json_t *doc, const struct conf_list *addresses, int64_t now);

/* The last part of it. */
void posture_publish(json_t *doc, enum readiness ready,
                     const struct conf_list *addresses, int64_t now);

#endif
