/*
 * report_id - the id of a report, and the Subject that it stands in
 *
 *     20260301.example.com.e6f928fd@example.net
 *
 *     Subject: Report Domain: example.com Submitter: example.net Report-ID:
 *      <20260301.example.com.e6f928fd@example.net>
 *
 * RFC 8460 section 5.3 wants domain and submitter in the Subject, and there
 * the id has both of them again.  Some filters count a Subject of more than
 * 200 bytes as a sign of spam, so where it would become long the id has a hash
 * in the place of the domain and, if need be, of the submitter: with the line
 * ends in it at most 200 bytes for a domain of up to 90, and never more than
 * 120 beyond the domain itself.  A name of more than 60 bytes never stands in
 * the id.  Only a submitter of more than 44 bytes can make it longer, since it
 * has to stand there once whatever the id is.
 */
#ifndef TLSTALLY_REPORT_REPORT_ID_H
#define TLSTALLY_REPORT_REPORT_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/domain.h"
#include "base/strbuf.h"

/* Room for an id: that of a client may have two domains in it. */
enum { REPORT_ID_TEXT = 2 * DOMAIN_MAX + 24 };

/*
 * The id of a domain's day: the same for every destination and every retry,
 * and one that no other seed gives.  The rollup takes the store's id for it;
 * a report that is made by hand beside the day's own takes a random one.
 * Lives in the arena.
 *
 *     "YYYYMMDD.<domain>.<8 hex>@<submitter>"
 *     "YYYYMMDD.<8 hex>.<8 hex>@<submitter>"   a domain that is too long
 *     "<8 hex>@<8 hex>"                        a submitter that is, too
 */
const char *report_id_make(struct arena *arena, int32_t day, const char *domain,
                           const char *submitter, uint64_t seed);

/*
 * deliverAt - createdAt of the day's report number `position`, in the order of
 * the domains: from 0 to below spread_secs, the same for the same position.
 *
 * A run comes every five minutes, and what lies together in the store is then
 * written together.  So the period is cut into slots of five minutes, and
 * neighbours share one: groups of 2 until each slot had its turn, then of 8, of
 * 32 and so on, up to as many as a slot's share of 10,000.  Within its slot a
 * group is spread evenly over the minutes; neighbours of one minute are due in
 * the same second, or they would take turns with all other groups of the slot.
 * So a few reports have all of the period, and even when all of a long run of
 * neighbours goes to one receiver, no minute gets much more than its share.
 */
int64_t report_spread(int32_t day, uint64_t position, uint64_t seed,
                      int64_t spread_secs);

/* Is the text a msg-id of the form dot-atom@dot-atom (RFC 5322 section 3.6.4)
 * that fits a line? */
bool report_id_is_msg_id(const char *id);

/*
 * Appends the whole header.  An id that is no msg-id, which the Subject's
 * grammar does not take, or that makes it too long has a hash of it in its
 * place; the report's body has the id itself.
 */
void report_subject_write(const char *domain, const char *submitter,
                          const char *report_id, struct strbuf *out);

#endif
